"""Rules of the loss, the decay, the rate and of rounding, each beside a healthy counterpart."""

from dataclasses import replace

import pytest
import torch
from torch import nn
from torch.nn import functional

from inundate.prove.case import make_case
from inundate.prove.cause import Cause
from inundate.prove.decide import decide
from inundate.prove.exam import Effort, Exam
from inundate.prove.probe.finite import probe_finite_output
from inundate.prove.probe.fit import probe_fit
from inundate.prove.probe.gradient import probe_gradient
from inundate.prove.probe.learn import probe_learn
from inundate.prove.probe.loss import probe_loss
from inundate.prove.probe.optimiser import probe_optimiser, probe_schedule
from inundate.prove.probe.start import probe_start
from inundate.prove.probe.use import probe_use

SHORT = Effort(batches=12, one_batch=40, all_batches=60, remedy=40)


def rows(count=96, *, classes=0):
    """Give (rows, target) of which the target is the sum of two columns, or its class."""
    drawn = torch.randn(count, 4, generator=torch.Generator().manual_seed(0))
    value = drawn[:, :1] + drawn[:, 1:2]
    if classes:
        edges = torch.quantile(value, torch.linspace(0, 1, classes + 1)[1:-1])
        return drawn, torch.bucketize(value[:, 0], edges)
    return drawn, value


def exam_of(model, inputs, target, **own):
    data = [(inputs[i : i + 16], target[i : i + 16]) for i in range(0, len(inputs), 16)]
    return Exam(make_case(model, data, **own), SHORT)


def net(outputs, *, last=None):
    torch.manual_seed(0)
    layers = [nn.Linear(4, 16), nn.ReLU(), nn.Linear(16, outputs)]
    return nn.Sequential(*layers, *([last] if last else []))


def causes(found):
    return [(finding.cause, finding.weight) for finding in found]


@pytest.mark.parametrize(
    ("last", "classes"),
    [(nn.Sigmoid(), 6), (nn.Sigmoid(), 2), (nn.Tanh(), 6), (nn.Softmax(dim=0), 4)],
)
def test_scores_held_in_a_range_are_not_what_cross_entropy_takes(last, classes):
    exam = exam_of(net(classes, last=last), *rows(classes=classes))
    (found,) = probe_loss(exam)
    assert (found.cause, found.weight) == (Cause.LOSS_OUTPUT_MISMATCH, "fault")


def test_scores_that_happen_to_be_small_are_left_in_peace():
    model = net(4)
    nn.init.zeros_(model[2].bias)
    with torch.no_grad():
        model[2].weight.mul_(0.1)
    assert probe_loss(exam_of(model, *rows(classes=4))) == []


def test_a_loss_of_each_output_with_all_targets_is_told_from_one_that_ignores_them():
    inputs, value = rows()
    target = (value > 0).float()

    def each_with_all(output, target):
        return (output.sigmoid() - target.squeeze(1)).square().mean()

    def blind(output, target):
        return (output.sigmoid() - 0.3).square().mean()

    found = [
        causes(probe_loss(exam_of(net(1), inputs, target, loss=loss)))
        for loss in (each_with_all, blind, lambda o, t: (o.sigmoid() - t).square().mean())
    ]
    assert found == [
        [(Cause.SHAPE_BROADCAST, "fault")],
        [(Cause.LOSS_IGNORES, "fault")],
        [],
    ]


@pytest.mark.parametrize("classes", [0, 3])
def test_samples_that_the_loss_leaves_out_are_counted(classes):
    inputs, target = rows(classes=classes)
    plain = functional.cross_entropy if classes else functional.mse_loss
    model = net(max(classes, 1))
    assert probe_loss(exam_of(model, inputs, target, loss=plain)) == []
    exam = exam_of(model, inputs, target, loss=lambda o, t: plain(o[:8], t[:8]))
    (found,) = probe_loss(exam)
    assert found.cause is Cause.LOSS_IGNORES
    assert "8 of 16 samples" in found.evidence


def test_samples_without_a_label_and_robust_losses_are_no_fault():
    inputs, target = rows(classes=3)
    target[::2] = -100
    assert probe_loss(exam_of(net(3), inputs, target)) == []
    robust = exam_of(net(1), *rows(), loss=functional.smooth_l1_loss)
    assert probe_loss(robust) == []


@pytest.mark.parametrize(
    ("make", "weights"),
    [
        (lambda m: torch.optim.SGD(m.parameters(), lr=0.05, weight_decay=15.0), ["fault"]),
        (lambda m: torch.optim.AdamW(m.parameters(), lr=0.1, weight_decay=1.0), ["suspect"]),
        (lambda m: torch.optim.Adam(m.parameters(), lr=1e-3, weight_decay=30.0), ["suspect"]),
        (lambda m: torch.optim.SGD(m.parameters(), lr=0.1, weight_decay=1e-4), []),
        (lambda m: torch.optim.AdamW(m.parameters(), lr=1e-3, weight_decay=0.1), []),
        (lambda m: torch.optim.Adam(m.parameters(), lr=1e-3, weight_decay=1e-4), []),
    ],
)
def test_a_decay_is_held_against_the_weights_or_the_gradient(make, weights):
    found = probe_optimiser(exam_of(net(1), *rows(), optimiser=make))
    assert causes(found) == [(Cause.DECAY_TOO_STRONG, weight) for weight in weights]


def test_a_rate_far_too_high_is_brought_down_until_the_model_learns():
    inputs, target = rows(256, classes=3)
    wild = exam_of(
        nn.Linear(4, 3), inputs, target, optimiser=lambda m: torch.optim.SGD(m.parameters(), 2e4)
    )
    found = probe_fit(wild) + probe_learn(wild)
    assert Cause.RATE_TOO_HIGH in {finding.cause for finding in found}
    calm = replace(wild.case, optimiser=lambda m: torch.optim.SGD(m.parameters(), 0.5))
    exam = Exam(calm, SHORT)
    assert Cause.RATE_TOO_HIGH not in {f.cause for f in (*probe_fit(exam), *probe_learn(exam))}


class Rounded(nn.Module):
    """Rounds small numbers to 0 between two layers, with a slope (straight through) or without."""

    def __init__(self, straight):
        super().__init__()
        torch.manual_seed(0)
        self.straight, self.first, self.last = straight, nn.Linear(4, 16), nn.Linear(16, 1)

    def forward(self, inputs):
        found = 0.1 * self.first(inputs)
        if self.straight:
            return self.last(found + (found.round() - found).detach())
        return self.last(torch.relu(found.round()))


def test_a_layer_that_is_rounded_is_cut_off_and_not_dead():
    exam = exam_of(Rounded(straight=False), *rows())
    exam.findings += probe_start(exam) + probe_gradient(exam)
    verdict = decide(exam)
    assert verdict.cause is Cause.NO_GRADIENT
    assert "round" in verdict.finding.evidence
    straight = exam_of(Rounded(straight=True), *rows())
    probe_gradient(straight)
    assert not straight.figures.get("rounded")


class Listed(nn.Module):
    """Keeps a layer in a plain list, or in one of modules."""

    def __init__(self, known):
        super().__init__()
        torch.manual_seed(0)
        layers = [nn.Linear(4, 8)]
        self.layers, self.last = nn.ModuleList(layers) if known else layers, nn.Linear(8, 1)

    def forward(self, inputs):
        return self.last(self.layers[0](inputs).relu())


@pytest.mark.parametrize(("known", "wanted"), [(True, []), (False, [Cause.OPTIMISER_MISSES])])
def test_weights_that_the_model_does_not_know_of_are_found_in_the_graph(known, wanted):
    found = probe_optimiser(exam_of(Listed(known), *rows()))
    assert [finding.cause for finding in found] == wanted


def test_weights_of_elsewhere_that_the_optimiser_holds_are_left_in_peace():
    held, model = nn.Linear(4, 4), net(1)

    def call(pupil, inputs):
        return pupil(held(inputs["input"]))

    both = torch.optim.SGD([*model.parameters(), *held.parameters()], lr=0.1)
    exam = exam_of(model, *rows(), optimiser=both, call=call)
    assert probe_optimiser(exam) == []


@pytest.mark.parametrize(
    ("maximise", "wanted"), [(False, []), (True, [(Cause.STEP_WRONG, "fault")])]
)
def test_an_optimiser_that_climbs_is_told(maximise, wanted):
    def make(model):
        return torch.optim.Adam(model.parameters(), lr=1e-3, maximize=maximise)

    exam = exam_of(net(1), *rows(), optimiser=make)
    assert probe_loss(exam) == []
    assert causes(probe_optimiser(exam)) == wanted


def scheduled(factor):
    """Make an optimiser whose rate changes by a factor after each step."""

    def make(model):
        made = torch.optim.Adam(model.parameters(), lr=1e-2)

        def follow(own, _args, _named):
            for group in own.param_groups:
                group["lr"] *= factor

        made.register_step_post_hook(follow)
        return made

    return make


@pytest.mark.parametrize(
    ("factor", "wanted"),
    [(0.99, []), (0.5, [(Cause.RATE_TOO_LOW, "fault")]), (1.5, [(Cause.RATE_TOO_HIGH, "suspect")])],
)
def test_a_rate_that_is_gone_after_an_epoch_or_grows_without_end_is_told(factor, wanted):
    assert causes(probe_schedule(exam_of(net(1), *rows(), optimiser=scheduled(factor)))) == wanted


@pytest.mark.parametrize(("trained", "weight"), [(True, "suspect"), (False, "fault")])
def test_a_frozen_body_that_was_never_trained_is_told_by_its_normalisation(trained, weight):
    torch.manual_seed(0)
    body = nn.Sequential(nn.Linear(4, 16), nn.LayerNorm(16), nn.ReLU())
    if trained:
        nn.init.normal_(body[1].weight, 1.0, 0.1)
    model = nn.Sequential(body.requires_grad_(False), nn.Linear(16, 1))
    assert causes(probe_gradient(exam_of(model, *rows()))) == [(Cause.NO_GRADIENT, weight)]


@pytest.mark.parametrize(
    ("last", "wanted"), [(1.0, []), (0.0, [(Cause.NOT_FINITE_OUTPUT, "fault")])]
)
def test_a_sample_that_spoils_its_loss_is_found_in_any_batch(last, wanted):
    inputs, target = rows()
    inputs[50] = last
    exam = exam_of(net(1), inputs, target, loss=lambda o, t: (o - t).square().mean())
    spoilt = replace(exam.case, loss=lambda m, b: exam.case.loss(m, b) + _inverse(b["inputs"]))
    assert causes(probe_finite_output(Exam(spoilt, SHORT))) == wanted


def _inverse(inputs):
    return 1e-9 / inputs["input"].square().sum(1).min()


class LastSteps(nn.Module):
    """Reads the last steps of a series alone."""

    def __init__(self, steps):
        super().__init__()
        torch.manual_seed(0)
        self.steps, self.tell = steps, nn.Linear(steps, 1)

    def forward(self, series):
        return self.tell(series[:, -self.steps :, 0])


@pytest.mark.parametrize(("steps", "wanted"), [(8, []), (2, [(Cause.IGNORES_INPUT, "fault")])])
def test_times_out_of_reach_are_no_fault_unless_they_are_most(steps, wanted):
    series = torch.randn(96, 12, 1, generator=torch.Generator().manual_seed(0))
    assert causes(probe_use(exam_of(LastSteps(steps), series, series[:, -1]))) == wanted
