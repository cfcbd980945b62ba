"""What is known already: trials that could only name a lesser cause are not made."""

from __future__ import annotations

from inundate.prove.cause import RANK, Cause
from inundate.prove.exam import Exam
from inundate.prove.finding import Finding
from inundate.prove.follows import settle

__all__ = ["worth"]

#: What may turn out to follow from something else, or to be no fault since the model learns.
_OPEN = {
    Cause.DEAD_UNITS, Cause.IGNORES_INPUT, Cause.NO_GRADIENT, Cause.SYMMETRIC_START,
    Cause.LOSS_SIGN, Cause.LOSS_IGNORES, Cause.UNIT_SLIP, Cause.INPUT_SCALE, Cause.OUTPUT_RANGE,
    Cause.RATE_TOO_HIGH, Cause.RATE_TOO_LOW, Cause.DECAY_TOO_STRONG, Cause.NOISE_TOO_STRONG,
    Cause.BAD_START, Cause.SATURATED, Cause.TARGET_SCALE, Cause.CANNOT_FIT,
    Cause.VANISHING_GRADIENT,
}  # fmt: skip
_RATES = {Cause.RATE_TOO_HIGH, Cause.RATE_TOO_LOW}


def worth(exam: Exam, *causes: Cause) -> bool:
    """Whether a trial for one of these causes could change what is named.

    It could not where a fault is known that comes before all of them in the decision procedure.

    Parameters
    ----------
    exam : Exam
    causes : Cause
        What the trial may find.
    """
    if _same_again(exam, causes):
        exam.figures["trials_not_needed"] = exam.figures.get("trials_not_needed", 0.0) + 1.0
        return False
    known = [f for f in settle(exam.findings) if f.is_fault and (f.firm or f.cause not in _OPEN)]
    first = min((RANK[finding.cause] for finding in known), default=len(RANK))
    for cause in causes:
        would = Finding(cause, "fault", "", tried=True)
        if RANK[cause] <= first and settle([*known, would])[-1].is_fault:
            return True
    exam.figures["trials_not_needed"] = exam.figures.get("trials_not_needed", 0.0) + 1.0
    return False


def _same_again(exam: Exam, causes: tuple[Cause, ...]) -> bool:
    """Whether a rate has been found that makes one batch be learnt, and other rates are asked for.

    Not where the model learns all the same: what was found on one batch counts for nothing then.
    """
    tried = any(f.cause in _RATES and f.is_fault and f.tried for f in exam.findings)
    return tried and _RATES.issuperset(causes) and not exam.figures.get("enough", 0.0) > 0
