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
_PARTS = {"train": "training", "valid": "validation", "val": "validation", "test": "test"}
_BASELINES = ("baseline", "baselines")
_MACHINERY = ("learning_rate", "grad", "norm", "memory", "throughput", "per_s", "seconds")
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
                lines.setdefault("/".join(path[2:]), {})[path[1]] = value
            elif path[-1] not in _NOT_DRAWN and path[0] not in _BASELINES:
                part, metric = _part(path)
                points = curves.setdefault(metric, {}).setdefault(part, [])
                points.append((float(step), value))
    return curves, lines


def _rank(metric: str) -> int:
    """Order panels: the loss, the scores, then what only tells how the machine runs."""
    words = metric.lower()
    if words == "rate" or any(word in words for word in _MACHINERY):
        return 2
    return 0 if "loss" in words else 1


def _leaves(record: Mapping[str, Any], path: tuple[str, ...] = ()) -> Iterator[tuple[Any, float]]:
    for key, value in record.items():
        here = (*path, *str(key).split("/"))
        if isinstance(value, Mapping):
            yield from _leaves(value, here)
        elif _is_number(value):
            yield here, float(value)


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)


def _part(path: tuple[str, ...]) -> tuple[str, str]:
    """Split a name into training or validation and the metric.

    Examples
    --------
    >>> _part(("train", "loss")), _part(("valid_loss",)), _part(("rate",))
    (('training', 'loss'), ('validation', 'loss'), ('', 'rate'))
    """
    if path[0] in _PARTS and len(path) > 1:
        return _PARTS[path[0]], "/".join(path[1:])
    head, _, rest = path[0].partition("_")
    if head in _PARTS and rest:
        return _PARTS[head], "/".join((rest, *path[1:]))
    return "", "/".join(path)


def _panel(
    axes: Axes,
    name: str,
    curves: Mapping[str, Sequence[tuple[float, float]]],
    baselines: Mapping[str, float],
) -> None:
    for position, (part, points) in enumerate(sorted(curves.items())):
        steps, values = zip(*points, strict=True)
        style: dict[str, Any] = {"marker": "o", "markersize": 3} if len(points) <= 30 else {}
        axes.plot(
            steps, values, color=LINE_COLOURS[position], linewidth=1.6,
            label=part or metric_words(name), **style,
        )  # fmt: skip
    everything = [value for points in curves.values() for _, value in points]
    for position, (baseline, value) in enumerate(baselines.items()):
        axes.axhline(
            value, color=LINE_COLOURS[6], linewidth=1.1,
            linestyle=LINE_STYLES[1 + position % 3], label=model_words(baseline),
        )  # fmt: skip
    if min(everything) > 0 and max(everything) / min(everything) > _LOG_RATIO:
        axes.set_yscale("log")
    else:
        axes.yaxis.set_major_locator(MaxNLocator(5))
    axes.xaxis.set_major_locator(MaxNLocator(4, integer=True))
    axes.set_title(metric_words(name), fontsize=9, loc="left")
    axes.set_xlabel("Step", fontsize=8)
    axes.tick_params(labelsize=8, length=3)
    axes.grid(visible=True, color="#e4e4e4", linewidth=0.7)
    axes.spines[["top", "right"]].set_visible(False)
    if len(curves) + len(baselines) > 1:
        axes.legend(fontsize=7, frameon=False)
