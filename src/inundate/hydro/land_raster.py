"""Codes of land cover brought to a terrain's grid, without ever averaging them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray
from pyproj import Transformer

from inundate.core.errors import DataError, GridError
from inundate.core.files import check_input
from inundate.core.grid import Grid, grid_of, transform_bounds
from inundate.core.store import read_dataset
from inundate.terrain.asciigrid import read_asciigrid
from inundate.terrain.open import recognise

__all__ = ["MISSING", "codes_on", "open_cover"]

MISSING = -(2**31)  # code of a cell that the raster does not know
_SUBCELLS = 8  # looks at most this often along each side of a terrain cell
_BLOCK_POINTS = 4_000_000  # points looked up at once
_NODE_CELLS = 20  # between projected nodes
_MARGIN = 0.1  # read beyond the terrain, as a share of its size
_AS = "land_mask"  # a registered raster without a unit, for the readers of terrain
Codes = NDArray[np.int32]
Places = NDArray[np.floating[Any]]


def open_cover(
    path: Path | str, *, crs: str | None = None, near: Grid | None = None
) -> xr.DataArray:
    """Open a raster of land-cover codes.

    Parameters
    ----------
    path : Path
        GeoTIFF (first band), ASCII grid, or Zarr or NetCDF with the variable ``land_cover``.
    crs : str, optional
        Coordinate reference system, over the one that the file names.
    near : Grid, optional
        Only the part around it is read, where the format allows that.

    Returns
    -------
    DataArray (y, x)
        Codes; NaN where the raster has no data.

    Raises
    ------
    MissingFileError, DataError, GridError, MissingExtraError
        If it is absent, cannot be read, names no place, or rasterio is not installed.
    """
    source = check_input(path, what="opening land cover")
    kind = recognise(source)
    if kind == "geotiff":
        return _read_geotiff(source, crs, near)
    if kind == "asciigrid":
        return read_asciigrid(source, crs=crs, variable=_AS).rename("land_cover")
    if kind == "tiles":
        raise DataError(f"opening land cover from {source}: found tiles, expected one raster")
    with read_dataset(source) as dataset:
        if "land_cover" not in dataset:
            raise DataError(
                f"opening land cover from {source}: found variables "
                f"{', '.join(map(str, dataset.data_vars))}, expected 'land_cover'"
            )
        return dataset["land_cover"].load()


def _read_geotiff(path: Path, crs: str | None, near: Grid | None) -> xr.DataArray:
    """Read the part of a GeoTIFF around a grid; land cover comes in tiles of 10^9 cells."""
    from inundate.terrain.geotiff import read_geotiff

    if near is not None:
        margin = _MARGIN * max(near.right - near.left, near.top - near.bottom)
        left, bottom, right, top = near.bounds
        box = (left - margin, bottom - margin, right + margin, top + margin)
        try:
            found = read_geotiff(path, crs=crs, box=box, box_crs=near.crs, variable=_AS)
        except GridError:
            found = None  # no centre of a cell near by: a coarse raster, or one elsewhere
        if found is not None and _covers(grid_of(found), near):
            return found.rename("land_cover")
    return read_geotiff(path, crs=crs, variable=_AS).rename("land_cover")


def _covers(source: Grid, grid: Grid) -> bool:
    left, bottom, right, top = transform_bounds(grid.bounds, grid.crs, source.crs)
    return (
        source.left <= left and source.bottom <= bottom
        and right <= source.right and top <= source.top
    )  # fmt: skip


def codes_on(raster: xr.DataArray, grid: Grid | None, label: str) -> Codes:
    """Give the code of each cell of a grid.

    Parameters
    ----------
    raster : DataArray (y, x)
        Whole numbers; NaN where there is none.
    grid : Grid or None
        Where to; None leaves the raster's own.
    label : str
        Put in front of messages.

    Returns
    -------
    array (H, W), int32
        :data:`MISSING` where the raster has no code or does not reach. Of several codes in a cell
        the most frequent counts, of equals the smallest.

    Raises
    ------
    DataError
        If a code is not a whole number of 32 bits.
    GridError
        If the raster has no place or shares none with the grid.
    """
    source = grid_of(raster, where=label)
    values = np.asarray(raster.transpose("y", "x").values)
    codes = _whole(values, label)
    if grid is None or source.same_as(grid):
        return codes
    left, bottom, right, top = transform_bounds(grid.bounds, grid.crs, source.crs)
    if right <= source.left or source.right <= left or top <= source.bottom or source.top <= bottom:
        raise GridError(
            f"{label}: land cover and terrain do not share a place\n"
            f"  land cover  {source.describe()}\n"
            f"  terrain     {grid.describe()}"
        )
    ratio = max((right - left) / grid.width / source.dx, (top - bottom) / grid.height / source.dy)
    looks = int(np.clip(np.ceil(ratio - 0.01), 1, _SUBCELLS))
    place = _Lattice(grid, source)
    present = np.unique(codes)
    found = np.empty(grid.shape, dtype=np.int32)
    rows = max(1, _BLOCK_POINTS // (grid.width * looks * looks))
    for first in range(0, grid.height, rows):
        last = min(first + rows, grid.height)
        found[first:last] = _most_frequent(
            [
                place.look(codes, np.arange(first, last) + (i + 0.5) / looks, (j + 0.5) / looks)
                for i in range(looks)
                for j in range(looks)
            ],
            present,
        )
    return found


def _whole(values: NDArray[np.generic], label: str) -> Codes:
    numbers = values.astype(np.float64)
    missing = np.isnan(numbers)
    wrong = ~missing & ((numbers != np.round(numbers)) | (np.abs(numbers) >= -MISSING))
    if wrong.any():
        raise DataError(
            f"{label}: found the code {numbers[wrong][0]:g} in {int(wrong.sum())} cells, "
            "expected whole numbers",
            hint="a raster that was averaged or interpolated has no codes any more",
        )
    return np.where(missing, MISSING, numbers).astype(np.int32)


def _most_frequent(looks: list[Codes], present: Codes) -> Codes:
    """Give the most frequent code of each cell; of equals the smallest."""
    if len(looks) == 1:
        return looks[0]
    best = np.zeros(looks[0].shape, dtype=np.uint8)
    found = np.full(looks[0].shape, MISSING, dtype=np.int32)
    for code in np.unique(np.append(present, MISSING)):  # rising
        count = np.zeros(best.shape, dtype=np.uint8)
        for look in looks:
            count += look == code
        better = count > best
        best[better] = count[better]
        found[better] = code
    return found


class _Lattice:
    """Places of a grid in the CRS of another raster.

    Only nodes some cells apart are projected; between them the place is interpolated, which is
    wrong by far less than a cell: 20 cells of 50 m bend by 2 cm.
    """

    def __init__(self, grid: Grid, source: Grid) -> None:
        self._source, self._width = source, grid.width
        self._rows = np.unique(np.append(np.arange(0, grid.height, _NODE_CELLS), grid.height))
        self._columns = np.unique(np.append(np.arange(0, grid.width, _NODE_CELLS), grid.width))
        x, y = np.meshgrid(grid.left + grid.dx * self._columns, grid.top - grid.dy * self._rows)
        if "crs" in grid.differences(source):
            x, y = Transformer.from_crs(grid.crs, source.crs, always_xy=True).transform(x, y)
        self._x = (np.asarray(x) - source.left) / source.dx  # columns and rows of the raster
        self._y = (source.top - np.asarray(y)) / source.dy

    def look(self, codes: Codes, rows: Places, offset: float) -> Codes:
        """Give the codes at rows (fractional) of the grid, ``offset`` into each column."""
        columns = np.arange(self._width) + offset
        x = np.floor(self._between(self._x, rows, columns))
        y = np.floor(self._between(self._y, rows, columns))
        source = self._source
        inside = (x >= 0) & (x < source.width) & (y >= 0) & (y < source.height)
        x = np.where(inside, x, 0).astype(np.int64)
        y = np.where(inside, y, 0).astype(np.int64)
        return np.where(inside, codes[y, x], np.int32(MISSING))

    def _between(self, nodes: Places, rows: Places, columns: Places) -> Places:
        along = _interpolate(nodes, self._rows, rows)
        return _interpolate(along.T, self._columns, columns).T


def _interpolate(nodes: Places, at: NDArray[np.int64], wanted: Places) -> Places:
    """Interpolate along the first axis."""
    low = np.clip(np.searchsorted(at, wanted, side="right") - 1, 0, at.size - 2)
    share = ((wanted - at[low]) / (at[low + 1] - at[low]))[:, None]
    found: Places = nodes[low] * (1 - share) + nodes[low + 1] * share
    return found
