"""Run the benchmark ``privacy`` and write its result file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from inundate.cli.bench_file import chosen_parts, file_head, sayer, write_result
from inundate.cli.privacy_bench.context import Context
from inundate.cli.privacy_bench.makers import MAKERS

__all__ = ["run_privacy"]

_READING = (
    "A value stands with the smallest and the largest of its repeats; without brackets it was "
    "measured once or is exact. Figures without a goal are controls: they show that a search "
    "or an attack finds what is there to be found.\n"
)


def run_privacy(
    data: Path, output: Path, work: Path, *, quick: bool = False, only: str | None = None
) -> dict[str, Any]:
    """Plant, pseudonymise, search, attack and time; write ``privacy.json``.

    Parameters
    ----------
    data : Path
        Folder with text/ of real posts, for precision and speed.
    output : Path
        Folder that receives the result file.
    work : Path
        Folder for archives, stores and the peers' environment.
    quick : bool
        A small version without peers; writes ``privacy-quick.json``.
    only : str, optional
        One name of :data:`~.makers.MAKERS`; no file is written.

    Returns
    -------
    dict
        As in the file.

    Raises
    ------
    ConfigError
        If there is no such part.
    """
    makers = chosen_parts("privacy", only, MAKERS)
    context = Context(data, work / "privacy", quick, sayer("privacy"))
    figures: list[dict[str, Any]] = []
    tables: list[dict[str, Any]] = []
    for name in makers:
        made = MAKERS[name](context)
        figures += made.figures
        tables += made.tables
    found = {
        **file_head("privacy", quick=quick),
        "reading": _READING,
        "figures": figures,
        "tables": tables,
    }
    if only is None:
        write_result(output, found)
    return found
