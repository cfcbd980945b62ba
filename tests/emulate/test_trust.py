"""Where Mode H keeps to its hybrid: fine cells, flat ground, deep water."""

import numpy as np
import pytest
import torch

from inundate.emulate.inputs import TERRAIN_CHANNELS
from inundate.emulate.settings import EmulatorSettings
from inundate.emulate.trust import ground_slope, trust
from inundate.emulate.zoo import STATIC_CHANNELS, make_model


def terrain(cell_m, side=32):
    made = torch.zeros(1, STATIC_CHANNELS, side, side)
    made[:, TERRAIN_CHANNELS.index("cell_size")] = np.arcsinh(cell_m / 10) / 2
    return made


def plane(slope, cell_m, side=32):
    return (torch.arange(side, dtype=torch.float32) * slope * cell_m).expand(1, side, side)


@pytest.mark.parametrize("slope", [0.0, 0.01, 0.05])
def test_slope_of_a_plane_whichever_way_it_faces(slope):
    cell_m = torch.tensor([2.0])
    for heights in (
        plane(slope, 2.0),
        plane(slope, 2.0).transpose(1, 2),
        plane(slope, 2.0).flip(2),
    ):
        found = ground_slope(heights, cell_m)
        np.testing.assert_allclose(found[0, 2:-2, 2:-2], slope, rtol=1e-4, atol=1e-6)


def test_houses_walls_and_missing_ground_are_no_slope():
    heights = plane(0.01, 2.0).clone()
    heights[0, 12:19, 9:16] += 10.0  # a house of seven cells
    heights[0, :, 24] += 3.0  # a wall
    heights[0, :6, :6] = 1e6
    found = ground_slope(heights, torch.tensor([2.0]))
    assert torch.isfinite(found).all()
    assert 0.01 - 1e-5 < float(found.max()) < 0.012


def test_no_ground_at_all():
    found = ground_slope(torch.full((1, 16, 16), 1e6), torch.zeros(1))
    np.testing.assert_array_equal(found, 0.0)


@pytest.mark.parametrize(
    ("factor", "cell_m", "slope", "shallow", "deep"),
    [
        (2, 2.0, 0.0, 0.7, 0.0),
        (2, 2.0, 0.04, 0.85, 0.0),
        (2, 2.0, 0.2, 1.0, 0.0),
        (2, 7.5, 0.0, 0.85, 0.425),
        (2, 10.0, 0.0, 1.0, 1.0),
        (4, 3.0, 0.0, 0.85, 0.0),
        (4, 3.0, 0.04, 0.925, 0.4625),
        (4, 3.0, 0.2, 1.0, 1.0),
        (8, 3.0, 0.0, 0.85, 0.0),
        (8, 50.0, 0.0, 1.0, 1.0),
    ],
)
def test_share_of_the_correction(factor, cell_m, slope, shallow, deep):
    found = trust(terrain(cell_m), plane(slope, cell_m), factor)
    assert found.shape == (1, 2, 8, 8)
    np.testing.assert_allclose(found[0, 0, 2:-2, 2:-2], shallow, atol=1e-4)
    np.testing.assert_allclose(found[0, 1, 2:-2, 2:-2], deep, atol=1e-4)


def test_deep_water_on_fine_flat_ground_is_the_hybrids():
    torch.manual_seed(0)
    model = make_model(EmulatorSettings(factors=(4,), width=8, levels=1)).eval()
    torch.nn.init.normal_(model.head.weight, std=0.3)
    source = torch.Generator().manual_seed(1)
    moved = {}
    for cell_m in (2.0, 50.0):
        inputs = {
            "terrain": terrain(cell_m),
            "heights": torch.rand(1, 32, 32, generator=source) * 0.1,
            "level": 2.0 + torch.rand(1, 2, 8, 8, generator=source),
            "state": torch.randn(1, 2, 8, 8, 8, generator=source),
        }
        with torch.inference_mode():
            depth = model(inputs)[0]
        flood = inputs["level"][0].repeat_interleave(4, -1).repeat_interleave(4, -2)
        moved[cell_m] = float((depth - torch.relu(flood - inputs["heights"])).abs().max())
    assert moved[2.0] < 1e-4
    assert moved[50.0] > 0.01


def test_a_tile_is_trusted_as_the_whole():
    rng = np.random.default_rng(2)
    heights = torch.from_numpy(np.cumsum(rng.normal(0, 0.05, (1, 64, 64)), axis=2)).float()
    whole = trust(terrain(3.0, 64), heights, 2)
    tile = trust(terrain(3.0, 40), heights[:, 8:48, 16:56], 2)
    torch.testing.assert_close(whole[:, :, 4:10, 6:12], tile[:, :, 2:8, 2:8])
