import numpy as np
import pytest

from inundate.core.errors import DataError, MissingFileError
from inundate.core.grid import Grid
from inundate.hydro.calibrate_observations import open_observations

GRID = Grid("EPSG:27700", 1000, 2000, 10, 10, 6, 4)
START = np.datetime64("2021-07-12T14:00:00", "ns")


@pytest.fixture
def read(tmp_path):
    ground = np.arange(24, dtype=float).reshape(4, 6)
    ground[3, 5] = np.nan

    def read(text, start=START):
        path = tmp_path / "levels.csv"
        path.write_text(text, encoding="utf-8")
        return open_observations(path, GRID, ground, start=start, total_s=3600, sd_m=0.05)

    return read


def test_levels_become_depths_at_cells(read):
    found = read(
        "# seen by hand\nname,x,y,time,level,sd\n"
        "bridge,1015,1985,2021-07-12T14:10:00Z,7.4,0.02\n"
        "bridge,1015,1985,1200,7.6,\n"
        "mill,1041,1999,,4.5,\n"
    )
    assert found.names == ("bridge", "mill")
    assert found.gauge.tolist() == [0, 0, 1]
    assert (found.rows.tolist(), found.columns.tolist()) == ([1, 0], [1, 4])
    np.testing.assert_allclose(found.depth, [0.4, 0.6, 0.5])
    np.testing.assert_array_equal(found.time_s, [600, 1200, np.nan])
    assert found.sd.tolist() == [0.02, 0.05, 0.05]
    assert len(found) == 3


def test_depths_need_no_more_than_a_place(read):
    found = read("x,y,depth\n1005,1995,0.3\n1005,1995,0.4\n")
    assert found.depth.tolist() == [0.3, 0.4]
    assert found.names == ("(1005, 1995)",)
    assert np.isnan(found.time_s).all()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("x,y\n1,2\n", "found the columns x, y, expected x, y, either level or depth"),
        ("x,y,level,depth\n1,2,3,4\n", "either level or depth"),
        ("x,y,level,colour\n1,2,3,4\n", "found the columns x, y, level, colour"),
        ("", r"found the columns \(none\)"),
        ("x,y,depth\n", "holds no observation"),
        ("x,y,depth\n1005,1995,deep\n", "line 2: depth 'deep', expected a number"),
        ("x,y,depth\n5,1995,1\n", r"line 2: \(5, 1995\) is outside the terrain"),
        ("x,y,depth\n1055,1965,1\n", "line 2: the terrain has no ground"),
        ("x,y,depth\n1005,1995,-1\n", "line 2: depth -1 m"),
        ("x,y,level\n1015,1985,6\n", "line 2: level 6 m is below the ground at 7.000 m"),
        ("x,y,depth,sd\n1005,1995,1,0\n", "line 2: sd 0 m, expected more than 0"),
        ("x,y,depth,time\n1005,1995,1,noon\n", "line 2: time 'noon', expected seconds or an ISO"),
        ("x,y,depth,time\n1005,1995,1,4000\n", "4000 s after the start, outside the simulation"),
    ],
)
def test_each_fault_is_named(read, text, message):
    with pytest.raises(DataError, match=message):
        read(text)


def test_all_faults_come_together(read):
    with pytest.raises(DataError, match="line 2: .*; line 3: .*and 2 more"):
        read("x,y,depth\n" + "1005,1995,-1\n" * 12)


def test_iso_times_need_a_start(read):
    with pytest.raises(DataError, match="expected seconds or an ISO time"):
        read("x,y,depth,time\n1005,1995,1,2021-07-12T14:10:00Z\n", start=None)


def test_files_that_are_absent_or_no_text(tmp_path, read):
    with pytest.raises(MissingFileError):
        open_observations(
            tmp_path / "none.csv", GRID, np.zeros((4, 6)), start=START, total_s=1, sd_m=1
        )
    path = tmp_path / "levels.csv"
    path.write_bytes(b"\xff\xfe\x00x")
    with pytest.raises(DataError, match="not a text file in UTF-8"):
        open_observations(path, GRID, np.zeros((4, 6)), start=START, total_s=1, sd_m=1)
