"""Inputs: no later rain, no forgotten rain, no datum, the same cell gives the same input."""

import numpy as np
import pytest

from inundate.core.errors import DataError
from inundate.emulate.hybrid import HybridState
from inundate.emulate.inputs import (
    RAIN_WINDOW,
    STATE_CHANNELS,
    TERRAIN_CHANNELS,
    rain_window,
    scale_terrain,
    state_channels,
)
from inundate.emulate.prepared import prepare, terrain_channels
from inundate.terrain.features import FEATURES

from .small_flood import PHYSICS, heights, place

FRAMES = 30
SHAPE = (16, 16)


@pytest.fixture
def rain():
    return np.random.default_rng(0).uniform(0, 40, (FRAMES, *SHAPE)).astype(np.float32)


@pytest.fixture
def state():
    coarse = np.random.default_rng(1).uniform(0, 0.3, (FRAMES, 4, 4)).astype(np.float32)
    return HybridState(coarse, np.maximum.accumulate(coarse), 4)


def windows(rain, frames):
    return rain_window(rain, frames=np.asarray(frames), interval_s=600.0, block=4)


def channels(state, rain, frames, window=None, standing=None):
    still = np.zeros_like(rain) if standing is None else standing
    return state_channels(
        state, heights(place(0, *SHAPE), 2), rain, still,
        frames=np.asarray(frames), interval_s=600.0, window=window,
    )  # fmt: skip


@pytest.mark.parametrize("frame", [0, 3, 17, 18, 28])
def test_later_rain_changes_no_earlier_window(rain, frame):
    later = rain.copy()
    later[frame + 1 :] = 500.0
    np.testing.assert_array_equal(windows(rain, [frame]), windows(later, [frame]))
    now = rain.copy()
    now[frame] += 10.0
    assert (windows(now, [frame])[0, -1] > windows(rain, [frame])[0, -1]).all()


@pytest.mark.parametrize("frame", [0, 3, 17, 18, 28])
def test_later_rain_changes_no_earlier_state(rain, state, frame):
    later = rain.copy()
    later[frame + 1 :] = 500.0
    for here, there in zip(
        channels(state, rain, [frame]), channels(state, later, [frame]), strict=True
    ):
        np.testing.assert_array_equal(here, there)


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


def test_state_by_hand(rain, state):
    found, hybrid = channels(state, rain, [0, 4, 20])
    assert found.shape == (3, len(STATE_CHANNELS), *SHAPE)
    assert hybrid.shape == (3, *SHAPE)
    assert found.dtype == hybrid.dtype == np.float32
    named = dict(zip(STATE_CHANNELS, found.swapaxes(0, 1), strict=True))
    np.testing.assert_allclose(
        0.05 * np.sinh(3 * named["hybrid_depth"]), hybrid, rtol=1e-4, atol=1e-6
    )
    mean = hybrid.reshape(3, 4, 4, 4, 4).mean(axis=(2, 4))
    np.testing.assert_allclose(mean, state.coarse[[0, 4, 20]], rtol=1e-4, atol=1e-6)
    assert (named["hybrid_before"][0] == 0).all()  # from dry ground
    before = channels(state, rain, [3, 19])[0][:, 0]
    np.testing.assert_array_equal(named["hybrid_before"][1:], before)
    assert (named["hybrid_deepest"] >= named["hybrid_depth"] - 1e-6).all()
    wet = hybrid > 0
    np.testing.assert_allclose(np.sinh(named["hybrid_level"][wet]), hybrid[wet], atol=1e-5)
    assert (named["hybrid_level"][~wet] <= 1e-6).all()
    np.testing.assert_allclose(np.expm1(3 * named["rain_rate"][1]), rain[4], rtol=1e-4)
    hour = rain[15:21].sum(axis=0) / 6
    np.testing.assert_allclose(np.expm1(3 * named["rain_hour"][2]), hour, rtol=1e-3)
    total = rain[:21].sum(axis=0) / 6
    np.testing.assert_allclose(np.expm1(4 * named["rain_total"][2]), total, rtol=1e-4)
    np.testing.assert_allclose(
        np.expm1(3 * named["rain_hour"][1]), rain[:5].sum(axis=0) / 6, rtol=1e-3
    )


def test_standing_water_is_of_its_frame(rain, state):
    standing = np.broadcast_to(np.arange(FRAMES)[:, None, None] * 0.01, rain.shape)
    found, _ = channels(state, rain, [7], standing=standing)
    seen = found[0, STATE_CHANNELS.index("standing_depth")]
    np.testing.assert_allclose(0.05 * np.sinh(3 * seen), 0.07, rtol=1e-5)


def test_a_window_of_the_raster_is_cut_from_the_whole(rain, state):
    window = (slice(4, 12), slice(8, 16))
    for whole, part in zip(
        channels(state, rain, [3, 9]), channels(state, rain, [3, 9], window), strict=True
    ):
        np.testing.assert_array_equal(part, whole[..., 4:12, 8:16])


def test_unknown_ground_gives_finite_inputs(rain, state):
    elevation = heights(place(0, *SHAPE), 2)
    elevation[:6, :6] = np.nan
    found, hybrid = state_channels(
        state, elevation, rain, np.zeros_like(rain), frames=np.arange(3), interval_s=600.0
    )
    assert np.isfinite(found).all()
    assert (hybrid[:, :6, :6] == 0).all()


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


def test_a_hundred_metres_up_changes_no_input():
    grid = place(0)
    # heights in sixteenths are exact in float32 at both levels, so nothing may differ at all
    low = np.round(heights(grid, 4) * 16).astype(np.float32) / 16
    rough = np.full(grid.shape, 0.05, np.float32)
    rain = np.full((4, *grid.shape), 60.0, np.float32)
    made = [
        prepare(
            ground, rough, rain, grid=grid, interval_s=300.0, settings=PHYSICS, factor=4
        )
        for ground in (low, low + 100)
    ]  # fmt: skip
    np.testing.assert_allclose(made[0].terrain, made[1].terrain, atol=2e-4)
    np.testing.assert_allclose(made[0].standing, made[1].standing, atol=2e-4)
    np.testing.assert_allclose(made[0].hybrid.coarse, made[1].hybrid.coarse, atol=2e-4)
    inputs = [
        state_channels(
            p.hybrid, p.elevation, p.rain_rate, p.standing, frames=np.arange(4), interval_s=300.0
        )[0]
        for p in made
    ]
    np.testing.assert_allclose(inputs[0], inputs[1], atol=2e-3)


def test_inputs_of_terrain_are_of_order_one():
    grid = place(0)
    found = terrain_channels(heights(grid, 4), np.full(grid.shape, 0.05, np.float32), grid, "open")
    assert np.isfinite(found).all()
    assert np.abs(found).max() < 4
