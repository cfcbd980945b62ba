"""An input that is another number in each sample: what is learnt of it is of no use for others."""

from __future__ import annotations

import torch

from inundate.prove.case import Batch
from inundate.prove.cause import Cause
from inundate.prove.exam import Exam, Skill
from inundate.prove.finding import Finding
from inundate.prove.known import worth
from inundate.prove.probe.data import gather
from inundate.prove.probe.mended import skill_with
from inundate.prove.trial import Remedy

__all__ = ["identity", "numbered_each"]

_OWN = 0.9  # of the samples, that have a number of their own
_COLUMNS = 32
_GAIN, _LEFT = 0.1, 1.3  # of skill, and times the error: such a number can be no loss


def identity(exam: Exam) -> tuple[str, int | None] | None:
    """Name an input, and its column if it has several, that is another number in each sample.

    In validation hardly any of those numbers comes again.
    """
    for name, value in exam.train[0]["inputs"].items():
        train, valid = gather(exam.train, name), gather(exam.valid, name)
        if value.is_floating_point() or value.ndim > 2 or train is None or valid is None:
            continue
        rows, others = (part.reshape(len(part), -1) for part in (train, valid))
        if rows.shape[1] > _COLUMNS or rows.shape[1] != others.shape[1]:
            continue
        for column in range(rows.shape[1]):
            own = len(torch.unique(rows[:, column])) / len(rows)
            known = float(torch.isin(others[:, column], rows[:, column]).float().mean())
            if own > _OWN and known < 1.0 - _OWN:
                return name, column if rows.shape[1] > 1 else None
    return None


def numbered_each(exam: Exam, unseen: Skill) -> list[Finding]:
    """Train with one number for all in the place of each sample's own: is far less left."""
    found = None if exam.case.trained or exam.case.valid is None else identity(exam)
    if found is None or not worth(exam, Cause.MEMORISES):
        return []
    name, column = found

    def alike(batch: Batch) -> Batch:
        value = batch["inputs"][name].clone()
        if column is None:
            value[:] = 0
        else:
            value[:, column] = 0
        return {**batch, "inputs": {**batch["inputs"], name: value}}

    where = f"{name!r}" if column is None else f"{name!r}, {column}"
    skill = skill_with(exam, Remedy(f"with {where} the same in all samples", batch=alike))
    if skill is None or not skill.there or skill.value < max(unseen.value, 0.0) + _GAIN:
        return []
    if 1.0 - unseen.value < _LEFT * (1.0 - skill.value):
        return []
    text = (
        f"{where} is another number in nearly each sample, and in validation none of them; skill "
        f"on unseen samples is {unseen.value:.2f}, and {skill.value:.2f} with one number for all"
    )
    return [Finding(Cause.MEMORISES, "fault", text, where, tried=True, firm=True)]
