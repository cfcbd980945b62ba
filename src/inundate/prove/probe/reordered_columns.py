"""Validation rows whose columns, or channels, stand in another order than those of training."""

from __future__ import annotations

import itertools

import torch
from torch import Tensor

from inundate.learn.probes import evaluating
from inundate.prove.case import Batch
from inundate.prove.cause import Cause
from inundate.prove.exam import Exam, Skill
from inundate.prove.finding import Finding
from inundate.prove.judge import sign_flip_p
from inundate.prove.probe.data import gather
from inundate.prove.probe.reference import targets_of

__all__ = ["reordered_columns"]

_LOST = 0.15  # of skill, between training and validation
_GAIN = 0.1  # of skill, that samples gain which the order was not chosen by
_BACK = 0.5  # of what is lost, that comes back
_CHANCE = 0.02
_FEWEST, _MOST, _CHANNELS = 3, 12, 6  # columns of a table, channels of images and series
_ROUNDS = 8
_SAMPLES = 200


def reordered_columns(exam: Exam, seen: Skill, unseen: Skill) -> list[Finding]:
    """Exchange columns of half of the validation rows, two by two, as long as that helps them.

    Whether the other half is predicted better so as well says whether they were in another order.
    """
    lost = min(seen.value, 1.0) - max(unseen.value, 0.0)
    if exam.case.valid is None or lost < _LOST or not exam.comparable or len(exam.valid) < 4:
        return []
    asked, kept = exam.valid[::2], exam.valid[1::2]
    few = max(1, _SAMPLES // max(len(asked[0]["target"]), 1))
    for name, value in exam.valid[0]["inputs"].items():
        if not value.is_floating_point() or value.ndim not in (2, 3, 4):
            continue
        count, most = value.shape[_axis(value)], _MOST if value.ndim == 2 else _CHANNELS
        if not _FEWEST <= count <= most or gather(exam.valid, name) is None:
            continue
        order = _best(exam, _as_one(exam, asked[:few]), name, count)
        if order == list(range(len(order))):
            continue
        told = _told(exam, kept, name, order, lost)
        if told:
            return [Finding(Cause.SPLIT_SHIFT, "fault", told, f"{name!r}", tried=True)]
    return []


def _as_one(exam: Exam, batches: list[Batch]) -> list[Batch]:
    """Lay batches together, which are run hundreds of times, where nothing but their size differs.

    Some hold more than inputs and targets, by which it is known what counts.
    """
    names = batches[0]["inputs"]
    parts = {name: gather(batches, name) for name in names}
    target = targets_of(batches)
    if (
        exam.case.known is not None
        or target is None
        or any(part is None for part in parts.values())
    ):
        return batches
    return [{**batches[0], "inputs": parts, "target": target}]


def _best(exam: Exam, batches: list[Batch], name: str, count: int) -> list[int]:
    """Give the order of columns with which rows are predicted best, from exchange to exchange."""
    order = list(range(count))
    left = _left(exam, batches, name, order)
    for _ in range(_ROUNDS):
        tried = []
        for one, other in itertools.combinations(range(count), 2):
            moved = [*order]
            moved[one], moved[other] = moved[other], moved[one]
            tried.append((_left(exam, batches, name, moved), moved))
        least, moved = min(tried)
        if least >= left:
            break
        left, order = least, moved
    return order


def _left(exam: Exam, batches: list[Batch], name: str, order: list[int]) -> float:
    """Give the mean error; the loss of who is sure of what is wrong is that of a few samples."""
    model = exam.all.model
    with evaluating(model):
        errors = [exam.error(exam.run(model, b), b) for b in _ordered(batches, name, order)]
    return float(torch.cat(errors).mean())


def _ordered(batches: list[Batch], name: str, order: list[int]) -> list[Batch]:
    found = []
    for batch in batches:
        value = batch["inputs"][name]
        moved = value.index_select(_axis(value), torch.tensor(order, device=value.device))
        found.append({**batch, "inputs": {**batch["inputs"], name: moved}})
    return found


def _axis(value: Tensor) -> int:
    """Give the axis of columns or channels: of a series, which has two others, the shorter one."""
    return 2 if value.ndim == 3 and value.shape[1] > value.shape[2] else 1


def _told(exam: Exam, kept: list[Batch], name: str, order: list[int], lost: float) -> str:
    """Say so where rows that the order was not chosen by are predicted better in it."""
    model, moved = exam.all.model, _ordered(kept, name, order)
    own, skill = exam.skill(model, kept), exam.skill(model, moved)
    less = exam.errors(model, kept)[0] - exam.errors(model, moved)[0]
    gained = skill.value - max(own.value, 0.0)
    exam.figures["skill_valid, columns reordered"] = skill.value
    if not skill.there or gained < max(_GAIN, _BACK * lost):
        return ""
    if sign_flip_p(less, seed=exam.seed) > _CHANCE:
        return ""
    return (
        f"skill on validation samples is {max(own.value, -9.99):.2f}, and {skill.value:.2f} with "
        f"the columns of {name!r} in the order {', '.join(map(str, order))}, as other rows say"
    )
