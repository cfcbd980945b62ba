"""Find the columns of a table that hold text and labels, by name and then by content."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from inundate.core.errors import DataError, nearest
from inundate.posts.labelled.formats import (
    AUTHOR_COLUMNS,
    EVENT_COLUMNS,
    ID_COLUMNS,
    LABEL_COLUMNS,
    LANGUAGE_COLUMNS,
    TEXT_COLUMNS,
)
from inundate.posts.labelled.rows import Rows
from inundate.posts.labelled.tasks import find_task

__all__ = ["find_column", "find_label", "find_text", "is_headless", "named"]

_LOOKED_AT = 2_000  # rows that tell what a column holds
_WORDS = 3.0  # mean number of words from which a column is a text
_NAME_WORDS = 5  # words of the name of a column
_CLASSES = 40  # more kinds of values than that are no classes


@dataclass(frozen=True)
class Found:
    """A column, and why it is the one."""

    name: str
    why: str = ""
    """Empty where it was named by the user or by a known format."""


def named(table: Rows, name: str, flag: str, where: str) -> Found:
    """Give the column that was asked for.

    Raises
    ------
    DataError
        If there is none of that name.
    """
    for column in table.header:
        if column == name:
            return Found(column)
    lowered = [column for column in table.header if column.lower() == name.strip().lower()]
    if len(lowered) == 1:
        return Found(lowered[0])
    close = nearest(name, table.header)
    raise DataError(
        f"reading {where}: no column {name!r}"
        + (f"; did you mean {close!r}?" if close else ", which --" + flag + " names"),
        hint="columns: " + ", ".join(table.header),
    )


def find_text(table: Rows, where: str) -> Found:
    """Find the column with the text.

    Raises
    ------
    DataError
        If none or several would do.
    """
    known = _by_name(table.header, TEXT_COLUMNS)
    if len(known) == 1:
        return Found(known[0], "by its name")
    words = {
        column: _mean(table, column, lambda cell: len(cell.split()))
        for column in (known or table.header)
    }
    likely = [column for column, number in words.items() if number >= _WORDS]
    likely.sort(key=lambda column: -words[column])
    if len(likely) == 1 or (len(likely) > 1 and words[likely[0]] >= 2 * words[likely[1]]):
        return Found(likely[0], "by its content, the longest texts")
    if likely or known:
        raise _several("text", likely or known, where)
    raise DataError(
        f"reading {where}: no column is known to hold the text of posts",
        hint="name it by --text; columns: " + ", ".join(table.header),
    )


def find_label(table: Rows, text: str, task: str | None, where: str) -> Found:
    """Find the column with the labels.

    Parameters
    ----------
    table : Rows
    text : str
        Column with the text.
    task : str or None
        A column with the name of the task, or with its labels alone, is preferred.
    where : str
        Name of the table in errors.

    Raises
    ------
    DataError
        If none or several would do.
    """
    columns = [column for column in table.header if column != text]
    known = [column for column in _by_name(columns, LABEL_COLUMNS) if _classes(table, column)]
    if not known:
        known = [column for column in columns if "label" in column.lower() and _few(table, column)]
    if len(known) == 1:
        return Found(known[0], "by its name")
    if not known:
        others = {*ID_COLUMNS, *EVENT_COLUMNS, *AUTHOR_COLUMNS, *LANGUAGE_COLUMNS}
        known = [
            column for column in columns if _few(table, column) and _name(column) not in others
        ]
    if task is not None and len(known) > 1:
        known = _of_task(table, known, task)
    if len(known) == 1:
        return Found(known[0], "by its content, few values that come back")
    if known:
        raise _several("label", known, where)
    raise DataError(
        f"reading {where}: no column is known to hold labels",
        hint="name it by --label; columns: " + ", ".join(columns),
    )


def _of_task(table: Rows, columns: Sequence[str], task: str) -> list[str]:
    wanted = find_task(task)
    exact = [column for column in columns if _name(column) == _name(task)]
    if exact:
        return exact
    fit = [
        column
        for column in columns
        if all(wanted.class_of(value) is not None for value in _values(table, column))
    ]
    return fit or list(columns)


def is_headless(header: Sequence[str]) -> bool:
    """Whether what stands in a table's first line is a row: a text, numbers, no known name.

    Examples
    --------
    >>> is_headless(["7", "the water is in the street", "yes"]), is_headless(["nr", "words"])
    (True, False)
    """
    known = (*TEXT_COLUMNS, *LABEL_COLUMNS, *ID_COLUMNS, *EVENT_COLUMNS, *LANGUAGE_COLUMNS)
    if _by_name(header, known):
        return False
    return any(len(cell.split()) > _NAME_WORDS for cell in header) or (
        len(header) > 1
        and sum(cell.strip("'\"+-").replace(".", "").isdigit() for cell in header) > 0
    )


def find_column(header: Sequence[str], names: Sequence[str]) -> str | None:
    """Give the first column that has one of these names, in the order of the names."""
    found = _by_name(header, names)
    return found[0] if found else None


def _name(column: str) -> str:
    return column.strip().lower().replace("-", "_").replace(" ", "_")


def _by_name(header: Sequence[str], names: Sequence[str]) -> list[str]:
    places = {_name(name): place for place, name in reversed(list(enumerate(names)))}
    found = [column for column in header if _name(column) in places]
    return sorted(found, key=lambda column: places[_name(column)])


def _cells(table: Rows, column: str) -> list[str]:
    place = table.header.index(column)
    return [row[place].strip() for row in table.rows[:_LOOKED_AT]]


def _values(table: Rows, column: str) -> set[str]:
    return {cell for cell in _cells(table, column) if cell}


def _mean(table: Rows, column: str, measure: Callable[[str], int]) -> float:
    cells = _cells(table, column)
    return sum(map(measure, cells)) / len(cells) if cells else 0.0


def _classes(table: Rows, column: str) -> bool:
    return 0 < len(_values(table, column)) <= _CLASSES


def _few(table: Rows, column: str) -> bool:
    """Whether the values of a column come back, as classes do."""
    values = _values(table, column)
    return _classes(table, column) and (len(values) < len(table.rows) or len(values) <= 2)


def _several(what: str, columns: Sequence[str], where: str) -> DataError:
    return DataError(
        f"reading {where}: several columns could hold the {what}: {', '.join(columns)}",
        hint=f"name the one that is meant: --{what} {columns[0]!r}",
    )
