"""Write a raster in the format that its suffix names."""

from __future__ import annotations

from pathlib import Path

import xarray as xr

from inundate.core.errors import ConfigError
from inundate.core.store import write_dataset

__all__ = ["write_raster"]


def write_raster(data: xr.DataArray, path: Path | str, *, overwrite: bool = False) -> Path:
    """Write one raster as GeoTIFF, ASCII grid, Zarr or NetCDF, whole or not at all.

    Parameters
    ----------
    data : DataArray (y, x)
        With a grid and a name.
    path : Path
        ``.tif``, ``.asc``, ``.asc.gz``, ``.zarr`` or ``.nc``.
    overwrite : bool
        Replace what is there.

    Returns
    -------
    Path

    Raises
    ------
    ConfigError
        If the suffix is none of these.
    RunError
        If the output exists and ``overwrite`` is false, or the disk is full.
    """
    path = Path(path)
    name = path.name.lower()
    if name.endswith((".tif", ".tiff")):
        from inundate.terrain.geotiff import write_geotiff

        return write_geotiff(data, path, overwrite=overwrite)
    if name.endswith((".asc", ".asc.gz")):
        from inundate.terrain.asciigrid import write_asciigrid

        return write_asciigrid(data, path, overwrite=overwrite)
    if name.endswith((".zarr", ".nc", ".nc4")):
        return write_dataset(data.to_dataset(name=str(data.name)), path, overwrite=overwrite)
    raise ConfigError(
        f"writing {path}: suffix {path.suffix!r}, expected .tif, .asc, .asc.gz, .zarr or .nc",
        hint=f"try -o {path.stem}.tif",
    )
