import contextlib
import gzip
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inundate.core.errors import DataError, GridError, InundateError, MissingFileError, RunError
from inundate.core.grid import grid_of
from inundate.terrain.asciigrid import (
    read_asciigrid,
    read_asciigrids,
    write_asciigrid,
)
from inundate.terrain.prj import parse_prj

PLAIN = (
    "ncols 3\nnrows 2\nxllcorner 100\nyllcorner 200\ncellsize 10\nNODATA_value -9999\n"
    "1 2 3\n4 -9999 6\n"
)


def write(folder: Path, text: str, name: str = "a.asc") -> Path:
    path = folder / name
    path.write_text(text)
    return path


def read(folder: Path, text: str):
    return read_asciigrid(write(folder, text), crs="EPSG:27700")


def test_plain_grid_has_place_and_masked_nodata(tmp_path):
    found = read(tmp_path, PLAIN)
    assert found.dims == ("y", "x")
    assert found.dtype == np.float32
    np.testing.assert_array_equal(found.values, [[1, 2, 3], [4, np.nan, 6]])
    assert grid_of(found).bounds == (100, 200, 130, 220)
    np.testing.assert_array_equal(found.y, [215, 205])  # row 0 in the north
    assert found.attrs["units"] == "m"


@pytest.mark.parametrize(
    "header",
    [
        "NODATA_value -9999\ncellsize 10\nyllcorner 200\nxllcorner 100\nnrows 2\nncols 3\n",
        "NCOLS\t3\t\t\nNROWS\t2  \nXLLCORNER\t100\t\nYllCorner 200\nCELLSIZE 1e1\nnodata -9999\n",
        "ncols 3\r\nnrows 2\r\nxllcenter 105\r\nyllcenter 205\r\ncellsize 10\r\n"
        "NODATA_value -9999\r\n",
        "\nncols 3\nnrows 2\nxllcorner 100\nyllcorner 200\ndx 10\ndy 10\nNODATA_value -9999\n",
    ],
    ids=["order", "case-tabs-blanks", "centre-crlf", "dx-dy"],
)
def test_header_in_any_order_case_and_spacing(tmp_path, header):
    expected = read(tmp_path, PLAIN)
    found = read(tmp_path, header + " 1 2 3 \n4\t-9999\t6\n")
    np.testing.assert_array_equal(found.values, expected.values)
    assert grid_of(found).same_as(grid_of(expected))


def test_rows_in_e_notation_are_values_not_headers(tmp_path):
    text = PLAIN.replace("4 -9999 6", "1.5e-05 2E1 nan")
    np.testing.assert_allclose(read(tmp_path, text).values[1], [1.5e-05, 20, np.nan])


def test_values_may_be_wrapped_at_any_place(tmp_path):
    text = PLAIN.replace("1 2 3\n4 -9999 6\n", "1\n2 3 4\n-9999 6\n")
    np.testing.assert_array_equal(read(tmp_path, text).values, read(tmp_path, PLAIN).values)


def test_nodata_line_is_optional_and_gzip_is_read_by_content(tmp_path):
    text = PLAIN.replace("NODATA_value -9999\n", "").replace("-9999", "5")
    path = tmp_path / "no_suffix"
    path.write_bytes(gzip.compress(text.encode()))
    np.testing.assert_array_equal(read_asciigrid(path, crs="EPSG:27700"), [[1, 2, 3], [4, 5, 6]])


@pytest.mark.parametrize(
    ("change", "message", "hint"),
    [
        (("1 2 3", "1 2"), "found 5 values, expected 6 (2 rows x 3 columns)", "cut off"),
        (("1 2 3", "1 2 3 9"), "found 7 values, expected 6 (2 rows x 3 columns)", "header"),
        (("1 2 3", "1,5 2 3"), "line 7: found '1,5', expected a number", "decimal point"),
        (("1 2 3", "1 x 3"), "line 7: found 'x', expected a number", None),
        (("nrows 2", "nrow 2"), "line 2: found 'nrow', expected a header key", "'nrows'"),
        (("nrows 2\n", ""), "the header of an ASCII grid lacks nrows", "starts with"),
        (("cellsize 10", "cellsize -10"), "cellsize is -10 x -10, expected above 0", None),
        (("ncols 3", "ncols 2.5"), "ncols is 2.5, expected a whole number above 0", None),
        (("ncols 3", "ncols 3 4"), "line 1: found 2 values for 'ncols', expected one", None),
        (("nrows 2", "nrows 2\nnrows 2"), "header key 'nrows' occurs twice", None),
        (("xllcorner 100\n", ""), "lacks xllcorner", None),
    ],
)
def test_faults_are_named(tmp_path, change, message, hint):
    with pytest.raises(DataError) as caught:
        read(tmp_path, PLAIN.replace(*change))
    assert message in str(caught.value)
    assert "a.asc" in str(caught.value)
    assert (caught.value.hint or "").find(hint or "") >= 0


def test_truncated_gzip_is_a_data_error(tmp_path):
    path = tmp_path / "a.asc.gz"
    path.write_bytes(gzip.compress((PLAIN * 1).encode())[:-12])
    with pytest.raises(DataError, match="gzip stream is damaged|found . values"):
        read_asciigrid(path, crs="EPSG:27700")


def test_undeclared_missing_value_is_refused_and_can_be_declared(tmp_path):
    path = write(tmp_path, PLAIN.replace("NODATA_value -9999\n", ""))
    with pytest.raises(DataError) as caught:
        read_asciigrid(path, crs="EPSG:27700")
    assert str(caught.value) == (
        f"reading {path}: found heights of -9999 m in 1 of 6 cells, expected -500 to 9000 m"
    )
    assert caught.value.hint == (
        "if -9999 marks missing cells, inundate terrain crop --nodata -9999 writes it with these "
        "missing"
    )
    assert np.isnan(read_asciigrid(path, crs="EPSG:27700", nodata=-9999).values[1, 1])


def test_a_crs_that_contradicts_the_prj_is_refused(tmp_path):
    path = write(tmp_path, PLAIN)
    (tmp_path / "a.prj").write_text("EPSG:32630")
    assert grid_of(read_asciigrid(path, crs="epsg:32630")).crs == "EPSG:32630"
    with pytest.raises(GridError, match=r"the file states EPSG:32630, expected EPSG:27700"):
        read_asciigrid(path, crs="EPSG:27700")
    (tmp_path / "a.prj").write_text("a grid of mine")
    assert grid_of(read_asciigrid(path, crs="EPSG:27700")).crs == "EPSG:27700"


def test_crs_comes_from_prj_or_is_asked_for(tmp_path):
    path = write(tmp_path, PLAIN)
    with pytest.raises(GridError, match="names no coordinate reference system") as caught:
        read_asciigrid(path)
    assert "--crs EPSG:27700" in caught.value.hint
    (tmp_path / "a.prj").write_text("EPSG:32630")
    assert grid_of(read_asciigrid(path)).crs == "EPSG:32630"
    (tmp_path / "a.prj").write_text("a grid of mine")
    with pytest.raises(GridError, match=r"a\.prj: 'a grid of mine' is not a coordinate"):
        read_asciigrid(path)
    with pytest.raises(GridError, match="'EPSG:banana' is not a coordinate reference system"):
        read_asciigrid(path, crs="EPSG:banana")


def test_old_utm_prj_is_understood():
    text = "Projection    UTM\nZone          56\nDatum         WGS84\nYshift        10000000\n"
    assert parse_prj(text, "x.prj") == "EPSG:32756"
    assert parse_prj(text.replace("10000000", "0"), "x.prj") == "EPSG:32656"


def test_stream_of_grids_is_split_and_lazy(tmp_path):
    second = PLAIN.replace("1 2 3", "7 8 9")
    path = write(tmp_path, PLAIN + "\n" + second + "ncols 3\n")
    grids = read_asciigrids(path, crs="EPSG:27700")
    assert next(grids).values[0, 0] == 1
    assert next(grids).values[0, 0] == 7
    with pytest.raises(DataError, match="lacks nrows"):
        next(grids)
    with pytest.raises(DataError, match="several grids"):
        read_asciigrid(write(tmp_path, PLAIN + second), crs="EPSG:27700")


def test_missing_file(tmp_path):
    with pytest.raises(MissingFileError, match="no such file"):
        read_asciigrid(tmp_path / "none.asc", crs="EPSG:27700")


def test_write_and_read_back(tmp_path, heightmap, hills):
    values = hills.copy()
    values[3, 4] = np.nan
    for name in ("out.asc", "out.asc.gz"):
        path = write_asciigrid(heightmap(values, cell=0.5), tmp_path / name)
        back = read_asciigrid(path)  # the CRS comes from the .prj that was written
        np.testing.assert_allclose(back.values, values, atol=6e-4)
        assert grid_of(back).same_as(grid_of(heightmap(values, cell=0.5)))
    first = (tmp_path / "out.asc").read_text().splitlines()[:6]
    assert [line.split()[0] for line in first] == [
        "ncols", "nrows", "xllcorner", "yllcorner", "cellsize", "NODATA_value",
    ]  # fmt: skip


def test_write_refuses_what_it_cannot_say(tmp_path, heightmap):
    with pytest.raises(DataError, match="the value 5 occurs in the data"):
        write_asciigrid(heightmap([[5, 6]]), tmp_path / "a.asc", nodata=5)
    write_asciigrid(heightmap([[5, 6]]), tmp_path / "a.asc")
    with pytest.raises(RunError, match="exists"):
        write_asciigrid(heightmap([[5, 6]]), tmp_path / "a.asc")
    from inundate.core.grid import Grid, attach_grid

    oblong = heightmap([[5, 6], [7, 8]]).drop_vars(["x", "y", "spatial_ref"])
    oblong = attach_grid(oblong, Grid("EPSG:27700", 0, 0, 10, 20, 2, 2))
    with pytest.raises(GridError, match="square cells only"):
        write_asciigrid(oblong, tmp_path / "b.asc")
    assert not (tmp_path / "b.asc").exists()


@settings(max_examples=120, deadline=None)
@given(cut=st.integers(0, len(PLAIN)), at=st.integers(0, len(PLAIN) - 1), byte=st.integers(0, 255))
def test_damaged_files_never_crash(tmp_path_factory, cut, at, byte):
    damaged = bytearray(PLAIN.encode())
    damaged[at] = byte
    path = tmp_path_factory.getbasetemp() / "damaged.asc"
    path.write_bytes(bytes(damaged[: max(cut, 1)]))
    with contextlib.suppress(InundateError):
        read_asciigrid(path, crs="EPSG:27700")
