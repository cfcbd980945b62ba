"""The kernel of the full equations as the march sees it."""

import dataclasses

import numpy as np
import pytest

from inundate.hydro.full import FullKernel, FullState
from inundate.hydro.kernels import make_kernel
from inundate.hydro.march import March
from inundate.hydro.settings import SimulateSettings


def full(**settings):
    return SimulateSettings(**{"equations": "full", "precision": "float64", **settings})


def slope(rows=5, columns=8, fall=0.1):
    return np.tile(fall * np.arange(columns)[::-1], (rows, 1))


def test_settings_choose_it():
    assert isinstance(make_kernel(full()), FullKernel)


def test_state_holds_momentum():
    march = March(slope(), 10.0, full())
    assert isinstance(march.state, FullState)
    assert {"depth", "momentum_x", "momentum_y"} <= march.state.arrays().keys()
    march.step(np.full((5, 8), 1e-4), 100.0)
    assert march.state.momentum_x.min() > 0
    assert np.abs(march.state.momentum_y[2]).max() < 1e-12  # the middle row


def test_flows_hold_the_mass_that_moved():
    march = March(slope(), 10.0, full(edges="closed", edge_east="open"))
    rain = np.full((5, 8), 1e-4)
    march.step(rain, 200.0)
    before = march.state.depth.copy()
    scheme = dataclasses.replace(march.scheme, max_step_s=0.25)
    report = march.step(rain, 0.25, scheme)
    assert report.steps == 1
    flow_x, flow_y = march.state.flow_x, march.state.flow_y
    spread = np.diff(flow_x, axis=1) + np.diff(flow_y, axis=0)
    change = 0.25 * (rain - spread / 10)
    np.testing.assert_allclose(march.state.depth - before, change, atol=1e-15)
    np.testing.assert_array_equal(flow_x[:, -1], march.state.edge_flow)
    assert report.outflow_m3 == pytest.approx(march.state.edge_flow.sum() * 10 * 0.25)


def test_restart_goes_on_bit_by_bit():
    rng = np.random.default_rng(4)
    ground = slope(9, 12) + rng.normal(0, 0.2, (9, 12))
    rain = [(300.0, rng.gamma(1.0, 80.0, (9, 12))) for _ in range(2)]
    settings = full(output_every_s=300, precision="float32")
    straight = March(ground, 10.0, settings)
    list(straight.frames(rain))
    first, second = March(ground, 10.0, settings), March(ground, 10.0, settings)
    frames = first.frames(rain)
    next(frames)
    second.restore(*first.snapshot())
    list(second.frames(rain))
    for name, values in straight.state.arrays().items():
        np.testing.assert_array_equal(values, getattr(second.state, name), err_msg=name)


def test_one_kernel_serves_two_grounds():
    kernel = FullKernel()
    results = []
    for shared in (kernel, None):
        for fall in (0.1, 0.4):
            march = March(slope(fall=fall), 10.0, full(edge_south="closed"), kernel=shared)
            march.step(np.full((5, 8), 1e-4), 50.0)
            results.append(march.state.depth)
    np.testing.assert_array_equal(results[0], results[2])
    np.testing.assert_array_equal(results[1], results[3])
    assert not np.array_equal(results[0], results[1])


def test_the_step_is_the_share_of_a_cell_that_waves_cross():
    march = March(np.zeros((4, 4)), 10.0, full(edges="closed", courant=0.5, max_step_s=60))
    march.state.depth[:] = 2.0
    step = 0.5 * 10 / (2 * np.sqrt(9.80665 * 2.0))  # both directions added
    assert march.step(np.zeros((4, 4)), 20 * step).steps == 20


def test_thin_water_that_gains_speed_gets_shorter_steps():
    # a film on a cliff: its waves are slow at the start of the step and fast at its end
    march = March(np.array([[100.0, 0.0, 0.0]]), 1.0, full(edges="closed", manning=1e-3))
    march.state.depth[0, 0] = 0.05
    report = march.step(np.zeros((1, 3)), 10.0)
    assert report.is_stable
    assert march.state.depth.sum() == pytest.approx(0.05, rel=1e-12)
    assert report.steps > 10 * 10 * 2 * np.sqrt(9.8 * 0.05) / 0.6 / 10


def test_fixed_level_fills_a_dry_basin_to_the_brim():
    settings = full(edges="closed", edge_west="level", edge_level_m=1.0)
    march = March(np.zeros((3, 20)), 10.0, settings)
    while march.state.time_s < 4000:
        march.step(np.zeros((3, 20)), 4000 - march.state.time_s)
    np.testing.assert_allclose(march.state.depth, 1.0, atol=0.02)


def test_open_edge_lets_nothing_in():
    march = March(slope(), 10.0, full(edges="open"), initial_depth=np.full((5, 8), 0.5))
    march.state.momentum_x[:] = 0.8  # away from the western edge
    report = march.step(np.zeros((5, 8)), 30.0)
    assert report.inflow_m3 == 0
    assert march.state.edge_flow.min() >= 0
