"""Where the bytes of a rain file come from: a file, a ``.gz``, a tar member or a store folder."""

from __future__ import annotations

import gzip
import io
import tarfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from inundate.core.errors import DataError
from inundate.core.files import check_input

__all__ = ["Skipped", "Source", "UnreadableError", "find_sources"]

_GZIP_MAGIC = b"\x1f\x8b"
_TAR_MAGIC_AT = 257  # "ustar" in the first header block
_HEAD_BYTES = 1024
_STORE_MARKS = ("zarr.json", ".zgroup", ".zattrs", ".zmetadata")


class UnreadableError(DataError):
    """One file is truncated or corrupt; in a folder or tar it is skipped and reported."""


@dataclass(frozen=True)
class Skipped:
    """A file that was left out, and why."""

    file: str
    reason: str


@dataclass(frozen=True)
class Source:
    """The bytes of one rain file.

    Attributes
    ----------
    path : Path
        File or store folder on disk.
    member : str
        Name inside a tar, or "".
    offset, size : int
        Place of the member in the tar; size -1 means the whole file.
    blob : bytes or None
        The unpacked tar, where the tar itself was compressed.
    """

    path: Path
    member: str = ""
    offset: int = 0
    size: int = -1
    blob: bytes | None = field(default=None, repr=False, compare=False)

    @property
    def label(self) -> str:
        """Name for messages: ``day.tar:0905.dat.gz`` for a member."""
        return f"{self.path.name}:{self.member}" if self.member else self.path.name

    @property
    def name(self) -> str:
        """File name without folders and without ``.gz``."""
        return Path(self.member or self.path.name).name.removesuffix(".gz")

    @property
    def is_store(self) -> bool:
        """True for a Zarr store, which is a folder."""
        return self.path.is_dir()

    def packed(self, count: int = -1) -> bytes:
        """Read the bytes as they lie on disk, at most ``count`` of them."""
        wanted = self.size if count < 0 else count if self.size < 0 else min(count, self.size)
        if self.blob is not None:
            return self.blob[self.offset : self.offset + wanted]
        try:
            with self.path.open("rb") as file:
                file.seek(self.offset)
                found = file.read(wanted)
        except OSError as error:
            raise UnreadableError(f"reading {self.label}: {error}") from error
        if count < 0 <= self.size and len(found) < self.size:
            raise UnreadableError(
                f"reading {self.label}: the tar ends after {len(found)} of {self.size} bytes"
            )
        return found

    def head(self, count: int = _HEAD_BYTES) -> bytes:
        """Read the first bytes, decompressed; b"" for a store folder or an unreadable gzip."""
        if self.is_store:
            return b""
        found = self.packed(4 * count + 1024)
        if not found.startswith(_GZIP_MAGIC):
            return found[:count]
        try:
            return zlib.decompressobj(wbits=31).decompress(found, count)
        except zlib.error:
            return b""

    def read(self) -> bytes:
        """Read all bytes, decompressed.

        Raises
        ------
        UnreadableError
            If the file is empty, or its gzip stream is truncated or damaged.
        """
        found = self.packed()
        if not found:
            raise UnreadableError(f"reading {self.label}: the file is empty")
        if not found.startswith(_GZIP_MAGIC):
            return found
        try:
            return gzip.decompress(found)
        except (OSError, EOFError, zlib.error) as error:
            raise UnreadableError(
                f"reading {self.label}: the gzip stream is truncated or damaged ({error})"
            ) from error


def find_sources(path: Path) -> tuple[list[Source], list[Skipped]]:
    """List the files that a path stands for, sorted by name, tars opened.

    Parameters
    ----------
    path : Path
        File, tar, Zarr store, or a folder of them at any depth; hidden files are not looked at.

    Returns
    -------
    list of Source, list of Skipped
        What can be tried, and the tars that end early.

    Raises
    ------
    MissingFileError
        If the path does not exist.
    DataError
        If a folder holds no file.
    """
    check_input(path, what="reading rain")
    sources: list[Source] = []
    skipped: list[Skipped] = []
    for file in _files(path):
        source = Source(file)
        try:
            if source.is_store or not _is_tar(source):
                sources.append(source)
            else:
                _open_tar(source, sources, skipped)
        except UnreadableError as error:
            skipped.append(Skipped(source.label, str(error)))
    if not sources and not skipped:
        raise DataError(f"reading rain: {path} holds no file", hint="give a folder of radar files")
    return sources, skipped


def _files(path: Path) -> Iterator[Path]:
    if not path.is_dir() or _is_store(path):
        yield path
        return
    for child in sorted(path.iterdir()):
        if not child.name.startswith("."):
            yield from _files(child)


def _is_store(path: Path) -> bool:
    return path.is_dir() and any((path / mark).exists() for mark in _STORE_MARKS)


def _is_tar(source: Source) -> bool:
    head = source.head()
    return head[_TAR_MAGIC_AT : _TAR_MAGIC_AT + 5] == b"ustar"


def _open_tar(tar: Source, sources: list[Source], skipped: list[Skipped]) -> None:
    """Append the members of a tar; keep what lies before the place where it breaks."""
    packed = tar.packed(2).startswith(_GZIP_MAGIC)
    blob = tar.read() if packed else None
    found = []
    try:
        with (
            tar.path.open("rb") if blob is None else io.BytesIO(blob) as file,
            tarfile.open(fileobj=file, mode="r:") as archive,
        ):
            for member in archive:
                if member.isfile():
                    place = (member.name, member.offset_data, member.size)
                    found.append(Source(tar.path, *place, blob=blob))
    except (tarfile.TarError, OSError, EOFError, ValueError) as error:
        skipped.append(Skipped(tar.label, f"the tar breaks off after {len(found)} files ({error})"))
    sources.extend(sorted(found, key=lambda source: source.member))
