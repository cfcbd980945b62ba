"""The command ``inundate benchmark``: make the figures of the documentation."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

from cyclopts import Parameter

__all__ = ["benchmark"]


def benchmark(
    name: Literal["chain", "solver"],
    *,
    data: Path = Path("../shared/data"),
    output: Annotated[Path, Parameter(name=["--output", "-o"])] = Path("bench/results"),
    work: Path = Path("bench/work"),
    quick: bool = False,
    steps: int = 1200,
    only: str | None = None,
    peer_python: Path | None = None,
    json: bool = False,
) -> None:
    """Run one area's figures; resumable, results as a small JSON file.

    Parameters
    ----------
    name
        chain: real radar moved over real terrain, simulate, train, evaluate.
        solver: speed, accuracy and memory of the solver, beside other solvers, which are
        installed into environments of their own below the work folder.
    data
        Folder with radar/ and terrain/ of the real inputs.
    output
        Folder that receives NAME.json.
    work
        Folder for what is made on the way; finished steps in it are kept.
    quick
        A small version of the same code, in about a minute.
    steps
        chain: optimiser steps of Mode H; the Temporal CNNs get two thirds of it.
    only
        solver: measure and show this one figure, and write no result file.
    peer_python
        solver: a Python >= 3.12 for the solvers that need one; looked for on the path otherwise.
    json
        Print one JSON object.

    Examples
    --------
    ``inundate benchmark chain --data ../shared/data``
    """
    from inundate.cli.shell import emit

    figures: dict[str, Any]
    if name == "solver":
        from inundate.cli.solver_bench.run import run_solver

        figures = run_solver(data, output, work, quick=quick, only=only, peer_python=peer_python)
    else:
        _check_unused(only=only, peer_python=peer_python)
        from inundate.cli.chain import run_chain

        figures = run_chain(data, output, work, quick=quick, steps=steps)
    emit(figures, json=json, text=lambda: _text(figures))


def _check_unused(**settings: object) -> None:
    from inundate.core.errors import ConfigError

    given = [f"--{key.replace('_', '-')}" for key, value in settings.items() if value is not None]
    if given:
        raise ConfigError(f"benchmark chain: {', '.join(given)} belongs to benchmark solver only")


def _text(figures: dict[str, Any]) -> str:
    from inundate.cli.results import value_text

    lines = [f"{figures['name']}: {figures['command']}"]
    for row in figures["figures"]:
        met = "met" if row["met"] else "NOT met"
        lines.append(
            f"  {row['id']:<36} {value_text(row)} {row['unit']}, goal {row['goal']}: {met}"
        )
    for table in figures.get("tables", ()):
        lines += ["", table["title"], "  " + " | ".join(table["columns"])]
        lines += ["  " + " | ".join(row) for row in table["rows"]]
    return "\n".join(lines)
