"""Numbers beside posts, such as depth and rain where they were written, joined by post."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from inundate.core.errors import DataError, nearest
from inundate.core.files import check_input
from inundate.posts.labelled.columns import find_column
from inundate.posts.labelled.formats import ID_COLUMNS
from inundate.posts.labelled.gather import clean_id
from inundate.posts.labelled.rows import Rows, read_rows
from inundate.posts.labelled.table import LabelledPosts

__all__ = ["NumberTable", "Numbers", "answers_of", "read_numbers", "with_numbers"]

Numbers = Mapping[str, NDArray[np.float64]]
"""Column to its values (N,); NaN where nothing is known."""

_HINT = (
    "inundate fuse context DEPTH LOCATED -o context.csv makes a table of what water and rain a map "
    "has at each post; give it by --context"
)
_WORDS = {"true": 1.0, "false": 0.0, "": math.nan, "nan": math.nan, "null": math.nan}


@dataclass(frozen=True)
class NumberTable:
    """Numbers of posts, to be looked up.

    Parameters
    ----------
    of_post : mapping of str to array (C,)
    columns : tuple of str, C
    where : str
        Names of the files, for messages.
    """

    of_post: Mapping[str, NDArray[np.float64]]
    columns: tuple[str, ...]
    where: str

    def of(self, posts: Sequence[str]) -> dict[str, NDArray[np.float64]]:
        """Give the numbers of posts (N,) by column; NaN for posts that the table lacks."""
        nothing = np.full(len(self.columns), np.nan)
        rows = [self.of_post.get(post, nothing) for post in posts]
        values = np.array(rows, np.float64).reshape(len(rows), len(self.columns))
        return {name: values[:, place] for place, name in enumerate(self.columns)}

    def known(self, posts: Sequence[str]) -> int:
        """Count the posts of which any number is known."""
        found = np.stack([*self.of(posts).values()]) if len(posts) else np.empty((1, 0))
        return int(np.isfinite(found).any(axis=0).sum())

    def check_has_some(self, posts: Sequence[str]) -> None:
        """Check that posts and table belong together.

        Raises
        ------
        DataError
            If the table has none of the posts.
        """
        if len(posts) and not any(post in self.of_post for post in posts):
            raise DataError(
                f"looking up {', '.join(self.columns)}: none of {len(posts)} posts is in "
                f"{self.where}, which has {len(self.of_post)} posts",
                hint="both must name posts alike, in a column such as post or id",
            )


def read_numbers(paths: Sequence[Path], columns: Sequence[str]) -> NumberTable:
    """Read numeric columns of tables, by post.

    Parameters
    ----------
    paths : sequence of Path
        CSV, TSV or JSON lines. Posts are known by a column such as ``post`` or ``id``, or else by
        the name of the file and the line, as :func:`~inundate.posts.labelled.table.open_labelled`
        names them. Empty cells are NaN, true and false are 1 and 0.
    columns : sequence of str

    Returns
    -------
    NumberTable

    Raises
    ------
    MissingFileError
        If nothing is there.
    DataError
        If it is no file, columns are absent, a cell is no number, or a post has two values.
    """
    found: dict[str, NDArray[np.float64]] = {}
    for path in paths:
        place = check_input(path, what="reading numbers of posts")
        if place.is_dir():
            raise DataError(
                f"reading numbers of posts in {place}: found a folder, expected a table with the "
                f"columns {', '.join(columns)}",
                hint=_HINT,
            )
        for post, values in _rows(place, read_rows(place), columns):
            known = found.setdefault(post, values)
            if not np.array_equal(known, values, equal_nan=True):
                raise DataError(
                    f"reading numbers of posts in {place}: post {post} stands there twice with "
                    "different numbers, expected one row a post"
                )
    return NumberTable(found, tuple(columns), ", ".join(str(path) for path in paths))


def _rows(path: Path, table: Rows, columns: Sequence[str]) -> list[tuple[str, NDArray[np.float64]]]:
    absent = [name for name in columns if name not in table.header]
    if absent:
        close = nearest(absent[0], table.header)
        raise DataError(
            f"reading {path}: no column {', '.join(absent)}, which the model reads"
            + (f"; did you mean {close!r}?" if close else "")
            + f"; there are {', '.join(table.header) or 'none'}",
            hint=_HINT,
        )
    places = [table.header.index(name) for name in columns]
    name = find_column([one for one in table.header if one not in columns], ID_COLUMNS)
    own = None if name is None else table.header.index(name)
    rows = []
    for line, cells in zip(table.lines, table.rows, strict=True):
        post = f"{path.stem}:{line}" if own is None else clean_id(cells[own])
        values = [_number(cells[place], path, line, table.header[place]) for place in places]
        rows.append((post, np.array(values, np.float64)))
    return rows


def _number(cell: str, path: Path, line: int, column: str) -> float:
    word = cell.strip().lower()
    try:
        value = _WORDS[word] if word in _WORDS else float(word)
    except ValueError:
        value = math.inf
    if math.isinf(value):
        raise DataError(
            f"reading {path}, line {line}: {column} is {cell.strip()[:40]!r}, expected a number, "
            "true, false or an empty cell"
        )
    return value


def with_numbers(posts: LabelledPosts, table: NumberTable) -> LabelledPosts:
    """Give posts their numbers.

    Raises
    ------
    DataError
        If the table has none of the posts.
    """
    table.check_has_some(posts.ids)
    return replace(posts, numbers=table.of(posts.ids))


def answers_of(model: Any, posts: LabelledPosts) -> NDArray[np.float64]:
    """Ask a model about posts, and hand it the numbers beside them that it reads.

    Parameters
    ----------
    model : classifier
        Its ``columns``, if it has any, are what it reads beside texts.
    posts : LabelledPosts

    Returns
    -------
    array (N, K)

    Raises
    ------
    DataError
        If it reads columns that the posts have not.
    """
    columns = tuple(getattr(model, "columns", ()))
    if not columns:
        return np.asarray(model.probabilities(posts.texts), np.float64)
    absent = [name for name in columns if name not in posts.numbers]
    if absent:
        raise DataError(
            f"classifying by {model.name}: the posts have no {', '.join(absent)}, which it reads",
            hint=_HINT,
        )
    numbers = {name: posts.numbers[name] for name in columns}
    return np.asarray(model.probabilities(posts.texts, numbers), np.float64)
