from dataclasses import replace

import numpy as np
import pytest

from inundate.core.errors import DataError
from inundate.core.grid import Grid
from inundate.dataset.world import library as reading
from inundate.dataset.world.ground import make_roughness
from inundate.dataset.world.library import Event, Library, Surface, read_library
from inundate.dataset.world.make import DEPTH_STEP_M, make_ground, make_sample
from inundate.dataset.world.plan import make_plan
from inundate.dataset.world.settings import read_world
from inundate.dataset.world.shapes import dam, roughen
from inundate.dataset.world.sources import HEIGHTMAPS, RADAR
from inundate.dataset.world.spec import StormSpec, TerrainSpec
from inundate.dataset.world.storms import RAIN_STEP_MM_H, frame_means, make_rain_frames
from inundate.dataset.world.terrains import cut_tile, grid_of_spec, make_heights

EMPTY = Library({}, {}, {})


def terrain(kind="plain", **change):
    spec = TerrainSpec(
        name="t", kind=kind, part="train", seed=7, side=32, cell_size_m=10.0, left=0.0, top=320.0,
        crs="EPSG:27700", edges="open", turns=0, mirrored=False,
    )  # fmt: skip
    return replace(spec, **change)


def storm(kind, **change):
    own = {
        "uniform": {"offset_min": 4.0},
        "chicago": {"offset_min": 0.0, "peak_position": 0.4, "n": 0.75, "b_min": 10.0},
        "feh": {"offset_min": 7.0, "profile": "summer-50"},
        "moving-cell": {
            "radius_m": 2000.0, "speed_m_s": 3.0, "heading_deg": 80.0, "beside_x": 0.2,
            "beside_y": -0.3,
        },
        "random-field": {
            "outer_scale_m": 6000.0, "speed_m_s": 5.0, "heading_deg": 200.0, "lifetime_min": 30.0,
            "wet_share": 0.6,
        },
        "radar": {},
    }[kind]  # fmt: skip
    source = "seen" if kind == "radar" else ""
    spec = StormSpec("s", kind, 11, 6, 40.0, 55.0, source, own)
    return replace(spec, **change)


def frames_of(spec, library=EMPTY, *, side=32, cell=20.0, frames=9, peak=400.0):
    return make_rain_frames(
        spec, side=side, cell_size_m=cell, frames=frames, interval_s=600, peak_mm_h=peak,
        library=library,
    )  # fmt: skip


@pytest.fixture(scope="module")
def showers():
    rng = np.random.default_rng(0)
    boxes = rng.gamma(2.0, 4.0, (3, 24, 64, 64)).astype(np.float32)
    return Library({}, {"seen": Event(boxes, np.full(3, 1 / 3), 300.0, 1000.0)}, {})


KINDS = ("uniform", "chicago", "feh", "moving-cell", "random-field", "radar")


@pytest.mark.parametrize("kind", KINDS)
def test_storm_has_its_total_ends_in_time_and_repeats(kind, showers):
    rain = frames_of(storm(kind), showers)
    assert rain.shape == (9, 32, 32)
    assert rain.dtype == np.float32
    assert rain.min() >= 0
    assert float(rain.mean(axis=(1, 2)).sum() / 6) == pytest.approx(40.0, rel=0.01)
    assert (rain[7:] == 0).all()
    np.testing.assert_array_equal(rain, frames_of(storm(kind), showers))
    assert (np.mod(rain, RAIN_STEP_MM_H) == 0).all()  # stored exactly as it drove the water


@pytest.mark.parametrize("kind", ["moving-cell", "random-field", "radar"])
def test_storm_varies_over_a_wide_tile(kind, showers):
    rain = frames_of(storm(kind), showers, cell=200.0)  # 6.4 km
    totals = rain.sum(axis=0)
    assert totals.std() / totals.mean() > 0.03


@pytest.mark.parametrize("kind", ["random-field", "radar"])
def test_another_seed_is_another_storm(kind, showers):
    one, two = (frames_of(storm(kind, seed=seed), showers) for seed in (1, 2))
    assert not np.array_equal(one, two)


def test_peaks_are_cut():
    free = frames_of(storm("chicago"))
    cut = frames_of(storm("chicago"), peak=50.0)
    assert free.max() > 60
    assert cut.max() == 50
    np.testing.assert_array_equal(np.minimum(free, 50), cut)


def test_uniform_storm_starts_within_its_first_frame():
    rain = frames_of(storm("uniform"))[:, 0, 0]  # minutes 4 to 59
    full = rain[1]
    np.testing.assert_allclose(rain[:7] / full, [0.6, 1, 1, 1, 1, 0.9, 0], atol=1e-3)


def test_frame_means_keep_volume():
    rates = np.random.default_rng(0).uniform(0, 50, (13, 3))
    for step, frame in ((300, 600), (900, 600), (420, 600), (600, 600)):
        means = frame_means(rates, step, frame)
        np.testing.assert_allclose(means.sum(axis=0) * frame, rates.sum(axis=0) * step)
    np.testing.assert_allclose(frame_means(rates, 600, 600), rates)
    np.testing.assert_allclose(frame_means(np.array([6.0, 12.0]), 900, 600), [6, 9, 12])


@pytest.mark.parametrize("factor", [1.0, 2.0, 3.0, 1.5, 0.6, 2.5])
def test_tile_of_a_slope_is_the_slope(factor):
    """Heights of a plane are known at any cell centre, whatever cell size a tile has."""
    grid = Grid("EPSG:27700", 1000.0, 9000.0, 10.0, 10.0, 200, 200)
    plane = 0.3 * grid.x[None, :] - 0.1 * grid.y[:, None]
    surface = Surface(plane.astype(np.float32), grid)
    cell = 10.0 * factor
    tile = Grid("EPSG:27700", 1100.0, 8800.0, cell, cell, 32, 32)
    found = cut_tile(surface, tile)
    np.testing.assert_allclose(found, 0.3 * tile.x[None] - 0.1 * tile.y[:, None], atol=2e-3)


def test_tile_at_the_rim_is_whole_where_cells_fall_together():
    grid = Grid("EPSG:27700", 0.0, 640.0, 10.0, 10.0, 64, 64)
    values = np.random.default_rng(0).normal(50, 5, (64, 64)).astype(np.float32)
    surface = Surface(values, grid)
    np.testing.assert_allclose(cut_tile(surface, grid), values, atol=1e-3)
    halved = cut_tile(surface, Grid("EPSG:27700", 0.0, 640.0, 20.0, 20.0, 32, 32))
    means = values.astype(np.float64).reshape(32, 2, 32, 2).mean(axis=(1, 3))
    np.testing.assert_allclose(halved, means, atol=1e-3)


def test_real_tile_is_turned_and_mirrored_and_unknown_ground_is_refused():
    grid = Grid("EPSG:27700", 0.0, 320.0, 10.0, 10.0, 32, 32)
    values = np.arange(1024, dtype=np.float32).reshape(32, 32)
    library = Library({"r": Surface(values, grid)}, {}, {})
    spec = terrain("real", source="r", turns=1, mirrored=True)
    np.testing.assert_array_equal(make_heights(spec, library), np.rot90(values)[:, ::-1])
    holed = values.copy()
    holed[:, :20] = np.nan
    with pytest.raises(DataError, match="terrain t: 38 % of its ground is known, expected 70 %"):
        make_heights(spec, Library({"r": Surface(holed, grid)}, {}, {}))


def test_dam_holds_water_back_but_for_its_gap():
    x = np.abs(np.arange(32) - 12.0)
    valley = (x[None, :] * 0.5 + (32 - np.arange(32))[:, None] * 0.05).astype(np.float32)
    numbers = {"extra_row": 0.5, "extra_cells": 2.0, "extra_height_m": 4.0, "extra_sill": 0.0}
    closed = dam(valley, {**numbers, "extra_gap_cells": 0.0}, 1)
    open_ = dam(valley, {**numbers, "extra_gap_cells": 3.0}, 1)
    bed = valley[16:18].min()
    assert closed[16:18].min() > bed + 3.8
    np.testing.assert_array_equal(open_[16:18, 11:14], valley[16:18, 11:14])
    outside = np.r_[0:16, 18:32]
    np.testing.assert_array_equal(closed[outside], valley[outside])
    assert (closed >= valley - 0.2).all()


def test_roughen_lays_walls_and_hollows():
    flat = np.zeros((64, 64), np.float32)
    numbers = {
        "extra_relief_m": 0.0, "extra_hurst": 0.5, "extra_walls": 0.0, "extra_wall_m": 2.0,
        "extra_hollows": 0.0, "extra_hollow_m": 1.0,
    }  # fmt: skip
    assert np.ptp(roughen(flat, numbers, 2.0, 1)) == 0
    walls = roughen(flat, {**numbers, "extra_walls": 6.0}, 2.0, 1)
    assert 1.0 <= walls.max() <= 12.0
    assert walls.min() == 0
    hollows = roughen(flat, {**numbers, "extra_hollows": 6.0}, 2.0, 1)
    assert hollows.max() == 0
    assert -6 <= hollows.min() <= -0.25
    rough = roughen(flat, {**numbers, "extra_relief_m": 0.3}, 2.0, 1)
    assert rough.std() == pytest.approx(0.3, rel=0.01)


def test_roughness_of_a_town_follows_its_streets():
    plan = make_plan(read_world("tiny"), 0, EMPTY)
    place = next(n for n, one in enumerate(plan.terrains) if one.kind == "urban")
    spec = plan.terrains[place]
    heights = make_heights(spec, EMPTY)
    rough = make_roughness(spec, heights)
    values = np.unique(rough)
    assert values.size == 3
    assert values[0] <= 0.02  # asphalt
    share = (rough == values.min()).mean()
    assert 0.05 < share < 0.6
    height = spec.settings["building_height_m"]
    steps = np.abs(np.diff(heights, axis=1)) > 0.6 * height
    changes = np.diff(rough, axis=1) != 0
    assert changes[steps].mean() > 0.8  # roofs begin where heights jump


@pytest.mark.parametrize("seed", range(6))
def test_roughness_of_other_ground_is_in_range(seed):
    heights = np.ones((32, 32), np.float32)
    heights[3, 4] = np.nan
    rough = make_roughness(terrain(seed=seed), heights)
    assert np.isnan(rough[3, 4])
    assert np.isfinite(rough).sum() == 1023
    assert 0.012 <= np.nanmin(rough) <= np.nanmax(rough) <= 0.2


def test_roughness_comes_in_all_three_ways():
    heights = np.ones((32, 32), np.float32)
    counts = {np.unique(make_roughness(terrain(seed=s), heights)).size for s in range(12)}
    assert 1 in counts
    assert counts & {2, 3, 4}
    assert max(counts) > 4


@pytest.fixture(scope="module")
def tiny():
    return make_plan(read_world("tiny"), 0, EMPTY)


@pytest.mark.parametrize("kind", ["fractal", "valley", "plain", "urban", "town", "dam"])
def test_each_kind_of_ground_is_sound_and_repeats(tiny, kind):
    place = next(n for n, one in enumerate(tiny.terrains) if one.kind == kind)
    one, two = make_ground(tiny, place, EMPTY), make_ground(tiny, place, EMPTY)
    np.testing.assert_array_equal(one.elevation, two.elevation)
    np.testing.assert_array_equal(one.roughness, two.roughness)
    assert one.elevation.shape == grid_of_spec(tiny.terrains[place]).shape
    assert np.isfinite(one.elevation).all()
    assert one.elevation.std() > 0.05


def cheap(plan, member):
    """The quickest sample, or the quickest member of an ensemble."""
    numbers = [n for n, sample in enumerate(plan.samples) if sample.member == member]
    return min(numbers, key=plan.cost_s)


def test_a_member_shares_rain_with_its_sample_but_not_its_water(tiny):
    number = cheap(tiny, 1)
    base = number - 1
    assert tiny.samples[base].member == 0
    ground = make_ground(tiny, tiny.samples[number].terrain, EMPTY)
    one, two = make_sample(tiny, base, ground, EMPTY), make_sample(tiny, number, ground, EMPTY)
    np.testing.assert_array_equal(one.rain_rate, two.rain_rate)
    assert one.rain_mm == two.rain_mm
    assert not np.array_equal(one.water_depth, two.water_depth)
    assert (one.water_depth >= 0).all()
    assert (np.mod(one.water_depth, DEPTH_STEP_M) == 0).all()
    assert one.wet["0.05"] == int((one.water_depth >= 0.05).sum())


def test_a_storm_without_rain_is_refused(showers):
    dry = Library(
        {}, {"seen": replace(showers.events["seen"], boxes=np.zeros((3, 24, 64, 64)))}, {}
    )
    with pytest.raises(DataError, match="storm s: no rain falls on the tile"):
        frames_of(storm("radar"), dry)


def test_clutter_and_gaps_are_left_out_of_cut_outs():
    rng = np.random.default_rng(0)
    rain = rng.gamma(2.0, 2.0, (12, 160, 160)).astype(np.float32)
    rain[:, 10, 10] = 90.0  # a lonely echo
    rain[5, 150, 150] = np.nan
    boxes = reading._cut_out(rain, 300.0, 64, 16)
    assert boxes.shape[1:] == (12, 64, 64)
    assert np.isfinite(boxes).all()
    assert boxes.max() < 90
    everywhere = (160 - 64) // 16 + 1
    assert 0 < len(boxes) < everywhere**2


def test_real_inputs_are_read_and_hashed(shared_data, monkeypatch):
    monkeypatch.setattr(
        reading, "HEIGHTMAPS", {k: HEIGHTMAPS[k] for k in ("minnesota", "merewether")}
    )
    monkeypatch.setattr(reading, "RADAR", {"mch2016": RADAR["mch2016"]})
    told = []
    found = read_library(shared_data, advance=told.append)
    assert told == ["minnesota", "merewether", "mch2016"]
    assert found.missing == ()
    assert found.surfaces["minnesota"].grid.dx == 1
    event = found.events["mch2016"]
    assert event.boxes.shape[1:] == (40, 64, 64)
    assert event.weights.sum() == pytest.approx(1)
    assert event.boxes.max() > 50
    assert set(found.inputs) == {
        HEIGHTMAPS["minnesota"].path, HEIGHTMAPS["merewether"].path, RADAR["mch2016"].path,
    }  # fmt: skip


def test_what_is_not_there_is_told(tmp_path):
    found = read_library(tmp_path)
    assert "jacksboro" in found.surfaces  # it comes with matplotlib
    assert set(found.missing) == {*HEIGHTMAPS, *RADAR} - {"jacksboro"}
