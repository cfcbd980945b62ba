"""Nowcast: the radar's last frames carried on for an hour or so, as an ensemble."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Literal

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from inundate.core.errors import ConfigError, DataError
from inundate.core.grid import Grid, attach_grid
from inundate.core.names import attributes
from inundate.core.provenance import provenance
from inundate.rain.array import check_metric, check_rain, record
from inundate.rain.nowcast_steps import (
    Motion,
    UnfitError,
    advect_members,
    find_motion,
    open_pysteps,
    steps_members,
)
from inundate.rain.settings import NowcastSettings
from inundate.rain.steps import JITTER_NS, check_times, interval_s, step_text, time_text

__all__ = ["FRAMES", "nowcast_rain"]

FRAMES = 3
"""Frames that a nowcast is made from: two for the motion and one more for how it changes."""

Method = Literal["advection"]

_WHERE = "nowcasting rain"
_LEAST_CELLS = 32  # along a side; a cascade of scales has no meaning on less
_LEAST_WET = 50  # wet cells in each frame; the statistics of fewer say nothing


@dataclass(frozen=True, eq=False)
class _Frames:
    """What a nowcast starts from."""

    rates: NDArray[np.float64]  # (3, H, W), mm h-1
    end: np.datetime64
    step_s: float
    grid: Grid


def nowcast_rain(
    rain: xr.DataArray,
    *,
    settings: NowcastSettings | None = None,
    method: Method | None = None,
) -> xr.DataArray:
    """Say what rain may fall next, from the last three frames of a radar.

    Parameters
    ----------
    rain : DataArray (time, y, x), mm h-1
        On a grid in metres; only the last three frames are read.
    settings : NowcastSettings, optional
        Lead, members, seed.
    method : {"advection"}, optional
        Carry the last frame on unchanged and without errors of the motion, so that all members
        are one: what STEPS is to be compared with. By default what fits the frames.

    Returns
    -------
    DataArray (member, time, y, x), mm h-1
        On the same grid, a step as long as the radar's, from the first after the last frame on.
        NaN where rain would come from where none was measured. Attributes: ``method``, which is
        "steps" (what follows the motion also changes, the small sooner than the large),
        "advection" (the last frame moves unchanged, where too little is wet for more) or "dry"
        (nothing is wet, so nothing comes); ``method_why``; ``motion`` with mean metres a second
        eastwards and northwards and the number of places where it was seen; ``unknown_share``
        by step; ``settings`` and ``provenance``.

    Raises
    ------
    MissingExtraError
        Without the extra ``nowcast``.
    DataError
        If there are not three frames in a row, or the last of them holds nothing.
    GridError
        If the grid is not in metres.
    ConfigError
        If the lead is shorter than a step.
    """
    chosen = settings or NowcastSettings()
    pysteps = open_pysteps()
    start = _frames(rain)
    count = int(chosen.lead_min * 60.0 / start.step_s + 1e-9)
    if count < 1:
        raise ConfigError(
            f"{_WHERE}: lead_min = {chosen.lead_min:g}, expected at least a step of the radar, "
            f"{step_text(start.step_s)}"
        )
    found, why = _method(start.rates, chosen.wet_mm_h)
    if method is not None and found != "dry":
        found, why = method, "it was asked for"
    shape = (chosen.members, count, *start.grid.shape)
    if found == "dry":
        motion = Motion(np.zeros((2, *start.grid.shape)), 0)
        values = np.where(np.isnan(start.rates[-1]), np.nan, np.zeros(shape))
    else:
        motion = find_motion(start.rates, wet_mm_h=chosen.wet_mm_h)
        size = {"cell_km": np.sqrt(start.grid.dx * start.grid.dy) / 1000.0,
                "step_min": start.step_s / 60.0}  # fmt: skip
        drawn = {"steps": count, "members": chosen.members, "seed": chosen.seed}
        if found == "steps":
            try:
                values = steps_members(
                    start.rates, motion, wet_mm_h=chosen.wet_mm_h, **drawn, **size
                )
            except UnfitError as error:  # told in the result
                found, why = "advection", error.message
        if found == "advection":
            values = advect_members(start.rates, motion, is_wrong=method is None, **drawn, **size)
    attrs = {
        "kind": "nowcast",
        "method": found,
        "method_why": why,
        "motion": json.dumps(_told_motion(motion, start, chosen.wet_mm_h)),
        "issued": time_text(start.end),
        "unknown_share": json.dumps(
            [round(float(share), 4) for share in np.isnan(values).mean(axis=(0, 2, 3))]
        ),
        "settings": chosen.model_dump_json(),
        "provenance": json.dumps({**provenance(), "pysteps": _version(pysteps)}),
        **{key: rain.attrs[key] for key in ("source_format", "history") if key in rain.attrs},
    }
    return _array(values, start, attrs)


def _frames(rain: xr.DataArray) -> _Frames:
    """Take the last three frames, sure that they follow one another."""
    ends = check_times(rain, where=_WHERE)
    step_s = interval_s(rain, where=_WHERE)
    last = ends[-FRAMES:]
    gaps = np.diff(last).astype(np.int64)
    if len(last) < FRAMES or (np.abs(gaps - round(step_s * 1e9)) > JITTER_NS).any():
        raise DataError(
            f"{_WHERE}: the last frames end at {', '.join(map(time_text, last))}, expected "
            f"{FRAMES} in a row, {step_text(step_s)} apart",
            hint="a short gap can be filled: inundate rain clean RAIN --fill-gap-min 15 -o OUT",
        )
    newest = rain.isel(time=slice(-FRAMES, None))
    grid = check_metric(check_rain(newest, where=_WHERE), where=_WHERE)
    rates = newest.to_numpy().astype(np.float64)
    if np.isnan(rates[-1]).all():
        raise DataError(f"{_WHERE}: no cell of the frame of {time_text(ends[-1])} is known")
    return _Frames(rates, ends[-1], step_s, grid)


def _method(rates: NDArray[np.float64], wet_mm_h: float) -> tuple[str, str]:
    wet = (np.nan_to_num(rates, nan=0.0) >= wet_mm_h)[:, 1:-1, 1:-1]  # edges are tapered away
    counts = wet.sum(axis=(1, 2))
    if not (rates[-1] >= wet_mm_h).any():
        return "dry", f"no cell of the last frame has {wet_mm_h:g} mm h-1 or more"
    side = min(rates.shape[1:])
    if side < _LEAST_CELLS:
        return "advection", f"a side of {side} cells, STEPS needs {_LEAST_CELLS}"
    if counts.min() < _LEAST_WET:
        return "advection", f"a frame of {counts.min()} wet cells, STEPS needs {_LEAST_WET}"
    return "steps", f"{counts.min()} wet cells or more in each frame"


def _told_motion(motion: Motion, start: _Frames, wet_mm_h: float) -> dict[str, float]:
    """Give the mean motion of wet cells, m s-1; rows go southwards."""
    wet = np.nan_to_num(start.rates[-1], nan=0.0) >= wet_mm_h
    east, south = (part[wet].mean() if wet.any() else 0.0 for part in motion.cells)
    return {
        "east_m_s": round(float(east) * start.grid.dx / start.step_s, 3),
        "north_m_s": round(-float(south) * start.grid.dy / start.step_s, 3),
        "vectors": motion.vectors,
    }


def _array(values: NDArray[np.float64], start: _Frames, attrs: dict[str, str]) -> xr.DataArray:
    members, steps = values.shape[:2]
    lead_s = start.step_s * np.arange(1, steps + 1)
    ends = start.end + np.round(lead_s * 1e9).astype("timedelta64[ns]")
    time = {"standard_name": "time", "axis": "T", "long_name": "end of interval, UTC"}
    member = {"standard_name": "realization", "units": "1"}
    lead = {"standard_name": "forecast_period", "units": "s"}
    issued = {"standard_name": "forecast_reference_time", "long_name": "end of the last frame"}
    found = xr.DataArray(
        values.astype(np.float32),
        dims=("member", "time", "y", "x"),
        coords={
            "member": ("member", np.arange(members), member),
            "time": ("time", ends, time),
            "lead_time": ("time", lead_s, lead),
            "forecast_reference_time": ((), start.end, issued),
        },
        name="rain_rate",
        attrs={**attrs, **attributes("rain_rate"), "interval_s": start.step_s},
    )
    made = attach_grid(found, start.grid)
    return record(made, "nowcast_rain", method=attrs["method"], issued=attrs["issued"])


def _version(pysteps: object) -> str:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("pysteps")
    except PackageNotFoundError:
        return str(getattr(pysteps, "__version__", "unknown"))
