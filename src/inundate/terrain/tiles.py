"""Find ASCII tiles in folders, zips, and zips within zips, without reading more than is needed."""

from __future__ import annotations

import io
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path, PurePosixPath

from inundate.core.errors import DataError
from inundate.core.grid import Bounds
from inundate.terrain.national import TILE_M, named_square, tile_origin

__all__ = ["AsciiTile", "find_tiles", "holds_ascii_tiles"]


@dataclass(frozen=True)
class AsciiTile:
    """A tile that is found but not read.

    Attributes
    ----------
    label : str
        Path, with the way through the zips.
    stem : str
        Name of the ``.asc`` without the suffix.
    read, read_prj : callable
        Give the text of the grid, and of its ``.prj`` or None.
    """

    label: str
    stem: str
    read: Callable[[], str] = field(repr=False)
    read_prj: Callable[[], str | None] = field(repr=False)


def holds_ascii_tiles(path: Path) -> bool:
    """Whether a folder or zip holds an ``.asc`` or a zip that may; nothing is unpacked."""
    path = Path(path)
    if path.is_dir():
        names = [file.name for file in path.rglob("*")]
    else:
        with _open_zip(path, str(path)) as archive:
            names = archive.namelist()
    return any(name.lower().endswith((".asc", ".zip")) for name in names)


def find_tiles(
    path: Path, box: Bounds | None, skipped: list[Bounds] | None = None
) -> Iterator[AsciiTile]:
    """Find the ASCII tiles of a folder or zip.

    Parameters
    ----------
    path : Path
        Folder, ``.asc`` or ``.zip``.
    box : tuple or None
        Left, bottom, right, top on the National Grid: tiles and zips whose name is a square that
        does not meet it are left out unread.
    skipped : list, optional
        The bounds of the squares left out are added to it.

    Yields
    ------
    AsciiTile
        To be read before the next is asked for, while its zip is open.

    Raises
    ------
    DataError
        If a zip is damaged.
    """
    files = sorted(p for p in path.rglob("*") if p.is_file()) if path.is_dir() else [path]
    seen: set[str] = set()
    for file in files:
        suffix = file.suffix.lower()
        if suffix == ".asc" and not _outside(file.stem, box, skipped, seen):
            yield AsciiTile(
                str(file),
                file.stem,
                partial(file.read_text, encoding="latin-1"),
                partial(_prj_text, file),
            )
        elif suffix == ".zip" and not _outside(file.stem, box, skipped, seen):
            with _open_zip(file, str(file)) as archive:
                yield from _find_in_zip(archive, str(file), box, skipped, seen)


def _find_in_zip(
    archive: zipfile.ZipFile,
    label: str,
    box: Bounds | None,
    skipped: list[Bounds] | None,
    seen: set[str],
) -> Iterator[AsciiTile]:
    names = {name.lower(): name for name in archive.namelist()}
    for name in sorted(archive.namelist()):
        inner = PurePosixPath(name)
        inside = f"{label}/{name}"
        suffix = inner.suffix.lower()
        if suffix == ".asc" and not _outside(inner.stem, box, skipped, seen):
            prj = names.get(str(inner.with_suffix(".prj")).lower())
            yield AsciiTile(
                inside,
                inner.stem,
                partial(_member_text, archive, name, inside),
                (lambda: None) if prj is None else partial(_member_text, archive, prj, inside),
            )
        elif suffix == ".zip" and not _outside(inner.stem, box, skipped, seen):
            nested = io.BytesIO(_member(archive, name, inside))
            with _open_zip(nested, inside) as below:
                yield from _find_in_zip(below, inside, box, skipped, seen)


def _open_zip(source: Path | io.BytesIO, label: str) -> zipfile.ZipFile:
    try:
        return zipfile.ZipFile(source)
    except zipfile.BadZipFile as error:
        raise DataError(
            f"reading {label}: not a whole zip file ({error})", hint="download the tile again"
        ) from error


def _member(archive: zipfile.ZipFile, name: str, label: str) -> bytes:
    try:
        return archive.read(name)
    except (
        zipfile.BadZipFile,
        EOFError,
        OSError,
        NotImplementedError,
        RuntimeError,
        zlib.error,
    ) as error:
        raise DataError(
            f"reading {label}: damaged within its zip ({error})", hint="download the tile again"
        ) from error


def _member_text(archive: zipfile.ZipFile, name: str, label: str) -> str:
    return _member(archive, name, label).decode("latin-1")


def _outside(stem: str, box: Bounds | None, skipped: list[Bounds] | None, seen: set[str]) -> bool:
    square = named_square(stem)
    if box is None or square is None:
        return False
    left, bottom = tile_origin(square)
    bounds = (left, bottom, left + TILE_M, bottom + TILE_M)
    meets = left < box[2] and bounds[2] > box[0] and bottom < box[3] and bounds[3] > box[1]
    if not meets and skipped is not None and square not in seen:
        seen.add(square)
        skipped.append(bounds)
    return not meets


def _prj_text(file: Path) -> str | None:
    prj = file.with_suffix(".prj")
    return prj.read_text(encoding="latin-1") if prj.is_file() else None
