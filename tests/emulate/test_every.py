import json

import numpy as np
import pytest
import rasterio

from inundate.cli.app import main
from inundate.core.errors import ConfigError
from inundate.core.store import write_dataset
from inundate.emulate.predict import predict, predict_prepared
from inundate.emulate.train import load_emulator
from inundate.terrain.geotiff import write_geotiff

from .small_flood import ground, place, storm


@pytest.fixture(scope="module")
def shipped():
    _, settings, model = load_emulator(None)
    return settings, model


def test_passed_over_frames_lie_between(shipped, prepared):
    settings, model = shipped
    whole = predict_prepared(model, settings, prepared)
    for every in (2, 3, 5, 99):
        found = predict_prepared(model, settings, prepared, every=every)
        nodes = sorted({*range(0, len(whole) - 1, every), len(whole) - 1})
        # the frames before bound the volume, so not to the last digit
        np.testing.assert_allclose(found[nodes], whole[nodes], atol=2e-3, rtol=5e-3)
    assert float(np.nanmax(np.abs(found - whole))) > 5e-3  # those between are not the same
    hybrid = float(np.nanmean(np.abs(whole)))
    near = predict_prepared(model, settings, prepared, every=2)
    assert float(np.nanmean(np.abs(near - whole))) < 0.05 * hybrid


def test_tiles_and_passed_over_frames(shipped, prepared):
    settings, model = shipped
    whole = predict_prepared(model, settings, prepared, every=3)
    tiled = predict_prepared(model, settings, prepared, every=3, tile_cells=model.align)
    np.testing.assert_allclose(tiled, whole, atol=1e-4)


@pytest.mark.parametrize("every", [0, -2])
def test_every_below_one(shipped, prepared, every):
    settings, model = shipped
    with pytest.raises(ConfigError, match="expected 1 or more"):
        predict_prepared(model, settings, prepared, every=every)


def test_peak_alone_by_command(tmp_path, capsys):
    write_geotiff(ground(3), tmp_path / "dem.tif")
    write_dataset(storm("late", place(3)).to_dataset(name="rain_rate"), tmp_path / "rain.zarr")
    inputs = ["--rain", str(tmp_path / "rain.zarr"), "--terrain", str(tmp_path / "dem.tif")]
    out = tmp_path / "peak.tif"
    assert main(["predict", *inputs, "--peak", "--factor", "4", "-o", str(out), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["frames"] == 0
    with rasterio.open(out) as raster:
        found = raster.read(1)
    expected = predict(
        None, storm("late", place(3)), ground(3), factor=4, peak=True, progress=False
    )
    np.testing.assert_allclose(found, expected["water_depth_max"].to_numpy(), atol=1e-5)
    assert float(np.nanmax(found)) > 0.05
    assert "water_depth" not in expected
    refused = {
        "expected .tif": ["-o", str(tmp_path / "p.zarr")],
        "--every is of the frames": ["-o", str(tmp_path / "p.tif"), "--every", "2"],
    }
    for message, more in refused.items():
        assert main(["predict", *inputs, "--peak", *more]) == 2
        assert message in capsys.readouterr().err
        assert not (tmp_path / "p.zarr").exists()
        assert not (tmp_path / "p.tif").exists()
