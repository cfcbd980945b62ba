"""Make samples: ground once a terrain, then each storm through the solver."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import zarr
from numpy.typing import NDArray

from inundate.core.errors import DataError, InundateError, StabilityError
from inundate.core.grid import attach_grid
from inundate.dataset.tally import WET_M
from inundate.dataset.world.ground import make_roughness
from inundate.dataset.world.library import Library
from inundate.dataset.world.perturb import perturb
from inundate.dataset.world.plan import Plan, member_seed
from inundate.dataset.world.storms import make_rain_frames
from inundate.dataset.world.terrains import grid_of_spec, make_heights
from inundate.hydro.march import simulate_arrays

__all__ = [
    "DEPTH_STEP_M",
    "Ground",
    "Made",
    "Maker",
    "Report",
    "make_ground",
    "make_sample",
    "write_sample",
]

Array = NDArray[np.float32]

DEPTH_STEP_M = 2.0**-15
"""Depths are stored as whole multiples of this (0.03 mm), which packs them to half the size."""


@dataclass(frozen=True)
class Ground:
    """The ground of a terrain: heights and Manning's n, (H, W), and its regime."""

    elevation: Array
    roughness: Array
    regime: str


@dataclass(frozen=True)
class Made:
    """A sample as it is stored: rain and water (T, H, W), and figures of it.

    Attributes
    ----------
    rain_rate : array (T, H, W), mm h-1
    water_depth : array (T, H, W), m
    rain_mm : float
        Mean rain depth.
    wet : dict
        Threshold in m to the number of cells and frames at least as deep.
    values : int
        Cells and frames with known ground.
    steps : int
        Steps of the solver.
    """

    rain_rate: Array
    water_depth: Array
    rain_mm: float
    wet: dict[str, int]
    values: int
    steps: int


def make_ground(plan: Plan, terrain: int, library: Library) -> Ground:
    """Make the ground of a terrain.

    Raises
    ------
    DataError
        If a real tile has too little known ground.
    """
    import xarray as xr

    from inundate.terrain.derive import median_slope, regime_of

    spec = plan.terrains[terrain]
    heights = make_heights(spec, library)
    data = attach_grid(xr.DataArray(heights, dims=("y", "x")), grid_of_spec(spec))
    return Ground(heights, make_roughness(spec, heights), regime_of(median_slope(data)))


def make_sample(plan: Plan, number: int, ground: Ground, library: Library) -> Made:
    """Simulate a sample; of a member the unperturbed rain is given back with its water.

    Raises
    ------
    DataError
        If no rain falls on the tile, or the solver gives other frames than planned.
    StabilityError
        If the simulation broke down.
    """
    sample = plan.samples[number]
    terrain, storm = plan.terrains[sample.terrain], plan.storms[sample.storm]
    rain = make_rain_frames(
        storm, side=terrain.side, cell_size_m=terrain.cell_size_m, frames=sample.frames,
        interval_s=plan.settings.interval_s, peak_mm_h=plan.settings.peak_mm_h, library=library,
    )  # fmt: skip
    elevation, roughness, driving, settings = (
        ground.elevation, ground.roughness, rain, plan.solver(number),
    )  # fmt: skip
    if sample.member:
        drawn = perturb(
            elevation, roughness, rain, interval_s=plan.settings.interval_s,
            cell_size_m=terrain.cell_size_m, settings=settings,
            seed=member_seed(plan, number), spread=plan.settings.perturb,
        )  # fmt: skip
        elevation, roughness = drawn.elevation, drawn.roughness
        driving, settings = drawn.rain_rate, drawn.settings
    found = simulate_arrays(
        elevation, driving, rain_step_s=plan.settings.interval_s,
        cell_size_m=terrain.cell_size_m, settings=settings, roughness=roughness,
    )  # fmt: skip
    if found.depth.shape != rain.shape:
        raise DataError(
            f"sample {plan.name(number)}: {found.depth.shape[0]} frames, expected {rain.shape[0]}"
        )
    depth = (np.round(found.depth / DEPTH_STEP_M) * DEPTH_STEP_M).astype(np.float32)
    known = np.isfinite(ground.elevation)
    hours = plan.settings.interval_s / 3600.0
    fallen = float(rain[:, known].mean(axis=1, dtype=np.float64).sum() * hours)
    wet = {f"{limit:g}": int((depth >= limit).sum()) for limit in WET_M}  # NaN is not wet
    return Made(rain, depth, fallen, wet, int(known.sum()) * len(depth), found.steps)


def write_sample(group: zarr.Group, plan: Plan, number: int, ground: Ground, made: Made) -> None:
    """Write a sample into its own chunks, and its ground into those of its block."""
    sample = plan.samples[number]
    frames, side = plan.shape()
    for name, values in (("water_depth", made.water_depth), ("rain_rate", made.rain_rate)):
        whole = np.full((1, frames, side, side), np.nan, dtype=np.float32)
        whole[0, : values.shape[0], : values.shape[1], : values.shape[2]] = values
        _array(group, name)[number : number + 1] = whole
    for name, values in (("elevation", ground.elevation), ("roughness", ground.roughness)):
        whole = np.full((1, side, side), np.nan, dtype=np.float32)
        whole[0, : values.shape[0], : values.shape[1]] = values
        _array(group, name)[sample.terrain : sample.terrain + 1] = whole


def _array(group: zarr.Group, name: str) -> Any:
    return group[name]


@dataclass(frozen=True)
class Report:
    """What a worker tells of a sample: what its row needs, or why there is none."""

    number: int
    regime: str = ""
    rain_mm: float = 0.0
    wet: dict[str, int] = field(default_factory=dict)
    values: int = 0
    steps: int = 0
    fault: str = ""


class Maker:
    """Makes the samples of one terrain after another into a store.

    Parameters
    ----------
    plan : Plan
    library : Library
    store : Path
        Zarr group with the arrays already made.
    """

    def __init__(self, plan: Plan, library: Library, store: Path) -> None:
        self.plan, self.library = plan, library
        self.group = zarr.open_group(store, mode="r+")
        self._ground: tuple[int, Ground | InundateError] | None = None

    def make(self, number: int) -> Report:
        """Make and write a sample; a fault of its simulation is told, not raised."""
        try:
            ground = self._ground_of(self.plan.samples[number].terrain)
            made = make_sample(self.plan, number, ground, self.library)
        except (DataError, StabilityError) as error:
            return Report(number, fault=f"{type(error).__name__}: {error}".splitlines()[0])
        write_sample(self.group, self.plan, number, ground, made)
        return Report(number, ground.regime, made.rain_mm, made.wet, made.values, made.steps)

    def _ground_of(self, terrain: int) -> Ground:
        if self._ground is None or self._ground[0] != terrain:
            try:
                made: Ground | InundateError = make_ground(self.plan, terrain, self.library)
            except DataError as error:
                made = error
            self._ground = terrain, made
        found = self._ground[1]
        if isinstance(found, InundateError):
            raise found
        return found
