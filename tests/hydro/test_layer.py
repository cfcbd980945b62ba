import numpy as np
import pytest
import xarray as xr

from inundate.core.errors import DataError, MissingFileError
from inundate.core.grid import attach_grid, grid_of
from inundate.core.names import attributes
from inundate.core.store import write_dataset
from inundate.hydro.layer import open_layer
from inundate.hydro.simulate import simulate

ASCII = """ncols 3
nrows 2
xllcorner 400000
yllcorner 500000
cellsize 10
NODATA_value -9999
0.03 0.04 0.05
0.06 0.07 -9999
"""


def test_plain_raster(tmp_path):
    path = tmp_path / "n.asc"
    path.write_text(ASCII)
    found = open_layer(path, "roughness", crs="EPSG:27700")
    assert found.name == "roughness"
    assert found.attrs["units"] == "s m-1/3"
    np.testing.assert_allclose(found[0], [0.03, 0.04, 0.05], rtol=1e-6)
    assert np.isnan(found[1, 2])
    assert grid_of(found).bounds == (400000, 500000, 400030, 500020)


def test_plain_raster_of_water(tmp_path):
    path = tmp_path / "depth.asc"
    path.write_text(ASCII)
    found = open_layer(path, "water_depth", crs="EPSG:27700")
    assert found.dims == ("y", "x")
    np.testing.assert_allclose(found[0], [0.03, 0.04, 0.05], rtol=1e-6)


def test_value_that_cannot_be_a_roughness(tmp_path):
    path = tmp_path / "n.asc"
    path.write_text(ASCII.replace("0.05", "-5"))
    with pytest.raises(DataError, match="roughness"):
        open_layer(path, "roughness", crs="EPSG:27700")


def test_stored_variable(tmp_path, grid):
    rough = xr.DataArray(
        np.full(grid.shape, 0.06, np.float32), dims=("y", "x"), name="roughness",
        attrs=attributes("roughness"),
    )  # fmt: skip
    write_dataset(attach_grid(rough, grid).to_dataset(), tmp_path / "n.nc")
    found = open_layer(tmp_path / "n.nc", "roughness")
    assert grid_of(found).same_as(grid)
    assert float(found.mean()) == pytest.approx(0.06)


def test_last_frame_of_a_simulation(tmp_path, storm, terrain):
    flood = simulate(storm, terrain, output=tmp_path / "sim.zarr", progress=False)
    found = open_layer(tmp_path / "sim.zarr", "water_depth")
    assert found.dims == ("y", "x")
    np.testing.assert_array_equal(found, flood["water_depth"][-1])
    again = simulate(storm, terrain, initial_depth=found, progress=False)
    assert "initial_m3" in again.attrs["volume_budget"]


def test_variable_that_is_not_there(tmp_path, terrain):
    write_dataset(terrain.to_dataset(), tmp_path / "dem.zarr")
    with pytest.raises(DataError) as caught:
        open_layer(tmp_path / "dem.zarr", "roughness")
    assert str(caught.value) == (
        f"opening roughness from {tmp_path / 'dem.zarr'}: found variables elevation, "
        "expected 'roughness'"
    )


def test_path_that_is_not_there(tmp_path):
    with pytest.raises(MissingFileError, match="opening roughness"):
        open_layer(tmp_path / "n.tif", "roughness")
