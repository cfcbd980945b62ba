"""A series of rain files put in order: recognised, timed, tried, and read one step at a time."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from inundate.core.errors import DataError, GridError, InundateError
from inundate.core.grid import Bounds, Grid, check_same_grid, normalise_crs, transform_bounds
from inundate.core.names import VARIABLES
from inundate.rain.formats import Found, find_format, need_steps
from inundate.rain.reader import FieldChoiceError, Frame, Reader, Request, Step
from inundate.rain.source import Skipped, UnreadableError
from inundate.rain.timeline import check_times_differ, common_interval_s

__all__ = ["Series", "open_series"]

_HOLD_BYTES = 256 * 2**20  # frames kept from the trial read; above that they are read again
_ROUNDING = 1e-3  # mm h-1; packed products have rounding errors just below zero


@dataclass
class Series:
    """Rain steps in order of time.

    Attributes
    ----------
    reader : Reader
        Format of all files.
    steps : list of Step
        Sorted by time, no time twice, one grid.
    interval_s : float
        Length of every interval in seconds.
    grid : Grid
        Of the frames as delivered, cropped.
    window : tuple of slice
        Rows and columns kept of each file.
    files : int
        Files found, read or not.
    skipped : list of Skipped
        Files left out and why.
    """

    reader: Reader
    steps: list[Step]
    interval_s: float
    grid: Grid
    window: tuple[slice, slice]
    files: int
    skipped: list[Skipped]
    _held: dict[int, NDArray[np.float32]] = field(default_factory=dict, repr=False)

    @property
    def ends(self) -> NDArray[np.datetime64]:
        """Ends of the intervals, UTC, (T,)."""
        return np.array([step.end for step in self.steps], dtype="datetime64[ns]")

    @property
    def held(self) -> bool:
        """True if every frame is in memory."""
        return len(self._held) == len(self.steps)

    def frame(self, index: int) -> NDArray[np.float32]:
        """Give one frame, mm h-1, NaN missing, (H, W).

        Raises
        ------
        UnreadableError
            If its bytes are damaged or its values are no rain rates.
        """
        if index in self._held:
            return self._held[index]
        step = self.steps[index]
        values = np.asarray(step.load())
        if values.shape != step.grid.shape:
            raise UnreadableError(
                f"reading {step.source}: values of shape {values.shape} on a grid of "
                f"{step.grid.shape}"
            )
        values = values[self.window]
        if step.quantity == "depth":
            values = values * (3600.0 / self.interval_s)
        return _checked(values, step)

    def attrs(self) -> dict[str, Any]:
        """Give the attributes that tell where the rain comes from."""
        shared = dict(self.steps[0].attrs)
        for step in self.steps[1:]:
            shared = {k: v for k, v in shared.items() if step.attrs.get(k) == v}
        earlier = json.loads(shared.pop("files_skipped", "[]"))  # of files of our own
        return {
            "source_format": self.reader.name,
            "unit_found": _joined(step.unit_found for step in self.steps),
            "variable_found": _joined(step.variable for step in self.steps),
            "interval_s": self.interval_s,
            "files_skipped": json.dumps([*earlier, *(vars(item) for item in self.skipped)]),
            **shared,
        }

    def release(self, index: int) -> None:
        """Let go of a frame kept from the trial read."""
        self._held.pop(index, None)

    def try_all(self) -> list[tuple[Step, InundateError]]:
        """Read frames once; drop those that cannot be read and say why.

        Files of many steps, which are checked when opened, are read only if all frames can be
        kept in memory.
        """
        failed: list[tuple[Step, InundateError]] = []
        kept: list[Step] = []
        held: dict[int, NDArray[np.float32]] = {}
        room = _HOLD_BYTES
        small = 4 * len(self.steps) * self.grid.width * self.grid.height <= room
        for index, step in enumerate(self.steps):
            try:
                frame = self.frame(index) if small or not step.verified else None
            except UnreadableError as error:
                failed.append((step, error))
                continue
            if frame is not None:
                held[len(kept)] = frame
                room -= frame.nbytes
                if room < 0:
                    held.clear()
            kept.append(step)
        self.steps = kept
        self._held = held if len(held) == len(kept) else {}
        return failed


def _joined(names: Iterable[str]) -> str:
    return ", ".join(dict.fromkeys(names))


def _checked(values: Frame, step: Step) -> NDArray[np.float32]:
    """Refuse what cannot be a rain rate; NaN stays NaN."""
    high_limit = VARIABLES["rain_rate"].valid_max or np.inf
    known = values[~np.isnan(values)]
    low, high = (float(known.min()), float(known.max())) if known.size else (0.0, 0.0)
    if low < -_ROUNDING or high > high_limit:
        raise UnreadableError(
            f"reading {step.source}: {step.variable} [{step.unit_found}] ranges from {low:g} to "
            f"{high:g} mm h-1, expected 0 to {high_limit:g}",
            hint="a wrong unit or an undeclared missing value looks like this",
        )
    return np.where(values < 0, 0, values).astype(np.float32)


def open_series(
    path: Path,
    request: Request,
    *,
    interval_s: float | None = None,
    box: Bounds | None = None,
    box_crs: str | None = None,
    found: Found | None = None,
) -> Series:
    """Recognise, list, order and try the files of a path.

    Parameters
    ----------
    path, interval_s, box, box_crs
        As for :func:`~inundate.rain.open.open_rain`.
    request : Request
        Variable and CRS.
    found : Found, optional
        The files, where :func:`find_format` has been asked already.

    Returns
    -------
    Series

    Raises
    ------
    MissingFileError
        If the path does not exist.
    DataError
        If no file can be read, formats are mixed, no or several fields are rain, times are
        doubled, or the length of an interval is unknown.
    GridError
        If the files do not share a grid, state no CRS, or none of it lies in the box.
    """
    reader, sources, failures, files = found or find_format(path)
    if request.member is not None and reader.name != "netcdf":
        raise DataError(
            f"reading {path}: member {request.member} was asked for, but {reader.title} holds no "
            "ensembles",
            hint="leave --member out",
        )
    failures = list(failures)
    steps: list[Step] = []
    for source in sources:
        try:
            steps.extend(reader.steps(source, request))
        except UnreadableError as error:
            failures.append((source.label, error))
        except FieldChoiceError as error:
            if request.variable is None:
                raise
            failures.append((source.label, error))
    need_steps(steps, failures, path, files)
    steps.sort(key=lambda step: step.end)
    grid = _one_grid(steps, request)
    check_times_differ(steps)
    length = common_interval_s(steps, interval_s, path)
    grid, window = _crop(grid, box, box_crs)
    series = Series(reader, steps, length, grid, window, files, [])
    failed = series.try_all()
    if failed and len(sources) == 1:
        raise failed[0][1]
    failures += [(step.source, error) for step, error in failed]
    need_steps(series.steps, failures, path, files)
    series.skipped = [Skipped(label, str(error)) for label, error in failures]
    return series


def _one_grid(steps: list[Step], request: Request) -> Grid:
    first = steps[0]
    if request.crs is not None:
        asked = Grid(request.crs, *_place(first.grid))
        if "crs" in asked.differences(first.grid):
            raise GridError(
                f"reading {first.source}: the file states {first.grid.describe()}, "
                f"--crs says {normalise_crs(request.crs)[:60]}",
                hint="leave --crs out; it is for files that state none",
            )
    for step in steps[1:]:
        check_same_grid(
            first.grid,
            step.grid,
            first.source,
            step.source,
            hint="files of one folder must share a grid; read them apart, or name a --variable",
        )
    return first.grid


def _place(grid: Grid) -> tuple[float, float, float, float, int, int]:
    return (grid.left, grid.top, grid.dx, grid.dy, grid.width, grid.height)


def _crop(grid: Grid, box: Bounds | None, box_crs: str | None) -> tuple[Grid, tuple[slice, slice]]:
    """Keep every cell that a box touches, so that what lies in the box is wholly covered."""
    if box is None:
        return grid, (slice(0, grid.height), slice(0, grid.width))
    left, bottom, right, top = transform_bounds(box, box_crs or grid.crs, grid.crs)
    half_x, half_y = (0.5 - 1e-6) * grid.dx, (0.5 - 1e-6) * grid.dy
    return grid.crop((left - half_x, bottom - half_y, right + half_x, top + half_y))
