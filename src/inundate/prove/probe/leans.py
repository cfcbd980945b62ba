"""Answers that lean to what is commonest in training, where validation holds much else."""

from __future__ import annotations

import copy

import torch

from inundate.prove.exam import Exam

__all__ = ["leans"]

_MORE = 1.5  # times as many answers of the commonest class as it has validation samples
_MISSED = 0.5  # of the other samples, that are taken for it
_OTHERS = 20  # samples of other classes, from which this is said


def leans(exam: Exam) -> str:
    """Tell how many samples of other classes are taken for that which is commonest in training.

    Parameters
    ----------
    exam : Exam

    Returns
    -------
    str
        Empty where they are few. A model that was trained and is asked by the same frequencies
        never answers the commonest class that much too often.
    """
    if exam.answers.kind != "classes" or exam.case.valid is None or exam.typical["target"].ndim > 1:
        return ""
    train = torch.cat([batch["target"] for batch in exam.train])
    valid = torch.cat([batch["target"] for batch in exam.valid])
    common = int(torch.mode(train[train >= 0]).values)
    model = copy.deepcopy(exam.all.model).eval()
    said = torch.cat([exam.run(model, batch).argmax(1) for batch in exam.valid])
    if said.shape != valid.shape:
        return ""
    others = (valid >= 0) & (valid != common)
    answers, there = int((said == common).sum()), int((valid == common).sum())
    if int(others.sum()) < _OTHERS or answers < _MORE * max(there, 1):
        return ""
    missed = float((said[others] == common).float().mean())
    if missed < _MISSED:
        return ""
    return (
        f"{100 * missed:.0f} % of the {int(others.sum())} validation samples of other classes are "
        f"taken for {common}, which has {answers} answers there and {there} samples"
    )
