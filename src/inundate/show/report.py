"""The report of a run as one HTML file: failures first, then scores, figures and origin."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

import inundate
from inundate.core.errors import DataError
from inundate.core.files import check_input, check_output, write_text
from inundate.show.curves import training_curves
from inundate.show.encode import to_base64
from inundate.show.figure import figure_png
from inundate.show.scores import all_scores, regime_sections
from inundate.show.skill import reliability_diagram, score_bars
from inundate.show.template import (
    Html,
    asset,
    content_policy,
    definition_list,
    flat_names,
    render,
    unordered_list,
)
from inundate.show.verdict import check_evaluation, verdict_html
from inundate.show.words import metric_words

__all__ = ["STANDING_LIMITS", "write_report"]

STANDING_LIMITS = (
    "Truth is the solver's result, not an observed flood: a score says how well the model "
    "repeats the solver.",
    "Scores hold for storms and terrain like those of the split shown here; intervals tell of the "
    "sample's size, not of other landscapes.",
)
"""Limits that every report states."""

_PNG = b"\x89PNG\r\n\x1a\n"


def write_report(
    path: Path | str,
    *,
    evaluation: Mapping[str, Any] | None = None,
    figures: Mapping[str, Figure | Path] | None = None,
    training: Sequence[Mapping[str, Any]] = (),
    provenance: Mapping[str, Any] | None = None,
    limits: Sequence[str] = (),
    problems: Sequence[str] = (),
    title: str = "Report",
    overwrite: bool = False,
) -> Path:
    """Write everything that a reader needs to judge a run into one file.

    Parameters
    ----------
    path : Path
        File to write.
    evaluation : mapping, optional
        Result of an evaluation, see :func:`inundate.score.summary.summarise`; without it the
        report says at the top that there are no scores.
    figures : mapping of str to Figure or Path, optional
        By caption; a path leads to a PNG.
    training : sequence of mapping
        Lines of ``metrics.jsonl``.
    provenance : mapping, optional
        Versions, command, inputs.
    limits : sequence of str
        What the run does not know, beside the standing limits.
    problems : sequence of str
        What went wrong, such as an alarm that stopped the training; shown at the very top.
    title : str
        Heading.
    overwrite : bool
        Replace an existing file.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    DataError
        If ``evaluation`` is none, or a figure's file is not a PNG.
    MissingFileError
        If a figure's file is missing.
    RunError
        If the file exists.
    """
    target = check_output(path, overwrite)
    if evaluation is not None:
        check_evaluation(evaluation)
    style = asset("report.css")
    page = render(
        asset("report.html"),
        csp=content_policy(styles=[style]),
        version=inundate.__version__,
        title=title,
        style=Html(style),
        verdict=Html(_problems(problems) + verdict_html(evaluation)),
        body=Html(
            "".join([
                _evaluation(evaluation) if evaluation is not None else "",
                _figures(figures or {}),
                _training(training),
                _limits([*limits, *STANDING_LIMITS]),
                _everything(evaluation) if evaluation is not None else "",
                _section("Where it comes from", definition_list(flat_names(provenance or {}))),
            ])
        ),
    )  # fmt: skip
    return write_text(target, page)


def _problems(problems: Sequence[str]) -> Html:
    if not problems:
        return Html("")
    return render(
        '<div class="verdict bad"><p>What went wrong</p>{{list}}</div>',
        list=unordered_list(problems),
    )


def _evaluation(evaluation: Mapping[str, Any]) -> Html:
    """Give score bars of the required scores, tables by regime, reliability and split."""
    parts: list[str] = []
    about = evaluation.get("metrics")
    for metric in evaluation["verdict"].get("required", []):
        if any(metric in s for r in evaluation["regimes"].values() for s in r["scores"].values()):
            figure = score_bars(evaluation, metric)
            caption = f"{metric_words(metric, about)}: value and interval of every model"
            parts.append(_figure(caption, figure_png(figure, dpi=110), told=True))
    parts.append(regime_sections(evaluation))
    parts += _reliability(evaluation)
    split = definition_list(evaluation["split"])
    return Html(_section("Scores", Html("".join(parts))) + _section("Split of the data", split))


def _reliability(evaluation: Mapping[str, Any]) -> list[str]:
    tables = evaluation["regimes"].get("all", {}).get("reliability", {})
    thresholds = list(dict.fromkeys(t for table in tables.values() for t in table))
    found: list[str] = []
    for threshold in thresholds:
        columns = {m: table[threshold] for m, table in tables.items() if threshold in table}
        title = f"Reliability of P(depth > {threshold} m)"
        figure = reliability_diagram(columns, title=title)
        found.append(_figure(title, figure_png(figure, dpi=100), told=True))
    return ['<div class="row">', *found, "</div>"] if found else []


def _everything(evaluation: Mapping[str, Any]) -> Html:
    return _section("All scores", all_scores(evaluation))


def _figures(figures: Mapping[str, Figure | Path]) -> Html:
    if not figures:
        return Html("")
    parts = [_figure(caption, _png_of(caption, item)) for caption, item in figures.items()]
    return _section("Figures", Html("".join(parts)))


def _png_of(caption: str, item: Figure | Path) -> bytes:
    if isinstance(item, Figure):
        return figure_png(item)
    data = check_input(item, what="reading figure").read_bytes()
    if not data.startswith(_PNG):
        raise DataError(f"writing a report: figure {caption!r} ({item}) is not a PNG")
    return data


def _figure(caption: str, png: bytes, *, told: bool = False) -> Html:
    """Give a figure with its caption, which stays hidden where the picture tells it itself."""
    return render(
        '<figure>{{told}}<img alt="{{caption}}" src="data:image/png;base64,{{data}}"></figure>',
        told=Html("") if told else render("<figcaption>{{words}}</figcaption>", words=caption),
        caption=caption, data=to_base64(png),
    )  # fmt: skip


def _training(records: Sequence[Mapping[str, Any]]) -> Html:
    if not records:
        return Html("")
    figure = training_curves(records, title="")
    caption = "Training by step; horizontal lines are baselines on the same samples"
    return _section("Training", _figure(caption, figure_png(figure, dpi=110)))


def _limits(limits: Iterable[str]) -> Html:
    return render(
        '<section class="limits"><h2>What this report does not know</h2>{{list}}</section>',
        list=unordered_list(dict.fromkeys(limits)),
    )


def _section(heading: str, content: Html) -> Html:
    return render(
        "<section><h2>{{heading}}</h2>{{content}}</section>", heading=heading, content=content
    )
