"""Rules that came from texts, series and tables: what the data alone say, and odd losses."""

import pytest
import torch
from torch import nn
from torch.nn import functional

from inundate.prove.case import make_case
from inundate.prove.cause import Cause
from inundate.prove.exam import Effort, Exam
from inundate.prove.probe.loss import probe_loss
from inundate.prove.probe.mended import _unseen
from inundate.prove.probe.often import written_twice
from inundate.prove.probe.padding import says_where
from inundate.prove.probe.reference import plain_skill, sample_features

SHORT = Effort(batches=40, one_batch=60, all_batches=200, remedy=60)


def drawn(*size, seed=0):
    return torch.randn(*size, generator=torch.Generator().manual_seed(seed))


def whole(most, *size, seed=0):
    return torch.randint(most, size, generator=torch.Generator().manual_seed(seed))


def batches(target, inputs, size=32):
    return [(inputs[i : i + size], target[i : i + size]) for i in range(0, len(target), size)]


@pytest.mark.parametrize(("temperature", "named"), [(60.0, [Cause.LOSS_FLOOR]), (3.0, [])])
def test_a_divergence_of_labels_that_are_all_but_even_has_nothing_to_learn(temperature, named):
    def taught(output, target):
        soft = (8.0 * functional.one_hot(target, 6) / temperature).softmax(1)
        return functional.kl_div(output.log_softmax(1), soft, reduction="batchmean")

    case = make_case(nn.Linear(5, 6), batches(whole(6, 320), drawn(320, 5)), loss=taught)
    assert [finding.cause for finding in probe_loss(Exam(case, SHORT))] == named


@pytest.mark.parametrize(
    ("last", "many", "named"),
    [
        (nn.Softmax(1), True, [Cause.LOSS_OUTPUT_MISMATCH]),
        (nn.Softmax(1), False, []),
        (nn.Sigmoid(), True, []),
        (nn.Sequential(nn.Sigmoid(), nn.Sigmoid()), True, [Cause.LOSS_OUTPUT_MISMATCH]),
    ],
)
def test_a_softmax_or_a_second_sigmoid_before_labels_of_their_own_is_seen(last, many, named):
    target = functional.one_hot(whole(5, 320), 5).float()
    if many:
        target = torch.maximum(target, functional.one_hot(whole(5, 320, seed=1), 5).float())
    torch.manual_seed(0)
    case = make_case(
        nn.Sequential(nn.Linear(4, 5), last), batches(target, drawn(320, 4)),
        loss=functional.binary_cross_entropy,
    )  # fmt: skip
    assert [finding.cause for finding in probe_loss(Exam(case, SHORT))] == named


def test_a_loss_of_chances_that_is_turned_round_is_seen():
    def turned(output, target):
        return -functional.binary_cross_entropy(output.clamp(0.01, 0.99), target)

    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(4, 1), nn.Sigmoid())
    target = whole(2, 320, 1).float()
    case = make_case(model, batches(target, drawn(320, 4)), loss=turned)
    assert [finding.cause for finding in probe_loss(Exam(case, SHORT))] == [Cause.LOSS_SIGN]


def test_a_loss_of_rates_that_knows_no_rate_below_zero_is_sound():
    def of_rates(output, target):
        return functional.poisson_nll_loss(output, target, log_input=False)

    rows = drawn(320, 4)
    counts = torch.poisson(rows[:, :1].exp(), generator=torch.Generator().manual_seed(3))
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(4, 1), nn.Softplus())
    assert not probe_loss(Exam(make_case(model, batches(counts, rows), loss=of_rates), SHORT))


@pytest.mark.parametrize("copies", [1, 2, 3])
def test_pairs_that_are_all_there_twice_were_written_twice(copies):
    pairs = whole(40, 960, 2).repeat(copies, 1)
    order = torch.randperm(len(pairs), generator=torch.Generator().manual_seed(2))
    pairs, target = pairs[order], (pairs.sum(1, keepdim=True) / 10.0)[order]
    at = len(pairs) * 3 // 4
    case = make_case(
        nn.Linear(2, 1), batches(target[:at], pairs[:at]),
        valid=batches(target[at:], pairs[at:]), loss=nn.functional.mse_loss,
    )  # fmt: skip
    # drawn from 1,600 by chance, about 350 of 960 share their pair with another
    assert written_twice(Exam(case, Effort(batches=100))) == (copies > 1)


class Writer(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(9, 8)
        self.tell = nn.Linear(8, 9)

    def forward(self, asked, before):
        return self.tell(self.embed(before) + self.embed(asked).mean(1, keepdim=True))


@pytest.mark.parametrize("so_far", [True, False])
def test_answers_so_far_are_no_inputs_from_which_answers_follow(so_far):
    asked, said = whole(9, 320, 5), whole(9, 320, 5, seed=1)
    before = said.roll(1, 1) if so_far else whole(9, 320, 5, seed=2)
    rows = [
        {"inputs": {"asked": a, "before": b}, "target": t}
        for a, b, t in zip(asked.split(32), before.split(32), said.split(32), strict=True)
    ]

    case = make_case(Writer(), rows, loss=lambda o, t: functional.cross_entropy(o.mT, t))
    exam = Exam(case, SHORT)
    features = sample_features(exam.train)
    assert features is not None
    assert features.shape[1] == (1024 if so_far else 2048)
    relaid = [cause for cause, _, _ in _unseen(exam) if cause is Cause.AXES_MIXED]
    assert bool(relaid) != so_far


@pytest.mark.parametrize("follows", [True, False])
def test_whether_counts_follow_from_inputs_is_asked_of_the_data(follows):
    rows = drawn(960, 4)
    counts = torch.poisson(rows[:, :1].exp(), generator=torch.Generator().manual_seed(3))
    if not follows:
        counts = counts.roll(1, 0)
    case = make_case(
        nn.Linear(4, 1), batches(counts[:720], rows[:720]), valid=batches(counts[720:], rows[720:]),
        loss=functional.poisson_nll_loss,
    )  # fmt: skip
    skill = plain_skill(Exam(case, SHORT))
    assert skill is not None
    assert (skill.value > 0.1) == follows
    assert (skill.p_value < 0.01) == follows


@pytest.mark.parametrize("times", [1.0, 40.0])
def test_weights_that_no_layer_draws_are_drawn_anew_where_nothing_is_learnt(times):
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(6, 24), nn.ReLU(), nn.Linear(24, 1))
    with torch.no_grad():
        model[0].weight.mul_(times)
    case = make_case(model, batches(drawn(320, 1), drawn(320, 6)), loss=functional.mse_loss)
    tried = [cause for cause, _, _ in _unseen(Exam(case, SHORT))]
    assert tried == ([Cause.BAD_START] if times > 1 else [])


class Alike(nn.Module):
    def __init__(self):
        super().__init__()
        self.net = nn.Linear(5, 4)

    def forward(self, one, other):
        return functional.cosine_similarity(self.net(one), self.net(other))


def test_likenesses_cannot_lie_beyond_their_targets():
    def of_pairs(output, target):
        return torch.where(target > 0, 1.0 - output, (output - 0.1).clamp(min=0.0)).mean()

    one, other, target = drawn(320, 5), drawn(320, 5, seed=1), 2.0 * whole(2, 320) - 1.0
    rows = [
        {"inputs": {"one": a, "other": b}, "target": t}
        for a, b, t in zip(one.split(32), other.split(32), target.split(32), strict=True)
    ]
    torch.manual_seed(0)
    exam = Exam(make_case(Alike(), rows, loss=of_pairs), SHORT)
    assert not probe_loss(exam)
    assert exam.ends == (-1.0, 1.0)
    least, constant = exam.levels([exam.typical])
    share = float((exam.typical["target"] > 0).float().mean())
    assert least == pytest.approx(0.0, abs=1e-3)
    assert constant == pytest.approx(0.9 * share, abs=0.02)


def test_places_without_a_class_are_no_errors():
    target = whole(3, 32, 6)
    target[:, 4:] = -100
    case = make_case(
        nn.Conv1d(2, 3, 1), batches(target, drawn(32, 2, 6)), loss=functional.cross_entropy
    )
    exam = Exam(case, SHORT)
    right = exam.answers.right(exam.typical)
    assert right is not None
    assert float(exam.error(right, exam.typical).max()) == 0.0


@pytest.mark.parametrize(
    ("given", "says"),
    [("lengths", True), ("mask", True), ("empty", True), ("other", False)],
)
def test_lengths_and_masks_say_where_the_padding_is(given, says):
    lengths = whole(5, 64) + 3
    held = torch.arange(10) < lengths[:, None]
    tokens = (1 + whole(20, 64, 10)) * held
    told = {"lengths": lengths, "mask": held, "empty": (~held).float(), "other": whole(9, 64)}
    assert says_where([{"inputs": {"tokens": tokens, given: told[given]}}], given) == says
