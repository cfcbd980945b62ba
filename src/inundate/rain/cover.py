"""Does rain cover a terrain and a period? Answered from the grids and times alone."""

from __future__ import annotations

import numpy as np
import xarray as xr

from inundate.core.errors import DataError, GridError
from inundate.core.grid import Bounds, Grid
from inundate.rain.array import check_rain
from inundate.rain.project import project_points
from inundate.rain.steps import JITTER_NS, step_edges, step_text, time_text

__all__ = ["HINT_MOVE", "cover_check", "share_inside"]

HINT_MOVE = "move the storm there: inundate rain augment RAIN --move-to X Y --move-crs CRS -o OUT"

_EDGE = 1e-6  # share of a cell by which the terrain may overhang
_PROBES = 65  # points along each side of a terrain that are looked up in another CRS


def cover_check(
    rain: xr.DataArray,
    grid: Grid,
    *,
    start: np.datetime64 | None = None,
    end: np.datetime64 | None = None,
    gaps: bool = True,
    rain_name: str = "rain",
    terrain_name: str = "terrain",
) -> None:
    """Check that rain covers a terrain grid and a period, without reading its values.

    Parameters
    ----------
    rain : DataArray (time, y, x), mm h-1
        Rain on any grid.
    grid : Grid
        Grid of the terrain.
    start, end : datetime64, optional
        Period that is needed, UTC.
    gaps : bool
        Also look for time between two steps that no step covers.
    rain_name, terrain_name : str
        How messages call the two.

    Raises
    ------
    GridError
        If a part of the terrain lies off the rain; says how much is covered.
    DataError
        If there is a gap between two steps, or the period is not covered.
    """
    where = f"checking {rain_name} against {terrain_name}"
    source = check_rain(rain, where=where, values=False)
    share = _covered_share(source, grid)
    if share < 1:
        raise GridError(
            f"{rain_name} covers {min(share, 0.9999):.2%} of {terrain_name}, expected all of it\n"
            f"  {rain_name:<{max(len(rain_name), len(terrain_name)) + 2}}{source.describe()}\n"
            f"  {terrain_name:<{max(len(rain_name), len(terrain_name)) + 2}}{grid.describe()}",
            hint=HINT_MOVE,
        )
    if gaps:
        _check_gaps(rain, where)
    _check_period(rain, start, end, where)


def _covered_share(source: Grid, target: Grid) -> float:
    if "crs" not in source.differences(target):
        slack = _EDGE * min(target.dx, target.dy)
        left, bottom, right, top = source.bounds
        share = share_inside(
            target.bounds, (left - slack, bottom - slack, right + slack, top + slack)
        )
        return 1.0 if share > 1 - 1e-12 else share
    x, y = np.meshgrid(
        np.linspace(target.left, target.right, _PROBES),
        np.linspace(target.bottom, target.top, _PROBES),
    )
    x, y = project_points(x, y, target.crs, source.crs)
    left, bottom, right, top = source.bounds
    return float(((x >= left) & (x <= right) & (y >= bottom) & (y <= top)).mean())


def _check_gaps(rain: xr.DataArray, where: str) -> None:
    starts, ends = step_edges(rain, where=where)
    apart = starts[1:] - ends[:-1]
    if apart.size and apart.max() > np.timedelta64(JITTER_NS, "ns"):
        at = int(apart.argmax())
        seconds = float(apart[at] / np.timedelta64(1, "s"))
        raise DataError(
            f"{where}: {step_text(seconds)} without rain data from {time_text(ends[at])} to "
            f"{time_text(starts[at + 1])}, expected one step after the other",
            hint="fill it, on record: inundate rain clean RAIN --fill-gap-min MINUTES -o OUT",
        )


def _check_period(
    rain: xr.DataArray, start: np.datetime64 | None, end: np.datetime64 | None, where: str
) -> None:
    starts, ends = step_edges(rain, where=where)
    first = starts[0] if start is None else start.astype("datetime64[ns]")
    last = ends[-1] if end is None else end.astype("datetime64[ns]")
    if first < starts[0] or last > ends[-1]:
        raise DataError(
            f"{where}: found rain from {time_text(starts[0])} to {time_text(ends[-1])}, "
            f"expected it from {time_text(first)} to {time_text(last)}",
            hint="choose a period inside the rain",
        )


def share_inside(box: Bounds, other: Bounds) -> float:
    """Give the share of a box that lies in another one, both in one CRS.

    Examples
    --------
    >>> share_inside((0, 0, 10, 10), (5, 0, 20, 20))
    0.5
    """
    wide = max(0.0, min(box[2], other[2]) - max(box[0], other[0])) / (box[2] - box[0])
    high = max(0.0, min(box[3], other[3]) - max(box[1], other[1])) / (box[3] - box[1])
    return wide * high
