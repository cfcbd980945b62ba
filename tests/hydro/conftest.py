import numpy as np
import pytest
import xarray as xr

from inundate.core.grid import Grid, attach_grid
from inundate.core.names import attributes
from inundate.rain.array import make_rain

START = np.datetime64("2021-07-12T14:00:00", "ns")


@pytest.fixture
def grid():
    """20 x 30 cells of 10 m in British National Grid."""
    return Grid("EPSG:27700", 400000, 500000, 10, 10, 30, 20)


@pytest.fixture
def make_terrain():
    """Build a heightmap on a grid; by default gentle hills."""

    def make(grid, values=None):
        if values is None:
            rng = np.random.default_rng(2)
            rows, columns = np.mgrid[: grid.height, : grid.width]
            values = 3 * np.sin(rows / 4.0) + 0.2 * columns + rng.normal(0, 0.1, grid.shape)
        array = xr.DataArray(
            np.asarray(values, np.float32), dims=("y", "x"), name="elevation",
            attrs=attributes("elevation"),
        )  # fmt: skip
        return attach_grid(array, grid)

    return make


@pytest.fixture
def make_storm():
    """Build rain on a grid: steps of five minutes, 40 mm/h unless given."""

    def make(grid, values=None, *, steps=6, step_s=300, ends=None):
        if values is None:
            values = np.full((steps, *grid.shape), 40.0)
        values = np.asarray(values)
        if ends is None:
            ends = START + np.arange(1, len(values) + 1) * np.timedelta64(step_s, "s")
        return make_rain(values, ends, grid, step_s=step_s)

    return make


@pytest.fixture
def terrain(grid, make_terrain):
    return make_terrain(grid)


@pytest.fixture
def storm(grid, make_storm):
    return make_storm(grid)
