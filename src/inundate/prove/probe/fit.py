"""One batch must be learnt by heart: if it is not, remedies are tried one by one."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from inundate.prove.answers import loss_of_fixed
from inundate.prove.case import Batch
from inundate.prove.cause import Cause
from inundate.prove.exam import Exam
from inundate.prove.finding import Finding, Weight
from inundate.prove.probe.data import channel_stats, gather
from inundate.prove.probe.noise import draws
from inundate.prove.probe.optimiser import without_penalty
from inundate.prove.probe.padding import find_padding, move_padding
from inundate.prove.trial import Remedy, run_trial

#: Makes another batch of one.
Change = Callable[[Batch], Batch]

__all__ = [
    "FITTED", "MOVED", "QUIET", "moved_padding", "probe_fit", "scaled_inputs", "scaled_target",
]  # fmt: skip

FITTED = 0.7  # progress from which a batch counts as learnt
MOVED = "with the padding at the other end"
QUIET = Remedy("without what is drawn at random", quiet=True)
_HELPS = 0.35
_MORE = 0.25  # by how much a remedy must be better than the user's own training
_FACTORS = (0.1, 10.0, 0.01, 100.0, 1e-3, 1e3)
_PATIENCE = 4  # times as many steps, before a rate is called too low
_MOST = 10  # rates that are tried
_RESTS = 0.02  # progress that cannot be told from none
_WILD = -0.5  # of the way, the wrong one: such steps are too long
_LOUD = 0.3  # deviation of outputs from draw to draw, of that between samples
_FALLS = 0.1  # of the way, by which the loss falls at a rate that is right
_LOWEST = 1e-7  # factor to which a wild rate is brought down


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
        reached = reach(exam, tried.remedy)
        exam.figures[f"one_batch, {tried.remedy.name}"] = reached
        if helps(reached, own):
            text = f"{tried.evidence}{told(exam, own)}, {tried.remedy.name} {percent(reached)}"
            found.append(Finding(tried.cause, "fault", text, tried.subject, tried=True))
            break
    return found or _rates(exam, own)


def told(exam: Exam, own: float) -> str:
    """Say how far the user's own training came on one batch."""
    broke = f" ({exam.one.broke})" if exam.one.broke else ""
    return f"on one batch the training comes {percent(own)}{broke} of the way to the right answer"


def percent(share: float) -> str:
    """Write a share; what went astray has none."""
    return f"{100 * max(share, -9.99):.0f} %" if math.isfinite(share) else "nowhere"


def helps(reached: float, own: float) -> bool:
    """Whether a remedy makes the difference."""
    return reached >= _HELPS and reached >= max(own, 0.0) + _MORE


def reach(exam: Exam, remedy: Remedy) -> float:
    """Give the progress on one batch with a remedy."""
    if remedy.batch is None or remedy.loss is not None:
        return exam.progress(exam.try_one(remedy).last, [exam.typical])
    batch = remedy.batch(exam.typical)
    if batch["target"] is exam.typical["target"]:
        return exam.progress(exam.try_one(remedy).last, [exam.typical])
    # other targets: what a constant answer costs is another too
    right = exam.answers.right(batch)
    flat = None if right is None else loss_of_fixed(exam.case, batch, torch.zeros_like(right))
    best = None if right is None else loss_of_fixed(exam.case, batch, right)
    if flat is None or best is None or flat <= best:
        return -math.inf
    trial = run_trial(
        exam.case, [exam.typical], exam.effort.remedy, remedy=remedy, seed=exam.seed,
        enough=best + 0.1 * (flat - best),
    )  # fmt: skip
    return (flat - trial.last) / (flat - best)


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
    if (draws(exam, training=True) or 0.0) > _LOUD:
        yield _Tried(Cause.NOISE_TOO_STRONG, QUIET, "", "")
    if Cause.VANISHING_GRADIENT not in suspects and Cause.BAD_START not in suspects:
        return
    yield _Tried(Cause.BAD_START, Remedy("with fresh weights", fresh=True), "", "")


def _is_noise(module: nn.Module) -> bool:
    return isinstance(module, nn.modules.dropout._DropoutNd) and module.p > 0


def scaled_inputs(exam: Exam) -> Change:
    """Make the function that brings each channel of a batch to mean 0 and deviation 1."""
    constants: dict[str, tuple[Tensor, Tensor]] = {}
    for name, tensor in exam.train[0]["inputs"].items():
        values = gather(exam.learnt, name)
        if values is None or not tensor.is_floating_point() or values.ndim < 2:
            continue
        mean, deviation = channel_stats(values)
        shape = (1, -1, *[1] * (values.ndim - 2))
        spread = torch.from_numpy(deviation).reshape(shape)
        constants[name] = (
            torch.from_numpy(mean).reshape(shape),
            torch.where(spread > 0, spread, 1.0),
        )

    def scale(batch: Batch) -> Batch:
        inputs = {
            name: ((value.double() - constants[name][0]) / constants[name][1]).to(value.dtype)
            if name in constants
            else value
            for name, value in batch["inputs"].items()
        }
        return {**batch, "inputs": inputs}

    return scale


def moved_padding(exam: Exam) -> Change:
    """Make the function that moves the padding of a batch to the other end."""
    padding = find_padding(exam.train)

    def move(batch: Batch) -> Batch:
        return batch if padding is None else move_padding(padding, batch)

    return move


def scaled_target(exam: Exam) -> Change:
    """Make the function that brings the targets of a batch to mean 0 and deviation 1."""
    mean, spread = float(exam.answers.prior.mean()), max(exam.answers.spread, 1e-12)

    def scale(batch: Batch) -> Batch:
        return {**batch, "target": (batch["target"] - mean) / spread}

    return scale


def _rates(exam: Exam, own: float) -> list[Finding]:
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
        if faded is not None and best > 1:
            return [Finding(faded.cause, "fault", faded.evidence, faded.subject)]
        cause = Cause.RATE_TOO_HIGH if best < 1 else Cause.RATE_TOO_LOW
        if best > 1 and _slow(exam):
            return []
        factor = 1 / best if best < 1 else best
        text = f"{told(exam, own)}, at {best:g} times the rate {percent(reached[best])}"
        # what comes a good way by itself is slow, not stuck: named only if nothing is learnt
        weight: Weight = "fault" if own < _HELPS else "suspect"
        return [Finding(cause, weight, text, f"{factor:g}", tried=True)]
    return _no_rate(exam, own, reached)


def _slow(exam: Exam) -> bool:
    """Whether a batch is learnt in more steps: some optimisers and schedules warm up first."""
    last = exam.try_one(enough=FITTED + _RESTS, times=_PATIENCE).last
    patient = exam.progress(last, [exam.typical])
    exam.figures["one_batch, more steps"] = patient
    if patient < FITTED:
        return False
    exam.figures["one_batch"] = patient
    return True


def _further(reached: dict[float, float]) -> list[float]:
    """Give the next factor where the last one on that side was the best by far."""
    low, high = min(reached), max(reached)
    if not reached[1.0] > _WILD and low > _LOWEST:  # the longest steps do not say how far down
        return [low / 10.0]
    if len(reached) > _MOST:
        return []
    ranked = sorted(reached, key=lambda factor: reached[factor])
    flat = reached[high] > -1.0 and reached[high] - min(reached.values()) < 0.02
    if flat or ranked[-1] == high:  # no rate so far moves the loss, or the highest does most
        return [high * 10.0]
    return [low / 10.0] if ranked[-1] == low else []


def _no_rate(exam: Exam, own: float, reached: dict[float, float]) -> list[Finding]:
    """Nothing helps alone: all remedies at once tell whether the network can do it at all."""
    everything = Remedy(
        "with fresh weights, scaled inputs and Adam", fresh=True, adam=3e-3, no_decay=True,
        plain=True, batch=scaled_inputs(exam),
    )  # fmt: skip
    last = reach(exam, everything)
    exam.figures["one_batch, all remedies"] = last
    best = max(reached, key=lambda factor: reached[factor])
    if helps(last, own) and _rests(exam, own) and (best > 1 or reached[best] < own + _RESTS):
        # the user's steps are too small to be seen, larger ones go the right way, and Adam learns
        text = f"{told(exam, own)}, where it began, at {best:g} times the rate "
        text += f"{percent(reached[best])}; {everything.name} {percent(last)}"
        return [Finding(Cause.RATE_TOO_LOW, "suspect", text, f"{best:g} or more")]
    astray = _astray(exam, own, reached)
    if astray:
        return astray
    if helps(last, own):
        return []  # several faults at once: which, the other findings must say
    text = (
        f"{told(exam, own)}, at the best of {len(reached)} rates {percent(reached[best])}, with "
        f"all remedies at once {percent(last)}"
    )
    return [Finding(Cause.CANNOT_FIT, "suspect", text)]


def _astray(exam: Exam, own: float, reached: dict[float, float]) -> list[Finding]:
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
