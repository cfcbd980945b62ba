"""Deliberately broken models are each stopped with the right named cause; healthy ones are not."""

from __future__ import annotations

import json
import math
import pickle

import pytest
import torch

from inundate.core.errors import ConfigError, StabilityError, format_error
from inundate.learn.alarm import Cause, TrainingStopped
from inundate.learn.batches import TensorBatches
from inundate.learn.loop import train

from . import toy


def stop(tmp_path, model, *, batches=None, watch="usual", loss_fn=toy.loss_fn, **settings):
    """Train until an alarm rings; give the error and the run."""
    chosen = toy.make_settings(**settings)
    run = toy.make_run(tmp_path / "run", chosen)
    with pytest.raises(TrainingStopped) as caught:
        train(
            model,
            batches or toy.make_batches(),
            loss_fn,
            run=run,
            settings=chosen,
            watch=toy.make_watch() if watch == "usual" else watch,
            progress=False,
        )
    return caught.value, run


@pytest.mark.parametrize(
    ("model", "cause", "subject"),
    [
        (toy.ConstantOutput, Cause.CONSTANT_OUTPUT, ""),
        (toy.IgnoresRain, Cause.IGNORES_INPUT, "rain"),
        (toy.IgnoresTerrain, Cause.IGNORES_INPUT, "terrain"),
        (toy.AllDry, Cause.ALL_ZERO, ""),
        (toy.NearlyDry, Cause.ALL_ZERO, ""),
        (toy.DeadRelu, Cause.NO_GRADIENT, "ground"),
        (toy.Detached, Cause.NO_GRADIENT, "storm"),
    ],
)
@pytest.mark.parametrize("seed", [0, 1])
def test_broken_model_is_stopped_with_its_cause(tmp_path, model, cause, subject, seed):
    error, run = stop(tmp_path, model(seed), seed=seed)
    assert (error.alarms[0].cause, error.alarms[0].subject) == (cause, subject), str(error)
    assert error.cause == cause.value
    assert error.exit_code == 5
    assert error.hint
    assert run.status == "stopped"
    assert run.manifest["cause"] == cause.value
    assert run.manifest["alarms"][0]["subject"] == subject


@pytest.mark.parametrize("seed", range(5))
def test_healthy_model_is_not_stopped(tmp_path, seed):
    settings = toy.make_settings(seed=seed, epochs=20)
    run = toy.make_run(tmp_path / "run", settings)
    result = train(
        toy.Healthy(seed),
        toy.make_batches(seed=seed),
        toy.loss_fn,
        run=run,
        settings=settings,
        watch=toy.make_watch(),
        progress=False,
    )
    assert result.alarms == ()
    assert run.status == "finished"
    last = [record for record in run.read_metrics() if "watch" in record][-1]
    assert min(last["skill"].values()) > 0.9
    assert min(last["shuffle_rise"].values()) > 1.0
    assert last["watch"]["spread"] == pytest.approx(1.0, abs=0.1)


def test_zero_initialised_head_is_healthy(tmp_path):
    """Behind a zero head no gradient flows in the first step; that is no fault."""
    model = toy.Healthy(0)
    torch.nn.init.zeros_(model.head.weight)
    settings = toy.make_settings(epochs=15)
    run = toy.make_run(tmp_path / "run", settings)
    result = train(
        model, toy.make_batches(), toy.loss_fn, run=run, settings=settings,
        watch=toy.make_watch(no_gradient_steps=5), progress=False,
    )  # fmt: skip
    assert result.alarms == ()


def test_model_wet_everywhere(tmp_path):
    """About one cell in thirty is wet, but the model floods every one."""
    samples = toy.make_samples(32, seed=100, lower_m=3.2)
    watch = toy.make_watch(samples=samples)
    error, _ = stop(
        tmp_path, toy.AllWet(0), batches=toy.make_batches(lower_m=3.2), watch=watch, epochs=40
    )
    assert error.alarms[0].cause is Cause.WET_FRACTION, str(error)


def test_no_skill_names_the_baseline(tmp_path):
    watch = toy.make_watch(how={"baselines": {"all dry": toy.all_dry, "look-up": 1e-6}})
    error, _ = stop(tmp_path, toy.Healthy(0), watch=watch)
    assert (error.alarms[0].cause, error.alarms[0].subject) == (Cause.NO_SKILL, "look-up")
    assert len(error.alarms) == 1


def test_baseline_that_need_not_be_beaten_is_only_logged(tmp_path):
    watch = toy.make_watch(
        how={"baselines": {"all dry": toy.all_dry, "look-up": 1e-6}, "must_beat": ["all dry"]}
    )
    settings = toy.make_settings(epochs=15)
    run = toy.make_run(tmp_path / "run", settings)
    train(toy.Healthy(0), toy.make_batches(), toy.loss_fn, run=run, settings=settings,
          watch=watch, progress=False)  # fmt: skip
    last = [record for record in run.read_metrics() if "watch" in record][-1]
    assert last["skill"]["look-up"] < 0 < last["skill"]["all dry"]


@pytest.mark.parametrize("learning_rate", [30.0, 1e4])
def test_learning_rate_too_high_explodes(tmp_path, learning_rate):
    error, _ = stop(tmp_path, toy.Healthy(0), learning_rate=learning_rate, warmup_steps=0)
    assert error.alarms[0].cause is Cause.EXPLODING_GRADIENT, str(error)
    if learning_rate == 30.0:
        assert "times that of the untrained model" in error.alarms[0].evidence


def test_loss_that_overflows_after_rising_is_an_explosion(tmp_path):
    factors = iter([1.0, 1.0, 1e3, 1e6, math.inf])

    def growing(model, batch):
        factor = next(factors) if model.training else 1.0
        return {"loss": toy.loss_fn(model, batch)["loss"] * factor}

    watch = toy.make_watch(explode_steps=1000)
    error, _ = stop(tmp_path, toy.Healthy(0), loss_fn=growing, watch=watch, learning_rate=1e-6)
    assert [a.cause for a in error.alarms][:2] == [Cause.EXPLODING_GRADIENT, Cause.NAN_LOSS]


def test_gradient_that_is_not_finite_is_named_by_block(tmp_path):
    def with_bad_root(model, batch):
        parts = toy.loss_fn(model, batch)
        # the root of 0 is 0, its gradient is not finite
        return {"loss": parts["loss"] + (0.0 * model.head.weight).sum().sqrt()}

    error, _ = stop(tmp_path, toy.Healthy(0), watch=None, loss_fn=with_bad_root)
    assert error.alarms[0].cause is Cause.EXPLODING_GRADIENT
    assert "gradient of head" in error.alarms[0].evidence


def test_weights_that_turn_nan_are_named(tmp_path):
    model = toy.Healthy(0)
    calls = 0

    def poison(model, batch):
        nonlocal calls
        calls += 1
        if calls == 30:
            with torch.no_grad():
                model.storm.weight[0, 0] = math.nan
        return toy.loss_fn(model, batch)

    error, run = stop(tmp_path, model, watch=None, loss_fn=poison, checkpoint_every_steps=10)
    assert error.alarms[0].cause is Cause.NAN_LOSS
    assert "storm.weight" in error.alarms[0].evidence
    assert error.checkpoint is not None
    assert error.checkpoint.name == "step-0000020"
    assert run.manifest["step"] == 29


def test_nan_weights_never_reach_a_checkpoint(tmp_path):
    calls = 0

    def poison_buffer(model, batch):
        nonlocal calls
        calls += 1
        if calls == 10:
            model.state_dict()["storm.bias"].fill_(math.inf)
        return {"loss": model.head.bias.square().sum()}

    error, run = stop(
        tmp_path, toy.Healthy(0), watch=None, loss_fn=poison_buffer, checkpoint_every_steps=10
    )
    assert error.alarms[0].cause is Cause.NAN_LOSS
    assert "storm.bias" in str(error)
    assert [path.name for path in (run.path / "checkpoints").iterdir()] == ["step-0000000"]


@pytest.mark.parametrize(
    ("key", "value"),
    [("inputs.rain", math.nan), ("inputs.terrain", math.inf), ("target", math.nan)],
)
def test_bad_batch_is_found_before_the_step_and_named(tmp_path, key, value):
    samples = toy.make_samples()
    head, _, tail = key.partition(".")
    (samples[head][tail] if tail else samples[head])[77].view(-1)[2] = value
    model = toy.Healthy(0)
    batches = TensorBatches(samples, batch_size=16, seed=0)
    error, run = stop(tmp_path, model, batches=batches, watch=None)
    alarm = error.alarms[0]
    assert (alarm.cause, alarm.subject) == (Cause.NAN_INPUT, key)
    step = run.manifest["step"]
    assert f"batch {step} of epoch 0" in alarm.evidence
    assert "in sample 77 " in alarm.evidence
    assert 77 in batches.batch(0, step)["sample_id"]
    assert all(bool(torch.isfinite(p).all()) for p in model.parameters())


def test_bad_sample_of_the_watch_is_named(tmp_path):
    samples = toy.make_samples(32, seed=100)
    samples["inputs"]["rain"][21, 0] = math.nan
    error, run = stop(tmp_path, toy.Healthy(0), watch=toy.make_watch(samples=samples))
    assert (error.alarms[0].cause, error.alarms[0].subject) == (Cause.NAN_INPUT, "inputs.rain")
    assert "watched batch 1: 1 value(s) of 'inputs.rain' are nan in sample 21 " in str(error)
    assert run.manifest["step"] == 0


def test_weights_that_are_nan_from_the_start(tmp_path):
    model = toy.Healthy(0)
    model.body[0].weight.data[0] = math.nan
    error, _ = stop(tmp_path, model)
    assert error.alarms[0].cause is Cause.NAN_LOSS
    assert "on the watched samples the loss is nan" in str(error)


def test_nan_in_the_target_is_allowed_where_it_means_missing(tmp_path):
    samples = toy.make_samples()
    samples["target"][3] = math.nan

    def masked(model, batch):
        error = model(batch["inputs"]) - batch["target"]
        return {"loss": error[torch.isfinite(error)].square().mean()}

    settings = toy.make_settings(epochs=1)
    run = toy.make_run(tmp_path / "run", settings)
    watch = toy.make_watch(samples={k: v for k, v in samples.items()})
    result = train(
        toy.Healthy(0), TensorBatches(samples, batch_size=16, seed=0), masked, run=run,
        settings=settings, allow_nan=["target"], watch=watch, progress=False,
    )  # fmt: skip
    assert math.isfinite(result.loss)
    assert math.isfinite(run.read_metrics()[0]["watch"]["error"])


def test_alarms_that_may_not_stop_are_logged(tmp_path, caplog):
    settings = toy.make_settings(epochs=8)
    run = toy.make_run(tmp_path / "run", settings)
    result = train(
        toy.IgnoresRain(0), toy.make_batches(), toy.loss_fn, run=run, settings=settings,
        watch=toy.make_watch(stop=False), progress=False,
    )  # fmt: skip
    assert [alarm.key for alarm in result.alarms] == ["ignores-input: rain"]
    assert run.manifest["alarms"][0]["cause"] == "ignores-input"
    assert "ignores its input 'rain'" in caplog.text


def test_short_training_reports_faults_at_its_end(tmp_path):
    """Too short for an alarm, but the result does not hide what was seen."""
    settings = toy.make_settings(epochs=2)
    run = toy.make_run(tmp_path / "run", settings)
    result = train(
        toy.IgnoresTerrain(0), toy.make_batches(), toy.loss_fn, run=run, settings=settings,
        watch=toy.make_watch(), progress=False,
    )  # fmt: skip
    assert "ignores-input: terrain" in [alarm.key for alarm in result.alarms]


def test_message_of_an_alarm(tmp_path):
    error, run = stop(tmp_path, toy.IgnoresRain(0))
    assert format_error(error) == (
        "error: training stopped at step 56 (epoch 7): the model ignores its input 'rain'\n"
        "  shuffling 'rain' between samples raises the error by 0.00 % and moves the output by 0 "
        "of the truth's spread; expected a rise of at least 1 %\n"
        f"  last good checkpoint: {run.path / 'checkpoints' / 'step-0000040'}\n"
        "  hint: check that it reaches forward, and its units, range and alignment with the target"
    )
    assert isinstance(error, StabilityError)
    again = pickle.loads(pickle.dumps(error))  # as between processes
    assert again.alarms == error.alarms
    json.dumps([alarm.record() for alarm in error.alarms])


@pytest.mark.parametrize("what", ["must_use", "must_beat"])
def test_unknown_names_for_the_watch_are_refused(what):
    with pytest.raises(ConfigError, match="'rian'|'all wet'") as caught:
        toy.make_watch(how={what: ["rian" if what == "must_use" else "all wet"]})
    assert what in str(caught.value)
