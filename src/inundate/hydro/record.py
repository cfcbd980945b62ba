"""What is recorded while the water moves: gauges, cross-sections, peak, arrival and duration.

A recorder looks at the state at samples (every ``sample_every_s`` and at the end), between the
calls of the kernel, so it changes nothing and costs one pass over the grid a sample.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from inundate.hydro.frames import frame_ends
from inundate.hydro.march import March
from inundate.hydro.sections import Gauges, Sections
from inundate.hydro.state import Array

__all__ = ["BLOCK", "Recorder", "sample_times"]

BLOCK = 1024  # samples kept before they are written: a chunk of the store
_SERIES_KIND = np.float64  # levels far above the datum keep their millimetres

Write = Callable[[int, Mapping[str, NDArray[np.float64]]], None]


def sample_times(total_s: float, every_s: float) -> NDArray[np.float64]:
    """Give the times of the samples, s: the start, every interval, and the end.

    Examples
    --------
    >>> sample_times(150, 60).tolist()
    [0.0, 60.0, 120.0, 150.0]
    """
    return np.concatenate([[0.0], frame_ends(total_s, every_s)])


class Recorder:
    """Records of one simulation.

    Parameters
    ----------
    march : March
        The simulation, at its start; the recorder looks at it once and adds itself to its
        ``on_sample``.
    total_s : float
        Seconds to simulate.
    elevation : array (H, W), m
        Of the terrain, above its own datum, for levels at gauges.
    depth_m : float
        Depth whose first time and total time are recorded.
    gauges : Gauges, optional
        Cells whose depth and level are recorded.
    sections : Sections, optional
        Faces through which discharge is recorded.

    Attributes
    ----------
    write : callable or None
        To be set; called with the number of the first sample and arrays (samples, places) by name
        whenever a block is full, and at the end.
    """

    def __init__(
        self,
        march: March,
        *,
        total_s: float,
        elevation: Array,
        depth_m: float,
        gauges: Gauges | None = None,
        sections: Sections | None = None,
    ) -> None:
        self.times = sample_times(total_s, march.settings.sample_every_s)
        self.depth_m = depth_m
        self._gauges, self._sections = gauges, sections
        self.write: Write | None = None
        shape, kind = march.ground.valid.shape, march.state.deepest.dtype
        self._seen = np.zeros(shape, kind)  # largest depth at the last sample
        self._peak = np.full(shape, -1, np.int32)  # sample at which it had last grown
        self._arrival = np.full(shape, -1, np.int32)
        self._duration = np.zeros(shape)
        self._samples, self._time_s = 0, 0.0
        self._buffer: dict[str, NDArray[np.float64]] = {}
        if gauges is not None:
            ground = np.asarray(elevation, np.float64)[gauges.rows, gauges.columns]
            self._gauge_ground = ground
            for name in ("gauge_depth", "gauge_level"):
                self._buffer[name] = np.zeros((BLOCK, len(gauges.names)), _SERIES_KIND)
        if sections is not None:
            self._buffer["section_discharge"] = np.zeros((BLOCK, len(sections.names)))
        self.look(march)
        march.on_sample.append(self.look)

    @property
    def series(self) -> dict[str, int]:
        """Name of each series that is recorded, and how many places it has."""
        return {name: values.shape[1] for name, values in self._buffer.items()}

    def look(self, march: March) -> None:
        """Take a sample."""
        state = march.state
        index = min(self._samples, self.times.size - 1)  # rounding of the clock is no sample
        interval, self._time_s = state.time_s - self._time_s, state.time_s
        _look(
            state.depth, state.deepest, self._seen, self._peak, self._arrival, self._duration,
            state.depth.dtype.type(self.depth_m), index, interval,
        )  # fmt: skip
        row = index % BLOCK
        if self._gauges is not None:
            depth = state.depth[self._gauges.rows, self._gauges.columns]
            self._buffer["gauge_depth"][row] = depth
            self._buffer["gauge_level"][row] = self._gauge_ground + depth
        if self._sections is not None:
            self._buffer["section_discharge"][row] = self._sections.discharge(
                state.flow_x, state.flow_y, march.cell_size_m
            )
        self._samples = index + 1
        if self._samples % BLOCK == 0:
            self._flush()

    def _flush(self) -> None:
        """Hand the samples of the current block on; what was handed on before is repeated."""
        if self._samples and self.write is not None and self._buffer:
            first = (self._samples - 1) // BLOCK * BLOCK
            count = self._samples - first
            self.write(first, {name: values[:count] for name, values in self._buffer.items()})

    def maps(self, march: March) -> dict[str, NDArray[np.float32]]:
        """Give the rasters (H, W), NaN where there is no ground; call it at the end.

        Returns
        -------
        dict of array (H, W), float32
            ``water_depth_max`` in m; ``water_depth_max_time`` and ``arrival_time``, s since the
            start at the end of the sampling interval, NaN where the depth was never reached;
            ``flood_duration``, s, 0 where it was never reached.
        """
        self._flush()
        dry = ~march.ground.valid
        found = {
            "water_depth_max": march.deepest().astype(np.float32),
            "water_depth_max_time": self._time_of(self._peak),
            "arrival_time": self._time_of(self._arrival),
            "flood_duration": self._duration.astype(np.float32),
        }
        for values in found.values():
            values[dry] = np.nan
        return found

    def _time_of(self, index: NDArray[np.int32]) -> NDArray[np.float32]:
        times = np.append(self.times, np.nan).astype(np.float32)
        return times[index]  # -1, never, is the last: not a number

    def snapshot(self) -> tuple[dict[str, Array], dict[str, Any]]:
        """Give arrays and numbers that :meth:`restore` takes; the arrays are no copies."""
        arrays: dict[str, Array] = {
            "seen": self._seen, "peak": self._peak, "arrival": self._arrival,
            "duration": self._duration, **self._buffer,
        }  # fmt: skip
        return arrays, {"samples": self._samples, "time_s": self._time_s}

    def restore(self, arrays: Mapping[str, Array], numbers: Mapping[str, Any]) -> None:
        """Go back to a snapshot of the same simulation."""
        for name, values in self.snapshot()[0].items():
            values[...] = arrays[name]
        self._samples, self._time_s = int(numbers["samples"]), float(numbers["time_s"])


def _look_at(
    depth: Any,
    deepest: Any,
    seen: Any,
    peak: Any,
    arrival: Any,
    duration: Any,
    threshold: Any,
    index: Any,
    interval: Any,
) -> None:
    for i in range(depth.shape[0]):
        for j in range(depth.shape[1]):
            if deepest[i, j] > seen[i, j]:
                seen[i, j] = deepest[i, j]
                peak[i, j] = index
            if depth[i, j] >= threshold:
                duration[i, j] += interval
                if arrival[i, j] < 0:
                    arrival[i, j] = index


_look: Any = njit(nogil=True, error_model="numpy", cache=True)(_look_at)
