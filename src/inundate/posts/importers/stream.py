"""Read a file, packed or not, line by line, from any offset, in constant memory."""

from __future__ import annotations

import bz2
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, BinaryIO

import zstandard

__all__ = ["MAX_LINE", "Damage", "Line", "read_lines"]

_BLOCK = 1 << 20
_PACKED_BLOCK = 1 << 14  # small, since it may unpack to a thousand times as much
MAX_LINE = 64 * 2**20  # bytes; the largest page of a platform is a tenth of it
# Reddit dumps are packed with --long=31; other files need far less memory than they may take
_MAX_WINDOW = 2**31
_PACKINGS: tuple[tuple[bytes, Callable[[], Any]], ...] = (
    (b"\x1f\x8b", lambda: zlib.decompressobj(16 + zlib.MAX_WBITS)),
    (b"BZh", bz2.BZ2Decompressor),
    (
        b"\x28\xb5\x2f\xfd",
        lambda: zstandard.ZstdDecompressor(max_window_size=_MAX_WINDOW).decompressobj(),
    ),
)

Line = tuple[int, bytes]
"""Offset behind the line in the unpacked file, and the line without its end."""


class Damage(Exception):
    """A packed file ends too early or is damaged; what was read before is good."""


def _blocks(path: Path, start: int) -> Iterator[bytes]:
    """Give the unpacked content behind an offset."""
    with path.open("rb") as raw:
        magic = raw.read(4)
        packing = next((make for begin, make in _PACKINGS if magic.startswith(begin)), None)
        raw.seek(start if packing is None else 0)
        if packing is None:
            while block := raw.read(_BLOCK):
                yield block
            return
        for block in _unpacked(raw, packing):
            if start >= len(block):
                start -= len(block)
            else:
                yield block[start:]
                start = 0


def _unpacked(raw: BinaryIO, make: Callable[[], Any]) -> Iterator[bytes]:
    """Unpack; files of several parts one after the other are one file."""
    unpacker, is_open = make(), False
    while block := raw.read(_PACKED_BLOCK):
        while block:
            if not is_open and not block.strip(b"\0"):  # what fills up a tape
                break
            is_open = True
            try:
                found = unpacker.decompress(block)
            except (OSError, EOFError, ValueError, zlib.error, zstandard.ZstdError) as error:
                raise Damage("the packed file is damaged") from error
            if found:
                yield found
            block = b""
            if unpacker.eof:
                block, unpacker, is_open = unpacker.unused_data, make(), False
    if is_open:
        raise Damage("the packed file ends too early")


def read_lines(path: Path, start: int = 0) -> Iterator[Line]:
    """Read lines behind an offset.

    Parameters
    ----------
    path : Path
        Plain, or packed by gzip, zstd or bzip2; its first bytes tell.
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
    offset, rest = start, b""
    head, cut = b"", 0  # of a line that is too long: its beginning, and bytes seen of it
    for block in _blocks(path, start):
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
