"""The metric: does a perfect prediction get its best value."""

from __future__ import annotations

from inundate.prove.cause import Cause
from inundate.prove.exam import Exam
from inundate.prove.finding import Finding

__all__ = ["probe_metric"]

_BEST = (0.0, 1.0, 100.0)  # what a perfect prediction scores in any metric in use


def probe_metric(exam: Exam) -> list[Finding]:
    """Ask the user's metric for a right, a constant and a wrong answer."""
    if exam.case.metric is None:
        return []
    batch = exam.typical
    target = batch["target"]
    right, wrong = exam.answers.right(batch), exam.answers.wrong(batch)
    constant = exam.answers.constants(batch)
    if right is None or wrong is None or not constant:
        return []
    try:
        best, worst, flat = (
            float(exam.case.metric(answer, target)) for answer in (right, wrong, constant[0])
        )
    except Exception as error:  # noqa: BLE001  whatever a user's metric raises is the finding
        return [Finding(Cause.METRIC_WRONG, "fault", f"{type(error).__name__}: {error}")]
    exam.figures |= {"metric_right": best, "metric_wrong": worst, "metric_constant": flat}
    text = f"it gives {best:.4g} for the right answer, {flat:.4g} for a constant, {worst:.4g} "
    text += "for a wrong one"
    at_best = any(abs(best - value) < 0.01 * max(1.0, value) for value in _BEST)
    extreme = best in (min(best, flat, worst), max(best, flat, worst))
    if best == worst or not extreme or not (at_best or best == float("inf")):
        return [Finding(Cause.METRIC_WRONG, "fault", text)]
    return []
