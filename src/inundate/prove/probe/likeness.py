"""Losses that ask who is like whom, and not for the target itself."""

from __future__ import annotations

import copy

from inundate.prove.case import Batch
from inundate.prove.exam import Exam

__all__ = ["of_distance", "of_pairs"]

_SAME = 1e-6
_APART = 0.15  # of the constant's loss, by which the right answer's is lower
_NONE = 1e-3  # of the usual distance: what lies between an input and itself


def of_pairs(exam: Exam, found: dict[str, float]) -> bool:
    """Say whether outputs are no scores of classes: a loss of pairs asks who is like whom.

    Parameters
    ----------
    exam : Exam
    found : dict
        The losses of a right, a wrong and a constant answer.
    """
    same = abs(found["right"] - found["wrong"]) < _SAME * max(abs(found["constant"]), 1e-30)
    apart = found["constant"] - found["right"] > _APART * abs(found["constant"])
    return same and apart and exam.answers.kind == "classes"


def of_distance(exam: Exam, batch: Batch, found: dict[str, float]) -> bool:
    """Say whether the output is how far two inputs are apart, and 1 stands for those alike.

    Then the right answer is near where the target is high, and the loss is no wrong sign. Such an
    output is never below 0, and 0 between an input and itself.

    Parameters
    ----------
    exam : Exam
    batch : Batch
    found : dict
        As for :func:`of_pairs`.
    """
    target, inputs = batch["target"], list(batch["inputs"].values())
    if found["right"] < found["wrong"] or not bool(((target == 0) | (target == 1)).all()):
        return False
    if len(inputs) != 2 or inputs[0].shape != inputs[1].shape:
        return False
    model = copy.deepcopy(exam.case.model).eval()
    usual = exam.run(model, batch).float()
    twice = exam.run(model, {**batch, "inputs": dict.fromkeys(batch["inputs"], inputs[0])}).float()
    return float(usual.min()) >= 0.0 and float(twice.abs().max()) < _NONE * float(usual.mean())
