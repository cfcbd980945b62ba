"""Where a grid lies: metres, names and longitude and latitude of its cells."""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from inundate.core.grid import Grid

__all__ = [
    "cell_metres",
    "crs_name",
    "nice_length",
    "nodes_lonlat",
    "place_words",
    "to_lonlat",
    "unit_metres",
]

_EARTH_RADIUS_M = 6_371_008.8  # mean radius, IUGG
_WGS84 = "EPSG:4326"


@lru_cache(maxsize=64)
def crs_name(crs: str) -> str:
    """Give the name of a CRS as readers know it.

    Examples
    --------
    >>> crs_name("EPSG:27700")
    'OSGB36 / British National Grid (EPSG:27700)'
    """
    from pyproj import CRS

    name = str(CRS.from_user_input(crs).name)
    return f"{name} ({crs})" if len(crs) <= 20 else name


def unit_metres(grid: Grid) -> float | None:
    """Give the metres in one unit of the CRS, or None where it is an angle."""
    from pyproj import CRS

    crs = CRS.from_user_input(grid.crs)
    return None if crs.is_geographic else float(crs.axis_info[0].unit_conversion_factor)


def cell_metres(grid: Grid) -> tuple[float, float]:
    """Give width and height in metres of the cell in the middle of a grid.

    Examples
    --------
    >>> cell_metres(Grid("EPSG:27700", 4e5, 4e5, 50, 25, 10, 10))
    (50.0, 25.0)
    """
    metres = unit_metres(grid)
    if metres is not None:
        return (grid.dx * metres, grid.dy * metres)
    _, bottom, _, top = grid.bounds
    degree = math.radians(1) * _EARTH_RADIUS_M
    return (grid.dx * degree * math.cos(math.radians((bottom + top) / 2)), grid.dy * degree)


def place_words(grid: Grid, x: float, y: float) -> str:
    """Write a place in the grid's CRS.

    Examples
    --------
    >>> place_words(Grid("EPSG:27700", 4e5, 4e5, 50, 25, 10, 10), 400125.0, 399900.0)
    'E 400,125 m, N 399,900 m'
    """
    metres = unit_metres(grid)
    if metres is None:
        return f"longitude {x:.5f}°, latitude {y:.5f}°"
    unit = "m" if metres == 1 else "CRS units"
    return f"E {x:,.0f} {unit}, N {y:,.0f} {unit}"


def nice_length(limit: float) -> float:
    """Give the largest of 1, 2, 5 times a power of ten that is not above a limit.

    Examples
    --------
    >>> nice_length(4300.0), nice_length(0.21)
    (2000.0, 0.2)
    """
    power = math.floor(math.log10(limit))
    step = next(s for s in (5, 2, 1) if s * 10.0**power <= limit * (1 + 1e-12))
    return round(step * 10.0**power, max(0, -power))


def to_lonlat(
    x: NDArray[np.float64], y: NDArray[np.float64], crs: str
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Turn coordinates of a CRS into WGS 84 longitude and latitude."""
    from pyproj import Transformer

    lon, lat = Transformer.from_crs(crs, _WGS84, always_xy=True).transform(x, y)
    return np.asarray(lon, dtype=np.float64), np.asarray(lat, dtype=np.float64)


def nodes_lonlat(grid: Grid, count: int = 17) -> tuple[NDArray[np.float64], float]:
    """Give longitude and latitude at a few nodes, so that a page can interpolate.

    Parameters
    ----------
    grid : Grid
        Area to cover.
    count : int
        Nodes along each side.

    Returns
    -------
    nodes : array (2, count, count), degrees
        Longitude and latitude, from the north-west corner, rows southwards.
    error_m : float, m
        Largest error of bilinear interpolation, measured halfway between nodes.
    """
    left, bottom, right, top = grid.bounds
    fine = 2 * count - 1
    x, y = np.meshgrid(np.linspace(left, right, fine), np.linspace(top, bottom, fine))
    full = np.stack(to_lonlat(x, y, grid.crs))
    nodes = full[:, ::2, ::2]
    middle = (nodes[:, 1:, 1:] + nodes[:, :-1, :-1] + nodes[:, 1:, :-1] + nodes[:, :-1, 1:]) / 4
    away = full[:, 1::2, 1::2] - middle
    metres = np.radians(away) * _EARTH_RADIUS_M
    metres[0] *= np.cos(np.radians(full[1, 1::2, 1::2]))
    return nodes, float(np.hypot(metres[0], metres[1]).max())
