"""Whether a loss asks for outputs on the side of their targets, though not for those themselves."""

from __future__ import annotations

import torch
from torch import Tensor

from inundate.prove.case import Batch, Fixed
from inundate.prove.exam import Exam
from inundate.prove.free import least_output

__all__ = ["sought"]

_TOWARDS = 0.9  # of the samples, whose free outputs name the right class
_IN_LINE = 0.5  # correlation of free outputs with their targets
_AWAY = -0.7  # the same of the first steps, from one answer for all on


def sought(exam: Exam, batch: Batch, found: dict[str, float]) -> bool:
    """Say whether outputs that are free to lower the loss move towards their targets.

    Parameters
    ----------
    exam : Exam
    batch : Batch
    found : dict of str to float
        Losses of a ``right``, a ``wrong`` and a ``constant`` answer.
    """
    target = batch["target"]
    # from the mean: where the lowest constant is at no end, it leads all astray alike
    start = exam.answers.constants(batch)[0][:1]
    free = least_output(exam.case, batch, start)
    if free is None:
        return False
    if exam.answers.kind == "classes":
        known = exam.answers.known(target)
        return float(exam.answers.hits(free, target)[known].float().mean()) > _TOWARDS
    if found["right"] > max(found["wrong"], found["constant"]) and _leaves(exam, batch, start):
        return False  # a score that falls off on both sides leads anywhere in the end
    return _in_line(target, free) > _IN_LINE


def _leaves(exam: Exam, batch: Batch, start: Tensor) -> bool:
    """Whether the loss falls, from one answer for all, where outputs leave their targets."""
    target = batch["target"]
    answer = start.float().expand(len(target), *start.shape[1:]).clone().requires_grad_()
    try:
        loss = exam.case.loss(Fixed(answer.to(start.dtype)), batch)
        (slope,) = torch.autograd.grad(loss, answer)
    except Exception:  # noqa: BLE001  the loss is the user's: any error means "cannot be asked"
        return False
    return _in_line(target, -slope) < _AWAY


def _in_line(target: Tensor, outputs: Tensor) -> float:
    """Give the correlation of targets and outputs, of what is not the same for all samples."""
    wanted, told = (part.double().reshape(len(target), -1) for part in (target, outputs))
    wanted, told = (part - part.mean(0) for part in (wanted, told))
    scale = float(wanted.norm() * told.norm())
    return float((wanted * told).nan_to_num().sum()) / scale if scale > 0 else 0.0
