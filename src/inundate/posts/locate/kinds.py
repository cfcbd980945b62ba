"""Kinds of places and how far from its point a place of a kind reaches."""

from __future__ import annotations

import math

__all__ = ["KINDS", "radius_of", "town_radius", "translate_kind"]

# m; of OS Open Names and GeoNames alike. Points of streets stand in their middle.
KINDS: dict[str, float] = {
    "building": 300.0,
    "street": 1_000.0,
    "neighbourhood": 2_000.0,
    "place": 2_000.0,
    "village": 2_000.0,
    "town": 3_000.0,
    "city": 10_000.0,
    "lake": 10_000.0,
    "hill": 5_000.0,
    "landscape": 15_000.0,
    "river": 50_000.0,
    "municipality": 15_000.0,
    "county": 50_000.0,
    "region": 200_000.0,
    "country": 800_000.0,
}
_DENSITY = 1_000.0  # persons in a km2 of a town: a low figure, so that the circle is not too small
_LEAST_TOWN = 2_000.0  # m
_CLASSES = {
    "S": "building", "R": "street", "H": "river", "T": "hill", "L": "landscape", "V": "landscape",
    "U": "landscape",
}  # fmt: skip
_CODES = {
    "PPLX": "neighbourhood", "PPLC": "city", "PPLA": "town", "ADM1": "region", "ADM2": "county",
    "ADM3": "municipality", "ADM4": "municipality", "ADM5": "municipality", "PCLI": "country",
    "PCLD": "country", "TERR": "country", "LK": "lake", "RSV": "lake", "PND": "lake",
}  # fmt: skip
_WORDS = {
    "suburban area": "neighbourhood", "suburb": "neighbourhood", "district": "neighbourhood",
    "hamlet": "village", "other settlement": "village", "named road": "street", "road": "street",
    "section of named road": "street", "section of numbered road": "street",
    "numbered road": "street", "postcode": "street", "bridge": "building",
    "state": "region", "province": "region", "stream": "river", "inland water": "lake",
    "railway station": "building", "hospital": "building", "school": "building",
    "hill or mountain": "hill", "valley": "landscape", "island": "landscape",
}  # fmt: skip


def translate_kind(written: str, feature_class: str = "") -> str:
    """Give the kind of :data:`KINDS` that a gazetteer's own word or code means.

    Parameters
    ----------
    written : str
        Such as ``Named Road`` (OS Open Names) or ``PPLX`` (a feature code of GeoNames).
    feature_class : str
        One letter of GeoNames.

    Examples
    --------
    >>> translate_kind("Suburban Area"), translate_kind("STM", "H"), translate_kind("")
    ('neighbourhood', 'river', 'place')
    """
    if written in _CODES:
        return _CODES[written]
    if feature_class == "P":
        return "town"
    if feature_class in _CLASSES:
        return _CLASSES[feature_class]
    plain = written.strip().lower()
    return plain if plain in KINDS else _WORDS.get(plain, "place")


def town_radius(population: float) -> float:
    """Give the radius of the circle in which so many people live at 1,000 a km2, m.

    Parameters
    ----------
    population : float

    Examples
    --------
    >>> round(town_radius(1_000_000)), town_radius(100)
    (17841, 2000.0)
    """
    return max(_LEAST_TOWN, 1_000.0 * math.sqrt(population / (_DENSITY * math.pi)))


def radius_of(kind: str, population: float, extent_m: float | None = None) -> float:
    """Give the radius within which a place of a kind lies, m.

    Parameters
    ----------
    kind : str
        One of :data:`KINDS`.
    population : float
        0 where not known.
    extent_m : float, optional
        Half of the diagonal of its box, where the gazetteer has one.
    """
    if extent_m is not None and extent_m > 0:
        return max(extent_m, KINDS["building"])
    if kind in ("village", "town", "city", "neighbourhood", "place") and population > 0:
        return town_radius(population)
    return KINDS[kind]
