"""Two processes train as one: same weights on both, and one run folder."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from inundate.core.errors import ConfigError
from inundate.core.run import Run
from inundate.learn.checkpoint import pointed, read_checkpoint
from inundate.learn.distributed import Ranks, join_ranks

from . import toy

TESTS = Path(__file__).parent.parent


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def start(run: Run, what: str) -> list[tuple[int, str]]:
    """Run the script on two ranks; give return code and errors of each."""
    port = str(free_port())
    shared = {"WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port}
    processes = [
        subprocess.Popen(
            [sys.executable, "-m", "learn.run_ranks", str(run.path), what],
            cwd=TESTS,
            env={**os.environ, **shared, "RANK": rank, "LOCAL_RANK": rank, "OMP_NUM_THREADS": "1"},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for rank in ("0", "1")
    ]
    found = []
    for process in processes:
        out, errors = process.communicate(timeout=90)
        found.append((process.returncode, out + errors))
    return found


def test_two_ranks_resume_and_agree(tmp_path):
    """Interrupted on one rank only, resumed on both, and the same as never interrupted."""
    runs = {}
    for name in ("whole", "interrupted"):
        runs[name] = toy.make_run(tmp_path / name)
        for code, text in start(runs[name], name):
            assert code == 0, text
    whole = read_checkpoint(pointed(runs["whole"].path, "last"))
    again = read_checkpoint(pointed(runs["interrupted"].path, "last"))
    assert whole.step == again.step == 12
    assert len(whole.state["random"]) == 2
    assert whole.state["random"][0] != whole.state["random"][1]
    for name, tensor in whole.tensors["model"].items():
        assert torch.equal(tensor, again.tensors["model"][name]), name
    manifest = Run(runs["interrupted"].path).manifest
    assert (manifest["status"], manifest["processes"]) == ("finished", 2)
    assert manifest["resumed_from"] == [7]


def test_nan_on_one_rank_stops_both_with_its_name(tmp_path):
    run = toy.make_run(tmp_path / "run")
    for code, text in start(run, "nan"):
        assert code == 5, text
        assert "in sample 40 " in text
    assert Run(run.path).manifest["cause"] == "nan-input"


def test_alone_everything_is_local():
    ranks = Ranks()
    values = torch.tensor([1.0, 2.0])
    assert ranks.mean(values) is values
    assert ranks.gather("a") == ["a"]
    assert ranks.first_of(3) == 3
    assert ranks.first_fault("x") == "x"
    assert not ranks.any(False)
    assert ranks.batch(toy.make_batches(), 1, 2)[1] == 2


def test_batches_are_shared_out():
    batches = toy.make_batches(112)  # seven batches for two ranks
    assert Ranks(0, 2).steps_per_epoch(batches) == 3
    numbers = [Ranks(rank, 2).batch(batches, 0, step)[1] for step in range(3) for rank in (0, 1)]
    assert numbers == [0, 1, 2, 3, 4, 5]
    with pytest.raises(ConfigError, match="7 batches for 8 processes"):
        Ranks(0, 8).steps_per_epoch(batches)


def test_missing_variables_are_named(monkeypatch):
    monkeypatch.setenv("WORLD_SIZE", "2")
    for name in ("RANK", "MASTER_ADDR", "MASTER_PORT"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(ConfigError, match="RANK, MASTER_ADDR, MASTER_PORT not set"), join_ranks():
        pass
    monkeypatch.setenv("WORLD_SIZE", "two")
    with pytest.raises(ConfigError, match="WORLD_SIZE is 'two'"), join_ranks():
        pass
