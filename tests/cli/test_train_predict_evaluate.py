"""Train, kill, resume, predict and evaluate by the command line, as a user would."""

import importlib.util
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import rasterio
import zarr

from inundate.core.grid import grid_of
from inundate.core.store import read_dataset, write_dataset
from inundate.terrain.geotiff import write_geotiff
from inundate.terrain.open import open_terrain

_SPEC = importlib.util.spec_from_file_location(
    "small_flood", Path(__file__).parents[1] / "emulate" / "small_flood.py"
)
small = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(small)

STEPS = 40
FLAGS = [
    "--model", "mode_h", "--width", "8", "--levels", "2", "--crop-cells", "32", "--frames", "3",
    "--epochs", "0", "--batch-size", "4", "--warmup-steps", "5", "--learning-rate", "3e-3",
    "--threads", "1", "--device", "cpu", "--checkpoint-every-steps", "4",
]  # fmt: skip


def words(*arguments):
    return [sys.executable, "-m", "inundate", *map(str, arguments)]


def inundate(*arguments, code=0):
    env = {**os.environ, "OMP_NUM_THREADS": "1"}
    done = subprocess.run(words(*arguments), capture_output=True, text=True, check=False, env=env)
    assert done.returncode == code, done.stderr
    assert "Traceback" not in done.stderr
    return done


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("flood")


@pytest.fixture(scope="module")
def data(folder):
    return small.build(folder)


@pytest.fixture(scope="module")
def run(data, folder):
    """Mode H, trained without a break."""
    path = folder / "whole"
    done = inundate("train", data, *FLAGS, "--max-steps", STEPS, "-o", path, "--json")
    figures = json.loads(done.stdout)
    assert figures["status"] == "finished"
    assert figures["steps"] == STEPS
    assert figures["next"] == f"inundate evaluate {path}"
    return path


@pytest.fixture(scope="module")
def inputs(folder):
    """Rain and terrain as files: terrain 7 under the held-out storm."""
    grid = small.place(7)
    rain = small.storm("middle", grid)
    write_dataset(rain.to_dataset(name="rain_rate"), folder / "middle.nc")
    write_geotiff(small.ground(7), folder / "t7.tif")
    return ["--rain", folder / "middle.nc", "--terrain", folder / "t7.tif"]


def weights(run, which="last"):
    return (run / which / "model.safetensors").read_bytes()


def test_killed_and_resumed_is_bit_equal(data, run, tmp_path):
    path = tmp_path / "killed"
    env = {**os.environ, "OMP_NUM_THREADS": "1"}
    command = words("train", data, *FLAGS, "--max-steps", STEPS, "-o", path)
    process = subprocess.Popen(
        command, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    end = time.monotonic() + 120
    while not list(path.glob("checkpoints/step-*[48]")) and time.monotonic() < end:
        assert process.poll() is None
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    process.wait()
    steps = sorted(int(p.name.split("-")[1]) for p in path.glob("checkpoints/step-*"))
    assert 0 < steps[-1] < STEPS
    figures = json.loads(inundate("resume", path, "--json").stdout)
    assert figures["status"] == "finished"
    assert figures["steps"] == STEPS
    assert weights(path) == weights(run)
    assert weights(path, "best") == weights(run, "best")


def test_a_finished_run_is_not_resumed(run):
    done = inundate("resume", run, code=6)
    assert "is finished: step 40" in done.stderr


def test_an_existing_run_is_not_overwritten(data, run):
    before = weights(run)
    done = inundate("train", data, *FLAGS, "--max-steps", 2, "-o", run, code=6)
    assert str(run) in done.stderr
    assert weights(run) == before


@pytest.fixture
def moved(data, run, tmp_path):
    """A run and its data set, both copies that may be spoilt."""
    copied = shutil.copytree(data, tmp_path / "data.zarr")
    path = shutil.copytree(run, tmp_path / "run", symlinks=True)
    config = path / "config.toml"
    config.write_text(config.read_text().replace(str(data), str(copied)))
    return path, copied


def test_a_changed_data_set_is_refused(moved):
    path, copied = moved
    manifest = json.loads((path / "manifest.json").read_text())
    (path / "manifest.json").write_text(json.dumps({**manifest, "status": "running"}))
    group = zarr.open_group(copied, mode="r+")
    group["water_depth"][0] = group["water_depth"][0] + 0.1
    done = inundate("resume", path, code=6)
    assert "is not the one that it was started with" in done.stderr
    done = inundate("evaluate", path, "--draws", 20, code=3)
    assert "has changed since the training" in done.stderr


@pytest.mark.parametrize("model", ["mode_h", "temporal_cnn"])
def test_missing_rain_in_a_sample_is_named(data, tmp_path, model):
    copied = shutil.copytree(data, tmp_path / "data.zarr")
    group = zarr.open_group(copied, mode="r+")
    rows = json.loads(group.attrs["samples"])
    number = next(n for n, row in enumerate(rows) if row["split"] == "train")
    values = group["rain_rate"][number]
    values[1, 3, 4] = np.nan
    group["rain_rate"][number] = values
    flags = [*FLAGS[:1], model, *FLAGS[2:]]
    done = inundate("train", copied, *flags, "--max-steps", 2, "-o", tmp_path / "run", code=3)
    assert f"sample {rows[number]['name']}: rain_rate is not finite" in done.stderr
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("flags", "named"),
    [
        (["--model", "temporal_cnn", "--factors", "8"], "it does not read factors"),
        (["--tail", "vae"], "it does not read tail"),
        (["--crop-cells", "33"], "crop_cells 33 is not a multiple"),
        pytest.param(
            ["--epochs", "0"],
            "training would never end",
        ),
    ],
    ids=["factor", "tail", "crop", "endless"],
)
def test_wrong_settings_are_named(data, tmp_path, flags, named):
    done = inundate("train", data, *flags, "-o", tmp_path / "run", code=2)
    assert named in done.stderr
    assert not (tmp_path / "run").exists()


def test_one_prediction_in_three_files(run, inputs, tmp_path):
    found = {}
    for suffix in ("zarr", "nc", "tif"):
        output = tmp_path / f"depth.{suffix}"
        done = inundate("predict", run, *inputs, "-o", output, "--json")
        found[suffix] = json.loads(done.stdout)
    assert found["zarr"]["frames"] == 8
    assert found["zarr"]["cells"] == 32 * 32
    assert found["zarr"]["water_depth_max_m"] > 0.05
    terrain = open_terrain(inputs[3])
    with read_dataset(tmp_path / "depth.zarr") as a, read_dataset(tmp_path / "depth.nc") as b:
        for name in ("water_depth", "water_depth_max", "rain_rate", "elevation"):
            np.testing.assert_allclose(a[name], b[name], atol=1e-3)
        assert grid_of(a).same_as(grid_of(terrain))
        assert grid_of(b).same_as(grid_of(terrain))
        assert a.attrs["kind"] == "prediction"
        np.testing.assert_array_equal(a["water_depth_max"], a["water_depth"].max("time"))
        with rasterio.open(tmp_path / "depth.tif") as tif:
            assert tif.crs.to_epsg() == 27700
            assert tuple(tif.bounds) == grid_of(terrain).bounds
            np.testing.assert_allclose(tif.read(1), a["water_depth_max"], atol=1e-3)


def test_prediction_refuses_what_it_cannot_write(run, inputs, tmp_path):
    done = inundate("predict", run, *inputs, "-o", tmp_path / "depth.png", code=2)
    assert "expected .zarr, .nc or .tif" in done.stderr
    (tmp_path / "depth.nc").write_text("mine")
    inundate("predict", run, *inputs, "-o", tmp_path / "depth.nc", code=6)
    assert (tmp_path / "depth.nc").read_text() == "mine"


def test_rain_elsewhere_is_refused(run, inputs, folder, tmp_path):
    write_geotiff(small.ground(3), tmp_path / "t3.tif")
    output = tmp_path / "depth.zarr"
    inundate("predict", run, *inputs[:2], "--terrain", tmp_path / "t3.tif", "-o", output, code=3)
    assert not output.exists()


def test_every_score_has_an_interval_and_every_baseline_is_there(run):
    done = inundate("evaluate", run, "--draws", 50, "--json")
    found = json.loads(done.stdout)
    names = {"mode_h", "hybrid", "all_dry", "climatology", "persistence", "fill_spill"}
    assert names <= set(found["models"])
    assert found["split"]["storms"] == ["middle"]
    assert found["split"]["blocks"] == 3
    assert {"beats_all", "fails", "against"} <= set(found["verdict"])
    scores = found["regimes"]["all"]["scores"]
    assert names <= set(scores)
    for model in names:
        assert set(scores[model]) == set(scores["mode_h"])
        for name, score in scores[model].items():
            assert {"value", "low", "high"} <= set(score), name
            if score["low"] is not None:
                assert score["low"] <= score["high"], (model, name)
    report = Path(found["report"])
    assert report.parent == run
    assert report.is_file()
    stored = json.loads((run / "evaluation.json").read_text())
    assert stored["verdict"] == found["verdict"]
    assert stored["regimes"] == found["regimes"]
