"""Layers of a flood as cloud-optimised GeoTIFF, a band a time."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from inundate.core.errors import ConfigError, require_extra
from inundate.core.files import atomic_file
from inundate.core.grid import attach_grid, grid_of
from inundate.terrain.geotiff import write_geotiff

if TYPE_CHECKING:
    import xarray as xr

__all__ = ["RASTER_LAYERS", "write_cog"]

RASTER_LAYERS = ("max", "depth", "probability")
"""Greatest depth in one band; depth, a band a time; probability, a band a threshold and time."""


def write_cog(path: Path, data: xr.Dataset, layer: str = "max") -> int:
    """Write a layer as cloud-optimised GeoTIFF, whole or not at all.

    Parameters
    ----------
    path : Path
        File to write.
    data : Dataset
        With ``water_depth`` and, for ``probability``, ``depth_probability``.
    layer : {"max", "depth", "probability"}
        Which.

    Returns
    -------
    int
        Bands written.

    Raises
    ------
    ConfigError
        If the layer is unknown, or the data do not hold it.
    MissingExtraError
        If rasterio is not installed.
    """
    rasterio = require_extra("geo", "rasterio", what="writing GeoTIFF")
    shutil = require_extra("geo", "rasterio.shutil", what="writing GeoTIFF")
    array = _layer(data, layer)
    with tempfile.TemporaryDirectory(prefix="inundate-") as folder:
        plain = write_geotiff(array, Path(folder) / "plain.tif")
        with rasterio.MemoryFile() as memory:  # GDAL does not tell a full disk from other faults
            shutil.copy(
                plain, memory.name, driver="COG", compress="DEFLATE", predictor="YES",
                overview_resampling="NEAREST", bigtiff="IF_SAFER",
            )  # fmt: skip
            with atomic_file(path) as temporary:
                temporary.write_bytes(memory.getbuffer())
    return 1 if array.ndim == 2 else int(array.shape[0])


def _layer(data: xr.Dataset, layer: str) -> xr.DataArray:
    if layer not in RASTER_LAYERS:
        raise ConfigError(
            f"writing a GeoTIFF: layer {layer!r}, expected one of {', '.join(RASTER_LAYERS)}"
        )
    depth = data["water_depth"].transpose("time", "y", "x")
    if layer == "depth":
        return depth
    if layer == "max":
        held = data.get("water_depth_max")
        largest = depth.max("time", skipna=True).assign_attrs(depth.attrs) if held is None else held
        return attach_grid(largest.transpose("y", "x"), grid_of(depth))
    if "depth_probability" not in data:
        raise ConfigError(
            "writing a GeoTIFF: the data set holds no depth_probability",
            hint="only a probabilistic prediction has it",
        )
    return _by_threshold_and_time(data["depth_probability"])


def _by_threshold_and_time(field: xr.DataArray) -> xr.DataArray:
    """Give the bands (band, y, x) of a probability, named by threshold and time."""
    import numpy as np
    import xarray as xr

    field = field.transpose("threshold", "time", "y", "x")
    times = np.datetime_as_string(field["time"].values, unit="s")
    names = [f"P(depth > {t:g} m) {time}Z" for t in field["threshold"].values for time in times]
    values = field.values.reshape(-1, *field.shape[-2:])
    bands = xr.DataArray(values, dims=("band", "y", "x"), coords={"band": names}, attrs=field.attrs)
    return attach_grid(bands.rename("depth_probability"), grid_of(field))
