"""Rules of ordinary faults: losses over another axis, weights of classes, rates, what was split."""

import pytest
import torch
from torch import nn
from torch.nn import functional

from inundate.prove.case import make_case
from inundate.prove.cause import Cause
from inundate.prove.exam import Effort, Exam, Skill
from inundate.prove.probe.deep import narrow_place, normed
from inundate.prove.probe.gradient import probe_gradient
from inundate.prove.probe.linear import probe_linear
from inundate.prove.probe.loader import probe_loader
from inundate.prove.probe.loss import probe_loss
from inundate.prove.probe.prepared import prepared_otherwise, turned_relations
from inundate.prove.probe.slips import slips
from inundate.prove.probe.split import probe_split
from inundate.prove.probe.tail import without_tail
from inundate.prove.probe.turned_alone import turned_alone
from inundate.prove.probe.unlearnt import better_rates
from inundate.prove.trial import Remedy, run_trial

SHORT = Effort(batches=20, one_batch=30, all_batches=80, remedy=30)
NOTHING = Skill(0.0, 1.0, 0.0)
bce = functional.binary_cross_entropy_with_logits


def drawn(*size, seed=0):
    return torch.randn(*size, generator=torch.Generator().manual_seed(seed))


def batches(target, *inputs, size=16):
    held = inputs[0] if len(inputs) == 1 else None
    return [
        (held[i : i + size] if held is not None else [v[i : i + size] for v in inputs],
         target[i : i + size])
        for i in range(0, len(target), size)
    ]  # fmt: skip


def net(inputs=4, outputs=3):
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(inputs, 16), nn.ReLU(), nn.Linear(16, outputs))


def causes(found):
    return [finding.cause for finding in found]


def classes(rows):
    return (rows[:, 0] > 0.5).long() + (rows[:, 0] > -0.5).long()


@pytest.mark.parametrize(
    ("loss", "named"),
    [
        (functional.cross_entropy, []),
        (lambda o, t: functional.cross_entropy(o, t, label_smoothing=0.1), []),
        (functional.multi_margin_loss, []),
        (lambda o, t: functional.nll_loss(o.log_softmax(0), t), [Cause.LOSS_OUTPUT_MISMATCH]),
        (lambda o, t: (o - t[:, None]).square().mean(), [Cause.LOSS_OUTPUT_MISMATCH]),
        (lambda o, t: functional.cross_entropy(o, functional.one_hot(t, 3).float().softmax(1)),
         [Cause.LOSS_FLOOR]),
    ],
)  # fmt: skip
def test_what_a_loss_of_classes_takes_scores_for(loss, named):
    rows = drawn(96, 4)
    exam = Exam(make_case(net(), batches(classes(rows), rows), loss=loss), SHORT)
    assert causes(probe_loss(exam)) == named


@pytest.mark.parametrize(("weight", "named"), [(1.0, []), (9.0, []), (0.05, True)])
def test_weights_of_a_rare_class_in_a_map(weight, named):
    maps = drawn(64, 1, 6, 6)
    target = (maps > 1.2).float()
    model = nn.Conv2d(1, 1, 1)
    loss = lambda o, t: bce(o, t, pos_weight=torch.tensor(weight))  # noqa: E731
    found = probe_loss(Exam(make_case(model, batches(target, maps), loss=loss), SHORT))
    assert causes(found) == ([Cause.MAJORITY_COLLAPSE] if named else [])


def test_weights_of_a_rare_class_of_three():
    rows = drawn(256, 4)
    target = (rows[:, 0] > 0).long() + (rows[:, 0] > 1.5).long()
    for weight, named in ((1.0, []), (0.1, [Cause.MAJORITY_COLLAPSE])):
        weights = torch.tensor([1.0, 1.0, weight])
        case = make_case(
            net(), batches(target, rows), loss=nn.CrossEntropyLoss(weight=weights)
        )  # fmt: skip
        assert causes(probe_loss(Exam(case, SHORT))) == named


def test_a_loss_that_takes_targets_by_place_and_scores_by_text():
    texts = torch.randint(0, 5, (96, 6), generator=torch.Generator().manual_seed(1))
    model = nn.Sequential(nn.Embedding(5, 8), nn.Linear(8, 5))
    found = []
    for turned in (False, True):

        def loss(out, t, turned=turned):
            wanted = t.T.reshape(-1) if turned else t.flatten()
            return functional.cross_entropy(out.flatten(0, 1), wanted)

        found.append(causes(probe_loss(Exam(make_case(model, batches(texts, texts), loss=loss)))))
    assert found == [[], [Cause.AXES_MIXED]]


class Held(nn.Module):
    """Holds weights beside its layer, and uses them or does not."""

    def __init__(self, used):
        super().__init__()
        self.layer, self.place = nn.Linear(4, 1), nn.Parameter(torch.ones(4))
        self.used = used

    def forward(self, rows):
        return self.layer(rows + self.place.detach() if self.used else rows)


@pytest.mark.parametrize("used", [True, False])
def test_weights_that_nothing_is_computed_from_need_no_gradient(used):
    rows = drawn(64, 4)
    exam = Exam(make_case(Held(used), batches(rows[:, :1], rows)), SHORT)
    assert (Cause.NO_GRADIENT in causes(probe_gradient(exam))) is used


class Narrow(nn.Module):
    """A frozen layer with two matrices of zeros beside it."""

    def __init__(self):
        super().__init__()
        self.layer = nn.Linear(4, 1).requires_grad_(False)
        self.down = nn.Parameter(torch.zeros(2, 4))
        self.up = nn.Parameter(torch.zeros(1, 2))

    def forward(self, rows):
        return self.layer(rows) + rows @ self.down.T @ self.up.T


def test_two_matrices_of_zeros_wait_for_each_other():
    rows = drawn(64, 4)
    found = probe_gradient(Exam(make_case(Narrow(), batches(rows[:, :1], rows)), SHORT))
    assert causes(found) == [Cause.BAD_START]


def test_a_line_through_one_sample_says_nothing():
    rows = drawn(20, 4)
    case = make_case(net(4, 1), batches(rows[:, :1].tanh(), rows, size=1))
    assert probe_linear(Exam(case, SHORT)) == []


def test_rows_that_were_written_twice_and_then_split():
    rows = drawn(200, 4)
    order = torch.randperm(400, generator=torch.Generator().manual_seed(2)) % 200
    twice, target = rows[order], classes(rows[order])
    case = make_case(net(), batches(target[:300], twice[:300]),
                     valid=batches(target[300:], twice[300:]))  # fmt: skip
    assert causes(probe_split(Exam(case, SHORT))) == [Cause.SPLIT_LEAK]


def test_some_targets_in_another_unit_are_no_other_preparation():
    rows = drawn(400, 4)
    target = rows[:, :1].clone()
    valid = batches(target[320:], rows[320:])
    slipped = target[:320].clone()
    slipped[::10] *= 100.0
    found = [
        causes(probe_split(Exam(make_case(net(4, 1), batches(one, rows[:320]), valid=valid))))
        for one in (slipped, 100.0 * target[:320])
    ]
    assert found == [[Cause.UNIT_SLIP], [Cause.SPLIT_SHIFT]]


@pytest.mark.parametrize(
    ("change", "named"),
    [(lambda v: 1.8 * v + 32, [Cause.UNIT_SLIP]), (lambda v: v + 273.15, [Cause.UNIT_SLIP]),
     (lambda v: 0.3 * v + 40, [])],
)  # fmt: skip
def test_degrees_of_two_scales(change, named):
    held = 12.0 + 3.0 * drawn(300, 1)
    held[::6] = change(held[::6])
    assert causes(slips("air", held)) == named


def masked(rows, seed):
    kept = torch.rand(rows.shape, generator=torch.Generator().manual_seed(seed)) < 0.15
    return rows * kept


class Anew:
    """Masks its rows by another draw in each epoch."""

    def __init__(self, rows, target):
        self.rows, self.target, self.epoch = rows, target, 0

    def __iter__(self):
        self.epoch += 1
        return iter(batches(self.target, masked(self.rows, self.epoch)))


def test_rows_that_are_mostly_masked_are_not_mispaired():
    rows = drawn(200, 3)
    target = classes(rows)
    case = make_case(net(3), Anew(rows[:150], target[:150]),
                     valid=batches(target[150:], rows[150:]))  # fmt: skip
    exam = Exam(case, SHORT)
    assert Cause.TARGETS_MISPAIRED not in causes(probe_loader(exam))
    assert causes(probe_split(exam)) == [Cause.NOISE_TOO_STRONG]


def test_a_rate_is_changed_beside_a_schedule():
    rows = drawn(32, 4)
    made = []

    def scheduled(model):
        optimiser = torch.optim.SGD(model.parameters(), lr=0.1)
        made.append(torch.optim.lr_scheduler.LambdaLR(optimiser, lambda n: 1.0 + n))
        optimiser.register_step_post_hook(lambda *_: made[-1].step())
        return optimiser

    case = make_case(nn.Linear(4, 1), batches(rows[:, :1], rows), optimiser=scheduled)
    seen = []
    for remedy in (Remedy(rate=0.5), Remedy(held=True)):
        trial = run_trial(case, batches_of(case), 4, remedy=remedy)
        seen.append([round(rate, 6) for rate in trial.rates])
    # what the schedule says stays as it is between the steps
    assert seen == [[0.1, 0.2, 0.3, 0.4], [0.1, 0.2, 0.3, 0.4]]
    lengths = [step_length(case, remedy) for remedy in (Remedy(), Remedy(rate=0.5))]
    assert lengths[1] == pytest.approx(0.5 * lengths[0], rel=1e-4)


def batches_of(case):
    return list(case.batches(case.train, 4))


def step_length(case, remedy):
    trial = run_trial(case, batches_of(case), 1, remedy=remedy)
    return float((trial.model.weight - case.model.weight).norm().detach())


def test_an_optimiser_that_searches_is_given_the_loss():
    rows = drawn(32, 4)
    case = make_case(
        nn.Linear(4, 1), batches(rows[:, :1], rows),
        optimiser=lambda m: torch.optim.LBFGS(m.parameters(), lr=0.5),
    )  # fmt: skip
    trial = run_trial(case, batches_of(case), 5)
    assert trial.losses[-1] < 0.2 * trial.first


def test_other_rates_are_tried_where_little_is_learnt():
    rows = drawn(320, 4)
    target = rows[:, :1].tanh()
    case = make_case(
        net(4, 1), batches(target[:240], rows[:240]), valid=batches(target[240:], rows[240:]),
        optimiser=lambda m: torch.optim.SGD(m.parameters(), lr=1e-3),
    )  # fmt: skip
    assert causes(better_rates(Exam(case, SHORT), NOTHING)) == [Cause.RATE_TOO_LOW]


def test_validation_channels_in_another_order():
    rows = drawn(320, 4)
    target = rows[:, :1].tanh()
    valid = batches(target[240:], rows[240:].flip(1))
    case = make_case(net(4, 1), batches(target[:240], rows[:240]), valid=valid,
                     optimiser=lambda m: torch.optim.Adam(m.parameters(), lr=0.02))  # fmt: skip
    exam = Exam(case, SHORT)
    seen, unseen = (exam.skill(exam.all.model, part) for part in (exam.learnt, exam.valid))
    assert causes(prepared_otherwise(exam, seen, unseen)) == [Cause.SPLIT_SHIFT]
    assert prepared_otherwise(exam, seen, seen) == []


class Sent(nn.Module):
    """Adds up what arrives along edges."""

    def __init__(self):
        super().__init__()
        self.own, self.sent = nn.Linear(1, 1), nn.Linear(1, 1)

    def forward(self, nodes, edges):
        return (self.own(nodes) + edges @ self.sent(nodes))[..., 0]


@pytest.mark.parametrize("turned", [False, True])
def test_edges_from_the_end_to_the_begin(turned):
    edges = (drawn(160, 5, 5, seed=3) > 0.8).float().triu(1)
    nodes = drawn(160, 5, 1)
    target = (edges @ nodes)[..., 0]
    given = edges.transpose(1, 2) if turned else edges
    train = batches(target[:112], nodes[:112], given[:112])
    case = make_case(Sent(), train, valid=batches(target[112:], nodes[112:], given[112:]),
                     optimiser=lambda m: torch.optim.Adam(m.parameters(), lr=0.05))  # fmt: skip
    exam = Exam(case, SHORT)
    found = turned_relations(exam, exam.skill(exam.all.model, exam.valid))
    assert causes(found) == ([Cause.AXES_MIXED] if turned else [])


class Mirrored:
    """Mirrors half of its images, anew in each epoch."""

    def __init__(self, images, target):
        self.images, self.target, self.epoch = images, target, 0

    def __iter__(self):
        self.epoch += 1
        chosen = torch.rand(len(self.images), generator=torch.Generator().manual_seed(self.epoch))
        turned = (chosen < 0.5)[:, None, None, None]
        return iter(batches(self.target, torch.where(turned, self.images.flip(-1), self.images)))


@pytest.mark.parametrize("by_side", [True, False])
def test_images_that_are_mirrored_and_labels_that_are_not(by_side):
    images = drawn(320, 1, 4, 4)
    half = images[..., :2].mean((1, 2, 3)) - images[..., 2:].mean((1, 2, 3))
    target = ((half if by_side else images.mean((1, 2, 3))) > 0).long()
    model = nn.Sequential(nn.Flatten(), net(16, 2))
    case = make_case(model, Mirrored(images[:160], target[:160]),
                     valid=batches(target[160:], images[160:]),
                     optimiser=lambda m: torch.optim.Adam(m.parameters(), lr=0.02))  # fmt: skip
    exam = Exam(case, SHORT)
    exam.figures["samples_that_recur"] = 0.5
    assert causes(turned_alone(exam)) == ([Cause.TARGETS_MISPAIRED] if by_side else [])


def test_norms_behind_layers_and_a_place_of_one_unit():
    layers = [layer for _ in range(12) for layer in (nn.Linear(8, 8), nn.Sigmoid())]
    deep = nn.Sequential(*layers, nn.Linear(8, 2))
    rows = drawn(32, 8)
    before = float(deep(rows).detach().std(0).mean())
    normed(deep)
    assert before < 1e-4 < 0.05 < float(deep(rows).detach().std(0).mean())
    assert narrow_place(nn.Sequential(nn.Linear(4, 1), nn.ReLU(), nn.Linear(1, 3))) == "0"
    assert narrow_place(nn.Sequential(nn.Linear(4, 2), nn.ReLU(), nn.Linear(2, 1))) == ""


@pytest.mark.parametrize(("behind", "tail"), [(0, None), (2, None), (9, 9)])
def test_what_stands_behind_all_texts_is_cut_off(behind, tail):
    texts = torch.randint(1, 5, (96, 6), generator=torch.Generator().manual_seed(1))
    texts[:, -1] = torch.arange(96) % 4 + 1
    model = nn.Sequential(nn.EmbeddingBag(5, 8), nn.Linear(8, 2))
    long = functional.pad(texts, (0, behind))
    exam = Exam(make_case(model, batches(texts[:, 0] % 2, long)), SHORT)
    found = without_tail(exam)
    assert (found is None) is (tail is None)
    if found is not None:
        assert found[0] == "input"
        assert found[1](exam.train[0])["inputs"]["input"].shape == (16, 6)
