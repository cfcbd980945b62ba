"""Losses that are lowest for answers in another order, or fall without an end."""

from __future__ import annotations

import itertools
import math

import torch

from inundate.prove.answers import loss_of_fixed
from inundate.prove.case import Batch
from inundate.prove.cause import Cause
from inundate.prove.exam import Exam
from inundate.prove.finding import Finding

__all__ = ["falls_on", "other_order"]

_ORDERED = 0.05  # of the constant's loss, with targets in the order that the loss takes them in
_FARTHER = (10.0, 15.0, 20.0, 25.0)  # from where answers begin: nearer it may rise, or fall
_FASTER = 1.5  # times the fall before


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


def other_order(exam: Exam, batch: Batch, found: dict[str, float]) -> list[Finding]:
    """See whether the loss is lowest for the targets of other places or samples.

    As where scores were laid out by sample and targets by place.
    """
    target = batch["target"]
    if not 2 <= target.ndim <= 4 or found["constant"] <= 0 or found["right"] < found["constant"]:
        return []
    for order in itertools.permutations(range(target.ndim)):
        moved = target.permute(order).reshape(target.shape)
        if torch.equal(moved, target):
            continue
        answer = exam.answers.right({**batch, "target": moved})
        told = None if answer is None else loss_of_fixed(exam.case, batch, answer)
        if told is not None and told < _ORDERED * found["constant"]:
            return [_of_order(found, told, order)]
    right = exam.answers.right(batch)
    assert right is not None
    for order in itertools.permutations(range(1, right.ndim)):
        answer = right.permute(0, *order).reshape(right.shape)  # scores laid out in another order
        told = loss_of_fixed(exam.case, batch, answer)
        if told is not None and told < _ORDERED * found["constant"]:
            return [_of_order(found, told, (0, *order))]
    return []


def _of_order(found: dict[str, float], told: float, order: tuple[int, ...]) -> Finding:
    text = (
        f"the right answers have the loss {found['right']:.4g}, and {told:.4g} if they are read in "
        f"the order {order} of the axes"
    )
    subject = "the loss compares outputs with the targets of other places"
    return Finding(Cause.AXES_MIXED, "fault", text, subject)
