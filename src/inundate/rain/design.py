"""Design storms on a grid: uniform, Chicago, FEH-like, a moving cell, a random field.

Every storm has an exact total. What made it is in ``attrs["storm"]`` as JSON.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from inundate.core.config import resolve_settings
from inundate.core.errors import ConfigError, nearest
from inundate.core.grid import Bounds, Grid
from inundate.rain.cell import moving_cell
from inundate.rain.field_storm import random_field_storm
from inundate.rain.hyetograph import (
    chicago_hyetograph,
    chicago_total,
    feh_hyetograph,
    uniform_hyetograph,
)
from inundate.rain.storm import DEFAULT_START, Start, finish_storm, settle
from inundate.rain.storms import SETTINGS, ChicagoStorm, FehStorm, UniformStorm

__all__ = [
    "STORMS",
    "chicago_hyetograph",
    "chicago_storm",
    "chicago_total",
    "covering_grid",
    "feh_hyetograph",
    "feh_storm",
    "make_storm",
    "moving_cell",
    "random_field_storm",
    "uniform_hyetograph",
    "uniform_storm",
]


def make_storm(kind: str, grid: Grid, **settings: Any) -> xr.DataArray:
    """Make a design storm by name.

    Parameters
    ----------
    kind : {"uniform", "chicago", "feh", "moving-cell", "random-field"}
        Name in :data:`STORMS`.
    grid : Grid
        Grid of the storm.
    **settings
        Fields of the settings model of that kind, :data:`inundate.rain.storms.SETTINGS`.

    Returns
    -------
    DataArray (time, y, x), mm h-1

    Raises
    ------
    ConfigError
        If the kind or a setting is unknown or out of range; the nearest name is given.

    Examples
    --------
    >>> grid = Grid("EPSG:27700", 0, 2000, 1000, 1000, 3, 2)
    >>> storm = make_storm("chicago", grid, total_mm=30, duration_min=60, step_s=600)
    >>> storm.shape, round(float(storm.mean()), 4)
    ((6, 2, 3), 30.0)
    """
    if kind not in STORMS:
        close = nearest(kind, STORMS)
        raise ConfigError(
            f"designing a storm: kind {kind!r}, expected one of {', '.join(STORMS)}",
            hint=f"did you mean {close!r}?" if close else None,
        )
    _check_belonging(kind, settings)
    found = resolve_settings(SETTINGS[kind], flags=settings)
    return STORMS[kind](grid, **dict(found))


def _check_belonging(kind: str, settings: dict[str, Any]) -> None:
    """Say which kind a setting belongs to, when it is not the one asked for."""
    own = SETTINGS[kind].model_fields
    faults = []
    for name in settings:
        homes = [other for other, model in SETTINGS.items() if name in model.model_fields]
        if homes and name not in own:
            faults.append(f"{name} belongs to {' and '.join(homes)}")
    if faults:
        raise ConfigError(
            f"designing a {kind} storm: {'; '.join(faults)}; expected some of {', '.join(own)}"
        )


def uniform_storm(
    grid: Grid,
    *,
    total_mm: float = 50.0,
    duration_min: float = 120.0,
    start: Start = DEFAULT_START,
    step_s: float = 300.0,
) -> xr.DataArray:
    """Make a storm with the same rate everywhere and always.

    Parameters
    ----------
    grid : Grid
        Grid of the storm.
    total_mm, duration_min, step_s
        See :func:`inundate.rain.hyetograph.uniform_hyetograph`.
    start : datetime64, datetime or ISO text
        Start of the first step, UTC.

    Returns
    -------
    DataArray (time, y, x), mm h-1

    Raises
    ------
    ConfigError
        If a number is not above 0.
    """
    shape = {"total_mm": total_mm, "duration_min": duration_min, "step_s": step_s}
    chosen = settle(UniformStorm, start, **shape)
    return finish_storm(_everywhere(uniform_hyetograph(**shape), grid), grid, chosen)


def chicago_storm(
    grid: Grid,
    *,
    total_mm: float = 50.0,
    duration_min: float = 120.0,
    peak_position: float = 0.4,
    b_min: float = 10.0,
    n: float = 0.75,
    start: Start = DEFAULT_START,
    step_s: float = 300.0,
) -> xr.DataArray:
    """Make a storm with a Chicago hyetograph, the same everywhere.

    Parameters
    ----------
    grid : Grid
        Grid of the storm.
    total_mm, duration_min, peak_position, b_min, n, step_s
        See :func:`inundate.rain.hyetograph.chicago_hyetograph`.
    start : datetime64, datetime or ISO text
        Start of the first step, UTC.

    Returns
    -------
    DataArray (time, y, x), mm h-1

    Raises
    ------
    ConfigError
        If a number is out of range.
    """
    shape = {"total_mm": total_mm, "duration_min": duration_min, "step_s": step_s}
    shape |= {"peak_position": peak_position, "b_min": b_min, "n": n}
    chosen = settle(ChicagoStorm, start, **shape)
    return finish_storm(_everywhere(chicago_hyetograph(**shape), grid), grid, chosen)


def feh_storm(
    grid: Grid,
    *,
    total_mm: float = 50.0,
    duration_min: float = 120.0,
    profile: str = "winter-75",
    start: Start = DEFAULT_START,
    step_s: float = 300.0,
) -> xr.DataArray:
    """Make a storm with a symmetric British design profile, the same everywhere.

    Parameters
    ----------
    grid : Grid
        Grid of the storm.
    total_mm, duration_min, profile, step_s
        See :func:`inundate.rain.hyetograph.feh_hyetograph`.
    start : datetime64, datetime or ISO text
        Start of the first step, UTC.

    Returns
    -------
    DataArray (time, y, x), mm h-1

    Raises
    ------
    ConfigError
        If a number is not above 0 or the profile unknown.
    """
    shape = {"total_mm": total_mm, "duration_min": duration_min, "step_s": step_s}
    chosen = settle(FehStorm, start, **shape, profile=profile)
    rates = feh_hyetograph(**shape, profile=profile)
    return finish_storm(_everywhere(rates, grid), grid, chosen)


def covering_grid(bounds: Bounds, crs: str, cell_size_m: float) -> Grid:
    """Give a grid of square cells that covers a box from its north-west corner.

    Parameters
    ----------
    bounds : tuple of float
        Left, bottom, right, top.
    crs : str
        Its CRS.
    cell_size_m : float
        Side of a cell, in units of the CRS.

    Raises
    ------
    ConfigError
        If the cell size is not above 0 or the box is empty.

    Examples
    --------
    >>> covering_grid((0, 0, 1200, 1000), "EPSG:27700", 500).shape
    (2, 3)
    """
    left, bottom, right, top = bounds
    if not (cell_size_m > 0 and left < right and bottom < top):
        raise ConfigError(
            f"laying a grid over {bounds} with cells of {cell_size_m:g}: expected left, bottom, "
            "right, top and a size above 0"
        )
    width, height = (math.ceil(side / cell_size_m - 1e-9) for side in (right - left, top - bottom))
    return Grid(crs, left, top, cell_size_m, cell_size_m, width, height)


def _everywhere(rates: NDArray[np.float64], grid: Grid) -> NDArray[np.float32]:
    frames = rates.astype(np.float32)[:, None, None]  # (T, 1, 1)
    return np.broadcast_to(frames, (rates.size, *grid.shape)).copy()


STORMS: dict[str, Callable[..., xr.DataArray]] = {
    "uniform": uniform_storm,
    "chicago": chicago_storm,
    "feh": feh_storm,
    "moving-cell": moving_cell,
    "random-field": random_field_storm,
}
