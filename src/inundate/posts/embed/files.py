"""Files of word vectors, in blocks: GloVe and word2vec text, word2vec binary."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

import numpy as np

from inundate.core.errors import DataError
from inundate.posts.embed.report import ReadReport
from inundate.posts.embed.source import open_source

__all__ = ["Block", "read_blocks"]

_HEAD = 2**20  # bytes that tell the format
_CHUNK = 2**24  # bytes a block of text is made of
_LONGEST = 2**22  # bytes of a line: 300 numbers take 3,000
_LOOKED_AT = 200  # lines that tell the width
_HEADER = re.compile(rb"(\d{1,12})[ \t]+(\d{1,6})[ \t]*\r?\n")
_JSON = re.compile(rb"\s*\{\s*\"[A-Za-z_ ]{1,40}\"\s*:")
_BOM = b"\xef\xbb\xbf"
_FASTTEXT = b"\xba\x16\x4f\x2f"  # magic number 793712314 of fastText's own files


class Block(NamedTuple):
    """Some words and their vectors.

    Parameters
    ----------
    words : list of bytes
        UTF-8, N.
    vectors : array (N, E), float32
    """

    words: list[bytes]
    vectors: np.ndarray[Any, Any]


class _Header(NamedTuple):
    words: int
    width: int
    end: int  # where it ends in the file


def read_blocks(path: Path, report: ReadReport, member: str | None = None) -> Iterator[Block]:
    """Read a file of vectors as a stream; the content tells the format.

    Words are split from their numbers from the right, so they may hold blanks; quotes, tabulators
    and other white space have no meaning of their own.

    Parameters
    ----------
    path : Path
        Text with or without a header, word2vec binary, or the JSON of wink-embeddings-sg; plain,
        gzip, zip or zstd.
    report : ReadReport
        Filled while reading.
    member : str, optional
        Name inside a zip archive.

    Yields
    ------
    Block

    Raises
    ------
    DataError
        If it is no file of vectors, is cut short, or too many lines are broken.
    """
    with open_source(path, member) as stream:
        head = _read(stream, _HEAD).removeprefix(_BOM)
        _refuse(path, head)
        header = _header(head)
        if _JSON.match(head):
            from inundate.posts.embed.json_file import read_json

            yield from read_json(stream, head, report)
        elif header is None or _is_text(head[header.end :], header.width):
            yield from _text(stream, head, header, report)
        else:
            from inundate.posts.embed.binary import read_binary

            report.format = "word2vec binary"
            yield from read_binary(
                stream, head[header.end :], words=header.words, width=header.width, report=report
            )
    report.check()


def _read(stream: BinaryIO, size: int) -> bytes:
    """Read so many bytes unless the stream ends; one call may give fewer."""
    parts = []
    while size > 0 and (part := stream.read(size)):
        parts.append(part)
        size -= len(part)
    return b"".join(parts)


def _refuse(path: Path, head: bytes) -> None:
    if not head.strip():
        raise DataError(f"reading {path} as vectors: it is empty")
    if head.startswith(_FASTTEXT):
        raise DataError(
            f"reading {path} as vectors: fastText's own model file, expected its vectors",
            hint="take the .vec file that fastText writes beside it",
        )


def _header(head: bytes) -> _Header | None:
    from inundate.posts.embed.parse import count_numbers

    found = _HEADER.match(head)
    if found is None:
        return None
    words, width = int(found[1]), int(found[2])
    after = head[found.end() :].split(b"\n", 1)[0]
    if width == 0 or (width != 1 and count_numbers(after) == 1 and len(after.split()) == 2):
        return None  # words that are numbers, with one number each
    return _Header(words, width, found.end())


def _is_text(head: bytes, width: int) -> bool:
    from inundate.posts.embed.parse import BrokenLineError, parse_line

    for line in head.split(b"\n", 20)[:20]:
        try:
            parse_line(line, width)
        except BrokenLineError:
            continue
        return True
    return not head  # a header and nothing after it is told as text


def _width(path: Path, head: bytes) -> int:
    """Take the commonest number of numbers at the end of the first lines."""
    from inundate.posts.embed.parse import count_numbers

    lines = head.split(b"\n", _LOOKED_AT)[:_LOOKED_AT]
    whole = lines[:-1] if len(head) >= _HEAD and len(lines) > 1 else lines
    counts = Counter(count_numbers(line) for line in whole if line.strip())
    width, _ = max(counts.items(), key=lambda item: (item[1], item[0]))
    if width == 0:
        shown = lines[0][:60].decode("utf-8", "replace")
        raise DataError(
            f"reading {path} as vectors: its lines do not end in numbers ({shown!r})",
            hint="expected GloVe or word2vec text, word2vec binary, or .npy with a list of words",
        )
    return width


def _text(
    stream: BinaryIO, head: bytes, header: _Header | None, report: ReadReport
) -> Iterator[Block]:
    report.format = "text with header" if header else "text"
    width = header.width if header else _width(report.path, head)
    number = 1 if header else 0  # lines before the chunk
    for data in _chunks(stream, head[header.end :] if header else head, report.path):
        block, lines = _parse(data, width, number, report)
        number += lines
        report.check(finished=False)
        yield block
    if header and report.lines < header.words:
        raise DataError(
            f"reading {report.path}: its header tells of {header.words:,} words, "
            f"it holds {report.lines:,}",
            hint="the file is cut short: get it again",
        )


def _chunks(stream: BinaryIO, head: bytes, path: Path) -> Iterator[bytes]:
    """Cut a stream after line feeds."""
    rest = head
    while True:
        more = _read(stream, _CHUNK)
        data = rest + more
        cut = data.rfind(b"\n") + 1
        if cut:
            yield data[:cut]
        rest = data[cut:]
        if len(rest) > _LONGEST:
            raise DataError(
                f"reading {path} as vectors: a line of more than {_LONGEST:,} bytes",
                hint="expected one word and its numbers a line",
            )
        if not more:
            break
    if rest:
        yield rest + b"\n"


def _parse(data: bytes, width: int, before: int, report: ReadReport) -> tuple[Block, int]:
    from inundate.posts.embed.parse import BrokenLineError, parse_line, parse_lines

    words, vectors, left, lines = parse_lines(data, width)
    keep = np.ones(len(words), bool)
    for k, line in zip(left.tolist(), lines, strict=True):
        if not line.strip(b" \t\r"):
            report.blank += 1
            keep[k] = False
            continue
        try:
            words[k], vectors[k] = parse_line(line, width)
        except BrokenLineError as error:
            report.add_broken(before + k + 1, _kind(str(error)), str(error))
            keep[k] = False
    report.lines += len(words) - sum(not line.strip(b" \t\r") for line in lines)
    _drop_undecodable(words, keep, before, report)
    if not keep.all():
        kept = [word for word, good in zip(words, keep.tolist(), strict=True) if good]
        return Block(kept, vectors[keep]), len(words)
    return Block(words, vectors), len(words)


def _kind(reason: str) -> str:
    """Give a reason without the piece that it quotes, for counting."""
    return re.sub(r"^(['\"]).*\1 is", "a piece is", reason, flags=re.DOTALL)


def _drop_undecodable(
    words: list[bytes], keep: np.ndarray[Any, Any], before: int, report: ReadReport
) -> None:
    try:
        b"\n".join(words).decode("utf-8")
    except UnicodeDecodeError:
        for k in np.flatnonzero(keep).tolist():
            try:
                words[k].decode("utf-8")
            except UnicodeDecodeError:
                report.add_broken(before + k + 1, "the word is not UTF-8")
                keep[k] = False
