"""Pouring: the volume stays, the surface is level, by hand and for any ground."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from inundate.core.errors import DataError
from inundate.emulate.heads import pour_heights
from inundate.emulate.pour import coarsen_mean, pad_to_blocks, pour, pour_levels

GROUND = np.array([[0.0, 1.0], [2.0, 4.0]], np.float32)


@pytest.mark.parametrize(("mean", "level"), [
    (0.0, 0.0),
    (0.125, 0.5),  # 0.5 over the lowest cell alone
    (0.25, 1.0),  # brim of the lowest
    (0.5, 1.5),  # (2 + 0 + 1) / 2
    (0.75, 2.0),
    (1.5, 3.0),  # (6 + 0 + 1 + 2) / 3
    (2.25, 4.0),
    (4.25, 6.0),  # all under water: (17 + 7) / 4
])  # fmt: skip
def test_closed_form_by_hand(mean, level):
    depth, signed = pour(np.full((1, 1, 1), mean), GROUND, 2)
    np.testing.assert_allclose(signed[0], level - GROUND, atol=1e-6)
    np.testing.assert_allclose(depth[0], np.maximum(level - GROUND, 0), atol=1e-6)


def test_a_missing_cell_takes_no_water_and_loses_none():
    ground = GROUND.copy()
    ground[0, 0] = np.nan
    depth, signed = pour(np.full((1, 1, 1), 0.75), ground, 2)  # volume 3 over heights 1, 2, 4
    np.testing.assert_allclose(depth[0], [[np.nan, 2.0], [1.0, 0.0]], atol=1e-6)
    np.testing.assert_allclose(signed[0], [[np.nan, 2.0], [1.0, -1.0]], atol=1e-6)


def test_a_block_without_ground_is_unknown():
    depth, signed = pour(np.zeros((2, 1, 1)), np.full((2, 2), np.nan), 2)
    assert np.isnan(depth).all()
    assert np.isnan(signed).all()


def test_overhanging_blocks_hold_their_whole_volume():
    # 3 x 3 cells at factor 2: the corner block has one cell, which takes all four cells' water
    depth, _ = pour(np.full((1, 2, 2), 0.1), np.zeros((3, 3)), 2)
    np.testing.assert_allclose(
        depth[0], [[0.1, 0.1, 0.2], [0.1, 0.1, 0.2], [0.2, 0.2, 0.4]], rtol=1e-6
    )


@st.composite
def _cases(draw):
    factor = draw(st.integers(1, 5))
    shape = (draw(st.integers(1, 12)), draw(st.integers(1, 12)))
    height = st.floats(-5, 5, width=32) | st.just(np.nan) | st.sampled_from([0.0, 1.0])
    ground = draw(arrays(np.float32, shape, elements=height))
    coarse_shape = (2, -(-shape[0] // factor), -(-shape[1] // factor))
    water = draw(arrays(np.float32, coarse_shape, elements=st.floats(0, 8, width=32)))
    return factor, ground + np.float32(draw(st.sampled_from([0.0, 100.0]))), water


@settings(deadline=None, max_examples=150)
@given(_cases())
def test_volume_is_kept_and_the_surface_is_level(case):
    factor, ground, water = case
    depth, signed = pour(water, ground, factor)
    known = np.isfinite(ground)
    np.testing.assert_array_equal(np.isnan(depth), np.broadcast_to(~known, depth.shape))
    blocks = pad_to_blocks(np.where(known, depth, 0.0), factor, 0.0)
    some = coarsen_mean(known.astype(float), factor, min_share=0.0) > 0
    # blocks overhang with zeros: the mean times the block's cells is the volume
    found = coarsen_mean(blocks, factor)
    np.testing.assert_allclose(found[:, some], water[:, some], rtol=1e-6, atol=1e-6)
    level = np.where(known, signed + ground, np.nan)
    for top in range(0, ground.shape[0], factor):
        for left in range(0, ground.shape[1], factor):
            block = level[:, top : top + factor, left : left + factor].reshape(2, -1)
            cells = block[:, np.isfinite(block[0])]
            if cells.size:
                assert np.ptp(cells, axis=1).max() <= 2e-5  # float32 at 100 m
    np.testing.assert_array_equal(depth[:, known], np.maximum(signed, 0)[:, known])


@settings(deadline=None, max_examples=100)
@given(_cases())
def test_levels_are_those_of_the_pour(case):
    factor, ground, water = case
    _, signed = pour(water, ground, factor)
    level = pour_levels(water, ground, factor)
    fine = np.repeat(np.repeat(level, factor, axis=1), factor, axis=2)
    found = fine[:, : ground.shape[0], : ground.shape[1]] - ground
    np.testing.assert_allclose(found, signed, atol=2e-5)  # float32 at 100 m


def test_levels_of_a_wrong_shape_are_named():
    with pytest.raises(DataError, match=r"expected \(time, 1, 1\) at factor 2"):
        pour_levels(np.zeros((1, 2, 1), np.float32), GROUND, 2)


@pytest.mark.parametrize("cells", [4, 16])
@settings(deadline=None, max_examples=60)
@given(seed=st.integers(0, 10_000))
def test_pouring_with_a_gradient_gives_the_same_levels(cells, seed):
    """Newton's method of the networks against the closed form."""
    rng = np.random.default_rng(seed)
    side = int(cells**0.5)
    ground = rng.normal(0, rng.choice([0.01, 0.3, 3.0]), (6 * side, 6 * side)).astype(np.float32)
    water = (rng.uniform(0, 1, (2, 6, 6)) ** 3).astype(np.float32)
    water[0, 0, 0] = 0.0
    expected = pour_levels(water, ground, side)
    blocks = torch.from_numpy(ground).reshape(6, side, 6, side).permute(1, 3, 0, 2)
    heights = blocks.reshape(1, 1, cells, 6, 6).expand(2, -1, -1, -1, -1)
    found = pour_heights(torch.from_numpy(water)[:, None], heights)
    np.testing.assert_allclose(found[:, 0], expected, atol=2e-5, rtol=1e-5)


def test_the_gradient_of_a_level_is_that_of_its_piece():
    heights = torch.tensor([0.0, 1.0, 2.0, 4.0]).reshape(1, 1, 4, 1, 1).requires_grad_()
    volume = torch.tensor(0.5).reshape(1, 1, 1, 1).requires_grad_()
    level = pour_heights(volume, heights)
    assert float(level.detach()) == pytest.approx(1.5)  # 2 over the cells at 0 and 1
    by_volume, by_height = torch.autograd.grad(level, (volume, heights))
    assert float(by_volume) == pytest.approx(2.0)  # 4 cells' water over 2 of them
    np.testing.assert_allclose(by_height.flatten(), [0.5, 0.5, 0.0, 0.0])


@given(st.floats(0, 3), st.floats(-50, 50))
@settings(deadline=None, max_examples=30)
def test_a_datum_shift_changes_no_depth(mean, shift):
    ground = np.linspace(0, 1, 16).reshape(4, 4)
    here = pour(np.full((1, 1, 1), mean), ground, 4)[0]
    there = pour(np.full((1, 1, 1), mean), ground + shift, 4)[0]
    np.testing.assert_allclose(here, there, atol=2e-5)


def test_more_water_is_nowhere_shallower():
    ground = np.random.default_rng(0).normal(size=(8, 8))
    water = np.linspace(0, 2, 20)[:, None, None] * np.ones((20, 2, 2))
    depth, signed = pour(water, ground, 4)
    assert (np.diff(depth, axis=0) >= -1e-6).all()
    assert (np.diff(signed, axis=0) >= -1e-6).all()


@pytest.mark.parametrize("coarse", [np.zeros((1, 2, 1)), np.zeros((1, 1))])
def test_wrong_shapes_are_named(coarse):
    with pytest.raises(DataError, match=r"expected \(time, 1, 1\) at factor 2"):
        pour(coarse, GROUND, 2)


def test_negative_water_is_refused():
    with pytest.raises(DataError, match="negative"):
        pour(np.full((1, 1, 1), -0.1), GROUND, 2)


def test_coarsen_mean_leaves_missing_cells_out():
    values = np.array([[1.0, 3.0, np.nan], [np.nan, 5.0, 7.0]])
    np.testing.assert_allclose(coarsen_mean(values, 2), [[3.0, np.nan]])  # 1 of 4 is too few
    np.testing.assert_allclose(coarsen_mean(values, 2, min_share=0.0), [[3.0, 7.0]])
    np.testing.assert_allclose(coarsen_mean(values, 1), values)


def test_padding_reaches_south_and_east_only():
    found = pad_to_blocks(np.ones((2, 3, 5)), 4, fill=9.0)
    assert found.shape == (2, 4, 8)
    assert (found[:, :3, :5] == 1).all()
    assert (found[:, 3:] == 9).all()
    assert (found[..., 5:] == 9).all()
