"""Inputs: no later rain, no forgotten rain, no datum, the same cell gives the same input."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from inundate.core.errors import DataError
from inundate.emulate.hybrid import HybridState, pour_state
from inundate.emulate.inputs import (
    RAIN_WINDOW,
    SOIL_CHANNELS,
    STATE_CHANNELS,
    TERRAIN_CHANNELS,
    scale_terrain,
    soil_channels,
)
from inundate.emulate.prepared import Prepared, block_water, prepare, terrain_channels
from inundate.emulate.scene import MISSING_M, Scene, padded
from inundate.hydro.settings import SimulateSettings
from inundate.terrain.features import FEATURES

from .small_flood import PHYSICS, heights, place

FRAMES = 30
SHAPE = (16, 16)
WHOLE = (slice(0, 16), slice(0, 16))
FAMILIES = ("hybrid", "window", "series")


def prepared(rain, elevation=None, seed=1, factors=(4,)):
    """Random terrain channels and random water over waves."""
    rng = np.random.default_rng(seed)
    ground = heights(place(0, *SHAPE), 2) if elevation is None else elevation
    water = {}
    for factor in factors:
        coarse = rng.uniform(0, 0.3, (len(rain), 16 // factor, 16 // factor)).astype(np.float32)
        water[factor] = block_water(
            HybridState(coarse, np.maximum.accumulate(coarse), factor), ground
        )
    terrain = rng.normal(size=(len(TERRAIN_CHANNELS) + 2, *SHAPE)).astype(np.float32)
    terrain[-2:] = terrain[-2:, :1, :1]
    return Prepared(terrain, ground, rain, 600.0, water)


def scene(rain, family, **more):
    return Scene(prepared(rain, **more), family, 4)


@pytest.fixture
def rain():
    return np.random.default_rng(0).uniform(0, 40, (FRAMES, *SHAPE)).astype(np.float32)


def windows(rain, frames):
    return scene(rain, "window").inputs(frames, WHOLE)["rain"].numpy()


def states(rain, frames, **more):
    made = scene(rain, "hybrid", **more)
    return made.inputs(frames, WHOLE, factor=4)["state"].numpy()


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("frame", [0, 3, 17, 18, 28])
def test_later_rain_changes_no_earlier_input(rain, frame, family):
    later = rain.copy()
    later[frame + 1 :] = 500.0
    here, there = (
        scene(values, family).inputs([frame], WHOLE, factor=4) for values in (rain, later)
    )
    for name, values in here.items():
        np.testing.assert_array_equal(values, there[name], err_msg=name)


@pytest.mark.parametrize("family", FAMILIES)
def test_rain_of_the_frame_itself_is_seen(rain, family):
    more = rain.copy()
    more[7] += 10.0
    name = "state" if family == "hybrid" else "rain"
    here, there = (scene(r, family).inputs([7], WHOLE, factor=4)[name] for r in (rain, more))
    assert not torch.equal(here, there)


@pytest.mark.parametrize("frame", [0, 5, 17, 18, 29])
def test_a_window_holds_all_rain_so_far(rain, frame):
    (window,) = windows(rain, [frame])
    assert window.shape == (RAIN_WINDOW, 4, 4)
    fallen = np.expm1(window).sum(axis=0)
    expected = rain[: frame + 1].sum(axis=0) * 600 / 3600
    blocks = expected.reshape(4, 4, 4, 4).mean(axis=(1, 3))
    np.testing.assert_allclose(fallen, blocks, rtol=1e-4)


def test_windows_end_with_their_frame(rain):
    found = np.expm1(windows(rain, [2])[0]) * 6
    blocks = rain.reshape(FRAMES, 4, 4, 4, 4).mean(axis=(2, 4))
    np.testing.assert_allclose(found[-3:], blocks[:3], rtol=1e-4)
    assert (found[:-3] == 0).all()


@pytest.mark.parametrize("first", [0, 4])
def test_a_series_has_the_rain_of_its_frames_and_before(rain, first):
    made = scene(rain, "series")
    depth = torch.rand(SHAPE)
    found = made.inputs(list(range(first, first + 3)), WHOLE, start=depth)
    mm = rain.reshape(FRAMES, 4, 4, 4, 4).mean(axis=(2, 4)) / 6  # frames of 10 minutes
    np.testing.assert_allclose(found["rain"], mm[first : first + 3], rtol=1e-5)
    np.testing.assert_allclose(found["before"], mm[:first].sum(axis=0), rtol=1e-4)
    assert torch.equal(found["start"], depth)
    dry = made.inputs([0, 1], WHOLE)
    assert (dry["start"] == 0).all()
    assert (dry["before"] == 0).all()


def test_state_by_hand(rain):
    made = prepared(rain)
    found = states(rain, [0, 4, 20])
    assert found.shape == (3, len(STATE_CHANNELS), 4, 4)
    assert found.dtype == np.float32
    named = dict(zip(STATE_CHANNELS, found.swapaxes(0, 1), strict=True))
    volume = made.water[4].volume
    for name, expected in (
        ("volume", volume[[0, 4, 20]]),
        ("volume_before", np.stack([0 * volume[0], volume[3], volume[19]])),  # from dry ground
        ("volume_deepest", np.maximum.accumulate(volume)[[0, 4, 20]]),
    ):
        np.testing.assert_allclose(0.05 * np.sinh(3 * named[name]), expected, atol=1e-5)
    blocks = rain.reshape(FRAMES, 4, 4, 4, 4).mean(axis=(2, 4))
    np.testing.assert_allclose(np.expm1(3 * named["rain_rate"]), blocks[[0, 4, 20]], rtol=1e-4)
    hour = blocks[15:21].sum(axis=0) / 6
    np.testing.assert_allclose(np.expm1(3 * named["rain_hour"][2]), hour, rtol=1e-3)
    np.testing.assert_allclose(
        np.expm1(3 * named["rain_hour"][1]), blocks[:5].sum(axis=0) / 6, rtol=1e-3
    )
    total = blocks[:21].sum(axis=0) / 6
    np.testing.assert_allclose(np.expm1(4 * named["rain_total"][2]), total, rtol=1e-4)
    assert (named["coarseness"] == 0).all()
    assert (named["is_peak"] == 0).all()


def test_the_peak_is_a_frame_of_its_own(rain):
    made = prepared(rain)
    found = Scene(made, "hybrid", 4)
    inputs = found.inputs([3, found.peak_frame], WHOLE, factor=4)
    np.testing.assert_array_equal(inputs["level"][0], made.water[4].level[3])
    np.testing.assert_array_equal(inputs["level"][1], made.water[4].level.max(axis=0))
    named = dict(zip(STATE_CHANNELS, inputs["state"][1].numpy(), strict=True))
    assert (named["is_peak"] == 1).all()
    assert (named["rain_rate"] == 0).all()
    blocks = rain.reshape(FRAMES, 4, 4, 4, 4).mean(axis=(2, 4)) / 6
    hours = np.stack([blocks[max(0, t - 5) : t + 1].sum(axis=0) for t in range(FRAMES)])
    np.testing.assert_allclose(np.expm1(3 * named["rain_hour"]), hours.max(axis=0), rtol=1e-3)


@pytest.mark.parametrize("factor", [2, 8])
def test_the_state_says_how_coarse_the_solver_was(rain, factor):
    made = scene(rain, "hybrid", factors=(factor,)).inputs([2], WHOLE, factor=factor)
    coarseness = made["state"][0, STATE_CHANNELS.index("coarseness")]
    assert (coarseness == {2: -1.0, 8: 1.0}[factor]).all()
    assert made["level"].shape == (1, 16 // factor, 16 // factor)


@pytest.mark.parametrize("factor", [2, 4, 8])
def test_water_of_a_position_is_that_of_the_poured_map(rain, factor):
    elevation = heights(place(0, *SHAPE), 2)
    coarse = np.random.default_rng(3).uniform(0, 0.3, (5, 16 // factor, 16 // factor))
    state = HybridState(coarse.astype(np.float32), coarse.astype(np.float32), factor)
    found = block_water(state, elevation)
    depth = pour_state(state, elevation)
    means = depth.reshape(5, 4, 4, 4, 4).mean(axis=(2, 4))
    np.testing.assert_allclose(found.volume, means, atol=1e-5)
    fine = np.repeat(np.repeat(found.level, factor, axis=1), factor, axis=2)
    above = fine - (elevation - elevation.min())
    np.testing.assert_allclose(np.maximum(above, 0), depth, atol=1e-5)


@pytest.mark.parametrize("family", FAMILIES)
def test_a_window_of_the_raster_is_cut_from_the_whole(rain, family):
    made = scene(rain, family)
    whole = made.inputs([3, 4], WHOLE, factor=4)
    part = made.inputs([3, 4], (slice(4, 12), slice(8, 16)), factor=4)
    for name, values in part.items():
        if name == "interval":
            assert float(values) == float(whole[name]) == 600.0
            continue
        side = 16 // whole[name].shape[-1]  # cells along a value of the input
        cut = whole[name][..., 4 // side : 12 // side, 8 // side : 16 // side]
        np.testing.assert_array_equal(values, cut, err_msg=name)


@pytest.mark.parametrize("family", FAMILIES)
def test_padding_leaves_what_is_inside(rain, family):
    made = prepared(rain)
    cut = replace(
        made,
        terrain=made.terrain[:, :14, :13],
        elevation=made.elevation[:14, :13],
        rain_rate=made.rain_rate[:, :14, :13],
    )
    wide = padded(cut, 16)
    assert wide.elevation.shape == SHAPE
    assert np.isnan(wide.elevation[14:]).all()
    assert padded(made, 16) is made
    found = Scene(wide, family, 4).inputs([2, 3], WHOLE, factor=4)
    assert (found["heights"][14:] == MISSING_M).all()
    for name, values in found.items():
        assert torch.isfinite(values).all(), name
    whole = Scene(made, family, 4).inputs([2, 3], WHOLE, factor=4)
    for name, values in found.items():
        if name == "interval":
            continue
        side = 16 // values.shape[-1]
        known = np.s_[..., : 12 // side, : 12 // side]
        np.testing.assert_allclose(values[known], whole[name][known], rtol=1e-6, err_msg=name)


@pytest.mark.parametrize("family", FAMILIES)
def test_unknown_ground_gives_finite_inputs(rain, family):
    elevation = heights(place(0, *SHAPE), 2)
    elevation[:6, :6] = np.nan
    found = scene(rain, family, elevation=elevation).inputs([0, 1, 2], WHOLE, factor=4)
    for name, values in found.items():
        assert torch.isfinite(values).all(), name
    assert (found["heights"][:6, :6] == MISSING_M).all()


def test_scenes_over_one_ground_share_it_but_for_the_soil(rain):
    made = prepared(rain)
    first = Scene(made, "window", 4)
    same = Scene(replace(made, rain_rate=rain / 2), "window", 4).to("cpu", first)
    assert same.terrain is first.terrain
    assert same.heights is first.heights
    assert not torch.equal(same.rain, first.rain)
    wetter = made.terrain.copy()
    wetter[-2:] += 1.0
    other = Scene(replace(made, terrain=wetter), "window", 4).to("cpu", first)
    assert other.heights is first.heights
    np.testing.assert_array_equal(other.inputs([0], WHOLE)["terrain"], wetter)


@pytest.mark.parametrize("family", FAMILIES)
def test_a_scene_of_its_tensors_gives_the_same(rain, family):
    made = scene(rain, family)
    again = Scene.of(made.tensors(), family, 4, 600.0)
    here, there = (s.inputs([4, 5], WHOLE, factor=4) for s in (made, again))
    for name, values in here.items():
        assert torch.equal(values, there[name]), name


def test_terrain_scales_are_constants():
    values = np.random.default_rng(0).normal(size=(len(FEATURES), 4, 6)).astype(np.float32)
    names = tuple(FEATURES)
    found = scale_terrain(values, names)
    assert found.shape == (len(TERRAIN_CHANNELS), 4, 6)
    order = np.random.default_rng(1).permutation(len(names))
    turned = scale_terrain(values[order], tuple(names[n] for n in order))
    np.testing.assert_array_equal(found, turned)  # by name, not by place
    np.testing.assert_array_equal(scale_terrain(values[:, 1:3, 2:], names), found[:, 1:3, 2:])
    slope = np.arcsinh(values[names.index("slope_x")] / 0.01) / 3
    np.testing.assert_allclose(found[TERRAIN_CHANNELS.index("slope_x")], slope, rtol=1e-6)


def test_an_absent_feature_is_named():
    names = tuple(name for name in FEATURES if name not in ("slope_y", "valid"))
    with pytest.raises(DataError, match="terrain inputs lack slope_y, valid"):
        scale_terrain(np.zeros((len(names), 2, 2), np.float32), names)


@pytest.mark.parametrize(
    ("change", "rate", "storage"),
    [
        ({}, 0.0, 0.0),
        ({"infiltration": "constant", "loss_mm_h": 4.0}, 4.0, 0.0),
        ({"drain_capacity_mm_h": 12.0}, 12.0, 0.0),
        (
            {
                "infiltration": "green_ampt", "conductivity_mm_h": 3.0, "suction_mm": 100.0,
                "moisture_deficit": 0.2, "drain_capacity_mm_h": 12.0,
            },
            15.0,
            20.0,
        ),
    ],
)  # fmt: skip
def test_soil_by_hand(change, rate, storage):
    found = soil_channels(SimulateSettings(**change), (2, 3))
    assert found.shape == (len(SOIL_CHANNELS), 2, 3)
    np.testing.assert_allclose(np.expm1(3 * found[0]), rate, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(np.expm1(5 * found[1]), storage, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("family", FAMILIES)
def test_a_hundred_metres_up_changes_no_input(family):
    grid = place(0)
    # heights in sixteenths are exact in float32 at both levels, so only sums may be rounded
    low = np.round(heights(grid, 4) * 16).astype(np.float32) / 16
    rough = np.full(grid.shape, 0.05, np.float32)
    rain = np.full((4, *grid.shape), 60.0, np.float32)
    factors = (4,) if family == "hybrid" else ()
    here, there = (
        Scene(
            prepare(
                ground, rough, rain, grid=grid, interval_s=300.0, settings=PHYSICS,
                factors=factors,
            ),
            family,
            4,
        ).inputs([0, 1, 2, 3], (slice(0, 32), slice(0, 32)), factor=4)
        for ground in (low, low + 100)
    )  # fmt: skip
    for name, values in here.items():
        np.testing.assert_allclose(values, there[name], atol=2e-3, err_msg=name)


def test_inputs_of_terrain_are_of_order_one():
    grid = place(0)
    found = terrain_channels(heights(grid, 4), np.full(grid.shape, 0.05, np.float32), grid, "open")
    assert np.isfinite(found).all()
    assert np.abs(found).max() < 4
