"""The answer does not depend on orientation, on the order of cells, or on threads."""

import dataclasses

import numpy as np
import pytest

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


@pytest.mark.parametrize("strips", [2, 3, 40])
@pytest.mark.parametrize("case", [{}, {"infiltration": "green_ampt"}])
def test_strips_of_rows_change_nothing(hills, strips, case):
    ground, rain, roughness = inputs(hills)
    settings = SimulateSettings(**case)
    states = []
    for threads in (1, strips):
        march = March(ground, 10.0, settings, roughness)
        scheme = dataclasses.replace(march.scheme, threads=threads)
        forcing = np.where(march.ground.valid, rain[0] / 3.6e6, 0).astype(np.float32)
        report = march.step(forcing, 300.0, scheme)
        states.append((march.state, report))
    (one, first), (many, second) = states
    for name in ("depth", "carry", "deepest", "flow_x", "flow_y", "edge_flow", "soaked"):
        np.testing.assert_array_equal(getattr(one, name), getattr(many, name), err_msg=name)
    assert first.steps == second.steps
    assert first.outflow_m3 == pytest.approx(second.outflow_m3, rel=1e-12)


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
