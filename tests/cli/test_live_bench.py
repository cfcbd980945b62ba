"""The benchmark of the live view: its rows, its account of readers, and a small run."""

import asyncio
import json
import subprocess
import sys
from collections import Counter

import pytest

from inundate.cli.live_bench import run
from inundate.cli.live_bench.readers import Reader
from inundate.cli.live_bench.soak import _kept

LOST = {
    "sent": 10, "lost": 1, "doubled": 2, "frames": 3, "frames_lost": 0, "frames_doubled": 0,
    "readers": 5, "readers_with_all": 4, "reader_gaps": 0, "reader_doubles": 0, "reconnects": 7,
    "resyncs": 0, "kills_replay": 1, "kills_server": 1, "full_disks": 1, "disk_faults": 0,
    "clock_jumps_set": 2, "clock_jumps_seen": 1,
}  # fmt: skip


def test_what_went_wrong_is_not_met(tmp_path, monkeypatch):
    monkeypatch.setattr(run, "soak", lambda *_: LOST)
    monkeypatch.setattr(
        run, "endure", lambda *_: {"posts": 9, "growth_mb": 10.1, "most_mb": 99.0, "memory": []}
    )
    monkeypatch.setattr(
        run, "fuzz", lambda *_: {"requests": 9, "faults": 1, "answers": {0: 1, 500: 1}, "alive": 0}
    )
    (tmp_path / "live").mkdir()
    found = run.run_live(tmp_path, tmp_path)
    missed = {row["id"] for row in found["figures"] if not row["met"]}
    assert missed == {
        "posts-lost", "posts-doubled", "readers-without-all", "full-disks-not-told",
        "clock-jumps-not-told", "growth", "faults", "dead-afterwards",
    }  # fmt: skip
    assert json.loads((tmp_path / "live.json").read_text())["figures"] == found["figures"]


def test_run_that_was_ended_goes_on_and_that_of_another_commit_does_not(tmp_path, monkeypatch):
    (tmp_path / "live").mkdir()
    soaked = []
    monkeypatch.setattr(run, "soak", lambda *_: (soaked.append(1), LOST)[1])

    def ended(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(run, "endure", ended)
    commit = ["one"]
    head = {"version": "1", "machine": "m", "quick": False, "name": "live"}
    monkeypatch.setattr(run, "file_head", lambda *_, **__: {**head, "commit": commit[0]})
    for _ in range(2):
        with pytest.raises(KeyboardInterrupt):
            run.run_live(tmp_path, tmp_path)
    assert len(soaked) == 1
    commit[0] = "two"
    with pytest.raises(KeyboardInterrupt):
        run.run_live(tmp_path, tmp_path)
    assert len(soaked) == 2


def test_reader_counts_gaps_and_doubles():
    reader = Reader(1)
    for seq in (1, 2, 2, 5):
        reader._take({"seq": seq, "kind": "posts", "posts": [{"post": f"p{seq}"}]})
    assert (reader.gaps, reader.doubled) == (2, 1)
    assert reader.posts == Counter(p1=1, p2=2, p5=1)


def test_reader_without_a_server_comes_back_until_it_is_cancelled():
    async def cancelled():
        task = asyncio.create_task(Reader(1).follow())
        await asyncio.sleep(0.05)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(cancelled())


def test_journal_is_counted_post_by_post(tmp_path):
    lines = [
        {"kind": "journal"},
        {"kind": "posts", "posts": [{"post": "a"}, {"post": "a"}, {"post": "b\u2028"}]},
        {"kind": "frame", "time": "t"},
    ]
    path = tmp_path / "journal.jsonl"
    path.write_text("\n".join(json.dumps(line, ensure_ascii=False) for line in lines) + "\n")
    assert _kept(path) == {"posts": Counter({"a": 2, "b\u2028": 1}), "frames": Counter(t=1)}


@pytest.mark.slow
def test_small_run_meets_its_goals(tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", "inundate", "benchmark", "live", "--quick", "--json",
         "-o", str(tmp_path / "results"), "--work", str(tmp_path / "work")],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    figures = json.loads(done.stdout)["figures"]
    assert [row["id"] for row in figures if not row["met"]] == []
