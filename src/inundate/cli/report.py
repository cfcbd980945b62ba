"""The command ``inundate report``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from inundate.cli.flags import Json, Overwrite

__all__ = ["report"]


def report(
    run: Path,
    *,
    output: Annotated[Path | None, Parameter(name=["--output", "-o"])] = None,
    evaluation: Path | None = None,
    title: str = "",
    overwrite: Overwrite = False,
    json: Json = False,
) -> None:
    """Write the report of a run: failures first, scores beside their baselines.

    Parameters
    ----------
    run
        Run folder, as train makes it.
    output
        HTML file to write; by default report.html in the run folder.
    evaluation
        JSON of inundate evaluate; by default evaluation.json in the run folder.
    title
        Heading; by default made from the run.

    Examples
    --------
    ``inundate report runs/2026-11-23T0955-mode_h-3f2a -o report.html``
    """
    from inundate.cli.shell import emit
    from inundate.show.runs import report_run

    found = report_run(run, output=output, evaluation=evaluation, title=title, overwrite=overwrite)
    verdict = {None: "not evaluated", True: "beats every baseline", False: "does NOT beat them all"}
    lines = [f"{found.path}: {verdict[found.beats_all]}", *(f"  {fail}" for fail in found.fails)]
    emit(
        {
            "output": str(found.path),
            "evaluated": found.beats_all is not None,
            "beats_all": found.beats_all,
            "fails": list(found.fails),
            "problems": list(found.problems),
            "figures": list(found.figures),
        },
        json=json,
        text="\n".join([*lines, *(f"  problem: {problem}" for problem in found.problems)]),
    )
