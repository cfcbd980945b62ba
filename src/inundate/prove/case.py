"""A model with what it is trained by, as the doctor sees it: :class:`Case`."""

from __future__ import annotations

import copy
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from inundate.core.errors import DataError
from inundate.learn.batches import to_device
from inundate.prove.kept import let_go
from inundate.prove.several import LossOfWhole

__all__ = ["Batch", "Call", "Case", "Fixed", "adam", "as_batch", "call_model", "make_case"]

#: ``inputs`` (table of tensors (B, …)), ``target`` (Tensor), ``raw`` (as the loader gave it).
Batch = dict[str, Any]
Call = Callable[[nn.Module, Mapping[str, Tensor]], Tensor]
Loss = Callable[[nn.Module, Batch], Tensor]
#: ``step(model, optimiser, raw)`` makes one training step as the user does, and gives the loss.
Step = Callable[[nn.Module, torch.optim.Optimizer, Any], Any]

_TARGETS = ("target", "targets", "labels", "label", "y")
_SINGLE = "input"


@dataclass(frozen=True)
class Case:
    """A model, its data, loss and optimiser. Nothing of it is changed: copies are trained.

    Parameters
    ----------
    name : str
    model : Module
    train : iterable of batches
        Can be gone through again, as a DataLoader can.
    call : callable
        ``call(model, inputs)`` gives the output tensor.
    loss : callable
        ``loss(model, batch)`` gives a scalar tensor.
    optimiser : Optimizer or callable
        Made on this model, or ``optimiser(model)`` makes it.
    valid : iterable of batches, optional
        Samples that are not trained on.
    step : callable, optional
        The user's own training step.
    metric : callable, optional
        ``metric(output, target)``; a perfect prediction should get its best value.
    known : callable, optional
        ``known(batch)`` says where the target counts, in a shape that broadcasts with it.
    spare : collection of str
        Inputs that the model may leave unused.
    may_rest : collection of str
        Blocks of the model that the loss may leave without a gradient, by name; ``(model)`` stands
        for the weights that are in none.
    unread : sequence of str
        Keys of the configuration that nothing has read.
    trained : bool
        The weights are those of a finished training and are judged as they are.
    told : sequence of str
        What is known from elsewhere, such as the alarms of a run.
    """

    name: str
    model: nn.Module
    train: Iterable[Any]
    call: Call
    loss: Loss
    optimiser: torch.optim.Optimizer | Callable[[nn.Module], torch.optim.Optimizer]
    valid: Iterable[Any] | None = None
    step: Step | None = None
    metric: Callable[[Tensor, Tensor], Any] | None = None
    known: Callable[[Batch], Tensor] | None = None
    spare: Collection[str] = ()
    may_rest: Collection[str] = ()
    unread: Sequence[str] = ()
    trained: bool = False
    told: Sequence[str] = ()

    def pair(self) -> tuple[nn.Module, torch.optim.Optimizer]:
        """Give a copy of the model with an optimiser that holds the copy's weights."""
        let_go(self.model)
        if isinstance(self.optimiser, torch.optim.Optimizer):
            # one deepcopy, so that weights which both hold stay shared
            model, optimiser = copy.deepcopy((self.model, self.optimiser))
            return model, optimiser
        model = copy.deepcopy(self.model)
        return model, self.optimiser(model)

    def batches(self, part: Iterable[Any], limit: int) -> Iterator[Batch]:
        """Go through a loader once, up to ``limit`` batches, in the doctor's form."""
        device = next((p.device for p in self.model.parameters()), torch.device("cpu"))
        for number, raw in enumerate(part):
            if number == limit:
                return
            batch = as_batch(raw)
            yield {**to_device({k: batch[k] for k in batch if k != "raw"}, device), "raw": raw}


class Fixed(nn.Module):
    """Gives the same output whatever it is asked: to see what a loss says of it."""

    def __init__(self, output: Tensor) -> None:
        super().__init__()
        self.output = output

    def forward(self, *_inputs: Any, **_named: Any) -> Tensor:
        """Give the output."""
        return self.output


def adam(model: nn.Module) -> torch.optim.Optimizer:
    """Make Adam at its usual rate, where the user names no optimiser."""
    return torch.optim.Adam([p for p in model.parameters() if p.requires_grad], lr=1e-3)


def as_batch(raw: Any) -> Batch:
    """Bring a batch into the doctor's form.

    Parameters
    ----------
    raw : tuple or mapping
        ``(inputs, target)``, or names with a ``target``, ``labels``, ``label`` or ``y`` among
        them, where inputs are a tensor, several, or a table of them.

    Raises
    ------
    DataError
        If no inputs or no target can be found.

    Examples
    --------
    >>> sorted(as_batch((torch.zeros(2, 3), torch.zeros(2)))["inputs"])
    ['input']
    """
    if isinstance(raw, Mapping):
        return _from_mapping(raw)
    if isinstance(raw, (tuple, list)) and len(raw) >= 2 and isinstance(raw[-1], Tensor):
        inputs = raw[0] if len(raw) == 2 else tuple(raw[:-1])
        return {"inputs": _table(inputs), "target": raw[-1], "raw": raw}
    raise DataError(
        f"looking at a batch: found {_kind(raw)}; expected (inputs, target) or a mapping with "
        f"one of {', '.join(_TARGETS)}",
        hint="let the loader give tensors in pairs",
    )


def _from_mapping(raw: Mapping[str, Any]) -> Batch:
    key = next((name for name in _TARGETS if isinstance(raw.get(name), Tensor)), None)
    if key is None:
        raise DataError(
            f"looking at a batch: found the keys {sorted(map(str, raw))}; expected one of "
            f"{', '.join(_TARGETS)} among them",
            hint="name the target so",
        )
    if "inputs" in raw:
        rest = {name: raw[name] for name in raw if name not in ("inputs", key)}
        return {**rest, "inputs": _table(raw["inputs"]), "target": raw[key], "raw": raw}
    inputs = {n: v for n, v in raw.items() if n != key and isinstance(v, Tensor)}
    return {"inputs": _table(inputs), "target": raw[key], "raw": raw}


def _table(inputs: Any) -> dict[str, Tensor]:
    if isinstance(inputs, Tensor):
        return {_SINGLE: inputs}
    if isinstance(inputs, (tuple, list)):
        inputs = {f"{_SINGLE}{place}": value for place, value in enumerate(inputs)}
    found = {n: v for n, v in inputs.items() if isinstance(v, Tensor)}
    if not found:
        raise DataError(
            f"looking at a batch: its inputs are {_kind(inputs)}; expected tensors",
            hint="turn arrays and lists into tensors in the loader",
        )
    return found


def _kind(value: Any) -> str:
    if isinstance(value, (tuple, list)):
        return (
            f"{type(value).__name__} of {', '.join(type(v).__name__ for v in value) or 'nothing'}"
        )
    return type(value).__name__


def call_model(model: nn.Module, inputs: Mapping[str, Tensor]) -> Tensor:
    """Call a model as its inputs are named, and give its output tensor.

    One tensor or several without a name are given by place, named ones by name. Of a result
    with several parts ``logits``, then the first is taken.
    """
    return _tensor(_by_names(model, inputs))


def _by_names(model: nn.Module, inputs: Mapping[str, Tensor]) -> Any:
    names = list(inputs)
    placed = all(name.removeprefix(_SINGLE).isdigit() or name == _SINGLE for name in names)
    return model(*inputs.values()) if placed else model(**inputs)


def call_with_table(model: nn.Module, inputs: Mapping[str, Tensor]) -> Tensor:
    """Call a model that takes the table of inputs itself."""
    return _tensor(_by_table(model, inputs))


def _by_table(model: nn.Module, inputs: Mapping[str, Tensor]) -> Any:
    return model(dict(inputs))


def _tensor(found: Any) -> Tensor:
    if isinstance(found, Mapping):
        found = found.get("logits", next(iter(found.values())))
    elif hasattr(found, "logits"):
        found = found.logits
    elif isinstance(found, (tuple, list)):
        found = found[0]
    if not isinstance(found, Tensor):
        raise DataError(
            f"running the model: it gave {_kind(found)}; expected a tensor, or a result with logits"
        )
    return found


def usual_loss(output: Tensor, target: Tensor) -> Tensor:
    """Give cross-entropy for classes, mean square error for values."""
    if target.is_floating_point():
        return functional.mse_loss(output, target)
    if output.ndim == target.ndim + 1 and output.shape[:-1] == target.shape:
        return functional.cross_entropy(output.reshape(-1, output.shape[-1]), target.reshape(-1))
    return functional.cross_entropy(output, target)


#: How all that a model gives is had, where it is called in one of these ways.
_WHOLE = {call_model: _by_names, call_with_table: _by_table}


def _loss_of(
    model: nn.Module, criterion: Callable[[Any, Tensor], Tensor] | None, call: Call
) -> Loss:
    """Make a loss of model and batch of the user's one, of output and target."""
    if criterion is None or call not in _WHOLE:
        plain = criterion or usual_loss

        def loss_of(pupil: nn.Module, batch: Batch) -> Tensor:
            return plain(call(pupil, batch["inputs"]), batch["target"])

        return loss_of
    whole = LossOfWhole(model, criterion, _WHOLE[call], _tensor)

    def loss_of_whole(pupil: nn.Module, batch: Batch) -> Tensor:
        if isinstance(pupil, Fixed):
            return whole.of_answer(pupil.output, batch["inputs"], batch["target"])
        return whole.of(pupil, batch["inputs"], batch["target"])

    return loss_of_whole


def make_case(
    model: nn.Module,
    train: Iterable[Any],
    *,
    name: str = "model",
    valid: Iterable[Any] | None = None,
    loss: Callable[[Tensor, Tensor], Tensor] | None = None,
    optimiser: torch.optim.Optimizer | Callable[[nn.Module], torch.optim.Optimizer] | None = None,
    call: Call = call_model,
    step: Step | None = None,
    metric: Callable[[Tensor, Tensor], Any] | None = None,
    unread: Sequence[str] = (),
    trained: bool = False,
) -> Case:
    """Describe any torch model.

    Parameters
    ----------
    model : Module
    train, valid : iterable of batches
        ``(inputs, target)`` or mappings; can be gone through again.
    loss : callable, optional
        ``loss(output, target)``; by default cross-entropy for whole numbers, mean square error
        for others. The output of a model that gives several tensors is all of them, or the first
        if the loss refuses them.
    optimiser : Optimizer or callable, optional
        By default Adam at its usual rate.
    call, step, metric, unread, trained, name
        As in :class:`Case`.
    """
    return Case(
        name, model, train, call, _loss_of(model, loss, call), optimiser or adam, valid=valid,
        step=step, metric=metric, unread=tuple(unread), trained=trained,
    )  # fmt: skip
