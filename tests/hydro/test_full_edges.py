"""Sides of edge faces, found from their order and their neighbours."""

import numpy as np
import pytest

from inundate.hydro.full_edges import lay_out
from inundate.hydro.march import March
from inundate.hydro.settings import SimulateSettings


def faces_of(ground, **settings):
    """Give the edge faces as a set of (side, row, column) of their cells."""
    chosen = SimulateSettings(**{"edges": "closed", **settings})
    layout = lay_out(March(ground, 10.0, chosen).ground)
    found = set()
    for row in range(len(layout.x_start) - 1):
        for e in range(layout.x_start[row], layout.x_start[row + 1]):
            east = layout.x_way[e] > 0
            found.add(("east" if east else "west", row, int(layout.x_place[e]) - int(east)))
    for row in range(len(layout.y_start) - 1):
        for e in range(layout.y_start[row], layout.y_start[row + 1]):
            south = layout.y_way[e] > 0
            found.add(("south" if south else "north", row - int(south), int(layout.y_place[e])))
    numbers = np.sort(np.concatenate([layout.x_face, layout.y_face]))
    np.testing.assert_array_equal(numbers, np.arange(numbers.size))
    return found


SIDES = {
    "north": {("north", 0, j) for j in range(6)},
    "south": {("south", 3, j) for j in range(6)},
    "west": {("west", i, 0) for i in range(4)},
    "east": {("east", i, 5) for i in range(4)},
}


@pytest.mark.parametrize("side", SIDES)
def test_one_open_side(side):
    assert faces_of(np.zeros((4, 6)), **{f"edge_{side}": "open"}) == SIDES[side]


def test_one_closed_side():
    found = faces_of(np.zeros((4, 6)), edges="open", edge_west="closed")
    assert found == SIDES["north"] | SIDES["south"] | SIDES["east"]


def test_all_and_none():
    assert faces_of(np.zeros((4, 6)), edges="open") == set().union(*SIDES.values())
    assert faces_of(np.zeros((4, 6))) == set()


def test_channel_of_one_row_and_of_one_column():
    assert faces_of(np.zeros((1, 6)), edge_east="open") == {("east", 0, 5)}
    assert faces_of(np.zeros((6, 1)), edge_north="open") == {("north", 0, 0)}


def test_area_without_ground():
    ground = np.zeros((5, 6))
    ground[2:, 4:] = np.nan  # joined to the rim
    ground[1, 1] = np.nan  # an enclosed hole: walls
    found = faces_of(ground, edges="open", edge_east="closed")
    assert ("east", 2, 3) in found
    assert ("south", 1, 4) in found
    assert ("east", 0, 5) not in found
    assert not {face for face in found if face[1:] in {(1, 0), (1, 2), (0, 1), (2, 1)}} - {
        ("west", 1, 0), ("north", 0, 1)
    }  # fmt: skip
