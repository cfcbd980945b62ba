"""Rules of images and maps: parts of a loss, places, each beside a healthy counterpart."""

import pytest
import torch
from torch import nn
from torch.nn import functional

from inundate.prove.case import make_case
from inundate.prove.cause import Cause
from inundate.prove.exam import Effort, Exam, Skill
from inundate.prove.probe.crossed import probe_crossed
from inundate.prove.probe.fresh import odd_weights
from inundate.prove.probe.learn import probe_learn
from inundate.prove.probe.loader import probe_loader
from inundate.prove.probe.loss import probe_loss
from inundate.prove.probe.mixing import probe_mixing
from inundate.prove.probe.moved_alone import moved_alone
from inundate.prove.probe.relation import probe_axes, probe_target_in_input
from inundate.prove.probe.reshaped import probe_reshaped
from inundate.prove.probe.rougher import rougher

SHORT = Effort(batches=20, one_batch=40, all_batches=80, remedy=40)


def drawn(*size, seed=0):
    return torch.randn(*size, generator=torch.Generator().manual_seed(seed))


def exam_of(model, inputs, target, *, size=16, **own):
    torch.manual_seed(0)
    data = [(inputs[i : i + size], target[i : i + size]) for i in range(0, len(inputs), size)]
    return Exam(make_case(model, data, **own), SHORT)


def causes(found):
    return [finding.cause for finding in found]


def two_parts(part):
    """Give a loss of which the first part takes one channel, the second all others."""

    def loss(output, target):
        seen = (part(output).sigmoid() - target[:, :1]).square().mean()
        return seen + functional.l1_loss(output[:, 1:], target[:, 1:])

    return loss


@pytest.mark.parametrize(
    ("loss", "wanted"),
    [
        (two_parts(lambda output: output[:, 0]), [Cause.SHAPE_BROADCAST]),
        (two_parts(lambda output: output[:, :1]), []),
        (lambda out, t: (out - t).abs().mean() + (out[:, :1] - out[:, 1]).var(), []),
        (lambda out, t: functional.mse_loss(out[:, 0], t[:, :1]), [Cause.SHAPE_BROADCAST]),
        (lambda out, t: ((out - t).square().mean((1, 2, 3)) * t.mean((1, 2, 3))).sum(), []),
    ],
)
def test_a_part_of_a_loss_that_meets_all_targets_is_seen_in_its_shapes(loss, wanted):
    images = drawn(16, 1, 6, 6)
    target = torch.cat([(images > 0).float(), images, images], 1)
    model = nn.Conv2d(1, 3, 3, padding=1)
    assert causes(probe_crossed(exam_of(model, images, target, loss=loss))) == wanted


class Moved:
    """Gives images rolled by one cell more each epoch, and their targets if these go along."""

    def __init__(self, target, *, along):
        self.epoch, self.target, self.along = 0, target, along
        self.images = drawn(len(target), 1, 6, 6)

    def __iter__(self):
        self.epoch += 1
        target = self.target.roll(self.epoch, -1) if self.along else self.target
        yield self.images.roll(self.epoch, -1), target


@pytest.mark.parametrize(
    ("places", "along", "wanted"), [(True, False, True), (True, True, False), (False, False, False)]
)
def test_images_that_move_without_their_masks_are_told_from_an_augmentation(places, along, wanted):
    target = drawn(32, 1, 6, 6, seed=1) if places else drawn(32, 1, seed=1)
    exam = Exam(make_case(nn.Conv2d(1, 1, 1), Moved(target, along=along)), SHORT)
    assert bool(moved_alone(exam)) is wanted


@pytest.mark.parametrize(("sign", "wanted"), [(-1.0, []), (1.0, [Cause.LOSS_SIGN])])
def test_a_focal_loss_that_lacks_its_minus_has_the_wrong_sign(sign, wanted):
    def focal(output, target):
        told = output.log_softmax(1).gather(1, target[:, None])
        return sign * ((1 - told.exp()).square() * told).mean()

    images = drawn(32, 1, 6, 6)
    model = nn.Sequential(nn.Flatten(), nn.Linear(36, 5))
    exam = exam_of(model, images, torch.arange(32) % 5, loss=focal)
    assert causes(probe_loss(exam)) == wanted


class Finer(nn.Module):
    """Gives one map of twice as many rows and columns as four coarse ones."""

    def __init__(self, *, shuffled):
        super().__init__()
        self.coarse, self.shuffled = nn.Conv2d(1, 4, 2, 2), shuffled

    def forward(self, images):
        maps = self.coarse(images)
        return functional.pixel_shuffle(maps, 2) if self.shuffled else maps.reshape(images.shape)


@pytest.mark.parametrize(
    ("shuffled", "level", "wanted"),
    [(True, 1.0, []), (False, 1.0, [Cause.AXES_MIXED]), (False, 0.0, [])],
)
def test_coarse_maps_that_are_reshaped_to_a_fine_one_are_mixed(shuffled, level, wanted):
    images = level * drawn(16, 1, 8, 8)
    assert causes(probe_reshaped(exam_of(Finer(shuffled=shuffled), images, images))) == wanted


@pytest.mark.parametrize(("turned", "wanted"), [(False, []), (True, [Cause.AXES_MIXED])])
def test_cells_of_a_coarse_grid_are_told_by_all_that_lies_in_them(turned, wanted):
    images = 0.2 * drawn(96, 1, 16, 16)
    places = torch.rand(96, 1, 16, 16, generator=torch.Generator().manual_seed(1)) > 0.99
    seen = functional.max_pool2d(places.float(), 4)
    target = seen.transpose(2, 3).contiguous() if turned else seen
    exam = exam_of(nn.Conv2d(1, 1, 4, 4), images + 2.0 * places, target)
    assert causes(probe_axes(exam)) == wanted


class ByToken(nn.Module):
    """Reads a first token, which is the same in all samples, after attention of some axis."""

    def __init__(self, *, batch_first):
        super().__init__()
        self.first = nn.Parameter(torch.randn(1, 1, 8))
        self.look = nn.MultiheadAttention(8, 1, batch_first=batch_first)
        self.tell = nn.Linear(8, 1)

    def forward(self, words):
        words = torch.cat([self.first.expand(1, len(words), -1), words.transpose(0, 1)])
        return self.tell((words + self.look(words, words, words)[0])[0])


@pytest.mark.parametrize(("batch_first", "wanted"), [(False, []), (True, [Cause.AXES_MIXED])])
def test_a_batch_that_comes_second_is_not_taken_for_time(batch_first, wanted):
    words = drawn(32, 6, 8)
    exam = exam_of(ByToken(batch_first=batch_first), words, words.mean((1, 2))[:, None])
    assert causes(probe_mixing(exam)) == wanted


@pytest.mark.parametrize(("level", "wanted"), [(3.0, [Cause.TARGET_IN_INPUT]), (None, [])])
def test_a_mask_that_is_painted_on_one_of_two_channels_is_seen(level, wanted):
    images = drawn(64, 2, 8, 8)
    mask = (functional.avg_pool2d(images[:, :1], 3, 1, 1) > 0.4).float()
    images[:, 1:] = images[:, 1:] + mask if level is None else torch.where(
        mask > 0, level, images[:, 1:]
    )  # fmt: skip
    exam = exam_of(nn.Conv2d(2, 1, 3, padding=1), images, mask)
    assert causes(probe_target_in_input(exam)) == wanted


@pytest.mark.parametrize(
    ("smoothed", "lost", "wanted"),
    [(True, 0.5, [Cause.SPLIT_SHIFT]), (True, 0.0, []), (False, 0.5, [])],
)
def test_images_that_are_smoothed_in_validation_alone_are_prepared_otherwise(
    smoothed, lost, wanted
):
    images = drawn(64, 1, 8, 8)
    other = drawn(32, 1, 8, 8, seed=1)
    other = functional.avg_pool2d(other, 3, 1, 1) if smoothed else other
    exam = exam_of(nn.Conv2d(1, 1, 1), images, images, valid=[(other, other)])
    exam.figures["samples_that_recur"] = 1.0
    found = rougher(exam, Skill(0.9, 0.001, 0.9), Skill(0.9 - lost, 0.001, 0.5))
    assert causes(found) == wanted


@pytest.mark.parametrize(("times", "wanted"), [(1.0, False), (3.0, False), (50.0, True)])
def test_queries_and_keys_that_are_far_too_long_are_odd_weights(times, wanted):
    model = ByToken(batch_first=False)
    with torch.no_grad():
        model.look.in_proj_weight.mul_(times)
    words = drawn(32, 6, 8)
    assert bool(odd_weights(exam_of(model, words, words.mean((1, 2))[:, None]))) is wanted


@pytest.mark.parametrize(
    ("rate", "momentum", "wanted"),
    [(3.0, 0.1, Cause.RATE_TOO_HIGH), (0.01, 0.0, Cause.TRAIN_EVAL_GAP), (0.01, 0.1, None)],
)
def test_modes_that_part_at_a_wild_rate_alone_are_the_fault_of_the_rate(rate, momentum, wanted):
    images = 3.0 + drawn(320, 4, seed=2)
    torch.manual_seed(0)
    model = nn.Sequential(
        nn.Linear(4, 16), nn.BatchNorm1d(16, momentum=momentum), nn.ReLU(), nn.Linear(16, 2)
    )
    exam = exam_of(
        model, images, (images[:, 0] > 3.0).long(), loss=functional.cross_entropy,
        optimiser=lambda net: torch.optim.AdamW(net.parameters(), lr=rate),
    )  # fmt: skip
    assert causes(probe_learn(exam)) == ([wanted] if wanted else [])


@pytest.mark.parametrize(("of_classes", "wanted"), [(True, []), (False, [Cause.LOADER_SORTED])])
def test_shares_of_classes_that_are_mixed_by_the_batch_are_not_sorted(of_classes, wanted):
    images = drawn(160, 1, 6, 6)
    classes = functional.one_hot(torch.arange(160) % 6, 6).float()
    share = torch.linspace(0.01, 0.99, 10).repeat_interleave(16)[:, None]
    target = share * classes + (1 - share) * classes.roll(1, 0)
    target = target if of_classes else 100 * share + target
    model = nn.Sequential(nn.Flatten(), nn.Linear(36, 6))
    assert causes(probe_loader(exam_of(model, images, target))) == wanted
