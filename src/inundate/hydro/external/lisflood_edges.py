"""Edges and sources between LISFLOOD-FP's boundary file and this package's tables."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import numpy as np

from inundate.core.grid import Grid
from inundate.hydro.external.lisflood_bci import SIDES, EdgePart, Point
from inundate.hydro.external.lisflood_series import series_text
from inundate.hydro.external.remarks import Remarks
from inundate.hydro.series import Series
from inundate.hydro.settings import SimulateSettings
from inundate.hydro.sources import Source
from inundate.hydro.stretches import Boundaries, Stretch

__all__ = ["Tables", "boundary_files", "to_tables"]

_LETTERS = {side: letter for letter, side in SIDES.items()}


class Tables:
    """Tables of edges and sources, and the series that they name."""

    def __init__(self) -> None:
        self.boundaries: list[dict[str, Any]] = []
        self.sources: list[dict[str, Any]] = []
        self.series: dict[str, tuple[str, Series]] = {}

    def name_of(self, series: Series, what: str, unit: str, factor: float = 1.0) -> str:
        """Keep a series and give the name of its file."""
        stem = "".join(c if c.isalnum() or c in "-_" else "_" for c in series.name)
        scaled = Series(series.time_s, series.value * factor, "hold", series.name)
        name = f"{stem}_{what}.csv"
        self.series[name] = (f"{what} [{unit}]", scaled)
        return name


def to_tables(
    parts: Sequence[EdgePart], points: Sequence[Point], grid: Grid, remarks: Remarks
) -> Tables:
    """Give a boundary file as tables.

    Parameters
    ----------
    parts, points : sequences
        From :func:`~inundate.hydro.external.lisflood_bci.read_boundaries`.
    grid : Grid
        The heightmap's.
    remarks : Remarks
        Receives what became of each line.

    Returns
    -------
    Tables
    """
    tables = Tables()
    for part in parts:
        _edge(part, grid, tables, remarks)
    levels = [point for point in points if point.kind in ("HFIX", "HVAR")]
    _level_points(levels, grid, tables, remarks)
    for point in points:
        if point.kind in ("QFIX", "QVAR"):
            _inflow_point(point, grid, tables, remarks)
        elif point.kind not in ("HFIX", "HVAR"):
            remarks.add(point.place, f"P {point.kind}", "ignored", "no such point here")
    return tables


def _edge(part: EdgePart, grid: Grid, tables: Tables, remarks: Remarks) -> None:
    along_x = part.side in ("north", "south")
    low, high = (grid.left, grid.right) if along_x else (grid.bottom, grid.top)
    start, end = max(part.start, low), min(part.finish, high)
    item = f"{_LETTERS[part.side]} {part.start:g} {part.finish:g} {part.kind}"
    if end <= start:
        remarks.add(part.place, item, "ignored", "it lies outside the heightmap")
        return
    table: dict[str, Any] = {
        "name": part.place, "side": part.side, "from": start, "to": end, **_values(part, tables),
    }  # fmt: skip
    tables.boundaries.append(table)
    if part.kind == "FREE":
        slope = "the bed's slope, at least 0.001" if part.value is None else f"{part.value:g}"
        remarks.add(part.place, item, "approximate", f"open edge, water slope {slope}")
    else:
        remarks.add(part.place, item, "taken", f"{table['kind']} edge")


def _values(part: EdgePart, tables: Tables) -> dict[str, Any]:
    """Give kind and value of an edge table."""
    if part.kind == "CLOSED":
        return {"kind": "closed"}
    if part.kind == "FREE":
        return {"kind": "open", **({} if part.value is None else {"slope": part.value})}
    if part.kind == "HFIX":
        return {"kind": "level", "level_m": part.value}
    if part.kind == "QFIX":
        return {"kind": "inflow", "inflow_m2_s": part.value}
    assert part.series is not None  # the reader asks for one
    if part.kind == "HVAR":
        name = tables.name_of(part.series, "level", "m")
        return {"kind": "level", "level": name, "outside": "hold"}
    name = tables.name_of(part.series, "inflow", "m2 s-1")
    return {"kind": "inflow", "inflow": name, "outside": "hold"}


def _inflow_point(point: Point, grid: Grid, tables: Tables, remarks: Remarks) -> None:
    item = f"P {point.x:g} {point.y:g} {point.kind}"
    values = [point.value] if point.series is None else point.series.value.tolist()
    if min(values) < 0:
        remarks.add(point.place, item, "ignored", "it takes water away, sources only give here")
        return
    table: dict[str, Any] = {"name": point.place, "x": point.x, "y": point.y}
    if point.series is None:
        table["flow_m3_s"] = point.value * grid.dx if point.value is not None else 0.0
    else:
        name = tables.name_of(point.series, "flow", "m3 s-1", grid.dx)
        table |= {"flow": name, "outside": "hold"}
    tables.sources.append(table)
    remarks.add(point.place, item, "taken", f"source, m2 s-1 times {grid.dx:g} m")


def _level_points(points: Sequence[Point], grid: Grid, tables: Tables, remarks: Remarks) -> None:
    """Take rows of level points beside a side for an edge of that level."""
    groups: dict[tuple[str, str], list[tuple[int, Point]]] = defaultdict(list)
    for point in points:
        column = int((point.x - grid.left) // grid.dx)
        row = int((grid.top - point.y) // grid.dy)
        sides = {
            "north": (row == 0, column), "south": (row == grid.height - 1, column),
            "west": (column == 0, row), "east": (column == grid.width - 1, row),
        }  # fmt: skip
        side = next((name for name, (is_on, _) in sides.items() if is_on), None)
        if side is None:
            remarks.add(
                point.place, f"P {point.x:g} {point.y:g} {point.kind}", "ignored",
                "no fixed level inside the grid here, only at its edges",
            )  # fmt: skip
            continue
        what = point.series.name if point.series else f"{point.value:g}"
        groups[side, what].append((sides[side][1], point))
    for (side, what), found in groups.items():
        found.sort(key=lambda pair: pair[0])
        numbers = np.array([number for number, _ in found])
        for run in np.split(np.arange(numbers.size), np.flatnonzero(np.diff(numbers) > 1) + 1):
            _level_run(side, what, [found[i] for i in run], grid, tables, remarks)


def _level_run(
    side: str, what: str, run: list[tuple[int, Point]], grid: Grid, tables: Tables,
    remarks: Remarks,
) -> None:  # fmt: skip
    first, last = run[0][0], run[-1][0] + 1
    if side in ("north", "south"):
        start, end = grid.left + first * grid.dx, grid.left + last * grid.dx
    else:
        start, end = grid.top - last * grid.dy, grid.top - first * grid.dy
    point = run[0][1]
    values: dict[str, Any] = {"level_m": point.value}
    if point.series is not None:
        values = {"level": tables.name_of(point.series, "level", "m"), "outside": "hold"}
    tables.boundaries.append(
        {"name": f"level {what}, {side}", "side": side, "from": start, "to": end,
         "kind": "level", **values}
    )  # fmt: skip
    remarks.add(
        point.place if len(run) == 1 else f"{point.place} and {len(run) - 1} more",
        f"P {point.kind} {what}", "approximate",
        f"level beyond the {side}ern edge from {start:g} to {end:g}, not in the cells",
    )  # fmt: skip


def boundary_files(
    settings: SimulateSettings,
    grid: Grid,
    boundaries: Boundaries | None,
    sources: Sequence[Source],
    remarks: Remarks,
) -> tuple[str, str]:
    """Give the texts of a ``.bci`` and a ``.bdy`` file; empty where there is nothing to say.

    Parts come after whole sides, since LISFLOOD-FP takes the last that it reads for a cell.

    Parameters
    ----------
    settings : SimulateSettings
    grid : Grid
    boundaries : Boundaries or None
    sources : sequence of Source
    remarks : Remarks
        Receives what has no counterpart.
    """
    lines: list[str] = []
    series: list[str] = []
    for side, kind in settings.edge_kinds().items():
        span = _span(side, grid, None)
        if kind == "open":
            lines.append(f"{span} FREE{_slope(settings.edge_slope, f'edge {side}', remarks)}")
        elif kind == "level":
            lines.append(f"{span} HFIX {settings.edge_level_m:.6f}")
            remarks.add(f"edge {side}", f"level {settings.edge_level_m:g}", "taken")
        else:
            remarks.add(f"edge {side}", "closed", "taken")
    for stretch in boundaries.stretches if boundaries else ():
        _write_stretch(stretch, grid, lines, series, remarks)
    for source in sources:
        _write_source(source, grid, lines, series, remarks)
    head = "Series of the boundaries\n"
    return "\n".join([*lines, ""]) if lines else "", head + "".join(series) if series else ""


def _slope(slope: float | None, where: str, remarks: Remarks) -> str:
    if slope is None:
        remarks.add(
            where, "open, slope of the bed", "approximate", "FREE takes the water's own slope"
        )
        return ""
    remarks.add(where, f"open, slope {slope:g}", "taken")
    return f" {slope:.8g}"


def _span(side: str, grid: Grid, cells: tuple[int, int] | None) -> str:
    first, last = cells or (0, grid.width if side in ("north", "south") else grid.height)
    if side in ("north", "south"):
        low, high = grid.left + first * grid.dx, grid.left + last * grid.dx
    else:
        low, high = grid.top - last * grid.dy, grid.top - first * grid.dy
    return f"{_LETTERS[side]} {low:.10g} {high:.10g}"


def _write_stretch(
    stretch: Stretch, grid: Grid, lines: list[str], series: list[str], remarks: Remarks
) -> None:
    where = f"boundary {stretch.name}"
    if stretch.side is None:
        remarks.add(where, stretch.kind, "ignored", "a box of cells, LISFLOOD-FP knows sides only")
        return
    span = _span(stretch.side, grid, stretch.cells)
    if stretch.kind == "open":
        lines.append(f"{span} FREE{_slope(stretch.slope, where, remarks)}")
        return
    remarks.add(where, stretch.kind, "taken")
    if stretch.series is None:
        lines.append(f"{span} CLOSED")
        return
    count = np.diff(stretch.cells or (0, _cells_of(stretch.side, grid)))[0]
    share = 1.0 if stretch.level is not None or stretch.per_metre else 1 / (count * grid.dx)
    mark = "H" if stretch.level is not None else "Q"
    lines.append(f"{span} {_written(stretch.series, share, mark, stretch.name, series)}")


def _cells_of(side: str, grid: Grid) -> int:
    return grid.width if side in ("north", "south") else grid.height


def _write_source(
    source: Source, grid: Grid, lines: list[str], series: list[str], remarks: Remarks
) -> None:
    share = 1 / (source.rows.size * grid.dx)
    text = _written(source.flow, share, "Q", source.name, series)
    for row, column in zip(source.rows.tolist(), source.columns.tolist(), strict=True):
        lines.append(f"P {grid.x[column]:.10g} {grid.y[row]:.10g} {text}")
    remarks.add(f"source {source.name}", f"{source.rows.size} cells", "taken")


def _written(found: Series, factor: float, mark: str, name: str, series: list[str]) -> str:
    """Give kind and value of a line; a series that changes is added to the others."""
    if found.is_constant:
        return f"{mark}FIX {found.value[0] * factor:.8g}"
    label = "".join(c if c.isalnum() else "_" for c in f"{name}_{len(series)}")
    value = found.value * factor
    times = found.time_s
    if found.outside == "zero":  # LISFLOOD-FP holds the first and last value
        times = np.concatenate([[times[0] - 0.1], times, [times[-1] + 0.1]])
        value = np.concatenate([[0.0], value, [0.0]])
        times, value = times[times >= 0], value[times >= 0]
    series.append(f"{label}\n{series_text(Series(times, value, 'hold', label), decimals=8)}")
    return f"{mark}VAR {label}"
