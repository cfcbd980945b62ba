"""Read a file, packed or not, line by line, from any offset, in constant memory."""

from __future__ import annotations

import bz2
import gzip
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, cast

import zstandard

__all__ = ["MAX_LINE", "Damage", "Line", "head_of", "open_stream", "read_lines"]

_BLOCK = 1 << 20
MAX_LINE = 64 * 2**20  # bytes; the largest page of a platform is a tenth of it
# Reddit dumps are packed with --long=31; other files need far less memory than they may take
_MAX_WINDOW = 2**31
_MAGIC = ((b"\x1f\x8b", "gzip"), (b"\x28\xb5\x2f\xfd", "zstd"), (b"BZh", "bzip2"))

Line = tuple[int, bytes]
"""Offset behind the line in the unpacked file, and the line without its end."""


class Damage(Exception):
    """A packed file ends too early or is damaged; what was read before is good."""


@contextmanager
def open_stream(path: Path) -> Iterator[BinaryIO]:
    """Open a file, unpacked where it is gzip, zstd or bzip2; its first bytes tell."""
    with path.open("rb") as raw:
        magic = raw.read(4)
        raw.seek(0)
        kind = next((name for start, name in _MAGIC if magic.startswith(start)), "plain")
        if kind == "gzip":
            with gzip.GzipFile(fileobj=raw) as stream:
                yield cast(BinaryIO, stream)
        elif kind == "zstd":
            unpacker = zstandard.ZstdDecompressor(max_window_size=_MAX_WINDOW)
            with unpacker.stream_reader(raw, read_across_frames=True) as stream:
                yield cast(BinaryIO, stream)
        elif kind == "bzip2":
            with bz2.BZ2File(raw) as stream:
                yield cast(BinaryIO, stream)
        else:
            yield raw


def _read(stream: BinaryIO, size: int) -> bytes:
    try:
        return stream.read(size)
    except (EOFError, OSError, zlib.error, zstandard.ZstdError) as error:
        if isinstance(error, OSError) and error.errno is not None:  # the disk's, not the file's
            raise
        raise Damage("the packed file is damaged or ends too early") from error


def head_of(path: Path, size: int = 1 << 18) -> bytes:
    """Give the first bytes of a file, unpacked; fewer where it is damaged or ends."""
    found = bytearray()
    with open_stream(path) as stream:
        try:
            while len(found) < size and (block := _read(stream, size - len(found))):
                found += block
        except Damage:
            pass  # reading it whole tells
    return bytes(found)


def read_lines(path: Path, start: int = 0) -> Iterator[Line]:
    """Read lines behind an offset.

    Parameters
    ----------
    path : Path
    start : int
        Offset in the unpacked file where a line begins.

    Yields
    ------
    tuple of (int, bytes)
        Offset behind the line, and the line without line feed. Of a line longer than
        :data:`MAX_LINE` only the beginning comes, which is longer than that, too.

    Raises
    ------
    Damage
        Behind the last good line of a packed file that is damaged.
    """
    with open_stream(path) as stream:
        _skip(stream, start)
        offset, rest = start, b""
        head, cut = b"", 0  # of a line that is too long: its beginning, and bytes seen of it
        while block := _read(stream, _BLOCK):
            lines = (rest + block).split(b"\n")
            rest = lines.pop()
            if cut and lines:
                offset += cut + len(lines[0]) + 1
                yield offset, head
                del lines[0]
                cut = 0
            for line in lines:
                offset += len(line) + 1
                yield offset, line
            if cut or len(rest) > MAX_LINE:
                head = head if cut else rest
                cut += len(rest)
                rest = b""
        if cut:
            yield offset + cut + len(rest), head
        elif rest:
            yield offset + len(rest), rest


def _skip(stream: BinaryIO, start: int) -> None:
    if stream.seekable() and not isinstance(stream, zstandard.ZstdDecompressionReader):
        try:
            stream.seek(start)  # packed files are read up to there, but not kept
        except (EOFError, zlib.error) as error:
            raise Damage("the packed file is damaged or ends too early") from error
        return
    while start > 0 and (block := _read(stream, min(start, _BLOCK))):
        start -= len(block)
