"""The learning rate warms up, falls to its floor, and ends with the training."""

from __future__ import annotations

import pytest

from inundate.learn.schedule import Horizon, learning_rate
from inundate.learn.settings import TrainSettings


def test_warm_up_is_linear():
    settings = TrainSettings(learning_rate=2.0, warmup_steps=4, schedule="constant")
    rates = [learning_rate(settings, step=step, progress=0.5) for step in range(6)]
    assert rates == [0.5, 1.0, 1.5, 2.0, 2.0, 2.0]


def test_cosine_falls_to_the_floor():
    settings = TrainSettings(learning_rate=1.0, warmup_steps=0, floor=0.2)
    rates = [learning_rate(settings, step=9, progress=p / 10) for p in range(11)]
    assert rates == sorted(rates, reverse=True)
    assert (rates[0], rates[5], rates[10]) == pytest.approx((1.0, 0.6, 0.2))


def test_line_falls_to_the_floor_after_the_warm_up():
    settings = TrainSettings(learning_rate=1.0, warmup_steps=4, floor=0.2, schedule="linear")
    rates = [learning_rate(settings, step=9, progress=p / 4) for p in range(5)]
    assert rates == pytest.approx([1.0, 0.8, 0.6, 0.4, 0.2])
    assert learning_rate(settings, step=0, progress=0.0) == pytest.approx(0.25)


@pytest.mark.parametrize(
    ("given", "steps", "named"),
    [
        ({"epochs": 3}, 30, "epochs"),
        ({"epochs": 3, "max_steps": 7}, 7, "max_steps"),
        ({"epochs": 3, "max_steps": 70}, 30, "epochs"),
        ({"epochs": 0, "max_steps": 70}, 70, "max_steps"),
        ({"epochs": 0, "max_minutes": 2}, None, "max_minutes"),
    ],
)
def test_first_limit_counts(given, steps, named):
    horizon = Horizon.of(TrainSettings(**given), steps_per_epoch=10)
    assert (horizon.steps, horizon.named) == (steps, named)
    if steps:
        assert horizon.ended_by(steps - 1, 0.0) is None
        assert horizon.ended_by(steps, 0.0) == named


def test_progress_is_that_of_the_limit_that_comes_first():
    horizon = Horizon(100, 60.0, "epochs")
    assert horizon.progress(10, 30.0) == 0.5
    assert horizon.progress(80, 30.0) == 0.8
    assert horizon.progress(100, 90.0) == 1.0
    assert horizon.ended_by(10, 60.0) == "max_minutes"


def test_without_a_budget_progress_does_not_know_the_clock():
    horizon = Horizon(100, None)
    assert horizon.progress(10, 1e9) == 0.1
    assert horizon.ended_by(10, 1e9) is None
