"""Gaps in rain: missing steps are filled up to a stated limit, missing cells only on request.

Nothing is guessed silently: every filled step is listed in ``attrs["filled_steps"]``, every
step that stays missing in ``attrs["missing_steps"]``, every policy for cells with the share
that it touched in ``attrs["history"]``.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from typing import Literal, get_args

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from inundate.core.errors import ConfigError, DataError, nearest
from inundate.core.grid import Grid
from inundate.rain.array import check_metric, check_rain, make_rain, record
from inundate.rain.steps import JITTER_NS, Times, check_times, interval_s, step_text, time_text

__all__ = ["MissingPolicy", "fill_gaps", "fill_missing_cells"]

MissingPolicy = Literal["refuse", "dry", "nearest"]

_NS = 1_000_000_000
_MOST_INSERTED = 1000  # missing steps; more are two events in one folder, not a gap


def fill_gaps(rain: xr.DataArray, *, limit_min: float) -> xr.DataArray:
    """Make the time axis regular and fill short gaps by interpolation in time.

    A step is missing when its time is absent or when all of its cells are. Gaps of up to
    ``limit_min`` minutes are filled cell by cell on the straight line between the steps at
    both ends (a cell missing in either stays missing). Longer gaps, and gaps at the start
    or the end, become frames of NaN.

    Parameters
    ----------
    rain : DataArray (time, y, x), mm h-1
        Rain whose steps lie a whole number of intervals apart.
    limit_min : float
        Longest gap to fill, minutes of missing rain; 0 fills none.

    Returns
    -------
    DataArray (time, y, x), mm h-1
        Every interval once. ``filled_steps`` and ``missing_steps`` list ISO times.

    Raises
    ------
    DataError
        If two steps are not a whole number of intervals apart, or so far apart that they
        are not one event.
    ConfigError
        If the limit is negative.
    """
    where = "filling gaps in rain"
    if not limit_min >= 0:
        raise ConfigError(f"{where}: limit_min is {limit_min:g}, expected 0 or more minutes")
    grid = check_rain(rain, where=where, values=False)
    step = interval_s(rain, where=where)
    ends, position = _regular_times(check_times(rain), step, where)
    values = np.full((ends.size, *grid.shape), np.nan, dtype=np.float32)
    values[position] = rain.to_numpy()
    unknown: NDArray[np.bool_] = np.asarray(np.isnan(values).all(axis=(1, 2)))
    longest = math.floor(limit_min * 60.0 / step + 1e-9)
    filled = _fill_short(values, unknown, longest)
    return _with_record(rain, values, ends, grid, step, filled, unknown & ~filled, limit_min)


def _with_record(
    rain: xr.DataArray,
    values: NDArray[np.float32],
    ends: Times,
    grid: Grid,
    step: float,
    filled: NDArray[np.bool_],
    missing: NDArray[np.bool_],
    limit_min: float,
) -> xr.DataArray:
    earlier = set(json.loads(str(rain.attrs.get("filled_steps", "[]"))))
    new = {time_text(end) for end in ends[filled]}
    found = make_rain(values, ends, grid, step_s=step, attrs=rain.attrs)
    found.attrs["filled_steps"] = json.dumps(sorted(earlier | new))
    found.attrs["missing_steps"] = json.dumps([time_text(end) for end in ends[missing]])
    return record(
        found,
        "fill_gaps",
        limit_min=float(limit_min),
        method="linear in time",
        filled=int(filled.sum()),
        missing=int(missing.sum()),
    )


def _regular_times(ends: Times, step: float, where: str) -> tuple[Times, NDArray[np.intp]]:
    """Give every end from first to last, and where the known ones stand among them."""
    offset = (ends - ends[0]).astype(np.int64)
    length = round(step * _NS)
    position = (offset + length // 2) // length
    odd = np.flatnonzero(np.abs(offset - position * length) > JITTER_NS)
    if odd.size:
        at = int(odd[0])
        raise DataError(
            f"{where}: step {at} at {time_text(ends[at])} is {step_text(offset[at] / _NS)} after "
            f"the first, expected a whole number of {step_text(step)}",
            hint="set interval_s to the true length of a step",
        )
    if position[-1] + 1 - ends.size > max(_MOST_INSERTED, ends.size):
        raise DataError(
            f"{where}: {ends.size} steps of {step_text(step)} lie between {time_text(ends[0])} and "
            f"{time_text(ends[-1])}, where {position[-1] + 1} are expected: not one event",
            hint="open one event at a time, or select a period with rain.sel(time=slice(...))",
        )
    every = ends[0] + np.arange(position[-1] + 1) * np.timedelta64(length, "ns")
    return every, position.astype(np.intp)


def _fill_short(
    values: NDArray[np.float32], unknown: NDArray[np.bool_], longest: int
) -> NDArray[np.bool_]:
    """Fill runs of unknown frames of at most ``longest`` in place; tell which were filled."""
    filled = np.zeros(unknown.shape, dtype=bool)
    for first, last in _runs(unknown):
        if first == 0 or last == unknown.size or last - first > longest:
            continue
        before, after = values[first - 1].astype(np.float64), values[last].astype(np.float64)
        for index in range(first, last):
            share = (index - first + 1) / (last - first + 1)
            values[index] = before + share * (after - before)
        filled[first:last] = True
    return filled


def _runs(flags: NDArray[np.bool_]) -> Iterator[tuple[int, int]]:
    """Give start and end (exclusive) of each run of True."""
    change = np.flatnonzero(np.diff(np.concatenate([[False], flags, [False]]).astype(np.int8)))
    for first, last in change.reshape(-1, 2):
        yield int(first), int(last)


def fill_missing_cells(
    rain: xr.DataArray, *, policy: MissingPolicy, within_m: float | None = None
) -> xr.DataArray:
    """Decide what missing cells become.

    Parameters
    ----------
    rain : DataArray (time, y, x), mm h-1
        Rain with NaN where it is not known.
    policy : {"refuse", "dry", "nearest"}
        "refuse" raises if any cell is missing; "dry" writes 0 everywhere (an assumption,
        recorded with the share it touched); "nearest" takes the nearest known cell of the
        same step, at most ``within_m`` away, and leaves the others missing.
    within_m : float, optional
        Farthest distance between cell centres for "nearest", metres.

    Returns
    -------
    DataArray (time, y, x), mm h-1

    Raises
    ------
    DataError
        If the policy is "refuse" and a cell is missing; says how many and where.
    GridError
        If "nearest" is asked for on a grid that is not in metres.
    ConfigError
        If the policy is unknown, or ``within_m`` does not fit it.
    """
    where = "filling missing cells of rain"
    if policy not in get_args(MissingPolicy):
        close = nearest(str(policy), get_args(MissingPolicy))
        raise ConfigError(
            f"{where}: policy {policy!r}, expected one of {', '.join(get_args(MissingPolicy))}",
            hint=f"did you mean {close!r}?" if close else None,
        )
    if (policy == "nearest") != (within_m is not None) or (within_m is not None and within_m <= 0):
        raise ConfigError(
            f"{where}: policy {policy!r} with within_m = {within_m}, "
            "expected a distance above 0 with 'nearest' and none with the others"
        )
    grid = check_rain(rain, where=where, values=False)
    values = rain.to_numpy().astype(np.float32, copy=True)
    missing = np.isnan(values)
    if policy == "refuse":
        _refuse(missing, check_times(rain), grid, where)
    elif policy == "dry":
        values[missing] = 0.0
    else:
        offsets = _offsets_within(check_metric(grid, where=where), float(within_m or 0.0))
        for frame in values:
            _fill_nearest(frame, offsets)
    return record(
        rain.copy(data=values),
        "fill_missing_cells",
        policy=policy,
        within_m=within_m,
        missing_share=float(missing.mean()),
        filled_share=float(missing.mean() - np.isnan(values).mean()),
        whole_steps_missing=int(missing.all(axis=(1, 2)).sum()),
    )


def _refuse(missing: NDArray[np.bool_], ends: Times, grid: Grid, where: str) -> None:
    if not missing.any():
        return
    step, row, col = (int(i) for i in np.argwhere(missing)[0])
    raise DataError(
        f"{where}: {missing.mean():.3%} of the cells are missing, in "
        f"{int(missing.any(axis=(1, 2)).sum())} of {ends.size} steps, the first at "
        f"{time_text(ends[step])} in cell (row {row}, column {col}) at "
        f"({grid.x[col]:.10g}, {grid.y[row]:.10g}); expected none",
        hint="choose 'nearest' with a distance, or 'dry' if you know that no rain fell there",
    )


def _offsets_within(grid: Grid, within_m: float) -> list[tuple[int, int]]:
    """Give (rows, columns) of the cells within a distance, nearest first."""
    rows = np.arange(-int(within_m // grid.dy), int(within_m // grid.dy) + 1)
    cols = np.arange(-int(within_m // grid.dx), int(within_m // grid.dx) + 1)
    distance = np.hypot(rows[:, None] * grid.dy, cols[None, :] * grid.dx)  # (R, C)
    order = np.argsort(distance, axis=None, kind="stable")
    inside = order[distance.ravel()[order] <= within_m * (1 + 1e-9)]
    return [(int(rows[i // cols.size]), int(cols[i % cols.size])) for i in inside[1:]]


def _fill_nearest(frame: NDArray[np.float32], offsets: list[tuple[int, int]]) -> None:
    """Fill missing cells (H, W) of one frame in place from the known ones around them."""
    height, width = frame.shape
    known = frame.copy()
    row, col = np.nonzero(np.isnan(frame))
    for down, right in offsets:
        if not row.size:
            return
        inside = (row + down >= 0) & (row + down < height)
        inside &= (col + right >= 0) & (col + right < width)
        found = np.full(row.shape, np.nan, dtype=np.float32)
        found[inside] = known[row[inside] + down, col[inside] + right]
        frame[row, col] = found
        left = np.isnan(found)
        row, col = row[left], col[left]
