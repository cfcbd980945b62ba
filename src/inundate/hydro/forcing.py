"""Rain for the solver: checked for place and time, brought to the terrain's grid step by step."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from inundate.core.grid import Grid, grid_of
from inundate.hydro.march import RainStep, check_rate
from inundate.hydro.settings import SimulateSettings
from inundate.rain.array import check_rain
from inundate.rain.cover import cover_check
from inundate.rain.regrid import Regridder
from inundate.rain.steps import step_edges, time_text

__all__ = ["Forcing"]

_WHERE = "simulating"
_SECOND = np.timedelta64(1, "s")


@dataclass
class Forcing:
    """Rain over a terrain, one step at a time.

    Parameters
    ----------
    rain : DataArray (time, y, x), mm h-1
        Any grid that covers the terrain's.
    grid : Grid
        The terrain's.
    valid : array (H, W), bool
        Cells with ground; rain must be known there.
    settings : SimulateSettings
        What to do where rain is missing.

    Attributes
    ----------
    starts, ends : array (T,), datetime64[ns]
        Intervals of the rain.
    assumed_dry : dict
        How much was taken as dry: ``cells`` (cell steps) and ``seconds`` without a step.
    counted : int
        Steps whose cells are in ``assumed_dry``: a run that goes on within a step reads it again.

    Raises
    ------
    DataError
        If units, times or values are wrong, or steps are missing and that is refused.
    GridError
        If rain and terrain do not share a place.
    """

    rain: xr.DataArray
    grid: Grid
    valid: NDArray[np.bool_]
    settings: SimulateSettings
    starts: NDArray[np.datetime64] = field(init=False)
    ends: NDArray[np.datetime64] = field(init=False)
    assumed_dry: dict[str, float] = field(init=False)
    counted: int = field(init=False, default=0)

    def __post_init__(self) -> None:
        check_rain(self.rain, where=_WHERE, values=False)
        self.starts, self.ends = step_edges(self.rain, where=_WHERE)
        self.assumed_dry = {"cells": 0, "seconds": 0.0}
        covering = self.rain
        if self.settings.missing_rain == "dry":  # then gaps in time are no fault
            seconds = float((self.ends[0] - self.starts[0]) / _SECOND)
            covering = self.rain.isel(time=[0]).assign_attrs(interval_s=seconds)
            gaps = (self.starts[1:] - self.ends[:-1]) / _SECOND
            self.assumed_dry["seconds"] = float(gaps.sum())
        cover_check(covering, self.grid)
        self._regrid = Regridder(grid_of(self.rain), self.grid)

    @property
    def rain_s(self) -> float:
        """Seconds from the start of the first step to the end of the last."""
        return float((self.ends[-1] - self.starts[0]) / _SECOND)

    @property
    def total_s(self) -> float:
        """Seconds to simulate."""
        return self.rain_s + self.settings.run_on_min * 60

    def steps(self, since_s: float = 0.0) -> Iterator[RainStep]:
        """Give length (s) and rate (H, W) in mm h-1 of each step, then the run-on.

        Parameters
        ----------
        since_s : float
            Steps that end by then are given as dry without being read: they are past.
        """
        dry = np.zeros(self.grid.shape, dtype=np.float32)
        for index in range(self.ends.size):
            if index and self.starts[index] > self.ends[index - 1]:
                yield float((self.starts[index] - self.ends[index - 1]) / _SECOND), dry
            length = float((self.ends[index] - self.starts[index]) / _SECOND)
            if (self.ends[index] - self.starts[0]) / _SECOND <= since_s:
                yield length, dry
                continue
            rate = self._regrid(self.rain.isel(time=index).to_numpy())
            where = f" at {time_text(self.ends[index])}"
            if index >= self.counted:
                self.assumed_dry["cells"] += int((self.valid & np.isnan(rate)).sum())
                self.counted = index + 1
            yield length, check_rate(rate, self.valid, self.settings, grid=self.grid, where=where)
        if self.settings.run_on_min:
            yield self.settings.run_on_min * 60, dry
