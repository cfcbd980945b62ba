import numpy as np
import pytest

from inundate.core.errors import ConfigError, DataError
from inundate.core.grid import Grid
from inundate.hydro.boundary import LEVEL, OPEN, plan_edges
from inundate.hydro.march import March
from inundate.hydro.series import Series
from inundate.hydro.settings import SimulateSettings
from inundate.hydro.site import Site
from inundate.hydro.stretches import Boundaries, Stretch, open_boundaries

GRID = Grid("EPSG:27700", 400000, 500000, 10, 10, 30, 20)
FIXED = Series.constant(2.5)


def plan(ground, *stretches, **settings):
    ground = np.asarray(ground, float)
    return plan_edges(
        ground, np.isfinite(ground), np.zeros(ground.shape, bool), 10.0,
        SimulateSettings(**{"edges": "closed", **settings}), Boundaries(stretches),
    )  # fmt: skip


def read(tmp_path, text, grid=GRID, start=None):
    path = tmp_path / "boundaries.toml"
    path.write_text(text)
    return open_boundaries(path, grid, start).stretches


def test_part_of_a_side():
    found = plan(np.zeros((4, 6)), Stretch("sea", "level", "east", (1, 3), level=FIXED))
    assert found.faces.column.tolist() == [5, 5]
    assert found.faces.first_of_row.tolist() == [0, 0, 1, 2, 2]
    assert found.faces.kind.tolist() == [LEVEL, LEVEL]
    assert found.faces.outside.tolist() == [2.5, 2.5]
    assert found.stretch.tolist() == [0, 0]


def test_the_settings_hold_elsewhere():
    found = plan(
        np.zeros((4, 6)), Stretch("weir", "open", "north", (0, 2), slope=0.04),
        Stretch("wall", "closed", "west"), edges="open", edge_slope=0.01,
    )  # fmt: skip
    assert found.faces.kind.tolist() == [OPEN] * (2 * 6 + 4)
    slopes = np.round(found.faces.slope_root**2, 6)
    assert sorted(slopes.tolist()) == pytest.approx([0.01] * 14 + [0.04] * 2)


def test_box_also_takes_the_rim_of_ragged_ground():
    ground = np.zeros((5, 6))
    ground[:, 4:] = np.nan
    ground[0, 3] = np.nan
    found = plan(ground, Stretch("sea", "level", rows=(0, 3), columns=(2, 6), level=FIXED))
    cells = found.faces.first_of_row, found.faces.column, found.faces.start
    assert cells[0].tolist() == [0, 1, 2, 3, 3, 3]
    assert cells[1].tolist() == [2, 3, 3]
    assert cells[2].tolist() == [0, 2, 4, 5]  # the first two cells meet the outside on two sides


def test_inflow_lets_nothing_out():
    inflow = Series.constant(3.0)
    found = plan(np.zeros((4, 6)), Stretch("river", "inflow", "west", inflow=inflow), edges="open")
    assert found.faces.kind.size == 2 * 6 + 4
    assert found.inflow[0].tolist() == [0, 6, 12, 18]


def test_overlap_is_refused():
    with pytest.raises(DataError) as caught:
        plan(
            np.zeros((4, 6)), Stretch("sea", "level", "east", level=FIXED),
            Stretch("port", "open", rows=(2, 4), columns=(4, 6)),
        )  # fmt: skip
    assert str(caught.value) == (
        "setting edges: boundaries 'sea' and 'port' overlap at row 2, column 5 and 2 such faces, "
        "expected one for each face"
    )


def test_a_part_without_ground_is_refused():
    ground = np.zeros((4, 6))
    ground[:, -1] = np.nan
    with pytest.raises(DataError) as caught:
        plan(ground, Stretch("sea", "open", "east"))
    assert str(caught.value) == ("setting edges: boundary 'sea' has no cell with ground along it")


def test_level_below_the_ground_is_refused():
    tide = Series(np.array([0.0, 9.0]), np.array([1.0, 2.0]), name="tide")
    with pytest.raises(DataError) as caught:
        plan(np.full((4, 6), 3.0), Stretch("sea", "level", "east", level=tide))
    assert str(caught.value) == (
        "setting edges: the level of boundary 'sea', at most 2 m, is below all ground along it, "
        "from 3 m"
    )
    plan(np.full((4, 6), 1.5), Stretch("sea", "level", "east", level=tide))  # rises above it later


@pytest.mark.parametrize("kind", ["level", "inflow"])
def test_kind_and_series_belong_together(kind):
    with pytest.raises(ConfigError, match=f"kind is '{kind}', which needs {kind}"):
        Stretch("sea", kind, "east")
    with pytest.raises(ConfigError, match=f"kind is 'open', but {kind} is given"):
        Stretch("sea", "open", "east", **{kind: FIXED})


def test_negative_inflow_is_refused():
    with pytest.raises(DataError, match="boundary river: inflow of -1, expected 0 or more"):
        Stretch("river", "inflow", "east", inflow=Series.constant(-1.0))


def test_file(tmp_path):
    (tmp_path / "tide.csv").write_text("time_s, level [m]\n0, 1\n600, 2\n")
    (tmp_path / "river.csv").write_text("time_s, inflow [m2 s-1]\n0, 1\n600, 2\n")
    found = read(tmp_path, """
        [[boundary]]
        name = "estuary"
        side = "north"
        from = 400095
        to = 400195
        kind = "level"
        level = "tide.csv"
        outside = "hold"
        [[boundary]]
        side = "west"
        from = 499800
        to = 499850
        kind = "inflow"
        inflow = "river.csv"
        [[boundary]]
        box = [400200, 499800, 400300, 499900]
        kind = "open"
        slope = 0.02
        [[boundary]]
        side = "south"
        to = 400003
        kind = "inflow"
        inflow_m3_s = 2
    """)  # fmt: skip
    assert [stretch.name for stretch in found] == ["estuary", "number 2", "number 3", "number 4"]
    assert found[0].cells == (9, 19)  # centres 400095 to 400185; 400195 is the centre of cell 19
    assert found[0].level.outside == "hold"
    assert found[1].cells == (15, 20)  # counted from the north
    assert found[1].per_metre
    assert (found[2].rows, found[2].columns) == ((10, 20), (20, 30))
    assert found[3].cells == (0, 1)  # shorter than a cell
    assert found[3].inflow.at(5) == 2
    assert not found[3].per_metre


@pytest.mark.parametrize(("text", "message"), [
    ("kind = 'open'", "number 1: expected either side or box"),
    ("side = 'north'", "number 1: kind: Field required"),
    ("side = 'nord'\nkind = 'open'", "number 1: side = 'nord': Input should be 'north'"),
    ("side = 'east'\nkind = 'level'",
     "number 1: kind 'level' needs one of level, level_m, found none"),
    ("side = 'east'\nkind = 'level'\nlevel_m = 1\nlevel = 'x'",
     "needs one of level, level_m, found level, level_m"),
    ("side = 'east'\nkind = 'closed'\nslope = 0.1", "slope does nothing for kind 'closed'"),
    ("side = 'east'\nkind = 'open'\nform = 3", "key 'form' is not known; did you mean 'from'?"),
    ("box = [0, 0, 1, 1]\nkind = 'open'\nfrom = 3", "from and to go with side, not with box"),
    ("side = 'east'\nkind = 'level'\nlevel_m = 1\noutside = 'hold'",
     "outside goes with a series"),
    ("side = 'east'\nkind = 'level'\nlevel = 'x'\noutside = 'zero'", "would be a level of 0 m"),
    ("side = 'east'\nkind = 'inflow'\ninflow_m3_s = -1", "inflow_m3_s = -1"),
])  # fmt: skip
def test_wrong_file(tmp_path, text, message):
    with pytest.raises(ConfigError) as caught:
        read(tmp_path, f"[[boundary]]\n{text}\n")
    assert message in str(caught.value)
    assert "boundaries.toml" in str(caught.value)


def test_all_faults_at_once(tmp_path):
    with pytest.raises(ConfigError) as caught:
        read(tmp_path, "[[boundery]]\nkind='x'\n[[boundary]]\nkindd='open'\nside='north'\n")
    text = str(caught.value)
    assert text.startswith("reading 3 faults\n")
    assert "table 'boundery' is not known; did you mean 'boundary'?" in text
    assert "key 'kindd' is not known; did you mean 'kind'?" in text


def test_empty_file(tmp_path):
    with pytest.raises(ConfigError, match=r"holds no table \[\[boundary\]\]"):
        read(tmp_path, "")
    with pytest.raises(ConfigError, match="expected tables"):
        read(tmp_path, "boundary = 3")


def test_beyond_the_side_is_refused(tmp_path):
    with pytest.raises(DataError) as caught:
        read(tmp_path, "[[boundary]]\nside='east'\nkind='open'\nfrom=400000\nto=400100\n")
    assert str(caught.value) == (
        "boundary number 1: from 400000 to 400100 is not within the eastern side, 499800 to 500000"
    )
    assert caught.value.hint == "along this side the coordinate is y"


def test_zero_level_in_the_series_file_is_refused(tmp_path):
    (tmp_path / "t.toml").write_text('time_s=[0]\nvalue=[1]\nunit="m"\noutside="zero"\n')
    with pytest.raises(DataError, match="would be a level of 0 m"):
        read(tmp_path, "[[boundary]]\nside='east'\nkind='level'\nlevel='t.toml'\n")


def flood(*stretches, duration=3600.0, shape=(1, 40), depth=None, **settings):
    march = March(
        np.zeros(shape), 10.0,
        SimulateSettings(edges="closed", run_on_min=0, precision="float64", **settings),
        initial_depth=depth, site=Site(boundaries=Boundaries(stretches)),
    )  # fmt: skip
    list(march.frames([(duration, np.zeros(shape))]))
    return march


def test_tide_is_followed():
    hours = np.arange(0, 4 * 3600 + 1, 300.0)
    tide = Series(hours, 1.0 + 0.3 * np.sin(2 * np.pi * hours / 7200))
    sea = Stretch("sea", "level", "east", level=tide)
    march = flood(sea, duration=hours[-1], depth=np.ones((1, 40)))
    # a basin of 400 m with a tide of 2 h: the whole basin is as high as the sea
    assert march.state.depth[0] == pytest.approx(tide.at(hours[-1]), abs=0.02)
    assert march.budget.inflow_m3 > 0.2 * 4000
    assert march.budget.outflow_m3 > 0.2 * 4000
    low = flood(sea, duration=5400.0, depth=np.ones((1, 40)))
    assert low.state.depth[0] == pytest.approx(0.7, abs=0.03)


def test_inflow_volume_is_exact():
    river = Series(np.array([0.0, 600.0, 4000.0]), np.array([0.0, 2.0, 0.0]))
    march = flood(Stretch("river", "inflow", "west", inflow=river))
    volume = river.mean(0, 3600) * 3600
    assert march.budget.source_m3 == pytest.approx(volume, rel=1e-13)
    assert march.finish().stored_m3 == pytest.approx(volume, rel=1e-12)
    each = flood(Stretch("river", "inflow", "west", inflow=river, per_metre=True), shape=(3, 40))
    assert each.budget.source_m3 == pytest.approx(30 * volume, rel=1e-13)


def test_inflow_in_the_file_for_each_metre(tmp_path):
    found = read(tmp_path, "[[boundary]]\nside='west'\nkind='inflow'\ninflow_m2_s=0.2\n")
    assert found[0].per_metre
    assert found[0].cells == (0, 20)


def test_series_within_the_file(tmp_path):
    found = read(tmp_path, """
        [[boundary]]
        side = "west"
        kind = "level"
        level = {time_s = [0, 60], value = [100, 200], unit = "cm"}
    """)  # fmt: skip
    assert found[0].level.at(30) == 1.5


def test_inflow_of_another_quantity_is_refused(tmp_path):
    (tmp_path / "q.csv").write_text("time_s, flow [mm h-1]\n0, 1\n")
    with pytest.raises(DataError) as caught:
        read(tmp_path, "[[boundary]]\nside='west'\nkind='inflow'\ninflow='q.csv'\n")
    assert str(caught.value) == (
        f"boundary number 1: {tmp_path / 'q.csv'}: values are in 'mm h-1', expected 'm3 s-1'"
    )


def test_block_of_rows_takes_all_columns():
    found = plan(np.zeros((4, 6)), Stretch("all", "open", rows=(0, 2)))
    assert found.faces.kind.size == 6 + 2 * 2
