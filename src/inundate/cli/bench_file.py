"""What every benchmark shares: the choice of a part, the head of its result file, the file."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from inundate.core.errors import ConfigError, nearest
from inundate.core.files import write_text
from inundate.core.provenance import provenance

__all__ = ["chosen_parts", "file_head", "sayer", "write_result"]


def chosen_parts(
    benchmark: str, only: str | None, known: Iterable[str], default: Iterable[str] | None = None
) -> list[str]:
    """Give the parts to make: the one that was asked for, or all.

    Parameters
    ----------
    benchmark : str
    only : str, optional
    known : iterable of str
    default : iterable of str, optional
        What is made when none is asked for, if that is not all.

    Raises
    ------
    ConfigError
        If there is no such part.
    """
    known = list(known)
    if only is None:
        return known if default is None else list(default)
    if only in known:
        return [only]
    close = nearest(only, known)
    raise ConfigError(
        f"benchmark {benchmark}: --only {only!r} is not known; expected one of {', '.join(known)}",
        hint=f"did you mean {close!r}?" if close else None,
    )


def file_head(benchmark: str, *, quick: bool, flags: str = "") -> dict[str, Any]:
    """Say how a result was made: command, version, commit, machine, date and packages.

    Parameters
    ----------
    benchmark : str
    quick : bool
        Whether it is the small version, which knows no other flags.
    flags : str
        What the command was given besides.
    """
    source = provenance()
    packages = source["packages"] if isinstance(source["packages"], dict) else {}
    return {
        "name": benchmark,
        "command": f"inundate benchmark {benchmark}" + (" --quick" if quick else flags),
        "version": source["inundate"],
        "commit": source["commit"],
        "machine": source["machine"],
        "date": str(source["time"])[:10],
        "quick": quick,
        "packages": {"python": source["python"], **packages},
    }


def write_result(output: Path, found: dict[str, Any]) -> None:
    """Write ``NAME.json``, or ``NAME-quick.json`` for the small version."""
    output.mkdir(parents=True, exist_ok=True)
    name = f"{found['name']}-quick.json" if found["quick"] else f"{found['name']}.json"
    write_text(output / name, json.dumps(found, indent=1))


def sayer(benchmark: str) -> Callable[[str], None]:
    """Give what tells on standard error how far a benchmark is."""

    def say(line: str) -> None:
        sys.stderr.write(f"benchmark {benchmark}: {line}\n")
        sys.stderr.flush()

    return say
