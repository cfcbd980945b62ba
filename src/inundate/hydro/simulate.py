"""Simulate a flood: rain on a terrain, to water depth with its volume budget."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from contextlib import ExitStack
from functools import partial
from pathlib import Path

import numpy as np
import xarray as xr

from inundate.core.errors import DataError
from inundate.core.files import check_output
from inundate.core.grid import Grid, attach_grid, check_metric_square, check_same_grid, grid_of
from inundate.core.names import attributes, check_variable
from inundate.core.progress import Progress
from inundate.core.provenance import provenance
from inundate.core.store import read_dataset
from inundate.hydro.forcing import Forcing
from inundate.hydro.frames import MemoryFrames, StoredFrames, frame_ends
from inundate.hydro.march import March
from inundate.hydro.settings import SimulateSettings
from inundate.hydro.state import Array

__all__ = ["simulate"]

_DEFAULTS = SimulateSettings()
# what was done to the rain stays with the flood that it made
_HANDED_ON = ("moved_by_m", "moved_from", "filled_steps", "history", "source_format")


def simulate(
    rain: xr.DataArray,
    terrain: xr.DataArray,
    *,
    settings: SimulateSettings = _DEFAULTS,
    roughness: xr.DataArray | None = None,
    initial_depth: xr.DataArray | None = None,
    walls: xr.DataArray | None = None,
    output: Path | str | None = None,
    overwrite: bool = False,
    inputs: Mapping[str, str] | None = None,
    progress: bool = True,
) -> xr.Dataset:
    """Simulate the flood that rain makes on a terrain.

    Parameters
    ----------
    rain : DataArray (time, y, x), mm h-1
        Rain of any grid in the terrain's CRS or another; it must cover the terrain.
    terrain : DataArray (y, x), m
        Elevation on square cells in metres; NaN where there is no ground.
    settings : SimulateSettings
        Friction, edges, soil, steps, output.
    roughness : DataArray (y, x), s m-1/3, optional
        Manning's n on the terrain's grid; by default ``settings.manning``.
    initial_depth : DataArray (y, x), m, optional
        Water at the start, on the terrain's grid; by default none.
    walls : DataArray (y, x), bool, optional
        Cells that no water enters, such as buildings.
    output : Path, optional
        A ``.zarr`` to write frames to as they come; without it they stay in memory.
    overwrite : bool
        Replace an existing output.
    inputs : mapping, optional
        Hashes of the files behind rain and terrain, for the provenance.
    progress : bool
        Show how far it is, on standard error.

    Returns
    -------
    Dataset
        ``water_depth`` and mean ``rain_rate`` (time, y, x) at the ends of output intervals,
        ``water_depth_max``, ``elevation``, ``roughness`` (y, x); attributes ``kind``,
        ``settings``, ``volume_budget``, ``provenance``, ``terrain_name``, ``storm_name``.

    Raises
    ------
    DataError
        If units, times or values are wrong, or rain is missing and that is refused.
    GridError
        If rain and terrain do not share a place, or the terrain is not in square metres.
    StabilityError
        If the computation broke down.
    RunError
        If the output exists or cannot be written.

    Source
    ------
    Bates, Horritt and Fewtrell (2010), doi:10.1016/j.jhydrol.2010.03.027.
    """
    if output is not None:
        output = check_output(output, overwrite)
    grid = _checked_terrain(terrain)
    march = March(
        terrain.to_numpy(),
        grid.dx,
        settings,
        _values_on(roughness, "roughness", grid),
        _values_on(initial_depth, "water_depth", grid),
        _values_on(walls, None, grid),
        grid,
    )
    forcing = Forcing(rain, grid, march.ground.valid, settings)
    fixed = _fixed_part(terrain, grid, march, forcing, inputs or {})
    with ExitStack() as stack:
        sink: MemoryFrames | StoredFrames = MemoryFrames(fixed)
        if output is not None:
            sink = stack.enter_context(StoredFrames(fixed, Path(output)))
        bar = stack.enter_context(
            Progress("simulate", total=forcing.total_s, unit="s", enabled=progress)
        )
        started = time.perf_counter()
        march.watch = partial(_show, bar, started)
        for frame in march.frames(forcing.steps()):
            sink.add(frame)
        found = sink.close(march.deepest(), _results(march, forcing, started))
    return read_dataset(output) if output is not None else found


def _checked_terrain(terrain: xr.DataArray) -> Grid:
    check_variable(terrain, "elevation", where="simulating")
    grid = grid_of(terrain, where="simulating, terrain")
    check_metric_square(grid, where="simulating")
    if not np.isfinite(terrain.to_numpy()).any():
        raise DataError(
            f"simulating: the terrain has no cell with ground ({grid.describe()})",
            hint="the box may lie outside the heightmap: see inundate terrain describe",
        )
    return grid


def _values_on(data: xr.DataArray | None, name: str | None, grid: Grid) -> Array | None:
    if data is None:
        return None
    label = {"water_depth": "initial depth", None: "walls"}.get(name, name or "")
    check_same_grid(data, grid, label, "terrain")
    if name is not None and data.attrs.get("units") != attributes(name)["units"]:
        raise DataError(
            f"simulating: {label} has units {data.attrs.get('units')!r}, "
            f"expected {attributes(name)['units']!r}",
            hint="set attrs['units'], or convert with inundate.core.units.convert",
        )
    return np.asarray(data.transpose("y", "x").to_numpy())


def _fixed_part(
    terrain: xr.DataArray, grid: Grid, march: March, forcing: Forcing, inputs: Mapping[str, str]
) -> xr.Dataset:
    """Put together all that is known before the first step."""
    ends = frame_ends(forcing.total_s, march.settings.output_every_s)
    edges = np.concatenate([[0.0], ends])
    clock = forcing.starts[0] + np.round(edges * 1e9).astype("timedelta64[ns]")
    rough = np.where(march.ground.valid, march.ground.roughness, np.nan).astype(np.float32)
    kept = {key: value for key, value in terrain.attrs.items() if key != "grid_mapping"}
    ds = xr.Dataset(
        {
            "elevation": (("y", "x"), terrain.to_numpy().astype(np.float32), kept),
            "roughness": (("y", "x"), rough, attributes("roughness")),
        },
        coords={
            "time": ("time", clock[1:], {"standard_name": "time", "bounds": "time_bounds"}),
            "time_bounds": (("time", "bounds"), np.stack([clock[:-1], clock[1:]], axis=1)),
        },
        attrs={
            "kind": "simulation",
            "settings": march.settings.model_dump_json(),
            "terrain_name": str(terrain.attrs.get("terrain_name", "terrain")),
            "storm_name": str(forcing.rain.attrs.get("storm_name", "rain")),
            "provenance": json.dumps({**provenance(), "inputs": dict(inputs)}),
            **{key: forcing.rain.attrs[key] for key in _HANDED_ON if key in forcing.rain.attrs},
        },
    )
    return attach_grid(ds, grid)


def _results(march: March, forcing: Forcing, started: float) -> dict[str, str | int | float]:
    found: dict[str, str | int | float] = {
        "volume_budget": march.finish().to_json(),
        "steps": march.steps,
        "wall_s": round(time.perf_counter() - started, 3),
    }
    if any(forcing.assumed_dry.values()):
        found["rain_assumed_dry"] = json.dumps(forcing.assumed_dry)
    return found


def _show(bar: Progress, started: float, march: March) -> None:
    seconds = max(time.perf_counter() - started, 1e-9)
    rate = march.steps * march.ground.valid.size / seconds / 1e6
    bar.note(f"{march.state.time_s / 3600:.2f} h simulated, {rate:.0f} M cell updates/s")
    bar.update(march.state.time_s)
