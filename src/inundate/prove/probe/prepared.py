"""Validation inputs, or relations, that lie otherwise than the model reads them."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator

import torch
from torch import Tensor

from inundate.prove.case import Batch
from inundate.prove.cause import Cause
from inundate.prove.exam import Exam, Skill
from inundate.prove.finding import Finding
from inundate.prove.probe.data import gather
from inundate.prove.probe.mended import far_better, skill_with
from inundate.prove.probe.numbered_anew import numbered_anew
from inundate.prove.probe.relation import TURNS
from inundate.prove.probe.reordered_columns import reordered_columns
from inundate.prove.trial import Remedy

__all__ = ["prepared_otherwise", "turned_relations"]

_BACK = 0.6  # of what is lost in validation, which comes back
_LOST = 0.25  # of skill, between training and validation
_COLUMNS = 8  # of a table, up to which all pairs are exchanged
_LONG = 6  # places of an axis, from which its course tells which way round it is
_ALIKE = 0.4  # of the difference between training and validation, that is left turned round
_NEARER = 0.05  # of skill, that comes back then
_SURE = 0.95  # skill that no other direction betters much


def prepared_otherwise(exam: Exam, seen: Skill, unseen: Skill) -> list[Finding]:
    """Give the trained model validation inputs turned, or in another order of channels."""
    # above 1 is what comes below the loss of the right answers, as where a spread is learnt too
    lost = min(seen.value, 1.0) - max(unseen.value, 0.0)
    if exam.case.valid is None or lost < _LOST:
        return []
    for name, value in exam.valid[0]["inputs"].items():
        for how, change in _ways(value):
            moved = [_with(batch, name, change) for batch in exam.valid]
            try:
                skill = exam.skill(exam.all.model, moved)
            except Exception:  # noqa: BLE001  numbers beyond a table: the model takes them so alone
                continue
            if skill.there and skill.value > max(unseen.value, 0.0) + _BACK * lost:
                text = (
                    f"skill on validation samples is {max(unseen.value, -9.99):.2f}, and "
                    f"{skill.value:.2f} with {name!r} {how}"
                )
                return [Finding(Cause.SPLIT_SHIFT, "fault", text, f"{name!r}", tried=True)]
    found = _turned_round(exam, unseen) or numbered_anew(exam, seen, unseen)
    return found or reordered_columns(exam, seen, unseen)


def _turned_round(exam: Exam, unseen: Skill) -> list[Finding]:
    """See whether an input's course along an axis is in validation that of training, backwards."""
    for name in exam.valid[0]["inputs"]:
        train, valid = gather(exam.train, name), gather(exam.valid, name)
        if train is None or valid is None or train.shape[1:] != valid.shape[1:]:
            continue
        for axis in range(1, train.ndim):
            if not train.is_floating_point() or train.shape[axis] < _LONG:
                continue
            other = tuple(a for a in range(train.ndim) if a != axis)
            one, two = (part.double().mean(other) for part in (train, valid))
            away, turned = ((one - way).norm() for way in (two, two.flip(0)))
            if not float(turned) < _ALIKE * float(away):
                continue

            def turn(value: Tensor, axis: int = axis) -> Tensor:
                return value.flip(axis)

            moved = [_with(batch, name, turn) for batch in exam.valid]
            skill = exam.skill(exam.all.model, moved)
            if skill.value < max(unseen.value, 0.0) + _NEARER:
                continue
            text = (
                f"along axis {axis} the mean of {name!r} in validation is that of training turned "
                f"round ({float(turned / away):.2g} of the difference is left), and so the skill "
                f"there is {skill.value:.2f}, not {max(unseen.value, -9.99):.2f}"
            )
            return [Finding(Cause.SPLIT_SHIFT, "fault", text, f"{name!r}", tried=True, firm=True)]
    return []


def _ways(value: Tensor) -> Iterator[tuple[str, Callable[[Tensor], Tensor]]]:
    if not value.is_floating_point():
        if value.ndim == 2:
            yield "from its end", lambda v: v.flip(1)
        if value.ndim <= 2:
            yield "with all numbers one lower", lambda v: (v - 1).clamp(min=0)
            most = value.amax(0)  # of each column: each may be of another table
            yield "with all numbers one higher", lambda v: torch.minimum(v + 1, most)
        return
    if value.ndim >= 4:
        for how, turn in TURNS.items():
            if how != "as it is" and turn(value[:1]).shape == value[:1].shape:
                yield f"turned: {how}", turn
    if value.ndim == 3:
        yield "from its end", lambda v: v.flip(1)
        yield "with its last axis turned round", lambda v: v.flip(2)
    if value.ndim in (2, 4) and value.shape[1] > 1:
        yield "with its channels in the opposite order", lambda v: v.flip(1)
        yield "with its channels moved by one", lambda v: v.roll(1, 1)
        yield "with its channels moved back by one", lambda v: v.roll(-1, 1)
    if value.ndim == 2 and 2 < value.shape[1] <= _COLUMNS:
        for one, other in itertools.combinations(range(value.shape[1]), 2):
            order = list(range(value.shape[1]))
            order[one], order[other] = other, one
            yield f"with columns {one} and {other} exchanged", _ordered(order)
    if value.ndim == 5:
        # what each frame has of times or channels, and the frames
        yield "with its windows or channels turned round", lambda v: v.flip(2)
        yield "with its frames turned round", lambda v: v.flip(1)
    yield "of the opposite sign", torch.neg


def _ordered(order: list[int]) -> Callable[[Tensor], Tensor]:
    return lambda value: value[:, order]


def turned_relations(exam: Exam, unseen: Skill) -> list[Finding]:
    """Train with matrices of who is tied to whom turned round, and see whether far less is left."""
    if exam.case.trained or unseen.value > _SURE:
        return []
    if exam.typical["target"].ndim > 3:
        return []  # beside targets that are maps, a square of numbers is one as well
    for name, value in exam.train[0]["inputs"].items():
        square = value.is_floating_point() and value.ndim == 3 and value.shape[1] == value.shape[2]
        if not square or torch.equal(value, value.transpose(1, 2)):
            continue

        def turn(batch: Batch, name: str = name) -> Batch:
            return _with(batch, name, lambda v: v.transpose(1, 2).contiguous())

        remedy = Remedy(f"with {name!r} turned round", batch=turn)
        skill = skill_with(exam, remedy)
        if skill is not None and skill.there and far_better(skill, unseen):
            text = (
                f"skill on unseen samples is {max(unseen.value, -9.99):.2f}, and "
                f"{skill.value:.2f} {remedy.name}: from column to row, not from row to column"
            )
            subject = f"{name!r} says the opposite of who is tied to whom"
            return [Finding(Cause.AXES_MIXED, "fault", text, subject, tried=True, firm=True)]
    return []


def _with(batch: Batch, name: str, change: Callable[[Tensor], Tensor]) -> Batch:
    return {**batch, "inputs": {**batch["inputs"], name: change(batch["inputs"][name])}}
