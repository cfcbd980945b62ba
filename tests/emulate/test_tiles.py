"""A raster of any size is predicted in tiles, and nobody can tell which."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from inundate.core.errors import ConfigError, DataError
from inundate.emulate.predict import predict_prepared
from inundate.emulate.prepared import prepare
from inundate.emulate.zoo import make_model

from .small_flood import CNN, MODE_H, PHYSICS, heights, place

SHAPE = (150, 83)  # no multiples of any alignment


@pytest.fixture(scope="module")
def large():
    grid = place(0, *SHAPE)
    ground = heights(grid, 5)
    ground[70:80, 30:45] = np.nan
    rng = np.random.default_rng(0)
    rain = rng.uniform(20, 120, (3, *SHAPE)).astype(np.float32)
    rough = np.full(SHAPE, 0.05, np.float32)
    return prepare(ground, rough, rain, grid=grid, interval_s=300.0, settings=PHYSICS, factor=4)


@pytest.fixture(
    scope="module",
    params=[MODE_H, CNN, CNN.model_copy(update={"tail": "vae"})],
    ids=["mode_h", "temporal_cnn", "vae"],
)
def made(request, large):
    settings = request.param
    torch.manual_seed(3)
    model = make_model(settings).eval()
    with torch.no_grad():
        model.head.weight.normal_(std=0.8)
    prepared = large
    if settings.model != "mode_h":
        prepared = replace(large, hybrid=None, standing=None)
    return model, settings, prepared


def test_tiles_leave_no_seam(made):
    model, settings, prepared = made
    whole = predict_prepared(model, settings, prepared)
    known = np.isfinite(prepared.elevation)
    assert whole.shape == (3, *SHAPE)
    np.testing.assert_array_equal(np.isnan(whole), np.broadcast_to(~known, whole.shape))
    assert np.nanstd(whole) > 0.01
    assert (whole[:, known] >= 0).all()
    for side in (2 * model.align, 64):
        tiled = predict_prepared(model, settings, prepared, tile_cells=side)
        # depths below 1 mm count as dry, so rounding may make one of them 0
        both = (whole > 1.1e-3) | (tiled > 1.1e-3)
        np.testing.assert_allclose(tiled[both], whole[both], atol=1e-5, rtol=1e-5)


def test_one_alignment_is_the_smallest_tile(made):
    model, settings, prepared = made
    small = replace(
        prepared,
        terrain=prepared.terrain[:, :64, :64],
        elevation=prepared.elevation[:64, :64],
        rain_rate=prepared.rain_rate[:1, :64, :64],
        hybrid=prepared.hybrid
        and replace(
            prepared.hybrid,
            coarse=prepared.hybrid.coarse[:, :16, :16],
            deepest=prepared.hybrid.deepest[:, :16, :16],
        ),
        standing=None if prepared.standing is None else prepared.standing[:, :64, :64],
    )
    whole = predict_prepared(model, settings, small)
    tiled = predict_prepared(model, settings, small, tile_cells=model.align)
    both = (whole > 1.1e-3) | (tiled > 1.1e-3)
    np.testing.assert_allclose(tiled[both], whole[both], atol=1e-5, rtol=1e-5)
    with pytest.raises(ConfigError, match=f"expected {model.align} or more"):
        predict_prepared(model, settings, small, tile_cells=model.align - 1)


def test_a_depth_that_is_not_finite_is_refused(made):
    model, settings, prepared = made
    with torch.no_grad():
        kept = model.head.bias.clone()
        model.head.bias.fill_(torch.nan)
    with pytest.raises(DataError, match="not finite"):
        predict_prepared(model, settings, prepared)
    with torch.no_grad():
        model.head.bias.copy_(kept)


def test_a_trained_run_predicts_its_sample(trained, samples):
    """Predicting a file's rain and ground gives what evaluating its sample gives."""
    from inundate.emulate.evaluate import predict_sample
    from inundate.emulate.predict import predict
    from inundate.emulate.train import load_emulator

    from .small_flood import ground, storm

    number = samples.part("test")[0]
    assert samples.rows[number].name == "t7@middle"
    for run, _ in trained.values():
        _, settings, model = load_emulator(run.path)
        stored, _ = predict_sample(model, settings, samples.read(number))
        found = predict(run.path, storm("middle", place(7)), ground(7), progress=False)
        np.testing.assert_allclose(found["water_depth"], stored, atol=2e-3)
        assert found.attrs["kind"] == "prediction"
        assert found.attrs["warnings"] == "[]"
