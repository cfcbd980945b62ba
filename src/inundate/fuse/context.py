"""What water and rain a map has where and when a post was written.

Features for whoever reads the posts: a classifier, a table, a person. They say nothing of what
the post says.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from inundate.core.errors import DataError
from inundate.core.grid import Grid, from_lonlat, grid_of
from inundate.posts.locate.located import Located

__all__ = ["CONTEXT_COLUMNS", "count_outside", "water_context"]

CONTEXT_COLUMNS: dict[str, str] = {
    "inside": "whether the circle has ground of the map and the time is one of its frames",
    "depth_mean_m": "m, mean in the circle, in the frame of the post",
    "depth_max_m": "m, greatest in the circle, in that frame",
    "depth_peak_m": "m, greatest in the circle, in that frame and all before",
    "wet_share": "share of the circle that is deeper than 0.1 m in that frame",
    "rain_hour_mm": "mm, mean in the circle, of the frames that end in the hour before",
    "rain_mm": "mm, the same from the first frame on",
}
"""Every column and what it holds; numbers are NaN outside, and where the map does not know."""

_WET_M = 0.1
_HOUR = np.timedelta64(3_600_000_000_000, "ns")
_HOUR_S = 3600.0


@dataclass(frozen=True)
class _Maps:
    """Frames of equal length on one grid."""

    depth: NDArray[np.float32]  # (T, H, W), m
    rain_mm: NDArray[np.float32] | None  # (T, H, W), of each frame
    ends: NDArray[np.datetime64]
    step: np.timedelta64
    grid: Grid


def water_context(located: Located, data: xr.Dataset) -> dict[str, NDArray[Any]]:
    """Look up depth and rain at posts.

    Parameters
    ----------
    located : Located
        N posts; those without a place or a time are outside.
    data : Dataset
        ``water_depth`` (T, H, W) in m of a simulation or a prediction, at the ends of frames of
        equal length; ``rain_rate`` beside it in mm h-1 where there is one.

    Returns
    -------
    dict
        Arrays (N,) under the names of :data:`CONTEXT_COLUMNS`. The circle of a post has the
        cells whose centres are within its radius, at the least the one that it lies in.

    Raises
    ------
    DataError
        If there is no depth over time, or frames differ in length.
    GridError
        If the grid's CRS cannot be reached.
    """
    maps = _read(data)
    east, north = from_lonlat(located.longitude, located.latitude, maps.grid.crs)
    time = located.time.astype("datetime64[ns]")
    count = len(located)
    found: dict[str, NDArray[Any]] = {
        name: np.zeros(count, bool) if name == "inside" else np.full(count, np.nan)
        for name in CONTEXT_COLUMNS
    }
    begins = maps.ends[0] - maps.step
    for row in np.flatnonzero(np.isfinite(east) & ~np.isnat(time)).tolist():
        if not begins < time[row] <= maps.ends[-1]:
            continue
        frame = int(np.searchsorted(maps.ends, time[row]))  # a frame is the interval that it ends
        cells = _circle(maps.grid, east[row], north[row], float(located.radius_m[row]))
        if cells is None:
            continue
        for name, value in _at(maps, frame, *cells).items():
            found[name][row] = value
    return found


def count_outside(located: Located, inside: NDArray[np.bool_], data: xr.Dataset) -> dict[str, int]:
    """Say why posts have no numbers: each is counted once, by the first reason that holds.

    Parameters
    ----------
    located : Located
        N posts.
    inside : array (N,), bool
        Of :func:`water_context`.
    data : Dataset
        What they were looked up in.

    Returns
    -------
    dict
        ``no_place``, ``no_time``, ``other_time`` (before the first frame or after the last) and
        ``elsewhere`` (no ground of the map within the radius).
    """
    ends = data["time"].to_numpy().astype("datetime64[ns]")
    time = located.time.astype("datetime64[ns]")
    left = ~np.asarray(inside, bool)
    reasons = {
        "no_place": ~np.isfinite(located.longitude),
        "no_time": np.isnat(time),
        "other_time": ~((time > ends[0] - (ends[1] - ends[0])) & (time <= ends[-1])),
        "elsewhere": np.ones(len(located), bool),
    }
    counts = {}
    for name, holds in reasons.items():
        counts[name] = int((left & holds).sum())
        left = left & ~holds
    return counts


def _read(data: xr.Dataset) -> _Maps:
    where = "looking up water at posts"
    if "water_depth" not in data or set(data["water_depth"].dims) != {"time", "y", "x"}:
        raise DataError(f"{where}: no water_depth over time, y and x", hint="give one forecast")
    depth = data["water_depth"].transpose("time", "y", "x")
    ends = depth["time"].to_numpy().astype("datetime64[ns]")
    steps = np.diff(ends)
    if len(ends) < 2 or (steps != steps[0]).any() or steps[0] <= np.timedelta64(0, "ns"):
        raise DataError(f"{where}: {len(ends)} times, expected two or more at equal distances")
    rain = None
    if "rain_rate" in data:
        if data["rain_rate"].dims != data["water_depth"].dims:
            raise DataError(
                f"{where}: rain_rate has dimensions {data['rain_rate'].dims}, expected those of "
                f"water_depth, {data['water_depth'].dims}"
            )
        hours = float(steps[0] / np.timedelta64(1, "ns")) / 1e9 / _HOUR_S
        rain = data["rain_rate"].transpose("time", "y", "x").to_numpy().astype(np.float32)
        rain = rain * np.float32(hours)
    return _Maps(depth.to_numpy().astype(np.float32), rain, ends, steps[0], grid_of(data))


def _circle(
    grid: Grid, east: float, north: float, radius_m: float
) -> tuple[slice, slice, NDArray[np.bool_]] | None:
    """Give the rows and columns around a place, and which of these cells are meant."""
    reach = max(radius_m, 0.5 * max(grid.dx, grid.dy))
    left, right = np.searchsorted(grid.x, [east - reach, east + reach])
    top, bottom = np.searchsorted(-grid.y, [-(north + reach), -(north - reach)])
    rows, cols = slice(int(top), int(bottom)), slice(int(left), int(right))
    x, y = grid.x[cols], grid.y[rows]  # centres
    if not len(x) or not len(y):
        return None
    away = ((x - east) ** 2)[None, :] + ((y - north) ** 2)[:, None]
    meant = away <= radius_m**2
    own = (np.abs(x - east) <= grid.dx / 2)[None, :] & (np.abs(y - north) <= grid.dy / 2)[:, None]
    return rows, cols, meant | own


def _at(
    maps: _Maps, frame: int, rows: slice, cols: slice, meant: NDArray[np.bool_]
) -> dict[str, float | bool]:
    depth = maps.depth[: frame + 1, rows, cols][:, meant]
    ground = np.isfinite(depth[-1])
    if not ground.any():
        return {}
    depth = depth[:, ground]
    now = depth[-1]
    found: dict[str, float | bool] = {
        "inside": True,
        "depth_mean_m": float(now.mean()),
        "depth_max_m": float(now.max()),
        "depth_peak_m": float(depth.max()),
        "wet_share": float((now > _WET_M).mean()),
    }
    if maps.rain_mm is not None:
        rain = maps.rain_mm[: frame + 1, rows, cols][:, meant][:, ground].mean(axis=1)  # NaN stays
        ends = maps.ends[: frame + 1]
        found["rain_hour_mm"] = float(rain[ends > ends[-1] - _HOUR].sum())
        found["rain_mm"] = float(rain.sum())
    return found
