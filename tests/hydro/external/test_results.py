"""Results of other models as simulations: frames, rain, budget, provenance."""

import json

import numpy as np
import pytest

from inundate.core.errors import ConfigError, DataError, GridError, RunError
from inundate.core.grid import grid_of
from inundate.core.store import read_dataset
from inundate.dataset.cut import cut
from inundate.dataset.settings import DatasetSettings
from inundate.hydro.external.caesar_write import write_caesar
from inundate.hydro.external.lisflood import read_lisflood
from inundate.hydro.external.lisflood_output import (
    find_run,
    read_lisflood_depths,
    read_map,
    read_mass,
)
from inundate.hydro.external.lisflood_write import write_lisflood
from inundate.hydro.external.open import Given, holds_of, open_case, open_results, recognise
from inundate.hydro.external.rasters import raster_text
from inundate.hydro.external.save import save_simulation
from inundate.hydro.settings import SimulateSettings
from inundate.hydro.simulate import simulate

START = np.datetime64("2000-01-01", "ns")
MASS = (
    "Time         Tstep      MinTstep   NumTsteps    Area         Vol         Qin         Hds"
    "        Qout          Qerror       Verror       Rain-(Inf+Evap)\n"
)


def write_run(folder, depths, grid, *, name="res"):
    folder.mkdir(exist_ok=True)
    for number, depth in enumerate(depths):
        (folder / f"{name}-{number:04d}.wd").write_text(raster_text(depth, grid, decimals=3))


@pytest.fixture
def settings():
    return SimulateSettings(edges="closed", output_every_s=600, run_on_min=30, manning=0.04)


@pytest.fixture
def ran(radar, terrain, settings, grid, tmp_path):
    """A LISFLOOD-FP case, with this package's frames as if that model had written them."""
    write_lisflood(radar, terrain, tmp_path / "run", settings=settings)
    own = simulate(radar, terrain, settings=settings, progress=False)
    depths = np.nan_to_num(own["water_depth"].to_numpy())
    folder = tmp_path / "run" / "results"
    write_run(folder, [np.zeros(grid.shape), *depths], grid)
    deepest = np.nan_to_num(own["water_depth_max"].to_numpy())
    (folder / "res.max").write_text(raster_text(deepest, grid, decimals=3))
    return tmp_path / "run", own


def test_results_come_back_as_the_simulation_that_they_are(ran, tmp_path):
    folder, own = ran
    case = read_lisflood(folder / "case.par")
    simulated = open_results(folder / "case.par", Given(case=case))
    with save_simulation(simulated, tmp_path / "sim.zarr", inputs={"a": "b"}) as ds:
        valid = np.isfinite(own["elevation"].to_numpy())
        assert ds.attrs["kind"] == "simulation"
        assert ds.attrs["simulated_by"] == "LISFLOOD-FP"
        np.testing.assert_array_equal(ds["time"].to_numpy(), own["time"].to_numpy())
        np.testing.assert_array_equal(ds["time_bounds"].to_numpy(), own["time_bounds"].to_numpy())
        for name, places in (("water_depth", 6e-4), ("rain_rate", 3e-5), ("elevation", 1e-5),
                             ("roughness", 1e-6), ("water_depth_max", 6e-4)):  # fmt: skip
            found, mine = (np.where(valid, one[name].to_numpy(), np.nan) for one in (ds, own))
            np.testing.assert_allclose(found, mine, atol=places, err_msg=name)
            assert ds[name].attrs["units"] == own[name].attrs["units"]
            assert ds[name].dims == own[name].dims
        assert set(own.data_vars) - set(ds.data_vars) <= {
            "arrival_time",
            "duration",
            *own.data_vars,
        }
        assert grid_of(ds).same_as(grid_of(own))
        assert json.loads(ds.attrs["provenance"])["simulated_by"] == "LISFLOOD-FP"
        assert json.loads(ds.attrs["settings"])["manning"] == 0.04
        budget = json.loads(ds.attrs["volume_budget"])
        mine = json.loads(own.attrs["volume_budget"])
    assert budget["initial_m3"] == 0
    assert budget["rain_m3"] == pytest.approx(mine["rain_m3"], rel=1e-5)
    assert budget["stored_m3"] == pytest.approx(mine["stored_m3"], rel=1e-2)
    assert budget["outflow_m3"] is None
    assert budget["error_m3"] is None


def test_a_data_set_can_be_cut_from_them(ran, tmp_path):
    folder, _ = ran
    case = read_lisflood(folder / "case.par")
    save_simulation(
        open_results(folder / "case.par", Given(case=case)), tmp_path / "a.zarr"
    ).close()
    (piece,) = cut(tmp_path / "a.zarr", DatasetSettings(block_cells=12))
    assert (piece.frames, piece.interval_s, piece.storm) == (6, 600, "rain")
    assert piece.rain_mm > 0


def test_mass_balance_fills_the_budget(ran, tmp_path):
    folder, _ = ran
    rows = ["0 1 1 0 0 0 2.0 0 0 0 0 0", "1800 1 1 9 1 70 4.0 0 1.0 0 0.5 9",
            "3600 1 1 9 1 99 4.0 0 1.0 0 0.25 12"]  # fmt: skip
    (folder / "results" / "res.mass").write_text(MASS + "\n".join(rows) + "\n")
    case = read_lisflood(folder / "case.par")
    simulated = open_results(folder / "case.par", Given(case=case))
    with save_simulation(simulated, tmp_path / "sim.zarr") as ds:
        budget = json.loads(ds.attrs["volume_budget"])
    assert budget["inflow_m3"] == 1800 * 3 + 1800 * 4
    assert budget["outflow_m3"] == 1800 * 0.5 + 1800
    assert (budget["stored_m3"], budget["error_m3"]) == (99, 0.75)


def test_water_at_the_start_is_counted(ran, grid, tmp_path):
    folder, _ = ran
    ponds = np.zeros(grid.shape)
    ponds[4, 4] = 0.5
    (folder / "results" / "res-0000.wd").write_text(raster_text(ponds, grid))
    case = open_case(folder)
    given = Given(terrain=case.terrain, rain=case.rain, roughness=0.03, every_s=600)
    with save_simulation(open_results(folder / "results", given), tmp_path / "sim.zarr") as ds:
        assert json.loads(ds.attrs["volume_budget"])["initial_m3"] == 0.5 * 2500
        assert float(ds["roughness"].max()) == pytest.approx(0.03)
    with pytest.raises(DataError, match="starts with"):
        next(cut(tmp_path / "sim.zarr", DatasetSettings(block_cells=12)))


@pytest.mark.parametrize(
    ("absent", "says"),
    [
        ("terrain", "the heightmap is not in the files"),
        ("rain", "the rain is not in the files"),
        ("roughness", "the roughness is not in the files"),
        ("every_s", "the time between depth grids is not in the files"),
    ],
)
def test_what_the_files_lack_is_asked_for(ran, absent, says):
    folder, _ = ran
    case = open_case(folder)
    parts = {"terrain": case.terrain, "rain": case.rain, "roughness": 0.03, "every_s": 600}
    with pytest.raises(ConfigError, match=says):
        open_results(folder / "results", Given(**{**parts, absent: None}))


def test_rain_that_ends_early_is_dry_and_said(ran, tmp_path):
    folder, _ = ran
    case = open_case(folder)
    short = case.rain.isel(time=slice(0, 2))
    simulated = open_results(folder, Given(case=case, rain=short))
    with save_simulation(simulated, tmp_path / "sim.zarr") as ds:
        rain = ds["rain_rate"].to_numpy()
        valid = np.isfinite(ds["elevation"].to_numpy())
    assert not rain[1:][:, valid].any()
    assert any(r.item == "until 2000-01-01T00:10:00Z" for r in simulated.remarks.all)


def test_rain_elsewhere_or_with_gaps_is_refused(ran, tmp_path):
    folder, _ = ran
    case = open_case(folder)
    gap = case.rain.isel(time=[0, 1, 3, 4])
    far = case.rain.assign_coords(x=case.rain["x"] + 1e4)
    for rain, says in ((gap, "longest gap is 300 s"), (far, "covers 0.00% of the heightmap")):
        with pytest.raises(DataError, match=says):
            save_simulation(open_results(folder, Given(case=case, rain=rain)), tmp_path / "a.zarr")
    assert not (tmp_path / "a.zarr").exists()


def test_missing_rain_on_ground_is_refused(ran, tmp_path):
    folder, _ = ran
    case = open_case(folder)
    values = case.rain.to_numpy().copy()
    values[2] = np.nan
    simulated = open_results(folder, Given(case=case, rain=case.rain.copy(data=values)))
    with pytest.raises(DataError, match="rain is missing in 191 cells with ground between 2000"):
        save_simulation(simulated, tmp_path / "a.zarr")


def test_missing_depth_on_ground_leaves_nothing_behind(ran, grid, tmp_path):
    folder, _ = ran
    holed = np.zeros(grid.shape)
    holed[6, 6] = np.nan
    (folder / "results" / "res-0003.wd").write_text(raster_text(holed, grid))
    simulated = open_results(folder, Given(case=open_case(folder)))
    with pytest.raises(DataError, match="depth grid 3 is missing in 1 cells"):
        save_simulation(simulated, tmp_path / "a.zarr")
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["run"]


def test_negative_depth_and_other_grids_are_refused(ran, grid):
    folder, _ = ran
    frames = read_lisflood_depths(folder / "results", grid, every_s=600)
    (folder / "results" / "res-0001.wd").write_text(raster_text(np.full(grid.shape, -0.5), grid))
    with pytest.raises(DataError, match="found the depth -0.5 m"):
        frames.read(1)
    (folder / "results" / "res-0002.wd").write_text(raster_text(np.zeros((12, 15)), grid))
    with pytest.raises(DataError, match="found 180 values"):
        frames.read(2)
    other = raster_text(np.zeros(grid.shape), grid).replace("400000", "400050")
    (folder / "results" / "res-0003.wd").write_text(other)
    with pytest.raises(GridError, match="do not share a grid"):
        frames.read(3)


def test_output_must_be_new_and_a_store(ran, tmp_path):
    folder, _ = ran
    simulated = open_results(folder, Given(case=open_case(folder)))
    with pytest.raises(ConfigError, match="expected .zarr"):
        save_simulation(simulated, tmp_path / "a.nc")
    (tmp_path / "b.zarr").mkdir()
    with pytest.raises(RunError, match="exists already"):
        save_simulation(simulated, tmp_path / "b.zarr")
    save_simulation(simulated, tmp_path / "b.zarr", overwrite=True, storm_name="s1").close()
    assert read_dataset(tmp_path / "b.zarr").attrs["storm_name"] == "s1"


def test_a_hail_caesar_run_with_its_outlet(radar, terrain, grid, settings, tmp_path):
    write_caesar(radar, terrain, tmp_path / "run", settings=settings)
    results = tmp_path / "run" / "results"
    for minutes in (10, 20, 30):
        depth = np.full(grid.shape, minutes / 1000)
        (results / f"WaterDepths{minutes}.asc").write_text(raster_text(depth, grid))
    zeros = " 0.0" * 11
    (results / "catchment.dat").write_text(f"1 0.5 1.5{zeros}\n2 0.75 1.25{zeros}\n")
    case = open_case(tmp_path / "run")
    simulated = open_results(tmp_path / "run" / "case.params", Given(case=case))
    with save_simulation(simulated, tmp_path / "sim.zarr") as ds:
        assert ds.attrs["simulated_by"] == "HAIL-CAESAR"
        assert ds.sizes["time"] == 3
        np.testing.assert_allclose(ds["water_depth_max"].to_numpy()[5], 0.03)
        assert ds["water_depth_max"].attrs["source"] == "depth grids"
        budget = json.loads(ds.attrs["volume_budget"])
    assert (budget["outflow_m3"], budget["initial_m3"]) == (1.25 * 300, 0)
    assert budget["stored_m3"] == pytest.approx(0.03 * 191 * 2500)


class TestRuns:
    def test_two_runs_in_a_folder_need_a_name(self, grid, tmp_path):
        for name in ("low", "high"):
            write_run(tmp_path / "out", [np.zeros(grid.shape)] * 2, grid, name=name)
        with pytest.raises(DataError, match="NAME-0000.wd of high, low"):
            find_run(tmp_path / "out")
        with pytest.raises(DataError, match="expected those of 'hihg'") as error:
            find_run(tmp_path / "out", "hihg")
        assert error.value.hint == "did you mean --prefix high?"
        assert list(find_run(tmp_path / "out", "low")[1]) == [0, 1]

    def test_numbers_above_9999(self, grid, tmp_path):
        write_run(tmp_path, [np.zeros(grid.shape)], grid)
        (tmp_path / "res-12000.wd").write_text(raster_text(np.ones(grid.shape), grid))
        frames = read_lisflood_depths(tmp_path, grid, every_s=60)
        assert frames.seconds.tolist() == [0, 720000]
        assert frames.read(1)[0, 0] == 1

    def test_times_in_maps_are_hours_of_wet_cells(self, grid, tmp_path):
        hours = np.full(grid.shape, 0.5)
        hours[0, 0] = -9999
        (tmp_path / "res.inittm").write_text(raster_text(np.where(hours < 0, np.nan, hours), grid))
        found = read_map(tmp_path / "res.inittm", grid)
        assert np.isnan(found[0, 0])
        assert float(found[1, 1]) == 1800
        assert found.attrs["units"] == "s"
        with pytest.raises(DataError, match="suffix 'wd'"):
            read_map(tmp_path / "res.wd", grid)

    @pytest.mark.parametrize(
        ("text", "says"),
        [
            ("1 2 3\n", "line 1: found '1 2 3', expected the header"),
            (MASS + "1 2 3\n", "line 2: found 3 numbers"),
            (MASS + "5" + " 0" * 11 + "\n4" + " 0" * 11 + "\n", "line 3: found the time 4"),
            (MASS, "found no line of numbers"),
        ],
    )
    def test_bad_mass_tables(self, tmp_path, text, says):
        (tmp_path / "a.mass").write_text(text)
        with pytest.raises(DataError, match=says):
            read_mass(tmp_path / "a.mass")

    def test_mass_times_start_with_the_run(self, tmp_path):
        (tmp_path / "a.mass").write_text(MASS + "60" + " 1" * 11 + "\n")
        found = read_mass(tmp_path / "a.mass")
        assert found["time"].to_numpy()[0] == START + np.timedelta64(60, "s")


class TestRecognise:
    def kinds(self, path, **more):
        return [(found.model, found.kind) for found in recognise(path, **more)]

    def test_by_content(self, ran, terrain, grid, tmp_path):
        folder, _ = ran
        assert self.kinds(folder / "case.par") == [("LISFLOOD-FP", "case")]
        assert self.kinds(folder) == [("LISFLOOD-FP", "case")]
        assert self.kinds(folder / "results") == [("LISFLOOD-FP", "results")]
        (found,) = recognise(folder / "results")
        assert holds_of(found) == "run 'res' with grids 0 to 6"
        assert self.kinds(folder / "terrain.asc") == [("HAIL-CAESAR", "results")]
        (tmp_path / "W5.asc").write_text(raster_text(np.zeros(grid.shape), grid))
        assert self.kinds(tmp_path, prefix="W") == [("HAIL-CAESAR", "results")]
        (found,) = recognise(tmp_path, prefix="W")
        assert holds_of(found, "W") == "1 grids, minute 5 to 5"

    def test_nothing_known(self, tmp_path):
        (tmp_path / "notes.txt").write_text("hello\n")
        for path in (tmp_path, tmp_path / "notes.txt"):
            with pytest.raises(DataError, match="found nothing of another model"):
                recognise(path)

    def test_a_folder_without_one_case(self, ran):
        folder, _ = ran
        (folder / "other.par").write_text((folder / "case.par").read_text())
        with pytest.raises(DataError, match="found the cases case.par, other.par"):
            open_case(folder)
        with pytest.raises(DataError, match="found the cases none"):
            open_case(folder / "results")
