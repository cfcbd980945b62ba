"""A part of the output that meets the target of all samples, within a loss that does more."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional
from torch.overrides import TorchFunctionMode

from inundate.prove.case import Batch, Fixed
from inundate.prove.cause import Cause
from inundate.prove.exam import Exam
from inundate.prove.finding import Finding

__all__ = ["probe_crossed"]

#: These give one number for what they compare, so that its shape says nothing.
_SUMS = {
    functional.mse_loss, functional.l1_loss, functional.smooth_l1_loss, functional.huber_loss,
}  # fmt: skip

Met = tuple[tuple[int, ...], tuple[int, ...], bool, bool]


class _Watch(TorchFunctionMode):
    """Note where two tensors meet, their shapes, and whether a gradient is asked of each."""

    def __init__(self, count: int) -> None:
        super().__init__()
        self.count = count
        self.met: list[Met] = []

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Sequence[type],
        args: Sequence[Any] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        found = func(*args, **dict(kwargs or {}))
        pair = args[:2]
        if len(pair) == 2 and all(isinstance(part, Tensor) for part in pair):
            one, other = pair
            shapes = tuple(one.shape), tuple(other.shape)
            if _crossed(*shapes, self.count) and (func in _SUMS or _laid(found, *shapes)):
                self.met.append((*shapes, one.requires_grad, other.requires_grad))
        return found


def probe_crossed(exam: Exam) -> list[Finding]:
    """Follow output and target through the loss, up to where each sample meets all targets.

    As in the one of two parts of a loss where ``output[:, 0]`` is compared with ``target[:, :1]``.
    """
    batch = exam.typical
    target = batch["target"]
    if not target.is_floating_point() or len(target) < 2:
        return []
    by_output, by_target = (_met(exam, batch, of_target=which) for which in (False, True))
    if len(by_output) != len(by_target):
        return []
    for out, told in zip(by_output, by_target, strict=True):
        # one of the two follows from the output alone, the other one from the target alone
        apart = out[2] != out[3] and told[2] != told[3] and out[2] != told[2]
        if out[:2] == told[:2] and apart:
            own, other = out[:2] if out[2] else (out[1], out[0])
            text = (
                f"in the loss what follows from the output has the shape {own}, and the target "
                f"beside it {other}: each of {len(target)} samples meets the targets of all"
            )
            return [Finding(Cause.SHAPE_BROADCAST, "fault", text, firm=True)]
    return []


def _met(exam: Exam, batch: Batch, *, of_target: bool) -> list[Met]:
    """Give what meets in the loss of the model's own output, by whose gradient is asked."""
    output, target = exam.run(exam.case.model, batch).clone(), batch["target"].clone()
    (target if of_target else output).requires_grad_(True)
    watch = _Watch(len(target))
    try:
        with warnings.catch_warnings(), torch.enable_grad(), watch:
            warnings.simplefilter("ignore")  # of the very shapes that are looked for
            exam.case.loss(Fixed(output), {**batch, "target": target})
    except Exception:  # noqa: BLE001  the loss is the user's: it may need the model itself
        return []
    return watch.met


def _crossed(one: tuple[int, ...], other: tuple[int, ...], count: int) -> bool:
    """Whether the samples of one shape lie along an axis of length 1 of the other one."""
    long, short = (one, other) if len(one) > len(other) else (other, one)
    place = len(long) - len(short)
    if not place or not short or long[0] != count or short[0] != count or long[place] != 1:
        return False
    ends = zip(long[place:], short, strict=True)
    return all(a == b or 1 in (a, b) for a, b in ends)


def _laid(found: Any, one: tuple[int, ...], other: tuple[int, ...]) -> bool:
    return isinstance(found, Tensor) and tuple(found.shape) == np.broadcast_shapes(one, other)
