"""Time series of LISFLOOD-FP, as its boundary, rain and evaporation files hold them.

A series is a count with a unit of time, then a value and a time a line; between the times the
model takes the straight line, outside of them the value at the end.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from inundate.core.errors import DataError
from inundate.hydro.external.textfile import Line, read_lines
from inundate.hydro.series import Series

__all__ = [
    "JUMP_S", "from_steps", "read_boundary_series", "read_rate_series", "series_text", "to_steps",
]  # fmt: skip

_MOST_STEPS = 10**6
_UNITS = {"second": 1.0, "minute": 60.0, "hour": 3600.0, "day": 86400.0}
# LISFLOOD-FP has no steps: two times this near are one jump, half way between them. In single
# precision times up to 12 days are still told apart, and the integral over a jump is kept.
JUMP_S = 0.1


def read_boundary_series(path: Path) -> dict[str, Series]:
    """Read a ``.bdy`` file: a comment line, then series by name.

    Raises
    ------
    DataError
        If a count, unit, value or time is wrong; the message names the line.
    """
    lines = _content(path)
    found: dict[str, Series] = {}
    for line in lines:
        name = line.words[0]
        if name in found:
            raise line.fault(f"a second series {name!r}", "one of each name")
        found[name] = _read_one(lines, line, name)
    if not found:
        raise DataError(f"reading {path}: found no series, expected some behind the first line")
    return found


def read_rate_series(path: Path, name: str) -> Series:
    """Read a file of one series, such as ``.rain`` or ``.evap``: a comment line, then the series.

    Raises
    ------
    DataError
        If a count, unit, value or time is wrong, or a value is below 0.
    """
    lines = _content(path)
    header = Line(Path(path), 1, "")
    found = _read_one(lines, header, name)
    rest = next(lines, None)
    if rest is not None:
        raise rest.fault(f"{rest.text[:40]!r}", "no line behind the last that is counted")
    if found.value.min() < 0:
        raise DataError(f"reading {path}: found the rate {found.value.min():g}, expected 0 or more")
    return found


def _content(path: Path) -> Iterator[Line]:
    """Give the lines behind the first that are neither empty nor comments."""
    for line in read_lines(path):
        if line.number > 1 and line.text and not line.text.startswith("#"):
            yield line


def _read_one(lines: Iterator[Line], header: Line, name: str) -> Series:
    line = next(lines, None)
    if line is None or len(line.words) < 2:
        raise (line or header).fault(
            f"{line.text[:40]!r}" if line else "the end of the file",
            "a count and a unit of time, such as '25 hours'",
        )
    count = line.whole_of(line.words[0], "how many times follow, a whole number")
    unit = line.words[1].lower().rstrip("s")
    if unit not in _UNITS:
        raise line.fault(f"the unit {line.words[1]!r}", "seconds, minutes, hours or days")
    if count < 1:
        raise line.fault(f"{count} times", "one or more")
    pairs: list[tuple[float, float]] = []
    for _ in range(count):
        row = next(lines, None)
        if row is None:
            raise line.fault(
                f"{count} times promised and {len(pairs)} in the file", "as many as promised"
            )
        if len(row.words) < 2:
            raise row.fault(f"{row.text[:40]!r}", "a value and a time")
        value = row.number_of(row.words[0], "a value and a time")
        time = row.number_of(row.words[1], "a value and a time") * _UNITS[unit]
        if pairs and time <= pairs[-1][1]:
            raise row.fault(f"the time {row.words[1]}", "one later than that of the line before")
        pairs.append((value, time))
    values, seconds = np.array(pairs).T
    return Series(seconds, values, "hold", name)


def series_text(series: Series, *, decimals: int = 6) -> str:
    """Give the text of a series in seconds, without its name."""
    lines = [f"{series.time_s.size} seconds"]
    lines += [
        f"{value:.{decimals}f} {second:.10g}"
        for value, second in zip(series.value, series.time_s, strict=True)
    ]
    return "\n".join(lines) + "\n"


def from_steps(name: str, rates: NDArray[np.float64], step_s: float) -> Series:
    """Give steps of constant rate as a series with jumps, 0 after the last.

    Parameters
    ----------
    name : str
    rates : array (T,)
    step_s : float
        Length of a step, s.

    Examples
    --------
    >>> from_steps("rain", np.array([2.0]), 60.0).time_s.tolist()
    [0.0, 59.95, 60.05]
    """
    edges = step_s * np.arange(1, rates.size + 1)
    times = np.sort(np.concatenate([[0.0], edges - JUMP_S / 2, edges + JUMP_S / 2]))
    values = np.append(np.repeat(rates, 2), 0.0)
    return Series(times, values, "hold", name)


def to_steps(
    series: Series, total_s: float, step_s: float | None = None
) -> tuple[NDArray[np.float64], float]:
    """Give the means over equal steps of a series; its integral is kept.

    Parameters
    ----------
    series : Series
    total_s : float
        Time to be covered from 0, s.
    step_s : float, optional
        Length of a step; by default the longest whole number of seconds that divides all times.

    Returns
    -------
    rates : array (T,)
    step_s : float

    Raises
    ------
    DataError
        If that would be more than a million steps.
    """
    corners, low, high = _corners(series)
    step = step_s or float(math.gcd(round(total_s), *(round(t) for t in corners)))
    count = math.ceil(total_s / step - 1e-9) if step else 0
    if not 0 < count <= _MOST_STEPS:
        raise DataError(
            f"reading the series {series.name!r}: {count} steps of {step:g} s over {total_s:g} s",
            hint="choose the length of a step by --rain-step-s",
        )
    edges = step * np.arange(count + 1, dtype=np.float64)
    return np.diff(_integral(corners, low, high, edges)) / step, step


def _corners(
    series: Series,
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Give the times of corners and jumps, and the values before and after each."""
    times, values = series.time_s, series.value
    is_jump = np.diff(times) <= JUMP_S * (1 + 1e-6)
    first = np.append(True, ~is_jump)  # the first point of each corner
    last = np.append(~is_jump, True)
    middle = np.round((times[first] + times[last]) / 2, 6)
    return middle, values[first], values[last]


def _integral(
    corners: NDArray[np.float64],
    low: NDArray[np.float64],
    high: NDArray[np.float64],
    at: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Integral from the first corner, exact on the straight lines, the ends held."""
    first, last = min(at[0], corners[0]) - 1, max(at[-1], corners[-1]) + 1
    times = np.concatenate([[first], corners, [last]])
    starts = np.concatenate([low[:1], high])  # value at the start of each line
    ends = np.concatenate([low, high[-1:]])
    widths = np.diff(times)
    area = np.concatenate([[0.0], np.cumsum(widths * (starts + ends) / 2)])
    line = np.clip(np.searchsorted(times, at, side="right") - 1, 0, widths.size - 1)
    past = at - times[line]
    here = starts[line] + past / widths[line] * (ends[line] - starts[line])
    return np.asarray(area[line] + past * (starts[line] + here) / 2)
