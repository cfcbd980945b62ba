"""The command ``inundate simulate``, run in this process."""

import json
from pathlib import Path

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


BOUNDARIES = """[[boundary]]
name = "sea"
side = "west"
kind = "level"
level = "tide.csv"
"""


def test_all_that_a_site_has(folder, capsys):
    (folder / "gauges.csv").write_text("name,x,y\nmill,400105,499905\n")
    (folder / "lines.csv").write_text("name,x,y\nweir,400100,499800\nweir,400100,500000\n")
    (folder / "tide.csv").write_text("time_s,level [m]\n0,-1\n9000,2\n")
    (folder / "edges.toml").write_text(BOUNDARIES)
    (folder / "points.toml").write_text(
        '[[source]]\nname = "spring"\nx = 400205.0\ny = 499905.0\nflow_m3_s = 0.2\n'
    )
    (folder / "air.csv").write_text("time_s,evaporation [mm h-1]\n0,1\n9000,1\n")
    flags = (
        "--gauges", "gauges.csv", "--sections", "lines.csv", "--boundaries", "edges.toml",
        "--sources", "points.toml", "--evaporation", "air.csv", "--json",
    )  # fmt: skip
    assert command(*ONE, "-o", "sim.zarr", *flags) == 0
    (found,) = json.loads(capsys.readouterr().out.splitlines()[-1])["simulations"]
    budget = found["volume_budget"]
    assert budget["source_m3"] == pytest.approx(0.2 * 5400, rel=1e-9)
    assert budget["inflow_m3"] > 0
    assert budget["evaporation_m3"] > 0
    assert abs(budget["error_relative"]) <= 5e-6
    with read_dataset(folder / "sim.zarr") as ds:
        assert ds["gauge_level"].sizes == {"sample": 91, "gauge": 1}
        assert ds["section_discharge"].sizes == {"sample": 91, "section": 1}
        made = json.loads(ds.attrs["provenance"])["inputs"]
        assert json.loads(ds.attrs["site"])["boundaries"][0]["name"] == "sea"
    assert {Path(name).name for name in made} >= {
        "gauges.csv", "lines.csv", "tide.csv", "edges.toml", "points.toml", "air.csv", "dem.zarr",
    }  # fmt: skip


@pytest.mark.parametrize("output", ["dem.zarr", "storm.zarr"])
def test_an_output_never_takes_the_place_of_an_input(folder, capsys, output):
    before = (folder / output / "zarr.json").read_bytes()
    assert command(*ONE, "-o", output, "--overwrite") == 6
    assert capsys.readouterr().err == (
        f"error: writing {output}: it is or holds the input {output}, which would be lost\n"
        "  hint: give another -o\n"
    )
    assert (folder / output / "zarr.json").read_bytes() == before


@pytest.mark.parametrize("name", ["gauges", "sections"])
def test_a_crs_of_nothing(folder, capsys, name):
    assert command(*ONE, "-o", "sim.zarr", f"--{name}-crs", "EPSG:4326") == 2
    expected = f"error: simulating: {name}_crs is given, but no {name}\n"
    assert capsys.readouterr().err == expected


@pytest.mark.parametrize(("text", "message"), [
    ("nam,x,y\nmill,400105,499905\n", "error: reading gauges.csv: found the columns nam, x, y"),
    ("name,x,y\nmill,0,0\n", "error: recording: gauge 'mill' at (0, 0) lies outside the terrain"),
])  # fmt: skip
def test_a_gauge_that_is_wrong(folder, capsys, text, message):
    (folder / "gauges.csv").write_text(text)
    assert command(*ONE, "-o", "sim.zarr", "--gauges", "gauges.csv") == 3
    assert capsys.readouterr().err.startswith(message)
    assert not list(folder.glob("*sim.zarr*"))


def test_a_second_command_that_differs(folder, capsys, monkeypatch):
    def stop(self, frame):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("inundate.hydro.frames.StoredFrames.add", stop)
        assert command(*ONE, "-o", "sim.zarr", "--checkpoint-every", 0) == 130
    assert capsys.readouterr().err == "interrupted; run the same command again to go on\n"
    assert command(*ONE, "-o", "sim.zarr", "--manning", 0.1) == 6
    assert "  settings.manning: 0.035, now 0.1\n" in capsys.readouterr().err
    assert command(*ONE, "-o", "sim.zarr") == 0
    assert not list(folder.glob(".sim.zarr*"))


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
