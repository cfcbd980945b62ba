"""Losses turned round, places and rare classes that are left out, and scores of small errors."""

import pytest
import torch
from torch import nn
from torch.nn import functional

from inundate.prove.case import make_case
from inundate.prove.cause import Cause
from inundate.prove.exam import Effort, Exam
from inundate.prove.finding import NONE_AT_ALL, Finding
from inundate.prove.follows import settle
from inundate.prove.probe.data import probe_target
from inundate.prove.probe.loss import probe_loss
from inundate.prove.probe.metric import probe_metric
from inundate.prove.probe.range import probe_range
from inundate.prove.probe.rare_missed import rare_missed

SHORT = Effort(batches=12, one_batch=40, all_batches=60, remedy=40)


def drawn(*size, seed=0):
    return torch.randn(*size, generator=torch.Generator().manual_seed(seed))


def exam_of(model, inputs, target, **own):
    data = [(inputs[i : i + 16], target[i : i + 16]) for i in range(0, len(inputs), 16)]
    return Exam(make_case(model, data, **own), SHORT)


def net(inputs=4, outputs=1):
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(inputs, 16), nn.ReLU(), nn.Linear(16, outputs))


def causes(found):
    return [finding.cause for finding in found]


def spread(output, target):
    """Give the negative logarithm of a normal distribution, by its mean and log variance."""
    mean, log_variance = output[:, :1], output[:, 1:]
    return (log_variance + (target - mean).square() / log_variance.exp()).mean()


def written(output, target):
    """Give the loss of two letters, wherever they are in five frames of three scores."""
    said = output.reshape(-1, 5, 3).log_softmax(2).transpose(0, 1)
    many = len(target)
    frames, letters = torch.full((many,), 5), torch.full((many,), 2)
    return functional.ctc_loss(said, target, frames, letters, zero_infinity=True)


def mixed(output, target):
    """Give the negative logarithm of a mixture of two normal distributions."""
    shares, means, scales = output[:, :2].log_softmax(1), output[:, 2:4], output[:, 4:]
    scales = scales.clamp(-4.0, 3.0)
    away = (target - means) / scales.exp()
    return -torch.logsumexp(shares - scales - 0.5 * away.square(), 1).mean()


@pytest.mark.parametrize("sign", [1.0, -1.0])
@pytest.mark.parametrize("loss", [spread, written, mixed])
def test_a_loss_without_a_lowest_answer_for_all_is_turned_round(loss, sign):
    rows = drawn(64, 4)
    target = 1 + (rows[:, :2] > 0).long() if loss is written else rows[:, :1]
    many = {spread: 2, mixed: 6, written: 15}[loss]
    found = probe_loss(exam_of(net(4, many), rows, target, loss=lambda o, t: sign * loss(o, t)))
    assert causes(found) == ([] if sign > 0 else [Cause.LOSS_SIGN])


@pytest.mark.parametrize(
    ("sign", "named"), [(-1.0, []), (1.0, [Cause.LOSS_SIGN])], ids=["as it is", "turned round"]
)
def test_a_divergence_of_shares_turned_round(sign, named):
    rows = drawn(64, 4)

    def loss(output, target):
        return sign * (target * output.log_softmax(1)).sum(1).mean()

    assert causes(probe_loss(exam_of(net(4, 4), rows, (4 * rows).softmax(1), loss=loss))) == named


class Words(nn.Module):
    """Score three classes at each of six places."""

    def __init__(self):
        super().__init__()
        self.tell = nn.Linear(4, 3)

    def forward(self, rows):
        return self.tell(rows).transpose(1, 2)


@pytest.mark.parametrize(("asked", "named"), [(6, []), (3, [Cause.LOSS_IGNORES])])
def test_places_of_classes_that_the_loss_leaves_out(asked, named):
    rows = drawn(64, 6, 4)
    target = rows[..., :3].argmax(2)
    target[:, 0] = torch.where(rows[:, 0, 3] > 0, target[:, 0], -100)  # some are not known

    def loss(output, target):
        return functional.cross_entropy(output[..., :asked], target[:, :asked])

    found = probe_loss(exam_of(Words(), rows, target, loss=loss))
    assert causes(found) == named


@pytest.mark.parametrize("wrong", [False, True])
def test_a_score_of_targets_that_are_small(wrong):
    rows = drawn(64, 6)
    target = 0.01 * rows.abs()

    def metric(output, target):
        return (output - (target.roll(1, 1) if wrong else target)).abs().mean()

    found = probe_metric(exam_of(net(6, 6), rows, target, metric=metric))
    assert causes(found) == ([Cause.METRIC_WRONG] if wrong else [])


@pytest.mark.parametrize(("half", "named"), [(True, []), (False, [Cause.LOSS_FLOOR])])
def test_a_small_loss_of_what_half_precision_computes_is_no_floor(half, named):
    rows = drawn(64, 4)
    labels = (rows[:, :1] > 0).float()

    def loss(output, target):
        output = output.half().float() if half else output
        return 1e-6 * functional.binary_cross_entropy_with_logits(output, target)

    assert causes(probe_loss(exam_of(net(), rows, labels, loss=loss))) == named


def few(share, rule):
    """Give rows of which a share are of the second class, by a rule."""
    rows = drawn(1600, 6)
    told = rule(rows)
    return rows, (told > told.quantile(1.0 - share)).float()[:, None]


@pytest.mark.parametrize(
    ("rule", "learns", "named"),
    [
        (lambda rows: 3.0 * rows[:, 0] - rows[:, 1], 1.0, []),
        (lambda rows: rows[:, 0] * rows[:, 1] * rows[:, 2], 0.0, [Cause.MAJORITY_COLLAPSE]),
        (lambda rows: rows[:, 0] * rows[:, 1] * rows[:, 2], 1.0, []),
    ],
    ids=["by a line", "by a product", "on its way"],
)
def test_a_rare_class_that_is_known_in_training_alone(rule, learns, named):
    rows, labels = few(0.04 if named else 0.08, rule)
    data = [(rows[i : i + 32], labels[i : i + 32]) for i in range(0, 1600, 32)]
    torch.manual_seed(0)
    model = nn.Sequential(
        nn.Linear(6, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 1)
    )
    case = make_case(
        model, data[:25], valid=data[25:], loss=functional.binary_cross_entropy_with_logits,
        optimiser=lambda model: torch.optim.Adam(model.parameters(), lr=1e-2),
    )  # fmt: skip
    exam = Exam(case, Effort(batches=25, all_batches=300))
    exam.findings += probe_target(exam)
    exam.figures["healthy"] = learns
    seen = exam.skill(exam.all.model, exam.learnt)
    assert causes(rare_missed(exam, seen)) == named


class Chances(nn.Module):
    """Give chances, or scores, of three letters in five frames."""

    def __init__(self, end):
        super().__init__()
        self.tell, self.end = net(4, 15), end

    def forward(self, rows):
        return self.end(self.tell(rows).reshape(len(rows), 5, 3))


@pytest.mark.parametrize(
    ("end", "named"),
    [(nn.Softmax(-1), [Cause.LOSS_OUTPUT_MISMATCH]), (nn.Identity(), [])],
    ids=["chances", "scores"],
)
def test_chances_where_scores_of_letters_are_asked_for(end, named):
    rows = drawn(64, 4)
    exam = exam_of(Chances(end), rows, 1 + (rows[:, :2] > 0).long(), loss=written)
    assert causes(probe_range(exam)) == named


@pytest.mark.parametrize(
    ("target", "cause"),
    [
        (lambda rows: rows[:, :3], Cause.OUTPUT_RANGE),
        (lambda rows: (rows[:, :3] > 0).float(), Cause.LOSS_OUTPUT_MISMATCH),
    ],
    ids=["values", "labels"],
)
def test_a_softmax_before_values_and_before_labels(target, cause):
    rows = drawn(96, 4)
    model = nn.Sequential(net(4, 3), nn.Softmax(1))
    exam = exam_of(model, rows, target(rows), loss=functional.mse_loss)
    found = probe_loss(exam) or probe_range(exam)
    assert causes(found) == [cause]


def test_what_a_training_does_at_the_end_of_a_range_beyond_which_all_targets_lie():
    def weights(firm, cut_off):
        found = settle([cut_off, Finding(Cause.OUTPUT_RANGE, "fault", "", firm=firm)])
        return [finding.weight for finding in found]

    unused = Finding(Cause.IGNORES_INPUT, "fault", "", "'rain'")
    assert weights(True, unused) == ["note", "fault"]
    assert weights(False, unused) == ["fault", "fault"]
    assert weights(True, Finding(Cause.NO_GRADIENT, "fault", "", "head")) == ["note", "fault"]
    whole = Finding(Cause.NO_GRADIENT, "fault", "", NONE_AT_ALL, firm=True)
    assert weights(True, whole) == ["fault", "note"]
