"""Run folders: made whole, told apart from other folders, locked by one process."""

import json
import os
import re
import subprocess
import sys
import time

import pytest

from inundate.core import run as module
from inundate.core.errors import ConfigError, MissingFileError, RunError
from inundate.core.run import Run, run_name


@pytest.fixture
def run(tmp_path):
    return Run.create(
        tmp_path / "runs" / "a",
        kind="train",
        config={"train": {"seed": 1, "note": None}},
        inputs={"a.nc": "12"},
        model="mode_h",
    )


@pytest.fixture
def dead():
    """Number of a process that has ended."""
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


def test_name():
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d{4}-mode_h-[0-9a-f]{4}", run_name("mode_h"))


def test_a_new_run_is_complete(run):
    assert sorted(p.name for p in run.path.iterdir()) == [
        "config.toml", "log.txt", "manifest.json", "metrics.jsonl",
    ]  # fmt: skip
    again = Run(run.path)
    assert again.config == {"train": {"seed": 1}}
    assert again.status == "created"
    assert again.manifest["inputs"] == {"a.nc": "12"}
    assert again.manifest["model"] == "mode_h"
    assert again.manifest["provenance"]["inundate"]
    assert again.read_metrics() == []


def test_a_run_does_not_replace_another_unasked(run):
    with pytest.raises(RunError, match="it exists already"):
        Run.create(run.path, kind="train", config={})
    assert Run.create(run.path, kind="evaluate", config={}, overwrite=True).config == {}


def test_a_run_that_cannot_be_made_leaves_nothing(tmp_path, monkeypatch):
    def fail():
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(module, "provenance", lambda: {"circular": None})
    monkeypatch.setattr(module, "_dump", lambda value: fail())
    with pytest.raises(RunError, match="the disk is full"):
        Run.create(tmp_path / "a", kind="train", config={})
    assert list(tmp_path.iterdir()) == []


def test_status(run):
    run.set_status("stopped", cause="constant output", loss=float("nan"))
    again = Run(run.path)
    assert again.status == run.status == "stopped"
    assert again.manifest["cause"] == "constant output"
    assert again.manifest["loss"] is None
    assert again.manifest["inputs"] == {"a.nc": "12"}


def test_metrics_read_back_and_have_no_nan(run):
    run.log_metrics({"step": 1, "loss": float("nan"), "scores": [0.5, float("inf")]})
    run.log_metrics({"step": 2, "nested": {"a": (1, 2)}})
    assert run.read_metrics() == [
        {"step": 1, "loss": None, "scores": [0.5, None]},
        {"step": 2, "nested": {"a": [1, 2]}},
    ]


def test_a_line_torn_by_a_kill_is_left_out(run):
    run.log_metrics({"step": 1})
    with (run.path / "metrics.jsonl").open("a") as stream:
        stream.write('{"step": 2, "lo')
    assert run.read_metrics() == [{"step": 1}]


def test_log_lines_carry_utc_time(run):
    run.log("start")
    run.log("end")
    lines = (run.path / "log.txt").read_text().splitlines()
    assert [line.split(" ", 1)[1] for line in lines] == ["start", "end"]
    assert all(re.match(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ ", line) for line in lines)


def test_an_absent_run(tmp_path):
    with pytest.raises(MissingFileError) as caught:
        Run(tmp_path / "a")
    assert str(caught.value) == (
        f"opening run {tmp_path / 'a'}: no such folder (looked in {tmp_path})"
    )


def test_a_folder_that_is_no_run(tmp_path):
    with pytest.raises(RunError, match=r"no manifest\.json, so it is not a run folder$"):
        Run(tmp_path)


def test_a_run_of_another_layout(run):
    manifest = {**run.manifest, "format": 99, "provenance": {"inundate": "9.0"}}
    (run.path / "manifest.json").write_text(json.dumps(manifest))
    with pytest.raises(RunError, match="layout 99, expected 1$") as caught:
        Run(run.path)
    assert caught.value.hint == "it was made by inundate 9.0"


@pytest.mark.parametrize(
    ("content", "text"),
    [(b"{", "not valid JSON"), (b"\xff", "not valid JSON"), (b"[1]", "expected a JSON object")],
)
def test_a_damaged_manifest(run, content, text):
    (run.path / "manifest.json").write_bytes(content)
    with pytest.raises(RunError, match=text):
        Run(run.path)


def test_a_damaged_config(run):
    (run.path / "config.toml").write_text("= 1")
    with pytest.raises(ConfigError, match="not valid TOML"):
        Run(run.path)


def test_a_lock_is_there_only_inside(run):
    with run.lock():
        assert (run.path / "lock").read_text() == str(os.getpid())
    assert not (run.path / "lock").exists()


def test_a_lock_is_given_back_after_an_error(run):
    with pytest.raises(ValueError, match="x"), run.lock():
        raise ValueError("x")
    assert not (run.path / "lock").exists()


def test_a_living_process_keeps_its_lock(run):
    holder = os.getppid()
    (run.path / "lock").write_text(str(holder))
    with pytest.raises(RunError) as caught, run.lock():
        pass
    assert str(caught.value) == f"run {run.path} is locked by process {holder}"
    assert (run.path / "lock").exists()


def test_a_process_of_another_user_keeps_its_lock(run, monkeypatch):
    def refuse(pid, signal):
        raise PermissionError

    (run.path / "lock").write_text("4242")
    monkeypatch.setattr(module.os, "kill", refuse)
    with pytest.raises(RunError, match="is locked by process 4242"), run.lock():
        pass


def test_a_dead_process_loses_its_lock(run, dead):
    (run.path / "lock").write_text(str(dead))
    with run.lock():
        assert (run.path / "lock").read_text() == str(os.getpid())


@pytest.mark.parametrize("content", ["", "no number"])
def test_a_lock_that_names_nobody_is_taken_over(run, content):
    (run.path / "lock").write_text(content)
    with run.lock():
        assert (run.path / "lock").read_text() == str(os.getpid())


def test_a_lock_that_comes_back_at_once_is_somebody_elses(run, dead, monkeypatch):
    (run.path / "lock").write_text(str(dead))
    monkeypatch.setattr(module, "_remove_lock", lambda file, holder: None)
    with pytest.raises(RunError, match=f"is locked by process {dead}"), run.lock():
        pass
    assert not list(run.path.glob(".lock*"))


def test_a_lock_given_back_between_two_looks_is_taken(run, monkeypatch):
    file = run.path / "lock"
    file.write_text(str(os.getppid()))
    holder = module._holder

    def vanish(path):
        path.unlink(missing_ok=True)
        monkeypatch.setattr(module, "_holder", holder)

    monkeypatch.setattr(module, "_holder", vanish)
    with run.lock():
        assert file.read_text() == str(os.getpid())


def test_a_dead_lock_that_another_process_replaced_is_left_alone(run, dead):
    file = run.path / "lock"
    file.write_text(str(os.getppid()))
    module._remove_lock(file, str(dead))
    assert file.read_text() == str(os.getppid())
    file.unlink()
    module._remove_lock(file, str(dead))
    assert not list(run.path.glob("*lock*"))


def test_only_the_own_lock_is_given_back(run):
    with run.lock():
        (run.path / "lock").write_text(str(os.getppid()))
    assert (run.path / "lock").read_text() == str(os.getppid())


_RACE = """
import sys, time
from inundate.core.errors import RunError
from inundate.core.run import Run

run = Run(sys.argv[1])
while time.time() < float(sys.argv[2]):
    pass
for _ in range(50):
    try:
        with run.lock():
            try:
                (run.path / "inside").mkdir()
            except FileExistsError:
                sys.exit("two processes hold the run")
            time.sleep(0.001)
            (run.path / "inside").rmdir()
    except RunError:
        pass
"""


def test_processes_that_race_never_hold_a_run_together(run, dead):
    (run.path / "lock").write_text(str(dead))
    begin = str(time.time() + 1.5)
    racing = [
        subprocess.Popen([sys.executable, "-c", _RACE, str(run.path), begin]) for _ in range(4)
    ]
    assert [process.wait() for process in racing] == [0] * 4
    assert not list(run.path.glob("*lock*"))
