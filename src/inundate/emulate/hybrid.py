"""The untrained hybrid: a coarse solver, its water poured into the fine terrain.

By default the coarse solver has sub-grid tables (:mod:`inundate.hydro.subgrid`), so that its
cells know the heights below them. ``method="mean"`` averages the ground instead: the hybrid as it
is usually built, kept as a baseline.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from inundate.core.errors import DataError
from inundate.core.grid import attach_grid, check_metric_square, grid_of
from inundate.core.names import attributes
from inundate.emulate.pour import coarsen_mean, pad_to_blocks, pour
from inundate.emulate.rain_frames import RainFrames, rain_frames
from inundate.hydro.march import simulate_arrays
from inundate.hydro.settings import SimulateSettings
from inundate.hydro.subgrid import simulate_subgrid

__all__ = ["HybridState", "Method", "hybrid_arrays", "hybrid_depth", "pour_state", "rain_on"]

Array = NDArray[np.float32]
Method = Literal["subgrid", "mean"]


@dataclass(frozen=True)
class HybridState:
    """What the coarse solver knows of one storm on one terrain.

    Attributes
    ----------
    coarse : array (T, Hc, Wc), m
        Mean depth of the coarse cells at each frame.
    deepest : array (T, Hc, Wc), m
        Largest of the frames so far.
    factor : int
        Fine cells along a coarse cell's side.
    """

    coarse: Array
    deepest: Array
    factor: int


def hybrid_arrays(
    elevation: Array,
    rain_rate: Array,
    *,
    roughness: Array,
    interval_s: float,
    cell_size_m: float,
    factor: int,
    settings: SimulateSettings,
    method: Method = "subgrid",
) -> HybridState:
    """Run a solver on cells ``factor`` times as large.

    Parameters
    ----------
    elevation, roughness : array (H, W)
        m and s m-1/3; NaN where there is no ground.
    rain_rate : array (T, H, W), mm h-1
        Mean over the interval that ends at each frame; rainless frames after the storm included.
    interval_s, cell_size_m : float
        Time between frames and side of a fine cell.
    factor : int
        Fine cells along a coarse cell's side.
    settings : SimulateSettings
        Of the simulation that is emulated; run-on and output interval follow the frames.
    method : {"subgrid", "mean"}
        Coarse cells with sub-grid tables, or of the mean height.

    Returns
    -------
    HybridState

    Raises
    ------
    DataError
        If rain is missing on known ground.
    """
    known = np.isfinite(elevation)
    if (np.isnan(rain_rate).any(axis=0) & known).any():
        raise DataError("hybrid: rain is missing on known ground", hint="see inundate rain clean")
    settings = settings.model_copy(update={"output_every_s": interval_s, "run_on_min": 0.0})
    if method == "subgrid":
        fine = simulate_subgrid(
            elevation,
            rain_on(known, rain_rate),
            roughness=roughness,
            interval_s=interval_s,
            cell_size_m=cell_size_m,
            factor=factor,
            settings=settings,
        )
        return HybridState(fine.volume, np.maximum.accumulate(fine.volume, axis=0), factor)
    ground = coarsen_mean(elevation, factor)
    # cells beyond the raster's sides get no rain, like those without ground
    share = coarsen_mean(pad_to_blocks(known, factor, fill=0.0), factor)
    # water that falls on known cells only, spread over the whole coarse cell
    rain = coarsen_mean(np.where(known, rain_rate, np.nan), factor, min_share=0.0)
    rain = np.nan_to_num(rain) * share
    found = simulate_arrays(
        ground,
        rain,
        rain_step_s=interval_s,
        cell_size_m=cell_size_m * factor,
        settings=settings,
        roughness=coarsen_mean(roughness, factor),
    )
    coarse = np.nan_to_num(found.depth).astype(np.float32)
    return HybridState(coarse, np.maximum.accumulate(coarse, axis=0), factor)


def rain_on(known: NDArray[np.bool_], rain_rate: Array) -> Array:
    """Give the rain (T, H, W) in single numbers, 0 where there is no ground; itself if it is so."""
    if not known.all():
        rain_rate = np.where(known, rain_rate, 0.0)
    return rain_rate.astype(np.float32, copy=False)


def pour_state(state: HybridState, elevation: Array) -> Array:
    """Give the hybrid's depth (T, H, W) in m; NaN where there is no ground."""
    return pour(state.coarse, elevation, state.factor)[0]


def hybrid_depth(
    rain: xr.DataArray,
    terrain: xr.DataArray,
    *,
    factor: int = 4,
    settings: SimulateSettings | None = None,
    roughness: xr.DataArray | None = None,
) -> xr.Dataset:
    """Predict depth with the untrained hybrid.

    Parameters
    ----------
    rain : DataArray (time, y, x), mm h-1
        It must cover the terrain.
    terrain : DataArray (y, x), m
        On square cells in metres.
    factor : int
        Coarse cell over fine cell.
    settings : SimulateSettings, optional
        As for the solver.
    roughness : DataArray (y, x), s m-1/3, optional
        On the terrain's grid.

    Returns
    -------
    Dataset
        ``water_depth`` (time, y, x) in m, ``elevation``, with the terrain's grid.

    Raises
    ------
    GridError, DataError
        As for :func:`inundate.hydro.simulate.simulate`.
    """
    settings = settings or SimulateSettings()
    grid = grid_of(terrain, where="hybrid, terrain")
    cell_size = check_metric_square(grid, where="hybrid")
    ground = terrain.to_numpy().astype(np.float32)
    frames: RainFrames = rain_frames(rain, grid, np.isfinite(ground), settings)
    rough = np.full(ground.shape, settings.manning, np.float32)
    if roughness is not None:
        rough = roughness.to_numpy().astype(np.float32)
    state = hybrid_arrays(
        ground,
        frames.rate,
        roughness=rough,
        interval_s=frames.interval_s,
        cell_size_m=cell_size,
        factor=factor,
        settings=settings,
    )
    ds = xr.Dataset(
        {
            "water_depth": (
                ("time", "y", "x"),
                pour_state(state, ground),
                attributes("water_depth"),
            ),
            "elevation": (("y", "x"), ground, attributes("elevation")),
        },
        coords={"time": frames.time},
        attrs={"kind": "prediction", "model": f"hybrid x{factor}"},
    )
    return attach_grid(ds, grid)
