"""Rules of what scores, losses and penalties ask of a model."""

import copy
import dataclasses

import pytest
import torch
from torch import nn

from inundate.prove.case import make_case
from inundate.prove.cause import Cause
from inundate.prove.exam import Effort, Exam
from inundate.prove.probe.activations import watch_units
from inundate.prove.probe.beside import answer_alone
from inundate.prove.probe.between import between_alone
from inundate.prove.probe.loss import probe_loss
from inundate.prove.probe.metric import probe_metric
from inundate.prove.probe.optimiser import probe_optimiser
from inundate.prove.probe.softer import softened
from inundate.prove.probe.start import probe_start

SHORT = Effort(batches=12, one_batch=40, all_batches=60, remedy=40)


def drawn(*size, seed=0):
    return torch.randn(*size, generator=torch.Generator().manual_seed(seed))


def exam_of(model, inputs, target, **own):
    data = [(inputs[i : i + 16], target[i : i + 16]) for i in range(0, len(inputs), 16)]
    return Exam(make_case(model, data, **own), SHORT)


def net(inputs=4, outputs=1, bend=nn.ReLU):
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(inputs, 16), bend(), nn.Linear(16, outputs))


def causes(found):
    return [finding.cause for finding in found]


@pytest.mark.parametrize(
    ("metric", "named"),
    [
        (lambda out, t: (out.argmin(1) == t).float().mean(), [Cause.METRIC_WRONG]),
        (lambda out, t: 100 * (out.argsort(1)[:, 0] == t).float().mean(), [Cause.METRIC_WRONG]),
        (lambda out, t: (out.argmax(1) == t).float().mean(), []),
        (lambda out, t: (out.argmax(1) != t).float().mean(), []),
        (lambda out, t: (out.argmax(1) - t).abs().float().mean() / 3, []),
        (lambda out, t: (out > out.gather(1, t[:, None])).float().mean() * 4 / 3, []),
    ],
)
def test_a_metric_that_takes_the_lowest_score_for_the_answer(metric, named):
    rows = drawn(96, 4)
    exam = exam_of(net(4, 4), rows, rows.argmax(1), metric=metric)
    assert causes(probe_metric(exam)) == named


def test_a_metric_of_one_hot_targets_that_takes_the_lowest_score():
    rows = drawn(96, 4)
    target = nn.functional.one_hot(rows.argmax(1), 4).float()
    lost = nn.functional.cross_entropy

    def found(best):
        def metric(out, t):
            return (best(out) == t.argmax(1)).float().mean()

        return causes(probe_metric(exam_of(net(4, 4), rows, target, metric=metric, loss=lost)))

    assert found(lambda out: out.argmin(1)) == [Cause.METRIC_WRONG]
    assert found(lambda out: out.argmax(1)) == []


def cut(out, t):
    return nn.functional.binary_cross_entropy(out.clamp(1e-6, 1 - 1e-6), t)


def cut_classes(out, t):
    return -out.clamp(1e-7, 1.0).gather(1, t[:, None]).log().mean()


@pytest.mark.parametrize(
    ("last", "loss", "named"),
    [
        (nn.Identity(), cut, [Cause.LOSS_OUTPUT_MISMATCH]),
        (nn.Sigmoid(), cut, []),
        (nn.Identity(), nn.functional.mse_loss, []),
        (nn.Identity(), nn.functional.binary_cross_entropy_with_logits, []),
    ],
)
def test_a_loss_of_chances_that_is_given_what_goes_beyond(last, loss, named):
    rows = drawn(96, 4)
    model = nn.Sequential(net(4, 2), last)
    with torch.no_grad():
        model[0][2].weight *= 4.0
    exam = exam_of(model, rows, (rows[:, :2] > 0).float(), loss=loss)
    assert causes(probe_loss(exam)) == named


def test_a_likelihood_of_chances_that_is_given_scores_of_classes():
    rows = drawn(96, 4)
    exam = exam_of(net(4, 4), rows, rows.argmax(1), loss=cut_classes)
    assert causes(between_alone(exam, exam.typical)) == [Cause.LOSS_OUTPUT_MISMATCH]
    model = nn.Sequential(net(4, 4), nn.Softmax(1))
    exam = exam_of(model, rows, rows.argmax(1), loss=cut_classes)
    assert between_alone(exam, exam.typical) == []


class Called(nn.Module):
    """Gives its answer alone, or with its state."""

    def __init__(self, *, several=False):
        super().__init__()
        self.net, self.several = net(4, 1), several

    def forward(self, rows):
        answer = self.net(rows)
        return (answer, answer.tanh()) if self.several else answer


def with_penalty(by, *, several=False):
    rows = drawn(96, 4)

    def loss(model, batch):
        found = model(batch["inputs"]["input"])
        error = (found[0] if several else found) - batch["target"]
        return error.square().mean() + by * model.net[0].weight.square().sum()

    exam = exam_of(Called(several=several), rows, rows[:, :1].tanh())
    return dataclasses.replace(exam, case=dataclasses.replace(exam.case, loss=loss))


@pytest.mark.parametrize("several", [False, True])
@pytest.mark.parametrize(("by", "named"), [(20.0, [Cause.DECAY_TOO_STRONG]), (1e-3, []), (0.0, [])])
def test_a_penalty_that_is_most_of_the_gradient(by, named, several):
    exam = with_penalty(by, several=several)
    assert causes(probe_optimiser(exam)) == named


def test_a_loss_without_its_penalty_has_the_gradient_of_the_answer():
    exam, plain = with_penalty(20.0), with_penalty(0.0)
    torch.manual_seed(0)
    model = Called()
    alone = answer_alone(exam.case, model, exam.typical)
    asked = plain.case.loss(model, exam.typical)
    held, wanted = (torch.autograd.grad(one, list(model.parameters())) for one in (alone, asked))
    assert all(torch.allclose(a, b, atol=1e-6) for a, b in zip(held, wanted, strict=True))


class Before(nn.Module):
    """Squashes what a layer gives, some times as large."""

    def __init__(self, by, *, called):
        super().__init__()
        torch.manual_seed(0)
        self.by, self.called = by, called
        self.one, self.bend, self.two = nn.Linear(4, 16), nn.Tanh(), nn.Linear(16, 1)

    def forward(self, rows):
        state = self.by * self.one(rows)
        return self.two(torch.tanh(state) if self.called else self.bend(state))


@pytest.mark.parametrize("called", [False, True])
def test_layers_that_start_at_their_ends_are_given_less(called):
    rows = drawn(96, 4)
    exam = exam_of(Before(20.0, called=called), rows, rows[:, :1])
    suspects = [f for f in probe_start(exam) if f.cause is Cause.SATURATED]
    assert [f.weight for f in suspects] == ["suspect"]
    prepare, model = softened(exam), copy.deepcopy(exam.case.model)
    prepare(model)
    assert max(u.saturated for u in watch_units(exam, model, exam.learnt[:1]).values()) < 0.1
    assert softened(exam_of(Before(1.0, called=called), rows, rows[:, :1])) is None
    with torch.no_grad():  # nothing is left behind
        assert float(torch.tanh(torch.full((1,), 3.0))) > 0.99
