"""The answer does not depend on orientation, on the order of cells, or on threads."""

import dataclasses

import numpy as np
import pytest

from inundate.hydro import inertial
from inundate.hydro.march import March, simulate_arrays
from inundate.hydro.settings import SimulateSettings

TURNS = {
    "west-east": lambda a: a[..., ::-1],
    "north-south": lambda a: a[..., ::-1, :],
    "half turn": lambda a: a[..., ::-1, ::-1],
    "transpose": lambda a: np.swapaxes(a, -1, -2),
    "quarter turn": lambda a: np.rot90(a, axes=(-2, -1)),
}


def inputs(hills):
    rng = np.random.default_rng(11)
    ground = hills.copy()
    ground[5:9, 30:36] = np.nan
    ground[-6:, :7] = np.nan
    return ground, rng.gamma(1.0, 30.0, (3, *ground.shape)), rng.uniform(0.02, 0.1, ground.shape)


@pytest.mark.parametrize("precision", ["float32", "float64"])
@pytest.mark.parametrize("theta", ["one", "adaptive"])
@pytest.mark.parametrize("turn", TURNS)
def test_turned_input_gives_the_turned_answer_bit_by_bit(hills, turn, theta, precision):
    ground, rain, roughness = inputs(hills)
    settings = SimulateSettings(precision=precision, theta=theta, run_on_min=20)
    turned = TURNS[turn]
    make = {"rain_step_s": 600, "cell_size_m": 10, "settings": settings}
    found = simulate_arrays(ground, rain, roughness=roughness, **make)
    other = simulate_arrays(turned(ground), turned(rain), roughness=turned(roughness), **make)
    assert found.steps == other.steps
    np.testing.assert_array_equal(turned(found.depth), other.depth)
    np.testing.assert_array_equal(turned(found.deepest), other.deepest)


NAMES = ("depth", "carry", "deepest", "flow_x", "flow_y", "edge_flow", "soaked")


def advanced(ground, rain, roughness, seconds=300.0, threads=1, **settings):
    """Advance by one call of the kernel; give the state and the report."""
    march = March(ground, 10.0, SimulateSettings(**settings), roughness)
    scheme = dataclasses.replace(march.scheme, threads=threads)
    forcing = np.where(march.ground.valid, rain / 3.6e6, 0).astype(np.float32)
    report = march.step(forcing, seconds, scheme)
    return march.state, report


def assert_same(one, other):
    for name in NAMES:
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name), err_msg=name)


@pytest.fixture(scope="module")
def country(hills):
    """Ground, rain and roughness large enough for several time levels at once."""
    ground, rain, roughness = inputs(np.tile(hills, (5, 4)))
    assert ground.size > inertial._LEVELS_FROM
    return ground, rain[0], roughness


@pytest.mark.parametrize("threads", [2, 3, 40])
@pytest.mark.parametrize("case", [{}, {"infiltration": "green_ampt"}])
def test_threads_change_nothing(country, threads, case):
    one, first = advanced(*country, **case)
    many, second = advanced(*country, threads=threads, **case)
    assert_same(one, many)
    assert first == second
    assert first.outflow_m3 > 0


@pytest.mark.parametrize("turn", ["half turn", "transpose"])
def test_large_grid_turned_gives_the_turned_answer(country, turn):
    turned = TURNS[turn]
    one, first = advanced(*country)
    other, second = advanced(*(turned(field) for field in country))
    assert first.steps == second.steps
    np.testing.assert_array_equal(turned(one.depth), other.depth)
    np.testing.assert_array_equal(turned(one.deepest), other.deepest)


def test_layout_in_memory_changes_nothing(hills, monkeypatch):
    case = inputs(hills)
    one, _ = advanced(case[0], case[1][0], case[2])
    monkeypatch.setattr("inundate.hydro.flat._NARROW", 1)  # rows begin on lines of the cache
    monkeypatch.setattr("inundate.hydro.inertial._BLOCK", 1)  # two rows at once
    other, _ = advanced(case[0], case[1][0], case[2])
    assert other.depth.strides[0] > one.depth.strides[0]
    assert_same(one, other)


def test_a_state_laid_out_otherwise_goes_on_the_same(hills):
    ground, rain, roughness = inputs(hills)
    states = []
    for replace in (False, True):
        march = March(ground, 10.0, SimulateSettings(), roughness)
        forcing = np.where(march.ground.valid, rain[0] / 3.6e6, 0).astype(np.float32)
        march.step(forcing, 100.0)
        if replace:
            for name, values in march.state.arrays().items():
                setattr(march.state, name, values.copy())
        march.step(forcing, 100.0)
        states.append(march.state)
    assert_same(*states)


def test_a_raised_datum_changes_nothing(hills):
    ground, rain, _ = inputs(np.round(hills * 64) / 64)
    make = {"rain_step_s": 600, "cell_size_m": 10}
    found = simulate_arrays(ground, rain, **make)
    raised = simulate_arrays(ground + 1000.0, rain, **make)
    np.testing.assert_array_equal(found.depth, raised.depth)


def test_water_appears_where_the_rain_was_marked():
    ground = np.zeros((30, 50))
    rain = np.zeros((1, 30, 50))
    rain[0, 4, 41] = 100.0
    found = simulate_arrays(ground, rain, rain_step_s=60, cell_size_m=20)
    assert np.unravel_index(found.depth[0].argmax(), ground.shape) == (4, 41)
    assert found.depth[0, 4, 41] > 10 * np.sort(found.depth[0].ravel())[-6]
