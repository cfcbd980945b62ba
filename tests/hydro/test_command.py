"""The command ``inundate simulate``, run in this process."""

import json

import numpy as np
import pytest

from inundate.cli.app import main
from inundate.core.store import read_dataset, write_dataset
from inundate.rain.array import to_rain_dataset


@pytest.fixture
def folder(tmp_path, storm, terrain, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_dataset(to_rain_dataset(storm), tmp_path / "storm.zarr")
    write_dataset(terrain.to_dataset(), tmp_path / "dem.zarr")
    write_dataset(terrain.to_dataset(), tmp_path / "dem2.zarr")
    return tmp_path


def command(*arguments):
    return main(["simulate", *map(str, arguments)])


ONE = ("--rain", "storm.zarr", "--terrain", "dem.zarr")


def test_one_simulation(folder, capsys):
    assert command(*ONE, "-o", "sim.zarr", "--edges", "closed", "--run-on-min", 0) == 0
    text = capsys.readouterr().out
    assert text.startswith("dem under storm: sim.zarr (")
    assert "rain 20.0 mm" in text
    assert "volume budget" in text
    with read_dataset(folder / "sim.zarr", kind="simulation") as ds:
        assert ds.sizes["time"] == 3
        assert json.loads(ds.attrs["settings"])["edges"] == "closed"
        inputs = json.loads(ds.attrs["provenance"])["inputs"]
        assert sorted(inputs) == ["dem.zarr", "storm.zarr"]
        assert all(len(value) == 32 for value in inputs.values())


def test_json_has_the_figures_of_the_table(folder, capsys):
    assert command(*ONE, "-o", "sim.zarr", "--json") == 0
    (found,) = json.loads(capsys.readouterr().out)["simulations"]
    with read_dataset(folder / "sim.zarr") as ds:
        assert found["water_depth_max_m"] == pytest.approx(float(ds["water_depth_max"].max()))
        assert found["volume_budget"] == json.loads(ds.attrs["volume_budget"])
        assert found["steps"] == ds.attrs["steps"]
    assert found["rain_mean_mm"] == pytest.approx(20, rel=1e-4)
    assert abs(found["volume_budget"]["error_relative"]) <= 5e-6


def test_every_pair_and_again(folder, capsys):
    several = ("--rain", "storm.zarr", "--terrain", "dem.zarr", "dem2.zarr", "-o", "sims", "--json")
    assert command(*several) == 0
    first = json.loads(capsys.readouterr().out)["simulations"]
    assert [run["skipped"] for run in first] == [False, False]
    (folder / "sims" / "dem2__storm.zarr").rename(folder / "elsewhere.zarr")
    assert command(*several) == 0
    again = json.loads(capsys.readouterr().out)["simulations"]
    assert [run["skipped"] for run in again] == [True, False]
    assert [run["water_depth_max_m"] for run in again] == [
        run["water_depth_max_m"] for run in first
    ]


def test_settings_from_a_file_and_flags(folder):
    (folder / "run.toml").write_text('[simulate]\nedges = "level"\nmanning = 0.05\n')
    flags = ("--config", "run.toml", "--edge-level-m", "2.5", "--manning", "0.06")
    assert command(*ONE, "-o", "sim.zarr", *flags) == 0
    with read_dataset(folder / "sim.zarr") as ds:
        stored = json.loads(ds.attrs["settings"])
    assert (stored["edges"], stored["edge_level_m"], stored["manning"]) == ("level", 2.5, 0.06)


def test_roughness_and_start(folder, capsys):
    assert command(*ONE, "-o", "sim.zarr") == 0
    with read_dataset(folder / "sim.zarr") as ds:
        rough = ds[["roughness"]].load() * np.float32(3)
        rough["roughness"].attrs = ds["roughness"].attrs
    write_dataset(rough, folder / "rough.zarr")
    layers = ("--roughness", "rough.zarr", "--initial-depth", "sim.zarr")
    assert command(*ONE, "-o", "next.zarr", *layers, "--json") == 0
    found = json.loads(capsys.readouterr().out.splitlines()[-1])["simulations"][0]
    assert found["volume_budget"]["initial_m3"] > 0
    with read_dataset(folder / "next.zarr") as ds:
        assert float(ds["roughness"].mean()) == pytest.approx(0.105, rel=1e-5)


@pytest.mark.parametrize(("arguments", "code", "message"), [
    ((*ONE, "-o", "out"), 2, "error: writing out: suffix '', expected .zarr for one simulation\n"),
    (
        (*ONE, "-o", "sim.zarr", "--edges", "level"), 2,
        "error: simulating: settings do not fit one another\n"
        "  an edge of kind 'level' needs edge_level_m, the water level in m\n",
    ),
    ((*ONE, "-o", "sim.zarr", "--maning", "1"), 2, "error: Unknown option: --maning."),
    (
        ("--rain", "storms.zarr", "--terrain", "dem.zarr", "-o", "sim.zarr"), 3,
        "error: simulating storms.zarr: no such file or folder",
    ),
    (("--rain", "dem.zarr", "--terrain", "dem.zarr", "-o", "sim.zarr"), 3, "error: "),
    ((*ONE, "-o", "dem2.zarr"), 6, "error: writing dem2.zarr: it exists already\n"),
])  # fmt: skip
def test_errors(folder, capsys, arguments, code, message):
    before = sorted(path.name for path in folder.iterdir())
    found = command(*arguments)
    shown = capsys.readouterr().err
    assert shown.startswith(message), shown
    assert found == code
    assert sorted(path.name for path in folder.iterdir()) == before
