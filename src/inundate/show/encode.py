"""Fields as paletted 8-bit PNG: quantise to stated levels, colour by class, compress.

A level never crosses a class edge, so the colour of a cell is that of its true value; only
the number read back from the picture is rounded, by at most half a level's width.
"""

from __future__ import annotations

import struct
import zlib
from base64 import b64encode
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from inundate.core.errors import DataError
from inundate.show.palette import MISSING_COLOURS, Classes, hatch, to_rgb

__all__ = [
    "MAX_LEVELS",
    "MISSING",
    "Levels",
    "grey_png",
    "make_levels",
    "palette_of",
    "to_base64",
    "write_png",
]

MAX_LEVELS = 254
MISSING = 254  # this code and the next are "unknown": stripe and gap of the hatch

Codes = NDArray[np.uint8]


@dataclass(frozen=True)
class Levels:
    """The values that the codes of a picture stand for.

    Attributes
    ----------
    edges : tuple of float
        Ascending; code ``k`` stands for values in ``[edges[k], edges[k + 1])``. The first
        and last level also take what lies outside.
    """

    edges: tuple[float, ...]

    @property
    def count(self) -> int:
        """Number of levels."""
        return len(self.edges) - 1

    @property
    def centres(self) -> NDArray[np.float64]:
        """The value that is read back for each code."""
        edges = np.asarray(self.edges)
        middle: NDArray[np.float64] = (edges[:-1] + edges[1:]) / 2
        return middle

    def encode(self, values: NDArray[np.floating]) -> Codes:
        """Give the code of each value; NaN becomes the hatch of the two missing codes.

        Parameters
        ----------
        values : array (H, W)
            In the levels' unit.
        """
        inner = np.asarray(self.edges[1:-1])
        found = np.searchsorted(inner, np.nan_to_num(values), side="right")
        codes: Codes = found.astype(np.uint8)
        unknown = np.isnan(values)
        if unknown.any():
            codes[unknown] = MISSING + hatch(values.shape)[unknown].astype(np.uint8)
        return codes

    def decode(self, codes: Codes) -> NDArray[np.float64]:
        """Give the value of each code; NaN where unknown."""
        padded = np.full(256, np.nan)
        padded[: self.count] = self.centres
        values: NDArray[np.float64] = padded[codes]
        return values

    def half_width(self, value: float) -> float:
        """Give the largest rounding error of a value."""
        code = int(np.searchsorted(self.edges[1:-1], value, side="right"))
        return (self.edges[code + 1] - self.edges[code]) / 2


def make_levels(
    classes: Classes, high: float, *, count: int = MAX_LEVELS, floor: float = 0.0, power: float = 2
) -> Levels:
    """Divide a range into levels, finer near zero, with every class edge among their edges.

    Parameters
    ----------
    classes : Classes
        Colour classes of the field.
    high : float
        Largest magnitude to be told apart.
    count : int
        Most levels to use, 2 x classes to 254.
    floor : float
        Magnitudes below this are one level, such as the film of water that rain leaves.
    power : float
        1 spaces evenly; 2 spaces as the square root, as fits depths.

    Raises
    ------
    DataError
        If ``count`` is out of range or ``high`` is not finite.

    Examples
    --------
    >>> from inundate.show.palette import DEPTH
    >>> levels = make_levels(DEPTH, 3.0, floor=0.01)
    >>> levels.count <= 254, set(DEPTH.edges) <= set(levels.edges)
    (True, True)
    """
    fewest = 2 * (len(classes.edges) + 1)
    if not fewest <= count <= MAX_LEVELS or not np.isfinite(high):
        raise DataError(
            f"encoding {classes.title!r}: {count} levels up to {high:g}, expected "
            f"{fewest} to {MAX_LEVELS} levels and a finite range"
        )
    positive = [edge for edge in classes.edges if edge > 0]
    top = max(high, positive[-1] * 1.25)
    per_side = (count if not classes.diverging else count // 2) - len(positive) - 2
    spaced = top * np.linspace(0, 1, per_side + 1) ** power
    fixed = np.array([*positive, *([floor] if floor > 0 else []), top])
    distance = np.abs(spaced[:, None] - fixed).min(axis=1)
    step = np.gradient(spaced)
    kept = spaced[(distance > step / 2) & (spaced > floor)]
    side = np.unique(np.concatenate([kept, fixed]))
    if not classes.diverging:
        return Levels((0.0, *map(float, side)))
    return Levels((*map(float, -side[::-1]), *map(float, side)))


def palette_of(levels: Levels, classes: Classes) -> NDArray[np.uint8]:
    """Give the colour of each code.

    Returns
    -------
    array (256, 4), uint8
        Red, green, blue, alpha; what is not drawn is transparent.
    """
    table = np.zeros((256, 4), dtype=np.uint8)
    index = classes.index(levels.centres)
    colours = np.array([(*to_rgb(colour), 255) for colour in classes.colours], dtype=np.uint8)
    drawn = (index >= 0) & (index != (-1 if classes.neutral is None else classes.neutral))
    table[: levels.count][drawn] = colours[index[drawn]]
    for position, colour in enumerate(MISSING_COLOURS):
        table[MISSING + position] = (*to_rgb(colour), 255)
    return table


def write_png(codes: Codes, palette: NDArray[np.uint8]) -> bytes:
    """Write an 8-bit paletted PNG.

    Parameters
    ----------
    codes : array (H, W), uint8
        Palette indices, row 0 on top.
    palette : array (N, 4), uint8
        Red, green, blue, alpha of each index.

    Notes
    -----
    Rows are not filtered: palette indices of floods compress best as they are (measured on
    depth, probability and rain), and the page's reader stays small.

    Source
    ------
    PNG specification, third edition: colour type 3, filter 0.
    """
    last = int(codes.max(initial=0)) + 1
    chunks = [
        _chunk(b"PLTE", palette[:last, :3].tobytes()),
        _chunk(b"tRNS", palette[:last, 3].tobytes()),
    ]
    return _png(codes, colour_type=3, chunks=chunks, filters=(0,))


def grey_png(brightness: NDArray[np.floating], *, greys: int = 32) -> bytes:
    """Write brightness from 0 to 1 as an 8-bit grey PNG; unknown cells are hatched.

    Parameters
    ----------
    brightness : array (H, W)
        NaN is unknown.
    greys : int
        Number of greys; fewer compress better.
    """
    scale = 255 / (greys - 1)
    rounded = np.round(np.nan_to_num(brightness) * (greys - 1)) * scale
    shade = rounded.astype(np.uint8)
    unknown = np.isnan(brightness)
    stripes = np.array([to_rgb(colour)[0] for colour in MISSING_COLOURS], dtype=np.uint8)
    shade[unknown] = stripes[hatch(brightness.shape)[unknown].astype(int)]
    return _png(shade, colour_type=0, chunks=[], filters=(0, 1, 2))


def to_base64(data: bytes) -> str:
    """Give bytes as ASCII text."""
    return b64encode(data).decode("ascii")


def _png(codes: Codes, *, colour_type: int, chunks: list[bytes], filters: tuple[int, ...]) -> bytes:
    height, width = codes.shape
    header = struct.pack(">IIBBBBB", width, height, 8, colour_type, 0, 0, 0)
    body = min((_deflate(codes, kind) for kind in filters), key=len)
    parts = [_chunk(b"IHDR", header), *chunks, _chunk(b"IDAT", body), _chunk(b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def _deflate(codes: Codes, kind: int) -> bytes:
    """Filter every row by one kind (0 none, 1 left, 2 above) and compress."""
    filtered = codes.copy()
    if kind == 1:
        filtered[:, 1:] -= codes[:, :-1]  # modulo 256, as the format wants
    elif kind == 2:
        filtered[1:] -= codes[:-1]
    rows = np.pad(filtered, ((0, 0), (1, 0)), constant_values=kind)
    return zlib.compress(rows.tobytes(), 9)


def _chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
