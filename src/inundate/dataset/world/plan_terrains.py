"""Plan the terrains of a world: kinds, settings, places, edges."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from inundate.core.seeds import make_rng, make_seed
from inundate.dataset.world.cost import estimate_s
from inundate.dataset.world.draw import log_uniform, rounded, uniform
from inundate.dataset.world.library import Library, Surface
from inundate.dataset.world.settings import WorldSettings
from inundate.dataset.world.sources import TILES, Part, TileSource
from inundate.dataset.world.spec import TerrainSpec
from inundate.terrain.surface import CRS

__all__ = ["plan_terrains"]

Drawn = tuple[float, dict[str, float]]  # cell size in m, settings of the maker

_LONG_S = 3 * 3600.0  # what a tile is sized for: two hours of rain and one after it
# synthetic terrains stand in rows east of Britain, each on a plot of its own
_PLOTS, _PLOT_M, _EAST_M, _SOUTH_M = 40, 25_000.0, 1_000_000.0, -1_000_000.0
_TRIES = 40  # places looked at for a real tile; the one farthest from others is taken
_LEAST_KNOWN = 0.75  # a little above what the tile itself is held to
_LEVEL_SHARE = 0.5  # more cells as high as their neighbour are water, not land


def plan_terrains(settings: WorldSettings, seed: int, library: Library) -> list[TerrainSpec]:
    """List all terrains of a world, part by part.

    Parameters
    ----------
    settings : WorldSettings
    seed : int
    library : Library
        Real heightmaps; without them there are no real terrains.
    """
    found: list[TerrainSpec] = []
    parts: tuple[Part, ...] = ("train", "valid", "test")
    for part in parts:
        for kind, count in getattr(settings, part).kinds().items():
            if kind == "real":
                found += _real(settings, seed, part, count, library)
            else:
                found += _synthetic(settings, seed, part, kind, count, len(found))
    return found


def _synthetic(
    settings: WorldSettings, seed: int, part: Part, kind: str, count: int, first: int
) -> Iterator[TerrainSpec]:
    order = make_rng(seed, "order", part, kind).permutation(count)
    for number in range(count):
        rng = make_rng(seed, "terrain", part, kind, number)
        at = (int(order[number]) + float(rng.uniform())) / count  # spread over the range of slopes
        side, cell, own = _sized(settings, rng, kind, at)
        plot = first + number
        yield TerrainSpec(
            name=f"{part}-{kind}-{number:03d}", kind=kind, part=part,
            seed=make_seed(seed, "ground", part, kind, number), side=side, cell_size_m=cell,
            left=_EAST_M + plot % _PLOTS * _PLOT_M, top=_SOUTH_M - plot // _PLOTS * _PLOT_M,
            crs=CRS, edges=_edges(settings, rng), turns=int(rng.integers(4)),
            mirrored=bool(rng.uniform() < 0.5), settings=own,
        )  # fmt: skip


def _sized(
    settings: WorldSettings, rng: np.random.Generator, kind: str, at: float
) -> tuple[int, float, dict[str, float]]:
    """Draw a side that the solver gets through in time, a cell size, and the maker's settings."""
    low, high = _CELLS[kind]
    cell = log_uniform(rng, low, high)
    side = _side(settings, rng, kind, cell, settings.sides)
    return side, cell, _KINDS[kind](rng, at, side * cell)


def _side(
    settings: WorldSettings, rng: np.random.Generator, kind: str, cell: float, sides: Sequence[int]
) -> int:
    fit = [side for side in sides if estimate_s(kind, side, cell, _LONG_S) <= settings.cost_s]
    return int(rng.choice(fit)) if fit else min(sides)


def _edges(settings: WorldSettings, rng: np.random.Generator) -> str:
    return "open" if rng.uniform() < settings.open_share else "closed"


_CELLS = {
    "fractal": (5.0, 90.0),
    "valley": (5.0, 50.0),
    "plain": (2.0, 25.0),
    "urban": (2.0, 5.0),
    "town": (2.0, 5.0),
    "dam": (5.0, 30.0),
}


def _fractal(rng: np.random.Generator, at: float, extent_m: float) -> dict[str, float]:
    relief = extent_m * log_uniform(rng, 0.006, 0.14, at=at)
    return {
        "relief_m": rounded(min(max(relief, 3.0), 600.0)),
        "hurst": uniform(rng, 0.6, 0.95),
        "micro_relief_m": log_uniform(rng, 0.02, 0.2),
        "erosion_steps": float(rng.integers(6, 16)),
    }


def _valley(rng: np.random.Generator, at: float, extent_m: float) -> dict[str, float]:
    return {
        "valley_slope": log_uniform(rng, 0.001, 0.02),
        "side_slope": log_uniform(rng, 0.04, 0.4, at=at),
        "floor_width_m": rounded(extent_m * rng.uniform(0.05, 0.35)),
        "channel_depth_m": uniform(rng, 0.0, 3.0),
        "relief_m": rounded(extent_m * log_uniform(rng, 0.015, 0.12)),
    }


def _plain(rng: np.random.Generator, at: float, extent_m: float) -> dict[str, float]:
    return {
        "slope": log_uniform(rng, 0.0002, 0.006, at=at),
        "micro_relief_m": log_uniform(rng, 0.1, 0.8),
        "ditch_depth_m": log_uniform(rng, 0.3, 1.5),
        "levee_height_m": log_uniform(rng, 0.5, 2.0),
        "ditches": float(rng.integers(1, 9)),
        "levees": float(rng.integers(0, 4)),
    }


def _urban(rng: np.random.Generator, at: float, extent_m: float) -> dict[str, float]:
    return {
        "slope": log_uniform(rng, 0.0005, 0.03, at=at),
        "block_m": uniform(rng, 40, 120),
        "street_m": uniform(rng, 8, 18),
        "kerb_m": uniform(rng, 0.05, 0.2),
        "built_share": uniform(rng, 0.15, 0.5),
        "building_height_m": uniform(rng, 3, 8),
        "micro_relief_m": log_uniform(rng, 0.1, 1.5),
        "underpasses": float(rng.integers(0, 5)),
        "extra_relief_m": log_uniform(rng, 0.02, 0.25),
        "extra_hurst": uniform(rng, 0.5, 0.9),
        "extra_walls": float(rng.integers(0, 12)),
        "extra_wall_m": uniform(rng, 0.5, 2.5),
        "extra_hollows": float(rng.integers(0, 10)),
        "extra_hollow_m": log_uniform(rng, 0.2, 1.5),
    }


def _town(rng: np.random.Generator, at: float, extent_m: float) -> dict[str, float]:
    return {**_urban(rng, at, extent_m), "building_height_m": 0.0}


def _dam(rng: np.random.Generator, at: float, extent_m: float) -> dict[str, float]:
    closed = rng.uniform() < 0.25
    return {
        **_valley(rng, at, extent_m),
        "extra_row": uniform(rng, 0.45, 0.8),
        "extra_cells": float(rng.integers(2, 4)),
        "extra_height_m": log_uniform(rng, 1.5, 10.0),
        "extra_gap_cells": 0.0 if closed else float(rng.integers(1, 4)),
        "extra_sill": 0.0 if rng.uniform() < 0.5 else uniform(rng, 0.2, 0.8),
    }


_KINDS: dict[str, Callable[[np.random.Generator, float, float], dict[str, float]]] = {
    "fractal": _fractal,
    "valley": _valley,
    "plain": _plain,
    "urban": _urban,
    "town": _town,
    "dam": _dam,
}


@dataclass(frozen=True)
class _Spot:
    """Where a tile lies in a heightmap, in its cells from the north-west corner."""

    row: int
    column: int
    cells: int


def _real(
    settings: WorldSettings, seed: int, part: Part, count: int, library: Library
) -> Iterator[TerrainSpec]:
    sources = [s for s in TILES if s.part == part and s.heightmap in library.surfaces]
    for source, share in zip(sources, _shares(sources, count), strict=True):
        surface = library.surfaces[source.heightmap]
        taken: list[_Spot] = []
        for number in range(share):
            name = f"{part}-{source.heightmap}-{number:03d}"
            rng = make_rng(seed, "tile", name)
            factor = float(rng.choice(source.factors))
            room = _room(surface, source)
            fit = [s for s in settings.sides if _span(s, factor) <= min(room[1], room[3])]
            if not fit:
                break  # the heightmap is smaller than the smallest tile
            cell = surface.grid.dx * factor
            side = _side(settings, rng, "real", cell, fit)
            spot = _spot(rng, surface, room, side, factor, taken)
            if spot is None:
                continue  # water or unknown ground wherever one looked
            taken.append(spot)
            yield TerrainSpec(
                name=name, kind="real", part=part, seed=make_seed(seed, "ground", name),
                side=side, cell_size_m=cell, left=surface.grid.left + spot.column * surface.grid.dx,
                top=surface.grid.top - spot.row * surface.grid.dy, crs=surface.grid.crs,
                edges=_edges(settings, rng), turns=int(rng.integers(4)),
                mirrored=bool(rng.uniform() < 0.5), source=source.heightmap,
            )  # fmt: skip


def _shares(sources: Sequence[TileSource], count: int) -> list[int]:
    """Share tiles out by weight, none more than it has room for."""
    found = [0] * len(sources)
    for _ in range(min(count, sum(source.most for source in sources))):
        open_ = [i for i, source in enumerate(sources) if found[i] < source.most]
        # whoever is farthest below its weight is next, the first one on a tie
        best = min(open_, key=lambda i: ((found[i] + 1) / sources[i].weight, i))
        found[best] += 1
    return found


def _room(surface: Surface, source: TileSource) -> tuple[int, int, int, int]:
    """First row, rows, first column, columns that tiles may use."""
    width = surface.grid.width
    first, last = (round(share * width) for share in source.columns)
    return 0, surface.grid.height, first, last - first


def _margin(factor: float) -> int:
    """Cells of the heightmap that a tile needs round itself: none where its cells fall together."""
    return 0 if float(factor).is_integer() else math.ceil(factor)


def _span(side: int, factor: float) -> int:
    return math.ceil(side * factor - 1e-6) + 2 * _margin(factor)


def _spot(
    rng: np.random.Generator, surface: Surface, room: tuple[int, int, int, int], side: int,
    factor: float, taken: Sequence[_Spot],
) -> _Spot | None:  # fmt: skip
    """Look at some places and take the one farthest from those taken; None if none is land."""
    span, margin = _span(side, factor), _margin(factor)
    best, found = -1.0, None
    for _ in range(_TRIES):
        row = room[0] + int(rng.integers(room[1] - span + 1))
        column = room[2] + int(rng.integers(room[3] - span + 1))
        apart = min(
            (max(abs(row - s.row), abs(column - s.column)) / max(span, s.cells) for s in taken),
            default=1.0,
        )
        if apart > best and _is_land(surface, row, column, span):
            best, found = apart, _Spot(row + margin, column + margin, span)
    return found


def _is_land(surface: Surface, row: int, column: int, cells: int) -> bool:
    part = np.asarray(surface.values[row : row + cells, column : column + cells])
    if np.isfinite(part).mean() < _LEAST_KNOWN:
        return False
    return bool((np.diff(part, axis=1) == 0).mean() < _LEVEL_SHARE)
