"""Exact solutions: wetting front, rain on a plane, steady channel, dam break."""

import numpy as np
import pytest

from inundate.hydro import analytic
from inundate.hydro.march import March, simulate_arrays
from inundate.hydro.settings import SimulateSettings

MM_H = 1 / 3.6e6


def rms(values):
    return float(np.sqrt(np.mean(np.square(values))))


@pytest.mark.parametrize(("cell", "everywhere", "behind", "cells_off"), [
    (100.0, 0.06, 0.02, 2.0),
    (50.0, 0.04, 0.03, 1.0),
    (25.0, 0.065, 0.045, 1.0),
])  # fmt: skip
def test_wetting_front(cell, everywhere, behind, cells_off):
    settings = SimulateSettings(
        edges="closed", edge_west="level", edge_level_m=1.0, manning=0.03, precision="float64"
    )
    march = March(np.zeros((1, int(5000 / cell))), cell, settings)
    rain = np.zeros(march.ground.valid.shape)
    for start in np.arange(0.0, 3600.0, 10.0):
        level = analytic.wetting_front(-cell / 2, start + 5, speed=1.0, manning=0.03)
        march.ground.edges.outside[:] = level
        march.step(rain, 10.0)
    x = (np.arange(rain.size) + 0.5) * cell
    depth, exact = march.state.depth[0], analytic.wetting_front(x, 3600, speed=1.0, manning=0.03)
    wet = (exact > 0) | (depth > 1e-3)
    assert rms((depth - exact)[wet]) <= everywhere
    assert rms((depth - exact)[x < 3600 - 3 * cell]) <= behind
    assert abs(x[depth > 1e-3].max() + cell / 2 - 3600) <= cells_off * cell + 1e-6


@pytest.mark.parametrize("along", ["x", "y"])
@pytest.mark.parametrize("precision", ["float32", "float64"])
def test_rain_on_a_plane(along, precision):
    length, cell, slope, manning, rain = 200.0, 1.0, 0.02, 0.035, 50.0
    ground = np.tile(slope * (length - np.arange(200.0)), (3, 1))
    sides = {"edge_east": "open"}
    if along == "y":
        ground, sides = ground.T, {"edge_south": "open"}
    settings = SimulateSettings(
        edges="closed", precision=precision, manning=manning, depth_min_m=1e-6,
        output_every_s=60, run_on_min=15, **sides,
    )  # fmt: skip
    found = simulate_arrays(
        ground, np.full(30, rain), rain_step_s=60, cell_size_m=cell, settings=settings
    )
    depth = found.depth[:, 1] if along == "x" else found.depth[:, :, 1]
    faces = np.arange(1, 201) * cell  # a cell's depth drives the flow through its lower face
    film = analytic.film_depth(faces, rain=rain * MM_H, slope=slope, manning=manning)
    assert rms((depth[29] / film - 1)[5:-3]) <= 0.003
    plateau = rain * MM_H * length
    stored = np.concatenate([[0.0], depth.sum(axis=1) * cell])
    inflow = np.where(np.arange(45) < 30, plateau, 0.0)
    outflow = inflow - np.diff(stored) / 60
    exact = analytic.plane_hydrograph(
        np.arange(45) * 60 + 30.0, length=length, rain=rain * MM_H, duration_s=1800, slope=slope,
        manning=manning,
    )  # fmt: skip
    assert rms(outflow - exact) <= 0.02 * plateau
    assert outflow[29] == pytest.approx(plateau, rel=1e-3)


def test_film_on_a_steep_plane_needs_no_small_steps():
    # schemes without a Froude cap break into pulses here at their usual step
    ground = np.tile(0.05 * (300.0 - np.arange(0.0, 300.0, 10.0)), (3, 1))
    settings = SimulateSettings(edges="closed", edge_east="open", run_on_min=0, courant=0.7)
    found = simulate_arrays(
        ground, np.full(6, 30.0), rain_step_s=600, cell_size_m=10, settings=settings
    )
    film = analytic.film_depth(
        np.arange(10.0, 301.0, 10.0), rain=30 * MM_H, slope=0.05, manning=0.035
    )
    assert rms((found.depth[-1, 1] / film - 1)[2:-1]) <= 0.005


@pytest.mark.parametrize(("advection", "within_m"), [(False, 0.003), (True, 0.025)])
def test_steady_channel(advection, within_m):
    cell, flow, manning, count = 5.0, 2.0, 0.033, 200
    faces_and_centres = np.arange(2 * count + 1) * cell / 2
    bed = analytic.macdonald_bed(
        faces_and_centres, flow=flow, manning=manning, advection=advection
    )[1::2]
    exact = analytic.macdonald_depth(faces_and_centres[1::2])
    outlet = analytic.macdonald_depth(1000.0 + cell / 2) + bed[-1] - (bed[-2] - bed[-1])
    settings = SimulateSettings(
        edges="closed", edge_east="level", edge_level_m=float(outlet), manning=manning,
        precision="float64",
    )  # fmt: skip
    march = March(bed[None], cell, settings, initial_depth=exact[None])
    source = np.zeros((1, count))
    source[0, 0] = flow / cell
    march.step(source, 6 * 3600.0)
    assert np.abs(march.state.flow_x[0, 1:count] / flow - 1).max() <= 1e-6
    assert np.abs(march.state.depth[0] - exact)[2:-2].mean() <= within_m


@pytest.mark.parametrize(("ahead", "within"), [(0.0, 0.25), (0.5, 0.15)])
def test_dam_break_is_reported_not_solved(ahead, within):
    # no advection: the local inertial equations are 10 to 20 % off whatever the scheme
    x = np.arange(400) * 5.0 - 997.5
    depth = np.where(x < 0, 2.0, ahead)[None]
    settings = SimulateSettings(edges="closed", manning=1e-4, precision="float64", froude_cap=10.0)
    march = March(np.zeros((1, 400)), 5.0, settings, initial_depth=depth)
    march.step(np.zeros((1, 400)), 60.0)
    exact = (
        analytic.wet_dam_break(x, 60.0, depth=2.0, ahead=ahead)
        if ahead
        else analytic.dry_dam_break(x, 60.0, depth=2.0)
    )
    near = np.abs(x) < 500
    error = np.abs(march.state.depth[0] - exact)[near].sum() / exact[near].sum()
    assert error <= within
    assert march.state.depth.sum() == pytest.approx(depth.sum(), rel=1e-12)
