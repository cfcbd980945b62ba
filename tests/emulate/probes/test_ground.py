"""Grounds change as probes need it, and places and storms are what they are said to be."""

import numpy as np
import pytest

from inundate.emulate.probes.cases import STORMS, TERRAINS, World, make_case, make_cases
from inundate.emulate.probes.ground import turn, turn_back


@pytest.fixture(scope="module")
def ground():
    return make_case("plain", "cell", World(shape=(16, 24), frames=6)).ground


@pytest.mark.parametrize("mirrored", [False, True])
@pytest.mark.parametrize("quarters", range(4))
def test_turning_back_undoes_turning(ground, quarters, mirrored):
    turned = turn(ground.rain_rate, quarters, mirrored=mirrored)
    np.testing.assert_array_equal(turn_back(turned, quarters, mirrored=mirrored), ground.rain_rate)


def test_a_quarter_turn_brings_the_east_to_the_north(ground):
    turned = ground.turned(1)
    assert turned.elevation.shape == (24, 16)
    np.testing.assert_array_equal(turned.elevation[0], ground.elevation[:, -1])
    np.testing.assert_array_equal(turned.rain_rate[:, 0], ground.rain_rate[:, :, -1])


def test_grounds_are_equal_when_all_they_hold_is(ground):
    same = ground.under(ground.rain_rate.copy())
    assert same == ground
    assert hash(same) == hash(ground)
    for other in (
        ground.raised(1.0),
        ground.turned(2),
        ground.under(2 * ground.rain_rate),
        ground.in_half_frames(),
        ground.on_coarser_cells(),
        ground.elevation,
    ):
        assert ground != other


def test_half_frames_and_coarse_cells_hold_the_same_rain(ground):
    halved = ground.in_half_frames()
    assert halved.shape == (12, 16, 24)
    np.testing.assert_allclose(halved.fallen_m3[1::2], ground.fallen_m3, rtol=1e-6)
    coarse = ground.on_coarser_cells()
    assert coarse.shape == (6, 8, 12)
    assert coarse.cell_size_m == 20.0
    whole = make_case("urban", "cell", World(shape=(16, 24), frames=6)).ground
    np.testing.assert_allclose(whole.on_coarser_cells().fallen_m3, whole.fallen_m3, rtol=1e-6)


def test_volumes_are_cubic_metres(ground):
    known = ground.known.sum()
    assert known < 16 * 24, "there is missing ground"
    depth = np.where(ground.known, np.float32(0.5), np.float32(np.nan))[None]
    assert ground.stored_m3(depth) == pytest.approx([0.5 * known * 100.0])
    even = ground.under(np.full((2, 16, 24), 36.0))  # mm h-1: 3 mm in 5 minutes
    assert even.fallen_m3 == pytest.approx([0.003 * known * 100, 0.006 * known * 100])


def test_the_grid_fits_the_ground(ground):
    assert ground.grid.shape == ground.elevation.shape
    assert (ground.grid.dx, ground.grid.dy) == (10.0, 10.0)


def test_cases_are_the_same_each_time_and_differ_from_each_other():
    world = World(shape=(16, 24), frames=6)
    cases = make_cases(world)
    assert len(cases) == (len(TERRAINS) - 1) * len(STORMS)
    assert len({case.ground for case in cases}) == len(cases)
    assert [case.ground for case in make_cases(world)] == [case.ground for case in cases]
    assert cases[0].name == "urban under burst"
    edges = {case.ground.settings.edges for case in cases}
    assert edges == {"open", "closed"}


def test_storms_end_and_keep_to_their_range():
    world = World(shape=(16, 24), frames=9, rain_mm=(10.0, 40.0))
    totals = {}
    for storm in STORMS:
        rain = make_case("urban", storm, world).ground.rain_rate
        assert (rain[6:] == 0).all()
        assert (rain[:6].max(axis=(1, 2)) > 0).all()
        totals[storm] = rain.sum(axis=0).mean() * 300 / 3600
    assert totals["cell"] == pytest.approx(10.0, rel=1e-4)
    assert totals["burst"] == pytest.approx(40.0, rel=1e-4)
    assert 10.0 < totals["double"] < 40.0


def test_a_datum_of_100_m_loses_nothing_in_single_precision():
    heights = make_case("urban", "cell").ground.elevation
    np.testing.assert_array_equal((heights + np.float32(100)) - np.float32(100), heights)
