"""Files for other programs: read back by programs of others, and compared with the data."""

import json
import sqlite3
from xml.etree import ElementTree

import numpy as np
import pytest

from inundate.cli.app import main
from inundate.core.errors import ConfigError, RunError
from inundate.core.grid import grid_of
from inundate.core.store import write_dataset
from inundate.posts.locate.located import write_located
from inundate.show.gis.export import export_map
from inundate.show.gis.features import to_rings

from ..mock import make_prediction
from ..posts_mock import HOSTILE, make_posts

rasterio = pytest.importorskip("rasterio")
pyogrio_raw = pytest.importorskip("pyogrio.raw")
NS = {"k": "http://www.opengis.net/kml/2.2"}


@pytest.fixture(scope="module")
def data():
    return make_prediction(40, 5)


@pytest.fixture(scope="module")
def posts(data):
    return make_posts(data, 24)


def shoelace(ring):
    ring = np.asarray(ring)
    x, y = ring[:, 0] - ring[0, 0], ring[:, 1] - ring[0, 1]
    return float(np.sum(x[:-1] * y[1:] - x[1:] * y[:-1]) / 2)


def test_outlines_have_the_area_of_their_cells(data):
    grid = grid_of(data)
    mask = np.nan_to_num(data["water_depth_max"].values) >= 0.3
    rings = to_rings(mask, grid)
    area = sum(shoelace(ring) for polygon in rings for ring in polygon)
    assert area == pytest.approx(mask.sum() * grid.dx * grid.dy)
    assert all(shoelace(polygon[0]) > 0 for polygon in rings)
    assert all(shoelace(hole) < 0 for polygon in rings for hole in polygon[1:])


def test_holes_and_corners():
    from inundate.core.grid import Grid

    mask = np.ones((5, 5), dtype=bool)
    mask[2, 2] = False
    mask[0, 0] = False
    (ring,) = to_rings(mask, Grid("EPSG:27700", 4e5, 3e5, 10, 10, 5, 5))
    assert [round(shoelace(line)) for line in ring] == [2400, -100]
    corner = np.eye(2, dtype=bool)
    assert len(to_rings(corner, Grid("EPSG:27700", 4e5, 3e5, 10, 10, 2, 2))) == 2


def test_geopackage_is_read_by_another_program(data, posts, tmp_path):
    found = export_map(tmp_path / "a.gpkg", data, posts=posts, thresholds_m=[0.05, 0.5])
    assert found.features == {"flood": 2, "unknown": 1, "post": 23}
    assert found.unlocated == 1
    meta, _, geometry, columns = pyogrio_raw.read(tmp_path / "a.gpkg", layer="flood")
    fields = dict(zip(meta["fields"], columns, strict=True))
    cells = np.nan_to_num(data["water_depth_max"].values)
    assert meta["geometry_type"] == "MultiPolygon"
    assert meta["crs"] == "EPSG:32616"
    assert list(fields["threshold_m"]) == [0.05, 0.5]
    expected = [(cells >= t).sum() * 75**2 / 1e6 for t in (0.05, 0.5)]
    assert fields["area_km2"] == pytest.approx(expected)
    meta, _, geometry, columns = pyogrio_raw.read(tmp_path / "a.gpkg", layer="posts")
    fields = dict(zip(meta["fields"], columns, strict=True))
    assert len(geometry) == 23
    kept = np.isfinite(posts.latitude)
    assert fields["radius_m"] == pytest.approx(posts.radius_m[kept])
    assert fields["water"].tolist() == posts.water[kept].tolist()
    assert set(fields["text"]) <= set(posts.text)
    with sqlite3.connect(tmp_path / "a.gpkg") as base:
        told = base.execute("select description from gpkg_contents").fetchall()
    assert all("Unknown is not dry" in words for (words,) in told)


def test_geojson_lies_in_longitude_and_latitude(data, posts, tmp_path):
    export_map(tmp_path / "a.geojson", data, posts=posts, post_text="none")
    found = json.loads((tmp_path / "a.geojson").read_text(encoding="utf-8"))
    assert found["type"] == "FeatureCollection"
    assert any("not a measurement" in note for note in found["notes"])
    kinds = [feature["properties"]["kind"] for feature in found["features"]]
    assert kinds.count("post") == 23
    points = [
        f["geometry"]["coordinates"] for f in found["features"] if f["geometry"]["type"] == "Point"
    ]
    kept = np.isfinite(posts.latitude)
    assert np.asarray(points) == pytest.approx(
        np.stack([posts.longitude[kept], posts.latitude[kept]], axis=1), abs=2e-6
    )
    assert all("text" not in feature["properties"] for feature in found["features"])
    outline = found["features"][0]["geometry"]["coordinates"][0][0]
    assert outline[0] == outline[-1]
    assert shoelace(outline) > 0
    _, _, geometry, _ = pyogrio_raw.read(tmp_path / "a.geojson")
    assert len(geometry) == len(kinds)


def test_outlines_of_every_time(data, tmp_path):
    export_map(tmp_path / "a.geojson", data, thresholds_m=[0.05], frames="all")
    found = json.loads((tmp_path / "a.geojson").read_text(encoding="utf-8"))
    times = [
        f["properties"]["time"] for f in found["features"] if f["properties"]["kind"] == "flood"
    ]
    wet = (np.nan_to_num(data["water_depth"].values) >= 0.05).any(axis=(1, 2))
    assert len(times) == wet.sum() > 1
    assert times == sorted(times)
    assert times[-1] == "2026-03-01T12:50:00Z"


def test_kml_is_inert(data, tmp_path):
    words = tuple(HOSTILE[row % len(HOSTILE)] for row in range(24))
    hostile = make_posts(data, 24, texts=HOSTILE).with_columns(place=words, why=words, label=words)
    data = data.assign_attrs(terrain_name=HOSTILE[0])
    export_map(tmp_path / "a.kml", data, posts=hostile)
    text = (tmp_path / "a.kml").read_text(encoding="utf-8")
    root = ElementTree.fromstring(text)
    for balloon in root.iter(f"{{{NS['k']}}}description"):
        assert not balloon.text or "<" not in balloon.text.replace("<br>", "")
    marks = root.findall(".//k:Folder[k:name='posts']/k:Placemark", NS)
    assert len(marks) == 23
    styles = {style.get("id") for style in root.iter(f"{{{NS['k']}}}Style")}
    used = {
        mark.find("k:styleUrl", NS).text.lstrip("#")
        for mark in root.iter(f"{{{NS['k']}}}Placemark")
    }
    assert used <= styles
    assert (
        root.find(".//k:Folder[k:name='flood']/k:Placemark/k:MultiGeometry/k:Polygon", NS)
        is not None
    )


@pytest.mark.parametrize("layer", ["max", "depth", "probability"])
def test_cog_holds_the_cells(data, tmp_path, layer):
    found = export_map(tmp_path / "a.tif", data, layer=layer)
    with rasterio.open(tmp_path / "a.tif") as source:
        values = source.read()
        assert source.tags(ns="IMAGE_STRUCTURE")["LAYOUT"] == "COG"
        assert source.crs.to_epsg() == 32616
        assert tuple(source.bounds) == grid_of(data).bounds
        names = source.descriptions
    if layer == "max":
        expected = data["water_depth_max"].values[None]
    elif layer == "depth":
        expected = data["water_depth"].values
        assert names[0] == "2026-03-01T12:10:00Z"
    else:
        expected = data["depth_probability"].transpose("threshold", "time", "y", "x").values
        expected = expected.reshape(-1, 40, 40)
        assert names[5] == "P(depth > 0.3 m) 2026-03-01T12:10:00Z"
    assert found.bands == len(expected) == len(names)
    np.testing.assert_array_equal(values, expected)


@pytest.mark.parametrize(("name", "settings", "words"), [
    ("a.shp", {}, "expected one of .gpkg, .geojson, .kml, .tif"),
    ("a.tif", {"layer": "error"}, "layer 'error', expected one of max, depth, probability"),
    ("a.kml", {"thresholds_m": [0.0]}, "a threshold of 0 m, expected a positive depth"),
])  # fmt: skip
def test_wrong_settings_are_told_and_nothing_is_written(data, tmp_path, name, settings, words):
    with pytest.raises(ConfigError, match=words):
        export_map(tmp_path / name, data, **settings)
    assert list(tmp_path.iterdir()) == []


def test_posts_do_not_go_into_a_geotiff(data, posts, tmp_path):
    with pytest.raises(ConfigError, match="holds cells and no posts"):
        export_map(tmp_path / "a.tif", data, posts=posts)
    bare = data.drop_vars("depth_probability")
    with pytest.raises(ConfigError, match="holds no depth_probability"):
        export_map(tmp_path / "a.tif", bare, layer="probability")
    assert list(tmp_path.iterdir()) == []


def test_an_existing_file_is_kept(data, tmp_path):
    (tmp_path / "a.kml").write_text("mine")
    with pytest.raises(RunError, match="exists already"):
        export_map(tmp_path / "a.kml", data)
    assert (tmp_path / "a.kml").read_text() == "mine"


def test_command(data, posts, tmp_path, capsys):
    depth = write_dataset(data, tmp_path / "pred.zarr")
    located = write_located(posts, tmp_path / "located.parquet")
    output = tmp_path / "flood.gpkg"
    arguments = ["export", str(depth), "--posts", str(located), "-o", str(output)]
    assert main([*arguments, "--threshold-m", "0.05", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["bytes"] == output.stat().st_size
    assert told["features"]["post"] == 23
    assert main([*arguments, "--overwrite", "--threshold-m", "0.05", "9"]) == 0
    shown = capsys.readouterr().out
    assert "1 outlines, 1 areas of unknown depth, 23 posts" in shown
    assert "1 posts without a place left out, no cell of 9 m" in shown
    assert main(["export", str(depth), "-o", str(depth)]) != 0
