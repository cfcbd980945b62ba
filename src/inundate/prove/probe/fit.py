"""One batch must be learnt by heart: if it is not, remedies are tried one by one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from torch import nn

from inundate.prove.cause import Cause
from inundate.prove.exam import Exam
from inundate.prove.finding import Finding
from inundate.prove.known import worth
from inundate.prove.probe.changes import moved_padding, scaled_inputs, scaled_target
from inundate.prove.probe.deep import NORMED, is_deep, normed
from inundate.prove.probe.fresh import odd_weights
from inundate.prove.probe.noise import noiseless
from inundate.prove.probe.optimiser import without_penalty
from inundate.prove.probe.rates import OF_RATES, rates
from inundate.prove.probe.reach import FITTED, HELPS, helps, percent, reach, told
from inundate.prove.probe.softer import SOFTER, softened
from inundate.prove.trial import Remedy

__all__ = ["MOVED", "probe_fit"]

MOVED = "with the padding at the other end"
_USUAL = 0.3  # share that dropout may leave out without drowning what one batch says


@dataclass(frozen=True)
class _Tried:
    cause: Cause
    remedy: Remedy
    subject: str
    evidence: str


def probe_fit(exam: Exam) -> list[Finding]:
    """Train on one batch as the user does; where that fails, with one thing changed at a time."""
    own = exam.one_progress
    exam.figures["one_batch"] = own
    if own >= FITTED:
        return []
    found: list[Finding] = []
    for tried in _remedies(exam):
        if not worth(exam, tried.cause):
            continue
        reached = reach(exam, tried.remedy)
        exam.figures[f"one_batch, {tried.remedy.name}"] = reached
        if helps(reached, own):
            half = tried.cause is Cause.DECAY_TOO_STRONG and reached < FITTED
            noise = tried.cause is Cause.NOISE_TOO_STRONG
            calmer = _calmer(exam, max(own, reached) if half else own) if half or noise else []
            if calmer:
                return calmer
            text = f"{tried.evidence}{told(exam, own)}, {tried.remedy.name} {percent(reached)}"
            found.append(Finding(tried.cause, "fault", text, tried.subject, tried=True))
            break
    # what comes a good way is slow, if anything: too little to pay for where steps are dear
    slow = own >= HELPS and "trials_shortened" in exam.figures
    return found or (rates(exam, own) if not slow and worth(exam, *OF_RATES) else [])


def _calmer(exam: Exam, least: float) -> list[Finding]:
    """See whether a lower rate alone learns the batch, and far better than that.

    With all that is drawn at random, or with the decay, without which it is learnt by half.
    """
    for factor in (0.1, 0.01):
        reached = reach(exam, Remedy(f"at {factor:g} times the rate", rate=factor))
        exam.figures[f"one_batch, {factor:g} times the rate"] = reached
        if reached >= FITTED and helps(reached, least):
            text = f"{told(exam, exam.one_progress)}, at {factor:g} times the rate "
            text += percent(reached)
            return [Finding(Cause.RATE_TOO_HIGH, "fault", text, f"{1 / factor:g}", tried=True)]
    return []


def _remedies(exam: Exam) -> Iterator[_Tried]:
    """Give what is to be tried, what was suspected first."""
    suspects = {f.cause: f for f in exam.findings if f.weight == "suspect"}

    def of(cause: Cause) -> tuple[str, str]:
        finding = suspects[cause]
        return finding.subject, f"{finding.evidence}; "

    if exam.case.step is not None:
        yield _Tried(Cause.STEP_WRONG, Remedy("with a plain step", plain=True), "", "")
    if Cause.NO_GRADIENT in suspects:
        yield _Tried(
            Cause.NO_GRADIENT, Remedy("with all weights trained", thawed=True),
            *of(Cause.NO_GRADIENT),
        )  # fmt: skip
    if Cause.INPUT_SCALE in suspects:
        scaled = Remedy("with scaled inputs", batch=scaled_inputs(exam))
        yield _Tried(Cause.INPUT_SCALE, scaled, *of(Cause.INPUT_SCALE))
    if Cause.TARGET_SCALE in suspects:
        scaled = Remedy("with scaled targets", batch=scaled_target(exam))
        yield _Tried(Cause.TARGET_SCALE, scaled, *of(Cause.TARGET_SCALE))
    if Cause.PRECISION in suspects:
        whole = Remedy("in float32", whole=True)
        yield _Tried(Cause.PRECISION, whole, *of(Cause.PRECISION))
    if Cause.PADDING in suspects:
        moved = Remedy(MOVED, batch=moved_padding(exam))
        yield _Tried(Cause.PADDING, moved, *of(Cause.PADDING))
    for cause in (Cause.SYMMETRIC_START, Cause.SATURATED, Cause.BAD_START):
        if cause in suspects:
            yield _Tried(cause, Remedy("with fresh weights", fresh=True), *of(cause))
    softer = softened(exam) if Cause.SATURATED in suspects else None
    if softer is not None:
        remedy = Remedy(SOFTER, prepare=softer)
        yield _Tried(Cause.SATURATED, remedy, *of(Cause.SATURATED))
    faded = Cause.VANISHING_GRADIENT in suspects and is_deep(exam.case.model)
    if faded and not odd_weights(exam):  # before what helps one draw of the weights and not another
        level = Remedy(NORMED, prepare=normed)
        yield _Tried(Cause.VANISHING_GRADIENT, level, *of(Cause.VANISHING_GRADIENT))
    groups = exam.case.pair()[1].param_groups
    if any(group.get("weight_decay", 0) > 0 for group in groups):
        rates = ", ".join(sorted({f"{group['weight_decay']:g}" for group in groups}))
        remedy = Remedy("without weight decay", no_decay=True)
        yield _Tried(Cause.DECAY_TOO_STRONG, remedy, "", f"weight decay is {rates}; ")
    if "penalty" in exam.figures:
        remedy = Remedy("without what it adds for the weights", loss=without_penalty(exam))
        yield _Tried(Cause.DECAY_TOO_STRONG, remedy, *of(Cause.DECAY_TOO_STRONG))
    if any(_is_noise(module) for module in exam.case.model.modules()):
        yield _Tried(Cause.NOISE_TOO_STRONG, Remedy("without dropout", still=True), "", "")
    silent = noiseless(exam)
    if silent is not None:
        yield _Tried(Cause.NOISE_TOO_STRONG, silent, "", "")
    if Cause.VANISHING_GRADIENT not in suspects and Cause.BAD_START not in suspects:
        return
    if Cause.VANISHING_GRADIENT in suspects and not odd_weights(exam):
        return  # another draw of what layers draw by themselves is luck
    yield _Tried(Cause.BAD_START, Remedy("with fresh weights", fresh=True), "", "")


def _is_noise(module: nn.Module) -> bool:
    return isinstance(module, nn.modules.dropout._DropoutNd) and module.p > _USUAL
