"""What the watch measures, against hand-worked figures."""

from __future__ import annotations

import math

import pytest
import torch
from torch import nn

from inundate.learn.alarm import Cause
from inundate.learn.batches import TensorBatches
from inundate.learn.gradients import GradientWatch
from inundate.learn.look import Look, Patience, Shuffled, judge
from inundate.learn.probes import (
    Spread,
    dead_units,
    evaluating,
    mean_squared,
    not_finite_weights,
    threshold_statistics,
)
from inundate.learn.settings import WatchSettings
from inundate.learn.shuffle import shuffled_batch
from inundate.learn.watch import Watch

from . import toy

NAN = math.nan


def spread_of(*batches: torch.Tensor) -> Spread:
    spread = Spread()
    for batch in batches:
        spread.add(batch, torch.isfinite(batch))
    return spread


def test_spread_is_the_standard_deviation_across_samples():
    values = torch.randn(12, 3, 4)
    expected = float(values.double().var(0).mean().sqrt())
    assert spread_of(values).deviation() == pytest.approx(expected)
    assert spread_of(values[:5], values[5:]).deviation() == pytest.approx(expected)
    assert spread_of(values).size() == pytest.approx(float(values.square().mean().sqrt()))


def test_spread_of_one_picture_for_all_is_zero():
    picture = torch.randn(1, 6, 6).expand(8, 6, 6)
    assert spread_of(picture).deviation() == pytest.approx(0.0, abs=1e-6)
    assert spread_of(picture).size() > 0.5


def test_spread_with_missing_cells_and_several_shapes():
    values = torch.tensor([[1.0, NAN], [3.0, 5.0], [5.0, NAN]])
    assert spread_of(values).deviation() == pytest.approx(2.0)
    mixed = spread_of(torch.tensor([[0.0], [2.0]]), torch.tensor([[0.0, 0.0], [4.0, 0.0]]))
    assert mixed.deviation() == pytest.approx(math.sqrt((2.0 + 8.0 + 0.0) / 3))
    assert spread_of(torch.ones(1, 2)).deviation() is None
    assert Spread().size() == 0.0


def test_mean_squared_skips_what_is_unknown():
    target = torch.tensor([[1.0, NAN], [NAN, NAN], [0.0, 2.0]])
    assert mean_squared(torch.zeros(3, 2), target)[[0, 2]].tolist() == [1.0, 2.0]
    assert mean_squared(torch.zeros(3, 2), target)[1].isnan()
    assert mean_squared(torch.zeros(2), torch.tensor([3.0, NAN]))[0] == 9.0
    assert mean_squared(torch.tensor([[NAN]]), torch.tensor([[1.0]])).isnan()


def test_threshold_statistics_count_known_cells():
    predicted = torch.tensor([[0.05, 0.2, 9.0]])
    target = torch.tensor([[0.04, 0.1, NAN]])
    found = threshold_statistics(0.05)(predicted, target)
    assert [float(v) for v in found["wet_fraction"]] == [2.0, 1.0]
    assert [float(v) for v in found["volume"]] == pytest.approx([0.25, 0.14])


def test_dead_units_are_found_by_channel():
    model = nn.Sequential(nn.Conv2d(1, 3, 1), nn.ReLU(), nn.Flatten(), nn.Linear(12, 2), nn.GELU())
    with torch.no_grad():
        model[0].weight.fill_(1.0)
        model[0].bias.copy_(torch.tensor([0.0, -100.0, 1.0]))
        model[3].weight.zero_()
        model[3].bias.copy_(torch.tensor([1.0, -30.0]))
    with dead_units(model) as active:
        model(torch.rand(4, 1, 2, 2))
        model(torch.rand(4, 1, 2, 2))
    assert {name: units.tolist() for name, units in active.items()} == {
        "1": [True, False, True], "4": [True, False],
    }  # fmt: skip
    assert not model[1]._forward_hooks


def test_evaluating_gives_each_module_its_mode_back():
    model = toy.Healthy(0)
    model.body.eval()
    with evaluating(model):
        assert not any(module.training for module in model.modules())
        assert not torch.is_grad_enabled()
    assert model.training
    assert model.ground.training
    assert not model.body.training


def test_not_finite_weights_are_named():
    model = nn.BatchNorm1d(2)
    assert not_finite_weights(model) == []
    model.running_var[1] = NAN
    assert not_finite_weights(model) == ["running_var"]


def test_shuffled_input_has_moved_and_the_rest_has_not():
    batch = toy.make_batches().batch(0, 0)
    other = shuffled_batch(batch, "rain")
    moved = other["inputs"]["rain"]
    assert torch.equal(moved.sort(0).values, batch["inputs"]["rain"].sort(0).values)
    assert not (moved == batch["inputs"]["rain"]).all(1).any()
    assert other["inputs"]["terrain"] is batch["inputs"]["terrain"]
    assert other["target"] is batch["target"]


def test_sorted_batches_are_shuffled_where_it_matters():
    """Four samples of one terrain, then four of another: a shift by one would change two."""
    ground = torch.tensor([0.0] * 4 + [1.0] * 4).view(8, 1)
    other = shuffled_batch({"inputs": {"terrain": ground}}, "terrain")
    assert (other["inputs"]["terrain"] != ground).all()


def test_input_that_does_not_differ_is_not_judged():
    same = {"inputs": {"rain": torch.ones(4, 2)}}
    assert shuffled_batch(same, "rain") is None
    assert shuffled_batch({"inputs": {"rain": torch.rand(1, 2)}}, "rain") is None
    samples = toy.make_samples(32, 100)
    samples["inputs"]["rain"][:] = 1.0
    watch = toy.make_watch(samples=samples)
    look = watch.look(toy.Healthy(0), toy.loss_fn, step=0)
    assert look.shuffled["rain"] is None
    assert look.shuffled["terrain"] is not None


def test_difference_in_a_single_cell_of_a_large_map_is_seen():
    maps = torch.zeros(4, 1, 200, 200)
    maps[2, 0, 101, 7] = 1.0
    other = shuffled_batch({"inputs": {"walls": maps}}, "walls")
    assert other is not None
    assert other["inputs"]["walls"][2].sum() == 0.0


class Answer(nn.Module):
    """Knows the answer of the toy, times a factor."""

    def __init__(self, factor: float = 1.0) -> None:
        super().__init__()
        self.factor = nn.Parameter(torch.tensor(factor))

    def forward(self, inputs):
        level = inputs["rain"].sum(1).view(-1, 1, 1, 1) - 1.5
        return self.factor * (level - inputs["terrain"]).clamp(min=0.0)


def test_look_at_the_right_answer():
    look = toy.make_watch().look(Answer(), toy.loss_fn, step=7)
    assert (look.step, look.loss, look.error) == (7, 0.0, 0.0)
    assert look.skill == {"all dry": 1.0, "mean": 1.0}
    assert (look.spread, look.size) == (pytest.approx(1.0), pytest.approx(1.0))
    assert look.ratio == {"wet_fraction": 1.0, "volume": 1.0}
    assert all(seen.rise > 1e6 for seen in look.shuffled.values())


def test_look_at_half_of_the_answer():
    look = toy.make_watch().look(Answer(0.5), toy.loss_fn, step=0)
    assert look.skill["all dry"] == pytest.approx(0.75)
    assert (look.spread, look.size) == (pytest.approx(0.5), pytest.approx(0.5))
    assert look.ratio["volume"] == pytest.approx(0.5)


def test_baseline_that_is_perfect_gives_no_skill_figure():
    watch = toy.make_watch(how={"baselines": {"truth": lambda batch: batch["target"]}})
    look = watch.look(Answer(0.5), toy.loss_fn, step=0)
    assert look.skill == {"truth": None}
    assert judge(look, WatchSettings()) == []


def test_target_and_prediction_may_be_functions():
    """A classifier: probabilities against one-hot truth, NaN-masked."""
    labels = torch.arange(8) % 2
    features = torch.nn.functional.one_hot(labels, 2).float() * 4
    batches = TensorBatches(
        {"inputs": {"words": features}, "label": labels}, batch_size=8, seed=0, shuffle=False
    )
    watch = Watch(
        batches,
        predict=lambda model, batch: model(batch["inputs"]["words"]).softmax(-1),
        target=lambda batch: torch.nn.functional.one_hot(batch["label"], 2).float(),
        baselines={"majority": lambda batch: torch.tensor([[1.0, 0.0]]).expand(8, 2)},
    )

    def loss_fn(model, batch):
        return {
            "loss": nn.functional.cross_entropy(model(batch["inputs"]["words"]), batch["label"])
        }

    model = nn.Linear(2, 2)
    with torch.no_grad():
        model.weight.copy_(torch.eye(2))
        model.bias.zero_()
    look = watch.look(model, loss_fn, step=500)
    assert look.skill["majority"] > 0.99
    assert watch.faults(look) == []
    with torch.no_grad():
        model.weight.zero_()
    look = watch.look(model, loss_fn, step=500)
    assert watch.faults(look)[0].cause is Cause.CONSTANT_OUTPUT


def test_model_that_draws_random_numbers_is_judged_fairly():
    """Each prediction draws the same noise, so shuffling shows the input and not the noise."""

    class Noisy(toy.IgnoresRain):
        def forward(self, inputs):
            found = super().forward(inputs)
            return found + torch.randn_like(found)

    torch.manual_seed(1)
    before = torch.get_rng_state()
    look = toy.make_watch().look(Noisy(0), toy.loss_fn, step=0)
    assert look.shuffled["rain"] == Shuffled(0.0, 0.0)
    assert torch.equal(torch.get_rng_state(), before)


def healthy_look(**changes):
    given = {
        "step": 500, "loss": 1.0, "error": 1.0, "skill": {"a": 0.2}, "spread": 0.9, "size": 0.9,
        "ratio": {"wet_fraction": 1.0}, "shuffled": {"rain": Shuffled(0.5, 0.5)},
    }  # fmt: skip
    return Look(**{**given, **changes})


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, []),
        ({"spread": 0.06}, []),
        ({"spread": 0.04}, [Cause.CONSTANT_OUTPUT]),
        ({"size": 0.009}, [Cause.ALL_ZERO]),
        ({"size": None, "spread": None}, []),
        ({"ratio": {"wet_fraction": 0.19}}, [Cause.WET_FRACTION]),
        ({"ratio": {"wet_fraction": 5.1}}, [Cause.WET_FRACTION]),
        ({"ratio": {"wet_fraction": None, "volume": 0.0}}, []),
        ({"skill": {"a": 0.0}}, [Cause.NO_SKILL]),
        ({"skill": {"a": None}}, []),
        ({"shuffled": {"rain": Shuffled(0.009, 1.0)}}, [Cause.IGNORES_INPUT]),
        ({"shuffled": {"rain": Shuffled(-0.2, 1.0)}}, [Cause.IGNORES_INPUT]),
        ({"shuffled": {"rain": None}}, []),
    ],
)
def test_thresholds(changes, expected):
    found = judge(healthy_look(**changes), WatchSettings())
    assert [alarm.cause for alarm in found] == expected


def test_only_what_must_be_used_and_beaten_is_judged():
    look = healthy_look(
        skill={"a": -1.0, "b": -1.0},
        shuffled={"rain": Shuffled(0.0, 0.0), "roughness": Shuffled(0.0, 0.0)},
    )
    found = judge(look, WatchSettings(), must_use=["rain"], must_beat=["b"])
    assert [(alarm.cause, alarm.subject) for alarm in found] == [
        (Cause.IGNORES_INPUT, "rain"), (Cause.NO_SKILL, "b"),
    ]  # fmt: skip


def test_patience_counts_looks_in_a_row():
    constant = judge(healthy_look(spread=0.0), WatchSettings())
    patience = Patience(3)
    assert [len(patience.ripe(constant)) for _ in range(2)] == [0, 0]
    assert patience.ripe([]) == []
    assert [len(patience.ripe(constant)) for _ in range(3)] == [0, 0, 1]


def test_grace_and_nan():
    watch = toy.make_watch(grace_steps=100, patience=1)
    assert watch.alarms(healthy_look(step=99, spread=0.0)) == []
    assert len(watch.alarms(healthy_look(step=100, spread=0.0))) == 1
    assert watch.alarms(healthy_look(step=0, error=NAN))[0].cause is Cause.NAN_LOSS


def step(watch: GradientWatch, norm: float, loss: float = 1.0, other: float = 1.0):
    return watch.after_backward(loss=loss, norms={"a": norm, "b": other})


def test_no_gradient_needs_steps_in_a_row():
    watch = GradientWatch(WatchSettings(no_gradient_steps=3))
    assert [step(watch, norm) for norm in (0, 0, 1e-3, 0, 0)] == [[]] * 5
    (alarm,) = step(watch, 1e-14)
    assert (alarm.cause, alarm.subject) == (Cause.NO_GRADIENT, "a")
    assert not watch.nothing_moves


def test_small_gradients_and_perfect_losses_are_no_fault():
    watch = GradientWatch(WatchSettings(no_gradient_steps=2), may_rest=["b"])
    assert [step(watch, 1e-6, other=0.0) for _ in range(5)] == [[]] * 5
    assert [step(watch, 0.0, loss=0.0, other=0.0) for _ in range(5)] == [[]] * 5


def test_explosion_of_the_gradient_against_recent_steps():
    watch = GradientWatch(WatchSettings(explode_steps=2))
    watch.first_loss = 1.0
    for _ in range(100):
        assert step(watch, 1.0) == []
    assert step(watch, 1e4) == []
    assert watch.exploding
    assert step(watch, 1.0) == []
    assert step(watch, 1e4) == []
    (alarm,) = step(watch, 1e4)
    assert alarm.cause is Cause.EXPLODING_GRADIENT
    assert "times the usual (1e+04 against 1.41)" in alarm.evidence


def test_dry_batches_between_wet_ones_do_not_look_like_an_explosion():
    """Four of five batches are dry, with gradients a million times smaller."""
    watch = GradientWatch(WatchSettings(explode_steps=1))
    watch.first_loss = 1.0
    for number in range(400):
        wet = number % 5 == 0
        assert step(watch, 1.0 if wet else 1e-6, loss=1.0, other=1e-6) == []


def test_memory_of_the_watch_is_restored():
    watch = toy.make_watch(patience=2)
    constant = healthy_look(spread=0.0)
    watch.alarms(constant)
    watch.after_backward(loss=1.0, norms={"a": 0.0, "b": 1.0})
    other = toy.make_watch(patience=2)
    other.restore(watch.state())
    assert other.state() == watch.state()
    assert other.alarms(constant)[0].cause is Cause.CONSTANT_OUTPUT
