"""Water at rest stays at rest, and small noise on it does not grow."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from inundate.core.errors import StabilityError
from inundate.hydro.settings import SimulateSettings
from inundate.hydro.suite.case import Case, Finding, Measure, line
from inundate.hydro.suite.setup import Setup
from inundate.hydro.timestep import courant_limit

__all__ = ["LAKE", "LAKE_EDGES", "STABILITY", "hills"]

_HOUR_S = 3600.0
_LEVEL_M = 2.03  # up to 4 m deep
_DATUM_M = 500.0  # that levels in float32 would not survive


def hills() -> NDArray[np.float64]:
    """Make rough ground of 40 x 56 cells: relief of 30 m, pits, no symmetry."""
    rows, columns = np.mgrid[0:40, 0:56]
    smooth = 8 * np.sin(rows / 9.0) * np.cos(columns / 13.0) + 0.35 * columns
    rough = np.random.default_rng(7).normal(0, 0.4, smooth.shape)
    return np.asarray(smooth + rough)


def _still(setup: Setup, ground: NDArray[np.float64], level: float, **numbers: object) -> Finding:
    depth = np.where(np.isnan(ground), 0, np.maximum(level - ground, 0.0))
    walls = numbers.pop("walls", None)
    if isinstance(walls, np.ndarray):
        depth[walls] = 0
        numbers["walls"] = walls
    tank = setup.tank(ground, 10.0, depth=depth, **numbers)  # type: ignore[arg-type]
    tank.advance(_HOUR_S)
    start = depth.astype(setup.precision).astype(np.float64)
    flows = tank.march.state.flow_x, tank.march.state.flow_y
    found = Finding({
        "depth moved": float(np.abs(tank.depth - start).max()),
        "discharge": max(float(np.abs(flow).max()) for flow in flows),
    })  # fmt: skip
    middle = ground.shape[0] // 2
    x = (np.arange(ground.shape[1]) + 0.5) * 10.0
    surface = np.where(tank.depth[middle] > 0, ground[middle] + tank.depth[middle], np.nan)
    found.draw(
        "Level after an hour, middle row", "Distance (m)", "Height (m)",
        line("ground", x, ground[middle], reference=True), line("water", x, surface),
    )  # fmt: skip
    return found


def _lake(setup: Setup) -> Finding:
    return _still(setup, 0.25 * hills(), _LEVEL_M)


def _lake_edges(setup: Setup) -> Finding:
    ground, level = 0.25 * hills() + _DATUM_M, _LEVEL_M + _DATUM_M
    ground[10:14, 20:25] = np.nan
    walls = np.zeros(ground.shape, dtype=bool)
    walls[30:33, 5:9] = True
    return _still(
        setup, ground, level, walls=walls, edges="level", edge_level_m=level, nodata_edges="closed"
    )


def _measures(moved: float, discharge: float) -> tuple[Measure, ...]:
    """Give what is measured, with the bounds for float32."""
    return (
        Measure("depth moved", "m", most={"float64": 1e-12, "float32": moved}),
        Measure("discharge", "m2 s-1", most={"float64": 1e-11, "float32": discharge}),
    )


LAKE = Case(
    "lake",
    "A lake with islands, walled in, keeps its level for an hour.",
    "water at rest",
    _measures(1e-5, 1e-3),
    _lake,
)

LAKE_EDGES = Case(
    "lake-edges",
    "So does a lake beside missing ground, walls, and edges at its own level.",
    "water at rest; the depth beyond an edge is rounded too",
    _measures(3e-5, 5e-3),
    _lake_edges,
)


def _grows(setup: Setup, courant: float, steps: int) -> float:
    """Give the largest deviation from still water, over what it was at the start."""
    noise = 1e-6 if setup.is_double else 1e-5
    depth = 1.0 + noise * np.random.default_rng(1).normal(size=(24, 24))
    tank = setup.tank(
        np.zeros((24, 24)), 10.0, depth=depth, theta="one", manning=1e-4, max_step_s=60.0
    )
    tank.set_scheme(courant=courant)
    seconds = steps * courant * 10.0 / math.sqrt(9.81)
    try:
        tank.advance(seconds)
    except StabilityError:
        return math.inf
    return float(np.abs(tank.depth - 1.0).max() / noise)


def _stability(setup: Setup) -> Finding:
    default = float(SimulateSettings.model_fields["courant"].default)
    growth = _grows(setup, default, 4000)
    found = Finding({"default Courant number": default, "growth of noise at the default": growth})
    if setup.is_full:
        return found
    low, high = 0.6, 0.8
    while high - low > 0.002:
        middle = 0.5 * (low + high)
        low, high = (middle, high) if _grows(setup, middle, 4000) < 100 else (low, middle)
    limit = 0.5 * (low + high)
    found.values["largest stable Courant number"] = limit
    found.values["off the theory"] = abs(limit - courant_limit(1.0))
    return found


STABILITY = Case(
    "stability",
    "Noise on still water dies out at the default step; the limit is the one of theory.",
    "von Neumann analysis in two dimensions: sqrt(theta / 2), theta 1",
    (
        Measure("default Courant number", most=0.6),
        Measure("growth of noise at the default", most=10.0),
        Measure("largest stable Courant number"),
        Measure("off the theory", most={"inertial": 0.01}),
    ),
    _stability,
)
