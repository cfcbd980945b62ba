"""Make the ground of a tile: heights, synthetic or real, turned as the plan says."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from inundate.core.errors import DataError
from inundate.core.grid import Grid
from inundate.dataset.world.library import Library, Surface
from inundate.dataset.world.shapes import EXTRA, dam, roughen
from inundate.dataset.world.spec import TerrainSpec
from inundate.terrain.metric import block_mean, sample_bilinear
from inundate.terrain.synthetic import make_terrain

__all__ = ["LEAST_KNOWN", "cut_tile", "grid_of_spec", "make_bare", "make_heights", "turned"]

Array = NDArray[np.float32]

LEAST_KNOWN = 0.7  # a tile with less known ground is not used
_SYNTHETIC = {"town": "urban", "dam": "valley"}  # made by another kind's maker


def grid_of_spec(spec: TerrainSpec) -> Grid:
    """Give the grid of a terrain."""
    return Grid(
        spec.crs, spec.left, spec.top, spec.cell_size_m, spec.cell_size_m, spec.side, spec.side
    )


def turned(values: NDArray[np.float32], spec: TerrainSpec) -> NDArray[np.float32]:
    """Turn and mirror the last two axes as the plan says."""
    found = np.rot90(values, spec.turns, axes=(-2, -1))
    return np.ascontiguousarray(found[..., ::-1] if spec.mirrored else found)


def make_heights(spec: TerrainSpec, library: Library) -> Array:
    """Make the heights of a terrain, (H, W), m.

    Raises
    ------
    DataError
        If a real tile has too little known ground.
    """
    if spec.kind == "real":
        values = cut_tile(library.surfaces[spec.source], grid_of_spec(spec))
        known = float(np.isfinite(values).mean())
        if known < LEAST_KNOWN:
            raise DataError(
                f"terrain {spec.name}: {100 * known:.0f} % of its ground is known, expected "
                f"{100 * LEAST_KNOWN:.0f} %"
            )
        return turned(values, spec)
    return turned(_synthetic(spec), spec)


def _synthetic(spec: TerrainSpec) -> Array:
    heights = make_bare(spec)
    if spec.kind == "dam":
        return dam(heights, spec.settings, spec.seed)
    if spec.kind in ("urban", "town"):
        return roughen(heights, spec.settings, spec.cell_size_m, spec.seed)
    return heights


def make_bare(spec: TerrainSpec, **change: float) -> Array:
    """Make the heights of a synthetic terrain before anything is laid on it or it is turned.

    Parameters
    ----------
    spec : TerrainSpec
    **change
        Settings of the maker to change.
    """
    own = {k: v for k, v in spec.settings.items() if not k.startswith(EXTRA)} | change
    made = make_terrain(
        _SYNTHETIC.get(spec.kind, spec.kind), spec.seed, (spec.side, spec.side),
        cell_size_m=spec.cell_size_m,
        **{name: int(value) if name in _COUNTS else value for name, value in own.items()},
    )  # fmt: skip
    return np.asarray(made.values, dtype=np.float32)


_COUNTS = ("ditches", "levees", "underpasses", "erosion_steps")


def cut_tile(surface: Surface, grid: Grid) -> Array:
    """Cut a tile out of a heightmap, at its own or another cell size, (H, W), m.

    Cells at least twice as large as the heightmap's are means of blocks, the rest is bilinear.

    Parameters
    ----------
    surface : Surface
    grid : Grid
        In the CRS of the heightmap, with its corner on a corner of the heightmap's cells.
    """
    source = surface.grid
    factor = max(1, math.floor(grid.dx / source.dx + 1e-6))
    top = round((source.top - grid.top) / source.dy)
    left = round((grid.left - source.left) / source.dx)
    # one block more on each side, for what lies between centres
    first = [at - factor if at >= factor else at for at in (top, left)]
    span = [math.ceil(n * grid.dx / source.dx - 1e-6) + 2 * factor for n in grid.shape]
    rows = slice(first[0], min(top + span[0], source.height))
    columns = slice(first[1], min(left + span[1], source.width))
    part = np.asarray(surface.values[rows, columns], dtype=np.float64)
    values, blocks = block_mean(part, source.window(rows, columns), factor)
    # rounding must not push an aligned centre over the rim
    at_rows = np.round((blocks.top - grid.y) / blocks.dy - 0.5, 6)
    at_columns = np.round((grid.x - blocks.left) / blocks.dx - 0.5, 6)
    found = sample_bilinear(values, *np.meshgrid(at_rows, at_columns, indexing="ij"))
    return np.asarray(np.round(found, 3), dtype=np.float32)
