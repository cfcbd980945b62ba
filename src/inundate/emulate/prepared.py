"""Everything a model can be shown of one storm on one terrain, computed once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import numpy as np
import torch
import xarray as xr
from numba import njit
from numpy.typing import NDArray

from inundate.core.errors import DataError
from inundate.core.grid import Grid, attach_grid
from inundate.core.names import attributes
from inundate.dataset.samples import Sample
from inundate.emulate.hybrid import HybridState, hybrid_arrays, rain_on
from inundate.emulate.inputs import POSITION, scale_terrain, soil_channels
from inundate.emulate.orient import orientation, turn_inputs, turned
from inundate.emulate.pour import pour_levels
from inundate.hydro.settings import SimulateSettings
from inundate.terrain.derive import derive_features
from inundate.terrain.features import stack_features

__all__ = ["BlockWater", "Prepared", "block_water", "prepare", "prepare_sample", "terrain_channels"]

Array = NDArray[np.float32]


@dataclass(frozen=True)
class BlockWater:
    """The hybrid's water as Mode H reads it.

    Attributes
    ----------
    level : array (T, h, w), m
        Level of each coarse cell above the terrain's datum; of a dry one its lowest ground.
    volume : array (T, H / 4, W / 4), m
        Mean depth over each position of the network (4 x 4 cells).
    factor : int
        Fine cells along a coarse cell.
    """

    level: Array
    volume: Array
    factor: int


@dataclass(frozen=True)
class Prepared:
    """One storm on one terrain, ready for any model.

    Attributes
    ----------
    terrain : array (C, H, W)
        Scaled terrain and soil channels.
    elevation : array (H, W), m
        NaN where there is no ground.
    rain_rate : array (T, H, W), mm h-1
        0 where there is no ground.
    water : mapping of int to BlockWater
        By factor of the coarse solver; empty for a model that does not use it.
    interval_s : float
    """

    terrain: Array
    elevation: Array
    rain_rate: Array
    interval_s: float
    water: Mapping[int, BlockWater] = field(default_factory=dict)

    @property
    def frames(self) -> int:
        """Number of frames."""
        return int(self.rain_rate.shape[0])

    @property
    def datum(self) -> float:
        """Lowest ground, m: levels count from here, so that float32 holds them."""
        return float(np.nanmin(self.elevation))


def _edge_kind(edges: str) -> Literal["open", "closed"]:
    return "closed" if edges == "closed" else "open"


def terrain_channels(elevation: Array, roughness: Array, grid: Grid, edges: str) -> Array:
    """Derive and scale the terrain inputs of a whole raster, (C, H, W).

    They are derived on the map turned to its own orientation and turned back: which of two
    equally low neighbours water runs to must not depend on how the map lies.
    """
    turns, flip = orientation(elevation)
    height, width = elevation.shape[:: -1 if turns % 2 else 1]
    lying = replace(grid, height=height, width=width)

    def on_grid(values: Array, name: str) -> xr.DataArray:
        data = turned(torch.from_numpy(np.ascontiguousarray(values)), turns, flip).numpy()
        named = xr.DataArray(data, dims=("y", "x"), name=name, attrs=attributes(name))
        return attach_grid(named, lying)

    features = derive_features(
        on_grid(elevation, "elevation"),
        roughness=on_grid(roughness, "roughness"),
        edge_kind=_edge_kind(edges),
    )
    scaled = scale_terrain(stack_features(features), tuple(str(n) for n in features.data_vars))
    # a turn with a flip undoes itself
    back = turns if flip else -turns % 4
    found = turn_inputs({"terrain": torch.from_numpy(scaled)}, back, flip)["terrain"]
    return np.ascontiguousarray(found.numpy())


def prepare(
    elevation: Array,
    roughness: Array,
    rain_rate: Array,
    *,
    grid: Grid,
    interval_s: float,
    settings: SimulateSettings,
    factors: Sequence[int] = (),
    terrain: Array | None = None,
    hybrids: Sequence[HybridState] = (),
) -> Prepared:
    """Compute the inputs of one storm on one terrain.

    Parameters
    ----------
    elevation, roughness : array (H, W)
        m and s m-1/3, NaN where there is no ground.
    rain_rate : array (T, H, W), mm h-1
    grid : Grid
    interval_s : float
    settings : SimulateSettings
        Of the simulation that is emulated.
    factors : sequence of int
        Coarsenings of the hybrid; none leaves it out.
    terrain : array (C, H, W), optional
        Terrain channels without soil, when known from another storm on the same ground.
    hybrids : sequence of HybridState, optional
        Runs of the coarse solver that were made before; other factors are run now.
    """
    rain_rate = rain_on(np.isfinite(elevation), rain_rate)
    made = {state.factor: state for state in hybrids}
    # what is derived of the ground and what the coarse solver does need nothing of each other
    with ThreadPoolExecutor(1) as beside:
        derived = None
        if terrain is None:
            derived = beside.submit(terrain_channels, elevation, roughness, grid, settings.edges)
            if settings.threads == 1:
                derived.result()
        for factor in factors:
            if factor not in made:
                made[factor] = hybrid_arrays(
                    elevation,
                    rain_rate,
                    roughness=roughness,
                    interval_s=interval_s,
                    cell_size_m=grid.dx,
                    factor=factor,
                    settings=settings,
                )
        water = {factor: block_water(made[factor], elevation) for factor in factors}
        if derived is not None:
            terrain = derived.result()
    soil = soil_channels(settings, elevation.shape)
    return Prepared(
        terrain=np.concatenate([terrain, soil]),
        elevation=elevation,
        rain_rate=rain_rate,
        interval_s=interval_s,
        water=water,
    )


def block_water(state: HybridState, elevation: Array) -> BlockWater:
    """Give levels and volumes of a run of the coarse solver.

    Parameters
    ----------
    state : HybridState
    elevation : array (H, W), m
    """
    datum = float(np.nanmin(elevation))
    level = pour_levels(state.coarse, elevation, state.factor)
    lowest = np.nan_to_num(level - np.float32(datum), nan=0.0)
    if state.factor == POSITION:
        volume = state.coarse
    else:
        # over the whole position, whatever share of it has ground
        volume = _poured(level, np.asarray(elevation, np.float32), state.factor)
    return BlockWater(lowest.astype(np.float32), volume.astype(np.float32), state.factor)


@njit(nogil=True, cache=True)
def _poured(level: Any, elevation: Any, factor: Any) -> Any:  # pragma: no cover  compiled
    """Give the mean depth (T, H / 4, W / 4) over positions below levels of blocks."""
    height, width = elevation.shape
    rows, cols = -(-height // POSITION), -(-width // POSITION)
    found = np.zeros((level.shape[0], rows, cols), np.float32)
    for t in range(level.shape[0]):
        for i in range(height):
            for block in range(level.shape[2]):
                stands = level[t, i // factor, block]
                for j in range(block * factor, min(block * factor + factor, width)):
                    depth = stands - elevation[i, j]
                    if depth > 0:  # false where there is no ground
                        found[t, i // POSITION, j // POSITION] += depth
    found /= np.float32(POSITION**2)
    return found


def prepare_sample(
    sample: Sample,
    *,
    factors: Sequence[int] = (),
    terrain: Array | None = None,
    hybrids: Sequence[HybridState] = (),
) -> Prepared:
    """Compute the inputs of a stored sample.

    Raises
    ------
    DataError
        If rain or roughness is missing on known ground; it names the sample.
    """
    _check_known(sample)
    return prepare(
        sample.elevation,
        sample.roughness,
        sample.rain_rate,
        grid=sample.grid,
        interval_s=sample.interval_s,
        settings=SimulateSettings(**sample.row.settings),
        factors=factors,
        terrain=terrain,
        hybrids=hybrids,
    )


def _check_known(sample: Sample) -> None:
    known = np.isfinite(sample.elevation)
    for name in ("rain_rate", "roughness"):
        bad = ~np.isfinite(getattr(sample, name)) & known
        if bad.any():
            place = ", ".join(str(int(n)) for n in np.argwhere(bad)[0])
            raise DataError(
                f"sample {sample.row.name}: {name} is not finite in {int(bad.sum())} values on "
                f"known ground, first at [{place}]; expected every value known",
                hint="inundate dataset audit finds others; build the data set again",
            )
