"""The loop: it learns, logs, validates, keeps the best, ends in time, and fails cleanly."""

from __future__ import annotations

import errno
import itertools
import math
import random
from types import SimpleNamespace

import pytest
import torch
from torch import nn

from inundate.core.errors import ConfigError, DataError, RunError
from inundate.learn import checkpoint as checkpoint_module
from inundate.learn import training as training_module
from inundate.learn.batches import TensorBatches
from inundate.learn.checkpoint import checkpoint_folders, pointed, read_checkpoint
from inundate.learn.loop import resume_training, train
from inundate.learn.validate import validate_on
from inundate.learn.weights import load_model

from . import toy


def go(tmp_path, *, model=None, settings=None, loss_fn=toy.loss_fn, **how):
    """Train the toy for two epochs of eight steps, unless told otherwise."""
    chosen = settings or toy.make_settings(epochs=2)
    run = toy.make_run(tmp_path / "run", chosen)
    batches = how.pop("batches", None) or toy.make_batches()
    result = train(model or toy.Healthy(0), batches, loss_fn, run=run, settings=chosen,
                   progress=False, **how)  # fmt: skip
    return result, run


def test_result_run_and_metrics_agree(tmp_path):
    result, run = go(tmp_path)
    assert (result.step, result.epoch, result.ended_by) == (16, 2.0, "epochs")
    assert result.last.name == result.best.name == "step-0000016"
    manifest = run.manifest
    assert (manifest["status"], manifest["step"]) == ("finished", 16)
    assert manifest["device"].startswith("cpu, 1 threads")
    assert manifest["parameters"] == sum(p.numel() for p in toy.Healthy().parameters())
    rows = run.read_metrics()
    assert [row["step"] for row in rows] == [4, 8, 12, 16]
    assert set(rows[0]) == {"step", "epoch", "wall_s", "train", "learning_rate"}
    assert set(rows[0]["train"]) == {"loss", "bias", "gradient_norm"}
    assert rows[-1]["train"]["loss"] == result.loss < rows[0]["train"]["loss"]
    assert rows[-1]["epoch"] == 2.0


def test_logged_loss_is_the_mean_of_its_steps(tmp_path):
    seen = []

    def spy(model, batch):
        parts = toy.loss_fn(model, batch)
        seen.append(float(parts["loss"].detach()))
        return parts

    _, run = go(tmp_path, loss_fn=spy)
    first = run.read_metrics()[0]["train"]["loss"]
    assert first == pytest.approx(sum(seen[:4]) / 4, rel=1e-5)


def test_watching_and_validating_change_no_weight(tmp_path):
    """With dropout, so that a stray random number would show."""
    held_out = toy.make_batches(32, 100)
    plain = toy.Healthy(0, dropout=0.3)
    watched = toy.Healthy(0, dropout=0.3)
    go(tmp_path / "a", model=plain)
    go(tmp_path / "b", model=watched, watch=toy.make_watch(every_steps=3),
       validate=validate_on(held_out, toy.loss_fn))  # fmt: skip
    for name, tensor in plain.state_dict().items():
        assert torch.equal(tensor, watched.state_dict()[name]), name


def test_other_seed_gives_other_weights_and_the_same_seed_the_same(tmp_path):
    models = []
    for number, seed in enumerate((0, 0, 1)):
        models.append(toy.Healthy(0, dropout=0.3))
        go(
            tmp_path / str(number),
            model=models[-1],
            settings=toy.make_settings(epochs=1, seed=seed),
        )
    a, b, c = (model.head.weight for model in models)
    assert torch.equal(a, b)
    assert not torch.equal(a, c)


def test_random_state_and_threads_of_the_caller_stay(tmp_path):
    torch.manual_seed(5)
    random.seed(5)
    expected = (torch.rand(2).tolist(), random.random(), torch.get_num_threads())
    torch.manual_seed(5)
    random.seed(5)
    go(tmp_path, model=toy.Healthy(0, dropout=0.5), watch=toy.make_watch())
    assert (torch.rand(2).tolist(), random.random(), torch.get_num_threads()) == expected


def largest_move(tmp_path, **changes):
    """Train one step and give the largest change of a weight over the learning rate."""
    model, start = toy.Healthy(0), toy.Healthy(0)
    settings = toy.make_settings(epochs=0, max_steps=1, weight_decay=0.0, **changes)
    go(tmp_path, model=model, settings=settings)
    pairs = zip(model.parameters(), start.parameters(), strict=True)
    return max(float((a - b).detach().abs().max()) for a, b in pairs) / settings.learning_rate


def test_first_step_of_the_warm_up_is_small(tmp_path):
    """AdamW's first step moves a weight by just the learning rate."""
    assert largest_move(tmp_path / "a", warmup_steps=0) == pytest.approx(1.0, rel=1e-2)
    assert largest_move(tmp_path / "b", warmup_steps=100) == pytest.approx(0.01, rel=1e-2)


def test_clipped_gradient_is_what_is_used(tmp_path):
    """A gradient far below AdamW's epsilon (1e-8) moves next to nothing."""
    assert largest_move(tmp_path, warmup_steps=0, clip=1e-12) < 1e-3


def test_first_batches_are_those_of_the_epoch(tmp_path):
    asked = []

    class Spy:
        def __len__(self):
            return 3

        def batch(self, epoch, index):
            asked.append((epoch, index))
            return toy.make_batches().batch(epoch, index)

    go(tmp_path, batches=Spy(), settings=toy.make_settings(epochs=0, max_steps=5))
    assert asked == [(0, 0), (0, 1), (0, 2), (1, 0), (1, 1)]


def test_best_checkpoint_is_kept(tmp_path):
    losses = iter([5.0, 1.0, math.nan, 2.0, 3.0, 4.0, 5.0, 6.0])
    result, run = go(
        tmp_path,
        settings=toy.make_settings(epochs=8, keep=2, checkpoint_every_steps=8),
        validate=lambda model: {"loss": next(losses), "csi": 0.5},
    )
    assert (result.best_step, result.best.name) == (16, "step-0000016")
    assert result.scores == {"loss": 6.0, "csi": 0.5}
    assert [p.name for p in checkpoint_folders(run.path)] == [
        "step-0000016", "step-0000056", "step-0000064",
    ]  # fmt: skip
    rows = [row for row in run.read_metrics() if "valid" in row]
    assert [row["valid"]["loss"] for row in rows][:3] == [5.0, 1.0, None]


def test_validation_that_is_never_finite_leaves_the_last_as_best(tmp_path):
    result, run = go(tmp_path, validate=lambda model: {"loss": math.nan})
    assert result.best == result.last
    assert pointed(run.path, "best") is None


def test_validation_sees_the_running_mean_and_training_does_not(tmp_path):
    seen = []
    model = toy.Healthy(0)
    plain = toy.Healthy(0)

    def validate(model):
        seen.append({k: v.clone() for k, v in model.state_dict().items()})
        return {"loss": 1.0}

    settings = toy.make_settings(epochs=2, ema=0.9)
    result, _ = go(tmp_path / "a", model=model, settings=settings, validate=validate)
    go(tmp_path / "b", model=plain)
    assert torch.equal(model.head.weight, plain.head.weight)
    assert not torch.equal(seen[-1]["head.weight"], model.head.weight)
    saved = read_checkpoint(result.last).tensors["ema"]
    assert torch.equal(saved["head.weight"], seen[-1]["head.weight"])
    fresh = toy.Healthy(1)
    load_model(fresh, result.last)
    assert torch.equal(fresh.head.weight, seen[-1]["head.weight"])


def test_validate_on_weighs_samples_alike():
    """Five samples in batches of two: the last batch counts half."""
    data = TensorBatches(
        {"x": torch.tensor([0.0, 0, 0, 0, 10])}, batch_size=2, seed=0, shuffle=False
    )
    model = nn.Linear(1, 1)
    scores = validate_on(data, lambda m, b: {"loss": b["x"].mean(), "map": b["x"]})(model)
    assert scores["loss"] == 2.0
    assert model.training


def test_validate_on_names_a_bad_batch():
    data = TensorBatches({"x": torch.tensor([0.0, math.nan])}, batch_size=1, seed=0, shuffle=False)
    with pytest.raises(DataError, match="batch 1: .*'x' are nan in sample 1"):
        validate_on(data, lambda m, b: {"loss": b["x"].mean()})(nn.Linear(1, 1))


@pytest.mark.parametrize(
    "gives", [{"error": torch.zeros(())}, {"loss": 1.0}, {"loss": torch.zeros(2)}]
)
def test_loss_function_that_gives_no_loss(tmp_path, gives):
    with pytest.raises(DataError, match="expected 'loss' as a tensor of one number"):
        go(tmp_path, loss_fn=lambda model, batch: gives)


def test_validation_that_gives_no_loss(tmp_path):
    with pytest.raises(DataError, match=r"gave \['csi'\]; expected 'loss'"):
        go(tmp_path, validate=lambda model: {"csi": 1.0})


def test_model_with_nothing_to_train(tmp_path):
    with pytest.raises(DataError, match="Healthy has no trainable parameters"):
        go(tmp_path, model=toy.Healthy().requires_grad_(False))


def test_absent_gpu_is_refused_before_the_run_starts(tmp_path):
    if torch.cuda.is_available():
        pytest.skip("there is a GPU")
    run = toy.make_run(tmp_path / "run")
    with pytest.raises(ConfigError, match="finds 0 GPUs"):
        train(toy.Healthy(), toy.make_batches(), toy.loss_fn, run=run,
              settings=toy.make_settings(device="cuda"), progress=False)  # fmt: skip
    assert run.status == "created"
    assert not (run.path / "lock").exists()


class Clock:
    """A clock that only the loss moves on."""

    def __init__(self, monkeypatch):
        self.now = 100.0
        monkeypatch.setattr(training_module, "time", SimpleNamespace(monotonic=lambda: self.now))

    def loss_fn(self, model, batch):
        self.now += 1.0
        return toy.loss_fn(model, batch)


def test_time_budget_ends_training_at_the_floor(tmp_path, monkeypatch):
    settings = toy.make_settings(
        epochs=1000, max_minutes=1.0, floor=0.1, warmup_steps=0, log_every_steps=1
    )
    result, run = go(tmp_path, loss_fn=Clock(monkeypatch).loss_fn, settings=settings)
    assert result.ended_by == run.manifest["ended_by"] == "max_minutes"
    assert (result.step, result.wall_s) == (60, 60.0)
    rates = [row["learning_rate"] for row in run.read_metrics()]
    assert rates == sorted(rates, reverse=True)
    assert rates[0] == settings.learning_rate
    assert rates[-1] == pytest.approx(0.1 * settings.learning_rate, rel=0.01)


def test_time_budget_counts_all_sittings(tmp_path, monkeypatch):
    clock = Clock(monkeypatch)

    def stop_once(model, batch):
        if clock.now == 130.0:
            clock.now += 1000.0  # the time until it is resumed
            raise KeyboardInterrupt
        return clock.loss_fn(model, batch)

    settings = toy.make_settings(epochs=1000, max_minutes=1.0, checkpoint_every_steps=12)
    run = toy.make_run(tmp_path / "run", settings)
    given = {"run": run, "settings": settings, "progress": False}
    with pytest.raises(KeyboardInterrupt):
        train(toy.Healthy(0), toy.make_batches(), stop_once, **given)
    result = resume_training(toy.Healthy(0), toy.make_batches(), stop_once, **given)
    assert (result.step, result.wall_s, result.ended_by) == (60, 60.0, "max_minutes")


def test_checkpoint_by_the_clock(tmp_path):
    settings = toy.make_settings(
        epochs=1, checkpoint_every_steps=0, checkpoint_every_minutes=1e-6, keep=100
    )
    _, run = go(tmp_path, settings=settings)
    assert len(checkpoint_folders(run.path)) == 9
    settings = toy.make_settings(epochs=1, checkpoint_every_steps=0, checkpoint_every_minutes=0)
    _, run = go(tmp_path / "b", settings=settings)
    assert [p.name for p in checkpoint_folders(run.path)] == ["step-0000000", "step-0000008"]


def test_full_disk_leaves_earlier_checkpoints(tmp_path, monkeypatch):
    write, count = checkpoint_module._write, itertools.count()

    def fill(path, content):
        if next(count) == 7:  # in the middle of the third checkpoint
            raise OSError(errno.ENOSPC, "No space left on device", str(path))
        write(path, content)

    monkeypatch.setattr(checkpoint_module, "_write", fill)
    settings = toy.make_settings(epochs=2, checkpoint_every_steps=5)
    run = toy.make_run(tmp_path / "run", settings)
    given = {"run": run, "settings": settings, "progress": False}
    with pytest.raises(RunError, match="the disk is full") as caught:
        train(toy.Healthy(0), toy.make_batches(), toy.loss_fn, **given)
    assert caught.value.exit_code == 6
    assert run.status == "failed"
    left = {p.name for p in (run.path / "checkpoints").iterdir()}
    assert left == {"step-0000000", "step-0000005"}
    monkeypatch.undo()
    assert resume_training(toy.Healthy(0), toy.make_batches(), toy.loss_fn, **given).step == 16


def test_full_disk_while_logging(tmp_path, monkeypatch):
    settings = toy.make_settings(epochs=2)
    run = toy.make_run(tmp_path / "run", settings)

    def full(record):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(run, "log_metrics", full)
    with pytest.raises(RunError, match="the disk is full at step 4; earlier checkpoints are whole"):
        train(toy.Healthy(0), toy.make_batches(), toy.loss_fn, run=run, settings=settings,
              progress=False)  # fmt: skip


def test_fault_of_the_loss_marks_the_run(tmp_path):
    def broken(model, batch):
        raise ZeroDivisionError("in the loss")

    run = toy.make_run(tmp_path / "run")
    with pytest.raises(ZeroDivisionError):
        train(toy.Healthy(0), toy.make_batches(), broken, run=run, settings=toy.make_settings(),
              progress=False)  # fmt: skip
    assert (run.status, run.manifest["error"]) == ("failed", "in the loss")
    assert not (run.path / "lock").exists()


def test_frozen_and_tied_parts_train_and_resume(tmp_path):
    class Tied(toy.Healthy):
        def __init__(self):
            super().__init__(0)
            self.ground.requires_grad_(False)
            self.again = self.head

    model = Tied()
    before = model.ground[0].weight.clone()
    result, _ = go(tmp_path, model=model)
    assert torch.equal(model.ground[0].weight, before)
    other = Tied()
    load_model(other, result.last)
    assert torch.equal(other.again.weight, model.head.weight)


def test_progress_line(tmp_path, capsys):
    settings = toy.make_settings(epochs=1)
    run = toy.make_run(tmp_path / "run", settings)
    train(toy.Healthy(0), toy.make_batches(), toy.loss_fn, run=run, settings=settings)
    captured = capsys.readouterr()
    assert captured.out == ""
