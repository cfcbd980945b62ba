"""Simulate a flood: rain on a terrain, to water depth with its volume budget."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from inundate.core.errors import ConfigError, DataError
from inundate.core.files import check_output
from inundate.core.grid import Grid, check_metric_square, check_same_grid, grid_of
from inundate.core.interrupt import Interrupts
from inundate.core.names import attributes, check_variable
from inundate.core.store import read_dataset
from inundate.hydro.forcing import Forcing
from inundate.hydro.frames import MemoryFrames
from inundate.hydro.identity import describe_job
from inundate.hydro.layout import fixed_part, with_samples
from inundate.hydro.march import March
from inundate.hydro.part import open_part
from inundate.hydro.places import Place
from inundate.hydro.record import Recorder
from inundate.hydro.sections import gauges_on, sections_on
from inundate.hydro.settings import SimulateSettings
from inundate.hydro.site import Site
from inundate.hydro.state import Array
from inundate.hydro.work import CHECKPOINT_EVERY_S, Watch, Work

__all__ = ["simulate"]

_DEFAULTS = SimulateSettings()


def simulate(
    rain: xr.DataArray,
    terrain: xr.DataArray,
    *,
    settings: SimulateSettings = _DEFAULTS,
    roughness: xr.DataArray | None = None,
    initial_depth: xr.DataArray | None = None,
    walls: xr.DataArray | None = None,
    site: Site | None = None,
    gauges: Sequence[Place] = (),
    sections: Sequence[Place] = (),
    rain_factor: float = 1.0,
    output: Path | str | None = None,
    overwrite: bool = False,
    checkpoint_every_s: float = CHECKPOINT_EVERY_S,
    inputs: Mapping[str, str] | None = None,
    labels: Mapping[str, Any] | None = None,
    progress: bool = True,
    watch: Watch | None = None,
) -> xr.Dataset:
    """Simulate the flood that rain makes on a terrain.

    With an output, an interrupted or killed simulation goes on from its last checkpoint when it
    is called again with the same arguments, and gives the same result bit by bit. Until it is
    complete it lives in the hidden folder ``.OUTPUT.part``.

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
    site : Site, optional
        Boundaries, sources, land cover, evaporation.
    gauges : sequence of Place, optional
        Points at which depth and level are recorded every ``settings.sample_every_s``.
    sections : sequence of Place, optional
        Lines through which discharge is recorded, see :mod:`inundate.hydro.sections`.
    rain_factor : float
        All rain is multiplied by it.
    output : Path, optional
        A ``.zarr`` to write frames to as they come; without it they stay in memory.
    overwrite : bool
        Replace an existing output, and forget an unfinished one that was made otherwise.
    checkpoint_every_s : float
        Seconds of work between checkpoints.
    inputs : mapping, optional
        Hashes of the files behind rain, terrain and the rest, for the provenance.
    labels : mapping, optional
        What JSON can hold, kept in the attribute ``member``, such as an ensemble's parameters.
    progress : bool
        Show how far it is, on standard error.
    watch : callable, optional
        Called every few seconds of work with the share done and the cell updates made so far.

    Returns
    -------
    Dataset
        ``water_depth`` and mean ``rain_rate`` (time, y, x) at the ends of output intervals;
        ``water_depth_max``, ``water_depth_max_time``, ``arrival_time``, ``flood_duration``,
        ``elevation``, ``roughness`` (y, x); with gauges ``gauge_depth``, ``gauge_level``
        (sample, gauge); with sections ``section_discharge`` (sample, section); attributes
        ``kind``, ``settings``, ``volume_budget``, ``provenance``, ``terrain_name``,
        ``storm_name``.

    Raises
    ------
    ConfigError
        If settings do not fit one another or the site.
    DataError
        If units, times or values are wrong, or rain is missing and that is refused.
    GridError
        If rain and terrain do not share a place, or the terrain is not in square metres.
    StabilityError
        If the computation broke down; with an output, the frames before are kept and named.
    RunError
        If the output exists or cannot be written, or an unfinished one was made otherwise.
    KeyboardInterrupt
        After a checkpoint, if Ctrl-C or SIGTERM came while an output was written.

    Source
    ------
    Bates, Horritt and Fewtrell (2010), doi:10.1016/j.jhydrol.2010.03.027.
    """
    if output is not None:
        output = check_output(output, overwrite)
    told = {"a rain factor": rain_factor, "seconds between checkpoints": checkpoint_every_s}
    for name, value in told.items():
        if not value >= 0:
            raise ConfigError(f"simulating: {name} of {value:g}, expected 0 or more")
    grid = _checked_terrain(terrain)
    layers = {
        "roughness": _values_on(roughness, "roughness", grid),
        "initial depth": _values_on(initial_depth, "water_depth", grid),
        "walls": _values_on(walls, None, grid),
    }
    heights = terrain.to_numpy()
    march = March(
        heights, grid.dx, settings, layers["roughness"], layers["initial depth"], layers["walls"],
        grid, site=site or Site(),
    )  # fmt: skip
    forcing = Forcing(rain, grid, march.ground.valid, settings)
    march.site.check_span(forcing.total_s)
    recorder = Recorder(
        march, total_s=forcing.total_s, elevation=heights, depth_m=settings.arrival_depth_m,
        gauges=gauges_on(gauges, grid, march.ground.valid) if gauges else None,
        sections=sections_on(sections, grid, march.ground.valid) if sections else None,
    )  # fmt: skip
    fixed = fixed_part(terrain, grid, march, forcing, inputs or {}, labels)
    fixed = with_samples(fixed, forcing, settings, gauges, sections)
    work = Work(march, forcing, recorder, rain_factor, watch=watch)
    if output is None:
        return work.run(MemoryFrames(fixed, recorder.series), progress)
    extra = {
        "rain factor": rain_factor, "labels": dict(labels or {}),
        "names": {"terrain": fixed.attrs["terrain_name"], "storm": fixed.attrs["storm_name"]},
        "places": [[p.name, p.x.tolist(), p.y.tolist()] for p in (*gauges, *sections)],
    }  # fmt: skip
    job = describe_job(
        rain, {"terrain": heights, **layers}, settings, march.site,
        files=inputs or {}, extra=extra,
    )  # fmt: skip
    with open_part(Path(output), job, overwrite=overwrite) as part, Interrupts() as interrupts:
        work.keep(part, checkpoint_every_s, interrupts)
        work.run(work.open_store(fixed, overwrite=overwrite), progress)
        part.finish()
    return read_dataset(output)


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
