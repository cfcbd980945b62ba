"""Two processes with batches of 5 train the emulator that one trains with batches of 10."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from inundate.core.config import write_toml
from inundate.core.run import Run
from inundate.dataset.samples import Samples
from inundate.emulate.batches import FloodBatches
from inundate.emulate.train import train_emulator
from inundate.learn.checkpoint import pointed, read_checkpoint

from .small_flood import MODE_H, TRAINING

TESTS = Path(__file__).parent.parent
# pieces of one step share the coarse solver's factor, which the ranks must draw alike
SETTINGS = MODE_H.model_copy(update={"factors": (2, 4)})
# of 8 samples the second process gets 3 in each step, and counts for as many
WHOLE = TRAINING.model_copy(update={"batch_size": 10, "max_steps": 6, "keep": 9})
HALF = WHOLE.model_copy(update={"batch_size": 5})
# largest difference of a weight: sums are made in another order, in float32
TOLERANCE = 1e-5


def start(arguments, folder, ranks=2):
    """Give what torchrun gives."""
    torchrun = [sys.executable, "-m", "torch.distributed.run", "--standalone"]
    return subprocess.run(
        [*torchrun, "--nproc-per-node", str(ranks), "-m", *map(str, arguments)],
        cwd=TESTS, env={**os.environ, "OMP_NUM_THREADS": "1"}, capture_output=True, text=True,
        timeout=120,
    )  # fmt: skip


def weights(run):
    return read_checkpoint(pointed(run, "last")).tensors["model"]


@pytest.fixture(scope="module")
def folder(flood_data, tmp_path_factory):
    """Runs of two processes: whole (two), interrupted and resumed (again)."""
    folder = tmp_path_factory.mktemp("ddp")
    write_toml(folder / "two.toml", {"model": SETTINGS.model_dump(), "train": HALF.model_dump()})
    done = start(["emulate.run_ddp", flood_data, folder], folder)
    assert done.returncode == 0, done.stderr
    (folder / "out.txt").write_text(done.stdout)
    (folder / "err.txt").write_text(done.stderr)
    return folder


@pytest.fixture(scope="module")
def alone(flood_data, tmp_path_factory):
    """One process with the batches of both together."""
    run, _ = train_emulator(
        flood_data, tmp_path_factory.mktemp("alone") / "run", settings=SETTINGS, training=WHOLE,
        progress=False,
    )  # fmt: skip
    return run


def test_two_halves_of_a_batch_give_the_weights_of_one(folder, alone):
    untrained = read_checkpoint(alone.path / "checkpoints" / "step-0000000").tensors["model"]
    moved = 0.0
    for name, tensor in weights(alone.path).items():
        two = weights(folder / "two")[name]
        torch.testing.assert_close(two, tensor, atol=TOLERANCE, rtol=0, msg=name)
        moved = max(moved, float((tensor - untrained[name]).abs().max()))
    assert moved > 100 * TOLERANCE  # the training did something


def test_validation_does_not_depend_on_the_processes(folder, alone):
    two = Run(folder / "two").manifest
    assert (two["processes"], two["step"]) == (2, alone.manifest["step"])
    assert two["scores"] == pytest.approx(alone.manifest["scores"], rel=1e-4)


def test_the_resumed_run_is_the_whole_run(folder):
    manifest = Run(folder / "again").manifest
    assert (manifest["status"], manifest["resumed_from"]) == ("finished", [3])
    for name, tensor in weights(folder / "two").items():
        assert torch.equal(tensor, weights(folder / "again")[name]), name


def test_one_process_prints(folder):
    """Results on standard output, an error and an interrupt on standard error: each once."""
    told = [json.loads(line) for line in (folder / "out.txt").read_text().splitlines()]
    assert [Path(one["run"]).name for one in told] == ["two", "again"]
    errors = (folder / "err.txt").read_text()
    assert errors.count("it exists already") == 1
    assert errors.count("interrupted; inundate resume") == 1


def test_pieces_of_a_step_are_those_of_one_large_batch(flood_data):
    samples = Samples(flood_data)
    one = FloodBatches(samples, "train", SETTINGS, batch_size=4, seed=1)
    two = FloodBatches(samples, "train", SETTINGS, batch_size=2, seed=1, together=2)
    factors = set()
    for epoch in range(4):
        whole = one.batch(epoch, 1)
        halves = [two.batch(epoch, number) for number in (2, 3)]
        assert whole["sample_id"] == halves[0]["sample_id"] + halves[1]["sample_id"]
        for name, tensor in whole["inputs"].items():
            assert torch.equal(tensor, torch.cat([half["inputs"][name] for half in halves])), name
        factors.add(whole["inputs"]["level"].shape[-1])
    assert len(factors) == 2  # both solvers came up


@pytest.mark.slow
def test_the_command_of_the_documentation(flood_data, folder, tmp_path):
    done = start(
        ["inundate", "train", flood_data, "--config", folder / "two.toml", "-o", tmp_path / "run"],
        tmp_path,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("mode_h trained: 6 steps") == 1
    for name, tensor in weights(folder / "two").items():
        assert torch.equal(tensor, weights(tmp_path / "run")[name]), name
