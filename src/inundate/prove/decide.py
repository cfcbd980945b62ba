"""What the doctor says: :class:`Verdict`, and how one cause is named of all findings."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from inundate.prove.cause import RANK, Cause
from inundate.prove.exam import Exam
from inundate.prove.finding import Finding
from inundate.prove.follows import settle
from inundate.prove.probe.fit import MOVED
from inundate.prove.probe.learn import learns

__all__ = ["SPEED", "Confidence", "Verdict", "decide"]

Confidence = Literal["high", "medium", "low"]

#: Causes for which a model learns slowly, or not at all.
SPEED = {
    Cause.RATE_TOO_HIGH, Cause.RATE_TOO_LOW, Cause.DECAY_TOO_STRONG, Cause.NOISE_TOO_STRONG,
    Cause.BAD_START, Cause.SATURATED, Cause.TARGET_SCALE, Cause.CANNOT_FIT,
    Cause.VANISHING_GRADIENT,
}  # fmt: skip
_BESIDE = 4  # findings that people are told beside the one that is named
_SPEAKS = {
    # causes that are told by an exact test or a tried remedy; the others rest on a threshold
    Cause.LOADER_SORTED: "medium",
    Cause.LOSS_FLOOR: "medium",
    Cause.TARGET_IN_INPUT: "medium",
    Cause.UNIT_SLIP: "medium",
    Cause.VANISHING_GRADIENT: "medium",
    Cause.MAJORITY_COLLAPSE: "medium",
    Cause.TARGETS_UNRELATED: "medium",
    Cause.MEMORISES: "medium",
    Cause.METRIC_WRONG: "medium",
    Cause.CANNOT_FIT: "low",
}


@dataclass(frozen=True)
class Verdict:
    """What the doctor says.

    Parameters
    ----------
    name : str
        Of the model.
    answer : str
        ``healthy``, ``cause`` or ``cannot-say``.
    finding : Finding or None
        What is named.
    confidence : str
        How sure that is.
    also : tuple of Finding
        What else was found, the gravest first.
    figures : mapping of str to float
        All that was measured.
    pictures : mapping of str to array (rows, columns, H, W)
    seconds : float
        Wall time, s.
    told : tuple of str
        What the run itself had recorded.
    curves : mapping of str to list of float
        Losses of the trials, one a step.
    """

    name: str
    answer: Literal["healthy", "cause", "cannot-say"]
    finding: Finding | None
    confidence: Confidence
    also: tuple[Finding, ...] = ()
    figures: Mapping[str, float] = field(default_factory=dict)
    pictures: Mapping[str, NDArray[np.float32]] = field(default_factory=dict)
    seconds: float = 0.0
    told: tuple[str, ...] = ()
    curves: Mapping[str, list[float]] = field(default_factory=dict)

    @property
    def cause(self) -> Cause | None:
        """The named cause, if there is one."""
        return self.finding.cause if self.finding else None

    @property
    def beside(self) -> tuple[Finding, ...]:
        """What is told to people beside the named cause."""
        return self.also[:_BESIDE]

    def record(self) -> dict[str, Any]:
        """Give it as plain values for JSON."""
        figures = {key: v if math.isfinite(v) else None for key, v in self.figures.items()}
        return {
            "name": self.name,
            "answer": self.answer,
            "cause": self.finding.cause.value if self.finding else None,
            "says": self.says(),
            "subject": self.finding.subject if self.finding else "",
            "evidence": self.finding.evidence if self.finding else "",
            "first": self.finding.first if self.finding else "",
            "confidence": self.confidence,
            "also": [finding.record() for finding in self.also],
            "told": list(self.told),
            "figures": figures,
            "seconds": round(self.seconds, 1),
        }

    def says(self) -> str:
        """Give the verdict in one clause."""
        if self.finding:
            return self.finding.says
        if self.answer == "healthy":
            return "the model learns; nothing is wrong with it that the probes can see"
        return "cannot say: the model does not learn, and no probe tells why"

    def text(self) -> str:
        """Give it for people."""
        lines = [f"{self.name}: {self.says()}"]
        if self.finding:
            lines += [
                f"  cause       {self.finding.cause.value} ({self.confidence} confidence"
                f"{', the remedy was tried' if self.finding.tried else ''})",
                f"  evidence    {self.finding.evidence}",
                f"  try first   {self.finding.first}",
            ]
        lines += [f"  also        {f.cause.value}: {f.evidence}" for f in self.beside]
        lines += [f"  the run     {line}" for line in self.told[:4]]
        shown = ("one_batch", "skill_train", "skill_valid", "reference_skill")
        measured = [f"{key} {self.figures[key]:.2f}" for key in shown if key in self.figures]
        if measured:
            lines.append(f"  measured    {', '.join(measured)}")
        return "\n".join(lines)


def decide(exam: Exam, *, seconds: float = 0.0) -> Verdict:
    """Name the first cause in the order of :class:`~inundate.prove.cause.Cause`.

    A fault stands by itself. A suspicion is named only where the model does not learn, and is
    told beside it otherwise.
    """
    case = exam.case
    findings = list(exam.findings)
    if case.unread:
        keys = ", ".join(map(str, case.unread))
        text = f"read by nothing: {keys}"
        findings.append(Finding(Cause.UNREAD_CONFIG, "fault", text, keys))
    if exam.figures.get("enough", 0.0) > 0:  # slow on one batch, but it learns what there is
        slow = SPEED - ({Cause.RATE_TOO_LOW} if "rate_gone" in exam.figures else set())
        if "soft_chances" in exam.figures:  # what another model has said of each sample, say
            slow |= {Cause.LOSS_FLOOR}
        findings = [
            replace(f, weight="note") if f.cause in slow and not f.firm else f for f in findings
        ]
    if f"one_batch, {MOVED}" in exam.figures:  # tried: where it helped there is a fault as well
        findings = [
            replace(f, weight="note") if (f.cause, f.weight) == (Cause.PADDING, "suspect") else f
            for f in findings
        ]
    if exam.figures.get("rounded", 0.0) > 0:  # what is rounded to 0 looks dead
        findings = [
            replace(f, weight="note") if f.cause is Cause.DEAD_UNITS else f for f in findings
        ]
    if any(f.cause is Cause.OUTPUT_RANGE and f.weight == "fault" for f in findings):
        findings = _without_dead_end(findings)
    ranked = sorted(settle(findings), key=_place)
    healthy = learns(exam)
    named = [f for f in ranked if f.weight == "fault"]
    if not named and not healthy:  # what failed for a change of a probe's own comes last
        doubts = [f for f in ranked if f.weight == "suspect"]
        named = sorted(doubts, key=lambda f: f.cause is Cause.DOES_NOT_RUN)
    first = named[0] if named else None
    rest = [f for f in ranked if f is not first]
    return Verdict(
        case.name,
        "cause" if first else "healthy" if healthy else "cannot-say",
        first,
        _confidence(first, healthy),
        tuple(rest),
        exam.figures,
        exam.pictures,
        seconds,
        tuple(case.told),
        _curves(exam),
    )


def _without_dead_end(findings: list[Finding]) -> list[Finding]:
    """Take what follows from a last activation that passes nothing on for what it is."""
    if not any(f.cause is Cause.DEAD_UNITS for f in findings):
        return findings
    follows = {Cause.DEAD_UNITS, Cause.IGNORES_INPUT, Cause.NO_GRADIENT}
    return [replace(f, weight="note") if f.cause in follows else f for f in findings]


def _curves(exam: Exam) -> dict[str, list[float]]:
    """Give the losses of the trials that were made."""
    made = {"one batch": exam.__dict__.get("one"), "all batches": exam.__dict__.get("all")}
    return {name: trial.losses for name, trial in made.items() if trial is not None}


def _place(finding: Finding) -> tuple[int, int]:
    weights: Sequence[str] = ("fault", "suspect", "note")
    return weights.index(finding.weight), RANK[finding.cause]


def _confidence(finding: Finding | None, healthy: bool) -> Confidence:
    if finding is None:
        return "medium" if healthy else "low"
    if finding.tried:
        return "high"
    if finding.weight == "suspect":
        return "low"
    found = _SPEAKS.get(finding.cause, "high")
    return "medium" if found == "medium" else "low" if found == "low" else "high"
