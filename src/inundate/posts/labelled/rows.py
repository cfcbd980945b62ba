"""Rows of a table that others wrote: broken ones are counted, and none takes others with it."""

from __future__ import annotations

import csv
import gzip
import json
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

from inundate.core.errors import DataError

__all__ = ["Rows", "decode", "read_rows", "read_table", "without_header"]

_DELIMITERS = ("\t", ",", ";", "|")
_MARKS = ((b"\xef\xbb\xbf", "utf-8"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))
_PREFIX = "__label__"
_LONGEST = 60  # lines of one cell; a quote that is never closed must not swallow the file


@dataclass
class Rows:
    """A table as text.

    Parameters
    ----------
    header : list of str
    rows : list of list of str
        Each as wide as the header.
    lines : list of int
        Line of the file on which each row begins; the first is 1.
    broken : list of int
        Lines that are no rows.
    encoding, delimiter, format : str
    """

    header: list[str]
    rows: list[list[str]] = field(default_factory=list)
    lines: list[int] = field(default_factory=list)
    broken: list[int] = field(default_factory=list)
    encoding: str = "utf-8"
    delimiter: str = ","
    format: str = "table"


def decode(data: bytes) -> tuple[str, str]:
    """Give a text and the encoding that it was read in.

    Without a byte order mark that is UTF-8, or Windows-1252 where it cannot be that; bytes that
    mean nothing there become U+FFFD.
    """
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            return data.decode(encoding, "replace").removeprefix("\ufeff"), encoding
    try:
        return data.decode("utf-8"), "utf-8"
    except UnicodeDecodeError:
        return data.decode("cp1252", "replace"), "cp1252"


def read_table(path: Path, text: str, encoding: str) -> Rows:
    """Cut a text into rows.

    Parameters
    ----------
    path : Path
        Its name tells tabs from commas where the header does not.
    text : str
    encoding : str
        As :func:`decode` says.
    """
    lines = text.splitlines() if "\r" in text and "\n" not in text else text.split("\n")
    lines = [line.removesuffix("\r") for line in lines]
    start = next((number for number, line in enumerate(lines) if line.strip()), len(lines))
    head = lines[start] if start < len(lines) else ""
    delimiter = _delimiter(path, head)
    header = [cell.strip() for cell in _cells(head, delimiter) or []]
    table = Rows(header, encoding=encoding, delimiter=delimiter)
    for number, cells in _cut(lines, start + 1, len(header), delimiter):
        if cells is None:
            table.broken.append(number)
        else:
            table.rows.append(cells)
            table.lines.append(number)
    return table


def _delimiter(path: Path, head: str) -> str:
    if path.suffix.lower() in (".tsv", ".tab") and "\t" in head:
        return "\t"
    return max(_DELIMITERS, key=head.count)


def _cells(record: str, delimiter: str) -> list[str] | None:
    try:
        rows = list(csv.reader([record], delimiter=delimiter, skipinitialspace=True))
    except csv.Error:
        return None
    return rows[0] if len(rows) == 1 else None


def _cut(
    lines: list[str], start: int, width: int, delimiter: str
) -> Iterator[tuple[int, list[str] | None]]:
    """Give the line number and the cells of each row; None for a line that is none."""
    place = start
    while place < len(lines):
        line = lines[place]
        if not line.strip():
            place += 1
            continue
        cells, used = _row(lines, place, width, delimiter)
        yield place + 1, cells
        place += used


def _row(lines: list[str], place: int, width: int, delimiter: str) -> tuple[list[str] | None, int]:
    """Read the row that begins on a line, and tell how many lines it has."""
    line = lines[place]
    if delimiter == "\t" and line.count("\t") == width - 1:
        # tables with tabs mostly have quotes that are part of the text
        return [_unquote(cell) for cell in line.split("\t")], 1
    quotes = 0
    for used in range(1, _LONGEST + 1):
        if place + used > len(lines):
            break
        quotes += lines[place + used - 1].count('"')
        if quotes % 2 == 0:
            cells = _cells("\n".join(lines[place : place + used]), delimiter)
            if cells is not None and len(cells) == width:
                return cells, used
            if used == 1:
                break
    return None, 1


def _unquote(cell: str) -> str:
    if len(cell) > 1 and cell[0] == cell[-1] == '"':
        return cell[1:-1].replace('""', '"')
    return cell


def read_rows(path: Path) -> Rows:
    """Read a table in CSV, TSV or JSON lines, plain or packed by gzip.

    Raises
    ------
    DataError
        If the file is packed and cut short.
    """
    data = path.read_bytes()
    if data.startswith(b"\x1f\x8b"):
        try:
            data = gzip.decompress(data)
        except (OSError, EOFError, zlib.error) as error:
            raise DataError(
                f"opening {path}: packed by gzip, and broken ({error})", hint="copy the file anew"
            ) from error
    text, encoding = decode(data)
    if text.lstrip()[:1] in ("{", "["):
        return _json_rows(text, encoding)
    if text.lstrip().startswith(_PREFIX):
        return _prefixed_rows(text, encoding)
    return read_table(path, text, encoding)


def _prefixed_rows(text: str, encoding: str) -> Rows:
    """Read lines as fastText has them: labels with a prefix, then the text."""
    table = Rows(["label", "text"], encoding=encoding, delimiter=" ", format="fasttext")
    for number, line in enumerate(text.split("\n"), 1):
        words = line.split()
        label = words[0].removeprefix(_PREFIX) if words else ""
        rest = [word for word in words[1:] if not word.startswith(_PREFIX)]
        if not words:
            continue
        if not words[0].startswith(_PREFIX) or len(rest) < len(words) - 1:
            table.broken.append(number)  # no label, or several
        else:
            table.rows.append([label, " ".join(rest)])
            table.lines.append(number)
    return table


def without_header(table: Rows) -> Rows:
    """Give a table whose first row was taken for a header that it has not."""
    names = [f"column {number}" for number in range(1, len(table.header) + 1)]
    first = table.lines[0] - 1 if table.lines else 1
    return replace(
        table, header=names, rows=[table.header, *table.rows], lines=[first, *table.lines]
    )


def _json_rows(text: str, encoding: str) -> Rows:
    """Read objects, one a line, or in a list over the whole file."""
    found: list[tuple[int, dict[str, str]]] = []
    table = Rows([], encoding=encoding, delimiter="", format="json lines")
    for number, item in _items(text):
        if isinstance(item, dict):
            found.append((number, dict(_flat(item))))
        else:
            table.broken.append(number)
    for _, row in found:
        table.header += [name for name in row if name not in table.header]
    table.rows = [[row.get(name, "") for name in table.header] for _, row in found]
    table.lines = [number for number, _ in found]
    return table


def _items(text: str) -> Iterator[tuple[int, object]]:
    if text.lstrip().startswith("["):
        try:
            listed = json.loads(text)
        except (ValueError, RecursionError):
            listed = None
        if isinstance(listed, list):
            yield from enumerate(listed, 1)
            return
    for number, line in enumerate(text.split("\n"), 1):
        record = line.strip().removesuffix(",")
        if record and record not in ("[", "]"):
            try:
                yield number, json.loads(record)
            except (ValueError, RecursionError):
                yield number, None


def _flat(item: dict[str, object], before: str = "") -> Iterator[tuple[str, str]]:
    for key, value in item.items():
        if isinstance(value, dict) and not before.count("."):
            yield from _flat(value, f"{before}{key}.")
        elif isinstance(value, str):
            yield before + key, value
        elif isinstance(value, bool):
            yield before + key, str(value).lower()
        elif value is not None:
            yield before + key, json.dumps(value, ensure_ascii=False)
