"""Train with one thing mended, over all batches: what makes the model learn is the cause."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch import Tensor, nn

from inundate.prove.case import Batch
from inundate.prove.cause import Cause
from inundate.prove.exam import Exam, Skill
from inundate.prove.finding import Finding
from inundate.prove.known import worth
from inundate.prove.probe.ahead import is_next
from inundate.prove.probe.changes import moved_padding, scaled_inputs, scaled_target
from inundate.prove.probe.deep import NORMED, is_deep, normed
from inundate.prove.probe.fit import MOVED
from inundate.prove.probe.fresh import odd_weights
from inundate.prove.probe.layout import relaid
from inundate.prove.probe.linear import activated
from inundate.prove.probe.noise import QUIET, noiseless
from inundate.prove.probe.optimiser import without_penalty
from inundate.prove.probe.softer import SOFTER, softened
from inundate.prove.probe.stacked import SHALLOW, STACK, shallow
from inundate.prove.quiet import quietly
from inundate.prove.trial import Remedy, run_trial

__all__ = ["far_better", "mended", "otherwise", "plainly", "skill_with"]

_LEFT = 1.5  # times the error that is left with a remedy
_GAIN = 0.2  # of skill, from which a change that nothing had pointed to is the cause
_MUCH = 0.3  # of the way, below which much is left to a plain step
_WAY = 0.4  # of it, by which a plain step must come further
_FAR_LEFT = 2.0  # times the error that is left with a plain step, where much is learnt without
_KNOWN = 0.8  # skill, from which a start has not been in the way
_DEAR = 0.2  # share of the skill, from which a start costs much
_HALF = 0.5  # skill, from which many recurrent layers are not in the way
_BEHIND = 0.1  # of skill, by which a simple learner finds more
_LONG = 8  # steps of a series from which its order may matter


def mended(exam: Exam, unseen: Skill) -> list[Finding]:
    """Train with each thing mended that is suspected, and see whether far less is left."""
    found: list[Finding] = []
    for cause, make in _SUSPECTED:
        suspect = next((f for f in exam.findings if f.cause is cause), None)
        if suspect is None or exam.case.trained:
            continue
        again = suspect.is_fault and suspect.tried and not suspect.firm  # helped on one batch
        if suspect.weight != "suspect" and not (again and exam.figures.get("enough", 0.0) > 0):
            continue
        if not worth(exam, cause):
            continue
        remedy = make(exam)
        skill = None if remedy is None else skill_with(exam, remedy)
        if remedy is None or skill is None or not far_better(skill, unseen):
            continue
        if _for_its_step(exam, remedy, skill):
            continue
        text = (
            f"{suspect.evidence}; skill on unseen samples is {unseen.value:.2f}, {remedy.name} "
            f"{skill.value:.2f}"
        )
        found.append(Finding(cause, "fault", text, suspect.subject, tried=True, firm=True))
    return found or _drawn_anew(exam, unseen)


def _for_its_step(exam: Exam, remedy: Remedy, skill: Skill) -> bool:
    """Whether a remedy that has its own batches or loss helps as a plain step alone does.

    The user's step knows nothing of those, so that a plain one is made with them.
    """
    if exam.case.step is None or (remedy.batch is None and remedy.loss is None):
        return False
    plain = skill_with(exam, Remedy("with a plain step", plain=True))
    return plain is not None and not far_better(skill, plain)


def _drawn_anew(exam: Exam, unseen: Skill) -> list[Finding]:
    """Draw weights anew that no layer draws so, though they know one batch by heart as quickly."""
    slow = "pace, with fresh weights" in exam.figures  # they have been tried on one batch
    known = any(f.cause in (Cause.BAD_START, Cause.SATURATED) for f in exam.findings)
    if not slow or known or exam.case.trained or unseen.value > _KNOWN:
        return []
    odd = odd_weights(exam)
    if not odd or not worth(exam, Cause.BAD_START):
        return []
    remedy = Remedy("with fresh weights", fresh=True)
    skill = skill_with(exam, remedy)
    if skill is None or not skill.there or not far_better(skill, unseen):
        return []
    if unseen.value > (1.0 - _DEAR) * skill.value:  # such a start may be a choice, as of gates
        return []
    text = (
        f"weights that no layer draws by itself: {'; '.join(odd[:3])}; skill on unseen samples is "
        f"{unseen.value:.2f}, {remedy.name} {skill.value:.2f}"
    )
    subject = odd[0].split(" ")[0]
    return [Finding(Cause.BAD_START, "fault", text, subject, tried=True, firm=True)]


def plainly(exam: Exam, unseen: Skill) -> list[Finding]:
    """Train by a plain step, where the user's own step leaves something unlearnt.

    It is made as often as the user's optimiser moves, which gathers several batches at times. Where
    more than a little is learnt the plain step must come far further: a step may well be made to
    be slower, as one that mixes samples is.
    """
    if exam.case.step is None or exam.case.trained or not worth(exam, Cause.STEP_WRONG):
        return []
    little = min(unseen.value, unseen.progress) <= _MUCH
    if not little and exam.comparable and unseen.value > _KNOWN:
        return []
    moves = 0 if little else exam.all.moves
    skill = skill_with(
        exam, Remedy("with a plain step", plain=True), steps=min(moves, exam.effort.all_batches)
    )
    if skill is None:
        return []
    gained = skill.progress > max(unseen.progress, 0.0) + _WAY and skill.value > unseen.value
    far = skill.value >= unseen.value + _GAIN and 1 - unseen.value >= _FAR_LEFT * (1 - skill.value)
    if not (gained or far_better(skill, unseen) if little else far):
        return []
    text = (
        f"skill on unseen samples is {unseen.value:.2f}, {100 * max(unseen.progress, -9.99):.0f} % "
        f"of the way by the loss; with a plain step {skill.value:.2f} and "
        f"{100 * skill.progress:.0f} %"
    )
    return [Finding(Cause.STEP_WRONG, "fault", text, tried=True, firm=True)]


def _decay(exam: Exam) -> Remedy:
    if "penalty" in exam.figures:
        return Remedy("without what it adds for the weights", loss=without_penalty(exam))
    return Remedy("without weight decay", no_decay=True)


def _line(exam: Exam) -> Remedy | None:
    if "line" not in exam.figures:
        return None
    return Remedy("with an activation behind each layer but the last", prepare=activated)


def _fresh(exam: Exam) -> Remedy | None:
    """Draw weights anew that are of another size than their layers draw."""
    return Remedy("with fresh weights", fresh=True) if odd_weights(exam) else None


def _softer(exam: Exam) -> Remedy | None:
    """Give saturated layers less, where it is no weight that makes what they are given large."""
    fresh = _fresh(exam)
    prepare = None if fresh else softened(exam)
    return Remedy(SOFTER, prepare=prepare) if prepare else fresh


def _levelled(exam: Exam) -> Remedy | None:
    """Give the remedy for a branch that fades, or a whole model that stays behind a simple one."""
    found = exam.figures
    if STACK in found:
        poor = found.get("skill_valid", 1.0) < _HALF  # else that it learns is enough
        return Remedy(SHALLOW, prepare=shallow) if poor else None
    behind = found.get("reference_skill", 0.0) > found.get("skill_valid", 1.0) + _BEHIND
    whole = behind and is_deep(exam.case.model) and not odd_weights(exam)
    return Remedy(NORMED, prepare=normed) if whole or "faded_branch" in found else None


_SUSPECTED: tuple[tuple[Cause, Callable[[Exam], Remedy | None]], ...] = (
    (Cause.INPUT_SCALE, lambda exam: Remedy("with scaled inputs", batch=scaled_inputs(exam))),
    (Cause.TARGET_SCALE, lambda exam: Remedy("with scaled targets", batch=scaled_target(exam))),
    (Cause.PADDING, lambda exam: Remedy(MOVED, batch=moved_padding(exam))),
    (Cause.NO_GRADIENT, lambda _exam: Remedy("with all weights trained", thawed=True)),
    (Cause.DECAY_TOO_STRONG, _decay),
    (Cause.NOISE_TOO_STRONG, lambda exam: noiseless(exam) or QUIET),
    (Cause.CANNOT_FIT, _line),
    (Cause.VANISHING_GRADIENT, _levelled),
    (Cause.SATURATED, _softer),
    (Cause.BAD_START, _fresh),
)


def far_better(skill: Skill, unseen: Skill) -> bool:
    """Whether far less is left than in the user's own training."""
    if skill.value < max(unseen.value, 0.0) + 0.05:
        return False
    return 1 - unseen.value >= _LEFT * (1 - skill.value)


def skill_with(exam: Exam, remedy: Remedy, *, steps: int = 0) -> Skill | None:
    """Give the skill on unseen samples after a training with a remedy; None if it broke.

    In so many steps, or in as many as the user's own training has where that is 0.
    """
    steps = steps or exam.effort.all_batches
    trial = run_trial(exam.case, exam.learnt, steps, remedy=remedy, seed=exam.seed)
    if trial.broke:
        return None
    change = remedy.batch
    valid = exam.valid if change is None else [change(batch) for batch in exam.valid]
    with quietly(remedy.quiet):
        skill = _judge(exam, remedy).skill(trial.model, valid)
    exam.figures[f"skill_valid, {remedy.name}"] = skill.value
    return skill


def _judge(exam: Exam, remedy: Remedy) -> Exam:
    """Give the exam by which a remedy is scored: of losses, one that knows the changed targets."""
    change = remedy.batch
    if (
        change is None
        or exam.comparable
        or change(exam.typical)["target"] is exam.typical["target"]
    ):
        return exam
    other = Exam(exam.case, exam.effort, exam.seed)
    for name in ("train", "learnt", "valid"):
        other.__dict__[name] = [change(batch) for batch in getattr(exam, name)]
    return other


def otherwise(exam: Exam, unseen: Skill) -> list[Finding]:
    """Try what no other probe can see, where nothing is learnt of unseen samples."""
    if exam.case.trained:
        return []
    for cause, subject, remedy in _unseen(exam):
        if not worth(exam, cause):
            continue
        skill = skill_with(exam, remedy)
        if skill is None or not skill.there or skill.value < max(unseen.value, 0.0) + _GAIN:
            continue
        text = (
            f"skill on unseen samples is {max(unseen.value, -9.99):.2f}, and {skill.value:.2f} "
            f"{remedy.name}"
        )
        return [Finding(cause, "fault", text, subject, tried=True, firm=True)]
    return []


def _unseen(exam: Exam) -> Iterator[tuple[Cause, str, Remedy]]:
    asked = exam.typical
    if exam.output.ndim in (3, 4) and not any(
        is_next(value, asked["target"]) for value in asked["inputs"].values()
    ):  # read otherwise, what is said of a place may come from one that was given the answer
        subject = "the output was reshaped where axes should be exchanged"
        for name, change in _layouts(exam.output):
            yield (
                Cause.AXES_MIXED,
                subject,
                Remedy(f"with the output read as {name}", prepare=change),
            )
    if _recurrent(exam.case.model) and _turnable(exam):
        reverse = Remedy("with all series and texts from their end", batch=_reversed)
        yield Cause.VANISHING_GRADIENT, "what was read long before the end", reverse
    silent = noiseless(exam)
    if silent is not None:
        yield Cause.NOISE_TOO_STRONG, "", silent
    odd = odd_weights(exam)
    if odd:  # large ones know a batch by heart as well as any
        held = any(f.cause is Cause.SATURATED for f in exam.findings)
        cause = Cause.SATURATED if held else Cause.BAD_START
        yield cause, odd[0].split(" ")[0], Remedy("with fresh weights", fresh=True)


def _layouts(output: Tensor) -> Iterator[tuple[str, Callable[[nn.Module], None]]]:
    """Give hooks that read the numbers of each output in another order of axes."""
    for number, (name, _) in enumerate(relaid(output[:1])):

        def prepare(model: nn.Module, number: int = number) -> None:
            def again(_module: nn.Module, _inputs: Any, found: Any) -> Any:
                return list(relaid(found))[number][1] if isinstance(found, Tensor) else found

            model.register_forward_hook(again)

        yield name, prepare


def _recurrent(model: nn.Module) -> bool:
    return any(isinstance(m, (nn.RNN, nn.GRU, nn.LSTM)) for m in model.modules())


def _turnable(exam: Exam) -> bool:
    """Whether there is one target for a text or series, so that those can be turned round."""
    inputs = exam.typical["inputs"].values()
    return exam.typical["target"][0].numel() == 1 and any(
        value.ndim >= 2 and value.shape[1] >= _LONG for value in inputs
    )


def _reversed(batch: Batch) -> Batch:
    inputs = {
        name: torch.flip(value, (1,)) if value.ndim >= 2 else value
        for name, value in batch["inputs"].items()
    }
    return {**batch, "inputs": inputs}
