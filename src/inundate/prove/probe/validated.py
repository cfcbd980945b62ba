"""Training samples of which nothing follows, though the same follows of validation samples."""

from __future__ import annotations

from inundate.prove.cause import Cause
from inundate.prove.exam import Exam, Skill
from inundate.prove.finding import Finding
from inundate.prove.known import worth
from inundate.prove.trial import run_trial

__all__ = ["unrelated_in_training"]

_NOTHING = 0.1  # of skill, that chance may give where pairs are broken
_LEARNT = 0.35  # of skill, that fewer validation samples give
_CLEAR = 0.001
_RECUR = 0.5  # of the samples that come again as they were: else what is drawn may drown them


def unrelated_in_training(exam: Exam, seen: Skill, unseen: Skill) -> list[Finding]:
    """Train on some validation samples: what can be learnt of those should be of far more others.

    As where targets of training were shuffled, or taken from another file, and a relation that is
    there by chance gives a little skill.
    """
    low = max(seen.value, unseen.value) < _NOTHING
    if exam.case.valid is None or exam.case.trained or not low or len(exam.valid) < 3:
        return []
    if exam.figures.get("samples_that_recur", 1.0) < _RECUR:
        return []
    kept = max(1, len(exam.valid) // 3)
    fewer, rest = exam.valid[:-kept], exam.valid[-kept:]
    if len(fewer) >= len(exam.learnt) or not worth(exam, Cause.TARGETS_UNRELATED):
        return []
    trial = run_trial(exam.case, fewer, exam.effort.all_batches, seed=exam.seed)
    if trial.broke:
        return []
    own = exam.skill(trial.model, rest)
    exam.figures["skill_valid, trained on other validation samples"] = own.value
    if own.value < _LEARNT or own.p_value > _CLEAR:
        return []
    count, every = (sum(len(b["target"]) for b in part) for part in (fewer, exam.learnt))
    text = (
        f"{every} training samples give a skill of {seen.value:.2f} on themselves and of "
        f"{unseen.value:.2f} on validation samples, {count} validation samples one of "
        f"{own.value:.2f} on others: what follows there does not follow in training"
    )
    return [Finding(Cause.TARGETS_UNRELATED, "fault", text, tried=True)]
