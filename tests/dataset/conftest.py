import json
import shutil

import numpy as np
import pytest
import xarray as xr
import zarr

from inundate.core.grid import Grid, attach_grid
from inundate.core.names import attributes
from inundate.dataset.build import build_dataset
from inundate.dataset.settings import DatasetSettings
from inundate.hydro.settings import SimulateSettings
from inundate.hydro.simulate import simulate
from inundate.rain.array import make_rain

SIDE = 24
START = np.datetime64("2021-07-12T14:00:00", "ns")
SETTINGS = SimulateSettings(edges="closed", output_every_s=300, run_on_min=10)


def place(number):
    """A 24 x 24 grid of 10 m cells, 10 km east of the one before."""
    return Grid("EPSG:27700", 400000 + 10000 * number, 500000, 10, 10, SIDE, SIDE)


def make_ground(grid, seed, name, *, slope=0.002):
    rng = np.random.default_rng(seed)
    rows, columns = np.mgrid[: grid.height, : grid.width]
    waves = sum(np.sin(a * rows + b * columns + c) for a, b, c in rng.uniform(0.1, 0.6, (6, 3)))
    values = 50 + seed + 10 * slope * columns + 0.05 * waves
    array = xr.DataArray(
        np.asarray(values, np.float32), dims=("y", "x"), name="elevation",
        attrs={**attributes("elevation"), "terrain_name": name},
    )  # fmt: skip
    return attach_grid(array, grid)


def make_storm(grid, name, peak=60.0, steps=6):
    """Rain that rises and falls, in steps of five minutes."""
    course = peak * np.sin(np.pi * (np.arange(steps) + 0.5) / steps)
    values = np.broadcast_to(course[:, None, None], (steps, *grid.shape))
    ends = START + np.arange(1, steps + 1) * np.timedelta64(300, "s")
    return make_rain(values, ends, grid, step_s=300, attrs={"storm_name": name})


@pytest.fixture(scope="session")
def flood(tmp_path_factory):
    """Simulate once a session: terrain (number, seed, name) under a storm, to a .zarr."""
    folder = tmp_path_factory.mktemp("sims")
    made = {}

    def make(number, storm, *, seed=None, name=None, settings=SETTINGS, peak=None, **more):
        seed = number if seed is None else seed
        name = name or f"t{number}"
        peak = peak or {"a": 60.0, "b": 45.0, "c": 80.0}[storm[0]]
        key = (number, storm, seed, name, settings, peak, tuple(more))
        if key not in made or more:
            made[key] = folder / f"{len(made)}" / f"{name}__{storm}.zarr"
            simulate(
                make_storm(place(number), storm, peak),
                make_ground(place(number), seed, name),
                settings=settings, output=made[key], progress=False, **more,
            )  # fmt: skip
        return made[key]

    return make


@pytest.fixture(scope="session")
def sims(flood):
    """Four terrains under three storms."""
    return [flood(number, storm) for number in range(4) for storm in "abc"]


@pytest.fixture(scope="session")
def _built(sims, tmp_path_factory):
    path = tmp_path_factory.mktemp("built") / "data.zarr"
    build_dataset(sims, path, test_storm=["c"], test_block=["t3"], progress=False)
    return path


@pytest.fixture
def data(_built, tmp_path):
    """A sound data set of its own for each test."""
    return shutil.copytree(_built, tmp_path / "data.zarr")


@pytest.fixture(scope="session")
def _cut(flood, tmp_path_factory):
    """Each way of cutting is built once."""
    folder = tmp_path_factory.mktemp("cut")
    made = {}

    def make(gap, side, held):
        key = (gap, side, tuple(held))
        if key not in made:
            made[key] = folder / f"{len(made)}.zarr"
            build_dataset(
                [flood(number, storm) for number in range(4) for storm in "ac"],
                made[key],
                settings=DatasetSettings(block_cells=side, gap_cells=gap),
                test_storm=["c"], test_block=held, progress=False,
            )  # fmt: skip
        return made[key]

    return make


@pytest.fixture
def cut_data(_cut, tmp_path):
    """A data set of its own, of blocks of 8 cells that lie 8 cells apart unless told."""

    def make(gap=4, side=8, test_block=()):
        return shutil.copytree(_cut(gap, side, test_block), tmp_path / "cut.zarr")

    return make


@pytest.fixture
def spoil():
    """Change a data set on disk behind its back."""

    def change(path, *, rows=None, attrs=None, **arrays):
        group = zarr.open_group(path, mode="r+")
        for name, function in arrays.items():
            group[name][:] = function(group[name][:])
        if rows is not None:
            table = json.loads(group.attrs["samples"])
            for row in table:
                rows(row)
            group.attrs["samples"] = json.dumps(table)
        group.attrs.update(attrs or {})

    return change
