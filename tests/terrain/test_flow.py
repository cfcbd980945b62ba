import numpy as np
import pytest

from inundate.terrain.flow import (
    GROUND,
    OUTLET,
    UNKNOWN,
    WALL,
    drained_area,
    enclosed_gaps,
    flood,
    follow,
    label_sinks,
    make_kind,
    route,
    wetness_index,
)

SIDES = ((-1, 0), (0, -1), (0, 1), (1, 0))
CORNERS = ((-1, -1), (-1, 1), (1, -1), (1, 1))


def outlets(kind, neighbours):
    """Ground on the edge or beside an unknown cell, cell by cell."""
    steps = SIDES + (CORNERS if neighbours == 8 else ())
    rows, columns = kind.shape
    found = np.zeros(kind.shape, dtype=bool)
    for r in range(rows):
        for c in range(columns):
            if kind[r, c] != GROUND:
                continue
            on_rim = r in (0, rows - 1) or c in (0, columns - 1)
            found[r, c] = on_rim
            for dr, dc in steps:
                i, j = r + dr, c + dc
                if not (0 <= i < rows and 0 <= j < columns) or kind[i, j] == UNKNOWN:
                    found[r, c] = True
    return found


def fill_by_relaxation(height, kind, neighbours):
    """Lower a flooded surface until nothing moves: slow, and plainly right."""
    steps = SIDES + (CORNERS if neighbours == 8 else ())
    level = np.where(outlets(kind, neighbours), height, np.inf)
    while True:
        before = level.copy()
        for dr, dc in steps:
            wide = np.pad(level, 1, constant_values=np.inf)
            beside = wide[1 + dr : 1 + dr + level.shape[0], 1 + dc : 1 + dc + level.shape[1]]
            level = np.minimum(level, np.maximum(height, beside))
            level[kind != GROUND] = np.inf
        if np.array_equal(before, level):
            return np.where(np.isinf(level), height, level)


@pytest.mark.parametrize("neighbours", [4, 8])
def test_fill_equals_relaxation_on_bumpy_ground_with_gaps_and_walls(hills, neighbours):
    height = hills.copy()
    height[20:24, 30:33] = np.nan
    walls = np.zeros(height.shape, dtype=bool)
    walls[40, 5:30] = True
    walls[30:35, 10] = walls[30:35, 14] = walls[30, 10:15] = walls[34, 10:15] = True  # shut in
    kind = make_kind(height, walls)
    filled, parent, order = flood(height, kind, neighbours=neighbours)
    np.testing.assert_array_equal(filled, fill_by_relaxation(height, kind, neighbours))
    assert (filled - height)[kind == GROUND].max() > 0.5  # there was something to fill
    shut_in = {31 * 53 + 11, 33 * 53 + 13}
    assert not shut_in & set(order.tolist())
    assert all(parent[cell] == OUTLET for cell in shut_in)


def test_a_pit_by_hand():
    height = np.array(
        [
            [9, 9, 9, 9, 9],
            [9, 2, 3, 8, 9],
            [9, 4, 1, 5, 7],
            [9, 9, 9, 9, 9],
        ],
        dtype=float,
    )
    filled, _, order = flood(height, make_kind(height))
    np.testing.assert_array_equal(
        filled,
        [[9, 9, 9, 9, 9], [9, 7, 7, 8, 9], [9, 7, 7, 7, 7], [9, 9, 9, 9, 9]],
    )
    levels = filled.ravel()[order]
    assert (np.diff(levels) >= 0).all()
    assert len(set(order.tolist())) == height.size


def test_a_corner_lets_water_out_only_with_eight_neighbours():
    height = np.full((5, 5), 9.0)
    height[2, 2], height[1, 1], height[0, 0] = 1.0, 0.5, 0.2
    kind = make_kind(height)
    assert flood(height, kind, neighbours=8)[0][2, 2] == 1.0
    assert flood(height, kind, neighbours=4)[0][2, 2] == 9.0
    with pytest.raises(ValueError, match="neighbours=6"):
        flood(height, kind, neighbours=6)


def test_epsilon_leaves_no_flat(hills):
    kind = make_kind(hills)
    filled, parent, order = flood(hills, kind, epsilon=1e-3)
    assert (filled >= hills).all()
    inland = order[parent[order] != OUTLET]
    rise = filled.ravel()[inland] - filled.ravel()[parent[inland]]
    assert rise.min() >= 1e-3 - 1e-12
    plain = flood(hills, kind)[0]
    assert (filled >= plain).all()
    assert (filled - plain).max() < 1e-3 * hills.size


def test_directions_equal_steepest_descent(hills):
    kind = make_kind(hills)
    drainage = route(hills, kind)
    filled = drainage.filled
    rows, columns = hills.shape
    receiver = drainage.receiver.reshape(hills.shape)
    flats = 0
    for r in range(1, rows - 1):
        for c in range(1, columns - 1):
            drops = {
                (r + dr) * columns + c + dc: (filled[r, c] - filled[r + dr, c + dc])
                / np.hypot(dr, dc)
                for dr, dc in SIDES + CORNERS
            }
            if max(drops.values()) > 0:
                assert drops[receiver[r, c]] == pytest.approx(max(drops.values()))
            else:
                flats += 1
                assert receiver[r, c] in drops
    assert flats > 5
    assert (receiver[0] == OUTLET).all()


def test_area_equals_walking_from_every_cell(hills):
    height = hills.copy()
    height[10:14, 8:20] = np.nan
    drainage = route(height, make_kind(height), neighbours=4)
    count = np.zeros(height.size)
    for start in drainage.order:
        cell, steps = start, 0
        while cell != OUTLET:
            count[cell] += 1
            cell, steps = drainage.receiver[cell], steps + 1
            assert steps <= height.size, "a loop"
    np.testing.assert_array_equal(drained_area(drainage).ravel(), count)
    out = drained_area(drainage).ravel()[(drainage.receiver == OUTLET) & (count > 0)]
    assert out.sum() == np.count_nonzero(~np.isnan(height))  # all water leaves


def test_four_directions_never_cross_a_corner(hills):
    drainage = route(hills, make_kind(hills), neighbours=4, directions=4)
    inland = drainage.order[drainage.receiver[drainage.order] >= 0]
    step = np.abs(drainage.receiver[inland] - inland)
    assert set(step.tolist()) <= {1, hills.shape[1]}


def test_water_does_not_squeeze_between_two_walls():
    height = np.full((4, 4), 5.0)
    height[1, 1], height[2, 2], height[3, 2], height[1, 0] = 4.0, 1.0, 0.5, 3.5
    walls = np.zeros((4, 4), dtype=bool)
    open_ground = route(height, make_kind(height))
    assert open_ground.receiver[1 * 4 + 1] == 2 * 4 + 2
    walls[1, 2] = walls[2, 1] = True
    assert route(height, make_kind(height, walls)).receiver[1 * 4 + 1] == 1 * 4 + 0
    assert (make_kind(height, walls)[1, 2], make_kind(height, walls)[0, 0]) == (WALL, GROUND)


def test_follow_stops_at_marks_outlets_and_after_64_steps():
    height = np.array([np.full(200, 9.0), np.arange(200.0) / 100, np.full(200, 9.0)])
    drainage = route(height, make_kind(height))
    stop = np.zeros(height.shape, dtype=bool)
    stop[1, 30] = True
    end = follow(drainage, stop)
    assert end[1, 50] == 200 + 30
    assert end[1, 30] == 200 + 30
    assert end[1, 20] == 200 + 0  # the western edge
    assert end[1, 150] == 200 + 150 - 64


def test_sinks_are_numbered_apart():
    height = np.full((5, 9), 5.0)
    height[2, 2], height[2, 3], height[2, 6] = 1.0, 3.0, 2.0
    height[0, 6] = height[1, 6] = 4.0
    filled, _, _ = flood(height, make_kind(height), neighbours=4)
    sinks = label_sinks(height, filled)
    assert sinks.max() == 2
    assert sinks[2, 2] == sinks[2, 3] != sinks[2, 6]
    assert label_sinks(height, filled, least_depth=3.0).max() == 1


def test_gaps_are_enclosed_or_joined_to_the_edge():
    missing = np.zeros((6, 7), dtype=bool)
    missing[2, 2] = missing[2, 3] = True  # enclosed
    missing[4, 6] = missing[4, 5] = True  # joined
    missing[3, 4] = True  # touches both over corners only: enclosed
    found = enclosed_gaps(missing)
    assert np.argwhere(found).tolist() == [[2, 2], [2, 3], [3, 4]]
    assert not enclosed_gaps(np.zeros((3, 3), dtype=bool)).any()


def test_wetness_by_hand():
    index = wetness_index(np.array([[4.0, 1.0, 0.0]]), np.array([[0.1, 0.0, 0.1]]), cell_size_m=5)
    np.testing.assert_allclose(index, [[np.log(20 / 0.1), np.log(5 / 1e-3), np.nan]], rtol=1e-6)
