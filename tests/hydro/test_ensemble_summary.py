import json
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from inundate.cli.ensemble import run, summarise
from inundate.core.errors import ConfigError, DataError, GridError, RunError
from inundate.core.grid import Grid, attach_grid, grid_of
from inundate.core.names import attributes, check_variable
from inundate.core.store import write_dataset
from inundate.hydro import ensemble_summary as module
from inundate.hydro.ensemble_summary import summarise_ensemble
from inundate.hydro.manifest import MANIFEST, Manifest, Member, read_manifest
from inundate.rain.array import to_rain_dataset

GRID = Grid("EPSG:27700", 400000, 500000, 10, 10, 30, 20)
DEPTHS = np.random.default_rng(3).uniform(0, 0.6, (7, *GRID.shape)).astype(np.float32)
DEPTHS[:, 4, 5] = np.nan


def member_store(path, depth, grid=GRID):
    ds = xr.Dataset(
        {
            "water_depth_max": (("y", "x"), depth, attributes("water_depth_max")),
            "elevation": (("y", "x"), np.zeros_like(depth), attributes("elevation")),
        },
        attrs={"kind": "simulation"},
    )  # fmt: skip
    write_dataset(attach_grid(ds, grid), path)


@pytest.fixture
def ensemble(tmp_path):
    members = []
    for k, depth in enumerate(DEPTHS):
        name = f"dem__wet__{k:04d}"
        member_store(tmp_path / f"{name}.zarr", depth)
        members.append(Member(name, "wet" if k else "dry", "dem", k, {}, state="done"))
    manifest = Manifest(tmp_path, members)
    manifest.save()
    return manifest


def test_statistics(ensemble, tmp_path, monkeypatch):
    monkeypatch.setattr(module, "_BYTES", 4 * 30 * 7 * 3)  # strips of three rows
    found = summarise_ensemble(
        tmp_path, tmp_path / "s.zarr", thresholds=[0.3, 0.1], quantiles=[0.5, 0.9]
    )
    for name in ("mean", "spread", "quantile", "probability"):
        check_variable(found[f"water_depth_max_{name}"], f"water_depth_max_{name}")
    np.testing.assert_allclose(found["water_depth_max_mean"], DEPTHS.mean(axis=0), rtol=1e-6)
    np.testing.assert_allclose(found["water_depth_max_spread"], DEPTHS.std(axis=0), rtol=1e-4)
    np.testing.assert_allclose(
        found["water_depth_max_quantile"].sel(quantile=0.9),
        np.quantile(DEPTHS, 0.9, axis=0),
        rtol=1e-5,
    )
    share = (np.float32(0.1) <= DEPTHS).mean(axis=0)
    share[4, 5] = np.nan
    np.testing.assert_allclose(found["water_depth_max_probability"].sel(threshold=0.1), share)
    assert grid_of(found).same_as(GRID)
    assert found.attrs["members"] == 7
    assert found["threshold"].attrs["units"] == "m"


def test_members_of_one_storm(ensemble, tmp_path):
    found = summarise_ensemble(tmp_path, tmp_path / "s.nc", storm="wet")
    np.testing.assert_allclose(found["water_depth_max_mean"], DEPTHS[1:].mean(axis=0), rtol=1e-6)
    with pytest.raises(ConfigError, match="no storm 'wett'; there are 'dry', 'wet'"):
        summarise_ensemble(tmp_path, tmp_path / "t.nc", storm="wett")


def test_members_that_are_not_done(ensemble, tmp_path):
    ensemble.members[2].state = "failed"
    ensemble.save()
    with pytest.raises(RunError, match="6 of 7 members are done"):
        summarise_ensemble(tmp_path, tmp_path / "s.zarr")
    found = summarise_ensemble(tmp_path, tmp_path / "s.zarr", partial=True)
    assert found.attrs["members"] == 6


def test_several_terrains(ensemble, tmp_path):
    ensemble.members[2].terrain = "hill"
    ensemble.save()
    with pytest.raises(DataError) as caught:
        summarise_ensemble(tmp_path, tmp_path / "s.zarr")
    assert "members lie on 2 terrains, dem, hill; expected one" in str(caught.value)
    assert caught.value.hint == "choose one: --terrain dem"
    assert summarise_ensemble(tmp_path, tmp_path / "s.zarr", terrain="hill").attrs["members"] == 1


def test_another_grid(ensemble, tmp_path):
    member_store(tmp_path / "x.zarr", DEPTHS[0], Grid("EPSG:27700", 400100, 500000, 10, 10, 30, 20))
    ensemble.members[3].name = "x"
    ensemble.save()
    with pytest.raises(GridError):
        summarise_ensemble(tmp_path, tmp_path / "s.zarr")


@pytest.mark.parametrize("given", [
    {"thresholds": [0.0]}, {"quantiles": [1.5]}, {"quantiles": [0.5, 0.5]}, {"thresholds": []},
])  # fmt: skip
def test_numbers_that_cannot_be(ensemble, tmp_path, given):
    with pytest.raises(ConfigError, match="expected different numbers between 0 and"):
        summarise_ensemble(tmp_path, tmp_path / "s.zarr", **given)
    assert not (tmp_path / "s.zarr").exists()


def test_the_commands(tmp_path, storm, terrain, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_dataset(to_rain_dataset(storm), tmp_path / "wet.zarr")
    write_dataset(terrain.to_dataset(), tmp_path / "dem.zarr")
    (tmp_path / "e.toml").write_text(
        "[ensemble]\ndraws = 9\n"
        'rain_factor = { distribution = "uniform", low = 0.5, high = 1.5 }\n'
        "[simulate]\nrun_on_min = 0.0\n"
    )
    given = {
        "rain": [Path("wet.zarr")], "terrain": [Path("dem.zarr")], "output": Path("out"),
        "config": Path("e.toml"), "draws": 2,
    }  # fmt: skip
    run(**given, json=True)
    found = json.loads(capsys.readouterr().out)
    assert found["counts"] == {"done": 2, "running": 0, "waiting": 0, "failed": 0}
    factors = [member["changes"]["rain_factor"] for member in found["members"]]
    rains = [member["result"]["rain_mean_mm"] for member in found["members"]]
    np.testing.assert_allclose(rains, 20 * np.array(factors), rtol=1e-5)
    before = (tmp_path / "out" / "dem__wet__0000.zarr" / "zarr.json").stat().st_mtime_ns
    run(**given)  # again: all are kept
    assert "out: 2 of 2 members done" in capsys.readouterr().out
    assert (tmp_path / "out" / "dem__wet__0000.zarr" / "zarr.json").stat().st_mtime_ns == before
    (tmp_path / "out" / "dem__wet__0001.zarr").rename(tmp_path / "out" / "dem__wet__0007.zarr")
    run(**given)
    assert "in this folder, but no members: dem__wet__0007.zarr" in capsys.readouterr().out
    assert [member.attempts for member in read_manifest(tmp_path / "out").members] == [0, 1]
    assert read_manifest(tmp_path / "out").about["settings"]["run_on_min"] == 0.0
    assert (tmp_path / "out" / MANIFEST).is_file()
    summarise(Path("out"), output=Path("s.zarr"), thresholds=(0.01,), json=True)
    told = json.loads(capsys.readouterr().out)
    assert told["members"] == 2
    assert 0 < told["thresholds"][0]["expected_flooded_share"] <= 1
    summarise(Path("out"), output=Path("s2.zarr"))
    assert "of the ground expected to reach it" in capsys.readouterr().out
    with pytest.raises(ConfigError, match="both given, expected one of them"):
        run(**given, jobs=2, cluster="tcp://x:1")
