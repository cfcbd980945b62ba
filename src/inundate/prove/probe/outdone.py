"""A model that learns something, and far less than a small network of the doctor's own."""

from __future__ import annotations

import copy
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor, nn

from inundate.learn.random_state import isolated_random
from inundate.prove.cause import Cause
from inundate.prove.exam import Exam, Skill
from inundate.prove.finding import Finding
from inundate.prove.known import worth
from inundate.prove.probe.fresh import odd_weights
from inundate.prove.probe.mended import skill_with
from inundate.prove.probe.stand_in import STAND_IN_RATE, STAND_IN_TIMES, stand_in_skill
from inundate.prove.probe.steps_away import steps_away
from inundate.prove.trial import Remedy, run_trial

__all__ = ["probe_outdone"]

_NOTHING = 0.02  # skill
_MUCH = 0.2  # of skill, that is missing on samples that were trained on
_SOME = 0.25  # of skill, that the other network has beyond the model's
_GOOD = 0.75  # skill of the other network
_NO_MORE = 0.1  # of skill, below which other steps make no difference
_LEFT = 3.0  # times the error that it leaves
_SAME = 1e-4  # of the deviation of outputs, by which rounding moves them
_WORDS = 3  # of a text, from which it has an order
_RATES = (Cause.RATE_TOO_HIGH, Cause.RATE_TOO_LOW)


def probe_outdone(exam: Exam) -> list[Finding]:
    """Where training samples are known in part alone, see what another network makes of them.

    The user's model has then as many steps as that one, by the same Adam, so that what it lacks is
    no matter of rates or of noise: it cannot see what is to be learnt.
    """
    seen, unseen = (exam.figures.get(f"skill_{part}", 1.0) for part in ("train", "valid"))
    if exam.case.trained or exam.all.broke:
        return []
    if max(seen, unseen) > 1.0 - _MUCH:
        return _blind_by_heart(exam, unseen)
    simple = exam.figures.get("reference_skill", 0.0) > _GOOD
    elsewhere = any(f.weight != "note" for f in exam.findings)
    if (unseen <= _NOTHING and not simple and elsewhere) or not worth(exam, Cause.CANNOT_FIT):
        return []  # nothing is learnt where nothing simple helps: told elsewhere
    own = stand_in_skill(exam)
    if own is None or own.value < unseen + _SOME:
        return []
    turned = _from_the_end(exam, own) or steps_away(exam, own)
    return turned if turned or not _far_more(own, unseen) else _patiently(exam, own, unseen)


def _patiently(exam: Exam, own: Skill, unseen: float) -> list[Finding]:
    """Give the user's model as many steps as the other network had, by the same Adam."""
    again = Remedy(
        "with as many steps of Adam, and nothing drawn at random",
        adam=STAND_IN_RATE, plain=True, no_decay=True, quiet=True,
    )  # fmt: skip
    steps = STAND_IN_TIMES * exam.effort.all_batches
    trial = run_trial(exam.case, exam.learnt, steps, remedy=again, seed=exam.seed)
    patient = unseen if trial.broke else max(unseen, exam.skill(trial.model, exam.valid).value)
    exam.figures[f"skill_valid, {again.name}"] = patient
    if not _far_more(own, patient):
        return []
    # what learns far more so, and what it was trained on as well as that, is deep or wide, and can
    if patient > unseen + _MUCH and not _far_more(own, exam.skill(trial.model, exam.learnt).value):
        return []
    text = f"skill on unseen samples is {unseen:.2f}, {again.name} {patient:.2f}, and "
    drawn = _drawn_anew(exam, replace(again, name=f"{again.name}, drawn anew", fresh=True), patient)
    if drawn:
        return [replace(drawn, evidence=text + drawn.evidence)]
    if patient < unseen + _NO_MORE:  # what helped on one batch is of no use for all
        exam.findings[:] = [
            replace(f, weight="note") if f.cause in _RATES and not f.firm else f
            for f in exam.findings
        ]
    text += f"that of a small network of the doctor's own {own.value:.2f}{_blind_to_order(exam)}"
    return [Finding(Cause.CANNOT_FIT, "fault", text, tried=True, firm=True)]


def _drawn_anew(exam: Exam, remedy: Remedy, patient: float) -> Finding | None:
    """See whether weights that no layer draws so are what the model lacks, and not its layers.

    As sigmoids that start at their ends: a short training gets away from there no more than a
    sound one of so many sigmoids learns at the user's rate, but in as many steps of Adam it does.
    """
    odd, steps = odd_weights(exam), STAND_IN_TIMES * exam.effort.all_batches
    skill = skill_with(exam, remedy, steps=steps) if odd else None
    if skill is None or not skill.there or skill.value < max(patient, 0.0) + _SOME:
        return None
    held = [f for f in exam.findings if f.cause is Cause.SATURATED]
    text = (
        f"drawn anew {skill.value:.2f}; weights that no layer draws by itself: {'; '.join(odd[:3])}"
    )
    cause = Cause.SATURATED if held else Cause.BAD_START
    subject = held[0].subject if held else odd[0].split(" ")[0]
    return Finding(cause, "fault", text, subject, tried=True, firm=True)


def _from_the_end(exam: Exam, own: Skill) -> list[Finding]:
    """See whether the model learns as much with the places of its output turned round."""
    for axis in range(1, exam.output.ndim):
        if exam.output.shape[axis] < _WORDS:
            continue

        def turn(model: nn.Module, axis: int = axis) -> None:
            def hook(_module: nn.Module, _inputs: Any, found: Any) -> Any:
                return found.flip(axis) if isinstance(found, Tensor) else found

            model.register_forward_hook(hook)

        skill = skill_with(exam, Remedy(f"with axis {axis} of the output turned", prepare=turn))
        if skill is not None and _half_as_good(skill, own):
            text = (
                f"skill on unseen samples is {exam.figures['skill_valid']:.2f}, and "
                f"{skill.value:.2f} with axis {axis} of the output turned round"
            )
            subject = "the model gives its output from the end"
            return [Finding(Cause.AXES_MIXED, "fault", text, subject, tried=True, firm=True)]
    return []


def _half_as_good(skill: Skill, own: Skill) -> bool:
    return skill.there and skill.value > 0.8 * own.value


def _far_more(own: Skill, other: float) -> bool:
    return own.there and own.value > _GOOD and 1.0 - other > _LEFT * (1.0 - own.value)


def _blind_by_heart(exam: Exam, unseen: float) -> list[Finding]:
    """See whether samples are known by heart since what is asked for cannot be told by the model.

    To one that takes the mean of the colours, or of the words of a text, all orders are the same.
    """
    by_heart = [f for f in exam.findings if f.cause is Cause.MEMORISES and f.is_fault]
    blind = _blind_to_order(exam) if by_heart and not any(f.firm for f in by_heart) else ""
    own = stand_in_skill(exam) if blind else None
    if own is None or not _far_more(own, unseen):
        return []
    exam.findings[:] = [replace(f, weight="note") if f in by_heart else f for f in exam.findings]
    text = (
        f"{by_heart[0].evidence}; a small network of the doctor's own has {own.value:.2f} on "
        f"others{blind}"
    )
    return [Finding(Cause.CANNOT_FIT, "fault", text, tried=True, firm=True)]


def _blind_to_order(exam: Exam) -> str:
    """Say so where places of texts or series, or channels, are exchanged and no answer moves."""
    batch = exam.typical
    model = copy.deepcopy(exam.all.model).eval()
    before = exam.run(model, batch).double()
    least = _SAME * max(float(before.std()), 1e-12)
    for name, value in batch["inputs"].items():
        numbers = value.ndim == 2 and value.is_floating_point()
        if value.ndim < 2 or value.shape[1] < (2 if value.ndim == 4 else _WORDS) or numbers:
            continue
        with isolated_random(exam.seed, "doctor", "order"):
            order = torch.randperm(value.shape[1])
        orders = [value[:, way] for way in (order, torch.arange(len(order)).flip(0))]
        moved = [{**batch["inputs"], name: one} for one in orders if not torch.equal(one, value)]
        found = [exam.run(model, {**batch, "inputs": inputs}).double() for inputs in moved]
        if found and all(float((after - before).abs().max()) <= least for after in found):
            what = "channels" if value.ndim == 4 else "places"
            return f"; to it all orders of the {what} of {name!r} are the same"
    return ""
