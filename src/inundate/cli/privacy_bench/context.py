"""What every part of the benchmark knows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

__all__ = ["SEED", "Context"]

SEED = 20131
"""Of all that is drawn."""


@dataclass(frozen=True)
class Context:
    """Where and how large.

    Parameters
    ----------
    data : Path
        Folder with text/ of real posts.
    work : Path
    quick : bool
    say : callable
        Told what is being done.
    """

    data: Path
    work: Path
    quick: bool
    say: Callable[[str], None]

    @property
    def posts(self) -> int:
        """Posts with planted identifiers."""
        return 400 if self.quick else 20_000
