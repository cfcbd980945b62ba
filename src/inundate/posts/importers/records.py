"""Cut the lines of a file into records."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from inundate.posts.importers.stream import Line

__all__ = ["MAX_ROW", "json_records", "table_rows"]

MAX_ROW = 1 << 20  # bytes; a quote that is never closed must not swallow the file


def json_records(lines: Iterator[Line]) -> Iterator[Line]:
    """Give lines without what only holds a list over several lines together."""
    for offset, line in lines:
        record = line.strip()
        if record.endswith(b","):
            record = record[:-1]
        if record and record not in (b"[", b"]"):
            yield offset, record


def table_rows(lines: Iterator[Line], is_row: Callable[[bytes], bool]) -> Iterator[Line]:
    """Join lines while a quote is open: a text may hold line feeds.

    Parameters
    ----------
    lines : iterator
    is_row : callable
        Whether joined lines are a row of the table. Where they are not, or a quote stays open
        for :data:`MAX_ROW` bytes or to the end, the first line stands alone, for better or
        worse, and reading goes on behind it.
    """
    held: list[Line] = []
    waiting: list[Line] = []
    while True:
        item = held.pop() if held else next(lines, None)
        if item is None and not waiting:
            return
        if item is not None:
            waiting.append(item)
            if sum(line.count(b'"') for _, line in waiting) % 2:
                if sum(len(line) for _, line in waiting) <= MAX_ROW:
                    continue
            else:
                row = b"\n".join(line for _, line in waiting)
                if len(waiting) == 1 or is_row(row):
                    yield item[0], row
                    waiting = []
                    continue
        yield waiting[0]
        held.extend(reversed(waiting[1:]))
        waiting = []
