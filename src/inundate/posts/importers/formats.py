"""Which importer reads a file: named by the user, or told by the first records."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, Literal

import msgspec
from pydantic import Field

from inundate.core.config import Settings
from inundate.core.errors import ConfigError, DataError
from inundate.posts.importers.bluesky import Bluesky
from inundate.posts.importers.mastodon import Mastodon
from inundate.posts.importers.profiles import profile_of
from inundate.posts.importers.record import UNREADABLE, Consent, Importer
from inundate.posts.importers.records import json_records, table_rows
from inundate.posts.importers.reddit import Reddit
from inundate.posts.importers.stream import Damage, Line, read_lines
from inundate.posts.importers.table import Table, split_header
from inundate.posts.importers.x_v1 import XV1, XCompliance
from inundate.posts.importers.x_v2 import XV2, XAcademic, XTwarc

__all__ = ["FORMATS", "Chosen", "ImportSettings", "choose"]

Format = Literal[
    "auto", "x-v2", "x-twarc", "x-academic", "x-v1", "x-compliance",
    "mastodon", "bluesky", "reddit", "csv",
]  # fmt: skip
FORMATS: dict[str, Callable[[Consent], Importer]] = {
    "x-v2": lambda _: XV2(),
    "x-twarc": lambda _: XTwarc(),
    "x-academic": lambda _: XAcademic(),
    "x-v1": lambda _: XV1(),
    "x-compliance": lambda _: XCompliance(),
    "mastodon": Mastodon,
    "bluesky": Bluesky,
    "reddit": lambda _: Reddit(),
}
_LOOK_AT = 50  # records; the first ones may be broken


class ImportSettings(Settings):
    """How files are read."""

    format: Format = "auto"
    """Format of the files; auto looks at their first records."""
    event: str | None = None
    """Flood or other event that the posts are about; CrisisLex files tell theirs."""
    source: Literal["bluesky", "mastodon", "other", "reddit", "x"] | None = None
    """Platform of a table that does not tell it."""
    columns: dict[str, str] = Field(default_factory=dict)
    """Of a table: field of a post to the column that holds it."""
    labels: dict[str, str] = Field(default_factory=dict)
    """Of a table: name of a label to the column that holds people's judgements."""
    unindexed: bool = False
    """Also take authors who do not want to be found in searches; ask your ethics board."""
    unlisted: bool = False
    """Also take posts of Mastodon that are kept out of timelines; ask your ethics board."""


@dataclass(frozen=True)
class Chosen:
    """An importer for a file, and how it was settled."""

    importer: Importer
    records: Callable[[Path, int], Iterator[Line]]
    """Gives the records of a file behind an offset."""
    settings: dict[str, Any]
    """All that decides about the outcome, for the ledger."""


def choose(path: Path, settings: ImportSettings) -> Chosen:
    """Choose the importer of a file.

    Parameters
    ----------
    path : Path
    settings : ImportSettings

    Raises
    ------
    DataError
        If no format is recognised, or a table has not the columns.
    ConfigError
        If columns are mapped for what is no table.
    """
    head = _first_lines(path)
    name = _json_format(head) if settings.format == "auto" else settings.format
    if name is None or name == "csv":
        return _table(path, head, settings)
    if settings.columns or settings.labels or settings.source:
        raise ConfigError(
            f"importing {path}: columns, labels or a source are given, but it is read as {name}",
            hint="--format csv, or leave them out",
        )
    consent = Consent(unindexed=settings.unindexed, unlisted=settings.unlisted)
    told: dict[str, Any] = {"format": name, "event": settings.event}
    told |= {"unindexed": settings.unindexed, "unlisted": settings.unlisted}
    return Chosen(
        FORMATS[name](consent), lambda file, start: json_records(read_lines(file, start)), told
    )


def _first_lines(path: Path) -> list[bytes]:
    found: list[bytes] = []
    with suppress(Damage):  # what is before tells the format
        found.extend(line for _, line in islice(read_lines(path), _LOOK_AT))
    return found


def _table(path: Path, head: list[bytes], settings: ImportSettings) -> Chosen:
    if not head or not head[0].strip():
        raise _unknown(path, "it is empty, or its first line is")
    header, delimiter = split_header(head[0], path)
    profile = profile_of(header)
    if profile is None and not settings.columns:
        raise _unknown(path, "its first lines are no objects of a known platform")
    columns, labels = profile.map(header) if profile else ({}, {})
    columns, labels = columns | settings.columns, labels | settings.labels
    name = profile.name if profile else "csv"
    source = settings.source or (profile.source if profile else "other")
    event = settings.event or (profile.event(path) if profile else None)
    table = Table(name, header, delimiter, columns, labels=labels, source=source)

    def rows(file: Path, start: int) -> Iterator[Line]:
        lines = table_rows(read_lines(file, start), table.is_row)
        return lines if start else islice(lines, 1, None)

    told = {"format": name, "event": event, "source": source, "columns": columns, "labels": labels}
    return Chosen(table, rows, told)


def _unknown(path: Path, found: str) -> DataError:
    return DataError(
        f"importing {path}: {found}; expected JSON lines of X, Mastodon, Bluesky or Reddit, "
        "or a table with a header",
        hint="--format NAME for a known format; --column text=NAME --column post_id=NAME for a "
        "table of your own; jq -c . FILE makes lines of an indented JSON file",
    )


def _json_format(head: list[bytes]) -> str | None:
    for _, record in json_records(iter(enumerate(head))):
        if not record.startswith((b"{", b"[")):
            continue
        try:
            found = msgspec.json.decode(record.removeprefix(b"\xef\xbb\xbf"))
        except UNREADABLE:
            continue
        while isinstance(found, list) and found:
            found = found[0]
        name = _format_of(found) if isinstance(found, dict) else None
        if name:
            return name
    return None


def _format_of(found: dict[str, Any]) -> str | None:
    """Tell a platform's object by fields that only it has."""
    keys = found.keys()
    rules: list[tuple[str, bool]] = [
        ("mastodon", isinstance(found.get("statuses"), list)),
        ("mastodon", {"event", "payload"} <= keys or {"account", "content"} <= keys),
        ("bluesky", bool({"posts", "feed", "commit", "payload"} & keys)),
        ("bluesky", {"did", "kind"} <= keys or str(found.get("uri", "")).startswith("at://")),
        ("bluesky", {"did", "operation"} <= keys),
        ("reddit", "subreddit" in keys or {"created_utc", "author"} <= keys),
        ("x-compliance", {"id", "action", "reason"} <= keys),
        ("x-v1", "id_str" in keys or "delete" in keys or "extended_tweet" in keys),
        ("x-v1", isinstance(found.get("user"), dict) and bool({"text", "full_text"} & keys)),
        ("x-v2", "data" in keys or {"meta", "__twarc"} <= keys or {"includes", "meta"} <= keys),
        ("x-v2", "meta" in keys and "result_count" in (found["meta"] or {})),
        ("x-twarc", isinstance(found.get("author"), dict) and {"id", "text"} <= keys),
        ("x-academic", {"id", "text", "author_id"} <= keys),
    ]
    return next((name for name, holds in rules if holds), None)
