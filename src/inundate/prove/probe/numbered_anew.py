"""Validation samples whose kinds were numbered anew: each kind has the number of another one."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor

from inundate.prove.case import Batch
from inundate.prove.cause import Cause
from inundate.prove.exam import Exam, Skill
from inundate.prove.finding import Finding
from inundate.prove.judge import sign_flip_p
from inundate.prove.probe.data import gather

__all__ = ["numbered_anew"]

_LOST = 0.25  # of skill, between training and validation
_GAIN = 0.15  # of skill, that samples gain which the numbers were not chosen by
_CHANCE = 0.005
_KINDS = 24  # of a column, of which each may be any other one
_COLUMNS = 12
_ROUNDS = 2


def numbered_anew(exam: Exam, seen: Skill, unseen: Skill) -> list[Finding]:
    """Give each kind the number with which half of the validation samples are predicted best.

    Whether that is so for the other half as well says whether they were numbered otherwise.
    """
    lost = min(seen.value, 1.0) - max(unseen.value, 0.0)
    if exam.case.valid is None or lost < _LOST or not exam.comparable or len(exam.valid) < 2:
        return []
    asked, kept = exam.valid[::2], exam.valid[1::2]
    tables: dict[tuple[str, int], Tensor] = {}
    for _ in range(_ROUNDS):
        for name, column, kinds in _columns(exam):
            told = _moved(asked, {k: v for k, v in tables.items() if k != (name, column)})
            tables[name, column] = _best(exam, told, name, column, kinds)
    moved = {k: t for k, t in tables.items() if not torch.equal(t, torch.arange(len(t)))}
    if not moved:
        return []
    model, renumbered = exam.all.model, _moved(kept, moved)
    own, skill = exam.skill(model, kept), exam.skill(model, renumbered)
    less = exam.errors(model, kept)[0] - exam.errors(model, renumbered)[0]
    by_chance = sign_flip_p(less, seed=exam.seed)
    exam.figures["skill_valid, numbered otherwise"] = skill.value
    gained = skill.there and skill.value > max(own.value, 0.0) + _GAIN
    if not gained or by_chance > _CHANCE:
        return []
    subject = ", ".join(dict.fromkeys(f"{name!r}" for name, _ in moved))
    text = (
        f"skill on validation samples is {max(own.value, -9.99):.2f}, and {skill.value:.2f} with "
        f"the kinds of {subject} numbered as other ones, as others of them say"
    )
    return [Finding(Cause.SPLIT_SHIFT, "fault", text, subject, tried=True)]


def _columns(exam: Exam) -> Iterator[tuple[str, int, int]]:
    """Give the columns that hold kinds, and the number of those."""
    for name, value in exam.valid[0]["inputs"].items():
        train, valid = gather(exam.train, name), gather(exam.valid, name)
        whole = not value.is_floating_point() and value.dtype is not torch.bool
        if not whole or value.ndim > 2 or train is None or valid is None:
            continue
        rows, others = (part.reshape(len(part), -1) for part in (train, valid))
        if rows.shape[1] > _COLUMNS or rows.shape[1:] != others.shape[1:]:
            continue
        for column in range(rows.shape[1]):
            most = int(rows[:, column].max()) + 1
            known = int(others[:, column].max()) < most and int(rows[:, column].min()) >= 0
            if 2 <= most <= _KINDS and known and int(others[:, column].min()) >= 0:
                yield name, column, most


def _best(exam: Exam, batches: list[Batch], name: str, column: int, kinds: int) -> Tensor:
    """Give for each kind the number with which its samples are predicted best (K,)."""
    errors = []
    for kind in range(kinds):
        table = torch.full((kinds,), kind)
        errors.append(exam.errors(exam.all.model, _moved(batches, {(name, column): table}))[0])
    left = torch.from_numpy(np.stack(errors))  # (K, N)
    held = torch.cat([_column(batch, name, column) for batch in batches])
    best = torch.arange(kinds)
    for kind in torch.unique(held):
        best[kind] = left[:, held == kind].mean(1).argmin()
    return best


def _column(batch: Batch, name: str, column: int) -> Tensor:
    value: Tensor = batch["inputs"][name]
    return value if value.ndim == 1 else value[:, column]


def _moved(batches: list[Batch], tables: dict[tuple[str, int], Tensor]) -> list[Batch]:
    """Give batches with other numbers for the kinds of some columns."""
    found = []
    for batch in batches:
        inputs = dict(batch["inputs"])
        for (name, column), table in tables.items():
            value = inputs[name].clone()
            rows = value[:, None] if value.ndim == 1 else value
            rows[:, column] = table.to(value)[rows[:, column].long()]
            inputs[name] = value
        found.append({**batch, "inputs": inputs})
    return found
