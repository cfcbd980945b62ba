"""The command ``inundate evaluate``."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

__all__ = ["evaluate"]


def evaluate(
    run: Path,
    *,
    dataset: Path | None = None,
    part: Literal["test", "valid", "train"] = "test",
    draws: int = 2000,
    figures: bool = True,
    json: bool = False,
) -> None:
    """Score a run on unseen storms over unseen terrain, beside every baseline.

    Parameters
    ----------
    run
        A trained run; evaluation.json, figures and report.html are written into it.
    dataset
        Another data set than the run's own; then nothing is written into the run.
    part
        Part of the data set.
    draws
        Bootstrap draws for the intervals.
    figures
        Draw maps, curves and the report.
    json
        Print one JSON object: every metric with its interval, and the verdict.

    Examples
    --------
    ``inundate evaluate runs/first``
    """
    from inundate.cli.shell import emit
    from inundate.emulate.evaluate import evaluate as score

    found = score(run, dataset=dataset, part=part, draws=draws)
    report = None
    if dataset is None and part == "test":
        from inundate.cli.drawing import write_evaluation

        report = write_evaluation(run, found.summary, figures=figures)
    result = {**found.summary, "report": None if report is None else str(report)}
    tail = "" if report is None else f"\n\nreport {report}"
    emit(result, json=json, text=found.text + tail)
