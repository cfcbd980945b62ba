"""The map's file: small, complete, inert, honest about what it leaves out."""

import json
import re
from hashlib import sha256
from importlib.resources import files

import numpy as np
import pytest
import xarray as xr

from inundate.core.errors import ConfigError, GridError, RunError
from inundate.core.grid import Grid, attach_grid, grid_of
from inundate.show.page import write_map
from inundate.show.template import asset, embed_json, render

from .html_check import check_page
from .mock import make_prediction
from .posts_mock import make_posts

HOSTILE = '<img src="x" onerror="alert(1)"></script><script>alert(2)</script>{{data}}'


@pytest.fixture(scope="module")
def data():
    return make_prediction(60, 8)


@pytest.fixture(scope="module")
def page(data, tmp_path_factory):
    path = tmp_path_factory.mktemp("map") / "map.html"
    return write_map(path, data), path.read_text(encoding="utf-8")


def payload(text):
    found = re.search(r'<script type="application/json" id="data">(.*?)</script>', text, re.S)
    return json.loads(found.group(1))


def test_page_is_complete_and_allowed_by_its_policy(page):
    found = check_page(page[1])
    assert len(found.scripts) == 2
    assert "https://" not in "".join(found.visible)


def test_result_says_what_was_written(page):
    result, text = page
    assert result.size == len(text.encode())
    assert result.frames == result.frames_total == 8
    assert result.layers[:2] == ("depth", "depth_max")


def test_24_frames_of_200_by_200_fit_one_megabyte(tmp_path):
    data = make_prediction(200, 24)
    result = write_map(tmp_path / "map.html", data)
    assert result.size <= 1_000_000
    assert result.frames == 24
    assert result.merged == 1


@pytest.mark.slow
def test_72_frames_of_1000_by_1000_fit_ten_megabytes(tmp_path):
    small = make_prediction(200, 72)
    grid = grid_of(small)
    fine = Grid(grid.crs, grid.left, grid.top, grid.dx / 5, grid.dy / 5, 1000, 1000)
    rng = np.random.default_rng(0)

    def refined(name):
        values = np.repeat(np.repeat(small[name].values, 5, axis=-2), 5, axis=-1)
        rough = 1 + 0.1 * rng.random((1000, 1000), dtype=np.float32)  # no two cells alike
        values = np.minimum(values * rough, 1) if name == "depth_probability" else values * rough
        return (small[name].dims, values, small[name].attrs)

    names = ("water_depth", "elevation", "rain_rate", "depth_probability")
    data = xr.Dataset(
        {name: refined(name) for name in names},
        {"time": small["time"].values, "threshold": small["threshold"].values},
    )
    result = write_map(
        tmp_path / "map.html", attach_grid(data, fine), posts=make_posts(small, 2000)
    )
    assert result.size <= 10_000_000
    assert result.posts["drawn"] > 1500
    told = [note for note in result.notes if note.startswith("To keep the file small")]
    assert bool(told) == (result.frames < 72 or result.merged > 1)


def test_thinning_is_stated_on_the_page(data, tmp_path):
    result = write_map(tmp_path / "map.html", data, max_bytes=290_000)
    text = (tmp_path / "map.html").read_text(encoding="utf-8")
    assert result.size <= 290_000
    assert result.frames < 8 or result.merged > 1
    told = [note for note in result.notes if note.startswith("To keep the file small")]
    assert told
    assert all(note in text for note in told)
    assert "±" in "".join(result.notes), "rounding is stated"


def test_hostile_names_are_inert(data, tmp_path):
    hostile = data.assign_attrs(
        terrain_name=HOSTILE, storm_name=HOSTILE, model=HOSTILE,
        provenance=json.dumps({HOSTILE: HOSTILE}),
    )  # fmt: skip
    write_map(tmp_path / "map.html", hostile, limits=[HOSTILE])
    text = (tmp_path / "map.html").read_text(encoding="utf-8")
    found = check_page(text)
    assert "img" not in {tag for tag, _ in found.tags}
    assert len(found.scripts) == 2
    # as text, and as JSON in the attribute that the switch of languages reads
    inert = re.findall(r"&lt;img src=\\?&quot;x\\?&quot; onerror=\\?&quot;alert\(1\)", text)
    assert text.count("alert(1)") == len(inert) > 0


def test_page_says_what_it_does_not_know(page):
    shown = " ".join(check_page(page[1]).visible)
    assert "What this map does not know" in shown
    assert "Unknown is not dry" in shown
    assert "prediction by Mode H" in shown


def test_what_the_run_left_out_is_told(data, tmp_path):
    settings = json.dumps({"infiltration": "none", "edges": "closed"})
    write_map(tmp_path / "map.html", data.assign_attrs(settings=settings))
    text = (tmp_path / "map.html").read_text(encoding="utf-8")
    assert "no infiltration" in text
    assert "its edges are closed" in text


@pytest.mark.parametrize(
    ("attrs", "words"),
    [
        (
            {"moved_by_m": "[1000, -250]", "moved_from": "x"},
            "moved by 1000 m east and -250 m north",
        ),
        ({"filled_steps": '["2026-03-01T12:10"]'}, "1 missing time steps of the rain were filled"),
    ],
)
def test_what_was_done_to_the_rain_is_told(data, tmp_path, attrs, words):
    rain = data["rain_rate"].assign_attrs(attrs)
    write_map(tmp_path / "map.html", data.assign(rain_rate=rain))
    assert words in (tmp_path / "map.html").read_text(encoding="utf-8")


def test_times_are_utc_and_complete(page):
    found = payload(page[1])
    assert found["times"][0] == "2026-03-01T12:10:00Z"
    assert len(found["steps"]["times"]) == 8
    assert check_page(page[1]).visible.count("03-01 12:10") == 1


def test_coordinates_of_the_page_are_those_of_the_data(page, data):
    grid, found = grid_of(data), payload(page[1])["grid"]
    assert (found["left"], found["bottom"], found["right"], found["top"]) == grid.bounds
    assert (found["width"], found["height"]) == (60, 60)
    assert found["aspect"] == 1.0
    assert found["unit_metres"] == 1.0


def test_it_opens_at_the_largest_extent(page, data):
    area = (data["water_depth"] >= 0.05).sum(("y", "x")).values
    assert payload(page[1])["start_frame"] == int(np.argmax(area))


def test_start_layer(data, tmp_path):
    write_map(tmp_path / "map.html", data, start="probability")
    found = payload((tmp_path / "map.html").read_text(encoding="utf-8"))
    assert found["layers"][found["start_layer"]]["kind"] == "probability"
    with pytest.raises(ConfigError, match="cannot open with layer 'probability'") as caught:
        write_map(tmp_path / "b.html", data.drop_vars("depth_probability"), start="probability")
    assert "depth_probability" in caught.value.hint


def test_no_grid_no_map_and_nothing_half_written(data, tmp_path):
    with pytest.raises(GridError):
        write_map(tmp_path / "map.html", data.drop_vars("elevation"))
    with pytest.raises(GridError):
        write_map(tmp_path / "map.html", data, truth=data.isel(x=slice(1, None)))
    assert list(tmp_path.iterdir()) == []


def test_an_existing_file_is_kept(page, data, tmp_path):
    (tmp_path / "map.html").write_text("mine")
    with pytest.raises(RunError, match="exists already"):
        write_map(tmp_path / "map.html", data)
    assert (tmp_path / "map.html").read_text() == "mine"
    write_map(tmp_path / "map.html", data, overwrite=True)


@pytest.mark.parametrize("crs", ["EPSG:4326", "EPSG:2263", "EPSG:3857"])
def test_other_systems(data, tmp_path, crs):
    size = {"EPSG:4326": (-84.4, 36.7, 0.001), "EPSG:2263": (980_000, 200_000, 100)}
    left, top, dx = size.get(crs, (0, 0, 10))
    bare = data.drop_vars(["x", "y", "spatial_ref"])
    moved = attach_grid(bare, Grid(crs, left, top, dx, dx, 60, 60))
    write_map(tmp_path / "map.html", moved)
    found = payload((tmp_path / "map.html").read_text(encoding="utf-8"))["grid"]
    metres = {"EPSG:4326": None, "EPSG:2263": 0.3048006, "EPSG:3857": 1.0}[crs]
    assert found["unit_metres"] == (metres and pytest.approx(metres))
    assert found["aspect"] == pytest.approx(0.802 if metres is None else 1, abs=0.002)


def test_all_dry_and_all_unknown_are_drawn(data, tmp_path):
    for name, value in (("dry", 0.0), ("unknown", np.nan)):
        blank = data.assign(water_depth=data["water_depth"] * 0 + value)[
            ["water_depth", "elevation"]
        ]
        blank["water_depth"].attrs["units"] = "m"
        assert write_map(tmp_path / f"{name}.html", blank).frames == 8


def test_one_time_step(data, tmp_path):
    assert write_map(tmp_path / "map.html", data.isel(time=[3])).frames == 1


def test_vendored_leaflet_is_the_published_one():
    # SHA-256 of dist/leaflet.js and dist/leaflet.css of Leaflet 1.9.4
    published = {
        "leaflet/leaflet.js": "db49d009c841f5ca34a888c96511ae936fd9f5533e90d8b2c4d57596f4e5641a",
        "leaflet/leaflet.css": "a7837102824184820dfa198d1ebcd109ff6d0ff9a2672a074b9a1b4d147d04c6",
    }
    for name, digest in published.items():
        data = files("inundate.show").joinpath("assets", name).read_bytes()
        assert sha256(data).hexdigest() == digest
    assert "BSD 2-Clause" in asset("leaflet/LICENSE")


def test_licence_travels_with_the_page(page):
    assert "Redistributions in binary form must reproduce" in page[1]


def test_template_fills_once_and_escapes():
    filled = render("<p>{{a}} {{b}}</p>", a="{{b}}", b="&")
    assert filled == "<p>{{b}} &amp;</p>"
    with pytest.raises(KeyError):
        render("{{missing}}")


def test_json_cannot_leave_its_element():
    text = embed_json({"a": "</script><!--", "b": "\u2028", "c": [1.5, float("inf")]})
    assert "<" not in text
    assert json.loads(text) == {"a": "</script><!--", "b": "\u2028", "c": [1.5, None]}
