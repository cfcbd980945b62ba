"""The small synthetic places and storms on which probes are asked."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import xarray as xr

from inundate.core.errors import ConfigError, nearest
from inundate.core.seeds import make_rng
from inundate.emulate.probes.ground import Array, Ground
from inundate.hydro.settings import SimulateSettings
from inundate.terrain.surface import CRS, as_terrain, scaled, spectral_surface
from inundate.terrain.synthetic import make_fractal, make_plain, make_urban, make_valley

__all__ = ["STORMS", "TERRAINS", "Case", "World", "make_case", "make_cases"]

_SEED = 1  # of every terrain; another one gives other places of the same kinds
_WET_SHARE = 2 / 3  # of the frames have rain; the rest show how the water goes
_ROUNDED = 1024.0  # heights are whole 1/1024 m, so that +100 m loses nothing in single precision
Shape = tuple[int, int]


@dataclass(frozen=True)
class Case:
    """A terrain under a storm.

    Attributes
    ----------
    terrain, storm : str
        Their names.
    ground : Ground
        All that a predictor is told.
    """

    terrain: str
    storm: str
    ground: Ground

    @property
    def name(self) -> str:
        """Terrain and storm."""
        return f"{self.terrain} under {self.storm}"


@dataclass(frozen=True)
class World:
    """What all cases share.

    Attributes
    ----------
    shape : tuple
        Rows and columns; unequal, so that a confusion of the two shows.
    frames : int
        Number of frames, of which the last third is without rain.
    interval_s : float
        Time between frames.
    cell_size_m : float
        Side of a cell.
    rain_mm : tuple of float
        Smallest and largest storm, mean over the terrain.
    settings : SimulateSettings, optional
        Physics; by default some terrains have open and some closed edges.
    """

    shape: Shape = (64, 96)
    frames: int = 18
    interval_s: float = 300.0
    cell_size_m: float = 10.0
    rain_mm: tuple[float, float] = (20.0, 60.0)
    settings: SimulateSettings | None = None


def _urban(shape: Shape, size: float) -> xr.DataArray:
    return make_urban(_SEED, shape, size, block_m=12 * size, street_m=2 * size)


def _valley(shape: Shape, size: float) -> xr.DataArray:
    return make_valley(_SEED, shape, size, floor_width_m=12 * size, relief_m=4 * size)


def _plain(shape: Shape, size: float) -> xr.DataArray:
    return make_plain(_SEED, shape, size, ditches=3, levees=1)


def _fractal(shape: Shape, size: float) -> xr.DataArray:
    return make_fractal(_SEED, shape, size, relief_m=3 * size)


def _swells(shape: Shape, size: float) -> xr.DataArray:
    surface = spectral_surface(make_rng(_SEED, "probes", "swells"), shape, 1.0)
    return as_terrain(scaled(surface, 0.6 * size), size, CRS, "swells", _SEED)


@dataclass(frozen=True)
class _Terrain:
    make: Callable[[Shape, float], xr.DataArray]
    manning: float
    closed: bool
    hole: tuple[float, float, float, float] | None = None  # shares: top, bottom, left, right


TERRAINS: dict[str, _Terrain] = {
    "urban": _Terrain(_urban, 0.03, closed=True),
    # missing ground at the rim and inside: the two are different to the solver
    "valley": _Terrain(_valley, 0.05, closed=False, hole=(0.0, 0.2, 0.8, 1.0)),
    "plain": _Terrain(_plain, 0.035, closed=True, hole=(0.4, 0.5, 0.3, 0.4)),
    "fractal": _Terrain(_fractal, 0.06, closed=False),
    # wide swells, so that cells twice as large still see the same ground
    "swells": _Terrain(_swells, 0.05, closed=False),
}
"""Every terrain by name; "swells" is for comparing cell sizes only."""
_USUAL = ("urban", "valley", "plain", "fractal")


def _burst(time: Array, y: Array, x: Array) -> Array:
    course: Array = np.exp(-(((time - 0.3) / 0.15) ** 2)) + 0 * y * x
    return course


def _cell(time: Array, y: Array, x: Array) -> Array:
    """One cell that crosses the map from south-west to north-east, off its middle."""
    away = (x - 0.1 - 0.9 * time) ** 2 + (y - 0.75 + 0.6 * time) ** 2
    course: Array = np.exp(-away / (2 * 0.18**2))
    return course


def _double(time: Array, y: Array, x: Array) -> Array:
    """Two showers, stronger towards the north."""
    course: Array = 0.6 * np.exp(-(((time - 0.2) / 0.1) ** 2)) + np.exp(
        -(((time - 0.75) / 0.12) ** 2)
    )
    return np.asarray(course * (1.5 - y) + 0 * x)


@dataclass(frozen=True)
class _Storm:
    course: Callable[[Array, Array, Array], Array]  # of times, rows, columns 0 to 1
    weight: float  # 0 is the smallest total of the world, 1 the largest


STORMS: dict[str, _Storm] = {
    "burst": _Storm(_burst, 1.0),
    "cell": _Storm(_cell, 0.0),
    "double": _Storm(_double, 0.4),
}
"""Every storm by name."""


def _rain(name: str, world: World) -> Array:
    """Give rain (T, H, W) in mm h-1 with the storm's total."""
    storm = STORMS[name]
    rows, columns = world.shape
    wet = max(1, round(world.frames * _WET_SHARE))
    course = storm.course(
        _middles(wet)[:, None, None], _middles(rows)[:, None], _middles(columns)[None, :]
    )  # (wet, H, W)
    low, high = world.rain_mm
    total_mm = low * (high / low) ** storm.weight
    fallen_mm = course.sum(axis=0).mean() * world.interval_s / 3600.0  # at unit rate
    rain = np.zeros((world.frames, rows, columns), np.float32)
    rain[:wet] = course * (total_mm / fallen_mm)
    return rain


def _middles(count: int) -> Array:
    return ((np.arange(count) + 0.5) / count).astype(np.float32)


def make_case(terrain: str, storm: str, world: World | None = None) -> Case:
    """Make a terrain under a storm, the same each time.

    Parameters
    ----------
    terrain, storm : str
        Of :data:`TERRAINS` and :data:`STORMS`.
    world : World, optional
        Size, cells, rain and physics.

    Raises
    ------
    ConfigError
        If a name is not known.
    """
    world = world or World()
    for name, known, what in ((terrain, TERRAINS, "terrain"), (storm, STORMS, "storm")):
        if name not in known:
            close = nearest(name, known)
            raise ConfigError(
                f"probing: {what} {name!r} is not known; expected one of {', '.join(known)}",
                hint=f"did you mean {close!r}?" if close else None,
            )
    kind = TERRAINS[terrain]
    heights = kind.make(world.shape, world.cell_size_m).to_numpy()
    heights = (np.round(heights * _ROUNDED) / _ROUNDED).astype(np.float32)
    if kind.hole is not None:
        top, bottom = (round(share * world.shape[0]) for share in kind.hole[:2])
        left, right = (round(share * world.shape[1]) for share in kind.hole[2:])
        heights[top:bottom, left:right] = np.nan
    settings = world.settings or SimulateSettings(edges="closed" if kind.closed else "open")
    manning = kind.manning if world.settings is None else settings.manning
    roughness = np.full(world.shape, manning, np.float32)
    ground = Ground(
        heights, roughness, _rain(storm, world), world.interval_s, world.cell_size_m, settings
    )
    return Case(terrain, storm, ground)


def make_cases(
    world: World | None = None,
    *,
    terrains: Sequence[str] = _USUAL,
    storms: Sequence[str] = tuple(STORMS),
) -> list[Case]:
    """Make every terrain under every storm, see :func:`make_case`."""
    return [make_case(terrain, storm, world) for terrain in terrains for storm in storms]
