"""The command ``inundate benchmark``: make the figures of the documentation."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

from cyclopts import Parameter

__all__ = ["benchmark"]


def benchmark(
    name: Literal["chain"],
    *,
    data: Path = Path("../shared/data"),
    output: Annotated[Path, Parameter(name=["--output", "-o"])] = Path("bench/results"),
    work: Path = Path("bench/work"),
    quick: bool = False,
    steps: int = 1200,
    json: bool = False,
) -> None:
    """Run one area's figures; resumable, results as a small JSON file.

    Parameters
    ----------
    name
        chain: real radar moved over real terrain, simulate, train, evaluate.
    data
        Folder with radar/ and terrain/ of the real inputs.
    output
        Folder that receives NAME.json.
    work
        Folder for what is made on the way; finished steps in it are kept.
    quick
        A small version of the same code, in about a minute.
    steps
        Optimiser steps of Mode H; the Temporal CNNs get two thirds of it.
    json
        Print one JSON object.

    Examples
    --------
    ``inundate benchmark chain --data ../shared/data``
    """
    from inundate.cli.chain import run_chain
    from inundate.cli.shell import emit

    figures: dict[str, Any] = run_chain(data, output, work, quick=quick, steps=steps)
    emit(figures, json=json, text=lambda: _text(figures))


def _text(figures: dict[str, Any]) -> str:
    from inundate.cli.results import value_text

    lines = [f"{figures['name']}: {figures['command']}"]
    for row in figures["figures"]:
        met = "met" if row["met"] else "NOT met"
        lines.append(
            f"  {row['id']:<36} {value_text(row)} {row['unit']}, goal {row['goal']}: {met}"
        )
    return "\n".join(lines)
