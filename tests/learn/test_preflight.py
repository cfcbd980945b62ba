"""A model that can learn one batch passes; one that cannot is named before the training."""

from __future__ import annotations

import math

import pytest
import torch

from inundate.core.errors import ConfigError
from inundate.learn.alarm import Cause, TrainingStopped
from inundate.learn.preflight import preflight

from . import toy

BATCH = toy.make_batches(batch_size=8).batch(0, 0)


def test_healthy_model_passes_and_stays_as_it_is():
    model = toy.Healthy(0)
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    result = preflight(model, BATCH, toy.loss_fn, learning_rate=1e-2)
    assert result.last <= result.goal == pytest.approx(0.1 * result.first)
    assert 0 < result.steps <= 300
    assert all(torch.equal(before[name], t) for name, t in model.state_dict().items())
    assert all(parameter.grad is None for parameter in model.parameters())


@pytest.mark.parametrize("model", [toy.ConstantOutput, toy.AllDry, toy.NearlyDry])
def test_broken_model_is_stopped(model):
    with pytest.raises(TrainingStopped, match="even learn one batch by heart") as caught:
        preflight(model(0), BATCH, toy.loss_fn, steps=60, learning_rate=1e-2)
    assert caught.value.cause == Cause.CANNOT_OVERFIT.value
    assert "in 60 steps on one batch the loss went from" in str(caught.value)


def test_goal_that_is_reached_at_once():
    assert preflight(toy.Healthy(0), BATCH, toy.loss_fn, goal=1e9).steps == 0


def test_bad_values_are_named():
    bad = {**BATCH, "target": torch.full_like(BATCH["target"], math.nan)}
    with pytest.raises(TrainingStopped) as caught:
        preflight(toy.Healthy(0), bad, toy.loss_fn)
    assert caught.value.cause == Cause.NAN_INPUT.value
    model = toy.Healthy(0)
    model.head.bias.data.fill_(math.nan)
    with pytest.raises(TrainingStopped, match="weights head.bias") as caught:
        preflight(model, BATCH, toy.loss_fn)
    assert caught.value.cause == Cause.NAN_LOSS.value


def test_no_steps_is_refused():
    with pytest.raises(ConfigError, match="steps is 0"):
        preflight(toy.Healthy(0), BATCH, toy.loss_fn, steps=0)
