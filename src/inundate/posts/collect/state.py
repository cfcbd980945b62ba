"""``collection.json``: what a collection asked for, what it has, and every gap in it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec

from inundate.core.errors import DataError
from inundate.core.files import write_text
from inundate.posts.collect.clock import iso

__all__ = [
    "COLLECTION",
    "KIND",
    "VERSION",
    "Counts",
    "FileInfo",
    "Gap",
    "State",
    "is_collection",
    "read_state",
]

COLLECTION = "collection.json"
KIND, VERSION = "posts-collection", 1


class Gap(msgspec.Struct, frozen=True, kw_only=True):
    """A time in which posts may be missing."""

    start: str | None = msgspec.field(name="from")
    """ISO 8601, UTC; None where the platform does not tell how far back it goes."""
    to: str | None
    """None where nothing has come yet."""
    why: str
    open: bool = False
    """Whether the same command would go on here and close it."""

    @classmethod
    def of(cls, start: int | None, to: int | None, why: str, *, open: bool = False) -> Gap:
        """Make a gap of two times in microseconds."""
        return cls(start=iso(start), to=iso(to), why=why, open=open)


class FileInfo(msgspec.Struct, kw_only=True):
    """A file of pages, as far as it is whole."""

    name: str
    bytes: int = 0
    lines: int = 0


class Counts(msgspec.Struct, kw_only=True):
    """What became of all that came.

    ``read == posts + duplicates + not_wanted + sum(dropped)`` holds at every time.
    """

    read: int = 0
    posts: int = 0
    """Written, each once."""
    duplicates: int = 0
    """Came again: repeated pages, replays, several tags."""
    not_wanted: int = 0
    """Outside the period, the languages or the words, which not every platform filters itself."""
    dropped: dict[str, int] = msgspec.field(default_factory=dict)
    """Left out because the author, or the post's audience, does not allow it."""
    deletions: int = 0
    """Notices that a post that was written has been deleted; they are written too."""
    edits: int = 0
    """Newer versions of posts, written beside the older ones; they are among the duplicates."""
    requests: int = 0
    faults: dict[str, int] = msgspec.field(default_factory=dict)

    def drop(self, reason: str) -> None:
        """Count a post that may not be kept."""
        self.dropped[reason] = self.dropped.get(reason, 0) + 1

    def add(self, other: Counts) -> None:
        """Add the counts of a page."""
        for name in ("read", "posts", "duplicates", "not_wanted", "deletions", "edits", "requests"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        for mine, theirs in ((self.dropped, other.dropped), (self.faults, other.faults)):
            for reason, number in theirs.items():
                mine[reason] = mine.get(reason, 0) + number

    @property
    def is_conserved(self) -> bool:
        """Whether every post that came is accounted for."""
        known = self.posts + self.duplicates + self.not_wanted + sum(self.dropped.values())
        return self.read == known


class State(msgspec.Struct, kw_only=True):
    """The whole of ``collection.json``."""

    kind: str = KIND
    version: int = VERSION
    source: str
    """Collector."""
    settings: dict[str, Any]
    """What was asked, without keys."""
    started: str
    updated: str
    complete: bool = False
    """Whether all that was asked for has been gone through; there may be gaps all the same."""
    stopped: str | None = None
    """Why the last run ended; None while one runs, or after one was killed."""
    first: str | None = None
    last: str | None = None
    """Times of the earliest and the latest post written, by the server's clock."""
    counts: Counts = msgspec.field(default_factory=Counts)
    spent_usd: float | None = None
    """At most what the platform bills, where it bills by item."""
    gaps: list[Gap] = msgspec.field(default_factory=list)
    clock_skew_s: float | None = None
    """The server's clock less ours, when it last told."""
    page: int = 0
    cursor: dict[str, Any] = msgspec.field(default_factory=dict)
    files: list[FileInfo] = msgspec.field(default_factory=list)

    def add_gap(self, gap: Gap) -> None:
        """Add a gap, or make the last one longer where it touches it for the same reason."""
        if self.gaps and not gap.open:
            last = self.gaps[-1]
            if (last.to, last.why, last.open) == (gap.start, gap.why, False):
                self.gaps[-1] = Gap(start=last.start, to=gap.to, why=gap.why)
                return
        self.gaps.append(gap)

    def set_rest(self, rest: Gap | None) -> None:
        """Set what would still be missing if nothing more came."""
        self.gaps = [gap for gap in self.gaps if not gap.open]
        if rest is not None:
            self.gaps.append(rest)

    def cover(self, times: list[int]) -> None:
        """Widen the time that the posts span, by times in microseconds."""
        if not times:
            return
        low, high = iso(min(times)), iso(max(times))
        self.first = low if self.first is None else min(self.first, low or self.first)
        self.last = high if self.last is None else max(self.last, high or self.last)

    def write(self, folder: Path) -> None:
        """Write it whole, or leave the one that is there."""
        content = msgspec.json.format(msgspec.json.encode(self), indent=2).decode() + "\n"
        write_text(folder / COLLECTION, content)


class _Kind(msgspec.Struct):
    kind: str


def is_collection(folder: Path) -> bool:
    """Whether a folder has a ledger of ours; a file of that name may be anybody's."""
    try:
        found = msgspec.json.decode((folder / COLLECTION).read_bytes(), type=_Kind)
    except (OSError, msgspec.MsgspecError):
        return False
    return found.kind == KIND


def read_state(folder: Path) -> State:
    """Read the ledger of a collection.

    Parameters
    ----------
    folder : Path
        What ``inundate posts collect`` has written.

    Raises
    ------
    DataError
        If there is none, or it is of another kind or version.
    """
    path = folder / COLLECTION
    try:
        state = msgspec.json.decode(path.read_bytes(), type=State)
    except FileNotFoundError:
        raise DataError(
            f"reading the collection {folder}: it has no {COLLECTION}",
            hint="inundate posts collect makes one",
        ) from None
    except (msgspec.MsgspecError, NotADirectoryError) as error:
        raise DataError(
            f"reading {path}: {error}; expected what inundate posts collect writes"
        ) from error
    if (state.kind, state.version) != (KIND, VERSION):
        raise DataError(
            f"reading {path}: found {state.kind} version {state.version}, "
            f"expected {KIND} version {VERSION}"
        )
    return state
