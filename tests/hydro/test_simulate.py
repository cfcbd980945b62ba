import json

import numpy as np
import pytest
import xarray as xr

from inundate.core.errors import ConfigError, DataError, GridError, RunError, StabilityError
from inundate.core.grid import Grid, attach_grid, grid_of
from inundate.core.names import attributes, check_variable
from inundate.core.store import read_dataset
from inundate.hydro.settings import SimulateSettings
from inundate.hydro.simulate import simulate

QUIET = {"progress": False}


def layer(values, grid, name):
    array = xr.DataArray(values, dims=("y", "x"), name=name, attrs=attributes(name))
    return attach_grid(array, grid)


@pytest.fixture
def flood(storm, terrain):
    return simulate(storm, terrain, **QUIET)


def test_dataset_is_as_agreed(flood, grid, storm, terrain):
    assert flood.sizes == {"time": 9, "y": 20, "x": 30, "bounds": 2}
    for name in ("water_depth", "rain_rate", "water_depth_max", "elevation", "roughness"):
        check_variable(flood[name], name)
        assert flood[name].dtype == np.float32
        assert flood[name].attrs["grid_mapping"] == "spatial_ref"
    assert grid_of(flood).same_as(grid)
    np.testing.assert_array_equal(flood["elevation"], terrain)
    np.testing.assert_allclose(flood["roughness"], 0.035, rtol=1e-6)
    assert flood.attrs["kind"] == "simulation"
    assert (flood.attrs["terrain_name"], flood.attrs["storm_name"]) == ("terrain", "rain")


def test_times_are_ends_of_intervals(flood):
    start = np.datetime64("2021-07-12T14:00:00", "ns")
    expected = start + np.arange(1, 10) * np.timedelta64(600, "s")
    np.testing.assert_array_equal(flood["time"], expected)
    np.testing.assert_array_equal(flood["time_bounds"][:, 1], expected)
    np.testing.assert_array_equal(flood["time_bounds"][0], [start, expected[0]])
    assert flood["time"].attrs["bounds"] == "time_bounds"


def test_rain_of_frames_is_the_mean(flood):
    np.testing.assert_allclose(flood["rain_rate"][:3], 40.0, rtol=1e-6)
    assert float(flood["rain_rate"][3:].max()) == 0


def test_largest_depth_covers_every_frame(flood):
    assert (flood["water_depth_max"] >= flood["water_depth"].max("time")).all()


def test_attributes_repeat_the_run(flood, storm, terrain):
    settings = SimulateSettings(**json.loads(flood.attrs["settings"]))
    again = simulate(storm, terrain, settings=settings, **QUIET)
    np.testing.assert_array_equal(again["water_depth"], flood["water_depth"])
    budget = json.loads(flood.attrs["volume_budget"])
    assert budget["rain_m3"] == pytest.approx(40 / 3.6e6 * 1800 * 60_000, rel=1e-5)
    assert abs(budget["error_relative"]) <= 5e-6
    assert json.loads(flood.attrs["provenance"])["inputs"] == {}


def test_stored_equals_memory(tmp_path, flood, storm, terrain):
    found = simulate(storm, terrain, output=tmp_path / "sim.zarr", **QUIET)
    assert sorted(found.data_vars) == sorted(flood.data_vars)
    for name in found.variables:
        np.testing.assert_array_equal(found[name], flood[name], err_msg=str(name))
    with read_dataset(tmp_path / "sim.zarr", kind="simulation") as again:
        assert grid_of(again).same_as(grid_of(flood))
        assert again["water_depth"].attrs["units"] == "m"
        assert json.loads(again.attrs["volume_budget"]).keys() >= {"rain_m3", "error_relative"}
        assert again["water_depth"].encoding["chunks"] == (1, 20, 30)
    assert [path.name for path in tmp_path.iterdir()] == ["sim.zarr"]


def test_output_in_the_way(tmp_path, storm, terrain):
    out = tmp_path / "sim.zarr"
    out.mkdir()
    with pytest.raises(RunError) as caught:
        simulate(storm, terrain, output=out, **QUIET)
    assert str(caught.value) == f"writing {out}: it exists already"
    simulate(storm, terrain, output=out, overwrite=True, **QUIET)
    assert "water_depth" in read_dataset(out)


def test_nothing_is_left_when_rain_fails_half_way(tmp_path, make_storm, grid, terrain):
    values = np.full((6, *grid.shape), 40.0)
    values[4, 3, 3] = np.nan
    with pytest.raises(DataError, match="rain is missing in 1 of 600 cells"):
        simulate(make_storm(grid, values), terrain, output=tmp_path / "sim.zarr", **QUIET)
    assert list(tmp_path.iterdir()) == []


def test_breakdown_stops_with_the_place(tmp_path, make_storm, grid, terrain):
    values = np.full((2, *grid.shape), 40.0, np.float32)
    values[1, 2, 5] = 3e11
    with pytest.raises(StabilityError) as caught:
        simulate(make_storm(grid, values), terrain, output=tmp_path / "sim.zarr", **QUIET)
    assert "at row 2, column 5 (x 400055, y 499975) after 300" in str(caught.value)
    kept = tmp_path / ".sim.zarr.part" / "store.zarr"
    assert str(caught.value).endswith(f"; frames so far are kept in {kept}")
    assert [path.name for path in tmp_path.iterdir()] == [".sim.zarr.part"]


def test_frames_before_a_breakdown_can_be_read(tmp_path, make_storm, grid, terrain, storm):
    values = np.full((6, *grid.shape), 40.0, np.float32)
    values[5, 2, 5] = 3e11
    out, kept = tmp_path / "sim.zarr", tmp_path / ".sim.zarr.part" / "store.zarr"
    with pytest.raises(StabilityError):
        simulate(make_storm(grid, values), terrain, output=out, **QUIET)
    with read_dataset(kept, kind="unfinished simulation") as found:
        depth = found["water_depth"].load()
    whole = simulate(storm, terrain, **QUIET)["water_depth"]
    np.testing.assert_array_equal(depth[:2], whole[:2])
    assert np.isnan(depth[2:]).all()
    # what broke down stands in nobody's way
    simulate(storm, terrain, output=out, **QUIET)
    assert [path.name for path in tmp_path.iterdir()] == ["sim.zarr"]


def test_marked_rain_becomes_water_at_that_coordinate(make_storm, make_terrain):
    place = Grid("EPSG:27700", 400000, 500000, 20, 20, 40, 25)
    coarse = Grid("EPSG:27700", 399800, 500100, 100, 100, 12, 8)
    values = np.zeros((1, 8, 12))
    values[0, 3, 7] = 200.0
    marked = (float(coarse.x[7]), float(coarse.y[3]))
    found = simulate(
        make_storm(coarse, values), make_terrain(place, np.zeros(place.shape)),
        settings=SimulateSettings(edges="closed", run_on_min=0, output_every_s=60), **QUIET,
    )  # fmt: skip
    depth = found["water_depth"][0]
    centre = [float((depth * depth[axis]).sum() / depth.sum()) for axis in ("x", "y")]
    np.testing.assert_allclose(centre, marked, atol=1.0)


def test_roughness_and_start_depth_are_used(storm, terrain, grid, flood):
    rough = layer(np.full(grid.shape, 0.2, np.float32), grid, "roughness")
    slow = simulate(storm, terrain, roughness=rough, **QUIET)
    np.testing.assert_array_equal(slow["roughness"], rough)
    assert float(slow["water_depth"][2].mean()) > float(flood["water_depth"][2].mean())
    depth = layer(np.full(grid.shape, 0.1, np.float32), grid, "water_depth")
    wet = simulate(storm, terrain, initial_depth=depth, **QUIET)
    assert json.loads(wet.attrs["volume_budget"])["initial_m3"] == pytest.approx(6000, rel=1e-6)


def test_walls_take_no_water(storm, terrain, grid):
    mask = np.zeros(grid.shape, bool)
    mask[8:12, 10:14] = True
    walls = attach_grid(xr.DataArray(mask, dims=("y", "x")), grid)
    found = simulate(storm, terrain, walls=walls, **QUIET)
    assert np.isnan(found["water_depth"].values[:, mask]).all()
    assert np.isfinite(found["water_depth"].values[:, ~mask]).all()


def test_missing_rain_taken_as_dry_is_recorded(make_storm, grid, terrain):
    values = np.full((3, *grid.shape), 40.0)
    values[1, 3, 3:5] = np.nan
    settings = SimulateSettings(missing_rain="dry")
    found = simulate(make_storm(grid, values), terrain, settings=settings, **QUIET)
    assert json.loads(found.attrs["rain_assumed_dry"]) == {"cells": 2, "seconds": 0.0}


def test_terrain_in_degrees(storm, make_terrain):
    degrees = Grid("EPSG:4326", -1.5, 52.0, 0.001, 0.001, 6, 5)
    with pytest.raises(GridError) as caught:
        simulate(storm, make_terrain(degrees), **QUIET)
    assert str(caught.value) == (
        "simulating: the terrain is in degrees or feet (EPSG:4326, 0.001 CRS units, 5 x 6, "
        "top-left (-1.5, 52)), expected metres"
    )
    assert "--to-metric" in caught.value.hint


def test_cells_that_are_not_square(storm, make_terrain):
    with pytest.raises(GridError) as caught:
        simulate(storm, make_terrain(Grid("EPSG:27700", 400000, 500000, 10, 12, 6, 5)), **QUIET)
    assert str(caught.value) == "simulating: cells are 10 x 12 m, expected square cells"


def test_terrain_without_ground(storm, make_terrain, grid):
    with pytest.raises(DataError) as caught:
        simulate(storm, make_terrain(grid, np.full(grid.shape, np.nan)), **QUIET)
    assert str(caught.value) == (
        "simulating: the terrain has no cell with ground "
        "(EPSG:27700, 10 m, 20 x 30, top-left (400000, 500000))"
    )


def test_terrain_in_the_wrong_unit(storm, terrain):
    with pytest.raises(DataError) as caught:
        simulate(storm, terrain.assign_attrs(units="feet"), **QUIET)
    assert str(caught.value) == "simulating: elevation has units 'feet', expected 'm'"


def test_start_depth_in_the_wrong_unit(storm, terrain, grid):
    depth = layer(np.zeros(grid.shape, np.float32), grid, "water_depth").assign_attrs(units="mm")
    with pytest.raises(DataError) as caught:
        simulate(storm, terrain, initial_depth=depth, **QUIET)
    assert str(caught.value) == "simulating: initial depth has units 'mm', expected 'm'"


def test_roughness_on_another_grid(storm, terrain):
    other = Grid("EPSG:27700", 400000, 500000, 20, 20, 15, 10)
    rough = layer(np.full((10, 15), 0.05, np.float32), other, "roughness")
    with pytest.raises(GridError, match="roughness and terrain do not share a grid"):
        simulate(storm, terrain, roughness=rough, **QUIET)


def test_settings_that_do_not_fit(storm, terrain):
    with pytest.raises(ConfigError, match="needs edge_level_m"):
        simulate(storm, terrain, settings=SimulateSettings(edges="level"), **QUIET)


def test_progress_shows_time_and_rate(storm, terrain, monkeypatch, capsys):
    monkeypatch.setattr("inundate.core.progress.HEARTBEAT_S", 0.0)
    monkeypatch.setattr(
        "inundate.core.progress.Progress.__init__.__kwdefaults__",
        {"total": None, "unit": "", "enabled": True, "stream": None, "heartbeat_s": 0.0},
        raising=False,
    )
    simulate(storm, terrain)
    shown = capsys.readouterr().err
    assert "M cell updates/s, done about " in shown
