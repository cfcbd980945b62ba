"""Answers of several numbers: what a loss makes of each of them by itself."""

from __future__ import annotations

import torch
from torch import Tensor

from inundate.prove.answers import loss_of_fixed
from inundate.prove.case import Batch
from inundate.prove.cause import Cause
from inundate.prove.exam import Exam
from inundate.prove.finding import Finding
from inundate.prove.probe.counted import slope_of

__all__ = ["spread_out", "unasked"]

_MOST = 16  # numbers of a sample
_DRAWS = 6  # answers
_SAME = 1e-6
_MOVED = 1e-4  # of the loss, from which it has changed
_LOWER = 0.02  # of the loss, that one answer for all in a column saves


def unasked(exam: Exam, batch: Batch) -> list[Finding]:
    """See whether some of the numbers of an answer never move the loss.

    Asked where answers are not of the target's shape, as quantiles are not: of the others it is
    asked number by number.
    """
    start = exam.free_constant
    if start is None or start.ndim != 2 or not 2 <= start.shape[1] <= _MOST:
        return []
    drawn = torch.Generator().manual_seed(exam.seed)
    size = (len(batch["target"]), start.shape[1])
    wide = max(exam.answers.spread, 1e-6)
    seen = torch.zeros(start.shape[1], dtype=torch.bool)
    for _ in range(_DRAWS):
        answer = start + wide * torch.randn(size, generator=drawn).to(start)
        slope = slope_of(exam, batch, answer)
        if slope is None or not bool(torch.isfinite(slope).all()):
            return []
        seen |= (slope != 0).any(0).cpu()
    if bool(seen.all()) or not bool(seen.any()):
        return []
    places = ", ".join(str(int(place)) for place in torch.nonzero(~seen).flatten())
    text = f"whatever the answers, the numbers {places} of the {len(seen)} of each never move it"
    return [Finding(Cause.LOSS_IGNORES, "fault", text, "a part of the output")]


def spread_out(exam: Exam, batch: Batch, right: Tensor, loss: float) -> list[Finding]:
    """See whether the loss compares each answer in a column with the targets of all samples.

    Then it does not matter whose targets they are, and one answer for all is better than the right
    ones, while other values do matter.
    """
    target = batch["target"]
    if target.ndim != 2 or not 2 <= target.shape[1] <= _MOST or right.shape != target.shape:
        return []
    if exam.answers.kind != "values" or not target.is_floating_point() or len(target) < 4:
        return []
    for place in range(target.shape[1]):
        column = target[:, place]
        rolled, one = column.roll(1, 0), column[:1].expand(len(column))
        if torch.equal(rolled, column):
            continue
        apart = exam.answers.prior[place].to(right).expand(len(column))
        losses = (
            loss_of_fixed(exam.case, _with(batch, place, rolled), right),
            loss_of_fixed(exam.case, _with(batch, place, one), right),
            loss_of_fixed(exam.case, batch, _put(right, place, apart)),
        )
        if None in losses:
            return []
        moved, other, alike = (float(value) for value in losses if value is not None)
        same = abs(moved - loss) <= _SAME * abs(loss)
        if same and abs(other - loss) > _MOVED * abs(loss) and alike < (1 - _LOWER) * loss:
            text = (
                f"with number {place} of the targets of other samples the loss is the same to six "
                f"digits; with one answer for all in its place it is {alike:.4g}, with the right "
                f"ones {loss:.4g}"
            )
            return [Finding(Cause.SHAPE_BROADCAST, "fault", text)]
    return []


def _with(batch: Batch, place: int, column: Tensor) -> Batch:
    """Give a batch with other targets in one column."""
    return {**batch, "target": _put(batch["target"], place, column)}


def _put(rows: Tensor, place: int, column: Tensor) -> Tensor:
    made = rows.clone()
    made[:, place] = column
    return made
