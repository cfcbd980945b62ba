"""Which format the files of a path have, by content."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from inundate.core.errors import DataError, InundateError
from inundate.rain.reader import Reader, Step, readers, recognise
from inundate.rain.source import Source, UnreadableError, find_sources

__all__ = ["Found", "find_format", "need_steps"]

_SHOWN = 3  # files named in a message


class Found(NamedTuple):
    """The one format of a path, its files, those left out with the error, and the count."""

    reader: Reader
    sources: list[Source]
    failures: list[tuple[str, InundateError]]
    files: int


def find_format(path: Path) -> Found:
    """Recognise the files of a path by content.

    Raises
    ------
    MissingFileError
        If the path does not exist.
    DataError
        If no file is recognised, or two formats are mixed.
    """
    known = readers()
    sources, broken = find_sources(path)
    failures: list[tuple[str, InundateError]] = [
        (item.file, UnreadableError(item.reason)) for item in broken
    ]
    by_format: dict[str, list[Source]] = {}
    for source in sources:
        try:
            reader = recognise(source, known)
        except UnreadableError as error:
            failures.append((source.label, error))
            continue
        if reader is None:
            failures.append((source.label, _unrecognised(source, known)))
        else:
            by_format.setdefault(reader.name, []).append(source)
    if len(by_format) > 1:
        shown = "; ".join(
            f"{known[name].title} ({len(found)} files such as {found[0].label})"
            for name, found in by_format.items()
        )
        raise DataError(
            f"reading rain: {path} mixes formats: {shown}",
            hint="put each format into its own folder",
        )
    if not by_format:
        need_steps([], failures, path, len(sources) + len(broken))
    name, found = next(iter(by_format.items()))
    return Found(known[name], found, failures, len(sources) + len(broken))


def _unrecognised(source: Source, known: dict[str, Reader]) -> UnreadableError:
    head = source.head(16)
    if not head and not source.is_store:
        return UnreadableError(
            f"reading {source.label}: the file is empty or its compression is damaged"
        )
    shown = head[:12].hex(" ") + f" ({head[:12]!r})"
    return UnreadableError(
        f"reading {source.label}: not a rain format known here; it begins with "
        f"{shown if head else 'a folder without rain'}",
        hint="formats known: " + ", ".join(reader.title for reader in known.values()),
    )


def need_steps(
    steps: Sequence[Step], failures: list[tuple[str, InundateError]], path: Path, files: int
) -> None:
    """Raise what went wrong if nothing is left to read.

    Raises
    ------
    DataError
        The one file's own error, or the first few of many.
    """
    if steps:
        return
    if len(failures) == 1 and files == 1:
        raise failures[0][1]
    if not failures:
        raise DataError(f"reading rain: {path} holds no time step, expected one or more")
    shown = "".join(f"\n  {error}" for _, error in failures[:_SHOWN])
    more = f"\n  and {len(failures) - _SHOWN} more" if len(failures) > _SHOWN else ""
    hints = [error.hint for _, error in failures if error.hint]
    raise DataError(
        f"reading rain: none of the {files} files of {path} can be read:{shown}{more}",
        hint=hints[0] if hints else None,
    )
