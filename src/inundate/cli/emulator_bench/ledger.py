"""Scores as they come, one line a sample: what is whole is kept, whatever happens."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from inundate.core.errors import DataError
from inundate.core.files import write_text
from inundate.score.entry import Entry

__all__ = ["Ledger", "Scored"]


@dataclass(frozen=True)
class Scored:
    """Scores of one entrant on one sample.

    Attributes
    ----------
    sample : str
    entry : Entry
        Its sums.
    facts : mapping of str to float
        What does not add up over samples, such as how well a volume closes.
    """

    sample: str
    entry: Entry
    facts: Mapping[str, float] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """Give a JSON-able form."""
        return {"sample": self.sample, "entry": self.entry.to_json(), "facts": dict(self.facts)}

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Scored:
        """Read what :meth:`to_json` gave."""
        return cls(stored["sample"], Entry.from_json(stored["entry"]), stored["facts"])


class Ledger:
    """Scores of one entrant in a file that only grows.

    A last line that was cut off is removed when the file is opened.

    Parameters
    ----------
    path : Path

    Raises
    ------
    DataError
        If a whole line is not what was written.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.found: dict[str, Scored] = {}
        if not path.is_file():
            return
        text = path.read_text("utf-8")
        for number, line in enumerate(text.splitlines(keepends=True), start=1):
            if line.endswith("\n"):
                scored = self._read(line, number)
                self.found[scored.sample] = scored
        if text and not text.endswith("\n"):
            write_text(path, text[: text.rfind("\n") + 1])  # what is added next starts a line

    def _read(self, line: str, number: int) -> Scored:
        try:
            return Scored.from_json(json.loads(line))
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise DataError(
                f"reading {self.path}, line {number}: not a score ({type(error).__name__}: "
                f"{error})",
                hint="remove the file; its scores are made again",
            ) from error

    def add(self, scored: Scored) -> None:
        """Add a score, at once on the disk."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self.path.open("a", encoding="utf-8") as stream:
            stream.write(json.dumps(scored.to_json(), allow_nan=False) + "\n")
            stream.flush()
            os.fsync(stream.fileno())
        self.found[scored.sample] = scored
