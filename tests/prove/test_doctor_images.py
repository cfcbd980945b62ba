"""Rules of images and maps: copies, chances, rounder rectifiers, modes, what reaches whom."""

import pytest
import torch
from torch import nn
from torch.nn import functional

from inundate.prove.case import make_case
from inundate.prove.cause import Cause
from inundate.prove.exam import Effort, Exam
from inundate.prove.probe.data import probe_target
from inundate.prove.probe.laid import probe_laid
from inundate.prove.probe.learn import probe_learn
from inundate.prove.probe.loader import probe_loader
from inundate.prove.probe.loss import probe_loss
from inundate.prove.probe.mixing import probe_mixing
from inundate.prove.probe.range import probe_range
from inundate.prove.probe.relation import probe_axes, probe_target_in_input
from inundate.prove.probe.split import probe_split
from inundate.prove.probe.start import probe_start

SHORT = Effort(batches=20, one_batch=40, all_batches=80, remedy=40)


def drawn(*size, seed=0):
    return torch.randn(*size, generator=torch.Generator().manual_seed(seed))


def exam_of(model, inputs, target, *, size=16, **own):
    torch.manual_seed(0)
    data = [(inputs[i : i + size], target[i : i + size]) for i in range(0, len(inputs), size)]
    return Exam(make_case(model, data, **own), SHORT)


def causes(found):
    return [finding.cause for finding in found]


@pytest.mark.parametrize(
    ("again", "wanted"),
    [
        (lambda images: drawn(*images.shape, seed=5), []),
        (lambda images: images + 0.1 * drawn(*images.shape, seed=5), [Cause.SPLIT_LEAK]),
        (lambda images: 1.4 * images + 0.3, [Cause.SPLIT_LEAK]),
        (
            lambda images: images.roll(1, -1) + 0.1 * drawn(*images.shape, seed=5),
            [Cause.SPLIT_LEAK],
        ),
    ],
)
def test_images_that_were_changed_a_little_and_then_split_are_leaked(again, wanted):
    images = drawn(64, 1, 12, 12)
    target = (images.mean((1, 2, 3)) > 0).long()
    valid = [(again(images[:40]), target[:40])]
    model = nn.Sequential(nn.Flatten(), nn.Linear(144, 2))
    assert causes(probe_split(exam_of(model, images, target, valid=valid))) == wanted


def test_images_on_a_line_are_near_each_other_and_no_copies():
    level = torch.linspace(0, 3.0, 96)[torch.randperm(96, generator=torch.Generator())]
    places = torch.arange(12.0)
    images = torch.cos(places[None, None, :, None] / 2 + level[:, None, None, None]).repeat(
        1, 1, 1, 12
    )
    model = nn.Sequential(nn.Flatten(), nn.Linear(144, 1))
    valid = [(images[64:], level[64:, None])]
    assert not probe_split(exam_of(model, images[:64], level[:64, None], valid=valid))


def cut_off(out, target):
    return functional.binary_cross_entropy_with_logits(out, target.clamp(0, 1))


@pytest.mark.parametrize(
    ("loss", "most", "wanted"),
    [
        (cut_off, 2.0, [Cause.LOSS_FLOOR]),
        (functional.mse_loss, 2.0, []),
        (functional.smooth_l1_loss, 2.0, []),
        (lambda out, t: functional.poisson_nll_loss(out, t), 2.0, []),
    ],
)
def test_a_cross_entropy_is_given_values_above_one(loss, most, wanted):
    maps = drawn(64, 1, 6, 6)
    target = most * torch.sigmoid(2.0 * maps)
    exam = exam_of(nn.Conv2d(1, 1, 1), maps, target, loss=loss)
    assert causes(probe_loss(exam)) == wanted


@pytest.mark.parametrize(
    ("loss", "wanted"),
    [
        (functional.l1_loss, []),
        (
            lambda out, t: (out.mean((1, 2, 3)) - t.mean((1, 2, 3))).abs().mean(),
            [Cause.LOSS_IGNORES],
        ),
    ],
)
def test_a_loss_of_the_mean_of_a_map_does_not_see_its_places(loss, wanted):
    maps = drawn(64, 1, 6, 6)
    found = probe_loss(exam_of(nn.Conv2d(1, 1, 1), maps, maps.tanh(), loss=loss))
    assert causes(found) == wanted


@pytest.mark.parametrize("bend", [nn.GELU(), nn.SiLU(), nn.ELU(), nn.Mish(), nn.Hardswish()])
@pytest.mark.parametrize(("bias", "wanted"), [(0.0, []), (-60.0, [Cause.DEAD_UNITS])])
def test_rounder_rectifiers_are_dead_far_below_their_bend(bend, bias, wanted):
    torch.manual_seed(0)
    model = nn.Sequential(nn.Conv2d(1, 4, 3, padding=1), bend, nn.Conv2d(4, 1, 1))
    with torch.no_grad():
        model[0].bias.fill_(bias)
    maps = drawn(64, 1, 6, 6)
    found = probe_start(exam_of(model, maps, maps.tanh()))
    assert [f.cause for f in found if f.is_fault] == wanted


class Dropped(nn.Module):
    """Drops in training, and makes up for it or not."""

    def __init__(self, share, made_up):
        super().__init__()
        self.share, self.by = share, 1 / (1 - share) if made_up else 1.0

    def forward(self, states):
        if not self.training:
            return states
        return self.by * states * (torch.rand_like(states) > self.share)


@pytest.mark.parametrize(("made_up", "wanted"), [(True, []), (False, [Cause.TRAIN_EVAL_GAP])])
def test_a_dropout_that_is_not_made_up_for_gives_other_sizes(made_up, wanted):
    torch.manual_seed(0)
    rows = drawn(320, 12)
    target = rows[:, :1] - rows[:, 1:2]
    model = nn.Sequential(nn.Linear(12, 64), nn.ReLU(), Dropped(0.8, made_up), nn.Linear(64, 1))
    exam = exam_of(
        model, rows[:240], target[:240], valid=[(rows[240:], target[240:])],
        optimiser=lambda m: torch.optim.Adam(m.parameters(), lr=3e-3),
    )  # fmt: skip
    found = [f.cause for f in probe_learn(exam) if f.cause is Cause.TRAIN_EVAL_GAP]
    assert found == wanted


@pytest.mark.parametrize(("same", "wanted"), [(False, []), (True, [Cause.LOADER_REPEATS])])
def test_inputs_that_lost_what_told_samples_apart_are_no_repetition(same, wanted):
    storm = torch.arange(64).remainder(8)
    rows = drawn(8, 4)[storm]
    target = drawn(8, 3)[storm] if same else drawn(64, 3)
    exam = exam_of(nn.Linear(4, 3), rows, target, size=8)
    assert causes(probe_loader(exam)) == wanted


class Token(nn.Module):
    """Attends among patches, or by mistake among samples, and answers by a token of its own."""

    def __init__(self, batch_first):
        super().__init__()
        self.token = nn.Parameter(torch.randn(1, 1, 8))
        self.read = nn.MultiheadAttention(8, 2, batch_first=batch_first)
        self.tell = nn.Linear(8, 1)

    def forward(self, series):
        held = torch.cat([self.token.expand(len(series), -1, -1), series], 1)
        return self.tell(self.read(held, held, held)[0][:, 0])


@pytest.mark.parametrize(("batch_first", "wanted"), [(True, []), (False, [Cause.AXES_MIXED])])
def test_attention_among_samples_is_seen_though_the_answer_is_the_same(batch_first, wanted):
    torch.manual_seed(0)
    series = drawn(64, 5, 8)
    exam = exam_of(Token(batch_first), series, series.mean((1, 2))[:, None])
    assert causes(probe_mixing(exam)) == wanted


@pytest.mark.parametrize("kind", ["values", "classes"])
@pytest.mark.parametrize(("given", "wanted"), [(False, []), (True, [Cause.TARGET_IN_INPUT])])
def test_a_frame_of_the_input_is_the_target(kind, given, wanted):
    frames, other = drawn(64, 3, 1, 6, 6), drawn(64, 6, 6, seed=1)
    told = frames[:, 2, 0] if given else other
    if kind == "values":
        exam = exam_of(nn.Flatten(1, 2), frames, told[:, None])
    else:
        frames = torch.where(told[:, None, None] > 0.5, 1.0, 0.0).repeat(1, 3, 1, 1, 1)[:, :, 0]
        frames = torch.cat([drawn(64, 2, 6, 6, seed=2), frames[:, :1]], 1)
        exam = exam_of(
            nn.Conv2d(3, 2, 1), frames, ((told if given else -other.flip(0)) > 0.5).long()
        )
    assert causes(probe_target_in_input(exam)) == wanted


def cover(laid_anew):
    """Give rough maps of six bands (N, 6, 8, 8) and the class of each place, -1 along an edge."""
    classes = (drawn(64, 2, 2, seed=3) > 0).long() + (drawn(64, 2, 2, seed=4) > 0).long()
    classes = classes.repeat_interleave(4, 1).repeat_interleave(4, 2)
    signs = torch.randn(3, 6, generator=torch.Generator().manual_seed(6))
    bands = signs[classes] + 0.9 * drawn(64, 8, 8, 6)
    maps = bands.reshape(64, 6, 8, 8) if laid_anew else bands.permute(0, 3, 1, 2).contiguous()
    classes[:, 0] = -1
    return maps, classes


@pytest.mark.parametrize(("laid_anew", "wanted"), [(False, []), (True, [Cause.AXES_MIXED])])
def test_rough_maps_that_were_reshaped_are_told_by_their_targets(laid_anew, wanted):
    assert causes(probe_laid(exam_of(nn.Conv2d(6, 3, 1), *cover(laid_anew), loss=unlabelled))) == (
        wanted
    )


def unlabelled(out, target):
    return functional.cross_entropy(out, target, ignore_index=-1)


def test_one_class_beside_places_without_a_label_is_constant():
    maps, classes = cover(laid_anew=False)
    exam = exam_of(nn.Conv2d(6, 3, 1), maps, classes.clamp(max=0), loss=unlabelled)
    assert causes(probe_target(exam)) == [Cause.TARGET_CONSTANT]
    assert not probe_target(exam_of(nn.Conv2d(6, 3, 1), maps, classes, loss=unlabelled))


@pytest.mark.parametrize(("width", "wanted"), [(1, [Cause.CANNOT_FIT]), (6, [])])
def test_all_that_is_told_goes_through_one_number(width, wanted):
    torch.manual_seed(0)
    rows = drawn(320, 6)
    model = nn.Sequential(
        nn.Linear(6, 16), nn.ReLU(), nn.Linear(16, width), nn.Linear(width, 16), nn.ReLU(),
        nn.Linear(16, 6),
    )  # fmt: skip
    exam = exam_of(
        model, rows[:240], rows[:240].tanh(), valid=[(rows[240:], rows[240:].tanh())],
        optimiser=lambda m: torch.optim.Adam(m.parameters(), lr=1e-2),
    )  # fmt: skip
    found = [f.cause for f in probe_learn(exam) if f.cause is Cause.CANNOT_FIT]
    assert found == wanted


@pytest.mark.parametrize(("turned", "wanted"), [(False, []), (True, [Cause.AXES_MIXED])])
def test_one_of_two_channels_of_a_target_lies_upside_down(turned, wanted):
    maps = functional.avg_pool2d(drawn(64, 2, 10, 10), 3, 1)
    target = torch.cat([maps[:, :1], maps[:, 1:].flip(-2) if turned else maps[:, 1:]], 1)
    assert causes(probe_axes(exam_of(nn.Conv2d(2, 2, 1), maps, target))) == wanted


@pytest.mark.parametrize("loss", [functional.mse_loss, functional.l1_loss])
def test_large_targets_of_a_square_error_are_no_chances(loss):
    maps = drawn(64, 1, 6, 6)
    exam = exam_of(nn.Conv2d(1, 1, 1), maps, 2000.0 + 500.0 * maps, loss=loss)
    assert not probe_loss(exam)


def smoothed(out, target):
    return functional.cross_entropy(out, target, label_smoothing=0.2)


@pytest.mark.parametrize(
    ("loss", "wanted"),
    [
        (functional.cross_entropy, []),
        (smoothed, []),
        (
            lambda out, t: functional.cross_entropy(out.softmax(1), t),
            [Cause.LOSS_OUTPUT_MISMATCH],
        ),
    ],
)
def test_a_loss_that_takes_two_softmaxes_itself(loss, wanted):
    rows = drawn(96, 6)
    target = rows[:, :4].argmax(1)
    assert causes(probe_loss(exam_of(nn.Linear(6, 4), rows, target, loss=loss))) == wanted


class Held(nn.Module):
    """Holds what a layer gives below a bound."""

    def __init__(self, bound):
        super().__init__()
        self.layer, self.bound = nn.Conv2d(1, 1, 3, padding=1), bound

    def forward(self, maps):
        return self.layer(maps).clamp(max=self.bound)


@pytest.mark.parametrize(("bound", "wanted"), [(9.0, []), (0.3, [Cause.OUTPUT_RANGE])])
def test_few_high_targets_that_hold_most_of_what_differs(bound, wanted):
    torch.manual_seed(0)
    maps = drawn(64, 1, 8, 8)
    target = torch.relu(2.0 * maps - 3.4)  # 4 % of the places are wet
    exam = exam_of(
        Held(bound), maps, target, optimiser=lambda m: torch.optim.Adam(m.parameters(), lr=0.02)
    )
    assert causes(probe_range(exam)) == wanted
