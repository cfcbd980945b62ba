"""Posts to be classified: out of lines, files that grow, folders of them; raw ones are refused."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec

from inundate.core.errors import DataError
from inundate.core.files import check_input
from inundate.posts.collect.state import is_collection
from inundate.posts.importers.stream import Damage, read_lines
from inundate.posts.schema import SAFE_SCHEMA

__all__ = ["Item", "Reading", "read_file_records", "read_files", "read_records", "read_stream"]

_KNOWN = frozenset(SAFE_SCHEMA.names)
_TOKEN = re.compile(r"[a-p]{32}")
_POLL_S = 0.5
_PATTERN = "*.jsonl*"


class Item(msgspec.Struct, frozen=True, gc=False):
    """A post to be classified."""

    post: str
    """Its pseudonym."""
    text: str
    arrived: float = 0.0
    """Time of a clock that does not go back, s; for latencies."""


@dataclass
class Reading:
    """What came of reading: counts of lines, for the report."""

    read: int = 0
    broken: dict[str, int] = field(default_factory=dict)

    def reject(self, reason: str) -> None:
        """Count a line that could not be read."""
        self.broken[reason] = self.broken.get(reason, 0) + 1


def read_stream(lines: Iterable[bytes], where: str, reading: Reading) -> Iterator[Item]:
    """Read posts, one JSON object a line, with the columns of a pseudonymised store.

    Parameters
    ----------
    lines : iterable of bytes
    where : str
        Name of the source in errors.
    reading : Reading
        Counts what is read, and lines that are no JSON; these are passed over.

    Raises
    ------
    DataError
        At the first post with anything that pseudonymisation does not write: it may be raw.
    """
    return map(_item, read_records(lines, where, reading))


def _item(record: dict[str, Any]) -> Item:
    return Item(record["post"], record["text"], time.monotonic())


def read_records(lines: Iterable[bytes], where: str, reading: Reading) -> Iterator[dict[str, Any]]:
    """Read what :func:`read_stream` reads, with all columns that a line has."""
    for number, line in enumerate(lines, 1):
        if line.strip():
            reading.read += 1
            record = _record(line, f"{where}, line {number}", reading)
            if record is not None:
                yield record


def _record(line: bytes, where: str, reading: Reading) -> dict[str, Any] | None:
    try:
        record = msgspec.json.decode(line)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        reading.reject("no JSON")
        return None
    if not isinstance(record, dict):
        reading.reject("no object")
        return None
    strange = sorted(set(record) - _KNOWN)
    if strange:  # names of keys alone: values may be a person's
        raise _raw(where, f"keys that no pseudonymised post has ({', '.join(strange[:5])})")
    post = record.get("post")
    if not isinstance(post, str) or not _TOKEN.fullmatch(post):
        raise _raw(where, "no pseudonym of 32 letters under 'post'")
    if not isinstance(record.get("text"), str):
        reading.reject("no text")
        return None
    return record


def _raw(where: str, found: str) -> DataError:
    return DataError(
        f"reading {where}: {found}; expected posts of a pseudonymised store",
        hint="inundate posts import, then inundate posts anonymise; then give the store",
    )


def read_files(
    path: Path | str,
    reading: Reading,
    *,
    follow: bool = False,
    is_over: Callable[[], bool] = lambda: False,
) -> Iterator[Item]:
    """Read posts of a file, or of the files ``*.jsonl`` of a folder in order of their names.

    Parameters
    ----------
    path : Path
        Plain, or packed by gzip, zstd or bzip2.
    reading : Reading
    follow : bool
        Wait for more, in these files and in new ones; only whole lines are taken.
    is_over : callable
        Asked while there is nothing new; True ends following.

    Raises
    ------
    MissingFileError
        If nothing is there.
    DataError
        At the first post that may be raw, where a folder is a collection, which is raw, or a
        packed file is damaged.
    """
    return map(_item, read_file_records(path, reading, follow=follow, is_over=is_over))


def read_file_records(
    path: Path | str,
    reading: Reading,
    *,
    follow: bool = False,
    is_over: Callable[[], bool] = lambda: False,
) -> Iterator[dict[str, Any]]:
    """Read what :func:`read_files` reads, with all columns that a line has."""
    place = check_input(path, what="reading posts of")
    if place.is_dir() and is_collection(place):
        raise _raw(str(place), "a collection of raw posts")
    places: dict[Path, int] = {}
    while True:
        files = sorted(place.glob(_PATTERN)) if place.is_dir() else [place]
        if not files and not follow:
            raise DataError(
                f"reading {place}: no file {_PATTERN} in this folder, expected at least one"
            )
        before = sum(places.values())
        for file in files:
            yield from read_records(_lines(file, places, follow), str(file), reading)
        if not follow:
            return
        if sum(places.values()) == before:
            if is_over():
                return
            time.sleep(_POLL_S)


def _lines(file: Path, places: dict[Path, int], follow: bool) -> Iterator[bytes]:
    start = places.get(file, 0)
    try:
        for offset, line in read_lines(file, start):
            if follow and offset != start + len(line) + 1:
                return  # the end of a line that is still being written
            places[file] = start = offset
            yield line
    except Damage as error:
        raise DataError(f"reading {file}: {error}") from error
