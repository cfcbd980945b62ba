"""All probes in their order, asked one after the other: :func:`diagnose`."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace

from inundate.core.errors import DataError
from inundate.prove.afford import affordable, step_cost
from inundate.prove.blame import of_model, of_user
from inundate.prove.case import Case
from inundate.prove.cause import Cause
from inundate.prove.decide import SPEED, Verdict, decide
from inundate.prove.exam import Effort, Exam
from inundate.prove.finding import Finding
from inundate.prove.kept import let_go
from inundate.prove.known import worth
from inundate.prove.pictures import draw
from inundate.prove.probe.ahead import probe_ahead
from inundate.prove.probe.breaks import probe_breaks
from inundate.prove.probe.brightness import probe_brightness
from inundate.prove.probe.centred import probe_centred
from inundate.prove.probe.crossed import probe_crossed
from inundate.prove.probe.data import probe_finite, probe_inputs, probe_target
from inundate.prove.probe.drift import probe_drift
from inundate.prove.probe.each_input import probe_each_input
from inundate.prove.probe.finite import probe_finite_output
from inundate.prove.probe.fit import probe_fit
from inundate.prove.probe.fresh import probe_fresh
from inundate.prove.probe.goes_on import probe_goes_on
from inundate.prove.probe.gradient import probe_gradient
from inundate.prove.probe.ground import probe_ground
from inundate.prove.probe.halves import probe_halves
from inundate.prove.probe.laid import probe_laid
from inundate.prove.probe.layout import probe_layout
from inundate.prove.probe.learn import probe_learn
from inundate.prove.probe.linear import probe_linear
from inundate.prove.probe.loader import probe_loader
from inundate.prove.probe.loss import probe_loss
from inundate.prove.probe.metric import probe_metric
from inundate.prove.probe.mixing import probe_mixing
from inundate.prove.probe.nearly import probe_nearly
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

__all__ = ["FIRST", "OF_BATCHES", "PROBES", "TRAINING", "diagnose"]

Probe = Callable[[Exam], list[Finding]]

#: Probes in their order. Of the first group each ends the examination if it finds a fault: what
#: cannot be run, or holds NaN, cannot be trained. The others all run.
FIRST: tuple[Probe, ...] = (
    probe_runs, probe_finite, probe_loader, probe_nearly, probe_finite_output,
)  # fmt: skip
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
    probe_noise, probe_brightness, probe_learn, probe_pull, probe_two_ways, probe_outdone,
    probe_rounded,
)  # fmt: skip

#: Of these none takes samples out of their batches, or exchanges them: what is asked where inputs
#: have no row for each sample, as words of a batch in one row with the places where texts begin.
OF_BATCHES: frozenset[Probe] = frozenset((
    probe_target, probe_split, probe_loss, probe_weighed, probe_metric, probe_optimiser, probe_step,
    probe_halves, probe_start, probe_breaks, probe_gradient, probe_fit, probe_still, probe_fresh,
    probe_resting, probe_schedule, probe_range, probe_noise, probe_learn, probe_pull,
))  # fmt: skip

#: Forms of batches that are brought to the usual one, and what is said of it.
_READ: tuple[tuple[Callable[[Exam], Case | None], str], ...] = (
    (
        lambda exam: side_by_side(exam.case, exam.train, exam.output),
        "the model gives several outputs: what it learns is known by the loss alone",
    ),
    (
        lambda exam: samples_first(exam.case, exam.train),
        "batches have time before the samples: they were read with samples first",
    ),
)

_OF_TRAINING = (Cause.IGNORES_INPUT, Cause.NO_GRADIENT, *SPEED)


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
    for read, line in _READ:
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
    told = probe in FIRST or exam.apart  # others may have cut such batches at the wrong places
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
