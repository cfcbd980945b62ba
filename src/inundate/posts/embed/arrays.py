"""Vectors as a NumPy array with a list of words beside it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from inundate.core.errors import DataError, MissingFileError, require_extra
from inundate.posts.embed.files import Block
from inundate.posts.embed.report import ReadReport

__all__ = ["array_blocks", "find_words", "open_array", "read_array"]

_ROWS = 16384  # of a block
_LISTS = (".txt", ".words", ".vocab", ".json", ".parquet")


def open_array(path: Path) -> np.ndarray[Any, Any]:
    """Map a ``.npy`` file of vectors, in whatever order its numbers lie.

    Raises
    ------
    DataError
        If it is no array of two dimensions with 16, 32 or 64-bit floats.
    """
    try:
        array: np.ndarray[Any, Any] = np.load(path, mmap_mode="r", allow_pickle=False)
    except (ValueError, OSError, EOFError) as error:
        raise DataError(
            f"reading {path} as vectors: not a whole .npy file of numbers ({error})",
            hint="get or write the file again",
        ) from error
    if array.ndim != 2 or array.dtype.kind != "f" or 0 in array.shape:
        raise DataError(
            f"reading {path} as vectors: an array {array.shape} of {array.dtype}, expected "
            "(words, numbers) of floats"
        )
    return array


def find_words(path: Path) -> Path:
    """Find the list of words that belongs to a ``.npy`` file: its name with another suffix.

    Raises
    ------
    MissingFileError
        If there is none.
    """
    places = [path.with_suffix(suffix) for suffix in _LISTS]
    for place in places:
        if place.is_file():
            return place
    raise MissingFileError(
        f"reading {path} as vectors: no list of words beside it "
        f"(looked for {', '.join(place.name for place in places)})",
        hint=f"write one word a line, in the order of the rows, to {places[0]}",
    )


def read_array(path: Path, words: Path, report: ReadReport) -> Iterator[Block]:
    """Read vectors and their list of words.

    Parameters
    ----------
    path : Path
        ``.npy``.
    words : Path
        One word a line, a JSON list, or Parquet with one column.
    report : ReadReport
        Filled while reading.

    Yields
    ------
    Block
    """
    report.format = f"npy with {words.suffix}"
    yield from array_blocks(_word_list(words), open_array(path), report)


def _word_list(path: Path) -> list[bytes]:
    try:
        if path.suffix == ".parquet":
            parquet = require_extra("posts", "pyarrow.parquet", what=f"reading {path}")
            found: list[Any] = parquet.read_table(path).column(0).to_pylist()
        elif path.suffix == ".json":
            found = json.loads(path.read_text("utf-8"))
        else:
            text = path.read_bytes().decode("utf-8-sig").replace("\r\n", "\n")
            found = text.removesuffix("\n").split("\n")
    except (ValueError, OSError) as error:
        raise DataError(f"reading {path} as a list of words: {error}") from error
    wrong = next((word for word in found if not isinstance(word, str)), None)
    if not isinstance(found, list) or wrong is not None:
        raise DataError(f"reading {path} as a list of words: found {wrong!r}, expected texts")
    return [word.encode() for word in found]


def array_blocks(
    words: Sequence[bytes], vectors: np.ndarray[Any, Any], report: ReadReport
) -> Iterator[Block]:
    """Give the rows of an array in blocks; those that are not finite are left out and told.

    Parameters
    ----------
    words : sequence of bytes
        V.
    vectors : array (V, E)
    report : ReadReport
        Its lines are rows, counted from 1.

    Raises
    ------
    DataError
        If the numbers of words and rows differ.
    """
    if len(words) != len(vectors):
        raise DataError(
            f"reading {report.path} as vectors: {len(words):,} words for {len(vectors):,} vectors",
            hint="the list of words belongs to another file, or a word in it holds a line feed",
        )
    for start in range(0, len(words), _ROWS):
        rows = np.ascontiguousarray(vectors[start : start + _ROWS], np.float32)
        good = np.isfinite(rows).all(axis=1)
        names = list(words[start : start + _ROWS])
        good &= np.array([bool(word) for word in names])
        for k in np.flatnonzero(~good).tolist():
            report.add_broken(start + k + 1, "not finite, or no word")
        report.lines += len(names)
        if not good.all():
            names = [word for word, fine in zip(names, good.tolist(), strict=True) if fine]
            rows = rows[good]
        yield Block(names, rows)
    report.check()
