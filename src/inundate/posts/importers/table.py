"""Tables: CSV and TSV with a map of columns, one row a post."""

from __future__ import annotations

import csv
import hashlib
import math
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import msgspec

from inundate.core.errors import ConfigError, DataError, nearest
from inundate.posts.importers.record import NOT_PUBLIC, Broken, Dropped, Item, decode_error
from inundate.posts.importers.times import Unreadable, from_seconds, from_snowflake, v1_time
from inundate.posts.schema import SOURCES, Post

__all__ = ["COLUMNS", "Table", "split_header"]

_DELIMITERS = (",", "\t", ";")


def _text(value: str) -> str:
    return value


def _id(value: str) -> str:
    return value.strip().strip("'")  # CrisisLex puts ids in apostrophes, against spreadsheets


def _number(value: str) -> float:
    try:
        found = float(value)
    except ValueError:
        found = math.nan
    if not math.isfinite(found):
        raise Unreadable("a number that is none")
    return found


def _whole(value: str) -> int:
    found = round(_number(value))
    if abs(found) >= 2**63:
        raise Unreadable("a number that is too large")
    return found


def _time(value: str) -> int | None:
    found = value.strip()
    if found.replace(".", "", 1).isdigit():
        return from_seconds(_number(found))
    return v1_time(found)


def _flag(value: str) -> bool:
    word = value.strip().lower()
    if word in ("true", "1", "yes"):
        return True
    if word in ("false", "0", "no"):
        return False
    raise Unreadable("neither true nor false")


_LIST_KEYS = ("tag", "username", "expanded_url", "alt_text", "label", "name")


def _list(value: str) -> list[str]:
    """Read a list: JSON as twarc-csv writes it, or words between commas."""
    found = value.strip()
    if not found.startswith("["):
        return [word for part in found.split(",") if (word := part.strip().lstrip("#@"))]
    try:
        items = msgspec.json.decode(found)
    except msgspec.DecodeError:
        raise Unreadable("a list that is not JSON") from None
    words = [_word(item).lstrip("#@") for item in items]
    return [word for word in words if word]


def _word(item: Any) -> str:
    if isinstance(item, dict):
        return next((str(item[key]) for key in _LIST_KEYS if item.get(key)), "")
    return str(item)


def _point(value: str) -> list[float]:
    """Read numbers in brackets or between commas."""
    return [_number(part) for part in value.strip().strip("[]").split(",")]


_READERS: dict[str, Callable[[str], Any]] = {
    "post_id": _id, "text": _text, "title": _text, "lang": _text, "kind": _text, "client": _text,
    "author_id": _id, "author_handle": _text, "author_location": _text, "community": _text,
    "conversation_id": _id, "reply_to_id": _id, "reply_to_author_id": _id, "refers_to_id": _id,
    "refers_to_author_id": _id, "created_at": _time, "server_time": _time, "collected_at": _time,
    "author_created_at": _time, "author_followers": _whole, "author_is_bot": _flag,
    "hashtags": _list, "urls": _list, "mention_ids": _list, "mention_handles": _list,
    "media_alts": _list, "poll_options": _list, "latitude": _number, "longitude": _number,
    "place_name": _text, "place_kind": _text, "place_country": _text, "place_box": _point,
    "reposts": _whole, "replies": _whole, "likes": _whole, "quotes": _whole, "views": _whole,
    "is_sensitive": _flag, "is_edited": _flag,
}  # fmt: skip
_REPOST_ID, _QUOTE_ID, _LON_LAT = "repost_id", "quote_id", "lon_lat"
_KIND_FLAGS = ("is_reply", "is_quote", "is_repost")  # the last one that is true counts
_SPECIAL: dict[str, Callable[[str], Any]] = {
    _REPOST_ID: _id, _QUOTE_ID: _id, _LON_LAT: _point, **dict.fromkeys(_KIND_FLAGS, _flag),
    "is_protected": _flag,
}  # fmt: skip
COLUMNS = (*_READERS, *_SPECIAL)
"""What a column can be mapped to: fields of a post; ``repost_id``, ``quote_id`` and the flags
``is_reply``, ``is_quote``, ``is_repost`` tell the kind; ``lon_lat`` is a point in one column;
posts of whom ``is_protected`` are left out."""


class Table:
    """Rows of a table.

    Parameters
    ----------
    name : str
        Of the format.
    header : sequence of str
        Names of the columns, stripped.
    delimiter : str
    columns : mapping
        Field, of :data:`COLUMNS`, to column.
    labels : mapping
        Name of a label to the column with people's judgements.
    source : str
        Platform.
    event : str, optional

    Raises
    ------
    ConfigError
        If a field is unknown, or the source is.
    DataError
        If a column is not in the table, or none holds the text.
    """

    def __init__(
        self,
        name: str,
        header: list[str],
        delimiter: str,
        columns: Mapping[str, str],
        *,
        labels: Mapping[str, str] | None = None,
        source: str = "other",
    ) -> None:
        self.name, self.delimiter, self.width, self.source = name, delimiter, len(header), source
        _check(name, header, columns, labels or {}, source)
        place = {column: number for number, column in enumerate(header)}
        readers = _READERS | _SPECIAL
        self._fields = [(field, place[col], readers[field]) for field, col in columns.items()]
        self._labels = [(label, place[column]) for label, column in (labels or {}).items()]

    def is_row(self, record: bytes) -> bool:
        """Whether lines joined are a row of this table."""
        try:
            return len(self._cells(record)) == self.width
        except (csv.Error, UnicodeDecodeError):
            return False

    def _cells(self, record: bytes) -> list[str]:
        text = record.decode("utf-8").removesuffix("\r")
        rows = csv.reader([text], delimiter=self.delimiter, skipinitialspace=True)
        return next(rows, [])

    def parse(self, record: bytes) -> Iterable[Item]:
        """See :class:`~inundate.posts.importers.record.Importer`."""
        try:
            cells = self._cells(record)
        except csv.Error:
            return (Broken("not a row of a table", record),)
        if not cells:
            return ()
        if len(cells) != self.width:
            return (Broken(f"{len(cells)} columns, expected {self.width}", record),)
        try:
            return (self._post(cells),)
        except ValueError as error:
            return (Broken(decode_error(error), record),)

    def _post(self, cells: list[str]) -> Item:
        values: dict[str, Any] = {
            field: read(cells[place])
            for field, place, read in self._fields
            if cells[place].strip() or field == "text"
        }
        if values.pop("is_protected", False):
            return Dropped(NOT_PUBLIC)
        _arrange(values)
        if not values.get("post_id"):
            values["post_id"] = _own_id(values)
        elif self.source == "x" and values.get("created_at") is None:
            values["created_at"] = from_snowflake(values["post_id"])
        known = [(label, cells[place]) for label, place in self._labels if cells[place].strip()]
        return Post(
            source=self.source,
            format=self.name,
            label_names=[label for label, _ in known],
            label_values=[value.strip() for _, value in known],
            **values,
        )


def _arrange(values: dict[str, Any]) -> None:
    """Turn what stands for several fields into these."""
    for field, kind in ((_QUOTE_ID, "quote"), (_REPOST_ID, "repost")):
        other = values.pop(field, None)
        if other:
            values |= {"refers_to_id": other, "kind": kind}
    if "reply_to_id" in values:
        values.setdefault("kind", "reply")
    for flag in _KIND_FLAGS:
        if values.pop(flag, False):
            values["kind"] = flag.removeprefix("is_")
    if values.get("kind", "original") not in ("original", "quote", "reply", "repost"):
        raise Unreadable("a kind of post that is not known")
    point = values.pop(_LON_LAT, None)
    if point is not None and len(point) == 2:
        values["longitude"], values["latitude"] = point
    handles = values.get("mention_handles")
    if handles and "mention_ids" not in values:
        values["mention_ids"] = [None] * len(handles)
    elif len(values.get("mention_ids", ())) != len(handles or values.get("mention_ids", ())):
        raise Unreadable("as many mentioned ids as handles are expected")


def _own_id(values: Mapping[str, Any]) -> str:
    """Make an id for a post that has none: of all that is known of it."""
    parts = "\0".join(f"{key}={values[key]}" for key in sorted(values))
    return "row-" + hashlib.blake2b(parts.encode(), digest_size=16).hexdigest()


def _check(
    name: str,
    header: list[str],
    columns: Mapping[str, str],
    labels: Mapping[str, str],
    source: str,
) -> None:
    if source not in SOURCES:
        raise ConfigError(
            f"reading a table: source {source!r} is not known; expected one of "
            + ", ".join(SOURCES)
        )
    for field in columns:
        if field not in COLUMNS:
            close = nearest(field, COLUMNS)
            advice = f"did you mean {close!r}?" if close else "expected a field of a post"
            raise ConfigError(
                f"reading a table: {field!r} is no field that a column can hold; {advice}",
                hint="fields: " + ", ".join(COLUMNS),
            )
    for column in [*columns.values(), *labels.values()]:
        if column not in header:
            close = nearest(column, header)
            advice = f"did you mean {close!r}?" if close else "expected one of its columns"
            raise DataError(
                f"reading a table as {name}: no column {column!r}; {advice}",
                hint="columns: " + ", ".join(header),
            )
    if "text" not in columns:
        raise DataError(
            f"reading a table as {name}: no column is known to hold the text",
            hint="--column text=NAME; columns: " + ", ".join(header),
        )


def split_header(line: bytes, path: Path) -> tuple[list[str], str]:
    """Give the names of the columns of a file and what stands between them.

    Raises
    ------
    DataError
        If the line is not UTF-8.

    Examples
    --------
    >>> split_header(b"tweet id, tweet, label", Path("a.csv"))
    (['tweet id', 'tweet', 'label'], ',')
    """
    try:
        text = line.decode("utf-8-sig").rstrip("\r\n")
    except UnicodeDecodeError as error:
        raise DataError(
            f"importing {path}: its first line is not UTF-8 ({error.reason} at byte "
            f"{error.start}); expected a header, or JSON lines",
            hint="save it as UTF-8; of packed files .gz, .bz2 and .zst are read",
        ) from error
    delimiter = max(_DELIMITERS, key=text.count)
    cells = next(csv.reader([text], delimiter=delimiter, skipinitialspace=True), [])
    return [cell.strip() for cell in cells], delimiter
