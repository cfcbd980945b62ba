"""Run the benchmark ``solver`` and write its result file."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from inundate.cli.solver_bench.pieces import Context
from inundate.cli.solver_bench.registry import MAKERS
from inundate.core.errors import ConfigError, nearest
from inundate.core.files import write_text
from inundate.core.provenance import provenance

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
    makers = _chosen(only)
    context = Context(data, work, quick, peer_python, _say)
    figures: list[dict[str, Any]] = []
    tables: list[dict[str, Any]] = []
    for name in makers:
        made = MAKERS[name](context)
        figures += made.figures
        tables += made.tables
    source = provenance()
    found = {
        "name": "solver",
        "command": "inundate benchmark solver" + (" --quick" if quick else ""),
        "version": source["inundate"],
        "commit": source["commit"],
        "machine": source["machine"],
        "date": str(source["time"])[:10],
        "quick": quick,
        "packages": {"python": source["python"], **_mapping(source["packages"])},
        "figures": figures,
        "tables": tables,
    }
    if only is None:
        output.mkdir(parents=True, exist_ok=True)
        name = "solver-quick.json" if quick else "solver.json"
        write_text(output / name, json.dumps(found, indent=1))
    return found


def _chosen(only: str | None) -> list[str]:
    if only is None or only in MAKERS:
        return [only] if only else list(MAKERS)
    close = nearest(only, MAKERS)
    raise ConfigError(
        f"benchmark solver: --only {only!r} is not known; expected one of {', '.join(MAKERS)}",
        hint=f"did you mean {close!r}?" if close else None,
    )


def _mapping(found: object) -> dict[str, str]:
    return dict(found) if isinstance(found, dict) else {}


def _say(line: str) -> None:
    sys.stderr.write(f"benchmark solver: {line}\n")
    sys.stderr.flush()
