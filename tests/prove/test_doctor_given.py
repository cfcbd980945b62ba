"""Rules of what is wrong in the data, of any kind of model, each beside a healthy counterpart."""

import pytest
import torch
from torch import nn
from torch.nn import functional

from inundate.prove.case import make_case
from inundate.prove.cause import Cause
from inundate.prove.exam import Effort, Exam
from inundate.prove.finding import Finding
from inundate.prove.follows import settle
from inundate.prove.probe.brightness import level_of, probe_brightness
from inundate.prove.probe.centred import probe_centred
from inundate.prove.probe.copies import cut_from_one, slid
from inundate.prove.probe.data import probe_target
from inundate.prove.probe.label_words import label_words, told_without
from inundate.prove.probe.mixed_units import mixed_units
from inundate.prove.probe.near_texts import near_texts
from inundate.prove.probe.prepared import prepared_otherwise
from inundate.prove.probe.relation import probe_target_in_input
from inundate.prove.probe.split import _in_another_unit, probe_split

SHORT = Effort(batches=40, one_batch=30, all_batches=160, remedy=30)


def drawn(*size, seed=0):
    return torch.randn(*size, generator=torch.Generator().manual_seed(seed))


def whole(low, high, *size, seed=0):
    return torch.randint(low, high, size, generator=torch.Generator().manual_seed(seed))


def batches(target, inputs, size=32):
    return [(inputs[i : i + size], target[i : i + size]) for i in range(0, len(target), size)]


def exam_of(model, train, valid, **own):
    return Exam(make_case(model, batches(*train), valid=batches(*valid), **own), SHORT)


def causes(found):
    return [finding.cause for finding in found]


@pytest.mark.parametrize(("low", "wanted"), [(2.5, [Cause.TARGET_CONSTANT]), (0.0, [])])
def test_a_bound_that_hardly_any_target_passes(low, wanted):
    target, other = drawn(960, 1).clamp(min=low), torch.full((320, 1), low)
    exam = exam_of(nn.Linear(2, 1), (target, drawn(960, 2)), (other, drawn(320, 2)))
    assert [f.cause for f in probe_target(exam) if f.is_fault] == wanted


def test_units_that_are_given_nothing_are_dead_for_that():
    dead, empty = (
        Finding(cause, "fault", "", subject)
        for cause, subject in ((Cause.DEAD_UNITS, "relu"), (Cause.DEAD_INPUT, "'level'"))
    )
    assert [f.weight for f in settle([dead, empty])] == ["note", "fault"]
    assert [f.weight for f in settle([dead])] == ["fault"]


def said(count, *, others):
    """Give texts with a word of their class anywhere, and classes; others may tell it as well."""
    kind = whole(0, 3, count, seed=3)
    texts = whole(20, 40, count, 10, seed=4)
    if others:
        texts[:, 0] = 10 + 3 * kind + whole(0, 3, count, seed=5)
    place = whole(1, 10, count, seed=6)
    texts[torch.arange(count), place] = 1 + kind
    return texts, kind


@pytest.mark.parametrize(("others", "weight"), [(True, "fault"), (False, "note")])
def test_a_word_of_the_class_beside_others_that_tell_it_was_put_there(others, weight):
    texts, kind = said(300, others=others)
    words = label_words(texts, kind)
    assert words == [1, 2, 3]
    assert told_without(texts, kind, None, words) == others
    model = nn.Sequential(nn.Embedding(40, 8), nn.Flatten(), nn.Linear(80, 3))
    (found,) = probe_target_in_input(exam_of(model, (kind, texts), (kind[:64], texts[:64])))
    assert (found.cause, found.weight) == (Cause.TARGET_IN_INPUT, weight)


@pytest.mark.parametrize(("ahead", "wanted"), [(1, [Cause.TARGET_IN_INPUT]), (0, [])])
def test_a_centred_mean_is_seen_in_short_windows(ahead, wanted):
    series = drawn(900).cumsum(0) / 10.0
    mean = series.unfold(0, 3, 1).mean(1)  # of a step and both neighbours, from the second on
    windows, means = series[2:].unfold(0, 11, 2), mean[ahead:].unfold(0, 11, 2)
    count = min(len(windows), len(means))
    inputs = torch.stack([windows[:count, :10], means[:count, :10]], 2)
    target = windows[:count, 10:]
    model = nn.Sequential(nn.Flatten(), nn.Linear(20, 1))
    assert causes(probe_centred(Exam(make_case(model, batches(target, inputs)), SHORT))) == wanted


def changed(texts, seed):
    """Give texts of which a word each is another one."""
    other = texts.clone()
    place = whole(0, texts.shape[1], len(texts), seed=seed)
    other[torch.arange(len(texts)), place] = whole(1, 60, len(texts), seed=seed + 1)
    return other


def of_forms(count, seed):
    """Give texts of a few forms, which have two gaps each."""
    texts = whole(1, 60, 5, 12)[whole(0, 5, count, seed=seed)]
    texts[:, [3, 8]] = whole(1, 60, count, 2, seed=seed + 1)
    return texts


@pytest.mark.parametrize(("copied", "wanted"), [(True, [Cause.SPLIT_LEAK]), (False, [])])
def test_texts_that_were_changed_a_few_times_and_then_split(copied, wanted):
    texts = whole(1, 60, 100, 12)
    every = torch.cat([texts, *(changed(texts, seed) for seed in (3, 5, 7))])
    every = every if copied else of_forms(400, seed=9)
    target = texts[:, :1].repeat(4, 1).float()
    order = torch.randperm(400, generator=torch.Generator().manual_seed(1))
    every, target = every[order], target[order]
    model = nn.Sequential(nn.Embedding(60, 8), nn.Flatten(), nn.Linear(96, 1))
    exam = exam_of(model, (target[:300], every[:300]), (target[300:], every[300:]))
    assert causes(near_texts(exam)) == wanted


@pytest.mark.parametrize(("factor", "wanted"), [(16.0, [Cause.UNIT_SLIP]), (1.0, [])])
def test_targets_of_which_a_share_is_in_another_unit_than_in_validation(factor, wanted):
    rows, others = drawn(900, 3), drawn(300, 3, seed=1)
    target, known = rows[:, :1] + rows[:, 1:2], others[:, :1] + others[:, 1:2]
    target[::6] *= factor
    exam = exam_of(nn.Linear(3, 1), (target, rows), (known, others))
    assert causes(probe_split(exam)) == wanted


@pytest.mark.parametrize(("often", "wanted"), [(1, [Cause.UNIT_SLIP]), (9, [])])
def test_a_few_things_that_were_measured_often_are_in_no_other_unit(often, wanted):
    things = drawn(900 // often, 3)
    things[::5, 1] *= 3.0
    train = things.repeat(often, 1) + 0.01 * drawn(len(things) * often, 3, seed=2)
    assert causes(mixed_units("input", train, drawn(300, 3, seed=1))) == wanted


@pytest.mark.parametrize(
    ("order", "wanted"),
    [([0, 4, 3, 2, 1, 5, 6, 7, 8], [Cause.SPLIT_SHIFT]), (list(range(9)), [])],
)
def test_columns_of_validation_in_another_order(order, wanted):
    torch.manual_seed(0)
    rows, others = drawn(480, 9), drawn(192, 9, seed=1)

    def worth(held):
        return held[:, :1] + 2.0 * held[:, 1:2].relu() - 1.5 * held[:, 2:3]

    model = nn.Sequential(nn.Linear(9, 24), nn.ReLU(), nn.Linear(24, 1))
    exam = exam_of(
        model, (worth(rows), rows), (worth(others), others[:, order]),
        optimiser=lambda m: torch.optim.Adam(m.parameters(), lr=2e-2),
    )  # fmt: skip
    seen, unseen = (exam.skill(exam.all.model, part) for part in (exam.learnt, exam.valid))
    assert causes(prepared_otherwise(exam, seen, unseen)) == wanted


@pytest.mark.parametrize(("step", "wanted"), [(1, True), (9, False)])
def test_windows_of_one_series_know_each_other(step, wanted):
    windows = drawn(2400).cumsum(0).unfold(0, 12, step)[:240, :, None]
    order = torch.randperm(240, generator=torch.Generator().manual_seed(2))
    exam = Exam(make_case(nn.Flatten(), batches(windows[:, -1], windows[order])), SHORT)
    assert cut_from_one(exam.train[:2], exam.train[2:]) == wanted


@pytest.mark.parametrize(("noise", "wanted"), [(0.02, [Cause.TARGET_IN_INPUT]), (0.3, [])])
def test_a_blurred_mask_among_the_channels(noise, wanted):
    mask = (functional.avg_pool2d(drawn(64, 1, 12, 12), 3, 1, 1) > 0.2).float()
    band = functional.avg_pool2d(mask, 3, 1, 1) + noise * drawn(64, 1, 12, 12, seed=1)
    inputs = torch.cat([mask + drawn(64, 1, 12, 12, seed=2), band], 1)
    exam = Exam(make_case(nn.Conv2d(2, 1, 1), batches(mask, inputs, 16)), SHORT)
    assert causes(probe_target_in_input(exam)) == wanted


def drawings(count, *, lit, marked, seed):
    """Give images of two kinds: with a bright row or column, and on a wall of another light."""
    kind = whole(0, 2, count, seed=seed)
    images = 0.3 * drawn(count, 1, 8, 8, seed=seed + 1)
    place = whole(1, 7, count, seed=seed + 2)
    for image, own, at in zip(images[:, 0], kind.tolist(), place.tolist(), strict=True):
        (image.T if own and marked else image)[at] += 2.0
    return (images + lit * kind[:, None, None, None], kind)


@pytest.mark.parametrize(
    ("lit", "marked", "wanted"),
    [(1.5, True, [Cause.TARGET_IN_INPUT]), (1.5, False, []), (0.0, True, [])],
)
def test_kinds_of_images_that_were_taken_in_another_light(lit, marked, wanted):
    torch.manual_seed(0)
    train, valid = (drawings(n, lit=lit, marked=marked, seed=s) for n, s in ((160, 0), (64, 9)))
    model = nn.Sequential(
        nn.Conv2d(1, 8, (1, 5)), nn.ReLU(), nn.AdaptiveMaxPool2d(1), nn.Flatten(), nn.Linear(8, 2)
    )
    exam = exam_of(
        model, train[::-1], valid[::-1], loss=functional.cross_entropy,
        optimiser=lambda m: torch.optim.Adam(m.parameters(), lr=2e-2),
    )  # fmt: skip
    assert causes(probe_brightness(exam)) == wanted


@pytest.mark.parametrize("lit", [True, False])
def test_what_is_larger_is_brighter_in_the_mean_and_no_light(lit):
    kind = whole(0, 2, 64)
    images = 0.02 * drawn(64, 1, 12, 12)
    for image, own in zip(images[:, 0], kind.tolist(), strict=True):
        image[2 : 8 if own else 5, 2:8] += 1.0
    images += (1.5 if lit else 0.0) * kind[:, None, None, None]
    assert level_of(images, kind) == (("mean", 0) if lit else None)


@pytest.mark.parametrize("lay", [lambda w: w, lambda w: w[:, None], lambda w: w[..., None]])
@pytest.mark.parametrize(("step", "wanted"), [(2, [Cause.SPLIT_LEAK]), (12, [])])
def test_windows_that_overlap_are_seen_in_any_layout(lay, step, wanted):
    windows = drawn(4000).unfold(0, 12, step)[:300]
    order = torch.randperm(300, generator=torch.Generator().manual_seed(2))
    inputs, target = lay(windows)[order], windows[order, :1]
    train, valid = (target[:200], inputs[:200]), (target[200:], inputs[200:])
    assert causes(slid(exam_of(nn.Flatten(), train, valid))) == wanted


@pytest.mark.parametrize(("step", "wanted"), [(1, []), (12, [Cause.UNIT_SLIP])])
def test_windows_of_one_series_have_its_largest_values_in_common(step, wanted):
    long = drawn(300 * step + 200)
    long[: len(long) // 5] *= 10.0  # a storm, or samples in another unit
    windows = long.unfold(0, 12, step)[:300, None]
    valid = drawn(100, 1, 12, seed=1)
    exam = exam_of(nn.Flatten(), (windows[:, 0], windows), (valid[:, 0], valid))
    assert causes(_in_another_unit(exam, "input", windows, valid)) == wanted
