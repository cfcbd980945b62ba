"""What the full equations keep: still water, symmetry, every cubic metre, depths above zero."""

import dataclasses

import numpy as np
import pytest

from inundate.core.errors import StabilityError
from inundate.hydro.march import March, simulate_arrays
from inundate.hydro.settings import SimulateSettings
from inundate.hydro.state import DEPTH_LIMIT_M, Losses

CLOSE = {"float32": 5e-6, "float64": 1e-12}
TURNS = {
    "west-east": lambda a: a[..., ::-1],
    "north-south": lambda a: a[..., ::-1, :],
    "transpose": lambda a: np.swapaxes(a, -1, -2),
    "quarter turn": lambda a: np.rot90(a, axes=(-2, -1)),
}
CASES = {
    "closed": {"edges": "closed"},
    "open": {"edges": "open"},
    "slope": {"edges": "open", "edge_slope": 0.05},
    "level": {"edges": "closed", "edge_west": "level", "edge_level_m": 1.0},
    "mixed": {"edge_north": "closed", "edge_east": "level", "edge_level_m": 15.0},
    "constant": {"infiltration": "constant"},
    "green-ampt": {"infiltration": "green_ampt"},
    "evaporation": {"evaporation_mm_h": 5.0},
}


def full(**settings):
    return SimulateSettings(**{"equations": "full", "edges": "closed", **settings})


@pytest.mark.parametrize(("precision", "moved"), [("float64", 1e-12), ("float32", 1e-5)])
@pytest.mark.parametrize("edges", ["closed", "level"])
def test_lake_with_islands_and_walls_stays(hills, edges, precision, moved):
    ground = 0.4 * hills + 500.0  # a datum that float32 levels would not survive
    ground[10:14, 20:25] = np.nan
    walls = np.zeros(ground.shape, bool)
    walls[30:33, 5:9] = True
    depth = np.where(walls | np.isnan(ground), 0.0, np.maximum(503.0 - ground, 0.0))
    assert 0.2 < (depth > 0).mean() < 0.8  # there are islands
    level = {"edge_level_m": 503.0} if edges == "level" else {}
    settings = full(edges=edges, precision=precision, **level)
    march = March(ground, 10.0, settings, initial_depth=depth, walls=walls)
    for _ in march.frames([(900.0, np.zeros(ground.shape))]):
        pass
    assert np.abs(march.state.depth - depth).max() <= moved
    assert np.abs(march.state.flow_x).max() <= 100 * moved
    assert np.abs(march.state.momentum_y).max() <= 100 * moved


@pytest.mark.parametrize("precision", ["float32", "float64"])
@pytest.mark.parametrize("turn", TURNS)
def test_turned_input_gives_the_turned_answer_bit_by_bit(hills, turn, precision):
    rng = np.random.default_rng(11)
    ground = hills.copy()
    ground[5:9, 30:36] = np.nan
    ground[-6:, :7] = np.nan
    rain, rough = rng.gamma(1.0, 60.0, (2, *ground.shape)), rng.uniform(0.02, 0.1, ground.shape)
    settings, turned = full(edges="open", precision=precision, run_on_min=10), TURNS[turn]
    make = {"rain_step_s": 600, "cell_size_m": 10, "settings": settings}
    found = simulate_arrays(ground, rain, roughness=rough, **make)
    other = simulate_arrays(turned(ground), turned(rain), roughness=turned(rough), **make)
    assert found.steps == other.steps
    np.testing.assert_array_equal(turned(found.depth), other.depth)
    np.testing.assert_array_equal(turned(found.deepest), other.deepest)


@pytest.mark.parametrize("strips", [2, 3, 40])
def test_strips_of_rows_change_nothing(hills, strips):
    ground = hills.copy()
    ground[5:9, 30:36] = np.nan
    states = []
    for threads in (1, strips):
        march = March(ground, 10.0, full(edges="open", infiltration="green_ampt"))
        rain = np.where(march.ground.valid, 3e-5, 0).astype(np.float32)
        report = march.step(rain, 120.0, dataclasses.replace(march.scheme, threads=threads))
        states.append((march.state, report))
    (one, first), (many, second) = states
    for name, values in one.arrays().items():
        np.testing.assert_array_equal(values, getattr(many, name), err_msg=name)
    assert first == second


@pytest.mark.parametrize("precision", ["float32", "float64"])
@pytest.mark.parametrize("case", CASES)
def test_budget_closes(hills, case, precision):
    ground = hills.copy()
    ground[18:22, 30:33] = np.nan  # an enclosed hole
    ground[:6, :9] = np.nan  # a corner beyond the land
    rain = np.random.default_rng(3).gamma(1.0, 40.0, (3, *ground.shape))
    found = simulate_arrays(
        ground, rain, rain_step_s=200, cell_size_m=10,
        settings=full(precision=precision, run_on_min=5, **CASES[case]),
    )  # fmt: skip
    budget = found.budget
    assert abs(budget["error_relative"]) <= CLOSE[precision]
    assert np.nanmin(found.depth) >= 0
    fallen = budget["rain_m3"]
    if case in ("open", "slope"):
        assert budget["outflow_m3"] > 0.05 * fallen
        assert budget["inflow_m3"] == 0
    elif case in ("level", "mixed"):
        assert budget["inflow_m3"] > 0
    elif case == "evaporation":
        assert budget["evaporation_m3"] > 0.02 * fallen
    elif case != "closed":
        assert 0.05 * fallen < budget["infiltration_m3"] < fallen


def test_drains_take_what_they_can(hills):
    march = March(hills, 10.0, full(precision="float64"), initial_depth=np.full(hills.shape, 0.02))
    cover = np.zeros(hills.shape, np.uint8)
    cover[:, 28:] = 1
    table = np.zeros((2, 5))
    table[1, 4] = 1e-5
    march.ground = dataclasses.replace(march.ground, losses=Losses(cover, table))
    report = march.step(np.zeros(hills.shape), 60.0)
    lost = 0.02 * hills.size - march.state.depth.sum()
    assert report.drained_m3 == pytest.approx(lost * 100, rel=1e-9)
    assert report.drained_m3 == pytest.approx(1e-5 * 60 * 100 * (cover == 1).sum(), rel=0.1)


def test_losses_are_those_of_the_inertial_equations(hills):
    rain = np.full(6, 40.0)
    losses = []
    for equations in ("inertial", "full"):
        settings = full(infiltration="green_ampt", precision="float64", run_on_min=0)
        settings = settings.model_copy(update={"equations": equations})
        found = simulate_arrays(hills, rain, rain_step_s=300, cell_size_m=10, settings=settings)
        losses.append(found.budget["infiltration_m3"])
    assert losses[1] == pytest.approx(losses[0], rel=0.02)


def random_case(seed):
    rng = np.random.default_rng(seed)
    shape = tuple(rng.integers(1, 9, 2))
    ground = rng.normal(0, 10.0 ** rng.uniform(-2, 2.5), shape)
    ground += rng.normal(0, 1) * np.arange(shape[1]) * 10.0 ** rng.uniform(-2, 1)
    if rng.random() < 0.4:
        ground[rng.random(shape) < 0.2] = np.nan
        ground.flat[0] = 0.0
    depth = np.where(rng.random(shape) < 0.5, 0, 10.0 ** rng.uniform(-4, 1.0, shape))
    edges = str(rng.choice(["open", "closed", "level"]))
    chosen = {"edges": edges, "manning": float(10.0 ** rng.uniform(-3, -0.5))}
    if edges == "level":
        chosen["edge_level_m"] = float(np.nanmax(ground) + rng.uniform(0.1, 2))
    if rng.random() < 0.3:
        chosen["infiltration"] = str(rng.choice(["constant", "green_ampt"]))
    chosen["precision"] = str(rng.choice(["float32", "float64"]))
    depth = np.where(np.isnan(ground), 0, depth * (rng.random() < 0.6))
    return ground, depth, chosen, float(10.0 ** rng.uniform(0, 2)), rng.uniform(0, 500) / 3.6e6


def test_any_small_terrain_keeps_its_water_and_no_less_than_none():
    for seed in range(150):
        ground, depth, chosen, cell, rate = random_case(seed)
        march = March(ground, cell, full(**chosen), initial_depth=depth)
        kind = march.state.depth.dtype
        rain = np.where(march.ground.valid, rate, 0).astype(kind)
        there = march.state.depth.sum(dtype=float) * cell**2
        steps = 0
        while march.state.time_s < 30 and steps < 400:
            report = march.step(rain, 1.0)
            assert report.is_stable, seed
            assert (march.state.depth >= 0).all(), seed  # false for NaN too
            steps += report.steps
            there += rain.sum(dtype=float) * report.seconds * cell**2
            there += report.inflow_m3 - report.outflow_m3
        held = (march.state.depth.sum(dtype=float) + march.state.soaked.sum()) * cell**2
        most = max(there, depth.sum() * cell**2, held)
        assert abs(there - held) <= CLOSE[str(kind)] * max(most, 1e-9) * 10, seed


@pytest.mark.parametrize("precision", ["float32", "float64"])
def test_rain_on_steep_rough_ground_is_stable(precision):
    # 22 % on 10 m cells with steps of a metre: the ground on which schemes break into pulses
    rng = np.random.default_rng(5)
    ground = 2.2 * np.arange(60)[::-1] + rng.normal(0, 1.0, (40, 60))
    settings = full(edge_east="open", precision=precision, run_on_min=0, output_every_s=300)
    found = simulate_arrays(
        ground, np.full(6, 100.0), rain_step_s=600, cell_size_m=10, settings=settings
    )
    assert abs(found.budget["error_relative"]) <= CLOSE[precision]
    outflow = found.budget["rain_m3"] - np.nansum(found.depth[-3:], axis=(1, 2)) * 100
    assert found.budget["outflow_m3"] == pytest.approx(outflow[-1], rel=1e-4)
    # steady: the stored water hardly changes any more, and no cell holds a pulse
    stored = np.nansum(found.depth, axis=(1, 2))
    assert stored[-1] == pytest.approx(stored[-3], rel=0.02)
    assert np.percentile(found.depth[-1], 99) < 1.5


def test_absurd_speed_is_reported():
    march = March(np.zeros((4, 4)), 10.0, full(), initial_depth=np.ones((4, 4)))
    march.state.momentum_x[1, 2] = 1e6
    report = march.step(np.zeros((4, 4), np.float32), 5.0)
    assert not report.is_stable
    with pytest.raises(StabilityError, match="row"):
        march.state.momentum_x[1, 2] = 1e6
        list(march.frames([(60.0, np.zeros((4, 4)))]))


def test_nan_is_reported():
    march = March(np.zeros((4, 4)), 10.0, full(), initial_depth=np.ones((4, 4)))
    march.state.depth[1, 2] = np.nan
    assert not march.step(np.zeros((4, 4), np.float32), 5.0).is_stable


def test_too_deep_water_is_reported():
    march = March(np.zeros((4, 4)), 10.0, full(), initial_depth=np.ones((4, 4)))
    march.state.depth[:] = DEPTH_LIMIT_M - 1
    assert not march.step(np.full((4, 4), 10.0, np.float32), 1.0).is_stable
