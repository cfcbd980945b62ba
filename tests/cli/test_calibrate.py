"""The command ``inundate calibrate``, run in this process."""

import json
import tomllib

import numpy as np
import pytest
import xarray as xr
from cyclopts import App

from inundate.cli.calibrate import calibrate
from inundate.core.errors import ConfigError, DataError, RunError
from inundate.core.grid import Grid, attach_grid
from inundate.core.names import attributes
from inundate.core.store import write_dataset
from inundate.hydro.calibrate_files import CalibrateFiles, open_model
from inundate.hydro.calibrate_settings import CalibrateSettings
from inundate.hydro.land_table import read_land_table
from inundate.hydro.settings import SimulateSettings
from inundate.rain.array import make_rain, to_rain_dataset

GRID = Grid("EPSG:27700", 400000, 500000, 5, 5, 30, 16)
ENDS = np.datetime64("2021-07-12T14:00:00", "ns") + np.arange(1, 4) * np.timedelta64(300, "s")
TABLE = """
[[class]]
code = 1
name = "grass"
manning = 0.05
[[class]]
code = 2
name = "street"
manning = 0.03
infiltration = "constant"
loss_mm_h = 4.0
"""
SHORT = ("--run-on-min", "5")


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    rows, columns = np.mgrid[: GRID.height, : GRID.width]
    ground = 50 - 0.05 * columns + 0.04 * np.abs(rows - 8.0) ** 1.4

    def layer(name, values):
        array = xr.DataArray(values, dims=("y", "x"), name=name, attrs=attributes(name))
        return attach_grid(array, GRID).to_dataset()

    write_dataset(layer("elevation", ground.astype(np.float32)), tmp_path / "dem.zarr")
    cover = xr.DataArray(
        np.where(columns < 15, 1, 2).astype(np.uint8), dims=("y", "x"), name="land_cover"
    )
    write_dataset(attach_grid(cover, GRID).to_dataset(), tmp_path / "cover.zarr")
    rain = make_rain(np.full((3, *GRID.shape), 80.0), ENDS, GRID, step_s=300)
    write_dataset(to_rain_dataset(rain), tmp_path / "storm.zarr")
    (tmp_path / "land.toml").write_text(TABLE, encoding="utf-8")
    return tmp_path


def places(columns=(6, 12, 20, 27), row=8):
    return [(GRID.x[column], GRID.y[row]) for column in columns]


def observe(folder, truth, **files):
    """Write the levels that the truth would have made."""
    lines = [f"{x},{y},{t},0,0.002" for x, y in places() for t in (600, 900, "")]
    path = folder / "levels.csv"
    path.write_text("\n".join(["x,y,time,depth,sd", *lines]), encoding="utf-8")
    named = CalibrateFiles(**files)
    settings = SimulateSettings(run_on_min=5)
    model = open_model(
        folder / "storm.zarr", folder / "dem.zarr", path, named, settings, CalibrateSettings()
    )
    heights = model.elevation[model.observations.rows, model.observations.columns]
    levels = model.predict(np.array(truth)) + heights[model.observations.gauge]
    lines = [
        f"{line.rsplit(',', 2)[0]},{level},0.002" for line, level in zip(lines, levels, strict=True)
    ]
    path.write_text("\n".join(["x,y,time,level,sd", *lines]), encoding="utf-8")


def command(*arguments):
    app = App(name="inundate")
    app.command(calibrate)
    inputs = ("--rain", "storm.zarr", "--terrain", "dem.zarr", "--observations", "levels.csv")
    app(
        ["calibrate", *inputs, *arguments], exit_on_error=False, print_error=False,
        result_action="return_value",
    )  # fmt: skip


def test_land_table_is_fitted_and_readable(folder, capsys):
    observe(
        folder, [0.08, 0.02], land_cover=folder / "cover.zarr", land_table=str(folder / "land.toml")
    )
    capsys.readouterr()
    command("--land-cover", "cover.zarr", "--land-table", "land.toml", "-o", "fit.toml", *SHORT)
    text = capsys.readouterr().out
    assert text.startswith("fit.toml: roughness fitted to 12 observations at 4 gauges")
    assert "RMSE at gauges left out: " in text
    kinds = {kind.name: kind for kind in read_land_table(folder / "fit.toml")}
    assert kinds["grass"].manning == pytest.approx(0.08, rel=0.05)
    assert kinds["street"].manning == pytest.approx(0.02, rel=0.05)
    assert kinds["street"].loss_mm_h == 4.0
    report = json.loads((folder / "fit.json").read_text(encoding="utf-8"))
    assert report["rmse_m"]["after"] < 0.2 * report["rmse_m"]["before"]
    assert set(report["provenance"]["inputs"]) >= {"storm.zarr", "levels.csv", "cover.zarr"}


def test_settings_are_fitted_without_land_cover(folder, capsys):
    observe(folder, [0.06])
    capsys.readouterr()
    command("-o", "fit.toml", "--json", "--most-rounds", "5", *SHORT)
    found = json.loads(capsys.readouterr().out)
    assert found["values"][0]["value"] == pytest.approx(0.06, rel=0.02)
    content = tomllib.loads((folder / "fit.toml").read_text(encoding="utf-8"))
    assert content["simulate"]["manning"] == pytest.approx(found["values"][0]["value"], rel=1e-3)


@pytest.mark.parametrize(
    ("fit", "extra", "key"),
    [
        ("rain", [], ("calibrate", "rain_factor")),
        ("infiltration", ["--infiltration", "constant"], ("simulate", "loss_mm_h")),
        ("infiltration", ["--land-cover", "cover.zarr", "--land-table", "land.toml"], ("class", 1)),
    ],
)
def test_factors_are_written_where_they_belong(folder, capsys, fit, extra, key):
    observe(folder, [0.035])
    command("--fit", fit, *extra, "-o", "fit.toml", "--most-rounds", "1", *SHORT)
    capsys.readouterr()
    content = tomllib.loads((folder / "fit.toml").read_text(encoding="utf-8"))
    assert content[key[0]][key[1]]


@pytest.mark.parametrize(
    ("arguments", "error", "text"),
    [
        (["--fit", "infiltration"], ConfigError, "no ground takes water"),
        (["--land-table", "land.toml"], ConfigError, "land"),
        (["--roughness", "dem.zarr"], DataError, "roughness"),
    ],
)
def test_bad_inputs_leave_nothing(folder, arguments, error, text):
    observe(folder, [0.035])
    with pytest.raises(error, match=text):
        command(*arguments, "-o", "fit.toml", *SHORT)
    assert not (folder / "fit.toml").exists()
    assert not (folder / "fit.json").exists()


def test_outputs_are_kept_unless_told(folder):
    observe(folder, [0.035])
    (folder / "fit.json").write_text("{}", encoding="utf-8")
    with pytest.raises(RunError, match="fit.json"):
        command("-o", "fit.toml", *SHORT)
