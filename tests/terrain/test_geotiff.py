import errno
import math
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from inundate.core.errors import DataError, GridError, MissingExtraError, MissingFileError, RunError
from inundate.core.grid import Grid, attach_grid, grid_of
from inundate.terrain.geotiff import read_geotiff, write_geotiff

rasterio = pytest.importorskip("rasterio")


def raw(path, values, *, transform=(10, 0, 400_000, 0, -10, 300_000), crs="EPSG:27700", **profile):
    values = np.asarray(values)
    bands = values if values.ndim == 3 else values[None]
    with rasterio.open(
        path, "w", driver="GTiff", count=bands.shape[0], height=bands.shape[1],
        width=bands.shape[2], dtype=bands.dtype, crs=crs,
        transform=rasterio.Affine(*transform), **profile,
    ) as sink:  # fmt: skip
        sink.write(bands)
    return path


@pytest.mark.parametrize("nodata", [math.nan, -9999.0])
def test_round_trip(tmp_path, heightmap, hills, nodata):
    values = hills.astype(np.float32)
    values[4, 7] = np.nan
    terrain = heightmap(values, cell=0.5)
    path = write_geotiff(terrain, tmp_path / "a.tif", nodata=nodata)
    back = read_geotiff(path)
    np.testing.assert_array_equal(back.values, values)
    assert grid_of(back).same_as(grid_of(terrain))
    with rasterio.open(path) as source:
        assert source.crs.to_epsg() == 27700
        assert source.units == ("m",)
        assert source.descriptions == ("elevation",)
        assert source.tags()["variable"] == "elevation"
        assert source.nodata == nodata or math.isnan(source.nodata)


def test_times_become_described_bands(tmp_path):
    grid = Grid("EPSG:27700", 0, 100, 10, 10, 3, 2)
    times = np.array(["2020-06-25T10:00", "2020-06-25T10:05"], dtype="datetime64[ns]")
    depth = xr.DataArray(
        np.arange(12, dtype=np.float32).reshape(2, 2, 3), dims=("time", "y", "x"),
        coords={"time": times}, name="water_depth", attrs={"units": "m"},
    )  # fmt: skip
    path = write_geotiff(attach_grid(depth, grid), tmp_path / "d.tif")
    with rasterio.open(path) as source:
        assert source.descriptions == ("2020-06-25T10:00:00Z", "2020-06-25T10:05:00Z")
    bare = attach_grid(depth, grid).drop_vars("time")
    with rasterio.open(write_geotiff(bare, tmp_path / "e.tif")) as source:
        assert source.descriptions == ("time 0", "time 1")
    members = bare.rename(time="member").assign_coords(member=[3, 4])
    with rasterio.open(write_geotiff(members, tmp_path / "m.tif")) as source:
        assert source.descriptions == ("3", "4")
    second = read_geotiff(path, band=2, variable="water_depth_max")
    np.testing.assert_array_equal(second.values, depth.values[1])
    with pytest.raises(DataError, match="asked for band 3, found 2 bands"):
        read_geotiff(path, band=3)


def test_declared_nodata_is_masked_in_any_type(tmp_path):
    ints = raw(tmp_path / "i.tif", np.array([[1, -32768], [3, 4]], dtype=np.int16), nodata=-32768)
    np.testing.assert_array_equal(read_geotiff(ints).values, [[1, np.nan], [3, 4]])
    lowest = np.float32(-3.4028234663852886e38)
    floats = raw(
        tmp_path / "f.tif", np.array([[1, lowest]], dtype=np.float32), nodata=-3.40282306e38
    )
    np.testing.assert_array_equal(read_geotiff(floats).values, [[1, np.nan]])


def test_undeclared_nodata_is_refused(tmp_path):
    path = raw(tmp_path / "u.tif", np.array([[1, -32768], [3, -32768]], dtype=np.int16))
    with pytest.raises(DataError) as caught:
        read_geotiff(path)
    assert str(caught.value) == (
        f"reading {path}: found heights of -32768 m in 2 of 4 cells, expected -500 to 9000 m"
    )
    assert "--nodata -32768" in caught.value.hint
    assert np.isnan(read_geotiff(path, nodata=-32768).values).sum() == 2


def test_infinite_and_single_wild_heights(tmp_path):
    path = raw(tmp_path / "i.tif", np.array([[1, np.inf]], dtype=np.float32))
    with pytest.raises(DataError, match="found heights of inf m in 1 of 2 cells") as caught:
        read_geotiff(path)
    assert "--nodata inf" in caught.value.hint
    path = raw(tmp_path / "d.tif", np.array([[1, -812.4]], dtype=np.float32))
    with pytest.raises(DataError, match="found heights of -812.4 m in 1 of 2 cells") as caught:
        read_geotiff(path)
    assert "sea floor" in caught.value.hint


def test_masked_cells_and_scale(tmp_path):
    path = tmp_path / "m.tif"
    with (
        rasterio.Env(GDAL_TIFF_INTERNAL_MASK=True),
        rasterio.open(
            path, "w", driver="GTiff", count=1, height=1, width=3, dtype="int16",
            crs="EPSG:27700", transform=rasterio.Affine(10, 0, 0, 0, -10, 0),
        ) as sink,
    ):  # fmt: skip
        sink.write(np.array([[100, 200, 300]], dtype=np.int16), 1)
        sink.write_mask(np.array([[True, False, True]]))
        sink.scales = (0.1,)
        sink.offsets = (5.0,)
    np.testing.assert_allclose(read_geotiff(path).values, [[15, np.nan, 35]], rtol=1e-6)


@pytest.mark.parametrize(
    ("unit", "metres"),
    [("ft", 0.3048), ("US survey foot", 0.3048006096), ("cm", 0.01), ("m", 1), ("?", 1)],
)
def test_heights_in_another_length_become_metres(tmp_path, unit, metres):
    path = raw(tmp_path / "f.tif", np.array([[100, 200]], dtype=np.float32))
    with rasterio.open(path, "r+") as sink:
        sink.units = (unit,)
    np.testing.assert_allclose(read_geotiff(path).values, [[100 * metres, 200 * metres]], rtol=1e-6)


def test_south_up_is_turned_round(tmp_path):
    values = np.arange(6, dtype=np.float32).reshape(3, 2)
    path = raw(tmp_path / "s.tif", values, transform=(10, 0, 400_000, 0, 10, 299_970))
    found = read_geotiff(path)
    np.testing.assert_array_equal(found.values, values[::-1])
    assert grid_of(found).bounds == (400_000, 299_970, 400_020, 300_000)
    box = (400_000, 299_970, 400_020, 299_981)  # the southern row
    np.testing.assert_array_equal(read_geotiff(path, box=box).values, [[0, 1]])


def test_box_reads_a_window(tmp_path, heightmap, hills):
    path = write_geotiff(heightmap(hills), tmp_path / "a.tif")
    found = read_geotiff(path, box=(400_100, 299_800, 400_200, 299_900))
    np.testing.assert_allclose(found.values, hills[10:20, 10:20].astype(np.float32))
    with pytest.raises(GridError, match="holds no cell"):
        read_geotiff(path, box=(0, 0, 1, 1))


@pytest.mark.filterwarnings("ignore::rasterio.errors.NotGeoreferencedWarning")
@pytest.mark.parametrize(
    ("profile", "message", "hint"),
    [
        ({"transform": (7, 7, 0, 7, -7, 0)}, "rotated or mirrored", "gdalwarp"),
        ({"transform": (-10, 0, 0, 0, -10, 0)}, "rotated or mirrored", "gdalwarp"),
        ({"crs": None}, "names no coordinate reference system", "--crs EPSG:27700"),
        ({"transform": (1, 0, 0, 0, 1, 0)}, "not georeferenced", "world file"),
    ],
)
def test_rasters_without_a_plain_place_are_refused(tmp_path, profile, message, hint):
    path = raw(tmp_path / "r.tif", np.ones((2, 2), dtype=np.float32), **profile)
    with pytest.raises(GridError, match=message) as caught:
        read_geotiff(path)
    assert hint in caught.value.hint
    assert str(path) in str(caught.value)


def test_crs_may_be_given(tmp_path):
    path = raw(tmp_path / "c.tif", np.ones((2, 2), dtype=np.float32), crs=None)
    assert grid_of(read_geotiff(path, crs="EPSG:32630")).crs == "EPSG:32630"


def test_damaged_and_absent_files(tmp_path, heightmap, hills):
    path = write_geotiff(heightmap(hills), tmp_path / "a.tif")
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])
    with pytest.raises(DataError, match="not a readable GeoTIFF"):
        read_geotiff(path)
    with pytest.raises(MissingFileError):
        read_geotiff(tmp_path / "none.tif")


def test_writing_refuses_and_leaves_nothing(tmp_path, heightmap, monkeypatch):
    terrain = heightmap([[5, 6], [7, 8]])
    with pytest.raises(DataError, match="value 5 occurs"):
        write_geotiff(terrain, tmp_path / "a.tif", nodata=5)
    with pytest.raises(DataError, match="found dimensions"):
        write_geotiff(terrain.transpose("x", "y"), tmp_path / "a.tif")
    write_geotiff(terrain, tmp_path / "a.tif")
    with pytest.raises(RunError, match="exists"):
        write_geotiff(terrain, tmp_path / "a.tif")
    write_geotiff(terrain, tmp_path / "a.tif", overwrite=True)

    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(RunError, match="the disk is full"):
        write_geotiff(terrain, tmp_path / "b.tif")
    assert [p.name for p in tmp_path.iterdir()] == ["a.tif"]


def test_without_the_extra(tmp_path, monkeypatch):
    import sys

    monkeypatch.setitem(sys.modules, "rasterio", None)
    with pytest.raises(MissingExtraError) as caught:
        read_geotiff(tmp_path / "a.tif")
    assert caught.value.hint == 'pip install "inundate[geo]"'
