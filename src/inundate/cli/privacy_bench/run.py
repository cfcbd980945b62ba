"""Run the benchmark ``privacy`` and write its result file."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from inundate.cli.privacy_bench.context import Context
from inundate.cli.privacy_bench.makers import MAKERS
from inundate.core.errors import ConfigError, nearest
from inundate.core.files import write_text
from inundate.core.provenance import provenance

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
    if only is not None and only not in MAKERS:
        close = nearest(only, MAKERS)
        raise ConfigError(
            f"benchmark privacy: --only {only!r} is not known; expected one of {', '.join(MAKERS)}",
            hint=f"did you mean {close!r}?" if close else None,
        )
    context = Context(data, work / "privacy", quick, _say)
    figures: list[dict[str, Any]] = []
    tables: list[dict[str, Any]] = []
    for name in [only] if only else MAKERS:
        made = MAKERS[name](context)
        figures += made.figures
        tables += made.tables
    source = provenance()
    packages = source["packages"]
    found = {
        "name": "privacy",
        "command": "inundate benchmark privacy" + (" --quick" if quick else ""),
        "version": source["inundate"],
        "commit": source["commit"],
        "machine": source["machine"],
        "date": str(source["time"])[:10],
        "quick": quick,
        "packages": {
            "python": source["python"],
            **(packages if isinstance(packages, dict) else {}),
        },
        "reading": _READING,
        "figures": figures,
        "tables": tables,
    }
    if only is None:
        output.mkdir(parents=True, exist_ok=True)
        name = "privacy-quick.json" if quick else "privacy.json"
        write_text(output / name, json.dumps(found, indent=1))
    return found


def _say(line: str) -> None:
    sys.stderr.write(f"benchmark privacy: {line}\n")
    sys.stderr.flush()
