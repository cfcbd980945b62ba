"""Rules of what a model knows beforehand, of numbers left over, and of models that cannot."""

from dataclasses import replace

import pytest
import torch
from torch import nn
from torch.nn import functional

from inundate.prove.case import make_case
from inundate.prove.cause import Cause
from inundate.prove.exam import Effort, Exam, Skill
from inundate.prove.probe.ahead import probe_ahead
from inundate.prove.probe.data import probe_inputs, probe_target
from inundate.prove.probe.gradient import probe_gradient
from inundate.prove.probe.learn import probe_learn
from inundate.prove.probe.loss import probe_loss
from inundate.prove.probe.rates import astray
from inundate.prove.probe.relation import probe_axes, probe_target_in_input
from inundate.prove.probe.split import probe_split
from inundate.prove.probe.stand_in import stand_in_skill
from inundate.prove.probe.turned import probe_turned
from inundate.prove.probe.unlearnt import of_few, why

SHORT = Effort(batches=12, one_batch=20, all_batches=80, remedy=20)


def drawn(*size, seed=0):
    return torch.randn(*size, generator=torch.Generator().manual_seed(seed))


def batches(inputs, target):
    return [(inputs[i : i + 16], target[i : i + 16]) for i in range(0, len(inputs), 16)]


def exam_of(model, inputs, target, *, valid=None, **own):
    torch.manual_seed(0)
    held = None if valid is None else batches(*valid)
    return Exam(make_case(model, batches(inputs, target), valid=held, **own), SHORT)


def causes(found):
    return [(finding.cause, finding.weight) for finding in found]


class Speaker(nn.Module):
    """Scores (B, L, K) of the next word."""

    def __init__(self, *, two_ways):
        super().__init__()
        torch.manual_seed(0)
        self.embed = nn.Embedding(20, 8)
        self.read = nn.GRU(8, 8, batch_first=True, bidirectional=two_ways)
        self.tell = nn.Linear(16 if two_ways else 8, 20)

    def forward(self, texts):
        return self.tell(self.read(self.embed(texts))[0])


@pytest.mark.parametrize(
    ("two_ways", "named"), [(False, []), (True, [(Cause.TARGET_IN_INPUT, "fault")])]
)
def test_a_model_of_the_next_word_must_not_read_it(two_ways, named):
    texts = torch.randint(20, (48, 9), generator=torch.Generator().manual_seed(0))
    exam = exam_of(Speaker(two_ways=two_ways), texts[:, :-1], texts[:, 1:])
    assert causes(probe_ahead(exam)) == named


def test_tags_of_words_may_be_told_from_both_sides():
    texts = torch.randint(20, (48, 9), generator=torch.Generator().manual_seed(0))
    assert probe_ahead(exam_of(Speaker(two_ways=True), texts, texts % 3)) == []


def test_a_number_that_stands_for_what_is_missing():
    rows = drawn(160, 5)
    model = nn.Linear(5, 1)
    assert probe_inputs(exam_of(model, rows, rows[:, :1])) == []
    rows[::20, 3] = -9999.0
    assert (Cause.INPUT_SCALE, "fault") in causes(probe_inputs(exam_of(model, rows, rows[:, :1])))
    target = drawn(160, 1)
    target[::20] = 1e20
    found = probe_target(exam_of(model, drawn(160, 5), target))
    assert causes(found) == [(Cause.TARGET_SCALE, "fault")]


def test_an_outlier_or_two_are_no_such_number():
    rows = drawn(160, 5)
    rows[7, 2] = 400.0
    assert [
        f for f in probe_inputs(exam_of(nn.Linear(5, 1), rows, rows[:, :1])) if f.weight == "fault"
    ] == []


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (lambda t: t, []),
        (lambda t: 40 + 26 * t, [Cause.SPLIT_SHIFT]),
        (lambda t: 0.02 * t, [Cause.SPLIT_SHIFT]),
    ],
)
def test_targets_that_are_scaled_in_one_part_alone(change, named):
    rows, other = drawn(96, 4), drawn(64, 4, seed=1)
    exam = exam_of(nn.Linear(4, 1), rows, rows[:, :1], valid=(other, change(other[:, :1])))
    assert [f.cause for f in probe_split(exam)] == named


def test_classes_that_training_lacks():
    rows, other = drawn(96, 4), drawn(64, 4, seed=1)
    labels, known = torch.arange(96) % 2, torch.arange(64) % 2
    sound = exam_of(nn.Linear(4, 3), rows, labels, valid=(other, known))
    assert probe_split(sound) == []
    broken = exam_of(nn.Linear(4, 3), rows, labels, valid=(other, torch.arange(64) % 3))
    assert causes(probe_split(broken)) == [(Cause.SPLIT_SHIFT, "fault")]


@pytest.mark.parametrize(("most", "named"), [(1, []), (255, [(Cause.TARGET_SCALE, "fault")])])
def test_grey_levels_are_no_chances(most, named):
    rows = drawn(96, 4)
    target = most * (rows[:, :1] > 0).float()
    loss = functional.binary_cross_entropy_with_logits
    assert causes(probe_loss(exam_of(nn.Linear(4, 1), rows, target, loss=loss))) == named


def test_a_word_that_names_the_class_anywhere_in_the_text():
    texts = torch.randint(3, 20, (96, 8), generator=torch.Generator().manual_seed(0))
    labels = torch.arange(96) % 3
    model = nn.Sequential(nn.EmbeddingBag(20, 4), nn.Linear(4, 3))
    assert probe_target_in_input(exam_of(model, texts, labels)) == []
    places = torch.randint(8, (96,), generator=torch.Generator().manual_seed(1))
    texts[torch.arange(96), places] = labels
    (found,) = probe_target_in_input(exam_of(model, texts, labels))
    assert found.cause is Cause.TARGET_IN_INPUT


def test_texts_of_which_all_but_a_word_was_cut():
    texts = torch.zeros(96, 12, dtype=torch.long)
    texts[:, 0] = torch.randint(1, 20, (96,), generator=torch.Generator().manual_seed(0))
    model = nn.Sequential(nn.EmbeddingBag(20, 4), nn.Linear(4, 2))
    found = probe_inputs(exam_of(model, texts, torch.arange(96) % 2))
    assert causes(found) == [(Cause.DEAD_INPUT, "fault")]


@pytest.mark.parametrize(("kind", "learnt"), [("values", True), ("chance", False)])
def test_a_network_of_the_doctors_own_tells_whether_there_is_something_to_learn(kind, learnt):
    rows, other = drawn(192, 4), drawn(96, 4, seed=1)

    def target(given, seed):
        return (given[:, :1] * 2).tanh() if kind == "values" else drawn(len(given), 1, seed=seed)

    exam = exam_of(nn.Linear(4, 1), rows, target(rows, 5), valid=(other, target(other, 6)))
    skill = stand_in_skill(exam)
    assert skill is not None
    assert skill.there is learnt


@pytest.mark.parametrize(("turned", "named"), [(False, []), (True, [Cause.SPLIT_SHIFT])])
def test_labels_that_are_turned_round_in_validation_alone(turned, named):
    rows, other = drawn(384, 4), drawn(128, 4, seed=1)

    def adam(model):
        return torch.optim.Adam(model.parameters(), lr=5e-2)

    known = (other[:, 0] > 0).long()
    # a few of them by chance right, so that there is some skill left
    valid = torch.where(torch.arange(128) % 3 > 0, 1 - known, known) if turned else known
    effort = Effort(batches=24, one_batch=20, all_batches=80, remedy=20)
    data = (batches(rows, (rows[:, 0] > 0).long()), batches(other, valid))
    exam = Exam(make_case(nn.Linear(4, 2), data[0], valid=data[1], optimiser=adam), effort)
    assert [f.cause for f in probe_learn(exam)] == named


@pytest.mark.parametrize(("paired", "named"), [(True, []), (False, [Cause.TARGETS_UNRELATED])])
def test_targets_of_maps_that_nothing_around_tells(paired, named):
    maps = drawn(64, 1, 10, 10)
    target = maps if paired else maps.roll(1, 0)
    exam = exam_of(nn.Conv2d(1, 1, 3, padding=1), maps, target, valid=(maps, target))
    exam.findings += probe_axes(exam) + probe_turned(exam)
    exam.__dict__["one_progress"] = 0.1
    none = Skill(0.0, 1.0, 0.0)
    assert [f.cause for f in why(exam, none, none, None)] == named


def test_a_rate_at_which_the_loss_rises_and_a_lower_one_at_which_it_falls():
    rows = drawn(96, 4)
    exam = exam_of(nn.Linear(4, 1), rows, rows[:, :1])
    begin = exam.progress(exam.one.first, [exam.typical])
    reached = {1.0: begin - 3.0, 0.01: begin + 0.2, 0.001: begin + 0.05}
    assert causes(astray(exam, begin - 3.0, reached)) == [(Cause.RATE_TOO_HIGH, "suspect")]
    assert astray(exam, begin + 0.1, {1.0: begin + 0.1, 0.01: begin + 0.2}) == []


class Dropping(nn.Module):
    """Drops half in training, and scales in evaluation or not."""

    def __init__(self, scale):
        super().__init__()
        torch.manual_seed(0)
        self.scale, self.into, self.tell = scale, nn.Linear(4, 32), nn.Linear(32, 1)

    def forward(self, rows):
        held = self.into(rows).tanh()
        held = functional.dropout(held, 0.2) if self.training else self.scale * held
        return self.tell(held)


@pytest.mark.parametrize(("scale", "named"), [(1.0, []), (2.5, [(Cause.TRAIN_EVAL_GAP, "fault")])])
def test_modes_are_compared_by_many_draws(scale, named):
    rows = drawn(192, 4)

    def adam(model):
        return torch.optim.Adam(model.parameters(), lr=2e-2)

    exam = exam_of(Dropping(scale), rows, rows[:, :1].tanh(), optimiser=adam)
    found = [f for f in probe_learn(exam) if f.cause is Cause.TRAIN_EVAL_GAP]
    assert causes(found) == named


def test_few_samples_known_by_heart():
    rows = drawn(48, 4)
    exam = exam_of(nn.Linear(4, 1), rows, rows[:, :1])
    known = Skill(0.99, 0.0, 0.99)
    assert causes(of_few(exam, known, Skill(0.3, 0.0, 0.3))) == [(Cause.MEMORISES, "fault")]
    assert of_few(exam, known, Skill(0.9, 0.0, 0.9)) == []
    many = drawn(192, 4)
    assert of_few(exam_of(nn.Linear(4, 1), many, many[:, :1]), known, Skill(0.3, 0.0, 0.3)) == []


class Drawing(nn.Module):
    """Has a layer that only another loss, of what is drawn, would train."""

    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.mean, self.spread = nn.Linear(4, 1), nn.Sequential(nn.Linear(4, 1))
        self.noise = nn.Parameter(torch.zeros(1))

    def forward(self, x):
        return self.mean(x) + 0.0 * self.spread(x).detach() + 0.0 * self.noise.detach()


@pytest.mark.parametrize(
    ("may_rest", "named"),
    [((), [(Cause.NO_GRADIENT, "fault")]), (("spread", "(model)"), []),
     (("sprea",), [(Cause.NO_GRADIENT, "fault")])],
)  # fmt: skip
def test_blocks_that_may_rest_need_no_gradient(may_rest, named):
    x = drawn(64, 4)
    exam = exam_of(Drawing(), x, x.sum(1, keepdim=True))
    exam.case = replace(exam.case, may_rest=may_rest)
    assert [one for one in causes(probe_gradient(exam)) if one[1] == "fault"] == named
