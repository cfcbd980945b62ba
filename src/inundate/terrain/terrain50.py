"""OS Terrain 50, and any folder or zip of ESRI ASCII tiles.

Ordnance Survey ships 10 km tiles of 200 x 200 cells of 50 m, each an ``.asc`` in a zip, the zips
in folders or in one large zip. Tiles that are all sea do not exist; they become NaN here.
"""

from __future__ import annotations

import io
import json
import re
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

import numpy as np
import xarray as xr

from inundate.core.errors import DataError, GridError
from inundate.core.files import check_input
from inundate.core.grid import Bounds, Grid, attach_grid, normalise_crs, transform_bounds
from inundate.core.names import attributes
from inundate.terrain.asciigrid import AsciiGrid, parse_asciigrids, parse_prj, read_prj
from inundate.terrain.mosaic import Overlap, paste, union_grid
from inundate.terrain.nodata import check_heights, mask_nodata

__all__ = ["NATIONAL_GRID", "holds_ascii_tiles", "read_ascii_tiles", "tile_name", "tile_origin"]

NATIONAL_GRID = "EPSG:27700"
TILE_M = 10_000.0
_CELL_M = 50.0
_TILE_NAME = re.compile(r"^([A-HJ-Za-hj-z]{2}\d{2})(?![0-9A-Za-z])")
_LETTERS = "ABCDEFGHJKLMNOPQRSTUVWXYZ"  # no I


@dataclass(frozen=True)
class _Tile:
    """A tile that is found but not read."""

    label: str
    stem: str
    read: Callable[[], str] = field(repr=False)
    read_prj: Callable[[], str | None] = field(repr=False)


def tile_origin(name: str) -> tuple[float, float]:
    """Give the south-west corner of a 10 km tile of the British National Grid.

    Parameters
    ----------
    name : str
        Two letters and two digits, in any case.

    Returns
    -------
    left, bottom : float, m

    Raises
    ------
    DataError
        If it is not such a name.

    Examples
    --------
    >>> tile_origin("TA02")
    (500000.0, 420000.0)
    """
    if not re.fullmatch(r"[A-HJ-Za-hj-z]{2}\d{2}", name):
        raise DataError(
            f"found {name!r}, expected a National Grid tile such as 'TA02' (two letters, no I, "
            "and two digits)"
        )
    first, second = (_LETTERS.index(letter) for letter in name[:2].upper())
    # 500 km squares count from A in the north-west; the false origin lies in square S.
    east = (first % 5 - 2) * 5 + second % 5
    north = (3 - first // 5) * 5 + 4 - second // 5
    return (east * 10 + int(name[2])) * TILE_M, (north * 10 + int(name[3])) * TILE_M


def tile_name(x: float, y: float) -> str:
    """Name the 10 km tile of the British National Grid that holds a point.

    Raises
    ------
    DataError
        If the point lies off the lettered squares.

    Examples
    --------
    >>> tile_name(500000, 420000)
    'TA02'
    """
    east, north = int(x // TILE_M), int(y // TILE_M)
    column, row = east // 10 + 10, 19 - north // 10
    if not (0 <= column < 25 and 0 <= row < 25):
        raise DataError(f"point ({x:g}, {y:g}) lies off the lettered squares of the National Grid")
    first = (row // 5) * 5 + column // 5
    second = (row % 5) * 5 + column % 5
    return f"{_LETTERS[first]}{_LETTERS[second]}{east % 10}{north % 10}"


def holds_ascii_tiles(path: Path) -> bool:
    """Whether a folder or zip holds an ``.asc`` or a zip that may; nothing is unpacked."""
    path = Path(path)
    if path.is_dir():
        names = [file.name for file in path.rglob("*")]
    else:
        with _open_zip(path, str(path)) as archive:
            names = archive.namelist()
    return any(name.lower().endswith((".asc", ".zip")) for name in names)


def read_ascii_tiles(
    path: Path,
    *,
    crs: str | None = None,
    box: Bounds | None = None,
    box_crs: str | None = None,
    nodata: float | None = None,
    overlap: Overlap = "same",
) -> xr.DataArray:
    """Read and merge the ASCII tiles of a folder or zip.

    Parameters
    ----------
    path : Path
        Folder of ``.asc`` or ``.zip``, or a zip of them.
    crs : str, optional
        CRS of the tiles; by default from their ``.prj``, or EPSG:27700 where the name is that of
        a National Grid tile.
    box : tuple, optional
        Left, bottom, right, top: only tiles that meet it are read.
    box_crs : str, optional
        CRS of the box; by default that of the tiles.
    nodata : float, optional
        Value that means "no data", over what the headers declare.
    overlap : {"same", "first", "mean"}
        See :func:`inundate.terrain.mosaic.merge_terrain`.

    Returns
    -------
    DataArray (y, x), float32, m
        NaN where there is no tile; the attribute ``missing_tiles`` lists (JSON) the National Grid
        tiles within the extent that do not exist.

    Raises
    ------
    MissingFileError, DataError, GridError
        If there is no tile, a tile is damaged or on another lattice, or the box meets none.
    """
    path = check_input(path)
    national = None if box is None else _national_box(box, box_crs, crs)
    read: list[tuple[str, AsciiGrid, Grid]] = []
    skipped: list[Bounds] = []
    for tile in _find(path, national, skipped):
        grids = list(parse_asciigrids(io.StringIO(tile.read()), tile.label))
        if len(grids) != 1:
            raise DataError(f"reading {tile.label}: found {len(grids)} grids, expected one")
        grid = grids[0].grid(crs or _crs_of(tile, path))
        _check_name(tile, grid)
        read.append((tile.label, grids[0], grid))
    if not read:
        raise _nothing(path, box, box_crs, len(skipped))
    extent = _extent(read, skipped)
    if box is not None:
        extent, _ = extent.crop(transform_bounds(box, box_crs or extent.crs, extent.crs))
    merged = np.full(extent.shape, np.nan, dtype=np.float32)
    weight = np.zeros(extent.shape, dtype=np.uint16) if overlap == "mean" else None
    for label, found, grid in read:
        values = mask_nodata(found.values, found.nodata if nodata is None else nodata)
        if not np.isnan(values).all():
            check_heights(values, label)
        paste(merged, extent, values, grid, label, overlap=overlap, weight=weight)
    array = xr.DataArray(
        merged, dims=("y", "x"), name="elevation", attrs=dict(attributes("elevation"))
    )
    array.attrs["source_format"] = "ESRI ASCII tiles"
    if all(_is_terrain50(label, grid) for label, _, grid in read):
        array.attrs["source_format"] = "OS Terrain 50"
        array.attrs["vertical_datum"] = "Ordnance Datum Newlyn"
        present = {*(_corner(b) for b in skipped), *(_corner(g.bounds) for _, _, g in read)}
        array.attrs["missing_tiles"] = json.dumps(_absent(extent, present))
    array.attrs["tiles"] = len(read)
    return attach_grid(array, extent)


def _find(path: Path, box: Bounds | None, skipped: list[Bounds] | None = None) -> Iterator[_Tile]:
    """Find tiles, leaving out those whose name says that they do not meet the box."""
    files = sorted(p for p in path.rglob("*") if p.is_file()) if path.is_dir() else [path]
    seen: set[str] = set()
    for file in files:
        suffix = file.suffix.lower()
        if suffix == ".asc" and not _outside(file.stem, box, skipped, seen):
            yield _Tile(
                str(file),
                file.stem,
                lambda file=file: file.read_text(encoding="latin-1"),  # type: ignore[misc]
                lambda file=file: _prj_text(file),  # type: ignore[misc]
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
) -> Iterator[_Tile]:
    names = {name.lower(): name for name in archive.namelist()}
    for name in sorted(archive.namelist()):
        inner = PurePosixPath(name)
        inside = f"{label}/{name}"
        suffix = inner.suffix.lower()
        if suffix == ".asc" and not _outside(inner.stem, box, skipped, seen):
            prj = names.get(str(inner.with_suffix(".prj")).lower())
            yield _Tile(
                inside,
                inner.stem,
                lambda name=name, inside=inside: _member(archive, name, inside).decode("latin-1"),  # type: ignore[misc]
                lambda prj=prj, inside=inside: (  # type: ignore[misc]
                    None if prj is None else _member(archive, prj, inside).decode("latin-1")
                ),
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


def _outside(stem: str, box: Bounds | None, skipped: list[Bounds] | None, seen: set[str]) -> bool:
    match = _TILE_NAME.match(stem)
    if box is None or match is None:
        return False
    left, bottom = tile_origin(match.group(1))
    bounds = (left, bottom, left + TILE_M, bottom + TILE_M)
    meets = left < box[2] and bounds[2] > box[0] and bottom < box[3] and bounds[3] > box[1]
    if not meets and skipped is not None and match.group(1).upper() not in seen:
        seen.add(match.group(1).upper())
        skipped.append(bounds)
    return not meets


def _national_box(box: Bounds, box_crs: str | None, crs: str | None) -> Bounds | None:
    """Box on the National Grid; None where that is unknown and names must not be used."""
    if crs is not None and normalise_crs(crs) != NATIONAL_GRID:
        return None
    return transform_bounds(box, box_crs or NATIONAL_GRID, NATIONAL_GRID)


def _crs_of(tile: _Tile, path: Path) -> str:
    if (text := tile.read_prj()) is not None:
        return parse_prj(text, f"the .prj of {tile.label}")
    if _TILE_NAME.match(tile.stem):
        return NATIONAL_GRID
    beside = read_prj(path) if path.is_file() else None
    if beside is None:
        raise GridError(
            f"reading {tile.label}: an ASCII grid names no coordinate reference system and there "
            "is no .prj file with it",
            hint="say which it is, such as --crs EPSG:27700 for British National Grid",
        )
    return beside


def _prj_text(file: Path) -> str | None:
    prj = file.with_suffix(".prj")
    return prj.read_text(encoding="latin-1") if prj.is_file() else None


def _is_terrain50(label: str, grid: Grid) -> bool:
    stem = PurePosixPath(label.replace("\\", "/")).stem
    return bool(_TILE_NAME.match(stem)) and grid.dx == _CELL_M and grid.crs == NATIONAL_GRID


def _check_name(tile: _Tile, grid: Grid) -> None:
    match = _TILE_NAME.match(tile.stem)
    if match is None or not _is_terrain50(tile.label, grid):
        return
    expected = tile_origin(match.group(1))
    if (grid.left, grid.bottom) != expected:
        raise DataError(
            f"reading {tile.label}: the header puts the south-west corner at "
            f"({grid.left:g}, {grid.bottom:g}), the tile's name at ({expected[0]:g}, "
            f"{expected[1]:g})",
            hint="the file was renamed or its header edited",
        )


def _extent(read: list[tuple[str, AsciiGrid, Grid]], skipped: list[Bounds]) -> Grid:
    extent = union_grid([grid for _, _, grid in read], [label for label, _, _ in read])
    if extent.crs != NATIONAL_GRID or not skipped:
        return extent
    boxes = [extent.bounds, *skipped]
    left, bottom = min(b[0] for b in boxes), min(b[1] for b in boxes)
    right, top = max(b[2] for b in boxes), max(b[3] for b in boxes)
    width, height = round((right - left) / extent.dx), round((top - bottom) / extent.dy)
    return Grid(extent.crs, left, top, extent.dx, extent.dy, width, height)


def _corner(bounds: Bounds) -> tuple[float, float]:
    return bounds[0], bounds[1]


def _absent(extent: Grid, present: set[tuple[float, float]]) -> list[str]:
    left, bottom, right, top = extent.bounds
    columns = np.arange(left // TILE_M * TILE_M, right, TILE_M)
    rows = np.arange(bottom // TILE_M * TILE_M, top, TILE_M)
    return [
        tile_name(float(x), float(y))
        for y in rows
        for x in columns
        if (float(x), float(y)) not in present
    ]


def _nothing(path: Path, box: Bounds | None, box_crs: str | None, skipped: int) -> DataError:
    if not skipped or box is None:
        return DataError(
            f"reading {path}: found no ASCII grid (.asc), expected at least one",
            hint="unpack the download, or give the folder that holds the tiles",
        )
    shown = ", ".join(f"{value:g}" for value in box)
    return GridError(
        f"reading {path}: none of its {skipped} tiles meets the box ({shown}) "
        f"in {box_crs or NATIONAL_GRID}",
        hint="a box is left, bottom, right, top; --box-crs EPSG:4326 for degrees",
    )
