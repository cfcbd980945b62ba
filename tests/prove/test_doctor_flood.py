"""What the doctor knows of water, ground and rain, on floods that are made here."""

from dataclasses import replace

import pytest
import torch
from torch import nn
from torch.nn import functional

from inundate.emulate.inputs import TERRAIN_CHANNELS, terrain_scale
from inundate.prove.case import Case, call_with_table
from inundate.prove.cause import Cause
from inundate.prove.exam import Exam
from inundate.prove.finding import Finding
from inundate.prove.flood_view import flood_view, unevenness
from inundate.prove.probe.ground import probe_ground
from inundate.prove.probe.relief import probe_relief
from inundate.prove.probe.water import probe_water

SIDE, FRAMES, COUNT = 16, 2, 40
RELIEF = TERRAIN_CHANNELS.index("relative_height_32")


def floods(count=COUNT, *, seed=0):
    """Give samples (inputs, target) of ponds that rise as rain falls on uneven ground."""
    drawn = torch.Generator().manual_seed(seed)
    rough = torch.randn(count, 1, SIDE // 4, SIDE // 4, generator=drawn)
    heights = functional.interpolate(rough, size=(SIDE, SIDE), mode="bicubic")[:, 0]
    stretch, divisor = terrain_scale("relative_height_32")
    terrain = torch.zeros(count, len(TERRAIN_CHANNELS) + 2, SIDE, SIDE)
    terrain[:, RELIEF] = torch.asinh((heights - heights.mean((1, 2), keepdim=True)) / stretch)
    terrain[:, RELIEF] /= divisor
    low = torch.quantile(heights.flatten(1), 0.1, dim=1)
    rise = 0.1 + 0.3 * torch.rand(count, FRAMES, generator=drawn).cumsum(1)
    wet = (torch.rand(count, 1, generator=drawn) > 0.3).float()  # the others have no rain yet
    level = low[:, None] + wet * rise
    depth = wet[..., None, None] * torch.relu(level[..., None, None] - heights[:, None])
    fallen = 1000.0 * depth.mean((2, 3)).diff(dim=1, prepend=torch.zeros(count, 1))
    rain = fallen[..., None, None].expand(count, FRAMES, 4, 4).clone()
    fine = torch.where(wet > 0, level, low[:, None])[..., None, None].expand(-1, -1, 4, 4)
    inputs = {
        "terrain": terrain,
        "heights": heights,
        "rain": rain,
        "before": torch.zeros(count, 4, 4),
        "start": torch.zeros(count, SIDE, SIDE),
        "level": fine.clone(),
    }
    return inputs, depth


def exam_of(train, valid=None):
    def loader(part):
        inputs, target = part
        return [
            {
                "inputs": {n: v[i : i + 8] for n, v in inputs.items()},
                "target": target[i : i + 8],
                "valid": torch.ones(8, 1, SIDE, SIDE),
            }
            for i in range(0, len(target), 8)
        ]

    return Exam(
        Case(
            "floods", nn.Identity(), loader(train), call_with_table, lambda *_: torch.tensor(0.0),
            lambda model: None, valid=loader(valid or floods(seed=1)),
            known=lambda batch: batch["valid"] > 0, spare=("heights",),
        )
    )  # fmt: skip


def with_target(change, *, seed=0):
    inputs, target = floods(seed=seed)
    return inputs, change(target)


def with_input(name, change):
    inputs, target = floods()
    return {**inputs, name: change(inputs[name])}, target


def some_moved(target):
    found = target.clone()
    found[::3] = target.roll(2, 0)[::3]
    return found


def each_moved(target):
    steps = torch.randint(4, 9, (len(target), 2), generator=torch.Generator().manual_seed(0))
    pairs = zip(target, steps.tolist(), strict=True)
    return torch.stack([one.roll(tuple(step), (-2, -1)) for one, step in pairs])


def test_water_is_level_on_its_own_ground_alone():
    inputs, target = floods()
    own = unevenness(inputs["heights"], target[:, -1])
    other = unevenness(inputs["heights"].roll(1, 0), target[:, -1])
    assert float(own.nanmedian()) < 0.01
    assert float(other.nanmedian()) > 0.5


def test_a_flood_that_is_as_it_should_be_has_no_findings():
    exam = exam_of(floods())
    assert flood_view(exam, exam.train) is not None
    assert probe_ground(exam) == []
    assert probe_water(exam) == []


@pytest.mark.parametrize(
    ("change", "cause"),
    [
        (lambda v: v.flip(-1), Cause.AXES_MIXED),
        (lambda v: v.transpose(-2, -1), Cause.AXES_MIXED),
        (lambda v: v.roll(1, -2), Cause.AXES_MIXED),
        (lambda v: 100.0 * v, Cause.TARGET_SCALE),
        (lambda v: v.roll(3, 0), Cause.TARGETS_UNRELATED),
        (some_moved, Cause.TARGETS_UNRELATED),
        (each_moved, Cause.TARGETS_UNRELATED),
    ],
)
def test_depths_that_do_not_lie_on_their_ground(change, cause):
    exam = exam_of(with_target(change), with_target(change, seed=1))
    assert [f.cause for f in probe_ground(exam) if f.weight == "fault"] == [cause]


def test_nothing_lies_level_on_ground_that_is_drowned_in_noise():
    noise = torch.randn(COUNT, 1, 1, SIDE, SIDE, generator=torch.Generator().manual_seed(2))
    exam = exam_of(with_input("terrain", lambda v: v + 5.0 * noise[:, 0]))
    assert [f.cause for f in probe_ground(exam)] == [Cause.TARGETS_UNRELATED]
    exam.findings.append(Finding(Cause.NOISE_TOO_STRONG, "fault", "", "'terrain'"))
    assert probe_ground(exam) == []


@pytest.mark.parametrize("change", [lambda v: v.roll(2, -1), lambda v: v.flip(-2)])
def test_depths_that_lie_elsewhere_in_validation_alone(change):
    (found,) = probe_ground(exam_of(floods(), with_target(change, seed=1)))
    assert (found.cause, found.weight) == (Cause.SPLIT_SHIFT, "fault")


@pytest.mark.parametrize(
    ("train", "cause"),
    [
        (with_input("rain", lambda v: v.roll(1, 0)), Cause.TARGETS_UNRELATED),
        (with_target(lambda v: v.flip(1)), Cause.AXES_MIXED),
        (with_input("start", lambda _v: 0.97 * floods()[1][:, -1]), Cause.TARGET_IN_INPUT),
        (with_input("level", lambda v: v.roll(1, 0)), Cause.TARGETS_UNRELATED),
        (with_input("rain", lambda v: 0.05 * v), Cause.SPLIT_SHIFT),
    ],
)
def test_water_that_rain_and_what_stood_before_do_not_explain(train, cause):
    assert [f.cause for f in probe_water(exam_of(train))] == [cause]


def test_other_models_are_no_floods():
    maps = [(torch.randn(8, 3, SIDE, SIDE), torch.randn(8, 1, SIDE, SIDE))] * 3
    case = Case(
        "maps", nn.Identity(), maps, call_with_table, lambda *_: torch.tensor(0.0),
        lambda model: None, valid=maps,
    )  # fmt: skip
    exam = Exam(case)
    assert flood_view(exam, exam.train) is None
    assert probe_ground(exam) == probe_water(exam) == []


def with_slopes(inputs):
    """Give the terrain with the slopes of its heights, in cells of 10 m."""
    terrain = inputs["terrain"].clone()
    east, north = terrain[:, 0] * 0.0, terrain[:, 0] * 0.0
    heights = inputs["heights"]
    east[:, :, 1:-1] = (heights[:, :, 2:] - heights[:, :, :-2]) / 20.0
    north[:, 1:-1] = (heights[:, :-2] - heights[:, 2:]) / 20.0
    for name, values in (("slope_x", east), ("slope_y", north)):
        stretch, divisor = terrain_scale(name)
        terrain[:, TERRAIN_CHANNELS.index(name)] = torch.asinh(values / stretch) / divisor
    return {**inputs, "terrain": terrain}


def mirrored(inputs):
    """Turn each second terrain round, and leave the slopes as they were."""
    terrain = inputs["terrain"].clone()
    slope = TERRAIN_CHANNELS.index("slope_x")
    terrain[::2, slope] = -terrain[::2, slope]
    return {**inputs, "terrain": terrain}


class Pours(nn.Module):
    """Reads the heights, as models on the hybrid do."""

    def forward(self, inputs):
        return torch.relu(
            inputs["level"].mean((2, 3))[..., None, None] - inputs["heights"][:, None]
        )


@pytest.mark.parametrize(
    ("change", "cause"),
    [
        (lambda i: i, None),
        (mirrored, Cause.AXES_MIXED),
        (lambda i: {**i, "heights": 0.0 * i["heights"]}, Cause.DEAD_INPUT),
        (lambda i: {**i, "heights": 100.0 * i["heights"]}, Cause.INPUT_SCALE),
        (lambda i: {**i, "heights": (i["heights"] + 500.0).half().float()}, Cause.PRECISION),
        (lambda i: {**i, "before": i["before"] + 4.0}, Cause.DEAD_INPUT),
    ],
)
def test_inputs_that_do_not_belong_together(change, cause):
    train, valid = ((with_slopes(inputs), target) for inputs, target in (floods(), floods(seed=1)))
    exam = exam_of((change(train[0]), train[1]), valid)
    exam.case = replace(exam.case, model=Pours())
    assert [f.cause for f in probe_relief(exam)] == ([cause] if cause else [])


def test_rain_whose_frames_run_backwards():
    inputs, target = floods()
    rain = inputs["rain"] * torch.tensor([1.0, 3.0])[:, None, None]
    depth = target * (rain.cumsum(1) / inputs["rain"].cumsum(1).clamp(min=1e-9))[..., :1, :1]
    (found,) = probe_water(exam_of(({**inputs, "rain": rain.flip(1)}, depth)))
    assert found.subject == "the frames of the rain run backwards"
    assert probe_water(exam_of(({**inputs, "rain": rain}, depth))) == []


def test_a_coarse_solver_whose_cells_change_from_batch_to_batch():
    exam = exam_of(floods())
    batch = exam.train[0]
    batch["inputs"]["level"] = batch["inputs"]["level"][..., ::2, ::2]
    view = flood_view(exam, exam.train)
    assert view is not None
    assert view.level.shape == view.depth.shape
    assert probe_water(exam) == []


def test_rain_in_another_unit_in_both_parts():
    parts = []
    for seed in (0, 1):
        inputs, target = floods(seed=seed)
        parts.append(({**inputs, "rain": inputs["rain"] / 25.4}, target))
    assert [f.cause for f in probe_water(exam_of(*parts))] == [Cause.INPUT_SCALE]


def test_depths_in_no_unit_of_length_are_what_is_off_beside_usual_rain():
    parts = []
    for seed in (0, 1):
        inputs, target = floods(seed=seed)
        parts.append((inputs, 32767.0 * target))
    (found,) = probe_water(exam_of(*parts))
    assert (found.cause, found.firm) == (Cause.TARGET_SCALE, True)


def test_rain_of_which_next_to_nothing_is_left_is_in_another_unit():
    parts = []
    for seed in (0, 1):
        inputs, target = floods(seed=seed)
        parts.append(({**inputs, "rain": inputs["rain"] / 3.6e6}, target))
    assert [f.cause for f in probe_water(exam_of(*parts))] == [Cause.INPUT_SCALE]


@pytest.mark.parametrize(("times", "named"), [(1 / 12, [Cause.UNIT_SLIP]), (1.0, [])])
def test_some_rain_in_another_unit_by_the_water_that_stands_of_it(times, named):
    inputs, target = floods()
    rain = inputs["rain"].clone()
    rain[::4] *= times
    assert [f.cause for f in probe_water(exam_of(({**inputs, "rain": rain}, target)))] == named


@pytest.mark.parametrize(("times", "named"), [(1 / 3600, [Cause.INPUT_SCALE]), (1.0, [])])
def test_rain_in_another_unit_than_what_fell_before(times, named):
    inputs, target = floods()
    rain, before = inputs["rain"].clone(), inputs["before"].clone()
    before[::2] = rain[::2, 0] / 2  # half of the samples begin in the middle of a storm
    rain[::2, 0] /= 2
    changed = {**inputs, "rain": times * rain, "before": before}
    assert [f.cause for f in probe_water(exam_of((changed, target)))] == named
