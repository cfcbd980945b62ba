"""Charts: depth and volume over time, reliability, training curves, scores with intervals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.dates import AutoDateLocator, ConciseDateFormatter
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from inundate.core.errors import DataError
from inundate.core.grid import check_same_grid, grid_of
from inundate.show.palette import LINE_COLOURS, LINE_STYLES
from inundate.show.place import cell_metres, place_words
from inundate.show.words import metric_words, model_words

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.axes import Axes

__all__ = ["hydrographs", "reliability_diagram", "score_bars", "volumes"]

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
            axes.plot(_times(data), values, label=model_words(name), **_line(position))
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
        axes.plot(_times(series[name]), total / factor, label=model_words(name), **_line(position))
    axes.set_ylabel(f"Volume ({unit})", fontsize=8)
    _finish_times([axes], rain)
    return figure


def reliability_diagram(
    tables: Mapping[str, Mapping[str, Sequence[float]]],
    *,
    title: str = "Reliability of the flood probability",
) -> Figure:
    """Draw observed frequency against forecast probability, with the count of each bin.

    Parameters
    ----------
    tables : mapping of str to mapping
        By model name: ``forecast`` (mean probability in the bin), ``observed`` (frequency of
        flooding) and ``count`` (cells in the bin), of equal length.
    title : str
        Heading.

    Raises
    ------
    DataError
        If a table lacks a column or the lengths differ.
    """
    if not tables:
        raise DataError("drawing reliability: no table given")
    figure = Figure(figsize=(4.6, 5.6), layout="compressed")
    FigureCanvasAgg(figure)
    upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=(4, 1))
    upper.set_box_aspect(1)
    lower.set_box_aspect(0.25)
    upper.plot([0, 1], [0, 1], color="#5c5c5c", linewidth=1, label="perfectly reliable")
    for position, (name, table) in enumerate(tables.items()):
        forecast, observed, count = (_column(table, key, name) for key in _RELIABILITY)
        keep = count > 0
        style = _line(position)
        upper.plot(
            forecast[keep], observed[keep], marker="o", markersize=4,
            label=model_words(name), **style,
        )  # fmt: skip
        lower.plot(forecast[keep], count[keep], marker="o", markersize=3, **style)
    upper.set(xlim=(0, 1), ylim=(0, 1))
    upper.set_ylabel("Observed frequency", fontsize=8)
    lower.set_yscale("log")
    lower.set_ylabel("Cells in bin", fontsize=8)
    lower.set_xlabel("Forecast probability", fontsize=8)
    upper.legend(fontsize=8, frameon=False, loc="upper left")
    figure.suptitle(title, fontsize=10, fontweight="bold")
    for axes in (upper, lower):
        _tidy(axes)
    return figure


def score_bars(
    evaluation: Mapping[str, Any],
    metric: str,
    *,
    title: str = "",
) -> Figure:
    """Draw one score of every model with its interval, one panel a regime.

    Parameters
    ----------
    evaluation : mapping
        Result of an evaluation, see :mod:`inundate.show.report`.
    metric : str
        Which score.
    title : str
        Heading; by default the score's name and unit.

    Raises
    ------
    DataError
        If no regime has the score.
    """
    regimes = {
        name: {
            model: scores[metric] for model, scores in regime["scores"].items() if metric in scores
        }
        for name, regime in evaluation["regimes"].items()
    }
    regimes = {name: scores for name, scores in regimes.items() if scores}
    if not regimes:
        raise DataError(f"drawing score {metric!r}: no regime of the evaluation has it")
    entry = next(iter(next(iter(regimes.values())).values()))
    rows = max(len(scores) for scores in regimes.values())
    figure = Figure(figsize=(2.4 + 2.3 * len(regimes), 1.1 + 0.27 * rows), layout="constrained")
    FigureCanvasAgg(figure)
    panels = figure.subplots(1, len(regimes), squeeze=False, sharey=True, sharex=True)[0]
    for axes, (name, scores) in zip(panels, regimes.items(), strict=True):
        _intervals(axes, scores, str(evaluation.get("reference", "")))
        samples = evaluation["regimes"][name].get("samples")
        counted = f" ({samples} samples)" if samples is not None else ""
        axes.set_title(f"{name}{counted}", fontsize=8.5, loc="left")
        axes.set_xlabel(_metric_axis(metric, entry), fontsize=8)
    figure.suptitle(title or metric_words(metric), fontsize=10, fontweight="bold")
    return figure


def _intervals(axes: Axes, scores: Mapping[str, Mapping[str, Any]], reference: str) -> None:
    names = list(scores)
    for row, name in enumerate(names):
        score = scores[name]
        colour = LINE_COLOURS[0] if name == reference else LINE_COLOURS[6]
        if score.get("low") is not None and score.get("high") is not None:
            axes.plot([score["low"], score["high"]], [row, row], color=colour, linewidth=2)
        if score.get("value") is not None:
            axes.plot(
                score["value"], row, color=colour, markersize=6,
                marker="D" if name == reference else "o",
            )  # fmt: skip
    axes.set_yticks(range(len(names)), [model_words(name) for name in names], fontsize=8)
    axes.set_ylim(len(names) - 0.4, -0.6)
    axes.grid(axis="y", visible=False)
    axes.xaxis.set_major_locator(MaxNLocator(4))
    _tidy(axes)


def _metric_axis(metric: str, entry: Mapping[str, Any]) -> str:
    unit = entry.get("unit")
    better = {"low": "lower is better", "high": "higher is better", "zero": "0 is best"}
    words = better.get(str(entry.get("best")), f"best {entry.get('best')}")
    return f"{unit}, {words}" if unit not in (None, "", "1") else words


_RELIABILITY = ("forecast", "observed", "count")


def _column(table: Mapping[str, Sequence[float]], key: str, name: str) -> np.ndarray[Any, Any]:
    lengths = {column: len(table[column]) for column in _RELIABILITY if column in table}
    if key not in table or len(set(lengths.values())) != 1:
        raise DataError(
            f"drawing reliability of {name!r}: columns {lengths}, expected "
            f"{', '.join(_RELIABILITY)} of one length"
        )
    return np.asarray(table[key], dtype=np.float64)


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


def _line(position: int) -> dict[str, Any]:
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
        _tidy(axes)
        if rain is not None:
            _rain_bars(axes, rain)
    last = panels[-1]
    locator = AutoDateLocator(minticks=4, maxticks=8)  # type: ignore[no-untyped-call]
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


def _tidy(axes: Axes) -> None:
    axes.grid(visible=True, color="#e4e4e4", linewidth=0.7)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)
    axes.tick_params(labelsize=8, length=3)
