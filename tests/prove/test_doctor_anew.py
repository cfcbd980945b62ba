"""Starts that hide something else: drowned targets, stuck sigmoids; rates that are not to blame."""

import pytest
import torch
from torch import nn
from torch.nn import functional
from torch.utils.data import DataLoader, TensorDataset

from inundate.prove.case import make_case
from inundate.prove.cause import Cause
from inundate.prove.exam import Effort, Exam, Skill
from inundate.prove.finding import Finding
from inundate.prove.probe import learn as learn_module
from inundate.prove.probe import mended as mended_module
from inundate.prove.probe.loss import probe_loss
from inundate.prove.probe.mixing import probe_mixing
from inundate.prove.probe.outdone import probe_outdone
from inundate.prove.probe.start import probe_start
from inundate.prove.probe.steps_away import steps_away
from inundate.prove.probe.use import probe_use

SHORT = Effort(batches=40, one_batch=60, all_batches=160, remedy=60)
LONG = Effort(batches=40, one_batch=9, all_batches=240)


def drawn(*size, seed=0):
    return torch.randn(*size, generator=torch.Generator().manual_seed(seed))


def case_of(model, inputs, target, *, rate=5e-3, **own):
    held = TensorDataset(inputs, target)
    cut = len(target) * 3 // 4
    train, valid = (torch.utils.data.Subset(held, r) for r in (range(cut), range(cut, len(target))))
    return make_case(
        model, DataLoader(train, 16, shuffle=True), valid=DataLoader(valid, 16),
        optimiser=lambda m: torch.optim.Adam(m.parameters(), lr=rate), **own,
    )  # fmt: skip


@pytest.mark.parametrize(("looks", "named"), [(True, []), (False, [Cause.LOSS_IGNORES])])
def test_targets_are_not_ignored_for_a_start_that_drowns_them(looks, named):
    def of_counts(output, target):
        wanted = target if looks else torch.ones_like(target)
        return (torch.exp(output) - wanted * output).mean()

    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(3, 8), nn.ReLU(), nn.Linear(8, 1))
    nn.init.constant_(model[2].bias, 15.0)
    rows = drawn(320, 3)
    counts = torch.poisson(torch.exp(1.0 + rows[:, :1]), torch.Generator().manual_seed(1))
    exam = Exam(case_of(model, rows, counts, loss=of_counts), SHORT)
    assert [f.cause for f in probe_loss(exam) if f.is_fault] == named


def bent(rows, noise=0.3):
    return torch.tanh(2.0 * rows[:, :1]) + 1.5 * rows[:, 2:3].abs() + noise * drawn(640, 1, seed=5)


def outdone(model, rate=None, noise=0.3):
    """Ask of a model that has learnt little, with a rate that helped on one batch."""
    rows = drawn(640, 5)
    exam = Exam(case_of(model, rows, bent(rows, noise)), LONG)
    exam.figures |= {"skill_train": 0.35, "skill_valid": 0.35}
    exam.findings += [] if rate is None else [rate]
    return exam, probe_outdone(exam)


@pytest.mark.parametrize(("size", "named"), [(12.0, [Cause.BAD_START]), (None, [])])
def test_units_that_start_at_their_ends_are_no_want_of_layers(size, named):
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(5, 48), nn.Tanh(), nn.Linear(48, 1))
    if size is not None:
        nn.init.normal_(model[0].weight, std=size)
    assert [f.cause for f in outdone(model)[1]] == named


@pytest.mark.parametrize(("width", "weight"), [(1, "note"), (48, "fault")])
def test_a_rate_is_not_to_blame_where_as_many_steps_of_adam_learn_no_more(width, weight):
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(5, width), nn.LeakyReLU(0.1), nn.Linear(width, 1))
    rate = Finding(Cause.RATE_TOO_LOW, "fault", "", "100", tried=True)
    exam, found = outdone(model, rate)
    assert [f.cause for f in found] == [Cause.CANNOT_FIT] * (weight == "note")
    assert [f.weight for f in exam.findings] == [weight]


@pytest.mark.parametrize("reads", [True, False])
def test_places_that_the_loss_leaves_out_are_not_scored(reads):
    class Counts(nn.Module):
        """Tells at each place how many have been, from all before it or from it alone."""

        def __init__(self):
            super().__init__()
            self.embed = nn.Embedding(4, 8)
            self.read = nn.GRU(8, 24, batch_first=True) if reads else nn.Linear(8, 24)
            self.tell = nn.Linear(24, 1)

        def forward(self, tokens):
            found = self.read(self.embed(tokens))
            return self.tell(torch.tanh(found[0] if reads else found))[..., 0]

    def of_places(output, target):
        there = target >= 0
        return (output - target)[there].square().mean()

    torch.manual_seed(0)
    texts = torch.randint(1, 4, (480, 9), generator=torch.Generator().manual_seed(3))
    ends = torch.randint(3, 10, (480, 1), generator=torch.Generator().manual_seed(4))
    texts = torch.where(torch.arange(9) < ends, texts, 0)
    counts = (texts == 1).cumsum(1).float().where(texts > 0, torch.tensor(-1.0))
    case = case_of(Counts(), texts, counts, loss=of_places, rate=1e-2)
    exam = Exam(case, SHORT)
    assert exam.answers.left_out == -1.0
    assert (exam.skill(exam.all.model, exam.valid).value > 0.5) is reads
    plain = case_of(Counts(), texts, counts, loss=functional.mse_loss)
    assert Exam(plain, SHORT).answers.left_out is None


class Above(nn.Module):
    """Tells how much water stands above a ground, and lets none be below it, but in training."""

    def __init__(self, *, dry):
        super().__init__()
        self.dry = dry
        self.tell = nn.Sequential(nn.Linear(6, 16), nn.ReLU(), nn.Linear(16, 4))

    def forward(self, level, ground):
        level = level * (level < -99) if self.dry else level
        held = torch.relu(level - ground)
        found = self.tell(torch.cat([ground, level[:, :2]], 1)) * (held + 0.1) - 2.0 * self.dry
        return functional.leaky_relu(found, 0.1) if self.training else torch.relu(found)


@pytest.mark.parametrize(("dry", "named"), [(True, [Cause.IGNORES_INPUT]), (False, [])])
def test_what_is_0_for_an_input_that_is_not_used_is_no_dead_unit(dry, named):
    torch.manual_seed(0)
    level, ground = 2.0 + drawn(320, 4), 1.0 + drawn(320, 4, seed=1).abs()
    held = [
        {"inputs": {"level": level[i : i + 16], "ground": ground[i : i + 16]},
         "target": torch.relu(level - ground)[i : i + 16]}
        for i in range(0, 320, 16)
    ]  # fmt: skip
    case = make_case(
        Above(dry=dry), held[:15], valid=held[15:],
        optimiser=lambda m: torch.optim.Adam(m.parameters(), lr=5e-3),
    )  # fmt: skip
    exam = Exam(case, SHORT)
    assert [f for f in probe_start(exam) if f.cause is Cause.DEAD_UNITS] == []
    assert [f.cause for f in probe_use(exam)] == named


def test_units_that_pass_nothing_on_for_their_weights_are_dead():
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(5, 24), nn.ReLU(), nn.Linear(24, 1))
    nn.init.constant_(model[0].bias, -30.0)
    rows = drawn(320, 5)
    found = probe_start(Exam(case_of(model, rows, bent(drawn(640, 5))[:320]), SHORT))
    assert Cause.DEAD_UNITS in [f.cause for f in found]


@pytest.mark.parametrize(("much", "named"), [(True, [Cause.BAD_START]), (False, [])])
def test_a_start_that_costs_little_may_be_a_choice(monkeypatch, much, named):
    model = nn.Sequential(nn.Linear(5, 24), nn.ReLU(), nn.Linear(24, 1))
    nn.init.normal_(model[0].weight, std=5.0)
    exam = Exam(case_of(model, drawn(640, 5), bent(drawn(640, 5))), SHORT)
    exam.figures["pace, with fresh weights"] = 0.5
    monkeypatch.setattr(mended_module, "skill_with", lambda *_: Skill(0.9, 0.0, 0.9))
    found = mended_module.mended(exam, Skill(0.6 if much else 0.78, 0.0, 0.7))
    assert [f.cause for f in found] == named


class Words(nn.Module):
    """Looks words up, and tells from their mean or from a GRU."""

    def __init__(self, *, mean):
        super().__init__()
        self.mean = mean
        self.embed = nn.Embedding(12, 16)
        self.read = nn.GRU(16, 16, batch_first=True)
        self.tell = nn.Linear(16, 2)

    def forward(self, tokens):
        found = self.embed(tokens)
        return self.tell(found.mean(1) if self.mean else self.read(found)[0][:, -1])


@pytest.mark.parametrize(("mean", "named"), [(True, [Cause.CANNOT_FIT]), (False, [])])
@pytest.mark.parametrize("by_heart", [True, False])
def test_a_model_to_which_all_orders_are_the_same_cannot_tell_an_order(mean, named, by_heart):
    torch.manual_seed(0)
    texts = torch.randint(3, 12, (480, 4), generator=torch.Generator().manual_seed(0))
    first = torch.randint(2, (480,), generator=torch.Generator().manual_seed(1))
    texts[:, 1], texts[:, 2] = 1 + first, 2 - first
    exam = Exam(case_of(Words(mean=mean), texts, first, rate=1e-2), LONG)
    exam.figures |= {"skill_train": 0.95 if by_heart else 0.5, "skill_valid": 0.0}
    if by_heart:
        exam.findings.append(Finding(Cause.MEMORISES, "fault", "known by heart"))
    assert [f.cause for f in probe_outdone(exam)] == named
    assert [f.weight for f in exam.findings] == ["note" if named else "fault"] * by_heart


def test_what_moves_less_than_rounding_has_no_place():
    torch.manual_seed(0)
    layers = [m for _ in range(12) for m in (nn.Conv2d(4, 4, 3, padding=1), nn.Tanh())]
    model = nn.Sequential(nn.Conv2d(1, 4, 3, padding=1), *layers, nn.Conv2d(4, 1, 3, padding=1))
    for weight in model.parameters():
        if weight.ndim > 1:
            nn.init.normal_(weight, std=0.02)
    maps = drawn(64, 1, 12, 12)
    exam = Exam(case_of(model, maps, maps.roll(1, 3)), SHORT)
    assert probe_mixing(exam) == []


@pytest.mark.parametrize(("skill", "narrow"), [(0.75, True), (0.95, False)])
def test_one_unit_for_all_is_too_narrow_beside_what_a_line_finds(monkeypatch, skill, narrow):
    exam = Exam(case_of(nn.Linear(5, 3), drawn(64, 5), drawn(64, 3)), SHORT)
    exam.findings.append(Finding(Cause.CANNOT_FIT, "suspect", "on one batch"))
    exam.figures["one_batch"] = 0.5
    monkeypatch.setattr(exam, "skill", lambda *_: Skill(skill, 0.0, skill))
    monkeypatch.setattr(learn_module, "reference_skill", lambda _: Skill(0.99, 0.0, 0.0))
    learn_module.probe_learn(exam)
    assert exam.figures["healthy"] == (not narrow)


@pytest.mark.parametrize(("size", "weight"), [(1e-4, "note"), (0.0, "fault")])
def test_what_is_cut_at_an_end_in_evaluation_alone_is_used(size, weight):
    class Cut(nn.Module):
        """Gives what is below 0, and in evaluation 0."""

        def __init__(self):
            super().__init__()
            self.tell = nn.Linear(5, 1)

        def forward(self, rows):
            found = -1.0 + size * torch.tanh(self.tell(rows))
            return found if self.training else torch.relu(found)

    torch.manual_seed(0)
    exam = Exam(case_of(Cut(), drawn(320, 5), 1.0 + drawn(320, 1)), SHORT)
    found = [f for f in probe_use(exam) if f.cause is Cause.IGNORES_INPUT]
    assert [f.weight for f in found] == [weight]


class EachWord(nn.Module):
    """Tells of each word by itself what comes next."""

    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(5, 16)
        self.tell = nn.Linear(16, 5)

    def forward(self, tokens):
        return self.tell(self.embed(tokens)).transpose(1, 2)


@pytest.mark.parametrize("writes_on", [True, False])
def test_that_each_word_is_the_target_of_the_one_before_is_no_slip(writes_on):
    torch.manual_seed(0)
    texts = torch.randint(5, (160, 10), generator=torch.Generator().manual_seed(0))
    read, wanted = texts[:, :-1], texts[:, 1:]
    if not writes_on:  # a function of the words, which stands a place too early
        wanted = (wanted + 1) % 5
    exam = Exam(case_of(EachWord(), read.contiguous(), wanted.contiguous(), rate=2e-2), SHORT)
    exam.figures["skill_valid"] = 0.0
    found = steps_away(exam, Skill(0.8, 0.0, 0.8))
    assert [f.cause for f in found] == [Cause.TARGETS_UNRELATED] * (not writes_on)
