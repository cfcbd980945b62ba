import numpy as np
import pytest

from inundate.core.errors import DataError
from inundate.hydro.boundary import LEVEL, MIN_EDGE_SLOPE, OPEN, joined_to_rim, make_edges
from inundate.hydro.march import simulate_arrays
from inundate.hydro.settings import SimulateSettings


def edges_of(elevation, walls=None, **settings):
    elevation = np.asarray(elevation, float)
    walls = np.zeros(elevation.shape, bool) if walls is None else walls
    valid = np.isfinite(elevation) & ~walls
    return make_edges(elevation, valid, walls, 10.0, SimulateSettings(**settings))


def cells(edges):
    """Give (row, column, kind, slope, depth outside) of every face."""
    found = []
    for row in range(edges.first_of_row.size - 1):
        for cell in range(edges.first_of_row[row], edges.first_of_row[row + 1]):
            for face in range(edges.start[cell], edges.start[cell + 1]):
                found.append((
                    row, int(edges.column[cell]), int(edges.kind[face]),
                    float(edges.slope_root[face]) ** 2, float(edges.outside[face]),
                ))  # fmt: skip
    return found


def test_closed_edges_have_no_face():
    assert cells(edges_of(np.zeros((3, 4)), edges="closed")) == []


def test_open_edges_have_a_face_for_each_side():
    found = cells(edges_of(np.zeros((3, 4))))
    assert len(found) == 2 * (3 + 4)
    assert {face[2] for face in found} == {OPEN}
    assert sum(face[:2] == (0, 0) for face in found) == 2
    assert not any(face[:2] == (1, 1) for face in found)


@pytest.mark.parametrize(("side", "expected"), [
    ("north", {(0, 0), (0, 1), (0, 2)}), ("south", {(1, 0), (1, 1), (1, 2)}),
    ("west", {(0, 0), (1, 0)}), ("east", {(0, 2), (1, 2)}),
])  # fmt: skip
def test_each_side_is_its_own(side, expected):
    found = cells(edges_of(np.zeros((2, 3)), edges="closed", **{f"edge_{side}": "open"}))
    assert {face[:2] for face in found} == expected


def test_slope_of_an_open_edge_is_that_of_the_bed():
    # falls 0.5 m over 10 m towards the east, rises towards the west
    found = cells(edges_of([[2.0, 1.5, 1.0]], edges="closed", edge_east="open", edge_west="open"))
    slopes = {face[1]: face[3] for face in found}
    assert slopes[2] == pytest.approx(0.05, rel=1e-6)
    assert slopes[0] == pytest.approx(MIN_EDGE_SLOPE, rel=1e-6)


def test_slope_given_holds_everywhere():
    found = cells(edges_of([[2.0, 1.5, 1.0]], edge_slope=0.01))
    assert {round(face[3], 7) for face in found} == {0.01}


def test_level_edge_knows_the_depth_beyond():
    found = cells(edges_of([[2.0, 1.5, 1.0]], edges="closed", edge_east="level", edge_level_m=3.25))
    assert found == [(0, 2, LEVEL, pytest.approx(0.05, rel=1e-6), 2.25)]


def test_level_below_all_ground_is_refused():
    with pytest.raises(DataError) as caught:
        edges_of([[2.0, 1.5, 1.0]], edges="closed", edge_east="level", edge_level_m=0.5)
    assert str(caught.value) == (
        "setting edges: the fixed level 0.5 m is below all ground along its sides"
    )


def hole_and_bay():
    ground = np.zeros((7, 9))
    ground[3, 4] = np.nan  # enclosed
    ground[0:2, 7] = np.nan  # joined to the northern rim
    return ground


def test_joined_to_rim():
    missing = np.isnan(hole_and_bay())
    found = joined_to_rim(missing)
    assert found.sum() == 2
    assert not found[3, 4]


def test_joined_to_rim_goes_round_corners_not_through_them():
    picture = [
        "..#.....",
        "..#.###.",
        "..###.#.",
        "......#.",
        ".#..###.",
        "#.......",
    ]
    missing = np.array([[mark == "#" for mark in row] for row in picture])
    found = joined_to_rim(missing)
    assert found.sum() == missing.sum() - 1
    assert not found[4, 1]  # touches (5, 0) by a corner only


@pytest.mark.parametrize(("policy", "rim", "hole", "bay"), [
    ("auto", "open", False, True), ("auto", "closed", False, False),
    ("open", "closed", True, True), ("closed", "open", False, False),
])  # fmt: skip
def test_missing_ground(policy, rim, hole, bay):
    found = {face[:2] for face in cells(edges_of(hole_and_bay(), edges=rim, nodata_edges=policy))}
    assert ((3, 3) in found) == hole
    assert ((1, 6) in found) == bay
    assert ((2, 7) in found) == bay
    assert ((3, 4) in found) is False  # no water where there is no ground


def test_walls_are_walls_whatever_missing_ground_is():
    walls = np.isnan(hole_and_bay())
    found = {face[:2] for face in cells(edges_of(np.zeros((7, 9)), walls, edges="closed",
                                                 nodata_edges="open"))}  # fmt: skip
    assert found == set()


def test_water_leaves_through_an_open_bay_and_not_through_a_closed_one():
    made = {"rain_step_s": 600, "cell_size_m": 5}
    opened, closed = (
        simulate_arrays(
            hole_and_bay(), np.array([60.0]),
            settings=SimulateSettings(edges="closed", nodata_edges=policy), **made,
        ).budget
        for policy in ("open", "closed")
    )  # fmt: skip
    assert opened["outflow_m3"] > 0.1 * opened["rain_m3"]
    assert closed["outflow_m3"] == 0
    assert opened["rain_m3"] == pytest.approx(60 / 3.6e6 * 600 * 25 * (63 - 3), rel=1e-6)
