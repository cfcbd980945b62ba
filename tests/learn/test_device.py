"""Device, threads and random states are chosen for a block and given back after it."""

from __future__ import annotations

import json
import random

import numpy as np
import pytest
import torch

from inundate.core.errors import ConfigError
from inundate.learn.device import cpu_threads, describe_device, pick_device, repeatable
from inundate.learn.random_state import capture_random, isolated_random, restore_random


def test_device_names(monkeypatch):
    with pytest.raises(ConfigError, match="expected one of auto, cpu, cuda"):
        pick_device("tpu")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert pick_device("auto") == torch.device("cpu")
    with pytest.raises(ConfigError, match="finds 0 GPUs"):
        pick_device("cuda")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    assert pick_device("auto", local_rank=1) == torch.device("cuda", 1)
    with pytest.raises(ConfigError, match="number 2 was asked for; .* finds 2 GPUs"):
        pick_device("cuda", local_rank=2)


def test_threads_are_given_back():
    before = torch.get_num_threads()
    with cpu_threads(before + 1):
        assert torch.get_num_threads() == before + 1
        assert describe_device(torch.device("cpu")) == f"cpu, {before + 1} threads"
    assert torch.get_num_threads() == before
    with cpu_threads(0):
        assert torch.get_num_threads() == before


def test_repeatable_is_given_back():
    before = torch.backends.cudnn.deterministic
    with repeatable():
        assert torch.backends.cudnn.deterministic
    assert torch.backends.cudnn.deterministic == before


def test_random_states_survive_json():
    rng = np.random.default_rng(1)
    state = json.loads(json.dumps(capture_random(rng)))
    drawn = (torch.rand(3).tolist(), random.random(), rng.random())
    torch.rand(5), random.random(), rng.random()
    other = np.random.default_rng(9)
    restore_random(state, other)
    assert (torch.rand(3).tolist(), random.random(), other.random()) == drawn


def test_isolation_depends_on_its_keys_only():
    drawn = []
    for keys in (("a",), ("a",), ("b",)):
        torch.rand(1)
        with isolated_random(3, *keys):
            drawn.append((torch.rand(1).item(), random.random()))
    assert drawn[0] == drawn[1] != drawn[2]
