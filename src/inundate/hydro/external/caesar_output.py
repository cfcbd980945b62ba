"""Results of CAESAR-Lisflood and HAIL-CAESAR: depth grids and the series at the outlet.

Depth grids are ``NAMEminutes.asc``, one a file, or all one behind the other in one file as the
patched simulator writes them to its output; then neither names nor grids hold their times.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from inundate.core.errors import DataError
from inundate.core.grid import Grid
from inundate.hydro.external.rasters import read_depths
from inundate.hydro.external.results import Frames, check_rising, even_seconds
from inundate.hydro.external.textfile import read_lines, stream_text
from inundate.rain.storm import DEFAULT_START

__all__ = ["depth_files", "has_depth_files", "read_caesar_depths", "read_catchment_series"]

_NUMBERED = re.compile(r"^(?P<stem>.*?\D)(?P<minutes>\d+)\.(asc|txt)(\.gz)?$", re.IGNORECASE)
_COLUMNS = 14  # number, water out, runoff, sand, nine grain sizes and their sum


def has_depth_files(folder: Path, prefix: str = "WaterDepths") -> bool:
    """Tell whether a folder holds depth grids of a name."""
    return bool(_numbered(folder, prefix))


def _numbered(folder: Path, prefix: str) -> list[tuple[float, Path]]:
    found: list[tuple[float, Path]] = []
    for path in sorted(folder.iterdir()):
        match = _NUMBERED.match(path.name)
        if match and match["stem"].endswith(prefix):
            found.append((float(match["minutes"]) * 60, path))
    return found


def depth_files(folder: Path, prefix: str = "WaterDepths") -> dict[float, Path]:
    """Give the depth grids of a folder by their time in seconds.

    Parameters
    ----------
    folder : Path
    prefix : str
        What stands before the minutes; something may stand before it.

    Raises
    ------
    DataError
        If there is none, or two are of one time.
    """
    found = _numbered(folder, prefix)
    if not found:
        raise DataError(
            f"importing results from {folder}: found no depth grid {prefix}MINUTES.asc",
            hint="the name before the minutes is waterdepth_outfile_name: give it by --prefix",
        )
    check_rising([time for time, _ in found], [path.name for _, path in found])
    return dict(sorted(found))


def read_caesar_depths(
    path: Path,
    grid: Grid,
    *,
    crs: str | None = None,
    prefix: str = "WaterDepths",
    every_s: float | None = None,
    first_s: float | None = None,
) -> Frames:
    """Find the depth grids of a run.

    Parameters
    ----------
    path : Path
        Folder of numbered grids, one numbered grid, or a file of grids one behind the other.
    grid : Grid
        The heightmap's.
    crs : str, optional
        That of the grids, where they have no ``.prj``.
    prefix : str
        What stands before the minutes.
    every_s, first_s : float, optional
        Time between grids and of the first, s, for grids in one file; the first is taken to
        come after one interval.

    Returns
    -------
    Frames

    Raises
    ------
    DataError, GridError
        If nothing is found or a grid does not fit.
    """
    reference = crs or grid.crs
    if path.is_dir():
        files = depth_files(path, prefix)
        paths = list(files.values())
        seconds = np.array(list(files), dtype=np.float64)
        return Frames(seconds, lambda number: _single(paths[number], grid, reference))
    match = _NUMBERED.match(path.name)
    stack = _Stack(path, grid, reference)
    if match and stack.count == 1 and every_s is None:
        return Frames(np.array([float(match["minutes"]) * 60]), stack.read)
    if every_s is None:
        raise DataError(
            f"importing {path}: found {stack.count} grids without times, "
            "expected to be told the time between them",
            hint="give --every-s, or the parameter file by --case",
        )
    first = every_s if first_s is None else first_s
    return Frames(even_seconds(stack.count, first, every_s), stack.read)


class _Stack:
    """Grids one behind the other in a file, read in turn; only one is held in memory."""

    def __init__(self, path: Path, grid: Grid, crs: str) -> None:
        self._path, self._grid, self._crs = path, grid, crs
        self.count = sum(text.lower().startswith("ncols") for text in stream_text(path))
        self._next = 0
        self._depths: Iterator[NDArray[np.float32]] = iter(())

    def read(self, number: int) -> NDArray[np.float32]:
        """Give a grid; going back starts the file again."""
        if number < self._next or self._next == 0:
            self._depths, self._next = read_depths(self._path, self._grid, self._crs), 0
        while True:
            found = next(self._depths, None)
            if found is None:
                raise DataError(f"reading {self._path}: found no grid {number + 1}")
            self._next += 1
            if self._next == number + 1:
                return found


def _single(path: Path, grid: Grid, crs: str) -> NDArray[np.float32]:
    depths = read_depths(path, grid, crs)
    found = next(depths)
    if next(depths, None) is not None:
        raise DataError(f"reading {path}: found several grids, expected one in a numbered file")
    return found


def read_catchment_series(path: Path, *, step_s: float, start: str = DEFAULT_START) -> xr.Dataset:
    """Read the ``.dat`` series at the outlet.

    Parameters
    ----------
    path : Path
    step_s : float
        ``timeseries_save_interval`` in seconds; the lines hold their number only.
    start : str
        UTC time of the start.

    Returns
    -------
    Dataset
        ``discharge`` over the edges and ``runoff`` that TOPMODEL puts on the ground (time),
        m3 s-1, means over the interval that ends at ``time``.

    Raises
    ------
    DataError
        If a line has another number of columns than 14, or its number is out of turn.
    """
    rows: list[list[float]] = []
    for line in read_lines(path):
        if not line.text:
            continue
        row = line.numbers("the 14 numbers of a line of the series")
        if len(row) != _COLUMNS:
            raise line.fault(f"{len(row)} numbers", f"{_COLUMNS}")
        if row[0] != len(rows) + 1:
            raise line.fault(
                f"the number {row[0]:g}", f"{len(rows) + 1}",
                hint="lines are missing, or two runs wrote to one file",
            )  # fmt: skip
        rows.append(row)
    if not rows:
        raise DataError(f"reading {path}: found no line, expected the series at the outlet")
    table = np.array(rows)
    ends = np.datetime64(start, "ns") + np.round(table[:, 0] * step_s * 1e9).astype(
        "timedelta64[ns]"
    )
    unit = {"units": "m3 s-1", "cell_methods": "time: mean"}
    return xr.Dataset(
        {
            "discharge": ("time", table[:, 1], {**unit, "long_name": "discharge over the edges"}),
            "runoff": ("time", table[:, 2], {**unit, "long_name": "TOPMODEL runoff"}),
        },
        coords={"time": ("time", ends)},
        attrs={"interval_s": float(step_s)},
    )
