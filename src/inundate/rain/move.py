"""Transpose a storm: put its grid, unchanged, at another place or into another CRS."""

from __future__ import annotations

import json
import math
from typing import Literal

import numpy as np
import xarray as xr

from inundate.core.errors import ConfigError, DataError, GridError
from inundate.core.grid import Grid, attach_grid, normalise_crs
from inundate.rain.array import check_metric, check_rain, record

__all__ = ["move_rain", "storm_centre"]


def move_rain(
    rain: xr.DataArray,
    *,
    dx_m: float | None = None,
    dy_m: float | None = None,
    to: tuple[float, float] | None = None,
    crs: str | None = None,
    anchor: Literal["grid", "rain"] = "grid",
) -> xr.DataArray:
    """Shift a storm as a rigid body: the cells and their values stay, the grid moves.

    Either a distance or a destination. In a new CRS the metres of the storm's own map are
    taken as metres of the new map; where the two maps differ in scale (polar stereographic
    at 52° N stretches by about 4 %) so does the storm.

    Parameters
    ----------
    rain : DataArray (time, y, x), mm h-1
        Rain on a grid in metres; it is not read.
    dx_m, dy_m : float, optional
        Distance eastwards and northwards, metres; one alone leaves the other at 0.
    to : tuple of float, optional
        Where the anchor goes, in ``crs``.
    crs : str, optional
        CRS of the destination, in metres; by default that of the rain.
    anchor : {"grid", "rain"}
        What goes to ``to``: the centre of the grid, or the centre of mass of all rain.

    Returns
    -------
    DataArray (time, y, x), mm h-1
        ``moved_by_m`` holds [east, north], the difference of the coordinates now and at the
        beginning, over all moves; ``moved_from`` the CRS and box before the first.

    Raises
    ------
    ConfigError
        If neither or both of a distance and a destination are given.
    GridError
        If the rain or the destination is not on a grid in metres.
    DataError
        If ``anchor`` is "rain" and there is no rain.
    """
    where = "moving rain"
    by_distance = dx_m is not None or dy_m is not None
    if by_distance == (to is not None) or (by_distance and crs is not None):
        raise ConfigError(
            f"{where}: dx_m = {dx_m}, dy_m = {dy_m}, to = {to}, crs = {crs}; expected either a "
            "distance, or a destination with or without its CRS"
        )
    grid = check_metric(check_rain(rain, where=where, values=False), where=where)
    if to is None:
        shift = (float(dx_m or 0.0), float(dy_m or 0.0))
        target = normalise_crs(grid.crs)
    else:
        at = storm_centre(rain) if anchor == "rain" else _middle(grid)
        shift = (to[0] - at[0], to[1] - at[1])
        target = normalise_crs(crs or grid.crs)
    moved = _moved(grid, shift, target, where)
    found = attach_grid(rain.copy(deep=False), moved)
    earlier = json.loads(str(rain.attrs.get("moved_by_m", "[0.0, 0.0]")))
    found.attrs["moved_by_m"] = json.dumps([earlier[0] + shift[0], earlier[1] + shift[1]])
    origin = json.dumps({"crs": grid.crs, "bounds": list(grid.bounds)})
    found.attrs["moved_from"] = rain.attrs.get("moved_from", origin)
    details = {"from_crs": grid.crs, "to_crs": moved.crs, "anchor": anchor if to else None}
    return record(found, "move_rain", by_m=list(shift), **details)


def _moved(grid: Grid, shift: tuple[float, float], crs: str, where: str) -> Grid:
    if not all(math.isfinite(value) for value in shift):
        raise ConfigError(f"{where}: shift of {shift} m, expected finite numbers")
    left, top = grid.left + shift[0], grid.top + shift[1]
    moved = Grid(crs, left, top, grid.dx, grid.dy, grid.width, grid.height)
    if not moved.is_metric:
        raise GridError(
            f"{where}: the destination is in {crs}, expected a CRS in metres",
            hint="give x and y in the CRS of the terrain, such as EPSG:27700",
        )
    return moved


def _middle(grid: Grid) -> tuple[float, float]:
    return (grid.left + grid.right) / 2, (grid.bottom + grid.top) / 2


def storm_centre(rain: xr.DataArray) -> tuple[float, float]:
    """Give the centre of mass of all rain that is known.

    Parameters
    ----------
    rain : DataArray (time, y, x), mm h-1
        Rain on any grid.

    Returns
    -------
    x, y : float
        In the CRS of the rain.

    Raises
    ------
    DataError
        If no rain is known.
    """
    grid = check_rain(rain, where="looking for the centre of a storm", values=False)
    total = np.zeros(grid.shape)
    for index in range(rain.sizes["time"]):
        total += np.nan_to_num(rain.isel(time=index).to_numpy(), nan=0.0)  # weight 0, not rain 0
    mass = float(total.sum())
    if not mass > 0:
        raise DataError(
            "looking for the centre of a storm: found no rain at all",
            hint="use the centre of the grid: anchor='grid'",
        )
    return float(total.sum(axis=0) @ grid.x / mass), float(total.sum(axis=1) @ grid.y / mass)
