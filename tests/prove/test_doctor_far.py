"""Weights, rates and losses that are far off, each beside a healthy counterpart."""

import copy

import pytest
import torch
from torch import nn

from inundate.prove.case import make_case
from inundate.prove.cause import Cause
from inundate.prove.exam import Effort, Exam
from inundate.prove.probe.gradient import probe_gradient
from inundate.prove.probe.stacked import shallow
from inundate.prove.probe.sure_elsewhere import sure_elsewhere
from inundate.prove.probe.use import probe_use
from inundate.prove.probe.usual_rate import usual_rate

SHORT = Effort(batches=12, one_batch=60, all_batches=80, remedy=60)


def drawn(*size, seed=0):
    return torch.randn(*size, generator=torch.Generator().manual_seed(seed))


def exam_of(model, inputs, target, *, effort=SHORT, **own):
    data = [(inputs[i : i + 16], target[i : i + 16]) for i in range(0, len(inputs), 16)]
    return Exam(make_case(model, data, **own), effort)


class Centres(nn.Module):
    """Add up how near a row is to each of some centres."""

    def __init__(self, times, loud):
        super().__init__()
        self.centres, self.loud = nn.Parameter(times * drawn(32, 2, seed=1)), loud
        self.tell = nn.Linear(32, 1)

    def forward(self, rows):
        near = torch.exp(-(self.loud * rows[:, None] - self.centres).square().sum(2))
        return self.tell(near)


@pytest.mark.parametrize(
    ("times", "loud", "found"),
    [(1.0, 1.0, []), (60.0, 1.0, [Cause.BAD_START]), (60.0, 0.0, [Cause.IGNORES_INPUT])],
)
def test_centres_far_from_all_rows_are_a_bad_start(times, loud, found):
    torch.manual_seed(0)
    rows = drawn(96, 2)
    exam = exam_of(
        Centres(times, loud), rows, torch.sin(2 * rows[:, :1]),
        optimiser=lambda m: torch.optim.Adam(m.parameters(), lr=3e-2),
    )  # fmt: skip
    assert [finding.cause for finding in probe_use(exam)] == found


@pytest.mark.parametrize(("noise", "found"), [(2.0, [Cause.MEMORISES]), (0.0, [])])
def test_who_is_sure_of_what_is_wrong_elsewhere_memorises(noise, found):
    torch.manual_seed(0)
    rows, others = drawn(160, 40, seed=1), drawn(400, 40, seed=2)
    wide = [(0, 1), (2, 3)] if noise else [(0, 0)]

    def classes(given, seed):
        parts = sum(given[:, one] * (given[:, two] if noise else 2.0) for one, two in wide)
        return (parts + noise * drawn(len(given), seed=seed) > 0).long()

    model = nn.Sequential(nn.Linear(40, 256), nn.ReLU(), nn.Linear(256, 2))
    exam = exam_of(
        model, rows, classes(rows, 3), valid=[(others, classes(others, 4))],
        optimiser=lambda m: torch.optim.Adam(m.parameters(), lr=3e-2),
    )  # fmt: skip
    seen, unseen = exam.skill(exam.all.model, exam.learnt), exam.skill(exam.all.model, exam.valid)
    assert [finding.cause for finding in sure_elsewhere(seen, unseen)] == found


@pytest.mark.parametrize(
    ("kind", "rate", "found"),
    [
        ("Adadelta", 1e-3, [Cause.RATE_TOO_LOW]),
        ("Adadelta", 1.0, []),
        ("SGD", 1e-7, []),  # which comes at a rate that says nothing
    ],
)
def test_the_rate_at_which_an_optimiser_comes_is_tried(kind, rate, found):
    torch.manual_seed(0)
    rows = drawn(160, 4, seed=1)
    model = nn.Sequential(nn.Linear(4, 24), nn.ReLU(), nn.Linear(24, 1))
    exam = exam_of(
        model, rows, rows[:, :1] * 2.0, valid=[(rows[128:], 2.0 * rows[128:, :1])],
        optimiser=lambda m: getattr(torch.optim, kind)(m.parameters(), lr=rate),
    )  # fmt: skip
    assert [finding.cause for finding in usual_rate(exam)] == found


class Stack(nn.Module):
    """Recurrent layers on top of each other, read at the last step."""

    def __init__(self, kind, layers, own=False):
        super().__init__()
        self.read, self.tell = kind(2, 12, layers, batch_first=True), nn.Linear(12, 1)
        self.own = layers if own else 0

    def forward(self, series):
        first = (torch.zeros(self.own, len(series), 12),) * 2 if self.own else None
        return self.tell(self.read(series, first)[0][:, -1])


@pytest.mark.parametrize(
    ("kind", "layers", "own", "found"),
    [
        (nn.LSTM, 14, False, True),
        (nn.LSTM, 14, True, False),  # of two layers it cannot be run
        (nn.LSTM, 6, False, False),
        (nn.GRU, 8, False, False),
    ],
)
def test_many_recurrent_layers_in_one_module_fade(kind, layers, own, found):
    torch.manual_seed(0)
    series = drawn(96, 9, 2, seed=3)
    exam = exam_of(Stack(kind, layers, own), series, series[:, -2:-1, 0])
    faded = [f for f in probe_gradient(exam) if f.cause is Cause.VANISHING_GRADIENT]
    assert [f.subject for f in faded] == ["the first layer of read"] * found


def test_a_recurrent_module_is_cut_to_two_fresh_layers():
    torch.manual_seed(0)
    model, series = Stack(nn.LSTM, 5), drawn(4, 9, 2)
    given = copy.deepcopy(model)
    optimiser = torch.optim.SGD(given.parameters(), lr=0.1)
    shallow(given)
    again = copy.deepcopy(given)
    assert torch.equal(again(series), given(series))
    given(series).sum().backward()
    optimiser.step()
    assert not torch.equal(given.read.weight_hh_l0, again.read.weight_hh_l0)
    assert torch.equal(given.read.weight_hh_l4, again.read.weight_hh_l4)
    assert not torch.equal(model(series), again(series))
