"""Training curves: loss and scores by step, with the baselines as horizontal lines."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from inundate.core.errors import DataError
from inundate.show.palette import LINE_COLOURS, LINE_STYLES
from inundate.show.words import metric_words, model_words

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["training_curves"]

_STEPS = ("step", "epoch")  # what the horizontal axis may be, best first
_NOT_DRAWN = ("step", "epoch", "time", "wall_s", "wall_time_s", "wall_time", "seconds")
_PARTS = {
    "train": "training", "valid": "validation", "val": "validation", "test": "test",
    "watch": "watched samples",
}  # fmt: skip
_BASELINES = ("baseline", "baselines")
_MACHINERY = ("learning_rate", "grad", "norm", "memory", "throughput", "per_s", "seconds")
_FALLING = ("loss", "error", "gradient")  # figures that may be drawn on a logarithmic axis
_WORST_SKILL = -1.0  # a model far worse than a baseline would flatten the rest
_ORDER = ("loss", "error", "skill", "shuffle_rise", "ratio", "spread", "size", "dead")
_MOST_LINES = 7  # lines a panel
_LOG_RATIO = 30.0  # a curve that falls by more is drawn on a logarithmic axis

Curves = dict[str, dict[str, list[tuple[float, float]]]]


def training_curves(
    records: Iterable[Mapping[str, Any]],
    *,
    baselines: Mapping[str, Mapping[str, float]] | None = None,
    metrics: Sequence[str] | None = None,
    title: str = "Training",
) -> Figure:
    """Draw every logged figure by step, one panel a figure.

    Parameters
    ----------
    records : iterable of mapping
        Lines of ``metrics.jsonl``: ``step`` (or ``epoch``) and numbers, nested or with names
        such as ``train/loss``; training and validation share a panel. Entries under
        ``baseline/NAME/…`` become horizontal lines.
    baselines : mapping of str to mapping, optional
        More horizontal lines: by metric, by baseline name.
    metrics : sequence of str, optional
        Which figures, in this order; by default all.
    title : str
        Heading.

    Raises
    ------
    DataError
        If there is nothing to draw.
    """
    curves, lines = _collect(records)
    for metric, values in (baselines or {}).items():
        lines.setdefault(metric, {}).update(values)
    names = [name for name in (metrics or sorted(curves, key=_rank)) if name in curves]
    if not names:
        raise DataError(
            f"drawing training curves: none of {list(metrics or ['any figure'])} in the records; "
            f"found {sorted(curves) or 'no numbers beside a step'}",
            hint="records are the lines of metrics.jsonl, each with a step or epoch",
        )
    columns = min(3, len(names))
    rows = -(-len(names) // columns)
    figure = Figure(figsize=(3.6 * columns, 2.7 * rows + 0.4), layout="constrained")
    FigureCanvasAgg(figure)
    figure.suptitle(title, fontsize=10, fontweight="bold", x=0.01, ha="left")
    panels = figure.subplots(rows, columns, squeeze=False).ravel()
    for axes, name in zip(panels, names, strict=False):
        _panel(axes, name, curves[name], lines.get(name, {}))
    for axes in panels[len(names) :]:
        axes.set_axis_off()
    return figure


def _collect(
    records: Iterable[Mapping[str, Any]],
) -> tuple[Curves, dict[str, dict[str, float]]]:
    """Sort numbers into curves by metric and part, and baselines by metric and name."""
    curves: Curves = {}
    lines: dict[str, dict[str, float]] = {}
    for record in records:
        step = next((record[key] for key in _STEPS if key in record), None)
        if not isinstance(step, (int, float)):
            continue
        for path, value in _leaves(record):
            if path[0] in _BASELINES and len(path) >= 3:
                _, panel = _place(path[2:])
                lines.setdefault(panel, {})[path[1]] = value
            elif path[0] not in (*_BASELINES, *_NOT_DRAWN):
                part, panel = _place(path)
                points = curves.setdefault(panel, {}).setdefault(part, [])
                points.append((float(step), value))
    return curves, lines


def _rank(panel: str) -> tuple[int, int]:
    """Order panels: loss, scores, what the watch saw, what tells how the machine runs."""
    if any(word in panel.lower() for word in _MACHINERY):
        return (2, 0)
    return (0, _ORDER.index(panel)) if panel in _ORDER else (1, 0)


def _leaves(record: Mapping[str, Any], path: tuple[str, ...] = ()) -> Iterator[tuple[Any, float]]:
    for key, value in record.items():
        here = (*path, *str(key).split("/"))
        if isinstance(value, Mapping):
            yield from _leaves(value, here)
        elif _is_number(value):
            yield here, float(value)


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)


def _place(path: tuple[str, ...]) -> tuple[str, str]:
    """Give the line and the panel of a logged number.

    Examples
    --------
    >>> _place(("train", "loss")), _place(("valid_loss",))
    (('training', 'loss'), ('validation', 'loss'))
    >>> _place(("skill", "all_dry")), _place(("learning_rate",))
    (('All dry', 'skill'), ('', 'learning_rate'))
    """
    head, _, rest = path[0].partition("_")
    if len(path) > 1 and path[0] in _PARTS:
        return _PARTS[path[0]], "/".join(path[1:])
    if len(path) == 1 and head in _PARTS and rest:
        return _PARTS[head], rest
    if len(path) > 1:
        return model_words("/".join(path[1:])), path[0]
    return "", path[0]


def _panel(
    axes: Axes,
    name: str,
    curves: Mapping[str, Sequence[tuple[float, float]]],
    baselines: Mapping[str, float],
) -> None:
    shown = sorted(sorted(curves), key=lambda part: -abs(curves[part][-1][1]))[:_MOST_LINES]
    for position, part in enumerate(sorted(shown)):
        points = curves[part]
        colour = LINE_COLOURS[position % len(LINE_COLOURS)]
        steps, values = zip(*points, strict=True)
        style: dict[str, Any] = {"marker": "o", "markersize": 3} if len(points) <= 30 else {}
        axes.plot(
            steps, values, color=colour, linewidth=1.6,
            label=part or None, **style,
        )  # fmt: skip
    for position, (baseline, value) in enumerate(baselines.items()):
        axes.axhline(
            value, color=LINE_COLOURS[6], linewidth=1.1,
            linestyle=LINE_STYLES[1 + position % 3], label=model_words(baseline),
        )  # fmt: skip
    _scale(axes, name, [value for points in curves.values() for _, value in points])
    axes.xaxis.set_major_locator(MaxNLocator(4, integer=True))
    left_out = f", {len(shown)} largest of {len(curves)}" if len(shown) < len(curves) else ""
    axes.set_title(metric_words(name) + left_out, fontsize=9, loc="left")
    axes.set_xlabel("Step", fontsize=8)
    axes.tick_params(labelsize=8, length=3)
    axes.grid(visible=True, color="#e4e4e4", linewidth=0.7)
    axes.spines[["top", "right"]].set_visible(False)
    if any(curves) or baselines:
        axes.legend(fontsize=7, frameon=False)


def _scale(axes: Axes, name: str, values: Sequence[float]) -> None:
    """Choose an axis on which the figure can be read: zero on it, or logarithmic."""
    falls = name in _FALLING and min(values) > 0 and max(values) / min(values) > _LOG_RATIO
    if falls:
        axes.set_yscale("log")
        return
    axes.yaxis.set_major_locator(MaxNLocator(5))
    if name == "skill":
        axes.axhline(0, color="black", linewidth=1)
        axes.set_ylim(max(min(0.0, *values) - 0.05, _WORST_SKILL), 1.02)
    elif min(values) >= 0:
        axes.set_ylim(bottom=0, top=max(axes.get_ylim()[1], 1.08 * max(values), 1e-12))
