"""What a model reads of its input, what a loss counts, and what each mode answers."""

import pytest
import torch
from torch import nn
from torch.nn import functional

from inundate.prove.case import make_case
from inundate.prove.cause import Cause
from inundate.prove.exam import Effort, Exam
from inundate.prove.probe.learn import probe_learn
from inundate.prove.probe.rescaled import rescaled
from inundate.prove.probe.split import probe_split
from inundate.prove.probe.use import probe_use
from inundate.prove.probe.weights import probe_weights

SHORT = Effort(batches=20, one_batch=30, all_batches=40, remedy=30)


def drawn(*size, seed=0):
    return torch.randn(*size, generator=torch.Generator().manual_seed(seed))


class Pieces(nn.Module):
    """Read an image piece by piece through many layers; the last number of pieces may be cut."""

    def __init__(self, layers, pieces):
        super().__init__()
        self.embed = nn.Conv2d(1, 16, 4, 4)
        self.layers = nn.Sequential(
            *(part for _ in range(layers) for part in (nn.Linear(16, 16), nn.Sigmoid()))
        )
        self.head, self.pieces = nn.Linear(16 * pieces, 3), pieces

    def forward(self, images):
        seen = self.embed(images).flatten(2).transpose(1, 2)[:, : self.pieces]
        return self.head(self.layers(seen).flatten(1))


@pytest.mark.parametrize(("layers", "pieces", "named"), [(10, 16, None), (1, 6, "ignores-input")])
def test_pieces_that_fade_by_rounding_are_not_said_to_be_left_out(layers, pieces, named):
    images, labels = drawn(240, 1, 16, 16), torch.arange(240) % 3
    torch.manual_seed(0)
    batches = [(images[i : i + 24], labels[i : i + 24]) for i in range(0, 240, 24)]
    case = make_case(Pieces(layers, pieces), batches, loss=functional.cross_entropy,
                     optimiser=lambda m: torch.optim.Adam(m.parameters(), lr=1e-3))  # fmt: skip
    found = [f.cause for f in probe_use(Exam(case, SHORT)) if f.is_fault]
    assert found == ([] if named is None else [Cause(named)])


def counting(weights):
    scores = nn.Linear(4, len(weights))
    rows, labels = drawn(320, 4), torch.arange(320) % len(weights)
    batches = [(rows[i : i + 32], labels[i : i + 32]) for i in range(0, 320, 32)]
    return make_case(scores, batches, loss=nn.CrossEntropyLoss(torch.tensor(weights)),
                     optimiser=lambda m: torch.optim.Adam(m.parameters()))  # fmt: skip


@pytest.mark.parametrize(
    ("weights", "faults"),
    [((1.0, 5e-4), 1), ((5e-4, 1.0), 1), ((1.0, 0.2), 0), ((0.2, 1.0, 1.0), 0)],
)
def test_a_class_that_is_as_common_as_another_and_hardly_counts(weights, faults):
    assert len(probe_weights(Exam(counting(weights), SHORT))) == faults


class Mirrored(nn.Module):
    """Count by a logarithm, and in evaluation mode add that of the mirrored rows."""

    def __init__(self, adds):
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(6, 32), nn.ReLU(), nn.Linear(32, 1))
        self.adds = adds

    def forward(self, rows):
        told = self.layers(rows)
        return told + self.layers(rows.flip(1)) if self.adds and not self.training else told


@pytest.mark.parametrize("adds", [True, False])
def test_a_gap_where_the_right_answers_have_not_the_lowest_loss(adds):
    rows = drawn(480, 6)
    counts = torch.poisson((1.8 + 0.9 * rows[:, :1]).exp(),
                           generator=torch.Generator().manual_seed(1))  # fmt: skip
    torch.manual_seed(0)
    batches = [(rows[i : i + 32], counts[i : i + 32]) for i in range(0, 480, 32)]
    case = make_case(Mirrored(adds), batches[:12], valid=batches[12:],
                     loss=nn.PoissonNLLLoss(),
                     optimiser=lambda m: torch.optim.Adam(m.parameters(), lr=1e-2))  # fmt: skip
    named = [f.cause for f in probe_learn(Exam(case, Effort(40, 60, 200, 60)))]
    assert (Cause.TRAIN_EVAL_GAP in named) is adds


@pytest.mark.parametrize(
    ("changed", "named"),
    [
        (lambda target: 2.0 * target + 1.0, True),
        (lambda target: target, False),
        (lambda target: target.roll(1, 0), False),
    ],
)
def test_validation_targets_on_another_line_than_those_of_training(changed, named):
    rows = drawn(480, 4)
    target = rows[:, :2] * rows[:, 2:3]
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(4, 48), nn.ReLU(), nn.Linear(48, 2))
    train = [(rows[i : i + 32], target[i : i + 32]) for i in range(0, 384, 32)]
    valid = [(rows[384:], changed(target[384:]))]
    case = make_case(model, train, valid=valid, loss=functional.mse_loss,
                     optimiser=lambda m: torch.optim.Adam(m.parameters(), lr=1e-2))  # fmt: skip
    exam = Exam(case, Effort(40, 60, 400, 60))
    seen, unseen = (exam.skill(exam.all.model, part) for part in (exam.learnt, exam.valid))
    assert seen.value > 0.8
    assert bool(rescaled(exam, seen, unseen)) is named


@pytest.mark.parametrize(("train", "named"), [(5, True), (1, False)])
def test_maps_of_which_some_are_far_larger_than_all_of_validation(train, named):
    maps = drawn(320, 1, 8, 8).abs() ** 3  # of which most is next to 0, and no half lies alike
    maps[2:240:train] *= 1000.0
    batches = [(maps[i : i + 24], maps[i : i + 24] + 0.0) for i in range(0, 320, 24)]
    case = make_case(nn.Conv2d(1, 1, 3, padding=1), batches[:10], valid=batches[10:],
                     loss=functional.mse_loss,
                     optimiser=lambda m: torch.optim.Adam(m.parameters()))  # fmt: skip
    found = [f.cause for f in probe_split(Exam(case, SHORT))]
    assert (Cause.UNIT_SLIP in found) is named
