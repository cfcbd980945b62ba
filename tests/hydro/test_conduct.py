"""Members on processes of this machine: killed ones are run again, nothing is lost or doubled."""

import os
import signal
import threading
from dataclasses import replace

import numpy as np
import pytest
import zarr

from inundate.core.errors import ConfigError, DataError, RunError
from inundate.core.store import write_dataset
from inundate.hydro import conduct as module
from inundate.hydro.case import run_case
from inundate.hydro.conduct import check_all_done, conduct, make_manifest
from inundate.hydro.ensemble import Distribution, EnsembleSettings, plan_members
from inundate.hydro.manifest import MANIFEST, read_manifest
from inundate.hydro.member import Event
from inundate.hydro.part import BusyError, hold_lock, part_folder
from inundate.hydro.pool import LocalPool
from inundate.hydro.settings import SimulateSettings
from inundate.rain.array import to_rain_dataset

# short steps: a second or two of work
SLOW = SimulateSettings(sample_every_s=150.0, max_step_s=0.02, output_every_s=600.0, run_on_min=0)
ENSEMBLE = EnsembleSettings(
    draws=2, seed=3, elevation_noise_m=0.05,
    rain_factor=Distribution(distribution="uniform", low=0.5, high=1.5),
)  # fmt: skip


@pytest.fixture
def plan(tmp_path, make_storm, grid, terrain):
    """Plan members of one storm on two terrains."""
    write_dataset(to_rain_dataset(make_storm(grid)), tmp_path / "wet.zarr")
    for name, height in (("a", 0.0), ("b", 5.0)):
        write_dataset(
            (terrain + height).assign_attrs(terrain.attrs).to_dataset(), tmp_path / f"{name}.zarr"
        )

    def make(settings=SLOW, ensemble=ENSEMBLE, terrains=("a", "b")):
        paths = [tmp_path / f"{name}.zarr" for name in terrains]
        folder = tmp_path / "out"
        cases = plan_members([tmp_path / "wet.zarr"], paths, folder, settings, ensemble)
        return cases, make_manifest(cases, folder, ensemble)

    return make


def arrays_of(path):
    group = zarr.open_group(path, mode="r")
    return {name: group[name][...] for name in group.array_keys()}


def same(path, case):
    """Compare a member with the same one made by itself."""
    alone = path.with_name("alone.zarr")
    run_case(replace(case, output=alone), progress=False)
    found, expected = arrays_of(path), arrays_of(alone)
    assert found.keys() == expected.keys()
    for name in found:
        np.testing.assert_array_equal(found[name], expected[name], err_msg=name)


class KillingPool(LocalPool):
    """Kills the worker of the first member that has a checkpoint.

    A thread looks for it: between two events a short member may begin and end.
    """

    killed: int | None = None

    def __enter__(self):
        entered = super().__enter__()
        self.ended = threading.Event()
        self.watcher = threading.Thread(target=self.watch, daemon=True)
        self.watcher.start()
        return entered

    def __exit__(self, *fault):
        self.ended.set()
        self.watcher.join()
        return super().__exit__(*fault)

    def watch(self):
        while self.killed is None and not self.ended.wait(0.01):
            for number, working in list(self._working.items()):
                part = part_folder(working.job.case.output)
                if list(part.glob("checkpoint-*.json")):
                    os.kill(working.process.pid, signal.SIGKILL)
                    self.killed = number
                    return


def test_a_killed_process(tmp_path, plan):
    cases, manifest = plan(terrains=("a", "b"))
    with KillingPool(2) as pool:
        conduct(cases, manifest, pool, checkpoint_every_s=0.0, progress=False)
    assert pool.killed is not None
    members = manifest.members
    assert [member.state for member in members] == ["done"] * 4
    assert members[pool.killed].attempts == 2
    assert "signal 9 (SIGKILL)" in members[pool.killed].message
    assert sum(member.attempts for member in members) == 5
    names = sorted(path.name for path in (tmp_path / "out").iterdir())
    assert names == [".lock", *sorted(f"{m.name}.zarr" for m in members), MANIFEST]
    same(cases[pool.killed].output, cases[pool.killed])
    assert read_manifest(tmp_path / "out").members == members
    assert all(abs(m.result["volume_budget"]["error_relative"]) < 5e-6 for m in members)


class FakePool:
    """One worker, which tells what it is given to tell."""

    def __init__(self, script):
        self.script, self.jobs, self.free = script, [], 1

    def submit(self, job):
        self.jobs.append(job.number)
        self.free = 0

    def events(self, timeout_s):
        event = self.script(self.jobs[-1], len(self.jobs))
        self.free = int(event.kind != "working")
        yield event


FAST = SimulateSettings(run_on_min=0.0)


def test_a_member_that_kills_its_workers_is_given_up(plan):
    cases, manifest = plan(FAST, terrains=("a",))
    pool = FakePool(lambda number, _: Event(number, "lost", message="gone"))
    conduct(cases, manifest, pool, progress=False)
    assert pool.jobs == [0, 0, 0, 1, 1, 1]
    assert {member.state for member in manifest.members} == {"failed"}
    assert manifest.members[0].message == "given up after 3 attempts: gone"
    with pytest.raises(RunError) as caught:
        check_all_done(manifest)
    assert "2 of 2 members failed\n  a__wet__0000: given up" in str(caught.value)


def test_a_member_that_fails_stops_no_other(plan):
    cases, manifest = plan(FAST, terrains=("a",))

    def script(number, _):
        if number == 0:
            return Event(0, "failed", message="rain is missing\n  hint: fill it")
        return Event(1, "done", result=run_case(cases[1], progress=False))

    conduct(cases, manifest, FakePool(script), progress=False)
    assert [member.state for member in manifest.members] == ["failed", "done"]
    # again: only the one that failed
    again = plan(FAST, terrains=("a",))[1]
    pool = FakePool(lambda n, _: Event(n, "done", result=run_case(cases[n], progress=False)))
    conduct(cases, again, pool, progress=False)
    assert pool.jobs == [0]
    check_all_done(again)


def test_members_made_otherwise(plan):
    cases, manifest = plan(FAST, terrains=("a",))
    run_case(cases[0], progress=False)
    other = EnsembleSettings(draws=2, seed=4, rain_factor=0.7, elevation_noise_m=0.1)
    cases, manifest = plan(FAST, other, terrains=("a",))
    with pytest.raises(RunError, match="it exists and was made with other changes"):
        conduct(cases, manifest, FakePool(None), progress=False)


def test_one_ensemble_at_a_time(plan, tmp_path):
    cases, manifest = plan(FAST, terrains=("a",))
    (tmp_path / "out").mkdir(exist_ok=True)
    with hold_lock(tmp_path / "out" / ".lock", what="test"), pytest.raises(BusyError):
        conduct(cases, manifest, FakePool(None), progress=False)


def test_an_interrupt_leaves_a_true_manifest(plan, tmp_path):
    cases, manifest = plan(FAST, terrains=("a",))

    def script(number, count):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        conduct(cases, manifest, FakePool(script), progress=False)
    assert read_manifest(tmp_path / "out").counts() == {
        "done": 0, "running": 0, "waiting": 2, "failed": 0,
    }  # fmt: skip


def test_progress(plan, capsys, monkeypatch):
    monkeypatch.setitem(module.Progress.__init__.__kwdefaults__, "heartbeat_s", 0.0)
    cases, manifest = plan(FAST, terrains=("a",))
    told = iter([
        Event(0, "working", share=0.5, updates=1e6),
        Event(0, "done", result={"cells": 1, "steps": 1}),
        Event(1, "failed", message="x"),
    ])  # fmt: skip
    conduct(cases, manifest, FakePool(lambda *_: next(told)))
    shown = capsys.readouterr().err
    assert "0 done, 1 running, " in shown
    assert "M cell updates/s, done about " in shown
    assert "1 done, 0 running, 1 failed" in shown


class InterruptedPool(LocalPool):
    """Ctrl-C comes when a worker has told how far it is."""

    def events(self, timeout_s):
        for event in super().events(timeout_s):
            yield event
            if event.kind == "working":
                raise KeyboardInterrupt


def test_workers_write_a_checkpoint_when_they_are_ended(plan):
    cases, manifest = plan(terrains=("a",))
    with pytest.raises(KeyboardInterrupt), InterruptedPool(1) as pool:
        conduct(cases, manifest, pool, progress=False)
    (held,) = (part_folder(case.output) for case in cases if part_folder(case.output).exists())
    assert len(list(held.glob("checkpoint-*.json"))) == 1
    assert manifest.counts()["waiting"] == 2


def test_no_job():
    with pytest.raises(ConfigError, match="0 jobs at once, expected at least 1"):
        LocalPool(0)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        '{"format": 2, "kind": "ensemble", "counts": {}, "members": []}',
        '{"members": [{"a": 1}]}',
    ],
)
def test_a_damaged_manifest(tmp_path, text):
    (tmp_path / MANIFEST).write_text(text)
    with pytest.raises(DataError, match=r"reading .*ensemble\.json"):
        read_manifest(tmp_path)
    assert (tmp_path / MANIFEST).read_text() == text
