"""What is learnt of all data: skill on samples that were not trained on."""

from __future__ import annotations

import copy

import torch

from inundate.prove.case import Batch
from inundate.prove.cause import Cause
from inundate.prove.exam import Exam, Skill
from inundate.prove.finding import Finding
from inundate.prove.known import worth
from inundate.prove.probe.bottleneck import through_one
from inundate.prove.probe.data import channel_stats, gather
from inundate.prove.probe.doubted import by_own_numbers, doubted
from inundate.prove.probe.drowned import drowned
from inundate.prove.probe.filled_elsewhere import filled_elsewhere
from inundate.prove.probe.identity import numbered_each
from inundate.prove.probe.mended import mended, plainly
from inundate.prove.probe.modes import explained, train_eval_gap
from inundate.prove.probe.parts import exchanged
from inundate.prove.probe.prepared import prepared_otherwise, turned_relations
from inundate.prove.probe.rare_missed import rare_missed
from inundate.prove.probe.reference import reference_skill
from inundate.prove.probe.rescaled import rescaled
from inundate.prove.probe.rougher import rougher
from inundate.prove.probe.sure_elsewhere import sure_elsewhere
from inundate.prove.probe.tail import drowned_by_tail
from inundate.prove.probe.tiny_batches import tiny_batches
from inundate.prove.probe.turned_alone import turned_alone
from inundate.prove.probe.turned_on_trial import turned_on_trial
from inundate.prove.probe.unlearnt import (
    CALMER,
    better_rates,
    by_heart,
    far_less,
    of_few,
    other_kind,
    rates,
    why,
    wild_rate,
)
from inundate.prove.probe.usual_rate import UNDER_WAY, comes_on
from inundate.prove.probe.validated import unrelated_in_training

__all__ = ["learns", "probe_learn"]

_NEARLY, _TOO_OFTEN = 0.85, 2.0  # of the answers, of one class, and times that of the targets
_WILD = -0.5  # of the way, the wrong one: what trains so has gone astray
_SOME = 0.3  # of what a simple learner finds: who is slow may have found that much
_LITTLE = 0.6  # of the way
_FAR_LEFT = 3.0  # times the error that a simple learner leaves
_EASY = 0.5  # skill of a simple learner, from which what it learns is easy
_CALM = (0.1, 0.01, 1e-3)  # of a rate that no optimiser of its kind is used at
_HEART = 0.7  # of one batch, from which it is known by heart
_NEAR = 0.3  # of one batch: what learns less has a fault that is nearer than its data


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
    narrow = _narrow(exam, unseen, reference)
    enough = sound and _good(unseen, reference) and not narrow
    one = exam.figures.get("one_batch", 1.0)
    exam.figures["enough"] = float(enough and not _untrained(exam, reference))
    some = sound and one >= _NEAR and _good(unseen, reference, share=_SOME)
    some = some and not narrow
    known = one >= _HEART and not _far_behind(unseen, reference)
    known = known or UNDER_WAY in exam.figures
    if unseen.there and sound and not (enough or known or some) and by_own_numbers(exam):
        # the best answers, which no noise is paid for, are out of reach for a model of codes
        known = comes_on(exam, unseen)
    exam.figures["healthy"] = float(unseen.there and sound and (enough or known or some))
    shift = _shift(exam, seen, unseen)
    if shift:  # noise that is added makes inputs wide as well
        shift = drowned(exam, unseen) or shift
    shift = shift or filled_elsewhere(exam, seen, unseen)
    found = _majority(exam) + explained(exam, unseen, train_eval_gap(exam)) + shift
    found = found or prepared_otherwise(exam, seen, unseen) or turned_relations(exam, unseen)
    found = found or turned_alone(exam) or rescaled(exam, seen, unseen)
    found = found or rougher(exam, seen, unseen) or drowned(exam, unseen)
    found = found or drowned_by_tail(exam, unseen)
    gone = any(f.cause is Cause.TRAIN_EVAL_GAP for f in found)
    found += [] if gone else mended(exam, unseen) + plainly(exam, unseen)
    found = found or doubted(exam, unseen)
    found = found or numbered_each(exam, unseen) or tiny_batches(exam, unseen)
    found = found or turned_on_trial(exam, unseen)
    found = found or (rare_missed(exam, seen) if exam.figures["healthy"] > 0 else [])
    if found:
        return found
    if not sound and not exam.case.trained:  # classes may be right, and the loss beyond all
        held = better_rates(exam, unseen, ())  # a schedule that grows
        return (
            held
            or rates(exam, CALMER)
            or ([] if unseen.there else why(exam, seen, unseen, reference))
        )
    if _poor(exam, seen):
        found = better_rates(exam, unseen)
        if found:
            return found
    elif wild_rate(exam):
        found = better_rates(exam, unseen, _CALM, far_more=False)
        if found:
            return found
    found = through_one(exam, unseen, reference) if worth(exam, Cause.CANNOT_FIT) else []
    if found:
        return found
    if unseen.there:
        found = exchanged(exam) if worth(exam, Cause.TARGETS_UNRELATED) else []
        found = found or unrelated_in_training(exam, seen, unseen)
        found = found or of_few(exam, seen, unseen) or by_heart(seen, unseen, reference)
        found = found or sure_elsewhere(seen, unseen)
        return (other_kind(exam, seen, unseen) if far_less(exam, seen, unseen) else []) or found
    return why(exam, seen, unseen, reference)


def _untrained(exam: Exam, reference: Skill | None) -> bool:
    """Whether the model is as good before any training, so that its skill does not speak for that.

    As one that begins with the water before, or with a coarse solver's.
    """
    if exam.case.trained:
        return False
    return _good(exam.skill(copy.deepcopy(exam.case.model), exam.valid), reference)


def _poor(exam: Exam, seen: Skill) -> bool:
    """Whether little is learnt even of the samples that were trained on."""
    if exam.case.trained or seen.progress >= _LITTLE:
        return False
    # answers may be right most of the time while the loss is far from what it could be
    rate = any(f.cause is Cause.RATE_TOO_HIGH and f.weight == "suspect" for f in exam.findings)
    return max(seen.value, 0.0) < _LITTLE or (rate and seen.progress < 0.5 * _LITTLE)


def _narrow(exam: Exam, unseen: Skill, reference: Skill | None) -> bool:
    """Whether one batch cannot be learnt by heart, and a simple learner does far better."""
    stuck = any(f.cause is Cause.CANNOT_FIT and f.weight == "suspect" for f in exam.findings)
    if not stuck or reference is None or reference.value <= _EASY:
        return False
    little_left = 1.0 - unseen.value > _FAR_LEFT * (1.0 - reference.value)
    return unseen.value < (0.8 if little_left else 0.6) * reference.value


def _far_behind(unseen: Skill, reference: Skill | None) -> bool:
    """Whether a simple learner finds much, and the model next to nothing of it."""
    if reference is None or reference.p_value > 0.01 or reference.value < _EASY:
        return False
    return max(unseen.value, unseen.progress) < _SOME * reference.value


def _good(unseen: Skill, reference: Skill | None, *, share: float = 0.7) -> bool:
    """Whether a skill is as good as what a simple learner finds, or good by itself."""
    known = reference is not None and reference.value > 0.05
    least = share * (reference.value if reference is not None and known else 0.4)
    return unseen.there and max(unseen.value, unseen.progress) >= least


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
        told = torch.cat([a.argmax(dim).flatten() for a in answers])
        common = told.mode().values
        share = float((told == common).float().mean())
        target = torch.cat([batch["target"].flatten() for batch in exam.valid])
        true = (target == common)[exam.answers.known(target)]
        return share == 1 or share > max(_NEARLY, _TOO_OFTEN * float(true.float().mean()))
    level = 0.0 if exam.answers.kind == "logits" else 0.5
    return len(torch.unique(torch.cat([a.flatten() for a in answers]) > level)) == 1
