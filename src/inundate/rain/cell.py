"""A design storm of one round cell that crosses the grid."""

from __future__ import annotations

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from inundate.core.errors import ConfigError
from inundate.core.grid import Grid
from inundate.rain.array import check_metric
from inundate.rain.hyetograph import uniform_hyetograph
from inundate.rain.storm import DEFAULT_START, Start, finish_storm, settle, velocity
from inundate.rain.storms import MovingCellStorm

__all__ = ["moving_cell"]

_CELL_EDGE = 4.0  # radii; beyond, a Gaussian cell has less than 0.04 % of its peak


def moving_cell(
    grid: Grid,
    *,
    total_mm: float | None = None,
    peak_mm_h: float | None = None,
    duration_min: float = 120.0,
    radius_m: float = 5000.0,
    speed_m_s: float = 8.0,
    heading_deg: float = 90.0,
    through: tuple[float, float] | None = None,
    start: Start = DEFAULT_START,
    step_s: float = 300.0,
) -> xr.DataArray:
    """Make a storm of one round cell that crosses the grid in a straight line.

    The rate falls with the distance d from the centre as exp(-d² / (2 radius²)) and is 0
    beyond four radii. Rates are means over each step, so a fast cell leaves no row of spots.

    Parameters
    ----------
    grid : Grid
        Grid of the storm, in metres.
    total_mm, peak_mm_h : float, optional
        Either the mean depth over the grid (mm) or the rate in the centre (mm h-1).
    duration_min : float
        Duration, minutes.
    radius_m : float
        Distance where the rate is 61 % of the centre's, metres.
    speed_m_s : float
        Speed, m s-1.
    heading_deg : float
        Direction it moves to, degrees clockwise from grid north.
    through : tuple of float, optional
        Point that the centre passes at half time; by default the middle of the grid.
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
        If not exactly one of total and peak is given, a number is out of range, the radius is
        smaller than a cell, or the cell never reaches the grid.
    GridError
        If the grid is not in metres.
    """
    where = "designing a moving cell"
    check_metric(grid, where=where)
    chosen = settle(
        MovingCellStorm,
        start,
        total_mm=total_mm,
        peak_mm_h=peak_mm_h,
        duration_min=duration_min,
        radius_m=radius_m,
        speed_m_s=speed_m_s,
        heading_deg=heading_deg,
        through=through or ((grid.left + grid.right) / 2, (grid.bottom + grid.top) / 2),
        step_s=step_s,
    )
    if (total_mm is None) == (peak_mm_h is None):
        raise ConfigError(
            f"{where}: total_mm = {total_mm}, peak_mm_h = {peak_mm_h}; expected exactly one of them"
        )
    if radius_m < max(grid.dx, grid.dy):
        raise ConfigError(
            f"{where}: radius_m is {radius_m:g}, expected at least one cell of "
            f"{max(grid.dx, grid.dy):g} m"
        )
    values = _passing_cell(grid, chosen)
    mean_mm = float(values.sum(axis=0).mean()) * step_s / 3600.0
    if mean_mm == 0:
        raise ConfigError(f"{where}: the cell never comes within {_CELL_EDGE:g} radii of the grid")
    values *= peak_mm_h if peak_mm_h is not None else (total_mm or 0.0) / mean_mm
    return finish_storm(values, grid, chosen)


def _passing_cell(grid: Grid, chosen: MovingCellStorm) -> NDArray[np.float64]:
    """Give the mean rates (T, H, W) of a cell whose centre has 1 mm h-1."""
    # the hyetograph of 1 mm h-1 is the share of each step that lies within the duration
    share = uniform_hyetograph(chosen.duration_min / 60.0, chosen.duration_min, chosen.step_s)
    speed = velocity(chosen.speed_m_s, chosen.heading_deg)
    x, y = chosen.through or (0.0, 0.0)
    values = np.empty((share.size, *grid.shape))
    for index in range(share.size):
        seconds = index * chosen.step_s - chosen.duration_min * 30.0  # from half time
        centre = (x + speed[0] * seconds, y + speed[1] * seconds)
        length = share[index] * chosen.step_s
        values[index] = share[index] * _mean_cell(grid, centre, speed, chosen.radius_m, length)
    return values


def _mean_cell(
    grid: Grid,
    centre: tuple[float, float],
    speed: tuple[float, float],
    radius_m: float,
    seconds: float,
) -> NDArray[np.float64]:
    """Average a cell of height 1 (H, W) over the way it goes in some seconds from a place."""
    way = np.hypot(*speed) * seconds
    parts = max(1, int(np.ceil(4.0 * way / radius_m)))  # a quarter radius each: error < 1e-4
    mean = np.zeros(grid.shape)
    for part in range(parts):
        at = (part + 0.5) / parts * seconds
        along_x = ((grid.x - centre[0] - speed[0] * at) / radius_m) ** 2
        along_y = ((grid.y - centre[1] - speed[1] * at) / radius_m) ** 2
        cell = np.exp(-along_y / 2)[:, None] * np.exp(-along_x / 2)[None, :]
        mean += np.where(along_y[:, None] + along_x[None, :] <= _CELL_EDGE**2, cell, 0.0)
    return mean / parts
