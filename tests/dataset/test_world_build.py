"""Building a world: repeatable, whole or absent, goes on where it was stopped, audited."""

import json
import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
import zarr

from inundate.cli.app import main
from inundate.core.errors import ConfigError, DataError, MissingFileError, RunError, StabilityError
from inundate.dataset.audit import audit_dataset
from inundate.dataset.describe import describe_dataset
from inundate.dataset.samples import Samples
from inundate.dataset.world import build as building
from inundate.dataset.world import make as making
from inundate.dataset.world.build import build_world, partial_of
from inundate.dataset.world.ledger import append, held, read_ledger
from inundate.dataset.world.library import Library
from inundate.dataset.world.make import Report
from inundate.dataset.world.plan import make_plan
from inundate.dataset.world.settings import read_world

MICRO = """
[world]
base = "tiny"
sides = [32]
storms_least = 2
storms_most = 2
members = 2
duration_min = [30.0, 60.0]
run_on_frames = 2

[world.train]
fractal = 0
valley = 1
plain = 1
urban = 1
town = 0
dam = 1
ensembles = 1

[world.valid]
ensembles = 0

[world.test]
plain = 0
urban = 0
ensembles = 1
"""
ARRAYS = ("water_depth", "rain_rate", "elevation", "roughness")


@pytest.fixture(scope="module")
def micro(tmp_path_factory):
    file = tmp_path_factory.mktemp("micro") / "micro.toml"
    file.write_text(MICRO, "utf-8")
    return file


@pytest.fixture(scope="module")
def built(micro, tmp_path_factory):
    path = tmp_path_factory.mktemp("world") / "world.zarr"
    build_world(read_world(micro), path, workers=1, progress=False)
    return path


def contents(path):
    group = zarr.open_group(path, mode="r")
    return {name: group[name][:] for name in ARRAYS}


def same(one, two):
    first, second = contents(one), contents(two)
    for name in ARRAYS:
        np.testing.assert_array_equal(first[name], second[name])
    assert Samples(one).rows == Samples(two).rows
    for key in ("split_hash", "world", "split", "settings"):
        assert Samples(one).attrs[key] == Samples(two).attrs[key]
    return True


def test_it_is_a_data_set_like_any_other(built):
    samples = Samples(built)
    assert len(samples) == 20
    assert samples.interval_s == 600
    for part, count in (("train", 8), ("valid", 4), ("test", 4)):
        numbers = samples.part(part)
        assert len(numbers) == count
        sample = samples.read(numbers[0])
        assert sample.elevation.shape == (32, 32)
        assert sample.rain_rate.shape == sample.water_depth.shape == (sample.row.frames, 32, 32)
        assert sample.valid.all()
        assert sample.row.settings["edges"] in ("open", "closed")
        fallen = sample.rain_rate.mean(axis=(1, 2)).sum() / 6
        assert sample.row.rain_mm == pytest.approx(fallen, rel=1e-5)
    assert not partial_of(built).exists()
    assert [p.name for p in built.parent.iterdir()] == ["world.zarr"]
    assert sorted(p.name for p in built.iterdir()) == sorted([*ARRAYS, "zarr.json"])


def test_audit_finds_no_error_and_knows_members(built):
    found = audit_dataset(built)
    assert found["errors"] == 0, found["findings"]
    assert {"split", "places", "storms", "copies", "volume", "values", "members"} <= set(
        found["passed"]
    )


def test_members_are_left_out_unless_asked_for(built):
    samples = Samples(built)
    assert [samples.rows[n].member for n in samples.part("test")] == [0] * 4
    both = samples.part("test", members=True)
    assert sorted(samples.rows[n].member for n in both) == [0, 0, 0, 0, 1, 2]
    by_key = {(r.block, r.storm, r.member): n for n, r in enumerate(samples.rows)}
    row = next(r for r in samples.rows if r.member == 2 and r.split == "test")
    assert row.name == f"{row.block}@{row.storm}#2"
    base, one, two = (samples.read(by_key[row.block, row.storm, m]) for m in range(3))
    for name in ("elevation", "roughness", "rain_rate"):
        np.testing.assert_array_equal(getattr(base, name), getattr(two, name))
    assert base.row.settings == two.row.settings
    depths = [sample.water_depth for sample in (base, one, two)]
    assert not np.array_equal(depths[0], depths[1])
    assert not np.array_equal(depths[1], depths[2])


def test_description_leaves_members_out_and_tells_the_world(built):
    found = describe_dataset(built)
    assert found["samples"] == 20
    assert found["members"] == {"test": 2, "train": 2}
    assert found["splits"]["test"]["samples"] == 4
    assert found["world"]["name"] == "micro"
    assert found["world"]["real"] is False
    assert found["world"]["failed"] == {}
    samples = Samples(built)
    wet = [samples.read(n).water_depth >= 0.05 for n in samples.part("valid")]
    share = np.concatenate([part.ravel() for part in wet]).mean()
    assert found["wet_share"]["valid"]["0.05"] == pytest.approx(share)
    attrs = json.loads(samples.attrs["provenance"])
    assert attrs["inputs"] == {}
    assert len(found["world"]["plan_hash"]) == 32
    assert found["world"]["tiles"]["train"] == {"asked": 0, "found": 0}


def test_same_seed_same_world_however_many_workers(micro, built, tmp_path):
    build_world(read_world(micro), tmp_path / "again.zarr", workers=2, progress=False)
    assert same(tmp_path / "again.zarr", built)


def test_another_seed_is_another_world(micro, built):
    told = json.loads(Samples(built).attrs["world"])
    hashes = [make_plan(read_world(micro), seed, Library({}, {}, {})).hash() for seed in (0, 1)]
    assert told["plan_hash"] == hashes[0] != hashes[1]


class _Stop(Exception):
    pass


def test_what_was_stopped_goes_on(micro, built, tmp_path, monkeypatch):
    """It makes only what is missing, and what comes out is the same bit by bit."""
    target = tmp_path / "world.zarr"
    make = making.make_sample
    made = []

    def stumble(plan, number, *rest):
        if len(made) == 7:
            raise _Stop
        made.append(number)
        return make(plan, number, *rest)

    monkeypatch.setattr(making, "make_sample", stumble)
    with pytest.raises(_Stop):
        build_world(read_world(micro), target, workers=1, progress=False)
    assert not target.exists()
    kept = read_ledger(partial_of(target))
    assert 0 < len(kept) <= 7
    made.clear()
    monkeypatch.setattr(making, "make_sample", lambda *a: (made.append(a[1]), make(*a))[1])
    build_world(read_world(micro), target, workers=1, progress=False)
    assert len(made) == 20 - len(kept)
    assert same(target, built)


@pytest.mark.slow
def test_a_killed_build_goes_on_and_leaves_no_process(micro, built, tmp_path):
    target = tmp_path / "world.zarr"
    words = ["dataset", "build", "--world", str(micro), "-o", str(target), "--workers", "2"]
    code = f"from inundate.cli.app import main; import sys; sys.exit(main({words!r}))"
    script = tmp_path / "build.py"
    script.write_text(f"if __name__ == '__main__':\n    {code}\n", "utf-8")
    process = subprocess.Popen([sys.executable, str(script)], stderr=subprocess.DEVNULL)
    ledger = partial_of(target) / "ledger.jsonl"
    deadline = time.monotonic() + 60
    while not ledger.exists() and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.005)
    workers = _children(process.pid)
    process.send_signal(signal.SIGKILL)
    process.wait()
    if target.exists():
        pytest.skip("it was done before it could be killed")
    assert workers
    deadline = time.monotonic() + 10
    while any(map(_is_alive, workers)) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not any(map(_is_alive, workers))
    assert partial_of(target).exists()
    build_world(read_world(micro), target, workers=1, progress=False)
    assert same(target, built)


def _children(pid):
    found = subprocess.run(["ps", "-o", "pid=", "--ppid", str(pid)], capture_output=True, text=True)
    return [int(word) for word in found.stdout.split()]


def _is_alive(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    status = subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True)
    return not status.stdout.strip().startswith("Z")


def test_a_line_cut_off_in_the_ledger_does_not_count(tmp_path):
    append(tmp_path, [Report(1, "flat", 2.0, {"0.05": 3}, 4, 5)])
    with (tmp_path / "ledger.jsonl").open("a") as stream:
        stream.write('{"number": 2, "regi')
    assert set(read_ledger(tmp_path)) == {1}
    append(tmp_path, [Report(3)])
    assert set(read_ledger(tmp_path)) == {1, 3}


def test_a_sample_that_fails_is_left_out_and_told(micro, tmp_path, monkeypatch, capsys):
    make = making.make_sample
    target = tmp_path / "world.zarr"

    def fail(plan, number, *rest):
        if number == 3:
            raise StabilityError("simulating: too deep", cause="solver_breakdown")
        return make(plan, number, *rest)

    monkeypatch.setattr(making, "make_sample", fail)
    assert (
        main(["dataset", "build", "--world", str(micro), "-o", str(target), "--workers", "1"]) == 0
    )
    samples = Samples(target)
    assert len(samples) == 19
    world = json.loads(samples.attrs["world"])
    assert len(world["failed"]) == 1
    assert next(iter(world["failed"].values())) == "StabilityError: simulating: too deep"
    assert next(iter(world["failed"])) not in {row.name for row in samples.rows}
    assert all(np.isfinite(samples.read(n).water_depth).all() for n in range(19))
    told = capsys.readouterr().out
    assert "1 of 20 samples failed and are left out, the first " in told
    assert "without real terrains and storms: no --data" in told


def test_a_part_without_a_sample_is_an_error(micro, tmp_path, monkeypatch):
    def fail(plan, number, *rest):
        raise DataError("no ground")

    monkeypatch.setattr(making, "make_ground", fail)
    with pytest.raises(DataError) as error:
        build_world(read_world(micro), tmp_path / "w.zarr", workers=1, progress=False)
    assert str(error.value) == (
        "building world micro: no train or valid or test sample is left, 20 failed, the first: "
        "DataError: no ground"
    )
    assert not (tmp_path / "w.zarr").exists()


def test_another_plan_does_not_go_on_in_its_place(micro, tmp_path, monkeypatch):
    target = tmp_path / "w.zarr"
    monkeypatch.setattr(building, "_finish", lambda *a: None)
    with pytest.raises(MissingFileError):
        build_world(read_world(micro), target, workers=1, progress=False)
    monkeypatch.undo()
    with pytest.raises(RunError) as error:
        build_world(read_world(micro), target, seed=1, workers=1, progress=False)
    assert f"building in {target}.partial: an unfinished build of another plan" in str(error.value)
    build_world(read_world(micro), target, seed=1, workers=1, overwrite=True, progress=False)
    assert json.loads(Samples(target).attrs["world"])["seed"] == 1


def test_two_builds_do_not_work_in_one_place(micro, tmp_path):
    target = tmp_path / "w.zarr"
    with held(partial_of(target)), pytest.raises(RunError) as error:
        build_world(read_world(micro), target, workers=1, progress=False)
    assert str(error.value) == f"building in {target}.partial: another build is at work there"
    assert list(tmp_path.iterdir()) == []


def test_a_finished_one_is_replaced_only_when_told(micro, built, tmp_path):
    target = tmp_path / "w.zarr"
    target.mkdir()
    (target / "keep").touch()
    with pytest.raises(RunError, match="it exists already"):
        build_world(read_world(micro), target, workers=1, progress=False)
    assert (target / "keep").exists()
    build_world(read_world(micro), target, workers=1, overwrite=True, progress=False)
    assert same(target, built)


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        ([], 2, "nothing to build it from, expected SIMULATIONS or --world"),
        (["sims", "--world", "tiny"], 2, "SIMULATIONS given with --world, where nothing reads it"),
        (["--world", "tiny", "--test-storm", "a"], 2, "--test-storm given with --world"),
        (["--world", "tiny", "--block-cells", "64"], 2, "--block-cells given with --world"),
        (["sims", "--workers", "2"], 2, "--workers given without --world"),
        (["sims", "--data", "x"], 2, "--data given without --world"),
        (["--world", "laptop"], 2, "it has real terrains and storms, and no --data is given"),
        (["--world", "tiny", "--data", "nowhere"], 3, "nowhere: no such file or folder"),
        (["--world", "tiny", "--workers", "0"], 2, "0 workers, expected at least 1"),
        (["--world", "tinny"], 2, "did you mean 'tiny'?"),
    ],
)
def test_flags_that_do_not_fit_are_named(words, code, message, tmp_path, capsys):
    assert main(["dataset", "build", *words, "-o", str(tmp_path / "w.zarr")]) == code
    assert message in capsys.readouterr().err
    assert not (tmp_path / "w.zarr").exists()


def test_output_is_a_zarr(micro, tmp_path):
    with pytest.raises(ConfigError, match=r"suffix '.nc', expected .zarr"):
        build_world(read_world(micro), tmp_path / "w.nc", progress=False)


def test_what_a_size_needs_and_is_absent_is_named(tmp_path):
    with pytest.raises(DataError) as error:
        build_world(read_world("laptop"), tmp_path / "w.zarr", data=tmp_path, progress=False)
    assert "fens, london, pennines" in str(error.value)


def test_audit_finds_members_that_do_not_belong(built, tmp_path):
    import shutil

    def spoiled(change):
        path = tmp_path / f"{len(list(tmp_path.iterdir()))}.zarr"
        shutil.copytree(built, path)
        group = zarr.open_group(path, mode="r+")
        rows = json.loads(group.attrs["samples"])
        change(rows, group)
        group.attrs["samples"] = json.dumps(rows)
        found = audit_dataset(path)["findings"]
        return [f["message"] for f in found if f["check"] == "members"]

    def is_member(row):
        return row["member"] == 1 and row["split"] == "test"

    def drop(rows, group):
        gone = next(row for row in rows if is_member(row))
        rows[:] = [r for r in rows if r["member"] or r["storm"] != gone["storm"]]

    def bend(rows, group):
        next(row for row in rows if is_member(row))["rain_mm"] = 1.0

    def copy(rows, group):
        chunk = next(row for row in rows if is_member(row))["chunk"]
        group["water_depth"][chunk] = group["water_depth"][chunk - 1]

    assert "2 perturbed sample(s) have no unperturbed sample" in spoiled(drop)[0]
    assert "have another split, settings or rain" in spoiled(bend)[0]
    assert "have exactly the water of their unperturbed" in spoiled(copy)[0]


@pytest.mark.slow
def test_tiny_world_with_real_data(shared_data, tmp_path):
    build_world(read_world("tiny"), tmp_path / "w.zarr", data=shared_data, progress=False)
    found = audit_dataset(tmp_path / "w.zarr")
    assert found["errors"] == 0
    assert json.loads(Samples(tmp_path / "w.zarr").attrs["provenance"])["inputs"]
