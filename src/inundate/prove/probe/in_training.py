"""How far inputs move an output in training mode: in evaluation some outputs are cut at an end."""

from __future__ import annotations

import copy

from inundate.prove.exam import Exam

__all__ = ["moves_in_training"]


def moves_in_training(exam: Exam, names: list[str]) -> float:
    """Give how far an output moves with inputs of other samples, of its size, in training mode.

    Parameters
    ----------
    exam : Exam
    names : list of str
        Inputs, with a row for each sample.
    """
    batch = exam.train[0]
    inputs = {name: batch["inputs"][name].roll(1, 0) for name in names}
    moved = {**batch, "inputs": {**batch["inputs"], **inputs}}
    most = 0.0
    for trained in (exam.case.model, exam.calm.model):
        model = copy.deepcopy(trained).train()
        one, two = (exam.run(model, asked).double() for asked in (batch, moved))
        most = max(most, float((one - two).abs().max()) / max(float(one.abs().max()), 1e-12))
    return most
