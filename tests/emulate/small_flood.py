"""A small data set: ten grounds of 32 cells, two storms to train on and one held out."""

import numpy as np
import xarray as xr

from inundate.core.grid import Grid, attach_grid
from inundate.core.names import attributes
from inundate.dataset.build import build_dataset
from inundate.dataset.settings import DatasetSettings
from inundate.emulate.settings import EmulatorSettings
from inundate.hydro.settings import SimulateSettings
from inundate.hydro.simulate import simulate
from inundate.learn.settings import TrainSettings
from inundate.rain.array import make_rain

SIDE = 32
PHYSICS = SimulateSettings(edges="closed", output_every_s=300, run_on_min=10)
START = np.datetime64("2021-07-12T14:00:00", "ns")
STORMS = {"early": (50.0, 1.0), "late": (140.0, 4.5), "middle": (90.0, 2.5)}  # mm h-1, step
HELD_BLOCKS = ("t7", "t8", "t9")
MODE_H = EmulatorSettings(model="mode_h", width=8, levels=2, crop_cells=32, frames=3)
CNN = EmulatorSettings(
    model="temporal_cnn", width=8, levels=2, crop_cells=32, frames=3, rain_width=4
)
SMALL = {"width": 8, "levels": 2, "crop_cells": 32, "frames": 3}
UNET = EmulatorSettings(model="unet", **SMALL)
DEEPLAB = EmulatorSettings(model="deeplab", dilations=(1, 2), **SMALL)
GRU = EmulatorSettings(model="convgru_unet", memory_levels=1, **SMALL)
LEAD = EmulatorSettings(model="lead_cnn", lead_frames=2, rain_width=4, **SMALL)
TRAINING = TrainSettings(
    epochs=0, max_steps=40, batch_size=4, warmup_steps=5, learning_rate=3e-3, threads=1,
    device="cpu",
)  # fmt: skip


def place(number, height=SIDE, width=SIDE):
    """A grid of 10 m cells, 10 km east of the one before."""
    return Grid("EPSG:27700", 400000 + 10000 * number, 500000, 10, 10, width, height)


def heights(grid, seed, slope=0.002):
    """Waves of 20 to 60 cells on a gentle slope: hollows in which water stands."""
    rng = np.random.default_rng(seed)
    rows, cols = np.mgrid[: grid.height, : grid.width]
    waves = sum(np.sin(a * rows + b * cols + c) for a, b, c in rng.uniform(0.1, 0.6, (6, 3)))
    rough = rng.normal(0.0, 0.01, grid.shape)
    return np.asarray(20 + seed + 10 * slope * cols + 0.2 * waves + rough, np.float32)


def on_grid(values, name, grid, **attrs):
    """A layer with its CF attributes."""
    data = xr.DataArray(
        np.asarray(values, np.float32), dims=("y", "x"), name=name,
        attrs={**attributes(name), **attrs},
    )  # fmt: skip
    return attach_grid(data, grid)


def ground(number, height=SIDE, width=SIDE):
    """Terrain ``number`` as a DataArray."""
    grid = place(number, height, width)
    return on_grid(heights(grid, number), "elevation", grid, terrain_name=f"t{number}")


def storm(name, grid, steps=6):
    """Rain that rises and falls round its own step, stronger towards the east."""
    peak, centre = STORMS[name]
    course = peak * np.exp(-(((np.arange(steps) - centre) / 1.5) ** 2))
    east = np.linspace(0.7, 1.3, grid.width)
    values = course[:, None, None] * np.broadcast_to(east, grid.shape)
    ends = START + np.arange(1, steps + 1) * np.timedelta64(300, "s")
    return make_rain(values, ends, grid, step_s=300, attrs={"storm_name": name})


def build_seen(folder):
    """Three grounds under five storms, each scaled anew, and one storm more that is held out.

    The training ground has the held-out storm too: ``unused`` by training, ``seen`` when scored.
    """
    paths = []
    scales = {"s1": 0.4, "s2": 0.7, "s3": 1.0, "s4": 1.3, "s5": 1.6, "held": 1.15}
    for number in range(3):
        for name, scale in scales.items():
            rain = storm("late" if name in ("s2", "s4") else "middle", place(number)) * scale
            rain.attrs |= storm("middle", place(number)).attrs | {"storm_name": name}
            paths.append(folder / "sims" / f"t{number}__{name}.zarr")
            simulate(rain, ground(number), settings=PHYSICS, output=paths[-1], progress=False)
    build_dataset(
        paths, folder / "seen.zarr", settings=DatasetSettings(valid_share=0.3),
        test_storm=["held"], test_block=["t2"], progress=False,
    )  # fmt: skip
    return folder / "seen.zarr"


def build(folder):
    """Simulate and build; give the path of the data set."""
    paths = []
    for number in range(10):
        terrain = ground(number)
        held = f"t{number}" in HELD_BLOCKS
        for name in ("middle",) if held else ("early", "late"):
            paths.append(folder / "sims" / f"t{number}__{name}.zarr")
            simulate(
                storm(name, place(number)), terrain, settings=PHYSICS, output=paths[-1],
                progress=False,
            )  # fmt: skip
    build_dataset(
        paths, folder / "data.zarr", settings=DatasetSettings(valid_share=0.3),
        test_storm=["middle"], test_block=HELD_BLOCKS, progress=False,
    )  # fmt: skip
    return folder / "data.zarr"
