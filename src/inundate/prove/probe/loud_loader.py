"""Noise of the loader that a model learns through, and without which it would learn far more."""

from __future__ import annotations

from inundate.prove.cause import Cause
from inundate.prove.exam import Exam
from inundate.prove.finding import Finding
from inundate.prove.probe.mended import far_better
from inundate.prove.trial import run_trial

__all__ = ["loud_loader"]

_PARTS = 3  # of the validation batches, the last of which is asked and not trained on


def loud_loader(exam: Exam) -> list[Finding]:
    """Train on validation samples, which have no noise, and ask the rest of them.

    Asked only where the loader draws far wider inputs than validation has, and something is learnt
    of them all the same. Fewer samples that teach far more have less noise.
    """
    held = next((f for f in exam.findings if _of_loader(f)), None)
    if held is None or exam.case.trained or exam.case.valid is None or len(exam.valid) < _PARTS:
        return []
    if exam.figures.get("enough", 0.0) <= 0:
        return []  # then it is named without more ado
    kept = max(1, len(exam.valid) // _PARTS)
    trial = run_trial(exam.case, exam.valid[:-kept], exam.effort.all_batches, seed=exam.seed)
    if trial.broke:
        return []
    own, other = (exam.skill(m, exam.valid[-kept:]) for m in (exam.all.model, trial.model))
    exam.figures["skill_valid, without noise"] = other.value
    if not far_better(other, own):
        return []
    text = (
        f"{held.evidence}; skill on unseen samples is {own.value:.2f}, and {other.value:.2f} after "
        "a training on validation samples, which have none of it"
    )
    return [Finding(Cause.NOISE_TOO_STRONG, "fault", text, held.subject, tried=True, firm=True)]


def _of_loader(finding: Finding) -> bool:
    loud = finding.cause is Cause.NOISE_TOO_STRONG and finding.is_fault
    return loud and finding.subject not in ("", "the target") and not finding.firm
