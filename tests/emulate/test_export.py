"""Weights handed on without the training, and those that ship."""

import json
import shutil

import numpy as np
import pytest
from safetensors.torch import load_file, save_file

from inundate.core.errors import ConfigError, DataError, MissingFileError, RunError
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


def test_weights_that_are_no_numbers_are_named(exported, tmp_path):
    copy = shutil.copytree(exported, tmp_path / "nan")
    tensors = load_file(copy / "model.safetensors")
    tensors["head.bias"][0] = float("nan")
    save_file(tensors, copy / "model.safetensors")
    with pytest.raises(DataError, match=r"NaN or infinity in 1 of \d+ arrays, the first head"):
        load_emulator(copy)


def test_a_manifest_of_an_older_layout_is_told(exported, tmp_path):
    copy = shutil.copytree(exported, tmp_path / "old")
    manifest = json.loads((copy / "manifest.json").read_text())
    del manifest["trained_on"]
    (copy / "manifest.json").write_text(json.dumps(manifest))
    with pytest.raises(RunError, match=r"no trained_on; the run was made by inundate \d") as caught:
        load_emulator(copy)
    assert "inundate weights list" in caught.value.hint


def test_a_setting_that_is_not_known_names_the_file(exported, tmp_path):
    copy = shutil.copytree(exported, tmp_path / "odd")
    text = (copy / "config.toml").read_text()
    (copy / "config.toml").write_text(text.replace("[model]", "[model]\nnonsense = 3"))
    with pytest.raises(ConfigError, match=r"odd/config\.toml: key 'nonsense' is not known"):
        load_emulator(copy)


def test_exported_weights_are_exported_again(exported, tmp_path):
    again = export_weights(exported, tmp_path / "again")
    for name in ("model.safetensors", "config.toml"):
        assert (again / name).read_bytes() == (exported / name).read_bytes()
    step = json.loads((exported / "manifest.json").read_text())["checkpoint_step"]
    assert json.loads((again / "manifest.json").read_text())["checkpoint_step"] == step
    with pytest.raises(ConfigError, match="exported weights have no 'last' checkpoint"):
        export_weights(exported, tmp_path / "last", which="last")
    with pytest.raises(RunError, match="it is or holds the input"):
        export_weights(exported, exported, overwrite=True)


def test_weights_that_ship_are_exported_by_name(tmp_path):
    made = export_weights(DEFAULT, tmp_path / "mine")
    assert (made / "calibration.json").is_file()
    assert load_emulator(made)[1] == load_emulator(None)[1]


def test_exported_weights_are_not_resumed(exported):
    from inundate.emulate.train import resume_emulator

    with pytest.raises(RunError, match="exported weights, without the state and data") as caught:
        resume_emulator(exported)
    assert "--init" in caught.value.hint


def test_exported_weights_are_scored_on_a_data_set_alone(exported, flood_data):
    from inundate.emulate.evaluate import evaluate

    with pytest.raises(DataError, match="do not know the data set of their training") as caught:
        evaluate(exported, progress=False)
    assert caught.value.hint == "give --dataset"
    with pytest.raises(ConfigError, match="0 bootstrap draws, expected 1 or more"):
        evaluate(exported, dataset=flood_data, draws=0)
    found = evaluate(exported, dataset=flood_data, draws=20, progress=False)
    assert found.summary["split"]["unseen"] == "another data set"


def test_an_unknown_name_lists_what_ships():
    with pytest.raises(MissingFileError, match="no such folder .* the package ships mode_h"):
        find_weights("mode_hh")


def test_a_run_beside_is_nearer_than_what_ships(tmp_path):
    (tmp_path / "mode_h").mkdir()
    with pytest.raises(MissingFileError) as caught:
        find_weights(tmp_path / "mode_hh")
    assert caught.value.hint == f"did you mean '{tmp_path / 'mode_h'}'?"


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
    assert told[-1] == "outside its range, 0% of the model's correction of the hybrid is made"


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


@pytest.mark.parametrize("name", ["data", "start", "holds"])
def test_a_training_does_not_replace_what_it_is_made_from(exported, flood_data, tmp_path, name):
    from inundate.emulate.train import train_emulator

    from .small_flood import TRAINING

    data = shutil.copytree(flood_data, tmp_path / "in" / "data.zarr")
    start = shutil.copytree(exported, tmp_path / "start")
    output = {"data": data, "start": start, "holds": tmp_path / "in"}[name]
    with pytest.raises(RunError, match="it is or holds the input"):
        train_emulator(
            data, output, settings=load_emulator(start)[1], training=TRAINING, init=start,
            overwrite=True, progress=False,
        )  # fmt: skip
    assert (data / "zarr.json").is_file()


def test_weights_of_another_size_are_refused_before_the_samples_are_read(
    exported, flood_data, tmp_path, monkeypatch
):
    from inundate.emulate import train

    from .small_flood import TRAINING

    def late(*_, **__):
        raise AssertionError("samples were prepared")

    monkeypatch.setattr(train, "Parts", late)
    settings = load_emulator(exported)[1].model_copy(update={"width": 16})
    with pytest.raises(DataError, match="of another shape") as caught:
        train.train_emulator(
            flood_data, tmp_path / "on", settings=settings, training=TRAINING, init=exported,
            progress=False,
        )  # fmt: skip
    assert "config.toml" in caught.value.hint
    assert not (tmp_path / "on").exists()


def test_missing_rain_taken_as_dry_is_told():
    rain = storm("late", place(3))
    gaps = rain.copy()
    gaps[1, 2:4, 3] = np.nan
    forecast = ForecastSettings(missing_rain="dry")
    found = predict(None, gaps, ground(3), forecast=forecast, progress=False)
    cells = json.loads(found.attrs["rain_assumed_dry"])["cells"]
    assert cells >= 2
    assert f"rain is missing in {cells:,.0f} cells" in json.loads(found.attrs["warnings"])[-1]
    whole = predict(None, rain, ground(3), forecast=forecast, progress=False)
    assert "rain_assumed_dry" not in whole.attrs


def test_soil_that_nothing_reads():
    forecast = ForecastSettings(loss_mm_h=5.0)  # the weights were trained with another soil
    with pytest.raises(ConfigError, match="loss_mm_h given, but infiltration is") as caught:
        predict(None, storm("late", place(3)), ground(3), forecast=forecast, progress=False)
    assert caught.value.hint == "add --infiltration constant"
