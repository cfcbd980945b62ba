"""Noise, decay, schedules and steps that one batch does not show, each beside a healthy twin."""

import pytest
import torch
from torch import nn
from torch.nn import functional

from inundate.prove.case import make_case
from inundate.prove.cause import Cause
from inundate.prove.exam import Effort, Exam
from inundate.prove.finding import Finding
from inundate.prove.probe.doubted import doubted
from inundate.prove.probe.drowned import drowned
from inundate.prove.probe.gradient import probe_gradient
from inundate.prove.probe.mended import mended, plainly
from inundate.prove.probe.modes import train_eval_gap
from inundate.prove.probe.noise import QUIET, noiseless, probe_noise
from inundate.prove.probe.optimiser import probe_optimiser

SHORT = Effort(batches=40, one_batch=40, all_batches=160, remedy=40)
FEATURES, WIDTH = 6, 32


def drawn(*size, seed=0):
    return torch.randn(*size, generator=torch.Generator().manual_seed(seed))


def loader(count, *, seed=0, size=32):
    rows = drawn(count, FEATURES, seed=seed)
    target = (rows[:, 0] + rows[:, 1] * (rows[:, 2] > 0))[:, None]
    return [(rows[i : i + size], target[i : i + size]) for i in range(0, count, size)]


def network(*between):
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Linear(FEATURES, WIDTH), nn.ReLU(), *between, nn.Linear(WIDTH, WIDTH), nn.ReLU(),
        nn.Linear(WIDTH, 1),
    )  # fmt: skip


def adam(rate=0.01, kind=torch.optim.Adam, **own):
    return lambda model: kind(model.parameters(), lr=rate, **own)


def exam_of(model, *, optimiser=None, train=None, **own):
    case = make_case(
        model, loader(640) if train is None else train, valid=loader(256, seed=1),
        loss=functional.mse_loss, optimiser=optimiser or adam(), **own,
    )  # fmt: skip
    return Exam(case, SHORT)


def unseen(exam):
    return exam.skill(exam.all.model, exam.valid)


class OwnMask(nn.Module):
    """Keeps a twentieth in training, by a mask of its own."""

    def forward(self, values):
        if not self.training:
            return values
        return values * (torch.rand(values.shape) < 0.05).float() / 0.05


class Always(nn.Module):
    """Dropout of a function, which does not know of modes."""

    def __init__(self, share):
        super().__init__()
        self.share = share

    def forward(self, values):
        return functional.dropout(values, self.share)


class AtFirstCall(nn.Module):
    """Makes its head when it is called first, or before."""

    def __init__(self, late):
        super().__init__()
        self.body = network()[:-1]
        self.head = None if late else nn.Linear(WIDTH, 1)

    def forward(self, rows):
        states = self.body(rows)
        if self.head is None:
            self.head = nn.Linear(states.shape[1], 1)
        return self.head(states)


class OtherInTest(nn.Module):
    """Divides by a number in evaluation alone."""

    def __init__(self, by):
        super().__init__()
        self.model, self.by = network(), by

    def forward(self, rows):
        found = self.model(rows)
        return found if self.training else found / self.by


def scheduled(share):
    """Make Adam with a rate that is multiplied after each step."""

    def made(model):
        optimiser = torch.optim.Adam(model.parameters(), lr=0.01)
        schedule = torch.optim.lr_scheduler.ExponentialLR(optimiser, share)
        optimiser.register_step_post_hook(lambda *_: schedule.step())
        return optimiser

    return made


def by_layer(rate):
    """Make Adam with another rate for all but the last bias."""

    def made(model):
        *body, head = model.parameters()
        return torch.optim.Adam([{"params": body, "lr": rate}, {"params": [head], "lr": 0.01}])

    return made


def mixing(model, optimiser, raw):
    rows, target = raw
    share = float(torch.rand(()))
    optimiser.zero_grad()
    loss = functional.mse_loss(
        model(share * rows + (1 - share) * rows[torch.randperm(len(rows))]), target
    )
    loss.backward()
    optimiser.step()
    return loss


def gathering():
    """Make a step each fourth time, of the mean of four gradients."""
    made = 0

    def step(model, optimiser, raw):
        nonlocal made
        loss = functional.mse_loss(model(raw[0]), raw[1])
        (loss / 4).backward()
        made += 1
        if made % 4 == 0:
            optimiser.step()
            optimiser.zero_grad()
        return loss

    return step


@pytest.mark.parametrize(
    ("between", "left_out"),
    [((OwnMask(),), "still"), ((nn.Dropout(0.9),), "quiet"), ((nn.Dropout(0.02),), None)],
)
def test_what_is_drawn_in_a_way_that_no_one_knows_is_left_out_by_evaluation_mode(between, left_out):
    found = noiseless(exam_of(network(*between)))
    told = None if found is None else "quiet" if found is QUIET else "still"
    assert told == left_out
    assert found is None or found.still == (left_out == "still")


class Rarely(nn.Module):
    """Keeps all of a sample or nothing, as a block that is left out; or nothing that was learnt."""

    def __init__(self, keep):
        super().__init__()
        self.keep = keep

    def forward(self, values):
        if self.training:
            return values * torch.bernoulli(torch.full((len(values), 1), self.keep))
        return values


@pytest.mark.parametrize(("keep", "named"), [(0.02, []), (0.0, [Cause.NO_GRADIENT])])
def test_layers_that_are_left_out_at_random_get_a_gradient_at_times(keep, named):
    found = probe_gradient(exam_of(network(Rarely(keep))))
    assert [f.cause for f in found if f.is_fault] == named


@pytest.mark.parametrize(("late", "named"), [(True, [Cause.OPTIMISER_MISSES]), (False, [])])
def test_layers_that_are_made_at_the_first_call(late, named):
    exam = exam_of(AtFirstCall(late))
    exam.run(exam.case.model, exam.typical)  # from now on it holds them
    assert [f.cause for f in probe_optimiser(exam)] == named


@pytest.mark.parametrize(
    ("by", "named"),
    [(0.0, [Cause.NOT_FINITE_OUTPUT]), (-1.0, [Cause.TRAIN_EVAL_GAP]), (1.0, [])],
)
def test_outputs_that_are_not_finite_in_evaluation_alone(by, named):
    assert [f.cause for f in train_eval_gap(exam_of(OtherInTest(by)))] == named


@pytest.mark.parametrize(
    ("model", "optimiser", "named"),
    [
        (network(nn.Dropout(0.95)), adam(), [Cause.NOISE_TOO_STRONG]),
        (network(nn.Dropout(0.3)), adam(), []),
        (network(Always(0.7)), adam(), [Cause.NOISE_TOO_STRONG]),
        (network(), adam(kind=torch.optim.AdamW, weight_decay=9.0), [Cause.DECAY_TOO_STRONG]),
        (network(), adam(kind=torch.optim.AdamW, weight_decay=0.1), []),
        (network(), scheduled(0.8), [Cause.RATE_TOO_LOW]),
        (network(), scheduled(0.97), []),
        (network(), by_layer(1e-6), [Cause.RATE_TOO_LOW]),
        (network(), by_layer(0.01), []),
    ],
)
def test_what_is_far_from_usual_is_a_fault_where_far_more_is_learnt_without(
    model, optimiser, named
):
    exam = exam_of(model, optimiser=optimiser)
    probe_noise(exam)
    assert [f.cause for f in doubted(exam, unseen(exam)) if f.firm] == named


@pytest.mark.parametrize(("step", "named"), [(mixing, [Cause.STEP_WRONG]), (gathering(), [])])
def test_a_step_of_which_half_is_learnt_is_compared_with_as_many_plain_ones(step, named):
    exam = exam_of(network(), step=step)
    assert [f.cause for f in plainly(exam, unseen(exam))] == named


def stepping(sign):
    """Make a plain step, or one that goes up."""

    def step(model, optimiser, raw):
        optimiser.zero_grad()
        loss = functional.mse_loss(model(raw[0]), raw[1])
        (sign * loss).backward()
        optimiser.step()
        return loss

    return step


@pytest.mark.parametrize(("sign", "scale", "named"), [(-1, 1.0, []), (1, 1e3, ["input-scale"])])
def test_what_helps_as_a_plain_step_alone_does_is_not_the_cause(sign, scale, named):
    train = [(scale * rows, target) for rows, target in loader(640)]
    exam = exam_of(network(), train=train, step=stepping(sign), optimiser=adam(3e-4))
    exam.__dict__["valid"] = [
        {**batch, "inputs": {n: scale * v for n, v in batch["inputs"].items()}}
        for batch in exam.valid
    ]
    exam.findings.append(Finding(Cause.INPUT_SCALE, "suspect", "large", "'input'"))
    assert [f.cause for f in mended(exam, unseen(exam))] == named


class Loud:
    """Adds noise to the rows of each epoch."""

    def __init__(self, size):
        self.size = size

    def __iter__(self):
        for rows, target in loader(640):
            yield rows + self.size * torch.randn_like(rows), target


@pytest.mark.parametrize(("size", "named"), [(4.0, [Cause.NOISE_TOO_STRONG]), (0.1, [])])
def test_of_samples_in_noise_less_is_known_than_of_clean_ones(size, named):
    exam = exam_of(network(), train=Loud(size))
    exam.findings.append(Finding(Cause.NOISE_TOO_STRONG, "fault", "", "'input'"))
    exam.figures |= {
        "samples_that_recur": 0.0,
        "skill_train": exam.skill(exam.all.model, exam.learnt).value,
    }
    assert [f.cause for f in drowned(exam, unseen(exam))] == named
