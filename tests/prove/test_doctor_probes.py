"""Single probes, on data of which the answer is known."""

from dataclasses import replace

import pytest
import torch
from torch import nn

from inundate.prove.case import make_case
from inundate.prove.cause import Cause
from inundate.prove.exam import Effort, Exam
from inundate.prove.probe.data import probe_inputs
from inundate.prove.probe.gradient import probe_gradient
from inundate.prove.probe.padding import find_padding, move_padding, probe_padding
from inundate.prove.probe.range import probe_range
from inundate.prove.probe.relation import probe_target_in_input
from inundate.prove.probe.use import probe_use

SHORT = Effort(batches=12, one_batch=20, all_batches=20, remedy=20)


def texts(rows, length, *, seed=0):
    """Give texts (rows, length) of 3 to 6 words, 0 behind them, and classes by the first word."""
    drawn = torch.Generator().manual_seed(seed)
    found = torch.zeros(rows, length, dtype=torch.long)
    for row in found:
        count = int(torch.randint(3, 7, (), generator=drawn))
        row[:count] = torch.randint(1, 20, (count,), generator=drawn)
    return found, (found[:, 0] > 9).long()


def batches(inputs, target, size=16):
    return [(inputs[i : i + size], target[i : i + size]) for i in range(0, len(inputs), size)]


class Read(nn.Module):
    """Embed words and pool over all places, or over those that hold words."""

    def __init__(self, masked):
        super().__init__()
        self.masked, self.embed, self.tell = masked, nn.Embedding(20, 8), nn.Linear(8, 2)

    def forward(self, tokens):
        held = (
            (tokens > 0)[:, :, None].float() if self.masked else torch.ones_like(tokens)[..., None]
        )
        return self.tell((self.embed(tokens) * held).sum(1) / held.sum(1))


def examined(model, data, **own):
    case = replace(make_case(model, data), **own)
    return Exam(case, SHORT)


def test_padding_is_found_where_it_is():
    tokens, target = texts(64, 12)
    exam = examined(Read(masked=True), batches(tokens, target))
    found = find_padding(exam.train)
    assert (found.name, found.filler, found.right) == ("input", 0, True)
    assert found.share == pytest.approx(float((tokens == 0).float().mean()))
    before = examined(Read(masked=True), batches(tokens.flip(1), target))
    assert not find_padding(before.train).right
    vectors = torch.where((tokens > 0)[:, :, None], torch.randn(64, 12, 4), 0.0)
    assert find_padding(examined(nn.Linear(4, 2), batches(vectors, target)).train).right


def test_words_that_fill_nothing_up_are_no_padding():
    drawn = torch.randint(0, 3, (64, 12), generator=torch.Generator().manual_seed(1))
    assert find_padding(examined(Read(masked=True), batches(drawn, drawn[:, 0] % 2)).train) is None


def test_moved_padding_keeps_the_order_of_words_and_takes_the_mask_along():
    tokens, target = texts(8, 9)
    batch = {"inputs": {"tokens": tokens, "mask": (tokens > 0).long()}, "target": target}
    moved = move_padding(find_padding([batch]), batch)["inputs"]
    for old, new, mask in zip(tokens, moved["tokens"], moved["mask"], strict=True):
        words = old[old > 0]
        assert new[-len(words) :].equal(words)
        assert not new[: -len(words)].any()
        assert mask.equal((new > 0).long())


def test_only_answers_that_depend_on_padding_are_suspected():
    tokens, target = texts(96, 30)
    (found,) = probe_padding(examined(Read(masked=False), batches(tokens, target)))
    assert (found.cause, found.weight) == (Cause.PADDING, "suspect")
    assert "filled up behind the text" in found.evidence
    assert probe_padding(examined(Read(masked=True), batches(tokens, target))) == []


def test_a_clamp_at_any_value_is_found():
    inputs = torch.randn(96, 4, generator=torch.Generator().manual_seed(0))
    target = inputs[:, :1] * 2.0

    class Clamped(nn.Linear):
        def forward(self, given):
            return super().forward(given).clamp(max=0.7)

    (found,) = probe_range(examined(Clamped(4, 1), batches(inputs, target)))
    assert found.cause is Cause.OUTPUT_RANGE
    assert found.subject == "at 0.7 or below"
    assert probe_range(examined(nn.Linear(4, 1), batches(inputs, target))) == []


def test_samples_in_another_unit_are_found_beside_weak_ones():
    drawn = torch.Generator().manual_seed(0)
    size = 10 ** (0.2 * torch.randn(100, 1, generator=drawn))
    size[40:45] = 0.01  # weak by nature
    values = size * torch.randn(100, 6, generator=drawn)
    target = values.sum(1, keepdim=True)

    def causes():
        exam = examined(nn.Linear(6, 1), batches(values, target, 10))
        return [found for found in probe_inputs(exam) if found.cause is Cause.UNIT_SLIP]

    values[40:45] *= torch.tensor([1.0, 3.0, 9.0, 0.5, 30.0])[:, None]
    assert causes() == []
    values[::5] /= 1000.0
    (found,) = causes()
    assert "of 100 samples" in found.evidence


def test_an_empty_input_that_a_model_may_do_without_is_only_told():
    data = [
        {"rain": torch.randn(8, 3), "before": torch.zeros(8, 3), "target": torch.randn(8, 1)}
        for _ in range(4)
    ]
    model = nn.Linear(3, 1)
    weights = {
        spare: [f.weight for f in probe_inputs(examined(model, data, spare=spare))]
        for spare in ((), ("before",))
    }
    assert weights == {(): ["fault"], ("before",): ["note"]}


def test_one_frame_of_the_target_among_the_inputs_is_found():
    drawn = torch.Generator().manual_seed(0)
    target = torch.randn(64, 3, 6, 6, generator=drawn)
    inputs = torch.randn(64, 2, 6, 6, generator=drawn)
    exam = examined(nn.Conv2d(2, 3, 1), batches(inputs, target))
    assert probe_target_in_input(exam) == []
    inputs[:, 1] = 3.0 * target[:, 2] + 1.0
    exam = examined(nn.Conv2d(2, 3, 1), batches(inputs, target))
    (found,) = probe_target_in_input(exam)
    assert found.subject == "'input', 1"


def test_one_of_two_target_numbers_among_the_columns_is_found_and_an_autoencoder_is_none():
    drawn = torch.Generator().manual_seed(1)
    rows, target = torch.randn(64, 4, generator=drawn), torch.randn(64, 2, generator=drawn)
    assert probe_target_in_input(examined(nn.Linear(4, 2), batches(rows, target))) == []
    rows[:, 3] = 5.0 - 2.0 * target[:, 1]
    (found,) = probe_target_in_input(examined(nn.Linear(4, 2), batches(rows, target)))
    assert found.subject == "'input', 3"
    assert probe_target_in_input(examined(nn.Linear(4, 4), batches(rows, rows))) == []


def test_words_that_are_their_own_targets_are_found():
    drawn = torch.Generator().manual_seed(2)
    words = torch.randint(1, 20, (64, 7), generator=drawn)
    model = nn.Embedding(20, 20)
    shifted = batches(words[:, :-1], words[:, 1:])
    assert probe_target_in_input(examined(model, shifted)) == []
    (found,) = probe_target_in_input(examined(model, batches(words[:, 1:], words[:, 1:])))
    assert (found.cause, found.weight) == (Cause.TARGET_IN_INPUT, "fault")


def test_a_map_that_is_the_same_for_all_is_empty_only_if_validation_has_another():
    drawn = torch.Generator().manual_seed(3)
    one, other = torch.randn(2, 1, 1, 6, 6, generator=drawn)
    target = torch.randn(64, 1, 6, 6, generator=drawn)
    train = batches(one.expand(64, 1, 6, 6), target)

    def found(ground):
        valid = batches(ground.expand(32, 1, 6, 6), target[:32])
        exam = Exam(make_case(nn.Conv2d(1, 1, 1), train, valid=valid), SHORT)
        return [f for f in probe_inputs(exam) if "in validation" in f.evidence]

    assert found(one) == []
    assert [(f.cause, f.weight) for f in found(other)] == [(Cause.DEAD_INPUT, "fault")]


def test_units_that_a_wild_rate_kills_are_not_called_cut_off():
    torch.manual_seed(0)
    rows = torch.randn(64, 3)
    target = rows[:, :1] - rows[:, 1:2]
    model = nn.Sequential(nn.Linear(3, 16), nn.ReLU(), nn.Linear(16, 1))
    nn.init.zeros_(model[2].weight)  # starts without telling the inputs apart
    own = examined(model, batches(rows, target)).case
    exam = Exam(replace(own, optimiser=lambda m: torch.optim.SGD(m.parameters(), lr=1e4)), SHORT)
    assert Cause.NO_GRADIENT not in {finding.cause for finding in probe_gradient(exam)}
    assert probe_use(exam) == []
