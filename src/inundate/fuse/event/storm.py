"""The rain of a made-up event: over the town alone, or a storm that passes over it."""

from __future__ import annotations

import numpy as np
import xarray as xr

from inundate.core.errors import ConfigError
from inundate.core.grid import Grid, attach_grid, grid_of
from inundate.core.seeds import make_seed
from inundate.fuse.event.settings import EventSettings

__all__ = ["STEP_S", "make_event_rain"]

STEP_S = 300.0
_HEAVIEST_MM_H = 1000.0  # above what was ever measured over five minutes
_RADAR_CELL_M = 500.0
_SPEED_M_S = 8.0
_SPARE = 1.5  # so much more storm is made than kept, to choose from where it lies


def make_event_rain(grid: Grid, chosen: EventSettings, seed: int) -> xr.DataArray:
    """Make the rain of an event.

    Parameters
    ----------
    grid : Grid
        Of the terrain.
    chosen : EventSettings
    seed : int

    Returns
    -------
    DataArray (time, y, x), mm h-1
        On the terrain's grid, with dry steps after the storm; with ``surround_km`` on cells of
        500 m around it, and without an end of its own.

    Raises
    ------
    ConfigError
        If the storm is heavier than any.
    """
    rain = _passing(grid, chosen, seed) if chosen.surround_km else _above(grid, chosen, seed)
    peak = float(rain.max())
    if peak > _HEAVIEST_MM_H:
        raise ConfigError(
            f"making an event: {chosen.total_mm:g} mm in {chosen.storm_min:g} min come to "
            f"{peak:.0f} mm/h in places, expected at most {_HEAVIEST_MM_H:g}",
            hint="lower --total-mm, or lengthen --storm-min",
        )
    return rain


def _above(grid: Grid, chosen: EventSettings, seed: int) -> xr.DataArray:
    from inundate.rain.array import make_rain
    from inundate.rain.design import make_storm

    width = grid.width * grid.dx
    storm = make_storm(
        "random-field", grid, total_mm=chosen.total_mm, duration_min=chosen.storm_min,
        start=chosen.start, step_s=STEP_S, seed=_storm_seed(seed),
        outer_scale_m=2 * width, speed_m_s=width / 1200.0,
    )  # fmt: skip
    dry = round(chosen.after_min * 60 / STEP_S)
    step = np.timedelta64(round(STEP_S), "s")
    ends = storm["time"].to_numpy()
    ends = np.concatenate([ends, ends[-1] + step * np.arange(1, dry + 1)])
    values = np.concatenate([storm.to_numpy(), np.zeros((dry, *grid.shape), np.float32)])
    named = {**storm.attrs, "storm_name": "made-up storm"}
    return make_rain(values, ends, grid, step_s=STEP_S, attrs=named)


def _passing(grid: Grid, chosen: EventSettings, seed: int) -> xr.DataArray:
    """Make a storm over a region, laid so that the town gets its total from the middle of it."""
    from inundate.rain.array import make_rain
    from inundate.rain.design import covering_grid, make_storm
    from inundate.rain.resample import crop_rain

    reach = 1000.0 * chosen.surround_km
    left, bottom, right, top = grid.bounds
    spare = reach * _SPARE
    region = covering_grid(
        (left - spare, bottom - spare, right + spare, top + spare), grid.crs, _RADAR_CELL_M
    )
    storm = make_storm(
        "random-field", region, total_mm=chosen.total_mm, start=chosen.start, step_s=STEP_S,
        duration_min=chosen.storm_min + chosen.after_min, seed=_storm_seed(seed),
        speed_m_s=_SPEED_M_S,
    )  # fmt: skip
    total = storm.sum("time").to_numpy()
    room = round((spare - reach) / _RADAR_CELL_M)  # how far it may be moved
    row, column = region.height // 2, region.width // 2
    inner = total[row - room : row + room + 1, column - room : column + room + 1]
    down, along = (int(part) - room for part in np.unravel_index(inner.argmax(), inner.shape))
    moved = Grid(
        region.crs, region.left - along * region.dx, region.top + down * region.dy,
        region.dx, region.dy, region.width, region.height,
    )  # fmt: skip
    around = crop_rain(
        attach_grid(storm, moved), (left - reach, bottom - reach, right + reach, top + reach)
    )
    town = crop_rain(around, grid.bounds).sum("time") * STEP_S / 3600.0
    factor = np.float32(chosen.total_mm / float(town.mean()))
    named = {**storm.attrs, "storm_name": "made-up storm"}
    ends = storm["time"].to_numpy()
    return make_rain(around.to_numpy() * factor, ends, grid_of(around), step_s=STEP_S, attrs=named)


def _storm_seed(seed: int) -> int:
    return make_seed(seed, "event", "storm") % 2**31
