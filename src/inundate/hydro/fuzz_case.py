"""One random small flood: cliffs, pits, walls, holes, every kind of edge, source and loss."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from inundate.hydro.land import Land
from inundate.hydro.land_table import LandKind
from inundate.hydro.series import Series
from inundate.hydro.settings import SIDES, SimulateSettings
from inundate.hydro.site import Site
from inundate.hydro.soils import SOILS
from inundate.hydro.sources import Source
from inundate.hydro.state import Array
from inundate.hydro.stretches import Boundaries, Stretch
from inundate.hydro.timestep import GRAVITY

__all__ = ["FuzzCase", "make_case"]

_LARGEST = 24  # cells along a side
_STEPS = 60.0  # about so many time steps a case, if its water were as deep as expected
_RELIEF_M = 1000.0
# a sea that pours in from a kilometre above is no flood: without advection nothing damps it
_SEA_RELIEF_M = 30.0
Rng = np.random.Generator


@dataclass(frozen=True)
class FuzzCase:
    """What a march is made of; see :class:`~inundate.hydro.march.March`.

    Attributes
    ----------
    rain : list of array (H, W), mm h-1
        One for each step of ``rain_step_s``.
    """

    elevation: NDArray[np.float64]
    cell_size_m: float
    settings: SimulateSettings
    rain: list[Array]
    rain_step_s: float
    roughness: Array | None
    initial_depth: Array | None
    walls: NDArray[np.bool_] | None
    site: Site


def make_case(
    rng: Rng,
    equations: Literal["inertial", "full"] = "inertial",
    precision: Literal["float32", "float64"] = "float64",
    backend: Literal["numba", "torch", "triton"] = "numba",
) -> FuzzCase:
    """Make a random case.

    Parameters
    ----------
    rng : Generator
        All that is random.
    equations, precision, backend
        As in the settings.
    """
    shape = _shape(rng)
    size = float(10 ** rng.uniform(-2, 3))
    by_the_sea = _now_and_then(rng, 0.5)
    ground = _ground(rng, shape, size, _SEA_RELIEF_M if by_the_sea else _RELIEF_M)
    walls = rng.random(shape) < 0.1 if _now_and_then(rng, 0.3) else None
    _pierce(rng, ground, walls)
    valid = np.isfinite(ground) if walls is None else np.isfinite(ground) & ~walls
    depth = _water(rng, ground, valid)
    expected = 0.3 + (0.0 if depth is None else float(depth.max()))
    duration = float(np.clip(_STEPS * 0.5 * size / np.sqrt(GRAVITY * expected), 1e-3, 3600.0))
    site = Site(
        boundaries=_boundaries(rng, ground, valid, duration),
        sources=_sources(rng, valid, size, duration),
        land=_land(rng, shape),
        evaporation=_changing(rng, 8.0, duration) if _now_and_then(rng, 0.2) else None,
    )
    steps = int(rng.integers(1, 5))
    solver = (equations, precision, backend)
    settings = _settings(rng, ground[valid], site, duration, solver, by_the_sea)
    return FuzzCase(
        ground, size, settings, [_rain(rng, shape) for _ in range(steps)], duration / steps,
        10 ** rng.uniform(-2.5, -0.1, shape) if _now_and_then(rng, 0.3) else None,
        depth, walls, site,
    )  # fmt: skip


def _now_and_then(rng: Rng, share: float) -> bool:
    return bool(rng.random() < share)


def _shape(rng: Rng) -> tuple[int, int]:
    """Also single rows, columns and cells."""
    height, width = rng.integers(1, _LARGEST + 1, 2)
    thin = rng.random()
    return (1 if thin < 0.1 else int(height), 1 if 0.05 < thin < 0.15 else int(width))


def _ground(rng: Rng, shape: tuple[int, int], size: float, most: float) -> NDArray[np.float64]:
    """Slopes of a random steepness with cliffs and pits, somewhere above the sea or below."""
    rows, columns = np.mgrid[: shape[0], : shape[1]]
    steep = 10 ** rng.uniform(-4, 0.5)
    ground = steep * size * (rng.normal() * rows + rng.normal() * columns)
    ground = ground + rng.choice([0.0, 0.3, 2.0]) * steep * size * rng.normal(0, 1, shape)
    if _now_and_then(rng, 0.3):  # a cliff
        ground[int(rng.integers(shape[0])) :, int(rng.integers(shape[1])) :] += rng.normal(0, 100)
    for _ in range(rng.integers(0, 3)):  # pits and peaks
        at = tuple(rng.integers(0, n) for n in shape)
        ground[at] += rng.choice([-1000.0, -10.0, -0.3, 0.3, 30.0])
    if _now_and_then(rng, 0.15):
        ground[:] = 0.0  # dead flat
    ground *= min(1.0, most / max(float(np.ptp(ground)), 1.0))
    return np.asarray(ground + rng.choice([0.0, 1200.0, -50.0]), dtype=np.float64)


def _pierce(rng: Rng, ground: Array, walls: NDArray[np.bool_] | None) -> None:
    """Take ground away, but never all of it."""
    if _now_and_then(rng, 0.4):
        ground[rng.random(ground.shape) < rng.uniform(0, 0.5)] = np.nan
    if _now_and_then(rng, 0.2):  # a corner beyond the land
        last_row, last_column = (int(rng.integers(n + 1)) for n in ground.shape)
        ground[:last_row, :last_column] = np.nan
    on_ground = np.isfinite(ground) if walls is None else np.isfinite(ground) & ~walls
    if not on_ground.any():
        ground[-1, -1] = 0.0
        if walls is not None:
            walls[-1, -1] = False


def _water(rng: Rng, ground: Array, valid: NDArray[np.bool_]) -> Array | None:
    """Water at the start: none, a sheet, a lake of one level, or a dam."""
    kind = rng.integers(0, 5)
    if kind < 2:
        return None
    if kind == 2:
        return np.where(rng.random(ground.shape) < 0.3, 10 ** rng.uniform(-6, 1), 0.0)
    level = float(rng.choice(ground[valid])) + 10 ** rng.uniform(-3, 1)
    depth = np.where(valid, np.maximum(level - np.where(valid, ground, 0.0), 0.0), 0.0)
    if kind == 3:
        depth[:, ground.shape[1] // 2 :] = 0.0
    return np.asarray(np.minimum(depth, 990.0))


def _rain(rng: Rng, shape: tuple[int, int]) -> Array:
    """Rain in mm h-1: none, even, in patches, or a burst on one cell."""
    kind = rng.integers(0, 4)
    if kind == 0:
        return np.zeros(shape)
    if kind == 1:
        return np.full(shape, rng.uniform(0, 500))
    if kind == 2:
        return rng.gamma(0.3, 100.0, shape)
    burst = np.zeros(shape)
    burst[tuple(rng.integers(0, n) for n in shape)] = 500.0
    return burst


def _changing(rng: Rng, most: float, duration: float) -> Series:
    """Make a series that begins and ends anywhere."""
    times = np.unique(rng.uniform(-0.3, 1.2, int(rng.integers(1, 5)))) * duration
    return Series(times, rng.uniform(0, most, times.size), rng.choice(["hold", "zero"]))


def _sources(
    rng: Rng, valid: NDArray[np.bool_], size: float, duration: float
) -> tuple[Source, ...]:
    if not _now_and_then(rng, 0.3):
        return ()
    cells = np.argwhere(valid)
    rows, columns = rng.choice(cells, int(rng.integers(1, 4))).T
    most = 10 ** rng.uniform(-4, 0) * size**2 * rows.size  # up to 1 m s-1 of depth
    most = min(most, 2.0 * size**2 / duration * valid.sum())  # and 2 m over the whole grid
    return (Source("spring", rows, columns, _changing(rng, most, duration)),)


def _boundaries(
    rng: Rng, ground: Array, valid: NDArray[np.bool_], duration: float
) -> Boundaries | None:
    """Parts of the northern and western rim, where there is ground along them."""
    if not _now_and_then(rng, 0.4):
        return None
    stretches = []
    rims: tuple[tuple[Literal["north", "west"], int], ...] = (("north", 0), ("west", 1))
    for side, rim in rims:
        along = np.flatnonzero(valid[0] if rim == 0 else valid[:, 0])
        kind = rng.choice(["open", "closed", "level", "inflow", "none"])
        if not along.size or kind == "none":
            continue
        first, last = np.sort(rng.choice(along, 2)).tolist()
        heights = (ground[0] if rim == 0 else ground[:, 0])[along]
        heights = heights[(first <= along) & (along <= last)]
        made: dict[str, Any] = {}
        if kind == "open" and _now_and_then(rng, 0.5):
            made["slope"] = 10 ** rng.uniform(-4, 0)
        if kind == "level":
            tide = _changing(rng, 3.0, duration)
            base = float(heights.min()) + 0.1
            made["level"] = Series(tide.time_s, tide.value + base, "hold")
        if kind == "inflow":
            made["inflow"] = _changing(rng, 10 ** rng.uniform(-4, 0), duration)
            made["per_metre"] = True
        stretches.append(Stretch(side, kind, side, (first, last + 1), **made))
    return Boundaries(tuple(stretches))


def _land(rng: Rng, shape: tuple[int, int]) -> Land | None:
    if not _now_and_then(rng, 0.3):
        return None
    soil = str(rng.choice(list(SOILS)))
    kinds = (
        LandKind(code=1, name="soil", manning=0.05, infiltration="green_ampt", soil=soil,
                 saturation=float(rng.random())),
        LandKind(code=2, name="loss", manning=0.1, infiltration="constant",
                 loss_mm_h=float(rng.uniform(0, 500))),
        LandKind(code=3, name="street", manning=0.012,
                 drain_capacity_mm_h=float(rng.uniform(0, 99))),
    )  # fmt: skip
    return Land(rng.integers(0, 3, shape).astype(np.uint8), kinds)


def _settings(
    rng: Rng,
    heights: Array,
    site: Site,
    duration: float,
    solver: tuple[str, str, str],
    by_the_sea: bool,
) -> SimulateSettings:
    kinds = ["open", "closed", "level"] if by_the_sea else ["open", "closed"]
    made: dict[str, Any] = {
        "equations": solver[0],
        "precision": solver[1],
        "backend": solver[2],
        "courant": float(rng.uniform(0.1, 0.7)),
        "max_step_s": float(min(10 ** rng.uniform(-1, 1.77), 60.0)),
        "depth_min_m": float(10 ** rng.uniform(-6, -2)),
        "output_every_s": float(max(duration * rng.uniform(0.2, 1.5), 1e-5)),
        "edges": str(rng.choice(kinds)),
        "nodata_edges": str(rng.choice(["auto", "open", "closed"])),
        "run_on_min": 0.0,
    }
    if solver[0] == "inertial":
        made["froude_cap"] = float(10 ** rng.uniform(-0.5, 1))
        made["theta"] = str(rng.choice(["one", "adaptive"]))
    sides = {f"edge_{side}": str(rng.choice(kinds)) for side in SIDES}
    if _now_and_then(rng, 0.3):
        made |= sides
    used = {made["edges"], made["nodata_edges"], *(made.get(f"edge_{side}") for side in SIDES)}
    if "level" in used:  # above all ground, so that it is above some of its edge
        made["edge_level_m"] = float(heights.max() + 10 ** rng.uniform(-2, 1))
    if "open" in used and _now_and_then(rng, 0.3):
        made["edge_slope"] = float(10 ** rng.uniform(-4, 0))
    if site.land is None:
        made["manning"] = float(10 ** rng.uniform(-3, -0.1))
        made["drain_capacity_mm_h"] = float(rng.choice([0.0, 30.0]))
        made["infiltration"] = str(rng.choice(["none", "constant", "green_ampt"]))
    if site.evaporation is None:
        made["evaporation_mm_h"] = float(rng.choice([0.0, 8.0]))
    if any(not series.is_constant for series in site.series()):
        made["forcing_every_s"] = float(max(duration * rng.uniform(0.05, 1.0), 1e-5))
    return SimulateSettings(**made)
