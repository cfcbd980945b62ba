"""Vectors in word2vec's binary form: a word, a blank, and the numbers as 32-bit floats."""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO

import numpy as np

from inundate.core.errors import DataError
from inundate.posts.embed.files import Block
from inundate.posts.embed.report import ReadReport

__all__ = ["read_binary"]

_CHUNK = 2**24
_LONGEST_WORD = 4096  # bytes


def read_binary(
    stream: BinaryIO, head: bytes, *, words: int, width: int, report: ReadReport
) -> Iterator[Block]:
    """Read the entries after the header of a binary file.

    Parameters
    ----------
    stream : binary file
    head : bytes
        What was already read of it, without the header.
    words : int
        As the header tells.
    width : int
        E.
    report : ReadReport
        Filled while reading; its lines are entries, counted from 1.

    Yields
    ------
    Block

    Raises
    ------
    DataError
        If the file ends too early, or is not in this form.
    """
    data, wanted = head, words
    while wanted:
        taken, rest = _entries(data, width, wanted, report)
        if taken.words:
            wanted -= len(taken.words)
            yield _sound(taken, report)
        more = stream.read(_CHUNK) if wanted else b""
        if wanted and not more:
            raise DataError(
                f"reading {report.path} (word2vec binary): its header tells of {words:,} words of "
                f"{width} numbers, it ends in word {words - wanted + 1:,}",
                hint="the file is cut short: get it again",
            )
        data = rest + more


def _entries(data: bytes, width: int, wanted: int, report: ReadReport) -> tuple[Block, bytes]:
    """Take the whole entries of a chunk, and give what is left of it."""
    words: list[bytes] = []
    pieces: list[bytes] = []
    at, size = 0, 4 * width
    while len(words) < wanted:
        while data[at : at + 1] == b"\n":  # word2vec ends entries by a line feed, others do not
            at += 1
        cut = data.find(b" ", at, at + _LONGEST_WORD)
        if cut < 0 and len(data) - at >= _LONGEST_WORD:
            raise DataError(
                f"reading {report.path} (word2vec binary): entry {report.lines + len(words) + 1:,} "
                f"starts with no word of at most {_LONGEST_WORD} bytes",
                hint="is it a binary word2vec file, and whole?",
            )
        if cut < 0 or len(data) < cut + 1 + size:
            break
        words.append(data[at:cut])
        pieces.append(data[cut + 1 : cut + 1 + size])
        at = cut + 1 + size
    vectors = np.frombuffer(b"".join(pieces), "<f4").reshape(len(words), width)
    return Block(words, vectors.astype(np.float32, copy=False)), data[at:]


def _sound(block: Block, report: ReadReport) -> Block:
    keep = np.isfinite(block.vectors).all(axis=1)
    for k in np.flatnonzero(~keep).tolist():
        report.add_broken(report.lines + k + 1, "a number is not finite")
    for k, word in enumerate(block.words):
        reason = _fault(word)
        if reason and keep[k]:
            report.add_broken(report.lines + k + 1, reason)
            keep[k] = False
    report.lines += len(block.words)
    report.check(finished=False)
    if keep.all():
        return block
    kept = [word for word, good in zip(block.words, keep.tolist(), strict=True) if good]
    return Block(kept, block.vectors[keep])


def _fault(word: bytes) -> str:
    if not word:
        return "no word before the numbers"
    try:
        word.decode("utf-8")
    except UnicodeDecodeError:
        return "the word is not UTF-8"
    return ""
