"""Open a raster that goes with a terrain: roughness, or water at the start."""

from __future__ import annotations

from pathlib import Path

import xarray as xr

from inundate.core.errors import DataError
from inundate.core.files import check_input
from inundate.core.store import read_dataset
from inundate.terrain.open import open_raster

__all__ = ["open_layer"]


def open_layer(path: Path | str, name: str, *, crs: str | None = None) -> xr.DataArray:
    """Open one field over a terrain.

    Parameters
    ----------
    path : Path
        Zarr or NetCDF with the variable, or a plain raster of it (GeoTIFF, ASCII grid).
    name : str
        Registered name, such as ``"roughness"``; of a series the last time is taken.
    crs : str, optional
        Coordinate reference system of a raster that names none.

    Returns
    -------
    DataArray (y, x)
        With its grid and the registry's attributes.

    Raises
    ------
    MissingFileError, DataError, GridError
        If it is absent, has no such variable or cannot be read.
    """
    source = check_input(path, what=f"opening {name}")
    if source.suffix not in (".zarr", ".nc", ".nc4"):
        return _last(open_raster(source, name, crs=crs))
    with read_dataset(source) as dataset:
        if name not in dataset:
            raise DataError(
                f"opening {name} from {source}: found variables "
                f"{', '.join(map(str, dataset.data_vars))}, expected {name!r}"
            )
        return _last(dataset[name]).load()


def _last(field: xr.DataArray) -> xr.DataArray:
    return field.isel(time=-1, drop=True) if "time" in field.dims else field
