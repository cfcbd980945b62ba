"""Predicting and scoring with a spread, as a user asks for it."""

import json
import shutil

import numpy as np
import pytest

from inundate.cli.app import main as command
from inundate.core.errors import ConfigError, RunError
from inundate.core.grid import attach_grid
from inundate.core.names import VARIABLES, attributes
from inundate.core.store import read_dataset, write_dataset
from inundate.emulate.predict import predict
from inundate.emulate.uncertain.climatology import LawClimatology
from inundate.emulate.uncertain.draw import ensembles_of
from inundate.emulate.uncertain.evaluate import evaluate_spread
from inundate.emulate.uncertain.settings import METHODS, OutputSettings
from inundate.rain.array import make_rain

THRESHOLDS = (0.05, 0.1, 0.3, 0.5, 1.0)


@pytest.fixture(scope="module")
def inputs(ensembles):
    """Rain and terrain of a test sample, with a hole in the ground."""
    import xarray as xr

    sample = ensembles.read(ensembles_of(ensembles, "test")[0].base)
    ground = sample.elevation.copy()
    ground[3:6, 8:12] = np.nan
    terrain = attach_grid(
        xr.DataArray(ground, dims=("y", "x"), name="elevation", attrs=attributes("elevation")),
        sample.grid,
    )
    step = np.timedelta64(int(sample.interval_s), "s")
    ends = np.datetime64("2024-05-01T10:00", "ns") + step * np.arange(1, 7)
    rain = make_rain(sample.rain_rate[:6], ends, sample.grid, step_s=sample.interval_s)
    return rain, terrain.assign_attrs(terrain_name="hole")


@pytest.fixture(scope="module", params=METHODS)
def predicted(request, calibrated, inputs):
    asked = OutputSettings(method=request.param, samples=4, quantiles=(0.05, 0.25, 0.5, 0.95))
    return predict(calibrated[0].path, *inputs, uncertainty=asked, progress=False)


def test_variables_are_those_of_the_registry(predicted, inputs):
    sizes = dict(predicted.sizes)
    assert sizes["quantile"] == 4
    assert sizes["threshold"] == 5
    assert sizes["member"] == 4
    for name in (
        "depth_mean", "depth_low", "depth_high", "depth_quantile", "depth_quantile_wet",
        "depth_probability", "depth_sample",
    ):  # fmt: skip
        known = VARIABLES[name]
        assert predicted[name].dims == known.dims
        assert predicted[name].attrs["units"] == known.unit
        values = predicted[name].to_numpy()
        hole = np.isnan(inputs[1].to_numpy())
        assert np.isnan(values[..., hole]).all()
        assert np.isfinite(values[..., ~hole]).all()
        assert np.nanmin(values) >= 0.0
    assert predicted["threshold"].to_numpy() == pytest.approx(THRESHOLDS)
    assert predicted.attrs["spread_calibrated_on"] == "4 held-out terrains"


def test_quantiles_never_cross_and_chances_fall_with_the_threshold(predicted):
    quantile = np.nan_to_num(predicted["depth_quantile"].to_numpy())
    chance = np.nan_to_num(predicted["depth_probability"].to_numpy())
    assert (np.diff(quantile, axis=0) >= 0).all()
    wet = predicted["depth_quantile_wet"].to_numpy()
    assert np.nanmin(wet) >= np.float32(0.05)
    assert (np.diff(np.nan_to_num(wet), axis=0) >= 0).all()
    assert (np.diff(chance, axis=0) <= 0).all()
    assert chance.max() <= 1.0
    low, high = (np.nan_to_num(predicted[f"depth_{end}"]) for end in ("low", "high"))
    np.testing.assert_array_equal(low, quantile[0])
    assert (high >= quantile[2]).all()
    assert np.ptp(quantile, axis=0).max() > 0.005
    mean = np.nan_to_num(predicted["depth_mean"].to_numpy())
    assert (mean <= np.maximum(quantile[-1] * 3, 0.5)).all()


def test_floods_lie_in_the_law_and_hang_together(predicted):
    floods = np.nan_to_num(predicted["depth_sample"].to_numpy())
    centre = np.nan_to_num(predicted["depth_quantile"].sel(quantile=0.5).to_numpy())
    assert len({flood.tobytes() for flood in floods}) == 4
    assert floods.mean() == pytest.approx(np.nan_to_num(predicted["depth_mean"]).mean(), rel=0.5)
    assert (floods[:, centre == 0] == 0).mean() > 0.7


def test_the_same_seed_gives_the_same_and_another_another(calibrated, inputs):
    def floods(seed):
        asked = OutputSettings(method="conformal", samples=2, spread_seed=seed)
        ds = predict(calibrated[0].path, *inputs, uncertainty=asked, progress=False)
        return ds["depth_sample"].to_numpy()

    one = floods(1)
    assert np.array_equal(one, floods(1), equal_nan=True)
    assert not np.array_equal(one, floods(2), equal_nan=True)


def test_what_was_not_calibrated_is_refused(calibrated, inputs):
    path = calibrated[0].path
    cases = {
        "quantiles of depth: levels": OutputSettings(quantiles=(0.5, 0.999)),
        "probability of depth: thresholds 0.2 m": OutputSettings(thresholds=(0.2,)),
        "drawing 9 floods out of 6 members": OutputSettings(method="vae", samples=9),
        "4 members were asked for": OutputSettings(method="conformal", members=4),
    }
    for text, asked in cases.items():
        with pytest.raises(ConfigError, match=text):
            predict(path, *inputs, uncertainty=asked, progress=False)


@pytest.fixture(scope="module")
def evaluation(calibrated):
    return evaluate_spread(calibrated[0].path, draws=100, progress=False)


def test_every_way_stands_beside_its_rivals(evaluation):
    summary = evaluation.summary
    scores = summary["regimes"]["all"]["scores"]
    assert set(scores) == {*METHODS, "mode_h_vae", "hybrid", "climatology"}
    assert summary["split"]["runs"] == 12
    assert scores["mode_h_vae"]["coverage_90"]["value"] is None  # a sure forecast has no interval
    for way in METHODS:
        assert scores[way]["crps"]["value"] < scores["mode_h_vae"]["crps"]["value"]
        assert scores[way]["coverage_90"]["value"] > 0.1
        figures = [row["figure"] for row in summary["goals"][way]]
        assert figures[0] == "crps_over_mae"
        assert figures.count("calibration_error") == 5
        assert "coverage_90_if_wet" in figures
        ratio = summary["goals"][way][0]
        best = min(scores[name]["crps"]["value"] for name in ("mode_h_vae", "hybrid"))
        assert ratio["value"] == pytest.approx(scores[way]["crps"]["value"] / best, rel=1e-4)
        assert ratio["low"] <= ratio["value"] <= ratio["high"]
    assert scores["vae"]["spread_skill"]["value"] > 0
    wet = summary["if_wet"]["regimes"]["all"]["scores"]
    assert set(wet) == {*METHODS, "climatology"}
    assert all(
        wet[way]["coverage_90"]["value"] > scores[way]["coverage_90"]["value"] for way in METHODS
    )
    assert "NOT MET" in evaluation.text or "met" in evaluation.text
    assert "(default)" in evaluation.text


def test_parts_that_were_fitted_on_are_refused(calibrated):
    with pytest.raises(ConfigError, match="on part valid: it was fitted on that"):
        evaluate_spread(calibrated[0].path, part="valid", progress=False)


def test_climatology_is_the_depths_of_the_training_samples(ensembles):
    numbers = ensembles.part("train")
    law = LawClimatology(ensembles.read(n) for n in numbers).law("none of these", 30)
    everything = [ensembles.read(n) for n in numbers]
    last = np.concatenate([s.water_depth[5][s.valid] for s in everything])
    for level in (0.5, 0.9, 0.99):
        wanted = np.quantile(last, level)
        row = law.levels.index(level)
        assert law.points[row, 5] == pytest.approx(wanted, abs=0.003, rel=0.03)
    wet = LawClimatology(everything).law("none of these", 8, wet=True)
    assert wet.points.min() >= 0.05
    assert wet.points[wet.levels.index(0.5), 5] == pytest.approx(
        np.median(last[last >= 0.05]), rel=0.03
    )
    assert (law.points[:, 29] == law.points[:, 7]).all()  # longer than any: the last one known


def test_the_commands(calibrated, inputs, tmp_path, capsys):
    path = tmp_path / "vae"
    shutil.copytree(calibrated[0].path, path, symlinks=True)
    write_dataset(inputs[0].to_dataset(name="rain_rate"), tmp_path / "rain.zarr")
    from inundate.terrain.geotiff import write_geotiff

    write_geotiff(inputs[1], tmp_path / "dem.tif")
    storm = ["--rain", str(tmp_path / "rain.zarr"), "--terrain", str(tmp_path / "dem.tif")]
    out = ["-o", str(tmp_path / "depth.zarr")]
    assert command(["predict", str(path), *storm, *out, "--members", "4"]) == 2
    assert "--members has no effect" in capsys.readouterr().err
    tif = ["-o", str(tmp_path / "depth.tif")]
    assert command(["predict", str(path), *storm, *tif, "--uncertainty"]) == 2
    assert "holds the peak depth alone" in capsys.readouterr().err

    fitted = ["spread", str(path), "--method", "conformal", "--cells", "40", "--json"]
    assert command([*fitted, "--members", "8"]) == 2
    assert "--members has no effect, since it has none" in capsys.readouterr().err
    assert command(fitted) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["default"] == told["lowest_crps"] == "conformal"
    asked = ["--uncertainty", "--quantiles", "0.1", "0.9", "--thresholds", "0.3", "--samples", "2"]
    assert command(["predict", str(path), *storm, *out, *asked, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["spread"]["method"] == "conformal"
    assert [row["threshold_m"] for row in told["spread"]["thresholds"]] == [0.3]
    with read_dataset(tmp_path / "depth.zarr", kind="prediction") as ds:
        assert ds["depth_quantile"].dims == ("quantile", "time", "y", "x")
        assert ds.sizes["member"] == 2
    assert command(["predict", str(path), *storm, *out, "--uncertainty", "--method", "vae",
                    "--overwrite"]) == 6  # fmt: skip
    assert "vae was not fitted; there are conformal" in capsys.readouterr().err
    assert command(["evaluate", str(path), "--uncertainty", "--draws", "50"]) == 0
    assert "conformal (default)" in capsys.readouterr().out
    kept = json.loads((path / "uncertainty.json").read_text())
    assert kept["kind"] == "spread-evaluation"


def test_exported_weights_take_their_calibration_along(calibrated, world, inputs, tmp_path):
    from inundate.core.errors import DataError
    from inundate.emulate.export import export_weights
    from inundate.emulate.uncertain.fit import fit_spread

    from .small_world import SPREAD

    exported = export_weights(calibrated[0].path, tmp_path / "weights")
    asked = OutputSettings(method="conformal")
    ours = predict(calibrated[0].path, *inputs, uncertainty=asked, progress=False)
    theirs = predict(exported, *inputs, uncertainty=asked, progress=False)
    assert np.array_equal(ours["depth_quantile"], theirs["depth_quantile"], equal_nan=True)
    with pytest.raises(DataError) as error:
        fit_spread(exported, progress=False)
    assert str(error.value) == (
        f"calibrating {exported}: exported weights do not know the data set of their training"
    )
    from safetensors.torch import load_file, save_file

    tensors = load_file(exported / "model.safetensors")
    name = sorted(tensors)[0]
    save_file(tensors | {name: tensors[name] + 1e-3}, exported / "model.safetensors")
    with pytest.raises(RunError, match="it was fitted to weights [0-9a-f]{16}, the run predicts"):
        predict(exported, *inputs, uncertainty=asked, progress=False)
    save_file(tensors, exported / "model.safetensors")
    again = fit_spread(
        exported, dataset=world, methods=("conformal",), settings=SPREAD, progress=False
    )
    fitted = calibrated[1].ways["conformal"].to_json()
    assert again.ways["conformal"].to_json() == fitted
