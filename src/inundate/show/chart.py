"""Charts over time: depth at chosen cells and the volume of water, with the rain above."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.dates import AutoDateLocator, ConciseDateFormatter
from matplotlib.figure import Figure

from inundate.core.errors import DataError
from inundate.core.grid import check_same_grid, grid_of
from inundate.show.palette import LINE_COLOURS, LINE_STYLES
from inundate.show.place import cell_metres, place_words
from inundate.show.words import model_words

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.axes import Axes

__all__ = ["hydrographs", "line_style", "tidy", "volumes"]

_RAIN_COLOUR = "#9ecae1"
_LEAST_DEPTH_AXIS_M = 0.1  # so that a film of millimetres does not look like a flood
_RAIN_SHARE = 0.25  # of the panel's height, from the top


def hydrographs(
    series: Mapping[str, xr.DataArray],
    points: Sequence[tuple[float, float]],
    *,
    rain: xr.DataArray | None = None,
    title: str = "Depth at chosen cells",
) -> Figure:
    """Draw depth over time at chosen cells, one panel a cell.

    Parameters
    ----------
    series : mapping of str to DataArray (time, y, x), m
        Depth by model name; all on one grid.
    points : sequence of (x, y)
        Coordinates in the data's CRS; the cell that holds each is drawn.
    rain : DataArray (time, y, x), mm h-1, optional
        Mean rate over the grid is drawn as bars from the top.
    title : str
        Heading.

    Raises
    ------
    DataError
        If there is no series or no point, or a point lies outside the grid.
    GridError
        If the series do not share a grid.
    """
    _check_series(series)
    if not points:
        raise DataError("drawing hydrographs: no points given, expected at least one (x, y)")
    figure = _figure(len(points), title)
    panels = list(figure.subplots(len(points), 1, squeeze=False, sharex=True)[:, 0])
    for axes, (x, y) in zip(panels, points, strict=True):
        row, column = _cell(next(iter(series.values())), x, y)
        for position, (name, data) in enumerate(series.items()):
            values = data.isel(y=row, x=column).values
            axes.plot(_times(data), values, label=model_words(name), **line_style(position))
        axes.set_title(f"Cell at {place_words(grid_of(data), x, y)}", loc="left", fontsize=8.5)
        axes.set_ylim(top=max(axes.get_ylim()[1], _LEAST_DEPTH_AXIS_M))
        axes.set_ylabel("Depth (m)", fontsize=8)
    _finish_times(panels, rain)
    return figure


def volumes(
    series: Mapping[str, xr.DataArray],
    *,
    rain: xr.DataArray | None = None,
    title: str = "Volume of water on the ground",
) -> Figure:
    """Draw the volume of water on the grid over time.

    Parameters
    ----------
    series : mapping of str to DataArray (time, y, x), m
        Depth by model name; all on one grid. Unknown cells count for nothing.
    rain : DataArray (time, y, x), mm h-1, optional
        Mean rate over the grid is drawn as bars from the top.
    title : str
        Heading.

    Raises
    ------
    DataError
        If there is no series.
    GridError
        If the series do not share a grid.
    """
    _check_series(series)
    dx, dy = cell_metres(grid_of(next(iter(series.values()))))
    totals = {
        name: np.nansum(data.values, axis=(1, 2), dtype=np.float64) * dx * dy
        for name, data in series.items()
    }
    largest = max(float(total.max(initial=0.0)) for total in totals.values())
    factor, unit = (1e6, "million m³") if largest >= 1e6 else (1e3, "1,000 m³")
    figure = _figure(1, title, height=3.2)
    axes = figure.subplots()
    for position, (name, total) in enumerate(totals.items()):
        axes.plot(
            _times(series[name]), total / factor, label=model_words(name), **line_style(position)
        )
    axes.set_ylabel(f"Volume ({unit})", fontsize=8)
    _finish_times([axes], rain)
    return figure


def _check_series(series: Mapping[str, xr.DataArray]) -> None:
    if not series:
        raise DataError("drawing a chart over time: no series given")
    first_name, first = next(iter(series.items()))
    for name, data in series.items():
        if tuple(data.dims) != ("time", "y", "x"):
            raise DataError(
                f"drawing {name!r} over time: dimensions {tuple(data.dims)}, "
                "expected ('time', 'y', 'x')"
            )
        check_same_grid(first, data, first_name, name)


def _cell(data: xr.DataArray, x: float, y: float) -> tuple[int, int]:
    grid = grid_of(data)
    column, row = int((x - grid.left) // grid.dx), int((grid.top - y) // grid.dy)
    if not (0 <= row < grid.height and 0 <= column < grid.width):
        raise DataError(
            f"drawing a hydrograph: point ({x:g}, {y:g}) lies outside {grid.describe()}",
            hint="points are x, y in the data's own CRS",
        )
    return row, column


def _times(data: xr.DataArray) -> Any:
    return data["time"].values.astype("datetime64[us]")


def line_style(position: int) -> dict[str, Any]:
    """Give colour and dashes of a line by its place in the legend."""
    return {
        "color": LINE_COLOURS[position % len(LINE_COLOURS)],
        "linestyle": LINE_STYLES[position % len(LINE_STYLES)],
        "linewidth": 1.8,
    }


def _figure(panels: int, title: str, *, height: float = 2.0) -> Figure:
    figure = Figure(figsize=(7.2, 0.9 + height * panels), layout="constrained")
    FigureCanvasAgg(figure)
    figure.suptitle(title, fontsize=10, fontweight="bold", x=0.01, ha="left")
    return figure


def _finish_times(panels: Sequence[Axes], rain: xr.DataArray | None) -> None:
    for axes in panels:
        axes.set_ylim(bottom=0)
        tidy(axes)
        if rain is not None:
            _rain_bars(axes, rain)
    last = panels[-1]
    # with 4 ticks at least, 3.5 to 4 hours (or days) are too long for the finer unit and too short
    # for the coarser one: matplotlib then warns and draws what it can
    locator = AutoDateLocator(minticks=3, maxticks=8)  # type: ignore[no-untyped-call]
    formatter = ConciseDateFormatter(locator, tz="UTC")  # type: ignore[no-untyped-call]
    last.xaxis.set_major_locator(locator)
    last.xaxis.set_major_formatter(formatter)
    last.xaxis.get_offset_text().set_fontsize(8)
    last.set_xlabel("Time (UTC)", fontsize=8)
    handles, words = panels[0].get_legend_handles_labels()
    panels[0].figure.legend(
        handles, words, loc="outside upper right", ncols=len(words), fontsize=8, frameon=False
    )


def _rain_bars(axes: Axes, rain: xr.DataArray) -> None:
    """Draw mean rain as bars from the top, each over the interval that ends at its time."""
    times = _times(rain)
    rates = np.nanmean(rain.values.reshape(times.size, -1), axis=1)
    steps = np.diff(times)
    widths = np.concatenate([steps[:1], steps]) if steps.size else np.array(["1h"], "m8[us]")
    above = axes.twinx()
    above.bar(times, rates, width=-widths, align="edge", color=_RAIN_COLOUR, alpha=0.7)
    top = max(float(np.nanmax(rates, initial=0.0)), 1.0)
    above.set_ylim(top / _RAIN_SHARE, 0)
    above.set_yticks([0, float(f"{top:.1g}")])
    above.set_ylabel("Rain (mm/h)", fontsize=8, loc="top")
    above.tick_params(labelsize=7.5)
    above.spines[["top", "bottom", "left"]].set_visible(False)
    low, high = axes.get_ylim()
    axes.set_ylim(low, high / (1 - _RAIN_SHARE) * 0.98)  # room for the bars
    axes.set_zorder(above.get_zorder() + 1)
    axes.patch.set_visible(False)


def tidy(axes: Axes) -> None:
    """Give axes a light grid and no box."""
    axes.grid(visible=True, color="#e4e4e4", linewidth=0.7)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)
    axes.tick_params(labelsize=8, length=3)
