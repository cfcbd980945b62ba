"""A map is predicted alike however it lies."""

import numpy as np
import pytest
import torch

from inundate.emulate.orient import orientation, turned, turned_back
from inundate.emulate.predict import predict_prepared
from inundate.emulate.prepared import prepare, terrain_channels
from inundate.emulate.settings import EmulatorSettings
from inundate.emulate.zoo import make_model

from .small_flood import PHYSICS, heights, place

TURNS = [(turns, flip) for turns in range(4) for flip in (False, True)]


def lying(values, turns, flip):
    found = np.rot90(values, turns, axes=(-2, -1))
    return np.ascontiguousarray(np.flip(found, -1) if flip else found)


@pytest.mark.parametrize("shape", [(30, 40), (32, 32)])
def test_the_same_ground_comes_to_lie_the_same_way(shape):
    ground = np.random.default_rng(0).normal(size=shape).cumsum(0).cumsum(1)
    ground[3, 4] = np.nan
    first = turned(torch.from_numpy(ground), *orientation(ground)).numpy()
    for turns, flip in TURNS:
        other = lying(ground, turns, flip)
        own = orientation(other)
        found = turned(torch.from_numpy(other), *own).numpy()
        np.testing.assert_array_equal(found, first)
        np.testing.assert_array_equal(turned_back(found, *own), other)


def test_a_datum_shift_does_not_turn_the_map():
    ground = heights(place(1), 1)
    assert orientation(ground) == orientation(ground + np.float32(100.0))


@pytest.mark.parametrize(("turns", "flip"), TURNS[1:])
def test_terrain_channels_turn_with_the_ground(turns, flip):
    grid = place(2)
    ground = np.round(heights(grid, 2), 1)  # many cells are equally low
    rough = np.full_like(ground, 0.04)
    plain = terrain_channels(ground, rough, grid, "open")
    other = terrain_channels(lying(ground, turns, flip), rough, grid, "open")
    scalar = [i for i in range(len(plain)) if i not in (5, 6)]  # the slope is a vector
    np.testing.assert_array_equal(lying(plain, turns, flip)[scalar], other[scalar])


def test_a_network_with_any_weights_predicts_alike():
    torch.manual_seed(0)
    settings = EmulatorSettings(width=8, levels=2, factors=(4,))
    model = make_model(settings).eval()
    torch.nn.init.normal_(model.head.weight, std=0.3)
    grid = place(3)
    ground, rain = heights(grid, 3), np.full((3, 32, 32), 60.0, np.float32)

    def predicted(z):
        made = prepare(
            z,
            np.full_like(z, 0.04),
            rain,
            grid=grid,
            interval_s=300.0,
            settings=PHYSICS,
            factors=(4,),
        )
        return predict_prepared(model, settings, made)

    straight = predicted(ground)
    assert straight.max() > 0.02
    for turns, flip in TURNS[1:]:
        np.testing.assert_allclose(
            predicted(lying(ground, turns, flip)), lying(straight, turns, flip), atol=1e-4
        )


def test_water_never_grows_by_more_than_it_rained():
    torch.manual_seed(1)
    settings = EmulatorSettings(width=8, levels=1, factors=(4,))
    model = make_model(settings).eval()
    torch.nn.init.normal_(model.head.weight, std=1.0)
    grid = place(4)
    rain = np.zeros((6, 32, 32), np.float32)
    rain[:3] = 80.0
    ground = heights(grid, 4)
    made = prepare(
        ground, np.full_like(ground, 0.04), rain, grid=grid, interval_s=300.0, settings=PHYSICS,
        factors=(4,),
    )  # fmt: skip
    volume = predict_prepared(model, settings, made).sum(axis=(1, 2), dtype=np.float64)
    fallen = rain.sum(axis=(1, 2)) * 300.0 / 3.6e6
    assert volume[0] > 0
    # what is scaled down to less than 1 mm is dry, which later frames do not know
    assert (np.diff(volume, prepend=0.0) <= fallen + 1e-3 * fallen.sum()).all()
