"""Rows of both parts that are one thing, measured more than once: nearer than chance brings two."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from inundate.prove.cause import Cause
from inundate.prove.exam import Exam
from inundate.prove.finding import Finding
from inundate.prove.probe.reference import targets_of

__all__ = ["near_rows", "same_target"]

_MOST = 1500  # samples that are compared
_LEAST = 20  # of either part
_NUMBERS = 512  # of a sample
_TENTH = 10  # neighbour by which the distances around a sample are known
_CHANCE = 0.01  # of the samples, whose nearest one is so near by chance
_NEAREST = 0.35  # of the distance of the tenth, at most
_SHARE = 0.2  # of the validation samples
_SAME = 0.1  # of the variance of the target, by which the two differ


def near_rows(exam: Exam, train: Tensor, valid: Tensor) -> list[Finding]:
    """Look for validation samples that have one training sample, or a few, by far nearest to them.

    How much nearer the nearest neighbour is than the tenth follows from the number of dimensions
    that samples fill, and that from how much nearer the tenth is than the twentieth. Copies with
    small errors break this: they have a few samples next to them, and then nothing for long.

    Parameters
    ----------
    exam : Exam
    train, valid : Tensor (N, F)
        Brought to one scale.
    """
    if min(len(train), len(valid)) < _LEAST or not 2 <= train.shape[1] <= _NUMBERS:
        return []
    train, valid = train[:_MOST], valid[:_MOST]
    if len(train) < 4 * _TENTH:
        return []
    far, place = torch.cdist(valid, train).topk(2 * _TENTH, largest=False)
    nearest, tenth, next_ = far[:, 0], far[:, _TENTH - 1], far[:, 2 * _TENTH - 1]
    fits = tenth > 0
    if float(fits.float().mean()) < 0.9:
        return []
    wider = float((next_[fits] / tenth[fits]).log().mean())
    if wider <= 0:
        return []
    dimensions = math.log(2.0) / wider
    ratio = min((_CHANCE / (_TENTH - 1)) ** (1.0 / dimensions), _NEAREST)
    near = fits & (nearest < ratio * tenth)
    share = float(near.float().mean())
    exam.figures |= {"near_rows": share, "dimensions": dimensions}
    if share < _SHARE or not same_target(exam, near, place[:, 0]):
        return []
    text = (
        f"{100 * share:.0f} % of the validation samples have a training sample that is "
        f"{1 / ratio:.2g} times nearer to them than the tenth nearest, and has the same target; "
        f"by chance {100 * _CHANCE:g} % would have"
    )
    return [Finding(Cause.SPLIT_LEAK, "fault", text)]


def same_target(exam: Exam, near: Tensor, place: Tensor) -> bool:
    """Whether samples that are near to each other have one target, far more than others have."""
    train, valid = targets_of(exam.train), targets_of(exam.valid)
    if train is None or valid is None:
        return False
    own, other = valid[: len(near)][near], train[place[near]]
    if not train.is_floating_point():
        by_chance = float((own == other.roll(1, 0)).double().mean())
        left = 1.0 - float((own == other).double().mean())
        return left <= _SAME * (1.0 - by_chance)
    square = float((own - other).double().square().mean())
    return square <= _SAME * float((own - other.roll(1, 0)).double().square().mean())
