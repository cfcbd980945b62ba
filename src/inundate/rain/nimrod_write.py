"""Making and writing NIMROD files, for tests and for people whose tools read nothing else."""

from __future__ import annotations

import gzip
import struct
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from inundate.core.errors import DataError, GridError
from inundate.core.files import atomic_file, check_output
from inundate.core.grid import Grid
from inundate.rain.nimrod_field import HEADER_BYTES, LAYOUT, MISSING, NimrodField, value_dtype

__all__ = ["make_nimrod_field", "write_nimrod"]

_FRAME = struct.Struct(">I")
_NATIONAL_GRID = {
    "true_latitude": 49.0,
    "true_longitude": -2.0,
    "true_easting": 400_000.0,
    "true_northing": -100_000.0,
    "meridian_scale": 0.9996012717,
}


def make_nimrod_field(
    values: NDArray[Any],
    grid: Grid,
    time: np.datetime64,
    *,
    units: str = "mm/hr*32",
    code: int = 213,
    period_min: int = 0,
    corner: int = 0,
    data_type: int = 1,
    value_bytes: int = 2,
    missing: int = -1,
    title: str = "Rainrate",
    source: str = "radar",
    header: Mapping[str, float] | None = None,
) -> NimrodField:
    """Make a field from values in the base unit of the units text.

    Parameters
    ----------
    values : array (H, W)
        Row 0 in the north, NaN missing, in the base unit (``mm/hr`` for ``mm/hr*32``).
    grid : Grid
        Where the cells lie; British National Grid unless ``header`` says otherwise.
    time : datetime64
        Validity time, UTC, to the second.
    units : str
        Units text, at most 8 letters; ``*32`` divides a cell's value into 32 steps.
    code : int
        Field code: 213 radar rain rate, 63 model rain rate, 214 and 61 accumulations.
    period_min : int
        Length of the period in minutes; 0 for a field of one moment.
    corner : {0, 1, 2, 3}
        Where the first value lies: top left, bottom left, top right, bottom right.
    data_type, value_bytes : int
        0 real (4 bytes), 1 integer (1, 2, 4) or 2 byte (1).
    missing : int
        Value that marks a missing cell, written to the header as well.
    title, source : str
        At most 24 letters each.
    header : mapping, optional
        Header elements to set or overrule, by their names in
        ``inundate.rain.nimrod_field.LAYOUT``.

    Returns
    -------
    NimrodField

    Raises
    ------
    DataError
        If the values do not fit the type, or a text or header name the format.
    GridError
        If the grid is not the National Grid and ``header`` gives no projection.
    """
    if grid.crs != "EPSG:27700" and not (header or {}).keys() & {"grid_type", "projection"}:
        raise GridError(
            f"writing NIMROD: the grid is {grid.describe()}, expected EPSG:27700",
            hint="give the projection as header={'grid_type': …, 'projection': …}",
        )
    elements = _elements(np.shape(values), grid, time, corner, missing)
    elements |= {"field_code": code, "period_min": period_min}
    elements |= {"data_type": data_type, "value_bytes": value_bytes, **(header or {})}
    packed = _pack(elements, {"unit_text": units, "source": source, "title": title})
    bare = NimrodField(packed, np.empty((0, 0)), "the field to write")
    return NimrodField(packed, _raw(values, bare), "the field to write")


def _elements(
    shape: tuple[int, ...], grid: Grid, time: np.datetime64, corner: int, missing: int
) -> dict[str, float]:
    if shape != grid.shape:
        raise GridError(f"writing NIMROD: values of shape {shape} on a grid of {grid.shape}")
    moment: datetime = time.astype("datetime64[s]").item()
    names = ("year", "month", "day", "hour", "minute", "second")
    clock = {f"valid_{name}": getattr(moment, name) for name in names}
    clock |= {f"data_{name}": getattr(moment, name) for name in names[:5]}
    return {
        **clock,
        **_NATIONAL_GRID,
        "grid_type": 0,
        "projection": 0,
        "rows": grid.height,
        "columns": grid.width,
        "release": 2,
        "experiment": 0,
        "origin_corner": corner,
        "missing_int": missing,
        "missing_real": missing,
        "vertical": 9999.0,  # ground level
        "origin_northing": grid.y[0 if corner in (0, 2) else -1],
        "origin_easting": grid.x[0 if corner in (0, 1) else -1],
        "row_interval": grid.dy,
        "column_interval": grid.dx,
    }


def _pack(elements: Mapping[str, float], texts: Mapping[str, str]) -> bytes:
    unknown = [name for name in elements if name not in LAYOUT]
    if unknown:
        raise DataError(f"writing NIMROD: header names {unknown} are not in the format's layout")
    header = bytearray(
        struct.pack(">31h", *[MISSING] * 31)
        + struct.pack(">73f", *[float(MISSING)] * 73)
        + b" " * 56
        + struct.pack(">51h", *[MISSING] * 51)
    )
    for name, value in elements.items():
        at, kind = LAYOUT[name]
        struct.pack_into(kind, header, at, int(value) if kind == ">h" else float(value))
    at = 354
    for name, size in (("unit_text", 8), ("source", 24), ("title", 24)):
        text = texts[name].encode("ascii", "replace")
        if len(text) > size:
            raise DataError(f"writing NIMROD: {name} {texts[name]!r} is longer than {size} letters")
        header[at : at + size] = text.ljust(size)
        at += size
    return bytes(header[:HEADER_BYTES])


def _raw(values: NDArray[Any], bare: NimrodField) -> NDArray[Any]:
    """Turn values into stored numbers in the file's order."""
    missing = bare.whole("missing_int")
    try:
        dtype = value_dtype(bare.whole("data_type"), bare.whole("value_bytes"), missing)
    except ValueError as error:
        raise DataError(f"writing NIMROD: {error}") from error
    _, scale, shift = bare.unit
    stored = (np.asarray(values, dtype=np.float64) - shift) / scale
    if dtype.kind != "f":
        stored = np.rint(stored)
        limits = np.iinfo(dtype)
        known = stored[np.isfinite(stored)]
        if known.size and (known.min() < limits.min or known.max() > limits.max):
            raise DataError(
                f"writing NIMROD: stored values {known.min():g} to {known.max():g} do not fit "
                f"{dtype.itemsize} bytes ({limits.min} to {limits.max})"
            )
    filled = np.where(np.isnan(stored), missing, stored).astype(dtype.newbyteorder("="))
    return NimrodField(bare.header, filled).north_up()  # turning twice is turning back


def write_nimrod(
    path: Path | str, fields: Sequence[NimrodField], *, overwrite: bool = False
) -> None:
    """Write fields to a NIMROD file.

    Parameters
    ----------
    path : Path
        File to write; compressed if it ends in ``.gz``.
    fields : sequence of NimrodField
        From :func:`make_nimrod_field` or
        :func:`~inundate.rain.nimrod.read_nimrod_fields`, whose bytes come out unchanged.
    overwrite : bool
        Replace an existing file.

    Raises
    ------
    RunError
        If the file exists and ``overwrite`` is false.
    """
    path = Path(path)
    check_output(path, overwrite=overwrite)
    data = b"".join(_record(field) for field in fields)
    if path.suffix == ".gz":
        data = gzip.compress(data, mtime=0)
    with atomic_file(path) as temporary:
        temporary.write_bytes(data)


def _record(field: NimrodField) -> bytes:
    body = field.raw.astype(field.raw.dtype.newbyteorder(">")).tobytes()
    head, size = _FRAME.pack(HEADER_BYTES), _FRAME.pack(len(body))
    return head + field.header + head + size + body + size
