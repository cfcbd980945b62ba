import json

import numpy as np
import pytest
import torch

from inundate.cli.app import main
from inundate.core.errors import ConfigError
from inundate.core.store import read_dataset, write_dataset
from inundate.emulate import precision
from inundate.emulate.inputs import STATE_CHANNELS
from inundate.emulate.models.mode_h import ModeH
from inundate.emulate.precision import has_bfloat16, use_precision
from inundate.emulate.predict import predict_prepared
from inundate.emulate.settings import ModeHSettings
from inundate.emulate.train import load_emulator
from inundate.terrain.geotiff import write_geotiff

from .small_flood import ground, place, storm


@pytest.fixture
def shipped():
    _, settings, model = load_emulator(None)
    return settings, model


def test_inner_layers_in_bfloat16_give_nearly_the_same(shipped, prepared):
    settings, model = shipped
    assert isinstance(model, ModeH)
    whole = predict_prepared(model, settings, prepared)
    model.inner_bfloat16 = True
    found = predict_prepared(model, settings, prepared)
    moved = np.abs(found - whole)[np.isfinite(whole)]
    assert 0 < moved.max() < 0.1
    assert moved.mean() < 2e-3
    model.inner_bfloat16 = False
    np.testing.assert_array_equal(predict_prepared(model, settings, prepared), whole)


def test_only_mode_h(monkeypatch):
    monkeypatch.setattr(precision, "has_bfloat16", lambda: True)
    with pytest.raises(ConfigError, match="predicting with unet in bfloat16: only Mode H can"):
        use_precision(object(), "bfloat16", name="unet")  # type: ignore[arg-type]


def test_a_processor_without(monkeypatch, shipped):
    monkeypatch.setattr(precision, "has_bfloat16", lambda: False)
    _, model = shipped
    with pytest.raises(ConfigError, match="no instructions for it"):
        use_precision(model, "bfloat16", name="mode_h")
    use_precision(model, "float32", name="mode_h")
    assert not model.inner_bfloat16


def test_training_in_bfloat16(monkeypatch):
    seen = []
    model = ModeH(3, ModeHSettings(width=8, levels=2, precision="bfloat16"))
    model.net.register_forward_hook(
        lambda module, given, found: seen.append(torch.is_autocast_enabled("cpu"))
    )
    inputs = {
        "terrain": torch.zeros(1, 3, 16, 16),
        "heights": torch.rand(1, 16, 16),
        "level": torch.rand(1, 1, 4, 4),
        "state": torch.zeros(1, 1, len(STATE_CHANNELS), 4, 4),
    }
    monkeypatch.setattr(model, "trust", lambda inputs: torch.ones(1, 2, 4, 4))
    model.train()
    assert model(inputs).dtype == torch.float32
    model(inputs).sum().backward()
    model.eval()
    model(inputs)
    assert seen == [True, True, False]
    assert all(weight.dtype == torch.float32 for weight in model.parameters())


def test_by_command(tmp_path, capsys):
    write_geotiff(ground(3), tmp_path / "dem.tif")
    write_dataset(storm("late", place(3)).to_dataset(name="rain_rate"), tmp_path / "rain.zarr")
    inputs = ["--rain", str(tmp_path / "rain.zarr"), "--terrain", str(tmp_path / "dem.tif")]
    out = tmp_path / "depth.zarr"
    chosen = "bfloat16" if has_bfloat16() else "float32"
    assert main(["predict", *inputs, "--precision", chosen, "-o", str(out), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["frames"] > 0
    found = read_dataset(out)
    assert found.attrs["precision"] == chosen
    assert found["time"].encoding["bounds"] == "time_bounds"
    bounds = found["time_bounds"].to_numpy()
    np.testing.assert_array_equal(bounds[:, 1], found["time"].to_numpy())
    np.testing.assert_array_equal(bounds[1:, 0], found["time"].to_numpy()[:-1])
