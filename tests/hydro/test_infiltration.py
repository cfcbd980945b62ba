import numpy as np
import pytest

from inundate.hydro.infiltration import (
    CONSTANT_LOSS,
    GREEN_AMPT,
    NO_LOSS,
    green_ampt_depth,
    uniform_losses,
)
from inundate.hydro.march import March, simulate_arrays
from inundate.hydro.settings import SimulateSettings

MM_H = 1 / 3.6e6


def row_of(settings):
    losses = uniform_losses(settings, (2, 3))
    assert losses.cover.shape == (2, 3)
    return tuple(losses.table[0])


def test_parameters_reach_the_kernel_in_metres_and_seconds():
    assert row_of(SimulateSettings()) == (NO_LOSS, 0.0, 0.0, 0.0, 0.0)
    constant = SimulateSettings(infiltration="constant", loss_mm_h=3.6)
    assert row_of(constant) == (CONSTANT_LOSS, pytest.approx(1e-6), 0.0, 0.0, 0.0)
    soil = SimulateSettings(
        infiltration="green_ampt", conductivity_mm_h=7.2, suction_mm=110.0, moisture_deficit=0.25
    )
    assert row_of(soil) == (GREEN_AMPT, pytest.approx(2e-6), pytest.approx(0.11), 0.25, 0.0)


def test_green_ampt_solves_its_equation():
    rate, head, deficit = 6.5 * MM_H, 0.1668, 0.3
    storage = head * deficit
    for seconds in (1.0, 60.0, 3600.0, 86400.0):
        depth = green_ampt_depth(seconds, rate, head, deficit)
        assert depth - storage * np.log1p(depth / storage) == pytest.approx(
            rate * seconds, rel=1e-9
        )
    assert green_ampt_depth(0.0, rate, head, deficit) == 0
    assert green_ampt_depth(3600.0, rate, head, 0.0) == pytest.approx(rate * 3600)


@pytest.mark.parametrize("step", [1.0, 10.0, 60.0])
def test_ponded_soil_takes_the_exact_depth_whatever_the_step(step):
    settings = SimulateSettings(
        edges="closed", infiltration="green_ampt", precision="float64", max_step_s=step
    )
    march = March(np.zeros((2, 2)), 1000.0, settings, initial_depth=np.full((2, 2), 50.0))
    for _ in march.frames([(3600.0, np.zeros((2, 2)))]):
        pass
    head = 0.1668 + 50.0
    exact = green_ampt_depth(3600.0, 6.5 * MM_H, head, 0.3)
    np.testing.assert_allclose(march.state.soaked, exact, rtol=0.01)


def test_constant_loss_takes_all_lighter_rain():
    settings = SimulateSettings(edges="closed", infiltration="constant", loss_mm_h=10.0)
    found = simulate_arrays(
        np.zeros((3, 3)), np.array([9.0]), rain_step_s=3600, cell_size_m=10, settings=settings
    )
    assert found.depth.max() == 0
    assert found.budget["infiltration_m3"] == pytest.approx(found.budget["rain_m3"], rel=1e-6)


def test_constant_loss_leaves_the_excess_of_heavier_rain():
    settings = SimulateSettings(
        edges="closed", infiltration="constant", loss_mm_h=10.0, run_on_min=0
    )
    found = simulate_arrays(
        np.zeros((3, 3)), np.array([25.0]), rain_step_s=3600, cell_size_m=10, settings=settings
    )
    np.testing.assert_allclose(found.depth[-1], 0.015, rtol=1e-5)


def test_rain_below_the_capacity_soaks_in_whole():
    settings = SimulateSettings(edges="closed", infiltration="green_ampt", run_on_min=0)
    found = simulate_arrays(
        np.zeros((3, 3)), np.array([6.0]), rain_step_s=3600, cell_size_m=10, settings=settings
    )
    assert found.budget["infiltration_m3"] == pytest.approx(found.budget["rain_m3"], rel=1e-6)
    assert found.depth.max() == 0
