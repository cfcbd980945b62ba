"""Bring a heightmap in degrees (or feet, or oblong cells) to square cells in metres."""

from __future__ import annotations

import math

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from inundate.core.errors import GridError
from inundate.core.grid import Grid, attach_grid, grid_of, normalise_crs, transform_bounds
from inundate.core.names import attributes
from inundate.terrain.condition import record_conditioning

__all__ = ["block_mean", "largest_known_box", "local_crs", "sample_bilinear", "to_metric"]

_UTM_WIDEST_M = 700_000.0  # beyond about a zone's width a UTM grid is off by more than 0.1 %
_ROWS_AT_ONCE = 512


def to_metric(
    elevation: xr.DataArray, *, cell_size_m: float | None = None, crs: str | None = None
) -> xr.DataArray:
    """Reproject a heightmap to square cells in metres.

    Bilinear between cell centres; where the new cells are at least twice as large as the old, the
    old ones are averaged in blocks first, so that none is left out.

    Parameters
    ----------
    elevation : DataArray (y, x), m
        In any CRS.
    cell_size_m : float, m, optional
        By default the side of a square as large as a source cell at the centre of the map,
        rounded to two digits.
    crs : str, optional
        Metric CRS; by default the UTM zone of the centre, or an equal-area projection about the
        centre where the map is wider than a zone.

    Returns
    -------
    DataArray (y, x), float32, m
        Covers the source; NaN outside it and wherever one of the four source cells that a value
        is made of is NaN. Heights are rounded to whole millimetres. What was done stands in the
        attribute ``conditioning``. A grid that is metric and square already is given back as it
        is when neither ``cell_size_m`` nor ``crs`` asks for a change.

    Raises
    ------
    GridError
        If ``crs`` is not in metres, the cell size is not positive, or no cell is left.
    """
    grid = grid_of(elevation, where="bringing a heightmap to metres")
    if crs is None and cell_size_m is None and grid.is_metric and grid.is_square:
        return elevation
    target_crs = normalise_crs(crs) if crs else (grid.crs if grid.is_metric else local_crs(grid))
    cell = cell_size_m if cell_size_m is not None else _native_cell(grid, target_crs)
    target = _target_grid(grid, target_crs, cell)
    factor = max(1, math.floor(cell / _side(grid, target_crs) + 1e-6))
    values, source = block_mean(np.asarray(elevation.values, dtype=np.float64), grid, factor)
    values = _resample(values, source, target)
    if np.isnan(values).all():
        raise GridError(
            f"bringing a heightmap to metres: no cell of {target.describe()} lies on known "
            f"ground of {grid.describe()}",
            hint="the cell size may be larger than the map",
        )
    array = xr.DataArray(
        np.round(values, 3).astype(np.float32),
        dims=("y", "x"),
        name=elevation.name,
        attrs={**elevation.attrs, **attributes("elevation")},
    )
    method = "bilinear" if factor == 1 else f"mean of {factor} x {factor}, bilinear"
    entry = {"step": "to_metric", "from": grid.describe(), "method": method}
    return record_conditioning(attach_grid(array, target), entry)


def local_crs(grid: Grid) -> str:
    """Choose a CRS in metres for a grid: its UTM zone, or an equal-area one if it is wider.

    Raises
    ------
    GridError
        If the grid lies off the Earth.

    Examples
    --------
    >>> local_crs(Grid("EPSG:4326", -84.4, 36.7, 0.01, 0.01, 30, 30))
    'EPSG:32616'
    """
    west, south, east, north = transform_bounds(grid.bounds, grid.crs, "EPSG:4326")
    longitude, latitude = (west + east) / 2, (south + north) / 2
    if not (-180 <= longitude <= 180 and -90 <= latitude <= 90):
        raise GridError(f"{grid.describe()} lies at ({longitude:g}, {latitude:g}), off the Earth")
    width = (east - west) * 111_320.0 * math.cos(math.radians(latitude))
    if width > _UTM_WIDEST_M or abs(latitude) > 80:
        return (
            f"+proj=laea +lat_0={latitude:.4f} +lon_0={longitude:.4f} "
            "+datum=WGS84 +units=m +no_defs"
        )
    zone = min(int((longitude + 180) // 6) + 1, 60)
    return f"EPSG:{(32600 if latitude >= 0 else 32700) + zone}"


def largest_known_box(known: NDArray[np.bool_]) -> tuple[slice, slice]:
    """Find the largest rectangle (by cells) without a missing cell.

    Parameters
    ----------
    known : array (H, W) of bool

    Returns
    -------
    row slice, column slice
        Empty slices when nothing is known.

    Notes
    -----
    Row by row, the largest rectangle under a histogram of known cells, by a stack: O(H W).
    """
    best = (0, slice(0, 0), slice(0, 0))
    depth = np.zeros(known.shape[1] + 1, dtype=np.int64)
    for row in range(known.shape[0]):
        depth[:-1] = np.where(known[row], depth[:-1] + 1, 0)
        stack: list[tuple[int, int]] = []
        for column, value in enumerate(depth.tolist()):
            start = column
            while stack and stack[-1][1] >= value:
                start, high = stack.pop()
                area = high * (column - start)
                if area > best[0]:
                    best = (area, slice(row + 1 - high, row + 1), slice(start, column))
            stack.append((start, value))
    return best[1], best[2]


def sample_bilinear(
    values: NDArray[np.float64], rows: NDArray[np.float64], columns: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Interpolate between the four cell centres round each point.

    Parameters
    ----------
    values : array (H, W)
    rows, columns : array
        Position in cells; 0 is the centre of the first cell.

    Returns
    -------
    array of the shape of ``rows``
        NaN outside the centres and wherever a cell with a weight above 0 is NaN.
    """
    height, width = values.shape
    inside = (rows >= 0) & (rows <= height - 1) & (columns >= 0) & (columns <= width - 1)
    r0 = np.clip(np.floor(np.where(inside, rows, 0)).astype(np.int64), 0, max(height - 2, 0))
    c0 = np.clip(np.floor(np.where(inside, columns, 0)).astype(np.int64), 0, max(width - 2, 0))
    down, right = np.where(inside, rows, 0) - r0, np.where(inside, columns, 0) - c0
    total = np.zeros(rows.shape)
    for dr, weight_r in ((0, 1 - down), (1, down)):
        for dc, weight_c in ((0, 1 - right), (1, right)):
            weight = weight_r * weight_c
            corner = values[np.minimum(r0 + dr, height - 1), np.minimum(c0 + dc, width - 1)]
            total += np.where(weight > 0, weight * corner, 0.0)
    return np.where(inside, total, np.nan)


def block_mean(
    values: NDArray[np.float64], grid: Grid, factor: int
) -> tuple[NDArray[np.float64], Grid]:
    """Average blocks of cells; NaN where less than half of a block is known.

    Parameters
    ----------
    values : array (H, W)
    grid : Grid
        Where they lie.
    factor : int
        Side of a block in cells; blocks at the southern and eastern edge may be smaller.

    Returns
    -------
    array (ceil(H / factor), ceil(W / factor)), Grid
    """
    if factor == 1:
        return values, grid
    rows, columns = values.shape
    known = ~np.isnan(values)
    row_starts, column_starts = np.arange(0, rows, factor), np.arange(0, columns, factor)

    def sums(array: NDArray[np.float64]) -> NDArray[np.float64]:
        strips = np.add.reduceat(array, row_starts, axis=0)
        return np.asarray(np.add.reduceat(strips, column_starts, axis=1), dtype=np.float64)

    total, count = sums(np.where(known, values, 0.0)), sums(known.astype(np.float64))
    size = sums(np.ones_like(values))
    mean = np.where(count >= size / 2, total / np.maximum(count, 1), np.nan)
    return mean, grid.coarsen(factor)


def _native_cell(grid: Grid, crs: str) -> float:
    """Side of a square as large as the source cell at the centre, two digits."""
    return float(f"{_side(grid, crs):.2g}")


def _side(grid: Grid, crs: str) -> float:
    """Side of a square as large as the cell at the centre of a grid, in units of a CRS."""
    from pyproj import Transformer

    left, bottom, right, top = grid.bounds
    x, y = (left + right) / 2, (bottom + top) / 2
    transformer = Transformer.from_crs(grid.crs, crs, always_xy=True)
    across, up = transformer.transform([x, x + grid.dx, x], [y, y, y + grid.dy])
    # the cell is turned by the convergence of the meridians: its area is a cross product
    area = (across[1] - across[0]) * (up[2] - up[0]) - (up[1] - up[0]) * (across[2] - across[0])
    return math.sqrt(abs(area))


def _target_grid(grid: Grid, crs: str, cell: float) -> Grid:
    if not (math.isfinite(cell) and cell > 0):
        raise GridError(f"bringing a heightmap to metres: cell size is {cell:g}, expected above 0")
    left, bottom, right, top = transform_bounds(grid.bounds, grid.crs, crs)
    # edges on whole multiples of the cell, so that neighbouring maps share a lattice
    first_x, last_x = math.floor(left / cell), math.ceil(right / cell)
    first_y, last_y = math.floor(bottom / cell), math.ceil(top / cell)
    target = Grid(
        crs, first_x * cell, last_y * cell, cell, cell, last_x - first_x, last_y - first_y
    )
    if not target.is_metric:
        raise GridError(
            f"bringing a heightmap to metres: {crs} is not in metres",
            hint="choose a projected CRS such as the UTM zone, or leave out --crs",
        )
    return target


def _resample(values: NDArray[np.float64], source: Grid, target: Grid) -> NDArray[np.float64]:
    from pyproj import Transformer

    transformer = Transformer.from_crs(target.crs, source.crs, always_xy=True)
    found = np.empty(target.shape)
    for first in range(0, target.height, _ROWS_AT_ONCE):
        y = target.y[first : first + _ROWS_AT_ONCE]
        x_there, y_there = transformer.transform(*np.meshgrid(target.x, y))
        columns = (np.asarray(x_there) - source.left) / source.dx - 0.5
        rows = (source.top - np.asarray(y_there)) / source.dy - 0.5
        found[first : first + len(y)] = sample_bilinear(values, rows, columns)
    return found
