"""Maps that were laid out anew, told by the targets that belong to their places."""

from __future__ import annotations

import torch
from torch import Tensor

from inundate.prove.cause import Cause
from inundate.prove.exam import Exam
from inundate.prove.finding import Finding
from inundate.prove.probe.data import gather
from inundate.prove.probe.layout import relaid
from inundate.prove.probe.map_channel import indicators
from inundate.prove.probe.reference import around, targets_of
from inundate.prove.probe.relation import explained

__all__ = ["probe_laid"]

_BETTER = 0.12  # of the variance of a target, by which another layout must explain more
_LEAST = 4  # cells along each side
_MOST = 400  # samples


def probe_laid(exam: Exam) -> list[Finding]:
    """See whether targets follow far better from an input whose axes are read in another order.

    Rough maps, whose neighbours are not alike, are not told to be out of order by themselves.
    """
    target = targets_of(exam.train)
    if target is None or target.ndim not in (3, 4) or min(target.shape[-2:]) < _LEAST:
        return []
    for name, value in exam.train[0]["inputs"].items():
        values = gather(exam.train, name)
        if values is None or not value.is_floating_point() or value.ndim != 4:
            continue
        if value.shape[1] < 2 or value.shape[2:] != target.shape[-2:]:
            continue
        told = _told(values[:_MOST].float(), _asked(target[:_MOST]))
        if told:
            subject = f"the numbers of {name!r} were reshaped where axes should be exchanged"
            return [Finding(Cause.AXES_MIXED, "fault", told, subject)]
    return []


def _asked(target: Tensor) -> Tensor:
    """Give a target of maps as (N, K, H, W): each class, or the numbers themselves."""
    if not target.is_floating_point():
        return torch.stack(indicators(target if target.ndim == 3 else target[:, 0]), 1)
    held = target.float().nan_to_num()
    return held[:, None] if held.ndim == 3 else held.mean(1, keepdim=True)


def _told(values: Tensor, asked: Tensor) -> str:
    """Say so where another layout explains far more of the target."""
    here = max(explained(around(values), asked))
    ways = {name: max(explained(around(way), asked)) for name, way in relaid(values)}
    best = max(ways, key=lambda name: ways[name], default="")
    if not best or ways[best] < max(here, 0.0) + _BETTER or ways[best] < 1.5 * here:
        return ""
    return (
        f"what is around a place explains {100 * max(here, 0.0):.0f} % of the target there, and "
        f"{100 * ways[best]:.0f} % if each sample is read as {best}"
    )
