"""Fill, spill, merge: by hand, by accounting and against an independent filling."""

import heapq

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from inundate.core.errors import ConfigError, DataError
from inundate.score.fill_spill import fill_depth, find_sinks, stand

WALL = 10.0


def valley(*heights):
    """Give a row of heights between two walls."""
    row = np.array(heights, dtype=float)
    return np.stack([np.full_like(row, WALL), row, np.full_like(row, WALL)])


def pour(elevation, amounts, at, edges="open"):
    """Pour amounts in frames onto one cell of the valley's row; give the row's depths."""
    elevation = np.asarray(elevation)
    water = np.zeros((len(amounts), *elevation.shape))
    water[:, 1, at] = amounts
    depth, outflow = stand(find_sinks(elevation, edges=edges), water)
    return depth[:, 1], outflow


# sink A (0 m) and sink B (1 m) spill into each other at 2 m; both together leave at 3 m
TWO_SINKS = valley(WALL, 0, 2, 1, 3, 0.5)


@pytest.mark.parametrize(
    ("amount", "row", "outflow"),
    [
        (1.5, [0, 1.5, 0, 0, 0, 0], 0),  # A fills
        (2.5, [0, 2, 0, 0.5, 0, 0], 0),  # A is full and spills into B
        (3.0, [0, 2, 0, 1, 0, 0], 0),  # both are full
        (4.5, [0, 2.5, 0.5, 1.5, 0, 0], 0),  # they merge: (4.5 + 0 + 1 + 2) / 3 = 2.5 m
        (7.0, [0, 3, 1, 2, 0, 0], 1),  # the pair holds 6, the rest leaves
    ],
)
def test_hand_worked(amount, row, outflow):
    depth, left = pour(TWO_SINKS, [amount], at=1)
    np.testing.assert_allclose(depth[0], row, atol=1e-6)
    assert left[0] == pytest.approx(outflow)


def test_water_that_starts_in_the_other_sink_spills_the_other_way():
    depth, _ = pour(TWO_SINKS, [1.5], at=3)
    np.testing.assert_allclose(depth[0], [0, 0.5, 0, 1, 0, 0], atol=1e-6)


@pytest.mark.parametrize(("heights", "into"), [((0, 5, 3), 1), ((3, 5, 0), 3)])
def test_a_crest_drains_to_its_lowest_neighbour(heights, into):
    depth, _ = pour(valley(WALL, *heights, WALL), [0.5], at=2)
    assert np.flatnonzero(depth[0]).tolist() == [into]


def test_chain_of_sinks_spills_from_high_to_low():
    stairs = valley(WALL, 6, 7, 4, 5, 2, 3, 0)  # sinks at 6, 4 and 2 m, one cell each, 1 m deep
    depth, left = pour(stairs, [0.5, 1.0, 2.0], at=1)
    np.testing.assert_allclose(depth[0], [0, 0.5, 0, 0, 0, 0, 0, 0], atol=1e-6)
    np.testing.assert_allclose(depth[1], [0, 1, 0, 0.5, 0, 0, 0, 0], atol=1e-6)
    np.testing.assert_allclose(depth[2], [0, 1, 0, 1, 0, 1, 0, 0], atol=1e-6)
    np.testing.assert_allclose(left, [0, 0, 0.5])


def test_partial_level_of_a_bowl_is_closed_form():
    bowl = valley(WALL, 3, 1, 0, 1, 3, WALL)
    for volume, level in [(0.4, 0.4), (1.0, 1.0), (2.5, (2.5 + 2) / 3), (7, 3.0), (9, 3.4)]:
        depth, _ = pour(bowl, [volume], at=3)
        row = np.maximum(level - bowl[1], 0)
        np.testing.assert_allclose(depth[0], row, atol=1e-6)


def test_slope_without_sink_stays_dry_and_all_leaves():
    slope = np.add.outer(np.arange(6.0), np.arange(5.0))
    depth, left = stand(find_sinks(slope), np.full((2, 6, 5), 0.01))
    assert (depth == 0).all()
    np.testing.assert_allclose(left, [0.3, 0.6])


def test_closed_edges_hold_everything():
    slope = np.add.outer(np.arange(3.0), np.arange(3.0))
    depth, left = stand(find_sinks(slope, edges="closed"), np.full((1, 3, 3), 2.0))
    assert left[0] == 0
    np.testing.assert_allclose(depth[0], np.maximum(4.0 - slope, 0), atol=1e-6)  # 18 m, level 4


def test_cells_without_data_let_water_out_when_open_and_stay_missing():
    hole = valley(WALL, 0, 2, np.nan, WALL)
    depth, left = pour(hole, [3.0], at=1)
    np.testing.assert_allclose(depth[0], [0, 2, 0, np.nan, 0])
    assert left[0] == 1
    depth, left = pour(hole, [3.0], at=1, edges="closed")
    np.testing.assert_allclose(depth[0], [0, 2.5, 0.5, np.nan, 0])


def test_flat_ground_is_dry_when_open_and_even_when_closed():
    flat = np.full((4, 5), 3.0)
    assert (stand(find_sinks(flat), np.ones((1, 4, 5)))[0] == 0).all()
    assert (stand(find_sinks(flat, edges="closed"), np.ones((1, 4, 5)))[0] == 1).all()


# few heights, so that flats, ties and nested sinks abound
terrains = arrays(np.float64, (9, 8), elements=st.integers(0, 6).map(float)) | arrays(
    np.float64, (9, 8), elements=st.floats(0, 5)
)
rain = arrays(np.float64, (3, 9, 8), elements=st.floats(0, 1))


@settings(max_examples=100, deadline=None)
@given(terrains, rain, st.sampled_from(["open", "closed"]))
def test_every_drop_is_accounted_for(elevation, water, edges):
    depth, left = stand(find_sinks(elevation, edges=edges), water)
    fallen = water.sum(axis=(1, 2)).cumsum()
    np.testing.assert_allclose(depth.sum(axis=(1, 2), dtype=float) + left, fallen, atol=1e-4)
    assert (depth >= 0).all()


@settings(max_examples=100, deadline=None)
@given(terrains, rain, st.sampled_from(["open", "closed"]))
def test_result_does_not_depend_on_how_the_rain_is_cut_into_frames(elevation, water, edges):
    sinks = find_sinks(elevation, edges=edges)
    parts, left = stand(sinks, water)
    whole, left_at_once = stand(sinks, water.sum(axis=0, keepdims=True))
    np.testing.assert_allclose(parts[-1], whole[0], atol=1e-5)
    assert left[-1] == pytest.approx(left_at_once[0], abs=1e-9)
    assert (np.diff(parts, axis=0) >= -1e-6).all()  # standing water never falls


@settings(max_examples=100, deadline=None)
@given(terrains, rain)
def test_water_stands_still(elevation, water):
    """No wet cell has a neighbour whose surface is lower: nothing would flow."""
    depth, _ = stand(find_sinks(elevation), water)
    surface = np.pad(elevation + depth[-1], 1, constant_values=-np.inf)
    own, wet = surface[1:-1, 1:-1], depth[-1] > 1e-4
    assert not wet[[0, -1]].any()  # at the open border everything leaves
    assert not wet[:, [0, -1]].any()
    for row in range(3):
        for column in range(3):
            near = surface[row : row + own.shape[0], column : column + own.shape[1]]
            assert (near[wet] >= own[wet] - 1e-4).all()


def filled_by_priority(elevation):
    """Fill sinks by the classic flood from the border inwards; shares no code."""
    rows, columns = elevation.shape
    filled = elevation.copy()
    seen = np.zeros(elevation.shape, dtype=bool)
    queue = [
        (elevation[i, j], i, j)
        for i in range(rows)
        for j in range(columns)
        if i in (0, rows - 1) or j in (0, columns - 1)
    ]
    for _, i, j in queue:
        seen[i, j] = True
    heapq.heapify(queue)
    while queue:
        level, i, j = heapq.heappop(queue)
        for a in range(max(i - 1, 0), min(i + 2, rows)):
            for b in range(max(j - 1, 0), min(j + 2, columns)):
                if not seen[a, b]:
                    seen[a, b] = True
                    filled[a, b] = max(level, elevation[a, b])
                    heapq.heappush(queue, (filled[a, b], a, b))
    return filled - elevation


@settings(max_examples=100, deadline=None)
@given(terrains)
def test_fill_depth_equals_an_independent_filling(elevation):
    np.testing.assert_allclose(fill_depth(elevation), filled_by_priority(elevation), atol=1e-6)


def test_datum_does_not_matter():
    rng = np.random.default_rng(0)
    elevation, water = rng.normal(size=(20, 20)), rng.random((2, 20, 20))
    low, _ = stand(find_sinks(elevation), water)
    high, _ = stand(find_sinks(elevation + 1000), water)
    np.testing.assert_allclose(low, high, atol=1e-6)


def test_faulty_input_is_refused():
    with pytest.raises(ConfigError, match="'level'"):
        find_sinks(TWO_SINKS, edges="level")
    with pytest.raises(ConfigError, match="expected 'open'"):
        fill_depth(TWO_SINKS, edges="closed")
    for wrong in (np.full((2, 2), np.nan), np.zeros(4), np.array([[np.inf, 1]])):
        with pytest.raises(DataError, match="expected .y, x. with finite heights"):
            find_sinks(wrong)
    sinks = find_sinks(TWO_SINKS)
    with pytest.raises(DataError, match=r"expected \(time, 3, 6\)"):
        stand(sinks, np.zeros((2, 3, 5)))
    for value in (-1.0, np.nan):
        with pytest.raises(DataError, match="negative or missing"):
            stand(sinks, np.full((1, 3, 6), value))
