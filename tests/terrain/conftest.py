"""Small heightmaps that the terrain tests share."""

from collections.abc import Callable

import numpy as np
import pytest
import xarray as xr

from inundate.core.grid import Grid, attach_grid

Make = Callable[..., xr.DataArray]


@pytest.fixture(scope="session")
def heightmap() -> Make:
    """Build an elevation array with a grid from numbers."""

    def make(
        values: object,
        *,
        cell: float = 10.0,
        left: float = 400_000.0,
        top: float = 300_000.0,
        crs: str = "EPSG:27700",
        name: str = "elevation",
    ) -> xr.DataArray:
        array = np.asarray(values, dtype=np.float32)
        data = xr.DataArray(
            array, dims=("y", "x"), name=name, attrs={"units": "m" if name == "elevation" else ""}
        )
        return attach_grid(data, Grid(crs, left, top, cell, cell, array.shape[1], array.shape[0]))

    return make


@pytest.fixture(scope="session")
def hills() -> np.ndarray:
    """A bumpy surface of 61 x 53 cells on whole millimetres, with many pits."""
    rng = np.random.default_rng(7)
    y, x = np.mgrid[:61, :53]
    surface = 30 + 6 * np.sin(x / 9) + 5 * np.cos(y / 7) + 0.08 * x + rng.normal(0, 0.8, x.shape)
    return np.round(surface, 3)
