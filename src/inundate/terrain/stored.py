"""Rasters in Zarr and NetCDF."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import xarray as xr

from inundate.core.errors import DataError, GridError
from inundate.core.grid import attach_grid, grid_of
from inundate.core.names import VARIABLES, attributes
from inundate.core.store import read_dataset
from inundate.terrain.nodata import check_heights, mask_nodata
from inundate.terrain.prj import agreed_crs

__all__ = ["read_stored"]


def read_stored(path: Path, variable: str, crs: str | None, nodata: float | None) -> xr.DataArray:
    """Read one variable over (y, x) with its grid.

    Parameters
    ----------
    path : Path
        Zarr store or NetCDF-4 file.
    variable : str
        Registered name.
    crs : str or None
        Coordinate reference system of a file that states none.
    nodata : float or None
        Value that means "no data"; NaN does so anyway.

    Returns
    -------
    DataArray (y, x), float32
        Row 0 in the north.

    Raises
    ------
    DataError
        If there is no such variable, or its dimensions, unit or heights are wrong.
    GridError
        If no coordinate reference system is known.
    """
    with read_dataset(path) as dataset:
        if variable not in dataset:
            what = "ground heights" if variable == "elevation" else variable.replace("_", " ")
            raise DataError(
                f"opening {path}: found variables {', '.join(map(str, dataset.data_vars))}, "
                f"expected {variable!r}",
                hint=f"rename the variable of {what} to {variable!r}",
            )
        array = dataset[variable].load()
    if array.dims != ("y", "x"):
        raise DataError(
            f"opening {path}: {variable} has dimensions {array.dims}, expected ('y', 'x')"
        )
    expected = VARIABLES[variable].unit
    unit = array.attrs.get("units", expected)
    if unit != expected:
        raise DataError(
            f"opening {path}: {variable} has units {unit!r}, expected {expected!r}",
            hint=f"convert the values to {expected!r} and write them again",
        )
    values = mask_nodata(np.asarray(array.values, dtype=np.float32), nodata)
    if variable == "elevation":
        check_heights(values, str(path))
    array = array.copy(data=values)
    array.attrs = {
        "source_format": path.suffix.lstrip("."),
        **array.attrs,
        **attributes(variable),
    }
    if array.sizes["y"] > 1 and float(array["y"][1]) > float(array["y"][0]):
        array = array.isel(y=slice(None, None, -1))
    return _placed(array, crs, path)


def _stated_crs(array: xr.DataArray) -> str | None:
    try:
        return grid_of(array).crs
    except GridError:
        return None


def _placed(array: xr.DataArray, crs: str | None, path: Path) -> xr.DataArray:
    if crs is not None:
        agreed_crs(crs, _stated_crs(array), f"opening {path}")
        reference = xr.Variable((), np.int64(0), {"crs": crs})
        array = array.assign_coords(spatial_ref=reference)
    try:
        grid = grid_of(array, where=f"opening {path}")
    except GridError as error:
        if error.hint is None or "crs" not in error.hint.lower():
            raise
        raise GridError(
            f"opening {path}: the file names no coordinate reference system",
            hint="say which it is, such as --crs EPSG:27700 for British National Grid "
            "(--terrain-crs beside rain)",
        ) from error
    return attach_grid(array, grid)
