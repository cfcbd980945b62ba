"""Rules of models that turn maps into maps: what their losses and targets leave of a map."""

import pytest
import torch
from torch import nn
from torch.nn import functional

from inundate.prove.case import Case, call_with_table, make_case
from inundate.prove.cause import Cause
from inundate.prove.exam import Effort, Exam, Skill
from inundate.prove.finding import Finding
from inundate.prove.probe.data import probe_target
from inundate.prove.probe.gradient import probe_gradient
from inundate.prove.probe.in_order import in_order
from inundate.prove.probe.loss import probe_loss
from inundate.prove.probe.reference import reference_skill
from inundate.prove.probe.relation import probe_target_in_input
from inundate.prove.probe.unlearnt import of_few
from inundate.prove.probe.use import probe_use

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


class Faint(nn.Module):
    """Puts ground through layers that leave a share of it each, and looks at no heights."""

    def __init__(self, share):
        super().__init__()
        torch.manual_seed(0)
        self.layers = nn.ModuleList(nn.Conv2d(1 if i == 0 else 4, 4, 1) for i in range(8))
        self.tell = nn.Conv2d(4, 1, 1)
        self.share = share

    def forward(self, inputs):
        held = inputs["ground"]
        for layer in self.layers:
            held = torch.tanh(self.share * layer(held))
        return self.tell(held)


@pytest.mark.parametrize("share", [0.02, 0.0, 2.0])
def test_what_fades_is_on_its_way_though_a_spare_input_is_not_used(share):
    ground = drawn(32, 1, 6, 6)
    data = [
        {"inputs": {"ground": g, "heights": 2.0 * g}, "target": g.tanh()} for g in ground.split(16)
    ]
    exam = Exam(
        Case(
            "maps", Faint(share), data, call_with_table,
            lambda model, batch: functional.mse_loss(model(batch["inputs"]), batch["target"]),
            lambda model: torch.optim.SGD(model.parameters(), lr=1e-3), spare=("heights",),
        ),
        SHORT,
    )  # fmt: skip
    exam.findings += probe_gradient(exam)
    exam.findings += probe_use(exam)
    told = {f.cause for f in exam.findings if f.weight != "note"}
    assert (Cause.IGNORES_INPUT in told) == (share == 0.0)
    assert (Cause.VANISHING_GRADIENT in told) == (share < 0.1)


@pytest.mark.parametrize("number", [255, -1, -100])
def test_places_without_a_class_may_have_any_number(number):
    maps = drawn(48, 2, 6, 6)
    labels = (maps[:, 0] > 0).long() + (maps[:, 1] > 0).long()
    labels[:, 0] = number

    def loss(out, target):
        return functional.cross_entropy(out, target, ignore_index=number)

    exam = exam_of(frames(3), maps, labels, loss=loss)
    assert probe_loss(exam) == []
    assert exam.figures["loss_right"] < exam.figures["loss_constant"] < exam.figures["loss_wrong"]
    assert reference_skill(exam) is not None


@pytest.mark.parametrize("sort", [True, False])
def test_maps_of_classes_that_are_sorted_by_what_they_show(sort):
    maps = drawn(128, 2, 6, 6) + drawn(128, 1, 1, 1, seed=1)
    labels = (maps.mean(1) > 0).long()
    labels[:, 0] = 255
    order = labels[:, 1:].float().mean((1, 2)).argsort() if sort else torch.arange(128)

    def loss(out, target):
        return functional.cross_entropy(out, target, ignore_index=255)

    found = in_order(exam_of(frames(2), maps[order], labels[order], loss=loss))
    assert [f.cause for f in found] == [Cause.LOADER_SORTED] * sort


@pytest.mark.parametrize("few", [True, False])
def test_a_handful_of_maps_beside_many_to_validate_on_is_learnt_by_heart(few):
    maps = drawn(6, 2, 6, 6)
    exam = exam_of(frames(), maps, maps.tanh())
    told = Finding(Cause.MEMORISES, "suspect", "an epoch has 6 samples, the validation data 72")
    exam.findings += [told] * few
    seen, unseen = Skill(1.0, 0.0, 1.0), Skill(0.7, 0.0, 0.7)
    assert [f.cause for f in of_few(exam, seen, unseen)] == [Cause.MEMORISES] * few
    assert of_few(exam, seen, Skill(0.9, 0.0, 0.9)) == []


@pytest.mark.parametrize("burnt", [True, False])
def test_a_band_that_holds_the_number_of_the_class(burnt):
    maps = drawn(64, 3, 6, 6)
    labels = (maps[:, 0] > 0).long() + (maps[:, 1] > 0).long()
    maps[:, 2] = labels / 2.0 if burnt else maps[:, 2].round()
    labels[:, 0] = 255

    def loss(out, target):
        return functional.cross_entropy(out, target, ignore_index=255)

    model = nn.Conv2d(3, 3, 1)
    found = probe_target_in_input(exam_of(model, maps, labels, loss=loss))
    assert [f.cause for f in found] == [Cause.TARGET_IN_INPUT] * burnt
