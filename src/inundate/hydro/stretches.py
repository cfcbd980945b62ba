"""Parts of the edges that differ from the settings: a tide, a river that flows in, a wall.

A file of boundaries holds one table ``[[boundary]]`` for each part::

    [[boundary]]
    name = "estuary"
    side = "east"             # north, south, east or west; all of it without from and to
    from = 400500.0           # coordinates along the side, in the terrain's CRS: x or y
    to = 401800.0
    kind = "level"            # open, closed, level or inflow
    level = "tide.csv"        # or level_m = 2.5: height in the terrain's datum
    outside = "hold"          # beyond the times of the series; by default an error

    [[boundary]]
    name = "river"
    box = [398000.0, 402000.0, 398400.0, 402300.0]   # instead of a side, also for ragged terrain
    kind = "inflow"
    inflow = "river.csv"      # m3 s-1 over the whole part, or m2 s-1 for each metre of it

An open part may give its ``slope``. Water of an inflow enters the cells beside the part as rain
would, the same for each face; the part lets nothing out.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from pydantic import Field, model_validator

from inundate.core.config import Settings
from inundate.core.errors import ConfigError, DataError
from inundate.core.grid import Grid
from inundate.hydro.series import Outside, Series
from inundate.hydro.series_file import open_series, series_of
from inundate.hydro.tables import read_tables

__all__ = ["Boundaries", "BoundaryTable", "PartKind", "Stretch", "open_boundaries", "read_series"]

PartKind = Literal["open", "closed", "level", "inflow"]
Side = Literal["north", "south", "east", "west"]
Span = tuple[int, int]  # first cell, one past the last

# keys of a table that give the value of each kind
_VALUES: dict[str, frozenset[str]] = {
    "open": frozenset({"slope"}),
    "closed": frozenset(),
    "level": frozenset({"level_m", "level"}),
    "inflow": frozenset({"inflow_m3_s", "inflow_m2_s", "inflow"}),
}


@dataclass(frozen=True)
class Stretch:
    """A part of the edges.

    Attributes
    ----------
    name : str
        For messages.
    kind : {"open", "closed", "level", "inflow"}
        What its faces do.
    side : str, optional
        Side of the grid that it lies on; without one ``rows`` and ``columns`` choose the faces.
    cells : (int, int), optional
        First cell along the side, from the west or north, and one past the last; by default all.
    rows, columns : (int, int), optional
        Block of cells whose edge faces belong to it, also those beside cells without ground.
    slope : float, optional
        Water slope of an open part.
    level : Series, optional
        Water level of kind level, m in the terrain's height datum.
    inflow : Series, optional
        m3 s-1 over the whole part, or m2 s-1 with ``per_metre``.
    per_metre : bool
        Whether ``inflow`` is for each metre of the part.
    """

    name: str
    kind: PartKind
    side: Side | None = None
    cells: Span | None = None
    rows: Span | None = None
    columns: Span | None = None
    slope: float | None = None
    level: Series | None = None
    inflow: Series | None = None
    per_metre: bool = False

    def __post_init__(self) -> None:
        for kind, value in (("level", self.level), ("inflow", self.inflow)):
            if (self.kind == kind) != (value is not None):
                raise ConfigError(
                    f"boundary {self.name}: kind is {self.kind!r}, "
                    + (f"but {kind} is given" if value is not None else f"which needs {kind}")
                )
        if self.inflow is not None and self.inflow.value.min() < 0:
            raise DataError(
                f"boundary {self.name}: inflow of {self.inflow.value.min():g}, expected 0 or more",
                hint="water leaves through open edges and edges of fixed level",
            )

    @property
    def series(self) -> Series | None:
        """What changes in time, if anything may."""
        return self.level or self.inflow


@dataclass(frozen=True)
class Boundaries:
    """Parts of the edges; where there is none, the settings hold.

    Attributes
    ----------
    stretches : tuple of Stretch
        No two may share a face.
    """

    stretches: tuple[Stretch, ...] = ()


class BoundaryTable(Settings):
    """One table ``[[boundary]]``."""

    name: str | None = Field(default=None, description="for messages")
    side: Side | None = Field(default=None, description="side of the grid")
    start: float | None = Field(default=None, alias="from", description="coordinate along the side")
    end: float | None = Field(default=None, alias="to", description="coordinate along the side")
    box: tuple[float, float, float, float] | None = Field(
        default=None, description="left, bottom, right, top of the cells whose edge faces are meant"
    )
    kind: PartKind = Field(description="open, closed, level or inflow")
    slope: float | None = Field(default=None, gt=0, le=1, description="of an open part")
    level_m: float | None = Field(default=None, description="fixed level in the terrain's datum, m")
    level: str | dict[str, Any] | None = Field(default=None, description="series of the level, m")
    inflow_m3_s: float | None = Field(default=None, ge=0, description="over the whole part, m3 s-1")
    inflow_m2_s: float | None = Field(default=None, ge=0, description="for each metre, m2 s-1")
    inflow: str | dict[str, Any] | None = Field(
        default=None, description="series in m3 s-1 or m2 s-1"
    )
    outside: Outside | None = Field(default=None, description="beyond the times of the series")

    @model_validator(mode="after")
    def _check(self) -> BoundaryTable:
        given = {
            key for key in type(self).model_fields if key in self.model_fields_set
            and getattr(self, key) is not None
        }  # fmt: skip
        if ("side" in given) == ("box" in given):
            raise ValueError("expected either side or box")
        if "box" in given and given & {"start", "end"}:
            raise ValueError("from and to go with side, not with box")
        allowed = _VALUES[self.kind]
        useless = (given & frozenset[str]().union(*_VALUES.values())) - allowed
        if useless:
            raise ValueError(f"{', '.join(sorted(useless))} does nothing for kind {self.kind!r}")
        values = given & allowed
        if self.kind in ("level", "inflow") and len(values) != 1:
            raise ValueError(
                f"kind {self.kind!r} needs one of {', '.join(sorted(allowed))}, "
                f"found {', '.join(sorted(values)) or 'none'}"
            )
        if self.outside is not None and not given & {"level", "inflow"}:
            raise ValueError("outside goes with a series in level or inflow")
        if self.outside == "zero" and self.kind == "level":
            raise ValueError('outside = "zero" would be a level of 0 m; expected "hold"')
        return self


def open_boundaries(path: Path | str, grid: Grid, start: np.datetime64 | None = None) -> Boundaries:
    """Read parts of the edges from a TOML file.

    Parameters
    ----------
    path : Path
        As this module describes it; series files are looked for beside it.
    grid : Grid
        The terrain's.
    start : datetime64, optional
        Start of the simulation, UTC; needed for series with dates.

    Raises
    ------
    MissingFileError
        If the file or a series is absent.
    ConfigError
        If keys or values are wrong; all faults at once.
    DataError
        If a part lies outside the grid, or a series is wrong.
    """
    tables = read_tables(path, "boundary", BoundaryTable)
    return Boundaries(tuple(
        _stretch(table, table.name or f"number {number}", Path(path).parent, grid, start)
        for number, table in enumerate(tables, start=1)
    ))  # fmt: skip


def _stretch(
    table: BoundaryTable, name: str, folder: Path, grid: Grid, start: np.datetime64 | None
) -> Stretch:
    label = f"boundary {name}"
    level = inflow = None
    per_metre = False
    if table.kind == "level":
        level = read_series(table.level, table.level_m, "m", folder, start, table.outside, label)
        if level.outside == "zero":
            raise DataError(f'{label}: outside = "zero" would be a level of 0 m, expected "hold"')
    elif table.kind == "inflow" and table.inflow_m2_s is not None:
        inflow, per_metre = Series.constant(table.inflow_m2_s, label), True
    elif table.kind == "inflow":
        inflow, per_metre = _inflow(table, folder, start, label)
    rows = columns = cells = None
    if table.box is not None:
        _, window = grid.crop(table.box)
        rows, columns = ((part.start, part.stop) for part in window)
    elif table.side is not None:
        cells = _cells_along(table, table.side, grid, label)
    return Stretch(
        name, table.kind, table.side, cells, rows, columns, table.slope, level, inflow, per_metre
    )


def _inflow(
    table: BoundaryTable, folder: Path, start: np.datetime64 | None, label: str
) -> tuple[Series, bool]:
    """Read inflow in either unit; give whether it is for each metre."""
    given = (table.inflow, table.inflow_m3_s)
    try:
        return read_series(*given, "m3 s-1", folder, start, table.outside, label), False
    except DataError as whole:
        try:
            return read_series(*given, "m2 s-1", folder, start, table.outside, label), True
        except DataError:
            raise whole from None


def read_series(
    given: str | Mapping[str, Any] | None,
    constant: float | None,
    unit: str,
    folder: Path,
    start: np.datetime64 | None,
    outside: Outside | None,
    label: str,
) -> Series:
    """Make a series of a file's name, a table or one number.

    Raises
    ------
    MissingFileError, DataError
        As :func:`~inundate.hydro.series_file.open_series`.
    """
    if constant is not None:
        return Series.constant(constant, label)
    if isinstance(given, str):
        path = folder / given
        return open_series(path, unit, start=start, outside=outside, name=f"{label}: {path}")
    assert given is not None  # the table asks for one of the three
    return series_of(given, unit, start=start, outside=outside, name=label)


def _cells_along(table: BoundaryTable, side: Side, grid: Grid, label: str) -> Span:
    """Give the cells of a side whose centres lie between two coordinates, or the nearest one.

    A centre on the end belongs to the next part, so that parts may share an end.
    """
    lies_along_x = side in ("north", "south")
    low, high = (grid.left, grid.right) if lies_along_x else (grid.bottom, grid.top)
    size, count = (grid.dx, grid.width) if lies_along_x else (grid.dy, grid.height)
    start = low if table.start is None else table.start
    end = high if table.end is None else table.end
    start, end = min(start, end), max(start, end)
    if start < low - 1e-6 * size or end > high + 1e-6 * size:
        raise DataError(
            f"{label}: from {start:.10g} to {end:.10g} is not within the {side}ern side, "
            f"{low:.10g} to {high:.10g}",
            hint=f"along this side the coordinate is {'x' if lies_along_x else 'y'}",
        )
    near, far = ((start - low) / size, (end - low) / size)
    first, last = int(np.ceil(near - 0.5)), int(np.ceil(far - 0.5))
    if last <= first:  # shorter than a cell: the cell that holds its middle
        first = min(int((near + far) / 2), count - 1)
        last = first + 1
    first, last = max(first, 0), min(last, count)
    return (first, last) if lies_along_x else (count - last, count - first)
