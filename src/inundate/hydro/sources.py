"""Point sources: springs, burst mains, pumps, the end of a culvert.

A file of sources holds one table ``[[source]]`` for each::

    [[source]]
    name = "burst main"
    x = 400512.0
    y = 401877.0              # in the terrain's CRS
    radius_m = 15.0           # shared over the ground cells in the disc; without it, one cell
    flow = "main.csv"         # a series in m3 s-1, or flow_m3_s = 0.4
    outside = "zero"          # beyond the times of the series; by default an error
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator

from inundate.core.config import Settings
from inundate.core.errors import ConfigError, DataError
from inundate.core.grid import Grid
from inundate.hydro.series import Outside, Series
from inundate.hydro.stretches import read_series
from inundate.hydro.tables import read_tables

__all__ = ["Source", "SourceTable", "open_sources"]


@dataclass(frozen=True)
class Source:
    """Water that enters at a place.

    Attributes
    ----------
    name : str
        For messages.
    rows, columns : array (N,), int
        Cells that share the water evenly; of a disc, those on ground.
    flow : Series
        m3 s-1, 0 or more.

    Raises
    ------
    DataError
        If there is no cell, or the flow is negative.
    """

    name: str
    rows: NDArray[np.int64]
    columns: NDArray[np.int64]
    flow: Series

    def __post_init__(self) -> None:
        for key in ("rows", "columns"):
            values = np.atleast_1d(np.asarray(getattr(self, key), dtype=np.int64))
            object.__setattr__(self, key, values)
        if self.rows.shape != self.columns.shape or not self.rows.size:
            raise DataError(
                f"source {self.name}: {self.rows.size} rows and {self.columns.size} columns, "
                "expected as many of both and at least one"
            )
        if self.flow.value.min() < 0:
            raise DataError(
                f"source {self.name}: flow of {self.flow.value.min():g} m3 s-1, expected 0 or more",
                hint="use the drain capacity of land cover to take water away",
            )

    def cells(self, valid: NDArray[np.bool_]) -> NDArray[np.int64]:
        """Give the flat indices of its cells with ground.

        Parameters
        ----------
        valid : array (H, W), bool
            Cells that hold water.

        Raises
        ------
        DataError
            If it lies outside the grid or none of its cells has ground.
        """
        height, width = valid.shape
        inside = (self.rows >= 0) & (self.rows < height)
        inside &= (self.columns >= 0) & (self.columns < width)
        place = f"row {self.rows[0]}, column {self.columns[0]}"
        if not inside.all():
            raise DataError(
                f"source {self.name}: {place} is outside the grid of {height} x {width} cells"
            )
        on_ground = valid[self.rows, self.columns]
        if not on_ground.any():
            raise DataError(
                f"source {self.name}: no ground at {place}: a wall, a building or missing data",
                hint="move it, or give a radius_m that reaches ground",
            )
        flat = self.rows[on_ground] * width + self.columns[on_ground]
        return np.unique(flat)


class SourceTable(Settings):
    """One table ``[[source]]``."""

    name: str | None = Field(default=None, description="for messages")
    x: float = Field(description="in the terrain's CRS")
    y: float = Field(description="in the terrain's CRS")
    radius_m: float = Field(default=0.0, ge=0, description="of the disc that shares the water, m")
    flow_m3_s: float | None = Field(default=None, ge=0, description="constant flow, m3 s-1")
    flow: str | dict[str, Any] | None = Field(default=None, description="series in m3 s-1")
    outside: Outside | None = Field(default=None, description="beyond the times of the series")

    @model_validator(mode="after")
    def _check(self) -> SourceTable:
        if (self.flow is None) == (self.flow_m3_s is None):
            raise ValueError("expected either flow or flow_m3_s")
        if self.outside is not None and self.flow is None:
            raise ValueError("outside goes with a series in flow")
        return self


def open_sources(
    path: Path | str, grid: Grid, start: np.datetime64 | None = None
) -> tuple[Source, ...]:
    """Read point sources from a TOML file.

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
        If keys or values are wrong, or two sources have one name; all faults at once.
    DataError
        If a source lies outside the grid, or a series is wrong.
    """
    tables = read_tables(path, "source", SourceTable)
    names = [table.name or f"number {number}" for number, table in enumerate(tables, start=1)]
    doubled = sorted({name for name in names if names.count(name) > 1})
    if doubled:
        raise ConfigError(f"reading {path}: two sources are named {', '.join(doubled)}")
    folder = Path(path).parent
    return tuple(
        _source(table, name, folder, grid, start) for table, name in zip(tables, names, strict=True)
    )


def _source(
    table: SourceTable, name: str, folder: Path, grid: Grid, start: np.datetime64 | None
) -> Source:
    label = f"source {name}"
    column, row = (table.x - grid.left) / grid.dx, (grid.top - table.y) / grid.dy
    if not (0 <= column < grid.width and 0 <= row < grid.height):
        raise DataError(
            f"{label}: ({table.x:.10g}, {table.y:.10g}) is outside the terrain, {grid.describe()}"
        )
    flow = read_series(table.flow, table.flow_m3_s, "m3 s-1", folder, start, table.outside, label)
    rows, columns = _disc(table.x, table.y, table.radius_m, grid)
    if not rows.size:  # smaller than a cell
        rows, columns = np.array([int(row)]), np.array([int(column)])
    return Source(name, rows, columns, flow)


def _disc(
    x: float, y: float, radius: float, grid: Grid
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Give the cells whose centres lie in a disc."""
    near_x = np.flatnonzero(np.abs(grid.x - x) <= radius)
    near_y = np.flatnonzero(np.abs(grid.y - y) <= radius)
    away = (grid.x[near_x] - x) ** 2 + (grid.y[near_y, None] - y) ** 2
    rows, columns = np.nonzero(away <= radius**2)
    return near_y[rows], near_x[columns]
