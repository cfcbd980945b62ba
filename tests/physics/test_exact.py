"""The exact solutions solve their equations, by formulas and differences of their own."""

import numpy as np
import pytest

from inundate.hydro import analytic
from inundate.hydro.timestep import GRAVITY

MM_H = 1 / 3.6e6


@pytest.mark.parametrize("inertia", [False, True])
@pytest.mark.parametrize("rise", [0.0, 1e-3])
def test_wetting_front_solves_its_equation(rise, inertia):
    speed, manning = 0.8, 0.04
    x = np.linspace(100, 2500, 400)
    front = {"speed": speed, "manning": manning, "rise": rise, "inertia": inertia}
    depth = analytic.wetting_front(x, 3600, **front)
    slope = (
        analytic.wetting_front(x + 1, 3600, **front) - analytic.wetting_front(x - 1, 3600, **front)
    ) / 2
    lost = (manning * speed) ** 2 / depth ** (4 / 3)
    local = speed**2 * slope / GRAVITY / depth if inertia else 0.0  # minus dq/dt over g h
    np.testing.assert_allclose(slope + rise + lost, local, atol=1e-7)
    beyond = analytic.wetting_front([2879.0, 2881.0], 3600, **front)
    assert beyond[1] == 0
    assert beyond[0] >= (speed**2 / GRAVITY if inertia else 0.01)


def test_flat_front_is_the_closed_form():
    x = np.array([0.0, 1000.0, 3500.0])
    exact = (7 / 3 * 0.03**2 * (3600 - x)) ** (3 / 7)
    np.testing.assert_allclose(analytic.wetting_front(x, 3600, speed=1, manning=0.03), exact)
    near = analytic.wetting_front(x, 3600, speed=1, manning=0.03, rise=1e-12)
    np.testing.assert_allclose(near, exact, atol=1e-6)


@pytest.mark.parametrize("ahead", [0.0, 0.5, 1.9])
def test_dam_break_keeps_the_water_and_its_characteristics(ahead):
    x = (np.arange(40_000) + 0.5) * 0.05 - 1000
    depth = (
        analytic.wet_dam_break(x, 60, depth=2, ahead=ahead)
        if ahead
        else analytic.dry_dam_break(x, 60, depth=2)
    )
    assert depth.sum() * 0.05 == pytest.approx(1000 * (2 + ahead), rel=1e-4)
    assert np.all(np.diff(depth) <= 1e-12)
    plateau = depth[(depth > ahead + 1e-9) & (x > 0)].min(initial=2) if ahead else 0.0
    # in the fan u + 2 c is that of the still water, and x / t = u - c
    fan = (depth < 1.9999) & (depth > plateau + 1e-9)
    celerity = np.sqrt(GRAVITY * depth[fan])
    speed = 2 * np.sqrt(GRAVITY * 2) - 2 * celerity
    np.testing.assert_allclose(speed - celerity, x[fan] / 60, atol=1e-9)
    assert fan.any()


def test_seiche_has_the_period_of_its_wave():
    period = analytic.seiche_period(length=1000, depth=4)
    assert period == pytest.approx(2000 / np.sqrt(GRAVITY * 4))
    level = {"length": 1000, "depth": 4, "height": 0.01}
    assert analytic.seiche_level(0, 0, **level) == pytest.approx(0.01)
    assert analytic.seiche_level(1000, period / 2, **level) == pytest.approx(0.01)
    assert analytic.seiche_level(300, period / 4, **level) == pytest.approx(0, abs=1e-15)


def test_bowl_keeps_its_water_and_swings_back():
    side = (np.arange(400) + 0.5) * 0.01 - 2
    x, y = np.meshgrid(side, side)
    bowl = {"depth": 0.1, "radius": 1.0}
    period = analytic.bowl_period(**bowl)
    volumes = [
        analytic.bowl_depth(x, y, share * period, start=0.8, **bowl).sum() * 1e-4
        for share in (0, 0.2, 0.5, 0.8, 1)
    ]
    np.testing.assert_allclose(volumes, np.pi * 0.05, rtol=2e-3)
    wet = analytic.bowl_depth(x, y, 0.0, start=0.8, **bowl) > 0
    assert np.hypot(x, y)[wet].max() == pytest.approx(0.8, abs=0.02)
    wide = analytic.bowl_depth(x, y, period / 2, start=0.8, **bowl) > 0
    assert np.hypot(x, y)[wide].max() == pytest.approx(1.25, abs=0.02)


def test_bowl_solves_the_level_in_its_middle():
    # d2h/dt2 in the middle from the radial momentum and mass balance, small swings
    bowl = {"depth": 0.1, "radius": 1.0}
    period = analytic.bowl_period(**bowl)
    times = np.linspace(0, period, 9)
    depth = [float(analytic.bowl_depth(0, 0, time, start=0.999, **bowl)) for time in times]
    swing = 0.1 + (depth[0] - 0.1) * np.cos(2 * np.pi * times / period)
    np.testing.assert_allclose(depth, swing, atol=2e-6)


@pytest.mark.parametrize("advection", [False, True])
@pytest.mark.parametrize("rain", [0.0, 1e-3])
def test_channel_is_in_balance(advection, rain):
    x = np.linspace(0, 1000, 2001)
    flow, manning = 1.0 + rain * x, 0.033
    bed = analytic.macdonald_bed(x, flow=1.0, manning=manning, advection=advection, rain=rain)
    depth = analytic.macdonald_depth(x)
    pushed = np.gradient(flow**2 / depth, x) if advection else 0 * x
    force = (
        -GRAVITY * depth * (np.gradient(bed + depth, x) + (flow * manning) ** 2 / depth ** (10 / 3))
    )
    np.testing.assert_allclose(pushed[2:-2], force[2:-2], atol=2e-4)
    assert bed[-1] == 0


def test_hydrographs_give_all_the_rain_back():
    times = np.arange(0, 40_000, 10.0)
    plane = analytic.plane_hydrograph(
        times, length=200, rain=50 * MM_H, duration_s=1800, slope=0.02, manning=0.035
    )
    assert plane.sum() * 10 == pytest.approx(200 * 50 * MM_H * 1800, rel=5e-3)
    assert plane.max() == pytest.approx(200 * 50 * MM_H)
    valley = analytic.valley_hydrograph(
        times, rain=10.8 * MM_H, duration_s=5400, plane=(800, 0.05, 0.015),
        channel=(1000, 0.02, 0.15), width=20,
    )  # fmt: skip
    assert valley.sum() * 10 == pytest.approx(1_620_000 * 10.8 * MM_H * 5400, rel=5e-3)
    assert valley.max() == pytest.approx(4.86, rel=1e-4)  # the published equilibrium
    assert valley[0] == 0


def test_valley_with_a_channel_alone_is_a_plane():
    times = np.arange(0, 6000, 60.0)
    found = analytic.valley_hydrograph(
        times, rain=50 * MM_H, duration_s=1800, plane=(1e-9, 0.05, 0.03),
        channel=(200, 0.02, 0.035), width=1,
    )  # fmt: skip
    exact = analytic.plane_hydrograph(
        times, length=200, rain=50 * MM_H, duration_s=1800, slope=0.02, manning=0.035
    )
    np.testing.assert_allclose(found, exact, atol=0.01 * exact.max())


def test_film_and_normal_depth_agree():
    film = float(analytic.film_depth(100.0, rain=30 * MM_H, slope=0.05, manning=0.035))
    depth = float(analytic.normal_depth(3000 * MM_H, slope=0.05, manning=0.035))
    assert film == pytest.approx(depth)
    assert 0.05**0.5 * depth ** (5 / 3) / 0.035 == pytest.approx(3000 * MM_H)


SOIL = {"conductivity": 6.5 * MM_H, "suction": 0.1668, "deficit": 0.3}


def test_soil_takes_all_light_rain_and_no_more_than_the_pond():
    assert analytic.rain_soaked(3600, rain=5 * MM_H, **SOIL) == pytest.approx(0.005)
    assert analytic.rain_soaked(60, rain=30 * MM_H, **SOIL) == pytest.approx(0.0005)
    assert analytic.pond_soaked(1e9, pond=0.05, **SOIL) == 0.05
    assert analytic.pond_soaked(0.0, pond=0.05, **SOIL) == pytest.approx(0, abs=1e-12)


@pytest.mark.parametrize("pond", [0.3, 2.0])
def test_pond_drains_at_the_rate_of_green_and_ampt(pond):
    early, late = (analytic.pond_soaked(t, pond=pond, **SOIL) for t in (1799.0, 1801.0))
    soaked = analytic.pond_soaked(1800.0, pond=pond, **SOIL)
    head = SOIL["suction"] + pond - soaked
    rate = SOIL["conductivity"] * (1 + head * SOIL["deficit"] / soaked)
    assert (late - early) / 2 == pytest.approx(rate, rel=1e-5)


def test_rain_ponds_when_the_soil_takes_less():
    rain = 30 * MM_H
    early, late = (analytic.rain_soaked(t, rain=rain, **SOIL) for t in (3599.0, 3601.0))
    soaked = analytic.rain_soaked(3600.0, rain=rain, **SOIL)
    head = SOIL["suction"] + rain * 3600 - soaked
    rate = SOIL["conductivity"] * (1 + head * SOIL["deficit"] / soaked)
    assert (late - early) / 2 == pytest.approx(rate, rel=1e-5)
    assert rate < rain
