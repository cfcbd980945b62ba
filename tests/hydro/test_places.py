import json

import numpy as np
import pytest

from inundate.core.errors import DataError, MissingFileError
from inundate.core.grid import Grid
from inundate.hydro.places import open_places

GRID = Grid("EPSG:27700", 400000, 500000, 10, 10, 30, 20)


def write(path, text):
    path.write_text(text)
    return path


def geojson(path, features, **more):
    found = [
        {"type": "Feature", "properties": {"name": name}, "geometry": {
            "type": kind, "coordinates": where}}
        for name, kind, where in features
    ]  # fmt: skip
    content = {"type": "FeatureCollection", "features": found, **more}
    return write(path, json.dumps(content))


def test_points_of_a_csv_in_any_order_of_columns(tmp_path):
    path = write(
        tmp_path / "g.csv", "# gauges\nx, note, y, name\n400055,a,499985,bridge\n1,b,2,m\n"
    )
    bridge, mill = open_places(path, "point", GRID)
    assert (bridge.name, bridge.x.tolist(), bridge.y.tolist()) == ("bridge", [400055], [499985])
    assert (mill.name, mill.x.tolist(), mill.y.tolist()) == ("m", [1], [2])


def test_lines_of_a_csv_keep_their_order(tmp_path):
    path = write(tmp_path / "s.csv", "name,x,y\na,0,1\nb,9,9\na,2,3\nb,8,8\na,4,5\n")
    a, b = open_places(path, "line", GRID)
    assert (a.name, a.x.tolist(), a.y.tolist()) == ("a", [0, 2, 4], [1, 3, 5])
    assert (b.name, b.x.tolist()) == ("b", [9, 8])


def test_geojson_is_longitude_and_latitude(tmp_path):
    path = geojson(tmp_path / "g.geojson", [("tower", "Point", [-2.0, 49.0])])
    (tower,) = open_places(path, "point", GRID)
    # the false origin of the National Grid is 49 N 2 W on its own datum, within 150 m of WGS 84
    np.testing.assert_allclose([tower.x[0], tower.y[0]], [400000, -100000], atol=150)


@pytest.mark.parametrize("how", ["member", "flag"])
def test_geojson_with_a_crs(tmp_path, how):
    crs = {"crs": {"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::27700"}}}
    lines = [("weir", "LineString", [[400050, 499950, 3], [400090, 499950]])]
    path = geojson(tmp_path / "s.json", lines, **(crs if how == "member" else {}))
    (weir,) = open_places(path, "line", GRID, crs="EPSG:27700" if how == "flag" else None)
    np.testing.assert_allclose(weir.x, [400050, 400090], rtol=1e-9)
    np.testing.assert_allclose(weir.y, [499950, 499950], rtol=1e-9)


def test_csv_in_another_crs(tmp_path):
    path = write(tmp_path / "g.csv", "name,x,y\na,-2.0,49.0\n")
    (found,) = open_places(path, "point", GRID, crs="EPSG:4326")
    np.testing.assert_allclose([found.x[0], found.y[0]], [400000, -100000], atol=150)


@pytest.mark.parametrize(("name", "text", "message"), [
    ("g.csv", "nmae,x,y\na,1,2\n", "found the columns nmae, x, y, expected name, x, y"),
    ("g.csv", "name,x,y\na,1,2\na,3,4\n", "2 points are called 'a'"),
    ("g.csv", "name,x,y\n", "holds no point"),
    ("g.csv", "", "found the columns (none), expected name, x, y"),
    (
        "g.csv", "name,x,y\na,1,two\n,3,4\nb,5\n",
        "3 faults\n  line 2: x '1', y 'two', expected numbers\n  line 3: no name\n"
        "  line 4: x '5', y None, expected numbers",
    ),
    ("g.txt", "name,x,y\n", "suffix '.txt', expected .csv or .geojson"),
    ("g.json", "{", "not a GeoJSON FeatureCollection (JSONDecodeError: "),
    ("g.json", "[1]", "not a GeoJSON FeatureCollection (TypeError: "),
])  # fmt: skip
def test_faults_of_a_file(tmp_path, name, text, message):
    path = write(tmp_path / name, text)
    with pytest.raises(DataError) as caught:
        open_places(path, "point", GRID)
    assert str(caught.value).startswith(f"reading {path}: {message}")
    if "nmae" in text:
        assert caught.value.hint == "is 'nmae' meant for 'name'?"


def test_faults_of_geojson(tmp_path):
    path = geojson(tmp_path / "g.json", [
        ("a", "LineString", [[1, 2], [3, 4]]), (None, "Point", [1, 2]), ("b", "Point", [1]),
    ])  # fmt: skip
    with pytest.raises(DataError) as caught:
        open_places(path, "point", GRID)
    assert str(caught.value) == (
        f"reading {path}: 3 faults\n  feature 1: a LineString, expected a Point\n"
        "  feature 2: no property 'name'\n  feature 3: list index out of range"
    )


def test_metres_taken_for_degrees(tmp_path):
    path = geojson(tmp_path / "g.json", [("a", "Point", [400050, 499950])])
    with pytest.raises(DataError, match="is no longitude and latitude, which GeoJSON holds"):
        open_places(path, "point", GRID)


def test_a_line_of_one_point(tmp_path):
    path = write(tmp_path / "s.csv", "name,x,y\na,1,2\n")
    with pytest.raises(DataError, match="line 'a' has 1 point, expected at least 2"):
        open_places(path, "line", GRID)


def test_a_place_off_the_projection(tmp_path):
    path = write(tmp_path / "g.csv", "name,x,y\na,-2.0,100.0\n")
    with pytest.raises(DataError, match="has no place in EPSG:27700"):
        open_places(path, "point", GRID, crs="EPSG:4258")


def test_an_absent_file(tmp_path):
    with pytest.raises(MissingFileError, match="reading points"):
        open_places(tmp_path / "g.csv", "point", GRID)
