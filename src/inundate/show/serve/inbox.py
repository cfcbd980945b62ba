"""What is new in a watched folder: whole rain files, and whole lines of posts."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from inundate.core.errors import DataError

__all__ = ["Batch", "Inbox", "RainFile", "Refused"]

_MOST_LINES = 200
_MOST_BYTES = 2**20  # of one line, and of what is read at once
_RAIN, _POSTS = "rain", "posts"


@dataclass(frozen=True)
class RainFile:
    """A rain file that was not read yet."""

    name: str
    path: Path


@dataclass(frozen=True)
class Batch:
    """Lines of a file of posts that were not read yet.

    Attributes
    ----------
    name : str
        Path within the folder.
    start, end : int
        Offsets in the file; the next batch begins at ``end``.
    posts : tuple of dict
        With the columns of a pseudonymised store.
    broken : dict of str to int
        Lines that could not be read, by reason.
    """

    name: str
    start: int
    end: int
    posts: tuple[dict[str, Any], ...]
    broken: dict[str, int]


@dataclass(frozen=True)
class Refused:
    """A file that is not read any further, and why."""

    name: str
    why: str


class Inbox:
    """The folder, and how far each of its files was read.

    Parameters
    ----------
    folder : Path
        Holds ``rain/`` with radar files and ``posts/`` with ``*.jsonl``. Names that begin with a
        dot are unfinished and passed over, as is what is no plain file.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.offsets: dict[str, int] = {}
        self.closed: set[str] = set()

    def take(self, change: dict[str, Any]) -> None:
        """Note what a line of the journal says was read."""
        if change["kind"] == "posts":
            self.offsets[change["file"]] = change["to"]
        elif change["kind"] in ("rain", "refused"):
            self.closed.add(change["file"])

    def forget_gone(self) -> None:
        """Forget files that left the folder, so that days of files need no memory."""
        there = {name for kind in (_RAIN, _POSTS) for name, _, _ in self._files(kind)}
        self.offsets = {name: end for name, end in self.offsets.items() if name in there}
        self.closed &= there

    def rain(self) -> list[RainFile]:
        """Give rain files that were not read, by name."""
        return [
            RainFile(name, path) for name, path, _ in self._files(_RAIN) if name not in self.closed
        ]

    def posts(self) -> Iterator[Batch | Refused]:
        """Give lines that were not read, file by file; the caller notes each before the next."""
        for name, path, size in self._files(_POSTS):
            if not name.endswith(".jsonl") or name in self.closed:
                continue
            if size < self.offsets.get(name, 0):
                yield Refused(name, "it is shorter than what was read of it")
                continue
            while name not in self.closed and self.offsets.get(name, 0) < size:
                start = self.offsets.get(name, 0)
                found = _read(name, path, start)
                if found is None:
                    break
                yield found
                if self.offsets.get(name, 0) == start:  # not noted: the disk may be full
                    break

    def _files(self, kind: str) -> list[tuple[str, Path, int]]:
        try:
            with os.scandir(self.folder / kind) as entries:
                found = [
                    (f"{kind}/{entry.name}", Path(entry.path), entry.stat().st_size)
                    for entry in entries
                    if not entry.name.startswith(".") and entry.is_file(follow_symlinks=False)
                ]
        except FileNotFoundError:
            return []
        return sorted(found)


def _read(name: str, path: Path, start: int) -> Batch | Refused | None:
    """Read whole lines from an offset on; None if there is none yet."""
    from inundate.posts.serve.items import Reading, read_records

    with path.open("rb") as stream:
        stream.seek(start)
        data = stream.read(_MOST_BYTES)
    lines = data.split(b"\n")[:-1][:_MOST_LINES]
    if not lines:
        return Refused(name, "a line of more than 1 MB") if len(data) == _MOST_BYTES else None
    end = start + sum(len(line) + 1 for line in lines)
    reading = Reading()
    try:
        posts = tuple(read_records(lines, f"{name} from byte {start}", reading))
    except DataError as error:  # raw posts: none of the batch is shown
        return Refused(name, error.message)
    return Batch(name, start, end, posts, reading.broken)
