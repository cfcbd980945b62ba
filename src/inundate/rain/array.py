"""The rain array: how it is put together, checked, and how it remembers what was done to it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from inundate.core.errors import DataError, GridError
from inundate.core.grid import Grid, attach_grid, grid_of
from inundate.core.names import attributes, check_variable
from inundate.rain.steps import Times, check_times, step_edges, time_text

__all__ = ["check_metric", "check_rain", "history", "make_rain", "record", "to_rain_dataset"]


def make_rain(
    values: NDArray[Any],
    ends: Times,
    grid: Grid,
    *,
    step_s: float | None,
    attrs: Mapping[str, Any] | None = None,
    name: str = "rain_rate",
) -> xr.DataArray:
    """Put a rain array together.

    Parameters
    ----------
    values : array (T, H, W), mm h-1
        Mean rates; missing is NaN.
    ends : array (T,), datetime64
        Ends of the intervals, UTC.
    grid : Grid
        Where the cells lie.
    step_s : float or None
        Length of one interval in seconds, written to ``attrs["interval_s"]``; None leaves
        ``attrs`` as given.
    attrs : mapping, optional
        Attributes to keep from an earlier array; names and units are set again.
    name : str
        Registered name of the variable.

    Returns
    -------
    DataArray (time, y, x), float32
    """
    kept = {**(attrs or {}), **attributes(name)}
    if step_s is not None:
        kept["interval_s"] = float(step_s)
    data = xr.DataArray(
        np.asarray(values, dtype=np.float32),
        dims=("time", "y", "x"),
        coords={
            "time": (
                "time",
                np.asarray(ends).astype("datetime64[ns]"),
                {"standard_name": "time", "axis": "T", "long_name": "end of interval, UTC"},
            )
        },
        name=name,
        attrs=kept,
    )
    return attach_grid(data, grid)


def check_rain(rain: xr.DataArray, *, where: str = "rain", values: bool = True) -> Grid:
    """Check that an array is rain as this package knows it, and give its grid.

    Parameters
    ----------
    rain : DataArray (time, y, x), mm h-1
        Array to check.
    where : str
        What is being done, put in front of the message.
    values : bool
        Also look for negative and infinite rates (reads all of the array).

    Returns
    -------
    Grid

    Raises
    ------
    DataError
        If unit, dimensions, times or values are wrong.
    GridError
        If the array carries no regular north-up grid.
    """
    check_variable(rain, "rain_rate", where=where, values=False)
    ends = check_times(rain, where=where)
    grid = grid_of(rain, where=where)
    if values:
        for index in range(ends.size):
            _check_frame(rain.isel(time=index).to_numpy(), ends[index], grid, where)
    return grid


def _check_frame(frame: NDArray[Any], end: np.datetime64, grid: Grid, where: str) -> None:
    wrong = (frame < 0) | np.isinf(frame)  # NaN is neither
    if not wrong.any():
        return
    row, col = (int(i) for i in np.argwhere(wrong)[0])
    raise DataError(
        f"{where}: found {int(wrong.sum())} negative or infinite rates at {time_text(end)}, "
        f"the first {frame[row, col]:g} mm h-1 in cell (row {row}, column {col}) at "
        f"({grid.x[col]:.10g}, {grid.y[row]:.10g}); expected 0 or more, or NaN where missing",
        hint="an undeclared missing value looks like this: declare it when the file is read",
    )


def check_metric(grid: Grid, *, where: str) -> Grid:
    """Give the grid back if its coordinates are metres.

    Raises
    ------
    GridError
        If they are degrees, feet or kilometres.
    """
    if not grid.is_metric:
        raise GridError(
            f"{where}: the grid is {grid.describe()}, expected coordinates in metres",
            hint="regrid it first: inundate rain regrid RAIN --like TERRAIN -o OUT",
        )
    return grid


def history(rain: xr.DataArray) -> list[dict[str, Any]]:
    """Give what was done to a rain array, oldest first.

    A history that another program wrote as plain text is kept as one entry.

    Examples
    --------
    >>> history(xr.DataArray(0.0, attrs={"history": "made by hand"}))
    [{'operation': 'other', 'text': 'made by hand'}]
    """
    text = str(rain.attrs.get("history", ""))
    if not text:
        return []
    try:
        found = json.loads(text)
    except json.JSONDecodeError:
        found = None
    if isinstance(found, list) and all(isinstance(item, dict) for item in found):
        return found
    return [{"operation": "other", "text": text}]


def record(rain: xr.DataArray, operation: str, **details: Any) -> xr.DataArray:
    """Write an operation and its figures into the array's ``history``.

    Parameters
    ----------
    rain : DataArray
        Fresh result of the operation; its attributes are changed in place.
    operation : str
        Name of the function or of the step in it.
    **details
        Figures that JSON can hold; they are written as given.

    Returns
    -------
    DataArray
        The same object.

    Examples
    --------
    >>> history(record(xr.DataArray(0.0), "scale", factor=2.0))
    [{'operation': 'scale', 'factor': 2.0}]
    """
    entries = [*history(rain), {"operation": operation, **details}]
    rain.attrs["history"] = json.dumps(entries)
    return rain


def to_rain_dataset(rain: xr.DataArray) -> xr.Dataset:
    """Put rain into a data set with the bounds of its intervals, ready to be written.

    Parameters
    ----------
    rain : DataArray (time, y, x)
        With ``interval_s`` or a regular time axis.

    Returns
    -------
    Dataset
        The variable, and ``time_bounds`` (time, bounds) as a coordinate.
    """
    bounds = np.stack(step_edges(rain), axis=1)  # (T, 2)
    return rain.to_dataset().assign_coords(time_bounds=(("time", "bounds"), bounds))
