"""What a rain format must offer, and the formats known: a small dictionary beside a Protocol.

Another package adds a format by an entry point in the group ``inundate.readers`` that names
an object with the members of :class:`Reader`.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from importlib import import_module
from importlib.metadata import entry_points
from typing import Any, Literal, Protocol, cast

import numpy as np
from numpy.typing import NDArray

from inundate.core.errors import DataError, GridError
from inundate.core.grid import Grid, normalise_crs
from inundate.rain.source import Source

__all__ = [
    "READERS",
    "FieldChoiceError",
    "Reader",
    "Request",
    "Step",
    "decoding_errors",
    "fallback_crs",
    "readers",
    "recognise",
    "reflectivity_to_rate",
    "time_ns",
]

# What h5py, Pillow, struct and text parsing raise on damaged bytes.
decoding_errors: tuple[type[Exception], ...] = (
    OSError,
    EOFError,
    KeyError,
    IndexError,
    ValueError,
    TypeError,
    AttributeError,
    RuntimeError,
    SyntaxError,  # Pillow, on a broken GIF block
    OverflowError,
    MemoryError,
    struct.error,
    zlib.error,
)

_DBZ_LIMIT = 200.0  # far above any echo; such a value is refused as a rate

Frame = NDArray[Any]  # (H, W), row 0 in the north, NaN missing


class FieldChoiceError(DataError):
    """A file holds no rain field, or several, and the caller has to choose one.

    Attributes
    ----------
    found : tuple of str
        The names to choose from.
    """

    def __init__(self, message: str, *, found: Sequence[str] = (), hint: str | None = None) -> None:
        super().__init__(message, hint=hint)
        self.found = tuple(found)


@dataclass(frozen=True)
class Request:
    """What the caller asked for beyond the path.

    Attributes
    ----------
    variable : str or None
        Name of the field to read.
    crs : str or None
        CRS of files that state none.
    member : int or None
        Member of an ensemble, counted from 0.
    """

    variable: str | None = None
    crs: str | None = None
    member: int | None = None


@dataclass(frozen=True)
class Step:
    """One interval of rain, its values not read yet.

    Attributes
    ----------
    end : datetime64[ns]
        End of the interval, UTC.
    start : datetime64[ns] or None
        Start, or None where the file states no length.
    grid : Grid
        Where the cells lie.
    quantity : {"rate", "depth"}
        ``load`` gives mm h-1, or mm over the interval.
    unit_found, variable : str
        As the file calls them.
    load : callable
        Gives the values (H, W); can be pickled. It raises
        :class:`~inundate.rain.source.UnreadableError` on damaged bytes.
    source : str
        File, for messages.
    verified : bool
        The values need no trial read when the series is opened.
    attrs : dict
        Attributes to keep on the array, such as the Z-R pair.
    """

    end: np.datetime64
    start: np.datetime64 | None
    grid: Grid
    quantity: Literal["rate", "depth"]
    unit_found: str
    variable: str
    load: Callable[[], Frame] = field(repr=False)
    source: str
    verified: bool = False
    attrs: dict[str, Any] = field(default_factory=dict)


class Reader(Protocol):
    """A rain format.

    Attributes
    ----------
    name : str
        Short name, such as ``nimrod``.
    title : str
        What people call it.
    """

    name: str
    title: str

    def recognises(self, source: Source, head: bytes) -> bool:
        """Tell by content, from the first bytes or the structure, never by name alone."""
        ...

    def steps(self, source: Source, request: Request) -> list[Step]:
        """List the intervals that a file holds.

        Raises
        ------
        UnreadableError
            If the file is truncated or corrupt.
        FieldChoiceError
            If it holds no rain field, or several.
        """
        ...


# In order of trial: the special before the general.
READERS: dict[str, str] = {
    "nimrod": "inundate.rain.nimrod:NimrodReader",
    "odim": "inundate.rain.odim:OdimReader",
    "knmi": "inundate.rain.knmi:KnmiReader",
    "fmi": "inundate.rain.fmi:FmiReader",
    "mch": "inundate.rain.mch:MchReader",
    "bom": "inundate.rain.bom:BomReader",
    "netcdf": "inundate.rain.netcdf:NetcdfReader",
}


def readers() -> dict[str, Reader]:
    """Give the readers by name, those of other packages last.

    Raises
    ------
    DataError
        If two packages offer a reader of one name.
    """
    found: dict[str, Reader] = {}
    for name, place in READERS.items():
        module, _, attribute = place.partition(":")
        found[name] = cast(Reader, getattr(import_module(module), attribute)())
    for point in entry_points(group="inundate.readers"):
        if point.name in found:
            raise DataError(
                f"reader {point.name!r} of {point.value} takes a name that is already used",
                hint="uninstall one of the packages",
            )
        loaded = point.load()
        found[point.name] = loaded() if isinstance(loaded, type) else loaded
    return found


def recognise(source: Source, known: dict[str, Reader]) -> Reader | None:
    """Give the reader whose format the content has, or None."""
    head = source.head()
    for reader in known.values():
        if reader.recognises(source, head):
            return reader
    return None


def fallback_crs(request: Request, where: str) -> str:
    """Give the caller's CRS for a file that states none.

    Raises
    ------
    GridError
        If the caller gave none either.
    """
    if request.crs is None:
        raise GridError(
            f"reading {where}: the file states no coordinate reference system",
            hint="say which it is, such as --crs EPSG:27700 for British National Grid "
            "(--rain-crs beside a terrain)",
        )
    return normalise_crs(request.crs)


def time_ns(*parts: int, microseconds: int = 0) -> np.datetime64:
    """Give a UTC time from year, month, day, hour, minute, second; no time zone is involved.

    Raises
    ------
    ValueError
        If a part is out of range.

    Examples
    --------
    >>> time_ns(2019, 7, 31, 13, 5)
    np.datetime64('2019-07-31T13:05:00.000000000')
    """
    moment = datetime(*parts) + timedelta(microseconds=microseconds)  # type: ignore[arg-type]
    if not 1678 <= moment.year <= 2261:  # what datetime64[ns] holds
        raise ValueError(f"year {moment.year} is outside 1678 to 2261")
    return np.datetime64(moment, "ns")


def reflectivity_to_rate(dbz: Frame, a: float, b: float) -> NDArray[np.float64]:
    """Convert reflectivity to rain rate by Z = a R^b.

    Parameters
    ----------
    dbz : array (H, W), dBZ
        Reflectivity; NaN is missing, -inf is no echo.
    a, b : float
        The pair, Z in mm6 m-3 and R in mm h-1.

    Returns
    -------
    array (H, W), mm h-1

    Source
    ------
    Marshall and Palmer (1948), doi:10.1175/1520-0469(1948)005<0165:TDORWS>2.0.CO;2.

    Examples
    --------
    >>> float(np.round(reflectivity_to_rate(np.array([[23.0103]]), 200, 1.6), 4)[0, 0])
    1.0
    """
    bounded = np.minimum(np.asarray(dbz, dtype=np.float64), _DBZ_LIMIT)  # no overflow
    z = np.power(10.0, bounded / 10.0)
    return np.asarray(np.power(z / a, 1.0 / b))
