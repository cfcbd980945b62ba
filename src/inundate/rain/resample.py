"""Rain in space: crop by a box in any CRS, regrid conservatively, whole or step by step."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Literal

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from inundate.core.errors import ConfigError, GridError
from inundate.core.grid import Bounds, Grid, grid_of, normalise_crs, transform_bounds
from inundate.rain.array import check_rain, make_rain, record
from inundate.rain.cover import HINT_MOVE, cover_check, share_inside
from inundate.rain.move import move_rain
from inundate.rain.regrid import Regridder
from inundate.rain.steps import check_times, step_edges

__all__ = [
    "Regridder",
    "cover_check",
    "crop_rain",
    "iter_regridded",
    "move_rain",
    "regrid_rain",
]

_EDGE = 1e-6  # share of a cell by which a box may miss a cell edge and still meet it


def crop_rain(
    rain: xr.DataArray, box: Bounds, *, crs: str | None = None, allow_partial: bool = False
) -> xr.DataArray:
    """Keep every cell that a box touches.

    Parameters
    ----------
    rain : DataArray (time, y, x), mm h-1
        Rain on any grid.
    box : tuple of float
        Left, bottom, right, top.
    crs : str, optional
        CRS of the box; by default the one of the rain. Its edges are followed at 21 points
        each, so that the curved box is held whole.
    allow_partial : bool
        Accept a box that reaches beyond the rain.

    Returns
    -------
    DataArray (time, y, x), mm h-1
        The same cells at the same coordinates.

    Raises
    ------
    GridError
        If the box is turned round, lies outside, or only partly inside and that is not
        allowed; says how much of it is covered.
    """
    where = "cropping rain"
    grid = check_rain(rain, where=where, values=False)
    own = transform_bounds(box, crs or grid.crs, grid.crs)
    share = share_inside(own, grid.bounds)
    if share == 0 or (share < 1 - 1e-9 and not allow_partial):
        raise GridError(
            f"{where}: {share:.1%} of the box lies on the rain, expected all of it\n"
            f"  box   {_box_text(own)} in the CRS of the rain\n"
            f"  rain  {_box_text(grid.bounds)}, {grid.describe()}",
            hint="allow a partial box, or choose one inside; a box is left, bottom, right, top"
            if share
            else HINT_MOVE,
        )
    rows, cols = _window(grid, own)
    found = rain.isel(y=rows, x=cols)
    cropped = make_rain(
        found.to_numpy(), check_times(rain), grid.window(rows, cols), step_s=None, attrs=rain.attrs
    )
    details = {"box": list(box), "crs": normalise_crs(crs or grid.crs), "box_covered": share}
    return record(cropped, "crop_rain", **details)


def _window(grid: Grid, box: Bounds) -> tuple[slice, slice]:
    left, bottom, right, top = box
    first = max(0, math.floor((left - grid.left) / grid.dx + _EDGE))
    last = min(grid.width, math.ceil((right - grid.left) / grid.dx - _EDGE))
    upper = max(0, math.floor((grid.top - top) / grid.dy + _EDGE))
    lower = min(grid.height, math.ceil((grid.top - bottom) / grid.dy - _EDGE))
    return slice(upper, max(lower, upper + 1)), slice(first, max(last, first + 1))


def _box_text(box: Bounds) -> str:
    return "(" + ", ".join(f"{value:.10g}" for value in box) + ")"


def regrid_rain(
    rain: xr.DataArray,
    grid: Grid,
    *,
    method: Literal["conservative"] = "conservative",
    min_cover: float = 1.0,
    samples: int | None = None,
) -> xr.DataArray:
    """Bring rain to another grid, in the same or another CRS, with its volume kept.

    Each target cell takes the mean of the source cells weighted by the area they share.
    In the same CRS the weights are exact. In another CRS each target cell is sampled on a
    lattice; ``history`` states how far an edge may be misplaced (``place_error``, in source
    cells) and how much half as fine a lattice changes the volume (``sampling_change``).

    Parameters
    ----------
    rain : DataArray (time, y, x), mm h-1
        Rain on any grid.
    grid : Grid
        Grid wanted, such as that of a terrain.
    method : {"conservative"}
        The only one: interpolated rain has another volume.
    min_cover : float
        Least share of a target cell on known rain; below it the cell is missing.
    samples : int, optional
        See :class:`Regridder`.

    Returns
    -------
    DataArray (time, y, x), mm h-1
        Missing where rain is missing or does not reach.

    Raises
    ------
    GridError
        If the two do not overlap at all.
    ConfigError
        If the method is unknown or an argument is out of range.
    """
    where = "regridding rain"
    if method != "conservative":
        raise ConfigError(f"{where}: method {method!r}, expected 'conservative'")
    source = check_rain(rain, where=where, values=False)
    regridder = Regridder(source, grid, min_cover=min_cover, samples=samples)
    covered = regridder.covered
    if covered == 0:
        raise GridError(_apart(source, grid, where), hint=HINT_MOVE)
    values = np.empty((rain.sizes["time"], *grid.shape), dtype=np.float32)
    for index in range(values.shape[0]):
        values[index] = regridder(rain.isel(time=index).to_numpy())
    found = make_rain(values, check_times(rain), grid, step_s=None, attrs=rain.attrs)
    return record(
        found,
        "regrid_rain",
        method=method,
        from_grid=source.describe(),
        min_cover=regridder.min_cover,
        target_covered=covered,
        missing_share=float(np.isnan(values).mean()),
        **_accuracy(rain, values, regridder),
    )


def _apart(source: Grid, target: Grid, where: str) -> str:
    return (
        f"{where}: the rain does not reach the target grid\n"
        f"  rain    {source.describe()}\n"
        f"  target  {target.describe()}"
    )


def _accuracy(
    rain: xr.DataArray, values: NDArray[np.float32], regridder: Regridder
) -> dict[str, float | int | None]:
    """Check the volume on another way than it was made: figures for the history."""
    mean = rain.mean("time", skipna=False).to_numpy()
    made = float(np.nansum(values, dtype=np.float64))
    if regridder.exact:
        expected = _sum_inside(mean, regridder.source, regridder.target) * values.shape[0]
        change = (made - expected) / expected if expected > 0 and np.isfinite(expected) else None
        return {"volume_change": change}
    coarse = Regridder(
        regridder.source,
        regridder.target,
        min_cover=regridder.min_cover,
        samples=max(1, regridder.samples // 2),
    )
    both = np.stack([regridder(mean), coarse(mean)])
    known = ~np.isnan(both).any(axis=0)
    fine, rough = (float(part[known].sum(dtype=np.float64)) for part in both)
    return {
        "samples": regridder.samples,
        "place_error": regridder.place_error,
        "sampling_change": (rough - fine) / fine if fine > 0 else None,
    }


def _sum_inside(frame: NDArray[np.floating], source: Grid, target: Grid) -> float:
    """Sum a source frame over the target's box, in target cells; NaN if a cell is missing."""
    wide = np.minimum(source.x + source.dx / 2, target.right)
    wide -= np.maximum(source.x - source.dx / 2, target.left)
    high = np.minimum(source.y + source.dy / 2, target.top)
    high -= np.maximum(source.y - source.dy / 2, target.bottom)
    cols, rows = np.flatnonzero(wide > 0), np.flatnonzero(high > 0)
    inside = frame[np.ix_(rows, cols)].astype(np.float64)
    return float(high[rows] @ inside @ wide[cols]) / (target.dx * target.dy)


def iter_regridded(
    rain: xr.DataArray,
    grid: Grid,
    *,
    min_cover: float = 1.0,
    samples: int | None = None,
    rain_name: str = "rain",
    terrain_name: str = "terrain",
) -> Iterator[tuple[np.datetime64, np.datetime64, NDArray[np.float32]]]:
    """Give rain on a terrain grid one step at a time; only one frame is held in memory.

    Parameters
    ----------
    rain : DataArray (time, y, x), mm h-1
        Rain on any grid; it may be lazily opened.
    grid : Grid
        Grid of the terrain.
    min_cover, samples
        See :class:`Regridder`.
    rain_name, terrain_name : str
        How messages call the two.

    Returns
    -------
    iterator of (start, end, rate)
        UTC times of the interval, and the frame (H, W) in mm h-1, NaN where missing.

    Raises
    ------
    GridError
        At once, if the rain does not cover the terrain.
    DataError
        At once, if the array is not rain or has a gap between its steps.
    """
    cover_check(rain, grid, rain_name=rain_name, terrain_name=terrain_name)
    starts, ends = step_edges(rain)
    regridder = Regridder(grid_of(rain), grid, min_cover=min_cover, samples=samples)
    return (
        (starts[index], ends[index], regridder(rain.isel(time=index).to_numpy()))
        for index in range(ends.size)
    )
