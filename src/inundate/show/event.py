"""The report of an event: a flood and its posts beside each other, failures first."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from inundate.core.files import check_output
from inundate.core.grid import Grid
from inundate.show.event_check import check_problems, check_section, check_words
from inundate.show.figure import depth_map, figure_png
from inundate.show.layers import check_source
from inundate.show.notes import limit_notes, provenance_notes
from inundate.show.page_words import heading_words, steps_table
from inundate.show.place import cell_metres
from inundate.show.post_marks import PostMarks, place_posts
from inundate.show.report_parts import box, figure, limits_section, section, write_page
from inundate.show.summary import Summary, summarise
from inundate.show.template import Html, definition_list, flat_names, table, unordered_list
from inundate.show.volume import Volume, draw_volume

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.axes import Axes

    from inundate.posts.locate.located import Located

__all__ = ["EventReport", "report_event"]

_KINDS = (
    (1, "says water", "o", "#0b4f8a"),
    (-1, "says no water", "s", "#d55e00"),
    (0, "says neither", ".", "#4a4a4a"),
)
_DEPTH_SHOWN_M = 0.05  # from which the package calls a cell flooded


@dataclass(frozen=True)
class EventReport:
    """What was written.

    Attributes
    ----------
    path : Path
        The file.
    posts : dict of str to int
        Posts drawn and not drawn, see :class:`inundate.show.post_marks.PostMarks`.
    problems : tuple of str
        What the report says first.
    """

    path: Path
    posts: dict[str, int]
    problems: tuple[str, ...]


def report_event(
    path: Path | str,
    data: xr.Dataset,
    posts: Located,
    *,
    check: Mapping[str, Any] | None = None,
    terrain: xr.DataArray | None = None,
    title: str = "",
    overwrite: bool = False,
) -> EventReport:
    """Write a flood and its posts into one file: failures, map, figures over time, counts.

    Parameters
    ----------
    path : Path
        File to write.
    data : Dataset
        Simulation or prediction.
    posts : Located
        Posts of the same event.
    check : mapping, optional
        What ``inundate fuse check --json`` prints; without it the report says at the top that
        the flood was not checked.
    terrain : DataArray (y, x), optional
        Ground height, where the data set holds none.
    title : str
        Heading; by default made from the data set.
    overwrite : bool
        Replace an existing file.

    Raises
    ------
    GridError, DataError
        If the data set cannot be drawn, or the check lacks figures.
    RunError
        If the file exists.
    """
    target = check_output(path, overwrite)
    grid, ground = check_source(data, terrain)
    summary = summarise(data)
    marks = place_posts(posts, grid, summary.times, text="none", most=len(posts) + 1)
    problems = _problems(marks, check)
    write_page(
        target,
        title=title or str(heading_words(data)),
        verdict=Html(
            box("What is missing or went wrong", problems) + _summary(summary, marks, check)
        ),
        sections=[
            section("Where", _map(data, ground, grid, marks)),
            section("When", _over_time(summary, marks)),
            section("Posts and depth at their places", _beside(data, grid, marks)),
            check_section(check),
            section("Posts", unordered_list([note for note in marks.notes])),
            limits_section([*limit_notes(data, summary), *marks.limits]),
            section("Figures by time step", steps_table(summary, "en")),
            section("Where the flood comes from", definition_list(provenance_notes(data))),
            section("Where the posts come from", definition_list(flat_names(marks.origin))),
        ],
    )
    return EventReport(target, dict(marks.counts), tuple(problems))


def _problems(marks: PostMarks, check: Mapping[str, Any] | None) -> list[str]:
    found = check_problems(check)
    counts = marks.counts
    if not counts["drawn"]:
        found.append("No post lies within the map and its time.")
    if counts["unlocated"]:
        found.append(f"{counts['unlocated']:,} of {counts['read']:,} posts have no place.")
    away = counts["outside"] + counts["early"] + counts["late"] + counts["timeless"]
    if away:
        found.append(f"{away:,} posts lie outside the map or its time.")
    if marks.payload["gaps"]:
        found.append(f"Gaps in which posts may be missing: {len(marks.payload['gaps'])}.")
    if None in marks.payload["probability"]:
        found.append(f"{marks.payload['probability'].count(None):,} posts were not classified.")
    return found


def _summary(summary: Summary, marks: PostMarks, check: Mapping[str, Any] | None) -> Html:
    peak = summary.peak
    water = marks.payload["water"].count(1)
    return box(f"{summary.area_km2[peak]:.3g} km² flooded, {water:,} posts say water", [
        f"Largest extent at {summary.times[peak][:16].replace('T', ' ')} UTC; deepest "
        f"{max(summary.deepest_m):.2f} m.",
        f"{marks.counts['drawn']:,} posts in the map and its time, "
        f"{marks.payload['water'].count(-1):,} of them say that there is no water.",
        *check_words(check),
    ], kind="open")  # fmt: skip


def _map(data: xr.Dataset, ground: Any, grid: Grid, marks: PostMarks) -> Html:
    import xarray as xr

    from inundate.core.grid import attach_grid

    held = data.get("water_depth_max")
    largest = data["water_depth"].max("time", skipna=True) if held is None else held
    largest = attach_grid(largest.transpose("y", "x").assign_attrs(units="m"), grid)
    elevation = attach_grid(xr.DataArray(ground, dims=("y", "x"), attrs={"units": "m"}), grid)
    drawn = depth_map(largest, elevation, title="Greatest depth, and all posts of the time")
    _draw_posts(drawn.axes[0], marks)
    caption = "Greatest depth and posts; discs say water, squares no water, dots neither"
    return figure(caption, figure_png(drawn, dpi=110))


def _draw_posts(axes: Axes, marks: PostMarks) -> None:
    x, y, water = (np.array(marks.payload[name]) for name in ("x", "y", "water"))
    for kind, words, sign, colour in _KINDS:
        rows = water == kind
        axes.scatter(
            x[rows], y[rows], s=26 if sign != "." else 40, marker=sign, color=colour,
            edgecolors="white", linewidths=0.7, label=words, zorder=5,
        )  # fmt: skip


def _over_time(summary: Summary, marks: PostMarks) -> Html:
    """Draw posts by the hour, with the hatched gaps; area and rain stand in the table."""
    times = np.array(marks.payload["time"], dtype="datetime64[ms]")
    if not times.size:
        return Html("<p>No post in this time.</p>")
    hours = times.astype("datetime64[h]")
    starts = np.arange(hours.min(), hours.max() + 1)
    counts = np.bincount((hours - hours.min()).astype(int), minlength=starts.size)
    gaps = tuple(
        (np.datetime64(gap["from"], "ms"), np.datetime64(gap["to"], "ms"))
        for gap in marks.payload["gaps"]
    )
    drawn = draw_volume(Volume(starts, counts, 1, gaps))
    caption = "Posts by hour (UTC); hatched: posts may be missing"
    return figure(caption, figure_png(drawn, dpi=110))


def _beside(data: xr.Dataset, grid: Grid, marks: PostMarks) -> Html:
    """Count posts by what they say and by the greatest depth within their circles."""
    held = data.get("water_depth_max")
    depth = data["water_depth"].max("time", skipna=True) if held is None else held
    plane = np.asarray(depth.transpose("y", "x").values, dtype=np.float32)
    counts = {kind: [0, 0, 0] for kind, *_ in _KINDS}
    for row, water in enumerate(marks.payload["water"]):
        near = _deepest_near(plane, grid, marks.payload, row)
        counts[water][2 if np.isnan(near) else int(near >= _DEPTH_SHOWN_M)] += 1
    rows = [
        [words, f"{counts[kind][1]:,}", f"{counts[kind][0]:,}", f"{counts[kind][2]:,}"]
        for kind, words, *_ in _KINDS
    ]
    caption = (
        f"Posts by the greatest depth within their circles at any time, flooded from "
        f"{_DEPTH_SHOWN_M} m. Where much is flooded, any place lies near water: a count alone "
        "proves nothing."
    )
    return table(["", "Flooded", "Dry", "Unknown"], rows, caption=caption)


def _deepest_near(plane: Any, grid: Grid, payload: Mapping[str, Any], row: int) -> float:
    x, y = payload["x"][row], payload["y"][row]
    dx, dy = cell_metres(grid)
    radius = payload["radius_m"][row] or 0.0
    column, line = (x - grid.left) / grid.dx, (grid.top - y) / grid.dy
    wide, high = radius / dx + 0.5, radius / dy + 0.5
    rows = slice(max(0, int(line - high)), int(line + high) + 1)
    columns = slice(max(0, int(column - wide)), int(column + wide) + 1)
    block = plane[rows, columns]
    across = (np.arange(block.shape[1]) + columns.start + 0.5 - column) / wide
    down = (np.arange(block.shape[0]) + rows.start + 0.5 - line) / high
    inside = block[across[None, :] ** 2 + down[:, None] ** 2 <= 1]
    known = inside[~np.isnan(inside)]
    return float(known.max()) if known.size else float("nan")
