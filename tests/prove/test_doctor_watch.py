"""The hook in somebody else's loop."""

import logging
import math

import pytest
import torch
from torch import nn

from inundate.prove import Watch
from inundate.prove.cause import Cause
from inundate.prove.exam import Effort


@pytest.fixture
def data():
    torch.manual_seed(0)
    rows = torch.randn(12, 16, 4)
    return [(row, row[:, :1]) for row in rows]


def train(model, optimiser, data, watch, steps=10):
    for number in range(steps):
        inputs, target = data[number % len(data)]
        optimiser.zero_grad()
        loss = nn.functional.mse_loss(model(inputs), target)
        loss.backward()
        optimiser.step()
        watch.step(loss)


def network():
    torch.manual_seed(1)
    return nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 1))


def test_a_healthy_loop_raises_nothing(data):
    model = network()
    watch = Watch(model, data)
    train(model, torch.optim.Adam(model.parameters(), lr=1e-2), data, watch, steps=30)
    assert watch.findings == []


def test_weights_that_do_not_move_are_told_once(data, caplog):
    model = network()
    watch = Watch(model, data)
    with caplog.at_level(logging.WARNING, logger="inundate"):
        train(model, torch.optim.SGD(model.parameters(), lr=0.0), data, watch, steps=30)
    assert [f.cause for f in watch.findings] == [Cause.WEIGHTS_DO_NOT_MOVE]
    assert sum("a step leaves the weights as they were" in r.message for r in caplog.records) == 1


def test_a_layer_without_gradient_is_named(data):
    class Cut(nn.Module):
        def __init__(self):
            super().__init__()
            self.first, self.last = nn.Linear(4, 8), nn.Linear(8, 1)

        def forward(self, inputs):
            return self.last(self.first(inputs).detach().relu())

    model = Cut()
    watch = Watch(model, data)
    train(model, torch.optim.SGD(model.parameters(), lr=0.01), data, watch)
    assert [(f.cause, f.subject) for f in watch.findings] == [(Cause.NO_GRADIENT, "first")]


def test_a_loss_that_is_not_finite_is_told(data):
    watch = Watch(network(), data)
    found = watch.step(math.nan)
    assert [(f.cause, f.subject) for f in found] == [(Cause.NOT_FINITE_OUTPUT, "the loss")]
    assert watch.step(math.nan) == []


def test_faults_of_the_data_are_told_at_once(data):
    data[3][0][2, 1] = math.inf
    assert [f.cause for f in Watch(network(), data).findings] == [Cause.NOT_FINITE_DATA]


def test_it_examines_from_the_weights_it_began_with(data):
    model = network()
    optimiser = torch.optim.Adam(model.parameters(), lr=1e-2)
    watch = Watch(model, data, optimiser=optimiser)
    train(model, optimiser, data, watch)
    before = [p.detach().clone() for p in model.parameters()]
    verdict = watch.diagnose(effort=Effort(30, 60, 100, 40))
    assert verdict.answer in ("healthy", "cause")
    assert all(p.equal(q) for p, q in zip(model.parameters(), before, strict=True))
