"""Put heightmaps of one lattice together; where nothing lies the result is NaN."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Literal

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from inundate.core.errors import DataError, GridError
from inundate.core.grid import Bounds, Grid, attach_grid, grid_of, transform_bounds
from inundate.core.names import attributes

__all__ = ["Overlap", "crop_terrain", "merge_terrain", "paste", "union_grid"]

Overlap = Literal["same", "first", "mean"]
"""What to do where two parts overlap: refuse differences, keep the first, or average."""

_SAME_M = 0.01  # heights that differ by less are the same
_ALIGNED = 1e-3  # share of a cell by which two lattices may be shifted


def merge_terrain(
    parts: Sequence[xr.DataArray], *, names: Sequence[str] = (), overlap: Overlap = "same"
) -> xr.DataArray:
    """Merge heightmaps that share CRS, cell size and lattice.

    Parameters
    ----------
    parts : sequence of DataArray (y, x), m
        At least one.
    names : sequence of str, optional
        What to call the parts in messages.
    overlap : {"same", "first", "mean"}
        ``"same"`` refuses heights that differ by more than 1 cm where parts overlap.

    Returns
    -------
    DataArray (y, x), float32
        On the smallest grid that holds all parts; NaN where no part has a height.

    Raises
    ------
    GridError
        If a part is on another lattice.
    DataError
        If there is no part, or overlapping parts differ and ``overlap`` is ``"same"``.
    """
    if not parts:
        raise DataError("merging heightmaps: found none, expected at least one")
    labels = list(names) or [f"part {number + 1}" for number in range(len(parts))]
    grids = [grid_of(part, where=label) for part, label in zip(parts, labels, strict=True)]
    grid = union_grid(grids, labels)
    merged = np.full(grid.shape, np.nan, dtype=np.float32)
    weight = np.zeros(grid.shape, dtype=np.uint16) if overlap == "mean" else None
    for part, part_grid, label in zip(parts, grids, labels, strict=True):
        paste(merged, grid, part.values, part_grid, label, overlap=overlap, weight=weight)
    array = xr.DataArray(
        merged, dims=("y", "x"), name="elevation", attrs=dict(attributes("elevation"))
    )
    for key in ("vertical_datum", "source_format"):
        found = {str(part.attrs[key]) for part in parts if key in part.attrs}
        if len(found) == 1:
            array.attrs[key] = found.pop()
    return attach_grid(array, grid)


def crop_terrain(
    elevation: xr.DataArray, box: Bounds, *, box_crs: str | None = None
) -> xr.DataArray:
    """Keep the cells of a heightmap whose centre lies in a box.

    Parameters
    ----------
    elevation : DataArray (y, x)
    box : tuple
        Left, bottom, right, top.
    box_crs : str, optional
        CRS of the box; by default that of the heightmap. A box of another CRS is turned into the
        smallest box of the heightmap's CRS that holds it.

    Raises
    ------
    GridError
        If no cell is inside.
    """
    grid = grid_of(elevation, where="cropping")
    bounds = transform_bounds(box, box_crs or grid.crs, grid.crs)
    cropped, (rows, columns) = grid.crop(bounds)
    return attach_grid(elevation.isel(y=rows, x=columns), cropped)


def union_grid(grids: Iterable[Grid], names: Sequence[str]) -> Grid:
    """Give the smallest grid on the lattice of the first that holds them all.

    Raises
    ------
    GridError
        If CRS, cell size or lattice differ; both grids are shown.
    """
    listed = list(grids)
    first = listed[0]
    for grid, name in zip(listed[1:], names[1:], strict=True):
        differs = _lattice_difference(first, grid)
        if differs:
            raise GridError(
                f"{names[0]} and {name} do not share a lattice: {differs} differs\n"
                f"  {names[0]}  {first.describe()}\n  {name}  {grid.describe()}",
                hint="bring them to one CRS and cell size first",
            )
    left = min(grid.left for grid in listed)
    bottom = min(grid.bottom for grid in listed)
    right = max(grid.right for grid in listed)
    top = max(grid.top for grid in listed)
    width, height = round((right - left) / first.dx), round((top - bottom) / first.dy)
    return Grid(first.crs, left, top, first.dx, first.dy, width, height)


def paste(
    target: NDArray[np.float32],
    grid: Grid,
    values: NDArray[Any],
    part: Grid,
    name: str,
    *,
    overlap: Overlap = "same",
    weight: NDArray[np.uint16] | None = None,
) -> None:
    """Copy the known cells of one part into a larger array, in place.

    Parameters
    ----------
    target : array (H, W)
        On ``grid``; NaN where nothing has been pasted.
    values : array (h, w)
        On ``part``, which lies on the same lattice and may stick out.
    name : str
        What to call the part in messages.
    overlap : {"same", "first", "mean"}
        See :func:`merge_terrain`.
    weight : array (H, W), uint16, optional
        Number of parts under each cell; needed for ``"mean"``.

    Raises
    ------
    DataError
        If known cells differ and ``overlap`` is ``"same"``.
    """
    row = round((grid.top - part.top) / grid.dy)
    column = round((part.left - grid.left) / grid.dx)
    r0, c0 = max(row, 0), max(column, 0)
    r1, c1 = min(row + part.height, grid.height), min(column + part.width, grid.width)
    if r0 >= r1 or c0 >= c1:
        return
    window = (slice(r0, r1), slice(c0, c1))
    new = np.asarray(values, dtype=np.float32)[r0 - row : r1 - row, c0 - column : c1 - column]
    old = target[window]
    both = ~np.isnan(old) & ~np.isnan(new)
    if overlap == "same" and both.any():
        worst = float(np.max(np.abs(old[both] - new[both])))
        if worst > _SAME_M:
            raise DataError(
                f"merging {name}: {int(both.sum())} cells overlap what was merged before and "
                f"differ by up to {worst:.3g} m, expected at most {_SAME_M} m",
                hint="choose one with --overlap first, or average with --overlap mean",
            )
    if overlap == "mean" and weight is not None:
        known = ~np.isnan(new)
        count = weight[window]
        blended = (np.nan_to_num(old) * count + np.nan_to_num(new)) / np.maximum(count + known, 1)
        target[window] = np.where(known, blended, old)
        weight[window] = count + known
        return
    target[window] = np.where(np.isnan(old), new, old)


def _lattice_difference(first: Grid, other: Grid) -> str:
    if "crs" in first.differences(other):
        return "CRS"
    cells = max(first.width, first.height, other.width, other.height)
    if max(abs(first.dx - other.dx), abs(first.dy - other.dy)) * cells > _ALIGNED * first.dx:
        return "cell size"
    shift_x = (other.left - first.left) / first.dx
    shift_y = (first.top - other.top) / first.dy
    if abs(shift_x - round(shift_x)) > _ALIGNED or abs(shift_y - round(shift_y)) > _ALIGNED:
        return f"position (shifted by {shift_x % 1:.3g}, {shift_y % 1:.3g} of a cell)"
    return ""
