"""Sound trainings of kinds that rules for single answers once called ill, beside faulty twins."""

import torch
from torch import nn
from torch.nn import functional

from inundate.prove.case import make_case
from inundate.prove.cause import Cause
from inundate.prove.exam import Effort, Exam
from inundate.prove.foreign import foreign_case
from inundate.prove.probe.loss import probe_loss
from inundate.prove.probe.mixing import probe_mixing
from inundate.prove.probe.optimiser import probe_optimiser
from inundate.prove.probe.slips import slips
from inundate.prove.probe.split import probe_split
from inundate.prove.probe.weights import probe_weights
from inundate.prove.side_by_side import side_by_side

SHORT = Effort(batches=40, one_batch=30, all_batches=80, remedy=30)


def drawn(*size, seed=0):
    return torch.randn(*size, generator=torch.Generator().manual_seed(seed))


def whole(most, *size, seed=0):
    return torch.randint(most, size, generator=torch.Generator().manual_seed(seed))


def exam_of(model, target, *inputs, size=32, **own):
    data = [
        (tuple(value[i : i + size] for value in inputs), target[i : i + size])
        for i in range(0, len(target), size)
    ]
    exam = Exam(make_case(model, data, **own), SHORT)
    beside = side_by_side(exam.case, exam.train, exam.output)
    return exam if beside is None else Exam(beside, SHORT)


def causes(found):
    return [finding.cause for finding in found]


class Variational(nn.Module):
    def __init__(self):
        super().__init__()
        self.read, self.tell = nn.Linear(16, 4), nn.Linear(2, 16)

    def forward(self, rows):
        mean, variance = self.read(rows.flatten(1)).chunk(2, 1)
        code = mean + torch.randn_like(mean) * torch.exp(0.5 * variance)
        return torch.sigmoid(self.tell(code)), mean, variance


def of_chances(given, target):
    told, mean, variance = given
    apart = functional.binary_cross_entropy(told, target.flatten(1), reduction="sum")
    return apart - 0.5 * (1 + variance - mean.square() - variance.exp()).sum()


def test_a_loss_that_refuses_what_the_model_cannot_give_is_asked_among_what_it_can():
    maps = (drawn(96, 1, 4, 4)).sigmoid()
    exam = exam_of(Variational(), maps, maps, loss=of_chances)
    assert Cause.SHAPE_BROADCAST not in causes(probe_loss(exam))
    assert exam.free_constant is not None
    assert probe_mixing(exam) == []  # each row has its own noise


class Mixture(nn.Module):
    def __init__(self):
        super().__init__()
        self.share, self.middle, self.wide = (nn.Linear(3, 2) for _ in range(3))

    def forward(self, rows):
        return self.share(rows).softmax(1), self.middle(rows), self.wide(rows).exp()


def test_a_mixture_of_normal_densities_is_not_called_a_shape():
    def loss(given, target):
        share, middle, wide = given
        chance = torch.distributions.Normal(middle, wide).log_prob(target)
        return -torch.logsumexp(chance + share.log(), 1).mean()

    rows = drawn(96, 3)
    exam = exam_of(Mixture(), rows[:, :1] + 0.1 * drawn(96, 1, seed=1), rows, loss=loss)
    assert probe_loss(exam) == []
    assert exam.levels([exam.typical])[0] < exam.levels([exam.typical])[1]


def test_a_call_of_ones_own_gets_the_inputs_as_the_loader_gives_them(tmp_path):
    (tmp_path / "own.py").write_text(
        "import torch\n"
        "from torch import nn\n"
        "def one():\n"
        "    return {'model': nn.Linear(3, 1), 'call': lambda model, rows: model(rows)}\n"
        "def two():\n"
        "    return {'model': nn.Bilinear(3, 3, 1), 'call': lambda model, both: model(*both)}\n"
        "def named():\n"
        "    return {'model': nn.Linear(3, 1), 'call': lambda model, both: model(both['a'])}\n"
        "rows, target = torch.randn(8, 3), torch.randn(8, 1)\n"
        "def rows_alone(): return [(rows, target)]\n"
        "def pairs(): return [((rows, rows), target)]\n"
        "def table(): return [({'a': rows, 'b': rows}, target)]\n"
    )
    for made, data in (("one", "rows_alone"), ("two", "pairs"), ("named", "table")):
        case = foreign_case(f"{tmp_path}/own.py:{made}", f"{tmp_path}/own.py:{data}")
        (batch,) = case.batches(case.train, 1)
        assert case.call(case.model, batch["inputs"]).shape == (8, 1)


def hardest(given, target):
    apart = torch.cdist(given, given)
    same = target[:, None] == target
    return functional.relu((apart * same).amax(1) - (apart + 100.0 * same).amin(1) + 0.3).mean()


def test_a_loss_of_distances_is_no_softmax_over_samples():
    rows, target = drawn(96, 6), whole(3, 96)

    def over_samples(given, target):
        return functional.nll_loss(given.log_softmax(0), target)

    model = nn.Linear(6, 8)
    assert probe_loss(exam_of(model, target, rows, loss=hardest)) == []
    model = nn.Linear(6, 3)
    found = probe_loss(exam_of(model, target, rows, loss=over_samples))
    assert causes(found) == [Cause.LOSS_OUTPUT_MISMATCH]


class Distance(nn.Module):
    def __init__(self, sign=1.0):
        super().__init__()
        self.read, self.sign = nn.Linear(6, 4), sign

    def forward(self, one, other):
        away = functional.pairwise_distance(self.read(one), self.read(other))
        return away if self.sign > 0 else torch.exp(-away)


def test_a_distance_is_small_where_the_target_says_alike():
    target = whole(2, 96).float()
    one, other = drawn(96, 6), drawn(96, 6, seed=1)

    def loss(away, alike):
        return (alike * away**2 + (1 - alike) * functional.relu(1 - away) ** 2).mean()

    assert probe_loss(exam_of(Distance(), target, one, other, loss=loss)) == []
    found = probe_loss(exam_of(Distance(-1.0), target, one, other, loss=loss))
    assert causes(found) == [Cause.LOSS_SIGN]


def test_one_step_less_than_levels_is_asked_of_ordered_levels():
    rows = drawn(96, 4)
    target = torch.bucketize(rows[:, 0].contiguous(), torch.tensor([-1.0, 0.0, 1.0]))

    def passed(given, level):
        steps = (level[:, None] > torch.arange(3)).float()
        return functional.binary_cross_entropy_with_logits(given, steps)

    assert probe_loss(exam_of(nn.Linear(4, 3), target, rows, loss=passed)) == []


def test_a_focal_loss_counts_the_rare_class_for_more_where_shares_are_known():
    rows = drawn(320, 4)
    target = (rows[:, :1] > 1.2).float()

    def weighed(given, target, power):
        told = functional.binary_cross_entropy_with_logits(given, target, reduction="none")
        weight = 0.25 * target + 0.75 * (1 - target)
        return (weight * (1 - (-told).exp()) ** power * told).mean()

    focal = exam_of(nn.Linear(4, 1), target, rows, loss=lambda o, t: weighed(o, t, 2.0))
    assert probe_weights(focal) == []
    wrong = exam_of(nn.Linear(4, 1), target, rows, loss=lambda o, t: weighed(o, t, 0.0))
    assert causes(probe_weights(wrong)) == [Cause.MAJORITY_COLLAPSE]


def test_samples_of_a_class_may_be_flat():
    sizes = drawn(240, 12)
    kinds = whole(3, 240)
    some = torch.where(kinds == 2, 0.1, 1.0)[:, None]
    held = torch.stack([drawn(240, 12, seed=1), sizes * some], 1)
    assert slips("bodies", held, kinds=kinds) == []
    assert causes(slips("bodies", held)) == [Cause.UNIT_SLIP]
    found = slips("bodies", held, kinds=whole(3, 240, seed=5))
    assert causes(found) == [Cause.UNIT_SLIP]


class Nodes(nn.Module):
    def __init__(self, mixed=False):
        super().__init__()
        self.read, self.tell, self.mixed = nn.Linear(6, 8), nn.Linear(8, 3), mixed

    def forward(self, rows, edges):
        held = self.tell((edges @ self.read(rows)).relu())
        return held + held.mean(0) if self.mixed else held


def test_nodes_of_a_graph_reach_each_other_by_its_edges():
    rows, target = drawn(40, 6), whole(3, 40)
    edges = (torch.rand(40, 40, generator=torch.Generator().manual_seed(0)) < 0.1).float()
    edges = ((edges + edges.T + torch.eye(40)) > 0).float()
    edges /= edges.sum(1, keepdim=True)
    assert probe_mixing(exam_of(Nodes(), target, rows, edges, size=40)) == []
    found = probe_mixing(exam_of(Nodes(mixed=True), target, rows, edges, size=40))
    assert causes(found) == [Cause.AXES_MIXED]


def test_nodes_of_one_graph_are_no_leak_where_each_part_has_classes_of_its_own():
    rows, target = drawn(40, 6), whole(3, 40)
    first = torch.arange(40) < 20
    parts = [[(rows, torch.where(asked, target, -1))] for asked in (first, ~first)]
    exam = Exam(
        make_case(
            nn.Linear(6, 3), parts[0], valid=parts[1], loss=nn.CrossEntropyLoss(ignore_index=-1)
        ),
        SHORT,
    )
    assert probe_split(exam) == []
    exam = Exam(
        make_case(
            nn.Linear(6, 3), parts[0], valid=parts[0], loss=nn.CrossEntropyLoss(ignore_index=-1)
        ),
        SHORT,
    )
    assert causes(probe_split(exam)) == [Cause.SPLIT_LEAK]


class Spectral(nn.Module):
    def __init__(self):
        super().__init__()
        self.waves = nn.Parameter(torch.view_as_complex(drawn(9, 2)))

    def forward(self, rows):
        return torch.fft.irfft(torch.fft.rfft(rows) * self.waves, n=16)


def test_complex_weights_have_a_size():
    rows = drawn(96, 16)
    model = Spectral()
    decayed = torch.optim.Adam(model.parameters(), weight_decay=1e-4)
    assert probe_optimiser(exam_of(model, rows.roll(1, 1), rows, optimiser=decayed)) == []
