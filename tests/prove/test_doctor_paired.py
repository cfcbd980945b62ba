"""Rules that faults of pairs and of the order of batches have shown to be missing."""

import pytest
import torch
from torch import nn

from inundate.prove.case import make_case
from inundate.prove.cause import Cause
from inundate.prove.exam import Effort, Exam
from inundate.prove.probe.in_order import in_order
from inundate.prove.probe.loader import probe_loader
from inundate.prove.probe.mixing import probe_mixing
from inundate.prove.probe.nearly import few_again_and_again, probe_nearly
from inundate.prove.probe.turned_on_trial import turned_on_trial
from inundate.prove.probe.validated import unrelated_in_training
from inundate.prove.verdict import diagnose

SHORT = Effort(batches=12, one_batch=20, all_batches=40, remedy=20)


def drawn(*size, seed=0):
    return torch.randn(*size, generator=torch.Generator().manual_seed(seed))


def quick(model):
    return torch.optim.Adam(model.parameters(), lr=5e-3)


def quicker(model):
    return torch.optim.Adam(model.parameters(), lr=2e-2)


class Anew:
    """Gives samples in a new order each epoch, each changed a little, and in batches of 16."""

    def __init__(self, inputs, target, change, pair):
        self.inputs, self.target, self.change, self.pair = inputs, target, change, pair
        self.drawn = torch.Generator().manual_seed(5)

    def __len__(self):
        return len(self.target) // 16

    def __iter__(self):
        for chosen in torch.randperm(len(self.target), generator=self.drawn).split(16):
            inputs = self.change(self.inputs[chosen], self.drawn)
            yield inputs, self.pair(self.target[chosen], self.drawn)


def with_noise(inputs, drawn):
    return inputs + 0.1 * torch.randn(inputs.shape, generator=drawn)


def with_a_word_less(texts, drawn):
    return texts.scatter(1, torch.randint(9, (len(texts), 1), generator=drawn), 0)


def own(target, _drawn):
    return target


def of_another(target, drawn):
    return target[torch.randperm(len(target), generator=drawn)]


def labelled_anew(target, drawn):
    """Give every other sample a label that is drawn."""
    other = torch.randint(4, target.shape, generator=drawn)
    return torch.where(torch.rand(target.shape, generator=drawn) < 0.5, other, target)


def measured_anew(target, drawn):
    return target + 0.5 * torch.randn(target.shape, generator=drawn)


CLASSES = torch.arange(128) % 4
NUMBERS = drawn(128, 1, seed=2)
WORDS = torch.randint(1, 200, (128, 9), generator=torch.Generator().manual_seed(3))


@pytest.mark.parametrize(
    ("inputs", "target", "change", "pair", "named"),
    [
        (drawn(128, 3, 6, 6), CLASSES, with_noise, own, []),
        (drawn(128, 3, 6, 6), CLASSES, with_noise, of_another, [Cause.TARGETS_MISPAIRED]),
        (drawn(128, 3, 6, 6), CLASSES, with_noise, labelled_anew, []),
        (drawn(128, 10), NUMBERS, with_noise, of_another, [Cause.TARGETS_MISPAIRED]),
        (drawn(128, 10), NUMBERS, with_noise, measured_anew, []),
        (drawn(128, 1), NUMBERS, with_noise, of_another, []),  # none tells itself from the next
        (WORDS, CLASSES, with_a_word_less, of_another, [Cause.TARGETS_MISPAIRED]),
        (WORDS, CLASSES, with_a_word_less, own, []),
    ],
)
def test_samples_that_are_changed_each_time_are_found_again(inputs, target, change, pair, named):
    exam = Exam(make_case(nn.Flatten(), Anew(inputs, target, change, pair)), SHORT)
    assert [finding.cause for finding in probe_nearly(exam)] == named


def one_hot(classes):
    return nn.functional.one_hot(classes, 4).float()


@pytest.mark.parametrize(
    ("target", "size", "named"),
    [
        (one_hot(CLASSES), 16, []),
        (one_hot(CLASSES.sort().values), 16, [Cause.LOADER_SORTED]),
        (drawn(128, 4).sort(0).values.mul(torch.tensor([1, -1, 1, -1])).softmax(1), 16,
         [Cause.LOADER_SORTED]),
        (drawn(128, 4).softmax(1), 16, []),
        (CLASSES.sort().values, 32, [Cause.LOADER_SORTED]),  # four batches, one of each class
        (CLASSES, 32, []),
        (NUMBERS.sort(0).values, 40, [Cause.LOADER_SORTED]),  # three, and a rest
        (NUMBERS, 40, []),
        (CLASSES.sort().values, 64, []),  # two say nothing of the order
    ],
)  # fmt: skip
def test_sorted_batches_of_chances_of_shares_and_of_many_samples(target, size, named):
    data = [(drawn(len(part), 4), part) for part in target.split(size)]
    exam = Exam(make_case(nn.Linear(4, 4), data), SHORT)
    assert [finding.cause for finding in in_order(exam)] == named


class Flipped(Anew):
    """Turns every other piece and its target round, each epoch others."""

    def __iter__(self):
        for inputs, target in super().__iter__():
            turned = torch.rand(len(target), generator=self.drawn) < 0.5
            yield (
                torch.where(turned[:, None], inputs.flip(1), inputs),
                torch.where(turned[:, None], target.flip(1), target),
            )


def as_they_are(inputs, _drawn):
    return inputs


@pytest.mark.parametrize(
    ("pair", "named"),
    [
        (own, []),
        (of_another, [Cause.TARGETS_MISPAIRED]),
        (lambda t, drawn: t + torch.randn(t.shape, generator=drawn), [Cause.NOISE_TOO_STRONG]),
    ],
)
def test_targets_of_others_are_no_noise_though_some_are_turned_round(pair, named):
    loader = Flipped(drawn(128, 4), drawn(128, 3, seed=2), as_they_are, pair)
    exam = Exam(make_case(nn.Linear(4, 3), loader), SHORT)
    assert [finding.cause for finding in probe_loader(exam)] == named


@pytest.mark.parametrize(("shuffled", "named"), [(True, [Cause.TARGETS_UNRELATED]), (False, [])])
def test_what_follows_in_validation_alone_is_unrelated_in_training(shuffled, named):
    inputs = drawn(320, 4)
    target = inputs[:, :1] - inputs[:, 1:2]
    if shuffled:
        target[:160] = target[:160][torch.randperm(160, generator=torch.Generator().manual_seed(1))]
    data = [(inputs[i : i + 16], target[i : i + 16]) for i in range(0, 320, 16)]
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(4, 16), nn.ReLU(), nn.Linear(16, 1))
    case = make_case(model, data[:10], valid=data[10:], optimiser=quick)
    exam = Exam(case, Effort(batches=20, all_batches=120))
    skills = [exam.skill(exam.all.model, part) for part in (exam.learnt, exam.valid)]
    assert [f.cause for f in unrelated_in_training(exam, *skills)] == named


class Torn(Anew):
    """Ends in an error at the third batch, as where one picture is grey among coloured ones."""

    def __iter__(self):
        for number, batch in enumerate(super().__iter__()):
            if number == 2:
                raise RuntimeError("stack expects each tensor to be equal size")
            yield batch


def test_a_loader_that_raises_is_what_does_not_run():
    case = make_case(nn.Linear(4, 1), Torn(drawn(64, 4), NUMBERS[:64], as_they_are, own))
    verdict = diagnose(case, effort=SHORT)
    assert verdict.cause is Cause.DOES_NOT_RUN
    assert "equal size" in verdict.finding.evidence


class Placed(nn.Module):
    """Adds a vector for each place of a text, or for each of the batch."""

    def __init__(self, *, of_batch):
        super().__init__()
        torch.manual_seed(0)
        self.of_batch = of_batch
        self.words, self.tell = nn.Embedding(200, 8), nn.Linear(8, 4)
        self.place = nn.Parameter(torch.randn(64, 8))

    def forward(self, texts):
        places = self.place[: len(texts), None] if self.of_batch else self.place[: texts.shape[1]]
        return self.tell((self.words(texts) + places).relu().mean(1))


@pytest.mark.parametrize(("of_batch", "named"), [(True, [Cause.AXES_MIXED]), (False, [])])
def test_what_counts_the_places_of_the_batch_for_those_of_a_text(of_batch, named):
    data = list(zip(WORDS.split(16), CLASSES.split(16), strict=True))
    exam = Exam(make_case(Placed(of_batch=of_batch), data, optimiser=quick), SHORT)
    assert [finding.cause for finding in probe_mixing(exam)] == named


class Drawing(Placed):
    """Draws in evaluation as well, as a variational autoencoder may."""

    def forward(self, texts):
        told = super().forward(texts)
        return told + 0.1 * torch.randn_like(told)


def test_what_is_drawn_for_each_place_of_the_batch_is_no_order_of_it():
    data = list(zip(WORDS.split(16), CLASSES.split(16), strict=True))
    exam = Exam(make_case(Drawing(of_batch=False), data, optimiser=quick), SHORT)
    assert probe_mixing(exam) == []


@pytest.mark.parametrize(("kinds", "few"), [(8, True), (64, False), (128, False)])
def test_a_few_samples_that_are_changed_each_time_are_seen_to_be_few(kinds, few):
    chosen = torch.arange(128) % kinds
    clean = drawn(160, 8)
    inputs, target = with_noise(clean[chosen], torch.Generator().manual_seed(4)), NUMBERS[chosen]
    case = make_case(
        nn.Linear(8, 1), list(zip(inputs.split(16), target.split(16), strict=True)),
        valid=list(zip(clean[128:].split(16), NUMBERS[:32].split(16), strict=True)),
    )  # fmt: skip
    assert bool(few_again_and_again(Exam(case, SHORT))) == few


class Views(nn.Module):
    """Compares two views, place by place."""

    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.look = nn.Sequential(nn.Conv2d(2, 16, 1), nn.ReLU(), nn.Conv2d(16, 1, 1))

    def forward(self, left, right):
        return self.look(torch.cat([left, right], 1))


@pytest.mark.parametrize(
    ("turn", "named"), [(None, []), ("right", ["'right'"]), ("target", ["the target"])]
)
def test_a_view_that_is_mirrored_is_turned_back_on_trial(turn, named):
    maps = {"left": drawn(96, 1, 6, 6), "right": drawn(96, 1, 6, 6, seed=1)}
    maps["target"] = (maps["left"] - maps["right"]).abs() - 1.1  # a line tells nothing of it
    if turn is not None:
        maps[turn] = maps[turn].flip(-1)
    target = maps.pop("target")
    data = [
        ({name: value[i : i + 16] for name, value in maps.items()}, target[i : i + 16])
        for i in range(0, 96, 16)
    ]
    case = make_case(
        Views(),
        data[:4],
        valid=data[4:],
        optimiser=lambda m: torch.optim.Adam(m.parameters(), 0.02),
    )
    exam = Exam(case, Effort(batches=12, one_batch=60, all_batches=160))
    exam.__dict__["one_progress"] = 1.0  # a model that looks further knows a batch by heart
    found = turned_on_trial(exam, exam.skill(exam.all.model, exam.valid))
    assert [finding.subject.partition(" has")[0] for finding in found] == named


class Means(Views):
    """Sees the mean of two views alone, so that a turned one is known by being turned."""

    def forward(self, left, right):
        return super().forward((left + right) / 2, (left + right) / 2)


@pytest.mark.parametrize(("model", "asked"), [(Views, True), (Means, False)])
def test_a_view_that_is_taken_for_the_other_is_not_turned_on_trial(model, asked):
    maps = {"left": drawn(64, 1, 6, 6), "right": drawn(64, 1, 6, 6, seed=1)}
    target = drawn(64, 1, 6, 6, seed=2)
    data = [
        ({name: value[i : i + 16] for name, value in maps.items()}, target[i : i + 16])
        for i in range(0, 64, 16)
    ]
    exam = Exam(make_case(model(), data[:3], valid=data[3:]), SHORT)
    exam.__dict__["one_progress"] = 1.0
    assert not turned_on_trial(exam, exam.skill(exam.all.model, exam.valid))
    assert any("'right' turned" in name for name in exam.figures) == asked
