"""Validation targets that follow the answers, though on another line than those of training."""

from __future__ import annotations

import torch
from torch import Tensor

from inundate.prove.case import Batch
from inundate.prove.cause import Cause
from inundate.prove.exam import Exam, Skill
from inundate.prove.finding import Finding

__all__ = ["rescaled"]

_LOST = 0.25  # of skill, between training and validation
_BACK = 0.8  # of it, that comes back by one scale and one offset
_CLOSE = 0.8  # share of the variance that a line explains then
_TIMES, _AWAY = 1.4, 0.4  # scale, and offset in deviations, one of which is out of the usual
_SAMPLES = 10  # for each number of a target that has a line of its own


def rescaled(exam: Exam, seen: Skill, unseen: Skill) -> list[Finding]:
    """Fit a line of validation targets on what the trained model answers.

    What is learnt by heart leaves no line; where a line brings back what is lost, and its slope is
    not 1 or its offset not 0, the targets of one part are scaled and those of the other are not.
    """
    if exam.case.valid is None or exam.answers.kind != "values" or not exam.direct:
        return []
    lost = min(seen.value, 1.0) - unseen.value
    if not exam.comparable or lost < _LOST or seen.value < _CLOSE:
        return []
    known, said = _told(exam, exam.valid)
    width = known.shape[1]
    if len(known) < _SAMPLES * width or not bool(torch.isfinite(said).all()):
        return []
    centred, own = said - said.mean(0), known - known.mean(0)
    slope = (centred * own).sum(0) / centred.square().sum(0).clamp(min=1e-30)
    left = float((own - slope * centred).square().sum())
    before, whole = float((known - said).square().sum()), float(own.square().sum())
    if whole <= 0 or before <= 0 or 1.0 - left / whole < _CLOSE:
        return []
    exam.figures["explained_by_a_line"] = 1.0 - left / whole
    if (before - left) / whole < _BACK * lost:
        return []
    away = ((known - said).mean(0) / own.std(0).clamp(min=1e-12)).abs()
    most, least = float(slope.max()), float(slope.min())
    if least > 1.0 / _TIMES and most < _TIMES and float(away.max()) < _AWAY:
        return []
    text = (
        f"skill on validation samples is {max(unseen.value, -9.99):.2f}, in training "
        f"{seen.value:.2f}; with answers times {_nearest(slope):.3g} and {float(away.max()):.2g} "
        f"deviations moved a share of {1.0 - left / whole:.2f} of the validation targets is "
        "explained"
    )
    return [Finding(Cause.SPLIT_SHIFT, "fault", text, "the target", tried=True, firm=True)]


def _nearest(slope: Tensor) -> float:
    """Give the slope that is the farthest from 1."""
    return float(slope[(slope - 1.0).abs().argmax()])


def _told(exam: Exam, batches: list[Batch]) -> tuple[Tensor, Tensor]:
    """Give targets and answers as columns, of which each may have a line of its own."""
    known, said = [], []
    model = exam.all.model.eval()
    for batch in batches:
        target = batch["target"].double()
        answer = exam.run(model, batch).double().reshape(target.shape)
        counts = torch.isfinite(target)
        if exam.case.known is not None:
            counts = counts & exam.case.known(batch).expand(target.shape)
        if target.ndim == 2 and bool(counts.all()):
            known.append(target)
            said.append(answer)
        else:
            known.append(target[counts][:, None])
            said.append(answer[counts][:, None])
    if len({part.shape[1] for part in known}) > 1:
        return torch.zeros(0, 1), torch.zeros(0, 1)
    return torch.cat(known), torch.cat(said)
