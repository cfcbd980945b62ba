"""Reading Met Office NIMROD files: radar composites, nowcasts and model rain.

:func:`read_nimrod_fields` gives every field of a file as it is; the reader gives those that are
rain. Units come from the units text (``mm/hr*32``, ``mm*32``), never from a fixed divisor; the
MKS scaling factor of the header has to agree with the text, and stands in for it where the text
is blank.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from inundate.core.errors import MissingFileError, nearest
from inundate.rain.nimrod_field import HEADER_BYTES, NimrodField, value_dtype
from inundate.rain.nimrod_rain import Z_R, not_rain, quantity_of_field, rain_scale, rain_values
from inundate.rain.nimrod_write import make_nimrod_field, write_nimrod
from inundate.rain.reader import FieldChoiceError, Request, Step
from inundate.rain.source import Source, UnreadableError

__all__ = [
    "NimrodField",
    "NimrodReader",
    "make_nimrod_field",
    "not_rain",
    "read_nimrod_fields",
    "write_nimrod",
]

_FRAME = struct.Struct(">I")
_RECORD = HEADER_BYTES + 2 * _FRAME.size


def read_nimrod_fields(path: Path | str) -> list[NimrodField]:
    """Read every field of a NIMROD file, rain or not.

    Parameters
    ----------
    path : Path
        One file, plain or ``.gz``.

    Returns
    -------
    list of NimrodField
        In the order of the file.

    Raises
    ------
    MissingFileError
        If the file does not exist.
    DataError
        If it is not a NIMROD file, or truncated or corrupt.
    """
    if not Path(path).is_file():
        raise MissingFileError(f"reading NIMROD fields: {path} is not a file")
    source = Source(Path(path))
    return [found for _, found in _fields(source.read(), source.label)]


def _fields(data: bytes, label: str) -> Iterator[tuple[int, NimrodField]]:
    """Give the fields of a file with the byte at which each begins."""
    at = 0
    while at < len(data):
        number = f"{label}, field at byte {at}"
        parsed = _field(data, at, number)
        yield at, parsed
        at += _RECORD + parsed.raw.nbytes + 2 * _FRAME.size


def _field(data: bytes, at: int, where: str) -> NimrodField:
    header = _framed(data, at, HEADER_BYTES, where, "header")
    bare = NimrodField(header, np.empty((0, 0)), where)
    rows, columns = bare.whole("rows"), bare.whole("columns")
    missing = bare.whole("missing_int")
    try:
        dtype = value_dtype(bare.whole("data_type"), bare.whole("value_bytes"), missing)
    except ValueError as error:
        raise UnreadableError(f"reading {where}: {error}") from error
    if rows < 1 or columns < 1:
        raise UnreadableError(f"reading {where}: {rows} rows and {columns} columns")
    size = rows * columns * dtype.itemsize
    body = _framed(data, at + _RECORD, size, where, f"{rows} x {columns} values")
    raw = np.frombuffer(body, dtype).reshape(rows, columns)
    return NimrodField(header, raw.astype(dtype.newbyteorder("=")), where)


def _framed(data: bytes, at: int, size: int, where: str, what: str) -> bytes:
    """Read one Fortran record: length, bytes, length."""
    end = at + _FRAME.size + size
    if end + _FRAME.size > len(data):
        raise UnreadableError(
            f"reading {where}: the file ends at byte {len(data)}, "
            f"expected {size} bytes of {what} up to byte {end + _FRAME.size}"
        )
    lengths = (_FRAME.unpack_from(data, at)[0], _FRAME.unpack_from(data, end)[0])
    if lengths != (size, size):
        raise UnreadableError(
            f"reading {where}: record lengths {lengths[0]} and {lengths[1]} around the {what}, "
            f"expected {size}"
        )
    return data[at + _FRAME.size : end]


def _load(source: Source, at: int, trust_text: bool) -> NDArray[np.float32]:
    field = _field(source.read(), at, source.label)
    return rain_values(field, trust_text=trust_text)


class NimrodReader:
    """Met Office NIMROD, big-endian Fortran records."""

    name = "nimrod"
    title = "Met Office NIMROD"

    def recognises(self, source: Source, head: bytes) -> bool:
        """Tell by the framing lengths of the header record."""
        frame = _FRAME.pack(HEADER_BYTES)
        cut_short = len(head) < _RECORD
        return head.startswith(frame) and (cut_short or head[_RECORD - 4 : _RECORD] == frame)

    def steps(self, source: Source, request: Request) -> list[Step]:
        """List the rain fields of a file; see :class:`~inundate.rain.reader.Reader`."""
        found = list(_fields(source.read(), source.label))
        chosen = _choose([field for _, field in found], request.variable, source.label)
        return [
            self._step(source, at, field, request)
            for at, field in found
            if any(field is one for one in chosen)
        ]

    def _step(self, source: Source, at: int, field: NimrodField, request: Request) -> Step:
        period = field.period_s
        end = field.valid_time
        reflectivity = field.unit[0] == "dBZ"
        trust_text = request.variable is not None
        if not reflectivity:
            rain_scale(field, trust_text=trust_text)  # a contradiction is told now
        attrs: dict[str, Any] = {"field_title": field.title, "field_code": field.code}
        if reflectivity:
            attrs["z_r"] = f"Z = {Z_R[0]:g} R^{Z_R[1]:g}"
        return Step(
            end=end,
            start=end - np.timedelta64(period, "s") if period else None,
            grid=field.grid(request.crs),
            quantity="rate" if reflectivity else quantity_of_field(field) or "rate",
            unit_found=field.text("unit_text") or f"MKS x {field.element('mks_scale'):g}",
            variable=field.name,
            load=partial(_load, source, at, trust_text),
            source=source.label,
            attrs=attrs,
        )

    def fields(self, source: Source) -> list[NimrodField]:
        """Read all fields, rain or not, for ``describe``."""
        return [field for _, field in _fields(source.read(), source.label)]


def _key(field: NimrodField) -> str:
    return f"{field.code}:{field.name}"


def _choose(fields: list[NimrodField], variable: str | None, label: str) -> list[NimrodField]:
    """Pick the one rain series of a file, or the one asked for."""
    if variable is None:
        chosen = [field for field in fields if not_rain(field) is None]
    else:
        chosen = [field for field in fields if _answers(field, variable)]
        for field in chosen:
            _check_convertible(field)
    keys = list(dict.fromkeys(_key(field) for field in chosen))
    if len(keys) == 1:
        return chosen
    listed = dict.fromkeys(
        f"{_key(f)} [{f.text('unit_text')}]" + (f", {why}" if (why := not_rain(f)) else "")
        for f in fields
    )
    names = [field.name for field in fields]
    asked = "rain field" if variable is None else f"field {variable!r}"
    what = f"{len(keys)} of that name" if variable and keys else f"{len(keys)} such fields"
    near = nearest(variable, names) if variable and not keys else None
    raise FieldChoiceError(
        f"reading {label}: expected one {asked}, found {what if keys else 'none'} among "
        + "; ".join(listed),
        found=names,
        hint=f"did you mean --variable {near}?"
        if near
        else "choose one by --variable NAME (or CODE:NAME)",
    )


def _answers(field: NimrodField, variable: str) -> bool:
    asked = variable.strip().lower()
    bare = field.name.rsplit("_", 1)[0] if field.period_s else field.name
    return asked in (_key(field), field.name, bare, field.title.lower(), str(field.code))


def _check_convertible(field: NimrodField) -> None:
    why = not_rain(field)
    if why == "a probability" or (quantity_of_field(field) is None and field.unit[0] != "dBZ"):
        raise FieldChoiceError(
            f"reading {field.where}: {field.name} is not rain ({why}) and cannot become a rate",
            found=[field.name],
            hint="read it as it is with inundate.rain.nimrod.read_nimrod_fields",
        )
