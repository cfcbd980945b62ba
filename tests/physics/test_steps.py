"""The answer depends neither on the time step nor on the working precision."""

import numpy as np
import pytest

from inundate.hydro import inertial
from inundate.hydro.march import March, simulate_arrays
from inundate.hydro.settings import SimulateSettings
from inundate.hydro.timestep import courant_limit, longest_stable_step


def hits(found, other, threshold=0.1):
    """Critical success index of two maps of largest depth."""
    one, two = found >= threshold, other >= threshold
    return float((one & two).sum() / (one | two).sum())


@pytest.fixture(scope="module")
def flood(jacksboro):
    """Largest depth of the benchmark storm on a quarter of the real heightmap, by settings."""
    ground, kept = jacksboro[:172, :201], {}

    def run(**settings):
        key = tuple(sorted(settings.items()))
        if key not in kept:
            kept[key] = simulate_arrays(
                ground, np.array([30.0]), rain_step_s=3600, cell_size_m=90,
                settings=SimulateSettings(**{"edges": "closed", "courant": 0.7, **settings}),
            )  # fmt: skip
        return kept[key]

    return run


def test_precision_hardly_matters(flood):
    single, double = flood(), flood(precision="float64")
    assert hits(single.deepest, double.deepest) >= 0.999
    assert np.sqrt(np.mean((single.deepest - double.deepest) ** 2)) <= 5e-4
    assert single.deepest.max() > 1.0
    assert abs(single.budget["error_relative"]) <= 5e-6
    assert abs(double.budget["error_relative"]) <= 1e-12


@pytest.mark.parametrize("theta", ["one", "adaptive"])
def test_halved_steps_hardly_matter(flood, theta):
    long, short = flood(theta=theta), flood(theta=theta, courant=0.35)
    assert short.steps > 1.5 * long.steps  # max_step_s bounds both while water is shallow
    assert hits(long.deepest, short.deepest) >= 0.998


def test_weights_agree(flood):
    assert hits(flood(theta="one").deepest, flood().deepest) >= 0.995


@pytest.mark.parametrize(("courant", "is_stable"), [(0.6, True), (0.69, True), (0.75, False)])
def test_stability_limit_in_two_dimensions(courant, is_stable):
    assert courant_limit() == pytest.approx(0.7071, abs=1e-4)
    rng = np.random.default_rng(1)
    depth = 1.0 + 1e-6 * rng.normal(size=(24, 24))
    settings = SimulateSettings(edges="closed", theta="one", precision="float64", manning=1e-4)
    march = March(np.zeros((24, 24)), 10.0, settings, initial_depth=depth)
    scheme = march.scheme.__class__(**{**march.scheme.__dict__, "courant": courant})
    march.step(np.zeros((24, 24)), 8000.0, scheme)
    grown = np.abs(march.state.depth - 1.0).max()
    assert (grown < 1e-5) == is_stable


def test_the_step_taken_is_the_one_stated(hills):
    settings = SimulateSettings(edges="closed", courant=0.5, max_step_s=60.0)
    march = March(np.zeros((4, 4)), 10.0, settings, initial_depth=np.full((4, 4), 2.0))
    step = longest_stable_step(2.0, 10.0, 0.5, 60.0)
    report = march.step(np.zeros((4, 4), np.float32), 20 * step)
    assert report.steps == 20


LIMITS = (0.6, 1.0, 1e-4, 10.0, 0.5)  # courant, Froude cap, least depth, longest step, weight


def plan(deepest, rise=0.0, left=1e9, levels=8, cell=10.0):
    return inertial._plan(np.array([0.0, deepest, rise, 0.0]), 0.0, left, cell, LIMITS, levels)


def test_steps_taken_at_once_allow_for_rising_water():
    alone = longest_stable_step(2.0, 10.0, 0.6, 10.0)
    assert plan(2.0) == (8, pytest.approx(alone))
    levels, dt = plan(2.0, rise=0.01)
    assert levels == 8
    assert 0.95 * alone < dt < alone
    assert dt <= longest_stable_step(2.0 + 1.5 * 0.01 * 7 * dt, 10.0, 0.6, 10.0)
    assert plan(2.0, rise=0.1)[0] in (2, 4)
    assert plan(2.0, rise=5.0) == (1, pytest.approx(alone))
    assert plan(0.0, rise=1e-5) == (8, 10.0)  # the longest step binds, not the depth


def test_the_last_steps_are_even():
    alone = longest_stable_step(2.0, 10.0, 0.6, 10.0)
    assert plan(2.0, left=2.5 * alone) == (3, pytest.approx(2.5 * alone / 3))
    assert plan(2.0, left=1.5 * alone, levels=1) == (1, pytest.approx(0.75 * alone))
    assert plan(2.0, left=0.5 * alone, levels=1) == (1, pytest.approx(0.5 * alone))


@pytest.mark.parametrize(("depths", "may"), [
    ([2.0, 2.1, 2.2, 2.3], 8),
    ([2.0, 2.1, 2.2, 9.0], 8),  # the next steps start from it, with their own length
    ([2.0, 3.0, 2.2, 2.3], 1),  # a step was taken from this depth
    ([2.0, 2.1, np.nan, 2.3], 0),
    ([2.0, 2.1, 2.2, 2 * inertial.DEPTH_LIMIT_M], 0),
])  # fmt: skip
def test_a_rise_beyond_the_stable_limit_is_noticed(depths, may):
    dt = longest_stable_step(2.0, 10.0, 0.6, 10.0)
    found = np.zeros((4, 5))
    found[:, 4] = depths
    progress, sums = np.array([0.0, 2.0, 0.0, dt]), np.zeros(4)
    assert inertial._account(4, dt, 10.0, 1e9, found.ravel(), progress, sums) == may


def test_steps_taken_at_once_hardly_matter(hills, monkeypatch):
    ground = np.tile(hills, (5, 4))
    assert ground.size > inertial._LEVELS_FROM
    found = []
    for cells in (inertial._LEVELS_FROM, 10**9):
        monkeypatch.setattr(inertial, "_LEVELS_FROM", cells)
        found.append(
            simulate_arrays(
                ground, np.array([60.0]), rain_step_s=900, cell_size_m=10,
                settings=SimulateSettings(run_on_min=0),
            )
        )  # fmt: skip
    many, alone = found
    assert alone.steps <= many.steps <= 1.05 * alone.steps
    assert hits(many.deepest, alone.deepest) >= 0.999
    assert np.sqrt(np.mean((many.deepest - alone.deepest) ** 2)) <= 5e-4
