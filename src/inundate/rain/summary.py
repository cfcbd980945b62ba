"""The figures of a rain array that commands print: period, grid, total, peak, share missing."""

from __future__ import annotations

from typing import Any

import numpy as np
import xarray as xr

from inundate.rain.array import check_rain, history
from inundate.rain.steps import interval_s, step_edges, time_text

__all__ = ["summarise_rain"]


def summarise_rain(rain: xr.DataArray) -> dict[str, Any]:
    """Give the figures of a rain array, read one step at a time.

    Parameters
    ----------
    rain : DataArray (time, y, x), mm h-1
        Any rain.

    Returns
    -------
    dict
        ``steps``, ``interval_s``, ``start``, ``end``, ``grid``, ``crs``, ``bounds``,
        ``mean_total_mm`` (mean over the cells known throughout), ``max_total_mm``,
        ``peak_mm_h``, ``missing_share`` and ``history``; None where nothing is known.

    Raises
    ------
    DataError
        If the array is not rain or the length of a step is not known.
    """
    grid = check_rain(rain, where="summarising rain", values=False)
    starts, ends = step_edges(rain)
    step = interval_s(rain)
    total = np.zeros(grid.shape)
    missing, peak = 0, -np.inf
    for index in range(ends.size):
        frame = rain.isel(time=index).to_numpy()
        total += frame
        missing += int(np.isnan(frame).sum())
        peak = max(peak, float(np.max(frame, initial=-np.inf, where=~np.isnan(frame))))
    known = total[~np.isnan(total)] * step / 3600.0
    return {
        "steps": ends.size,
        "interval_s": step,
        "start": time_text(starts[0]),
        "end": time_text(ends[-1]),
        "grid": grid.describe(),
        "crs": grid.crs,
        "bounds": list(grid.bounds),
        "mean_total_mm": float(known.mean()) if known.size else None,
        "max_total_mm": float(known.max()) if known.size else None,
        "peak_mm_h": peak if np.isfinite(peak) else None,
        "missing_share": missing / (ends.size * total.size),
        "history": history(rain),
    }
