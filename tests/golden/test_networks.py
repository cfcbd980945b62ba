"""Each network gives what it gave when networks.json was made."""

import json

import numpy as np
import pytest

from .make import CASES, FILE, summary


@pytest.fixture(scope="module")
def stored():
    return json.loads(FILE.read_text(encoding="utf-8"))


def test_every_network_is_stored(stored):
    assert set(stored) == set(CASES), "run python tests/golden/make.py"


@pytest.mark.parametrize("name", CASES)
def test_outputs_are_as_stored(stored, name):
    found, expected = summary(name), stored[name]
    assert found["parameters"] == expected["parameters"]
    for key in ("mean", "spread", "cells"):
        np.testing.assert_allclose(found[key], expected[key], rtol=1e-3, atol=1e-5, err_msg=key)
    np.testing.assert_allclose(found["wet"], expected["wet"], atol=2e-3)  # two cells of 1024
    assert min(expected["spread"]) > 1e-3  # says something
