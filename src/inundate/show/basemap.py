"""A background of map tiles from a server, for those who ask for one; off until it is ticked."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import numpy as np

from inundate.core.errors import ConfigError, GridError
from inundate.core.grid import Grid, from_lonlat
from inundate.show.place import nodes_lonlat

__all__ = ["Basemap", "basemap_tiles", "check_basemap"]

_MOST_TILES = 48  # a screen of them; more would burden the server
_FINEST = 19  # zoom that the common servers have
_NORTHMOST = 85.05  # where the square world of web maps ends
_ORIGIN = re.compile(r"https://[A-Za-z0-9.-]+(:\d+)?|http://(127\.0\.0\.1|localhost)(:\d+)?")


@dataclass(frozen=True)
class Basemap:
    """Where tiles come from.

    Attributes
    ----------
    url : str
        With ``{z}``, ``{x}`` and ``{y}``, in the square web map (EPSG:3857).
    credit : str
        What the owner of the tiles wants to be read beside them.
    """

    url: str
    credit: str

    @property
    def origin(self) -> str:
        """Scheme, server and port: all that the page may load from."""
        parts = urlsplit(self.url)
        return f"{parts.scheme}://{parts.netloc}"


def check_basemap(basemap: Basemap) -> None:
    """Check that a page may be allowed to load these tiles.

    Raises
    ------
    ConfigError
        If the address is not https, has no fields for a tile, or the credit is empty.
    """
    missing = [name for name in ("{z}", "{x}", "{y}") if name not in basemap.url]
    if not _ORIGIN.fullmatch(basemap.origin) or missing or re.search(r"[\s'\"<>;]", basemap.url):
        raise ConfigError(
            f"background of a map: address {basemap.url!r}, expected https://SERVER/… with {{z}}, "
            "{x} and {y}",
            hint="such as https://tile.example.org/{z}/{x}/{y}.png",
        )
    if not basemap.credit.strip():
        raise ConfigError(
            "background of a map: nobody is credited, expected whose tiles they are",
            hint='add --basemap-credit "© …" as the licence of the tiles wants it',
        )


def basemap_tiles(basemap: Basemap, grid: Grid) -> dict[str, Any]:
    """Choose the tiles that cover a map, and where their corners lie in its CRS.

    Parameters
    ----------
    basemap : Basemap
    grid : Grid

    Returns
    -------
    dict
        ``origin``, ``credit`` and ``tiles``: address, and x, y of the north-west, north-east
        and south-west corners.

    Raises
    ------
    ConfigError
        If the address or credit is wrong.
    GridError
        If the map lies beyond the web map's edge, or across the line where days change.
    """
    check_basemap(basemap)
    (lon, lat), _ = nodes_lonlat(grid)
    west, east, south, north = lon.min(), lon.max(), lat.min(), lat.max()
    if max(abs(south), abs(north)) > _NORTHMOST or east - west > 180:
        raise GridError(
            f"background of a map: it reaches from {west:.1f} to {east:.1f} degrees east and "
            f"{south:.1f} to {north:.1f} degrees north, where web maps have no tiles in one piece",
            hint="leave out --basemap",
        )
    for zoom in range(_FINEST, -1, -1):
        (left, top), (right, bottom) = _tile(west, north, zoom), _tile(east, south, zoom)
        if (right - left + 1) * (bottom - top + 1) <= _MOST_TILES:
            break
    tiles = [
        {"url": _filled(basemap.url, zoom, column, row), "at": _corners(zoom, column, row, grid)}
        for row in range(top, bottom + 1)
        for column in range(left, right + 1)
    ]
    return {"origin": basemap.origin, "credit": basemap.credit, "tiles": tiles}


def _tile(lon: float, lat: float, zoom: int) -> tuple[int, int]:
    """Give column and row of the tile that holds a place."""
    count = 2**zoom
    down = (1 - math.asinh(math.tan(math.radians(lat))) / math.pi) / 2
    column, row = math.floor((lon + 180) / 360 * count), math.floor(down * count)
    return min(column, count - 1), min(row, count - 1)


def _corners(zoom: int, column: int, row: int, grid: Grid) -> list[float]:
    count = 2**zoom
    across = np.array([column, column + 1, column]) / count * 360 - 180
    down = np.array([row, row, row + 1]) / count
    up = np.degrees(np.arctan(np.sinh(math.pi * (1 - 2 * down))))
    x, y = from_lonlat(across, up, grid.crs)
    return [round(float(value), 6) for pair in zip(x, y, strict=True) for value in pair]


def _filled(url: str, zoom: int, column: int, row: int) -> str:
    return url.replace("{z}", str(zoom)).replace("{x}", str(column)).replace("{y}", str(row))
