"""A loss of shares that sum up to 1, whose lowest value is not at the shares themselves."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from inundate.prove.answers import loss_of_fixed
from inundate.prove.case import Batch
from inundate.prove.cause import Cause
from inundate.prove.exam import Exam
from inundate.prove.finding import Finding
from inundate.prove.probe.kind import measured

__all__ = ["improper"]

_ONE = 1e-3  # of a sum, by rounding
_SURE = 20.0  # scores of what is as good as certain
_MARGIN = 0.1  # of the way from the lowest loss to a constant's
_LEAST = 1e-4  # a share, of which the logarithm is taken


def improper(exam: Exam, batch: Batch) -> list[Finding]:
    """Ask the loss for the right shares, their logarithms and logits, and for the largest alone.

    A loss of shares is lowest for one of the first. Where chances are given to one that wants their
    logarithms, it falls in a line with them, and is lowest where all is given to the largest.
    """
    target, output = batch["target"], exam.output
    if exam.answers.kind == "classes" or target.shape != output[: len(target)].shape:
        return []
    if target.ndim < 2 or target.shape[1] < 2 or not measured(target):
        return []
    if float(target.min()) < 0 or float((target.sum(1) - 1.0).abs().max()) > _ONE:
        return []
    held = target.float().clamp(min=_LEAST)
    largest = (_sure_of(target.argmax(1), target.shape[1]) > 0).float()
    right = [held, held.log(), torch.logit(held.clamp(max=1.0 - _LEAST))]
    sure = [largest, _sure_of(target.argmax(1), target.shape[1])]
    losses = [loss_of_fixed(exam.case, batch, one.to(output)) for one in (*right, *sure)]
    constant = exam.constant(batch)
    if constant is None or None in losses:
        return []
    told = [float(loss) for loss in losses if loss is not None]
    best, other = min(told[: len(right)]), min(told[len(right) :])
    if not other < best - _MARGIN * abs(constant - other):
        return []
    least = _sure_of(target.argmin(1), target.shape[1])
    away = loss_of_fixed(exam.case, batch, least.to(output))
    if away is not None and away < other:
        text = (
            f"targets are shares that sum up to 1, and the loss is {away:.3g} where all is given "
            f"to the least of them, {other:.3g} for the largest and {best:.3g} for the shares"
        )
        return [Finding(Cause.LOSS_SIGN, "fault", text, firm=True)]
    text = (
        f"targets are shares that sum up to 1, and the loss is {other:.3g} where all is given to "
        f"the largest of them, {best:.3g} for the shares themselves or their logarithms: as where "
        "chances are given to a loss that takes their logarithms"
    )
    return [Finding(Cause.LOSS_OUTPUT_MISMATCH, "fault", text)]


def _sure_of(chosen: Tensor, count: int) -> Tensor:
    """Give scores of answers that are sure of one of several shares."""
    one: Tensor = functional.one_hot(chosen, count).movedim(-1, 1).float()
    return _SURE * (2.0 * one - 1.0)
