"""Rare classes that a model knows in training, and takes for the common one elsewhere."""

from __future__ import annotations

import copy

import torch
from torch import Tensor

from inundate.prove.cause import Cause
from inundate.prove.exam import Exam, Skill
from inundate.prove.finding import Finding

__all__ = ["rare_missed"]

_MISSED = 0.5  # of the rare unseen samples, that are taken for common ones
_LEARNT = 0.3  # skill on samples that were trained on: such a training is no failed one
_BY_HEART = 0.9  # the same, from which more steps would change nothing
_ABOVE = 0.7  # chance that a rare sample has a higher score than a common one; 0.5 by luck
_FEW = 3  # rare samples


def rare_missed(exam: Exam, seen: Skill) -> list[Finding]:
    """See whether most rare targets of unseen samples are answered as the common one.

    A share of right answers hardly shows it: who always gives the common answer is nearly as good.
    The few rare samples of a training are soon known by heart, or have higher scores and are still
    on the wrong side; more weight, or more of them, is what it lacks. Asked where nearly all
    targets are alike. A model that learns what there is may be slow to come to the rare ones: of
    that it is asked once it knows its training samples by heart.
    """
    suspect = next((f for f in exam.findings if f.cause is Cause.MAJORITY_COLLAPSE), None)
    learns = exam.figures.get("healthy", 0.0) > 0
    if suspect is None or seen.value < (_BY_HEART if learns else _LEARNT):
        return []
    scores, rare, missed = _answers(exam)
    few, many = int(rare.sum()), int((~rare).sum())
    if few < _FEW or many < _FEW or not bool(torch.isfinite(scores).all()):
        return []
    share = float(missed[rare].float().mean())
    above = _above(scores[rare], scores[~rare])
    exam.figures |= {"rare_missed": share, "rare_above": above}
    if share <= _MISSED or above < _ABOVE:
        return []
    text = (
        f"{suspect.evidence}; of the rare unseen ones {100 * share:.0f} % are taken for common "
        f"ones, though {100 * above:.0f} % of the pairs of a rare and a common one are ranked "
        "rightly"
    )
    return [Finding(Cause.MAJORITY_COLLAPSE, "fault", text, firm=True)]


def _answers(exam: Exam) -> tuple[Tensor, Tensor, Tensor]:
    """Give how far answers are from the common one, which targets are rare, and which are missed.

    Each for all targets of unseen samples that count.
    """
    model = copy.deepcopy(exam.all.model).eval()
    target = torch.cat([batch["target"].flatten() for batch in exam.valid]).cpu()
    answers = [exam.run(model, batch).float().cpu() for batch in exam.valid]
    if exam.answers.kind == "classes":
        known = exam.answers.known(target)
        common = int(target[known].mode().values) if bool(known.any()) else 0
        dim = exam.answers.class_dim(exam.valid[0]["target"])
        chances = [answer.log_softmax(dim).select(dim, common).flatten() for answer in answers]
        told = torch.cat([answer.argmax(dim).flatten() for answer in answers])
        return -torch.cat(chances)[known], (target != common)[known], (told == common)[known]
    told = torch.cat([answer.flatten() for answer in answers])
    if len(told) != len(target):
        nothing = torch.zeros_like(told, dtype=torch.bool)
        return told, nothing, nothing
    low, high = float(target.min()), float(target.max())
    level = 0.0 if exam.answers.kind == "logits" else 0.5 * (low + high)
    usual = float(target.mode().values)
    upper = usual < 0.5 * (low + high)  # the rare one
    missed = told <= level if upper else told >= level
    return (told if upper else -told), target != usual, missed


def _above(rare: Tensor, common: Tensor) -> float:
    """Give the share of pairs in which the rare one is higher; half of those that are alike."""
    ordered = common.sort().values
    below = torch.searchsorted(ordered, rare, right=False)
    up_to = torch.searchsorted(ordered, rare, right=True)
    return float((below + up_to).double().mean()) / (2.0 * len(ordered))
