"""Weights handed on without the training, and those that ship."""

import json

import numpy as np
import pytest

from inundate.core.errors import DataError, MissingFileError
from inundate.emulate.export import DEFAULT, export_weights, find_weights, shipped_names
from inundate.emulate.predict import predict, predict_peak, predict_prepared
from inundate.emulate.settings import ForecastSettings
from inundate.emulate.train import load_emulator

from .small_flood import ground, place, storm


@pytest.fixture(scope="module")
def exported(trained, tmp_path_factory):
    run, _ = trained["mode_h"]
    return export_weights(run.path, tmp_path_factory.mktemp("weights") / "mine")


def test_exported_weights_predict_as_the_run(exported, trained, prepared):
    _, settings, model = load_emulator(trained["mode_h"][0].path)
    _, same, copy = load_emulator(exported)
    assert same == settings
    np.testing.assert_array_equal(
        predict_prepared(model, settings, prepared), predict_prepared(copy, same, prepared)
    )
    manifest = json.loads((exported / "manifest.json").read_text())
    assert manifest["trained_on"]["range"]["cell_size_m"] == [10.0, 10.0]
    assert "data" not in (exported / "config.toml").read_text()


def test_a_damaged_file_is_named(exported, tmp_path):
    copy = tmp_path / "bad"
    copy.mkdir()
    for path in exported.iterdir():
        (copy / path.name).write_bytes(path.read_bytes()[: 100 if "model" in path.name else None])
    with pytest.raises(DataError, match=r"model\.safetensors: not a safetensors file"):
        load_emulator(copy)


def test_an_unknown_name_lists_what_ships():
    with pytest.raises(MissingFileError, match="no such folder .* the package ships mode_h"):
        find_weights("mode_hh")


def test_shipped_weights_predict_on_any_terrain():
    assert DEFAULT in shipped_names()
    found = predict(
        None, storm("late", place(3, 40, 52)), ground(3, 40, 52),
        forecast=ForecastSettings(edges="closed", run_on_min=10), progress=False,
    )  # fmt: skip
    assert found["water_depth"].sizes["y"] == 40
    assert float(found["water_depth_max"].max()) > 0.05
    assert json.loads(found.attrs["settings"])["edges"] == "closed"


def test_what_lies_outside_is_told_and_the_gate_closes():
    far = storm("late", place(3)) * 20.0
    found = predict(
        None, far.assign_attrs(storm("late", place(3)).attrs), ground(3), progress=False
    )
    assert found.attrs["gate"] == 0.0
    told = json.loads(found.attrs["warnings"])
    assert any("mm; the model was trained on" in line for line in told)
    assert told[-1] == "0% of the model's correction of the hybrid is made outside its range"


def test_the_peak_alone(exported, prepared):
    _, settings, model = load_emulator(exported)
    peak = predict_peak(model, settings, prepared)
    assert peak.shape == prepared.elevation.shape
    whole = predict_prepared(model, settings, prepared).max(axis=0)
    # another pass of the network, shown the greatest water of each block: near, not equal
    assert float(np.abs(peak - whole).mean()) < 0.05


def test_a_training_starts_from_exported_weights(exported, flood_data, tmp_path):
    from inundate.emulate.train import train_emulator

    from .small_flood import TRAINING

    _, settings, before = load_emulator(exported)
    still = TRAINING.model_copy(update={"max_steps": 1, "learning_rate": 1e-9, "ema": 0.0})
    run, _ = train_emulator(
        flood_data,
        tmp_path / "on",
        settings=settings,
        training=still,
        init=exported,
        progress=False,
    )
    _, _, after = load_emulator(run.path)
    for (name, one), two in zip(
        before.state_dict().items(), after.state_dict().values(), strict=True
    ):
        np.testing.assert_allclose(one.numpy(), two.numpy(), atol=1e-6, err_msg=name)
