"""Losses that are lowest for answers in another order."""

from __future__ import annotations

import itertools

import torch

from inundate.prove.answers import loss_of_fixed
from inundate.prove.case import Batch
from inundate.prove.cause import Cause
from inundate.prove.exam import Exam
from inundate.prove.finding import Finding

__all__ = ["other_order"]

_ORDERED = 0.05  # of the constant's loss, with targets in the order that the loss takes them in


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
