"""A design storm from a random field of rain that moves and changes."""

from __future__ import annotations

import numpy as np
import xarray as xr

from inundate.core.errors import ConfigError
from inundate.core.grid import Grid
from inundate.core.seeds import make_rng
from inundate.rain.array import check_metric
from inundate.rain.field import moving_fields, rates_from_fields
from inundate.rain.storm import DEFAULT_START, Start, finish_storm, settle, velocity
from inundate.rain.storms import RandomFieldStorm

__all__ = ["random_field_storm"]


def random_field_storm(
    grid: Grid,
    *,
    total_mm: float = 50.0,
    peak_mm_h: float | None = None,
    duration_min: float = 120.0,
    wet_share: float = 0.4,
    outer_scale_m: float = 20000.0,
    slope: float = 3.0,
    speed_m_s: float = 8.0,
    heading_deg: float = 90.0,
    lifetime_min: float = 60.0,
    seed: int = 0,
    start: Start = DEFAULT_START,
    step_s: float = 300.0,
) -> xr.DataArray:
    """Make a storm from a random field that moves, changes and leaves dry places.

    Parameters
    ----------
    grid : Grid
        Grid of the storm, in metres.
    total_mm : float
        Mean depth over the grid, mm; met exactly.
    peak_mm_h : float, optional
        Highest rate of any cell and step, mm h-1; met exactly. By default it follows.
    duration_min : float
        Duration, minutes, a whole number of steps.
    wet_share : float
        Share of cells and steps with rain; met exactly.
    outer_scale_m, slope, lifetime_min
        See :func:`inundate.rain.field.moving_fields`.
    speed_m_s, heading_deg : float
        Speed and the direction it moves to, degrees clockwise from grid north.
    seed : int
        Another seed is another storm.
    start : datetime64, datetime or ISO text
        Start of the first step, UTC.
    step_s : float
        Length of a step, seconds.

    Returns
    -------
    DataArray (time, y, x), mm h-1

    Raises
    ------
    ConfigError
        If a number is out of range or the duration no whole number of steps.
    DataError
        If total, peak and wet share do not go together; says which peaks do.
    GridError
        If the grid is not in metres.
    """
    where = "designing a random field of rain"
    check_metric(grid, where=where)
    chosen = settle(
        RandomFieldStorm,
        start,
        total_mm=total_mm,
        peak_mm_h=peak_mm_h,
        duration_min=duration_min,
        wet_share=wet_share,
        outer_scale_m=outer_scale_m,
        slope=slope,
        speed_m_s=speed_m_s,
        heading_deg=heading_deg,
        lifetime_min=lifetime_min,
        seed=seed,
        step_s=step_s,
    )
    count = round(duration_min * 60.0 / step_s)
    if count < 1 or abs(count * step_s - duration_min * 60.0) > 1e-6 * step_s:
        raise ConfigError(
            f"{where}: duration_min is {duration_min:g}, expected a whole number of steps of "
            f"{step_s:g} s"
        )
    fields = np.empty((count, *grid.shape), dtype=np.float32)
    frames = moving_fields(
        count,
        grid.shape,
        (grid.dx, grid.dy),
        step_s=step_s,
        outer_scale_m=outer_scale_m,
        slope=slope,
        velocity_m_s=velocity(speed_m_s, heading_deg),
        lifetime_s=lifetime_min * 60.0,
        rng=make_rng(seed, "random-field-storm"),
    )
    for index, frame in enumerate(frames):
        fields[index] = frame
    mean_mm_h = total_mm * 60.0 / duration_min
    values = rates_from_fields(
        fields, mean_mm_h=mean_mm_h, peak_mm_h=peak_mm_h, wet_share=wet_share
    )
    return finish_storm(values, grid, chosen)
