"""Synthetic flat ground: plains and towns."""

from __future__ import annotations

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from inundate.core.seeds import make_rng
from inundate.terrain.surface import CRS, Shape, as_terrain, spectral_surface
from inundate.terrain.town import town_heights

__all__ = ["make_plain", "make_urban"]


def make_plain(
    seed: int = 0,
    shape: Shape = (256, 256),
    cell_size_m: float = 10.0,
    *,
    slope: float = 0.001,
    micro_relief_m: float = 0.4,
    ditches: int = 6,
    ditch_depth_m: float = 1.0,
    levees: int = 2,
    levee_height_m: float = 1.2,
    crs: str = CRS,
) -> xr.DataArray:
    """Make a flat alluvial plain with hollows, ditches and levees.

    Parameters
    ----------
    seed, shape, cell_size_m, crs
        See :func:`inundate.terrain.hills.make_fractal`.
    slope : float, m/m
        Fall of the plain, in a direction that the seed chooses.
    micro_relief_m : float, m
        Standard deviation of the low swells and hollows; they are not drained.
    ditches, levees : int
        How many straight ditches and banks cross the plain; banks have gaps.
    ditch_depth_m, levee_height_m : float, m

    Returns
    -------
    DataArray (y, x), float32, m
    """
    rng = make_rng(seed, "terrain", "plain")
    rows, columns = shape
    y, x = np.mgrid[:rows, :columns] * cell_size_m
    angle = rng.uniform(0, 2 * np.pi)
    height = slope * (x * np.cos(angle) + y * np.sin(angle))
    height += micro_relief_m * spectral_surface(rng, shape, 0.6)
    for _ in range(levees):
        distance, along = _line(rng, x, y)
        bank = np.clip(1.0 - distance / (1.5 * cell_size_m), 0.0, 1.0)
        gap = np.abs(along % (0.4 * columns * cell_size_m)) < 3 * cell_size_m
        height += levee_height_m * bank * ~gap
    for _ in range(ditches):
        distance, _ = _line(rng, x, y)
        height -= ditch_depth_m * (distance <= 0.75 * cell_size_m)
    return as_terrain(height, cell_size_m, crs, "plain", seed)


def make_urban(
    seed: int = 0,
    shape: Shape = (256, 256),
    cell_size_m: float = 2.0,
    *,
    slope: float = 0.008,
    block_m: float = 80.0,
    street_m: float = 12.0,
    kerb_m: float = 0.12,
    built_share: float = 0.45,
    building_height_m: float = 5.0,
    underpasses: int = 2,
    micro_relief_m: float = 0.3,
    crs: str = CRS,
) -> xr.DataArray:
    """Make a town: blocks of buildings, streets below the pavements, underpasses.

    Parameters
    ----------
    seed, shape, cell_size_m, crs
        See :func:`inundate.terrain.hills.make_fractal`.
    slope : float, m/m
        Fall of the whole town.
    block_m, street_m : float, m
        Mean size of a block and width of a street (at least two cells).
    kerb_m : float, m
        Streets lie this much below the pavements.
    built_share : float
        Share of each block under buildings.
    building_height_m : float, m
        Buildings stand this much above the ground, so water flows round them; 0 for bare earth.
    underpasses : int
        Street crossings lowered by 2.5 m: closed sinks.
    micro_relief_m : float, m
        Standard deviation of the swells under the town.

    Returns
    -------
    DataArray (y, x), float32, m
    """
    rng = make_rng(seed, "terrain", "urban")
    rows, columns = shape
    y, x = np.mgrid[:rows, :columns] * cell_size_m
    angle = rng.uniform(0, 2 * np.pi)
    ground = slope * (x * np.cos(angle) + y * np.sin(angle))
    ground += micro_relief_m * spectral_surface(rng, shape, 0.9)
    ground += town_heights(
        rng,
        shape,
        cell_size_m,
        block_m=block_m,
        street_m=street_m,
        kerb_m=kerb_m,
        built_share=built_share,
        building_height_m=building_height_m,
        underpasses=underpasses,
    )
    return as_terrain(ground, cell_size_m, crs, "urban", seed)


def _line(
    rng: np.random.Generator, x: NDArray[np.float64], y: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Distance from, and way along, a random straight line through the map, m."""
    angle = rng.uniform(0, np.pi)
    px, py = rng.uniform(0.15, 0.85) * x.max(), rng.uniform(0.15, 0.85) * y.max()
    dx, dy = x - px, y - py
    return np.abs(dx * np.sin(angle) - dy * np.cos(angle)), dx * np.cos(angle) + dy * np.sin(angle)
