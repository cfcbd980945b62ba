"""Saying what a radar file or folder holds, one step in memory at a time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from inundate.core.errors import DataError
from inundate.core.grid import Grid
from inundate.rain.formats import find_format
from inundate.rain.nimrod import NimrodReader
from inundate.rain.nimrod_field import NimrodField
from inundate.rain.nimrod_summary import field_table
from inundate.rain.reader import Reader, Request
from inundate.rain.series import Series, open_series
from inundate.rain.source import Skipped, Source, UnreadableError
from inundate.rain.timeline import cadence_s

__all__ = ["WET_MM_H", "describe_rain"]

WET_MM_H = 0.1  # a cell is counted as wet from here
_MANY_FILES = 24  # NIMROD folders up to this size get a table of all their fields


def describe_rain(
    path: Path | str,
    *,
    variable: str | None = None,
    crs: str | None = None,
    interval_s: float | None = None,
) -> dict[str, Any]:
    """Say what a file, folder, tar or store of rain holds.

    Parameters
    ----------
    path, variable, crs, interval_s
        As for :func:`~inundate.rain.open.open_rain`.

    Returns
    -------
    dict
        ``format``, ``files``, ``files_skipped`` (with reasons), ``crs``, ``grid``, ``steps``,
        ``cadence_s``, ``time_start`` and ``time_end`` (UTC), ``gaps``, ``unit_found``, ``unit``,
        ``rate_min``, ``rate_max``, ``rate_mean`` (mm h-1), ``share_missing``, ``share_wet`` (of
        the known cells), ``highest_total_mm``. A NIMROD file that holds no single rain series
        gives ``problem``, the reason, and ``fields``, a table of what it holds.

    Raises
    ------
    MissingFileError
        If the path does not exist.
    DataError
        If no file is recognised or can be read, or formats are mixed.
    """
    found = find_format(Path(path))
    reader = found.reader
    result: dict[str, Any] = {
        "path": str(path),
        "format": reader.name,
        "format_title": reader.title,
        "files": found.files,
        "problem": None,
        "hint": None,
    }
    fields = field_table(_nimrod_fields(reader, found.sources), crs)
    try:
        request = Request(variable=variable, crs=crs)
        series = open_series(Path(path), request, interval_s=interval_s, found=found)
    except DataError as error:
        if not fields:
            raise
        skipped = [Skipped(label, str(reason)) for label, reason in found.failures]
        result |= {"problem": str(error), "hint": error.hint, **_skipped(skipped)}
    else:
        result |= _skipped(series.skipped) | _series(series)
    if fields:
        result["fields"] = fields
        crses = {row["crs"] for row in fields}
        result.setdefault("crs", crses.pop() if len(crses) == 1 else None)
    return result


def _nimrod_fields(reader: Reader, sources: Sequence[Source]) -> Iterator[NimrodField]:
    """Give all NIMROD fields of a few files; a long series is rain and needs no table."""
    if not isinstance(reader, NimrodReader) or len(sources) > _MANY_FILES:
        return
    for source in sources:
        try:
            yield from reader.fields(source)
        except UnreadableError:
            continue  # named among the skipped files


def _skipped(skipped: Sequence[Skipped]) -> dict[str, Any]:
    return {
        "files_skipped": len(skipped),
        "skipped": [{"file": item.file, "reason": item.reason} for item in skipped],
    }


def _series(series: Series) -> dict[str, Any]:
    ends = series.ends
    length = np.timedelta64(round(series.interval_s * 1e9), "ns")
    gaps = _gaps(ends, length)
    tally = _Tally()
    total = np.zeros(series.grid.shape)
    for index in range(len(series.steps)):
        frame = series.frame(index)
        tally.add(frame)
        total += np.nan_to_num(frame) * (series.interval_s / 3600.0)
    attrs = series.attrs()
    return {
        "variable": attrs["variable_found"],
        "unit_found": attrs["unit_found"],
        "unit": "mm h-1",
        "z_r": attrs.get("z_r"),
        "crs": series.grid.crs,
        "crs_name": _crs_name(series.grid),
        "grid": {
            "width": series.grid.width,
            "height": series.grid.height,
            "cell_size": [series.grid.dx, series.grid.dy],
            "cell_unit": "m" if series.grid.is_metric else "CRS units",
            "bounds": list(series.grid.bounds),
        },
        "steps": len(series.steps),
        "interval_s": series.interval_s,
        "cadence_s": cadence_s(ends) or series.interval_s,
        "time_start": _text(ends[0] - length),
        "time_end": _text(ends[-1]),
        "missing_steps": sum(gap["steps"] for gap in gaps),
        "gaps": gaps,
        **tally.result(),
        "wet_threshold": WET_MM_H,
        "highest_total_mm": float(total.max()) if tally.known else None,
    }


@dataclass
class _Tally:
    """Figures over frames, added one at a time."""

    cells: int = 0
    known: int = 0
    wet: int = 0
    total: float = 0.0
    low: float = field(default=np.inf)
    high: float = field(default=-np.inf)

    def add(self, frame: NDArray[np.float32]) -> None:
        """Count one frame (H, W)."""
        known = frame[~np.isnan(frame)]
        self.cells += frame.size
        self.known += known.size
        if known.size:
            self.wet += int(np.count_nonzero(known >= WET_MM_H))
            self.total += float(known.sum(dtype=np.float64))
            self.low = min(self.low, float(known.min()))
            self.high = max(self.high, float(known.max()))

    def result(self) -> dict[str, float | None]:
        """Give the figures; None where every cell is missing."""
        some = self.known > 0
        return {
            "rate_min": self.low if some else None,
            "rate_max": self.high if some else None,
            "rate_mean": self.total / self.known if some else None,
            "share_missing": 1.0 - self.known / self.cells,
            "share_wet": self.wet / self.known if some else None,
        }


def _gaps(ends: NDArray[np.datetime64], length: np.timedelta64) -> list[dict[str, Any]]:
    """List the runs of missing steps: between which times, and how many."""
    found = []
    step = np.timedelta64(round((cadence_s(ends) or 0) * 1e9), "ns") if len(ends) > 1 else length
    for before, after in pairwise(ends):
        steps = round(float((after - before) / step)) - 1
        if steps > 0:
            found.append({"after": _text(before), "before": _text(after), "steps": steps})
    return found


def _text(time: np.datetime64) -> str:
    return f"{np.datetime_as_string(time, unit='s')}Z"


def _crs_name(grid: Grid) -> str:
    """Give a short name of the CRS: its code, or its projection method and parameters."""
    if len(grid.crs) < 24:
        return grid.crs
    from pyproj import CRS

    crs = CRS.from_user_input(grid.crs)
    operation = crs.coordinate_operation
    if operation is None:
        return str(crs.name)
    shown = ", ".join(
        f"{param.name.lower()} {param.value:g}" for param in operation.params if param.value
    )
    return f"{operation.method_name} ({shown})"
