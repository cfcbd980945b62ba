"""Parse the text of ESRI ASCII grids, several in one stream where they follow each other."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO

import numpy as np
from numpy.typing import NDArray

from inundate.core.errors import DataError, nearest
from inundate.core.grid import Grid

__all__ = ["AsciiGrid", "parse_asciigrids"]

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
