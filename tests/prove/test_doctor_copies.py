"""What stands in both parts, in another guise, or in the inputs; and parts of another kind."""

import pytest
import torch
from torch import nn
from torch.nn import functional

from inundate.prove.case import make_case
from inundate.prove.cause import Cause
from inundate.prove.exam import Effort, Exam
from inundate.prove.probe.copies import turned
from inundate.prove.probe.learn import probe_learn
from inundate.prove.probe.near_images import near_images
from inundate.prove.probe.relation import probe_target_in_input
from inundate.prove.probe.same_answers import same_answers
from inundate.prove.probe.split import probe_split
from inundate.prove.probe.weights import probe_weights

SHORT = Effort(batches=20, one_batch=40, all_batches=80, remedy=40)


def exam_of(model, inputs, target, **own):
    data = [(inputs[i : i + 16], target[i : i + 16]) for i in range(0, len(inputs), 16)]
    return Exam(make_case(model, data, **own), SHORT)


class Last(nn.Module):
    """Gives the last value of a series."""

    def __init__(self):
        super().__init__()
        self.scale = nn.Parameter(torch.ones(1))

    def forward(self, series):
        return self.scale * series[:, -1]


@pytest.mark.parametrize(
    ("turn", "wanted"),
    [
        (lambda maps: torch.randn_like(maps), []),
        (lambda maps: maps.flip(-1), [Cause.SPLIT_LEAK]),
        (lambda maps: maps.rot90(1, (-2, -1)), [Cause.SPLIT_LEAK]),
    ],
)
def test_validation_maps_that_are_training_maps_turned_are_leaked(turn, wanted):
    torch.manual_seed(0)
    maps = torch.randn(64, 2, 6, 6)
    valid = turn(maps[:32])
    exam = exam_of(nn.Conv2d(2, 1, 1), maps, maps[:, :1], valid=[(valid, valid[:, :1])])
    assert [finding.cause for finding in probe_split(exam)] == wanted


@pytest.mark.parametrize(("mixed", "wanted"), [(False, []), (True, [Cause.SPLIT_LEAK])])
def test_windows_that_overlap_across_the_split_are_leaked(mixed, wanted):
    series = torch.randn(330, generator=torch.Generator().manual_seed(0))
    windows = series.unfold(0, 12, 1)[:, :, None]  # (319, 12, 1)
    order = torch.randperm(319, generator=torch.Generator().manual_seed(1))
    windows = windows[order] if mixed else windows
    valid = [(windows[240:], windows[240:, -1])]
    exam = exam_of(Last(), windows[:240], windows[:240, -1], valid=valid)
    assert [finding.cause for finding in probe_split(exam)] == wanted


@pytest.mark.parametrize(("bound", "wanted"), [(None, []), (0.5, [Cause.TARGET_IN_INPUT])])
def test_the_outline_of_a_target_in_a_channel_is_found(bound, wanted):
    drawn = torch.Generator().manual_seed(0)
    target = torch.rand(64, 1, 6, 6, generator=drawn)
    other = torch.rand(64, 1, 6, 6, generator=drawn)
    outline = ((other if bound is None else target) > 0.5).float()
    exam = exam_of(nn.Conv2d(2, 1, 1), torch.cat([other, outline], 1), target)
    assert [finding.cause for finding in probe_target_in_input(exam)] == wanted


@pytest.mark.parametrize("exchanged", [False, True])
def test_validation_of_another_kind_is_told_by_training_samples_that_are_left_out(exchanged):
    torch.manual_seed(0)
    inputs = torch.randn(320, 4)
    target = inputs[:, :1] + 2.0 * inputs[:, 1:2]
    valid = inputs[240:].flip(1) if exchanged else inputs[240:]
    exam = exam_of(
        nn.Linear(4, 1), inputs[:240], target[:240], valid=[(valid, target[240:])],
        optimiser=lambda m: torch.optim.Adam(m.parameters(), lr=0.05),
    )  # fmt: skip
    found = [finding.cause for finding in probe_learn(exam)]
    assert found == ([Cause.SPLIT_SHIFT] if exchanged else [])


def test_validation_targets_that_follow_from_nothing_are_no_other_preparation():
    torch.manual_seed(0)
    inputs, target = torch.randn(160, 40), torch.randn(160, 1)
    exam = exam_of(
        nn.Linear(40, 1), inputs[:96], target[:96], valid=[(inputs[96:], target[96:])],
        optimiser=lambda m: torch.optim.Adam(m.parameters(), lr=0.05),
    )  # fmt: skip
    assert Cause.SPLIT_SHIFT not in {finding.cause for finding in probe_learn(exam)}


@pytest.mark.parametrize(
    ("weight", "wanted"), [(1.0, []), (9.0, []), (0.1, [Cause.MAJORITY_COLLAPSE])]
)
def test_weights_that_are_the_wrong_way_round_are_told(weight, wanted):
    torch.manual_seed(0)
    inputs = torch.randn(160, 4)
    target = (torch.arange(160) % 10 == 0).float()[:, None]

    def loss(output, target):
        return functional.binary_cross_entropy_with_logits(
            output, target, pos_weight=torch.tensor([weight])
        )

    found = probe_weights(exam_of(nn.Linear(4, 1), inputs, target, loss=loss))
    assert [finding.cause for finding in found] == wanted


@pytest.mark.parametrize(("copied", "wanted"), [(False, []), (True, [Cause.SPLIT_LEAK])])
def test_photographs_with_what_is_given_beside_them_are_copies_of_others(copied, wanted):
    drawn = torch.Generator().manual_seed(0)
    images, sun = torch.randn(80, 1, 8, 8, generator=drawn), torch.randn(80, 1, generator=drawn)
    noise = 0.1 * torch.randn(40, 1, 8, 8, generator=drawn)
    held = (images[:40] + noise, sun[:40]) if copied else (images[40:] + noise, sun[40:])
    target = images.mean((1, 2, 3))[:, None]
    valid = [({"image": held[0], "sun": held[1]}, target[:40] if copied else target[40:])]
    rows = slice(0, 40) if not copied else slice(0, 80)
    data = [({"image": images[rows], "sun": sun[rows]}, target[rows])]
    exam = Exam(make_case(nn.Linear(1, 1), data, valid=valid), SHORT)
    assert [finding.cause for finding in near_images(exam)] == wanted


@pytest.mark.parametrize(("near", "wanted"), [(False, []), (True, [Cause.SPLIT_LEAK])])
def test_target_maps_that_stand_in_both_parts_are_leaked_beside_near_inputs(near, wanted):
    drawn = torch.Generator().manual_seed(0)
    maps, target = (torch.randn(32, 1, 6, 6, generator=drawn) for _ in range(2))
    inputs = maps[:16] + 0.1 * torch.randn(16, 1, 6, 6, generator=drawn)
    valid = [(inputs if near else inputs.roll(1, 0), target[:16])]
    exam = exam_of(nn.Conv2d(1, 1, 1), maps, target, valid=valid)
    assert [finding.cause for finding in same_answers(exam)] == wanted


def test_a_vector_that_turns_with_its_map_hides_no_copy():
    drawn = torch.Generator().manual_seed(0)
    maps = torch.randn(64, 5, 6, 6, generator=drawn)
    valid = maps[:32].flip((-2, -1))
    valid[:, :2] *= -1  # the two parts of a slope
    target = maps[:, 2:3]
    exam = exam_of(nn.Conv2d(5, 1, 1), maps, target, valid=[(valid, target[:32].flip((-2, -1)))])
    assert [finding.cause for finding in turned(exam)] == [Cause.SPLIT_LEAK]
    exam = exam_of(nn.Conv2d(5, 1, 1), maps, target, valid=[(valid, torch.randn(32, 1, 6, 6))])
    assert turned(exam) == []


@pytest.mark.parametrize(("away", "wanted"), [(4.0, []), (0.3, [Cause.TARGET_IN_INPUT])])
def test_a_number_that_parts_kinds_which_all_others_part_as_well_is_no_leak(away, wanted):
    drawn = torch.Generator().manual_seed(0)
    target = torch.arange(320) % 2
    rows = torch.randn(320, 12, generator=drawn) + away * (2 * target[:, None] - 1)
    rows[:, 3] = 0.2 * torch.randn(320, generator=drawn) + 2.0 * target  # parts both, in each case
    data = [(rows[i : i + 32], target[i : i + 32]) for i in range(0, 320, 32)]
    exam = Exam(make_case(nn.Linear(12, 2), data), Effort(batches=10))
    assert [finding.cause for finding in probe_target_in_input(exam)] == wanted
