"""The hybrid: all rain stays, at the coarse solver's time; its grid; what it refuses."""

import numpy as np
import pytest

from inundate.core.errors import DataError, GridError
from inundate.core.grid import grid_of
from inundate.emulate.hybrid import HybridState, hybrid_arrays, hybrid_depth, pour_state
from inundate.emulate.pour import pad_to_blocks
from inundate.emulate.rain_frames import rain_frames
from inundate.hydro.simulate import simulate

from .small_flood import PHYSICS, ground, heights, place, storm

METHODS = ("subgrid", "mean")


def run(elevation, rain, factor=4, method="subgrid"):
    rough = np.where(np.isfinite(elevation), np.float32(0.05), np.nan)
    return hybrid_arrays(
        elevation, rain, roughness=rough, interval_s=300.0, cell_size_m=10.0, factor=factor,
        settings=PHYSICS, method=method,
    )  # fmt: skip


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("shape", [(32, 32), (30, 36), (30, 37)])
@pytest.mark.parametrize("hole", [False, True])
def test_behind_closed_edges_all_rain_is_there(shape, hole, method):
    elevation = heights(place(0, *shape), 3)
    if hole:
        elevation[9:20, 5:15] = np.nan
    rain = np.full((4, *shape), 60.0, np.float32)
    depth = pour_state(run(elevation, rain, method=method), elevation)
    known = np.isfinite(elevation)
    assert np.isnan(depth[:, ~known]).all()
    blocks = pad_to_blocks(known, 4, fill=0.0).reshape(8, 4, -1, 4).sum(axis=(1, 3))
    # to the mean of the ground, coarse cells with less than half their ground are none
    cells = blocks.sum() if method == "subgrid" else blocks[blocks >= 8].sum()
    assert cells >= 0.85 * known.sum()
    fallen = 0.005 * np.arange(1, 5) * cells  # 5 mm a frame, in cells times metres
    np.testing.assert_allclose(np.nansum(depth, axis=(1, 2), dtype=float), fallen, rtol=1e-3)


def test_deepest_is_the_largest_so_far():
    elevation = heights(place(0), 3)
    rain = np.zeros((6, 32, 32), np.float32)
    rain[:2] = 120.0
    state = run(elevation, rain)
    assert (state.deepest >= state.coarse).all()
    np.testing.assert_array_equal(state.deepest[-1], state.coarse.max(axis=0))
    assert state.coarse.shape == (6, 8, 8)


@pytest.mark.parametrize("method", METHODS)
def test_on_flat_ground_depth_is_the_rain_at_every_factor(method):
    flat, rain = np.full((16, 16), 7.0, np.float32), np.full((3, 16, 16), 24.0, np.float32)
    for factor in (2, 4, 8):
        depth = pour_state(run(flat, rain, factor, method), flat)
        by_hand = np.array([0.002, 0.004, 0.006])[:, None, None]
        np.testing.assert_allclose(depth, np.broadcast_to(by_hand, depth.shape), rtol=1e-3)


def test_pouring_one_cell_a_block_changes_nothing():
    coarse = np.random.default_rng(0).uniform(0, 1, (2, 5, 5)).astype(np.float32)
    depth = pour_state(HybridState(coarse, coarse, 1), heights(place(0, 5, 5), 1))
    np.testing.assert_allclose(depth, coarse, atol=1e-6)


def test_missing_rain_is_refused():
    rain = np.ones((2, 32, 32), np.float32)
    rain[1, 4, 4] = np.nan
    with pytest.raises(DataError, match="rain is missing on known ground"):
        run(heights(place(0), 1), rain)


def test_frames_and_grid_are_the_simulation_s():
    terrain, rain = ground(1), storm("late", place(1))
    found = hybrid_depth(rain, terrain, settings=PHYSICS)
    truth = simulate(rain, terrain, settings=PHYSICS, progress=False)
    assert grid_of(found).same_as(grid_of(terrain))
    np.testing.assert_array_equal(found["time"], truth["time"])
    assert found["water_depth"].shape == truth["water_depth"].shape
    frames = rain_frames(rain, place(1), np.ones((32, 32), bool), PHYSICS)
    np.testing.assert_allclose(frames.rate, truth["rain_rate"], rtol=1e-5, atol=1e-5)
    hybrid, true = found["water_depth"].to_numpy(), truth["water_depth"].to_numpy()
    assert hybrid.sum() == pytest.approx(true.sum(), rel=1e-2)
    assert np.corrcoef(hybrid[-1].ravel(), true[-1].ravel())[0, 1] > 0.5


def test_rain_elsewhere_is_refused():
    with pytest.raises(GridError):
        hybrid_depth(storm("late", place(2)), ground(1), settings=PHYSICS)


def test_missing_rain_in_a_file_is_refused():
    rain = storm("late", place(1)).copy()
    rain[2, 5, 5] = np.nan
    with pytest.raises(DataError, match="missing"):
        hybrid_depth(rain, ground(1), settings=PHYSICS)
