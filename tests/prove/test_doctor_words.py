"""Rules that faults of texts and series have shown to be missing."""

import pytest
import torch
from torch import nn
from torch.nn import functional

from inundate.prove.case import make_case
from inundate.prove.cause import Cause
from inundate.prove.exam import Effort, Exam, Skill
from inundate.prove.finding import Finding
from inundate.prove.probe.centred import probe_centred
from inundate.prove.probe.data import probe_inputs
from inundate.prove.probe.goes_on import probe_goes_on
from inundate.prove.probe.loss import probe_loss
from inundate.prove.probe.mended import mended
from inundate.prove.probe.modes import explained
from inundate.prove.probe.padding import find_padding, move_padding, probe_padding
from inundate.prove.probe.rates import rates

SHORT = Effort(batches=12, one_batch=40, all_batches=120, remedy=30)


def drawn(*size, seed=0):
    return torch.randn(*size, generator=torch.Generator().manual_seed(seed))


def whole(high, *size, seed=0):
    return torch.randint(high, size, generator=torch.Generator().manual_seed(seed))


def batches(target, inputs, size=16):
    return [(inputs[i : i + size], target[i : i + size]) for i in range(0, len(target), size)]


def causes(found):
    return [finding.cause for finding in found]


def quick(model):
    return torch.optim.Adam(model.parameters(), lr=1e-2)


def words(*layers, vocabulary=12, width=16):
    torch.manual_seed(0)
    return nn.Sequential(nn.Embedding(vocabulary, width), *layers)


def likelihood(sign):
    """Give the mean of the logarithms of the chances of the right words, or its opposite."""

    def loss(output, target):
        return sign * output.log_softmax(-1).gather(-1, target[..., None]).mean()

    return loss


@pytest.mark.parametrize(
    ("loss", "named"),
    [
        (likelihood(1.0), [Cause.LOSS_SIGN]),
        (likelihood(-1.0), []),
        (
            lambda o, t: functional.mse_loss(o, t[..., None].expand_as(o).float()),
            [Cause.LOSS_OUTPUT_MISMATCH],
        ),
    ],
)
def test_a_likelihood_without_its_minus_is_turned_round_and_not_of_numbers(loss, named):
    texts = whole(12, 96, 6)
    model = words(nn.Linear(16, 12))
    exam = Exam(make_case(model, batches(texts.roll(1, 1), texts), loss=loss), SHORT)
    assert causes(probe_loss(exam)) == named


def smoothed(series, ahead):
    """Give the mean of seven steps, of which some are ahead; what there is none of is left out."""
    filled = nn.functional.pad(series[:, None], (6 - ahead, ahead))
    counted = nn.functional.pad(torch.ones_like(series)[:, None], (6 - ahead, ahead))
    return (filled.unfold(2, 7, 1).sum(-1) / counted.unfold(2, 7, 1).sum(-1))[:, 0]


@pytest.mark.parametrize(
    ("ahead", "before_cut", "named"),
    [(3, True, [Cause.TARGET_IN_INPUT]), (0, True, []), (3, False, [])],
)
def test_a_centred_mean_holds_what_comes_after_the_window(ahead, before_cut, named):
    long = drawn(500).cumsum(0)[None]
    windows = long[0].unfold(0, 34, 2)
    given = windows[:, :32]
    mean = smoothed(long, ahead)[0].unfold(0, 34, 2)[:, :32] if before_cut else None
    mean = smoothed(given, ahead) if mean is None else mean
    inputs = torch.stack([given, mean], 2)
    model = nn.Sequential(nn.Flatten(), nn.Linear(64, 2))
    exam = Exam(make_case(model, batches(windows[:, 32:], inputs)), SHORT)
    assert causes(probe_centred(exam)) == named


@pytest.mark.parametrize(
    ("rows", "stride", "named"),
    [
        (60, 1, [Cause.TARGETS_UNRELATED]),
        (0, 1, []),
        (60, 3, [Cause.TARGETS_UNRELATED]),
        (0, 3, []),
    ],
)
def test_a_target_follows_its_own_window_and_not_that_of_another_sample(rows, stride, named):
    windows = drawn(600).unfold(0, 14, stride)
    target = windows[:, 12:].roll(rows, 0)
    model = nn.Linear(12, 2)
    exam = Exam(make_case(model, batches(target, windows[:, :12])), SHORT)
    assert causes(probe_goes_on(exam)) == named


@pytest.mark.parametrize(("kept", "named"), [(0.02, [Cause.LOSS_FLOOR]), (0.9, [])])
def test_labels_of_0_and_1_drawn_towards_a_half_leave_next_to_nothing_to_learn(kept, named):
    def loss(output, target):
        softer = 0.5 + kept * (target - 0.5)
        return functional.binary_cross_entropy_with_logits(output, softer)

    inputs = drawn(160, 4)
    target = (inputs[:, 0] > 0).float()
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(4, 8), nn.Tanh(), nn.Linear(8, 1), nn.Flatten(0))
    exam = Exam(make_case(model, batches(target, inputs), loss=loss), SHORT)
    assert causes(probe_loss(exam)) == named


class Answer(nn.Module):
    """Adds up the words of a text, and those of a question that count."""

    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.embed, self.asked = nn.Embedding(12, 8), nn.Embedding(12, 8)
        self.kinds, self.tell = nn.Embedding(2, 8), nn.Linear(8, 3)

    def forward(self, text, question, kinds):
        words = self.embed(text) + self.kinds(kinds)
        return self.tell(words.mean(1) + self.asked(question).mean(1))


@pytest.mark.parametrize(("unknown", "named"), [(True, [Cause.DEAD_INPUT]), (False, [])])
def test_a_text_of_one_word_alone_is_empty_and_kinds_of_places_are_not(unknown, named):
    text, question = whole(12, 64, 5), whole(12, 64, 5, seed=1)
    if unknown:
        text = torch.ones_like(text)
    target = whole(3, 64)
    data = [
        ({"text": text[i : i + 16], "question": question[i : i + 16],
          "kinds": torch.zeros(16, 5, dtype=torch.long)}, target[i : i + 16])
        for i in range(0, 64, 16)
    ]  # fmt: skip
    assert causes(probe_inputs(Exam(make_case(Answer(), data), SHORT))) == named


class Last(nn.Module):
    """Reads a series, and tells from its last state."""

    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.read, self.tell = nn.GRU(2, 12, batch_first=True), nn.Linear(12, 1)

    def forward(self, series):
        return self.tell(self.read(series)[0][:, -1])


@pytest.mark.parametrize(("empty", "named"), [(40, [Cause.PADDING]), (0, [])])
def test_series_that_are_all_filled_up_alike_are_padded_too(empty, named):
    series = nn.functional.pad(drawn(64, 8, 2), (0, 0, 0, empty))
    data = batches(series[:, :8, :1].mean(1), series)
    exam = Exam(make_case(Last(), data, optimiser=quick), SHORT)
    assert causes(probe_padding(exam)) == named
    padding = find_padding(exam.train)
    assert (padding is None) == (not named)
    if padding is not None:
        moved = move_padding(padding, exam.typical)["inputs"]
        assert all(bool((value[:, :empty] == 0).all()) for value in moved.values())


def deep():
    """Give the examination of a network of seven sigmoids, one behind the other."""
    inputs = drawn(256, 4)
    torch.manual_seed(0)
    layers = [layer for _ in range(7) for layer in (nn.Linear(12, 12), nn.Sigmoid())]
    model = nn.Sequential(nn.Linear(4, 12), *layers, nn.Linear(12, 1))
    return Exam(make_case(model, batches(inputs[:, :1], inputs), optimiser=quick), SHORT)


@pytest.mark.parametrize(("simple", "named"), [(0.95, [Cause.VANISHING_GRADIENT]), (0.0, [])])
def test_a_deep_model_that_stays_behind_a_simple_one_is_tried_with_levels(simple, named):
    exam = deep()
    exam.findings.append(Finding(Cause.VANISHING_GRADIENT, "suspect", "it fades", "0"))
    unseen = exam.skill(exam.all.model, exam.valid)
    exam.figures |= {"skill_valid": unseen.value, "reference_skill": simple}
    assert causes(mended(exam, unseen)) == named


@pytest.mark.parametrize(
    ("known", "named"), [({"line": 9.0}, Cause.CANNOT_FIT), ({}, Cause.VANISHING_GRADIENT)]
)
def test_in_layers_that_are_known_to_be_one_line_nothing_fades(known, named):
    exam = deep()
    exam.figures |= known
    assert causes(rates(exam, exam.one_progress)) == [named]


@pytest.mark.parametrize(
    ("known", "firm", "named"),
    [
        (True, False, Cause.NOISE_TOO_STRONG),
        (False, False, Cause.TRAIN_EVAL_GAP),
        (True, True, Cause.TRAIN_EVAL_GAP),
    ],
)
def test_modes_that_differ_for_a_noise_that_drowns_the_signal_are_no_gap(known, firm, named):
    inputs = drawn(256, 4)
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(4, 16), nn.Tanh(), nn.Dropout(0.98), nn.Linear(16, 1))
    exam = Exam(make_case(model, batches(inputs[:, :1], inputs), optimiser=quick), SHORT)
    exam.figures["enough"] = 1.0
    if known:
        exam.findings.append(Finding(Cause.NOISE_TOO_STRONG, "fault", "it helps", tried=True))
    gap = [Finding(Cause.TRAIN_EVAL_GAP, "fault", "modes differ", firm=firm)]
    assert causes(explained(exam, Skill(0.2, 0.0, 0.2), gap)) == [named]
