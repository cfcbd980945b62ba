"""Draw what lies on the ground: Manning's n as one number, as patches, as land, as a town."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from inundate.core.seeds import make_rng
from inundate.dataset.world.draw import log_uniform
from inundate.dataset.world.spec import TerrainSpec
from inundate.dataset.world.terrains import make_bare, turned
from inundate.terrain.roughness import LAND_COVER
from inundate.terrain.surface import spectral_surface

__all__ = ["make_roughness"]

Array = NDArray[np.float32]

_RANGE = (0.02, 0.12)  # s m-1/3: smooth earth to dense growth, Chow (1959), table 5-6
_STREET = (0.013, 0.02)  # asphalt
_GARDEN = (0.03, 0.07)
_ROOF = (0.015, 0.03)
_LAND = (10, 20, 30, 40, 50, 60, 90)  # codes of WorldCover that a catchment is made of
_VARIED = 0.1  # standard deviation of the log of n within a class


def make_roughness(spec: TerrainSpec, elevation: Array) -> Array:
    """Draw Manning's n of a terrain, (H, W), s m-1/3; NaN where there is no ground.

    A town has streets, roofs and gardens; other ground is uniform, in patches or a mosaic of land
    cover, a third each.
    """
    rng = make_rng(spec.seed, "roughness")
    shape = (spec.side, spec.side)
    if spec.kind in ("urban", "town"):
        values = _town(spec, rng)
    else:
        way = int(rng.integers(3))
        values = (_uniform, _patches, _mosaic)[way](rng, shape)
    found = np.round(np.clip(values, 0.012, 0.2), 4).astype(np.float32)
    found[~np.isfinite(elevation)] = np.nan
    return found


def _uniform(rng: np.random.Generator, shape: tuple[int, int]) -> NDArray[np.float64]:
    return np.full(shape, log_uniform(rng, *_RANGE))


def _patches(rng: np.random.Generator, shape: tuple[int, int]) -> NDArray[np.float64]:
    """Split the ground into two to four kinds by the height of a random surface."""
    count = int(rng.integers(2, 5))
    surface = spectral_surface(rng, shape, 0.7)
    limits = np.quantile(surface, np.linspace(0, 1, count + 1)[1:-1])
    values = np.array([log_uniform(rng, *_RANGE) for _ in range(count)])
    return np.asarray(values[np.digitize(surface, limits)])


def _mosaic(rng: np.random.Generator, shape: tuple[int, int]) -> NDArray[np.float64]:
    """Give each of some dozen fields (the nearest of random points) a kind of land."""
    count = int(rng.integers(8, 40))
    points = rng.uniform(0, 1, (count, 2)) * shape
    row, column = np.mgrid[: shape[0], : shape[1]]
    nearest = np.zeros(shape, dtype=np.int64)
    least = np.full(shape, np.inf)
    for index, (y, x) in enumerate(points):
        distance = (row - y) ** 2 + (column - x) ** 2
        closer = distance < least
        nearest[closer], least[closer] = index, distance[closer]
    table = LAND_COVER["worldcover"]
    codes = rng.choice(_LAND, count)
    values = np.array([table[int(code)].roughness for code in codes])
    return np.asarray((values * np.exp(_VARIED * rng.standard_normal(count)))[nearest])


def _town(spec: TerrainSpec, rng: np.random.Generator) -> NDArray[np.float64]:
    """Tell streets and buildings from the same town made with and without them."""
    street, garden, roof = (log_uniform(rng, *span) for span in (_STREET, _GARDEN, _ROOF))
    bare = make_bare(spec, underpasses=0, kerb_m=0.0, building_height_m=0.0)
    # each map is levelled to its lowest cell, so only differences within a map count
    built = make_bare(spec, underpasses=0, kerb_m=0.0, building_height_m=1.0) - bare
    lowered = bare - make_bare(spec, underpasses=0, kerb_m=1.0, building_height_m=0.0)
    values = np.full(bare.shape, garden, dtype=np.float32)
    if spec.kind == "urban":  # a bare-earth map has gardens where its buildings were
        values[built > built.min() + 0.5] = roof
    values[lowered > lowered.min() + 0.5] = street
    return turned(values, spec).astype(np.float64)
