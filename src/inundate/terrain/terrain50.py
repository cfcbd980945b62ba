"""OS Terrain 50, and any folder or zip of ESRI ASCII tiles.

Ordnance Survey ships 10 km tiles of 200 x 200 cells of 50 m, each an ``.asc`` in a zip, the zips
in folders or in one large zip. Tiles that are all sea do not exist; they become NaN here.
"""

from __future__ import annotations

import io
import json
from pathlib import Path, PurePosixPath

import numpy as np
import xarray as xr

from inundate.core.errors import DataError, GridError
from inundate.core.files import check_input
from inundate.core.grid import Bounds, Grid, attach_grid, normalise_crs, transform_bounds
from inundate.core.names import attributes
from inundate.terrain.asciiparse import AsciiGrid, parse_asciigrids
from inundate.terrain.mosaic import Overlap, paste, union_grid
from inundate.terrain.national import (
    NATIONAL_GRID,
    TILE_M,
    named_square,
    tile_name,
    tile_origin,
)
from inundate.terrain.nodata import check_heights, mask_nodata
from inundate.terrain.prj import parse_prj, read_prj
from inundate.terrain.tiles import AsciiTile, find_tiles

__all__ = ["read_ascii_tiles"]

_CELL_M = 50.0


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
    read, skipped = _read_tiles(path, crs, national)
    if skipped and not all(_named_by_place(label, grid) for label, _, grid in read):
        # the names look like National Grid tiles and are something else: read every tile
        read, skipped = _read_tiles(path, crs, None)
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


def _read_tiles(
    path: Path, crs: str | None, national: Bounds | None
) -> tuple[list[tuple[str, AsciiGrid, Grid]], list[Bounds]]:
    """Read the tiles that may meet a box; give the bounds of those left out by their name."""
    read: list[tuple[str, AsciiGrid, Grid]] = []
    skipped: list[Bounds] = []
    for tile in find_tiles(path, national, skipped):
        grids = list(parse_asciigrids(io.StringIO(tile.read()), tile.label))
        if len(grids) != 1:
            raise DataError(f"reading {tile.label}: found {len(grids)} grids, expected one")
        grid = grids[0].grid(crs or _crs_of(tile, path))
        _check_name(tile, grid)
        read.append((tile.label, grids[0], grid))
    return read, skipped


def _named_by_place(label: str, grid: Grid) -> bool:
    """Whether a tile's name is a square of the National Grid, and the one that it lies in."""
    square = named_square(_stem(label))
    if square is None or grid.crs != NATIONAL_GRID:
        return False
    left, bottom = tile_origin(square)
    inside = left <= grid.left + grid.dx / 2 <= left + TILE_M
    return inside and bottom <= grid.bottom + grid.dy / 2 <= bottom + TILE_M


def _stem(label: str) -> str:
    return PurePosixPath(label.replace("\\", "/")).stem


def _national_box(box: Bounds, box_crs: str | None, crs: str | None) -> Bounds | None:
    """Box on the National Grid; None where that is unknown and names must not be used."""
    if crs is not None and normalise_crs(crs) != NATIONAL_GRID:
        return None
    return transform_bounds(box, box_crs or NATIONAL_GRID, NATIONAL_GRID)


def _crs_of(tile: AsciiTile, path: Path) -> str:
    if (text := tile.read_prj()) is not None:
        return parse_prj(text, f"the .prj of {tile.label}")
    if named_square(tile.stem):
        return NATIONAL_GRID
    beside = read_prj(path) if path.is_file() else None
    if beside is None:
        raise GridError(
            f"reading {tile.label}: an ASCII grid names no coordinate reference system and there "
            "is no .prj file with it",
            hint="say which it is, such as --crs EPSG:27700 for British National Grid "
            "(--terrain-crs beside rain)",
        )
    return beside


def _is_terrain50(label: str, grid: Grid) -> bool:
    named = named_square(_stem(label)) is not None
    return named and grid.dx == _CELL_M and grid.crs == NATIONAL_GRID


def _check_name(tile: AsciiTile, grid: Grid) -> None:
    square = named_square(tile.stem)
    if square is None or not _is_terrain50(tile.label, grid):
        return
    expected = tile_origin(square)
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
