"""What is learnt of all data: skill on unseen samples, and why there is none."""

from __future__ import annotations

import copy
import math
from collections.abc import Sequence
from dataclasses import replace

import torch

from inundate.prove.case import Batch
from inundate.prove.cause import Cause
from inundate.prove.exam import Exam, Skill
from inundate.prove.finding import Finding
from inundate.prove.probe.data import channel_stats, gather
from inundate.prove.probe.fit import percent
from inundate.prove.probe.mended import mended, otherwise, plainly
from inundate.prove.probe.reference import reference_skill
from inundate.prove.trial import Remedy, run_trial

__all__ = ["learns", "probe_learn"]

_FACTORS = (0.1, 10.0, 0.01)
_CALMER = (0.1, 0.01, 1e-3, 1e-4, 1e-5)  # where the loss has gone astray
_GAP = 0.4  # of the way to the right answer between training and evaluation mode
_WILD = -0.5  # of the way, the wrong one: what trains so has gone astray
_SOME = 0.3  # of what a simple learner finds: who is slow may have found that much
_NEAR = 0.3  # of one batch: what learns less has a fault that is nearer than its data
_GOOD = 0.4  # skill on left-out training samples, beside none on validation samples
_BY_HEART = 0.9  # skill on samples that were trained on, from which those are known by heart
_PLAIN = 0.3  # skill of a simple learner that a sound model would come near to
_ENOUGH = 100  # samples from which "there is nothing to learn" can be said


def learns(exam: Exam) -> bool:
    """Whether the model learns: one batch by heart, and something of unseen samples."""
    return "healthy" in exam.figures and exam.figures["healthy"] > 0


def probe_learn(exam: Exam) -> list[Finding]:
    """Train on all data as the user does, and score samples that were not trained on."""
    model = exam.all.model
    seen, unseen = exam.skill(model, exam.learnt), exam.skill(model, exam.valid)
    reference = reference_skill(exam)
    exam.figures |= {
        "skill_train": seen.value,
        "skill_valid": unseen.value,
        "progress_train": seen.progress,
        "progress_valid": unseen.progress,
    }
    if reference is not None:
        exam.figures |= {"reference_skill": reference.value, "reference_p": reference.p_value}
    # classes may be right most of the time while the loss is far beyond that of knowing nothing
    sound = seen.progress > _WILD
    enough = sound and _good(unseen, reference)
    one = exam.figures.get("one_batch", 1.0)
    exam.figures["enough"] = float(enough)
    narrow = any(f.cause is Cause.CANNOT_FIT and f.weight == "suspect" for f in exam.findings)
    some = sound and one >= _NEAR and _good(unseen, reference, share=_SOME) and not narrow
    exam.figures["healthy"] = float(unseen.there and sound and (enough or one >= 0.7 or some))
    found = _majority(exam) + _gap(exam) + _shift(exam, seen, unseen)
    found += mended(exam, unseen) + plainly(exam, unseen)
    if found:
        return found
    if not sound and not exam.case.trained:  # classes may be right, and the loss beyond all
        return _rates(exam, _CALMER) or (
            [] if unseen.there else _why(exam, seen, unseen, reference)
        )
    if unseen.there:
        return _by_heart(seen, unseen, reference)
    return _why(exam, seen, unseen, reference)


def _by_heart(seen: Skill, unseen: Skill, reference: Skill | None) -> list[Finding]:
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


def _good(unseen: Skill, reference: Skill | None, *, share: float = 0.7) -> bool:
    """Whether a skill is as good as what a simple learner finds, or good by itself."""
    known = reference is not None and reference.value > 0.05
    least = share * (reference.value if reference is not None and known else 0.4)
    return unseen.there and max(unseen.value, unseen.progress) >= least


def _gap(exam: Exam) -> list[Finding]:
    """Compare training and evaluation mode on samples that were trained on."""
    model = exam.all.model
    batches = exam.learnt[:10]
    working = exam.progress(exam.loss(model, batches, still=False), batches)
    asked = exam.progress(exam.loss(model, batches), batches)
    exam.figures |= {"progress_training_mode": working, "progress_evaluation_mode": asked}
    if working < 0.3 or asked > working - _GAP:
        return []
    text = (
        f"on the same samples the model comes {percent(working)} of the way in training mode and "
        f"{percent(asked)} in evaluation mode"
    )
    return [Finding(Cause.TRAIN_EVAL_GAP, "fault", text)]


def _shift(exam: Exam, seen: Skill, unseen: Skill) -> list[Finding]:
    """Give the validation data the training data's scale, and see whether that helps."""
    suspect = next((f for f in exam.findings if f.cause is Cause.SPLIT_SHIFT), None)
    if suspect is None or seen.value < unseen.value + 0.1:
        return []
    moved = exam.skill(exam.all.model, [_like_training(exam, batch) for batch in exam.valid])
    exam.figures["skill_valid, scaled as in training"] = moved.value
    if moved.value < unseen.value + 0.3 * (seen.value - unseen.value):
        return []
    text = (
        f"{suspect.evidence}; skill on validation samples is {unseen.value:.2f}, brought to the "
        f"scale of training {moved.value:.2f}"
    )
    return [Finding(Cause.SPLIT_SHIFT, "fault", text, suspect.subject, tried=True)]


def _like_training(exam: Exam, batch: Batch) -> Batch:
    inputs = dict(batch["inputs"])
    for name, value in batch["inputs"].items():
        train, valid = gather(exam.train, name), gather(exam.valid, name)
        if train is None or valid is None or not value.is_floating_point() or value.ndim < 2:
            continue
        (mean, spread), (other, other_spread) = channel_stats(train), channel_stats(valid)
        shape = (1, -1, *[1] * (value.ndim - 2))
        a, b, c, d = (
            torch.from_numpy(v).reshape(shape) for v in (mean, spread, other, other_spread)
        )
        inputs[name] = ((value - c) / d.clamp(min=1e-12) * b + a).to(value.dtype)
    return {**batch, "inputs": inputs}


def _why(exam: Exam, seen: Skill, unseen: Skill, reference: Skill | None) -> list[Finding]:
    """Name why unseen samples are not predicted."""
    false = _by_heart_alone(exam, reference)
    if false:
        return false
    if exam.one_progress < _NEAR:
        return []  # the cause is nearer than that
    if not seen.there or exam.all.broke:
        found = _rates(exam)
        if found:
            return found
    found = _other_kind(exam, seen, unseen) or otherwise(exam, unseen)
    return found or _unrelated(exam, seen, unseen, reference)


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
    exam.findings[:] = [replace(f, weight="note") if f is rate else f for f in exam.findings]
    text = (
        f"{rate.evidence}; but of other samples nothing is learnt so, and a simple learner has a "
        f"skill of {reference.value if reference else 0.0:.2f}"
    )
    return [Finding(Cause.CANNOT_FIT, "suspect", text)]


def _other_kind(exam: Exam, seen: Skill, unseen: Skill) -> list[Finding]:
    """Leave out some training batches: where those are predicted, validation is what differs."""
    cut = len(exam.learnt) - max(1, len(exam.learnt) // 5)
    if exam.case.valid is None or exam.case.trained or cut < 2 or not seen.there:
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


def _majority(exam: Exam) -> list[Finding]:
    suspect = next((f for f in exam.findings if f.cause is Cause.MAJORITY_COLLAPSE), None)
    if suspect is None or not _collapsed(exam):
        return []
    text = f"{suspect.evidence}, and so are all answers"
    return [Finding(Cause.MAJORITY_COLLAPSE, "fault", text)]


def _collapsed(exam: Exam) -> bool:
    model = copy.deepcopy(exam.all.model).eval()
    answers = [exam.run(model, batch) for batch in exam.valid]
    if exam.answers.kind == "classes":
        dim = exam.answers.class_dim(exam.valid[0]["target"])
        return len(torch.unique(torch.cat([a.argmax(dim).flatten() for a in answers]))) == 1
    level = 0.0 if exam.answers.kind == "logits" else 0.5
    return len(torch.unique(torch.cat([a.flatten() for a in answers]) > level)) == 1


def _rates(exam: Exam, factors: Sequence[float] = _FACTORS) -> list[Finding]:
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
        return [Finding(Cause.MEMORISES, "suspect", text)] if seen.there else []
    told = (
        f"{text}; the best of a ridge regression and nearest neighbours has {reference.value:.2f}"
    )
    if reference.value > 0.05 and reference.p_value < 0.01:
        by_heart = seen.value > 0.5 and unseen.value < 0.5 * seen.value
        return [Finding(Cause.MEMORISES, "fault", told)] if by_heart else []
    if samples < (_ENOUGH // 2 if dense else _ENOUGH):
        if seen.value < _BY_HEART:
            return []
        return [Finding(Cause.MEMORISES, "suspect", f"{told}; there are {samples} samples")]
    return [Finding(Cause.TARGETS_UNRELATED, "fault", told)]
