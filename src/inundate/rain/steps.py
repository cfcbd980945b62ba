"""The time axis of rain: ends of intervals, their length, and what is missing between them.

``time`` is the end of each interval, in UTC. An array cannot carry the two-column
``time_bounds`` of a data set, so its interval length travels in ``attrs["interval_s"]``;
without it the length is the most common distance between two neighbouring times.
"""

from __future__ import annotations

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from inundate.core.errors import DataError

__all__ = [
    "JITTER_NS",
    "Times",
    "check_times",
    "interval_s",
    "step_edges",
    "step_text",
    "time_text",
]

Times = NDArray[np.datetime64]

JITTER_NS = 1_000_000_000  # some radars stamp a step up to a second early or late

_NS = 1_000_000_000


def check_times(rain: xr.DataArray, *, where: str = "rain") -> Times:
    """Give the ends of the intervals, sure that each is later than the one before.

    Parameters
    ----------
    rain : DataArray (time, y, x)
        Any array with a ``time`` coordinate.
    where : str
        Put in front of the message.

    Returns
    -------
    array (T,), datetime64[ns]

    Raises
    ------
    DataError
        If there is no step, no ``time`` coordinate, an unknown time, or a step that is not
        later than the one before it.
    """
    if "time" not in rain.coords or rain.sizes.get("time", 0) == 0:
        raise DataError(
            f"{where}: found no time step, expected a coordinate 'time' with at least one",
            hint="each time is the end of its interval, in UTC",
        )
    ends = rain["time"].to_numpy()
    if ends.dtype.kind != "M":
        raise DataError(f"{where}: time is of type {ends.dtype}, expected datetime64 in UTC")
    ends = ends.astype("datetime64[ns]")
    if np.isnat(ends).any():
        raise DataError(f"{where}: time step {int(np.isnat(ends).argmax())} has no time")
    back = np.flatnonzero(np.diff(ends) <= np.timedelta64(0, "ns"))
    if back.size:
        at = int(back[0])
        raise DataError(
            f"{where}: time step {at + 1} is {time_text(ends[at + 1])}, "
            f"not later than step {at}, {time_text(ends[at])}",
            hint="sort by time and drop doubled steps: rain.drop_duplicates('time').sortby('time')",
        )
    return np.asarray(ends)


def interval_s(rain: xr.DataArray, *, where: str = "rain") -> float:
    """Give the length of one step in seconds.

    Parameters
    ----------
    rain : DataArray (time, y, x)
        Array with ``time``; ``attrs["interval_s"]`` is believed where present.
    where : str
        Put in front of the message.

    Returns
    -------
    float
        Seconds.

    Raises
    ------
    DataError
        If the length is not known, or longer than the distance between two steps by more
        than a second.

    Examples
    --------
    >>> times = np.array(["2020-01-01T00:05", "2020-01-01T00:10"], "datetime64[ns]")
    >>> interval_s(xr.DataArray([1.0, 2.0], coords={"time": times}, dims="time"))
    300.0
    """
    ends = check_times(rain, where=where)
    gaps = np.diff(ends).astype(np.int64)
    stated = rain.attrs.get("interval_s")
    if stated is None and not gaps.size:
        raise DataError(
            f"{where}: one time step of unknown length, expected at least two or its length",
            hint="give its length in seconds: interval_s=300",
        )
    if stated is None:
        lengths, counts = np.unique(gaps, return_counts=True)
        return float(lengths[counts.argmax()]) / _NS
    length = float(stated)
    if not length > 0:
        raise DataError(f"{where}: interval_s is {stated!r}, expected seconds above 0")
    if gaps.size and gaps.min() < round(length * _NS) - JITTER_NS:
        at = int(gaps.argmin())
        raise DataError(
            f"{where}: steps of {step_text(length)} overlap: step {at + 1} ends "
            f"{step_text(gaps[at] / _NS)} after step {at}, at {time_text(ends[at + 1])}",
            hint="set interval_s to the true length of a step",
        )
    return length


def step_edges(rain: xr.DataArray, *, where: str = "rain") -> tuple[Times, Times]:
    """Give the start and the end of every interval.

    Returns
    -------
    starts, ends : array (T,), datetime64[ns]

    Raises
    ------
    DataError
        As :func:`check_times` and :func:`interval_s`.
    """
    ends = check_times(rain, where=where)
    length = np.timedelta64(round(interval_s(rain, where=where) * _NS), "ns")
    return ends - length, ends


def time_text(time: np.datetime64) -> str:
    """Write a time as messages and records show it.

    Examples
    --------
    >>> time_text(np.datetime64("2020-01-01T00:05:00", "ns"))
    '2020-01-01T00:05:00Z'
    """
    return f"{np.datetime_as_string(time, unit='s')}Z"


def step_text(seconds: float) -> str:
    """Write a length of time as messages show it.

    Examples
    --------
    >>> step_text(300), step_text(45)
    ('5 min', '45 s')
    """
    return f"{seconds / 60:g} min" if seconds >= 60 else f"{seconds:g} s"
