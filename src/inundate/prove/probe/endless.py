"""A loss that falls without end, so that its lowest value is at no answer."""

from __future__ import annotations

import itertools
import math
from dataclasses import replace

from torch import Tensor

from inundate.prove.answers import loss_of_fixed
from inundate.prove.case import Batch
from inundate.prove.cause import Cause
from inundate.prove.exam import Exam
from inundate.prove.finding import Finding
from inundate.prove.free import least_output

__all__ = ["endless", "falls_on", "turned_round"]

_NEAR, _FAR = 30.0, 900.0  # deviations of the targets, that answers are moved by
_BELOW = 0.5  # of the difference of a constant and the right answer, that the loss falls by at once
_LINE = (10.0, 100.0)  # times as far down for 30 times as far: a line, and no curve that ends
_FARTHER = (10.0, 15.0, 20.0, 25.0)  # from where answers begin: nearer it may rise, or fall
_FASTER = 1.5  # times the fall before
_FURTHER = (1.0, 10.0, 100.0)  # times as far as a search for the lowest loss has come
_STRAIGHT = 0.5  # of what a line would fall further on
_ENDS = 0.1  # of the way up to where a loss ends, that it may still move there


def endless(exam: Exam, batch: Batch, found: dict[str, float]) -> list[Finding]:
    """Move answers ever further, and see whether the loss goes down with them in a line.

    Beyond their own targets it does so where the loss takes chances or signs and is given other
    numbers; all together to one side, where errors of one sign count as gains.
    """
    right = exam.answers.right(batch)
    if exam.answers.kind == "classes" or right is None or not right.is_floating_point():
        return []
    middle = right.mean()
    size = float((right - middle).abs().mean())
    if size <= 0:
        return []
    beyond = _falls(exam, batch, found, right, right - middle)
    if beyond and exam.ends is not None:
        return []  # as of a likeness from -1 to 1: there is no answer beyond
    if beyond and not _falls(exam, batch, found, right, middle - right):
        text = f"the further answers lie beyond their targets, the lower the loss: {beyond}"
        return [Finding(Cause.LOSS_OUTPUT_MISMATCH, "fault", text, firm=True)]
    for side, sign in (("lower", -1.0), ("higher", 1.0)):
        told = _falls(exam, batch, found, right, right.new_full(right.shape, sign * size))
        if told:
            text = f"the {side} all answers are, whatever the targets, the lower the loss: {told}"
            return [Finding(Cause.LOSS_SIGN, "fault", text, firm=True)]
    return []


def _falls(exam: Exam, batch: Batch, found: dict[str, float], right: Tensor, way: Tensor) -> str:
    """Tell the losses of answers ever further along a way; "" if they come to an end."""
    told = [loss_of_fixed(exam.case, batch, right + times * way) for times in (_NEAR, _FAR)]
    if None in told:
        return ""
    near, far = (float(loss) for loss in told if loss is not None)
    least = min(found["right"], found["constant"])
    first, second = least - near, least - far
    apart = abs(found["constant"] - found["right"])
    if not first > max(_BELOW * apart, 1e-3 * abs(least)):
        return ""
    if not _LINE[0] * first < second < _LINE[1] * first:
        return ""
    return f"{found['right']:.3g} for the right ones, {near:.3g} and {far:.3g} further on"


def falls_on(exam: Exam, batch: Batch) -> list[Finding]:
    """See whether a loss of values falls faster and faster for one answer far from all targets."""
    flat = exam.free_constant
    if exam.answers.kind != "values" or flat is None:
        return []
    starts = [one.expand(len(batch["target"]), *flat.shape[1:]).float() for one in (flat, 0 * flat)]
    for alike, sign in itertools.product(starts, (1.0, -1.0)):
        asked = [loss_of_fixed(exam.case, batch, (alike + sign * f).to(flat)) for f in _FARTHER]
        told = [one for one in asked if one is not None and math.isfinite(one)]
        if len(told) < len(asked):
            continue
        falls = [one - other for one, other in itertools.pairwise(told)]
        if falls[0] > 0 and all(b > _FASTER * a for a, b in itertools.pairwise(falls)):
            text = (
                f"for answers that are {_FARTHER[-1]:g} away on one side the loss is "
                f"{told[-1]:.3g}, after {told[0]:.3g}: it falls faster and faster, without an end"
            )
            return [Finding(Cause.LOSS_SIGN, "fault", text)]
    return []


def turned_round(exam: Exam, batch: Batch, free: Tensor) -> list[Finding]:
    """See whether a loss falls in a line, without end, and turned round comes to an end.

    As minus a likelihood without its minus does, that has no target of its own to be compared with.
    """
    flat = exam.free_constant
    if flat is None:
        return []
    alike = flat.expand_as(free)
    begin, falls = _along(exam, batch, alike, free - alike)
    if not falls or not all(b > _STRAIGHT * 10.0 * a > 0 for a, b in itertools.pairwise(falls)):
        return []
    other = replace(exam.case, loss=lambda model, given: -exam.case.loss(model, given))
    back = least_output(other, batch, flat)
    ends = [] if back is None else [-fall for fall in _along(exam, batch, alike, back - alike)[1]]
    if not ends or ends[0] <= 0 or abs(ends[-1] - ends[-2]) > _ENDS * ends[-1]:
        return []
    text = (
        f"the loss of one answer for all is {begin:.3g}; on the way to lower ones it goes on to "
        f"{begin - falls[-1]:.3g}, without an end, and the other way it ends at "
        f"{begin + ends[-1]:.3g}"
    )
    return [Finding(Cause.LOSS_SIGN, "fault", text, firm=True)]


def _along(exam: Exam, batch: Batch, begin: Tensor, way: Tensor) -> tuple[float, list[float]]:
    """Give the loss of some answers, and by how much it falls ever further along a way."""
    told = [loss_of_fixed(exam.case, batch, begin + times * way) for times in (0.0, *_FURTHER)]
    losses = [one for one in told if one is not None and math.isfinite(one)]
    if len(losses) < len(told):
        return 0.0, []
    return losses[0], [losses[0] - one for one in losses[1:]]
