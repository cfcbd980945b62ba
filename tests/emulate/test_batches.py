"""Batches: a pure function of seed, epoch and number; slopes turn with the map."""

import shutil
from itertools import product

import numpy as np
import pytest
import torch
import zarr

from inundate.core.errors import DataError
from inundate.dataset.samples import Samples
from inundate.emulate.batches import FloodBatches, turn_inputs
from inundate.emulate.inputs import TERRAIN_CHANNELS
from inundate.emulate.prepared import prepare_sample, terrain_channels
from inundate.emulate.scene import Scene

from .small_flood import CNN, GRU, LEAD, MODE_H, heights, place

TURNS = list(product(range(4), (False, True)))


def batches(samples, settings, seed=0, part="train", **more):
    return FloodBatches(samples, part, settings, batch_size=3, seed=seed, **more)


def flat(batch):
    return {
        **batch["inputs"],
        "target": batch["target"],
        "valid": batch["valid"],
    }


def same(one, other):
    return all(torch.equal(a, b) for a, b in zip(flat(one).values(), flat(other).values()))  # noqa: B905


@pytest.fixture(scope="module", params=[MODE_H, CNN, LEAD], ids=lambda s: s.model)
def settings(request):
    return request.param


@pytest.fixture(scope="module")
def pieces(samples, settings):
    """Pieces of 16 cells, so that places differ too."""
    small = settings.model_copy(update={"crop_cells": 16})
    return [batches(samples, small) for _ in range(2)]


def test_a_batch_depends_on_seed_epoch_and_number_alone(pieces, samples, settings):
    first, second = pieces
    assert len(first) == 3  # 8 samples
    late = first.batch(1, 2)
    assert same(second.batch(1, 2), late)
    first.batch(0, 0)
    assert same(first.batch(1, 2), late)
    assert late["target"].shape[0] == 2
    assert not same(first.batch(0, 0), first.batch(0, 1))
    assert not same(first.batch(0, 0), first.batch(1, 0))
    small = settings.model_copy(update={"crop_cells": 16})
    assert not same(first.batch(0, 0), batches(samples, small, seed=1).batch(0, 0))


def test_making_a_batch_changes_no_later_one(pieces):
    """Turned slopes are a copy: the stored terrain stays as it is."""
    first, _ = pieces
    stored = [scene.terrain.clone() for scene in first._scenes]
    for epoch in range(4):
        for index in range(len(first)):
            first.batch(epoch, index)
    for scene, before in zip(first._scenes, stored, strict=True):
        assert torch.equal(scene.terrain, before)


def test_an_epoch_has_each_sample_once(pieces, samples):
    first, _ = pieces
    names = {samples.rows[n].name for n in samples.part("train")}
    for epoch in range(2):
        seen = [name for index in range(3) for name in first.batch(epoch, index)["sample_id"]]
        assert sorted(seen) == sorted(names)


def test_without_shuffling_every_epoch_is_the_same(samples, settings):
    fixed = batches(samples, settings, part="valid", shuffle=False)
    assert same(fixed.batch(0, 1), fixed.batch(7, 1))
    names = [samples.rows[n].name for n in fixed.numbers]
    assert sorted(names) == sorted(samples.rows[n].name for n in samples.part("valid"))
    assert fixed.batch(0, 0)["sample_id"] == names[:3]


def _frames_of(target, sample):
    """Which frames of a sample a target shows; the number of frames stands for the peak."""
    known = [*sample.water_depth, sample.water_depth.max(axis=0)]
    return [
        int(np.flatnonzero([np.array_equal(frame, one) for one in known])[0])
        for frame in target.numpy()
    ]


def test_inputs_and_target_are_of_the_same_place_and_frames(samples, settings):
    plain = settings.model_copy(update={"augment": False})
    found = batches(samples, plain)
    whole = (slice(0, 32), slice(0, 32))
    for epoch in range(4):
        batch = found.batch(epoch, 0)
        for row, name in enumerate(batch["sample_id"]):
            number = next(n for n in samples.part("train") if samples.rows[n].name == name)
            sample = samples.read(number)
            frames = _frames_of(batch["target"][row], sample)
            assert frames == sorted(set(frames))
            factors = (4,) if settings.model == "mode_h" else ()
            scene = Scene(prepare_sample(sample, factors=factors), found.family, settings.block)
            start = None
            if found.family == "series":
                assert frames == list(range(frames[0], frames[0] + len(frames)))
                if frames[0]:
                    start = torch.from_numpy(sample.water_depth[frames[0] - 1])
            inputs = scene.inputs(frames, whole, factor=4, start=start)
            for key, values in inputs.items():
                assert torch.equal(batch["inputs"][key][row], values), key


def test_pieces_of_a_series_start_dry_or_under_way(samples):
    found = batches(samples, LEAD)
    starts = torch.cat([found.batch(e, i)["inputs"]["start"].amax((1, 2))
                        for e in range(6) for i in range(3)])  # fmt: skip
    assert (starts == 0).any()
    assert (starts > 0.01).any()


def test_a_model_with_memory_is_always_trained_from_the_first_frame(samples):
    found = batches(samples, GRU)
    for epoch in range(6):
        for index in range(3):
            inputs = found.batch(epoch, index)["inputs"]
            assert (inputs["start"] == 0).all()
            assert (inputs["before"] == 0).all()


def test_frames_rise_over_the_curriculum(samples):
    rising = LEAD.model_copy(update={"curriculum_epochs": 4, "frames": 4})
    found = batches(samples, rising)
    counts = [found.batch(epoch, 0)["target"].shape[1] for epoch in range(6)]
    assert counts == [1, 2, 3, 4, 4, 4]


def test_validation_is_a_full_roll_out_from_dry_ground(samples):
    """A model that is still trained on single frames is not judged by single frames."""
    rising = LEAD.model_copy(update={"curriculum_epochs": 4, "frames": 6})
    found = batches(samples, rising, part="valid", shuffle=False)
    for index in range(len(found)):
        batch = found.batch(0, index)
        assert batch["target"].shape[1] == 6
        assert (batch["inputs"]["start"] == 0).all()
        assert (batch["inputs"]["before"] == 0).all()


def test_coarse_solvers_take_turns(samples):
    found = batches(samples, MODE_H.model_copy(update={"factors": (4, 8)}))
    sides = {found.batch(e, i)["inputs"]["level"].shape[-1] for e in range(4) for i in range(3)}
    assert sides == {4, 8}


@pytest.mark.parametrize(("turns", "flip"), TURNS)
def test_slopes_turn_with_the_map(turns, flip):
    """Inputs of the turned ground are the turned inputs of the ground."""
    grid = place(0)
    ground = heights(grid, 3, slope=0.03)
    rough = np.random.default_rng(0).uniform(0.03, 0.1, grid.shape).astype(np.float32)

    def turned(values):
        found = np.rot90(values, turns, axes=(-2, -1))
        return np.ascontiguousarray(found[..., ::-1] if flip else found)

    upright = torch.from_numpy(terrain_channels(ground, rough, grid, "open"))
    late = turn_inputs({"terrain": upright, "rain": torch.from_numpy(rough)}, turns, flip)
    np.testing.assert_array_equal(late["rain"], turned(rough))
    first = terrain_channels(turned(ground), turned(rough), grid, "open")
    for name, a, b in zip(TERRAIN_CHANNELS, late["terrain"], first, strict=True):
        np.testing.assert_allclose(a, b, atol=1e-4, err_msg=name)
    for name in ("slope_x", "slope_y"):
        assert np.ptp(first[TERRAIN_CHANNELS.index(name)]) > 0.1


def test_all_eight_turns_are_used(samples):
    found = batches(samples, CNN)
    seen = {}
    for epoch in range(40):
        batch = found.batch(epoch, 0)
        for name, terrain in zip(batch["sample_id"], batch["inputs"]["terrain"], strict=True):
            seen.setdefault(name, set()).add(terrain.numpy().tobytes())
    assert max(len(kinds) for kinds in seen.values()) == 8


@pytest.fixture
def spoilt(flood_data, tmp_path):
    """Change arrays of a copy of the data set."""

    def change(**arrays):
        path = shutil.copytree(flood_data, tmp_path / "data.zarr")
        group = zarr.open_group(path, mode="r+")
        for name, (where, value) in arrays.items():
            values = group[name][:]
            values[where] = value
            group[name][:] = values
        return Samples(path)

    return change


def test_missing_ground_is_masked_and_finite(spoilt, settings):
    hole = np.s_[..., 3:9, 4:12]
    data = spoilt(
        elevation=(hole, np.nan), roughness=(hole, np.nan), water_depth=(hole, np.nan),
        rain_rate=(hole, np.nan),
    )  # fmt: skip
    plain = settings.model_copy(update={"augment": False})
    batch = batches(data, plain).batch(0, 0)
    assert (batch["valid"][:, 0, 3:9, 4:12] == 0).all()
    assert batch["valid"].sum() == 3 * (32 * 32 - 48)
    for values in flat(batch).values():
        assert torch.isfinite(values).all()


@pytest.mark.parametrize("name", ["rain_rate", "roughness"])
def test_a_value_missing_on_known_ground_names_its_sample(spoilt, samples, settings, name):
    number = samples.part("train")[1]
    row = samples.rows[number]
    where = (number, 2, 5, 6) if name == "rain_rate" else (row.place, 5, 6)
    data = spoilt(**{name: (where, np.nan)})
    with pytest.raises(DataError, match=f"sample {row.terrain}@.*: {name} is not finite in 1 "):
        batches(data, settings)


def test_blocks_too_small_are_refused(samples):
    large = MODE_H.model_copy(update={"levels": 5, "crop_cells": 64})
    with pytest.raises(DataError, match="32 cells wide, the model needs at least 64"):
        batches(samples, large)


def test_a_cache_gives_the_same_and_damage_is_made_good(samples, tmp_path):
    fresh = batches(samples, MODE_H, part="valid")
    first = batches(samples, MODE_H, part="valid", cache=tmp_path)
    entries = sorted(tmp_path.glob("*.safetensors"))
    assert len(entries) == len(samples.part("valid"))
    entries[0].write_bytes(b"torn")
    before = entries[1].stat().st_mtime_ns
    second = batches(samples, MODE_H, part="valid", cache=tmp_path)
    assert entries[1].stat().st_mtime_ns == before
    for found in (first, second):
        assert same(found.batch(0, 0), fresh.batch(0, 0))
    assert entries[0].stat().st_size > 1000


@pytest.mark.slow  # starts two processes, each of which compiles the solver anew
def test_workers_change_nothing(samples):
    one, two = (batches(samples, MODE_H, workers=count) for count in (1, 2))
    assert one.numbers == two.numbers
    assert same(one.batch(0, 1), two.batch(0, 1))
