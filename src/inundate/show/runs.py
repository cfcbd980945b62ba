"""Gather what a run folder holds into its report."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from inundate.core.errors import DataError, RunError
from inundate.core.files import check_input
from inundate.core.run import Run
from inundate.show.report import write_report
from inundate.show.verdict import check_evaluation, verdict_lines
from inundate.show.words import model_words

__all__ = ["EVALUATION", "RunReport", "report_run", "run_problems"]

EVALUATION = "evaluation.json"
"""Where a run folder keeps the result of its evaluation."""

_WHOLE = ("finished", "evaluated")


@dataclass(frozen=True)
class RunReport:
    """What was written.

    Attributes
    ----------
    path : Path
        The file.
    beats_all : bool or None
        Whether the model beats every baseline; None if the run was not evaluated.
    fails, problems, figures : tuple of str
        Baselines not beaten; what else went wrong; captions of the figures.
    """

    path: Path
    beats_all: bool | None
    fails: tuple[str, ...]
    problems: tuple[str, ...]
    figures: tuple[str, ...]


def report_run(
    run: Path | str,
    *,
    output: Path | None = None,
    evaluation: Path | None = None,
    title: str = "",
    overwrite: bool = False,
) -> RunReport:
    """Write the report of a run folder.

    Parameters
    ----------
    run : Path
        Run folder; its ``metrics.jsonl``, ``figures/*.png``, manifest and, if there is one,
        ``evaluation.json`` are shown.
    output : Path, optional
        By default ``report.html`` in the folder.
    evaluation : Path, optional
        JSON of an evaluation kept elsewhere; it must exist.
    title : str
        Heading; by default made from the folder's name.
    overwrite : bool
        Replace an existing file.

    Raises
    ------
    MissingFileError
        If the run or the named evaluation is not there.
    RunError
        If the folder is not a run or holds exported weights, or the file exists.
    DataError
        If the evaluation is not one.
    """
    opened = Run(run)
    if opened.status == "exported":
        raise RunError(
            f"writing the report of {run}: exported weights, without the metrics of their "
            "training; expected a run folder",
            hint=f"inundate evaluate {run} --dataset data.zarr scores them",
        )
    scores = _evaluation(opened.path, evaluation)
    figures = {
        path.stem.replace("_", " ").capitalize(): path
        for path in sorted((opened.path / "figures").glob("*.png"))
    }
    problems = run_problems(opened.manifest)
    path = write_report(
        output or opened.path / "report.html",
        evaluation=scores,
        figures=figures,
        training=opened.read_metrics(),
        provenance=_origin(opened),
        limits=[str(limit) for limit in opened.manifest.get("limits", [])],
        problems=problems,
        title=title or _heading(opened),
        overwrite=overwrite,
    )
    return RunReport(
        path,
        None if scores is None else bool(scores["verdict"]["beats_all"]),
        tuple(verdict_lines(scores)) if scores is not None else (),
        tuple(problems),
        tuple(figures),
    )


def run_problems(manifest: Mapping[str, Any]) -> list[str]:
    """Say what went wrong in a run, from its manifest: how it ended, and its alarms.

    Examples
    --------
    >>> run_problems({"status": "stopped", "step": 40, "alarms": [{"says": "all dry"}]})
    ['The run is not finished: stopped at step 40.', 'all dry']
    """
    found = []
    status = str(manifest.get("status"))
    if status not in _WHOLE:
        step = f" at step {manifest['step']}" if "step" in manifest else ""
        error = f": {manifest['error']}" if manifest.get("error") else ""
        found.append(f"The run is not finished: {status}{step}{error}.")
    for alarm in manifest.get("alarms", []):
        if isinstance(alarm, Mapping):
            words = [str(alarm[key]) for key in ("says", "evidence") if alarm.get(key)]
            found.append(". ".join(words) or str(alarm.get("cause", "an alarm without words")))
        else:
            found.append(str(alarm))
    return found


def _evaluation(run: Path, named: Path | None) -> dict[str, Any] | None:
    path = named or run / EVALUATION
    if named is None and not path.exists():
        return None
    text = check_input(path, what="reading evaluation").read_text(encoding="utf-8")
    try:
        found = json.loads(text)
    except json.JSONDecodeError as error:
        raise DataError(f"reading evaluation {path}: not JSON ({error})") from error
    if not isinstance(found, dict):
        raise DataError(f"reading evaluation {path}: a {type(found).__name__}, expected an object")
    check_evaluation(found)
    return found


def _heading(run: Run) -> str:
    """Name the model and the folder: runs of one model differ by their folder alone."""
    name = run.path.resolve().name
    model = run.manifest.get("model")
    return f"{model_words(str(model))} ({name})" if model else f"Run {name}"


def _origin(run: Run) -> dict[str, Any]:
    told = {k: v for k, v in run.manifest.items() if k not in ("alarms", "limits", "scores")}
    return {"run": run.path.name, **told, "settings": run.config}
