import json

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from inundate.core.errors import ConfigError, DataError, MissingFileError
from inundate.posts.locate.located import (
    LOCATED_COLUMNS,
    Gap,
    Located,
    open_located,
    write_located,
)


def made_up(**columns):
    kept = {
        "post": ("aa", "bb", "cc"),
        "time": np.array(["2024-01-02T10:00", "2024-01-02T10:10:00.5", "NaT"], "datetime64[us]"),
        "text": ("water in Mill Lane", 'quote " and, comma\nnew line', ""),
        "language": ("en", "", "de"),
        "latitude": np.array([51.5, np.nan, -33.2]),
        "longitude": np.array([-0.25, np.nan, 151.0]),
        "radius_m": np.array([500.0, np.nan, 11_000.0]),
        "place": ("Mill Lane", "", ""),
        "method": ("gazetteer", "none", "coordinates"),
        "why": ("a street", "no name", "a point"),
        "story": np.array([4, 4, 7]),
        "water": np.array([1, 0, -1], dtype=np.int8),
        "probability": np.array([0.9, np.nan, 0.6]),
        "label": ("flooded", "", "dry"),
        "severity_m": np.array([0.5, np.nan, np.nan]),
        "gaps": (Gap(np.datetime64("2024-01-01", "us"), np.datetime64("NaT", "us"), "asleep"),),
        "origin": {"read": 3},
    }
    return Located(**{**kept, **columns})


def same(one, other):
    for name in LOCATED_COLUMNS:
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name), err_msg=name)


@pytest.mark.parametrize("suffix", [".parquet", ".csv", ".geojson"])
def test_files_give_back_what_was_written(tmp_path, suffix):
    path = write_located(made_up(), tmp_path / f"located{suffix}")
    back = open_located(path)
    same(back, made_up())
    if suffix == ".csv":
        assert back.gaps == ()
        assert "gaps" in back.origin["assumed"][0]
    else:
        assert back.origin == {"read": 3}
        assert [gap.why for gap in back.gaps] == ["asleep"]
        assert back.gaps[0].start == np.datetime64("2024-01-01")
        assert np.isnat(back.gaps[0].end)


@pytest.mark.parametrize("suffix", [".parquet", ".csv", ".geojson"])
def test_no_rows_at_all(tmp_path, suffix):
    path = write_located(made_up().take(np.zeros(3, dtype=bool)), tmp_path / f"none{suffix}")
    if suffix == ".geojson":  # without features nothing says which columns there are
        with pytest.raises(DataError, match="no column"):
            open_located(path)
    else:
        assert len(open_located(path)) == 0


def test_rows_are_taken_by_mask_and_by_number():
    posts = made_up()
    assert posts.is_located.tolist() == [True, False, True]
    assert posts.take(posts.is_located).post == ("aa", "cc")
    assert posts.take(np.array([2, 0])).post == ("cc", "aa")
    assert posts.with_columns(label=("x", "y", "z")).label == ("x", "y", "z")


def test_a_table_of_ones_own_needs_four_columns(tmp_path):
    path = tmp_path / "mine.csv"
    path.write_text(
        "time,latitude,longitude,radius_m,reporter\n2024-01-02T12:00+02:00,51,0,100,me\n"
        "2024-01-02 10:30,,,,\n"
    )
    found = open_located(path)
    assert found.time.tolist() == [
        np.datetime64("2024-01-02T10:00", "us").item(),
        np.datetime64("2024-01-02T10:30", "us").item(),
    ]
    assert found.method == ("coordinates", "none")
    assert found.story.tolist() == [0, 1]
    assert found.water.tolist() == [0, 0]
    assert "probability" in found.origin["assumed"][-1]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("time,latitude\n2024-01-02,3\n", "no column longitude, radius_m"),
        ("time,latitude,longitude,radius_m\nyesterday,1,2,3\n", "row 2, time is 'yesterday'"),
        ("time,latitude,longitude,radius_m\n2024-01-02,1\n", "row 2 has another number"),
        ("time,latitude,longitude,radius_m\n2024-01-02,95,2,3\n", "beyond the poles"),
        ("time,latitude,longitude,radius_m\n2024-01-02,5,,3\n", "alone"),
        ("time,latitude,longitude,radius_m\n2024-01-02,5,6,\n", "without a radius"),
        ("time,latitude,longitude,radius_m,water\n2024-01-02,5,6,7,2\n", "water of another"),
        ("time,latitude,longitude,radius_m,water\n2024-01-02,5,6,7,0.5\n", "row 2, water"),
        ("time,latitude,longitude,radius_m,author_handle\n2024-01-02,5,6,7,b\n", "raw posts"),
    ],
)
def test_what_cannot_be_is_told(tmp_path, text, says):
    path = tmp_path / "mine.csv"
    path.write_text(text)
    with pytest.raises(DataError, match=says):
        open_located(path)


def test_parquet_of_others(tmp_path):
    path = tmp_path / "mine.parquet"
    times = pa.array([1_704_189_600_000], pa.timestamp("ms", tz="UTC"))
    pq.write_table(
        pa.table({"time": times, "latitude": [1], "longitude": [2], "radius_m": [3.0]}), path
    )
    assert open_located(path).time[0] == np.datetime64("2024-01-02T10:00")
    path.write_bytes(b"no parquet")
    with pytest.raises(DataError, match="not Parquet"):
        open_located(path)


def test_geojson_of_others(tmp_path):
    path = tmp_path / "mine.geojson"
    point = {"type": "Point", "coordinates": [2.0, 1.0, 30.0]}
    feature = {
        "type": "Feature",
        "geometry": point,
        "properties": {"time": "2024-01-02", "radius_m": 9},
    }
    path.write_text(json.dumps({"type": "FeatureCollection", "features": [feature]}))
    assert open_located(path).latitude.tolist() == [1.0]
    feature["geometry"] = {"type": "LineString", "coordinates": [[0, 0], [1, 1]]}
    path.write_text(json.dumps({"type": "FeatureCollection", "features": [feature]}))
    with pytest.raises(DataError, match="feature 1 is no Point"):
        open_located(path)


def test_other_files_are_refused(tmp_path):
    with pytest.raises(ConfigError, match="suffix"):
        write_located(made_up(), tmp_path / "located.xlsx")
    with pytest.raises(MissingFileError):
        open_located(tmp_path / "located.csv")
    (tmp_path / "posts.txt").write_text("x")
    with pytest.raises(DataError, match="expected a file"):
        open_located(tmp_path / "posts.txt")


def test_columns_fit_together():
    with pytest.raises(DataError, match="unequal length"):
        made_up(post=("aa",))
    with pytest.raises(DataError, match="datetime64"):
        made_up(time=np.array(["2024-01-02"] * 3, "datetime64[D]"))
    with pytest.raises(DataError, match="row 2 .*unknown method"):
        made_up(method=("gazetteer", "guess", "none"))
    with pytest.raises(DataError, match="probability"):
        made_up(probability=np.array([0.1, 1.2, np.nan]))
