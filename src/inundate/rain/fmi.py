"""Reading FMI radar composites: 8-bit PGM reflectivity with the georeference in comments.

Reflectivity is ``(value - 64) / 2`` dBZ and becomes rain by Z = 223 R^1.53, the pair of the
Finnish Meteorological Institute. The lowest value, 0, means no echo and gives a rate of 0.
The comments name the stereographic projection but not its sphere: with R = 6 371 288 m the
corners lie ``metersperpixel`` times the image size apart, to a millimetre in a pixel.
"""

from __future__ import annotations

import re
from functools import partial
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from inundate.core.errors import DataError
from inundate.core.grid import Grid, normalise_crs
from inundate.rain.reader import Request, Step, decoding_errors, reflectivity_to_rate, time_ns
from inundate.rain.source import Source, UnreadableError

__all__ = ["FmiReader"]

_SPHERE_M = 6_371_288.0
_Z_R = (223.0, 1.53)  # Leinonen et al. (2012), doi:10.1175/JAMC-D-11-056.1
_NO_ECHO = 0
_PRODUCT_INTERVAL_S = 300  # the composite is made every 5 minutes; the file states no length


class _Image(NamedTuple):
    """A PGM file taken apart."""

    comments: dict[str, list[str]]
    width: int
    height: int
    missing: int
    pixels: NDArray[np.uint8]


class FmiReader:
    """FMI PGM composites."""

    name = "fmi"
    title = "FMI radar PGM"

    def recognises(self, source: Source, head: bytes) -> bool:
        """Tell a binary PGM that carries an observation time and a pixel size."""
        return head.startswith(b"P5") and b"# obstime" in head and b"# metersperpixel" in head

    def steps(self, source: Source, request: Request) -> list[Step]:
        """List the one interval of a file; see :class:`~inundate.rain.reader.Reader`."""
        image = _read(source)
        try:
            stamp = image.comments["obstime"][0]
            end = time_ns(int(stamp[:4]), *(int(stamp[i : i + 2]) for i in range(4, 12, 2)))
            parameter = image.comments.get("param", ["CorrectedReflectivity"])[0]
            if "reflectivity" not in parameter.lower():
                raise UnreadableError(
                    f"reading {source.label}: param {parameter}, expected a reflectivity"
                )
            grid = _grid(image, source.label)
        except DataError:
            raise
        except decoding_errors as error:
            raise UnreadableError(
                f"reading {source.label}: the comment lines are incomplete "
                f"({type(error).__name__}: {error})"
            ) from error
        return [
            Step(
                end=end,
                start=end - np.timedelta64(_PRODUCT_INTERVAL_S, "s"),
                grid=grid,
                quantity="rate",
                unit_found="dBZ",
                variable=parameter,
                load=partial(_load, source),
                source=source.label,
                attrs={"z_r": f"Z = {_Z_R[0]:g} R^{_Z_R[1]:g}"},
            )
        ]


def _read(source: Source) -> _Image:
    """Take a PGM file apart; the comments lie between ``P5`` and the size.

    FMI puts the missing value, 255, where PGM has its largest grey value.
    """
    data = source.read()
    match = re.match(rb"P5\s+((?:#[^\n]*\n\s*)*)(\d{1,5})\s+(\d{1,5})\s+(\d{1,3})\s", data)
    if not match:
        raise UnreadableError(f"reading {source.label}: the PGM header is incomplete")
    width, height, largest = (int(match[i]) for i in (2, 3, 4))
    found = data[match.end() : match.end() + width * height]
    if len(found) < width * height or not found:
        raise UnreadableError(
            f"reading {source.label}: {len(found)} pixels, expected {width} x {height}"
        )
    lines = match[1].decode("latin-1").replace("#", " ").splitlines()
    words = [line.split() for line in lines]
    comments = {word[0]: word[1:] for word in words if len(word) > 1 and word[0] != "radar"}
    pixels = np.frombuffer(found, np.uint8).reshape(height, width)
    return _Image(comments, width, height, largest, pixels)


def _grid(image: _Image, label: str) -> Grid:
    from pyproj import Transformer

    number = {name: [float(v) for v in words] for name, words in image.comments.items()
              if name in ("bottomleft", "topright", "centrallongitude", "centrallatitude",
                          "truelatitude", "metersperpixel_x", "metersperpixel_y")}  # fmt: skip
    if image.comments["type"] != ["stereographic"]:
        raise UnreadableError(
            f"reading {label}: projection {image.comments['type']}, expected stereographic"
        )
    crs = normalise_crs(
        f"+proj=stere +lat_0={number['centrallatitude'][0]:g} "
        f"+lon_0={number['centrallongitude'][0]:g} +lat_ts={number['truelatitude'][0]:g} "
        f"+R={_SPHERE_M:.0f} +units=m"
    )
    geographic = f"+proj=longlat +R={_SPHERE_M:.0f}"  # the same sphere, so no datum shift
    to_metres = Transformer.from_crs(geographic, crs, always_xy=True)
    left, bottom = to_metres.transform(number["bottomleft"][0], number["bottomleft"][1])
    right, top = to_metres.transform(number["topright"][0], number["topright"][1])
    dx, dy = (right - left) / image.width, (top - bottom) / image.height
    stated = (number["metersperpixel_x"][0], number["metersperpixel_y"][0])
    if not np.allclose((dx, dy), stated, rtol=1e-3):
        raise UnreadableError(
            f"reading {label}: the corners make pixels of {dx:.3f} x {dy:.3f} m, "
            f"metersperpixel says {stated[0]:.3f} x {stated[1]:.3f}"
        )
    return Grid(crs, left, top, dx, dy, image.width, image.height)


def _load(source: Source) -> NDArray[np.float32]:
    image = _read(source)
    dbz = (image.pixels.astype(np.float64) - 64.0) / 2.0
    rate = np.where(image.pixels == _NO_ECHO, 0.0, reflectivity_to_rate(dbz, *_Z_R))
    return np.where(image.pixels == image.missing, np.nan, rate).astype(np.float32)
