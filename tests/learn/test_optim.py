"""AdamW's state travels by name, gradients are measured by block, weights are averaged."""

from __future__ import annotations

import math

import pytest
import torch
from torch import nn

from inundate.core.errors import DataError
from inundate.learn.optim import (
    RunningMean,
    block_norms,
    clip_gradients,
    load_optimiser,
    make_optimiser,
    optimiser_tensors,
    set_learning_rate,
)
from inundate.learn.settings import TrainSettings

from . import toy


def backward(model: nn.Module) -> None:
    toy.loss_fn(model, toy.make_batches().batch(0, 0))["loss"].backward()


def test_only_matrices_decay():
    model = toy.Healthy(0)
    optimiser = make_optimiser(model, TrainSettings(weight_decay=0.3))
    decay = {id(p): g["weight_decay"] for g in optimiser.param_groups for p in g["params"]}
    for name, parameter in model.named_parameters():
        assert decay[id(parameter)] == (0.3 if name.endswith("weight") else 0.0), name


def test_state_round_trip_continues_alike():
    settings = TrainSettings(learning_rate=0.01)
    one = toy.Healthy(0)
    first = make_optimiser(one, settings)
    for _ in range(3):
        first.zero_grad()
        backward(one)
        first.step()
    two = toy.Healthy(1)
    two.load_state_dict(one.state_dict())
    second = make_optimiser(two, settings)
    load_optimiser(second, two, optimiser_tensors(first, one), where="x")
    for model, optimiser in ((one, first), (two, second)):
        optimiser.zero_grad()
        backward(model)
        optimiser.step()
    assert all(torch.equal(a, b) for a, b in zip(one.parameters(), two.parameters(), strict=True))


def test_state_of_another_model_is_refused():
    model = toy.Healthy(0)
    optimiser = make_optimiser(model, TrainSettings())
    with pytest.raises(DataError, match="state of 'tail', which the model does not have"):
        load_optimiser(optimiser, model, {"exp_avg/tail": torch.zeros(1)}, where="x")
    with pytest.raises(DataError, match=r"'exp_avg/head.bias' has shape \(2,\), expected \(1,\)"):
        load_optimiser(optimiser, model, {"exp_avg/head.bias": torch.zeros(2)}, where="x")


def test_blocks_are_the_direct_children():
    model = toy.Healthy(0)
    backward(model)
    norms = block_norms(model)
    assert list(norms) == ["ground", "storm", "body", "head"]
    whole = math.sqrt(sum(float(p.grad.square().sum()) for p in model.parameters()))
    assert math.hypot(*norms.values()) == pytest.approx(whole, rel=1e-5)


def test_blocks_of_a_wrapper_and_of_a_bare_layer():
    wrapped = nn.ModuleDict({"net": toy.Healthy(0)})
    assert list(block_norms(wrapped)) == ["net.ground", "net.storm", "net.body", "net.head"]
    assert list(block_norms(nn.Linear(2, 2))) == ["(model)"]

    class Own(nn.Module):
        def __init__(self):
            super().__init__()
            self.scale = nn.Parameter(torch.ones(()))
            self.layer = nn.Linear(1, 1).requires_grad_(False)

    assert list(block_norms(Own())) == ["(model)"]


def test_clipping():
    model = nn.Linear(2, 1, bias=False)
    model.weight.grad = torch.tensor([[3.0, 4.0]])
    assert clip_gradients(model, block_norms(model), 0.0) == 5.0
    assert clip_gradients(model, block_norms(model), 10.0) == 5.0
    assert torch.equal(model.weight.grad, torch.tensor([[3.0, 4.0]]))
    assert clip_gradients(model, block_norms(model), 1.0) == 5.0
    assert model.weight.grad.tolist() == [pytest.approx([0.6, 0.8], rel=1e-5)]


def test_learning_rate_is_set_everywhere():
    optimiser = make_optimiser(toy.Healthy(0), TrainSettings())
    set_learning_rate(optimiser, 0.125)
    assert {group["lr"] for group in optimiser.param_groups} == {0.125}


def test_running_mean_of_a_known_series():
    model = nn.BatchNorm1d(1)
    mean = RunningMean(model, 0.5)
    expected = 1.0
    for step, value in enumerate((2.0, 4.0), start=1):
        with torch.no_grad():
            model.weight.fill_(value)
            model.running_mean.fill_(value)
            model.num_batches_tracked += 1
        decay = min(0.5, (1 + step) / (10 + step))
        expected = decay * expected + (1 - decay) * value
        mean.update(model, step)
    assert mean.tensors["weight"].item() == pytest.approx(expected)
    assert mean.tensors["running_mean"].item() == 4.0  # buffers are copied
    assert mean.tensors["num_batches_tracked"].item() == 2
    with mean.used_by(model):
        assert model.weight.item() == pytest.approx(expected)
    assert model.weight.item() == 4.0
