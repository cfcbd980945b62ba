"""Rain on a terrain's grid, averaged over the intervals between frames."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from inundate.core.grid import Grid
from inundate.hydro.forcing import Forcing
from inundate.hydro.settings import SimulateSettings

__all__ = ["RainFrames", "rain_frames"]


@dataclass(frozen=True)
class RainFrames:
    """Rain between frames.

    Attributes
    ----------
    rate : array (T, H, W), mm h-1
        Mean over the interval that ends at each frame; 0 where there is no ground.
    time : array (T,), datetime64[ns]
        Ends of the intervals, UTC.
    interval_s : float
    assumed_dry : dict
        What was missing and taken as dry: ``cells`` (cell steps) and ``seconds``.
    """

    rate: NDArray[np.float32]
    time: NDArray[np.datetime64]
    interval_s: float
    assumed_dry: dict[str, float]

    @property
    def bounds(self) -> NDArray[np.datetime64]:
        """Begin and end of each interval (T, 2), datetime64[ns]."""
        step = np.timedelta64(round(self.interval_s * 1e9), "ns")
        return np.stack([self.time - step, self.time], axis=1)


def rain_frames(
    rain: xr.DataArray, grid: Grid, valid: NDArray[np.bool_], settings: SimulateSettings
) -> RainFrames:
    """Average rain over the intervals between frames, as a simulation stores it.

    Parameters
    ----------
    rain : DataArray (time, y, x), mm h-1
    grid : Grid
        The terrain's.
    valid : array (H, W), bool
        Known ground.
    settings : SimulateSettings
        Interval between frames, minutes after the rain, rule for missing rain.

    Raises
    ------
    GridError, DataError
        If rain does not cover the terrain or is missing there.
    """
    interval = settings.output_every_s
    forcing = Forcing(rain, grid, valid, settings)
    count = max(1, math.ceil(forcing.total_s / interval - 1e-9))
    rate = np.zeros((count, *grid.shape), np.float32)
    begin = 0.0
    for length, values in forcing.steps():
        end = begin + length
        first = min(count - 1, int(begin / interval + 1e-9))
        for frame in range(first, min(count, math.ceil(end / interval - 1e-9))):
            overlap = min(end, (frame + 1) * interval) - max(begin, frame * interval)
            rate[frame] += values * np.float32(max(overlap, 0.0) / interval)
        begin = end
    step = np.timedelta64(round(interval * 1e9), "ns")
    start = np.datetime64(forcing.starts[0], "ns")
    ends = start + step * np.arange(1, count + 1)
    return RainFrames(rate, ends, interval, dict(forcing.assumed_dry))
