"""Rules of texts, series and tables: what breaks later, is reordered, exchanged or reshaped."""

import itertools

import pytest
import torch
from torch import nn
from torch.nn import functional

from inundate.prove.case import make_case
from inundate.prove.cause import Cause
from inundate.prove.exam import Effort, Exam
from inundate.prove.probe.breaks import probe_breaks
from inundate.prove.probe.each_input import probe_each_input
from inundate.prove.probe.learn import probe_learn
from inundate.prove.probe.loader import probe_loader
from inundate.prove.probe.loss import probe_loss
from inundate.prove.probe.metric import probe_metric
from inundate.prove.probe.mixing import probe_mixing
from inundate.prove.probe.optimiser import probe_optimiser
from inundate.prove.probe.outdone import probe_outdone
from inundate.prove.probe.prepared import prepared_otherwise
from inundate.prove.probe.relation import probe_target_in_input
from inundate.prove.probe.reorders import probe_reorders
from inundate.prove.probe.reshaped import probe_reshaped
from inundate.prove.probe.running import stale
from inundate.prove.probe.tells import probe_tells
from inundate.prove.probe.turned_alone import turned_alone
from inundate.prove.probe.two_ways import probe_two_ways
from inundate.prove.probe.weighed import probe_weighed

SHORT = Effort(batches=20, one_batch=40, all_batches=150, remedy=30)
bce = functional.binary_cross_entropy_with_logits


def drawn(*size, seed=0):
    return torch.randn(*size, generator=torch.Generator().manual_seed(seed))


def whole(high, *size, seed=0):
    return torch.randint(high, size, generator=torch.Generator().manual_seed(seed))


def batches(target, *inputs, size=32):
    held = inputs[0] if len(inputs) == 1 else None
    return [
        (held[i : i + size] if held is not None else [v[i : i + size] for v in inputs],
         target[i : i + size])
        for i in range(0, len(target), size)
    ]  # fmt: skip


def net(inputs=4, outputs=1, width=24):
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(inputs, width), nn.Tanh(), nn.Linear(width, outputs))


def causes(found):
    return [finding.cause for finding in found]


def quick(model):
    return torch.optim.Adam(model.parameters(), lr=1e-2)


class Anew:
    """Gives batches that are changed at random in each epoch."""

    def __init__(self, made, change):
        self.made, self.change, self.epochs = made, change, itertools.count()

    def __iter__(self):
        generator = torch.Generator().manual_seed(next(self.epochs))
        return iter([self.change(inputs, target, generator) for inputs, target in self.made])


class Angle(nn.Module):
    """Turns what a network says into an angle by an arc cosine that may be asked beyond 1."""

    def __init__(self, held):
        super().__init__()
        self.held, self.net = held, net()

    def forward(self, rows):
        told = self.net(rows)
        return torch.acos(told.clamp(-0.9, 0.9) if self.held else told)


@pytest.mark.parametrize(("held", "named"), [(False, [Cause.NOT_FINITE_OUTPUT]), (True, [])])
def test_a_function_that_is_not_defined_is_met_on_the_way(held, named):
    rows = drawn(160, 4)
    target = torch.where(rows[:, :1] > 0, 0.0, 0.5)
    case = make_case(Angle(held), batches(target, rows), optimiser=quick)
    exam = Exam(case, SHORT)
    assert exam.one.broke == "" or not held
    assert causes(probe_breaks(exam)) == named


def test_steps_that_are_too_long_are_no_function_that_is_not_defined():
    rows = drawn(160, 4)
    case = make_case(
        net(), batches(10.0 * rows[:, :1], rows),
        optimiser=lambda model: torch.optim.SGD(model.parameters(), lr=1e4),
    )  # fmt: skip
    exam = Exam(case, SHORT)
    assert exam.all.broke
    assert probe_breaks(exam) == []


class Lengths(nn.Module):
    """Sorts texts by length, and brings the answers back or not."""

    def __init__(self, back):
        super().__init__()
        self.back = back
        torch.manual_seed(0)
        self.embed, self.tell = nn.Embedding(10, 6), nn.Linear(6, 1)

    def forward(self, tokens):
        order = (tokens > 0).sum(1).argsort(descending=True, stable=True)
        told = self.tell(self.embed(tokens[order]).mean(1))
        return told[order.argsort()] if self.back else told


@pytest.mark.parametrize(("back", "named"), [(False, [Cause.TARGETS_MISPAIRED]), (True, [])])
def test_answers_that_stand_at_the_place_of_another_sample(back, named):
    texts = whole(9, 96, 8) + 1
    texts[torch.arange(8) >= whole(6, 96, 1, seed=1) + 2] = 0
    case = make_case(Lengths(back), batches((texts == 3).sum(1, keepdim=True).float(), texts))
    assert causes(probe_mixing(Exam(case, SHORT))) == named


def test_a_batch_that_is_taken_for_time_is_no_other_order():
    model = nn.Sequential(nn.Softmax(dim=0), nn.Linear(4, 1))
    rows = drawn(96, 4)
    found = probe_mixing(Exam(make_case(model, batches(rows[:, :1], rows)), SHORT))
    assert causes(found) == [Cause.AXES_MIXED]


@pytest.mark.parametrize(("half", "noise", "named"), [
    (True, 0.05, [Cause.AXES_MIXED]), (False, 0.05, []), (False, 0.8, []),
])  # fmt: skip
def test_two_numbers_of_a_target_that_are_exchanged_in_half_of_the_samples(half, noise, named):
    rows = drawn(640, 4)
    target = torch.stack([rows[:, 0], 1.5 * rows[:, 1]], 1) + noise * drawn(640, 2, seed=1)
    if half:
        target[::2] = target[::2].flip(1)
    made = batches(target, rows)
    case = make_case(net(4, 2), made[:15], valid=made[15:], optimiser=quick)
    assert causes(probe_two_ways(Exam(case, Effort(20, 40, 300, 30)))) == named


class Bag(nn.Module):
    """Takes the mean of the words."""

    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.embed = nn.Embedding(12, 16)
        self.tell = nn.Sequential(nn.Linear(16, 24), nn.ReLU(), nn.Linear(24, 2))

    def forward(self, tokens):
        return self.tell(self.embed(tokens).mean(1))


@pytest.mark.parametrize(("ordered", "named"), [(True, [Cause.CANNOT_FIT]), (False, [])])
def test_a_bag_of_words_where_their_order_counts(ordered, named):
    texts = whole(10, 640, 6, seed=2) + 2
    texts[:, 1], texts[:, 4] = whole(2, 640), whole(2, 640, seed=1)
    target = texts[:, 1] if ordered else texts[:, 1] + texts[:, 4] > 0
    made = batches(target.long(), texts)
    case = make_case(Bag(), made[:15], valid=made[15:], optimiser=quick)
    exam = Exam(case, SHORT)
    probe_learn(exam)
    found = probe_outdone(exam)
    assert causes(found) == named
    assert all("orders" in finding.evidence for finding in found)


class Backwards(nn.Module):
    """Answers for each place of a text, the last one first or not."""

    def __init__(self, backwards):
        super().__init__()
        torch.manual_seed(0)
        self.backwards = backwards
        self.embed, self.tell = nn.Embedding(12, 16), nn.Linear(16, 2)

    def forward(self, tokens):
        told = self.tell(self.embed(tokens))
        return told.flip(1) if self.backwards else told


@pytest.mark.parametrize(("backwards", "named"), [(True, [Cause.AXES_MIXED]), (False, [])])
def test_places_that_are_answered_from_the_end(backwards, named):
    texts = whole(12, 480, 7)
    made = batches((texts > 7).long(), texts)
    loss = lambda o, t: functional.cross_entropy(o.transpose(1, 2), t)  # noqa: E731
    case = make_case(Backwards(backwards), made[:11], valid=made[11:], optimiser=quick, loss=loss)
    exam = Exam(case, SHORT)
    exam.figures |= {"skill_train": 0.1, "skill_valid": 0.05} if backwards else {}
    if not backwards:
        probe_learn(exam)
    assert causes(probe_outdone(exam)) == named


def table(last, count=800):
    rows = drawn(count, 5)
    hidden = rows[:, 0] + torch.sin(2 * rows[:, 1]) + rows[:, 2]
    rows[:, 4] = last(rows, hidden)
    return rows, hidden[:, None]


@pytest.mark.parametrize(
    ("last", "named"),
    [
        (lambda _r, y: y + 0.4 * drawn(len(y), seed=5), [Cause.TARGET_IN_INPUT]),
        (lambda _r, y: torch.where(drawn(len(y), seed=5) > 0, y, -9.0), [Cause.TARGET_IN_INPUT]),
        (lambda r, _y: r[:, 4], []),
        (lambda r, _y: 0.7 * r[:, 0] + 0.7 * r[:, 3], []),
    ],
)  # fmt: skip
def test_a_column_that_was_made_from_the_target(last, named):
    rows, target = table(last)
    assert causes(probe_tells(Exam(make_case(net(5), batches(target, rows)), SHORT))) == named


def test_an_honest_column_that_decides_nearly_all():
    rows = drawn(800, 5)
    target = 3.0 * rows[:, :1] + torch.sin(2 * rows[:, 1:2]) + 0.2 * drawn(800, 1, seed=1)
    exam = Exam(make_case(net(5), batches(target, rows)), SHORT)
    assert probe_tells(exam) == []


@pytest.mark.parametrize(("kept", "named"), [(0.7, [Cause.TARGET_IN_INPUT]), (0.0, [])])
def test_a_flag_that_is_set_for_some_samples_of_one_class(kept, named):
    rows = drawn(800, 5)
    target = (rows[:, :1] + rows[:, 1:2] > 0).float()
    chance = torch.rand(800, generator=torch.Generator().manual_seed(3))
    rows[:, 4] = ((chance < kept) & (target[:, 0] > 0)).float() if kept else (chance < 0.3).float()
    exam = Exam(make_case(net(5), batches(target, rows), loss=bce), SHORT)
    assert causes(probe_tells(exam)) == named


@pytest.mark.parametrize(("others", "named"), [(True, "fault"), (False, "note")])
def test_a_word_of_the_class_in_front_of_texts_that_tell_it_anyhow(others, named):
    texts = whole(20, 400, 8) + 10
    target = whole(3, 400, seed=1)
    texts[:, 0] = target + 1
    if others:
        texts[:, 5] = target + 5
    exam = Exam(make_case(Bag(), batches(target, texts)), SHORT)
    (found,) = probe_target_in_input(exam)
    assert (found.cause, found.weight) == (Cause.TARGET_IN_INPUT, named)


class Chosen(nn.Module):
    """Scores each of four answers by itself."""

    def __init__(self):
        super().__init__()
        self.worth = net(3)

    def forward(self, answers):
        return self.worth(answers)[..., 0]


def mixed(inputs, target, generator, *, along=False):
    order = torch.rand(inputs.shape[:2], generator=generator).argsort(1)
    moved = torch.gather(inputs, 1, order[..., None].expand_as(inputs))
    return moved, (order == target[:, None]).long().argmax(1) if along else target


@pytest.mark.parametrize(("along", "named"), [(False, [Cause.TARGETS_MISPAIRED]), (True, [])])
def test_answers_in_another_order_each_epoch(along, named):
    answers = drawn(160, 4, 3)
    made = batches(answers[..., 0].argmax(1), answers)
    change = lambda inputs, target, g: mixed(inputs, target, g, along=along)  # noqa: E731
    exam = Exam(make_case(Chosen(), Anew(made, change)), SHORT)
    found = probe_reorders(exam)
    assert causes(found) == named
    assert all(finding.weight == "fault" for finding in found)


class Pair(nn.Module):
    """Compares two rows, one against the other or both alike."""

    def __init__(self, against):
        super().__init__()
        self.against, self.worth = against, net(3)

    def forward(self, one, two):
        first, second = self.worth(one), self.worth(two)
        return first - second if self.against else (first - second).abs()


def exchanged(inputs, target, generator):
    turned = torch.rand(len(target), 1, generator=generator) < 0.5
    one, two = inputs
    return [torch.where(turned, two, one), torch.where(turned, one, two)], target


@pytest.mark.parametrize(("against", "weights"), [(True, ["fault"]), (False, ["suspect"])])
def test_two_inputs_that_are_exchanged_at_random(against, weights):
    one, two = drawn(320, 3), drawn(320, 3, seed=1)
    made = batches((one[:, :1] > two[:, :1]).float(), one, two)
    exam = Exam(make_case(Pair(against), Anew(made, exchanged), loss=bce), SHORT)
    assert [finding.weight for finding in probe_reorders(exam)] == weights


@pytest.mark.parametrize(("change", "named"), [
    (exchanged, [Cause.TARGETS_MISPAIRED]), (lambda inputs, target, _g: (inputs, target), []),
])  # fmt: skip
def test_validation_tells_which_inputs_were_exchanged(change, named):
    one, two = drawn(960, 3), drawn(960, 3, seed=1)
    made = batches((one[:, :1] > two[:, :1]).float(), one, two)
    case = make_case(
        Pair(True), Anew(made[:15], change), valid=made[15:], loss=bce, optimiser=quick
    )
    exam = Exam(case, SHORT)
    exam.figures["samples_that_recur"] = 0.2
    assert causes(turned_alone(exam)) == named


@pytest.mark.parametrize(("some", "named"), [(False, [Cause.TARGETS_MISPAIRED]), (True, [])])
def test_texts_of_other_samples_beside_all_labels_or_beside_one(some, named):
    one, two = whole(50, 192, 8), whole(50, 192, 8, seed=1)
    label = whole(2, 192, seed=2)

    def other(inputs, target, generator):
        moved = inputs[1][torch.randperm(len(target), generator=generator)]
        kept = (target == 1)[:, None] & some  # what belongs together stays together
        return [inputs[0], torch.where(kept, inputs[1], moved)], target

    case = make_case(Bag(), Anew(batches(label, one, two), other))
    assert causes(probe_each_input(Exam(case, SHORT))) == named


class Windows(nn.Module):
    """Convolves over time what comes as (B, T, C)."""

    def __init__(self, change):
        super().__init__()
        self.change, self.look, self.tell = change, nn.Conv1d(3, 4, 3), nn.Linear(4, 1)

    def forward(self, series):
        return self.tell(self.look(self.change(series)).mean(2))


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (lambda v: v.reshape(len(v), 3, -1), [Cause.AXES_MIXED]),
        (lambda v: v.transpose(1, 2), []),
        (lambda v: v.transpose(1, 2).contiguous(), []),
    ],
)
def test_a_reshape_where_axes_should_be_exchanged_is_seen_in_noise_too(change, named):
    series = drawn(64, 10, 3)
    case = make_case(Windows(change), batches(series[:, 0, :1], series))
    assert causes(probe_reshaped(Exam(case, SHORT))) == named


@pytest.mark.parametrize(
    ("laid", "named"),
    [
        (lambda o: o.transpose(1, 2), []),
        (lambda o: o.reshape(len(o), 2, -1), [Cause.AXES_MIXED]),
    ],
)
def test_scores_of_places_that_the_loss_lays_out_anew(laid, named):
    texts = whole(12, 96, 7)
    loss = lambda o, t: functional.cross_entropy(laid(o), t)  # noqa: E731
    case = make_case(Backwards(False), batches((texts > 7).long(), texts), loss=loss)
    assert causes(probe_loss(Exam(case, SHORT))) == named


@pytest.mark.parametrize(("sign", "named"), [(1.0, []), (-1.0, [Cause.LOSS_SIGN])])
def test_a_likelihood_of_counts_with_its_sign_turned(sign, named):
    rows = drawn(160, 4)
    counts = torch.poisson((rows[:, :1] + 1.0).exp(), generator=torch.Generator().manual_seed(1))
    loss = lambda o, t: sign * functional.poisson_nll_loss(o, t)  # noqa: E731
    case = make_case(net(), batches(counts, rows), loss=loss)
    assert causes(probe_loss(Exam(case, SHORT))) == named


def test_large_counts_do_not_make_a_loss_blind():
    rows = drawn(160, 4)
    counts = torch.poisson((rows[:, :1] + 2.5).exp(), generator=torch.Generator().manual_seed(1))
    case = make_case(net(), batches(counts, rows), loss=functional.poisson_nll_loss)
    assert Cause.LOSS_IGNORES not in causes(probe_loss(Exam(case, SHORT)))


@pytest.mark.parametrize(("loss", "named"), [
    (lambda o, t: ((o - t) / t).abs().mean(), [Cause.LOSS_FLOOR]),
    (functional.l1_loss, []), (functional.mse_loss, []),
])  # fmt: skip
def test_errors_that_are_divided_by_targets_next_to_zero(loss, named):
    rows = drawn(640, 4)
    case = make_case(net(), batches(rows[:, :1] + rows[:, 1:2], rows, size=160), loss=loss)
    assert causes(probe_weighed(Exam(case, SHORT))) == named


@pytest.mark.parametrize(("momentum", "told"), [(0.0, True), (0.1, False)])
def test_a_normalisation_that_keeps_what_it_began_with(momentum, told):
    torch.manual_seed(0)
    model = nn.Sequential(
        nn.Linear(4, 8), nn.BatchNorm1d(8, momentum=momentum), nn.ReLU(), nn.Linear(8, 1)
    )
    rows = drawn(320, 4)
    exam = Exam(make_case(model, batches(rows[:, :1], rows)), SHORT)
    assert bool(stale(exam)) == told


def test_a_last_batch_that_is_left_out_makes_no_starving_loader():
    rows = drawn(30, 4)

    class Dropping:
        epochs = itertools.count()

        def __iter__(self):
            generator = torch.Generator().manual_seed(next(self.epochs))
            order = torch.randperm(30, generator=generator)
            return iter([(rows[o], rows[o, :1]) for o in order[:24].split(8)])

    case = make_case(net(), Dropping(), valid=batches(drawn(200, 1), drawn(200, 4)))
    assert causes(probe_loader(Exam(case, SHORT))) == [Cause.MEMORISES]


@pytest.mark.parametrize(
    ("metric", "named"),
    [
        (lambda o, t: (o.argmax(1) == t).float().mean(), []),
        (lambda o, t: (o.argmax(1) >= t).float().mean(), [Cause.METRIC_WRONG]),
        (lambda o, t: (o[:16].argmax(1) == t[:16]).float().mean(), [Cause.METRIC_WRONG]),
        (lambda o, t: (o.argmax(1).sort()[0] == t.sort()[0]).float().mean(), [Cause.METRIC_WRONG]),
    ],
)
def test_a_score_that_other_answers_get_as_well(metric, named):
    rows = drawn(96, 4)
    target = (rows[:, 0] > 0.5).long() + (rows[:, 0] > -0.5).long()
    exam = Exam(make_case(net(4, 3), batches(target, rows), metric=metric), SHORT)
    assert causes(probe_metric(exam)) == named


class Spare(nn.Module):
    """Holds a layer that no answer needs."""

    def __init__(self):
        super().__init__()
        self.used, self.spare = net(), nn.Linear(4, 4)

    def forward(self, rows):
        return self.used(rows)


@pytest.mark.parametrize(("part", "named"), [("used", []), ("used.2", [Cause.OPTIMISER_MISSES])])
def test_weights_that_take_no_part_may_be_left_out(part, named):
    rows = drawn(96, 4)
    case = make_case(
        Spare(), batches(rows[:, :1], rows),
        optimiser=lambda model: torch.optim.Adam(model.get_submodule(part).parameters()),
    )  # fmt: skip
    assert causes(probe_optimiser(Exam(case, SHORT))) == named


def test_logarithms_of_chances_have_a_right_answer_of_their_own():
    rows = drawn(320, 4)
    model = nn.Sequential(*net(4, 2), nn.LogSoftmax(1))
    case = make_case(
        model, batches((rows[:, 0] > 0).long(), rows), loss=functional.nll_loss, optimiser=quick
    )
    exam = Exam(case, SHORT)
    assert exam.direct
    assert exam.one_progress > 0.8
    assert probe_loss(exam) == []


def test_words_that_are_one_number_off_in_validation():
    texts = 2 * whole(10, 640, 6) + 1  # odd numbers: the next one is of none
    target = (texts == 5).any(1).long()
    made = batches(target, texts)
    off = [(inputs + 1, labels) for inputs, labels in made[15:]]
    torch.manual_seed(0)
    model = nn.Sequential(nn.EmbeddingBag(22, 8, mode="max"), nn.Linear(8, 2))
    for valid, named in ((off, [Cause.SPLIT_SHIFT]), (made[15:], [])):
        exam = Exam(make_case(model, made[:15], valid=valid, optimiser=quick), SHORT)
        seen, unseen = (exam.skill(exam.all.model, part) for part in (exam.learnt, exam.valid))
        assert causes(prepared_otherwise(exam, seen, unseen)) == named


def test_two_labels_of_several_that_are_exchanged_in_half_of_the_samples():
    rows = drawn(640, 4)
    target = (rows[:, :3] > 0).float()
    target[::2] = target[::2][:, [1, 0, 2]]
    made = batches(target, rows)
    case = make_case(net(4, 3), made[:15], valid=made[15:], loss=bce, optimiser=quick)
    (found,) = probe_two_ways(Exam(case, Effort(20, 40, 300, 30)))
    assert found.cause is Cause.AXES_MIXED
    assert "0 and 1" in found.subject


def test_a_model_that_sorts_inside_and_back_mixes_nothing():
    rows = drawn(96, 4)

    class Sorted(nn.Module):
        def __init__(self):
            super().__init__()
            self.held = net()

        def forward(self, given):
            order = given[:, 0].argsort()
            return self.held(given[order])[order.argsort()]

    case = make_case(Sorted(), batches(rows[:, :1], rows))
    assert probe_mixing(Exam(case, SHORT)) == []


def test_two_columns_that_are_exchanged_in_validation():
    rows = drawn(960, 4)
    target = rows[:, 1:2] + rows[:, 3:].sin()
    made = batches(target, rows)
    swapped = [(inputs[:, [1, 0, 2, 3]], wanted) for inputs, wanted in made[20:]]
    for valid, named in ((swapped, [Cause.SPLIT_SHIFT]), (made[20:], [])):
        exam = Exam(make_case(net(), made[:20], valid=valid, optimiser=quick), SHORT)
        seen, unseen = (exam.skill(exam.all.model, part) for part in (exam.learnt, exam.valid))
        found = prepared_otherwise(exam, seen, unseen)
        assert causes(found) == named
        assert all("columns 0 and 1" in finding.evidence for finding in found)
