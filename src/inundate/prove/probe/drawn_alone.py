"""Epochs that hold one class alone, since the commonest samples are drawn far more often."""

from __future__ import annotations

import torch
from torch import Tensor

from inundate.prove.cause import Cause
from inundate.prove.exam import Exam
from inundate.prove.finding import Finding
from inundate.prove.probe.loader import sample_keys

__all__ = ["drawn_alone"]

_DIFFERENT = 0.9  # of an epoch's samples, from which none needs to have been drawn twice
_AGAIN = 0.9  # of the samples, from which the next epoch has those of this one
_MOST = 0.5  # of the validation samples, that are of the class


def drawn_alone(exam: Exam) -> list[Finding]:
    """See whether samples are drawn with replacement, and all are of validation's commonest class.

    Where all labels were lost, each sample comes once an epoch, or validation has lost its own.
    """
    if exam.case.valid is None or exam.typical["target"][0].numel() != 1:
        return []
    train, valid = (
        torch.cat([batch["target"].flatten() for batch in part])
        for part in (exam.train, exam.valid)
    )
    if len(torch.unique(train)) != 1 or len(torch.unique(valid)) < 2 or not _classes(valid):
        return []
    share = float((valid == train[0]).double().mean())
    if share <= _MOST or not _drawn(exam):
        return []
    different = exam.figures["different_samples"]
    text = (
        f"of an epoch's samples {100 * different:.0f} % are different, and the next epoch has "
        f"others: they are drawn by chance, and all {len(train)} are of the class "
        f"{float(train[0]):g}, as {100 * share:.0f} % of the validation samples are"
    )
    return [Finding(Cause.MAJORITY_COLLAPSE, "fault", text, firm=True)]


def _classes(values: Tensor) -> bool:
    """Whether targets are the numbers of classes, or 0 and 1."""
    return not values.is_floating_point() or bool(((values == 0) | (values == 1)).all())


def _drawn(exam: Exam) -> bool:
    """Whether samples come again within an epoch, and the next epoch has others."""
    if exam.figures.get("different_samples", 1.0) >= _DIFFERENT:
        return False
    first, second = (
        {key for batch in sample_keys(part) for key in batch} for part in (exam.train, exam.again)
    )
    return len(first & second) < _AGAIN * len(second)
