"""What boosted trees see of a cell at a frame: its ground, the ground around it, the rain so far.

A tree has no convolution, so neighbourhoods are means over windows, made once a terrain. All are
local, free of the datum, and know nothing of later rain.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from inundate.emulate.inputs import SOIL_CHANNELS, TERRAIN_CHANNELS, terrain_scale
from inundate.emulate.prepared import Prepared

__all__ = ["AROUND", "RAIN_FEATURES", "WINDOWS", "WINDOW_FEATURES", "Windows", "box_mean"]

Array = NDArray[np.float32]

WINDOWS = (2, 8, 32)
"""Half-widths of the windows, in cells."""
AROUND = ("fill_depth", "spill_height", "log_drained_area", "drainage_height", "steepness")
"""What is averaged over each window."""
RAIN_FEATURES = (
    "rain_now",
    "rain_hour",
    "rain_total",
    "rain_peak",
    "rain_hour_around",
    "rain_total_around",
    "upstream_hour",
    "upstream_total",
    "hours",
)
"""Rain so far: mm h-1 now and at its peak, mm in the last hour and in all; the same mm around it;
what fell on the cells that drain through it, as log10 of cells times mm; and the hours so far."""
WINDOW_FEATURES = (
    *TERRAIN_CHANNELS,
    *SOIL_CHANNELS,
    *(f"{name}_{scale}" for scale in WINDOWS for name in AROUND),
    *RAIN_FEATURES,
)
"""Every feature, in order."""

_AREA = TERRAIN_CHANNELS.index("log_drained_area")
_LEAST_MM = 0.01  # so that the logarithm of no rain is a number


class Windows:
    """Features of one storm on one terrain.

    Parameters
    ----------
    prepared : Prepared
    """

    def __init__(self, prepared: Prepared) -> None:
        self.shape = prepared.elevation.shape
        known = np.isfinite(prepared.elevation)
        self._ground = np.concatenate([prepared.terrain, _around(prepared.terrain, known)])
        self._cells = prepared.terrain[_AREA] * np.float32(terrain_scale("log_drained_area")[1])
        self._known = known
        self._rate = prepared.rain_rate
        hours = prepared.interval_s / 3600.0
        self._hours = hours
        self._hour = max(1, round(1.0 / hours))
        self._total = np.cumsum(prepared.rain_rate, axis=0, dtype=np.float64) * hours  # mm
        self._peak = np.maximum.accumulate(prepared.rain_rate, axis=0)

    def frame(self, t: int) -> Array:
        """Give all features of a frame, (F, H, W)."""
        return np.concatenate([self._ground, self._rain(t)])

    def rows(self, t: int, cells: NDArray[np.intp]) -> Array:
        """Give the features of some cells of a frame.

        Parameters
        ----------
        t : int
        cells : array (N,) of int
            Numbers of the cells, row by row.

        Returns
        -------
        array (N, F), float32
        """
        ground = self._ground.reshape(len(self._ground), -1)[:, cells]
        rain = self._rain(t).reshape(len(RAIN_FEATURES), -1)[:, cells]
        return np.ascontiguousarray(np.concatenate([ground, rain]).T)

    def _rain(self, t: int) -> Array:
        total = self._total[t]
        hour = total - self._total[t - self._hour] if t >= self._hour else total
        around = [box_mean(values, self._known, WINDOWS[-1]) for values in (hour, total)]
        upstream = [
            self._cells + np.log10(np.maximum(values, _LEAST_MM)) for values in (hour, total)
        ]
        found = [self._rate[t], hour, total, self._peak[t], *around, *upstream]
        found.append(np.full(self.shape, (t + 1) * self._hours))
        return np.stack(found).astype(np.float32)


def _around(terrain: Array, known: NDArray[np.bool_]) -> Array:
    """Average scaled terrain inputs over each window, (len(WINDOWS) * len(AROUND), H, W)."""
    channels = dict(zip(TERRAIN_CHANNELS, terrain, strict=False))
    channels["steepness"] = np.hypot(channels["slope_x"], channels["slope_y"])
    return np.stack(
        [box_mean(channels[name], known, scale) for scale in WINDOWS for name in AROUND]
    ).astype(np.float32)


def box_mean(
    values: NDArray[np.floating], known: NDArray[np.bool_], scale: int
) -> NDArray[np.float64]:
    """Average the known cells within so many cells of each, (H, W); 0 where there are none.

    Examples
    --------
    >>> box_mean(np.array([[1.0, 5.0, 9.0]]), np.array([[True, False, True]]), 1)
    array([[1., 5., 9.]])
    """
    total = _box_sum(np.where(known, values, 0.0).astype(np.float64), scale)
    count = _box_sum(known.astype(np.float64), scale)
    return np.where(count > 0.5, total / np.maximum(count, 1.0), 0.0)


def _box_sum(values: NDArray[np.float64], scale: int) -> NDArray[np.float64]:
    for axis in (0, 1):
        length = values.shape[axis]
        zero = np.zeros_like(np.take(values, [0], axis=axis))
        table = np.concatenate([zero, np.cumsum(values, axis=axis)], axis=axis)
        at = np.arange(length)
        high = np.take(table, np.minimum(at + scale + 1, length), axis=axis)
        values = high - np.take(table, np.maximum(at - scale, 0), axis=axis)
    return values
