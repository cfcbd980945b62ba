"""Rain in time: depth per step, totals, another cadence with the same volume, worst windows."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from inundate.core.errors import ConfigError, DataError
from inundate.core.grid import attach_grid, grid_of
from inundate.core.names import attributes
from inundate.rain.array import check_metric, check_rain, make_rain, record
from inundate.rain.overlap import overlap
from inundate.rain.steps import (
    JITTER_NS,
    check_times,
    interval_s,
    step_edges,
    step_text,
    time_text,
)

__all__ = [
    "max_window",
    "peak_windows",
    "rain_volume",
    "resample_rain",
    "to_rain_depth",
    "total_rain",
]

_NS = 1_000_000_000


def to_rain_depth(rain: xr.DataArray) -> xr.DataArray:
    """Turn rates into the depth that fell in each step.

    Parameters
    ----------
    rain : DataArray (time, y, x), mm h-1
        Mean rates.

    Returns
    -------
    DataArray (time, y, x), mm
        ``rain_depth`` with ``cell_methods="time: sum"``; missing stays missing.

    Raises
    ------
    DataError
        If the array is not rain or the length of a step is not known.

    Examples
    --------
    >>> from inundate.core.grid import Grid
    >>> grid = Grid("EPSG:27700", 0, 0, 1000, 1000, 1, 1)
    >>> end = np.array(["2020-01-01T00:05"], "datetime64[ns]")
    >>> float(to_rain_depth(make_rain(np.full((1, 1, 1), 12.0), end, grid, step_s=300))[0, 0, 0])
    1.0
    """
    where = "accumulating rain"
    grid = check_rain(rain, where=where, values=False)
    step = interval_s(rain, where=where)
    depth = rain.to_numpy().astype(np.float64) * (step / 3600.0)
    attrs = {**rain.attrs, "cell_methods": "time: sum"}
    found = make_rain(depth, check_times(rain), grid, step_s=step, attrs=attrs, name="rain_depth")
    return record(found, "to_rain_depth", step_s=step)


def total_rain(rain: xr.DataArray) -> xr.DataArray:
    """Sum all steps in every cell.

    Parameters
    ----------
    rain : DataArray (time, y, x), mm h-1
        Mean rates.

    Returns
    -------
    DataArray (y, x), mm
        ``rain_depth``; missing where any step is, since a sum over a part is not the total.

    Raises
    ------
    DataError
        If the array is not rain or the length of a step is not known.
    """
    where = "totalling rain"
    grid = check_rain(rain, where=where, values=False)
    hours = interval_s(rain, where=where) / 3600.0
    total = np.zeros(grid.shape)
    for index in range(rain.sizes["time"]):
        total += rain.isel(time=index).to_numpy()
    data = xr.DataArray(
        (total * hours).astype(np.float32),
        dims=("y", "x"),
        name="rain_depth",
        attrs={**rain.attrs, **attributes("rain_depth"), "cell_methods": "time: sum"},
    )
    return record(attach_grid(data, grid), "total_rain", steps=rain.sizes["time"])


def rain_volume(rain: xr.DataArray) -> float:
    """Give the volume of all rain that is known, in m3; missing cells add nothing.

    Parameters
    ----------
    rain : DataArray (time, y, x), mm h-1
        Mean rates on a grid in metres.

    Returns
    -------
    float
        Cubic metres over the cells and steps that are not missing.

    Raises
    ------
    DataError
        If the length of a step is not known.
    GridError
        If the grid is not in metres.
    """
    where = "measuring the volume of rain"
    grid = check_metric(grid_of(rain, where=where), where=where)
    rates = 0.0
    for index in range(rain.sizes["time"]):
        rates += float(np.nansum(rain.isel(time=index).to_numpy(), dtype=np.float64))
    return rates * interval_s(rain, where=where) / 3.6e6 * grid.dx * grid.dy


def resample_rain(
    rain: xr.DataArray,
    step_s: float,
    *,
    uncovered: Literal["refuse", "missing", "dry"] = "refuse",
) -> xr.DataArray:
    """Bring rain to another cadence with the volume kept exactly.

    The new intervals start where the first old one starts and cover the last one. Each new
    rate is the mean of the old ones over the time that they share.

    Parameters
    ----------
    rain : DataArray (time, y, x), mm h-1
        Mean rates.
    step_s : float
        Length of the new steps, seconds.
    uncovered : {"refuse", "missing", "dry"}
        What a new interval becomes when a part of it has no step at all, as between two
        steps with a gap or after the last: an error, missing, or dry for that part.

    Returns
    -------
    DataArray (time, y, x), mm h-1
        Missing wherever a step that it shares time with is.

    Raises
    ------
    ConfigError
        If ``step_s`` is not above 0 or ``uncovered`` unknown.
    DataError
        If a new interval is not covered and ``uncovered`` is "refuse".
    """
    where = f"resampling rain to {step_text(step_s)}"
    if not step_s > 0 or uncovered not in ("refuse", "missing", "dry"):
        raise ConfigError(
            f"{where}: step_s = {step_s:g}, uncovered = {uncovered!r}; expected a length above 0 s "
            "and one of refuse, missing, dry"
        )
    grid = check_rain(rain, where=where, values=False)
    starts, ends = step_edges(rain, where=where)
    low = (starts - starts[0]).astype(np.int64) / _NS  # (S,) seconds
    high = (ends - starts[0]).astype(np.int64) / _NS
    count = int(np.ceil(high[-1] / step_s - 1e-9))
    edges = np.arange(count + 1, dtype=np.float64) * float(step_s)
    weight = overlap(low, high, edges[:-1], edges[1:]) / step_s  # (T, S)
    new_ends = starts[0] + (edges[1:] * _NS).round().astype("timedelta64[ns]")
    bare = weight.sum(axis=1) < 1 - 1e-9
    if uncovered == "refuse" and bare.any():
        at = int(bare.argmax())
        raise DataError(
            f"{where}: the step that ends at {time_text(new_ends[at])} is covered by rain for "
            f"{weight[at].sum():.0%} of its length, expected all of it",
            hint="fill the gaps first, choose a step that divides the period, "
            "or say uncovered='missing' or 'dry'",
        )
    values = _weighted_steps(rain, weight)
    if uncovered == "missing":
        values[bare] = np.nan
    found = make_rain(values, new_ends, grid, step_s=step_s, attrs=rain.attrs)
    return record(
        found,
        "resample_rain",
        from_step_s=interval_s(rain),
        step_s=float(step_s),
        uncovered=uncovered,
        uncovered_steps=int(bare.sum()),
    )


def _weighted_steps(rain: xr.DataArray, weight: NDArray[np.float64]) -> NDArray[np.float64]:
    """Sum the frames (S, H, W) by weight (T, S); only frames that count can make a NaN."""
    values = np.zeros((weight.shape[0], rain.sizes["y"], rain.sizes["x"]))
    for index in range(rain.sizes["time"]):
        frame = rain.isel(time=index).to_numpy().astype(np.float64)
        for target in np.flatnonzero(weight[:, index]):
            values[target] += weight[target, index] * frame
    return values


def max_window(rain: xr.DataArray, window_min: float) -> xr.DataArray:
    """Give the largest mean rate over any window of a length, in every cell.

    Parameters
    ----------
    rain : DataArray (time, y, x), mm h-1
        Mean rates on a regular time axis.
    window_min : float
        Length of the window in minutes, a whole number of steps.

    Returns
    -------
    DataArray (y, x), mm h-1
        Missing where any step is: the worst window may be the one that was not seen.

    Raises
    ------
    ConfigError
        If the window is not a whole number of steps.
    DataError
        If it is longer than the rain, or steps are missing from the time axis.
    """
    where = f"looking for the worst {window_min:g} min of rain"
    grid = check_rain(rain, where=where, values=False)
    step = interval_s(rain, where=where)
    length = round(window_min * 60.0 / step)
    if length < 1 or abs(length * step - window_min * 60.0) > 1e-6 * step:
        raise ConfigError(f"{where}: expected a whole number of steps of {step_text(step)}")
    _check_window(rain, length, step, where)
    values = rain.to_numpy().astype(np.float64)
    sums = np.cumsum(np.concatenate([np.zeros((1, *grid.shape)), np.nan_to_num(values)]), axis=0)
    best = ((sums[length:] - sums[:-length]) / length).max(axis=0)
    best[np.isnan(values).any(axis=0)] = np.nan
    data = xr.DataArray(best.astype(np.float32), dims=("y", "x"), name="rain_rate")
    data.attrs = {**rain.attrs, **attributes("rain_rate"), "cell_methods": "time: maximum"}
    return record(attach_grid(data, grid), "max_window", window_min=float(window_min))


def _check_window(rain: xr.DataArray, length: int, step: float, where: str) -> None:
    ends = check_times(rain, where=where)
    if ends.size < length:
        raise DataError(f"{where}: found {step_text(ends.size * step)} of rain, expected more")
    apart = np.diff(ends).astype(np.int64) / _NS
    if apart.size and apart.max() > step + JITTER_NS / _NS:
        raise DataError(
            f"{where}: no step between {time_text(ends[apart.argmax()])} and "
            f"{time_text(ends[apart.argmax() + 1])}, expected one every {step_text(step)}",
            hint="make the time axis regular first with fill_gaps",
        )


def peak_windows(
    rain: xr.DataArray, windows_min: Iterable[float] = (5, 15, 30, 60)
) -> dict[float, float]:
    """Give the largest mean rate of any cell over windows of several lengths.

    Windows that are no whole number of steps, or longer than the rain, are left out.

    Parameters
    ----------
    rain : DataArray (time, y, x), mm h-1
        Mean rates on a regular time axis.
    windows_min : iterable of float
        Lengths in minutes.

    Returns
    -------
    dict
        Length in minutes to mm h-1; NaN where no cell is known throughout.
    """
    step = interval_s(rain, where="looking for the worst windows of rain")
    found = {}
    for window in windows_min:
        steps = window * 60.0 / step
        if abs(steps - round(steps)) < 1e-9 and 1 <= round(steps) <= rain.sizes["time"]:
            worst = max_window(rain, window).to_numpy()
            found[float(window)] = float(worst[~np.isnan(worst)].max(initial=-np.inf))
    return {window: rate if np.isfinite(rate) else float("nan") for window, rate in found.items()}
