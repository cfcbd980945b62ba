"""A raster of any size is predicted in tiles, and nobody can tell which."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from inundate.core.errors import ConfigError, DataError
from inundate.emulate.predict import predict_prepared
from inundate.emulate.prepared import BlockWater, prepare
from inundate.emulate.zoo import make_model

from .small_flood import CNN, DEEPLAB, GRU, LEAD, MODE_H, PHYSICS, UNET, heights, place

SHAPE = (150, 83)  # no multiples of any alignment
FACTORS = (2, 4, 8)
PIECEWISE = {
    **{f"mode_h x{f}": MODE_H.model_copy(update={"factors": (f,)}) for f in FACTORS},
    "temporal_cnn": CNN,
    "vae": CNN.model_copy(update={"tail": "vae"}),
    "unet": UNET,
    "deeplab": DEEPLAB,
}
ROLLED = {"convgru_unet": GRU, "lead_cnn": LEAD}


@pytest.fixture(scope="module")
def ground():
    found = heights(place(0, *SHAPE), 5)
    found[70:80, 30:45] = np.nan
    return found


def prepared(ground, rain):
    rough = np.full(SHAPE, 0.05, np.float32)
    return prepare(
        ground, rough, rain, grid=place(0, *SHAPE), interval_s=300.0, settings=PHYSICS,
        factors=FACTORS,
    )  # fmt: skip


@pytest.fixture(scope="module")
def rain():
    return np.random.default_rng(0).uniform(20, 120, (3, *SHAPE)).astype(np.float32)


@pytest.fixture(scope="module")
def large(ground, rain):
    return prepared(ground, rain)


def shaken(settings):
    torch.manual_seed(3)
    model = make_model(settings).eval()
    with torch.no_grad():
        model.head.weight.normal_(std=0.8)
    return model


def run(settings, prepared, **more):
    """Predict with the factor of the settings; only that of the hybrid is used."""
    if settings.model != "mode_h":
        prepared = replace(prepared, water={})
        return predict_prepared(shaken(settings), settings, prepared, **more)
    return predict_prepared(
        shaken(settings), settings, prepared, factor=settings.factors[0], **more
    )


def assert_same(one, other):
    # depths below 1 mm count as dry, so rounding may make one of them 0
    both = (one > 1.1e-3) | (other > 1.1e-3)
    np.testing.assert_allclose(one[both], other[both], atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("kind", PIECEWISE)
def test_tiles_leave_no_seam(large, kind):
    settings = PIECEWISE[kind]
    whole = run(settings, large)
    known = np.isfinite(large.elevation)
    assert whole.shape == (3, *SHAPE)
    np.testing.assert_array_equal(np.isnan(whole), np.broadcast_to(~known, whole.shape))
    assert np.nanstd(whole) > 0.01
    assert (whole[:, known] >= 0).all()
    for side in (2 * settings.align, 64):
        assert_same(run(settings, large, tile_cells=side), whole)


@pytest.mark.parametrize("kind", PIECEWISE)
def test_one_alignment_is_the_smallest_tile(large, kind):
    settings = PIECEWISE[kind]
    small = replace(
        large,
        terrain=large.terrain[:, :64, :64],
        elevation=large.elevation[:64, :64],
        rain_rate=large.rain_rate[:1, :64, :64],
        water={
            f: BlockWater(w.level[:1, : 64 // f, : 64 // f], w.volume[:1, :16, :16], f)
            for f, w in large.water.items()
        },
    )
    align = settings.align
    assert_same(run(settings, small, tile_cells=align), run(settings, small))
    with pytest.raises(ConfigError, match=f"expected {align} or more"):
        run(settings, small, tile_cells=align - 1)


@pytest.mark.parametrize("kind", ROLLED)
def test_a_rolled_model_takes_a_raster_of_any_size_whole(large, kind):
    found = run(ROLLED[kind], large)
    known = np.isfinite(large.elevation)
    assert found.shape == (3, *SHAPE)
    np.testing.assert_array_equal(np.isnan(found), np.broadcast_to(~known, found.shape))
    assert np.nanstd(found) > 0.01
    assert (found[:, known] >= 0).all()
    assert_same(run(ROLLED[kind], large, tile_cells=64), found)


@pytest.mark.parametrize("kind", ["mode_h x4", "temporal_cnn", "unet", "deeplab", *ROLLED])
def test_rain_to_come_changes_nothing(ground, rain, large, kind):
    settings = {**PIECEWISE, **ROLLED}[kind]
    later = rain.copy()
    later[2] = 0.0
    changed = run(settings, prepared(ground, later))
    found = run(settings, large)
    np.testing.assert_array_equal(changed[:2], found[:2])
    known = np.isfinite(ground)
    assert np.abs(changed[2] - found[2])[known].max() > 1e-3


def test_a_depth_that_is_not_finite_is_refused(large):
    model = shaken(CNN)
    with torch.no_grad():
        model.head.bias.fill_(torch.nan)
    with pytest.raises(DataError, match="not finite"):
        predict_prepared(model, CNN, replace(large, water={}))


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
