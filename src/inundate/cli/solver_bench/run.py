"""Run the benchmark ``solver`` and write its result file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from inundate.cli.bench_file import chosen_parts, file_head, sayer, write_result
from inundate.cli.solver_bench.pieces import Context
from inundate.cli.solver_bench.registry import MAKERS

__all__ = ["run_solver"]


def run_solver(
    data: Path,
    output: Path,
    work: Path,
    *,
    quick: bool = False,
    only: str | None = None,
    peer_python: Path | None = None,
) -> dict[str, Any]:
    """Measure what is not yet measured and write ``solver.json``.

    Parameters
    ----------
    data : Path
        Folder with radar/ and terrain/ of real inputs.
    output : Path
        Folder that receives the result file.
    work : Path
        Folder for pieces and for the peers' environments; what is finished in it is kept.
    quick : bool
        The small version, without peers and real data; writes ``solver-quick.json``.
    only : str, optional
        One name of :data:`~.registry.MAKERS`: its pieces are made, and no file is written.
    peer_python : Path, optional
        Python for peers that need a newer one than runs this.

    Returns
    -------
    dict
        As in the file.

    Raises
    ------
    ConfigError
        If there is no such figure.
    RunError
        If a measurement of our own fails.
    """
    makers = chosen_parts("solver", only, MAKERS)
    context = Context(data, work, quick, peer_python, sayer("solver"))
    figures: list[dict[str, Any]] = []
    tables: list[dict[str, Any]] = []
    for name in makers:
        made = MAKERS[name](context)
        figures += made.figures
        tables += made.tables
    found = {
        **file_head("solver", quick=quick),
        "figures": figures,
        "tables": tables,
    }
    if only is None:
        write_result(output, found)
    return found
