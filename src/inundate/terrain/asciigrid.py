"""ESRI ASCII grids: read one, a stream of several, and write one.

The header may come in any order and case, with tabs, trailing blanks, ``xllcorner`` or
``xllcenter``, and with or without ``NODATA_value``. Rows run from north to south. Values may be
wrapped at any place; only their number counts.
"""

from __future__ import annotations

import gzip
import io
import re
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from inundate.core.errors import DataError, GridError, nearest
from inundate.core.files import atomic_file, check_input, check_output
from inundate.core.grid import Grid, attach_grid, grid_of, normalise_crs
from inundate.core.names import attributes
from inundate.terrain.nodata import check_heights, mask_nodata

__all__ = ["AsciiGrid", "parse_asciigrids", "read_asciigrid", "read_asciigrids", "write_asciigrid"]

_KEYS = (
    "ncols",
    "nrows",
    "xllcorner",
    "yllcorner",
    "xllcenter",
    "yllcenter",
    "cellsize",
    "dx",
    "dy",
    "nodata_value",
)
_ALIASES = {"nodata": "nodata_value", "xllcentre": "xllcenter", "yllcentre": "yllcenter"}
_NOT_HEADER = {"nan", "inf", "infinity"}
_OLD_UTM_DATUMS = {"WGS84": (32600, 32700), "NAD83": (26900, None)}


@dataclass(frozen=True)
class AsciiGrid:
    """One grid as it stands in a file.

    Attributes
    ----------
    values : array (H, W), float64
        Row 0 in the north; NODATA not yet masked.
    left, bottom, dx, dy : float
        Outer south-west corner and cell size.
    nodata : float or None
        As declared; None where the header has no such line.
    """

    values: NDArray[np.float64]
    left: float
    bottom: float
    dx: float
    dy: float
    nodata: float | None

    def grid(self, crs: str) -> Grid:
        """Give the grid in a coordinate reference system."""
        height, width = self.values.shape
        top = self.bottom + height * self.dy
        return Grid(crs, self.left, top, self.dx, self.dy, width, height)


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
        reference = crs or read_prj(path)
        for number, found in enumerate(parse_asciigrids(lines, str(path))):
            name = str(path) if number == 0 else f"{path} (grid {number + 1})"
            yield to_array(found, reference, name=name, variable=variable, nodata=nodata)


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
            hint="say which it is, such as --crs EPSG:27700 for British National Grid",
        )
    values = mask_nodata(found.values, found.nodata if nodata is None else nodata)
    if variable == "elevation":
        check_heights(values, name)
    array = xr.DataArray(
        values.astype(np.float32), dims=("y", "x"), name=variable, attrs=dict(attributes(variable))
    )
    array.attrs["source_format"] = "ESRI ASCII grid"
    return attach_grid(array, found.grid(crs))


def parse_asciigrids(lines: IO[str], name: str) -> Iterator[AsciiGrid]:
    """Split a text stream into grids wherever a header starts behind values.

    Parameters
    ----------
    lines : text stream
        Open file.
    name : str
        What to call it in messages.

    Raises
    ------
    DataError
        If a header line is unknown, missing or repeated, a value is not a number, or the number
        of values is not ncols x nrows.
    """
    header: dict[str, float] = {}
    parts: list[NDArray[np.float64]] = []
    grids = 0
    for number, line in enumerate(lines, start=1):
        tokens = line.split()
        if not tokens:
            continue
        if tokens[0][0].isalpha() and tokens[0].lower() not in _NOT_HEADER:
            if parts:
                yield _assemble(header, parts, name)
                grids += 1
                header, parts = {}, []
            _read_header_line(header, tokens, f"{name}, line {number}")
        else:
            parts.append(_read_values(tokens, f"{name}, line {number}"))
    if header or parts or not grids:
        yield _assemble(header, parts, name)


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
    with atomic_file(_prj_path(path)) as temporary:
        temporary.write_text(grid.wkt, encoding="utf-8")
    return path


def read_prj(path: Path) -> str | None:
    """Read the ``.prj`` file beside a grid; None where there is none."""
    beside = [_prj_path(path), _prj_path(path).with_suffix(".PRJ")]
    for prj in beside:
        if prj.is_file():
            return parse_prj(prj.read_text(encoding="utf-8", errors="replace"), str(prj))
    return None


def parse_prj(text: str, name: str) -> str:
    """Give the CRS that the text of a ``.prj`` file names.

    Both WKT and the older ``Projection UTM / Zone 56 / …`` lines are known.

    Raises
    ------
    GridError
        If the text is neither.
    """
    old = {k.lower(): v for k, v in re.findall(r"(?m)^\s*([A-Za-z]+)[ \t]+(\S+)\s*$", text)}
    if old.get("projection", "").upper() == "UTM" and "zone" in old:
        north, south = _OLD_UTM_DATUMS.get(old.get("datum", "").upper(), (None, None))
        base = south if float(old.get("yshift", 0)) > 0 else north
        if base is not None:
            return f"EPSG:{base + int(old['zone'])}"
    try:
        return normalise_crs(_known_wkt(text))
    except GridError as error:
        raise GridError(
            f"reading {name}: {text.strip()[:60]!r} is not a coordinate reference system "
            "that we know",
            hint="say which it is with --crs EPSG:…",
        ) from error


def _known_wkt(text: str) -> str:
    """Replace the British National Grid in ESRI's spelling by its code."""
    if re.search(r'PROJCS\["British_National_Grid"', text):
        # ESRI's WKT has no authority code and no datum shift; the grid is the same.
        return "EPSG:27700"
    return text


def _prj_path(path: Path) -> Path:
    plain = path.with_suffix("") if path.suffix == ".gz" else path
    return plain.with_suffix(".prj")


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


def _read_header_line(header: dict[str, float], tokens: list[str], place: str) -> None:
    key = _ALIASES.get(tokens[0].lower(), tokens[0].lower())
    if key not in _KEYS:
        close = nearest(key, _KEYS)
        raise DataError(
            f"reading {place}: found {tokens[0][:40]!r}, expected a header key "
            f"({', '.join(_KEYS)}) or numbers",
            hint=f"did you mean {close!r}?" if close else None,
        )
    if key in header:
        raise DataError(f"reading {place}: header key {key!r} occurs twice before any value")
    if len(tokens) != 2:
        raise DataError(
            f"reading {place}: found {len(tokens) - 1} values for {key!r}, expected one"
        )
    header[key] = float(_read_values(tokens[1:], place)[0])


def _read_values(tokens: list[str], place: str) -> NDArray[np.float64]:
    try:
        return np.array(tokens, dtype=np.float64)
    except ValueError:
        bad = next(token for token in tokens if not _is_number(token))
    comma = re.fullmatch(r"[-+]?\d+,\d+", bad) is not None
    raise DataError(
        f"reading {place}: found {bad[:40]!r}, expected a number",
        hint="write the numbers with a decimal point, not a comma" if comma else None,
    )


def _is_number(token: str) -> bool:
    try:
        float(token)
    except ValueError:
        return False
    return True


def _assemble(header: dict[str, float], parts: list[NDArray[np.float64]], name: str) -> AsciiGrid:
    dx = header.get("dx", header.get("cellsize"))
    dy = header.get("dy", header.get("cellsize"))
    absent = [key for key in ("ncols", "nrows") if key not in header]
    absent += [
        f"{axis}llcorner" for axis in "xy" if not {f"{axis}llcorner", f"{axis}llcenter"} & {*header}
    ]
    absent += ["cellsize"] if dx is None or dy is None else []
    if absent or dx is None or dy is None:
        raise DataError(
            f"reading {name}: the header of an ASCII grid lacks {', '.join(absent)}",
            hint="an ESRI ASCII grid starts with ncols, nrows, xllcorner, yllcorner, cellsize",
        )
    width, height = _whole(header, "ncols", name), _whole(header, "nrows", name)
    if dx <= 0 or dy <= 0:
        raise DataError(f"reading {name}: cellsize is {dx:g} x {dy:g}, expected above 0")
    values = np.concatenate(parts) if parts else np.empty(0)
    if values.size != width * height:
        raise DataError(
            f"reading {name}: found {values.size} values, expected {width * height} "
            f"({height} rows x {width} columns)",
            hint="the file was cut off while it was written or copied"
            if values.size < width * height
            else "the header does not belong to these values",
        )
    left = header["xllcorner"] if "xllcorner" in header else header["xllcenter"] - dx / 2
    bottom = header["yllcorner"] if "yllcorner" in header else header["yllcenter"] - dy / 2
    return AsciiGrid(
        values.reshape(height, width), left, bottom, dx, dy, header.get("nodata_value")
    )


def _whole(header: dict[str, float], key: str, name: str) -> int:
    value = header[key]
    if not value.is_integer() or value < 1:
        raise DataError(f"reading {name}: {key} is {value:g}, expected a whole number above 0")
    return int(value)
