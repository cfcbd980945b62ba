"""The folder of a collection: pages are added whole, and no page is added twice.

::

    COLLECTION/
      collection.json          ledger: settings, counts, cursor, gaps (see state.py)
      pages-000001.jsonl.gz    what the platform sent, in its own shape
      seen.sqlite              which posts are there

A page is safe once ``collection.json`` tells its length and cursor, which is the last of the
steps. What a killed process wrote before that is cut off when the collection goes on.
"""

from __future__ import annotations

import errno
import fcntl
import gzip
import os
import sqlite3
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any

from inundate.core.errors import DataError, RunError
from inundate.posts.collect.clock import iso
from inundate.posts.collect.seen import Ident, Seen
from inundate.posts.collect.state import COLLECTION, Counts, FileInfo, Gap, State, read_state

__all__ = ["Collection", "Step", "collection_files"]

FILE_BYTES = 64 * 2**20  # packed; then the next file begins, so that none is hard to move
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


@dataclass(kw_only=True)
class Step:
    """One page: what is written, and where the collection then stands."""

    cursor: Mapping[str, Any]
    lines: list[bytes] = field(default_factory=list)
    idents: list[Ident] = field(default_factory=list)
    gone: list[str] = field(default_factory=list)
    done: list[str] = field(default_factory=list)
    times: list[int] = field(default_factory=list)
    counts: Counts = field(default_factory=Counts)
    gaps: list[Gap] = field(default_factory=list)
    rest: Gap | None = None
    reached: int | None = None
    """Lowest number on the page, where a platform numbers posts by time."""


class Collection:
    """A collection that is open for writing, by one process at a time.

    Parameters
    ----------
    path : Path
        Folder; made where it is absent.
    source : str
        Collector.
    settings : mapping
        What is asked; a collection goes on only for the same.
    idents_of : callable
        Gives the posts of a line, should the index have to be made anew.

    Raises
    ------
    RunError
        If the folder is in use, holds something else, or is of another query.
    """

    def __init__(
        self,
        path: Path,
        source: str,
        settings: Mapping[str, Any],
        idents_of: Callable[[bytes], list[Ident]],
    ) -> None:
        self.path = path
        self._made = not path.exists()
        path.mkdir(parents=True, exist_ok=True, mode=0o700)  # it holds names in clear
        self._lock = _lock(path)
        try:
            self.state = self._opened(source, dict(settings))
            self.was_killed = self.state.page > 0 and self.state.stopped is None
            self._mend()
            self.seen = self._index(idents_of)
        except BaseException:
            os.close(self._lock)
            raise

    def __enter__(self) -> Collection:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.seen.close()
        os.close(self._lock)

    def _opened(self, source: str, settings: dict[str, Any]) -> State:
        if not (self.path / COLLECTION).exists():
            others = [item.name for item in self.path.iterdir() if item.name != ".lock"]
            if any(not name.startswith((".", "pages-", "seen.sqlite")) for name in others):
                raise RunError(
                    f"collecting into {self.path}: it holds {sorted(others)[0]}, "
                    "and is no collection",
                    hint="give another -o",
                )
            now = _now()
            return State(source=source, settings=settings, started=now, updated=now)
        state = read_state(self.path)
        wanted = {"source": source, **settings}
        there = {"source": state.source, **state.settings}
        changed = [key for key in {**there, **wanted} if there.get(key) != wanted.get(key)]
        if changed:
            told = "; ".join(
                f"{key} is {there.get(key)!r} there and {wanted.get(key)!r} here"
                for key in sorted(changed)
            )
            raise RunError(
                f"going on with the collection {self.path}: {told}",
                hint="give the same settings to go on, or another -o",
            )
        return state

    def _mend(self) -> None:
        """Cut off what was written but is not in the ledger."""
        known = {info.name: info.bytes for info in self.state.files}
        for path in self.path.glob("pages-*.jsonl.gz"):
            if path.name not in known:
                path.unlink()
        for name, size in known.items():
            path = self.path / name
            found = path.stat().st_size if path.exists() else 0
            if found < size:
                raise DataError(
                    f"going on with the collection {self.path}: {name} has {found} bytes, "
                    f"the ledger tells {size}",
                    hint="restore the file, or collect into a new folder",
                )
            if found > size:
                os.truncate(path, size)

    def _index(self, idents_of: Callable[[bytes], list[Ident]]) -> Seen:
        path = self.path / "seen.sqlite"
        try:
            seen = Seen(path)
            seen.forget_after(self.state.page)
            if len(seen) == self.state.counts.posts:
                return seen
            seen.close()
        except sqlite3.DatabaseError:  # cut by a crash of the machine
            pass
        return self._index_anew(path, idents_of)

    def _index_anew(self, path: Path, idents_of: Callable[[bytes], list[Ident]]) -> Seen:
        for name in (path, path.with_name(path.name + "-journal")):
            name.unlink(missing_ok=True)
        seen = Seen(path)
        for file in collection_files(self.path):
            with gzip.open(file) as stream:
                for line in stream:
                    seen.add(0, idents_of(line.rstrip(b"\n")))
        return seen

    def commit(self, step: Step) -> None:
        """Add a page and all that follows from it, or nothing.

        Raises
        ------
        RunError
            If the disk is full; the collection stays as it was before the page.
        """
        state = self.state
        with self._full_disk():
            info = self._append(step.lines)
            self.seen.add(state.page + 1, step.idents, gone=step.gone, done=step.done)
            state.page += 1
            state.cursor = dict(step.cursor)
            state.counts.add(step.counts)
            state.cover(step.times)
            for gap in step.gaps:
                state.add_gap(gap)
            state.set_rest(step.rest)
            if info is not None and info not in state.files:
                state.files.append(info)
            state.stopped = None
            self.save()

    def begin(self, start: int | None, end: int | None, *, is_open: bool) -> None:
        """Note that nothing is there yet.

        Parameters
        ----------
        start, end : int or None
            Period that is asked for, in microseconds.
        is_open : bool
            Whether no end means for ever, of which nothing can be missing.
        """
        if self.state.page == 0 and not (is_open and start is None and end is None):
            self.state.set_rest(Gap.of(start, end, "not collected yet", open=True))

    def end(self, why: str) -> None:
        """Write down why a run ends, also beside what it leaves open."""
        state = self.state
        state.stopped, state.complete = why, why == "complete"
        left = next((gap for gap in state.gaps if gap.open), None)
        state.set_rest(None)
        if left is not None and not state.complete:
            reason = f"not collected: {why}"
            state.set_rest(Gap(start=left.start, to=left.to, why=reason, open=True))
        self.save()

    def save(self) -> None:
        """Write the ledger."""
        self.state.updated = _now()
        self.state.write(self.path)

    def _append(self, lines: list[bytes]) -> FileInfo | None:
        if not lines:
            return None
        files = self.state.files
        if files and files[-1].bytes < FILE_BYTES:
            info = files[-1]
        else:
            info = FileInfo(name=f"pages-{len(files) + 1:06d}.jsonl.gz")
        path = self.path / info.name
        # mtime 0: the same pages make the same file
        packed = gzip.compress(b"\n".join(lines) + b"\n", compresslevel=6, mtime=0)
        try:
            with path.open("ab") as stream:
                stream.write(packed)
                stream.flush()
                os.fsync(stream.fileno())
        except OSError:
            with suppress(OSError):
                os.truncate(path, info.bytes)
            raise
        info.bytes += len(packed)
        info.lines += len(lines)
        return info

    @contextmanager
    def _full_disk(self) -> Iterator[None]:
        try:
            yield
        except (OSError, sqlite3.OperationalError) as error:
            if not _is_full(error):
                raise
            raise RunError(
                f"collecting into {self.path}: the disk is full; the page that did not fit "
                f"was left out, all {self.state.page} before it are safe",
                hint="free some space and give the same command again: it goes on there",
            ) from error


def collection_files(path: Path) -> list[Path]:
    """Give the files of a collection in the order in which they were written.

    Raises
    ------
    DataError
        If the folder is no collection.
    """
    return [path / info.name for info in read_state(path).files]


def _is_full(error: OSError | sqlite3.OperationalError) -> bool:
    if isinstance(error, OSError):
        return error.errno in _FULL
    # the index tells of a bound on the size of files as of a failed write
    return error.sqlite_errorcode in (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR_WRITE)


def _now() -> str:
    return iso(int(time.time() * 1e6)) or ""


def _lock(path: Path) -> int:
    handle = os.open(path / ".lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(handle)
        raise RunError(
            f"collecting into {path}: another process is doing so",
            hint="wait for it, or give another -o",
        ) from None
    return handle
