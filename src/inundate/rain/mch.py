"""Reading MeteoSwiss 8-bit GIF accumulations, products AQC and CPC.

The digital number i stands for ``(10^((i - 71.5) / 20) / 316)^(1/1.5)`` mm over the accumulation
time; 0, 1 and 251 to 254 are 0, 255 is missing. Product, time (year, day of year, hour, minute,
UTC, the end of the interval) and accumulation time stand in the GIF comment, and in the file name
``AQCyyDDDhhmm[FV]_00005.801.gif`` where a copy has lost its comment. The georeference does not:
it is the fixed MeteoSwiss domain in Swiss coordinates, first row north.
"""

from __future__ import annotations

import io
import re
from functools import partial
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from inundate.core.grid import Grid
from inundate.rain.reader import (
    FieldChoiceError,
    Request,
    Step,
    decoding_errors,
    reflectivity_to_rate,
    time_ns,
)
from inundate.rain.source import Source, UnreadableError

__all__ = ["MchReader"]

_SIZE = (710, 640)  # columns, rows of 1 km
_LEFT, _TOP, _CELL_M = 255_000.0, 480_000.0, 1000.0
_CRS = "EPSG:21781"  # CH1903 / LV03
_PRODUCTS = ("AQC", "CPC")
_OTHER_PRODUCTS = ("RZC", "AZC")  # colours stand for classes there, not for digital numbers
_Z_R = (316.0, 1.5)  # MeteoSwiss


class _Product(NamedTuple):
    name: str
    end: np.datetime64
    minutes: int


class MchReader:
    """MeteoSwiss GIF accumulations."""

    name = "mch"
    title = "MeteoSwiss GIF"

    def recognises(self, source: Source, head: bytes) -> bool:
        """Tell a GIF of exactly the size of the MeteoSwiss domain."""
        size = (int.from_bytes(head[6:8], "little"), int.from_bytes(head[8:10], "little"))
        return head[:6] in (b"GIF87a", b"GIF89a") and size == _SIZE

    def steps(self, source: Source, request: Request) -> list[Step]:
        """List the one interval of a file; see :class:`~inundate.rain.reader.Reader`."""
        _, comment = _read(source)
        product = _product(comment, source)
        return [
            Step(
                end=product.end,
                start=product.end - np.timedelta64(product.minutes, "m"),
                grid=Grid(_CRS, _LEFT, _TOP, _CELL_M, _CELL_M, *_SIZE),
                quantity="depth",
                unit_found="mm",
                variable=product.name,
                load=partial(_load, source),
                source=source.label,
            )
        ]


def _read(source: Source) -> tuple[NDArray[np.uint8], str]:
    """Give digital numbers (640, 710) and the comment."""
    from PIL import Image

    data = source.read()
    try:
        with Image.open(io.BytesIO(data), formats=("GIF",)) as image:
            comment = image.info.get("comment", b"")
            pixels = np.array(image)
    except decoding_errors as error:
        raise UnreadableError(
            f"reading {source.label}: the GIF is truncated or damaged ({error})"
        ) from error
    if pixels.shape != _SIZE[::-1] or pixels.dtype != np.uint8:
        raise UnreadableError(
            f"reading {source.label}: an image of shape {pixels.shape}, expected {_SIZE[::-1]}"
        )
    return pixels, bytes(comment).decode("latin-1")


def _product(comment: str, source: Source) -> _Product:
    """Read product, time and accumulation time from the comment, or else from the file name."""
    stamp = re.search(r"PRDT=([A-Z]{3})(\d{9})", comment)
    length = re.search(r"ACCUm=(\d+)", comment)
    if not (stamp and length):
        stamp = re.match(r"([A-Z]{3})(\d{9})", source.name)
        length = re.search(r"_(\d{5})\.", source.name)
    if not (stamp and length):
        raise UnreadableError(
            f"reading {source.label}: neither the GIF comment nor the file name holds product, "
            "time and accumulation time",
            hint="keep the names of MeteoSwiss, such as AQC151351545F_00005.801.gif",
        )
    if stamp[1] not in _PRODUCTS:
        raise FieldChoiceError(
            f"reading {source.label}: product {stamp[1]}, expected {' or '.join(_PRODUCTS)}",
            found=[stamp[1]],
            hint=f"{', '.join(_OTHER_PRODUCTS)} hold colours, not digital numbers",
        )
    year, day, hour, minute = (int(stamp[2][a:b]) for a, b in ((0, 2), (2, 5), (5, 7), (7, 9)))
    if not (1 <= day <= 366 and hour < 24 and minute < 60 and int(length[1]) > 0):
        raise UnreadableError(
            f"reading {source.label}: day {day}, {hour:02d}:{minute:02d}, {length[1]} min: no time"
        )
    start = time_ns(2000 + year if year < 70 else 1900 + year, 1, 1, hour, minute)
    return _Product(stamp[1], start + np.timedelta64(day - 1, "D"), int(length[1]))


def _load(source: Source) -> NDArray[np.float32]:
    number = np.arange(256)
    table = reflectivity_to_rate((number - 71.5) / 2.0, *_Z_R)  # 10^(dBZ/10) = 10^((i-71.5)/20)
    table[(number < 2) | ((number > 250) & (number < 255))] = 0.0
    table[255] = np.nan
    pixels, _ = _read(source)
    return table[pixels].astype(np.float32)
