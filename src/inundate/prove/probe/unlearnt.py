"""Why samples that were not trained on are not predicted."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

from inundate.prove.cause import Cause
from inundate.prove.exam import Exam, Skill
from inundate.prove.finding import Finding
from inundate.prove.known import worth
from inundate.prove.probe.copies import cut_from_one
from inundate.prove.probe.identity import identity
from inundate.prove.probe.mended import far_better, otherwise, skill_with
from inundate.prove.probe.rare_missed import rare_missed
from inundate.prove.probe.reference import plain_skill
from inundate.prove.probe.stand_in import stand_in_skill
from inundate.prove.probe.steps_away import steps_away
from inundate.prove.probe.usual_rate import comes_on
from inundate.prove.trial import Remedy, run_trial

__all__ = [
    "CALMER", "better_rates", "by_heart", "far_less", "of_few", "other_kind", "rates",
    "why", "wild_rate",
]  # fmt: skip

_FACTORS = (0.1, 10.0, 0.01)
_NEAR = 0.3  # of one batch: what learns less has a fault that is nearer than its data
_AROUND = 0.02  # of the variance of a target, that chance explains
_GOOD = 0.4  # skill on left-out training samples, beside none on validation samples
_HEART = 0.7  # of one batch, from which it is known by heart
_BY_HEART = 0.9  # skill on samples that were trained on, from which those are known by heart
_FORGOT = 0.25  # of skill, that is not there on other samples
_PLAIN = 0.3  # skill of a simple learner that a sound model would come near to
_WILD = 0.2  # of Adam and its like
_LEAP = 8.0  # times the first loss
_SHAKEN = 30  # steps
_GROWN = 10.0  # times the first rate
_FAR_MORE = 0.3  # of skill
_ADAM = 2e-3
_ENOUGH = 100  # samples from which "there is nothing to learn" can be said
CALMER = (0.1, 0.01, 1e-3, 1e-4, 1e-5)  # rates that are tried where the loss has gone astray


def of_few(exam: Exam, seen: Skill, unseen: Skill) -> list[Finding]:
    """See whether there are too few samples to know more than those."""
    samples = sum(len(batch["target"]) for batch in exam.learnt)
    # a map is many samples, but for a handful beside far more to validate on
    few = any(f.cause is Cause.MEMORISES and f.weight == "suspect" for f in exam.findings)
    if samples >= _ENOUGH or (exam.typical["target"].ndim > 2 and not few):
        return []
    # a likelihood may be better than what counts as right: such skill is above 1
    if seen.value < _BY_HEART or unseen.value > min(seen.value, 1.0) - _FORGOT:
        return []
    text = (
        f"skill is {seen.value:.2f} on the {samples} samples that were trained on and "
        f"{unseen.value:.2f} on others"
    )
    return [Finding(Cause.MEMORISES, "fault", text)]


def by_heart(seen: Skill, unseen: Skill, reference: Skill | None) -> list[Finding]:
    """See whether far less is known of unseen samples than a simple learner finds there."""
    if reference is None or reference.p_value > 0.01 or reference.value < _PLAIN:
        return []
    if seen.value < _BY_HEART or unseen.value > 0.5 * reference.value:
        return []
    text = (
        f"skill is {seen.value:.2f} on samples that were trained on and {unseen.value:.2f} on "
        f"others; the best of a ridge regression and nearest neighbours has {reference.value:.2f}"
    )
    return [Finding(Cause.MEMORISES, "fault", text)]


def why(exam: Exam, seen: Skill, unseen: Skill, reference: Skill | None) -> list[Finding]:
    """Name why unseen samples are not predicted."""
    false = _by_heart_alone(exam, reference)
    if false:
        return false
    if exam.one_progress < _NEAR:
        return _nothing_around(exam)  # the cause is nearer, but for maps
    if not seen.there or exam.all.broke:
        found = rates(exam)
        if found:
            return found
    found = other_kind(exam, seen, unseen) or otherwise(exam, unseen)
    return found or rare_missed(exam, seen) or _unrelated(exam, seen, unseen, reference)


def _by_heart_alone(exam: Exam, reference: Skill | None) -> list[Finding]:
    """See whether another rate, which learns one batch by heart, learns anything of others."""
    rate = next(
        (f for f in exam.findings if f.cause is Cause.RATE_TOO_LOW and f.weight == "fault"), None
    )
    plain = reference is not None and reference.value > _PLAIN and reference.p_value < 0.01
    if rate is None or not rate.tried or not plain or "rate_gone" in exam.figures:
        return []
    for factor in (float(rate.subject), float(rate.subject) / 10.0):
        trial = run_trial(
            exam.case, exam.learnt, exam.effort.all_batches,
            remedy=Remedy(f"at {factor:g} times the rate", rate=factor), seed=exam.seed,
        )  # fmt: skip
        if not trial.broke and exam.skill(trial.model, exam.valid).there:
            return []
    by_adam = skill_with(exam, Remedy("by Adam", adam=_ADAM, plain=True))
    if by_adam is not None and by_adam.there:
        return []  # the model can do it, if not by this optimiser in so few steps
    exam.findings[:] = [replace(f, weight="note") if f is rate else f for f in exam.findings]
    text = (
        f"{rate.evidence}; but of other samples nothing is learnt so, and a simple learner has a "
        f"skill of {reference.value if reference else 0.0:.2f}"
    )
    return [Finding(Cause.CANNOT_FIT, "suspect", text)]


def _nothing_around(exam: Exam) -> list[Finding]:
    """See whether targets of maps have nothing to do with what is around them.

    A network that reads places alone cannot learn even one batch of those by heart.
    """
    told = [exam.figures.get(f"explained_{where}") for where in ("as_it_is", "in_validation")]
    if None in told or max(value for value in told if value is not None) > _AROUND:
        return []
    text = (
        "what is around a place explains nothing of the target there, as it is and in any turn, in "
        "training and in validation"
    )
    return [Finding(Cause.TARGETS_UNRELATED, "suspect", text)]


def far_less(exam: Exam, seen: Skill, unseen: Skill) -> bool:
    """Whether so much less is known of validation samples that those may be of another kind.

    Not asked of maps, where pieces of training samples may be cut from one another.
    """
    sparse = exam.typical["target"].ndim <= 2
    return sparse and seen.value > 1.5 * _GOOD and unseen.value < _GOOD


def other_kind(exam: Exam, seen: Skill, unseen: Skill) -> list[Finding]:
    """Leave out some training batches: where those are predicted, validation is what differs."""
    cut = len(exam.learnt) - max(1, len(exam.learnt) // 5)
    if exam.case.valid is None or exam.case.trained or cut < 2 or not seen.there:
        return []
    if not worth(exam, Cause.SPLIT_SHIFT) or cut_from_one(exam.learnt[cut:], exam.learnt[:cut]):
        return []
    trial = run_trial(exam.case, exam.learnt[:cut], exam.effort.all_batches, seed=exam.seed)
    if trial.broke:
        return []
    left_out = exam.skill(trial.model, exam.learnt[cut:])
    exam.figures["skill_left_out"] = left_out.value
    if not left_out.there or left_out.value < max(_GOOD, unseen.value + _GOOD):
        return []
    text = (
        f"training samples that were left out are predicted with a skill of {left_out.value:.2f}, "
        f"validation samples with {unseen.value:.2f}"
    )
    return [Finding(Cause.SPLIT_SHIFT, "fault", text, "what the model reads", tried=True)]


def rates(exam: Exam, factors: Sequence[float] = _FACTORS) -> list[Finding]:
    """Train over all batches at other rates, and see whether unseen samples are predicted then."""
    if not worth(exam, Cause.RATE_TOO_HIGH, Cause.RATE_TOO_LOW):
        return []
    for factor in factors:
        trial = run_trial(
            exam.case, exam.learnt, exam.effort.all_batches,
            remedy=Remedy(f"at {factor:g} times the rate", rate=factor), seed=exam.seed,
        )  # fmt: skip
        if trial.broke:
            continue
        skill = exam.skill(trial.model, exam.valid)
        exam.figures[f"skill_valid, {factor:g} times the rate"] = skill.value
        calm = factors is _FACTORS or exam.progress(trial.last, exam.learnt) > 0.0
        if calm and skill.there and max(skill.value, skill.progress) > 0.15:
            cause = Cause.RATE_TOO_HIGH if factor < 1 else Cause.RATE_TOO_LOW
            how = "finds nothing" if factors is _FACTORS else "goes astray"
            text = (
                f"over all batches the training {how}{_broke(exam)}; at {factor:g} times the rate "
                f"its skill on unseen samples is {skill.value:.2f}"
            )
            return [Finding(cause, "fault", text, f"{max(factor, 1 / factor):g}", tried=True)]
    return []


def wild_rate(exam: Exam) -> bool:
    """Whether the rate is one that shakes a model: too large for its optimiser, or losses leap."""
    if exam.case.trained or len(exam.all.losses) < _SHAKEN:
        return False
    optimiser = exam.case.pair()[1]
    kind = type(optimiser).__name__.lower()
    adaptive = "adam" in kind or "rms" in kind
    leaps = max(exam.all.losses) > _LEAP * abs(exam.all.first) > 0.0
    return leaps or (adaptive and max(exam.all.rates) > _WILD)


def better_rates(
    exam: Exam,
    unseen: Skill,
    factors: Sequence[float] = (0.1, 0.01, 10.0),
    *,
    far_more: bool = True,
) -> list[Finding]:
    """Train at other rates where little is learnt: what is learnt far better so had a wrong one.

    Without ``far_more`` it is enough that far less is left.
    """
    own = exam.all.rates
    tried = [Remedy(f"at {factor:g} times the rate", rate=factor) for factor in factors]
    if own and max(own) > _GROWN * own[0] > 0.0:
        tried.insert(0, Remedy("with the rate held at its first value", held=True))
    if not worth(exam, Cause.RATE_TOO_HIGH, Cause.RATE_TOO_LOW):
        return []
    for remedy in tried:
        trial = run_trial(
            exam.case, exam.learnt, exam.effort.all_batches, remedy=remedy, seed=exam.seed
        )
        if trial.broke:
            continue
        skill = exam.skill(trial.model, exam.valid)
        exam.figures[f"skill_valid, {remedy.name}"] = skill.value
        more = skill.value > max(unseen.value, 0.0) + _FAR_MORE
        nearer = skill.progress > max(unseen.progress, 0.0) + _FAR_MORE
        nearer = nearer or not far_more
        if skill.there and (more or (nearer and far_better(skill, unseen))):
            if remedy.rate > 1 and comes_on(exam, unseen):
                continue
            cause = Cause.RATE_TOO_LOW if remedy.rate > 1 else Cause.RATE_TOO_HIGH
            text = (
                f"skill on unseen samples is {max(unseen.value, -9.99):.2f}, and {skill.value:.2f} "
                f"{remedy.name}"
            )
            factor = max(remedy.rate, 1 / remedy.rate)
            return [Finding(cause, "fault", text, f"{factor:g}", tried=True, firm=True)]
    return []


def _broke(exam: Exam) -> str:
    return f" ({exam.all.broke})" if exam.all.broke else ""


def _unrelated(exam: Exam, seen: Skill, unseen: Skill, reference: Skill | None) -> list[Finding]:
    samples = sum(len(batch["target"]) for batch in exam.learnt)
    dense = exam.learnt[0]["target"].ndim > 2  # a map is many targets
    value = unseen.value if math.isfinite(unseen.value) else -9.99
    text = (
        f"skill is {seen.value:.2f} on samples that were trained on and {value:.2f} (p = "
        f"{unseen.p_value:.2g}) on others"
    )
    if reference is None:
        plain = None if exam.comparable else plain_skill(exam)
        if plain is not None and plain.value < _AROUND and _fits(exam):
            text += f"; of the targets themselves a simple learner explains {plain.value:.2f}"
            return [Finding(Cause.TARGETS_UNRELATED, "suspect", text)]
        return [Finding(Cause.MEMORISES, "suspect", text)] if seen.there else []
    told = (
        f"{text}; the best of a ridge regression and nearest neighbours has {reference.value:.2f}"
    )
    if reference.value > 0.05 and reference.p_value < 0.01:
        by_heart = seen.value > 0.5 and unseen.value < 0.5 * seen.value
        if by_heart:
            return [Finding(Cause.MEMORISES, "fault", told)]
        little = not seen.there or seen.value < _FORGOT
        return [Finding(Cause.CANNOT_FIT, "suspect", told)] if little else []
    if samples < (_ENOUGH // 2 if dense else _ENOUGH):
        if seen.value < _BY_HEART:
            return []
        return [Finding(Cause.MEMORISES, "suspect", f"{told}; there are {samples} samples")]
    if not worth(exam, Cause.CANNOT_FIT, Cause.MEMORISES, Cause.TARGETS_UNRELATED):
        return []
    own = stand_in_skill(exam)
    if own is not None and own.there and own.value > max(_PLAIN, unseen.value + _PLAIN):
        told += f", and a small network of the doctor's own {own.value:.2f}"
        return steps_away(exam, own) or [Finding(Cause.CANNOT_FIT, "fault", told, firm=True)]
    each = identity(exam)
    if each:
        told += (
            f"; {each[0]!r} is another number in nearly each sample, and in validation none of them"
        )
        return [Finding(Cause.MEMORISES, "fault", told, each[0])]
    moved = next((f for f in exam.findings if f.cause is Cause.TARGETS_MISPAIRED), None)
    if moved is not None:  # which is no fault by itself, and explains why nothing follows
        return [replace(moved, weight="fault", evidence=f"{moved.evidence}; {told}")]
    return [Finding(Cause.TARGETS_UNRELATED, "fault", told)]


def _fits(exam: Exam) -> bool:
    """Whether one batch is known by heart: nothing but the data is left to be wrong."""
    return exam.one_progress >= _HEART
