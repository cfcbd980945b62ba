"""Cleaning of radar rain: clutter, isolated specks, gaps and missing cells, all on record.

A value that is judged wrong becomes missing (NaN), never 0 and never a smaller number: what
fell there is not known. What may be put in its place is a separate, explicit choice.
"""

from __future__ import annotations

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from inundate.core.errors import ConfigError
from inundate.rain.array import check_rain, record
from inundate.rain.gaps import MissingPolicy, fill_gaps, fill_missing_cells

__all__ = [
    "check_rain",
    "clean_rain",
    "fill_gaps",
    "fill_missing_cells",
    "mark_clutter",
    "mark_speckle",
]

WET_MM_H = 0.1  # below this a radar cannot tell rain from none; pysteps' usual threshold too

_NEIGHBOURS = ((0, 1), (1, 0), (1, 1), (1, -1))  # each pair of touching cells once


def clean_rain(
    rain: xr.DataArray,
    *,
    max_rate_mm_h: float | None = None,
    speckle_cells: int | None = None,
    fill_gap_min: float | None = None,
    missing: MissingPolicy | None = None,
    missing_within_m: float | None = None,
) -> xr.DataArray:
    """Clean rain in a fixed order: specks, clutter, gaps in time, missing cells.

    Each step runs only when asked for and is written into ``attrs["history"]``. Specks go
    first, so that the core of a large storm that clutter marking takes out does not leave
    its rim behind as specks.

    Parameters
    ----------
    rain : DataArray (time, y, x), mm h-1
        Rain as a reader gives it.
    max_rate_mm_h : float, optional
        Rates above this become missing, see :func:`mark_clutter`.
    speckle_cells : int, optional
        Wet groups of at most this many cells become missing, see :func:`mark_speckle`.
    fill_gap_min : float, optional
        Gaps of up to this many minutes are filled, see :func:`fill_gaps`.
    missing : {"refuse", "dry", "nearest"}, optional
        What to do with missing cells, see :func:`fill_missing_cells`; by default they stay.
    missing_within_m : float, optional
        Distance for ``missing="nearest"``.

    Returns
    -------
    DataArray (time, y, x), mm h-1
        A new array; the input is not changed.

    Raises
    ------
    DataError
        If a rate is negative or infinite, the times cannot be made regular, or ``missing``
        is "refuse" and a cell is missing.
    ConfigError
        If a limit is not positive.
    """
    check_rain(rain, where="cleaning rain")
    found = rain.copy()
    if speckle_cells is not None:
        found = mark_speckle(found, speckle_cells)
    if max_rate_mm_h is not None:
        found = mark_clutter(found, max_rate_mm_h)
    if fill_gap_min is not None:
        found = fill_gaps(found, limit_min=fill_gap_min)
    if missing is not None:
        found = fill_missing_cells(found, policy=missing, within_m=missing_within_m)
    return found


def mark_clutter(rain: xr.DataArray, max_rate_mm_h: float) -> xr.DataArray:
    """Make every rate above a limit missing.

    Parameters
    ----------
    rain : DataArray (time, y, x), mm h-1
        Rain with echoes of hills, ships, wind farms or birds.
    max_rate_mm_h : float
        Highest rate that is believed, mm h-1.

    Returns
    -------
    DataArray (time, y, x), mm h-1
        The history holds the count of cells and steps and the highest rate taken out.

    Raises
    ------
    ConfigError
        If the limit is not above 0.
    """
    if not max_rate_mm_h > 0:
        raise ConfigError(f"marking clutter: max_rate_mm_h is {max_rate_mm_h:g}, expected above 0")
    values = rain.to_numpy()
    wrong = values > max_rate_mm_h  # NaN compares false
    highest = float(values[wrong].max()) if wrong.any() else None
    return record(
        rain.copy(data=np.where(wrong, np.float32(np.nan), values)),
        "mark_clutter",
        max_rate_mm_h=float(max_rate_mm_h),
        cells=int(wrong.sum()),
        steps=int(wrong.any(axis=(1, 2)).sum()),
        highest_mm_h=highest,
    )


def mark_speckle(
    rain: xr.DataArray, speckle_cells: int, *, wet_mm_h: float = WET_MM_H
) -> xr.DataArray:
    """Make small isolated groups of wet cells missing.

    Cells that touch by a side or a corner are one group. A group that touches the edge of
    the raster or a missing cell is kept, since its size is not known.

    Parameters
    ----------
    rain : DataArray (time, y, x), mm h-1
        Rain with isolated false echoes.
    speckle_cells : int
        Groups of at most this many cells are taken out.
    wet_mm_h : float
        A cell is wet from this rate on, mm h-1.

    Returns
    -------
    DataArray (time, y, x), mm h-1
        The history holds the count of cells and steps.

    Raises
    ------
    ConfigError
        If ``speckle_cells`` is below 1.
    """
    if speckle_cells < 1:
        raise ConfigError(f"marking specks: speckle_cells is {speckle_cells}, expected at least 1")
    values = rain.to_numpy().copy()
    cells = steps = 0
    for frame in values:
        specks = find_specks(frame, speckle_cells, wet_mm_h)
        frame[specks] = np.nan
        cells += int(specks.sum())
        steps += bool(specks.any())
    return record(
        rain.copy(data=values),
        "mark_speckle",
        speckle_cells=int(speckle_cells),
        wet_mm_h=float(wet_mm_h),
        cells=cells,
        steps=steps,
    )


def find_specks(
    frame: NDArray[np.float32], speckle_cells: int, wet_mm_h: float
) -> NDArray[np.bool_]:
    """Tell which cells (H, W) of one frame belong to an isolated small wet group."""
    wet = frame >= wet_mm_h
    group = _groups(wet)
    size = np.bincount(group[wet], minlength=1)
    small = size <= speckle_cells
    small[np.unique(group[wet & _unsure(frame)])] = False
    return np.where(wet, small[group], False)


def _unsure(frame: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Cells (H, W) on the edge of the raster or beside a missing cell."""
    beyond = np.pad(np.isnan(frame), 1, constant_values=True)  # (H + 2, W + 2)
    height, width = frame.shape
    near = np.zeros(frame.shape, dtype=bool)
    for row in range(3):
        for col in range(3):
            near |= beyond[row : row + height, col : col + width]
    return near


def _groups(wet: NDArray[np.bool_]) -> NDArray[np.intp]:
    """Give each wet cell (H, W) the number of its group, joining pairs until none is left."""
    number = np.full(wet.shape, 0, dtype=np.intp)
    number[wet] = np.arange(int(wet.sum()))
    first, second = _touching_pairs(wet, number)
    parent = np.arange(int(wet.sum()))
    while True:
        low = np.minimum(parent[first], parent[second])
        high = np.maximum(parent[first], parent[second])
        if (low == high).all():
            break
        np.minimum.at(parent, high, low)
        while (parent[parent] != parent).any():  # every member points at its root
            parent = parent[parent]
    number[wet] = parent
    return number


def _touching_pairs(
    wet: NDArray[np.bool_], number: NDArray[np.intp]
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    height, width = wet.shape
    firsts, seconds = [], []
    for down, right in _NEIGHBOURS:
        left = max(0, -right)
        here = (slice(0, height - down), slice(left, width - max(0, right)))
        there = (slice(down, height), slice(left + right, width - max(0, right) + right))
        both = wet[here] & wet[there]
        firsts.append(number[here][both])
        seconds.append(number[there][both])
    return np.concatenate(firsts), np.concatenate(seconds)
