"""Located posts: what the map, the live view and the fusion of posts with depth read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from inundate.core.errors import DataError

__all__ = [
    "LOCATED_COLUMNS",
    "METHODS",
    "Gap",
    "Located",
    "open_located",
    "write_located",
]

METHODS = ("coordinates", "place-box", "gazetteer", "none")
_TEXTS = ("post", "text", "language", "place", "method", "why", "label")
LOCATED_COLUMNS: dict[str, str] = {
    "post": "pseudonym",
    "time": "UTC",
    "text": "as the pseudonymised store keeps it, empty where it keeps none",
    "language": "code of two letters, empty where not known",
    "latitude": "degrees north, WGS 84; NaN: not located",
    "longitude": "degrees east, WGS 84; NaN: not located",
    "radius_m": "m; the true place is within it nine times in ten",
    "place": "name that was matched, empty without one",
    "method": "coordinates, place-box, gazetteer or none",
    "why": "one sentence: why there, or why nowhere",
    "story": "number that the copies of one story share",
    "water": "1 says water, -1 says none, 0 neither or not classified",
    "probability": "0..1 that water is what is said; NaN: not classified",
    "label": "class that the classifier gave, empty without one",
    "severity_m": "m, depth that the words suggest; NaN: none",
}
"""Every column and what it holds."""


@dataclass(frozen=True)
class Gap:
    """A time in which the collection was deaf.

    Attributes
    ----------
    start, end : datetime64
        UTC; NaT where not known.
    why : str
    """

    start: np.datetime64
    end: np.datetime64
    why: str


@dataclass(frozen=True, eq=False)
class Located:
    """Posts and where they are, one row a post; see :data:`LOCATED_COLUMNS`.

    Attributes
    ----------
    post, text, language, place, method, why, label : tuple of str, N
    time : array (N,), datetime64[us]
        UTC; NaT where not known.
    latitude, longitude : array (N,)
        Degrees, WGS 84; NaN where not located.
    radius_m : array (N,)
        m; NaN where not located.
    story : array (N,), int64
    water : array (N,), int8
    probability : array (N,)
    severity_m : array (N,)
        m.
    gaps : tuple of Gap
    origin : mapping
        What was read, counts, gazetteer and its licence, what was assumed.

    Raises
    ------
    DataError
        If columns differ in length, or a row holds what cannot be; the row is named.
    """

    post: tuple[str, ...]
    time: NDArray[np.datetime64]
    text: tuple[str, ...]
    language: tuple[str, ...]
    latitude: NDArray[np.float64]
    longitude: NDArray[np.float64]
    radius_m: NDArray[np.float64]
    place: tuple[str, ...]
    method: tuple[str, ...]
    why: tuple[str, ...]
    story: NDArray[np.int64]
    water: NDArray[np.int8]
    probability: NDArray[np.float64]
    label: tuple[str, ...]
    severity_m: NDArray[np.float64]
    gaps: tuple[Gap, ...] = ()
    origin: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        lengths = {name: len(getattr(self, name)) for name in LOCATED_COLUMNS}
        if len(set(lengths.values())) > 1:
            raise DataError(f"located posts: columns of unequal length: {lengths}")
        if self.time.dtype != np.dtype("datetime64[us]"):
            raise DataError(f"located posts: time is {self.time.dtype}, expected datetime64[us]")
        _check_rows(self)

    def __len__(self) -> int:
        return len(self.post)

    @property
    def is_located(self) -> NDArray[np.bool_]:
        """Which posts have a place (N,)."""
        found: NDArray[np.bool_] = np.isfinite(self.latitude)
        return found

    def take(self, rows: NDArray[Any]) -> Located:
        """Give some of the rows, by a mask or by numbers; gaps and origin stay.

        Parameters
        ----------
        rows : array of bool (N,) or of int (M,)
        """
        chosen = np.flatnonzero(rows) if rows.dtype == bool else rows
        columns: dict[str, Any] = {}
        for name in LOCATED_COLUMNS:
            values = getattr(self, name)
            columns[name] = (
                tuple(values[row] for row in chosen.tolist()) if name in _TEXTS else values[chosen]
            )
        return Located(**columns, gaps=self.gaps, origin=self.origin)

    def with_columns(self, **columns: Any) -> Located:
        """Give the same posts with some columns, gaps or the origin replaced."""
        kept = {one.name: getattr(self, one.name) for one in fields(self)}
        return Located(**{**kept, **columns})


def _check_rows(located: Located) -> None:
    """Check that each row can be.

    Raises
    ------
    DataError
        At the first row that cannot.
    """
    latitude, longitude, radius = located.latitude, located.longitude, located.radius_m
    has_place = np.isfinite(latitude)
    weight = located.probability
    faults = (
        (has_place != np.isfinite(longitude), "one of latitude and longitude alone", "both"),
        (np.abs(latitude) > 90, "a latitude beyond the poles", "-90 to 90 degrees"),
        (np.abs(longitude) > 180, "a longitude beyond 180", "-180 to 180 degrees"),
        (has_place & ~(np.isfinite(radius) & (radius > 0)), "a place without a radius",
         "radius_m > 0 (m)"),
        (~np.isin(located.water, (-1, 0, 1)), "water of another kind", "-1, 0 or 1"),
        ((weight < 0) | (weight > 1), "a probability beyond its bounds", "0 to 1 or NaN"),
        (np.array([method not in METHODS for method in located.method], dtype=bool),
         "an unknown method", ", ".join(METHODS)),
    )  # fmt: skip
    for is_wrong, found, expected in faults:
        if is_wrong.any():
            row = int(np.flatnonzero(is_wrong)[0])
            raise DataError(
                f"located posts: row {row + 1} of {len(located)} has {found}, expected {expected}",
                hint="latitude, longitude (degrees, WGS 84) and radius_m (m) go together",
            )


def open_located(path: Path | str) -> Located:
    """Read located posts from ``.parquet``, ``.csv`` or ``.geojson``.

    Parameters
    ----------
    path : Path
        What :func:`write_located` has made, or a table of one's own: ``time``, ``latitude``,
        ``longitude`` and ``radius_m`` must be there. Other columns that are absent are filled,
        which ``origin["assumed"]`` says.

    Returns
    -------
    Located

    Raises
    ------
    MissingFileError
        If nothing is there.
    DataError
        If it is of another kind, a column is missing or a row cannot be read.
    """
    from inundate.posts.locate.located_files import read_file

    return read_file(Path(path))


def write_located(located: Located, path: Path | str) -> Path:
    """Write located posts, whole or not at all, as the suffix says.

    Parameters
    ----------
    located : Located
    path : Path
        ``.parquet`` or ``.geojson`` hold everything; ``.csv`` the rows, not gaps and origin.

    Returns
    -------
    Path

    Raises
    ------
    ConfigError
        If the suffix is another.
    """
    from inundate.posts.locate.located_files import write_file

    return write_file(located, Path(path))
