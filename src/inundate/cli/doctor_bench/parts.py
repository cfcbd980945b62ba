"""What a case is made of, open to be broken: tensors, model, loss, optimiser, step."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from inundate.core.seeds import make_rng
from inundate.prove.case import Call, Case, Loss, call_model, make_case

__all__ = ["Parts", "Samples", "TensorLoader", "add", "pick"]


@dataclass
class Samples:
    """Inputs by name and the target, N of each."""

    inputs: dict[str, Tensor]
    target: Tensor
    rest: dict[str, Tensor] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.target)

    def at(self, chosen: Tensor) -> dict[str, Any]:
        """Give a batch."""
        inputs = {name: value[chosen] for name, value in self.inputs.items()}
        rest = {name: value[chosen] for name, value in self.rest.items()}
        return {"inputs": inputs, "target": self.target[chosen], **rest}


@dataclass
class TensorLoader:
    """Batches of samples, in a new order each epoch.

    ``choose(order, rng)`` may replace the order of an epoch, to break it.
    """

    samples: Samples
    size: int
    seed: int = 0
    shuffle: bool = True
    choose: Callable[[np.ndarray[Any, Any], np.random.Generator], np.ndarray[Any, Any]] | None = (
        None
    )
    change: Callable[[dict[str, Any], np.random.Generator], dict[str, Any]] | None = None
    epoch: int = 0

    def __len__(self) -> int:
        return len(self.samples) // self.size

    def __iter__(self) -> Iterator[dict[str, Any]]:
        rng = make_rng(self.seed, "loader", self.epoch)
        self.epoch += 1
        order = rng.permutation(len(self.samples)) if self.shuffle else np.arange(len(self.samples))
        if self.choose is not None:
            order = self.choose(order, rng)
        for start in range(0, len(order) - self.size + 1, self.size):
            batch = self.samples.at(torch.from_numpy(order[start : start + self.size].copy()))
            yield self.change(batch, rng) if self.change else batch


@dataclass
class Parts:
    """A healthy training, to be broken in one place.

    Parameters
    ----------
    kind : str
        ``table``, ``image``, ``text`` or ``emulator``.
    model : Module
    train, valid : Samples
    criterion : callable, optional
        ``criterion(output, target)``; None takes the usual one.
    optimiser : callable or Optimizer
        ``optimiser(model)`` makes it.
    loss : callable, optional
        ``loss(model, batch)``, where a criterion is not enough.
    """

    kind: str
    model: nn.Module
    train: Samples
    valid: Samples
    optimiser: Any
    criterion: Callable[[Tensor, Tensor], Tensor] | None = None
    loss: Loss | None = None
    call: Call = call_model
    step: Any = None
    metric: Any = None
    size: int = 32
    unread: tuple[str, ...] = ()
    spare: tuple[str, ...] = ()
    may_rest: tuple[str, ...] = ()
    known: Callable[[dict[str, Any]], Tensor] | None = None
    loader: dict[str, Any] = field(default_factory=dict)
    train_loader: Any = None

    def case(self, name: str) -> Case:
        """Give it to the doctor."""
        train = self.train_loader  # an empty one is false, and still the one that is meant
        if train is None:
            train = TensorLoader(self.train, self.size, **self.loader)
        valid = TensorLoader(self.valid, self.size, shuffle=False)
        made = make_case(
            self.model, train, name=name, valid=valid, loss=self.criterion,
            optimiser=self.optimiser, call=self.call, step=self.step, metric=self.metric,
            unread=self.unread,
        )  # fmt: skip
        if self.loss is None and self.known is None:
            return made
        values: dict[str, Any] = {**vars(made), "loss": self.loss or made.loss}
        return Case(**{**values, "known": self.known, "spare": self.spare,
                       "may_rest": self.may_rest})  # fmt: skip


def pick(parts: Parts, **changes: Any) -> Parts:
    """Give a copy with changes."""
    made = copy.copy(parts)
    for name, value in changes.items():
        setattr(made, name, value)
    return made


def add(samples: Samples, inputs: Mapping[str, Tensor], target: Tensor | None = None) -> Samples:
    """Give samples with inputs replaced or added."""
    held = samples.target if target is None else target
    return Samples({**samples.inputs, **inputs}, held, samples.rest)
