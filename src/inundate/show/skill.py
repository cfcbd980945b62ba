"""Figures of skill: reliability of probabilities, scores of every model with intervals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from inundate.core.errors import DataError
from inundate.show.chart import line_style, tidy
from inundate.show.palette import LINE_COLOURS
from inundate.show.words import metric_words, model_words

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["reliability_diagram", "score_bars"]

_RELIABILITY = ("forecast", "observed", "count")


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
        style = line_style(position)
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
        tidy(axes)
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
    about = evaluation.get("metrics", {})
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
        axes.set_xlabel(_metric_axis(entry, about.get(metric, {}).get("target")), fontsize=8)
    words = metric_words(metric, about)
    figure.suptitle(title or words, fontsize=10, fontweight="bold")
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
    tidy(axes)


def _metric_axis(entry: Mapping[str, Any], target: float | None) -> str:
    unit = entry.get("unit")
    best = str(entry.get("best"))
    words = {"lower": "lower is better", "higher": "higher is better", "zero": "0 is best"}
    if target is not None:
        words["target"] = f"{target:g} is best"
    return ", ".join(filter(None, ["" if unit in (None, "1") else str(unit), words.get(best)]))


def _column(table: Mapping[str, Sequence[float]], key: str, name: str) -> np.ndarray[Any, Any]:
    lengths = {column: len(table[column]) for column in _RELIABILITY if column in table}
    if key not in table or len(set(lengths.values())) != 1:
        raise DataError(
            f"drawing reliability of {name!r}: columns {lengths}, expected "
            f"{', '.join(_RELIABILITY)} of one length"
        )
    return np.asarray(table[key], dtype=np.float64)
