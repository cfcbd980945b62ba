"""The report of a run as one HTML file: failures first, then scores, figures and origin."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

from inundate.core.errors import DataError
from inundate.core.files import check_input, check_output
from inundate.show.curves import training_curves
from inundate.show.figure import figure_png
from inundate.show.report_parts import box, figure, limits_section, section, write_page
from inundate.show.scores import all_scores, regime_sections
from inundate.show.skill import reliability_diagram, score_bars
from inundate.show.template import Html, definition_list, flat_names
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
    return write_page(
        target,
        title=title,
        verdict=Html(box("What went wrong", problems) + verdict_html(evaluation)),
        sections=[
            _evaluation(evaluation) if evaluation is not None else Html(""),
            _figures(figures or {}),
            _training(training),
            limits_section([*limits, *STANDING_LIMITS]),
            _everything(evaluation) if evaluation is not None else Html(""),
            section("Where it comes from", definition_list(flat_names(provenance or {}))),
        ],
    )


def _evaluation(evaluation: Mapping[str, Any]) -> Html:
    """Give score bars of the required scores, tables by regime, reliability and split."""
    parts: list[str] = []
    about = evaluation.get("metrics")
    for metric in evaluation["verdict"].get("required", []):
        if any(metric in s for r in evaluation["regimes"].values() for s in r["scores"].values()):
            bars = score_bars(evaluation, metric)
            caption = f"{metric_words(metric, about)}: value and interval of every model"
            parts.append(figure(caption, figure_png(bars, dpi=110), told=True))
    parts.append(regime_sections(evaluation))
    parts += _reliability(evaluation)
    split = definition_list(evaluation["split"])
    return Html(section("Scores", Html("".join(parts))) + section("Split of the data", split))


def _reliability(evaluation: Mapping[str, Any]) -> list[str]:
    tables = evaluation["regimes"].get("all", {}).get("reliability", {})
    thresholds = list(dict.fromkeys(t for table in tables.values() for t in table))
    found: list[str] = []
    for threshold in thresholds:
        columns = {m: table[threshold] for m, table in tables.items() if threshold in table}
        title = f"Reliability of P(depth > {threshold} m)"
        drawn = reliability_diagram(columns, title=title)
        found.append(figure(title, figure_png(drawn, dpi=100), told=True))
    return ['<div class="row">', *found, "</div>"] if found else []


def _everything(evaluation: Mapping[str, Any]) -> Html:
    return section("All scores", all_scores(evaluation))


def _figures(figures: Mapping[str, Figure | Path]) -> Html:
    if not figures:
        return Html("")
    parts = [figure(caption, _png_of(caption, item)) for caption, item in figures.items()]
    return section("Figures", Html("".join(parts)))


def _png_of(caption: str, item: Figure | Path) -> bytes:
    if isinstance(item, Figure):
        return figure_png(item)
    data = check_input(item, what="reading figure").read_bytes()
    if not data.startswith(_PNG):
        raise DataError(f"writing a report: figure {caption!r} ({item}) is not a PNG")
    return data


def _training(records: Sequence[Mapping[str, Any]]) -> Html:
    if not records:
        return Html("")
    drawn = training_curves(records, title="")
    caption = "Training by step; horizontal lines are baselines on the same samples"
    return section("Training", figure(caption, figure_png(drawn, dpi=110)))
