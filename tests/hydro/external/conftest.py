"""A small place, its rain, and folders of other models' files made of them."""

import numpy as np
import pytest
import xarray as xr

from inundate.core.grid import Grid, attach_grid
from inundate.core.names import attributes
from inundate.rain.array import make_rain

START = np.datetime64("2000-01-01T00:00", "ns")


def raster(values, grid, name):
    array = xr.DataArray(
        np.asarray(values, np.float32), dims=("y", "x"), name=name, attrs=dict(attributes(name))
    )
    return attach_grid(array, grid)


@pytest.fixture(scope="session")
def grid():
    return Grid("EPSG:27700", 400000, 300600, 50, 50, 16, 12)


@pytest.fixture(scope="session")
def terrain(grid):
    """A slope to the south-east with a hollow and one missing corner; no symmetry."""
    rows, columns = np.mgrid[:12, :16]
    values = 30 - 0.5 * rows - 0.25 * columns + 0.125 * (rows * 7 + columns * 3) % 1.5
    values[4:6, 9:12] -= 3
    values[0, 0] = np.nan
    return raster(values, grid, "elevation")


@pytest.fixture(scope="session")
def roughness(grid):
    values = 0.02 + 0.005 * (np.arange(16)[None, :] // 4) + np.zeros((12, 1))
    return raster(values, grid, "roughness")


@pytest.fixture(scope="session")
def initial_depth(grid, terrain):
    values = np.zeros((12, 16))
    values[4:6, 9:12] = 0.375
    return raster(np.where(np.isnan(terrain.to_numpy()), np.nan, values), grid, "water_depth")


@pytest.fixture(scope="session")
def radar(grid):
    """Six steps of five minutes on cells of 200 m that do not line up with the place."""
    wide = Grid("EPSG:27700", 399870, 300690, 200, 200, 5, 5)
    values = np.random.default_rng(4).uniform(0, 40, (6, 5, 5))
    ends = START + np.arange(1, 7) * np.timedelta64(300, "s")
    return make_rain(values, ends, wide, step_s=300)


@pytest.fixture(scope="session")
def uniform(grid):
    """Six steps that are the same everywhere."""
    wide = Grid("EPSG:27700", 399800, 300800, 1000, 1000, 2, 2)
    course = np.array([0.0, 12.5, 40.25, 3.0, 0.0, 7.75])
    ends = START + np.arange(1, 7) * np.timedelta64(300, "s")
    return make_rain(np.broadcast_to(course[:, None, None], (6, 2, 2)), ends, wide, step_s=300)
