"""One field of a Met Office NIMROD file: its 512-byte header, its values and its grid.

A NIMROD file is a run of fields, big-endian throughout. Each field is a 512-byte header and a
record of ``rows x columns`` values, both framed by 4-byte lengths as Fortran writes them.

The origin in the header is the CENTRE of the first cell of the first row, "first point of first
row of data", as scitools-iris also takes it; the corner block is not used, since real files leave
it missing.

Source
------
Met Office (2003), Met Office Rain Radar Data from the NIMROD System, NCAS British Atmospheric
Data Centre, header elements 1 to 159.
"""

from __future__ import annotations

import re
import struct
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from inundate.core.errors import GridError
from inundate.core.grid import Grid, normalise_crs
from inundate.rain.reader import time_ns
from inundate.rain.source import UnreadableError

__all__ = ["HEADER_BYTES", "LAYOUT", "MISSING", "NimrodField", "value_dtype"]

HEADER_BYTES = 512
MISSING = -32767  # what a header element holds where it says nothing
_PERIOD_IN_SECONDS = 32767  # the period stands in element 159, in seconds

# fmt: off
_GENERAL_INTS = (
    "valid_year", "valid_month", "valid_day", "valid_hour", "valid_minute", "valid_second",
    "data_year", "data_month", "data_day", "data_hour", "data_minute", "data_type", "value_bytes",
    "experiment", "grid_type", "rows", "columns", "release", "field_code", "vertical_type",
    "reference_type", "specific_floats", "specific_ints", "origin_corner", "missing_int",
    "period_min", "levels", "projection", "member", "origin_model", "averaging",
)
_GENERAL_FLOATS = (
    "vertical", "reference", "origin_northing", "row_interval", "origin_easting",
    "column_interval", "missing_real", "mks_scale", "mks_offset", "x_offset", "y_offset",
    "true_latitude", "true_longitude", "true_easting", "true_northing", "meridian_scale",
    "threshold", "threshold_2",
)
_SPECIFIC_FLOATS = (
    "top_left_northing", "top_left_easting", "top_right_northing", "top_right_easting",
    "bottom_right_northing", "bottom_right_easting", "bottom_left_northing",
    "bottom_left_easting",
)
# fmt: on

# name -> (byte in the header, struct code); element numbers of the source in the comments
LAYOUT: dict[str, tuple[int, str]] = {
    **{name: (2 * i, ">h") for i, name in enumerate(_GENERAL_INTS)},  # 1-31
    **{name: (62 + 4 * i, ">f") for i, name in enumerate(_GENERAL_FLOATS)},  # 32-59
    **{name: (174 + 4 * i, ">f") for i, name in enumerate(_SPECIFIC_FLOATS)},  # 60-104
    "threshold_type": (410, ">h"),  # 108 in products; the radar number in single-site images
    "period_s": (510, ">h"),  # 158
}
_TEXT = {"unit_text": (354, 362), "source": (362, 386), "title": (386, 410)}  # 105-107

_ELLIPSOIDS = {0: "airy", 1: "intl", 2: "GRS80"}
_GEOGRAPHIC = {0: "EPSG:4277", 1: "EPSG:4230", 2: "EPSG:4258"}
# latitude, longitude, easting, northing of the true origin, scale on the central meridian
_NATIONAL_GRID = (49.0, -2.0, 400_000.0, -100_000.0, 0.9996012717)
_GUGIK_1992 = (0.0, 19.0, 500_000.0, -5_300_000.0, 0.9993)


def value_dtype(data_type: int, value_bytes: int, missing_int: int = MISSING) -> np.dtype[Any]:
    """Give how the values of a field are stored.

    Raises
    ------
    ValueError
        If the format knows no such type.
    """
    if data_type == 0 and value_bytes in (4, 8):
        return np.dtype(f">f{value_bytes}")
    if data_type == 1 and value_bytes in (2, 4):
        return np.dtype(f">i{value_bytes}")
    if data_type in (1, 2) and value_bytes == 1:
        return np.dtype("u1" if missing_int > 127 else "i1")  # 255 as missing needs unsigned
    raise ValueError(
        f"data type {data_type} with {value_bytes} bytes a value, expected 0 (real, 4 bytes), "
        "1 (integer, 1, 2 or 4) or 2 (byte, 1)"
    )


@dataclass(frozen=True)
class NimrodField:
    """A field of a NIMROD file.

    Attributes
    ----------
    header : bytes
        The 512 header bytes as in the file.
    raw : array (rows, columns)
        Values as in the file: its order, its type, its missing value.
    where : str
        File and number of the field, for messages.
    """

    header: bytes = field(repr=False)
    raw: NDArray[Any] = field(repr=False)
    where: str = "NIMROD field"

    def element(self, name: str) -> float:
        """Read one header element by its name in ``LAYOUT``."""
        at, code = LAYOUT[name]
        return float(struct.unpack_from(code, self.header, at)[0])

    def whole(self, name: str) -> int:
        """Read one integer header element."""
        return int(self.element(name))

    def given(self, name: str) -> float | None:
        """Read one header element, None where the header says nothing."""
        found = self.element(name)
        nothing = not np.isfinite(found) or found == MISSING
        return None if nothing else found

    def text(self, name: str) -> str:
        """Read ``unit_text``, ``source`` or ``title``."""
        start, stop = _TEXT[name]
        return self.header[start:stop].decode("latin-1").replace("\0", " ").strip()

    @property
    def title(self) -> str:
        """Title of the field."""
        return self.text("title")

    @property
    def code(self) -> int:
        """Field code: 63 and 213 rain rate, 61 and 214 accumulation, 155 visibility …."""
        return self.whole("field_code")

    @property
    def name(self) -> str:
        """Title in lower case and underscores, with the period: ``precip_accumulation_15min``."""
        slug = re.sub(r"[^a-z0-9]+", "_", self.title.lower()).strip("_") or f"code_{self.code}"
        period = self.period_s
        return f"{slug}_{period / 60:g}min" if period else slug

    @property
    def valid_time(self) -> np.datetime64:
        """Validity time, UTC: for an accumulation the end of its period.

        Raises
        ------
        UnreadableError
            If the header holds no time.
        """
        names = ("year", "month", "day", "hour", "minute", "second")
        parts = [self.whole(f"valid_{name}") for name in names]
        if parts[5] == MISSING:
            parts[5] = 0
        try:
            return time_ns(*parts)
        except (ValueError, OverflowError) as error:
            raise UnreadableError(
                f"reading {self.where}: the validity time is {parts} ({error})"
            ) from error

    @property
    def period_s(self) -> int | None:
        """Length of the period in seconds, None for a field of one moment."""
        minutes = self.whole("period_min")
        seconds = self.whole("period_s") if minutes == _PERIOD_IN_SECONDS else 60 * minutes
        return seconds if seconds > 0 else None

    @property
    def unit(self) -> tuple[str, float, float]:
        """Base unit, scale and shift of the units text: value = raw x scale + shift."""
        text = self.text("unit_text")
        if text == "m/2-25k":  # visibility: half metres, less 25 000
            return "m", 2.0, 50_000.0
        match = re.fullmatch(r"(.*?)\s*\*\s*(\d+)(?:\^(-?\d+))?", text)
        if not match:
            return text, 1.0, 0.0
        divisor = float(match[2]) ** float(match[3] or 1)
        return (match[1], 1.0 / divisor, 0.0) if 0 < divisor < 1e30 else (text, 1.0, 0.0)

    @property
    def missing(self) -> NDArray[np.bool_]:
        """Where the field holds no value, row 0 in the north, (H, W)."""
        raw = self.north_up()
        if raw.dtype.kind == "f":
            marker = np.float32(self.element("missing_real"))
            return np.asarray(~np.isfinite(raw) | np.isclose(raw, marker, rtol=1e-6, atol=0))
        return np.asarray(raw == self.whole("missing_int"))

    @property
    def values(self) -> NDArray[np.float64]:
        """Values in the base unit of the units text, row 0 in the north, NaN missing, (H, W)."""
        _, scale, shift = self.unit
        found = np.where(self.missing, 0, self.north_up()).astype(np.float64) * scale + shift
        return np.where(self.missing, np.nan, found)

    def north_up(self) -> NDArray[Any]:
        """Give the stored values with row 0 in the north and column 0 in the west."""
        corner = self.whole("origin_corner")
        if corner not in (0, 1, 2, 3):  # top left, bottom left, top right, bottom right
            raise UnreadableError(
                f"reading {self.where}: origin corner {corner}, expected 0, 1, 2 or 3"
            )
        rows = slice(None, None, -1 if corner in (1, 3) else 1)
        columns = slice(None, None, -1 if corner in (2, 3) else 1)
        return self.raw[rows, columns]

    def grid(self, crs: str | None = None) -> Grid:
        """Give where the cells lie.

        Parameters
        ----------
        crs : str, optional
            CRS for a header that does not say.

        Raises
        ------
        GridError
            If the header gives no usable CRS.
        UnreadableError
            If it gives no usable origin or cell size.
        """
        height, width = self.raw.shape
        known = self._crs(crs)
        north, dy = self._place("origin_northing"), abs(self._place("row_interval"))
        east, dx = self._place("origin_easting"), abs(self._place("column_interval"))
        corner = self.whole("origin_corner")
        top = north + dy / 2 if corner in (0, 2) else north + (height - 0.5) * dy
        left = east - dx / 2 if corner in (0, 1) else east - (width - 0.5) * dx
        try:
            return Grid(known, left, top, dx, dy, width, height)
        except GridError as error:
            raise UnreadableError(f"reading {self.where}: {error}") from error

    def _place(self, name: str) -> float:
        """Undo the rounding of a 32-bit header value, such as -238000.015625."""
        found = self.given(name)
        if found is None or abs(found) > 1e9:
            raise UnreadableError(
                f"reading {self.where}: the header gives no {name.replace('_', ' ')}"
            )
        tidy = float(np.format_float_positional(np.float32(found)))
        near = abs(tidy - round(tidy)) <= 2 * float(np.spacing(np.float32(abs(tidy))))
        return float(round(tidy)) if near else tidy

    def _crs(self, crs: str | None) -> str:
        kind = self.whole("grid_type")
        shape = self.whole("projection")
        if shape not in _ELLIPSOIDS:
            shape = 0 if kind == 0 else 1  # the national grid is Airy, the other grids are not
        if kind == 1:
            return _GEOGRAPHIC[shape]
        if kind in (0, 4):
            found = self._transverse_mercator(shape)
            if found:
                return found
        if crs is None:
            raise GridError(
                f"reading {self.where}: grid type {kind}, projection {shape} and true origin "
                "do not make a coordinate reference system",
                hint="say which it is, such as --crs EPSG:27700 for British National Grid "
                "(--rain-crs beside a terrain)",
            )
        return normalise_crs(crs)

    def _transverse_mercator(self, shape: int) -> str | None:
        standard = {0: _NATIONAL_GRID, 2: _GUGIK_1992}.get(shape)
        names = ("true_latitude", "true_longitude", "true_easting", "true_northing")
        stated = [self.given(name) for name in (*names, "meridian_scale")]
        if standard:
            stated = [s if s is not None else d for s, d in zip(stated, standard, strict=True)]
        if any(value is None for value in stated):
            return None  # "modified UTM-32": modified how, only the header can say
        lat, lon, east, north, scale = (float(value or 0.0) for value in stated)
        if shape == 0 and (east, north) == (400.0, -100.0):
            east, north = 400_000.0, -100_000.0  # old files give kilometres
        found = (lat, lon, east, north, scale)
        if standard and np.allclose(found, standard, rtol=1e-6, atol=1e-6):
            return "EPSG:27700" if shape == 0 else "EPSG:2180"
        return (
            f"+proj=tmerc +lat_0={lat:.9g} +lon_0={lon:.9g} +k={scale:.9g} +x_0={east:.9g} "
            f"+y_0={north:.9g} +ellps={_ELLIPSOIDS[shape]} +units=m"
        )
