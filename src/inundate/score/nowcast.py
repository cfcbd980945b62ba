"""How good nowcasts are: made from a past series at many times, and held against what came."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from inundate.core.errors import DataError
from inundate.rain.nowcast import FRAMES, nowcast_rain
from inundate.rain.settings import NowcastSettings
from inundate.rain.steps import check_times, interval_s, step_text, time_text
from inundate.score.probability import crps_of_members

__all__ = ["WAYS", "verify_nowcasts"]

WAYS = ("ensemble", "advection", "persistence", "dry")
"""What is compared: the members; the last frame moved along unchanged; the last frame where it is;
and no rain."""

_WHERE = "verifying nowcasts"
_JITTER = np.timedelta64(1, "s")


@dataclass
class _Sums:
    """Of one lead and way, over all cells that every way and the radar know."""

    cells: int = 0
    crps: float = 0.0
    hits: dict[float, int] = field(default_factory=dict)
    either: dict[float, int] = field(default_factory=dict)


def verify_nowcasts(
    rain: xr.DataArray,
    *,
    settings: NowcastSettings | None = None,
    leads_min: Iterable[float] = (10.0, 30.0, 60.0),
    every_min: float = 30.0,
    thresholds_mm_h: Iterable[float] = (1.0, 5.0),
) -> dict[str, Any]:
    """Make nowcasts of a past series and score them beside persistence.

    Parameters
    ----------
    rain : DataArray (time, y, x), mm h-1
        On a grid in metres.
    settings : NowcastSettings, optional
        Members, at least two, and seed; the lead is that of ``leads_min``.
    leads_min : iterable of float
        Leads that are scored, whole steps.
    every_min : float
        From one nowcast to the next.
    thresholds_mm_h : iterable of float
        For the critical success index.

    Returns
    -------
    dict
        ``issued``: times of the nowcasts; ``methods``: how each was made; ``scores``: rows with
        lead, way (see :data:`WAYS`), ``crps_mm_h`` (of one answer its mean absolute error), the
        critical success index at each threshold (of the ensemble, where at least half of the
        members say so; None where nobody has such rain), and ``cells``.

    Raises
    ------
    DataError
        If no time has frames before it and radar at every lead after it, or a lead is no whole
        number of steps.
    """
    chosen = settings or NowcastSettings()
    leads = sorted(leads_min)
    levels = tuple(thresholds_mm_h)
    ends = check_times(rain, where=_WHERE)
    step_s = interval_s(rain, where=_WHERE)
    steps = [lead * 60.0 / step_s for lead in leads]
    if not leads or any(abs(step - round(step)) > 1e-6 or step < 1 for step in steps):
        raise DataError(
            f"{_WHERE}: leads of {', '.join(f'{lead:g}' for lead in leads)} min, expected whole "
            f"steps of the radar, {step_text(step_s)}"
        )
    numbers = [round(step) for step in steps]
    whole = NowcastSettings(**{**chosen.model_dump(), "lead_min": leads[-1]})
    sums = {(lead, way): _Sums() for lead in leads for way in WAYS}
    issued, methods = [], []
    for at in _starts(ends, numbers, step_s, every_min):
        values = rain.isel(time=slice(at + 1 - FRAMES, at + 1)).load()
        if np.isnan(values.to_numpy()[-1]).all():
            continue
        made = nowcast_rain(values, settings=whole)
        moved = nowcast_rain(values, settings=whole, method="advection")
        for lead, step in zip(leads, numbers, strict=True):
            truth = rain.isel(time=at + step).to_numpy()
            members = made.to_numpy()[:, step - 1]
            ways = {
                "ensemble": members,
                "advection": moved.to_numpy()[:1, step - 1],
                "persistence": values.to_numpy()[-1:],
                "dry": np.zeros_like(truth)[None],
            }
            known = np.isfinite(truth)
            for forecast in ways.values():
                known &= np.isfinite(forecast).all(axis=0)
            for way, forecast in ways.items():
                _add(sums[lead, way], forecast[:, known], truth[known], levels)
        issued.append(time_text(ends[at]))
        methods.append(made.attrs["method"])
    if not issued:
        raise DataError(
            f"{_WHERE}: no time has {FRAMES} frames up to it and others "
            f"{' and '.join(f'{lead:g}' for lead in leads)} min after it"
        )
    rows = [_row(lead, way, sums[lead, way], levels) for lead in leads for way in WAYS]
    return {"issued": issued, "methods": methods, "scores": rows}


def _starts(
    ends: NDArray[np.datetime64], steps: list[int], step_s: float, every_min: float
) -> list[int]:
    """Give frames that have enough before and after them, so far apart as asked."""
    step = np.timedelta64(round(step_s * 1e9), "ns")
    found: list[int] = []
    for at in range(FRAMES - 1, len(ends) - steps[-1]):
        around = [*range(1 - FRAMES, 1), *steps]
        if any(abs(ends[at + n] - ends[at] - n * step) > _JITTER for n in around):
            continue
        apart = every_min * 60.0
        if found and (ends[at] - ends[found[-1]]) / np.timedelta64(1, "s") < apart - 1.0:
            continue
        found.append(at)
    return found


def _add(
    sums: _Sums,
    forecast: NDArray[np.float32],
    truth: NDArray[np.float32],
    levels: tuple[float, ...],
) -> None:
    sums.cells += truth.size
    if len(forecast) > 1:
        sums.crps += float(crps_of_members(forecast, truth).sum())
    else:
        sums.crps += float(np.abs(forecast[0].astype(np.float64) - truth).sum())
    for level in levels:
        said = (forecast >= level).mean(axis=0) >= 0.5
        came = truth >= level
        sums.hits[level] = sums.hits.get(level, 0) + int((said & came).sum())
        sums.either[level] = sums.either.get(level, 0) + int((said | came).sum())


def _row(lead: float, way: str, sums: _Sums, levels: tuple[float, ...]) -> dict[str, Any]:
    csi = {
        f"csi_{level:g}": sums.hits[level] / sums.either[level] if sums.either[level] else None
        for level in levels
    }
    crps = sums.crps / sums.cells if sums.cells else None
    return {"lead_min": lead, "way": way, "crps_mm_h": crps, **csi, "cells": sums.cells}
