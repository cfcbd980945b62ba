"""A post as the page has it: where on the map, what it says, and no more than that."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from inundate.core.grid import Grid
from inundate.show.place import cell_metres
from inundate.show.serve.says import Answer

__all__ = ["Place", "Placing"]

_LONGEST = 1000  # letters of a text that are shown
_METRES_A_DEGREE = 111_200.0
_POINT_M = 50.0  # radius of a place that tells no cell of its own


@dataclass(frozen=True)
class Place:
    """Where a post is, degrees, and how that is known.

    Attributes
    ----------
    latitude, longitude : float or None
        None where it is not known.
    radius_m : float or None
        The true place is within it nine times in ten.
    method : str
        ``coordinates``, ``gazetteer`` or ``none``.
    why : str
    """

    latitude: float | None = None
    longitude: float | None = None
    radius_m: float | None = None
    method: str = "none"
    why: str = "carries no coordinates"


class Placing:
    """Puts posts on the map of an area.

    Parameters
    ----------
    grid : Grid
    gazetteer : Path or str, optional
        Of places that texts may name, see :func:`inundate.posts.locate.opening.open_gazetteer`;
        without one only coordinates tell a place.

    Raises
    ------
    MissingFileError, MissingExtraError, DataError
        If the gazetteer cannot be read.
    """

    def __init__(self, grid: Grid, gazetteer: Path | str | None = None) -> None:
        from pyproj import Transformer

        self._grid = grid
        self._named = None if gazetteer is None else _Named(grid, gazetteer)
        self._to_map = Transformer.from_crs("EPSG:4326", grid.crs, always_xy=True)

    def post(self, post: dict[str, Any], answer: Answer) -> dict[str, Any]:
        """Give a post as the journal keeps it.

        Parameters
        ----------
        post : dict
            With the columns of a pseudonymised store.
        answer : Answer
        """
        time = str(post.get("created_bin") or "")
        return self._told(
            self._place(post), answer, post=post["post"], text=post["text"],
            time=time if _is_time(time) else "", language=str(post.get("lang") or ""),
        )  # fmt: skip

    def located(self, row: dict[str, Any]) -> dict[str, Any]:
        """Give a post that was located and classified before.

        Parameters
        ----------
        row : dict
            With the columns of located posts.
        """
        place = Place(row["latitude"], row["longitude"], row["radius_m"], row["method"], row["why"])
        answer = Answer(row["water"], row["label"], row["probability"])
        return self._told(
            place, answer, post=row["post"], text=row["text"], time=row["time"],
            language=row["language"],
        )  # fmt: skip

    def _told(
        self, place: Place, answer: Answer, *, post: str, text: str, time: str, language: str
    ) -> dict[str, Any]:
        column, row = self._cell(place.latitude, place.longitude)
        return {
            "post": post,
            "time": time,
            "text": text if len(text) <= _LONGEST else text[:_LONGEST] + "…",
            "language": language[:12],
            "latitude": place.latitude,
            "longitude": place.longitude,
            "radius_m": place.radius_m,
            "method": place.method,
            "why": place.why,
            "column": column,
            "row": row,
            "water": answer.water,
            "label": answer.label,
            "probability": answer.probability,
        }

    def _place(self, post: dict[str, Any]) -> Place:
        latitude, longitude = _number(post.get("latitude")), _number(post.get("longitude"))
        is_place = latitude is not None and longitude is not None
        if is_place and abs(latitude or 0) <= 90 and abs(longitude or 0) <= 180:
            radius = _radius(post, latitude or 0.0)
            return Place(latitude, longitude, radius, "coordinates", "carries coordinates")
        return Place() if self._named is None else self._named.find(post["text"])

    def _cell(
        self, latitude: float | None, longitude: float | None
    ) -> tuple[float | None, float | None]:
        """Give the place in cells from the top left corner; None outside the map."""
        if latitude is None or longitude is None:
            return None, None
        x, y = self._to_map.transform(longitude, latitude)  # infinite where the CRS has none
        left, bottom, right, top = self._grid.bounds
        if not (left <= x < right and bottom < y <= top):
            return None, None
        return round((x - left) / self._grid.dx, 2), round((top - y) / self._grid.dy, 2)


class _Named:
    """Places that texts name, those on the map before others."""

    def __init__(self, grid: Grid, source: Path | str) -> None:
        from inundate.core.grid import transform_bounds
        from inundate.posts.locate.opening import open_gazetteer
        from inundate.posts.locate.resolve import LocateSettings

        left, bottom, right, top = grid.bounds
        dx, dy = cell_metres(grid)
        across_km = math.hypot(grid.width * dx, grid.height * dy) / 1000
        self._gazetteer = open_gazetteer(source)
        self._settings = LocateSettings(
            area=transform_bounds((left, bottom, right, top), grid.crs, "EPSG:4326"),
            largest_km=across_km,  # a larger place says nothing on this map
        )

    def find(self, text: str) -> Place:
        """Find the place that a text names, or say why none is sure."""
        from inundate.posts.locate.locator import locate_text

        found = locate_text(text, self._gazetteer, self._settings)
        if found.row is None:
            return Place(why=found.why)
        latitude = float(self._gazetteer.latitude[found.row])
        longitude = float(self._gazetteer.longitude[found.row])
        radius = round(float(found.radius_m), 1)
        return Place(latitude, longitude, radius, "gazetteer", found.why)


def _number(value: object) -> float | None:
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    return float(value) if is_number and math.isfinite(value) else None  # type: ignore[arg-type]


def _radius(post: dict[str, Any], latitude: float) -> float:
    """Give half the diagonal of the cell that pseudonymisation keeps of a place, m."""
    side = _number(post.get("geo_cell_degrees")) or 0.0
    height = side * _METRES_A_DEGREE
    width = height * math.cos(math.radians(latitude))
    return round(max(_POINT_M, math.hypot(width, height) / 2), 1)


def _is_time(text: str) -> bool:
    """Whether it can be set beside other times: any other text would be the latest for good."""
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return False
    return True
