"""What a build has made so far, so that one that was stopped goes on."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

from inundate.core.errors import RunError
from inundate.core.files import write_text
from inundate.dataset.world.make import Report

__all__ = ["LEDGER", "STATE", "append", "held", "read_ledger", "read_state", "write_state"]

LEDGER, STATE = "ledger.jsonl", "state.json"


@contextmanager
def held(folder: Path) -> Iterator[None]:
    """Keep other builds out of a folder; the hold goes with the process, however it ends.

    Raises
    ------
    RunError
        If another build is at work there.
    """
    import fcntl

    file = folder.with_name(f".{folder.name}.lock")
    with file.open("a", encoding="utf-8") as stream:
        try:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise RunError(
                f"building in {folder}: another build is at work there",
                hint="wait for it, stop it, or give another -o",
            ) from error
        yield
        file.unlink(missing_ok=True)


def append(folder: Path, reports: Iterable[Report]) -> None:
    """Add samples that lie whole in the store, one a line."""
    lines = "".join(json.dumps(asdict(report)) + "\n" for report in reports)
    with (folder / LEDGER).open("a", encoding="utf-8") as stream:
        stream.write(lines)


def read_ledger(folder: Path) -> dict[int, Report]:
    """Give what is made by number; a last line that was cut off does not count."""
    path = folder / LEDGER
    if not path.is_file():
        return {}
    found: dict[int, Report] = {}
    text = path.read_text(encoding="utf-8")
    for line in text.splitlines(keepends=True):
        if line.endswith("\n"):
            report = Report(**json.loads(line))
            found[report.number] = report
    if text and not text.endswith("\n"):
        write_text(path, text[: text.rfind("\n") + 1])  # what is added next starts a line
    return found


def write_state(folder: Path, state: dict[str, str]) -> None:
    """Say which plan the folder is for; written last, when all arrays are there."""
    write_text(folder / STATE, json.dumps(state))


def read_state(folder: Path) -> dict[str, str] | None:
    """Give what :func:`write_state` wrote; None where it was not reached."""
    path = folder / STATE
    if not path.is_file():
        return None
    return {str(key): str(value) for key, value in json.loads(path.read_text("utf-8")).items()}
