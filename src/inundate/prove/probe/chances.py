"""A cross-entropy of chances, given targets that are no chances."""

from __future__ import annotations

import torch
from torch import Tensor

from inundate.prove.case import Batch
from inundate.prove.cause import Cause
from inundate.prove.exam import Exam
from inundate.prove.finding import Finding
from inundate.prove.probe.counted import known_of, slope_of

__all__ = ["beyond_chances"]

_SURE = 8.0  # a logit at which a chance is 0.9997 or 0.0003
_OFF = 0.01  # of the slope, that rounding and that last bit leave
_WIDE = 2.0  # times a slope, between that for sure and that for impossible; 1 of a cross-entropy
_MARGIN = 0.01  # beyond 0 and 1
_SHARE = 0.002  # of the targets
_DIFFERENT = 20  # values, from which targets are measured


def beyond_chances(exam: Exam, batch: Batch) -> list[Finding]:
    """See whether a loss is a cross-entropy of logits, and targets lie below 0 or above 1.

    Its slope runs from minus the target, for scores far below 0, to what the target lacks to 1.
    """
    target = batch["target"]
    if exam.answers.kind != "values" or not target.is_floating_point():
        return []
    known = known_of(exam, batch).flatten()
    wanted = target.float().cpu().flatten()[known]
    beyond = (wanted < -_MARGIN) | (wanted > 1.0 + _MARGIN)
    share = float(beyond.float().mean()) if len(wanted) else 0.0
    if share < _SHARE or len(torch.unique(wanted)) < _DIFFERENT:
        return []
    slopes = [_slope(exam, batch, sign * _SURE) for sign in (1.0, -1.0)]
    if None in slopes:
        return []
    up, down = (one.flatten()[known] for one in slopes if one is not None)
    for cut, told in ((wanted.clamp(0.0, 1.0), " and cuts them off there"), (wanted, "")):
        times = _times(up, 1.0 - cut), _times(-down, cut)
        if min(times) <= 0:
            continue
        # of a square error the slope grows on and on with the score
        if not told and float((up - down).max()) > _WIDE * max(times):
            continue
        text = (
            f"the loss is a cross-entropy of scores, which takes chances from 0 to 1{told}, and "
            f"{100 * share:.1f} % of the targets lie beyond: its lowest output is no target"
        )
        return [Finding(Cause.LOSS_FLOOR, "fault", text, firm=True)]
    return []


def _slope(exam: Exam, batch: Batch, score: float) -> Tensor | None:
    """Give the slope of the loss where all outputs are one number; None if it cannot be asked."""
    right = exam.answers.right(batch)
    if right is None or right.numel() != batch["target"].numel():
        return None
    slope = slope_of(exam, batch, torch.full_like(right, score))
    if slope is None or not bool(torch.isfinite(slope).all()):
        return None
    return slope.detach().float().cpu()


def _times(slope: Tensor, wanted: Tensor) -> float:
    """Give what slopes are a multiple of what they should be by, each by itself; 0 if not."""
    length = float(wanted.square().sum())
    if length <= 0 or float(wanted.std()) == 0:
        return 0.0
    times = float((slope * wanted).sum()) / length
    largest = float(wanted.abs().max())
    near = times > 0 and float((slope / times - wanted).abs().max()) < _OFF * largest
    return times if near else 0.0
