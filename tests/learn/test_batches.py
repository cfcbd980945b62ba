"""Batches depend on whole numbers only, and name what is not finite in them."""

from __future__ import annotations

import math

import pytest
import torch

from inundate.core.errors import ConfigError, DataError
from inundate.learn.batches import TensorBatches, find_not_finite, sample_order, to_device


def test_every_sample_once_an_epoch_in_a_new_order():
    data = TensorBatches({"a": torch.arange(10.0)}, batch_size=4, seed=3)
    epochs = [
        torch.cat([data.batch(epoch, index)["a"] for index in range(len(data))]).tolist()
        for epoch in (0, 1)
    ]
    assert len(data) == 3
    assert sorted(epochs[0]) == sorted(epochs[1]) == list(range(10))
    assert epochs[0] != epochs[1] != list(range(10))


def test_same_numbers_give_the_same_batch():
    a, b = (TensorBatches({"a": torch.arange(9.0)}, batch_size=2, seed=5) for _ in range(2))
    assert torch.equal(a.batch(7, 3)["a"], b.batch(7, 3)["a"])
    assert (sample_order(50, seed=5, epoch=0) != sample_order(50, seed=6, epoch=0)).any()


def test_without_shuffling_samples_come_as_stored():
    inputs = {"b": torch.arange(12.0).view(6, 2)}
    data = TensorBatches({"inputs": inputs}, batch_size=4, seed=0, shuffle=False)
    batch = data.batch(5, 1)
    assert torch.equal(batch["inputs"]["b"], inputs["b"][4:])
    assert batch["sample_id"].tolist() == [4, 5]


@pytest.mark.parametrize("index", [-1, 3])
def test_batch_out_of_range(index):
    with pytest.raises(IndexError):
        TensorBatches({"a": torch.zeros(6)}, batch_size=2, seed=0).batch(0, index)


def test_uneven_and_empty_tensors_are_refused():
    with pytest.raises(DataError, match=r"'a': 3, 'i\.b': 4"):
        TensorBatches({"a": torch.zeros(3), "i": {"b": torch.zeros(4)}}, batch_size=2, seed=0)
    with pytest.raises(DataError, match="at least one"):
        TensorBatches({"a": torch.zeros(0)}, batch_size=2, seed=0)
    with pytest.raises(ConfigError, match="batch_size is 0"):
        TensorBatches({"a": torch.zeros(3)}, batch_size=0, seed=0)


def test_not_finite_is_named():
    field = torch.zeros(3, 2, 2)
    field[1, 0, 1] = math.nan
    field[1, 1, 1] = math.inf
    field[2] = math.nan
    batch = {"inputs": {"rain": field}, "n": torch.zeros(3, dtype=torch.long),
             "sample_id": ["storm-1", "storm-2", "storm-3"]}  # fmt: skip
    found = find_not_finite(batch)
    assert (found.key, found.position, found.count) == ("inputs.rain", 1, 2)
    assert str(found) == (
        "2 value(s) of 'inputs.rain' are nan in sample 'storm-2' (position 1 of the batch)"
    )
    allowed = find_not_finite(batch, allow=["inputs.rain"])
    assert (allowed.position, allowed.value) == (1, math.inf)


def test_finite_batch_and_batch_without_ids():
    assert find_not_finite({"a": torch.zeros(2, 2), "scale": torch.tensor(1.0)}) is None
    found = find_not_finite({"a": torch.tensor([1.0, math.nan])})
    assert found.sample == "number 1"
    assert find_not_finite({"scale": torch.tensor(math.nan)}).position == 0


def test_to_device_keeps_what_is_no_tensor():
    moved = to_device({"a": torch.ones(1), "i": {"b": torch.ones(1)}, "id": ["x"]},
                      torch.device("meta"))  # fmt: skip
    assert moved["a"].device.type == moved["i"]["b"].device.type == "meta"
    assert moved["id"] == ["x"]
