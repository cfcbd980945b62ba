"""Rules of axes, reshapes, samples that reach each other, noise and overlaps."""

import pytest
import torch
from torch import nn
from torch.nn import functional

from inundate.prove.case import make_case
from inundate.prove.cause import Cause
from inundate.prove.exam import Effort, Exam
from inundate.prove.probe.layout import probe_layout, relaid
from inundate.prove.probe.loader import probe_loader
from inundate.prove.probe.mixing import probe_mixing
from inundate.prove.probe.noise import noise_in_loader, probe_noise
from inundate.prove.probe.overlap import overlapping_maps, overlapping_texts
from inundate.prove.probe.turned import probe_turned

SHORT = Effort(batches=12, one_batch=20, all_batches=24, remedy=20)


def drawn(*size, seed=0):
    return torch.randn(*size, generator=torch.Generator().manual_seed(seed))


def smooth(count, channels=2, side=12, seed=0):
    """Maps (N, C, H, W) whose neighbours are alike."""
    noise = drawn(count, channels, side + 4, side + 4, seed=seed)
    maps = functional.avg_pool2d(noise, 5, 1)
    return maps / maps.std()


def batches(inputs, target, size=16):
    return [(inputs[i : i + size], target[i : i + size]) for i in range(0, len(inputs), size)]


def exam_of(model, inputs, target, *, valid=None, **own):
    torch.manual_seed(0)
    held = None if valid is None else batches(*valid)
    return Exam(make_case(model, batches(inputs, target), valid=held, **own), SHORT)


def causes(found):
    return [finding.cause for finding in found]


def conv(channels=2, out=1):
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Conv2d(channels, 6, 3, padding=1), nn.ReLU(), nn.Conv2d(6, out, 3, padding=1)
    )


class Then(nn.Module):
    """A model between two changes."""

    def __init__(self, model, *, before=None, after=None):
        super().__init__()
        self.model = model
        self.before, self.after = before or (lambda x: x), after or (lambda x: x)

    def forward(self, inputs):
        return self.after(self.model(self.before(inputs)))


def test_another_layout_holds_the_same_numbers_once():
    values = drawn(2, 3, 4, 5)
    ways = dict(relaid(values))
    assert len(ways) == 5
    for way in ways.values():
        assert way.shape == values.shape
        assert torch.equal(way.flatten(1).sort(1).values, values.flatten(1).sort(1).values)


def test_maps_that_were_reshaped_are_told_from_maps_as_they_are():
    maps = smooth(32, 3)
    target = maps[:, :1]
    mixed = maps.permute(0, 2, 3, 1).reshape(maps.shape)
    assert causes(probe_layout(exam_of(conv(3), mixed, target))) == [Cause.AXES_MIXED]
    assert probe_layout(exam_of(conv(3), maps, target)) == []


def test_maps_of_noise_have_no_layout():
    assert probe_layout(exam_of(conv(3), drawn(32, 3, 12, 12), drawn(32, 1, 12, 12))) == []


def waves(count=48, steps=20, gauges=3):
    start = 6.3 * torch.rand(count, 1, 1, generator=torch.Generator().manual_seed(1))
    times = torch.arange(steps)[None, :, None] - 1.5 * torch.arange(gauges)
    return torch.sin(start + 0.3 * times)


class Read(nn.Module):
    """An LSTM that is read at its last step."""

    def __init__(self, *, batch_first=True):
        super().__init__()
        self.read = nn.LSTM(3, 8, batch_first=batch_first)
        self.tell = nn.Linear(8, 1)

    def forward(self, series):
        return self.tell(self.read(series)[0][:, -1])


def test_series_of_which_time_and_channels_were_confused():
    series = waves()
    target = series[:, -1, :1]
    mixed = series.transpose(1, 2).reshape(series.shape)
    assert causes(probe_layout(exam_of(Read(), mixed, target))) == [Cause.AXES_MIXED]
    assert probe_layout(exam_of(Read(), series, target)) == []


def test_channels_that_are_alike_are_no_mixed_axes():
    alike = drawn(48, 20, 1) + 0.05 * drawn(48, 20, 3, seed=1)
    assert probe_layout(exam_of(Read(), alike, alike[:, -1, :1])) == []


def test_a_view_in_the_model_is_seen_at_its_first_convolution():
    maps = smooth(32, 2)
    view = Then(conv(), before=lambda x: x.permute(0, 2, 3, 1).reshape(x.shape))
    assert causes(probe_layout(exam_of(view, maps, maps[:, :1]))) == [Cause.AXES_MIXED]


class Named(nn.Module):
    """A model whose first layer takes the cells of a block as channels, read in some way."""

    def __init__(self, read):
        super().__init__()
        self.read, self.inner = read, nn.Sequential(nn.PixelUnshuffle(4), nn.Conv2d(32, 1, 1))

    def forward(self, x):
        return self.inner(self.read(x))


@pytest.mark.parametrize(
    ("read", "named"),
    [
        (lambda x: x.permute(0, 2, 3, 1).reshape(x.shape), True),
        (lambda x: x.roll(2, -1), False),
        (lambda x: x.flip(-2).contiguous(), False),
        (lambda x: 2 * x, False),
    ],
)
def test_a_view_before_a_layer_that_sees_no_neighbours_is_seen_on_the_way(read, named):
    maps = smooth(32)
    exam = exam_of(Named(read), maps, functional.avg_pool2d(maps[:, :1], 4))
    assert causes(probe_layout(exam)) == ([Cause.AXES_MIXED] if named else [])


def test_samples_of_a_batch_that_reach_each_other():
    series = waves()
    target = series[:, -1, :1]
    found = probe_mixing(exam_of(Read(batch_first=False), series, target))
    assert causes(found) == [Cause.AXES_MIXED]
    assert "samples of a batch" in found[0].subject
    assert probe_mixing(exam_of(Read(), series, target)) == []


@pytest.mark.parametrize(
    "after",
    [lambda t: t.transpose(-1, -2), lambda t: t.flip(-2), lambda t: t.reshape(-1, 1, 36, 4)],
)
def test_places_of_a_map_that_come_out_elsewhere(after):
    maps = smooth(32)

    def again(output):
        return after(output).reshape(output.shape)

    broken = exam_of(Then(conv(), after=again), maps, maps[:, :1])
    mixed = torch.equal(again(maps), maps)
    assert causes(probe_mixing(broken)) == ([] if mixed else [Cause.AXES_MIXED])
    assert probe_mixing(exam_of(conv(), maps, maps[:, :1])) == []


def test_series_that_stand_still_have_one_layout():
    still = drawn(48, 1, 1).expand(48, 24, 1).contiguous()
    model = nn.Sequential(nn.Flatten(), nn.Linear(24, 1))
    assert probe_layout(exam_of(model, still, drawn(48, 1))) == []


def test_a_map_that_goes_through_a_few_numbers_moves_everywhere():
    torch.manual_seed(0)
    through = nn.Sequential(nn.Conv2d(2, 6, 12), nn.GELU(), nn.ConvTranspose2d(6, 1, 12))
    maps = smooth(32)
    assert probe_mixing(exam_of(through, maps, maps[:, :1])) == []


def test_a_state_that_is_kept_between_calls_is_no_mixing():
    class Kept(nn.Module):
        def __init__(self):
            super().__init__()
            self.tell, self.calls = nn.Linear(4, 3), 0

        def forward(self, rows):
            self.calls += 1
            return self.tell(rows) + self.calls

    assert probe_mixing(exam_of(Kept(), *table(96))) == []


class Epochs:
    """Batches that are changed anew in each epoch."""

    def __init__(self, inputs, target, change):
        self.held, self.change, self.epoch = batches(inputs, target), change, 0

    def __len__(self):
        return len(self.held)

    def __iter__(self):
        self.epoch += 1
        for number, (inputs, target) in enumerate(self.held):
            yield self.change(inputs, target, 100 * self.epoch + number)


def changing(change, inputs, target, valid):
    model = nn.Linear(inputs.shape[1], 3)
    train = Epochs(inputs, target, change)
    return Exam(make_case(model, train, valid=batches(*valid)), SHORT)


def table(count, seed=0):
    rows = drawn(count, 4, seed=seed)
    return rows, rows[:, :3].tanh()


@pytest.mark.parametrize(("much", "named"), [(4.0, [Cause.NOISE_TOO_STRONG]), (0.1, [])])
def test_noise_on_targets_counts_where_it_drowns_them(much, named):
    def change(inputs, target, seed):
        return inputs, target + much * drawn(*target.shape, seed=seed)

    assert causes(probe_loader(changing(change, *table(96), table(48, 1)))) == named


@pytest.mark.parametrize(("much", "named"), [(20.0, [Cause.NOISE_TOO_STRONG]), (0.5, [])])
def test_noise_on_inputs_is_compared_with_validation(much, named):
    def change(inputs, target, seed):
        return inputs + much * drawn(*inputs.shape, seed=seed), target

    assert causes(noise_in_loader(changing(change, *table(96), table(48, 1)))) == named


def test_labels_that_are_drawn_anew_are_noise_and_not_others_labels():
    rows = drawn(192, 4)
    labels = (3 * torch.rand(192, generator=torch.Generator().manual_seed(2))).long()

    def change(inputs, target, seed):
        hat = torch.Generator().manual_seed(seed)
        other = torch.randint(3, target.shape, generator=hat)
        return inputs, torch.where(torch.rand(target.shape, generator=hat) < 0.4, other, target)

    def torn(inputs, target, seed):
        return inputs, target[
            torch.randperm(len(target), generator=torch.Generator().manual_seed(seed))
        ]

    assert causes(probe_loader(changing(change, rows, labels, (rows, labels)))) == [
        Cause.NOISE_TOO_STRONG
    ]
    assert causes(probe_loader(changing(torn, rows, labels, (rows, labels)))) == [
        Cause.TARGETS_MISPAIRED
    ]


def test_an_epoch_with_other_samples_than_the_last_and_fewer_than_validation_has():
    def first(inputs, target, seed):
        pick = seed % len(target)
        return inputs[pick : pick + 1], target[pick : pick + 1]

    rows, target = table(160)
    few = Exam(
        make_case(nn.Linear(4, 3), Epochs(rows, target, first), valid=batches(*table(64, 1))), SHORT
    )
    assert causes(probe_loader(few)) == [Cause.LOADER_STARVES]


def test_batches_that_come_twice():
    rows, target = table(96)
    twice = [batch for batch in batches(rows, target) for _ in range(2)]
    assert causes(probe_loader(Exam(make_case(nn.Linear(4, 3), twice), SHORT))) == [
        Cause.LOADER_REPEATS
    ]


@pytest.mark.parametrize(("always", "named"), [(True, [Cause.NOISE_TOO_STRONG]), (False, [])])
def test_dropout_that_is_on_in_evaluation(always, named):
    class Drop(nn.Module):
        def __init__(self):
            super().__init__()
            self.into, self.out = nn.Linear(4, 8), nn.Linear(8, 3)

        def forward(self, rows):
            held = functional.dropout(self.into(rows), 0.9, always or self.training)
            return self.out(held)

    assert causes(probe_noise(exam_of(Drop(), *table(96)))) == named


def test_texts_that_share_most_of_their_words_in_order():
    texts = torch.randint(4, 40, (80, 14), generator=torch.Generator().manual_seed(0))
    other = torch.randint(4, 40, (40, 14), generator=torch.Generator().manual_seed(1))
    labels = torch.zeros(80, dtype=torch.long)
    labels[::2] = 1
    shifted = torch.cat([other[:20], texts[:20].roll(1, 1)])
    model = nn.Sequential(nn.EmbeddingBag(40, 4), nn.Linear(4, 2))
    known = exam_of(model, texts, labels, valid=(shifted, labels[:40]))
    assert causes(overlapping_texts(known)) == [Cause.SPLIT_LEAK]
    assert overlapping_texts(exam_of(model, texts, labels, valid=(other, labels[:40]))) == []


def test_pieces_of_one_map_that_overlap():
    maps = smooth(48, 2, 16)
    left, right = maps[..., :12, :12], maps[..., 3:15, 3:15]
    known = exam_of(conv(), left, left[:, :1], valid=(right, right[:, :1]))
    assert causes(overlapping_maps(known)) == [Cause.SPLIT_LEAK]
    other = smooth(48, 2, 16, seed=5)[..., :12, :12]
    assert overlapping_maps(exam_of(conv(), left, left[:, :1], valid=(other, other[:, :1]))) == []


def test_inputs_that_are_mirrored_without_their_targets():
    maps, other = smooth(64), smooth(32, seed=3)
    mirrored = maps.clone()
    mirrored[::2] = mirrored[::2].flip(-1)

    def target(x):
        return x[:, :1] + 0.3 * x[:, 1:]

    broken = exam_of(conv(), mirrored, target(maps), valid=(other, target(other)))
    assert causes(probe_turned(broken)) == [Cause.AXES_MIXED]
    sound = exam_of(conv(), mirrored, target(mirrored), valid=(other, target(other)))
    assert probe_turned(sound) == []
