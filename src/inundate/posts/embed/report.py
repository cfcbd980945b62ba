"""What was read of a vector file, and what was not and why."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from inundate.core.errors import DataError

__all__ = ["BROKEN_SHARE", "ReadReport"]

BROKEN_SHARE = 0.01
"""Above this share of broken lines a file is refused: it is not what it seems to be."""
_KEPT = 20  # broken lines that are told one by one
_EARLY = 1000  # broken lines after which the end of the file is not waited for


@dataclass
class ReadReport:
    """Counts of a file of vectors.

    Parameters
    ----------
    path : Path
        For messages.
    format : str
        Such as ``"text"``, ``"text with header"``, ``"word2vec binary"``.

    Attributes
    ----------
    lines : int
        Entries seen, blank lines apart.
    blank : int
        Blank lines.
    duplicates : int
        Words that came again; the first one counts.
    reasons : Counter
        Broken entries by reason.
    broken : list of (int, str)
        The first of them: number of the line, counted from 1, and the reason.
    """

    path: Path
    format: str = ""
    lines: int = 0
    blank: int = 0
    duplicates: int = 0
    reasons: Counter[str] = field(default_factory=Counter)
    broken: list[tuple[int, str]] = field(default_factory=list)

    def add_broken(self, line: int, kind: str, detail: str = "") -> None:
        """Count a broken entry."""
        self.reasons[kind] += 1
        if len(self.broken) < _KEPT:
            self.broken.append((line, detail or kind))

    def check(self, *, finished: bool = True) -> None:
        """Refuse a file of which too much is broken.

        Raises
        ------
        DataError
            If the share of broken entries is above :data:`BROKEN_SHARE`.
        """
        bad = self.reasons.total()
        if not finished and bad < _EARLY:
            return
        if bad > BROKEN_SHARE * self.lines:
            shown = "; ".join(f"line {number}: {reason}" for number, reason in self.broken[:3])
            raise DataError(
                f"reading {self.path} as vectors ({self.format}): {bad:,} of {self.lines:,} lines "
                f"are broken, at most {BROKEN_SHARE:.0%} may be ({shown})",
                hint="each line is a word and its numbers; is the file whole, and of one width?",
            )

    def describe(self) -> dict[str, Any]:
        """Give the report as JSON can hold it."""
        return {
            "format": self.format,
            "lines": self.lines,
            "blank": self.blank,
            "duplicates": self.duplicates,
            "broken": self.reasons.total(),
            "reasons": dict(self.reasons),
            "first_broken": [{"line": line, "reason": reason} for line, reason in self.broken],
        }
