"""What the next hour may bring: members of a nowcast, each through the emulator."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from inundate.core.errors import DataError
from inundate.core.grid import Bounds, Grid, grid_of
from inundate.rain.nowcast import FRAMES, nowcast_rain
from inundate.rain.settings import NowcastSettings

if TYPE_CHECKING:
    from inundate.show.serve.flood import Flood

__all__ = ["Ahead", "Outlook", "touching"]

_FASTEST_M_S = 20.0  # rain that may arrive within the lead is kept from so far away
_MOST_CELLS = 256  # from the terrain to each side: what a nowcast can be made of in time
_MOST_UNKNOWN = 0.05  # of the rain over the terrain; a nowcast ends where more is not known
_NEAREST_M = 5000.0  # from where less than that is filled


@dataclass(frozen=True, eq=False)
class Outlook:
    """Depths of the next hour, as far as they can be told.

    Attributes
    ----------
    issued : datetime64[ms]
        End of the last radar frame.
    times : array (L,), datetime64[ms]
        Valid times; none where too little is known from the first step on.
    median : array (L, H, W), m
    chance : array (L, H, W)
        Share of the members whose depth is above the threshold.
    rain_mm_h : array (L, M)
        Mean over the terrain in the interval that ends then, of each member.
    reach_min : float
        How far ahead the rain over the terrain is known.
    filled_share : float
        Of the rain until then, taken from the nearest cell that is known.
    missing_min : float
        Minutes of the rain before whose rain is not known and was taken as none.
    told : dict
        ``method``, ``method_why`` and ``motion`` of the nowcast.
    """

    issued: np.datetime64
    times: NDArray[np.datetime64]
    median: NDArray[np.float32]
    chance: NDArray[np.float32]
    rain_mm_h: NDArray[np.float32]
    reach_min: float
    filled_share: float
    missing_min: float
    told: dict[str, Any]


class Ahead:
    """The last radar frames from far around the terrain, and what they say of the next hour.

    Parameters
    ----------
    settings : NowcastSettings
    threshold_m : float
        Depth whose chance is told.

    Raises
    ------
    MissingExtraError
        Without the extra ``nowcast``.
    """

    def __init__(self, settings: NowcastSettings, *, threshold_m: float) -> None:
        from inundate.rain.nowcast_steps import open_pysteps

        open_pysteps()  # told at the start, not when the first rain comes
        self.settings, self.threshold_m = settings, threshold_m
        self._frames: dict[np.datetime64, xr.DataArray] = {}

    @property
    def reach_m(self) -> float:
        """How far around the terrain rain matters."""
        return self.settings.lead_min * 60.0 * _FASTEST_M_S

    def take(self, rain: xr.DataArray, near: Bounds) -> None:
        """Keep the newest frames of what was read.

        Parameters
        ----------
        rain : DataArray (time, y, x), mm h-1
        near : tuple
            Bounds of the terrain in the CRS of the rain.
        """
        grid = grid_of(rain)
        side_x, side_y = _MOST_CELLS * grid.dx, _MOST_CELLS * grid.dy
        left, bottom, right, top = near
        box = (left - side_x, bottom - side_y, right + side_x, top + side_y)
        rows, columns = grid.crop(box)[1]
        for number, end in enumerate(rain["time"].to_numpy().astype("datetime64[ms]")):
            frame = rain[number : number + 1, rows, columns]
            self._frames[end] = frame.copy(data=frame.to_numpy().copy())
        self._frames = {end: self._frames[end] for end in sorted(self._frames)[-FRAMES:]}

    def lacks(self) -> str:
        """Say what a nowcast waits for; empty if for nothing."""
        ends = sorted(self._frames)
        if len(ends) < FRAMES:
            return f"{FRAMES} radar frames in a row, found {len(ends)}"
        step = float(self._frames[ends[-1]].attrs["interval_s"])
        apart = np.diff(ends) / np.timedelta64(1, "s")
        if (np.abs(apart - step) > 1.0).any():
            return f"{FRAMES} radar frames in a row, found a gap of {max(apart) / 60:g} min"
        return ""

    def make(self, flood: Flood, *, between: Callable[[], None] = lambda: None) -> Outlook:
        """Predict each member of a nowcast.

        Parameters
        ----------
        flood : Flood
            Rain so far, and the emulator.
        between : callable
            Called before each member is predicted.

        Raises
        ------
        DataError
            If a nowcast cannot be made of these frames.
        """
        frames = [self._frames[end] for end in sorted(self._frames)]
        wide = grid_of(frames[-1])
        if not all(grid_of(frame).same_as(wide) for frame in frames):
            raise DataError("nowcasting rain: the last radar frames do not cover the same area")
        rain = xr.concat(frames, "time").assign_attrs(frames[-1].attrs)
        cast = nowcast_rain(rain, settings=self.settings)
        past = flood.rain()
        rows, columns = wide.crop(grid_of(past).bounds)[1]
        cast = cast[:, :, rows, columns]
        known = _known_steps(cast.to_numpy(), grid_of(past), flood.bounds_of(past))
        issued = max(self._frames)
        told = {"method": cast.attrs["method"], "method_why": cast.attrs["method_why"],
                "motion": json.loads(cast.attrs["motion"])}  # fmt: skip
        cast = cast[:, :known]
        filled = float(np.isnan(cast.to_numpy()).mean()) if known else 0.0
        depths, rates, times = self._members(flood, past, cast, issued, between)
        off = np.isnan(depths[0])  # no ground
        median = np.median(np.nan_to_num(depths, nan=0.0), axis=0).astype(np.float32)
        chance = (depths > self.threshold_m).mean(axis=0, dtype=np.float32)
        median[off] = chance[off] = np.nan
        return Outlook(
            issued=issued, times=times, median=median, chance=chance, rain_mm_h=rates,
            reach_min=known * float(rain.attrs["interval_s"]) / 60.0, filled_share=filled,
            missing_min=flood.unknown_min(), told=told,
        )  # fmt: skip

    def _members(
        self,
        flood: Flood,
        past: xr.DataArray,
        cast: xr.DataArray,
        issued: np.datetime64,
        between: Callable[[], None],
    ) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.datetime64]]:
        """Give depths (M, L, H, W), mean rain (L, M) and the times (L,)."""
        if not cast.sizes["time"]:
            none = np.zeros((self.settings.members, 0, *flood.grid.shape), np.float32)
            return none, none[:, :, 0, 0].T, np.array([], "datetime64[ms]")
        depths, rates = [], []
        last = cast["time"].to_numpy().astype("datetime64[ms]")[-1]
        for member in range(cast.sizes["member"]):
            between()
            found = flood.predict(_joined(past, cast[member]))
            times = found["time"].to_numpy().astype("datetime64[ms]")
            ahead = (times > issued) & (times <= last)
            depths.append(found["water_depth"].to_numpy()[ahead])
            rates.append(found["rain_rate"].mean(("y", "x")).to_numpy()[ahead])
        return np.stack(depths), np.stack(rates, axis=1), times[ahead]


def touching(grid: Grid, terrain: Bounds) -> tuple[slice, slice]:
    """Give rows and columns of the cells of rain that the terrain touches.

    Parameters
    ----------
    grid : Grid
        Of the rain.
    terrain : tuple
        Bounds in its CRS.
    """
    half_x, half_y = (0.5 - 1e-6) * grid.dx, (0.5 - 1e-6) * grid.dy
    left, bottom, right, top = terrain
    return grid.crop((left - half_x, bottom - half_y, right + half_x, top + half_y))[1]


def _known_steps(values: NDArray[np.float32], grid: Grid, terrain: Bounds) -> int:
    """Count the steps from the first on whose rain over the terrain is known in all but a few."""
    rows, columns = touching(grid, terrain)
    unknown = np.isnan(values[:, :, rows, columns]).mean(axis=(0, 2, 3))  # (L,)
    too_much = np.flatnonzero(unknown > _MOST_UNKNOWN)
    return int(too_much[0]) if too_much.size else len(unknown)


def _joined(past: xr.DataArray, member: xr.DataArray) -> xr.DataArray:
    """Put a member behind the rain so far, its few unknown cells taken from their neighbours."""
    from inundate.rain.array import make_rain
    from inundate.rain.gaps import fill_missing_cells

    grid = grid_of(past)
    step_s = float(past.attrs["interval_s"])
    future = make_rain(member.to_numpy(), member["time"].to_numpy(), grid, step_s=step_s)
    if np.isnan(future.to_numpy()).any():
        future = fill_missing_cells(future, policy="nearest", within_m=_NEAREST_M)
    ends = np.concatenate([past["time"].to_numpy(), future["time"].to_numpy()])
    values = np.concatenate([past.to_numpy(), future.to_numpy()])
    return make_rain(values, ends, grid, step_s=step_s, attrs=past.attrs)
