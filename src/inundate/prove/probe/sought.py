"""Whether a loss asks for outputs on the side of their targets, though not for those themselves."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from inundate.prove.answers import loss_of_fixed
from inundate.prove.case import Batch, Fixed
from inundate.prove.exam import Exam
from inundate.prove.free import least_output, lowest_there

__all__ = ["asks_for_logarithms", "sought"]

_TOWARDS = 0.9  # of the samples, whose free outputs name the right class
_IN_LINE = 0.5  # correlation of free outputs with their targets
_BATCHES = 8  # over which one answer for all is asked
_NEAR = 1.0  # of the logarithm of the mean, that the lowest answer for all is by
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
    mean = exam.answers.constants(batch)[0][:1]
    start: Tensor | None = mean
    free = least_output(exam.case, batch, mean)
    if free is not None and exam.answers.kind == "classes":
        known = exam.answers.known(target)
        return float(exam.answers.hits(free, target)[known].float().mean()) > _TOWARDS
    if exam.answers.kind != "classes" and _short(exam, batch, free):
        start, free = exam.free_constant, exam.free_output(batch)
    if free is None or start is None:
        return False
    if found["right"] > max(found["wrong"], found["constant"]) and _leaves(exam, batch, start):
        return False  # a score that falls off on both sides leads anywhere in the end
    return _in_line(target, free) > _IN_LINE


def _short(exam: Exam, batch: Batch, free: Tensor | None) -> bool:
    """Whether free outputs do not even come as far as the lowest answer for all, if there is one.

    As from a mean of 24 on, of which the loss takes the exponential.
    """
    flat = exam.free_constant
    if flat is None:
        return False
    reached = None if free is None else loss_of_fixed(exam.case, batch, free)
    least = loss_of_fixed(exam.case, batch, flat.expand(len(batch["target"]), *flat.shape[1:]))
    if least is None or (reached is not None and reached <= least):
        return False
    return lowest_there(exam.case, exam.learnt[:_BATCHES], flat)


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


def asks_for_logarithms(exam: Exam, mean: float) -> bool:
    """Whether the one answer for all with the lowest loss is the logarithm of the targets' mean.

    As of counts by a likelihood that takes logarithms of rates: outputs are then of a usual size,
    however far the targets are.

    Parameters
    ----------
    exam : Exam
    mean : float
        Of the targets.
    """
    if mean <= 0 or exam.answers.kind != "values" or exam.direct:
        return False
    flat = exam.free_constant
    if flat is None or float((flat - math.log(mean)).abs().max()) > _NEAR:
        return False
    return lowest_there(exam.case, exam.learnt[:_BATCHES], flat)
