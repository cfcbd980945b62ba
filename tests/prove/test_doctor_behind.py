"""Causes that stood behind another name: signs, dead layers, depth, targets of another sample."""

import pytest
import torch
from torch import nn
from torch.nn import functional

from inundate.prove.case import make_case
from inundate.prove.cause import Cause
from inundate.prove.exam import Effort, Exam
from inundate.prove.probe.fit import probe_fit
from inundate.prove.probe.gradient import probe_gradient
from inundate.prove.probe.loss import probe_loss
from inundate.prove.probe.turned import probe_turned
from inundate.prove.probe.use import probe_use

SHORT = Effort(batches=12, one_batch=40, all_batches=60, remedy=40)


def drawn(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def exam_of(model, inputs, target, **own):
    data = [(inputs[i : i + 16], target[i : i + 16]) for i in range(0, len(inputs), 16)]
    return Exam(make_case(model, data, **own), SHORT)


def success(output, target):
    """Give the critical success index of what is above 0.05, without steps."""
    given, wanted = (torch.sigmoid((depth - 0.05) / 0.02) for depth in (output, target))
    hits = (given * wanted).sum()
    return hits / (given + wanted - given * wanted).sum()


@pytest.mark.parametrize(("sign", "wanted"), [(1.0, [Cause.LOSS_SIGN]), (-1.0, [])])
def test_a_score_that_leaves_its_targets_from_the_start_is_minimised(sign, wanted):
    inputs = drawn(64, 1, 8, 8)
    target = (0.1 * inputs - 0.1).clamp(min=0.0)  # most places are dry

    def loss(output, target):
        return sign * success(output, target)

    exam = exam_of(nn.Conv2d(1, 1, 3, padding=1), inputs, target, loss=loss)
    assert [finding.cause for finding in probe_loss(exam)] == wanted


class Nothing(nn.Module):
    """Multiplies by 0."""

    def forward(self, values):
        return 0.0 * values


@pytest.mark.parametrize(
    ("layer", "wanted"),
    [
        (nn.Threshold(60.0, 0.0), (Cause.DEAD_UNITS, "1")),
        (nn.Hardshrink(60.0), (Cause.DEAD_UNITS, "1")),
        (Nothing(), (Cause.IGNORES_INPUT, "its inputs")),
    ],
)
def test_a_layer_that_gives_one_number_is_dead_if_larger_inputs_wake_it(layer, wanted):
    torch.manual_seed(0)
    inputs = drawn(96, 4)
    model = nn.Sequential(nn.Linear(4, 16), layer, nn.Linear(16, 1))
    (found,) = probe_use(exam_of(model, inputs, inputs[:, :1]))
    assert (found.cause, found.subject) == wanted


def gated(wide=1.0):
    """Give sixteen layers of gates, the first of them drawn some times as wide."""
    torch.manual_seed(0)
    layers = [nn.Linear(4, 16)]
    for _ in range(16):
        layers += [nn.GLU(), nn.Linear(8, 16)]
    layers[0].weight.data.mul_(wide)
    return nn.Sequential(*layers, nn.GLU(), nn.Linear(8, 1))


def test_what_fades_as_its_layers_are_drawn_by_themselves_is_too_deep():
    inputs = drawn(96, 4)
    exam = exam_of(gated(), inputs, inputs[:, :1])
    exam.findings += probe_gradient(exam)
    (found,) = probe_fit(exam)
    assert (found.cause, found.weight, found.tried) == (Cause.VANISHING_GRADIENT, "fault", True)
    assert "with batch norm behind each layer" in found.evidence


def test_what_fades_is_not_called_too_deep_where_its_weights_are_of_another_size():
    inputs = drawn(96, 4)
    exam = exam_of(gated(20.0), inputs, inputs[:, :1])
    exam.findings += probe_gradient(exam)
    probe_fit(exam)
    assert "one_batch, with fresh weights" in exam.figures


def smooth(count, *, seed):
    return functional.avg_pool2d(4.0 * drawn(count, 2, 16, 16, seed=seed), 5, 1, 2)


@pytest.mark.parametrize(
    ("change", "wanted"),
    [
        (lambda maps: maps.roll(3, 0), [Cause.TARGETS_MISPAIRED]),
        (lambda maps: maps.flip(-1), [Cause.AXES_MIXED]),
        (lambda maps: maps, []),
    ],
)
def test_targets_of_others_in_a_batch_are_told_from_targets_that_are_turned(change, wanted):
    maps, other = smooth(64, seed=0), smooth(32, seed=3)
    given = torch.cat([change(part) for part in maps[: 16 * 3].split(16)] + [maps[48:]])
    target = maps[:, :1] + 0.3 * maps[:, 1:]
    if wanted == [Cause.TARGETS_MISPAIRED]:  # the share that is less counts for the target
        target = target.roll(1, 0)
    valid = [(other, other[:, :1] + 0.3 * other[:, 1:])]
    exam = exam_of(nn.Conv2d(2, 1, 3, padding=1), given, target, valid=valid)
    assert [finding.cause for finding in probe_turned(exam)] == wanted
