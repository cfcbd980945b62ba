"""Nowcasts of a live view: once for each new rain, told as what they are, and bounded."""

import json
import sys

import numpy as np
import pytest
from PIL import Image

from inundate.core.errors import ConfigError, MissingExtraError
from inundate.show.serve.ahead import Ahead
from inundate.show.serve.flood import Flood
from inundate.show.serve.settings import LiveSettings

from .client import Client, Follower
from .folder import add_posts, add_rain, add_shower, make_folder, post, running, view_of

pytest.importorskip("pysteps")
pytest.importorskip("cv2")

SETTINGS = LiveSettings(nowcast_min=30, members=3, poll_s=0.05)


@pytest.fixture
def folder(tmp_path):
    return make_folder(tmp_path / "live")


def looked(folder, times=1, settings=SETTINGS):
    view = view_of(folder, settings=settings)
    try:
        for _ in range(times):
            view.worker.look()
        return view.state.snapshot(), view.report(), list(view.journal.lines())
    finally:
        view.journal.close()


def casts(lines):
    return [line for line in lines if line["kind"] == "nowcast"]


def test_each_new_rain_has_one_nowcast_and_a_restart_makes_none_again(folder):
    for number in range(4):
        add_shower(folder, number)
    found, report, lines = looked(folder, 3)
    assert report["problems"] == {}
    (cast,) = casts(lines)
    assert found["nowcast"] == cast
    assert cast["issued"] == "2030-06-14T15:20:00.000Z"
    assert cast["members"] == 3
    assert cast["threshold_m"] == 0.3
    assert cast["method"] == "steps"
    assert cast["motion"]["east_m_s"] == pytest.approx(1000 / 300, abs=0.8)
    assert cast["reach_min"] == cast["asked_min"] == 30.0
    assert [frame["time"][11:16] for frame in cast["frames"]] == ["15:30", "15:40", "15:50"]
    assert [frame["lead_min"] for frame in cast["frames"]] == [10.0, 20.0, 30.0]
    assert all(low <= high for low, high in (frame["rain_mm_h"] for frame in cast["frames"]))
    assert [frame["time"][11:16] for frame in found["frames"]] == ["15:10", "15:20"]
    again, report, lines = looked(folder, 2)
    assert again == found
    assert report["counts"]["nowcasts"] == 1
    add_shower(folder, 4)
    newer, report, lines = looked(folder, 3)
    assert [cast["issued"][11:16] for cast in casts(lines)] == ["15:20", "15:25"]
    assert newer["nowcast"]["issued"][11:16] == "15:25"
    assert [frame["time"][11:16] for frame in newer["nowcast"]["frames"]] == [
        "15:30", "15:40", "15:50",
    ]  # fmt: skip
    assert report["counts"]["nowcasts"] == 2
    assert report["nowcast_waits_for"] == ""


def test_pictures_are_those_of_the_members_and_old_ones_go(folder, monkeypatch):
    made, real = [], Ahead.make
    monkeypatch.setattr(
        Ahead, "make", lambda self, *a, **k: made.append(real(self, *a, **k)) or made[-1]
    )
    for number in range(3):
        add_shower(folder, number, rate=300.0)
    looked(folder)
    for number in range(3, 6):
        add_shower(folder, number, rate=300.0)
        found, _, _ = looked(folder)
    assert len(made) == 4
    there = {path.name for path in (folder / ".live" / "frames").iterdir()}
    leads = [name for name in there if name.startswith("nowcast-")]
    assert {name.split("-")[1] for name in leads} == {"20300614T152500Z", "20300614T153000Z"}
    last = made[-1]
    assert last.median.shape == (3, 24, 24)
    assert float(last.median.max()) > 0.05
    picture = folder / ".live" / "frames" / found["nowcast"]["frames"][-1]["depth"]
    drawn = np.asarray(Image.open(picture).convert("RGBA"))[..., 3] > 0
    np.testing.assert_array_equal(drawn, last.median[-1] >= 0.05)
    chance = folder / ".live" / "frames" / found["nowcast"]["frames"][-1]["chance"]
    drawn = np.asarray(Image.open(chance).convert("RGBA"))[..., 3] > 0
    np.testing.assert_array_equal(drawn, last.chance[-1] >= 0.05)


def test_median_and_chance_are_of_members_that_each_had_their_own_rain(folder, monkeypatch):
    rains, real = [], Flood.predict

    def predict(self, rain):
        rains.append(rain)
        found = real(self, rain)
        depth = found["water_depth"].to_numpy()
        depth[...] = 0.1 * len(rains)  # 0.1 for the frames, then 0.2, 0.3, ...
        return found

    monkeypatch.setattr(Flood, "predict", predict)
    for number in range(4):
        add_shower(folder, number)
    outlooks, make = [], Ahead.make
    monkeypatch.setattr(
        Ahead, "make", lambda self, *a, **k: outlooks.append(make(self, *a, **k)) or outlooks[-1]
    )
    looked(folder, settings=LiveSettings(nowcast_min=20, members=3, chance_depth_m=0.25))
    (outlook,) = outlooks
    np.testing.assert_allclose(outlook.median, 0.3, rtol=1e-6)
    np.testing.assert_allclose(outlook.chance, 2 / 3, rtol=1e-6)
    past, *members = rains
    assert len(members) == 3
    steps = past.sizes["time"]
    for rain in members:
        np.testing.assert_array_equal(rain.to_numpy()[:steps], past.to_numpy())
        assert rain.sizes["time"] == steps + 4
    assert not np.array_equal(members[0].to_numpy(), members[1].to_numpy())


def test_nowcast_ends_where_rain_would_come_from_where_no_radar_looks(folder):
    for number in range(3):
        add_shower(folder, number, missing=(slice(None), slice(0, 24)))
    found, report, _ = looked(folder, settings=LiveSettings(nowcast_min=60, members=3))
    assert report["problems"] == {}
    cast = found["nowcast"]
    assert cast["motion"]["east_m_s"] == pytest.approx(1000 / 300, abs=1.2)
    assert 15 <= cast["reach_min"] < 60  # eight cells to the west it is dark
    assert [frame["lead_min"] for frame in cast["frames"]] == [
        lead for lead in (5.0, 15.0, 25.0, 35.0, 45.0, 55.0) if lead <= cast["reach_min"]
    ]
    assert cast["asked_min"] == 60


def test_too_few_frames_and_gaps_are_waited_for(folder):
    add_shower(folder, 0)
    found, report, _ = looked(folder)
    assert found["nowcast"] is None
    assert report["nowcast_waits_for"] == "3 radar frames in a row, found 1"
    assert report["nowcast_age_s"] is None
    assert report["status"] == "ok"
    add_shower(folder, 1)
    add_shower(folder, 3)
    found, report, _ = looked(folder)
    assert found["nowcast"] is None
    assert report["nowcast_waits_for"] == "3 radar frames in a row, found a gap of 10 min"


def test_frames_that_give_no_nowcast_are_told_and_not_tried_again(folder, monkeypatch):
    add_posts(folder, "a.jsonl", [post(1)])
    for number in range(3):
        add_shower(folder, number, missing=(slice(None), slice(None)) if number == 2 else None)
    made, real = [], Ahead.make
    monkeypatch.setattr(Ahead, "make", lambda self, *a, **k: made.append(1) or real(self, *a, **k))
    _, report, lines = looked(folder, 3)
    assert len(made) == 1
    assert report["status"] == "degraded"
    assert "no cell of the frame of 2030-06-14T15:15:00Z is known" in report["problems"]["nowcast"]
    assert casts(lines) == []
    assert report["counts"]["posts"] == 1
    assert report["counts"]["frames"] == 1


def test_posts_are_let_through_while_members_are_predicted(folder, monkeypatch):
    for number in range(3):
        add_shower(folder, number)
    real, count = Flood.predict, [0]

    def predict(self, rain):
        count[0] += 1
        add_posts(folder, "a.jsonl", [post(count[0])])
        return real(self, rain)

    monkeypatch.setattr(Flood, "predict", predict)
    _, _, lines = looked(folder)
    kinds = [line["kind"] for line in lines]
    assert kinds == ["rain", "rain", "rain", "frame", "posts", "posts", "posts", "nowcast"]


def test_server_that_stops_within_a_nowcast_makes_it_after_the_next_start(folder):
    for number in range(3):
        add_shower(folder, number)
    view = view_of(folder, settings=SETTINGS)
    view.worker._stop.set()
    view.worker.look()
    view.journal.close()
    assert view.report()["problems"] == {}
    assert view.state.snapshot()["nowcast"] is None
    _, _, lines = looked(folder)
    assert len(casts(lines)) == 1


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"nowcast_min": 5}, "--nowcast-min 5, expected 0, or 10 or more"),
        ({"members": 4}, "--members given, but no nowcast is made"),
        ({"chance_depth_m": 1.0}, "--chance-depth-m given, but no nowcast is made"),
    ],
)
def test_settings_without_effect_are_refused_at_the_start(folder, given, told):
    with pytest.raises(ConfigError, match=told):
        view_of(folder, settings=LiveSettings(**given))


def test_missing_extra_is_told_at_the_start(folder, monkeypatch):
    monkeypatch.setitem(sys.modules, "pysteps", None)
    with pytest.raises(MissingExtraError, match="needs the package 'pysteps'"):
        view_of(folder, settings=SETTINGS)
    view_of(folder).journal.close()


def test_rain_of_the_town_alone_still_makes_frames(folder):
    for number in range(4):
        add_rain(folder, number)
    found, report, _ = looked(folder)
    assert report["problems"] == {}
    assert len(found["frames"]) == 2
    assert found["nowcast"]["method"] == "advection"
    assert "STEPS needs 32" in found["nowcast"]["method_why"]


def test_server_gives_nowcasts_to_readers_and_no_other_files(tmp_path):
    pytest.importorskip("uvicorn")
    folder = make_folder(tmp_path / "live")
    with running(folder, settings=SETTINGS) as (_, url):
        client = Client(url)
        start = client.json("/state")
        assert start["nowcast"] is None
        assert start["nowcast_min"] == 30.0
        assert any("a guess" in line for line in start["limits"])
        follower = Follower(client, after=start["id"])
        for number in range(3):
            add_shower(folder, number)
        kind = ""
        while kind != "nowcast":
            kind, _, change = follower.next()
        follower.close()
        assert client.json("/state")["nowcast"]["frames"] == change["frames"]
        for layer in ("depth", "chance"):
            status, headers, body = client.ask(f"/nowcast/{change['seq']}/0/{layer}.png")
            assert (status, headers["content-type"]) == (200, "image/png")
            assert body.startswith(b"\x89PNG")
        for path in (
            f"{change['seq']}/9/depth", f"{change['seq']}/0/time", "1/0/depth", "x/0/depth",
            f"{change['seq']}/-1/depth", f"{change['seq']}/0/..%2f..%2fjournal",
        ):  # fmt: skip
            assert client.ask(f"/nowcast/{path}.png")[0] == 404
        metrics = client.ask("/metrics")[2].decode()
        assert 'inundate_taken_total{kind="nowcasts"} 1' in metrics
        assert "inundate_nowcast_age_s " in metrics
        assert json.loads(client.ask("/health")[2])["counts"]["nowcasts"] == 1
