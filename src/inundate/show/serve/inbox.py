"""What is new in a watched folder: whole rain files, and whole lines of posts."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from inundate.core.errors import DataError, require_extra
from inundate.posts.locate.located import LOCATED_COLUMNS

if TYPE_CHECKING:
    from inundate.posts.locate.located import Located

__all__ = ["Batch", "Inbox", "RainFile", "Refused"]

_MOST_LINES = 200
_MOST_BYTES = 2**20  # of one line, and of what is read at once
_RAIN, _POSTS = "rain", "posts"
_LOCATED = (".geojson", ".parquet")


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
    is_located : bool
        Whether the posts are rows of a file of located posts, and the offsets numbers of rows.
    is_last : bool
        Whether nothing more of this file will be read.
    """

    name: str
    start: int
    end: int
    posts: tuple[dict[str, Any], ...]
    broken: dict[str, int]
    is_located: bool = False
    is_last: bool = False


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
        Holds ``rain/`` with radar files and ``posts/`` with ``*.jsonl``, or located posts in
        ``*.geojson`` and ``*.parquet``. Names that begin with a dot are unfinished and passed
        over, as is what is no plain file.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._doubtful: dict[str, tuple[int, int]] = {}  # size and time of what was not readable
        self._located: tuple[str, Located] | None = None  # the one that is being read
        self.offsets: dict[str, int] = {}
        self.closed: set[str] = set()

    def take(self, change: dict[str, Any]) -> None:
        """Note what a line of the journal says was read."""
        if change["kind"] == "posts":
            self.offsets[change["file"]] = change["to"]
            if change.get("last"):
                self.closed.add(change["file"])
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
            if name in self.closed:
                continue
            if path.suffix in _LOCATED:
                yield from self._located_posts(name, path)
            if path.suffix != ".jsonl":
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

    def is_settled(self, name: str, path: Path) -> bool:
        """Whether a file that cannot be read is as it was when it could not be read before."""
        now = path.stat()
        seen = (now.st_size, now.st_mtime_ns)
        if self._doubtful.pop(name, None) == seen:
            return True
        self._doubtful[name] = seen
        return False

    def _located_posts(self, name: str, path: Path) -> Iterator[Batch | Refused]:
        from inundate.posts.locate.located import open_located

        if self._located is None or self._located[0] != name:
            try:
                self._located = (name, open_located(path))
            except DataError as error:
                if self.is_settled(name, path):
                    yield Refused(name, error.message)
                return
        located = self._located[1]
        while name not in self.closed:
            start = self.offsets.get(name, 0)
            end = min(start + _MOST_LINES, len(located))
            rows = tuple(_row(located, number) for number in range(start, end))
            is_last = end == len(located)
            yield Batch(name, start, end, rows, {}, is_located=True, is_last=is_last)
            if self.offsets.get(name, 0) == start and name not in self.closed:
                return  # not noted: the disk may be full
        self._located = None

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


def _row(located: Located, number: int) -> dict[str, Any]:
    """Give a row by the names of its columns, unknown numbers as None."""
    row: dict[str, Any] = {}
    for column in LOCATED_COLUMNS:
        value = getattr(located, column)[number]
        if column == "time":
            row[column] = "" if np.isnat(value) else f"{value.astype('datetime64[ms]')}Z"
        elif isinstance(value, str):
            row[column] = value
        else:
            row[column] = None if np.isnan(value) else value.item()
    return row


def _read(name: str, path: Path, start: int) -> Batch | Refused | None:
    """Read whole lines from an offset on; None if there is none yet."""
    for module in ("msgspec", "pyarrow"):
        require_extra("posts", module, what="reading posts")
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
