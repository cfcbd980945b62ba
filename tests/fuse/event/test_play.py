"""A replay: every file once, whole, in its time, also when it is killed or the disk is full."""

import json
import time

import pytest

from inundate.core.errors import ConfigError, DataError, RunError
from inundate.fuse.event import play
from inundate.fuse.event.make import make_event
from inundate.fuse.event.play import items_of, play_event, stamp
from inundate.fuse.event.settings import EventSettings
from inundate.rain.open import open_rain

SPEED = 1e6


@pytest.fixture(scope="module")
def event(tmp_path_factory):
    folder = tmp_path_factory.mktemp("event") / "event"
    settings = EventSettings(side_cells=24, storm_min=20, after_min=20, posts=20, total_mm=15)
    make_event(folder, 1, settings=settings)
    return folder


def files(folder):
    found = sorted(path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): path.read_bytes() for path in found}


def posts(folder):
    lines = b"".join(path.read_bytes() for path in sorted((folder / "posts").iterdir()))
    return [json.loads(line)["post"] for line in lines.decode().split("\n") if line]


def test_everything_appears_once_and_in_order(event, tmp_path, monkeypatch):
    order = []
    real = play._appear
    monkeypatch.setattr(
        play, "_appear", lambda item, *more: (order.append(item), real(item, *more))
    )
    found = play_event(event, tmp_path / "live", speed=SPEED)
    items = items_of(event)
    assert order == items
    assert [item.time for item in items] == sorted(item.time for item in items)
    assert found.written == len(items)
    assert found.rain_frames == 8
    lines = (event / "posts.jsonl").read_text(encoding="utf-8").splitlines()
    told = [json.loads(line)["post"] for line in lines]
    assert posts(tmp_path / "live") == told
    assert len(told) == found.posts > 10
    rain = open_rain(tmp_path / "live" / "rain")
    assert (rain.to_numpy() == open_rain(event / "rain.nc").to_numpy()).all()
    assert json.loads((tmp_path / "live" / "clock.json").read_text())["time"] == (
        f"{items[-1].time}Z"
    )


def test_no_post_comes_before_it_was_written(event):
    for item in items_of(event):
        for line in item.lines:
            assert json.loads(line)["created_bin"] <= f"{item.time}Z"


class Killed(BaseException):
    """Ends the replay as a kill would."""


def test_killed_again_and_again_it_ends_with_the_same_files(event, tmp_path, monkeypatch):
    play_event(event, tmp_path / "whole", speed=SPEED)
    real, kills = play._appear, 0

    def appear(*arguments):
        if kills % 2:
            real(*arguments)
        raise Killed

    monkeypatch.setattr(play, "_appear", appear)
    while kills < 10:  # before and after each of the first five files
        with pytest.raises(Killed):
            play_event(event, tmp_path / "killed", speed=SPEED)
        kills += 1
    assert len(posts(tmp_path / "killed")) < len(posts(tmp_path / "whole"))
    monkeypatch.setattr(play, "_appear", real)
    play_event(event, tmp_path / "killed", speed=SPEED)
    assert posts(tmp_path / "killed") == posts(tmp_path / "whole")
    assert files(tmp_path / "killed").keys() == files(tmp_path / "whole").keys()


def test_replay_that_is_over_writes_nothing(event, tmp_path):
    play_event(event, tmp_path / "live", speed=SPEED)
    before = files(tmp_path / "live")
    again = play_event(event, tmp_path / "live", speed=SPEED)
    assert (again.written, again.found) == (0, len(items_of(event)))
    assert files(tmp_path / "live") == before


def test_full_disk_is_waited_for(event, tmp_path, monkeypatch):
    said, real, full = [], play.write_text, [3]

    def write_text(path, text):
        if "posts" in path.parts and full[0]:
            full[0] -= 1
            raise RunError(f"writing {path}: the disk is full; nothing was written")
        return real(path, text)

    monkeypatch.setattr(play, "write_text", write_text)
    monkeypatch.setattr(play, "_RETRY_S", 0.0)
    found = play_event(event, tmp_path / "live", speed=SPEED, tell=said.append)
    assert found.waited == 3
    assert sum("waiting for room" in line for line in said) == 3
    assert len(posts(tmp_path / "live")) == found.posts


def test_other_faults_are_not_waited_for(event, tmp_path, monkeypatch):
    def write_text(path, _text):
        raise RunError(f"writing {path}: no permission")

    monkeypatch.setattr(play, "write_text", write_text)
    with pytest.raises(RunError, match="no permission"):
        play_event(event, tmp_path / "live", speed=SPEED)


def test_it_takes_its_time(event, tmp_path, monkeypatch):
    """The sleeps are as long as the event at that speed, whatever the machine does."""
    now = [0.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    monkeypatch.setattr(time, "sleep", lambda seconds: now.__setitem__(0, now[0] + seconds))
    play_event(event, tmp_path / "live", speed=60.0)
    assert now[0] == pytest.approx(40.0, abs=1.0)


@pytest.mark.parametrize("speed", [0.0, -1.0, float("nan")])
def test_speed_must_be_above_zero(event, tmp_path, speed):
    with pytest.raises(ConfigError, match="speed .*, expected above 0"):
        play_event(event, tmp_path / "live", speed=speed)


def test_folder_of_something_else_stays(event, tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "notes.txt").write_text("keep me")
    with pytest.raises(RunError, match="is there and is no replay"):
        play_event(event, tmp_path / "mine", speed=SPEED)
    play_event(event, tmp_path / "live", speed=SPEED)
    mark = tmp_path / "live" / "replay.json"
    mark.write_text(mark.read_text().replace("Made-up", "Another"))
    with pytest.raises(RunError, match="the replay of another event"):
        play_event(event, tmp_path / "live", speed=SPEED)


def test_post_without_a_time_is_told(event, tmp_path):
    import shutil

    shutil.copytree(event, tmp_path / "event")
    with (tmp_path / "event" / "posts.jsonl").open("a") as stream:
        stream.write('{"post": "x"}\n')
    with pytest.raises(DataError, match=r"posts.jsonl, line \d+: no time under 'created_bin'"):
        items_of(tmp_path / "event")


def test_names_tell_the_time(event):
    for item in items_of(event):
        assert stamp(item.time) in item.name
