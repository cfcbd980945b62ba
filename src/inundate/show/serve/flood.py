"""Depth frames from the rain that has come so far."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from inundate.core.errors import DataError, GridError
from inundate.core.grid import Bounds, Grid, grid_of, transform_bounds
from inundate.show.serve.ahead import Ahead, touching
from inundate.show.serve.settings import FRAME_MIN

__all__ = ["Flood", "Frame"]

_FRAME = np.timedelta64(round(FRAME_MIN * 60), "s")
_BLOCK_M = 2000.0  # rain is kept this far beyond the terrain


@dataclass(frozen=True, eq=False)
class Frame:
    """A predicted depth.

    Attributes
    ----------
    time : datetime64[ms]
    depth : array (H, W), m
    rain_mm_h : float
        Mean over the terrain in the interval that ends then.
    began : datetime64[ms]
        The ground was taken as dry then.
    missing_min : float
        Minutes since then whose rain is not known and was taken as none; a part of the terrain
        counts as that part of the time.
    """

    time: np.datetime64
    depth: NDArray[np.float32]
    rain_mm_h: float
    began: np.datetime64
    missing_min: float = 0.0


class Flood:
    """The rain of the last hours, and the emulator.

    Parameters
    ----------
    terrain : DataArray (y, x), m
    run : str or Path, optional
        As :func:`inundate.emulate.predict.predict` has it; by default the shipped weights.
    hours : float
        Rain before is forgotten, and the ground taken as dry then.
    ahead : Ahead, optional
        Takes rain from further around, for nowcasts.
    """

    def __init__(
        self,
        terrain: xr.DataArray,
        *,
        run: str | Path | None = None,
        hours: float = 12.0,
        ahead: Ahead | None = None,
    ) -> None:
        self.terrain, self.grid, self.hours = terrain, grid_of(terrain), hours
        self.ahead = ahead
        self._run = run
        self._steps: dict[np.datetime64, xr.DataArray] = {}

    @property
    def reach(self) -> np.timedelta64:
        """How far back rain is kept."""
        return np.timedelta64(round(self.hours * 3_600_000), "ms")

    def read(self, path: Path) -> list[np.datetime64]:
        """Read a rain file and give the ends of its intervals.

        Raises
        ------
        DataError
            If it cannot be read, or is on another grid than those before it.
        GridError
            If it does not cover the terrain, or its CRS cannot be reached.
        """
        from inundate.rain.open import open_rain

        crs = self.grid.crs
        try:
            if self.ahead is None:
                rain = open_rain(path, box=self._around(_BLOCK_M), box_crs=crs).load()
            else:
                reach = max(_BLOCK_M, self.ahead.reach_m)
                rain = self._with_ahead(open_rain(path, box=self._around(reach), box_crs=crs), path)
        except GridError as error:
            raise GridError(
                f"reading {path}: its rain cannot be laid over the terrain: {error.message}",
                hint=error.hint or "is it rain of another place, or in another CRS than it says?",
            ) from error
        self._check(rain, path)
        ends = [np.datetime64(end, "ms") for end in rain["time"].to_numpy()]
        for number, end in enumerate(ends):
            self._steps[end] = rain[number : number + 1]
        newest = sorted(self._steps)[-1]
        oldest = newest - self.reach
        self._steps = {end: step for end, step in self._steps.items() if end > oldest}
        return ends

    def _with_ahead(self, wide: xr.DataArray, path: Path) -> xr.DataArray:
        """Keep what a nowcast needs, and give what a frame does."""
        from inundate.rain.resample import crop_rain

        near = crop_rain(
            wide, self._around(_BLOCK_M), crs=self.grid.crs, allow_partial=True
        ).load()  # fmt: skip
        near.attrs = dict(wide.attrs)
        self._check(near, path)
        if self.ahead is not None:
            self.ahead.take(wide, self.bounds_of(wide))
        return near

    def _around(self, metres: float) -> Bounds:
        left, bottom, right, top = self.grid.bounds
        return left - metres, bottom - metres, right + metres, top + metres

    def bounds_of(self, rain: xr.DataArray) -> Bounds:
        """Give the bounds of the terrain in the CRS of some rain."""
        return transform_bounds(self.grid.bounds, self.grid.crs, grid_of(rain).crs)

    @property
    def newest(self) -> np.datetime64 | None:
        """End of the latest rain."""
        return max(self._steps, default=None)

    def _check(self, rain: xr.DataArray, path: Path) -> None:
        if not self._steps:
            return
        known: Grid = grid_of(next(iter(self._steps.values())))
        if not grid_of(rain).same_as(known):
            raise DataError(
                f"reading {path}: its grid is {grid_of(rain).describe()}, "
                f"expected that of the rain before it, {known.describe()}",
                hint="if it is the first that is wrong: serve again with another --state and "
                "without that file",
            )

    def frames(self, after: np.datetime64 | None) -> list[Frame]:
        """Predict the frames whose rain is complete and that are later than a time.

        Parameters
        ----------
        after : datetime64 or None
            Time of the last frame that was shown.
        """
        if not self._steps:
            return []
        newest = sorted(self._steps)[-1]
        rain = self.rain()
        ends = rain["time"].to_numpy().astype("datetime64[ms]")
        begin: np.datetime64 = ends[0] - _length(rain)
        first = begin + _FRAME if after is None else max(after + _FRAME, begin + _FRAME)
        if first > newest:
            return []
        found = self.predict(rain)
        times = found["time"].to_numpy().astype("datetime64[ms]")
        wanted = [n for n, t in enumerate(times) if t <= newest and (after is None or t > after)]
        mean = found["rain_rate"].mean(("y", "x"))
        depth, unknown = found["water_depth"].to_numpy(), self._unknown(rain, begin)
        return [Frame(times[n], depth[n], float(mean[n]), begin, unknown(times[n])) for n in wanted]

    def unknown_min(self) -> float:
        """Give the minutes of the rain so far that are not known, as :class:`Frame` has them."""
        rain = self.rain()
        ends = rain["time"].to_numpy().astype("datetime64[ms]")
        return self._unknown(rain, ends[0] - _length(rain))(ends[-1])

    def _unknown(
        self, rain: xr.DataArray, begin: np.datetime64
    ) -> Callable[[np.datetime64], float]:
        """Give what tells the minutes without known rain from a time on to another."""
        rows, columns = touching(grid_of(rain), self.bounds_of(rain))
        over = rain[:, rows, columns]
        known = np.isfinite(over.to_numpy()).mean(axis=(1, 2))
        ends = over["time"].to_numpy().astype("datetime64[ms]")
        step_min = float(rain.attrs["interval_s"]) / 60.0

        def until(time: np.datetime64) -> float:
            passed = float((time - begin) / np.timedelta64(1, "s")) / 60.0
            return max(0.0, passed - float(known[ends <= time].sum()) * step_min)

        return until

    def rain(self) -> xr.DataArray:
        """Put the steps together, from the begin of a frame's interval on."""
        ends = sorted(self._steps)
        step = _length(self._steps[ends[0]])
        whole = [end for end in ends if (end - step - np.datetime64(0, "ms")) % _FRAME == 0 * step]
        start = next(iter(whole), ends[0])
        rain = xr.concat([self._steps[end] for end in ends if end >= start], "time")
        return rain.assign_attrs(self._steps[ends[0]].attrs)

    def predict(self, rain: xr.DataArray) -> xr.Dataset:
        """Predict the depths of some rain, from dry ground on."""
        from inundate.emulate.predict import predict
        from inundate.emulate.settings import ForecastSettings

        forecast = ForecastSettings(run_on_min=0, missing_rain="dry")
        return predict(self._run, rain, self.terrain, forecast=forecast, progress=False)


def _length(rain: xr.DataArray) -> np.timedelta64:
    return np.timedelta64(round(float(rain.attrs["interval_s"]) * 1000), "ms")
