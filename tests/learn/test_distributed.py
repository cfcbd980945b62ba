"""Two processes train as one: same weights on both, and one run folder."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from inundate.core.errors import ConfigError
from inundate.core.run import Run
from inundate.learn.checkpoint import pointed, read_checkpoint
from inundate.learn.distributed import Ranks, join_ranks
from inundate.learn.loop import train

from . import toy

TESTS = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Runs that two ranks have trained, resumed and been stopped in."""
    folder = tmp_path_factory.mktemp("ranks")
    for name in ("whole", "halves", "uneven", "interrupted", "nan"):
        toy.make_run(folder / name)
    torchrun = [sys.executable, "-m", "torch.distributed.run", "--standalone"]
    done = subprocess.run(
        [*torchrun, "--nproc-per-node", "2", "-m", "learn.run_ranks", str(folder)],
        cwd=TESTS,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    return folder


def test_two_ranks_resume_as_if_never_interrupted(folder):
    """Ctrl-C came on rank 1 only; both wrote one checkpoint, and went on from it."""
    whole, again = (
        read_checkpoint(pointed(folder / name, "last")) for name in ("whole", "interrupted")
    )
    assert whole.step == again.step == 12
    assert whole.state["random"][0] != whole.state["random"][1]
    assert whole.state["random"] == again.state["random"]
    for name, tensor in whole.tensors["model"].items():
        assert torch.equal(tensor, again.tensors["model"][name]), name
    manifest = Run(folder / "interrupted").manifest
    assert (manifest["status"], manifest["processes"]) == ("finished", 2)
    assert manifest["resumed_from"] == [7]


@pytest.mark.parametrize(("name", "count"), [("halves", 128), ("uneven", 124)])
def test_two_halves_of_a_batch_are_one_batch(folder, tmp_path, name, count):
    """Two processes with batches of 8 learn what one learns with batches of 16.

    Of 124 samples the last step of an epoch has 8 for one process and 4 for the other: each
    counts by its samples.
    """
    model = toy.Healthy(0)
    settings = toy.make_settings(epochs=3)
    run = toy.make_run(tmp_path / "run", settings)
    train(model, toy.make_batches(count), toy.loss_fn, run=run, settings=settings, progress=False)
    halves = read_checkpoint(pointed(folder / name, "last"))
    assert halves.step == 24
    for name, tensor in model.state_dict().items():
        torch.testing.assert_close(halves.tensors["model"][name], tensor, atol=1e-4, rtol=0)


def test_nan_on_one_rank_stops_both_with_its_name(folder):
    manifest = Run(folder / "nan").manifest
    assert (manifest["status"], manifest["cause"]) == ("stopped", "nan-input")


def test_alone_everything_is_local():
    ranks = Ranks()
    values = torch.tensor([1.0, 2.0])
    assert ranks.mean(values) is values
    assert ranks.gather("a") == ["a"]
    assert ranks.first_of(3) == 3
    assert ranks.first_fault("x") == "x"
    assert ranks.share(7) == 1.0
    assert ranks.made_by_first(lambda: "made", lambda: "found") == "made"
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
