"""Which units are dead or saturated: modules and calls of functions alike are seen."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.overrides import TorchFunctionMode

from inundate.learn.random_state import isolated_random
from inundate.prove.case import Batch
from inundate.prove.exam import Exam

__all__ = [
    "SATURATED",
    "Unit",
    "ends_of_call",
    "is_fed_by_weights",
    "watch_rounding",
    "watch_units",
]

#: Share of the values of a squashing layer at its ends, from which it is saturated.
SATURATED = 0.5

_RECTIFIERS = {functional.relu, functional.relu6, torch.relu, torch.relu_, Tensor.relu}
#: Rounder rectifiers: what is put in below this has a slope of 1e-5 or less, as good as none.
_BENDS = {
    functional.gelu: -5.5, functional.silu: -14.0, functional.mish: -14.0,
    functional.softplus: -12.0, functional.elu: -12.0,
    functional.celu: -12.0, functional.selu: -12.0, functional.hardswish: -3.0,
}  # fmt: skip
_SQUASHERS = {
    torch.sigmoid: (0.0, 1.0), Tensor.sigmoid: (0.0, 1.0), functional.sigmoid: (0.0, 1.0),
    torch.tanh: (-1.0, 1.0), Tensor.tanh: (-1.0, 1.0), functional.tanh: (-1.0, 1.0),
    functional.hardtanh: (-1.0, 1.0), functional.hardsigmoid: (0.0, 1.0),
    functional.softsign: (-1.0, 1.0),
}  # fmt: skip
_ROUNDS = {
    torch.round, torch.round_, Tensor.round, Tensor.round_, torch.floor, Tensor.floor,
    torch.ceil, Tensor.ceil, torch.trunc, Tensor.trunc, torch.fix, torch.sign, Tensor.sign,
    torch.sgn, Tensor.sgn, torch.heaviside, Tensor.heaviside,
}  # fmt: skip
_END = 0.01  # share of the range within which an activation is at its end


@dataclass
class Unit:
    """What was seen of one activation.

    Attributes
    ----------
    active : Tensor (C,), bool
        Which units passed anything on.
    at_end : list of float
        Share of values at an end of the range, for sigmoid and tanh.
    """

    active: Tensor | None = None
    at_end: list[float] = field(default_factory=list)

    @property
    def dead(self) -> float:
        """Share of units that never passed anything on."""
        return 0.0 if self.active is None else 1.0 - float(self.active.float().mean())

    @property
    def saturated(self) -> float:
        """Share of values at an end of the range."""
        return sum(self.at_end) / len(self.at_end) if self.at_end else 0.0

    def see(self, output: Tensor, ends: tuple[float, float] | None) -> None:
        """Take in one output."""
        if ends is not None:  # of a range; what rectifies has one end
            margin = _END * (ends[1] - ends[0])
            at_end = (output < ends[0] + margin) | (output > ends[1] - margin)
            self.at_end.append(float(at_end.float().mean()))
            return
        units = output.detach().movedim(1 if output.ndim >= 3 else -1, 0)
        now = (units.reshape(len(units), -1) > 0).any(1)
        same = self.active is not None and self.active.shape == now.shape
        self.active = now | self.active if same and self.active is not None else now


class _Calls(TorchFunctionMode):
    """See every call of an activation function, with the module that it is in."""

    def __init__(self, stack: Sequence[str]) -> None:
        super().__init__()
        self.stack = stack
        self.seen: dict[str, Unit] = {}
        self.taught: set[str] = set()  # what is put into these has a gradient
        self._count: dict[str, int] = {}

    def restart(self) -> None:
        """Count calls from the first again: a forward pass begins."""
        self._count = {}

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Sequence[type],
        args: Sequence[Any] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        bent = _above_bend(func, args, kwargs or {})  # before a change in place
        taught = any(isinstance(a, Tensor) and a.requires_grad for a in args[:1])
        found = func(*args, **(kwargs or {}))
        known = func in _RECTIFIERS or func in _SQUASHERS or bent is not None
        if known and isinstance(found, Tensor):
            place = self.stack[-1] if self.stack else "the model"
            self._count[place] = self._count.get(place, 0) + 1
            name = f"{getattr(func, '__name__', 'activation')} in {place}"
            if self._count[place] > 1:
                name += f" ({self._count[place]})"
            if taught:
                self.taught.add(name)
            unit = self.seen.setdefault(name, Unit())
            unit.see(found if bent is None else bent, ends_of_call(func, args, kwargs or {}))
        return found


def _above_bend(
    func: Callable[..., Any], args: Sequence[Any], kwargs: Mapping[str, Any]
) -> Tensor | None:
    """Give by how much the input of a round rectifier is above where its slope is gone."""
    given = args[0] if args else kwargs.get("input")
    if func not in _BENDS or not isinstance(given, Tensor):
        return None
    return given.detach() - _BENDS[func]


def ends_of_call(
    func: Callable[..., Any], args: Sequence[Any], kwargs: Mapping[str, Any]
) -> tuple[float, float] | None:
    """Give the ends of the range of an activation, if it has two."""
    if func is functional.hardtanh:
        own = dict(zip(("min_val", "max_val"), args[1:3], strict=False)) | dict(kwargs)
        return float(own.get("min_val", -1.0)), float(own.get("max_val", 1.0))
    return _SQUASHERS.get(func)


def watch_units(exam: Exam, model: nn.Module, batches: Sequence[Batch]) -> dict[str, Unit]:
    """Run a model over batches and see what its activations do.

    Returns
    -------
    dict of str to Unit
        In the order in which they are called, such as ``relu in encoder.2``.
    """
    with _stacked(model) as stack:
        calls = _Calls(stack)
        with calls:
            for batch in batches:
                calls.restart()
                exam.run(model, batch)
    return calls.seen


def is_fed_by_weights(exam: Exam, model: nn.Module, name: str) -> bool:
    """Whether weights have a part in what an activation is given, and not inputs alone.

    What is above a given ground is 0 everywhere where there is no water, and no unit is dead.
    """
    own = copy.deepcopy(model)
    for weight in own.parameters():
        weight.requires_grad_(weight.is_floating_point())
    with _stacked(own) as stack, isolated_random(exam.seed, "doctor", "fed"), torch.enable_grad():
        calls = _Calls(stack)
        with calls:
            exam.case.call(own, exam.typical["inputs"])
    return name in calls.taught


class _Rounding(TorchFunctionMode):
    """See calls of functions whose slope is 0, on what has a gradient."""

    def __init__(self, stack: Sequence[str]) -> None:
        super().__init__()
        self.stack = stack
        self.seen: list[str] = []

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Sequence[type],
        args: Sequence[Any] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        taught = any(isinstance(a, Tensor) and a.requires_grad for a in args)
        if func in _ROUNDS and taught:
            place = self.stack[-1] if self.stack else "the model"
            self.seen.append(f"{getattr(func, '__name__', 'rounding')} in {place}")
        return func(*args, **(kwargs or {}))


def watch_rounding(exam: Exam, model: nn.Module, batch: Batch) -> list[str]:
    """Name what rounds values that have a gradient, in the order in which it is called."""
    with _stacked(model) as stack, isolated_random(exam.seed, "doctor", "rounding"):
        calls = _Rounding(stack)
        with calls:
            exam.case.call(model, batch["inputs"])
    return calls.seen


@contextmanager
def _stacked(model: nn.Module) -> Iterator[list[str]]:
    """Know in which module a call is."""
    stack: list[str] = []

    def enter(name: str) -> Callable[..., None]:
        return lambda *_: stack.append(name)

    def leave(*_: Any) -> None:
        stack.pop()

    handles = []
    for name, module in model.named_modules():
        handles.append(module.register_forward_pre_hook(enter(name or "the model")))
        handles.append(module.register_forward_hook(leave, always_call=True))
    try:
        yield stack
    finally:
        for handle in handles:
            handle.remove()
