"""Make a heightmap fit for water: fill gaps and depressions, raise buildings. Only on request.

Every change is recorded in the attribute ``conditioning`` (JSON list, in order).
"""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from inundate.core.errors import DataError
from inundate.core.grid import check_same_grid
from inundate.terrain.flow import flood, label_sinks, make_kind, route

__all__ = [
    "breach_depressions",
    "fill_depressions",
    "fill_holes",
    "raise_buildings",
    "record_conditioning",
]


def fill_depressions(
    elevation: xr.DataArray,
    *,
    epsilon_m: float = 0.0,
    neighbours: int = 8,
    wall_mask: xr.DataArray | None = None,
) -> xr.DataArray:
    """Raise every depression to the level at which it spills.

    Parameters
    ----------
    elevation : DataArray (y, x), m
        NaN is the outside: water that reaches it, or the edge of the map, has left.
    epsilon_m : float, m
        Least rise from cell to cell inland, so that no flat is left; 0 makes level lakes.
    neighbours : {4, 8}
        Whether water spills over corners too (8, as in most hydrology) or only over sides
        (4, as in the solver).
    wall_mask : DataArray (y, x) of bool, optional
        True where no water passes.

    Returns
    -------
    DataArray (y, x), float32, m

    Source
    ------
    Barnes, Lehman and Mulla (2014), doi:10.1016/j.cageo.2013.04.024.
    """
    height = _heights(elevation)
    walls = None if wall_mask is None else _mask(wall_mask, elevation, "walls")
    filled, _, _ = flood(height, make_kind(height, walls), neighbours=neighbours, epsilon=epsilon_m)
    raised = filled - height
    return _changed(
        elevation,
        filled,
        {
            "step": "fill_depressions",
            "epsilon_m": epsilon_m,
            "neighbours": neighbours,
            "cells": int(np.count_nonzero(raised > 0)),
            "deepest_m": round(float(np.nanmax(raised)), 4),
        },
    )


def breach_depressions(
    elevation: xr.DataArray, *, max_cells: int = 10, max_depth_m: float = 2.0
) -> xr.DataArray:
    """Cut a channel from the bottom of each depression through its rim, where that is cheap.

    Meant for culverts and bridges that a heightmap shows as dams. From the lowest cell of each
    depression the flow path over the rim is lowered to fall gently; where the path is longer or
    deeper than allowed the depression is left as it is.

    Parameters
    ----------
    elevation : DataArray (y, x), m
    max_cells : int
        Longest cut, in cells above the bottom's level.
    max_depth_m : float, m
        Deepest cut.

    Returns
    -------
    DataArray (y, x), float32, m
    """
    height = _heights(elevation)
    drainage = route(height, make_kind(height), neighbours=8)
    sinks = label_sinks(height, drainage.filled)
    lowered = height.copy().ravel()
    count = 0
    for bottom in _bottoms(height, sinks):
        path = _cut_path(lowered, drainage.receiver, bottom, max_cells, max_depth_m)
        if path is None:
            continue
        # A fall of 1 mm a cell is enough to drain and below the accuracy of any heightmap.
        bed = lowered[bottom] - 1e-3 * np.arange(1, len(path) + 1)
        lowered[path] = np.minimum(lowered[path], bed)
        count += 1
    return _changed(
        elevation,
        lowered.reshape(height.shape),
        {
            "step": "breach_depressions",
            "max_cells": max_cells,
            "max_depth_m": max_depth_m,
            "breached": count,
            "depressions": int(sinks.max()) if sinks.size else 0,
        },
    )


def fill_holes(elevation: xr.DataArray, *, max_cells: int = 25) -> xr.DataArray:
    """Fill small gaps of missing heights from the ground around them.

    Parameters
    ----------
    elevation : DataArray (y, x), m
    max_cells : int
        Largest gap that is filled; gaps that touch the edge of the map are never filled, since
        they may be the sea.

    Returns
    -------
    DataArray (y, x), float32, m
        Gaps hold the smooth surface through their rim (mean of the four neighbours everywhere).
        The number of cells filled is recorded.
    """
    height = _heights(elevation)
    missing = np.isnan(height)
    gaps = label_sinks(np.where(missing, 0.0, 1.0), np.ones_like(height))
    sizes = np.bincount(gaps.ravel())
    on_edge = np.unique(np.concatenate([gaps[0], gaps[-1], gaps[:, 0], gaps[:, -1]]))
    small = sizes <= max_cells
    small[0] = False
    small[on_edge] = False
    chosen = small[gaps]
    filled = _relax(height, chosen)
    return _changed(
        elevation,
        filled,
        {
            "step": "fill_holes",
            "max_cells": max_cells,
            "holes": int(small.sum()),
            "cells": int(chosen.sum()),
        },
    )


def raise_buildings(
    elevation: xr.DataArray, buildings: xr.DataArray, *, height_m: float = 5.0
) -> xr.DataArray:
    """Raise the ground under buildings or walls so that water flows round them.

    Parameters
    ----------
    elevation : DataArray (y, x), m
        Bare earth.
    buildings : DataArray (y, x) of bool or number
        On the same grid; true or above 0 where a building stands.
    height_m : float, m
        By how much.

    Returns
    -------
    DataArray (y, x), float32, m

    Raises
    ------
    GridError
        If the two do not share a grid.
    DataError
        If ``height_m`` is not positive.
    """
    if height_m <= 0:
        raise DataError(f"raising buildings: found a height of {height_m:g} m, expected above 0")
    mask = _mask(buildings, elevation, "buildings")
    raised = _heights(elevation) + np.where(mask, height_m, 0.0)
    return _changed(
        elevation,
        raised,
        {"step": "raise_buildings", "height_m": height_m, "cells": int(mask.sum())},
    )


def record_conditioning(elevation: xr.DataArray, entry: dict[str, Any]) -> xr.DataArray:
    """Add an entry to the list of what was done to a heightmap; gives a copy."""
    done = json.loads(elevation.attrs.get("conditioning", "[]"))
    return elevation.assign_attrs(conditioning=json.dumps([*done, entry]))


def _heights(elevation: xr.DataArray) -> NDArray[np.float64]:
    if elevation.dims != ("y", "x"):
        raise DataError(
            f"conditioning a heightmap: found dimensions {elevation.dims}, expected ('y', 'x')"
        )
    return np.asarray(elevation.values, dtype=np.float64)


def _mask(mask: xr.DataArray, elevation: xr.DataArray, name: str) -> NDArray[np.bool_]:
    check_same_grid(elevation, mask, "terrain", name)
    return np.nan_to_num(np.asarray(mask.values, dtype=np.float64)) > 0


def _changed(
    elevation: xr.DataArray, height: NDArray[np.float64], entry: dict[str, Any]
) -> xr.DataArray:
    return record_conditioning(elevation.copy(data=height.astype(np.float32)), entry)


def _bottoms(height: NDArray[np.float64], sinks: NDArray[np.int32]) -> NDArray[np.int64]:
    """Flat index of the lowest cell of each sink, lowest sink first."""
    inside = np.flatnonzero(sinks.ravel())
    by_height = inside[np.argsort(height.ravel()[inside], kind="stable")]
    _, first = np.unique(sinks.ravel()[by_height], return_index=True)
    return np.asarray(by_height[np.sort(first)], dtype=np.int64)


def _cut_path(
    height: NDArray[np.float64],
    receiver: NDArray[np.int64],
    bottom: int,
    max_cells: int,
    max_depth_m: float,
) -> list[int] | None:
    """Cells to lower between a bottom and lower ground; None where the cut would be too large."""
    path: list[int] = []
    cell = int(receiver[bottom])
    while cell >= 0 and height[cell] >= height[bottom]:
        if len(path) >= max_cells or height[cell] - height[bottom] > max_depth_m:
            return None
        path.append(cell)
        cell = int(receiver[cell])
    return path


def _relax(height: NDArray[np.float64], chosen: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Solve Laplace's equation in the chosen cells, unknown neighbours left out."""
    surface = height.copy()
    rows, columns = np.nonzero(chosen)
    if not rows.size:
        return surface
    surface[chosen] = np.nanmean(height)
    for _ in range(500):
        around = np.stack(
            [surface[rows + dr, columns + dc] for dr, dc in ((-1, 0), (1, 0), (0, -1), (0, 1))]
        )
        new = np.nanmean(around, axis=0)
        moved = float(np.max(np.abs(new - surface[rows, columns])))
        surface[rows, columns] = new
        if moved < 1e-5:
            break
    return surface
