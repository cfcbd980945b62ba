"""The bytes of a vector file: plain, or packed by gzip, zip or zstd."""

from __future__ import annotations

import gzip
import hashlib
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

from inundate.core.errors import DataError, MissingFileError, nearest, require_extra

__all__ = ["digest_files", "find_source", "join_digests", "open_source"]

_GZIP, _ZIP, _ZSTD = b"\x1f\x8b", b"PK\x03\x04", b"\x28\xb5\x2f\xfd"
_PACKED = 2**17  # bytes of a packed file read at a time


def find_source(path: Path) -> tuple[Path, str | None] | None:
    """Find a file, or a file inside a zip archive: ``glove.6B.zip/glove.6B.100d.txt``.

    Returns
    -------
    tuple or None
        The file, and the name inside it; None where neither is there.
    """
    if path.exists():
        return path, None
    for parent in path.parents:
        if parent.is_file():
            return (parent, str(path.relative_to(parent))) if zipfile.is_zipfile(parent) else None
    return None


def digest_files(*paths: Path, member: str | None = None) -> str:
    """Give the SHA-256 of a file, or of the digests of several and a name inside."""
    found = []
    for path in paths:
        with path.open("rb") as stream:
            found.append(hashlib.file_digest(stream, "sha256").hexdigest())
    return join_digests(found if member is None else [*found, member])


def join_digests(parts: Sequence[str]) -> str:
    """Give one part as it is, or the SHA-256 of several."""
    return parts[0] if len(parts) == 1 else hashlib.sha256("\n".join(parts).encode()).hexdigest()


@contextmanager
def open_source(path: Path, member: str | None = None) -> Iterator[BinaryIO]:
    """Open a vector file for reading its bytes, unpacked.

    Parameters
    ----------
    path : Path
    member : str, optional
        Name inside a zip archive.

    Raises
    ------
    DataError
        If it cannot be unpacked: cut short, damaged, or an archive that holds several files.
    MissingFileError
        If the archive has no such file.
    """
    with path.open("rb") as raw:
        magic = raw.read(4)
    try:
        with _unpacked(path, magic, member) as stream:
            yield stream
    except (EOFError, zlib.error, gzip.BadGzipFile, zipfile.BadZipFile) as error:
        raise _damaged(path, error) from error
    except RuntimeError as error:  # of zipfile: a password, or a way of packing it does not know
        if magic != _ZIP:
            raise
        raise _damaged(path, error) from error


@contextmanager
def _unpacked(path: Path, magic: bytes, member: str | None) -> Iterator[BinaryIO]:
    if magic[:2] == _GZIP:
        with gzip.open(path, "rb") as stream:
            yield stream  # type: ignore[misc]
    elif magic == _ZIP:
        with zipfile.ZipFile(path) as archive, archive.open(_member(path, archive, member)) as file:
            yield file  # type: ignore[misc]
    elif magic == _ZSTD:
        zstandard: Any = require_extra("posts", "zstandard", what=f"reading {path}")
        with path.open("rb") as packed:
            yield _Frames(packed, zstandard)  # type: ignore[misc]
    else:
        with path.open("rb") as plain:
            yield plain


class _Frames:
    """Unpack zstd frames one after the other; unlike zstandard's reader it tells a cut file."""

    def __init__(self, raw: BinaryIO, zstandard: Any) -> None:
        self._raw = raw
        self._make = zstandard.ZstdDecompressor(max_window_size=2**31).decompressobj
        self._fault = zstandard.ZstdError
        self._frame: Any = None
        self._ready = b""

    def read(self, size: int) -> bytes:
        """Give at most so many bytes; none at the end."""
        packed = b""
        while not self._ready:
            packed = packed or self._raw.read(_PACKED)
            if not packed:
                if self._frame is not None:
                    raise EOFError("it ends inside a frame")
                return b""
            packed = self._unpack(packed)
        found, self._ready = self._ready[:size], self._ready[size:]
        if packed:
            self._raw.seek(-len(packed), 1)
        return found

    def _unpack(self, packed: bytes) -> bytes:
        self._frame = self._frame or self._make()
        try:
            self._ready = self._frame.decompress(packed)
        except self._fault as error:
            raise EOFError(str(error)) from error
        if not self._frame.eof:
            return b""
        rest: bytes = self._frame.unused_data
        self._frame = None
        return rest


def _member(path: Path, archive: zipfile.ZipFile, member: str | None) -> str:
    names = [
        info.filename
        for info in archive.infolist()
        if not info.is_dir() and not info.filename.startswith("__MACOSX/")
    ]
    if member is not None:
        if member not in names:
            raise MissingFileError(
                f"reading {path}: it holds no {member!r}, but {', '.join(names)}",
                hint=f"give {path}/{nearest(member, names) or (names or ['FILE'])[0]}",
            )
        return member
    if len(names) != 1:
        raise DataError(
            f"reading {path}: an archive of {len(names)} files ({', '.join(names)}), expected one",
            hint=f"name the one you want: {path}/{names[0]}" if names else None,
        )
    return names[0]


def _damaged(path: Path, error: Exception) -> DataError:
    return DataError(
        f"reading {path}: the packed file is cut short or damaged ({error})",
        hint="get the file again, and compare its checksum",
    )
