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
        if not (_in_line(up, 1.0 - cut) and _in_line(-down, cut)):
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


def _in_line(slope: Tensor, wanted: Tensor) -> bool:
    """Whether slopes are a multiple of what they should be, each by itself."""
    length = float(wanted.square().sum())
    if length <= 0 or float(wanted.std()) == 0:
        return False
    times = float((slope * wanted).sum()) / length
    largest = float(wanted.abs().max())
    return times > 0 and float((slope / times - wanted).abs().max()) < _OFF * largest
