"""Samples in another unit: far larger, far smaller, or far away from all others."""

from __future__ import annotations

import math

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from inundate.prove.cause import Cause
from inundate.prove.finding import Finding

__all__ = ["left_over", "slips"]

_SLIP = 100.0  # factor from which a sample is in another unit (mm for m: 1000)
_GROUP = 8  # samples of which a group in another unit has at least so many
_NARROW = 0.2  # width of a group, of the way from one to the other
_BETWEEN = 0.25  # samples between two groups, of those in the smaller
_MANY = 64  # channels that are looked at one by one
_LEVELS = 8
_NUMBERS = 200_000
_REPEATED = 0.002  # share of one number at an end
_FAR = 50.0  # times the distance between the quarters
_FEW = 0.4  # of the samples, that are in another unit
_STRAY = 0.08  # of those, that lie between them and the others
_UNITS = (100.0, 1000.0, 3600.0, 86400.0, 1e4, 1e5, 1e6)  # cm, mm, hours, days, ha, hPa, parts
_SMALL_UNITS = (10.0, 12.0, 16.0, 24.0, 25.4, 60.0)  # dm, dozens, ounces, hours, inches, minutes
_NEARLY = 1.15  # factor within which medians of groups that lie apart agree
_SCALES = ((1.8, 32.0), (1.0, 273.15))  # Fahrenheit and Kelvin of Celsius
_CLOSE = 0.15  # of the width and middle of what was converted
_ABOUT = 1.3  # factor within which medians of few samples agree
_UNLIKE = 1.95  # of Smirnov's distance: 0.1 % by chance
_GAP = 6.0  # times the width of two groups of numbers, between them


def left_over(name: str, values: Tensor) -> str:
    """Name a number that stands for what is missing, far away from all others, if there is one.

    Parameters
    ----------
    name : str
        Of the input.
    values : Tensor (N, …)
    """
    flat = values.double().flatten()
    flat = flat[torch.isfinite(flat)][:_NUMBERS]
    if len(flat) < 100:
        return ""
    low, middle, high = (float(q) for q in torch.quantile(flat, flat.new_tensor([0.25, 0.5, 0.75])))
    width = high - low
    for end in (float(flat.min()), float(flat.max())):
        share = float((flat == end).double().mean())
        others = flat[flat != end]
        if not share > _REPEATED or width <= 0 or not len(others):
            continue
        if not _written(end):
            continue
        # nothing else is half as far away
        away = abs(end - middle)
        if away > _FAR * width and float((others - middle).abs().max()) < 0.5 * away:
            return f"{end:.6g} stands for {100 * share:.1f} % of {name!r}, far from all others"
    return ""


def _written(number: float) -> bool:
    """Whether people write a number for what is missing: nines, the ends of types, fill values."""
    size = abs(number)
    nines = size >= 99 and size == round(size) and set(f"{size:.0f}") == {"9"}
    return nines or size in (32767.0, 32768.0, 65535.0) or size >= 1e9


def slips(
    name: str, values: Tensor, *, whole: bool = True, kinds: Tensor | None = None
) -> list[Finding]:
    """Look for samples in another unit, as a whole and channel by channel.

    Parameters
    ----------
    name : str
        Of the input.
    values : Tensor (N, …)
    whole : bool
        False for what may be of two sizes by itself, such as depths, which are small where it is
        dry: those must be like the others but for a factor that units differ by.
    kinds : Tensor (N,), optional
        The class of each sample: what differs as classes do may be what tells them apart.
    """
    if values.ndim < 2 or values[0].numel() == 1 or not whole:
        return _converted(name, values, kinds)
    if values.ndim == 2:  # columns of a few levels are in a unit of their own
        values = values[:, [len(torch.unique(column)) > _LEVELS for column in values.T]]
        if not values.numel():
            return []
    return _slips(name, values) or _slips_by_channel(name, values, kinds)


def _slips(name: str, values: Tensor) -> list[Finding]:
    """Look for samples that are larger or smaller than all others by a large factor."""
    size = values.double().reshape(len(values), -1).square().mean(1).sqrt().numpy()
    size = size[(size > 0) & np.isfinite(size)]  # others are told on their own
    if len(size) < 20:
        return []
    order = np.sort(np.log10(size))
    place = int(np.argmax(np.diff(order)))
    # a gap as wide as one and a half orders of magnitude, with some samples on both sides
    gap = order[place + 1] - order[place] >= np.log10(_SLIP) * 0.75
    between = 0
    if not gap or min(place + 1, len(order) - place - 1) < 3:
        place, between = _two_groups(order)
    few = min(place + 1, len(order) - place - 1)
    if few < 3:
        return []
    factor = 10 ** (np.median(order[place + 1 :]) - np.median(order[: place + 1]))
    if factor < _SLIP:
        return []
    text = (
        f"{few} of {len(order)} samples of {name!r} are {factor:.3g} times as large or small as "
        f"the others, and {between or 'none'} {'lie' if between > 1 else 'lies'} between"
    )
    return [Finding(Cause.UNIT_SLIP, "fault", text, f"{name!r}")]


def _slips_by_channel(name: str, values: Tensor, kinds: Tensor | None) -> list[Finding]:
    """Look at each channel by itself, where samples as a whole tell nothing."""
    series = values.ndim == 3 and values.shape[1] > values.shape[2]
    rows = values.movedim(-1, 1) if series else values
    if not 2 <= rows.shape[1] <= _MANY:
        return []
    for channel in range(rows.shape[1]):
        told = f"{name}, channel {channel}"
        held = rows[:, channel]
        found = _converted(told, held, kinds)
        if found:
            return found
    return []


def _converted(name: str, values: Tensor, kinds: Tensor | None) -> list[Finding]:
    found = _apart(name, values)
    found = found or (_slips(name, values) if _alike_converted(values) else [])
    return found or _in_small_units(name, values, kinds)


def _in_small_units(name: str, values: Tensor, kinds: Tensor | None) -> list[Finding]:
    """Look for some samples of several numbers that are the others but for a unit's factor."""
    rows = values.double().reshape(len(values), -1)
    if rows.shape[1] < 2 or not bool(torch.isfinite(rows).all()):
        return []
    size = rows.square().mean(1).sqrt()
    order = size[size > 0].sort().values
    if len(order) < 20:
        return []
    place, between = _two_groups(order.log10().numpy())
    low, high = order[: place + 1], order[place + 1 :]
    few = min(len(low), len(high))
    if (
        place < 0
        or between > _STRAY * few
        or not max(_GROUP, len(order) // 50) <= few <= _FEW * len(order)
    ):
        return []
    factor = float(high.median() / low.median())
    unit = min(_SMALL_UNITS, key=lambda one: abs(math.log(factor / one)))
    if abs(math.log(factor / unit)) > math.log(_NEARLY):
        return []
    if not _of_one_kind(low / low.median(), high / high.median()):
        return []
    if kinds is not None and _as_kinds(size[size > 0] >= high[0], kinds[size > 0]):
        return []
    text = (
        f"{few} of {len(order)} samples of {name!r} are {factor:.3g} times as large or small as "
        f"the others, and {between or 'none'} {'lie' if between > 1 else 'lies'} between"
    )
    return [Finding(Cause.UNIT_SLIP, "fault", text, f"{name!r}")]


def _as_kinds(larger: Tensor, kinds: Tensor) -> bool:
    """Whether all samples of each class are of one size, as flat bodies are beside round ones."""
    shares = [float(larger[kinds == kind].double().mean()) for kind in torch.unique(kinds)]
    return all(min(share, 1.0 - share) <= _STRAY for share in shares)


def _alike_converted(values: Tensor) -> bool:
    """Whether the few that are far larger, or smaller, are like the others in another unit."""
    rows = values.double().reshape(len(values), -1).mean(1)
    rows = rows[torch.isfinite(rows) & (rows != 0)]
    if len(rows) < 20:
        return False
    size, order = rows.abs().log10().sort()
    place, between = _two_groups(size.numpy())
    if place < 0:
        place, between = int(size.diff().argmax()), 0
    low, high = rows[order[: place + 1]], rows[order[place + 1 :]]
    few = min(len(low), len(high))
    if few > _FEW * len(rows) or between > _STRAY * few:
        return False
    factor = math.log10(float(high.abs().median() / low.abs().median()))
    if min(abs(factor - math.log10(unit)) for unit in _UNITS) > math.log10(_ABOUT):
        return False
    return _of_one_kind(low / low.abs().median(), high / high.abs().median())


def _of_one_kind(one: Tensor, other: Tensor) -> bool:
    """Compare two sets of numbers by the largest distance of their distributions (Smirnov)."""
    if min(len(one), len(other)) < 3:
        return False
    places = torch.cat([one, other]).sort().values
    shares = [
        torch.searchsorted(part.sort().values, places, right=True).double() / len(part)
        for part in (one, other)
    ]
    far = float((shares[0] - shares[1]).abs().max())
    usual: float = ((len(one) + len(other)) / (len(one) * len(other))) ** 0.5
    return far < _UNLIKE * usual


def _apart(name: str, values: Tensor) -> list[Finding]:
    """Look for numbers that lie far from all others, as degrees in another scale do."""
    rows = values.double().reshape(len(values), -1).mean(1)
    order = rows[torch.isfinite(rows)].sort().values
    if len(order) < 20:
        return []
    place = int(order.diff().argmax())
    low, high = order[: place + 1], order[place + 1 :]
    if min(len(low), len(high)) < max(3, len(order) // 50):
        return []
    wide = max(float(low[-1] - low[0]), float(high[-1] - high[0]))
    near = min(float(part.std()) for part in (low, high)) > 0.2 * max(
        float(part.std()) for part in (low, high)
    )
    if min(len(low), len(high)) > _FEW * len(order):
        return []  # two kinds of samples, more likely than two units
    many = min(len(torch.unique(part)) for part in (low, high)) > 3
    if many and any(_is_scale(low, high, *scale) for scale in _SCALES):
        text = (
            f"{min(len(low), len(high))} of {len(order)} samples of {name!r} are to the others as "
            "degrees of one scale to those of another"
        )
        return [Finding(Cause.UNIT_SLIP, "fault", text, f"{name!r}")]
    if not (many and near) or float(high[0] - low[-1]) < _GAP * wide:
        return []
    few = min(len(low), len(high))
    text = (
        f"{few} of {len(order)} samples of {name!r} lie {float(high.mean() - low.mean()):.4g} from "
        "the others, and none lies between"
    )
    return [Finding(Cause.UNIT_SLIP, "fault", text, f"{name!r}")]


def _is_scale(low: Tensor, high: Tensor, factor: float, shift: float) -> bool:
    """Whether the higher numbers are the lower ones in another scale of degrees."""
    wide, other = factor * float(low.std()), float(high.std())
    middle, found = factor * float(low.mean()) + shift, float(high.mean())
    if wide <= 0 or abs(other / wide - 1.0) > 2.0 * _CLOSE:
        return False
    return abs(found - middle) < _CLOSE * abs(found - float(low.mean()))


def _two_groups(order: NDArray[np.float64]) -> tuple[int, int]:
    """Part sorted logarithms where the two parts are closest in themselves.

    Returns
    -------
    tuple of int
        The last place of the lower part, and how many lie in the middle third between the parts;
        (-1, 0) unless both are narrow beside what is between them.
    """
    places = range(_GROUP - 1, len(order) - _GROUP)
    if not places:
        return -1, 0
    spread = [p * order[:p].var() + (len(order) - p) * order[p:].var() for p in places]
    place = places[int(np.argmin(spread))] - 1
    low, high = order[: place + 1], order[place + 1 :]
    apart = float(np.median(high) - np.median(low))
    wide = max(float(np.subtract(*np.percentile(part, (75, 25)))) for part in (low, high))
    middle = (order > np.median(low) + apart / 3) & (order < np.median(high) - apart / 3)
    between = int(middle.sum())
    if wide > _NARROW * apart or between > _BETWEEN * min(len(low), len(high)):
        return -1, 0
    return place, between
