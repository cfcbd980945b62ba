"""Validation samples whose target, a map of measured values, is that of a training sample."""

from __future__ import annotations

from collections import Counter

import torch

from inundate.prove.cause import Cause
from inundate.prove.exam import Exam
from inundate.prove.finding import Finding
from inundate.prove.probe.loader import sample_keys

__all__ = ["same_answers"]

_SHARE = 0.25  # of the validation samples
_OWN = 24  # different values, from which no other sample has them all by chance
_COPIES = 12  # of one sample, at most: what comes more often is one of a few drawn patterns


def same_answers(exam: Exam) -> list[Finding]:
    """Look for target maps that stand in both parts to the last digit.

    Two samples that were measured apart have no such map in common: one was made of the other, by
    noise on its inputs.
    """
    target = exam.train[0]["target"]
    if not target.is_floating_point() or target.ndim < 3:
        return []
    train = Counter(key for keys in sample_keys(exam.train, target=True) for key in keys)
    asked = [
        (key, row)
        for keys, batch in zip(
            sample_keys(exam.valid, target=True), exam.valid, strict=True
        )
        for key, row in zip(keys, batch["target"], strict=True)
    ]
    found = [0 < train[key] <= _COPIES and len(torch.unique(row)) >= _OWN for key, row in asked]
    share = sum(found) / len(found)
    if share < _SHARE:
        return []
    text = (
        f"{100 * share:.0f} % of the validation samples have the target of a training sample, in "
        "all of its values"
    )
    return [Finding(Cause.SPLIT_LEAK, "fault", text)]
