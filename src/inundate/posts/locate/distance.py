"""Distances on the sphere."""

from __future__ import annotations

import math

from inundate.posts.locate.gazetteer import Gazetteer

__all__ = ["distance_km", "great_circle_km", "outside_km"]

_EARTH_KM = 6371.0


def great_circle_km(
    latitude: float, longitude: float, other_latitude: float, other_longitude: float
) -> float:
    """Give the distance of two points, km.

    Examples
    --------
    >>> round(great_circle_km(51.5, -0.13, 48.86, 2.35))
    343
    """
    phi, psi = math.radians(latitude), math.radians(other_latitude)
    half = math.sin((psi - phi) / 2) ** 2
    turn = math.sin(math.radians(other_longitude - longitude) / 2) ** 2
    return (
        2 * _EARTH_KM * math.asin(math.sqrt(min(1.0, half + math.cos(phi) * math.cos(psi) * turn)))
    )


def distance_km(gazetteer: Gazetteer, row: int, other: int | tuple[float, float]) -> float:
    """Give the distance of a place from another, or from a point (latitude, longitude), km."""
    if isinstance(other, tuple):
        latitude, longitude = other
    else:
        latitude, longitude = float(gazetteer.latitude[other]), float(gazetteer.longitude[other])
    return great_circle_km(
        float(gazetteer.latitude[row]), float(gazetteer.longitude[row]), latitude, longitude
    )


def outside_km(gazetteer: Gazetteer, row: int, box: tuple[float, float, float, float]) -> float:
    """Give how far a place is from a box (west, south, east, north), km; 0 within."""
    west, south, east, north = box
    latitude = min(max(float(gazetteer.latitude[row]), south), north)
    longitude = min(max(float(gazetteer.longitude[row]), west), east)
    return distance_km(gazetteer, row, (latitude, longitude))
