"""A real heightmap that comes with a dependency, so that nothing need be downloaded."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import xarray as xr

from inundate.core.errors import ConfigError, DataError, nearest
from inundate.core.grid import Grid, attach_grid, grid_of
from inundate.core.names import attributes
from inundate.terrain.metric import largest_known_box, to_metric

__all__ = ["SAMPLES", "sample_terrain"]


def sample_terrain(name: str = "jacksboro", *, cell_size_m: float | None = None) -> xr.DataArray:
    """Give a heightmap that needs no download.

    Parameters
    ----------
    name : str
        One of :data:`SAMPLES`.
    cell_size_m : float, m, optional
        By default that of the sample.

    Returns
    -------
    DataArray (y, x), float32, m
        Metric, square, without missing cells.

    Raises
    ------
    ConfigError
        If the name is not known.
    DataError
        If the file that the sample is made of is not there.

    Examples
    --------
    >>> sample_terrain("jacksboro").attrs["units"]
    'm'
    """
    if name not in SAMPLES:
        close = nearest(name, SAMPLES)
        raise ConfigError(
            f"sample terrain {name!r} is not known; expected one of {', '.join(SAMPLES)}",
            hint=f"did you mean {close!r}?" if close else None,
        )
    return SAMPLES[name](cell_size_m)


def _jacksboro(cell_size_m: float | None) -> xr.DataArray:
    """Jacksboro fault, Tennessee: 3 arc-second SRTM of the USGS, public domain, in matplotlib."""
    from matplotlib import cbook

    try:
        stored: Any = cbook.get_sample_data("jacksboro_fault_dem.npz")
    except FileNotFoundError as error:
        raise DataError(
            "sample terrain 'jacksboro': matplotlib came without its sample data "
            "(jacksboro_fault_dem.npz)",
            hint="pip install --force-reinstall matplotlib",
        ) from error
    with stored:
        heights = stored["elevation"].astype(np.float32)
        # named the wrong way round in the file: "ymin" is the northern edge
        west, east = sorted((float(stored["xmin"]), float(stored["xmax"])))
        south, north = sorted((float(stored["ymin"]), float(stored["ymax"])))
    rows, columns = heights.shape
    grid = Grid(
        "EPSG:4326", west, north, (east - west) / columns, (north - south) / rows, columns, rows
    )
    array = xr.DataArray(
        heights, dims=("y", "x"), name="elevation", attrs=dict(attributes("elevation"))
    )
    array.attrs["source_format"] = "matplotlib sample jacksboro_fault_dem.npz (SRTM, USGS)"
    metric = to_metric(attach_grid(array, grid), cell_size_m=cell_size_m or 90.0, crs="EPSG:32616")
    rows_kept, columns_kept = largest_known_box(~np.isnan(metric.values))
    kept = grid_of(metric).window(rows_kept, columns_kept)
    return attach_grid(metric.isel(y=rows_kept, x=columns_kept), kept)


SAMPLES: dict[str, Callable[[float | None], xr.DataArray]] = {"jacksboro": _jacksboro}
"""Every sample by name."""
