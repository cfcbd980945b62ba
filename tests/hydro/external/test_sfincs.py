"""SFINCS map files, made here as that model's writer lays them out."""

import json

import numpy as np
import pytest
import xarray as xr

from inundate.core.errors import ConfigError, DataError, GridError
from inundate.core.grid import grid_of
from inundate.hydro.external.open import Given, open_results, recognise
from inundate.hydro.external.save import save_simulation
from inundate.hydro.external.sfincs import read_sfincs

FILL = np.float32(-99999.0)
ROWS, COLS = 5, 7
CLOCK = {"units": "seconds since 2018-01-01 00:00:00"}


def make_map(path, *, drop=(), inp=None, epsg="EPSG:32631", turn=0.0, clock=CLOCK, **more):
    """Rows run northwards; the first two corners are not active; one cell is dry at first."""
    east, north = np.meshgrid(500000 + 20 * (np.arange(COLS) + 0.5), 20 * (np.arange(ROWS) + 0.5))
    x = east + turn * north
    y = 5800000 + north - turn * (east - 500000)
    zb = (10 + np.arange(ROWS)[:, None] + 0.1 * np.arange(COLS)).astype(np.float32)
    msk = np.ones((ROWS, COLS), np.float32)
    msk[0, 0] = 0
    msk[-1, :] = 2
    depth = np.stack([np.zeros((ROWS, COLS)), np.full((ROWS, COLS), 0.25), zb * 0.01 + 0.5])
    zs = np.where(depth > 0.01, zb + depth, FILL)
    zs[:, 0, 0] = FILL
    bed = np.where(msk > 0, zb, FILL)
    grid = ("n", "m")
    fields = {
        "x": (grid, x.astype(np.float32)), "y": (grid, y.astype(np.float32)),
        "zb": (grid, bed), "msk": (grid, msk),
        "crs": ((), np.int32(32631), {"epsg_code": epsg}),
        "inp": ((), np.int32(0), {"manning": -999.0, "manning_land": 0.04, "manning_sea": 0.04,
                                  "tstart": "20180101 000000", "sbgfile": "none", **(inp or {})}),
        "zs": (("time", *grid), zs.astype(np.float32)),
        "zsmax": (("timemax", *grid), np.where(msk > 0, zb + 0.9, FILL)[None].astype(np.float32)),
        "precipitation_rate": (
            ("time", *grid), np.full((3, ROWS, COLS), 12.0, np.float32), {"units": "mm h-1"},
        ),
        **more,
    }  # fmt: skip
    ds = xr.Dataset({name: value for name, value in fields.items() if name not in drop})
    seconds = np.array([0.0, 600.0, 1200.0], np.float32)
    ds["time"] = ("time", seconds, clock)
    for name in ("zb", "zs", "zsmax", "msk", "h"):
        if name in ds:
            ds[name].encoding["_FillValue"] = FILL
    ds.to_netcdf(path, engine="h5netcdf")
    return path, zb


@pytest.fixture
def path(tmp_path):
    return tmp_path / "sfincs_map.nc"


def test_depth_is_level_less_bed_with_the_north_up(path):
    _, zb = make_map(path)
    found = read_sfincs(path)
    place = grid_of(found.terrain)
    assert place.crs == "EPSG:32631"
    assert place.bounds == (500000, 5800000, 500140, 5800100)
    np.testing.assert_allclose(found.terrain.to_numpy()[0], zb[-1])
    assert np.isnan(found.terrain.to_numpy()[-1, 0])
    assert found.frames.seconds.tolist() == [0, 600, 1200]
    first, last = found.frames.read(0), found.frames.read(2)
    assert first[0, 0] == 0  # a dry cell has no level in the file
    assert np.isnan(first[-1, 0])
    np.testing.assert_allclose(last[0], zb[-1] * 0.01 + 0.5, atol=1e-5)
    np.testing.assert_allclose(found.frames.deepest[0], 0.9, atol=1e-5)
    assert found.manning == pytest.approx(0.04)


def test_stored_depth_is_taken_before_levels(path):
    depth = np.full((3, ROWS, COLS), 0.125, np.float32)
    make_map(path, h=(("time", "n", "m"), depth))
    assert read_sfincs(path).frames.read(1)[0, 0] == 0.125


def test_it_becomes_a_simulation(path, tmp_path):
    make_map(path)
    assert [(f.model, f.kind) for f in recognise(tmp_path)] == [("SFINCS", "results")]
    simulated = open_results(path, Given())
    with save_simulation(simulated, tmp_path / "sim.zarr", terrain_name="delta") as ds:
        assert ds.sizes["time"] == 2
        assert str(ds["time"].to_numpy()[0]).startswith("2018-01-01T00:10:00")
        assert ds.attrs["terrain_name"] == "delta"
        assert ds["rain_rate"].to_numpy()[:, 0, 0].tolist() == [12, 12]
        budget = json.loads(ds.attrs["volume_budget"])
    assert budget["initial_m3"] == 0
    assert budget["rain_m3"] == pytest.approx(12 / 3 / 1000 * 400 * 34, rel=1e-6)


@pytest.mark.parametrize(
    ("change", "error", "says"),
    [
        ({"inp": {"sbgfile": "sfincs.sbg"}}, DataError, "used subgrid tables and stored no depth"),
        ({"drop": ["zs"]}, DataError, "found neither zs nor h"),
        ({"drop": ["zb"]}, DataError, "expected x, y, zb, zs and time"),
        ({"drop": ["x"]}, DataError, "expected x, y, zb, zs and time"),
        ({"clock": {}}, DataError, "found 3 times of type float32"),
        ({"turn": 0.2}, GridError, "rotated or uneven"),
        ({"epsg": "EPSG:", "drop": ["crs"]}, GridError, "names no coordinate reference system"),
        ({"nmesh2d_face": ((), 1)}, DataError, "the grid is a quadtree"),
    ],
)
def test_what_cannot_be_read_is_said(path, change, error, says):
    make_map(path, **change)
    with pytest.raises(error, match=says):
        read_sfincs(path)


def test_what_the_file_lacks_is_asked_for(path):
    make_map(path, drop=["precipitation_rate"])
    with pytest.raises(ConfigError, match="the rain"):
        open_results(path, Given())
    make_map(path, inp={"manning_sea": 0.02})
    with pytest.raises(ConfigError, match="one roughness"):
        open_results(path, Given())
    assert open_results(path, Given(roughness=0.03)).roughness == 0.03


def test_other_netcdf_and_damaged_files_are_refused(path):
    xr.Dataset({"a": ("x", [1.0])}).to_netcdf(path, engine="h5netcdf")
    with pytest.raises(DataError, match="expected x, y, zb, zs and time"):
        read_sfincs(path)
    path.write_bytes(path.read_bytes()[:200])
    with pytest.raises(DataError, match="not a readable NetCDF-4 file"):
        read_sfincs(path)
