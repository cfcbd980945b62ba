"""What a place in a batch, a start or a part says of a fault: rules that tell two causes apart."""

import pytest
import torch
from torch import nn

from inundate.prove.case import make_case
from inundate.prove.cause import Cause
from inundate.prove.exam import Effort, Exam
from inundate.prove.finding import Finding
from inundate.prove.follows import settle
from inundate.prove.probe.each_input import probe_each_input
from inundate.prove.probe.loader import probe_loader
from inundate.prove.probe.turned import probe_turned
from inundate.prove.probe.weights import probe_weights

SHORT = Effort(batches=20, one_batch=40, all_batches=80, remedy=40)


class Shuffled:
    """Batches of 16 in a new order each epoch, of which something is changed."""

    def __init__(self, inputs, target, change):
        self.inputs, self.target, self.change = inputs, target, change
        self.drawn = torch.Generator().manual_seed(0)

    def __iter__(self):
        order = torch.randperm(len(self.target), generator=self.drawn)
        for rows in order.split(16):
            inputs = {name: value[rows] for name, value in self.inputs.items()}
            yield self.change(inputs, self.target[rows].clone(), self.drawn)


def copied(inputs, target, _drawn):
    target[8:] = target[:8]
    return inputs, target


def redrawn(inputs, target, drawn):
    some = torch.rand(len(target), generator=drawn) < 0.4
    target[some] = torch.randint(3, (int(some.sum()),), generator=drawn)
    return inputs, target


def copied_input(inputs, target, _drawn):
    left = inputs["left"].clone()
    left[8:] = left[:8]
    return {**inputs, "left": left}, target


@pytest.mark.parametrize(
    ("change", "wanted"),
    [(copied, Cause.TARGETS_MISPAIRED), (redrawn, Cause.NOISE_TOO_STRONG)],
)
def test_labels_that_are_lost_by_place_in_a_batch_are_not_noise(change, wanted):
    drawn = torch.Generator().manual_seed(1)
    inputs = {"rows": torch.randn(320, 4, generator=drawn)}
    train = Shuffled(inputs, torch.randint(3, (320,), generator=drawn), change)
    exam = Exam(make_case(nn.Linear(4, 3), train), SHORT)
    assert [finding.cause for finding in probe_loader(exam)] == [wanted]


def test_an_input_of_another_sample_of_the_batch_is_mispaired():
    drawn = torch.Generator().manual_seed(1)
    inputs = {name: torch.randn(320, 4, generator=drawn) for name in ("left", "right")}
    train = Shuffled(inputs, torch.randn(320, 1, generator=drawn), copied_input)
    exam = Exam(make_case(nn.Linear(4, 1), train), SHORT)
    assert [finding.cause for finding in probe_each_input(exam)] == [Cause.TARGETS_MISPAIRED]


@pytest.mark.parametrize(("weight", "wanted"), [(3.0, []), (20.0, [Cause.MAJORITY_COLLAPSE])])
def test_a_class_that_counts_for_all_others_together_is_told(weight, wanted):
    drawn = torch.Generator().manual_seed(0)
    target = torch.arange(96) % 3
    data = [(torch.randn(32, 4, generator=drawn), target[i : i + 32]) for i in range(0, 96, 32)]
    loss = nn.CrossEntropyLoss(weight=torch.tensor([1.0, weight, 1.0]))
    found = probe_weights(Exam(make_case(nn.Linear(4, 3), data, loss=loss), SHORT))
    assert [(finding.cause, finding.weight) for finding in found] == [
        (c, "suspect") for c in wanted
    ]


def test_units_that_are_dead_for_a_symmetric_start_are_named_by_that():
    dead = Finding(Cause.DEAD_UNITS, "fault", "all are 0")
    start = Finding(Cause.SYMMETRIC_START, "fault", "all are alike", tried=True)
    assert [finding.weight for finding in settle([dead, start])] == ["note", "fault"]
    assert [finding.weight for finding in settle([dead])] == ["fault"]


@pytest.mark.parametrize(("some", "wanted"), [(False, []), (True, [Cause.AXES_MIXED])])
def test_training_maps_that_tell_their_targets_as_well_are_not_asked_for_turns(some, wanted):
    drawn = torch.Generator().manual_seed(0)
    maps = torch.randn(160, 1, 10, 10, generator=drawn)
    target = 0.6 * maps + torch.randn(160, 1, 10, 10, generator=drawn)
    held = maps[:128].clone()
    if some:
        held[::2] = held[::2].flip(-1)
    data = [(held[i : i + 16], target[i : i + 16]) for i in range(0, 128, 16)]
    model = nn.Conv2d(1, 1, 3, padding=1)
    exam = Exam(make_case(model, data, valid=[(maps[128:], target[128:])]), SHORT)
    assert [finding.cause for finding in probe_turned(exam)] == wanted
    assert ("lie_right_train" in exam.figures) is some
