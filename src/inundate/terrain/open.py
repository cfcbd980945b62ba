"""Open a heightmap of any known format, known by its content, not by its name."""

from __future__ import annotations

import gzip
import zlib
from pathlib import Path

import xarray as xr

from inundate.core.errors import DataError
from inundate.core.files import check_input
from inundate.core.grid import Bounds
from inundate.core.names import VARIABLES, attributes, check_variable
from inundate.terrain.asciigrid import read_asciigrid
from inundate.terrain.mosaic import crop_terrain
from inundate.terrain.stored import read_stored

__all__ = ["FORMATS", "open_raster", "open_terrain", "recognise"]

FORMATS = {
    "geotiff": "GeoTIFF or BigTIFF",
    "asciigrid": "ESRI ASCII grid, plain or gzipped",
    "tiles": "folder or zip of ASCII tiles, such as OS Terrain 50",
    "zarr": "Zarr store with a variable `elevation`",
    "netcdf": "NetCDF-4 file with a variable `elevation`",
}
"""Formats that :func:`open_terrain` reads."""

_TIFF = (b"II*\x00", b"MM\x00*", b"II+\x00", b"MM\x00+")
_HEADER_STARTS = ("ncols", "nrows", "xll", "yll", "cellsize", "nodata", "dx", "dy")


def open_terrain(
    path: Path | str,
    *,
    crs: str | None = None,
    box: Bounds | None = None,
    box_crs: str | None = None,
    nodata: float | None = None,
) -> xr.DataArray:
    """Open a heightmap.

    Parameters
    ----------
    path : Path
        File or folder of one of :data:`FORMATS`.
    crs : str, optional
        Coordinate reference system of a file that names none.
    box : tuple, optional
        Left, bottom, right, top: keep the cells whose centre is inside.
    box_crs : str, optional
        CRS of the box; by default that of the heightmap.
    nodata : float, optional
        Value that means "no data", over what the file declares.

    Returns
    -------
    DataArray (y, x), float32, m
        ``elevation`` with its grid: row 0 in the north, NaN where there is no data. The attribute
        ``source_format`` tells what was read. A heightmap in degrees stays in degrees; see
        :func:`inundate.terrain.metric.to_metric`.

    Raises
    ------
    MissingFileError
        If nothing is there.
    DataError
        If the format is not known, the file is damaged, or a value cannot be a height: a NODATA
        value that the file does not declare is never used as one.
    GridError
        If no coordinate reference system is known, or the box holds no cell.
    MissingExtraError
        If it is a GeoTIFF and the extra ``geo`` is not installed.
    """
    path = check_input(path)
    kind = recognise(path)
    if kind == "geotiff":
        from inundate.terrain.geotiff import read_geotiff

        return read_geotiff(path, crs=crs, box=box, box_crs=box_crs, nodata=nodata)
    if kind == "tiles":
        from inundate.terrain.terrain50 import read_ascii_tiles

        return read_ascii_tiles(path, crs=crs, box=box, box_crs=box_crs, nodata=nodata)
    if kind == "asciigrid":
        found = read_asciigrid(path, crs=crs, nodata=nodata)
    else:
        found = read_stored(path, "elevation", crs, nodata)
    return found if box is None else crop_terrain(found, box, box_crs=box_crs)


def open_raster(
    path: Path | str, variable: str, *, crs: str | None = None, nodata: float | None = None
) -> xr.DataArray:
    """Open a raster that is not a heightmap, such as roughness or water at the start.

    Parameters
    ----------
    path : Path
        GeoTIFF (first band) or ESRI ASCII grid of the values, or Zarr or NetCDF with the variable.
    variable : str
        Registered name of what the raster holds, such as ``"roughness"``.
    crs : str, optional
        Coordinate reference system of a file that names none.
    nodata : float, optional
        Value that means "no data", over what the file declares.

    Returns
    -------
    DataArray (y, x), float32
        In the registry's unit, with its grid: row 0 in the north, NaN where there is no data.

    Raises
    ------
    MissingFileError
        If nothing is there.
    DataError
        If the format is not known, the file is damaged, or a value is out of the registry's range.
    GridError
        If no coordinate reference system is known.
    MissingExtraError
        If it is a GeoTIFF and the extra ``geo`` is not installed.
    """
    path = check_input(path, what=f"opening {variable}")
    attributes(variable)  # unknown names fail here
    kind = recognise(path)
    if kind == "geotiff":
        from inundate.terrain.geotiff import read_geotiff

        found = read_geotiff(path, crs=crs, variable=variable, nodata=nodata)
    elif kind == "asciigrid":
        found = read_asciigrid(path, crs=crs, variable=variable, nodata=nodata)
    elif kind == "tiles":
        raise DataError(f"opening {variable} from {path}: found tiles, expected one raster")
    else:
        found = read_stored(path, variable, crs, nodata)
    dims = VARIABLES[variable].dims
    full = found.expand_dims([name for name in dims if name not in found.dims]).transpose(*dims)
    check_variable(full, variable, where=f"opening {path}")
    return found


def recognise(path: Path) -> str:
    """Tell the format of a heightmap from its content: a key of :data:`FORMATS`.

    Raises
    ------
    DataError
        If it is none of them; the message lists them.
    """
    if path.is_dir():
        return _recognise_folder(path)
    with path.open("rb") as stream:
        start = stream.read(512)
    if start[:2] == b"\x1f\x8b":
        start = _unpacked_start(path)
        if not _is_ascii_header(start):
            raise _unknown(path, "a gzip file that holds no ASCII grid")
    if start[:4] in _TIFF:
        return "geotiff"
    if start[:4] == b"\x89HDF":
        return "netcdf"
    if start[:4] == b"PK\x03\x04":
        from inundate.terrain.tiles import holds_ascii_tiles

        if holds_ascii_tiles(path):
            return "tiles"
        raise _unknown(path, "a zip file without any .asc")
    if _is_ascii_header(start):
        return "asciigrid"
    if not start:
        raise _unknown(path, "an empty file")
    raise _unknown(path, f"a file that starts with {start[:24]!r}")


def _recognise_folder(path: Path) -> str:
    if (path / "zarr.json").is_file() or (path / ".zgroup").is_file():
        return "zarr"
    from inundate.terrain.tiles import holds_ascii_tiles

    if holds_ascii_tiles(path):
        return "tiles"
    tiffs = [p for p in path.iterdir() if p.suffix.lower() in (".tif", ".tiff")]
    if tiffs:
        raise DataError(
            f"opening {path}: a folder of {len(tiffs)} GeoTIFFs, expected one heightmap",
            hint=f"inundate terrain merge {path}/*{tiffs[0].suffix} -o merged.tif",
        )
    raise _unknown(path, "a folder without heightmaps")


def _unpacked_start(path: Path) -> bytes:
    try:
        with gzip.open(path, "rb") as stream:
            return stream.read(512)
    except (OSError, EOFError, zlib.error) as error:
        raise DataError(f"opening {path}: the gzip stream is damaged ({error})") from error


def _is_ascii_header(start: bytes) -> bool:
    text = start.lstrip(b"\xef\xbb\xbf \t\r\n").lower().decode("latin-1")
    return text.startswith(_HEADER_STARTS)


def _unknown(path: Path, found: str) -> DataError:
    listed = "; ".join(FORMATS.values())
    return DataError(f"opening {path}: found {found}, expected a heightmap: {listed}")
