"""Figures of a flood by time step: area, volume, deepest cell, mean rain."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from inundate.core.errors import DataError
from inundate.core.grid import grid_of
from inundate.show.place import cell_metres

if TYPE_CHECKING:
    import xarray as xr

__all__ = ["Summary", "iso_times", "summarise"]


@dataclass(frozen=True)
class Summary:
    """Figures by time step.

    Attributes
    ----------
    times : list of str
        UTC, such as ``2026-03-01T12:10:00Z``; ends of the intervals.
    area_km2, volume_m3, deepest_m : list of float
        Flooded area, volume of water, greatest depth, of the known cells.
    rain_mm_h : list of float or None
        Mean rain rate over the known cells; None where all are unknown or no rain is held.
    unknown_share : float
        Greatest share of cells with unknown depth.
    """

    times: list[str]
    area_km2: list[float]
    volume_m3: list[float]
    deepest_m: list[float]
    rain_mm_h: list[float | None]
    unknown_share: float

    @property
    def has_rain(self) -> bool:
        """True if rain is known at one time at least."""
        return any(rate is not None for rate in self.rain_mm_h)

    @property
    def peak(self) -> int:
        """Number of the frame with the greatest flooded area, then volume."""
        return max(range(len(self.times)), key=lambda i: (self.area_km2[i], self.volume_m3[i], -i))


def iso_times(data: xr.Dataset) -> list[str]:
    """Give the times of a data set as ISO texts in UTC, to the second.

    Raises
    ------
    DataError
        If the times are not dates or do not ascend.
    """
    times = data["time"].values
    if not np.issubdtype(times.dtype, np.datetime64):
        raise DataError(
            f"drawing a map: time is {times.dtype}, expected datetime64 in UTC",
            hint="decode the times, or give the file's time a unit 'seconds since …'",
        )
    if (np.diff(times) <= np.timedelta64(0)).any():
        raise DataError("drawing a map: times do not ascend")
    return [f"{text}Z" for text in np.datetime_as_string(times, unit="s")]


def summarise(data: xr.Dataset, *, threshold_m: float = 0.05) -> Summary:
    """Compute the figures of every time step, one frame in memory at a time.

    Parameters
    ----------
    data : Dataset
        With ``water_depth`` (time, y, x) in m and perhaps ``rain_rate`` in mm h-1.
    threshold_m : float
        Depth from which a cell is flooded.

    Raises
    ------
    DataError
        If a depth is negative or infinite, or the times are not dates.
    """
    dx, dy = cell_metres(grid_of(data["water_depth"]))
    times = iso_times(data)
    found = Summary(times, [], [], [], [], 0.0)
    unknown = 0.0
    for step in range(len(times)):
        depth = data["water_depth"].isel(time=step).values
        known = depth[~np.isnan(depth)]
        _check(known, times[step])
        unknown = max(unknown, 1 - known.size / depth.size)
        found.area_km2.append(float((known >= threshold_m).sum()) * dx * dy / 1e6)
        found.volume_m3.append(float(known.sum(dtype=np.float64)) * dx * dy)
        found.deepest_m.append(float(known.max(initial=0.0)))
        found.rain_mm_h.append(_mean_rain(data, step))
    return Summary(
        times, found.area_km2, found.volume_m3, found.deepest_m, found.rain_mm_h, unknown
    )


def _check(known: NDArray[np.floating], time: str) -> None:
    if known.size and (known.min() < 0 or not np.isfinite(known.max())):
        raise DataError(
            f"drawing a map: water_depth at {time} ranges from {known.min():g} to "
            f"{known.max():g} m, expected finite and not negative; unknown is NaN"
        )


def _mean_rain(data: xr.Dataset, step: int) -> float | None:
    if "rain_rate" not in data:
        return None
    rain = data["rain_rate"].isel(time=step).values
    known = rain[~np.isnan(rain)]
    return float(known.mean()) if known.size else None
