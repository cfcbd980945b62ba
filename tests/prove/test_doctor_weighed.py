"""Rules of what a loss counts, of weights and lines, of inputs that are read in part."""

import pytest
import torch
from torch import nn
from torch.nn import functional

from inundate.prove.case import make_case
from inundate.prove.cause import Cause
from inundate.prove.exam import Effort, Exam, Skill
from inundate.prove.probe.fresh import probe_fresh
from inundate.prove.probe.linear import activated, probe_linear
from inundate.prove.probe.loss import probe_loss
from inundate.prove.probe.mended import otherwise, plainly
from inundate.prove.probe.optimiser import probe_optimiser, probe_resting
from inundate.prove.probe.range import probe_range
from inundate.prove.probe.slips import slips
from inundate.prove.probe.start import probe_start
from inundate.prove.probe.use import probe_use
from inundate.prove.quiet import quietly

SHORT = Effort(batches=12, one_batch=40, all_batches=60, remedy=40)


def drawn(*size, seed=0):
    return torch.randn(*size, generator=torch.Generator().manual_seed(seed))


def exam_of(model, inputs, target, **own):
    torch.manual_seed(0)
    data = [(inputs[i : i + 16], target[i : i + 16]) for i in range(0, len(inputs), 16)]
    return Exam(make_case(model, data, **own), SHORT)


def causes(found):
    return [(finding.cause, finding.weight) for finding in found]


def net(inputs=4, outputs=1, bend=nn.ReLU):
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(inputs, 16), bend(), nn.Linear(16, outputs))


@pytest.mark.parametrize(
    ("loss", "named"),
    [
        (functional.mse_loss, []),
        (functional.huber_loss, []),
        (lambda out, t: functional.mse_loss(out[:, :1], t[:, :1]), [Cause.LOSS_IGNORES]),
        (lambda out, t: (out - t).square().amax(), [Cause.LOSS_IGNORES]),
        (lambda out, t: (out - t).square()[0].mean(), [Cause.LOSS_IGNORES]),
    ],
)
def test_a_loss_that_looks_at_a_part_of_the_output(loss, named):
    rows = drawn(96, 4)
    found = probe_loss(exam_of(net(4, 3), rows, rows[:, :3].tanh(), loss=loss))
    assert [f.cause for f in found] == named


class Tags(nn.Module):
    """Scores (B, K, L) of each word."""

    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.embed, self.tell = nn.Embedding(30, 8), nn.Linear(8, 3)

    def forward(self, texts):
        return self.tell(self.embed(texts)).transpose(1, 2)


def tagged(*, filled):
    texts = torch.randint(1, 30, (96, 10), generator=torch.Generator().manual_seed(0))
    lengths = torch.randint(2, 5, (96, 1), generator=torch.Generator().manual_seed(1))
    if filled:
        texts = texts.masked_fill(torch.arange(10)[None] >= lengths, 0)
    return texts, torch.where(texts == 0, 0, 1 + texts % 2) if filled else texts % 3


@pytest.mark.parametrize(
    ("filled", "ignored", "named"),
    [
        (False, -100, []),
        (False, 1, [Cause.LOSS_IGNORES]),
        (True, 0, []),
        (True, -100, [Cause.PADDING]),
    ],
)
def test_classes_may_be_left_out_only_where_texts_are_filled_up(filled, ignored, named):
    def loss(output, target):
        return functional.cross_entropy(output, target, ignore_index=ignored)

    found = probe_loss(exam_of(Tags(), *tagged(filled=filled), loss=loss))
    assert [f.cause for f in found] == named


def test_labels_that_are_smoothed_away_leave_nothing_to_learn():
    rows = drawn(96, 4)
    labels = (rows[:, 0] > 0).long() + (rows[:, 1] > 0).long()
    smoothed = {
        share: probe_loss(
            exam_of(
                net(4, 3), rows, labels,
                loss=lambda out, t, s=share: functional.cross_entropy(out, t, label_smoothing=s),
            )
        )
        for share in (0.1, 0.97)
    }  # fmt: skip
    assert smoothed[0.1] == []
    assert causes(smoothed[0.97]) == [(Cause.LOSS_FLOOR, "fault")]


@pytest.mark.parametrize(
    ("last", "named"), [(nn.Identity(), []), (nn.ReLU(), [Cause.OUTPUT_RANGE])]
)
def test_logits_that_cannot_be_negative(last, named):
    rows = drawn(96, 4)
    target = (rows[:, :1] > 0).float()
    loss = functional.binary_cross_entropy_with_logits
    model = nn.Sequential(net(), last)
    assert [f.cause for f in probe_loss(exam_of(model, rows, target, loss=loss))] == named


def test_logarithms_of_chances_are_below_0_as_they_should_be():
    rows = drawn(96, 4)
    labels = (rows[:, 0] > 0).long() + (rows[:, 1] > 0).long()
    model = nn.Sequential(net(4, 3), nn.LogSoftmax(1))
    exam = exam_of(model, rows, labels, loss=functional.nll_loss)
    assert probe_loss(exam) == []
    assert probe_range(exam) == []


def test_logits_that_are_clamped():
    class Clamp(nn.Module):
        def forward(self, scores):
            return scores.clamp(-0.4, 0.4)

    rows = drawn(96, 4)
    target = (rows[:, :1] > 0).float()
    loss = functional.binary_cross_entropy_with_logits
    held = exam_of(nn.Sequential(net(), Clamp()), rows, target, loss=loss)
    assert causes(probe_range(held)) == [(Cause.OUTPUT_RANGE, "fault")]
    assert probe_range(exam_of(net(), rows, target, loss=loss)) == []


def test_layers_without_a_bend_are_a_line():
    rows = drawn(96, 4)
    target = (rows[:, :1] * rows[:, 1:2]).tanh()
    assert causes(probe_linear(exam_of(net(bend=nn.Identity), rows, target))) == [
        (Cause.CANNOT_FIT, "fault")
    ]
    assert probe_linear(exam_of(net(), rows, target)) == []
    assert probe_linear(exam_of(nn.Linear(4, 1), rows, target)) == []
    squeezing = nn.Sequential(nn.Linear(4, 2), nn.Linear(2, 4))
    assert causes(probe_linear(exam_of(squeezing, rows, rows))) == [(Cause.CANNOT_FIT, "suspect")]


def test_a_line_is_bent_by_hooks_behind_all_layers_but_the_last():
    model = net(bend=nn.Identity)
    rows = drawn(8, 4)
    before = model(rows)
    activated(model)
    assert not torch.allclose(model(rows), before)
    assert float(model(rows).detach().min()) < 0  # the last is left as it is


@pytest.mark.parametrize(("factor", "named"), [(1.0, []), (40.0, [(Cause.BAD_START, "fault")])])
def test_weights_are_compared_with_those_that_layers_draw(factor, named):
    rows = drawn(96, 4)
    model = net()
    with torch.no_grad():
        for weight in model.parameters():
            weight *= factor
    exam = exam_of(
        model, rows, rows[:, :1].tanh(), optimiser=lambda m: torch.optim.Adam(m.parameters(), 1e-2)
    )
    assert causes(probe_fresh(exam)) == named


def test_recurrent_weights_that_are_all_alike():
    class Read(nn.Module):
        def __init__(self):
            super().__init__()
            self.read, self.tell = nn.GRU(3, 8, batch_first=True), nn.Linear(8, 1)

        def forward(self, series):
            return self.tell(self.read(series)[0][:, -1])

    model = Read()
    assert probe_start(exam_of(model, drawn(32, 6, 3), drawn(32, 1))) == []
    nn.init.constant_(model.read.weight_hh_l0, 0.1)
    found = probe_start(exam_of(model, drawn(32, 6, 3), drawn(32, 1)))
    assert causes(found) == [(Cause.SYMMETRIC_START, "fault")]


@pytest.mark.parametrize(("much", "named"), [(1e-6, []), (10.0, [Cause.DECAY_TOO_STRONG])])
def test_weights_that_are_squared_in_the_loss(much, named):
    rows = drawn(96, 4)
    exam = exam_of(net(), rows, rows[:, :1].tanh())
    plain = exam.case.loss

    def loss(model, batch):
        return plain(model, batch) + much * sum(w.square().sum() for w in model.parameters())

    object.__setattr__(exam.case, "loss", loss)
    assert [f.cause for f in probe_optimiser(exam)] == named


def test_a_group_at_the_rate_0_rests():
    rows = drawn(96, 4)

    def halves(rate):
        return lambda model: torch.optim.SGD(
            [{"params": model[0].parameters(), "lr": rate}, {"params": model[2].parameters()}],
            lr=0.1,
        )

    resting = probe_resting(exam_of(net(), rows, rows[:, :1], optimiser=halves(0.0)))
    assert causes(resting) == [(Cause.WEIGHTS_DO_NOT_MOVE, "fault")]
    assert probe_resting(exam_of(net(), rows, rows[:, :1], optimiser=halves(0.01))) == []


def test_one_column_in_kelvin():
    rows = drawn(300, 5)
    assert slips("rows", rows) == []
    rows[::6, 2] += 273.15
    assert causes(slips("rows", rows)) == [(Cause.UNIT_SLIP, "fault")]


def test_depths_that_are_small_where_it_is_dry_are_in_one_unit():
    deep = torch.arange(90) % 3 > 0
    maps = torch.where(deep, 0.5, 0.0007)[:, None, None, None] * drawn(90, 1, 6, 6).abs()
    assert slips("depths", maps, whole=False) == []
    few = drawn(200, 1)
    few[::6] *= 1000.0
    assert causes(slips("levels", few, whole=False)) == [(Cause.UNIT_SLIP, "fault")]


def test_rows_of_two_kinds_are_in_one_unit():
    rows = drawn(300, 5)
    rows[:, 2] = torch.where(torch.arange(300) % 3 == 0, 4.0, -1.0) + 0.2 * rows[:, 2]
    assert slips("rows", rows) == []


def test_columns_of_few_levels_are_in_one_unit():
    rows = drawn(300, 3)
    rows[:, 1] = (rows[:, 1] > 1).float() * 500
    assert slips("rows", rows) == []


class Part(nn.Module):
    """Reads a part of maps or series."""

    def __init__(self, choose, size):
        super().__init__()
        torch.manual_seed(0)
        self.choose, self.tell = choose, nn.Linear(size, 1)

    def forward(self, inputs):
        return self.tell(self.choose(inputs).flatten(1))


CORNER = "12 of 16 parts of 'input', such as rows 6 to 8 in columns 6 to 8"


@pytest.mark.parametrize(
    ("shape", "choose", "size", "unread"),
    [
        ((12, 3), lambda x: x, 36, []),
        ((12, 3), lambda x: x[..., :2], 24, ["feature 2 of 'input'"]),
        ((1, 8, 8), lambda x: x, 64, []),
        ((1, 8, 8), lambda x: x[..., :4, :4], 16, [CORNER]),
    ],
)  # fmt: skip
def test_what_of_an_input_is_not_read(shape, choose, size, unread):
    inputs = drawn(48, *shape)
    found = probe_use(exam_of(Part(choose, size), inputs, drawn(48, 1)))
    assert [f.subject for f in found] == unread


def test_words_that_change_nothing_while_the_filler_does():
    class Count(nn.Module):
        def __init__(self, *, words):
            super().__init__()
            torch.manual_seed(0)
            self.words, self.embed, self.tell = words, nn.Embedding(30, 4), nn.Linear(4, 2)

        def forward(self, texts):
            return self.tell(self.embed(texts if self.words else (texts > 0).long()).sum(1))

    texts, _ = tagged(filled=True)
    labels = torch.arange(96) % 2
    (found,) = probe_use(exam_of(Count(words=False), texts, labels))
    assert found.subject == "the words of 'input'"
    assert probe_use(exam_of(Count(words=True), texts, labels)) == []


def test_a_step_that_turns_the_gradient_is_compared_with_a_plain_one():
    rows = drawn(192, 4)

    def turned(model, optimiser, raw):
        optimiser.zero_grad()
        loss = functional.mse_loss(model(raw[0]), raw[1])
        torch.autograd.backward(loss)
        for weight in model.parameters():
            weight.grad.neg_()
        optimiser.step()
        return loss

    def optimiser(model):
        return torch.optim.Adam(model.parameters(), lr=1e-2)

    exam = exam_of(net(), rows, rows[:, :1].tanh(), step=turned, optimiser=optimiser)
    none = Skill(-1.0, 1.0, -1.0)
    assert causes(plainly(exam, none)) == [(Cause.STEP_WRONG, "fault")]
    assert plainly(exam, Skill(0.9, 0.0, 0.9)) == []


def test_scores_that_were_reshaped_are_learnt_when_read_the_other_way():
    class Reshaped(Tags):
        def forward(self, texts):
            scores = super().forward(texts)
            return scores.transpose(1, 2).reshape(scores.shape)

    def optimiser(model):
        return torch.optim.Adam(model.parameters(), lr=5e-2)

    exam = exam_of(Reshaped(), *tagged(filled=False), optimiser=optimiser)
    assert causes(otherwise(exam, Skill(0.0, 1.0, 0.0))) == [(Cause.AXES_MIXED, "fault")]


def test_what_functions_draw_can_be_left_out():
    ones = torch.ones(50)
    with quietly():
        assert torch.equal(functional.dropout(ones, 0.9), ones)
        assert torch.equal(torch.randn_like(ones), torch.zeros(50))
    assert not torch.equal(functional.dropout(ones, 0.9), ones)
