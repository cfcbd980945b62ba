"""Rules of models that turn maps into maps: what their losses and targets leave of a map."""

import pytest
import torch
from torch import nn
from torch.nn import functional

from inundate.prove.case import make_case
from inundate.prove.cause import Cause
from inundate.prove.exam import Effort, Exam
from inundate.prove.probe.data import probe_target
from inundate.prove.probe.loss import probe_loss

SHORT = Effort(batches=12, one_batch=40, all_batches=60, remedy=40)


def drawn(*size, seed=0):
    return torch.randn(*size, generator=torch.Generator().manual_seed(seed))


def exam_of(model, inputs, target, **own):
    torch.manual_seed(0)
    data = [(inputs[i : i + 16], target[i : i + 16]) for i in range(0, len(inputs), 16)]
    return Exam(make_case(model, data, **own), SHORT)


def frames(ahead=2):
    torch.manual_seed(0)
    return nn.Sequential(nn.Conv2d(2, 8, 3, padding=1), nn.ReLU(), nn.Conv2d(8, ahead, 1))


@pytest.mark.parametrize(("same", "named"), [(True, [Cause.TARGET_CONSTANT]), (False, [])])
def test_the_same_map_as_target_of_all_samples(same, named):
    maps = drawn(48, 2, 6, 6)
    target = maps[:1].expand_as(maps).clone() if same else maps.tanh()
    assert [f.cause for f in probe_target(exam_of(frames(), maps, target))] == named


@pytest.mark.parametrize(
    ("loss", "named"),
    [
        (lambda out, t: functional.mse_loss(out.mean((2, 3)), t.mean((2, 3))), True),
        (lambda out, t: functional.mse_loss(out.mean(1), t.mean(1)), False),
        (functional.mse_loss, False),
    ],
)
def test_a_loss_of_the_mean_of_each_frame_does_not_see_where_anything_is(loss, named):
    maps = drawn(48, 2, 6, 6)
    found = probe_loss(exam_of(frames(), maps, maps.tanh(), loss=loss))
    told = [f.subject for f in found if f.cause is Cause.LOSS_IGNORES]
    assert ("where the numbers of a sample stand" in told) == named
