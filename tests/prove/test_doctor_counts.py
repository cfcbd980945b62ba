"""What a loss counts, what half precision loses, what rests, and inputs of two epochs."""

import pytest
import torch
from torch import nn
from torch.nn import functional

from inundate.prove.case import make_case
from inundate.prove.cause import Cause
from inundate.prove.exam import Effort, Exam
from inundate.prove.finding import Finding
from inundate.prove.follows import settle
from inundate.prove.probe.data import probe_target
from inundate.prove.probe.each_input import probe_each_input
from inundate.prove.probe.gradient import probe_gradient
from inundate.prove.probe.halves import probe_halves
from inundate.prove.probe.loss import probe_loss
from inundate.prove.probe.overlap import overlapping_maps
from inundate.prove.probe.still import probe_still
from inundate.prove.probe.weighed import probe_weighed

SHORT = Effort(batches=12, one_batch=40, all_batches=60, remedy=40)


def maps(count=32):
    """Give maps whose targets are 0 at most places."""
    drawn = torch.randn(count, 1, 8, 8, generator=torch.Generator().manual_seed(0))
    return drawn, torch.relu(drawn - 0.7)


def exam_of(model, inputs, target, **own):
    data = [(inputs[i : i + 8], target[i : i + 8]) for i in range(0, len(inputs), 8)]
    return Exam(make_case(model, data, **own), SHORT)


def net():
    torch.manual_seed(0)
    return nn.Sequential(nn.Conv2d(1, 4, 3, padding=1), nn.ReLU(), nn.Conv2d(4, 1, 3, padding=1))


def weighted(weight):
    return lambda output, target: (weight(target) * (output - target).square()).mean()


@pytest.mark.parametrize(
    ("loss", "cause"),
    [
        (weighted(lambda v: torch.where(v > 0, 1e-3, 1.0)), Cause.MAJORITY_COLLAPSE),
        (weighted(lambda v: (v > 0).float()), Cause.LOSS_IGNORES),
        (weighted(lambda v: (v < 0.5).float()), Cause.LOSS_IGNORES),
        (lambda o, t: torch.relu((o - t).abs() - 5.0).mean(), Cause.LOSS_FLOOR),
    ],
)
def test_a_loss_that_counts_a_part_of_the_targets(loss, cause):
    (found,) = probe_weighed(exam_of(net(), *maps(), loss=loss))
    assert (found.cause, found.weight) == (cause, "fault")


@pytest.mark.parametrize(
    "loss",
    [
        functional.mse_loss, functional.l1_loss, functional.smooth_l1_loss,
        weighted(lambda v: torch.where(v > 0, 20.0, 1.0)),
        lambda o, t: functional.mse_loss(torch.asinh(20 * o), torch.asinh(20 * t)),
    ],
)  # fmt: skip
def test_losses_in_use_count_all_targets(loss):
    assert probe_weighed(exam_of(net(), *maps(), loss=loss)) == []


def rounded(model):
    class Half(nn.Module):
        def __init__(self):
            super().__init__()
            self.model = model

        def forward(self, inputs):
            return self.model(inputs).half().float()

    return Half()


def scaled_step(by):
    def step(model, optimiser, raw):
        optimiser.zero_grad()
        loss = functional.mse_loss(model(raw[0]), raw[1])
        torch.autograd.backward(by * loss)
        for weight in model.parameters():
            weight.grad /= by
        optimiser.step()
        return loss

    return step


def test_a_gradient_that_half_precision_rounds_away():
    small = exam_of(rounded(net()), *maps(), loss=lambda o, t: 1e-7 * functional.mse_loss(o, t))
    assert [f.cause for f in probe_halves(small)] == [Cause.PRECISION]
    assert probe_halves(exam_of(rounded(net()), *maps())) == []
    assert probe_halves(exam_of(net(), *maps(), loss=functional.l1_loss)) == []


def test_a_scale_of_the_loss_that_overflows():
    found = probe_halves(exam_of(rounded(net()), *maps(), step=scaled_step(2.0**34)))
    assert [f.cause for f in found] == [Cause.PRECISION]
    assert probe_halves(exam_of(rounded(net()), *maps(), step=scaled_step(64.0))) == []
    found = probe_halves(exam_of(net(), *maps(), step=scaled_step(1e42)))
    assert [f.cause for f in found] == [Cause.STEP_WRONG]


def test_an_optimiser_that_leaves_a_good_start_as_it_is():
    def adam(eps):
        return lambda model: torch.optim.Adam(model.parameters(), lr=0.02, eps=eps)

    (found,) = probe_still(exam_of(net(), *maps(), optimiser=adam(1e4)))
    assert (found.cause, found.firm) == (Cause.RATE_TOO_LOW, True)
    assert "eps is 10000" in found.evidence
    assert probe_still(exam_of(net(), *maps(), optimiser=adam(1e-8))) == []


def test_a_model_behind_a_gate_that_is_shut():
    class Gated(nn.Module):
        def __init__(self, gate):
            super().__init__()
            self.model, self.gate = net(), gate

        def forward(self, inputs):
            return inputs + self.gate * self.model(inputs)

    (found,) = probe_still(exam_of(Gated(0.0), *maps()))
    assert (found.cause, found.weight) == (Cause.NO_GRADIENT, "fault")
    assert probe_still(exam_of(Gated(0.1), *maps())) == []


class Loader:
    """Two inputs of which the second may be changed in each epoch."""

    def __init__(self, change):
        self.change = change
        self.drawn = torch.Generator().manual_seed(3)
        self.left = torch.randn(64, 6, generator=self.drawn)
        self.right = torch.randn(64, 6, generator=self.drawn)
        self.target = (self.left + self.right).mean(1, keepdim=True)

    def __iter__(self):
        for rows in torch.randperm(64, generator=self.drawn).split(8):
            right = self.change(self.right[rows], self.drawn)
            yield {"left": self.left[rows], "right": right, "target": self.target[rows]}


@pytest.mark.parametrize(
    ("change", "causes"),
    [
        (lambda v, _g: v, []),
        (lambda v, g: v + 0.1 * torch.randn(v.shape, generator=g), []),
        (lambda v, g: v + 3.0 * torch.randn(v.shape, generator=g), [Cause.NOISE_TOO_STRONG]),
        (lambda v, _g: v[:1].expand_as(v), [Cause.TARGETS_MISPAIRED]),
        (lambda v, _g: v.roll(1, 0), [Cause.TARGETS_MISPAIRED]),
    ],
)
def test_an_input_that_is_not_its_samples_own(change, causes):
    exam = Exam(make_case(nn.Identity(), Loader(change)), SHORT)
    assert [f.cause for f in probe_each_input(exam)] == causes


def test_pieces_that_overlap_are_found_beside_coarse_inputs():
    drawn = torch.Generator().manual_seed(0)
    ground = torch.randn(24, 2, 16, 16, generator=drawn)
    target = ground.mean(1, keepdim=True).exp()
    coarse = torch.randn(24, 3, 5, 4, 4, generator=drawn)

    def batches(step):
        parts = ground.roll(step, -1), target.roll(step, -1)
        inputs = {"ground": parts[0], "rain": coarse}
        return [
            {"inputs": {n: v[i : i + 8] for n, v in inputs.items()}, "target": parts[1][i : i + 8]}
            for i in (0, 8, 16)
        ]

    case = make_case(nn.Identity(), batches(0), valid=batches(4))
    assert [f.cause for f in overlapping_maps(Exam(case, SHORT))] == [Cause.SPLIT_LEAK]
    ground, target = -ground, target.flip(0)
    other = make_case(nn.Identity(), case.train, valid=batches(4))
    assert overlapping_maps(Exam(other, SHORT)) == []


def test_what_follows_from_another_finding_is_a_note():
    copied = Finding(Cause.TARGET_IN_INPUT, "fault", "", "'start', 0")
    uneven = [Finding(Cause.UNIT_SLIP, "fault", "", name) for name in ("'start'", "'rain'")]
    assert [f.weight for f in settle([copied, *uneven])] == ["fault", "note", "fault"]
    filled = Finding(Cause.TARGET_SCALE, "fault", "", firm=True)
    beyond = Finding(Cause.OUTPUT_RANGE, "fault", "")
    assert [f.weight for f in settle([beyond, filled])] == ["note", "fault"]
    assert settle([beyond]) == [beyond]
    shut = Finding(Cause.NO_GRADIENT, "fault", "", "the model", firm=True)
    some, every = (Finding(Cause.IGNORES_INPUT, "fault", "", n) for n in ("'rain'", "its inputs"))
    assert [f.weight for f in settle([shut, some, every])] == ["fault", "note", "fault"]


def test_how_a_training_goes_on_targets_of_other_samples_says_nothing():
    slow = Finding(Cause.RATE_TOO_LOW, "fault", "", "10", tried=True)
    exact = Finding(Cause.TARGETS_UNRELATED, "fault", "", firm=True)
    judged = Finding(Cause.TARGETS_UNRELATED, "fault", "")
    assert [f.weight for f in settle([slow, exact])] == ["note", "fault"]
    assert [f.weight for f in settle([slow, judged])] == ["fault", "fault"]


def of_shares(output, target):
    """Give minus a negative binomial likelihood of counts by the logarithm of their mean."""
    return ((target + 2.0) * functional.softplus(output - 0.7) - target * output).mean()


@pytest.mark.parametrize("level", [3.2, 7.5])
@pytest.mark.parametrize("loss", [
    functional.poisson_nll_loss, of_shares,
    lambda o, t: (o + t * (-o).exp()).mean(),  # of an exponential law
])  # fmt: skip
@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_losses_of_logarithms_of_rates_for_counts_of_any_usual_size(level, loss, sign):
    generator = torch.Generator().manual_seed(0)
    rows = torch.randn(160, 4, generator=generator)
    target = torch.poisson((level + 0.6 * rows[:, :1]).exp(), generator=generator) + 1.0
    case = make_case(
        nn.Linear(4, 1), [(rows[i : i + 32], target[i : i + 32]) for i in range(0, 160, 32)],
        loss=lambda o, t: sign * loss(o, t),
    )  # fmt: skip
    told = [f.cause for f in probe_loss(Exam(case, Effort(40, 40, 80, 40)))]
    assert told == ([] if sign > 0 else [Cause.LOSS_SIGN])


@pytest.mark.parametrize(("loss", "far"), [
    (functional.poisson_nll_loss, False), (functional.mse_loss, True), (functional.l1_loss, True),
])  # fmt: skip
def test_large_counts_are_far_unless_the_loss_asks_for_their_logarithms(loss, far):
    generator = torch.Generator().manual_seed(0)
    rows = torch.randn(160, 4, generator=generator)
    target = torch.poisson((5.0 + 0.4 * rows[:, :1]).exp(), generator=generator)
    found = probe_target(exam_of(nn.Linear(4, 1), rows, target, loss=loss))
    assert [f.cause for f in found] == [Cause.TARGET_SCALE] * far


def of_quantiles(output, target):
    """Give the pinball loss of three quantiles (B, 3), for targets (B, 1)."""
    over = target - output
    return torch.maximum(over * torch.tensor([0.1, 0.5, 0.9]), over * -0.5).mean()


@pytest.mark.parametrize(("loss", "named"), [
    (of_quantiles, []),
    (lambda o, t: of_quantiles(o.detach(), t), []),  # the gradient alone is missing
    (lambda o, t: of_quantiles(o.detach(), t).requires_grad_(), []),
    (lambda o, t: (o[:, :1] - t.T).square().mean(), [Cause.SHAPE_BROADCAST]),
])  # fmt: skip
def test_a_shape_is_not_judged_by_itself_where_the_loss_has_no_gradient(loss, named):
    rows = torch.randn(96, 4, generator=torch.Generator().manual_seed(0))
    exam = exam_of(nn.Linear(4, 3), rows, rows[:, :1], loss=loss)
    assert [f.cause for f in probe_loss(exam)] == named


class Cut(nn.Module):
    """Drops most of what the first layer gives; or lets no gradient through."""

    def __init__(self, drop, whole):
        super().__init__()
        self.first, self.drop, self.last = nn.Linear(4, 8), nn.Dropout(drop), nn.Linear(8, 1)
        self.whole = whole

    def forward(self, rows):
        told = self.drop(torch.relu(self.first(rows)))
        return self.last(told if self.whole else told.detach())


@pytest.mark.parametrize(("drop", "whole", "named"), [
    (0.0, True, []), (0.9999, True, []), (0.9999, False, [Cause.NO_GRADIENT]),
    (0.0, False, [Cause.NO_GRADIENT]),
])  # fmt: skip
def test_dropout_of_nearly_all_units_is_not_a_layer_without_gradient(drop, whole, named):
    rows = torch.randn(64, 4, generator=torch.Generator().manual_seed(0))
    torch.manual_seed(0)
    exam = exam_of(Cut(drop, whole), rows, rows[:, :1], loss=functional.mse_loss)
    assert [f.cause for f in probe_gradient(exam) if f.is_fault] == named
