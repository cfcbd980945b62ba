"""Rain that differs from place to place, as LISFLOOD-FP reads it: NetCDF of depths on tiles.

A tile is a whole number of the heightmap's cells wide and high, the tiles share its south-western
corner, times are hours since the start, and the depth in mm at a time falls until the next one.
"""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from inundate.core.errors import DataError, GridError
from inundate.core.files import atomic_file
from inundate.core.grid import Grid
from inundate.rain.array import make_rain
from inundate.rain.storm import DEFAULT_START

__all__ = ["read_tiles", "write_tiles"]

_UNIT_H = ("hour", "hours", "h", "hr")


def read_tiles(
    path: Path, grid: Grid, *, total_s: float, start: str = DEFAULT_START
) -> xr.DataArray:
    """Read a ``dynamicrainfile``.

    Parameters
    ----------
    path : Path
        NetCDF-4 with ``rainfall_depth`` (time, y, x).
    grid : Grid
        The heightmap's.
    total_s : float
        Length of the simulation, s; later tiles are not used.
    start : str
        UTC time of the start.

    Returns
    -------
    DataArray (time, y, x), mm h-1

    Raises
    ------
    DataError
        If the file is not of this form, or its steps are uneven.
    GridError
        If the tiles do not fit the heightmap.
    """
    try:
        with xr.open_dataset(
            path, engine="h5netcdf", decode_times=False, decode_timedelta=False
        ) as ds:
            depth = ds["rainfall_depth"].transpose("time", "y", "x").load()
            unit = str(ds["time"].attrs.get("units", "hour")).split()[0].lower()
    except (OSError, ValueError, KeyError, RuntimeError) as error:
        raise DataError(
            f"reading {path}: no NetCDF-4 file with rainfall_depth (time, y, x) "
            f"({type(error).__name__}: {str(error)[:120]})"
        ) from error
    hours = depth["time"].to_numpy().astype(np.float64)
    if (
        unit not in _UNIT_H
        or hours.size < 2
        or abs(hours[0]) > 1e-6
        or np.ptp(np.diff(hours)) > 1e-4
    ):
        raise DataError(
            f"reading {path}: times are {hours[:3].tolist()} … in {unit!r}, expected even steps "
            "in hours from 0 on"
        )
    step_s = round(float(np.diff(hours).mean()) * 3600, 3)
    values = depth.to_numpy() / (step_s / 3600)  # mm to mm h-1
    if not np.isfinite(values).all() or values.min() < 0:
        raise DataError(f"reading {path}: found depths below 0 or missing, expected 0 mm or more")
    tiles = _tiles(depth, grid, path)
    used = math.ceil(total_s / step_s - 1e-9)
    if not values[-1].any():  # marks the end of the depth before it
        used = min(used, values.shape[0] - 1)
    # the model goes on with the last depth, one a step
    values = values[np.minimum(np.arange(used), values.shape[0] - 1)]
    ends = np.datetime64(start, "ns") + np.round(np.arange(1, used + 1) * step_s * 1e9).astype(
        "timedelta64[ns]"
    )
    return make_rain(values, ends, tiles, step_s=step_s)


def _tiles(depth: xr.DataArray, grid: Grid, path: Path) -> Grid:
    x, y = (depth[name].to_numpy().astype(np.float64) for name in ("x", "y"))
    if x.size < 2 or y.size < 2 or y[0] < y[-1]:
        raise GridError(
            f"reading {path}: found {y.size} x {x.size} tiles, expected 2 x 2, y falling"
        )
    dx, dy = float(x[1] - x[0]), float(y[0] - y[1])
    found = Grid(grid.crs, float(x[0] - dx / 2), float(y[0] + dy / 2), dx, dy, x.size, y.size)
    if abs(found.left - grid.left) > 1e-6 * dx or abs(found.bottom - grid.bottom) > 1e-6 * dy:
        raise GridError(
            f"reading {path}: the tiles start at ({found.left:g}, {found.bottom:g}), expected the "
            f"heightmap's corner ({grid.left:g}, {grid.bottom:g})"
        )
    return found


def write_tiles(
    path: Path, rates: NDArray[np.float64], zones: NDArray[np.int64], grid: Grid, *, step_s: float
) -> Path:
    """Write a ``dynamicrainfile``.

    Parameters
    ----------
    path : Path
    rates : array (T, Z), mm h-1
    zones : array (H, W), int
        From 1 to Z; 0 where there is no ground, which gets no rain.
    grid : Grid
        That of ``zones``, the heightmap's.
    step_s : float
        Length of a step, s.
    """
    rows, cols = (_tile_size(part) for part in (zones[::-1], zones.T))
    picked = zones[::-1][::rows][::-1, ::cols]  # anchored in the south-west
    height, width = picked.shape
    padded = np.column_stack([np.zeros(rates.shape[0]), rates * step_s / 3600])
    depth = np.concatenate([padded[:, picked], np.zeros((1, height, width))])
    ds = xr.Dataset(
        {"rainfall_depth": (("time", "y", "x"), depth.astype(np.float32), {"units": "mm"})},
        coords={
            "time": ("time", np.arange(depth.shape[0]) * step_s / 3600, {"units": "hour"}),
            "y": ("y", grid.bottom + grid.dy * rows * (np.arange(height)[::-1] + 0.5)),
            "x": ("x", grid.left + grid.dx * cols * (np.arange(width) + 0.5)),
        },
    )
    with atomic_file(path) as temporary:
        ds.to_netcdf(temporary, engine="h5netcdf")
    return path


def _tile_size(zones: NDArray[np.int64]) -> int:
    """Rows of the largest tile, at least two of them; row 0 is the south or west."""
    changes = (np.flatnonzero((zones[1:] != zones[:-1]).any(axis=1)) + 1).tolist()
    size = math.gcd(*changes) if changes else zones.shape[0] // 2
    return max(size, 1)
