"""From findings to one named cause, or to "healthy", or to "cannot say": :func:`diagnose`."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from inundate.core.errors import DataError
from inundate.prove.afford import affordable, step_cost
from inundate.prove.blame import of_model, of_user
from inundate.prove.case import Case
from inundate.prove.cause import RANK, Cause
from inundate.prove.exam import Effort, Exam
from inundate.prove.finding import Finding
from inundate.prove.follows import settle
from inundate.prove.kept import let_go
from inundate.prove.known import worth
from inundate.prove.pictures import draw
from inundate.prove.probe.ahead import probe_ahead
from inundate.prove.probe.breaks import probe_breaks
from inundate.prove.probe.centred import probe_centred
from inundate.prove.probe.crossed import probe_crossed
from inundate.prove.probe.data import probe_finite, probe_inputs, probe_target
from inundate.prove.probe.drift import probe_drift
from inundate.prove.probe.each_input import probe_each_input
from inundate.prove.probe.finite import probe_finite_output
from inundate.prove.probe.fit import MOVED, probe_fit
from inundate.prove.probe.fresh import probe_fresh
from inundate.prove.probe.goes_on import probe_goes_on
from inundate.prove.probe.gradient import probe_gradient
from inundate.prove.probe.ground import probe_ground
from inundate.prove.probe.halves import probe_halves
from inundate.prove.probe.laid import probe_laid
from inundate.prove.probe.layout import probe_layout
from inundate.prove.probe.learn import learns, probe_learn
from inundate.prove.probe.linear import probe_linear
from inundate.prove.probe.loader import probe_loader
from inundate.prove.probe.loss import probe_loss
from inundate.prove.probe.metric import probe_metric
from inundate.prove.probe.mixing import probe_mixing
from inundate.prove.probe.noise import probe_noise
from inundate.prove.probe.optimiser import (
    probe_optimiser,
    probe_resting,
    probe_schedule,
    probe_step,
)
from inundate.prove.probe.outdone import probe_outdone
from inundate.prove.probe.padding import probe_padding
from inundate.prove.probe.pull import probe_pull
from inundate.prove.probe.range import probe_range
from inundate.prove.probe.relation import probe_axes, probe_target_in_input
from inundate.prove.probe.relief import probe_relief
from inundate.prove.probe.reorders import probe_reorders
from inundate.prove.probe.reshaped import probe_reshaped
from inundate.prove.probe.rounded import probe_rounded
from inundate.prove.probe.runs import probe_runs
from inundate.prove.probe.split import probe_split
from inundate.prove.probe.start import probe_start
from inundate.prove.probe.still import probe_still
from inundate.prove.probe.tells import probe_tells
from inundate.prove.probe.turned import probe_turned
from inundate.prove.probe.two_ways import probe_two_ways
from inundate.prove.probe.use import probe_use
from inundate.prove.probe.water import probe_water
from inundate.prove.probe.weighed import probe_weighed
from inundate.prove.side_by_side import side_by_side
from inundate.prove.time_first import samples_first

__all__ = ["PROBES", "TRAINING", "Confidence", "Verdict", "decide", "diagnose"]

Confidence = Literal["high", "medium", "low"]
Probe = Callable[[Exam], list[Finding]]

#: Probes in their order. Of the first group each ends the examination if it finds a fault: what
#: cannot be run, or holds NaN, cannot be trained. The others all run.
FIRST: tuple[Probe, ...] = (probe_runs, probe_finite, probe_loader, probe_finite_output)
PROBES: tuple[Probe, ...] = (
    probe_each_input, probe_reorders, probe_inputs, probe_drift, probe_target, probe_split,
    probe_target_in_input, probe_tells, probe_centred, probe_goes_on, probe_ahead, probe_axes,
    probe_turned, probe_relief, probe_ground, probe_water, probe_reshaped, probe_layout,
    probe_laid, probe_loss, probe_crossed, probe_weighed, probe_metric, probe_optimiser,
    probe_step, probe_halves,
)  # fmt: skip
#: These train the model, and name what comes later in the order of causes, but for a few.
TRAINING: tuple[Probe, ...] = (
    probe_mixing, probe_start, probe_breaks, probe_gradient, probe_padding, probe_linear,
    probe_fit, probe_still, probe_fresh, probe_resting, probe_schedule, probe_use, probe_range,
    probe_noise, probe_learn, probe_pull, probe_two_ways, probe_outdone, probe_rounded,
)  # fmt: skip

_SPEED = {
    Cause.RATE_TOO_HIGH, Cause.RATE_TOO_LOW, Cause.DECAY_TOO_STRONG, Cause.NOISE_TOO_STRONG,
    Cause.BAD_START, Cause.SATURATED, Cause.TARGET_SCALE, Cause.CANNOT_FIT,
    Cause.VANISHING_GRADIENT,
}  # fmt: skip
#: Of these none takes samples out of their batches, or exchanges them: what is asked where inputs
#: have no row for each sample, as words of a batch in one row with the places where texts begin.
OF_BATCHES: frozenset[Probe] = frozenset((
    probe_target, probe_split, probe_loss, probe_weighed, probe_metric, probe_optimiser, probe_step,
    probe_halves, probe_start, probe_breaks, probe_gradient, probe_fit, probe_still, probe_fresh,
    probe_resting, probe_schedule, probe_range, probe_noise, probe_learn, probe_pull,
))  # fmt: skip

#: Forms of batches that are brought to the usual one, and what is said of it.
_READ: Mapping[Callable[[Exam], Case | None], str] = {
    lambda exam: side_by_side(exam.case, exam.train, exam.output): (
        "the model gives several outputs: what it learns is known by the loss alone"
    ),
    lambda exam: samples_first(exam.case, exam.train): (
        "batches have time before the samples: they were read with samples first"
    ),
}

_BESIDE = 4  # findings that people are told beside the one that is named
_OF_TRAINING = (Cause.IGNORES_INPUT, Cause.NO_GRADIENT, *_SPEED)
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


def diagnose(case: Case, *, effort: Effort | None = None, seed: int = 0) -> Verdict:
    """Examine a model and name why it does not learn.

    Parameters
    ----------
    case : Case
        Stays as it is: copies are trained.
    effort : Effort, optional
        How long is tried.
    seed : int
        Of the trials.

    Raises
    ------
    DataError
        If its batches have no form that is known.
    """
    began = time.monotonic()
    exam = Exam(case, effort or Effort(), seed)
    broken: list[str] = []
    for read, line in _READ.items():
        case_read = _read_as(read, exam)
        if case_read is not None:
            exam = Exam(case_read, exam.effort, seed)
            broken.append(line)
    for probe in FIRST:
        found = _asked(probe, exam, broken)
        exam.findings += found
        if any(finding.weight == "fault" for finding in found):
            return decide(exam, seconds=time.monotonic() - began)
    broken += _shortened(exam)
    if not exam.apart:
        broken.append(
            "inputs have no row for each sample of a batch: nothing was asked of single samples"
        )
    for probe in (*PROBES, *TRAINING):
        if not exam.apart and probe not in OF_BATCHES:
            continue
        exam.findings += [  # all batches have been run: what fails now may do so for a change
            replace(f, weight="suspect") if f.cause is Cause.DOES_NOT_RUN else f
            for f in _asked(probe, exam, broken)
        ]
        if probe is PROBES[-1] and _told_already(exam):
            broken.append("no training was made: steps are dear, and the cause is known without")
            verdict = decide(exam, seconds=time.monotonic() - began)
            return replace(verdict, told=(*verdict.told, *broken))
    exam.findings += _asked(_drawn, exam, broken)
    verdict = decide(exam, seconds=time.monotonic() - began)
    return replace(verdict, told=(*verdict.told, *broken))


def _read_as(read: Callable[[Exam], Case | None], exam: Exam) -> Case | None:
    """Give the case with batches that are read otherwise, if they must be and it can be run."""
    try:
        return read(exam)
    except Exception:  # noqa: BLE001  what is wrong with the batches is told by the first probes
        return None


def _shortened(exam: Exam) -> list[str]:
    """Make the trials as long as a step of the model allows, and say so."""
    try:
        cost = step_cost(exam)
    except Exception:  # noqa: BLE001  a model that cannot be counted is examined at full length
        return []
    usual, exam.effort = exam.effort, affordable(exam.effort, cost)
    exam.figures["cost_of_a_step"] = cost
    if exam.effort == usual:
        return []
    exam.figures["trials_shortened"] = exam.effort.all_batches / usual.all_batches
    return [
        f"a step takes about {cost:.2g} s: trials over all batches had {exam.effort.all_batches} "
        f"steps, not {usual.all_batches}, and those with remedies as much fewer"
    ]


def _told_already(exam: Exam) -> bool:
    """Whether a model whose steps are dear has a fault that no training could explain away."""
    return "trials_shortened" in exam.figures and not worth(exam, *_OF_TRAINING)


def _drawn(exam: Exam) -> list[Finding]:
    exam.pictures |= draw(exam)
    return []


def _asked(probe: Probe, exam: Exam, broken: list[str]) -> list[Finding]:
    """Ask a probe. An error of the model is its finding; one of the probe itself is told."""
    told = exam.apart or probe in FIRST  # others may have cut such batches at the wrong places
    try:
        return probe(exam)
    except DataError as error:
        if told and of_model(error):
            return [Finding(Cause.DOES_NOT_RUN, "fault", f"{type(error).__name__}: {error}")]
        raise  # its message says already what to do
    except Exception as error:  # noqa: BLE001  one probe must not end the examination
        first = str(error).splitlines()[0] if str(error) else ""
        if told and of_user(error):
            return [Finding(Cause.DOES_NOT_RUN, "fault", f"{type(error).__name__}: {first}")]
        name = probe.__name__.removeprefix("probe_").strip("_")
        broken.append(f"the probe {name!r} could not be run: {type(error).__name__}: {first}")
        return []
    finally:
        for model in exam.models:
            let_go(model)


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
        slow = _SPEED - ({Cause.RATE_TOO_LOW} if "rate_gone" in exam.figures else set())
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
