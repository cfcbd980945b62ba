"""What fills samples up, and drowns what is said in them."""

import pytest
import torch
from torch import nn
from torch.nn import functional

from inundate.prove.case import make_case
from inundate.prove.cause import Cause
from inundate.prove.exam import Effort, Exam
from inundate.prove.probe.tail import drowned_by_tail, without_tail

SHORT = Effort(batches=12, one_batch=40, all_batches=120, remedy=30)


def drawn(*size, seed=0):
    return torch.randn(*size, generator=torch.Generator().manual_seed(seed))


def examined(model, inputs, target, *, rate=1e-2):
    """Examine a model on three quarters of the samples, and the rest to validate on."""
    given = inputs if isinstance(inputs, dict) else {"input": inputs}
    data = [
        ({name: value[i : i + 16] for name, value in given.items()}, target[i : i + 16])
        for i in range(0, len(target), 16)
    ]
    cut = len(data) * 3 // 4
    return Exam(
        make_case(
            model, data[:cut], valid=data[cut:],
            optimiser=lambda m: torch.optim.Adam(m.parameters(), lr=rate),
        ),
        SHORT,
    )  # fmt: skip


class Things(nn.Module):
    """Takes the mean over things, of all places or of those where there is one."""

    def __init__(self, *, masked):
        super().__init__()
        torch.manual_seed(0)
        self.masked = masked
        self.look = nn.Sequential(nn.Linear(2, 16), nn.ReLU())
        self.tell = nn.Linear(16, 1)

    def forward(self, things):
        there = (things != 0).any(-1, keepdim=True).float()
        seen = self.look(things)
        if self.masked:
            return self.tell((seen * there).sum(1) / there.sum(1).clamp(min=1))
        return self.tell(seen.mean(1))


@pytest.mark.parametrize(("masked", "named"), [(False, [Cause.PADDING]), (True, [])])
def test_sets_among_empty_places_are_learnt_without_those(masked, named):
    things = drawn(128, 3, 2)
    target = 2.0 * things[..., 0].mean(1, keepdim=True)
    exam = examined(Things(masked=masked), functional.pad(things, (0, 0, 0, 90)), target)
    unseen = exam.skill(exam.all.model, exam.valid)
    assert [finding.cause for finding in drowned_by_tail(exam, unseen)] == named


@pytest.mark.parametrize(
    ("inputs", "model", "left"),
    [
        (functional.pad(drawn(64, 1, 6, 6), (0, 8, 4, 4)), nn.AdaptiveAvgPool2d(1), (1, 6, 6)),
        (functional.pad(drawn(64, 2, 9), (11, 0)), nn.AdaptiveAvgPool1d(1), (2, 9)),
        (functional.pad(drawn(64, 2, 9), (0, 11), "replicate"), nn.AdaptiveAvgPool1d(1), (2, 9)),
        (functional.pad(drawn(64, 2, 9), (2, 0)), nn.AdaptiveAvgPool1d(1), None),  # few
        (functional.pad(drawn(64, 2, 9), (11, 0)), nn.Flatten(), None),  # answers are of that shape
        (torch.ones(64, 2, 9), nn.AdaptiveAvgPool1d(1), None),  # nothing is left
    ],
)
def test_what_is_cut_off_is_most_of_a_sample_that_the_model_can_do_without(inputs, model, left):
    exam = examined(model, inputs, inputs.flatten(1)[:, :1])
    found = without_tail(exam)
    assert (found is None) is (left is None)
    if found is not None:
        assert tuple(found[1](exam.train[0])["inputs"]["input"].shape[1:]) == left


def test_one_long_text_is_no_reason_to_keep_what_fills_up_all_others_and_masks_go_along():
    tokens = torch.randint(1, 9, (128, 40), generator=torch.Generator().manual_seed(0))
    tokens[1:, 6:] = 0

    class Bag(nn.Module):
        def __init__(self):
            super().__init__()
            self.words = nn.Embedding(9, 4)

        def forward(self, tokens, there):
            return (self.words(tokens) * there[..., None]).sum(1)

    exam = examined(Bag(), {"tokens": tokens, "there": (tokens > 0).float()}, drawn(128, 4))
    name, cut = without_tail(exam)
    shapes = {tuple(value.shape[1:]) for value in cut(exam.train[0])["inputs"].values()}
    assert (name, shapes) == ("tokens", {(6,)})
