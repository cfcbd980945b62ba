"""The made-up event: whole, the same from the same seed, with errors as they were asked for."""

import csv
import json

import numpy as np
import pytest

from inundate.core.errors import ConfigError, DataError, RunError
from inundate.core.grid import Grid, grid_of
from inundate.core.store import read_dataset
from inundate.fuse.event.make import make_event, read_event
from inundate.fuse.event.people import make_posts
from inundate.fuse.event.sentences import HOSTILE, LANGUAGES, SENTENCES
from inundate.fuse.event.settings import EventSettings
from inundate.fuse.event.storm import make_event_rain
from inundate.posts.evaluate.subset import has_keyword
from inundate.posts.locate.located import open_located
from inundate.posts.serve.items import Reading, read_stream
from inundate.rain.open import open_rain
from inundate.rain.resample import crop_rain
from inundate.terrain.open import open_terrain

SMALL = EventSettings(side_cells=32, storm_min=60, after_min=20, posts=60)


@pytest.fixture(scope="module")
def event(tmp_path_factory):
    folder = tmp_path_factory.mktemp("event") / "event"
    return folder, make_event(folder, 3, settings=SMALL)


def lines(folder):
    return [json.loads(line) for line in (folder / "posts.jsonl").read_text("utf-8").splitlines()]


def test_event_is_read_by_what_reads_real_data(event):
    folder, told = event
    rain, ground = open_rain(folder / "rain.nc"), open_terrain(folder / "terrain.nc")
    assert rain.sizes["time"] == told["counts"]["rain_frames"] == 16
    assert float(rain[-4:].max()) == 0.0
    assert ground.shape == (32, 32)
    for name in ("truth.zarr", "forecast.zarr"):
        assert read_dataset(folder / name)["water_depth"].shape == (8, 32, 32)
    reading = Reading()
    with (folder / "posts.jsonl").open("rb") as stream:
        posts = list(read_stream(stream, "posts", reading))
    assert len(posts) == told["counts"]["posts"]
    assert reading.broken == {}
    located = open_located(folder / "located.geojson")
    assert len(located) == len(posts)
    assert int(located.is_located.sum()) == told["counts"]["located"] > 20
    assert read_event(folder) == told


def test_same_seed_same_event(event, tmp_path):
    _, told = event
    again = make_event(tmp_path / "again", 3, settings=SMALL)
    assert again["files"] == told["files"]
    assert again["counts"] == told["counts"]


def test_posts_come_late_and_in_order(event):
    folder, told = event
    posts = lines(folder)
    times = [line["created_bin"] for line in posts]
    assert times == sorted(times)
    assert len({line["post"] for line in posts}) == len(posts)
    with (folder / "seen.csv").open(encoding="utf-8") as stream:
        seen = {row["post"]: row for row in csv.DictReader(stream)}
    assert all(seen[line["post"]]["seen"] < line["created_bin"] for line in posts)
    assert times[-1] <= told["end"]


def test_people_are_as_wrong_as_asked(event):
    folder, _ = event
    truth = read_dataset(folder / "truth.zarr").load()
    settings = SMALL.model_copy(update={"posts": 1500, "copies": 0.0, "lag_min": 0.0})
    said = make_posts(truth, settings, 5)
    assert {one.language for one in said} == set(LANGUAGES)
    honest = [one.water == (1 if one.depth_m >= 0.1 else -1) for one in said if one.water]
    assert 0.92 < np.mean(honest) < 0.98
    assert 0.26 < np.mean([one.water == 0 for one in said]) < 0.34
    assert 0.77 < np.mean([not np.isnan(one.latitude) for one in said]) < 0.83
    located = open_located(folder / "located.geojson")
    assert set(located.water.tolist()) == {-1, 0, 1}


def test_true_place_is_within_the_radius_nine_times_in_ten(event):
    from pyproj import Transformer

    from inundate.core.grid import grid_of
    from inundate.fuse.event.placed import place_posts

    truth = read_dataset(event[0] / "truth.zarr").load()
    grid = grid_of(truth["water_depth"])
    said = make_posts(truth, SMALL.model_copy(update={"posts": 1500, "copies": 0.0}), 6)
    located = place_posts(said, grid, place_error_m=SMALL.place_error_m)
    to_metres = Transformer.from_crs("EPSG:4326", grid.crs, always_xy=True)
    x, y = to_metres.transform(located.longitude, located.latitude)
    distance = np.hypot(x - [one.x for one in said], y - [one.y for one in said])
    inside = (distance < located.radius_m)[located.is_located]
    assert 0.88 < inside.mean() < 0.98


def test_keywords_miss_some_and_are_fooled_by_some():
    water = [t for words in SENTENCES.values() for k in ("deep", "shallow") for t in words[k]]
    rest = [t for words in SENTENCES.values() for k in ("dry", "nothing") for t in words[k]]
    assert 0.2 < has_keyword(water).mean() < 0.8
    assert 0 < has_keyword(rest).mean() < 0.6


def test_hostile_posts_are_among_them(event):
    texts = " ".join(line["text"] for line in lines(event[0]))
    assert "<img src=x onerror=" in texts
    assert "</script>" in texts
    assert len(HOSTILE) == 3


def test_folder_that_is_there_stays(event):
    with pytest.raises(RunError, match="it exists already"):
        make_event(event[0], 3, settings=SMALL)


@pytest.mark.parametrize("content", ["[]", "{", '{"kind": "event", "version": 99}'])
def test_what_is_no_event_is_refused(tmp_path, content):
    (tmp_path / "event.json").write_text(content)
    with pytest.raises(DataError, match="reading .*event.json"):
        read_event(tmp_path)


def test_storm_heavier_than_any_is_refused(tmp_path):
    settings = SMALL.model_copy(update={"total_mm": 400.0, "storm_min": 20.0})
    with pytest.raises(ConfigError, match="400 mm in 20 min come to .* mm/h in places, expected"):
        make_event(tmp_path / "event", 3, settings=settings)
    assert list(tmp_path.iterdir()) == []


def test_radar_may_reach_around_the_town_and_the_storm_pass_over_it():
    settings = EventSettings(side_cells=32, storm_min=30, after_min=10, surround_km=10, total_mm=40)
    town = Grid("EPSG:27700", 400_000.0, 300_320.0, 10.0, 10.0, 32, 32)
    rain = make_event_rain(town, settings, 3)
    around = grid_of(rain)
    assert (around.dx, rain.sizes["time"]) == (500.0, 8)
    left, bottom, right, top = around.bounds
    assert left <= 390_000
    assert right >= 410_320
    assert bottom <= 290_000
    assert top >= 310_320
    total = crop_rain(rain, town.bounds).sum("time") * 300 / 3600
    assert float(total.mean()) == pytest.approx(40.0, rel=1e-3)
    assert float(rain[-1].max()) > 0  # it is elsewhere then, and not gone
    wet = rain.to_numpy() > 0
    moved = [(wet[1:, :, n:] & wet[:-1, :, : wet.shape[2] - n]).sum() for n in range(1, 9)]
    assert int(np.argmax(moved)) + 1 in (4, 5, 6)  # 2,400 m in a step, cells of 500 m
