import numpy as np
import pytest

from inundate.core.errors import DataError
from inundate.core.grid import Grid
from inundate.hydro.march import March
from inundate.hydro.places import Place
from inundate.hydro.sections import gauges_on, sections_on
from inundate.hydro.settings import SimulateSettings

GRID = Grid("EPSG:27700", 400000, 500000, 10, 10, 30, 20)
GROUND = np.ones(GRID.shape, bool)


def place(name, *points):
    x, y = np.array(points, float).T
    return Place(name, GRID.left + x, GRID.top - y)  # metres from the north-western corner


def flows(east=0.0, south=0.0):
    return np.full((20, 31), east), np.full((21, 30), south)


def test_gauges_stand_in_the_cell_that_holds_them():
    found = gauges_on(
        [place("a", (55, 15)), place("b", (50, 10)), place("c", (0, 199.9))], GRID, GROUND
    )
    assert found.names == ("a", "b", "c")
    assert found.rows.tolist() == [1, 1, 19]
    assert found.columns.tolist() == [5, 5, 0]


def test_every_wrong_gauge_is_named():
    ground = GROUND.copy()
    ground[1, 5] = False
    with pytest.raises(DataError) as caught:
        gauges_on([place("a", (55, 15)), place("b", (-1, 15)), place("c", (5, 5))], GRID, ground)
    assert str(caught.value) == (
        "recording: 2 faults\n  gauge 'a' at (400055, 499985) stands on a wall or a cell without "
        "ground (row 1, column 5)\n  gauge 'b' at (399999, 499985) lies outside the terrain "
        "(EPSG:27700, 10 m, 20 x 30, top-left (400000, 500000))"
    )


@pytest.mark.parametrize(("line", "east", "south"), [
    # walking north -> the east is on the right, so flow eastwards is negative
    ([(100, 150), (100, 50)], -1000.0, 0.0), ([(100, 50), (100, 150)], 1000.0, 0.0),
    ([(50, 100), (150, 100)], 0.0, -1000.0), ([(150, 100), (50, 100)], 0.0, 1000.0),
    ([(50, 150), (150, 50)], -1000.0, -1000.0), ([(33, 47), (152, 96)], 500.0, -1200.0),
])  # fmt: skip
def test_discharge_from_the_right_to_the_left(line, east, south):
    """Uniform flow of 10 m2/s: the staircase crosses it over the whole width of the line."""
    found = sections_on([place("s", *line)], GRID, GROUND)
    assert found.discharge(*flows(east=10.0), 10.0)[0] == pytest.approx(east)
    assert found.discharge(*flows(south=10.0), 10.0)[0] == pytest.approx(south)


def test_the_staircase_stays_by_the_line():
    line = place("s", (20, 20), (280, 130))
    found = sections_on([line], GRID, GROUND)
    _, rows, columns, _ = found.across_y
    middle = (columns + 0.5) * 10
    straight = 20 + (middle - 20) * 110 / 260
    assert np.abs(rows * 10 - straight).max() <= 5.0 + 1e-9


def test_several_sections_keep_apart():
    lines = [place("a", (100, 150), (100, 50)), place("b", (200, 50), (200, 70))]
    found = sections_on(lines, GRID, GROUND)
    np.testing.assert_allclose(found.discharge(*flows(east=1.0), 10.0), [-100, 20])


def test_a_closed_line_gives_the_change_of_volume_inside():
    """Exact for mass: what crosses the line is what the cells inside gain."""
    rng = np.random.default_rng(5)
    heights = rng.normal(0, 0.5, GRID.shape)
    settings = SimulateSettings(precision="float64", edges="closed", max_step_s=0.5)
    march = March(heights, 10.0, settings, initial_depth=rng.uniform(0, 1, GRID.shape))
    # anticlockwise round the block of rows 4..11, columns 6..17: what flows in is positive
    ring = place("ring", (60, 40), (60, 120), (180, 120), (180, 40), (60, 40))
    found = sections_on([ring], GRID, GROUND)
    inside = np.s_[4:12, 6:18]
    before = march.state.depth[inside].sum() * 100
    crossed, dry = 0.0, np.zeros(GRID.shape)
    for _ in range(20):
        report = march.step(dry, 0.1)
        assert report.steps == 1
        crossed += found.discharge(march.state.flow_x, march.state.flow_y, 10.0)[0] * report.seconds
    gained = march.state.depth[inside].sum() * 100 - before
    assert abs(gained) > 10
    assert crossed == pytest.approx(gained, rel=1e-9)


def test_walls_carry_nothing():
    ground = GROUND.copy()
    ground[8, :] = False
    found = sections_on([place("s", (100, 150), (100, 50))], GRID, ground)
    assert found.discharge(*flows(east=1.0), 10.0)[0] == pytest.approx(-90)


@pytest.mark.parametrize(("line", "message"), [
    ([(100, 50), (400, 50)], "section 's' leaves the terrain"),
    ([(100, 50), (101, 51)], "section 's' has no face between two cells with ground"),
    ([(0, 0), (0, 200)], "section 's' has no face between two cells with ground"),
])  # fmt: skip
def test_faults(line, message):
    with pytest.raises(DataError) as caught:
        sections_on([place("s", *line)], GRID, GROUND)
    assert str(caught.value).startswith(f"recording: {message}")
    assert "at least a cell inside" in caught.value.hint
