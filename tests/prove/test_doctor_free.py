"""Losses whose lowest point is not the target, and errors that must not end an examination."""

import pytest
import torch
from torch import nn
from torch.nn import functional

from inundate.prove.blame import of_user
from inundate.prove.case import call_model, make_case
from inundate.prove.cause import Cause
from inundate.prove.exam import Effort, Exam
from inundate.prove.free import least_constant, least_output
from inundate.prove.probe.data import probe_target
from inundate.prove.probe.loss import probe_loss
from inundate.prove.probe.range import probe_range
from inundate.prove.verdict import diagnose

SHORT = Effort(batches=12, one_batch=60, all_batches=100, remedy=40)


def rows(count=144):
    """Give rows and the sum of two of their columns, with some noise."""
    drawn = torch.Generator().manual_seed(0)
    found = torch.randn(count, 4, generator=drawn)
    return found, found[:, :1] + found[:, 1:2] + 0.1 * torch.randn(count, 1, generator=drawn)


def case_of(outputs, inputs, target, loss, *, last=(), model=None, rate=1e-2):
    torch.manual_seed(0)
    net = model or nn.Sequential(nn.Linear(4, 16), nn.ReLU(), nn.Linear(16, outputs), *last)
    cut = len(inputs) * 2 // 3
    parts = [
        [(inputs[i : i + 16], target[i : i + 16]) for i in range(start, stop, 16)]
        for start, stop in ((0, cut), (cut, len(inputs)))
    ]
    return make_case(
        net,
        parts[0],
        valid=parts[1],
        loss=loss,
        optimiser=lambda m: torch.optim.Adam(m.parameters(), lr=rate),
    )


def likelihood(output, target):
    mean, spread = output.chunk(2, 1)
    return functional.gaussian_nll_loss(mean, target, functional.softplus(spread) + 1e-2)


def pinball(output, target):
    error = target - output
    return torch.maximum(SHARES * error, (SHARES - 1) * error).mean()


SHARES = torch.tensor([0.1, 0.5, 0.9])


def test_the_best_constant_of_quantiles_is_the_quantiles():
    inputs, target = rows()
    case = case_of(3, inputs, target, pinball)
    batches = Exam(case, SHORT).learnt
    found = least_constant(case, batches, torch.zeros(1, 3))
    wanted = torch.quantile(torch.cat([b["target"] for b in batches]), SHARES)
    assert torch.allclose(found[0], wanted, atol=0.4)
    free = least_output(case, batches[0], found)
    assert torch.allclose(free, batches[0]["target"].expand(-1, 3), atol=0.2)


@pytest.mark.parametrize(("outputs", "loss"), [(2, likelihood), (3, pinball)])
def test_several_outputs_for_one_target_are_judged_by_their_loss(outputs, loss):
    inputs, target = rows()
    verdict = diagnose(case_of(outputs, inputs, target, loss), effort=SHORT)
    assert verdict.answer == "healthy"
    assert verdict.figures["skill_valid"] > 0.3
    other = target[torch.randperm(len(target), generator=torch.Generator().manual_seed(1))]
    lost = diagnose(case_of(outputs, inputs, other, loss), effort=SHORT)
    assert lost.answer != "healthy"


def test_several_outputs_that_the_loss_gives_to_all_samples_are_told():
    inputs, target = rows()

    def all_with_all(output, target):
        return likelihood(output, target.squeeze(1)[None, :].expand(len(output), -1))

    (found,) = probe_loss(Exam(case_of(2, inputs, target, all_with_all), SHORT))
    assert found.cause is Cause.SHAPE_BROADCAST


def counts():
    inputs, value = rows()
    drawn = torch.Generator().manual_seed(2)
    return inputs, torch.poisson(value.mul(0.7).sub(0.5).exp(), generator=drawn)


def test_a_loss_of_log_rates_has_the_right_sign_and_one_turned_round_has_not():
    inputs, target = counts()
    poisson = functional.poisson_nll_loss
    healthy = case_of(1, inputs, target, poisson)
    assert probe_loss(Exam(healthy, SHORT)) == []
    assert diagnose(healthy, effort=SHORT).answer == "healthy"
    turned = case_of(1, inputs, target, lambda o, t: -functional.mse_loss(o, t))
    assert [f.cause for f in probe_loss(Exam(turned, SHORT))] == [Cause.LOSS_SIGN]


class Exponential(nn.Module):
    """Gives rates to a loss that takes their logarithm."""

    def forward(self, values):
        return values.exp()


def test_rates_in_place_of_their_logarithms_cannot_reach_what_the_loss_asks_for():
    inputs, target = counts()
    loss = functional.poisson_nll_loss
    wrong = Exam(case_of(1, inputs, target, loss, last=[Exponential()]), SHORT)
    (found,) = probe_range(wrong)
    assert found.cause is Cause.OUTPUT_RANGE
    assert probe_range(Exam(case_of(1, inputs, target, loss), SHORT)) == []


@pytest.mark.parametrize(("sign", "causes"), [(1.0, []), (-1.0, [Cause.LOSS_SIGN])])
def test_smoothed_labels_have_their_lowest_loss_before_certainty(sign, causes):
    inputs, value = rows()
    target = (value[:, 0] > 0).long()

    def loss(output, target):
        return sign * functional.cross_entropy(output, target, label_smoothing=0.2)

    assert [f.cause for f in probe_loss(Exam(case_of(2, inputs, target, loss), SHORT))] == causes


class Carried(nn.Module):
    """Adds what it gave last, with its history or without."""

    def __init__(self, cut):
        super().__init__()
        self.cut, self.tell, self.state = cut, nn.Linear(4, 1), None

    def forward(self, inputs):
        held = 0.0 if self.state is None else 0.1 * self.state.mean()
        found = self.tell(inputs).tanh() + held
        self.state = found.detach() if self.cut else found
        return found


@pytest.mark.parametrize(("cut", "broken"), [(True, False), (False, True)])
def test_a_second_step_that_fails_is_the_finding(cut, broken):
    torch.manual_seed(0)
    inputs, target = rows()
    data = [(inputs[i : i + 16], target[i : i + 16]) for i in range(0, 96, 16)]
    case = make_case(Carried(cut), data)
    verdict = diagnose(case, effort=Effort(batches=6, one_batch=5, all_batches=5, remedy=5))
    assert (verdict.cause is Cause.DOES_NOT_RUN) is broken
    if broken:
        assert "second time" in verdict.finding.evidence


@pytest.mark.parametrize("word", [19, 20])
def test_a_word_beyond_the_vocabulary_is_found_in_any_batch(word):
    drawn = torch.Generator().manual_seed(0)
    tokens = torch.randint(0, 20, (96, 5), generator=drawn)
    tokens[40, 2] = word
    data = [(tokens[i : i + 16], (tokens[i : i + 16, 0] > 9).long()) for i in range(0, 96, 16)]
    model = nn.Sequential(nn.Embedding(20, 4), nn.Flatten(), nn.Linear(20, 2))
    verdict = diagnose(make_case(model, data), effort=Effort(6, 5, 5, 5))
    assert (verdict.cause is Cause.DOES_NOT_RUN) is (word == 20)


def test_an_error_of_a_model_is_told_from_one_of_the_doctor():
    def fails(*_):
        raise ValueError("mine")

    found = []
    for make in (
        lambda: call_model(nn.Linear(2, 2), {"input": torch.zeros(1, 3)}),
        lambda: call_model(fails, {"input": torch.zeros(1)}),
        lambda: probe_target(None),
    ):
        try:
            make()
        except Exception as error:  # noqa: BLE001  each kind of error is one case
            found.append(of_user(error))
    assert found == [True, True, False]


def test_a_probe_that_fails_is_told_and_the_others_go_on(monkeypatch):
    monkeypatch.setattr("inundate.prove.probe.data._FAR", None)  # compared with a number
    inputs, target = rows()
    verdict = diagnose(case_of(1, inputs, target, lambda o, t: 0.0 * o.sum()), effort=SHORT)
    assert verdict.cause is Cause.LOSS_IGNORES
    assert verdict.told[0].startswith("the probe 'inputs' could not be run: TypeError")


def of_log_variance(output, target):
    return 0.5 * (output[:, 1:] + (output[:, :1] - target).square() / output[:, 1:].exp()).mean()


def test_the_best_constant_of_a_likelihood_of_far_targets_is_known_by_their_unit():
    inputs, target = rows()
    exam = Exam(case_of(2, inputs, 40000.0 + 15000.0 * target, of_log_variance), SHORT)
    flat, (best, constant) = exam.free_constant, exam.levels(exam.learnt)
    assert float(flat[0, 0]) == pytest.approx(40000.0, abs=8000.0)
    assert exam.sought[1] is not None
    assert 15.0 < float(flat[0, 1]) < 25.0
    assert best < constant < 15.0


def test_near_targets_and_logarithms_of_rates_need_no_unit():
    inputs, target = rows()
    assert Exam(case_of(2, inputs, target, of_log_variance), SHORT).free_constant is not None
    counts = (3.0 + 0.5 * target).exp().round()
    rates = case_of(1, inputs, counts, functional.poisson_nll_loss)
    exam = Exam(rates, SHORT)
    assert float(exam.free_constant) == pytest.approx(float(counts.mean().log()), abs=0.4)
    assert exam.sought[1] is None
