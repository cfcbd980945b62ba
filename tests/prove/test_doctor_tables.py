"""Rules of tables and series, each beside a healthy counterpart."""

import copy
from dataclasses import replace

import pytest
import torch
from torch import nn
from torch.nn import functional

from inundate.prove.case import make_case
from inundate.prove.cause import Cause
from inundate.prove.exam import Effort, Exam, Skill
from inundate.prove.finding import Finding
from inundate.prove.probe.combined import combined
from inundate.prove.probe.drowned import drowned
from inundate.prove.probe.improper import improper
from inundate.prove.probe.layout import probe_layout
from inundate.prove.probe.linear import probe_linear
from inundate.prove.probe.mixed_units import mixed_units
from inundate.prove.probe.near_rows import near_rows
from inundate.prove.probe.optimiser import probe_step
from inundate.prove.probe.reference import reference_skill
from inundate.prove.probe.rounded import probe_rounded
from inundate.prove.probe.slips import slips
from inundate.prove.probe.steps_away import steps_away
from inundate.prove.probe.tells import probe_tells

SHORT = Effort(batches=40, one_batch=30, all_batches=80, remedy=30)


def drawn(*size, seed=0):
    return torch.randn(*size, generator=torch.Generator().manual_seed(seed))


def batches(target, *inputs, size=32):
    return [
        (*(value[i : i + size] for value in inputs), target[i : i + size])
        for i in range(0, len(target), size)
    ]


def net(inputs=4, outputs=1):
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(inputs, 16), nn.ReLU(), nn.Linear(16, outputs))


def causes(found):
    return [finding.cause for finding in found]


@pytest.mark.parametrize(
    "made",
    [
        lambda rows, target: target / rows[:, 0].exp(),
        lambda rows, target: target * rows[:, 0].exp(),
        lambda rows, target: 2.0 * target - 0.5 * rows[:, 4],
        lambda rows, target: (rows[:, 4] + target) / 3.0,
    ],
)
def test_a_column_made_of_the_target_and_another_one(made):
    rows = drawn(500, 6)
    target = rows[:, 1] * rows[:, 2] + rows[:, 3].abs() + 0.3 * drawn(500, seed=1)
    rows[:, 5] = made(rows, target)
    rows[:, 0] = rows[:, 0].exp()
    exam = Exam(make_case(net(6), batches(target[:, None], rows)), SHORT)
    assert causes(probe_tells(exam)) == [Cause.TARGET_IN_INPUT]


def test_a_target_made_of_two_columns_is_no_leak():
    rows = drawn(500, 6)
    target = rows[:, 1] * rows[:, 2]
    assert combined(rows, target) == [(1, 2)]
    exam = Exam(make_case(net(6), batches(target[:, None], rows)), SHORT)
    assert probe_tells(exam) == []


def test_the_best_of_several_learners_is_no_better_than_chance():
    classes = torch.randint(4, (320,), generator=torch.Generator().manual_seed(2))
    rows, parts = drawn(320, 8), (slice(0, 224), slice(224, 320))
    train, valid = (batches(classes[part], rows[part]) for part in parts)
    skill = reference_skill(Exam(make_case(net(8, 4), train, valid=valid), SHORT))
    assert skill is not None
    assert skill.p_value > 0.01


class Noisy:
    """Batches with noise that is drawn anew each epoch."""

    def __init__(self, data, size):
        self.data, self.size, self.epoch = data, size, 0

    def __iter__(self):
        self.epoch += 1
        for number, (rows, target) in enumerate(self.data):
            yield rows + self.size * drawn(*rows.shape, seed=1000 * self.epoch + number), target


@pytest.mark.parametrize(("size", "named"), [(4.0, True), (0.1, False)])
def test_noise_of_the_loader_is_held_against_clean_samples(size, named):
    rows = drawn(640, 4)
    target = rows[:, :1] + rows[:, 1:2].abs()
    train, valid = (batches(target[a:b], rows[a:b]) for a, b in ((0, 448), (448, 640)))
    case = make_case(
        net(),
        Noisy(train, size),
        valid=valid,
        optimiser=lambda m: torch.optim.Adam(m.parameters(), lr=0.01),
    )
    exam = Exam(case, SHORT, figures={"samples_that_recur": 0.0})
    found = drowned(exam, exam.skill(exam.all.model, exam.valid))
    assert causes(found) == ([Cause.NOISE_TOO_STRONG] if named else [])


class AtEach(nn.Module):
    """Answers at each step of a series by what has been until then."""

    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.read = nn.Sequential(nn.Conv1d(2, 12, 2), nn.ReLU(), nn.Conv1d(12, 1, 1))

    def forward(self, series):
        return self.read(functional.pad(series, (1, 0)))[:, 0]


@pytest.mark.parametrize(("early", "named"), [(1, True), (3, False)])
def test_targets_that_stand_a_step_before_their_own(early, named):
    series = drawn(192, 2, 12)
    target = (series[:, 0] + series[:, 1].abs()).roll(-early, 1)
    train, valid = (batches(target[a:b], series[a:b]) for a, b in ((0, 128), (128, 192)))
    case = make_case(
        AtEach(), train, valid=valid, optimiser=lambda m: torch.optim.Adam(m.parameters(), lr=0.03)
    )
    exam = Exam(case, replace(SHORT, all_batches=80), figures={"skill_valid": 0.1})
    found = steps_away(exam, Skill(0.9, 0.001, 0.9))
    assert causes(found) == ([Cause.TARGETS_UNRELATED] if named else [])


@pytest.mark.parametrize(("times", "named"), [(3, True), (1, False)])
def test_things_that_were_measured_more_than_once_in_both_parts(times, named):
    things = drawn(480 // times, 10).repeat(times, 1)
    target = things[:, :1].square()
    rows = things + 0.05 * drawn(480, 10, seed=1)
    order = torch.randperm(480, generator=torch.Generator().manual_seed(0))
    rows, target = rows[order], target[order]
    train, valid = (batches(target[a:b], rows[a:b]) for a, b in ((0, 352), (352, 480)))
    exam = Exam(make_case(net(10), train, valid=valid), SHORT)
    found = near_rows(exam, rows[:352], rows[352:])
    assert causes(found) == ([Cause.SPLIT_LEAK] if named else [])


@pytest.mark.parametrize(("factor", "named"), [(16.0, True), (10.0, True), (1.0, False)])
def test_a_share_of_samples_in_another_unit_than_validation(factor, named):
    train, valid = drawn(900, 3), drawn(300, 3, seed=1)
    train[::5, 1] *= factor
    found = mixed_units("input", train, valid)
    assert causes(found) == ([Cause.UNIT_SLIP] if named else [])


def test_samples_of_several_numbers_in_ounces():
    values = drawn(400, 8, 2)
    assert slips("input", values) == []
    values[::7, :, 0] *= 16.0
    assert causes(slips("input", values)) == [Cause.UNIT_SLIP]


@pytest.mark.parametrize(
    ("loss", "named"),
    [
        (lambda out, t: functional.kl_div(out.softmax(1), t, reduction="batchmean"), True),
        (lambda out, t: functional.kl_div(out.log_softmax(1), t, reduction="batchmean"), False),
        (functional.cross_entropy, False),
        (lambda out, t: functional.mse_loss(out.softmax(1), t), False),
        (functional.l1_loss, False),
    ],
)
def test_chances_where_their_logarithms_are_wanted(loss, named):
    shares = (1.5 * drawn(64, 4, seed=1)).softmax(1)
    exam = Exam(make_case(net(4, 4), batches(shares, drawn(64, 4)), loss=loss), SHORT)
    found = improper(exam, exam.typical)
    assert causes(found) == ([Cause.LOSS_OUTPUT_MISMATCH] if named else [])


class Beside(nn.Module):
    """Reads rows beside the vector of a class."""

    def __init__(self, between):
        super().__init__()
        torch.manual_seed(0)
        self.look = nn.Embedding(5, 4)
        self.tell = nn.Sequential(
            nn.Linear(8, 16), between(), nn.Linear(16, 16), between(), nn.Linear(16, 1)
        )

    def forward(self, rows, kind):
        return self.tell(torch.cat([rows, self.look(kind)], 1))


@pytest.mark.parametrize(("between", "named"), [(nn.Identity, True), (nn.ReLU, False)])
def test_layers_without_activation_beside_an_embedded_class(between, named):
    kind = torch.randint(5, (128,), generator=torch.Generator().manual_seed(0))
    rows = drawn(128, 4)
    case = make_case(Beside(between), batches(rows[:, :1].abs(), rows, kind))
    assert causes(probe_linear(Exam(case, SHORT))) == ([Cause.CANNOT_FIT] if named else [])


class Short(nn.Module):
    """Computes in bfloat16."""

    def __init__(self):
        super().__init__()
        self.held = net().bfloat16()

    def forward(self, rows):
        return self.held(rows.bfloat16()).float()


@pytest.mark.parametrize(("rate", "named"), [(1e-5, True), (1e-2, False)])
def test_steps_that_half_precision_rounds_away(rate, named):
    rows = drawn(128, 4)
    case = make_case(
        Short(),
        batches(rows[:, :1], rows),
        optimiser=lambda m: torch.optim.Adam(m.parameters(), lr=rate),
    )
    slow = Finding(Cause.RATE_TOO_LOW, "fault", "", "100", tried=True)
    exam = Exam(case, SHORT, findings=[slow])
    assert causes(probe_rounded(exam)) == ([Cause.PRECISION] if named else [])
    exam.findings.clear()
    assert probe_rounded(exam) == []


@pytest.mark.parametrize("right", [True, False])
def test_series_of_three_channels_that_are_viewed_the_other_way_round(right):
    times = torch.arange(30.0)
    series = torch.sin(0.3 * times[None, :, None] + 6.0 * torch.rand(
        64, 1, 3, generator=torch.Generator().manual_seed(0)
    )) + 0.1 * drawn(64, 30, 3)  # fmt: skip
    laid = series.transpose(1, 2) if right else series.reshape(64, 3, 30)
    torch.manual_seed(0)
    model = nn.Sequential(nn.Conv1d(3, 4, 3), nn.ReLU(), nn.Flatten(), nn.Linear(112, 1))
    exam = Exam(make_case(model, batches(series[:, 0, :1], laid.contiguous())), SHORT)
    assert causes(probe_layout(exam)) == ([] if right else [Cause.AXES_MIXED])


@pytest.mark.parametrize(("stepped", "named"), [(True, True), (False, False)])
def test_a_gradient_that_is_cleared_once_in_a_while(stepped, named):
    count = [0]

    def step(model, optimiser, raw):
        rows, target = raw
        loss = functional.mse_loss(model(rows), target)
        torch.autograd.backward(loss)
        count[0] += 1
        last = count[0] % 16 == 0
        if stepped or last:
            optimiser.step()
        if last:
            optimiser.zero_grad()
        return loss

    rows = drawn(128, 4)
    case = make_case(net(), batches(rows[:, :1], rows), step=step)
    found = probe_step(copy.copy(Exam(case, SHORT)))
    assert causes(found) == ([Cause.GRADIENT_ACCUMULATES] if named else [])
