"""Batches: a pure function of seed, epoch and number; slopes turn with the map."""

import shutil
from itertools import product

import numpy as np
import pytest
import torch
import zarr

from inundate.core.errors import DataError
from inundate.dataset.samples import Samples
from inundate.emulate import batches as made
from inundate.emulate.batches import FloodBatches, frame_inputs
from inundate.emulate.inputs import TERRAIN_CHANNELS
from inundate.emulate.prepared import prepare_sample, terrain_channels

from .small_flood import CNN, MODE_H, heights, place

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


@pytest.fixture(scope="module", params=[MODE_H, CNN], ids=lambda s: s.model)
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
    stored = [p.terrain.copy() for p in first._prepared]
    for epoch in range(4):
        for index in range(len(first)):
            first.batch(epoch, index)
    for prepared, before in zip(first._prepared, stored, strict=True):
        np.testing.assert_array_equal(prepared.terrain, before)


def test_an_epoch_has_each_sample_once(pieces, samples):
    first, _ = pieces
    names = {samples.rows[n].name for n in samples.part("train")}
    for epoch in range(2):
        seen = [name for index in range(3) for name in first.batch(epoch, index)["sample_id"]]
        assert sorted(seen) == sorted(names)


def test_without_shuffling_every_epoch_is_the_same(samples, settings):
    fixed = batches(samples, settings, part="valid", shuffle=False)
    assert same(fixed.batch(0, 1), fixed.batch(7, 1))
    names = [samples.rows[n].name for n in samples.part("valid")]
    assert fixed.batch(0, 0)["sample_id"] == names[:3]


def test_inputs_and_target_are_of_the_same_place_and_frames(samples, settings):
    plain = settings.model_copy(update={"augment": False})
    found = batches(samples, plain)
    batch = found.batch(2, 0)
    for row, name in enumerate(batch["sample_id"]):
        number = next(n for n in samples.part("train") if samples.rows[n].name == name)
        sample = samples.read(number)
        frames = [
            int(np.flatnonzero([np.allclose(frame, known) for known in sample.water_depth])[0])
            for frame in batch["target"][row].numpy()
        ]
        assert frames == sorted(set(frames))
        factor = 4 if settings.model == "mode_h" else None
        inputs = frame_inputs(prepare_sample(sample, factor=factor), plain, np.array(frames))
        for key, values in inputs.items():
            np.testing.assert_array_equal(batch["inputs"][key][row], values)


@pytest.mark.parametrize(("turns", "flip"), TURNS)
def test_slopes_turn_with_the_map(turns, flip):
    """Inputs of the turned ground are the turned inputs of the ground."""
    grid = place(0)
    ground = heights(grid, 3, slope=0.03)
    rough = np.random.default_rng(0).uniform(0.03, 0.1, grid.shape).astype(np.float32)
    turned_late = made._turned(terrain_channels(ground, rough, grid, "open"), turns, flip)
    made._turn_slopes(turned_late, turns, flip)
    turned_first = terrain_channels(
        made._turned(ground, turns, flip), made._turned(rough, turns, flip), grid, "open"
    )
    for name, late, first in zip(TERRAIN_CHANNELS, turned_late, turned_first, strict=True):
        np.testing.assert_allclose(late, first, atol=1e-4, err_msg=name)
    for name in ("slope_x", "slope_y"):
        assert np.ptp(turned_first[TERRAIN_CHANNELS.index(name)]) > 0.1


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
