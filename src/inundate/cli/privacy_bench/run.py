"""Run the benchmark ``privacy`` and write its result file."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from inundate.cli.bench_file import chosen_parts, file_head, sayer, write_result
from inundate.cli.privacy_bench.context import Context
from inundate.cli.privacy_bench.makers import MAKERS

__all__ = ["run_privacy"]

_FILE = "privacy.json"
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
        One name of :data:`~.makers.MAKERS`: its rows replace those in the result file that is
        there; without one none is written.

    Returns
    -------
    dict
        What was measured, as in the file.

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
    elif not quick and (output / _FILE).is_file() and _is_measured(figures):
        before = json.loads((output / _FILE).read_text(encoding="utf-8"))
        write_result(output, _with_part(before, found, only))
    return found


def _is_measured(figures: Sequence[Mapping[str, Any]]) -> bool:
    """Say whether there is a value: without data nothing that was measured may be replaced."""
    return any(one["value"] is not None for one in figures)


def _with_part(before: dict[str, Any], found: dict[str, Any], part: str) -> dict[str, Any]:
    """Put the rows of one part in the place of those that were measured before."""
    made = {one["id"]: one for one in found["figures"]}
    titles = {one["title"]: one for one in found["tables"]}
    figures = [made.pop(one["id"], one) for one in before["figures"]]
    tables = [titles.pop(one["title"], one) for one in before["tables"]]
    later = {name: found[name] for name in ("commit", "date", "machine")}
    return {
        **before,
        "parts": {**before.get("parts", {}), part: later},
        "figures": [*figures, *made.values()],
        "tables": [*tables, *titles.values()],
    }
