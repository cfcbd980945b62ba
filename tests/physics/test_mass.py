"""Every cubic metre is accounted for, whatever the edges, losses, sources and holes."""

import numpy as np
import pytest

from inundate.hydro.land import Land
from inundate.hydro.land_table import LandKind
from inundate.hydro.march import simulate_arrays
from inundate.hydro.series import Series
from inundate.hydro.settings import SimulateSettings
from inundate.hydro.site import Site
from inundate.hydro.sources import Source
from inundate.hydro.stretches import Boundaries, Stretch

CLOSE = {"float32": 5e-6, "float64": 1e-12}
TIDE = Series(np.array([0.0, 1500.0, 7200.0]), np.array([2.0, 6.0, 1.0]), name="tide")
FLOOD = Series(np.array([200.0, 900.0, 4000.0]), np.array([0.0, 8.0, 0.5]), "zero", "flood")


def parts(*stretches):
    return Site(boundaries=Boundaries(stretches))


def springs():
    cells = np.array([20, 21, 20]), np.array([40, 40, 41])
    one = Source("main", np.array([30]), np.array([12]), Series.constant(0.7))
    return Site(sources=(Source("spring", *cells, FLOOD), one))


def land(shape=(40, 56)):
    kinds = (
        LandKind(code=1, name="wood", manning=0.1, infiltration="green_ampt", soil="loam"),
        LandKind(code=2, name="gravel", manning=0.03, infiltration="constant", loss_mm_h=15),
        LandKind(code=3, name="street", manning=0.015, drain_capacity_mm_h=12),
        LandKind(code=4, name="lake", manning=0.03),
    )
    cover = (np.add.outer(np.arange(shape[0]) // 5, np.arange(shape[1]) // 7) % 4).astype(np.uint8)
    return Site(land=Land(cover, kinds))


def everything():
    sea = Stretch("sea", "level", "west", (10, 30), level=TIDE)
    river = Stretch("river", "inflow", "north", (30, 40), inflow=FLOOD)
    weir = Stretch("weir", "open", "east", (5, 9), slope=0.2)
    hole = Stretch("lake", "level", rows=(17, 23), columns=(29, 34), level=Series.constant(9.0))
    air = Series(np.array([0.0, 7200.0]), np.array([0.0, 6.0]), name="air")
    return Site(Boundaries((sea, river, weir, hole)), springs().sources, land().land, air)


# name: settings, site
CASES = {
    "closed": ({"edges": "closed"}, None),
    "open": ({"edges": "open"}, None),
    "slope": ({"edges": "open", "edge_slope": 0.05}, None),
    "level": ({"edges": "closed", "edge_west": "level", "edge_level_m": 3.0}, None),
    "mixed": ({"edge_north": "closed", "edge_east": "level", "edge_level_m": 20.0}, None),
    "holes open": ({"edges": "closed", "nodata_edges": "open"}, None),
    "constant": ({"infiltration": "constant"}, None),
    "green-ampt": ({"infiltration": "green_ampt"}, None),
    "drains": ({"drain_capacity_mm_h": 12.0}, None),
    "evaporation": ({"evaporation_mm_h": 5.0}, None),
    "all losses": (
        {"infiltration": "green_ampt", "drain_capacity_mm_h": 5.0, "evaporation_mm_h": 2.0}, None
    ),
    "theta one": ({"theta": "one"}, None),
    "no cap": ({"froude_cap": 10.0}, None),
    "long steps": ({"max_step_s": 60.0, "courant": 0.7}, None),
    "tide": ({"edges": "closed"}, parts(Stretch("sea", "level", "west", level=TIDE))),
    "inflow": ({"edges": "closed"}, parts(Stretch("river", "inflow", "north", inflow=FLOOD))),
    "inflow per metre": ({}, parts(
        Stretch("river", "inflow", "east", (9, 30), inflow=FLOOD, per_metre=True))),
    "weir": ({"edges": "closed"}, parts(Stretch("weir", "open", "south", (3, 30), slope=0.1))),
    "sources": ({"edges": "closed"}, springs()),
    "land cover": ({}, land()),
    "everything": ({"forcing_every_s": 45.0}, everything()),
}  # fmt: skip


def ragged(hills):
    ground = hills.copy()
    ground[18:22, 30:33] = np.nan  # an enclosed hole
    ground[:6, :9] = np.nan  # a corner beyond the land
    return ground


def run(hills, settings, site=None, steps=6, **extra):
    rng = np.random.default_rng(3)
    rain = rng.gamma(1.0, 40.0, (steps, *hills.shape))
    return simulate_arrays(
        ragged(hills), rain, rain_step_s=600, cell_size_m=10, settings=settings, site=site, **extra
    )


def check_terms(budget, case):
    """Check that the case does what its name says."""
    rain = budget["rain_m3"]
    if case == "closed":
        assert budget["outflow_m3"] == budget["inflow_m3"] == budget["source_m3"] == 0
        assert budget["stored_m3"] == pytest.approx(rain, rel=1e-5)
    losses = {
        "constant": ["infiltration_m3"], "green-ampt": ["infiltration_m3"],
        "drains": ["drainage_m3"], "evaporation": ["evaporation_m3"],
        "all losses": ["infiltration_m3", "drainage_m3", "evaporation_m3"],
        "land cover": ["infiltration_m3", "drainage_m3"],
        "everything": ["infiltration_m3", "drainage_m3", "evaporation_m3", "inflow_m3"],
        "tide": ["inflow_m3", "outflow_m3"], "mixed": ["inflow_m3", "outflow_m3"],
        "open": ["outflow_m3"], "slope": ["outflow_m3"], "weir": ["outflow_m3"],
        "holes open": ["outflow_m3"], "level": ["outflow_m3"],
    }  # fmt: skip
    for term in losses.get(case, []):
        assert 0.001 * rain < budget[term], term
    # the series over the hour of rain and the hour after it; 8 m3 s-1 at 900 s
    flood = 8 * 700 / 2 + (8 + 0.5) / 2 * 3100
    sources = {
        "sources": flood + 0.7 * 7200, "inflow": flood, "inflow per metre": flood * 210,
        "everything": 2 * flood + 0.7 * 7200,
    }  # fmt: skip
    assert budget["source_m3"] == pytest.approx(sources.get(case, 0.0), rel=1e-9)


@pytest.mark.parametrize("precision", ["float32", "float64"])
@pytest.mark.parametrize("case", CASES)
def test_budget_closes(hills, case, precision):
    settings, site = CASES[case]
    found = run(hills, SimulateSettings(precision=precision, **settings), site)
    assert abs(found.budget["error_relative"]) <= CLOSE[precision]
    assert np.nanmin(found.depth) >= 0
    check_terms(found.budget, case)


@pytest.mark.parametrize("precision", ["float32", "float64"])
@pytest.mark.parametrize("case", ["closed", "all losses", "tide", "everything"])
def test_budget_closes_with_the_full_equations(hills, case, precision):
    settings, site = CASES[case]
    made = SimulateSettings(equations="full", precision=precision, run_on_min=5, **settings)
    found = run(hills, made, site, steps=1)
    assert abs(found.budget["error_relative"]) <= CLOSE[precision]
    assert np.nanmin(found.depth) >= 0


def test_budget_is_the_rain_that_fell(hills):
    settings = SimulateSettings(edges="closed", precision="float64")
    found = simulate_arrays(
        hills, np.array([36.0, 0.0, 72.0]), rain_step_s=300, cell_size_m=10, settings=settings
    )
    assert found.budget["rain_m3"] == pytest.approx(0.009 * 100 * hills.size, rel=1e-12)
    assert found.depth[-1].sum() * 100 == pytest.approx(found.budget["rain_m3"], rel=1e-12)


def test_small_rain_on_deep_water_is_not_lost():
    # 8e-7 m a step is 7 units in the last place of 1.5 m: without the carried rest the sum
    # would be 5 % off
    settings = SimulateSettings(edges="closed", max_step_s=0.25, run_on_min=0)
    found = simulate_arrays(
        np.zeros((6, 6)), np.array([11.7]), rain_step_s=1800, cell_size_m=2, settings=settings,
        initial_depth=np.full((6, 6), 1.5),
    )  # fmt: skip
    assert abs(found.budget["error_relative"]) <= 1e-4  # of rain; the depth itself rounds to 1e-7
    assert np.abs(found.depth[-1] - 1.5 - 0.00585).max() <= 2e-7


def test_small_evaporation_from_deep_water_is_not_lost():
    settings = SimulateSettings(edges="closed", max_step_s=1.0, run_on_min=0, evaporation_mm_h=0.5)
    found = simulate_arrays(
        np.zeros((6, 6)), np.zeros(1), rain_step_s=7200, cell_size_m=10, settings=settings,
        initial_depth=np.full((6, 6), 1.5),
    )  # fmt: skip
    assert found.budget["evaporation_m3"] == pytest.approx(3600 * 0.001, rel=1e-5)
    assert np.abs(found.depth[-1] - 1.499).max() <= 2e-7


def test_never_more_out_than_there_is(hills):
    settings = SimulateSettings(edge_slope=1.0, manning=0.001, froude_cap=10.0, max_step_s=60.0)
    found = run(hills, settings)
    assert np.nanmin(found.depth) >= 0
    assert abs(found.budget["error_relative"]) <= CLOSE["float32"]
