"""Shapes laid on synthetic ground: rough relief, garden walls, hollows, and a wall over a valley.

Their settings begin with ``extra_`` in a plan, so that they are told from those of the maker.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from inundate.core.seeds import make_rng
from inundate.terrain.surface import spectral_surface

__all__ = ["EXTRA", "dam", "roughen"]

Array = NDArray[np.float32]

EXTRA = "extra_"
_CREST_SD_M = 0.02  # no crest is level


def roughen(heights: Array, numbers: Mapping[str, float], cell_size_m: float, seed: int) -> Array:
    """Lay unevenness, walls with gaps and closed hollows on a town, (H, W), m.

    Parameters
    ----------
    heights : array (H, W), m
    numbers : mapping
        ``extra_relief_m`` and ``extra_hurst`` of the unevenness; ``extra_walls`` and
        ``extra_wall_m``: how many walls, and their height; ``extra_hollows`` and
        ``extra_hollow_m``: how many hollows, and their depth.
    cell_size_m : float
    seed : int
    """
    rng = make_rng(seed, "roughen")
    found = heights.astype(np.float64)
    found += numbers["extra_relief_m"] * spectral_surface(
        rng, heights.shape, numbers["extra_hurst"]
    )
    _add_hollows(found, rng, numbers, cell_size_m)
    _add_walls(found, rng, numbers, cell_size_m)
    return np.round(found, 3).astype(np.float32)


def _add_hollows(
    heights: NDArray[np.float64],
    rng: np.random.Generator,
    numbers: Mapping[str, float],
    cell_size_m: float,
) -> None:
    rows, columns = np.mgrid[: heights.shape[0], : heights.shape[1]]
    for _ in range(round(numbers["extra_hollows"])):
        row, column = rng.uniform(0, heights.shape[0]), rng.uniform(0, heights.shape[1])
        radii = rng.uniform(5.0, 25.0, 2) / cell_size_m
        away = ((rows - row) / radii[0]) ** 2 + ((columns - column) / radii[1]) ** 2
        depth = numbers["extra_hollow_m"] * rng.uniform(0.3, 1.0)
        heights -= depth * np.clip(1.0 - away, 0.0, None)


def _add_walls(
    heights: NDArray[np.float64],
    rng: np.random.Generator,
    numbers: Mapping[str, float],
    cell_size_m: float,
) -> None:
    for _ in range(round(numbers["extra_walls"])):
        lines = heights if rng.uniform() < 0.5 else heights.T
        at = int(rng.integers(1, lines.shape[0] - 1))
        length = max(4, round(rng.uniform(20.0, 120.0) / cell_size_m))
        first = int(rng.integers(0, max(1, lines.shape[1] - length)))
        stretch = slice(first, min(first + length, lines.shape[1]))
        open_ = rng.uniform(size=lines[at, stretch].size) < 0.03  # a gate now and then
        lines[at, stretch] += numbers["extra_wall_m"] * rng.uniform(0.5, 1.0) * ~open_


def dam(heights: Array, numbers: Mapping[str, float], seed: int) -> Array:
    """Put a wall across a valley that falls to the south, with a gap at the stream, (H, W), m.

    Parameters
    ----------
    heights : array (H, W), m
    numbers : mapping
        ``extra_row`` (share of the rows), ``extra_cells`` (thickness), ``extra_height_m`` above
        the stream, ``extra_gap_cells`` (0: closed), ``extra_sill`` (share of the height that
        stays in the gap).
    seed : int
    """
    first = round(numbers["extra_row"] * heights.shape[0])
    rows = slice(first, first + round(numbers["extra_cells"]))
    ground = heights[rows]
    bed, stream = float(ground.min()), int(ground.min(axis=0).argmin())
    wall = np.maximum(ground, np.float32(bed + numbers["extra_height_m"]))
    wall += make_rng(seed, "crest").normal(0, _CREST_SD_M, wall.shape).astype(np.float32)
    gap = np.abs(np.arange(heights.shape[1]) - stream) < numbers["extra_gap_cells"] / 2
    sill = np.float32(bed + numbers["extra_sill"] * numbers["extra_height_m"])
    wall[:, gap] = np.maximum(ground[:, gap], sill)
    found = heights.copy()
    found[rows] = wall
    return found
