"""Rain by zone: cells with the same rain at all steps share one column of rates."""

from __future__ import annotations

import math

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from inundate.core.errors import DataError
from inundate.core.grid import Grid
from inundate.rain.array import make_rain
from inundate.rain.resample import iter_regridded
from inundate.rain.steps import time_text
from inundate.rain.storm import DEFAULT_START

__all__ = ["to_zones", "uniform_rain", "zoned_rain"]

_LARGEST_BYTES = 2**31


def uniform_rain(
    rates: NDArray[np.float64], grid: Grid, *, step_s: float, start: str = DEFAULT_START
) -> xr.DataArray:
    """Give rain that is the same everywhere, on two by two cells that cover a grid.

    Parameters
    ----------
    rates : array (T,), mm h-1
    grid : Grid
        To be covered.
    step_s : float
        Length of a step, s.
    start : str
        UTC time at which the first step starts.

    Returns
    -------
    DataArray (time, y, x), mm h-1
    """
    whole = Grid(
        grid.crs, grid.left, grid.top, grid.dx * grid.width / 2, grid.dy * grid.height / 2, 2, 2
    )
    values = np.broadcast_to(rates[:, None, None], (rates.size, 2, 2))
    return make_rain(values, _ends(rates.size, step_s, start), whole, step_s=step_s)


def zoned_rain(
    rates: NDArray[np.float64],
    zones: NDArray[np.int64],
    grid: Grid,
    *,
    step_s: float,
    start: str = DEFAULT_START,
) -> xr.DataArray:
    """Give rain by zone as rain on cells.

    Zones that are blocks of cells, as those of a radar are, come on the coarser grid of the
    blocks; nothing is lost by it.

    Parameters
    ----------
    rates : array (T, Z), mm h-1
    zones : array (H, W), int
        From 1 to Z; 0 where there is no zone, which is missing rain.
    grid : Grid
        That of ``zones``.
    step_s : float
        Length of a step, s.
    start : str
        UTC time at which the first step starts.

    Returns
    -------
    DataArray (time, y, x), mm h-1

    Raises
    ------
    DataError
        If the map names a zone that the text has no column for, or the result is too large.
    """
    if int(zones.max()) > rates.shape[1]:
        raise DataError(
            f"placing rain by zone: the map goes up to zone {int(zones.max())}, "
            f"the rain text has {rates.shape[1]} columns",
            hint="the text has a column a zone; these two do not belong together",
        )
    coarse, blocks = _blocks(zones, grid)
    if rates.shape[0] * blocks.size * 4 > _LARGEST_BYTES:
        raise DataError(
            f"placing rain by zone: {rates.shape[0]} steps on {blocks.size} cells are too many to "
            "hold at once",
            hint="cut the rain text into shorter ones",
        )
    padded = np.column_stack([np.full(rates.shape[0], np.nan), rates]).astype(np.float32)
    ends = _ends(rates.shape[0], step_s, start)
    return make_rain(padded[:, blocks], ends, coarse, step_s=step_s)


def to_zones(
    rain: xr.DataArray, grid: Grid, valid: NDArray[np.bool_] | None = None
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Give rain on a heightmap's cells by zone: cells with the same rain at all steps are one.

    The rain is brought to the cells by share of area first, so its volume is kept.

    Parameters
    ----------
    rain : DataArray (time, y, x), mm h-1
        On any grid that covers the heightmap's; it may be lazily opened.
    grid : Grid
        The heightmap's.
    valid : array (H, W), bool, optional
        Cells with ground; others are in no zone.

    Returns
    -------
    rates : array (T, Z), mm h-1
    zones : array (H, W), int64
        From 1 to Z; 0 where there is no ground.

    Raises
    ------
    DataError
        If rain is missing on ground.
    """
    kept = np.ones(grid.shape, bool) if valid is None else valid
    labels = np.zeros(int(kept.sum()), dtype=np.int64)
    first = np.zeros(1, dtype=np.int64)  # a cell of each zone
    for _, end, frame in iter_regridded(rain, grid):
        values = _known(frame, kept, end)
        if np.array_equal(values[first][labels], values):
            continue  # as most frames once all zones are told apart
        found, inverse = np.unique(values, return_inverse=True)
        _, first, labels = np.unique(
            labels * found.size + inverse, return_index=True, return_inverse=True
        )
    # number the zones as they are met from the north-west
    rank = np.empty(first.size, dtype=np.int64)
    rank[np.argsort(first)] = np.arange(first.size)
    cells = np.sort(first)
    zones = np.zeros(grid.shape, dtype=np.int64)
    zones[kept] = rank[labels] + 1
    rates = [frame[kept][cells] for _, _, frame in iter_regridded(rain, grid)]
    return np.array(rates, dtype=np.float64), zones


def _known(
    frame: NDArray[np.float32], kept: NDArray[np.bool_], end: np.datetime64
) -> NDArray[np.float32]:
    values = frame[kept]
    missing = int(np.isnan(values).sum())
    if missing:
        raise DataError(
            f"giving rain by zone: {missing} cells are missing at {time_text(end)}, and the rain "
            "text has no sign for missing",
            hint="fill the gaps first: inundate rain clean",
        )
    return values


def _ends(count: int, step_s: float, start: str) -> NDArray[np.datetime64]:
    offsets = np.round(np.arange(1, count + 1) * step_s * 1e9).astype("timedelta64[ns]")
    return np.datetime64(start, "ns") + offsets


def _blocks(zones: NDArray[np.int64], grid: Grid) -> tuple[Grid, NDArray[np.int64]]:
    """Give the coarsest grid of square-cornered blocks on which the zones are the same."""
    top, high = _block(zones)
    left, wide = _block(zones.T)
    height = -(-(zones.shape[0] + top) // high)
    width = -(-(zones.shape[1] + left) // wide)
    rows = np.clip(np.arange(height) * high - top, 0, None)
    cols = np.clip(np.arange(width) * wide - left, 0, None)
    coarse = Grid(
        grid.crs, grid.left - left * grid.dx, grid.top + top * grid.dy,
        wide * grid.dx, high * grid.dy, width, height,
    )  # fmt: skip
    return coarse, zones[np.ix_(rows, cols)]


def _block(zones: NDArray[np.int64]) -> tuple[int, int]:
    """Give how far the first block starts before the first row, and the rows of a block."""
    changes = (np.flatnonzero((zones[1:] != zones[:-1]).any(axis=1)) + 1).tolist()
    if not changes:
        return 0, int(zones.shape[0])
    size = math.gcd(*(change - changes[0] for change in changes)) or int(zones.shape[0])
    return int(-changes[0] % size), size
