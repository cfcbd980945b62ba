"""Squashing layers that are given less, so that they start in the middle of their range."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from typing import Any

from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from inundate.prove.exam import Exam
from inundate.prove.probe.activations import SATURATED, Unit, ends_of_call

__all__ = ["SOFTER", "softened"]

SOFTER = "with what is put into saturated layers brought to a size of 1"
_BATCHES = 8  # that sizes are taken from


class _Sizes(TorchFunctionMode):
    """See how large what is put into each call of a squashing function is, and what it gives."""

    def __init__(self) -> None:
        super().__init__()
        self.squares: list[list[float]] = []
        self.units: list[Unit] = []
        self.number = 0

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Sequence[type],
        args: Sequence[Any] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        ends = ends_of_call(func, args, kwargs or {})
        given = args[0] if args else (kwargs or {}).get("input")
        square = None
        if ends is not None and isinstance(given, Tensor):  # before a change in place
            square = float(given.detach().double().square().mean())
        found = func(*args, **(kwargs or {}))
        if square is not None and isinstance(found, Tensor):
            if self.number == len(self.units):
                self.units.append(Unit())
                self.squares.append([])
            self.units[self.number].see(found.detach(), ends)
            self.squares[self.number].append(square)
            self.number += 1
        return found


class _Softer(TorchFunctionMode):
    """Divide what is put into some calls of squashing functions, told by their number."""

    def __init__(self, sizes: Mapping[int, float]) -> None:
        super().__init__()
        self.sizes = sizes
        self.number = 0

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Sequence[type],
        args: Sequence[Any] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        if args and ends_of_call(func, args, kwargs or {}) and isinstance(args[0], Tensor):
            size = self.sizes.get(self.number)
            self.number += 1
            if size is not None:
                args = (args[0] / size, *args[1:])
        return func(*args, **(kwargs or {}))


def softened(exam: Exam) -> Callable[[nn.Module], None] | None:
    """Make what changes a model so that saturated layers start soft; None if none is saturated."""
    sizes = _Sizes()
    model = exam.case.pair()[0].train()
    with sizes:
        for batch in exam.learnt[:_BATCHES]:
            sizes.number = 0
            exam.run(model, batch)
    large = {
        number: (sum(squares) / len(squares)) ** 0.5
        for number, (unit, squares) in enumerate(zip(sizes.units, sizes.squares, strict=True))
        if unit.saturated >= SATURATED
    }
    large = {number: size for number, size in large.items() if size > 1.0}
    if not large:
        return None

    def prepare(pupil: nn.Module) -> None:
        entered: list[ExitStack] = []

        def enter(*_: Any) -> None:
            stack = ExitStack()
            stack.enter_context(_Softer(large))
            entered.append(stack)

        def leave(*_: Any) -> None:
            entered.pop().close()

        pupil.register_forward_pre_hook(enter)
        pupil.register_forward_hook(leave, always_call=True)

    return prepare
