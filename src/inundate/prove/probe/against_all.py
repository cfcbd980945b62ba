"""A loss that has a lowest answer for all samples only when it is turned round."""

from __future__ import annotations

import math
from dataclasses import replace

import torch
from torch import Tensor

from inundate.prove.answers import loss_of_fixed
from inundate.prove.case import Batch, Case
from inundate.prove.cause import Cause
from inundate.prove.exam import Exam
from inundate.prove.finding import Finding
from inundate.prove.free import least_constant, least_output

__all__ = ["against_all"]

_FURTHER = (1.0, 3.0, 10.0)  # times as far as a search for the lowest answer has come
_LINE = 0.5  # of what a line would fall from the second to the third of them
_APART = 0.3  # of the loss of one answer for all, that answers of their own must save


def against_all(exam: Exam, batch: Batch) -> list[Finding]:
    """Seek the one answer for all that has the lowest loss, as it is and turned round.

    Samples differ, so that one answer for all of them has a best: the frequencies, or the mean and
    the variance. A loss that falls on and on from there, and turned round has such a best, and
    better ones for each sample, is the opposite of what was meant.
    """
    flat = exam.free_constant
    if flat is None:
        return []
    own = _along(exam.case, batch, flat)
    if not math.isfinite(own[0]) or not _goes_on(own):
        return []
    turned = replace(exam.case, loss=lambda model, given: -exam.case.loss(model, given))
    least = least_constant(turned, exam.learnt, torch.zeros_like(flat))
    if least is None:
        return []
    back = _along(turned, batch, least)
    if not math.isfinite(back[0]) or not min(back[1:]) >= back[0] - 1e-3 * abs(back[0]):
        return []
    each = least_output(turned, batch, least)
    best = None if each is None else loss_of_fixed(turned, batch, each)
    if best is None or not back[0] - best > _APART * max(abs(back[0]), abs(best)):
        return []
    text = (
        f"the loss of one answer for all falls from {own[0]:.3g} to {own[-1]:.3g} "
        f"{_FURTHER[-1]:g} times as far from 0; turned round its lowest is at {back[0]:.3g}, and "
        f"with an answer for each sample {best:.3g}"
    )
    return [Finding(Cause.LOSS_SIGN, "fault", text, firm=True)]


def _along(case: Case, batch: Batch, answer: Tensor) -> list[float]:
    """Give the losses of one answer for all, and of what lies further away from 0."""
    rows = answer.expand(len(batch["target"]), *answer.shape[1:])
    told = [loss_of_fixed(case, batch, times * rows) for times in _FURTHER]
    return [math.nan if loss is None else loss for loss in told]


def _goes_on(losses: list[float]) -> bool:
    """Whether losses fall at least by half of what a line would, further on."""
    first, second, third = losses
    if third == -math.inf:
        return second < first
    way = (_FURTHER[2] - _FURTHER[1]) / (_FURTHER[1] - _FURTHER[0])
    return second < first and second - third > _LINE * way * (first - second)
