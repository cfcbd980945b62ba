"""Named points and lines from CSV or GeoJSON: where a simulation is recorded."""

from __future__ import annotations

import csv
import json
import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from inundate.core.errors import DataError, nearest
from inundate.core.files import check_input
from inundate.core.grid import Grid
from inundate.rain.project import project_points

__all__ = ["Place", "open_places"]

_COLUMNS = ("name", "x", "y")
_LONGITUDE_LATITUDE = "EPSG:4326"  # what GeoJSON means by default: RFC 7946, section 4
_FORMS = {"point": "Point", "line": "LineString"}
_MOST_FAULTS = 10


@dataclass(frozen=True)
class Place:
    """A named point or line.

    Attributes
    ----------
    name : str
        Its name, unlike all others of the file.
    x, y : array (N,)
        Coordinates in the CRS of the grid that it was opened for; one of a point.
    """

    name: str
    x: NDArray[np.float64]
    y: NDArray[np.float64]


def open_places(
    path: Path | str, kind: Literal["point", "line"], grid: Grid, *, crs: str | None = None
) -> list[Place]:
    """Read named points or lines.

    Parameters
    ----------
    path : Path
        ``.csv`` with a header and the columns ``name``, ``x``, ``y`` (others are left out), a row
        for each point; rows of a line share its name and stand in order. Or ``.geojson``
        (``.json``): a FeatureCollection of Point or LineString with the property ``name``.
    kind : {"point", "line"}
        What the file must hold.
    grid : Grid
        Its CRS is what coordinates are brought to.
    crs : str, optional
        CRS of the file. By default that of the grid for CSV; for GeoJSON what its ``crs`` says,
        or longitude and latitude.

    Returns
    -------
    list of Place
        In the order of the file.

    Raises
    ------
    MissingFileError
        If it is absent.
    DataError
        If it cannot be read, holds something else, or names are missing or doubled; all faults
        at once.
    """
    source = check_input(path, what=f"reading {kind}s")
    if source.suffix.lower() == ".csv":
        rows, found = _read_csv(source), crs or grid.crs
        features = _by_name(rows) if kind == "line" else [(n, [xy]) for n, xy in rows]
    elif source.suffix.lower() in (".geojson", ".json"):
        features, named = _read_geojson(source, kind)
        found = crs or named
    else:
        raise DataError(
            f"reading {source}: suffix {source.suffix!r}, expected .csv or .geojson",
            hint="a CSV has the columns name,x,y",
        )
    _check(source, features, kind, found)
    return [_place(name, np.array(points, np.float64), found, grid) for name, points in features]


Named = list[tuple[str, list[tuple[float, float]]]]


def _place(name: str, points: NDArray[np.float64], crs: str, grid: Grid) -> Place:
    x, y = points[:, 0], points[:, 1]
    if crs != grid.crs:
        x, y = project_points(x, y, crs, grid.crs)
        if not (np.isfinite(x).all() and np.isfinite(y).all()):
            raise DataError(
                f"placing {name!r}: {points[0].tolist()} in {crs} has no place in {grid.crs}",
                hint="coordinates are x (or longitude) first; check the CRS",
            )
    return Place(name, np.asarray(x, np.float64), np.asarray(y, np.float64))


def _read_csv(source: Path) -> list[tuple[str, tuple[float, float]]]:
    try:
        text = source.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise DataError(f"reading {source}: not a text file in UTF-8 ({error})") from error
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    reader = csv.DictReader(lines, skipinitialspace=True)
    header = [str(name).strip() for name in reader.fieldnames or []]
    reader.fieldnames = header
    absent = [name for name in _COLUMNS if name not in header]
    if absent:
        close = nearest(absent[0], header)
        raise DataError(
            f"reading {source}: found the columns {', '.join(header) or '(none)'}, "
            f"expected {', '.join(_COLUMNS)}",
            hint=f"is {close!r} meant for {absent[0]!r}?" if close else None,
        )
    found, faults = [], []
    for number, row in enumerate(reader, start=2):
        values = [_number(row["x"]), _number(row["y"])]
        if not (row["name"] or "").strip():
            faults.append(f"line {number}: no name")
        if not all(math.isfinite(value) for value in values):
            faults.append(f"line {number}: x {row['x']!r}, y {row['y']!r}, expected numbers")
        found.append(((row["name"] or "").strip(), (values[0], values[1])))
    _raise(source, faults)
    return found


def _number(text: Any) -> float:
    try:
        return float(text)
    except (TypeError, ValueError):
        return math.nan


def _by_name(rows: list[tuple[str, tuple[float, float]]]) -> Named:
    lines: dict[str, list[tuple[float, float]]] = {}
    for name, point in rows:
        lines.setdefault(name, []).append(point)
    return list(lines.items())


def _read_geojson(source: Path, kind: str) -> tuple[Named, str]:
    try:
        content = json.loads(source.read_text(encoding="utf-8"))
        features = content["features"]
        crs = (content.get("crs") or {}).get("properties", {}).get("name", _LONGITUDE_LATITUDE)
    except (UnicodeDecodeError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise DataError(
            f"reading {source}: not a GeoJSON FeatureCollection "
            f"({type(error).__name__}: {str(error)[:80]})"
        ) from error
    found: Named = []
    faults = []
    for number, feature in enumerate(features, start=1):
        try:
            found.append(_feature(feature, kind))
        except (KeyError, TypeError, ValueError, IndexError) as error:
            faults.append(f"feature {number}: {error}")
    _raise(source, faults)
    return found, str(crs)


def _feature(feature: Mapping[str, Any], kind: str) -> tuple[str, list[tuple[float, float]]]:
    geometry = feature.get("geometry") or {}
    if geometry.get("type") != _FORMS[kind]:
        raise ValueError(f"a {geometry.get('type')}, expected a {_FORMS[kind]}")
    name = (feature.get("properties") or {}).get("name")
    if name is None or not str(name).strip():
        raise ValueError("no property 'name'")
    points = geometry["coordinates"] if kind == "line" else [geometry["coordinates"]]
    pairs = [(float(point[0]), float(point[1])) for point in points]
    if not all(math.isfinite(value) for pair in pairs for value in pair):
        raise ValueError("a coordinate that is no number")
    return str(name).strip(), pairs


def _check(source: Path, features: Named, kind: str, crs: str) -> None:
    faults = [] if features else [f"holds no {kind}"]
    counts = Counter(name for name, _ in features)
    faults += [f"{count} {kind}s are called {n!r}" for n, count in counts.items() if count > 1]
    for name, points in features:
        if kind == "line" and len(points) < 2:
            faults.append(f"line {name!r} has {len(points)} point, expected at least 2")
        if crs == _LONGITUDE_LATITUDE and any(abs(x) > 360 or abs(y) > 90 for x, y in points):
            faults.append(
                f"{name!r} at {points[0]} is no longitude and latitude, which GeoJSON holds "
                "unless its CRS is given"
            )
    _raise(source, faults)


def _raise(source: Path, faults: list[str]) -> None:
    if not faults:
        return
    shown = faults[:_MOST_FAULTS]
    if len(faults) > len(shown):
        shown.append(f"and {len(faults) - len(shown)} more")
    text = shown[0] if len(shown) == 1 else f"{len(faults)} faults\n  " + "\n  ".join(shown)
    raise DataError(f"reading {source}: {text}")
