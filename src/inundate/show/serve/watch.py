"""Clocks that jump, and faults that come and go: what ``/health`` tells."""

from __future__ import annotations

import json
import resource
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

__all__ = ["Health", "memory_mb"]

_JUMP_S = 5.0  # a clock is set right by less now and then


class Health:
    """Watches the clocks, and keeps the faults that are not over.

    Parameters
    ----------
    folder : Path
        May hold ``clock.json``, the clock of an event that is replayed.
    wall, steady : callable
        Clocks, s: the time of day, and one that does not go back. Every length of time is
        measured by the second, so that a time of day that is set anew changes none.
    """

    def __init__(
        self,
        folder: Path,
        *,
        wall: Callable[[], float] = time.time,
        steady: Callable[[], float] = time.monotonic,
    ) -> None:
        self._clock_file = folder / "clock.json"
        self._wall, self._steady = wall, steady
        self._offset = wall() - steady()
        self._started = steady()
        self.problems: dict[str, str] = {}
        self.faults = 0
        self.clock_jumps, self.last_jump_s = 0, 0.0
        self.event_clock_jumps = 0
        self._event_time: datetime | None = None
        self.is_ready = False

    def look(self) -> None:
        """Look at the clocks."""
        offset = self._wall() - self._steady()
        if abs(offset - self._offset) > _JUMP_S:
            self.clock_jumps += 1
            self.last_jump_s = round(offset - self._offset, 3)
        self._offset = offset
        found = self._read_clock()
        if found is not None and self._event_time is not None and found < self._event_time:
            self.event_clock_jumps += 1
        self._event_time = found or self._event_time

    def _read_clock(self) -> datetime | None:
        try:
            told = json.loads(self._clock_file.read_text(encoding="utf-8"))
            found = datetime.fromisoformat(told["time"])
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            return None
        return found if found.tzinfo is not None else None

    def fail(self, part: str, error: BaseException) -> None:
        """Note that a part does not work for now; the same again counts as another fault."""
        self.faults += 1
        self.problems[part] = f"{type(error).__name__}: {error}"[:300]

    def mend(self, part: str) -> None:
        """Note that a part works again."""
        self.problems.pop(part, None)

    @property
    def now(self) -> datetime:
        """The event's clock where it has one, else the time of day; UTC."""
        return self._event_time or datetime.fromtimestamp(self._wall(), UTC)

    def report(self) -> dict[str, Any]:
        """Give what ``/health`` shows of this."""
        status = "starting" if not self.is_ready else "degraded" if self.problems else "ok"
        return {
            "status": status,
            "problems": dict(self.problems),
            "faults": self.faults,
            "clock": self.now.isoformat().replace("+00:00", "Z"),
            "clock_of": "event" if self._event_time else "machine",
            "clock_jumps": self.clock_jumps,
            "last_clock_jump_s": self.last_jump_s,
            "event_clock_jumps": self.event_clock_jumps,
            "uptime_s": round(self._steady() - self._started, 1),
            "memory_mb": memory_mb(),
        }


def memory_mb() -> float:
    """Give the memory that this process holds now, MB; where that is not told, its most."""
    try:
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    except (OSError, ValueError, IndexError):
        return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, 1)
    return round(pages * resource.getpagesize() / 2**20, 1)
