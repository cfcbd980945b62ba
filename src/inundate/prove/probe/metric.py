"""The metric: does a perfect prediction get its best value."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from inundate.prove.batch import SEVERAL
from inundate.prove.cause import Cause
from inundate.prove.exam import Exam
from inundate.prove.finding import Finding
from inundate.prove.probe.lowest_first import lowest_first
from inundate.prove.several import CannotAsk

__all__ = ["probe_metric"]

_BEST = (0.0, 1.0, 100.0)  # what a perfect prediction scores in any metric in use
_NEAR = 0.01  # of a best value, or of the way to other answers, that a perfect one may miss
_OTHERS = 0.5  # of the samples, that have another target
_KINDS = 3  # classes, from which an answer that is always the same is never the best
_MOST = 20


def probe_metric(exam: Exam) -> list[Finding]:
    """Ask the user's metric for a right, a constant and a wrong answer."""
    if exam.case.metric is None:
        return []
    batch = exam.typical
    if SEVERAL in batch:  # one answer is not what it takes
        return []
    target = batch["target"]
    right, wrong = exam.answers.right(batch), exam.answers.wrong(batch)
    constant = exam.answers.constants(batch)
    if right is None or wrong is None or not constant:
        return []
    try:
        best, worst, flat = (
            float(exam.case.metric(answer, target)) for answer in (right, wrong, constant[0])
        )
    except CannotAsk:
        return []
    except Exception as error:  # noqa: BLE001  whatever a user's metric raises is the finding
        return [Finding(Cause.METRIC_WRONG, "fault", f"{type(error).__name__}: {error}")]
    exam.figures |= {"metric_right": best, "metric_wrong": worst, "metric_constant": flat}
    text = f"it gives {best:.4g} for the right answer, {flat:.4g} for a constant, {worst:.4g} "
    text += "for a wrong one"
    # errors of small targets are small for any answer: what matters is how far others are
    way = max((abs(v - best) for v in (worst, flat) if math.isfinite(v)), default=math.inf)
    at_best = any(abs(best - v) < _NEAR * min(max(1.0, v), way) for v in _BEST)
    extreme = best in (min(best, flat, worst), max(best, flat, worst))
    if best == worst or not extreme or not (at_best or best == float("inf")):
        return [Finding(Cause.METRIC_WRONG, "fault", text)]
    turned = _lowest_first(exam) if best == min(best, worst) == 0.0 else ""
    if turned:
        return [Finding(Cause.METRIC_WRONG, "fault", f"{text}; {turned}")]
    as_good = _as_good(exam, right, wrong, best)
    if as_good:
        text += f", and {best:.4g} {as_good} too"
        return [Finding(Cause.METRIC_WRONG, "fault", text)]
    return []


def _lowest_first(exam: Exam) -> str:
    try:
        return lowest_first(exam)
    except Exception:  # noqa: BLE001  the metric is the user's and may refuse such answers
        return ""


def _as_good(exam: Exam, right: Tensor, wrong: Tensor, best: float) -> str:
    """Name an answer that is wrong for many samples and gets the best value."""
    target, count = exam.typical["target"], len(right)
    half = count // 2
    asked = {
        "where the first half of the samples has wrong answers": torch.cat(
            [wrong[:half], right[half:]]
        ),
        "where the second half of the samples has wrong answers": torch.cat(
            [right[:half], wrong[half:]]
        ),
    }
    flat = target.reshape(count, -1)
    if float((flat != flat.roll(1, 0)).any(1).float().mean()) > _OTHERS:
        asked["for the answers of other samples"] = right.roll(1, 0)
    if exam.answers.kind == "classes" and len(exam.answers.prior) >= _KINDS:
        for kind in range(min(len(exam.answers.prior), _MOST)):
            if float((target == kind).float().mean()) < _OTHERS:
                alike = exam.answers.right(
                    {**exam.typical, "target": torch.full_like(target, kind)}
                )
                if alike is not None:
                    asked[f"where all answers are {kind}"] = alike
    for name, answer in asked.items():
        try:
            value = float(exam.case.metric(answer, target))  # type: ignore[misc]
        except Exception:  # noqa: BLE001  the metric is the user's and may refuse such answers
            continue
        if value == best:
            return name
    return ""
