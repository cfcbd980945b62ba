"""Validation samples whose target, a map of measured values, is that of a training sample."""

from __future__ import annotations

from collections import Counter

import torch

from inundate.prove.cause import Cause
from inundate.prove.exam import Exam
from inundate.prove.finding import Finding
from inundate.prove.probe.data import gather
from inundate.prove.probe.loader import sample_keys

__all__ = ["same_answers"]

_SHARE = 0.25  # of the validation samples
_MAP = 3  # axes
_NEAR = 0.3  # of the usual distance of two inputs
_MOST = 200  # samples whose distances are measured
_OWN = 24  # different values, from which no other sample has them all by chance
_COPIES = 12  # of one sample, at most: what comes more often is one of a few drawn patterns


def same_answers(exam: Exam) -> list[Finding]:
    """Look for target maps that stand in both parts to the last digit, beside inputs that are near.

    Two samples that were measured apart have no such map in common: one was made of the other, by
    noise on its inputs. Beside other inputs, as under the first rain on any ground, they may.
    """
    target = exam.train[0]["target"]
    if not target.is_floating_point() or target.ndim < _MAP:
        return []
    train, asked = (
        [key for keys in sample_keys(part, target=True) for key in keys]
        for part in (exam.train, exam.valid)
    )
    often = Counter(train)
    wide = [len(torch.unique(row)) >= _OWN for batch in exam.valid for row in batch["target"]]
    pairs = [
        (row, [at for at, other in enumerate(train) if other == key])
        for row, key in enumerate(asked)
        if key in often and wide[row] and often[key] <= _COPIES
    ]
    if len(pairs) < _SHARE * len(asked):
        return []
    share = sum(_near(exam, pairs)) / len(asked)
    if share < _SHARE:
        return []
    text = (
        f"{100 * share:.0f} % of the validation samples have the target of a training sample, in "
        "all of its values, and inputs near to that one's"
    )
    return [Finding(Cause.SPLIT_LEAK, "fault", text)]


def _near(exam: Exam, pairs: list[tuple[int, list[int]]]) -> list[bool]:
    """Say of which validation samples one of some training samples is near in each input."""
    found = [torch.ones(len(held), dtype=torch.bool) for _, held in pairs]
    for name in exam.train[0]["inputs"]:
        train, valid = gather(exam.train, name), gather(exam.valid, name)
        if train is None or valid is None or train.shape[1:] != valid.shape[1:]:
            return [False]
        train, valid = train.flatten(1).float(), valid.flatten(1).float()
        usual = float(torch.cdist(train[:_MOST], train[:_MOST]).median())
        for place, (row, held) in enumerate(pairs):
            found[place] &= (train[held] - valid[row]).norm(dim=1) <= _NEAR * usual
    return [bool(one.any()) for one in found]
