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

Ends = tuple[float, float]
Squash = Callable[[Tensor], Any]


class _Squashed(TorchFunctionMode):
    """Give each call of a squashing function in a forward pass a number, and look at it."""

    def __init__(self) -> None:
        super().__init__()
        self.number = 0

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Sequence[type],
        args: Sequence[Any] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        named = dict(kwargs or {})
        ends = ends_of_call(func, args, named)
        given = args[0] if args else named.pop("input", None)
        if ends is None or not isinstance(given, Tensor):
            return func(*args, **(kwargs or {}))
        self.number += 1
        return self.call(
            self.number - 1, given, ends, lambda value: func(value, *args[1:], **named)
        )

    def call(self, number: int, given: Tensor, ends: Ends, squash: Squash) -> Any:
        """Make a call."""
        raise NotImplementedError


class _Sizes(_Squashed):
    """See how large what is put into each call is, and what it gives."""

    def __init__(self) -> None:
        super().__init__()
        self.squares: list[list[float]] = []
        self.units: list[Unit] = []

    def call(self, number: int, given: Tensor, ends: Ends, squash: Squash) -> Any:
        """Make the call as it is."""
        if number == len(self.units):
            self.units.append(Unit())
            self.squares.append([])
        square = float(given.detach().double().square().mean())  # before a change in place
        found = squash(given)
        self.units[number].see(found.detach(), ends)
        self.squares[number].append(square)
        return found


class _Softer(_Squashed):
    """Divide what is put into some calls, told by their number."""

    def __init__(self, sizes: Mapping[int, float]) -> None:
        super().__init__()
        self.sizes = sizes

    def call(self, number: int, given: Tensor, ends: Ends, squash: Squash) -> Any:
        """Make the call with a smaller input."""
        return squash(given / self.sizes[number] if number in self.sizes else given)


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
