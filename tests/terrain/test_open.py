import contextlib
import gzip

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inundate.core.errors import DataError, GridError, InundateError, MissingFileError
from inundate.core.grid import grid_of
from inundate.terrain.open import open_raster, open_terrain, recognise
from inundate.terrain.save import write_raster


@pytest.mark.parametrize("name", ["a.tif", "a.asc", "a.asc.gz", "a.zarr", "a.nc"])
def test_every_format_is_known_by_content_and_gives_the_same(tmp_path, heightmap, hills, name):
    values = hills.copy()
    values[2, 3] = np.nan
    terrain = heightmap(values)
    path = write_raster(terrain, tmp_path / name)
    if path.is_file():
        path = path.rename(tmp_path / "renamed")  # the suffix is not what tells
        if (tmp_path / "a.prj").exists():
            (tmp_path / "a.prj").rename(tmp_path / "renamed.prj")
    found = open_terrain(path)
    np.testing.assert_allclose(found.values, values.astype(np.float32), atol=6e-4)
    assert grid_of(found).same_as(grid_of(terrain))
    assert (found.name, found.dims, found.dtype) == ("elevation", ("y", "x"), np.float32)
    assert found.attrs["units"] == "m"
    assert found.attrs["standard_name"] == "surface_altitude"
    box = (400_100, 299_800, 400_200, 299_900)
    np.testing.assert_allclose(open_terrain(path, box=box).values, hills[10:20, 10:20], atol=6e-4)


def test_what_is_not_a_heightmap_is_named(tmp_path):
    cases = {
        "text": (b"hello, world", "a file that starts with b'hello, world'"),
        "empty": (b"", "an empty file"),
        "packed": (gzip.compress(b"hello"), "a gzip file that holds no ASCII grid"),
    }
    for name, (content, found) in cases.items():
        (tmp_path / name).write_bytes(content)
        with pytest.raises(DataError) as caught:
            open_terrain(tmp_path / name)
        assert found in str(caught.value)
        assert "GeoTIFF" in str(caught.value)
        assert "OS Terrain 50" in str(caught.value)
    (tmp_path / "folder").mkdir()
    with pytest.raises(DataError, match="a folder without heightmaps"):
        open_terrain(tmp_path / "folder")
    (tmp_path / "folder" / "b.tif").touch()
    with pytest.raises(DataError, match="a folder of 1 GeoTIFFs") as caught:
        open_terrain(tmp_path / "folder")
    assert "terrain merge" in caught.value.hint
    with pytest.raises(MissingFileError):
        open_terrain(tmp_path / "none.tif")


def test_stored_heightmaps_are_checked(tmp_path, heightmap, hills):
    from inundate.core.store import write_dataset

    terrain = heightmap(hills)
    write_dataset(terrain.to_dataset(name="dem"), tmp_path / "name.nc")
    with pytest.raises(DataError, match="found variables dem, expected 'elevation'"):
        open_terrain(tmp_path / "name.nc")
    feet = terrain.assign_attrs(units="ft").to_dataset(name="elevation")
    write_dataset(feet, tmp_path / "feet.nc")
    with pytest.raises(DataError, match="units 'ft', expected 'm'"):
        open_terrain(tmp_path / "feet.nc")
    cube = terrain.expand_dims("member").to_dataset(name="elevation")
    write_dataset(cube, tmp_path / "cube.nc")
    with pytest.raises(DataError, match="has dimensions"):
        open_terrain(tmp_path / "cube.nc")
    low = terrain.copy()
    low.values[0, 0] = -9999
    write_dataset(low.to_dataset(name="elevation"), tmp_path / "low.nc")
    with pytest.raises(DataError, match="found heights of -9999 m in 1 of 3233 cells"):
        open_terrain(tmp_path / "low.nc")
    assert np.isnan(open_terrain(tmp_path / "low.nc", nodata=-9999).values[0, 0])


def test_a_crs_that_contradicts_the_file_is_refused(tmp_path, heightmap, hills):
    for name in ("hills.zarr", "hills.tif", "hills.asc"):
        path = write_raster(heightmap(hills), tmp_path / name)
        with pytest.raises(GridError, match="the file states EPSG:27700, expected EPSG:32630"):
            open_terrain(path, crs="EPSG:32630")
        assert grid_of(open_terrain(path, crs="EPSG:27700")).crs == "EPSG:27700"


def test_stored_without_crs_or_upside_down(tmp_path, heightmap, hills):
    bare = heightmap(hills).drop_vars("spatial_ref")
    bare.attrs.pop("grid_mapping")
    bare.isel(y=slice(None, None, -1)).to_netcdf(tmp_path / "up.nc", engine="h5netcdf")
    with pytest.raises(GridError, match="names no coordinate reference system") as caught:
        open_terrain(tmp_path / "up.nc")
    assert "--crs" in caught.value.hint
    found = open_terrain(tmp_path / "up.nc", crs="EPSG:27700")
    np.testing.assert_array_equal(found.values, heightmap(hills).values)
    assert grid_of(found).same_as(grid_of(heightmap(hills)))


def test_all_missing_is_refused(tmp_path, heightmap):
    write_raster(heightmap(np.full((2, 3), np.nan)), tmp_path / "a.tif")
    with pytest.raises(DataError, match="every one of the 6 cells is NODATA"):
        open_terrain(tmp_path / "a.tif")


@settings(max_examples=60, deadline=None)
@given(cut=st.floats(0, 1), at=st.floats(0, 1, exclude_max=True), byte=st.integers(0, 255))
@pytest.mark.filterwarnings("ignore::rasterio.errors.NotGeoreferencedWarning")
@pytest.mark.parametrize("name", ["a.tif", "a.asc.gz"])
def test_damaged_files_never_crash(tmp_path_factory, heightmap, hills, name, cut, at, byte):
    folder = tmp_path_factory.getbasetemp() / f"damaged-{name}"
    folder.mkdir(exist_ok=True)
    whole = folder / f"whole-{name}"
    if not whole.exists():
        write_raster(heightmap(hills), whole)
    content = bytearray(whole.read_bytes())
    content[int(at * len(content))] = byte
    path = folder / name
    path.write_bytes(bytes(content[: max(int(cut * len(content)), 1)]))
    with contextlib.suppress(InundateError):
        open_terrain(path, crs="EPSG:27700")


REAL = {
    "terrain/lidar-minnesota-lakes/dem.tif": (400, 400, 379.66, 410.76, "EPSG:26915", None),
    "terrain/hydrosheds-fort-worth-tx/dem.tif": (359, 367, 147, 298, "EPSG:4326", None),
    "terrain/usgs-ned-eno-river-nc/enogeo.tif": (844, 715, 177.97, 241.22, "OGC:CRS83", None),
    "floods/boscastle/boscastle_square_50m.asc": (60, 120, 0, 255, "EPSG:27700", "EPSG:27700"),
    "floods/boscastle/boscastle_square_10m.asc.gz": (300, 600, 0, 255, "EPSG:27700", "EPSG:27700"),
    "floods/merewether-2007/topography1.zip": (416, 321, 16.5, 52.0, "EPSG:32756", None),
}


@pytest.mark.parametrize("name", REAL)
def test_real_files(shared_data, name):
    rows, columns, low, high, crs, given_crs = REAL[name]
    path = shared_data / name
    found = open_terrain(path, crs=given_crs)
    assert found.shape == (rows, columns)
    assert float(found.min()) == pytest.approx(low, abs=0.05)
    assert float(found.max()) == pytest.approx(high, abs=0.05)
    assert grid_of(found).crs == crs
    kinds = {".tif": "geotiff", ".asc": "asciigrid", ".gz": "asciigrid", ".zip": "tiles"}
    assert recognise(path) == kinds[path.suffix]


def test_boscastle_lies_where_it_should(shared_data):
    folder = shared_data / "floods" / "boscastle"
    fine = open_terrain(folder / "boscastle_square_10m.asc.gz", crs="EPSG:27700")
    assert grid_of(fine).bounds == (209_000, 89_000, 215_000, 92_000)
    coarse = open_terrain(folder / "boscastle_square_50m.asc", crs="EPSG:27700")
    mean = fine.coarsen(y=5, x=5).mean()
    assert np.corrcoef(mean.values.ravel(), coarse.values.ravel())[0, 1] > 0.999
    assert float((coarse == 255).mean()) == pytest.approx(0.052, abs=0.001)


@pytest.mark.parametrize("name", ["a.tif", "a.asc", "a.zarr", "a.nc"])
def test_other_rasters_come_with_their_own_names_and_range(tmp_path, heightmap, hills, name):
    values = np.clip(hills / 400, 0.01, 1.0)
    values[2, 3] = np.nan
    rough = heightmap(values, name="roughness").assign_attrs(units="s m-1/3")
    path = _write(rough, tmp_path / name)
    found = open_raster(path, "roughness")
    np.testing.assert_allclose(found.values, values.astype(np.float32), atol=6e-4)
    assert grid_of(found).same_as(grid_of(rough))
    assert (found.name, found.dims, found.dtype) == ("roughness", ("y", "x"), np.float32)
    assert (found.attrs["units"], found.attrs["long_name"]) == ("s m-1/3", "Manning's n")


@pytest.mark.parametrize("name", ["a.tif", "a.asc", "a.zarr"])
def test_a_raster_of_water_is_not_judged_as_heights(tmp_path, heightmap, name):
    """Dry everywhere but one cell is fine; below zero is not, and -600 is no mark of a height."""
    depth = heightmap([[0.0, 0.0], [0.25, np.nan]], name="water_depth").assign_attrs(units="m")
    np.testing.assert_array_equal(
        open_raster(_write(depth, tmp_path / name), "water_depth"), depth.values
    )
    with pytest.raises(DataError, match="water_depth ranges from -600 to 0.25 m"):
        open_raster(_write(depth - 600 * (depth == 0), tmp_path / f"b{name}"), "water_depth")
    nothing = depth.where(depth < 0)
    assert open_raster(_write(nothing, tmp_path / f"c{name}"), "water_depth").isnull().all()


def test_a_raster_in_another_unit_or_under_another_name(tmp_path, heightmap):
    from inundate.core.store import write_dataset

    rough = heightmap([[0.03, 0.04]], name="roughness").assign_attrs(units="1")
    path = write_dataset(rough.to_dataset(), tmp_path / "a.nc")
    with pytest.raises(DataError, match="roughness has units '1', expected 's m-1/3'"):
        open_raster(path, "roughness")
    with pytest.raises(DataError, match="found variables roughness, expected 'water_depth'"):
        open_raster(path, "water_depth")
    with pytest.raises(MissingFileError, match="^opening roughness "):
        open_raster(tmp_path / "none.tif", "roughness")
    with pytest.raises(DataError, match="variable 'roughnes'"):
        open_raster(path, "roughnes")


def _write(data, path):
    from inundate.core.store import write_dataset
    from inundate.terrain.asciigrid import write_asciigrid
    from inundate.terrain.geotiff import write_geotiff

    if path.suffix == ".tif":
        return write_geotiff(data, path)
    if path.suffix == ".asc":
        return write_asciigrid(data, path, decimals=4)
    return write_dataset(data.to_dataset(name=data.name), path)
