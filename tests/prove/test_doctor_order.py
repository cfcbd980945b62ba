"""Of two findings at once the exact one is named, not what follows from it."""

import pytest
import torch
from torch import nn
from torch.nn import functional

from inundate.prove.answers import kind_of
from inundate.prove.case import make_case
from inundate.prove.cause import Cause
from inundate.prove.decide import decide
from inundate.prove.exam import Effort, Exam
from inundate.prove.finding import NONE_AT_ALL, Finding
from inundate.prove.probe.loss import probe_loss
from inundate.prove.probe.range import probe_range
from inundate.prove.probe.split import probe_split
from inundate.prove.verdict import diagnose

SHORT = Effort(batches=12, one_batch=40, all_batches=40, remedy=20)
C = Cause


def rows(count=96):
    drawn = torch.randn(count, 4, generator=torch.Generator().manual_seed(0))
    return drawn, 0.1 + 0.05 * torch.sigmoid(drawn[:, :1] + drawn[:, 1:2])


def batches(inputs, target):
    return [(inputs[i : i + 16], target[i : i + 16]) for i in range(0, len(inputs), 16)]


def exam_of(model, **own):
    return Exam(make_case(model, batches(*rows()), **own), SHORT)


def net(*last):
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(4, 16), nn.ReLU(), nn.Linear(16, 1), *last)


@pytest.mark.parametrize(
    ("exact", "other"),
    [
        (Finding(C.NO_GRADIENT, "fault", "", NONE_AT_ALL, firm=True), C.IGNORES_INPUT),
        (Finding(C.NO_GRADIENT, "fault", "", NONE_AT_ALL, firm=True), C.DEAD_UNITS),
        (Finding(C.OUTPUT_RANGE, "fault", "", "at 0 or above"), C.IGNORES_INPUT),
        (Finding(C.INPUT_SCALE, "fault", "", "'x'", firm=True), C.IGNORES_INPUT),
        (Finding(C.STEP_WRONG, "fault", "", firm=True), C.RATE_TOO_HIGH),
        (Finding(C.TARGETS_UNRELATED, "fault", "", firm=True), C.RATE_TOO_LOW),
        (Finding(C.TARGET_CONSTANT, "fault", ""), C.IGNORES_INPUT),
        (Finding(C.LOSS_SIGN, "fault", ""), C.RATE_TOO_LOW),
        (Finding(C.OPTIMISER_MISSES, "fault", ""), C.RATE_TOO_LOW),
        (Finding(C.WEIGHTS_DO_NOT_MOVE, "fault", ""), C.IGNORES_INPUT),
        (Finding(C.NOT_FINITE_DATA, "fault", ""), C.RATE_TOO_HIGH),
        (Finding(C.AXES_MIXED, "fault", ""), C.CANNOT_FIT),
        (Finding(C.SPLIT_SHIFT, "fault", ""), C.MEMORISES),
    ],
)
@pytest.mark.parametrize("first", [True, False])
def test_the_exact_finding_is_named(exact, other, first):
    exam = exam_of(net())
    follows = Finding(other, "fault", "", "its inputs", tried=other is not C.IGNORES_INPUT)
    exam.findings += [exact, follows] if first else [follows, exact]
    assert decide(exam).cause is exact.cause


def test_a_model_under_no_grad_that_starts_at_zero_has_no_gradient():
    class Ungraded(nn.Module):
        def __init__(self):
            super().__init__()
            self.net = net()
            nn.init.zeros_(self.net[2].weight)

        @torch.no_grad()
        def forward(self, x):
            return self.net(x)

    verdict = diagnose(make_case(Ungraded(), batches(*rows())), effort=SHORT)
    assert verdict.cause is C.NO_GRADIENT


@pytest.mark.parametrize("last", [nn.Sigmoid(), nn.Softplus(), nn.Identity()])
def test_an_end_that_outputs_only_come_near_is_found_by_pushing_them(last):
    class Above(nn.Module):
        def forward(self, x):
            return last(x) + (0.0 if isinstance(last, nn.Identity) else 0.5)

    found = probe_range(exam_of(net(Above()), loss=functional.l1_loss))
    told = [finding.cause for finding in found]
    assert told == ([] if isinstance(last, nn.Identity) else [C.OUTPUT_RANGE])


def test_a_score_that_is_minimised_is_no_cross_entropy():
    inputs, target = rows()
    spread = (target - target.mean()).square().sum()

    def case(loss):
        return make_case(net(), batches(inputs, target), loss=loss)

    def kind(loss):
        batch = {"inputs": {"x": inputs}, "target": target}
        return kind_of(case(loss), batch, torch.zeros_like(target))

    assert kind(lambda out, t: 1 - (out - t).square().sum() / spread) == "values"
    assert kind(functional.binary_cross_entropy_with_logits) == "logits"
    assert kind(functional.mse_loss) == "values"


class Keeps(nn.Module):
    """A model that keeps a loss of its own on itself, with the graph of its last step."""

    def __init__(self):
        super().__init__()
        self.net, self.kept, self._parts = net(), None, {}

    def forward(self, x):
        found = self.net(x)
        self.kept, self._parts = found.square().mean(), {"last": [found]}
        return found


def test_a_model_that_keeps_tensors_of_its_last_step_can_be_examined():
    verdict = diagnose(make_case(Keeps(), batches(*rows())), effort=SHORT)
    assert verdict.cause is not C.DOES_NOT_RUN
    assert not any("could not be run" in line for line in verdict.told)


def test_an_error_of_the_models_own_kind_is_a_model_that_does_not_run():
    from inundate.core.errors import DataError

    class Strict(nn.Module):
        def __init__(self):
            super().__init__()
            self.net = net()

        def forward(self, x):
            raise DataError(f"strict: input of shape {tuple(x.shape)}, expected (B, 5)")

    verdict = diagnose(make_case(Strict(), batches(*rows())), effort=SHORT)
    assert verdict.cause is C.DOES_NOT_RUN


@pytest.mark.parametrize(("scale", "named"), [(0.05, True), (4.0, False)])
def test_cross_entropy_of_values_that_are_no_chances(scale, named):
    inputs, _ = rows()
    if named:
        target = scale * torch.sigmoid(inputs[:, :1])
    else:
        target = torch.sigmoid(scale * (inputs[:, :1] + inputs[:, 1:2]))
    loss = functional.binary_cross_entropy_with_logits
    exam = Exam(make_case(net(), batches(inputs, target), loss=loss), SHORT)
    assert (C.LOSS_FLOOR in [f.cause for f in probe_loss(exam) if f.is_fault]) == named


def test_a_large_input_hides_no_difference_of_another_one():
    def part(count, seed):
        drawn = torch.Generator().manual_seed(seed)
        few = 1e5 * torch.randint(3, (count, 2), generator=drawn).float()
        return {"few": few, "own": torch.randn(count, 6, generator=drawn)}, torch.randn(count, 1)

    def loader(inputs, target):
        return [
            {"inputs": {n: v[i : i + 16] for n, v in inputs.items()}, "target": target[i : i + 16]}
            for i in range(0, len(target), 16)
        ]

    case = make_case(net(), loader(*part(96, 1)), valid=loader(*part(48, 2)))
    assert C.SPLIT_LEAK not in [f.cause for f in probe_split(Exam(case, SHORT))]
