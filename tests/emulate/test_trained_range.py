"""The gate: full correction inside the range of training, none far outside."""

import numpy as np
import pytest

from inundate.emulate.prepared import prepare
from inundate.emulate.trained_range import gate_of
from inundate.hydro.settings import SimulateSettings

from .small_flood import PHYSICS, heights, place

RANGE = {
    "cell_size_m": [5.0, 20.0],
    "rain_mm": [10.0, 100.0],
    "rain_peak_mm_h": [10.0, 150.0],
    "slope": [0.001, 0.2],
    "roughness": [0.02, 0.1],
}
TRAINED = {"range": RANGE, "edges": ["closed", "open"], "infiltration": ["none"]}


def prepared(rate=60.0, manning=0.035):
    grid = place(0)
    ground = heights(grid, 0)
    rain = np.full((4, *ground.shape), rate, np.float32)
    rough = np.full(ground.shape, manning, np.float32)
    return prepare(ground, rough, rain, grid=grid, interval_s=600.0, settings=PHYSICS)


def test_inside_everything_is_corrected():
    gate = gate_of(TRAINED, prepared(), 10.0, PHYSICS)
    assert gate.share == 1.0
    assert gate.warnings == ()


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"cell": 200.0}, "cells of 200 m; the model was trained on 5 to 20"),
        ({"rate": 1000.0}, "rain of 667 mm; the model was trained on 10 to 100"),
        ({"manning": 0.5}, "a median roughness of 0.5"),
    ],
)
def test_far_outside_nothing_is_and_the_reason_is_named(change, word):
    made = prepared(change.get("rate", 60.0), change.get("manning", 0.035))
    gate = gate_of(TRAINED, made, change.get("cell", 10.0), PHYSICS)
    assert gate.share == 0.0
    assert any(word in warning for warning in gate.warnings)


def test_it_fades_just_outside():
    shares = [
        gate_of(TRAINED, prepared(), size, PHYSICS).share for size in (20.0, 22.0, 25.0, 27.0)
    ]
    assert shares[0] == 1.0
    assert shares == sorted(shares, reverse=True)
    assert 0.0 < shares[2] < shares[1] < 1.0
    assert shares[3] == 0.0


def test_little_rain_is_no_novelty():
    assert gate_of(TRAINED, prepared(rate=0.0), 10.0, PHYSICS).share < 1.0
    low = {"range": {"rain_mm": [1.0, 100.0], "rain_peak_mm_h": [1.0, 150.0]}}
    assert gate_of(low, prepared(rate=0.0), 10.0, PHYSICS).share == 1.0


def test_soil_that_training_never_had():
    soaked = SimulateSettings(edges="closed", infiltration="green_ampt")
    gate = gate_of(TRAINED, prepared(), 10.0, soaked)
    assert gate.share == 0.0
    assert gate.warnings == ("infiltration 'green_ampt'; the model was trained on none",)
