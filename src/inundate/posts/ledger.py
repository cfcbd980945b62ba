"""The ledger of a store: one entry an imported file, its counts and its parts."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec

from inundate.core.errors import DataError

__all__ = ["Counts", "Entry", "PartInfo", "entry_bytes", "read_entry"]


class Counts(msgspec.Struct, kw_only=True):
    """What became of every record of a file; nothing is lost without a reason.

    ``read == kept + duplicate + sum(dropped) + sum(broken)`` holds at every time.
    """

    read: int = 0
    kept: int = 0
    duplicate: int = 0
    dropped: dict[str, int] = msgspec.field(default_factory=dict)
    broken: dict[str, int] = msgspec.field(default_factory=dict)
    deletions: int = 0
    """Notices that a post was deleted; they are no posts and are not in ``read``."""

    def drop(self, reason: str, number: int = 1) -> None:
        """Count posts that are left out on purpose."""
        self.dropped[reason] = self.dropped.get(reason, 0) + number

    def reject(self, reason: str, number: int = 1) -> None:
        """Count records that could not be read."""
        self.broken[reason] = self.broken.get(reason, 0) + number

    def add(self, other: Counts) -> None:
        """Add the counts of another file."""
        self.read += other.read
        self.kept += other.kept
        self.duplicate += other.duplicate
        self.deletions += other.deletions
        for reason, number in other.dropped.items():
            self.drop(reason, number)
        for reason, number in other.broken.items():
            self.reject(reason, number)

    @property
    def is_conserved(self) -> bool:
        """Whether every record that was read is accounted for."""
        accounted = sum(self.dropped.values()) + sum(self.broken.values())
        return self.read == self.kept + self.duplicate + accounted


class PartInfo(msgspec.Struct, frozen=True, kw_only=True):
    """A Parquet file of the store."""

    rows: int
    hash: str
    """BLAKE2b of the file, 128 bit, hexadecimal."""


class Entry(msgspec.Struct, kw_only=True):
    """One file that went into a store.

    It holds no time of the day, so that a store is a function of what was imported; the time
    of import is that of the entry's own file.
    """

    ingest: str
    """Hash of the file and of the settings that it was read with."""
    input: dict[str, Any]
    """Name, bytes and hash of the file."""
    settings: dict[str, Any]
    """Format, event, map of columns and consent."""
    counts: Counts
    parts: dict[str, PartInfo] = msgspec.field(default_factory=dict)
    """Path below the store to rows and hash."""


def entry_bytes(entry: Entry) -> bytes:
    """Give an entry as indented JSON, the same bytes for the same entry."""
    return msgspec.json.format(msgspec.json.encode(entry, order="sorted"), indent=2) + b"\n"


def read_entry(path: Path) -> Entry:
    """Read an entry.

    Raises
    ------
    DataError
        If the file is not one.
    """
    try:
        return msgspec.json.decode(path.read_bytes(), type=Entry)
    except msgspec.MsgspecError as error:
        raise DataError(
            f"reading the ledger entry {path}: {error}; expected what an import writes",
            hint="restore the file, or import into a new store",
        ) from error
