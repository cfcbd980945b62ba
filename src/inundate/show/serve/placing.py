"""A post as the page has it: where on the map, what it says, and no more than that."""

from __future__ import annotations

import math
from typing import Any

from inundate.core.grid import Grid
from inundate.show.serve.says import Answer

__all__ = ["Placing"]

_LONGEST = 1000  # letters of a text that are shown
_METRES_A_DEGREE = 111_200.0
_POINT_M = 50.0  # radius of a place that tells no cell of its own


class Placing:
    """Puts posts on the map of an area.

    Parameters
    ----------
    grid : Grid
    """

    def __init__(self, grid: Grid) -> None:
        from pyproj import Transformer

        self._grid = grid
        self._to_map = Transformer.from_crs("EPSG:4326", grid.crs, always_xy=True)

    def post(self, post: dict[str, Any], answer: Answer) -> dict[str, Any]:
        """Give a post as the journal keeps it.

        Parameters
        ----------
        post : dict
            With the columns of a pseudonymised store.
        answer : Answer
        """
        text = post["text"]
        latitude, longitude = _number(post.get("latitude")), _number(post.get("longitude"))
        if latitude is None or longitude is None or abs(latitude) > 90 or abs(longitude) > 180:
            latitude = longitude = None
        column, row = self._cell(latitude, longitude)
        time = post.get("created_bin")
        return {
            "post": post["post"],
            "time": time if isinstance(time, str) else "",
            "text": text if len(text) <= _LONGEST else text[:_LONGEST] + "…",
            "language": str(post.get("lang") or "")[:12],
            "latitude": latitude,
            "longitude": longitude,
            "radius_m": None if latitude is None else _radius(post, latitude),
            "column": column,
            "row": row,
            "water": answer.water,
            "label": answer.label,
            "probability": answer.probability,
        }

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


def _number(value: object) -> float | None:
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    return float(value) if is_number and math.isfinite(value) else None  # type: ignore[arg-type]


def _radius(post: dict[str, Any], latitude: float) -> float:
    """Give half the diagonal of the cell that pseudonymisation keeps of a place, m."""
    side = _number(post.get("geo_cell_degrees")) or 0.0
    height = side * _METRES_A_DEGREE
    width = height * math.cos(math.radians(latitude))
    return round(max(_POINT_M, math.hypot(width, height) / 2), 1)
