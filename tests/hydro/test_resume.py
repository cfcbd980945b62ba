"""A simulation that was stopped goes on, and gives the same result bit by bit."""

import json
import logging
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import zarr

from inundate.core.errors import DataError, RunError, StabilityError
from inundate.core.store import read_dataset, write_dataset
from inundate.hydro import frames, work
from inundate.hydro.part import BusyError, open_part, part_folder
from inundate.hydro.settings import SimulateSettings
from inundate.hydro.simulate import simulate
from inundate.rain.array import to_rain_dataset

SETTINGS = SimulateSettings(sample_every_s=60.0, output_every_s=90.0)


@pytest.fixture
def inputs(tmp_path, make_storm, grid, terrain):
    values = np.random.default_rng(4).uniform(0, 80, (6, *grid.shape))
    values[2, 3, 3] = np.nan
    write_dataset(to_rain_dataset(make_storm(grid, values)), tmp_path / "storm.zarr")
    write_dataset(terrain.to_dataset(), tmp_path / "dem.zarr")
    return str(tmp_path / "storm.zarr"), str(tmp_path / "dem.zarr")


def same(found, expected):
    """Compare two stores, array by array and chunk by chunk, and what they say of themselves."""
    a, b = zarr.open_group(found, mode="r"), zarr.open_group(expected, mode="r")
    assert sorted(a.array_keys()) == sorted(b.array_keys())
    for name in a.array_keys():
        np.testing.assert_array_equal(a[name][...], b[name][...], err_msg=name)
    said = [dict(group.attrs) for group in (a, b)]
    for attrs in said:
        assert json.loads(attrs.pop("provenance"))
        assert attrs.pop("wall_s") > 0
    assert said[0] == said[1]
    frames_of = [sorted((Path(p) / "water_depth" / "c").glob("*/0/0")) for p in (found, expected)]
    for one, other in zip(*frames_of, strict=True):
        assert one.read_bytes() == other.read_bytes()


@pytest.mark.parametrize("seed", [1, pytest.param(2, marks=pytest.mark.slow)])
def test_killed_at_random_moments(tmp_path, inputs, seed):
    out, undisturbed = tmp_path / "killed.zarr", tmp_path / "whole.zarr"
    program = Path(__file__).with_name("kill_and_resume.py")
    done = subprocess.run(
        [sys.executable, str(program), *inputs, str(out), str(undisturbed), str(seed)],
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    kills, resumed = map(int, done.stdout.split())
    assert kills == 4
    assert resumed >= 3
    same(out, undisturbed)
    assert not part_folder(out).exists()


class Stop(Exception):
    """Ends a simulation from inside."""


def stop_at(monkeypatch, count, error=Stop):
    """Let the frame of this number fail; checkpoints are written at every sample."""
    add = frames.StoredFrames.add

    def failing(self, frame):
        if self.count == count:
            raise error
        add(self, frame)

    monkeypatch.setattr(frames.StoredFrames, "add", failing)


@pytest.fixture
def stopped(tmp_path, storm, terrain, monkeypatch):
    """A simulation that stopped before its seventh frame."""
    out = tmp_path / "sim.zarr"
    with monkeypatch.context() as patch:
        stop_at(patch, 6)
        with pytest.raises(Stop):
            simulate(
                storm, terrain, settings=SETTINGS, output=out, checkpoint_every_s=0, progress=False
            )
    assert not out.exists()
    return out


def whole(tmp_path, storm, terrain, **more):
    simulate(storm, terrain, settings=SETTINGS, output=tmp_path / "w.zarr", progress=False, **more)
    return tmp_path / "w.zarr"


def test_it_goes_on_where_it_was(tmp_path, storm, terrain, stopped, monkeypatch):
    written = []
    add = frames.StoredFrames.add
    monkeypatch.setattr(
        frames.StoredFrames, "add", lambda self, f: (written.append(self.count), add(self, f))
    )
    simulate(storm, terrain, settings=SETTINGS, output=stopped, progress=False)
    assert written[0] == 6
    monkeypatch.undo()
    same(stopped, whole(tmp_path, storm, terrain))


@pytest.mark.parametrize("newest", [True, False])
def test_a_damaged_checkpoint(tmp_path, storm, terrain, stopped, caplog, newest):
    found = sorted(part_folder(stopped).glob("*.npz"))
    for path in found[-1:] if newest else found:
        path.write_bytes(path.read_bytes()[:100])
    if newest:
        with caplog.at_level(logging.WARNING):
            simulate(storm, terrain, settings=SETTINGS, output=stopped, progress=False)
        assert "truncated or altered; going on from" in caplog.text
    else:
        with pytest.raises(DataError, match="all 2 checkpoints are damaged"):
            simulate(storm, terrain, settings=SETTINGS, output=stopped, progress=False)
        simulate(storm, terrain, settings=SETTINGS, output=stopped, overwrite=True, progress=False)
    same(stopped, whole(tmp_path, storm, terrain))


def test_made_otherwise(tmp_path, storm, terrain, stopped):
    other = SETTINGS.model_copy(update={"manning": 0.06})
    with pytest.raises(RunError) as caught:
        simulate(storm * 2, terrain, settings=other, output=stopped, progress=False)
    assert "expected" not in str(caught.value)
    text, *lines = str(caught.value).splitlines()
    assert text == (
        f"writing {stopped}: an unfinished simulation stands in {part_folder(stopped)}, "
        "made otherwise"
    )
    assert "  inputs.rain: other values" in lines
    assert "  settings.manning: 0.035, now 0.06" in lines
    assert caught.value.hint == "repeat that command to go on with it, or --overwrite to forget it"
    # refusing harms nothing
    simulate(storm, terrain, settings=SETTINGS, output=stopped, progress=False)
    same(stopped, whole(tmp_path, storm, terrain))


def test_overwrite_forgets_what_was_made_otherwise(tmp_path, storm, terrain, stopped):
    other = SETTINGS.model_copy(update={"manning": 0.06})
    simulate(storm, terrain, settings=other, output=stopped, overwrite=True, progress=False)
    assert json.loads(read_dataset(stopped).attrs["settings"])["manning"] == 0.06
    assert not part_folder(stopped).exists()


def test_two_at_once(tmp_path, storm, terrain, stopped):
    job = json.loads((part_folder(stopped) / "job.json").read_text())
    with (
        open_part(stopped, job),
        pytest.raises(BusyError, match="another process is writing it"),
    ):
        simulate(storm, terrain, settings=SETTINGS, output=stopped, progress=False)
    simulate(storm, terrain, settings=SETTINGS, output=stopped, progress=False)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_writes_a_checkpoint_first(tmp_path, storm, terrain, monkeypatch, number):
    out = tmp_path / "sim.zarr"
    before = signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)
    stop_at(monkeypatch, 99)
    add = frames.StoredFrames.add

    def interrupted(self, frame):
        if self.count == 4:
            os.kill(os.getpid(), number)
        add(self, frame)

    monkeypatch.setattr(frames.StoredFrames, "add", interrupted)
    with pytest.raises(KeyboardInterrupt) as caught:
        simulate(storm, terrain, settings=SETTINGS, output=out, progress=False)
    assert caught.value.__notes__ == ["run the same command again to go on"]
    assert (signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)) == before
    monkeypatch.undo()
    assert len(list(part_folder(out).glob("checkpoint-*.json"))) == 1
    simulate(storm, terrain, settings=SETTINGS, output=out, progress=False)
    same(out, whole(tmp_path, storm, terrain))


def test_interrupted_before_a_checkpoint_leaves_nothing(tmp_path, storm, terrain, monkeypatch):
    stop_at(monkeypatch, 0, KeyboardInterrupt)
    with pytest.raises(KeyboardInterrupt) as caught:
        simulate(storm, terrain, settings=SETTINGS, output=tmp_path / "sim.zarr", progress=False)
    assert not hasattr(caught.value, "__notes__")
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk(tmp_path, storm, terrain, monkeypatch):
    out = tmp_path / "sim.zarr"
    with monkeypatch.context() as patch:
        stop_at(patch, 6, OSError(28, "No space left on device"))
        with pytest.raises(RunError) as caught:
            simulate(
                storm, terrain, settings=SETTINGS, output=out, checkpoint_every_s=0, progress=False
            )
    assert str(caught.value) == (
        f"writing {out}: the disk is full; what was done is kept in {part_folder(out)}"
    )
    assert caught.value.hint == "free some space and run the same command again: it goes on"
    simulate(storm, terrain, settings=SETTINGS, output=out, progress=False)
    same(out, whole(tmp_path, storm, terrain))


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="mounts a file system")
def test_a_really_full_disk(tmp_path, make_storm, grid, terrain):
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=512k", "tmpfs", str(disk)],
        capture_output=True, check=False,
    )  # fmt: skip
    if mounted.returncode:
        pytest.skip("no file system may be mounted here")
    values = np.random.default_rng(4).uniform(0, 80, (24, *grid.shape))
    storm, out = make_storm(grid, values), disk / "sim.zarr"
    try:
        with pytest.raises(RunError, match="the disk is full"):
            simulate(
                storm, terrain, settings=SETTINGS, output=out, checkpoint_every_s=0, progress=False
            )
        subprocess.run(["mount", "-o", "remount,size=8m", str(disk)], check=True)
        simulate(storm, terrain, settings=SETTINGS, output=out, progress=False)
        same(out, whole(tmp_path, storm, terrain))
    finally:
        subprocess.run(["umount", str(disk)], check=True)


def test_a_breakdown_goes_on_to_the_same_breakdown(tmp_path, make_storm, grid, terrain, storm):
    values = np.full((6, *grid.shape), 40.0, np.float32)
    values[5, 2, 5] = 3e11
    out, bad = tmp_path / "sim.zarr", make_storm(grid, values)
    messages = []
    for _ in range(2):
        with pytest.raises(StabilityError) as caught:
            simulate(
                bad, terrain, settings=SETTINGS, output=out, checkpoint_every_s=0, progress=False
            )
        messages.append(str(caught.value))
    assert messages[0] == messages[1]
    simulate(storm, terrain, settings=SETTINGS, output=out, progress=False)
    same(out, whole(tmp_path, storm, terrain))


def test_rain_that_fails_late_keeps_what_was_done(tmp_path, make_storm, grid, terrain):
    values = np.full((6, *grid.shape), 40.0)
    values[5, 3, 3] = np.nan
    out, bad = tmp_path / "sim.zarr", make_storm(grid, values)
    for _ in range(2):
        with pytest.raises(DataError, match="rain is missing in 1 of 600 cells"):
            simulate(
                bad, terrain, settings=SETTINGS, output=out, checkpoint_every_s=0, progress=False
            )
    dry = SETTINGS.model_copy(update={"missing_rain": "dry"})
    simulate(bad, terrain, settings=dry, output=out, progress=False)
    assert [path.name for path in tmp_path.iterdir()] == ["sim.zarr"]


def test_an_old_output_stays_until_the_new_one_is_whole(tmp_path, storm, terrain, monkeypatch):
    out = whole(tmp_path, storm, terrain)
    before = read_dataset(out)["water_depth"].load()
    stop_at(monkeypatch, 6)
    again = {"settings": SETTINGS, "output": out, "overwrite": True, "progress": False}
    with pytest.raises(Stop):
        simulate(storm * 0.5, terrain, **again)
    np.testing.assert_array_equal(read_dataset(out)["water_depth"], before)
    monkeypatch.undo()
    simulate(storm * 0.5, terrain, **again)
    assert float(read_dataset(out)["water_depth"].max()) < float(before.max())
    assert [path.name for path in tmp_path.iterdir()] == ["w.zarr"]


def test_checkpoints_come_as_often_as_asked(tmp_path, storm, terrain, monkeypatch):
    clock, written = [0.0], []
    monkeypatch.setattr(work.time, "perf_counter", lambda: clock[0])
    monkeypatch.setattr(work, "write_checkpoint", lambda *_: written.append(clock[0]))

    def tick(*_):
        clock[0] += 1.0

    monkeypatch.setattr(work.Recorder, "look", lambda *_: tick())
    simulate(
        storm, terrain, settings=SETTINGS, output=tmp_path / "sim.zarr", checkpoint_every_s=20,
        progress=False,
    )  # fmt: skip
    assert len(written) == 90 // 20
    assert np.diff(written).min() >= 20


def test_a_store_moved_away_half_way_is_made_again(tmp_path, storm, terrain, stopped):
    shutil.rmtree(part_folder(stopped) / "store.zarr")
    simulate(storm, terrain, settings=SETTINGS, output=stopped, progress=False)
    same(stopped, whole(tmp_path, storm, terrain))
