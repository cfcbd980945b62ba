"""Other learning rates on one batch: the range test."""

from __future__ import annotations

from inundate.prove.cause import Cause
from inundate.prove.exam import Exam
from inundate.prove.finding import Finding, Weight
from inundate.prove.probe.changes import scaled_inputs
from inundate.prove.probe.deep import NORMED, is_deep, narrow_place, normed
from inundate.prove.probe.reach import FITTED, HELPS, helps, percent, reach, told
from inundate.prove.probe.stacked import STACK
from inundate.prove.probe.usual_rate import comes_on, usual_rate
from inundate.prove.trial import Remedy

__all__ = ["OF_RATES", "astray", "rates"]

#: What other rates can tell.
OF_RATES = (
    Cause.RATE_TOO_HIGH, Cause.RATE_TOO_LOW, Cause.VANISHING_GRADIENT, Cause.CANNOT_FIT,
)  # fmt: skip

_FACTORS = (0.1, 10.0, 0.01, 100.0, 1e-3, 1e3)
_PATIENCE = 4  # times as many steps, before a rate is called too low
_MOST = 10  # rates that are tried
_RESTS = 0.02  # progress that cannot be told from none
_WILD = -0.5  # of the way, the wrong one: such steps are too long
_FALLS = 0.1  # of the way, by which the loss falls at a rate that is right
_PATIENT = 3  # times as many steps for many layers
_TINY = 1e-6  # of a loss, that can be learnt: Adam does not see its gradient either
_LOWEST = 1e-7  # factor to which a wild rate is brought down


def rates(exam: Exam, own: float) -> list[Finding]:
    """Try other learning rates from the same start: the range test."""
    reached = {1.0: own}
    factors = list(_FACTORS)
    for factor in factors:
        reached[factor] = reach(exam, Remedy(f"at {factor:g} times the rate", rate=factor))
        exam.figures[f"one_batch, {factor:g} times the rate"] = reached[factor]
        if helps(reached[factor], own) and reached[factor] > 0.9:
            break
        if factor == factors[-1]:  # the best may lie further out
            factors += _further(reached)
    best = max(reached, key=lambda factor: reached[factor])
    if best != 1.0 and helps(reached[best], own):
        faded = next((f for f in exam.findings if f.cause is Cause.VANISHING_GRADIENT), None)
        if faded is not None and best > 1 and STACK not in exam.figures:
            return [Finding(faded.cause, "fault", faded.evidence, faded.subject)]
        cause = Cause.RATE_TOO_HIGH if best < 1 else Cause.RATE_TOO_LOW
        if best > 1 and (_slow(exam) or _under_way(exam)):
            return []
        factor = 1 / best if best < 1 else best
        text = f"{told(exam, own)}, at {best:g} times the rate {percent(reached[best])}"
        # what comes a good way by itself is slow, not stuck: named only if nothing is learnt
        weight: Weight = "fault" if own < HELPS else "suspect"
        return [Finding(cause, weight, text, f"{factor:g}", tried=True)]
    return usual_rate(exam) or _no_rate(exam, own, reached)


def _slow(exam: Exam) -> bool:
    """Whether a batch is learnt in more steps: some optimisers and schedules warm up first."""
    last = exam.try_one(enough=FITTED + _RESTS, times=_PATIENCE).last
    patient = exam.progress(last, [exam.typical])
    exam.figures["one_batch, more steps"] = patient
    if patient < FITTED:
        return False
    exam.figures["one_batch"] = patient
    return True


def _under_way(exam: Exam) -> bool:
    """Whether unseen samples are learnt at the usual rate, and more of them in more steps."""
    if exam.case.trained or exam.all.broke:
        return False
    return comes_on(exam, exam.skill(exam.all.model, exam.valid))


def _further(reached: dict[float, float]) -> list[float]:
    """Give the next factor where the last one on that side was the best by far."""
    low, high = min(reached), max(reached)
    if _past(reached):
        return []
    if not reached[1.0] > _WILD and low > _LOWEST:  # the longest steps do not say how far down
        return [low / 10.0]
    if len(reached) > _MOST:
        return []
    ranked = sorted(reached, key=lambda factor: reached[factor])
    flat = reached[high] > -1.0 and reached[high] - min(reached.values()) < 0.02
    if flat or ranked[-1] == high:  # no rate so far moves the loss, or the highest does most
        return [high * 10.0]
    return [low / 10.0] if ranked[-1] == low else []


def _past(reached: dict[float, float]) -> bool:
    """Whether a lower rate helps, and the lowest one less."""
    lower = sorted(factor for factor in reached if factor < 1.0)
    best = max(lower, key=lambda factor: reached[factor])
    return helps(reached[best], reached[1.0]) and reached[lower[0]] < reached[best] - _FALLS


def _no_rate(exam: Exam, own: float, reached: dict[float, float]) -> list[Finding]:
    """Nothing helps alone: all remedies at once tell whether the network can do it at all."""
    best_loss, constant = exam.levels([exam.typical])
    tiny = 0.0 < constant - best_loss < _TINY
    everything = Remedy(
        f"with fresh weights, scaled inputs{', a larger loss' if tiny else ''} and Adam",
        fresh=True, adam=3e-3, no_decay=True, plain=True, batch=scaled_inputs(exam),
        loss=(lambda model, batch: exam.case.loss(model, batch) / (constant - best_loss))
        if tiny else None,
    )  # fmt: skip
    if tiny:  # its losses are the larger ones
        last = exam.try_one(everything).last * (constant - best_loss)
        last = exam.progress(last, [exam.typical])
    else:
        last = reach(exam, everything)
    exam.figures["one_batch, all remedies"] = last
    best = max(reached, key=lambda factor: reached[factor])
    if helps(last, own) and _rests(exam, own) and (best > 1 or reached[best] < own + _RESTS):
        # the user's steps are too small to be seen, larger ones go the right way, and Adam learns
        text = f"{told(exam, own)}, where it began, at {best:g} times the rate "
        text += f"{percent(reached[best])}; {everything.name} {percent(last)}"
        return [Finding(Cause.RATE_TOO_LOW, "suspect", text, f"{best:g} or more")]
    wild = astray(exam, own, reached)
    if wild:
        return wild
    place = narrow_place(exam.case.model)
    if helps(last, own) and place:
        text = f"{told(exam, own)}; all that is told goes through the one unit of {place}"
        return [Finding(Cause.CANNOT_FIT, "suspect", text)]
    if helps(last, own):
        return []  # several faults at once: which, the other findings must say
    text = (
        f"{told(exam, own)}, at the best of {len(reached)} rates {percent(reached[best])}, with "
        f"all remedies at once {percent(last)}"
    )
    if is_deep(exam.case.model) and "line" not in exam.figures:  # nothing fades in one line
        level = Remedy(NORMED, prepare=normed, adam=3e-3, plain=True)
        levelled = exam.progress(exam.try_one(level, times=_PATIENT).last, [exam.typical])
        exam.figures[f"one_batch, {NORMED}"] = levelled
        if helps(levelled, max(own, last)):
            text += f", and {NORMED} {percent(levelled)}: what is read fades on its way"
            weight: Weight = "fault" if own < HELPS else "suspect"
            subject = "the first layers"
            return [Finding(Cause.VANISHING_GRADIENT, weight, text, subject, tried=True)]
    return [Finding(Cause.CANNOT_FIT, "suspect", text)]


def astray(exam: Exam, own: float, reached: dict[float, float]) -> list[Finding]:
    """See whether the loss rises at the user's rate and falls at a lower one, if only slowly."""
    begin = exam.progress(exam.one.first, [exam.typical])
    lower = {factor: value for factor, value in reached.items() if factor < 1}
    best = max(lower, key=lambda factor: lower[factor], default=1.0)
    if best == 1.0 or not own < begin + _WILD or not lower[best] > begin + _FALLS:
        return []
    text = (
        f"{told(exam, own)}, from {percent(begin)} at first; at {best:g} times the rate "
        f"{percent(lower[best])}"
    )
    return [Finding(Cause.RATE_TOO_HIGH, "suspect", text, f"{1 / best:g}")]


def _rests(exam: Exam, own: float) -> bool:
    """Whether the loss on one batch is where it began."""
    return abs(own - exam.progress(exam.one.first, [exam.typical])) < _RESTS
