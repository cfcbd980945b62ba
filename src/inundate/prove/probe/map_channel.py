"""Channels of maps that hold a target of maps: as it is, in order, or as its outline."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from inundate.prove.probe.filtered_mask import filtered_mask

__all__ = ["FRAMES", "SAME", "correlation", "indicators", "map_channel"]

SAME = 0.9995  # correlation from which two rows of numbers are one
FRAMES = 24  # of a target of maps, each of which may stand among the inputs
_CLASSES = 4
_OUTLINED = 50  # places on either side of a bound
_MANY = 0.1  # of the places, that have a value of their own


def map_channel(values: Tensor, target: Tensor) -> int | None:
    """Find a channel of maps, or a frame, that is in line with the target, outlines or shows it."""
    if values.ndim == 3 and values.shape[1:] == target.shape[2:]:
        values = values[:, None]
    if values.ndim == 5:  # frames of maps
        values = values.flatten(1, 2)
    target = target[:, None] if target.ndim == 3 else target
    if values.ndim != 4 or target.ndim != 4 or values.shape[2:] != target.shape[2:]:
        return None
    maps = list(_frames(target))
    frames = [frame.flatten().double() for frame in maps]
    ranks = [_ranks(frame) for frame in frames]
    for channel in range(values.shape[1]):
        given = values[:, channel].flatten().double()
        if any(abs(correlation(given, frame)) > SAME for frame in frames):
            return channel
        own = _ranks(given)
        if any(abs(correlation(own, rank)) > SAME for rank in ranks if rank.max() >= _OUTLINED):
            return channel
        if _outline(given, frames) or _painted(given, frames) or _levels(given, target):
            return channel
        if values.shape[1] > 1 and filtered_mask(values[:, channel], maps):
            return channel
    return None


def _frames(target: Tensor) -> Sequence[Tensor]:
    """Give the frames of a target (N, K, H, W) and what they share, or where each class is."""
    if not target.is_floating_point():
        return indicators(target[:, 0]) if target.shape[1] == 1 else []
    held = target.float().nan_to_num()
    if held.shape[1] == 1:
        return [held[:, 0]]
    return [held.mean(1), held.amax(1), held.amin(1), *held[:, :FRAMES].unbind(1)]


def _ranks(values: Tensor) -> Tensor:
    """Give each value its number in their order, which no monotone change of them moves."""
    number: Tensor = torch.unique(values, return_inverse=True)[1]
    return number.double()


def _outline(given: Tensor, frames: Sequence[Tensor]) -> bool:
    """Whether a channel of two values says where a target is above some bound."""
    levels = torch.unique(given)
    if len(levels) != 2:
        return False
    inside = given == levels[1]
    if min(int(inside.sum()), int((~inside).sum())) < _OUTLINED:
        return False
    for frame in frames:
        wanted = frame.flatten()
        if len(torch.unique(wanted)) < 2:
            continue
        one, other = wanted[inside], wanted[~inside]
        # not a place is out of order, and no value is on both sides
        if float(one.min()) > float(other.max()) or float(other.min()) > float(one.max()):
            return True
    return False


def _levels(given: Tensor, target: Tensor) -> bool:
    """Whether each of the few values of a channel stands in places of one class alone."""
    classes = target.flatten()
    if target.is_floating_point():
        return False
    given, classes = given[classes >= 0], classes[classes >= 0]
    levels, level = torch.unique(given, return_inverse=True)
    kinds, kind = torch.unique(classes, return_inverse=True)
    if not 2 <= len(kinds) <= len(levels) <= 2 * len(kinds) or len(classes) < _OUTLINED:
        return False
    joint = torch.bincount(level * len(kinds) + kind, minlength=len(levels) * len(kinds))
    most = joint.reshape(len(levels), len(kinds)).max(1)
    whole = len(torch.unique(most.indices)) == len(kinds)
    return whole and int(most.values.sum()) >= SAME * len(classes)


def _painted(given: Tensor, frames: Sequence[Tensor]) -> bool:
    """Whether one value, in a channel of many others, stands where a target is and nowhere else."""
    values, counts = torch.unique(given, return_counts=True)
    most = int(counts.max())
    if most < _OUTLINED or len(values) < _MANY * (len(given) - most):
        return False
    inside = given == values[counts.argmax()]
    for frame in frames:
        wanted = frame.flatten()
        kinds = torch.unique(wanted)
        if len(kinds) == 2 and any(torch.equal(inside, wanted == kind) for kind in kinds):
            return True
    return False


def correlation(one: Tensor, other: Tensor) -> float:
    """Give the correlation of two rows of numbers; 0 where one is the same throughout."""
    one, other = one - one.mean(), other - other.mean()
    scale = float(one.norm() * other.norm())
    return float(one @ other) / scale if scale > 0 else 0.0


def indicators(target: Tensor) -> list[Tensor]:
    """Give of each of the commonest classes where it is."""
    values, counts = torch.unique(target[target >= 0], return_counts=True)
    common = values[counts.argsort(descending=True)][:_CLASSES]
    return [(target == value).float() for value in common]
