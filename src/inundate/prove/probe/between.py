"""A loss that can be taught by outputs between 0 and 1 alone, given outputs that go beyond."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from inundate.prove.bounds import bounded
from inundate.prove.case import Batch
from inundate.prove.cause import Cause
from inundate.prove.exam import Exam
from inundate.prove.finding import Finding
from inundate.prove.probe.counted import slope_of

__all__ = ["between_alone"]

_WITHIN = (0.1, 0.3, 0.45)  # how far wrong answers are from the middle, between 0 and 1
_BEYOND = (0.6, 1.0, 4.0)  # the same, below 0 and above 1
_MOST = 0.9  # of the targets, that wrong answers between 0 and 1 are taught by
_STUCK = 0.2  # of what the model answers, from where the loss leads nowhere
_NONE = 1e-9  # of the slope between 0 and 1


def between_alone(exam: Exam, batch: Batch) -> list[Finding]:
    """See whether wrong answers below 0 and above 1 have no slope, and those between have one.

    As where a loss takes chances, cuts off what is none, and is given scores of a linear layer.
    """
    right, wanted = exam.answers.right(batch), _wanted(exam, batch)
    if exam.ends is not None or right is None or wanted is None or len(wanted) < 2:
        return []
    wanted = wanted.reshape(right.shape).to(right)
    away = torch.where(wanted >= 0.5, -1.0, 1.0).to(right)  # from the middle, on the wrong side
    inner = [_slope(exam, batch, 0.5 + by * away) for by in _WITHIN]
    if not all(bool(torch.isfinite(one).all()) for one in inner):
        return []
    moved = torch.stack(inner).abs().amin(0)
    counts = moved > _NONE * max(float(moved.max()), 1e-30)
    told = counts.reshape(len(counts), -1).any(1)
    if not counts.any() or float(told.float().mean()) < _MOST:
        return []
    least = _NONE * float(moved.max())
    for by in _BEYOND:
        slope = _slope(exam, batch, 0.5 + by * away).nan_to_num(0.0, 0.0, 0.0)
        if float(slope.abs()[counts].max()) > least:
            return []
    own = exam.run(exam.case.model, batch)
    if own.shape != right.shape or bounded(exam.case, exam.train, 0.0, 1.0):
        return []
    stuck = _slope(exam, batch, own).nan_to_num(0.0, 0.0, 0.0).abs()[counts] <= least
    beyond = (own[counts] < 0.0) | (own[counts] > 1.0)
    share = float((stuck & beyond).float().mean())
    if share < _STUCK:
        return []
    text = (
        f"the loss has a slope for outputs between 0 and 1 alone, and none for wrong ones below 0 "
        f"or above 1, where {100 * share:.0f} % of the model's are"
    )
    return [Finding(Cause.LOSS_OUTPUT_MISMATCH, "fault", text, firm=True)]


def _wanted(exam: Exam, batch: Batch) -> Tensor | None:
    """Give what chances should be; None if targets are none."""
    target, kinds = batch["target"], exam.answers
    if kinds.kind == "classes":
        dim, many = kinds.class_dim(target), len(kinds.prior)
        return functional.one_hot(target.clamp(0, many - 1), many).movedim(-1, dim).float()
    chances = float(target.min()) >= 0.0 and float(target.max()) <= 1.0
    same = target.numel() == kinds.output[:1].numel() * len(target)
    return target.float() if chances and same else None


def _slope(exam: Exam, batch: Batch, answer: Tensor) -> Tensor:
    """Give the slope of the loss; where it cannot be asked, none is finite."""
    slope = slope_of(exam, batch, answer)
    return torch.full_like(answer, torch.nan) if slope is None else slope.detach()
