"""Windows of one series, whose targets follow the windows of other samples."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from inundate.prove.cause import Cause
from inundate.prove.exam import Exam
from inundate.prove.finding import Finding
from inundate.prove.probe.data import gather
from inundate.prove.probe.reference import targets_of

__all__ = ["probe_goes_on"]

_TAIL = 3  # values of a window that are looked for in others
_FAR = 4  # lengths of a window, within which a target is looked for
_MANY = 24  # samples, of which enough must be known
_DISTINCT = 0.5  # of the values of a series
_KNOWN, _HELD, _NEAR = 0.5, 0.5, 0.2  # of the samples
_FEATURES = 12
_LENGTH = 512  # steps of a window

Floats = NDArray[np.float32]


def probe_goes_on(exam: Exam) -> list[Finding]:
    """Go on with each window through the others that overlap it, and look for its target there.

    Targets that are values of the same series, and stand nowhere near the window of their own
    sample, belong to the windows of other samples.
    """
    target = targets_of(exam.train)
    if target is None or not target.is_floating_point() or not target[0].numel():
        return []
    wanted = target.reshape(len(target), -1)[:, 0].float().numpy()
    for name, value in exam.train[0]["inputs"].items():
        values = gather(exam.train, name)
        if values is None or value.ndim not in (2, 3) or not value.is_floating_point():
            continue
        for number, series in enumerate(_features(values)):
            away = _elsewhere(series, wanted)
            if away:
                text = f"the targets are values of feature {number} of {name!r}, {away}"
                return [Finding(Cause.TARGETS_UNRELATED, "fault", text, firm=True)]
    return []


def _features(values: Tensor) -> list[Floats]:
    """Give the features of a series (N, T), (N, T, C) or (N, C, T), the longer axis as time."""
    if values.ndim == 2:
        parts = [values]
    else:
        longer = values if values.shape[1] >= values.shape[2] else values.transpose(1, 2)
        parts = list(longer.unbind(2)) if longer.shape[2] <= _FEATURES else []
    return [
        part.float().contiguous().numpy()
        for part in parts
        if 2 * _TAIL <= part.shape[1] <= _LENGTH and bool(torch.isfinite(part).all())
    ]


def _elsewhere(series: Floats, wanted: Floats) -> str:
    """Say so where targets (N,) are values of a series (N, T) that do not follow their windows."""
    everything = np.unique(series)
    if len(wanted) < _MANY or len(everything) < _MANY:
        return ""
    held = np.isin(wanted, everything)
    if held.mean() < _HELD or not _of_one_series(series, everything):
        return ""
    follows = _next_values(series)
    known = near = 0
    for window, value in zip(series[held], wanted[held], strict=True):
        told = _ahead(window, follows, _FAR * series.shape[1])
        known += len(told) >= series.shape[1]
        near += bool(value in told or value in window)
    if known < _KNOWN * held.sum() or near > _NEAR * held.sum():
        return ""
    return (
        f"but of {int(held.sum())} only {near} stand in their own window or up to "
        f"{_FAR * series.shape[1]} steps behind it: they belong to the windows of other samples"
    )


def _of_one_series(series: Floats, everything: Floats) -> bool:
    """Whether windows overlap, and values hardly come twice in one of them."""
    own = sum(len(np.unique(window)) for window in series[:_MANY]) / series[:_MANY].size
    return own > _DISTINCT and len(everything) < (1.0 - 1.0 / series.shape[1]) * series.size


def _next_values(series: Floats) -> dict[bytes, np.float32]:
    """Give the value behind each few values of a window."""
    found: dict[bytes, np.float32] = {}
    for window in series:
        for end in range(_TAIL, len(window)):
            found[window[end - _TAIL : end].tobytes()] = window[end]
    return found


def _ahead(window: Floats, follows: dict[bytes, np.float32], most: int) -> list[np.float32]:
    """Go on with a window from value to value, as far as other windows tell."""
    tail = list(window[-_TAIL:])
    told: list[np.float32] = []
    while len(told) < most:
        value = follows.get(np.asarray(tail, np.float32).tobytes())
        if value is None:
            break
        told.append(value)
        tail = [*tail[1:], value]
    return told
