"""Maps that are turned on trial: with one of them turned round the model learns far more."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from torch import Tensor

from inundate.learn.probes import evaluating
from inundate.prove.case import Batch
from inundate.prove.cause import Cause
from inundate.prove.exam import Exam, Skill
from inundate.prove.finding import Finding
from inundate.prove.known import worth
from inundate.prove.probe.relation import TURNS
from inundate.prove.trial import Remedy, run_trial

__all__ = ["turned_on_trial"]

_POOR = 0.3  # skill, below which maps may not lie as they should
_HEART = 0.5  # of one batch, from which it is no fault of the model
_GAIN = 0.2  # of skill
_CLEAR = 0.001
_ROUNDING = 1e-3  # of the deviation of outputs
_SIDE = 4  # cells along each side
_SHARE = 2  # of the steps, one in so many: what lies right is learnt soon
_MOST = 2  # maps that are turned by themselves
_TRIED = ("rows upside down", "columns from right to left", "rows and columns exchanged")


def turned_on_trial(exam: Exam, unseen: Skill) -> list[Finding]:
    """Turn the target, or one of several maps that are read together, and train again.

    What follows from a place need not do so along a line: a depth of two views, or a slope along
    the wind, is nothing that a simple learner finds in any turn.
    """
    if exam.case.trained or unseen.value > _POOR or exam.one_progress < _HEART:
        return []
    if not exam.comparable or not worth(exam, Cause.AXES_MIXED):
        return []
    for name in _maps(exam):
        if _marks(exam, name):
            continue
        for way, change in _turns(exam, name):
            remedy = Remedy(f"with {name} turned: its {way}", batch=change)
            steps = exam.effort.all_batches // _SHARE
            trial = run_trial(exam.case, exam.learnt, steps, remedy=remedy, seed=exam.seed)
            if trial.broke:
                continue
            skill = exam.skill(trial.model, [change(batch) for batch in exam.valid])
            exam.figures[f"skill_valid, {remedy.name}"] = skill.value
            sure = skill.there and skill.p_value <= _CLEAR
            if sure and skill.value >= max(unseen.value, 0.0) + _GAIN:
                text = (
                    f"skill on unseen samples is {max(unseen.value, -9.99):.2f}, and "
                    f"{skill.value:.2f} with {name} read with its {way}"
                )
                subject = f"{name} has its {way}"
                return [Finding(Cause.AXES_MIXED, "fault", text, subject, tried=True, firm=True)]
    return []


def _marks(exam: Exam, name: str) -> bool:
    """Whether the model takes a map for another one, so that what is turned is known by that.

    To one that sees the mean of two frames a turned frame is the one that came later.
    """
    given = exam.typical["inputs"]
    own = next((key for key in given if f"{key!r}" == name), None)
    same = [key for key in given if key != own and own and given[key].shape == given[own].shape]
    with evaluating(exam.all.model):
        plain = exam.run(exam.all.model, exam.typical)
        for key in same:
            swapped = {**given, key: given[own], own: given[key]}
            moved = exam.run(exam.all.model, {**exam.typical, "inputs": swapped}) - plain
            if float(moved.abs().max()) <= _ROUNDING * max(float(plain.std()), _ROUNDING):
                return True
    return False


def _maps(exam: Exam) -> list[str]:
    """Name the target, if it is a map as one of the inputs is, and all map inputs but the first.

    To turn the first one, and nothing else, is to turn all others with the target.
    """
    batch = exam.typical
    given = [name for name, value in batch["inputs"].items() if _is_map(value)]
    target = batch["target"]
    own = _is_map(target) or (target.ndim == 3 and min(target.shape[1:]) >= _SIDE)
    size = target.shape[-2:]
    held = own and any(batch["inputs"][name].shape[-2:] == size for name in given)
    alone = own and not held
    several = [] if alone else given[1:]
    return [*(["the target"] if held else []), *(f"{name!r}" for name in several[:_MOST])]


def _is_map(value: Tensor) -> bool:
    return value.ndim == 4 and value.is_floating_point() and min(value.shape[2:]) >= _SIDE


def _turns(exam: Exam, name: str) -> Iterator[tuple[str, Callable[[Batch], Batch]]]:
    """Give changes of batches, each of which turns a map, of the target what belongs to it too."""
    size = exam.typical["target"].shape

    for way in _TRIED:

        def change(batch: Batch, turn: Callable[[Tensor], Tensor] = TURNS[way]) -> Batch:
            if name != "the target":
                inputs = {
                    own: turn(value) if f"{own!r}" == name else value
                    for own, value in batch["inputs"].items()
                }
                return {**batch, "inputs": inputs}
            return {
                own: turn(value)
                if own not in ("inputs", "raw")
                and isinstance(value, Tensor)
                and value.ndim > 2
                and value.shape[-2:] == size[-2:]
                else value
                for own, value in batch.items()
            }

        shapes = [value.shape for value in _turned(exam.typical, name)]
        if [value.shape for value in _turned(change(exam.typical), name)] == shapes:
            yield way, change


def _turned(batch: Batch, name: str) -> list[Tensor]:
    if name == "the target":
        return [batch["target"]]
    return [value for own, value in batch["inputs"].items() if f"{own!r}" == name]
