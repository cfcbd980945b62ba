"""Features as GeoPackage, GeoJSON or KML."""

from __future__ import annotations

import json
import struct
from collections.abc import Callable, Iterable, Sequence
from html import escape as escape_html
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape, quoteattr

import numpy as np
from numpy.typing import NDArray

from inundate.core.errors import require_extra
from inundate.core.files import atomic_file, write_text
from inundate.core.grid import Grid
from inundate.show.gis.features import Feature
from inundate.show.palette import DEPTH
from inundate.show.place import to_lonlat

__all__ = ["write_geojson", "write_geopackage", "write_kml"]

_LAYERS = {"flood": "flood", "unknown": "unknown", "post": "posts"}
_WKB_POINT, _WKB_POLYGON, _WKB_MULTI = 1, 3, 6


def write_geojson(
    path: Path, features: Sequence[Feature], grid: Grid, *, notes: Sequence[str] = ()
) -> Path:
    """Write features as GeoJSON in longitude and latitude.

    Parameters
    ----------
    path : Path
    features : sequence of Feature
    grid : Grid
        Whose CRS they are in.
    notes : sequence of str
        What the file does not know; kept as the member ``notes``.

    Source
    ------
    RFC 7946: WGS 84, outer rings counter-clockwise.
    """
    place = _placed(grid)
    written = [
        {
            "type": "Feature",
            "geometry": _geometry(feature, place),
            "properties": {"kind": feature.kind, **feature.properties},
        }
        for feature in features
    ]
    collection = {"type": "FeatureCollection", "notes": list(notes), "features": written}
    return write_text(path, json.dumps(collection, ensure_ascii=False, allow_nan=False) + "\n")


def write_geopackage(
    path: Path, features: Sequence[Feature], grid: Grid, *, notes: Sequence[str] = ()
) -> Path:
    """Write features as GeoPackage in the grid's CRS, a layer a kind.

    Raises
    ------
    MissingExtraError
        If pyogrio is not installed.
    """
    raw = require_extra("geo", "pyogrio.raw", what="writing GeoPackage")
    kinds = [kind for kind in _LAYERS if any(feature.kind == kind for feature in features)]
    with atomic_file(path) as temporary:
        for number, kind in enumerate(kinds):
            chosen = [feature for feature in features if feature.kind == kind]
            names = list(chosen[0].properties)
            raw.write(
                temporary,
                geometry=np.array([_wkb(feature) for feature in chosen], dtype=object),
                field_data=[_column([f.properties[name] for f in chosen]) for name in names],
                fields=np.array(names, dtype=object),
                layer=_LAYERS[kind],
                driver="GPKG",
                geometry_type="Point" if kind == "post" else "MultiPolygon",
                crs=grid.wkt,
                append=number > 0,
                layer_options={"DESCRIPTION": " ".join(notes)},
            )
    return path


def write_kml(
    path: Path, features: Sequence[Feature], grid: Grid, *, title: str, notes: Sequence[str] = ()
) -> Path:
    """Write features as KML with the colours of the map.

    Programs show the balloon of a place as HTML, so texts are escaped for that as well.

    Source
    ------
    OGC KML 2.2 (OGC 07-147r2).
    """
    place = _placed(grid)
    folders = []
    for kind, name in _LAYERS.items():
        chosen = [feature for feature in features if feature.kind == kind]
        if chosen:
            marks = "".join(_placemark(feature, place) for feature in chosen)
            folders.append(f"<Folder><name>{escape(name)}</name>{marks}</Folder>")
    page = (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<kml xmlns="http://www.opengis.net/kml/2.2"><Document>'
        f"<name>{escape(title)}</name><description>{_balloon(notes)}</description>"
        f"{_styles(features)}{''.join(folders)}</Document></kml>\n"
    )
    return write_text(path, page)


Place = Callable[[NDArray[np.float64]], NDArray[np.float64]]


def _placed(grid: Grid) -> Place:
    """Give the function that turns corners (N, 2) into longitude and latitude, to 0.1 m."""

    def place(corners: NDArray[np.float64]) -> NDArray[np.float64]:
        lonlat: NDArray[np.float64] = np.stack(
            to_lonlat(corners[:, 0], corners[:, 1], grid.crs), axis=1
        ).round(6)
        return lonlat

    return place


def _geometry(feature: Feature, place: Place) -> dict[str, Any]:
    if feature.point is not None:
        return {"type": "Point", "coordinates": place(np.array([feature.point]))[0].tolist()}
    polygons = [[place(ring).tolist() for ring in rings] for rings in feature.polygons]
    return {"type": "MultiPolygon", "coordinates": polygons}


def _wkb(feature: Feature) -> bytes:
    if feature.point is not None:
        return struct.pack("<BIdd", 1, _WKB_POINT, *feature.point)
    parts = [struct.pack("<BII", 1, _WKB_MULTI, len(feature.polygons))]
    for rings in feature.polygons:
        parts.append(struct.pack("<BII", 1, _WKB_POLYGON, len(rings)))
        for ring in rings:
            corners = np.ascontiguousarray(ring, dtype="<f8")
            parts += [struct.pack("<I", len(ring)), corners.tobytes()]
    return b"".join(parts)


def _column(values: Sequence[Any]) -> NDArray[Any]:
    """Give a column as pyogrio wants it: numbers with NaN for none, or objects."""
    if any(isinstance(value, str) for value in values) or all(value is None for value in values):
        return np.array(values, dtype=object)
    if any(value is None or isinstance(value, float) for value in values):
        return np.array([np.nan if v is None else v for v in values], dtype=np.float64)
    return np.array(values, dtype=np.int64)


def _placemark(feature: Feature, place: Place) -> str:
    told = {k: v for k, v in feature.properties.items() if v is not None and v != ""}
    lines = [f"{name}: {value}" for name, value in told.items()]
    when = (
        f"<TimeStamp><when>{escape(str(told['time']))}</when></TimeStamp>" if "time" in told else ""
    )
    return (
        f"<Placemark><name>{escape(_name(feature))}</name>"
        f"<description>{_balloon(lines)}</description>{when}"
        f"<styleUrl>#{_style_of(feature)}</styleUrl>{_kml_geometry(feature, place)}</Placemark>"
    )


def _balloon(lines: Iterable[str]) -> str:
    """Escape twice: the file is XML, and what it holds here is shown as HTML."""
    return escape("<br>".join(escape_html(str(line)) for line in lines))


def _name(feature: Feature) -> str:
    if feature.kind == "flood":
        return f"water of {feature.properties['threshold_m']:g} m and more"
    if feature.kind == "unknown":
        return "depth unknown"
    return f"post: {feature.properties['says']}"


def _style_of(feature: Feature) -> str:
    if feature.kind == "flood":
        threshold = np.float64(feature.properties["threshold_m"])
        return f"depth{max(0, int(DEPTH.index(np.array([threshold]))[0]))}"
    return "unknown" if feature.kind == "unknown" else f"post{feature.properties['water']}"


def _styles(features: Sequence[Feature]) -> str:
    colours = {"unknown": "#9a9a9a", "post1": "#0b4f8a", "post-1": "#d55e00", "post0": "#4a4a4a"}
    colours |= {f"depth{number}": colour for number, colour in enumerate(DEPTH.colours)}
    used = sorted({_style_of(feature) for feature in features})
    return "".join(
        f"<Style id={quoteattr(name)}>"
        f"<IconStyle><color>{_abgr('ff', colours[name])}</color></IconStyle>"
        f"<LineStyle><color>{_abgr('ff', colours[name])}</color><width>1</width></LineStyle>"
        f"<PolyStyle><color>{_abgr('a0', colours[name])}</color></PolyStyle></Style>"
        for name in used
    )


def _abgr(alpha: str, colour: str) -> str:
    return alpha + colour[5:7] + colour[3:5] + colour[1:3]


def _kml_geometry(feature: Feature, place: Place) -> str:
    if feature.point is not None:
        return f"<Point>{_coordinates(place(np.array([feature.point])))}</Point>"
    polygons = "".join(_kml_polygon([place(ring) for ring in rings]) for rings in feature.polygons)
    return f"<MultiGeometry>{polygons}</MultiGeometry>"


def _kml_polygon(rings: Sequence[NDArray[np.float64]]) -> str:
    outer, *holes = (f"<LinearRing>{_coordinates(ring)}</LinearRing>" for ring in rings)
    inner = "".join(f"<innerBoundaryIs>{hole}</innerBoundaryIs>" for hole in holes)
    return f"<Polygon><outerBoundaryIs>{outer}</outerBoundaryIs>{inner}</Polygon>"


def _coordinates(corners: NDArray[np.float64]) -> str:
    written = " ".join(f"{lon:.6f},{lat:.6f}" for lon, lat in corners)
    return f"<coordinates>{written}</coordinates>"
