"""Show, without the doctor, in what a broken training differs from the healthy one."""

from __future__ import annotations

import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from inundate.cli.doctor_bench.fault import Fault
from inundate.cli.doctor_bench.parts import Parts, Samples, TensorLoader

__all__ = ["ASPECTS", "differences"]

_STEPS = 4
_EPOCHS = 2

#: What is compared: the samples, what two epochs of the loader give, output, loss and gradient of
#: one batch, the weights after a few steps, the score of the right answer, and the settings.
ASPECTS = (
    "training data", "validation data", "batches", "output", "loss", "gradient", "steps", "score",
    "settings",
)  # fmt: skip


def differences(fault: Fault, work: Path) -> tuple[str, ...]:
    """Name what a fault changes.

    Each training is made, and asked, from the same seeds; nothing differs where nothing was
    broken.

    Parameters
    ----------
    fault : Fault
    work : Path
        Folder that keeps the data set of the emulators.

    Returns
    -------
    tuple of str
        Of :data:`ASPECTS`.
    """

    def healthy() -> Parts:
        return fault.body(fault.seed, work)

    def broken() -> Parts:
        return fault.make(work)

    return tuple(name for name in ASPECTS if not _same(_told(healthy, name), _told(broken, name)))


def _told(make: Callable[[], Parts], aspect: str) -> Any:
    """Give one aspect, or the error in its place: not to run is a difference too."""
    try:
        parts = make()
        torch.manual_seed(77)
        return _ASKED[aspect](parts)
    except (ArithmeticError, LookupError, RuntimeError, TypeError, ValueError) as error:
        return f"{type(error).__name__}: {error}"


def _held(samples: Samples) -> list[Tensor]:
    return [*samples.inputs.values(), samples.target, *samples.rest.values()]


def _flat(batch: dict[str, Any]) -> list[Tensor]:
    return [*batch["inputs"].values(), *(v for k, v in batch.items() if k != "inputs")]


def _batches(parts: Parts) -> list[Tensor]:
    loader = parts.case("shown").train
    return [tensor for _ in range(_EPOCHS) for batch in loader for tensor in _flat(batch)]


def _one(parts: Parts) -> Any:
    return next(iter(TensorLoader(parts.train, min(parts.size, len(parts.train)))))


def _output(parts: Parts) -> list[Tensor]:
    """Ask in training first, so that what a model remembers of it counts in evaluation."""
    model, batch = parts.model, _one(parts)
    case = parts.case("shown")
    found = []
    for mode in (True, False):
        model.train(mode)
        with torch.no_grad():
            found.append(case.call(model, batch["inputs"]))
    return found


def _loss(parts: Parts) -> list[Tensor]:
    case = parts.case("shown")
    return [case.loss(parts.model, _one(parts)).detach()]


def _gradient(parts: Parts) -> list[Tensor]:
    case = parts.case("shown")
    torch.autograd.backward(case.loss(parts.model, _one(parts)))
    every = parts.model.parameters()
    return [torch.zeros(0) if w.grad is None else w.grad for w in every]


def _steps(parts: Parts) -> list[Tensor]:
    """Make steps on the same few batches as all others."""
    case, model = parts.case("shown"), parts.model
    optimiser = parts.optimiser(model)
    given = iter(TensorLoader(parts.train, min(parts.size, len(parts.train))))
    batches = [batch for _, batch in zip(range(_STEPS), given, strict=False)]
    for number in range(_STEPS):
        raw: Any = batches[number % len(batches)]
        if case.step is not None:
            case.step(model, optimiser, raw)
            continue
        optimiser.zero_grad()
        torch.autograd.backward(case.loss(model, raw))
        optimiser.step()
    return [weight.detach().clone() for weight in model.parameters()]


def _score(parts: Parts) -> list[Tensor]:
    """Score the right answer itself."""
    if parts.metric is None:
        return []
    target = parts.train.target[: parts.size]
    return [torch.as_tensor(parts.metric(copy.deepcopy(target), target))]


_ASKED: dict[str, Callable[[Parts], Any]] = {
    "training data": lambda parts: _held(parts.train),
    "validation data": lambda parts: _held(parts.valid),
    "batches": _batches,
    "output": _output,
    "loss": _loss,
    "gradient": _gradient,
    "steps": _steps,
    "score": _score,
    "settings": lambda parts: parts.unread,
}


def _same(one: Any, other: Any) -> bool:
    if not isinstance(one, list) or not isinstance(other, list):
        return bool(isinstance(one, type(other)) and one == other)
    return len(one) == len(other) and all(
        a.shape == b.shape and a.dtype == b.dtype and torch.equal(_plain(a), _plain(b))
        for a, b in zip(one, other, strict=True)
    )


def _plain(values: Tensor) -> Tensor:
    """Let NaN equal NaN."""
    return values.nan_to_num(nan=123.0) if values.is_floating_point() else values
