"""Every cubic metre is accounted for, and the soil takes what the theory says."""

from __future__ import annotations

from typing import Any

import numpy as np

from inundate.hydro.analytic import pond_soaked, rain_soaked
from inundate.hydro.land import Land
from inundate.hydro.land_table import LandKind
from inundate.hydro.march import March
from inundate.hydro.series import Series
from inundate.hydro.site import Site
from inundate.hydro.sources import Source
from inundate.hydro.state import Array
from inundate.hydro.stretches import Boundaries, Stretch
from inundate.hydro.suite.case import Case, Finding, Measure, line
from inundate.hydro.suite.setup import MM_H, Setup
from inundate.hydro.suite.still import hills

__all__ = ["BUDGET", "GREEN_AMPT", "SUPPLY_ERROR"]

SUPPLY_ERROR = {"float64": 1e-12, "float32": 5e-6}
"""Largest part of the water that may be unaccounted for."""

_CASES: dict[str, dict[str, Any]] = {
    "walls": {},
    "open edges": {"edges": "open"},
    "open edges on a slope of 5 %": {"edges": "open", "edge_slope": 0.05},
    "an edge of fixed level": {"edge_west": "level", "edge_level_m": 3.0},
    "edges of three kinds": {"edges": "open", "edge_north": "closed", "edge_east": "level",
                             "edge_level_m": 16.5},
    "constant loss": {"edges": "open", "infiltration": "constant"},
    "Green and Ampt": {"edges": "open", "infiltration": "green_ampt"},
    "drains": {"drain_capacity_mm_h": 12.0, "infiltration": "green_ampt"},
    "no Froude cap, smooth, long steps": {"edges": "open", "edge_slope": 1.0, "froude_cap": 10.0,
                                          "manning": 0.001, "max_step_s": 60.0},
}  # fmt: skip


_SITE = "tide, river, spring, land cover, evaporation"


def _place() -> tuple[Array, Array, Array]:
    """Give rough ground with holes, buildings, and rain (T, H, W) in mm/h."""
    ground = hills()
    ground[18:22, 30:33] = np.nan  # an enclosed hole
    ground[:6, :9] = np.nan  # a corner beyond the land
    walls = np.zeros(ground.shape, dtype=bool)
    walls[30:33, 5:9] = True
    return ground, walls, np.random.default_rng(3).gamma(1.0, 40.0, (6, *ground.shape))


def _budget(setup: Setup) -> Finding:
    found, lowest = Finding(), 0.0
    ground, walls, fields = _place()
    fields = fields[: 2 if setup.quick else None]
    for name, numbers in _CASES.items():
        tank = setup.tank(ground, 10.0, walls=walls, **numbers)
        for number, rain in enumerate(fields):
            tank.advance(600.0 * (number + 1), rain=rain * MM_H)
        tank.advance(tank.time_s + (600.0 if setup.quick else 3600.0))
        budget = tank.march.finish()
        found.values[name] = abs(budget.error_m3) / budget.rain_m3
        lowest = min(lowest, float(tank.depth.min()))
    march = _site_march(setup)
    setup.budgets.append(march.budget)
    found.values[_SITE] = abs(march.budget.error_m3) / march.budget.rain_m3
    found.values["lowest depth"] = min(lowest, float(march.state.depth.min()))
    return found


def _site_march(setup: Setup) -> March:
    """Run everything that a place may bring, as a simulation does."""
    ground, walls, fields = _place()
    times = np.array([0.0, 1800.0, 5400.0])
    shore = float(ground[-1, 8:16].min())
    tide = Series(times, shore + np.array([-0.5, 1.0, -0.5]))
    sea = Stretch("sea", "level", side="south", cells=(8, 16), level=tide)
    river = Stretch(
        "river", "inflow", side="west", cells=(10, 20), inflow=Series(times, np.array([0, 4, 0.0]))
    )
    spring = Source("spring", np.array([20]), np.array([20]), Series.constant(0.3))
    kinds = (
        LandKind(code=0, name="meadow", manning=0.06, infiltration="green_ampt", soil="silt loam"),
        LandKind(code=1, name="street", manning=0.02, drain_capacity_mm_h=12.0),
        LandKind(code=2, name="field", manning=0.04, infiltration="constant", loss_mm_h=5.0),
    )
    cover = np.random.default_rng(5).integers(0, 3, ground.shape).astype(np.uint8)
    site = Site(Boundaries((sea, river)), (spring,), Land(cover, kinds), Series.constant(5.0))
    march = March(
        ground, 10.0, setup.settings(edges="open"), walls=walls, kernel=setup.kernel, site=site
    )
    fields = fields[: 2 if setup.quick else None]
    for _ in march.frames([(600.0, rain) for rain in fields] + [(1800.0, 0 * fields[0])]):
        pass
    return march


BUDGET = Case(
    "budget",
    "Rain on rough ground with holes and buildings: the budget closes with every edge and loss.",
    "conservation of mass",
    (
        *(Measure(name, "of the rain", most=SUPPLY_ERROR) for name in (*_CASES, _SITE)),
        Measure("lowest depth", "m", least=0.0),
    ),
    _budget,
)


def _green_ampt(setup: Setup) -> Finding:
    found = Finding()
    soil = {"conductivity": 6.5 * MM_H, "suction": 0.1668, "deficit": 0.3}
    numbers = {"infiltration": "green_ampt"}
    minutes = np.arange(5, 121, 5)
    rainy = setup.tank(np.zeros((3, 3)), 10.0, **numbers)  # type: ignore[arg-type]
    pond = setup.tank(np.zeros((3, 3)), 10.0, depth=np.full((3, 3), 0.5), **numbers)  # type: ignore[arg-type]
    taken = []
    for minute in minutes:
        rainy.advance(60.0 * minute, rain=30 * MM_H)
        pond.advance(60.0 * minute)
        taken.append([tank.march.state.soaked[1, 1] for tank in (rainy, pond)])
    found_rain, found_pond = np.array(taken).T
    rain = np.array([rain_soaked(60.0 * m, rain=30 * MM_H, **soil) for m in minutes])
    ponded = np.array([pond_soaked(60.0 * m, pond=0.5, **soil) for m in minutes])
    found.values["depth soaked in, steady rain"] = 100 * float(np.abs(found_rain / rain - 1).max())
    found.values["depth soaked in, pond"] = 100 * float(np.abs(found_pond / ponded - 1).max())
    found.draw(
        "Water taken up by silt loam", "Time (min)", "Depth (mm)",
        line("exact, rain of 30 mm/h", minutes, rain * 1e3, reference=True),
        line("computed, rain of 30 mm/h", minutes, found_rain * 1e3),
        line("exact, pond of 0.5 m", minutes, ponded * 1e3, reference=True),
        line("computed, pond of 0.5 m", minutes, found_pond * 1e3),
    )  # fmt: skip
    return found


GREEN_AMPT = Case(
    "green-ampt",
    "Soil takes up rain until it ponds, and a pond until it is empty, as Green and Ampt say.",
    "Green and Ampt (1911), doi:10.1017/S0021859600001441; Mein and Larson (1973), "
    "doi:10.1029/WR009i002p00384",
    (
        Measure("depth soaked in, steady rain", "%", most=0.5),
        Measure("depth soaked in, pond", "%", most=0.5),
    ),
    _green_ampt,
)
