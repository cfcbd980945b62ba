"""A run that is killed and resumed ends like one that never stopped, bit for bit."""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from inundate.core.errors import ConfigError, DataError, RunError
from inundate.core.run import Run
from inundate.learn.alarm import TrainingStopped
from inundate.learn.checkpoint import checkpoint_folders, pointed
from inundate.learn.loop import resume_training, train

from . import run_toy, toy

TESTS = Path(__file__).parent.parent


def noisy_run(path: Path) -> Run:
    settings = run_toy.noisy_settings()
    return Run.create(path, kind="train", config={"train": settings.model_dump(mode="json")})


def child(run: Run, kill_at: int, where: str) -> subprocess.Popen[bytes]:
    """Start the script that trains, and that may kill itself."""
    return subprocess.Popen(
        [sys.executable, "-m", "learn.run_toy", str(run.path), str(kill_at), where],
        cwd=TESTS,
        stderr=subprocess.PIPE,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )


def killed(run: Run, kill_at: int, where: str) -> None:
    process = child(run, kill_at, where)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == -signal.SIGKILL, errors.decode()


def tensors_of(run: Run, which: str) -> dict[str, bytes]:
    folder = pointed(run.path, which)
    assert folder is not None
    return {path.name: path.read_bytes() for path in folder.glob("*.safetensors")}


def lines_of(run: Run) -> list[dict[str, object]]:
    """The metrics without what the clock says."""
    return [{k: v for k, v in row.items() if k != "wall_s"} for row in run.read_metrics()]


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A run that was never interrupted."""
    run = noisy_run(tmp_path_factory.mktemp("whole") / "run")
    run_toy.run_noisy(run)
    return run


def assert_same(run: Run, whole: Run) -> None:
    assert run.manifest["step"] == 60
    for which in ("last", "best"):
        assert pointed(run.path, which).name == pointed(whole.path, which).name
        assert tensors_of(run, which) == tensors_of(whole, which)
    assert set(tensors_of(run, "last")) == {
        "model.safetensors", "optimiser.safetensors", "ema.safetensors",
    }  # fmt: skip
    assert lines_of(run) == lines_of(whole)


def test_killed_twice_and_resumed_is_bit_equal(tmp_path, whole):
    """Once in the middle of a random step, once in the middle of writing a checkpoint."""
    step = random.Random().randint(1, 39)
    run = noisy_run(tmp_path / "run")
    killed(run, step, "loss")
    run = Run(run.path)
    assert run.status == "running"
    # 4 files a checkpoint: dies in the second checkpoint after resuming
    killed(run, random.Random().randint(5, 8), "checkpoint")
    assert list((run.path / "checkpoints").glob(".step-*")), "nothing was left half-written"
    run = Run(run.path)
    result = run_toy.run_noisy(run)
    assert result.step == 60, f"killed at step {step}"
    assert_same(run, whole)
    assert not list((run.path / "checkpoints").glob(".step-*"))
    assert run.status == "finished"
    assert len(run.manifest["resumed_from"]) == 2


def test_killed_from_outside_and_resumed_is_bit_equal(tmp_path, whole):
    run = noisy_run(tmp_path / "run")
    process = child(run, -1, "slow")
    deadline = time.monotonic() + 60
    while len(checkpoint_folders(run.path)) < 2 and time.monotonic() < deadline:
        time.sleep(0.005)
    process.kill()
    process.communicate()
    run = Run(run.path)
    assert run.status == "running"
    run_toy.run_noisy(run)
    assert_same(run, whole)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_interrupt_leaves_a_checkpoint_of_that_step(tmp_path, whole, number):
    """Ctrl-C while a step computes: the step ends, a checkpoint is written, and 130 follows."""
    run = noisy_run(tmp_path / "run")
    job = run_toy.noisy_job(run_toy.noisy_settings())
    plain, made = job["loss_fn"], 0
    # a shell that runs the tests in the background leaves SIGINT ignored
    before = [signal.getsignal(each) for each in (signal.SIGINT, signal.SIGTERM)]

    def press(model, batch):
        nonlocal made
        made += model.training
        if model.training and made == 23:
            signal.raise_signal(number)
        return plain(model, batch)

    with pytest.raises(KeyboardInterrupt):
        train(run=run, **{**job, "loss_fn": press})
    assert run.status == "interrupted"
    assert run.manifest["resume"] == f"inundate resume {run.path}"
    assert pointed(run.path, "last").name == "step-0000023"
    assert [signal.getsignal(each) for each in (signal.SIGINT, signal.SIGTERM)] == before
    resume_training(run=run, **run_toy.noisy_job(run_toy.noisy_settings()))
    assert_same_weights(run, whole)


def assert_same_weights(run: Run, whole: Run) -> None:
    assert tensors_of(run, "last") == tensors_of(whole, "last")
    assert lines_of(run) == lines_of(whole)


def test_second_interrupt_ends_at_once_and_keeps_the_last_checkpoint(tmp_path, whole):
    run = noisy_run(tmp_path / "run")
    job = run_toy.noisy_job(run_toy.noisy_settings())
    plain, made = job["loss_fn"], 0

    def impatient(model, batch):
        nonlocal made
        made += model.training
        if model.training and made == 23:
            signal.raise_signal(signal.SIGINT)
            assert run.status == "running"
            signal.raise_signal(signal.SIGINT)
            pytest.fail("the second Ctrl-C did not come through")
        return plain(model, batch)

    with pytest.raises(KeyboardInterrupt):
        train(run=run, **{**job, "loss_fn": impatient})
    assert run.status == "interrupted"
    assert pointed(run.path, "last").name == "step-0000020"
    resume_training(run=run, **run_toy.noisy_job(run_toy.noisy_settings()))
    assert_same_weights(run, whole)


def test_patience_of_the_watch_goes_on_after_an_interrupt(tmp_path):
    """Two of the three looks that the alarm needs are before the interrupt."""
    settings, made = toy.make_settings(), 0
    run = toy.make_run(tmp_path / "run", settings)

    def press(model, batch):
        nonlocal made
        made += model.training
        if made == 50:
            made += 1
            signal.raise_signal(signal.SIGINT)
        return toy.loss_fn(model, batch)

    given = {"run": run, "settings": settings, "progress": False}
    with pytest.raises(KeyboardInterrupt):
        train(toy.IgnoresRain(0), toy.make_batches(), press, watch=toy.make_watch(), **given)
    with pytest.raises(TrainingStopped, match="step 56 .*ignores its input 'rain'"):
        resume_training(
            toy.IgnoresRain(0), toy.make_batches(), press, watch=toy.make_watch(), **given
        )


def copy_of(whole: Run, path: Path) -> Run:
    """A copy that looks as if it was killed after its last checkpoint but one."""
    shutil.copytree(whole.path, path, symlinks=True)
    run = Run(path)
    run.set_status("running")
    return run


def test_truncated_checkpoint_falls_back_to_the_one_before(tmp_path, whole, caplog):
    run = copy_of(whole, tmp_path / "run")
    file = run.path / "last" / "optimiser.safetensors"
    file.write_bytes(file.read_bytes()[:-7])
    run_toy.run_noisy(run)
    assert "truncated or altered" in caplog.text
    assert "trying the checkpoint before it" in caplog.text
    assert len(list((run.path / "checkpoints").glob("broken-step-0000060-*"))) == 1
    assert_same(run, whole)


def test_no_whole_checkpoint_is_an_error(tmp_path, whole):
    run = copy_of(whole, tmp_path / "run")
    for folder in checkpoint_folders(run.path):
        (folder / "state.json").write_text("{")
    with pytest.raises(DataError, match="none of its . checkpoints can be read"):
        run_toy.run_noisy(run)


def test_resume_before_the_first_checkpoint_starts_again(tmp_path, whole):
    run = noisy_run(tmp_path / "run")
    run.log_metrics({"step": 0, "loss": 1.0})
    run.set_status("running")
    run_toy.run_noisy(run)
    assert_same(run, whole)


def test_finished_run_says_so(whole):
    with pytest.raises(RunError, match="is finished: step 60, ended by max_steps"):
        resume_training(run=whole, **run_toy.noisy_job(run_toy.noisy_settings()))
    assert whole.status == "finished"


def test_run_with_checkpoints_is_not_trained_again(whole):
    with pytest.raises(RunError, match="checkpoints already") as caught:
        train(run=whole, **run_toy.noisy_job(run_toy.noisy_settings()))
    assert caught.value.hint.startswith(f"inundate resume {whole.path}")


def test_other_settings_are_refused_and_listed(tmp_path, whole):
    run = copy_of(whole, tmp_path / "run")
    changed = run_toy.noisy_settings(learning_rate=0.5, seed=9, keep=7, threads=2)
    with pytest.raises(ConfigError) as caught:
        resume_training(run=run, **run_toy.noisy_job(changed))
    lines = str(caught.value).splitlines()
    assert lines[0] == f"resuming {run.path}: its settings are not those given now"
    assert lines[1:] == [
        "  learning_rate: the run has 0.01, now 0.5",
        "  seed: the run has 0, now 9",
    ]
    assert run.status == "running"


def test_other_config_is_refused(tmp_path, whole):
    run = copy_of(whole, tmp_path / "run")
    config = {"train": dict(run.config["train"]), "model": {"width": 8, "note": None}}
    with pytest.raises(ConfigError, match=r"model: the run has None, now \{'width': 8"):
        resume_training(run=run, config=config, **run_toy.noisy_job(run_toy.noisy_settings()))


def test_changeable_settings_may_change(tmp_path, whole):
    run = copy_of(whole, tmp_path / "run")
    shutil.rmtree(pointed(run.path, "last"))
    changed = run_toy.noisy_settings(keep=5, checkpoint_every_steps=7, checkpoint_every_minutes=0)
    resume_training(run=run, **run_toy.noisy_job(changed))
    assert tensors_of(run, "last") == tensors_of(whole, "last")


def test_other_data_are_refused(tmp_path, whole):
    run = copy_of(whole, tmp_path / "run")
    job = {**run_toy.noisy_job(run_toy.noisy_settings()), "batches": toy.make_batches(64)}
    with pytest.raises(RunError, match="an epoch had 8 steps, the data now give 4"):
        resume_training(run=run, **job)


def test_other_model_is_refused(tmp_path, whole):
    run = copy_of(whole, tmp_path / "run")
    job = run_toy.noisy_job(run_toy.noisy_settings())
    job["model"].storm = toy.nn.Linear(5, 12)
    with pytest.raises(DataError, match=r"storm.weight \(12, 4\), expected \(12, 5\)"):
        resume_training(run=run, **job)


def test_locked_run_is_refused(tmp_path):
    run = noisy_run(tmp_path / "run")
    (run.path / "lock").write_text("1")  # the process that is always there
    with pytest.raises(RunError, match="locked by process 1"):
        run_toy.run_noisy(run)
    assert run.status == "created"


def test_state_is_plain_json(whole):
    state = json.loads((whole.path / "last" / "state.json").read_text())
    assert (state["step"], state["epoch"], state["index"]) == (60, 7, 4)
    assert set(state["random"][0]) == {"torch", "python", "numpy"}
    assert state["best"]["step"] in (8, 16, 24, 32, 40, 48, 56, 60)
    suffixes = {path.suffix for path in whole.path.rglob("*") if path.is_file()}
    assert suffixes <= {".safetensors", ".json", ".jsonl", ".toml", ".txt"}
