"""Gazetteers from files: GeoNames dumps, OS Open Names, tables of one's own; bad rows counted."""

from __future__ import annotations

import csv
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

from inundate.core.errors import ConfigError, DataError, nearest
from inundate.core.files import check_input
from inundate.posts.locate.gazetteer import Place
from inundate.posts.locate.kinds import radius_of, translate_kind

__all__ = ["find_format", "read_places"]

_GEONAMES_COLUMNS, _OS_COLUMNS = 19, 34
_FIRST_BAD = 5
_SUFFIXES = (".csv", ".tsv", ".txt")
_NAMES: dict[str, tuple[str, ...]] = {
    "name": ("name", "name1", "place", "toponym", "label"),
    "latitude": ("latitude", "lat", "y_lat"),
    "longitude": ("longitude", "lon", "lng", "long"),
    "easting": ("easting", "geometry_x", "x", "eastings"),
    "northing": ("northing", "geometry_y", "y", "northings"),
    "kind": ("kind", "type", "local_type", "feature_code", "class", "fclass"),
    "population": ("population", "pop"),
    "radius_m": ("radius_m", "extent_m"),
    "others": ("alternatenames", "alternate_names", "other_names", "aliases", "name2"),
    "country": ("country", "country_code", "countrycode", "cc"),
    "parent": ("parent", "county_unitary", "district_borough", "admin1", "region", "county"),
}

Row = Sequence[str]


def read_places(path: Path, origin: dict[str, Any], crs: str | None) -> Iterator[Place]:
    """Read the places of a file, or of a folder of files of one kind.

    Parameters
    ----------
    path : Path
    origin : dict
        Receives the format, the licence where it is known, and what could not be read.
    crs : str, optional
        Of eastings and northings in a table of one's own.

    Raises
    ------
    DataError
        If it is no gazetteer.
    """
    place = check_input(path, what="reading a gazetteer")
    files = [place]
    if place.is_dir():
        files = sorted(one for one in place.rglob("*") if one.suffix.lower() in _SUFFIXES)
        if not files:
            raise DataError(
                f"reading a gazetteer {place}: no file {', '.join(_SUFFIXES)} in the folder"
            )
    origin |= {"read": 0, "bad_rows": 0, "first_bad_rows": []}
    for file in files:
        yield from _read_file(file, origin, crs)


def find_format(first: Row) -> str:
    """Tell a gazetteer's format by its first row.

    Returns
    -------
    str
        ``geonames``, ``os-open-names`` or ``table``.
    """
    if len(first) == _GEONAMES_COLUMNS and first[0].isdigit() and _is_number(first[4]):
        return "geonames"
    if len(first) == _OS_COLUMNS and _is_number(first[8]) and _is_number(first[9]):
        return "os-open-names"
    return "table"


def _is_number(text: str) -> bool:
    try:
        return math.isfinite(float(text))
    except ValueError:
        return False


def _read_file(file: Path, origin: dict[str, Any], crs: str | None) -> Iterator[Place]:
    with file.open(encoding="utf-8-sig", newline="", errors="replace") as stream:
        start = stream.readline()
        stream.seek(0)
        tab = start.count("\t") > start.count(",")
        # GeoNames quotes nothing: a quotation mark in a name is one
        rows = (
            csv.reader(stream, delimiter="\t", quoting=csv.QUOTE_NONE)
            if tab
            else csv.reader(stream)
        )
        first = next(rows, None)
        if first is None:
            return
        kind = find_format(first)
        origin["format"] = kind
        make: Callable[[Row], Place]
        if kind == "geonames":
            origin["licence"] = "CC BY 4.0, GeoNames (geonames.org)"
            make = _of_geonames
        elif kind == "os-open-names":
            origin["licence"] = "Open Government Licence v3, contains OS data"
            make = _of_os
        else:
            make = _of_table(first, file, crs)
        number = 1
        if kind != "table":
            yield from _made(make, first, file, number, origin)
        for number, row in enumerate(rows, 2):
            if row:
                yield from _made(make, row, file, number, origin)


def _made(
    make: Callable[[Row], Place], row: Row, file: Path, number: int, origin: dict[str, Any]
) -> Iterator[Place]:
    origin["read"] += 1
    try:
        place = _checked(make(row))
    except (ValueError, IndexError) as error:
        origin["bad_rows"] += 1
        if len(origin["first_bad_rows"]) < _FIRST_BAD:
            origin["first_bad_rows"].append(f"{file.name}, row {number}: {error}")
        return
    yield place


def _checked(place: Place) -> Place:
    if not place.name.strip():
        raise ValueError("no name")
    if not (abs(place.latitude) <= 90 and abs(place.longitude) <= 180):
        raise ValueError("no place on earth")
    return place


def _of_geonames(row: Row) -> Place:
    kind = translate_kind(row[7], row[6])
    population = float(row[14] or 0)
    return Place(
        row[1], float(row[4]), float(row[5]), radius_of(kind, population), kind, population,
        row[8], row[10], tuple(one for one in (row[2], *row[3].split(",")) if one),
    )  # fmt: skip


def _of_os(row: Row) -> Place:
    kind = translate_kind(row[7])
    longitude, latitude = _transformer("EPSG:27700")(float(row[8]), float(row[9]))
    extent = None
    if row[12] and row[14]:
        west, south, east, north = (float(one) for one in row[12:16])
        extent = math.hypot(east - west, north - south) / 2
    parent = row[18] or row[21]
    others = (row[4],) if row[4] else ()
    radius = radius_of(kind, 0, extent)
    return Place(row[2], latitude, longitude, radius, kind, 0.0, row[29], parent, others)


@lru_cache(maxsize=4)
def _transformer(crs: str) -> Callable[[float, float], tuple[float, float]]:
    from pyproj import Transformer
    from pyproj.exceptions import CRSError

    try:
        made = Transformer.from_crs(crs, "EPSG:4326", always_xy=True)
    except CRSError as error:
        raise ConfigError(f"reading a gazetteer: --gazetteer-crs {crs!r}: {error}") from error

    def change(x: float, y: float) -> tuple[float, float]:
        longitude, latitude = made.transform(x, y)
        return float(longitude), float(latitude)

    return change


def _of_table(header: Row, file: Path, crs: str | None) -> Callable[[Row], Place]:
    found = _columns(header)
    known = "latitude" in found and "longitude" in found
    if "name" not in found or not (known or ("easting" in found and "northing" in found)):
        close = nearest("latitude", list(header))
        raise DataError(
            f"reading the gazetteer {file}: expected columns name, latitude and longitude (or "
            f"easting and northing), found {', '.join(header[:20])}",
            hint=f"rename {close!r}" if close else "give the file a first row with these names",
        )
    if not known and crs is None:
        raise DataError(
            f"reading the gazetteer {file}: it has eastings and northings and no CRS is given",
            hint="name it by --gazetteer-crs, such as EPSG:27700 (Great Britain)",
        )

    if not known and crs is not None:
        _transformer(crs)  # told now, and not as a fault of every row

    def make(row: Row) -> Place:
        return _of_row(row, found, None if known else crs)

    return make


def _of_row(row: Row, found: Mapping[str, int], crs: str | None) -> Place:
    def cell(name: str) -> str:
        return row[found[name]].strip() if name in found else ""

    if crs is None:
        latitude, longitude = float(cell("latitude")), float(cell("longitude"))
    else:
        longitude, latitude = _transformer(crs)(float(cell("easting")), float(cell("northing")))
    population = float(cell("population") or 0)
    kind = translate_kind(cell("kind"))
    radius = float(cell("radius_m") or 0) or radius_of(kind, population)
    others = tuple(
        one.strip() for one in cell("others").replace("|", ";").split(";") if one.strip()
    )
    return Place(
        cell("name"), latitude, longitude, radius, kind, population,
        cell("country"), cell("parent"), others,
    )  # fmt: skip


def _columns(header: Row) -> dict[str, int]:
    plain = [one.strip().lower().replace(" ", "_") for one in header]
    found: dict[str, int] = {}
    for name, known in _NAMES.items():
        for one in known:
            if one in plain and plain.index(one) not in found.values():
                found[name] = plain.index(one)
                break
    return found
