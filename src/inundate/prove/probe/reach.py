"""How far one batch is learnt by heart, with one thing changed."""

from __future__ import annotations

import math

import torch

from inundate.prove.answers import loss_of_fixed
from inundate.prove.exam import Exam
from inundate.prove.trial import Remedy, run_trial

__all__ = ["FITTED", "HELPS", "helps", "percent", "reach", "told"]

FITTED = 0.7  # progress from which a batch counts as learnt
HELPS = 0.35  # progress from which a remedy has helped
_MORE = 0.25  # by how much a remedy must be better than the user's own training


def told(exam: Exam, own: float) -> str:
    """Say how far the user's own training came on one batch."""
    broke = f" ({exam.one.broke})" if exam.one.broke else ""
    return f"on one batch the training comes {percent(own)}{broke} of the way to the right answer"


def percent(share: float) -> str:
    """Write a share; what went astray has none."""
    return f"{100 * max(share, -9.99):.0f} %" if math.isfinite(share) else "nowhere"


def helps(reached: float, own: float) -> bool:
    """Whether a remedy makes the difference."""
    return reached >= HELPS and reached >= max(own, 0.0) + _MORE


def reach(exam: Exam, remedy: Remedy) -> float:
    """Give the progress on one batch with a remedy."""
    if remedy.batch is None or remedy.loss is not None:
        return exam.progress(exam.try_one(remedy).last, [exam.typical])
    batch = remedy.batch(exam.typical)
    if batch["target"] is exam.typical["target"]:
        return exam.progress(exam.try_one(remedy).last, [exam.typical])
    # other targets: what a constant answer costs is another too
    right = exam.answers.right(batch)
    flat = None if right is None else loss_of_fixed(exam.case, batch, torch.zeros_like(right))
    best = None if right is None else loss_of_fixed(exam.case, batch, right)
    if flat is None or best is None or flat <= best:
        return -math.inf
    trial = run_trial(
        exam.case, [exam.typical], exam.effort.remedy, remedy=remedy, seed=exam.seed,
        enough=best + 0.1 * (flat - best),
    )  # fmt: skip
    return (flat - trial.last) / (flat - best)
