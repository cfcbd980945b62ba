"""The worker: every post and frame once, whatever is killed, full, damaged or set anew."""

import errno
import json
import shutil
from datetime import datetime, timedelta

import pytest

from inundate.core.errors import RunError
from inundate.core.grid import Grid
from inundate.posts.locate.located import write_located
from inundate.show.serve.flood import Flood
from inundate.show.serve.settings import LiveSettings
from inundate.show.serve.watch import Health

from .folder import HOSTILE, add_posts, add_rain, letters, make_folder, post, view_of


@pytest.fixture
def folder(tmp_path):
    return make_folder(tmp_path / "live")


def looked(folder, times=2, **more):
    """What a view holds after so many looks, closed again."""
    view = view_of(folder, **more)
    try:
        for _ in range(times):
            view.worker.look()
        assert view.health.problems == {}
        return view.state.snapshot(), view.report()
    finally:
        view.journal.close()


def filled(folder):
    add_posts(folder, "a.jsonl", [post(1), post(2, "sunny"), post(3, HOSTILE, place=None)])
    add_posts(folder, "b.jsonl", [post(2, "sunny"), post(4, place=(10.0, 10.0))])
    for number in range(4):
        add_rain(folder, number)


def test_posts_and_rain_become_marks_and_frames(folder):
    filled(folder)
    found, report = looked(folder)
    assert report["counts"] == {
        "posts": 4, "posts_located": 3, "posts_on_map": 2, "posts_water": 2, "posts_repeated": 1,
        "posts_broken": 0, "rain_files": 4, "frames": 2, "nowcasts": 0, "refused": 0,
    }  # fmt: skip
    assert [one["post"] for one in found["posts"]] == [letters(n) for n in (1, 2, 3, 4)]
    first, hostile = found["posts"][0], found["posts"][2]
    assert 0 < first["column"] < 24
    assert 0 < first["row"] < 24
    assert 50 <= first["radius_m"] < 100
    assert hostile["text"] == HOSTILE
    assert hostile["latitude"] is None
    frames = found["frames"]
    assert [frame["time"][11:16] for frame in frames] == ["15:10", "15:20"]
    assert frames[0]["rain_mm_h"] == pytest.approx(60.0)
    assert frames[1]["area_km2"] >= frames[0]["area_km2"] > 0
    assert sorted(path.name for path in (folder / ".live" / "frames").iterdir()) == [
        frame["picture"] for frame in frames
    ]


def test_restart_shows_the_same_and_reads_nothing_again(folder):
    filled(folder)
    before, _ = looked(folder)
    again, _ = looked(folder)
    assert again == before
    add_posts(folder, "b.jsonl", [post(5)])
    add_rain(folder, 4)
    add_rain(folder, 5)
    more, report = looked(folder)
    assert report["counts"]["posts"] == 5
    assert [frame["time"][11:16] for frame in more["frames"]] == ["15:10", "15:20", "15:30"]
    assert more["frames"][:2] == before["frames"]


class Killed(BaseException):
    """Ends the worker as a kill would: nothing after it runs."""


def test_killed_before_or_after_any_line_of_the_journal_nothing_is_lost_or_doubled(folder):
    add_posts(folder, "a.jsonl", [post(1), post(2)])
    add_posts(folder, "b.jsonl", [post(2), post(3)])
    add_rain(folder, 0)
    add_rain(folder, 1)
    whole, report = looked(folder)
    lines = report["journal_lines"]
    assert lines == 5
    kept = folder.parent / "whole"
    (folder / ".live").rename(kept)
    view, killed = None, 0
    for at in range(2 * lines):
        view = view_of(folder)
        real = view.journal.append

        def append(change, at=at, real=real):
            if at % 2 == 0:
                raise Killed
            real(change)
            raise Killed

        view.journal.append = append
        try:
            view.worker.look()
        except Killed:
            killed += 1
        finally:
            view.journal.close()
    assert killed == 2 * lines
    found, _ = looked(folder)
    drop = ("seq",)
    assert found["posts"] == whole["posts"]
    assert [{k: v for k, v in f.items() if k not in drop} for f in found["frames"]] == [
        {k: v for k, v in f.items() if k not in drop} for f in whole["frames"]
    ]
    assert found["counts"] == whole["counts"]


def test_full_disk_is_told_and_made_good(folder, monkeypatch):
    filled(folder)
    view = view_of(folder)
    real, is_full = view.journal._put, [True]

    def put(line):
        if is_full[0]:
            raise OSError(errno.ENOSPC, "No space left on device")
        real(line)

    monkeypatch.setattr(view.journal, "_put", put)
    view.worker.look()
    told = view.report()
    assert told["status"] == "degraded"
    assert "No space left on device" in told["problems"]["posts"]
    assert told["counts"]["posts"] == 0
    is_full[0] = False
    view.worker.look()
    view.journal.close()
    assert view.report()["status"] == "ok"
    assert view.report()["counts"]["posts"] == 4
    assert view.report()["counts"]["frames"] == 2


def test_damaged_rain_is_refused_once_it_is_not_being_written_any_more(folder):
    path = folder / "rain" / "a.nc"
    path.write_bytes(b"\x89HDF\r\n\x1a\nhalf of a file")
    view = view_of(folder)
    view.worker.look()
    assert view.report()["counts"]["refused"] == 0
    path.write_bytes(b"\x89HDF\r\n\x1a\nmore of a file, and still not whole")
    view.worker.look()
    assert view.report()["counts"]["refused"] == 0
    view.worker.look()
    view.worker.look()
    view.journal.close()
    told = view.report()
    assert told["counts"]["refused"] == 1
    assert told["refused"][0]["file"] == "rain/a.nc"


@pytest.mark.parametrize(
    ("x", "side", "told"),
    [(900_000.0, 10.0, "cannot be laid over the terrain: "), (400_000.0, 20.0, "grid")],
)
def test_rain_of_another_place_or_grid_is_refused(folder, x, side, told):
    add_rain(folder, 0)
    grid = Grid("EPSG:27700", x, 300_240.0, side, side, 24, 24)
    add_rain(folder, 1, grid=grid)
    _, report = looked(folder, 3)
    assert report["counts"]["rain_files"] == 1
    (refused,) = report["refused"]
    assert refused["file"] == "rain/rain-001.nc"
    assert told in refused["why"]


def test_memory_is_bounded_by_the_settings(folder):
    settings = LiveSettings(frames=2, posts=3, poll_s=0.05)
    add_posts(folder, "a.jsonl", [post(n) for n in range(10)])
    for number in range(8):
        add_rain(folder, number)
    found, report = looked(folder, settings=settings)
    assert [one["post"] for one in found["posts"]] == [letters(n) for n in (7, 8, 9)]
    assert [frame["time"][11:16] for frame in found["frames"]] == ["15:30", "15:40"]
    assert report["counts"]["posts"] == 10
    assert report["counts"]["frames"] == 4
    assert len(list((folder / ".live" / "frames").iterdir())) == 2


def test_texts_can_be_left_out(folder):
    add_posts(folder, "a.jsonl", [post(1, "words of somebody")])
    settings = LiveSettings(post_text="none", poll_s=0.05)
    view = view_of(folder, settings=settings)
    view.worker.look()
    view.journal.close()
    assert view.state.snapshot()["posts"][0]["text"] == ""
    assert all("somebody" not in text for _, _, text in view.state.since(0))


def test_second_view_of_a_folder_is_refused(folder):
    view = view_of(folder)
    with pytest.raises(RunError, match="another process has it"):
        view_of(folder)
    view.journal.close()


def test_clock_that_jumps_is_told_and_changes_no_length(tmp_path):
    wall, steady = [1_000.0], [50.0]
    health = Health(tmp_path, wall=lambda: wall[0], steady=lambda: steady[0])
    health.look()
    wall[0], steady[0] = wall[0] + 3600 + 10, steady[0] + 10
    health.look()
    wall[0], steady[0] = wall[0] - 7200 + 10, steady[0] + 10
    health.look()
    told = health.report()
    assert told["clock_jumps"] == 2
    assert told["last_clock_jump_s"] == -7200.0
    assert told["uptime_s"] == 20.0


def test_clock_of_the_event_is_followed_and_its_going_back_told(tmp_path):
    health = Health(tmp_path)
    assert health.report()["clock_of"] == "machine"
    for time in ("2030-06-14T15:00:00Z", "2030-06-14T16:00:00Z", "2030-06-14T15:30:00Z"):
        (tmp_path / "clock.json").write_text(json.dumps({"time": time, "speed": 60}))
        health.look()
    (tmp_path / "clock.json").write_text("{")
    health.look()
    told = health.report()
    assert told["clock"] == "2030-06-14T15:30:00Z"
    assert told["event_clock_jumps"] == 1


def test_gazetteer_places_posts_that_name_a_place_and_no_others(folder, monkeypatch, tmp_path):
    pytest.importorskip("regex")
    monkeypatch.setenv("INUNDATE_CACHE", str(tmp_path / "cache"))
    places = tmp_path / "places.csv"
    places.write_text(
        "name,latitude,longitude,kind,radius_m\n"
        "Candle Yard,52.5985,-1.9982,street,40\nElver Bank,10.0,10.0,street,40\n"
    )
    add_posts(
        folder, "a.jsonl",
        [
            post(1, "water in Candle Yard, up to the knees", place=None),
            post(2, "flooded in Candle Yard", place=(52.599, -1.999)),
            post(3, "by the bridge it is flooded", place=None),
        ],
    )  # fmt: skip
    found, report = looked(folder, gazetteer=places)
    by_name, by_point, nowhere = found["posts"]
    assert by_name["method"] == "gazetteer"
    assert by_name["radius_m"] == pytest.approx(40.0)
    assert 0 < by_name["column"] < 24
    assert "Candle Yard" in by_name["why"]
    assert by_point["method"] == "coordinates"
    assert nowhere["method"] == "none"
    assert nowhere["column"] is None
    assert nowhere["why"]
    assert report["counts"]["posts_located"] == 2


def test_located_posts_keep_their_places_and_classes(folder):
    from .test_inbox import located

    write_located(located(4), folder / "posts" / "a.geojson")
    add_posts(folder, "b.jsonl", [post(1)])
    before, report = looked(folder)
    assert report["counts"]["posts"] == 5
    first, second = before["posts"][:2]
    assert (first["water"], first["label"], first["probability"]) == (1, "wet", 0.9)
    assert (first["method"], first["why"], first["radius_m"]) == ("gazetteer", "because", 80.0)
    assert 0 < first["column"] < 24
    assert (second["water"], second["column"]) == (-1, None)
    again, _ = looked(folder)
    assert again == before


def test_rain_that_spoiled_since_is_told_and_the_rest_goes_on(folder):
    add_posts(folder, "a.jsonl", [post(1)])
    path = add_rain(folder, 0)
    add_rain(folder, 1)
    looked(folder)
    path.write_bytes(b"spoiled")
    view = view_of(folder)
    add_rain(folder, 2)
    add_rain(folder, 3)
    view.worker.look()
    view.journal.close()
    told = view.report()
    assert told["status"] == "degraded"
    assert set(told["problems"]) == {"rain read before"}
    assert told["counts"]["frames"] == 2
    assert told["counts"]["posts"] == 1


def test_restart_reads_only_the_rain_that_counts(folder, monkeypatch):
    settings = LiveSettings(hours=0.25, poll_s=0.05)
    for number in range(8):
        add_rain(folder, number)
    before, _ = looked(folder, settings=settings)
    read, real = [], Flood.read
    monkeypatch.setattr(
        Flood, "read", lambda self, path: (read.append(path.name), real(self, path))[1]
    )
    again, _ = looked(folder, settings=settings)
    assert read == ["rain-005.nc", "rain-006.nc", "rain-007.nc"]
    assert again == before


def test_radar_that_is_missing_counts_as_no_rain_and_is_told_of_each_frame(folder):
    for number in (0, 1, 3, 4, 5):
        add_rain(folder, number)
    view = view_of(folder)
    try:
        view.worker.look()
        frames = view.state.snapshot()["frames"]
        assert [frame["rain_mm_h"] for frame in frames] == pytest.approx([60.0, 30.0, 60.0])
        assert [frame["missing_min"] for frame in frames] == [0.0, 5.0, 5.0]
        assert any("Radar that is missing" in line for line in view._about["limits"])
        assert view.report()["missing_rain_min"] == 5.0
    finally:
        view.journal.close()


def test_rain_of_a_time_that_is_still_to_come_is_told(folder):
    add_rain(folder, 0)
    add_rain(folder, 1)
    view = view_of(folder)
    try:
        view.worker.look()
        rain = datetime.fromisoformat(view.state.last_rain)
        view.health._wall = lambda: (rain - timedelta(days=365)).timestamp()
        assert "8760.0 h after now" in view.report()["warnings"]["clock"]
        view.health._wall = lambda: (rain + timedelta(minutes=5)).timestamp()
        assert view.report()["warnings"] == {}
    finally:
        view.journal.close()


def test_a_folder_of_pictures_that_was_removed_is_made_again(folder):
    filled(folder)
    view = view_of(folder)
    try:
        shutil.rmtree(folder / ".live" / "frames")
        view.worker.look()
        assert view.health.problems == {}
        assert len(list((folder / ".live" / "frames").iterdir())) == 2
    finally:
        view.journal.close()
