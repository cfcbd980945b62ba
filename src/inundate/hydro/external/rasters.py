"""ESRI ASCII grids as other flood models write and want them.

Row 0 is the north; ``xllcorner`` is a corner and ``xllcenter`` a centre; the reader of the
terrain package knows all that. Here are the fields that are no heights: indices, depths, a
series of grids, and a fixed order of header lines, which some models need.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from inundate.core.errors import DataError, GridError
from inundate.core.files import write_text
from inundate.core.grid import Grid, check_same_grid, grid_of
from inundate.terrain.asciigrid import read_asciigrid, read_asciigrids

__all__ = ["index_text", "raster_text", "read_depths", "read_index", "read_on", "write_raster_text"]

NODATA = -9999
_ROUNDING_M = 1e-3  # a depth this far below 0 is the rounding of the model that wrote it


def read_on(path: Path, variable: str, grid: Grid, crs: str | None) -> xr.DataArray:
    """Read one grid that has to lie on the heightmap's cells.

    Raises
    ------
    GridError
        If it does not.
    """
    found = read_asciigrid(path, crs=crs, variable=variable)
    check_same_grid(found, grid, str(path), "the heightmap")
    return found


def read_index(path: Path, crs: str | None) -> tuple[NDArray[np.int64], Grid]:
    """Read a grid of whole numbers above 0; 0 stands where there is none.

    Raises
    ------
    DataError
        If a value is another number.
    """
    found = read_asciigrid(path, crs=crs, variable="land_mask")
    values = found.to_numpy()
    wrong = (values < 1) | (values != np.round(values))  # NaN is neither
    wrong &= ~np.isnan(values)
    if wrong.any():
        row, col = (int(i) for i in np.argwhere(wrong)[0])
        raise DataError(
            f"reading {path}: found {values[row, col]:g} in cell (row {row}, column {col}), "
            "expected the number of a zone, counted from 1, or NODATA"
        )
    return np.where(np.isnan(values), 0, values).astype(np.int64), grid_of(found)


def read_depths(path: Path, grid: Grid, crs: str | None) -> Iterator[NDArray[np.float32]]:
    """Give the depths (H, W) in m of a file of one grid or several one behind the other.

    Missing is NaN.

    Raises
    ------
    GridError
        If one does not lie on the heightmap's cells.
    DataError
        If a depth is below 0 by more than rounding.
    """
    for number, found in enumerate(read_asciigrids(path, crs=crs, variable="water_depth")):
        name = str(path) if number == 0 else f"{path} (grid {number + 1})"
        check_same_grid(found, grid, name, "the heightmap")
        depth = found.to_numpy()
        lowest = float(np.nanmin(depth, initial=0.0))
        if lowest < -_ROUNDING_M:
            raise DataError(
                f"reading {name}: found the depth {lowest:g} m, expected 0 or more",
                hint="an undeclared missing value or a grid of water levels looks like this",
            )
        yield np.where(depth < 0, np.float32(0), depth)


def raster_text(values: NDArray[Any], grid: Grid, *, decimals: int = 6) -> str:
    """Give the text of a grid, with all six header lines in the customary order.

    Parameters
    ----------
    values : array (H, W)
        NaN is written as -9999.
    grid : Grid
        With square cells.
    decimals : int
        Digits behind the point.

    Raises
    ------
    GridError
        If the cells are not square.
    """
    if not grid.is_square:
        raise GridError(
            f"writing an ESRI ASCII grid: cells are {grid.dx:g} x {grid.dy:g}, expected square ones"
        )
    text = io.StringIO()
    text.write(
        f"ncols         {grid.width}\nnrows         {grid.height}\n"
        f"xllcorner     {grid.left:.10g}\nyllcorner     {grid.bottom:.10g}\n"
        f"cellsize      {grid.dx:.15g}\nNODATA_value  {NODATA}\n"
    )
    filled = np.where(np.isnan(values), NODATA, values.astype(np.float64))
    np.savetxt(text, filled, fmt=f"%.{decimals}f")
    return text.getvalue()


def index_text(index: NDArray[np.int64], grid: Grid) -> str:
    """Give the text of a grid of whole numbers; 0 is written as -9999."""
    return raster_text(np.where(index == 0, np.nan, index), grid, decimals=0)


def write_raster_text(
    data: xr.DataArray, path: Path, *, decimals: int = 6, missing: float | None = None
) -> Path:
    """Write a raster as an ESRI ASCII grid, with a ``.prj`` beside it.

    Parameters
    ----------
    data : DataArray (y, x)
    path : Path
    decimals : int
        Digits behind the point.
    missing : float, optional
        What to write where data are missing, for models that know no NODATA in this file.
    """
    grid = grid_of(data, where=f"writing {path}")
    values = data.transpose("y", "x").to_numpy()
    if missing is not None:
        values = np.where(np.isnan(values), missing, values)
    write_text(path, raster_text(values, grid, decimals=decimals))
    write_text(path.with_suffix(".prj"), grid.wkt)
    return path
