"""ESRI ASCII grids: read one, a stream of several, and write one.

The header may come in any order and case, with tabs, trailing blanks, ``xllcorner`` or
``xllcenter``, and with or without ``NODATA_value``. Rows run from north to south. Values may be
wrapped at any place; only their number counts.
"""

from __future__ import annotations

import gzip
import io
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import numpy as np
import xarray as xr

from inundate.core.errors import DataError, GridError
from inundate.core.files import atomic_file, check_input, check_output
from inundate.core.grid import attach_grid, grid_of
from inundate.core.names import attributes
from inundate.terrain.asciiparse import AsciiGrid, parse_asciigrids
from inundate.terrain.nodata import check_heights, mask_nodata
from inundate.terrain.prj import agreed_crs, prj_path, read_prj

__all__ = ["read_asciigrid", "read_asciigrids", "to_array", "write_asciigrid"]


def read_asciigrid(
    path: Path, *, crs: str | None = None, variable: str = "elevation", nodata: float | None = None
) -> xr.DataArray:
    """Read a file that holds one ESRI ASCII grid.

    Parameters
    ----------
    path : Path
        ``.asc`` or ``.asc.gz``.
    crs : str, optional
        Coordinate reference system; by default the ``.prj`` file beside the grid.
    variable : str
        Registry name of what the grid holds.
    nodata : float, optional
        Value that means "no data", over the one that the header declares.

    Returns
    -------
    DataArray (y, x), float32
        NaN where there is no data.

    Raises
    ------
    MissingFileError
        If there is no such file.
    DataError
        If the file is not one whole ASCII grid.
    GridError
        If no coordinate reference system is known.
    """
    grids = read_asciigrids(path, crs=crs, variable=variable, nodata=nodata)
    first = next(grids)
    if next(grids, None) is not None:
        raise DataError(
            f"reading {path}: found several grids one behind the other, expected one",
            hint="read them with inundate.terrain.asciigrid.read_asciigrids",
        )
    return first


def read_asciigrids(
    path: Path, *, crs: str | None = None, variable: str = "elevation", nodata: float | None = None
) -> Iterator[xr.DataArray]:
    """Read the grids of a stream one by one; only one is held in memory.

    Parameters, returned arrays and errors are those of :func:`read_asciigrid`.
    """
    path = Path(path)
    with _open_text(path) as lines:
        reference = _reference(path, crs)
        for number, found in enumerate(parse_asciigrids(lines, str(path))):
            name = str(path) if number == 0 else f"{path} (grid {number + 1})"
            yield to_array(found, reference, name=name, variable=variable, nodata=nodata)


def _reference(path: Path, crs: str | None) -> str | None:
    try:
        stated = read_prj(path)
    except GridError:  # a .prj that nobody can read is what the caller's CRS is for
        if crs is None:
            raise
        stated = None
    return agreed_crs(crs, stated, f"reading {path}")


def to_array(
    found: AsciiGrid,
    crs: str | None,
    *,
    name: str,
    variable: str = "elevation",
    nodata: float | None = None,
) -> xr.DataArray:
    """Label a parsed grid: mask NODATA, check the range, attach the grid."""
    if not crs:
        raise GridError(
            f"reading {name}: an ASCII grid names no coordinate reference system and there is "
            "no .prj file beside it",
            hint="say which it is, such as --crs EPSG:27700 for British National Grid "
            "(--terrain-crs beside rain)",
        )
    values = mask_nodata(found.values, found.nodata if nodata is None else nodata)
    if variable == "elevation":
        check_heights(values, name)
    array = xr.DataArray(
        values.astype(np.float32), dims=("y", "x"), name=variable, attrs=dict(attributes(variable))
    )
    array.attrs["source_format"] = "ESRI ASCII grid"
    return attach_grid(array, found.grid(crs))


def write_asciigrid(
    data: xr.DataArray,
    path: Path,
    *,
    nodata: float = -9999.0,
    decimals: int = 3,
    overwrite: bool = False,
) -> Path:
    """Write a raster as an ESRI ASCII grid, with a ``.prj`` file beside it.

    Parameters
    ----------
    data : DataArray (y, x)
        With a grid of square cells; NaN is written as ``nodata``.
    path : Path
        ``.asc``, or ``.asc.gz`` to compress.
    nodata : float
        Must not occur among the values.
    decimals : int
        Digits behind the point.
    overwrite : bool
        Replace a file that is there.

    Returns
    -------
    Path

    Raises
    ------
    DataError
        If the array is not (y, x) or holds the NODATA value.
    GridError
        If the cells are not square.
    RunError
        If the file exists and ``overwrite`` is false.
    """
    grid = grid_of(data, where=f"writing {path}")
    if data.dims != ("y", "x"):
        raise DataError(f"writing {path}: found dimensions {data.dims}, expected ('y', 'x')")
    if not grid.is_square:
        raise GridError(
            f"writing {path}: cells are {grid.dx:g} x {grid.dy:g}, "
            "an ASCII grid has square cells only",
            hint="write a GeoTIFF instead: give the output the suffix .tif",
        )
    values = np.asarray(data.values, dtype=np.float64)
    if bool(np.any(np.round(values, decimals) == nodata)):
        raise DataError(
            f"writing {path}: the value {nodata:g} occurs in the data, it cannot mean NODATA",
            hint="choose another with nodata=",
        )
    path = Path(path)
    check_output(path, overwrite=overwrite)
    text = io.StringIO()
    text.write(
        f"ncols {grid.width}\nnrows {grid.height}\nxllcorner {grid.left:.10g}\n"
        f"yllcorner {grid.bottom:.10g}\ncellsize {grid.dx:.15g}\nNODATA_value {nodata:g}\n"
    )
    np.savetxt(text, np.where(np.isnan(values), nodata, values), fmt=f"%.{decimals}f")
    content = text.getvalue().encode("ascii")
    with atomic_file(path) as temporary:
        packed = gzip.compress(content, mtime=0) if path.suffix == ".gz" else content
        temporary.write_bytes(packed)
    with atomic_file(prj_path(path)) as temporary:
        temporary.write_text(grid.wkt, encoding="utf-8")
    return path


@contextmanager
def _open_text(path: Path) -> Iterator[IO[str]]:
    check_input(path)
    with path.open("rb") as raw:
        packed = raw.read(2) == b"\x1f\x8b"
    if not packed:
        with path.open("rt", encoding="latin-1") as lines:
            yield lines
        return
    with gzip.open(path, "rt", encoding="latin-1") as unpacked:
        try:
            yield unpacked
        except (EOFError, gzip.BadGzipFile, zlib.error) as error:
            raise DataError(
                f"reading {path}: the gzip stream is damaged ({error})",
                hint="the file was cut off while it was written or copied",
            ) from error
