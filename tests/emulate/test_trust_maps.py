"""A share of the correction on fine flat ground: no seams, no preferred direction, one answer."""

import numpy as np
import pytest
import torch

from inundate.core.grid import Grid
from inundate.emulate.predict import predict_peak, predict_prepared
from inundate.emulate.predict_arrays import predict_frames
from inundate.emulate.prepared import prepare
from inundate.emulate.scene import Scene
from inundate.emulate.settings import EmulatorSettings
from inundate.emulate.zoo import make_model

from .small_flood import PHYSICS
from .test_orient import lying

CELL_M = 3.0  # finer than the 5 m on which the share holds wholly


def flat_ground(height=64, width=96):
    """A plain with a house, a wall, a steep bank, a deep pit, and missing ground at two sides."""
    rng = np.random.default_rng(5)
    rows, cols = np.mgrid[:height, :width]
    ground = 20 + 0.003 * cols + 0.002 * rows + rng.normal(0, 0.01, rows.shape)
    ground += np.maximum(cols - 70, 0) * 0.6
    ground[30:50, 20:44] -= 1.5
    ground[8:15, 10:18] += 6.0
    ground[:, 56] += 1.0
    ground[:5, :] = np.nan
    ground[40:, :3] = np.nan
    return ground.astype(np.float32)


def made(ground, factor):
    height, width = ground.shape
    rain = np.full((3, height, width), 150.0, np.float32)
    grid = Grid("EPSG:27700", 400000, 500000, CELL_M, CELL_M, width, height)
    rough = np.full_like(ground, 0.04)
    return prepare(ground, rough, rain, grid=grid, interval_s=600.0, settings=PHYSICS,
                   factors=(factor,))  # fmt: skip


def network(name="mode_h", factors=(2, 4, 8)):
    torch.manual_seed(0)
    settings = EmulatorSettings(model=name, width=8, levels=1, depth=1, factors=factors)
    model = make_model(settings).eval()
    torch.nn.init.normal_(model.head.weight, std=0.3)
    return settings, model


@pytest.mark.parametrize("factor", [2, 4, 8])
def test_fine_flat_ground_has_no_seams(factor):
    settings, model = network()
    prepared = made(flat_ground(), factor)
    assert model.reach < 32  # a tile at one end does not see the other
    for ask in (predict_prepared, predict_peak):
        whole = ask(model, settings, prepared, tile_cells=1024)
        tiled = ask(model, settings, prepared, tile_cells=32)
        assert np.nanmax(whole) > 0.3
        np.testing.assert_allclose(tiled, whole, atol=1e-5)


@pytest.mark.parametrize("factor", [2, 4, 8])
def test_fine_flat_ground_turns(factor):
    settings, model = network()
    ground = flat_ground()
    straight = predict_prepared(model, settings, made(ground, factor))
    for turns, flip in [(1, False), (2, True)]:
        other = predict_prepared(model, settings, made(lying(ground, turns, flip), factor))
        np.testing.assert_allclose(other, lying(straight, turns, flip), atol=1e-3)


@pytest.mark.parametrize("factor", [2, 4, 8])
@pytest.mark.parametrize("name", ["mode_h", "mode_h_vae"])
def test_training_and_prediction_make_the_same_share(name, factor):
    _, model = network(name)
    scene = Scene(made(flat_ground(), factor), "hybrid", 4)
    whole = (slice(0, 64), slice(0, 96))
    inputs = {k: v[None] for k, v in scene.inputs([0, 2], whole, factor=factor).items()}
    with torch.inference_mode():
        compiled = model(inputs)
    np.testing.assert_allclose(model(inputs).detach(), compiled, atol=1e-4, rtol=1e-4)
    frames = predict_frames(model, scene, [0, 2], factor=factor)
    np.testing.assert_allclose(frames, np.where(compiled[0] < 1e-3, 0, compiled[0]), atol=1e-5)


@pytest.mark.parametrize("factor", [2, 4])
def test_members_spread_where_the_mean_path_keeps_to_the_hybrid(factor):
    _, model = network("mode_h_vae")
    torch.nn.init.normal_(model.stray.weight, std=0.1)
    scene = Scene(made(flat_ground(), factor), "hybrid", 4)
    whole = (slice(0, 64), slice(0, 96))
    inputs = {k: v[None] for k, v in scene.inputs([2], whole, factor=factor).items()}
    inputs["level"] = inputs["level"] + 1.0  # deep everywhere
    noise = torch.randn(3, 1, 1, model.channels, 4, 6, generator=torch.Generator().manual_seed(1))
    with torch.inference_mode():
        mean = model(inputs)[0, 0]
        members = model.members(inputs, noise)[:, 0, 0]
        torch.nn.init.zeros_(model.stray.weight)
        still = model.members(inputs, noise)[:, 0, 0]
    np.testing.assert_allclose(still, mean.expand_as(still), atol=1e-4)
    pit = (slice(34, 46), slice(24, 40))
    assert float(mean[pit].mean()) > 0.5
    assert float(members[:, *pit].std(0).mean()) > 0.03
