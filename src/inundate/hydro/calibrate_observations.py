"""Observed levels or depths: from a table to cells and times of a simulation."""

from __future__ import annotations

import csv
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from inundate.core.errors import DataError
from inundate.core.files import check_input
from inundate.core.grid import Grid
from inundate.hydro.state import Array

__all__ = ["Observations", "open_observations"]

_KNOWN = ("name", "x", "y", "time", "level", "depth", "sd")
_MOST_FAULTS = 10
_SECOND = np.timedelta64(1, "s")


@dataclass(frozen=True)
class Observations:
    """Depths seen at gauges.

    Attributes
    ----------
    gauge : array (O,), int64
        Which gauge each observation belongs to.
    names : tuple of str
        Name of each gauge.
    rows, columns : array (G,), int64
        Cell of each gauge.
    time_s : array (O,)
        Since the start of the rain; NaN for the largest depth of all.
    depth : array (O,), m
        Above the ground of the cell.
    sd : array (O,), m
        Standard deviation of its error.
    """

    gauge: NDArray[np.int64]
    names: tuple[str, ...]
    rows: NDArray[np.int64]
    columns: NDArray[np.int64]
    time_s: NDArray[np.float64]
    depth: NDArray[np.float64]
    sd: NDArray[np.float64]

    def __len__(self) -> int:
        """Give the number of observations."""
        return self.depth.size


def open_observations(
    path: Path | str,
    grid: Grid,
    elevation: Array,
    *,
    start: np.datetime64 | None,
    total_s: float,
    sd_m: float,
) -> Observations:
    """Read observations from a CSV.

    Parameters
    ----------
    path : Path
        With a header and a row for each observation: ``x``, ``y`` in the grid's CRS; ``level`` in
        the terrain's height datum or ``depth``, m; optional ``time`` (ISO, or seconds since the
        start of the rain; empty for the peak), ``sd`` in m, and ``name`` of the gauge.
    grid : Grid
        The terrain's.
    elevation : array (H, W), m
        The terrain; NaN where there is no ground.
    start : datetime64, optional
        Start of the rain; without it times must be in seconds.
    total_s : float
        Length of the simulation, s.
    sd_m : float
        Standard deviation of an observation that states none, m.

    Raises
    ------
    MissingFileError
        If the file is absent.
    DataError
        If columns or values are wrong; all faults at once.
    """
    source = check_input(path, what="calibrating")
    lines = _table(source)
    faults: list[str] = []
    rows = [
        _Row(line, f"line {number}", grid, elevation, start, total_s, sd_m, faults)
        for number, line in enumerate(lines, start=2)
    ]
    if faults:
        more = len(faults) - _MOST_FAULTS
        shown = [*faults[:_MOST_FAULTS], *([f"and {more} more"] if more > 0 else [])]
        raise DataError(f"reading {source}: {'; '.join(shown)}")
    places = list(dict.fromkeys((row.name, row.cell) for row in rows))
    return Observations(
        gauge=np.array([places.index((row.name, row.cell)) for row in rows], dtype=np.int64),
        names=tuple(name for name, _ in places),
        rows=np.array([cell[0] for _, cell in places], dtype=np.int64),
        columns=np.array([cell[1] for _, cell in places], dtype=np.int64),
        time_s=np.array([row.time_s for row in rows]),
        depth=np.array([row.depth for row in rows]),
        sd=np.array([row.sd for row in rows]),
    )


def _table(source: Path) -> list[dict[str, str]]:
    try:
        text = source.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise DataError(f"reading {source}: not a text file in UTF-8 ({error})") from error
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    table = list(csv.reader(lines, skipinitialspace=True))
    header = [name.strip() for name in table[0]] if table else []
    unknown = [name for name in header if name not in _KNOWN]
    height = {"level", "depth"} & set(header)
    if unknown or not {"x", "y"} <= set(header) or len(height) != 1:
        raise DataError(
            f"reading {source}: found the columns {', '.join(header) or '(none)'}, expected x, y, "
            "either level or depth, and if known time, sd and name"
        )
    if len(table) < 2:
        raise DataError(f"reading {source}: holds no observation")
    return [dict(zip(header, row, strict=False)) for row in table[1:]]


class _Row:
    """One observation, with what is wrong with it added to the faults."""

    def __init__(
        self,
        line: dict[str, str],
        where: str,
        grid: Grid,
        elevation: Array,
        start: np.datetime64 | None,
        total_s: float,
        sd_m: float,
        faults: list[str],
    ) -> None:
        self.where, self.faults = where, faults
        x, y = self._number(line, "x"), self._number(line, "y")
        self.name = line.get("name", "").strip() or f"({x:.10g}, {y:.10g})"
        self.cell, self.depth = (0, 0), math.nan
        self.sd = self._number(line, "sd") if line.get("sd", "").strip() else sd_m
        if not self.sd > 0 and not math.isnan(self.sd):
            faults.append(f"{where}: sd {self.sd:g} m, expected more than 0")
        self.time_s = self._time(line.get("time", "").strip(), start, total_s)
        key = "level" if "level" in line else "depth"
        value = self._number(line, key)
        if math.isnan(x + y + value):
            return
        column, row = int((x - grid.left) // grid.dx), int((grid.top - y) // grid.dy)
        if not (0 <= row < grid.height and 0 <= column < grid.width):
            faults.append(f"{where}: ({x:g}, {y:g}) is outside the terrain, {grid.bounds}")
            return
        ground = float(elevation[row, column])
        if math.isnan(ground):
            faults.append(f"{where}: the terrain has no ground at ({x:g}, {y:g})")
            return
        self.cell = (row, column)
        self.depth = value - ground if key == "level" else value
        if self.depth < 0:
            text = f"level {value:g} m is below the ground at {ground:.3f} m"
            faults.append(f"{where}: {text if key == 'level' else f'depth {value:g} m'}")

    def _number(self, line: dict[str, str], key: str) -> float:
        text = line.get(key, "")
        try:
            value = float(text)
        except ValueError:
            value = math.nan
        if not math.isfinite(value):
            self.faults.append(f"{self.where}: {key} {text!r}, expected a number")
            return math.nan
        return value

    def _time(self, text: str, start: np.datetime64 | None, total_s: float) -> float:
        if not text:
            return math.nan
        seconds = _seconds(text, start)
        if seconds is None:
            self.faults.append(f"{self.where}: time {text!r}, expected seconds or an ISO time")
            return math.nan
        if not 0 <= seconds <= total_s:
            self.faults.append(
                f"{self.where}: time {text} is {seconds:g} s after the start, outside the "
                f"simulation of {total_s:g} s"
            )
        return seconds


def _seconds(text: str, start: np.datetime64 | None) -> float | None:
    try:
        return float(text)
    except ValueError:
        pass
    try:
        moment: Any = np.datetime64(text.removesuffix("Z"), "ns")
    except ValueError:
        return None
    return None if start is None else float((moment - start) / _SECOND)
