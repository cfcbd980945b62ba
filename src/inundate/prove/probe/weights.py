"""Weights of classes: does the loss count a rare class for less than its share."""

from __future__ import annotations

import torch
from torch import Tensor

from inundate.prove.cause import Cause
from inundate.prove.exam import Exam
from inundate.prove.finding import Finding
from inundate.prove.free import least_constant

__all__ = ["probe_weights"]

_RARE = 0.25  # share from which a class is none that is left out
_LESS = 0.4  # of its share: what a loss may count a class for by chance of a few batches


def probe_weights(exam: Exam) -> list[Finding]:
    """Compare the best constant answer with the frequency of a rare class.

    A plain cross-entropy is lowest at the frequencies; weights that are the right way round move
    it towards the rare class.
    """
    if exam.answers.kind != "logits" or exam.output.shape[1:].numel() != 1:
        return []
    target = torch.cat([batch["target"].float().flatten() for batch in exam.learnt])
    common = float(target.mean())
    rare = min(common, 1.0 - common)
    if len(torch.unique(target)) != 2 or not 0.0 < rare < _RARE:
        return []
    found = least_constant(exam.case, exam.learnt, _level(exam, common))
    if found is None:
        return []
    chance = float(torch.sigmoid(found.float()).mean())
    counted = _odds(chance if common < 0.5 else 1.0 - chance) / _odds(rare)
    exam.figures["rare_class_counts"] = counted
    if counted > _LESS:
        return []
    text = (
        f"{100 * rare:.0f} % of the targets are of the rare class, and the loss counts each for "
        f"{counted:.2g} of one of the other: its best constant answer is {chance:.2g}"
    )
    return [Finding(Cause.MAJORITY_COLLAPSE, "fault", text)]


def _level(exam: Exam, share: float) -> Tensor:
    level = torch.logit(torch.tensor(share))
    return torch.full_like(exam.output[:1], float(level))


def _odds(share: float) -> float:
    return share / max(1.0 - share, 1e-9)
