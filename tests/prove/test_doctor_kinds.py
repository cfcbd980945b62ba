"""Rules of tables of kinds, sets, graphs and answers of several numbers, each beside a twin."""

import pytest
import torch
from torch import nn
from torch.nn import functional

from inundate.prove.case import make_case
from inundate.prove.cause import Cause
from inundate.prove.decide import decide
from inundate.prove.exam import Effort, Exam, Skill
from inundate.prove.finding import Finding
from inundate.prove.probe.combined import combined
from inundate.prove.probe.copies import slid
from inundate.prove.probe.drowned import drowned
from inundate.prove.probe.fresh import odd_weights
from inundate.prove.probe.gradient import probe_gradient
from inundate.prove.probe.identity import numbered_each
from inundate.prove.probe.learn import probe_learn
from inundate.prove.probe.loss import probe_loss
from inundate.prove.probe.mended import mended
from inundate.prove.probe.mixed_units import mixed_units
from inundate.prove.probe.numbered_anew import numbered_anew
from inundate.prove.probe.padding import probe_padding
from inundate.prove.probe.prepared import prepared_otherwise
from inundate.prove.probe.range import probe_range
from inundate.prove.probe.reshaped import probe_reshaped
from inundate.prove.probe.stand_in import stand_in_skill
from inundate.prove.probe.start import probe_start
from inundate.prove.probe.tiny_batches import tiny_batches
from inundate.prove.probe.use import probe_use

SHORT = Effort(batches=40, one_batch=30, all_batches=80, remedy=30)
LEVELS = torch.tensor([0.1, 0.5, 0.9])


def drawn(*size, seed=0):
    return torch.randn(*size, generator=torch.Generator().manual_seed(seed))


def whole(most, *size, seed=0):
    return torch.randint(most, size, generator=torch.Generator().manual_seed(seed))


def batches(target, *inputs, size=32):
    return [
        (*(value[i : i + size] for value in inputs), target[i : i + size])
        for i in range(0, len(target), size)
    ]


def exam_of(model, target, *inputs, valid=None, **own):
    return Exam(make_case(model, batches(target, *inputs), valid=valid, **own), SHORT)


def net(inputs=4, outputs=1):
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(inputs, 16), nn.ReLU(), nn.Linear(16, outputs))


def causes(found):
    return [finding.cause for finding in found]


def pinball(output, target):
    error = target - output
    return torch.maximum(LEVELS * error, (LEVELS - 1) * error)


@pytest.mark.parametrize(
    ("loss", "named"),
    [
        (lambda out, t: pinball(out, t).mean(), []),
        (lambda out, t: pinball(out, t)[:, 0].mean(), [Cause.LOSS_IGNORES]),
    ],
)
def test_quantiles_of_which_one_alone_is_scored(loss, named):
    rows = drawn(96, 4)
    assert causes(probe_loss(exam_of(net(4, 3), rows[:, :1], rows, loss=loss))) == named


def two_tasks(first, second):
    return lambda out, t: first(out[:, :1], t[:, :1]) + second(out[:, 1], t[:, 1])


def of_all(output, target):
    return (output - target[:, 0]).square().mean()


@pytest.mark.parametrize(
    ("loss", "named"),
    [
        (two_tasks(functional.mse_loss, functional.binary_cross_entropy_with_logits), []),
        (
            two_tasks(of_all, functional.binary_cross_entropy_with_logits),
            [Cause.SHAPE_BROADCAST],
        ),
        (
            lambda out, t: functional.binary_cross_entropy_with_logits(out[:, 1], t[:, 1]),
            [Cause.LOSS_IGNORES],
        ),
    ],
)
def test_two_tasks_of_which_one_is_spread_out_or_left_out(loss, named):
    rows = drawn(96, 4)
    target = torch.cat([rows[:, :1], (rows[:, 1:2] > 0) * 1.0], 1)
    assert causes(probe_loss(exam_of(net(4, 2), target, rows, loss=loss))) == named


def partial(output, target):
    order = target[:, 0].argsort(descending=True)
    risk, event = output[order, 0], target[order, 1]
    return -((risk - risk.logcumsumexp(0)) * event).sum() / event.sum().clamp_min(1)


@pytest.mark.parametrize(("sign", "named"), [(1.0, []), (-1.0, [Cause.LOSS_SIGN])])
def test_a_partial_likelihood_without_its_minus(sign, named):
    rows = drawn(96, 4)
    target = torch.stack([rows[:, 0], (rows[:, 1] > -0.5) * 1.0], 1)
    exam = exam_of(net(4, 1), target, rows, loss=lambda out, t: sign * partial(out, t))
    assert causes(probe_loss(exam)) == named


def test_clicks_that_are_mixed_with_the_mean_of_the_batch():
    rows = drawn(128, 4)
    target = (rows[:, :1] > 0) * 1.0

    def mixed(share):
        return lambda out, t: functional.binary_cross_entropy_with_logits(
            out, share * t + (1 - share) * t.mean()
        )

    assert causes(probe_loss(exam_of(net(), target, rows, loss=mixed(0.04)))) == [Cause.LOSS_FLOOR]
    assert probe_loss(exam_of(net(), target, rows, loss=mixed(0.95))) == []


class Atoms(nn.Module):
    """Reads sets of atoms, the right way or by a view."""

    def __init__(self, turned=False):
        super().__init__()
        torch.manual_seed(0)
        self.look, self.tell, self.turned = nn.Linear(4, 16), nn.Linear(16, 1), turned

    def forward(self, atoms):
        if self.turned:
            atoms = atoms.transpose(1, 2).contiguous().view(atoms.shape)
        return self.tell(self.look(atoms).relu().mean(1))


@pytest.mark.parametrize("turned", [True, False])
def test_axes_that_were_exchanged_and_put_back_by_a_view(turned):
    atoms = drawn(64, 7, 4)
    found = probe_reshaped(exam_of(Atoms(turned), atoms[:, 0, :1], atoms))
    assert causes(found) == ([Cause.AXES_MIXED] if turned else [])


def test_molecules_of_few_kinds_of_atoms_are_no_windows_of_one_series():
    kinds = functional.one_hot(whole(3, 400, 7), 3).float()
    valid = batches(drawn(100, 1), kinds[300:])
    assert slid(exam_of(Atoms(), drawn(300, 1), kinds[:300], valid=valid)) == []
    series = drawn(700, 3)
    windows = torch.stack([series[i : i + 7] for i in range(400)])
    order = torch.randperm(400, generator=torch.Generator().manual_seed(0))
    valid = batches(drawn(100, 1), windows[order[300:]])
    found = slid(exam_of(Atoms(), drawn(300, 1), windows[order[:300]], valid=valid))
    assert causes(found) == [Cause.SPLIT_LEAK]


class Tables(nn.Module):
    """Multiplies the vectors of two kinds."""

    def __init__(self, start):
        super().__init__()
        torch.manual_seed(0)
        self.one, self.two = nn.Embedding(12, 4), nn.Embedding(10, 4)
        self.level = nn.Embedding(12, 1)
        for table in (self.one, self.two):
            nn.init.normal_(table.weight, std=start)

    def forward(self, one, two):
        product = (self.one(one) * self.two(two)).sum(1, keepdim=True)
        return product + self.level(one)


@pytest.mark.parametrize(("start", "named"), [(0.0, [Cause.BAD_START]), (0.3, [])])
def test_two_tables_of_zeros_that_wait_for_each_other(start, named):
    one, two = whole(12, 256), whole(10, 256, seed=1)
    found = probe_gradient(exam_of(Tables(start), drawn(256, 1), one, two))
    assert [f.cause for f in found if f.is_fault] == named


def test_the_doctors_own_network_multiplies_kinds():
    one, two = whole(12, 960), whole(10, 960, seed=1)
    target = (drawn(12, 2)[one] * drawn(10, 2, seed=1)[two]).sum(1, keepdim=True)
    valid = batches(target[720:], one[720:], two[720:])
    exam = exam_of(Tables(0.3), target[:720], one[:720], two[:720], valid=valid)
    exam.effort = Effort(all_batches=150)
    assert stand_in_skill(exam).value > 0.7


@pytest.mark.parametrize(("share", "named"), [(6, [Cause.UNIT_SLIP]), (0, [])])
def test_logarithms_of_another_unit(share, named):
    train, valid = (torch.rand(n, 1, generator=torch.Generator().manual_seed(n)).log()
                    for n in (1200, 400))  # fmt: skip
    train, valid = train.clamp(min=-2.0), valid.clamp(min=-2.0)
    if share:
        train[::share] += 5.9
    assert causes(mixed_units("exposure", train, valid)) == named


def test_counts_by_the_exponential_of_an_exposure():
    rows, exposure = drawn(600, 3), torch.rand(600, 1)
    generator = torch.Generator().manual_seed(0)
    count = torch.poisson((1.2 + rows[:, :1] + exposure).exp(), generator=generator)
    rate = count / exposure.exp()
    values = torch.cat([rows, rate, exposure], 1).double()
    assert combined(values, count[:, 0].double())[:1] == [(3, 4)]
    assert combined(torch.cat([rows, exposure], 1).double(), count[:, 0].double()) == []


class Kinds(nn.Module):
    """Adds up what each kind is worth."""

    def __init__(self, *, last_zero=False):
        super().__init__()
        torch.manual_seed(0)
        self.tables = nn.ModuleList([nn.Embedding(n, 8) for n in (5, 7)])
        self.shift = nn.Parameter(torch.zeros(2, 8) if last_zero else torch.randn(2, 8))
        self.tell = nn.Linear(8, 1)

    def forward(self, kinds):
        told = [table(kinds[:, i]) + self.shift[i] for i, table in enumerate(self.tables)]
        return self.tell(sum(told))


def kinds_of(count, seed=0):
    return torch.stack([whole(5, count, seed=seed), whole(7, count, seed=seed + 1)], 1)


def worth(kinds):
    return (drawn(5)[kinds[:, 0]] + drawn(7, seed=1)[kinds[:, 1]])[:, None]


@pytest.mark.parametrize("anew", [True, False])
def test_kinds_that_validation_numbers_anew(anew):
    train, valid = kinds_of(480), kinds_of(320, seed=5)
    target = worth(valid)
    if anew:
        valid = torch.stack([(valid[:, 0] * 2 + 1) % 5, (valid[:, 1] * 3 + 2) % 7], 1)
    exam = exam_of(
        Kinds(), worth(train), train, valid=batches(target, valid),
        optimiser=lambda m: torch.optim.Adam(m.parameters(), lr=2e-2),
    )  # fmt: skip
    seen, unseen = (exam.skill(exam.all.model, part) for part in (exam.learnt, exam.valid))
    made = Skill(0.9, 0.5, 0.9), Skill(0.0, 0.5, 0.0)
    found = numbered_anew(exam, *((seen, unseen) if anew else made))
    assert causes(found) == ([Cause.SPLIT_SHIFT] if anew else [])
    assert causes(prepared_otherwise(exam, seen, unseen)) == causes(found)


def test_a_shift_of_zeros_is_not_symmetric_for_long():
    kinds = kinds_of(256)
    exam = exam_of(Kinds(last_zero=True), worth(kinds), kinds)
    assert Cause.SYMMETRIC_START not in causes(probe_start(exam))


@pytest.mark.parametrize(("apart", "named"), [(1, [Cause.MEMORISES]), (400, [])])
def test_the_number_of_a_customer_as_one_of_the_kinds(apart, named):
    kinds = kinds_of(600)
    number = torch.arange(600) // apart  # of the customer, or of a part of the file
    target = worth(kinds)
    rows = torch.cat([kinds, number[:, None]], 1)
    model = Kinds()
    model.tables.append(nn.Embedding(600, 8))
    model.shift = nn.Parameter(torch.zeros(3, 8))
    nn.init.normal_(model.tables[2].weight, std=3.0)
    exam = exam_of(
        model, target[:448], rows[:448], valid=batches(target[448:], rows[448:]),
        optimiser=lambda m: torch.optim.Adam(m.parameters(), lr=1e-2),
    )  # fmt: skip
    exam.effort = Effort(all_batches=200)
    assert causes(numbered_each(exam, exam.skill(exam.all.model, exam.valid))) == named


@pytest.mark.parametrize(
    ("norm", "named"), [(nn.BatchNorm1d, [Cause.TRAIN_EVAL_GAP]), (nn.LayerNorm, [])]
)
def test_batch_norm_over_batches_of_two(norm, named):
    torch.manual_seed(0)
    layers = [layer for _ in range(2) for layer in (nn.Linear(16, 16), norm(16), nn.ReLU())]
    model = nn.Sequential(nn.Linear(4, 16), *layers, nn.Linear(16, 1))
    rows = drawn(384, 4)
    target = rows[:, :1] + rows[:, 1:2] * rows[:, 2:3].sign()
    held = make_case(
        model, batches(target[:256], rows[:256], size=2),
        valid=batches(target[256:], rows[256:], size=2),
        optimiser=lambda m: torch.optim.Adam(m.parameters(), lr=1e-2),
    )  # fmt: skip
    exam = Exam(held, Effort(batches=128, all_batches=150))
    unseen = exam.skill(exam.all.model, exam.valid)
    assert causes(tiny_batches(exam, unseen)) == named


class Masked(nn.Module):
    """Takes the mean of what is there, or of all."""

    def __init__(self, masked):
        super().__init__()
        torch.manual_seed(0)
        self.look, self.tell, self.masked = nn.Linear(3, 16), nn.Linear(16, 1), masked

    def forward(self, things, there):
        seen = self.look(things).relu()
        there = there if self.masked else torch.ones_like(there)
        return self.tell((seen * there[..., None]).sum(1) / there.sum(1, keepdim=True))


@pytest.mark.parametrize(("masked", "named"), [(False, [Cause.PADDING]), (True, [])])
def test_a_mask_that_is_not_used_says_why_padding_is_read(masked, named):
    there = torch.arange(20) < whole(4, 192, 1) + 1
    things = drawn(192, 20, 3) * there[..., None]
    exam = exam_of(Masked(masked), things[:, 0, :1], things, there)
    exam.findings = probe_padding(exam)
    assert causes(probe_use(exam)) == named


def test_a_mask_has_no_words():
    there = torch.arange(8) < whole(8, 96, 1) + 1
    things = drawn(96, 8, 3)  # not filled up themselves
    assert probe_use(exam_of(Masked(True), things[:, 0, :1], things, there)) == []


class Heads(nn.Module):
    """Gives two numbers, the first of them through another layer."""

    def __init__(self, last):
        super().__init__()
        self.held, self.last = net(4, 2), last

    def forward(self, rows):
        told = self.held(rows)
        return torch.cat([self.last(told[:, :1]), told[:, 1:]], 1)


@pytest.mark.parametrize(
    ("last", "named"), [(nn.Sigmoid(), [Cause.OUTPUT_RANGE]), (nn.Identity(), [])]
)
def test_one_of_two_tasks_behind_a_sigmoid(last, named):
    rows = drawn(128, 4)
    target = torch.cat([rows[:, :1], (rows[:, 1:2] > 0) * 1.0], 1)
    loss = two_tasks(functional.mse_loss, functional.binary_cross_entropy_with_logits)
    assert causes(probe_range(exam_of(Heads(last), target, rows, loss=loss))) == named


class Experts(nn.Module):
    """Adds up two networks, of which evaluation may ask one alone."""

    def __init__(self, alone):
        super().__init__()
        self.one, self.two, self.alone = net(), net(), alone

    def forward(self, rows):
        if self.alone and not self.training:
            return 1.3 * self.one(rows)
        return self.one(rows) + self.two(rows)


@pytest.mark.parametrize("alone", [True, False])
def test_a_forward_that_does_something_else_in_evaluation(alone):
    rows = drawn(320, 4)
    target = rows[:, :1] + 0.5 * rows[:, 1:2]
    valid = batches(drawn(64, 4, seed=1)[:, :1], drawn(64, 4, seed=1))
    exam = exam_of(
        Experts(alone), target, rows, valid=valid,
        optimiser=lambda m: torch.optim.Adam(m.parameters(), lr=1e-2),
    )  # fmt: skip
    assert (Cause.TRAIN_EVAL_GAP in causes(probe_learn(exam))) is alone


@pytest.mark.parametrize(("share", "named"), [(0.95, [Cause.NOISE_TOO_STRONG]), (0.0, [])])
def test_cells_of_other_rows_drown_quantiles(share, named):
    rows = drawn(640, 3)
    held = rows.clone()
    swapped = torch.rand(480, 3, generator=torch.Generator().manual_seed(0)) < share
    held[:480][swapped] = drawn(480, 3, seed=3)[swapped]
    target = rows[:, :1] + 0.1 * drawn(640, 1, seed=2)
    exam = exam_of(
        net(3, 3), target[:480], held[:480], valid=batches(target[480:], rows[480:]),
        loss=lambda out, t: pinball(out, t).mean(),
        optimiser=lambda m: torch.optim.Adam(m.parameters(), lr=1e-2),
    )  # fmt: skip
    exam.figures["samples_that_recur"] = 0.0
    assert causes(drowned(exam, exam.skill(exam.all.model, exam.valid))) == named


@pytest.mark.parametrize("size", [15.0, None])
def test_weights_of_attention_that_no_layer_draws(size):
    torch.manual_seed(0)
    layer = nn.TransformerEncoderLayer(8, 2, 16, batch_first=True)
    if size:
        nn.init.normal_(layer.self_attn.in_proj_weight, std=size)
    odd = odd_weights(exam_of(layer, drawn(64, 5, 8), drawn(64, 5, 8)))
    assert [name.split(" ")[0] for name in odd] == (["self_attn.in_proj_weight"] if size else [])


@pytest.mark.parametrize(("size", "named"), [(30.0, [Cause.BAD_START]), (1.0, [])])
def test_odd_weights_are_drawn_anew_over_all_batches(size, named):
    rows = drawn(512, 6)
    target = rows[:, :1] * rows[:, 1:2].sign()
    model = net(6)
    with torch.no_grad():
        model[0].weight.mul_(size)
        model[0].bias.mul_(size)
    exam = exam_of(
        model, target[:384], rows[:384], valid=batches(target[384:], rows[384:]),
        optimiser=lambda m: torch.optim.Adam(m.parameters(), lr=2e-2),
    )  # fmt: skip
    exam.effort = Effort(all_batches=150)
    exam.figures["pace, with fresh weights"] = 0.8  # it was no quicker on one batch
    unseen = exam.skill(exam.all.model, exam.valid)
    assert causes(mended(exam, unseen)) == named


def test_what_failed_for_a_change_of_a_probe_is_named_last():
    rows = drawn(64, 4)
    exam = exam_of(net(), rows[:, :1], rows)
    exam.findings = [
        Finding(Cause.DOES_NOT_RUN, "suspect", "IndexError"),
        Finding(Cause.CANNOT_FIT, "suspect", ""),
    ]
    exam.figures["healthy"] = 0.0
    assert decide(exam).cause is Cause.CANNOT_FIT


def cells_viewed(scores, wanted):
    return functional.cross_entropy(scores.reshape(-1, scores.shape[1]), wanted.reshape(-1))


def cells_moved(scores, wanted):
    return cells_viewed(scores.permute(0, 2, 3, 1).reshape(scores.shape), wanted)


def cells_over_places(scores, wanted):
    return functional.nll_loss(functional.log_softmax(scores, 3), wanted)


@pytest.mark.parametrize(
    ("loss", "named"),
    [
        (cells_viewed, Cause.AXES_MIXED),
        (cells_over_places, Cause.LOSS_OUTPUT_MISMATCH),
        (cells_moved, None),
    ],
)
def test_scores_of_maps_that_a_view_takes_apart_are_mixed(loss, named):
    maps = drawn(64, 1, 6, 6)
    wanted = (maps[:, 0] > 0).long() + (maps[:, 0] > 1).long()
    model = nn.Conv2d(1, 3, 3, padding=1)
    found = probe_loss(exam_of(model, wanted, maps, loss=loss))
    assert [finding.cause for finding in found if finding.is_fault] == ([named] if named else [])
