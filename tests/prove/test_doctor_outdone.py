"""What a model cannot see, small data with a rest that no batch is full of, losses of numbers."""

import pytest
import torch
from torch import nn
from torch.nn import functional
from torch.utils.data import DataLoader, TensorDataset

from inundate.prove.case import make_case
from inundate.prove.cause import Cause
from inundate.prove.exam import Effort, Exam
from inundate.prove.probe.loader import probe_loader
from inundate.prove.probe.loss import probe_loss
from inundate.prove.verdict import diagnose

SHORT = Effort(batches=40, one_batch=60, all_batches=160, remedy=60)


def drawn(*size, seed=0):
    return torch.randn(*size, generator=torch.Generator().manual_seed(seed))


def loader(target, inputs, size=16, **own):
    return DataLoader(TensorDataset(inputs, target), size, **own)


def spots(count, seed):
    """Bright spots in images, and where they are, -1 to 1."""
    place = torch.rand(count, 2, generator=torch.Generator().manual_seed(seed)) * 9
    rows = torch.arange(10.0)
    away = (rows[:, None] - place[:, 0, None, None]) ** 2 + (rows - place[:, 1, None, None]) ** 2
    images = 2.0 * torch.exp(-away / 3.0) + 0.1 * drawn(count, 10, 10, seed=seed)
    return images[:, None], place / 4.5 - 1.0


@pytest.mark.parametrize(("pooled", "named"), [(True, Cause.CANNOT_FIT), (False, None)])
def test_a_model_that_takes_the_mean_over_places_cannot_tell_a_place(pooled, named):
    torch.manual_seed(0)
    whole = nn.AdaptiveAvgPool2d(1) if pooled else nn.Identity()
    model = nn.Sequential(
        nn.Conv2d(1, 8, 3, padding=1, padding_mode="circular"), nn.ReLU(), whole, nn.Flatten(),
        nn.Linear(8 if pooled else 800, 32), nn.ReLU(), nn.Linear(32, 2),
    )  # fmt: skip
    (images, places), (others, theirs) = spots(480, 1), spots(160, 2)
    case = make_case(
        model, loader(places, images, shuffle=True), valid=loader(theirs, others),
        optimiser=lambda m: torch.optim.Adam(m.parameters(), lr=3e-3),
    )  # fmt: skip
    assert diagnose(case, effort=SHORT).cause is named


@pytest.mark.parametrize(("samples", "named"), [(30, Cause.MEMORISES), (90, Cause.LOADER_STARVES)])
def test_a_rest_that_no_batch_is_full_of_is_no_starving(samples, named):
    rows = drawn(samples, 4)
    own = TensorDataset(rows, rows[:, 0] - rows[:, 1])

    class Some(torch.utils.data.Sampler):
        """Draws three batches anew for each epoch."""

        def __iter__(self):
            return iter(torch.randperm(samples)[:24].tolist())

        def __len__(self):
            return 24

    torch.manual_seed(0)
    others = drawn(240, 4, seed=1)
    case = make_case(
        nn.Linear(4, 1), DataLoader(own, 8, sampler=Some()), valid=loader(others[:, 0], others)
    )
    assert [finding.cause for finding in probe_loader(Exam(case, SHORT))] == [named]


@pytest.mark.parametrize(
    ("loss", "named"),
    [
        (functional.mse_loss, []),
        (functional.smooth_l1_loss, []),
        (functional.binary_cross_entropy_with_logits, [Cause.LOSS_FLOOR]),
    ],
)
def test_a_few_large_targets_make_no_cross_entropy_of_another_loss(loss, named):
    rows = drawn(320, 4)
    target = rows[:, :1] - rows[:, 1:2]
    target[::5] *= 1000.0
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(4, 16), nn.ReLU(), nn.Linear(16, 1))
    case = make_case(model, loader(target, rows, 64), loss=loss)
    found = [finding.cause for finding in probe_loss(Exam(case, SHORT))]
    assert [cause for cause in found if cause is Cause.LOSS_FLOOR] == named


def minus_distance(output, target):
    """Give minus the absolute error, of which less is more."""
    return -(output - target).abs().mean()


@pytest.mark.parametrize(
    ("loss", "signs", "named"),
    [
        (lambda o, t: (o - t).mean(), False, Cause.LOSS_SIGN),
        (lambda o, t: (t - o).mean(), False, Cause.LOSS_SIGN),
        (minus_distance, False, Cause.LOSS_SIGN),
        (functional.l1_loss, False, None),
        (functional.binary_cross_entropy_with_logits, True, Cause.LOSS_OUTPUT_MISMATCH),
        (functional.soft_margin_loss, True, None),
        (lambda o, t: (1 - o * t).clamp(min=0).mean(), True, None),
        (functional.poisson_nll_loss, False, None),
    ],
)
def test_a_loss_of_numbers_that_has_no_lowest_value_is_named(loss, signs, named):
    rows = drawn(320, 4)
    target = rows[:, :1] - rows[:, 1:2]
    target = target.sign() if signs else target
    if loss is functional.poisson_nll_loss:
        target = target.exp().round()
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(4, 16), nn.ReLU(), nn.Linear(16, 1))
    case = make_case(model, loader(target, rows, 64), loss=loss)
    found = [finding.cause for finding in probe_loss(Exam(case, SHORT))]
    assert found == ([] if named is None else [named])


@pytest.mark.parametrize("normalised", [True, False])
def test_a_likelihood_of_raw_scores_has_no_lowest_value(normalised):
    rows = drawn(320, 4)
    target = (rows[:, 0] > 0.5).long() + (rows[:, 0] > -0.5).long()
    torch.manual_seed(0)
    scores = nn.LogSoftmax(1) if normalised else nn.Identity()
    model = nn.Sequential(nn.Linear(4, 16), nn.ReLU(), nn.Linear(16, 3), scores)
    case = make_case(model, loader(target, rows, 64), loss=functional.nll_loss)
    found = [finding.cause for finding in probe_loss(Exam(case, SHORT))]
    assert found == ([] if normalised else [Cause.LOSS_OUTPUT_MISMATCH])
