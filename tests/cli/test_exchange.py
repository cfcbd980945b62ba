"""``inundate exchange``: what a user types, end to end."""

import json

import numpy as np
import pytest
import xarray as xr

from inundate.cli.app import main
from inundate.cli.exchange import describe, export, import_
from inundate.core.errors import ConfigError, GridError
from inundate.core.grid import Grid, attach_grid
from inundate.core.names import attributes
from inundate.core.store import read_dataset, write_dataset
from inundate.dataset.build import build_dataset
from inundate.dataset.settings import DatasetSettings
from inundate.hydro.external.rasters import raster_text
from inundate.hydro.settings import SimulateSettings
from inundate.rain.array import make_rain, to_rain_dataset
from inundate.rain.open import open_rain
from inundate.terrain.open import open_terrain

SIDE = 24
NAMES = ("t1", "t2", "t3")


def place(number):
    return Grid("EPSG:27700", 400000 + 5000 * number, 300600, 25, 25, SIDE, SIDE)


def write_ground(folder, number):
    grid = place(number)
    rows, columns = np.mgrid[:SIDE, :SIDE]
    values = 20 + number - 0.02 * rows - 0.05 * np.sin(0.5 * columns + number)
    ground = xr.DataArray(
        values.astype(np.float32), dims=("y", "x"), name="elevation", attrs=attributes("elevation")
    )
    path = folder / f"{NAMES[number]}.nc"
    write_dataset(attach_grid(ground, grid).to_dataset(), path)
    return path


def write_rain(folder, number, name, peak):
    grid = place(number)
    wide = Grid(grid.crs, grid.left, grid.top, 300, 300, 2, 2)
    course = peak * np.sin(np.pi * (np.arange(6) + 0.5) / 6)
    ends = np.datetime64("2000-01-01", "ns") + np.arange(1, 7) * np.timedelta64(300, "s")
    values = np.broadcast_to(course[:, None, None], (6, 2, 2)) * np.array([[1, 0.5], [0.75, 1]])
    path = folder / f"{name}.nc"
    write_dataset(to_rain_dataset(make_rain(values, ends, wide, step_s=300)), path, True)
    return path


@pytest.fixture
def inputs(tmp_path):
    return write_ground(tmp_path, 0), write_rain(tmp_path, 0, "storm", 30.0)


def pretend(folder, number, frames=4):
    """Depth grids as the exported model would leave them, made up but by rain and place."""
    rows, columns = np.mgrid[:SIDE, :SIDE]
    (folder / "results").mkdir(exist_ok=True)
    for k in range(frames + 1):
        depth = 0.01 * k * (1 + np.sin(0.3 * rows + number) * np.cos(0.2 * columns + k))
        (folder / "results" / f"res-{k:04d}.wd").write_text(raster_text(depth, place(number)))


@pytest.mark.parametrize(
    ("model", "name"), [("lisflood-fp", "case.par"), ("hail-caesar", "case.params")]
)
def test_out_and_back_in(model, name, inputs, tmp_path, capsys):
    terrain, rain = inputs
    flags = SimulateSettings(manning=0.05, edges="open", run_on_min=30, output_every_s=600)
    export(
        rain=rain, terrain=terrain, output=tmp_path / "run", model=model, settings=flags, json=True
    )
    said = json.loads(capsys.readouterr().out)
    assert name in said["files"]
    assert {remark["fate"] for remark in said["remarks"]} >= {"taken", "approximate"}
    describe(tmp_path / "run", json=True)
    found = json.loads(capsys.readouterr().out)
    assert [item["kind"] for item in found["found"]] == ["case"]
    assert found["case"]["settings"]["manning"] == 0.05
    import_(tmp_path / "run" / name, output=tmp_path / "back")
    text = capsys.readouterr().out
    assert "24 x 24" in text
    assert "approximate" in text
    back = open_terrain(tmp_path / "back" / "terrain.nc")
    np.testing.assert_allclose(back.to_numpy(), open_terrain(terrain).to_numpy(), atol=1e-6)
    storm = open_rain(tmp_path / "back" / "rain.nc")
    assert float(storm[:6].mean()) == pytest.approx(float(open_rain(rain).mean()), rel=1e-5)
    record = json.loads((tmp_path / "back" / "exchange.json").read_text())
    assert record["model"].lower() == model
    assert list(record["inputs"])


def test_the_command_that_import_names_simulates_the_case(inputs, tmp_path, capsys):
    terrain, rain = inputs
    (tmp_path / "b.toml").write_text(
        '[[boundary]]\nname = "sea"\nside = "north"\nkind = "level"\nlevel_m = 20.5\n'
    )
    (tmp_path / "s.toml").write_text(
        '[[source]]\nname = "main"\nx = 400112\ny = 300312\nflow_m3_s = 0.25\n'
    )
    export(
        rain=rain, terrain=terrain, output=tmp_path / "run", model="lisflood-fp",
        boundaries=tmp_path / "b.toml", sources=tmp_path / "s.toml",
        settings=SimulateSettings(edges="closed", run_on_min=0, evaporation_mm_h=0.5),
    )  # fmt: skip
    capsys.readouterr()
    import_(tmp_path / "run", output=tmp_path / "case", json=True)
    words = json.loads(capsys.readouterr().out)["command"].split()
    assert {"--boundaries", "--sources", "--config", "--rain", "--terrain"} < set(words)
    assert main([*words[1:-1], str(tmp_path / "sim.zarr")]) == 0
    with read_dataset(tmp_path / "sim.zarr", kind="simulation") as ds:
        budget = json.loads(ds.attrs["volume_budget"])
    assert budget["source_m3"] == pytest.approx(0.25 * 1800, rel=1e-5)
    assert budget["inflow_m3"] > 0


def test_a_data_set_is_built_from_another_models_results(tmp_path):
    stores = []
    flags = SimulateSettings(output_every_s=600, run_on_min=10)
    for number, name in enumerate(NAMES):
        terrain, rain = write_ground(tmp_path, number), write_rain(tmp_path, number, "a", 30.0)
        run = tmp_path / f"run-{name}"
        export(rain=rain, terrain=terrain, output=run, model="lisflood-fp", settings=flags)
        pretend(run, number, frames=2)
        for storm, peak in (("a", 30.0), ("b", 45.0), ("c", 60.0)):
            stores.append(tmp_path / f"{name}-{storm}.zarr")
            import_(
                run, output=stores[-1], case=run / "case.par", terrain_name=name,
                rain=write_rain(tmp_path, number, storm, peak),
            )  # fmt: skip
    samples = build_dataset(stores, tmp_path / "set.zarr", settings=DatasetSettings(block_cells=0))
    assert {row.storm for row in samples.rows} <= {"a", "b", "c"}
    assert {row.split for row in samples.rows} >= {"train", "valid", "test"}
    assert np.isfinite(samples.read(0).water_depth).all()


def test_what_is_not_in_the_files_is_asked_for(inputs, tmp_path):
    terrain, rain = inputs
    export(rain=rain, terrain=terrain, output=tmp_path / "run", model="lisflood-fp")
    (tmp_path / "run" / "terrain.prj").unlink()
    pretend(tmp_path / "run", 0)
    with pytest.raises(GridError, match="names no coordinate reference system"):
        import_(tmp_path / "run" / "case.par", output=tmp_path / "case")
    with pytest.raises(ConfigError, match="the heightmap is not in the files"):
        import_(tmp_path / "run" / "results", output=tmp_path / "a.zarr")
    with pytest.raises(ConfigError, match="--rain belong to results"):
        import_(tmp_path / "run" / "case.par", output=tmp_path / "case", rain=rain)
    with pytest.raises(ConfigError, match="expected a UTC time"):
        import_(tmp_path / "run", output=tmp_path / "case", start="yesterday")
    with pytest.raises(ConfigError, match="exclude each other"):
        import_(tmp_path / "run" / "results", output=tmp_path / "a.zarr", roughness=terrain,
                manning=0.03)  # fmt: skip


def test_results_with_everything_on_the_command_line(inputs, tmp_path, capsys):
    terrain, rain = inputs
    (tmp_path / "run").mkdir()
    pretend(tmp_path / "run", 0)
    import_(
        tmp_path / "run" / "results", output=tmp_path / "a.zarr", terrain=terrain, rain=rain,
        manning=0.03, every_s=300, crs="EPSG:27700", start="2000-01-01T00:00Z", json=True,
    )  # fmt: skip
    said = json.loads(capsys.readouterr().out)
    assert (said["frames"], said["terrain"], said["storm"]) == (4, "t1", "storm")
    with read_dataset(tmp_path / "a.zarr", kind="simulation") as ds:
        assert str(ds["time"].to_numpy()[0]).startswith("2000-01-01T00:05")
        assert float(ds["roughness"].mean()) == pytest.approx(0.03)


def test_edges_are_not_for_hail_caesar(inputs, tmp_path):
    terrain, rain = inputs
    with pytest.raises(ConfigError, match="it has nothing for --sources"):
        export(rain=rain, terrain=terrain, output=tmp_path / "run", model="hail-caesar",
               sources=tmp_path / "s.toml")  # fmt: skip
    assert not (tmp_path / "run").exists()
