"""Training numbers that lie as those of validation do, but for a share in another unit."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from inundate.prove.cause import Cause
from inundate.prove.finding import Finding

__all__ = ["mixed_units"]

Floats = NDArray[np.float64]

_MANY = 64  # channels that are looked at
_LEAST = 60  # samples of either part
_LEVELS = 20  # different numbers of a channel
#: Inches in cm and mm, feet in m, pounds in kg and ounces, miles in km, yards, m in dm, hours …
_UNITS = (2.2046, 2.54, 3.2808, 3.6, 10.0, 12.0, 16.0, 24.0, 25.4, 60.0, 100.0, 1000.0)
_SHARES = np.linspace(0.04, 0.4, 13)
_BEYOND, _MANY_BEYOND = 0.03, 30  # of the samples that lie beyond all of validation
_ALIKE = 1.36  # of Smirnov's distance: 5 in 100 by chance
_BETTER = 0.7  # of the distance that is left
_FITS = 0.3  # of the share that lies beyond, by which that may be missed
_NEAR = 0.1  # deviations, within which another number of the same thing lies
_NEXT = 8  # numbers further on, where another thing is
_GROUPED = 0.3  # of those beyond, that are the next one's neighbour in another channel too


def mixed_units(name: str, train: Tensor, valid: Tensor) -> list[Finding]:
    """Look for a share and a factor with which validation numbers become those of training.

    Parameters
    ----------
    name : str
        Of the input.
    train, valid : Tensor (N, C, …)
        With channels second.
    """
    if train.ndim < 2 or min(len(train), len(valid)) < _LEAST or train.shape[1] > _MANY:
        return []
    for channel in range(train.shape[1]):
        one, other = (_sizes(part[:, channel]) for part in (train, valid))
        if one is None or other is None:
            continue
        found = _fitted(one, other)
        if found is None or _of_few_things(train, channel, one, other):
            continue
        share, how, beyond = found
        where = f"{name!r}, channel {channel}" if train.shape[1] > 1 else f"{name!r}"
        text = (
            f"{100 * beyond:.0f} % of {where} in training lie beyond all of validation, and the "
            f"rest as there: as where {100 * share:.0f} % of the samples are {how}"
        )
        return [Finding(Cause.UNIT_SLIP, "fault", text, where)]
    return []


def _of_few_things(train: Tensor, channel: int, one: Floats, other: Floats) -> bool:
    """Whether what lies beyond is of a few things that were measured often, as a patient's rows.

    Then the number next in size is near in another channel as well, and one further on is not:
    such samples say far less of all things than as many that have nothing to do with each other.
    """
    rows = train.double().reshape(len(train), train.shape[1], -1).mean(2)
    far = torch.from_numpy(((one < other.min()) | (one > other.max())).nonzero()[0])
    order = far[torch.from_numpy(one)[far].argsort()]
    if len(order) < 2 * _NEXT or train.shape[1] < 2:
        return False
    rest = [place for place in range(rows.shape[1]) if place != channel]
    held = rows[order][:, rest] / rows[:, rest].std(0).clamp(min=1e-12)
    next_, later = (
        ((held[step:] - held[:-step]).abs() < _NEAR).double().mean(0) for step in (1, _NEXT)
    )
    return bool((next_ - later).max() > _GROUPED)


def _sizes(values: Tensor) -> Floats | None:
    """Give a number for each sample: its own, or the root mean square of several."""
    rows = values.double().reshape(len(values), -1)
    found = rows[:, 0] if rows.shape[1] == 1 else rows.square().mean(1).sqrt()
    if not bool(torch.isfinite(found).all()) or len(torch.unique(found)) < _LEVELS:
        return None
    return found.numpy()


def _fitted(train: Floats, valid: Floats) -> tuple[float, str, float] | None:
    """Give the share that fits, what was done to it, and what lies beyond all of validation.

    Of samples of one kind next to nothing does.
    """
    usual = (1.0 / len(train) + 1.0 / len(valid)) ** 0.5
    beyond = _outside(train, valid)
    if beyond < max(_BEYOND, _MANY_BEYOND / len(train)):
        return None
    places = np.sort(np.concatenate([train, valid]))
    before = float(np.abs(_below(train, places) - _below(valid, places)).max())
    best = (np.inf, 0.0, "")
    for how, scaled in _otherwise(train, valid):
        places = np.sort(np.concatenate([train, valid, scaled]))
        held, own, moved = (_below(v, places) for v in (train, valid, scaled))
        outside = _outside(scaled, valid)
        for share in _SHARES:
            left = float(np.abs(held - (1.0 - share) * own - share * moved).max())
            if abs(share * outside - beyond) <= _FITS * beyond:
                best = min(best, (left, float(share), how))
    left, share, how = best
    return (share, how, beyond) if left <= min(_ALIKE * usual, _BETTER * before) else None


def _otherwise(train: Floats, valid: Floats) -> Iterator[tuple[str, Floats]]:
    """Give validation numbers in other units: taken some times, or, as logarithms are, moved."""
    for factor in (one for unit in _UNITS for one in (unit, 1.0 / unit)):
        yield f"taken {factor:.4g} times", factor * valid
    for far in (train[train > valid.max()], train[train < valid.min()]):
        if not len(far):
            continue
        away = float(np.median(far) - np.median(valid))
        if abs(away) > float(np.ptp(valid)):  # nothing of them lies among the others
            yield f"{away:.4g} away from where they were", valid + away


def _outside(values: Floats, held: Floats) -> float:
    return float(((values < held.min()) | (values > held.max())).mean())


def _below(values: Floats, places: Floats) -> Floats:
    found: Floats = np.searchsorted(np.sort(values), places, side="right") / len(values)
    return found
