"""Read a series from CSV or TOML: times in seconds or ISO 8601, a value with its unit."""

from __future__ import annotations

import csv
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from inundate.core.config import read_toml
from inundate.core.errors import DataError, nearest
from inundate.core.files import check_input
from inundate.core.units import UNITS, canonical_unit, convert
from inundate.hydro.series import Outside, Series

__all__ = ["open_series", "series_of"]

_CLOCKS = {"time_s": 1.0, "time_min": 60.0, "time_h": 3600.0}  # seconds in a unit
_KEYS = (*_CLOCKS, "time", "value", "unit", "outside")
_HEADER = re.compile(r"^(?P<name>[^\[(]*)[\[(](?P<unit>[^\])]*)[\])]\s*$")
_HINT = (
    "a CSV begins with a header such as 'time_s, level [m]' or 'time, inflow [m3 s-1]' (ISO times "
    "in UTC)"
)


def open_series(
    path: Path | str,
    unit: str,
    *,
    start: np.datetime64 | None = None,
    outside: Outside | None = None,
    name: str | None = None,
) -> Series:
    """Read a series from a file.

    Parameters
    ----------
    path : Path
        ``.csv`` with two columns: ``time_s`` (also ``time_min``, ``time_h``) since the start of
        the simulation, or ``time`` in ISO 8601, UTC; and a value whose unit stands in brackets.
        Lines that begin with ``#`` are left out. Or ``.toml`` with ``time_s`` (or ``time``),
        ``value``, ``unit`` and, if wanted, ``outside``.
    unit : str
        To convert to, such as ``"m3 s-1"``.
    start : datetime64, optional
        Start of the simulation, UTC; needed for ISO times.
    outside : {"refuse", "hold", "zero"}, optional
        Over what the file says; by default ``refuse``.
    name : str, optional
        For messages; by default the file's.

    Raises
    ------
    MissingFileError
        If it is absent.
    DataError
        If it cannot be read, its unit measures something else, or its times do not rise.
    """
    source = check_input(path, what="reading a series")
    if source.suffix.lower() == ".toml":
        table: Mapping[str, Any] = read_toml(source)
    else:
        table = _read_csv(source)
    return series_of(table, unit, start=start, outside=outside, name=name or str(source))


def series_of(
    table: Mapping[str, Any],
    unit: str,
    *,
    start: np.datetime64 | None = None,
    outside: Outside | None = None,
    name: str = "series",
) -> Series:
    """Make a series of a table with ``time_s`` or ``time``, ``value`` and ``unit``.

    Raises
    ------
    DataError
        If a key is unknown or missing, or a value is wrong.
    """
    for key in table:
        if key not in _KEYS:
            close = nearest(key, _KEYS)
            advice = f"did you mean {close!r}?" if close else f"expected {', '.join(_KEYS)}"
            raise DataError(f"{name}: key {key!r} is not known; {advice}")
    clocks = [key for key in (*_CLOCKS, "time") if key in table]
    absent = [key for key in ("value", "unit") if key not in table]
    if len(clocks) != 1 or absent:
        raise DataError(
            f"{name}: found {', '.join(table) or 'nothing'}, expected 'value', 'unit' and one of "
            f"{', '.join((*_CLOCKS, 'time'))}",
            hint=_HINT,
        )
    times = _seconds(table[clocks[0]], clocks[0], start, name)
    values = _numbers(table["value"], "value", name)
    return Series(
        times, _converted(values, str(table["unit"]), unit, name),
        outside or table.get("outside", "refuse"), name,
    )  # fmt: skip


def _converted(
    values: NDArray[np.float64], found: str, wanted: str, name: str
) -> NDArray[np.float64]:
    try:
        unit = canonical_unit(found)
    except DataError as error:
        raise DataError(f"{name}: {error.message}", hint=error.hint) from error
    if UNITS[unit][0] != UNITS[canonical_unit(wanted)][0]:
        raise DataError(f"{name}: values are in {found!r}, expected {wanted!r}", hint=_HINT)
    return np.asarray(convert(values, unit, wanted), dtype=np.float64)


def _read_csv(path: Path) -> dict[str, Any]:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise DataError(f"reading {path}: not a text file in UTF-8 ({error})") from error
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    rows = [[cell.strip() for cell in row] for row in csv.reader(lines)]
    header = rows[0] if rows else []
    match = _HEADER.match(header[1]) if len(header) == 2 else None
    if match is None or header[0] not in (*_CLOCKS, "time"):
        found = f"the header {', '.join(header)!r}" if header else "an empty file"
        raise DataError(
            f"reading {path}: found {found}, expected two columns: time_s (or time_min, time_h, "
            "time) and a value with its unit in brackets",
            hint=_HINT,
        )
    for number, row in enumerate(rows[1:], start=2):
        if len(row) != 2 or not all(row):
            raise DataError(
                f"reading {path}: row {number} has {sum(map(bool, row))} values, expected 2"
            )
    return {
        header[0]: [row[0] for row in rows[1:]],
        "value": [row[1] for row in rows[1:]],
        "unit": match["unit"],
    }


def _numbers(values: Any, key: str, name: str) -> NDArray[np.float64]:
    if not isinstance(values, Sequence) or isinstance(values, str):
        raise DataError(f"{name}: {key} is {values!r}, expected a list of numbers")
    found = np.empty(len(values))
    for number, value in enumerate(values):
        try:
            found[number] = np.nan if isinstance(value, bool) else float(value)
        except (TypeError, ValueError) as error:
            raise DataError(
                f"{name}: {key} number {number + 1} is {value!r}, expected a number"
            ) from error
    return found


def _seconds(values: Any, key: str, start: np.datetime64 | None, name: str) -> NDArray[np.float64]:
    if key != "time":
        return _numbers(values, key, name) * _CLOCKS[key]
    if start is None:
        raise DataError(
            f"{name}: times are dates, but the start of the simulation is not known",
            hint="give seconds since the start as time_s",
        )
    if not isinstance(values, Sequence) or isinstance(values, str):
        raise DataError(f"{name}: {key} is {values!r}, expected a list of times")
    origin = start.astype("datetime64[ns]")
    found = [_moment(value, number, name) - origin for number, value in enumerate(values)]
    return np.array([step / np.timedelta64(1, "ns") / 1e9 for step in found])


def _moment(value: Any, number: int, name: str) -> np.datetime64:
    """Read one time; without an offset it is UTC."""
    try:
        moment = value if isinstance(value, date) else datetime.fromisoformat(str(value))
        if not isinstance(moment, datetime):
            moment = datetime(moment.year, moment.month, moment.day, tzinfo=UTC)
        if moment.tzinfo is not None:
            moment = moment.astimezone(UTC).replace(tzinfo=None)
    except ValueError as error:
        raise DataError(
            f"{name}: time number {number + 1} is {value!r}, expected ISO 8601 such as "
            "2021-07-12T14:05:00Z"
        ) from error
    return np.datetime64(moment, "ns")
