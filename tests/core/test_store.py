"""Data sets on disk: both formats give back what was written, whole or not at all."""

import errno
import subprocess
import sys

import numpy as np
import pytest
import xarray as xr

from inundate.core import netcdf, store
from inundate.core.errors import ConfigError, DataError, MissingFileError, RunError
from inundate.core.grid import Grid, attach_grid, grid_of
from inundate.core.store import encoding_for, read_dataset, write_dataset

GRID = Grid("EPSG:27700", 400000, 410000, 50, 50, 5, 4)


@pytest.fixture
def ds():
    rng = np.random.default_rng(0)
    depth = rng.random((3, 4, 5)).astype(np.float32)
    depth[0, 0, 0] = np.nan
    time = np.datetime64("2007-06-25T00:05", "ns") + np.arange(3) * np.timedelta64(300, "s")
    found = xr.Dataset(
        {
            "water_depth": (("time", "y", "x"), depth),
            "elevation": (("y", "x"), depth[1]),
            "total": ((), 1.5),
            "kinds": (("y", "x"), np.arange(20).reshape(4, 5)),
        },
        coords={
            "time": time,
            "time_bounds": (
                ("time", "bounds"), np.stack([time - np.timedelta64(300, "s"), time], axis=1),
            ),
        },
        attrs={"kind": "simulation", "settings": "{}"},
    )  # fmt: skip
    return attach_grid(found, GRID)


@pytest.mark.parametrize("name", ["a.zarr", "a.nc", "a.nc4"])
def test_both_formats_give_back_values_grid_and_attributes(ds, tmp_path, name):
    path = write_dataset(ds, tmp_path / name)
    assert [p.name for p in tmp_path.iterdir()] == [name]
    with read_dataset(path, kind="simulation") as found:
        for variable in (*ds.data_vars, "time", "x", "y", "time_bounds"):
            np.testing.assert_array_equal(found[variable].values, ds[variable].values)
            assert found[variable].dtype == ds[variable].dtype
            assert found[variable].dims == ds[variable].dims
        assert grid_of(found) == grid_of(found.water_depth) == GRID
        assert found.water_depth.attrs["standard_name"] == "flood_water_thickness"
        assert found.water_depth.attrs["units"] == "m"
        assert found.attrs["Conventions"] == "CF-1.11"
        assert found.attrs["settings"] == "{}"


@pytest.mark.parametrize("name", ["a.zarr", "a.nc"])
def test_what_was_read_can_be_written_again(ds, tmp_path, name):
    first = write_dataset(ds, tmp_path / name)
    with read_dataset(first) as found:
        second = write_dataset(found, tmp_path / f"again-{name}")
    with read_dataset(first) as a, read_dataset(second) as b:
        xr.testing.assert_identical(a.load(), b.load())


def test_formats_agree(ds, tmp_path):
    with (
        read_dataset(write_dataset(ds, tmp_path / "a.zarr")) as a,
        read_dataset(write_dataset(ds, tmp_path / "a.nc")) as b,
    ):
        xr.testing.assert_equal(a.load(), b.load())


def test_writing_changes_nothing_in_memory(ds, tmp_path):
    before = ds.copy(deep=True)
    write_dataset(ds, tmp_path / "a.zarr")
    xr.testing.assert_identical(ds, before)


def test_reading_is_lazy(ds, tmp_path):
    with read_dataset(write_dataset(ds, tmp_path / "a.zarr")) as found:
        assert not found.water_depth._in_memory


def test_stored_attributes_win_over_the_registry(ds, tmp_path):
    ds.elevation.attrs["standard_name"] = "ground_level_altitude"
    with read_dataset(write_dataset(ds, tmp_path / "a.nc")) as found:
        assert found.elevation.attrs["standard_name"] == "ground_level_altitude"
        assert found.elevation.attrs["units"] == "m"


@pytest.mark.parametrize("name", ["a.zarr", "a.nc"])
def test_an_existing_one_is_replaced_only_on_request(ds, tmp_path, name):
    path = write_dataset(ds, tmp_path / name)
    with pytest.raises(RunError, match="it exists already"):
        write_dataset(ds, path)
    write_dataset(ds[["elevation"]], path, overwrite=True)
    with read_dataset(path) as found:
        assert list(found.data_vars) == ["elevation"]


@pytest.mark.parametrize("name", ["a.grib", "a"])
def test_other_suffixes(ds, tmp_path, name):
    with pytest.raises(ConfigError, match=r"expected \.zarr or \.nc$") as caught:
        write_dataset(ds, tmp_path / name)
    assert caught.value.hint == "try -o a.zarr"


_LIMITED = """
import resource, sys
import numpy as np, xarray as xr
from inundate.core.errors import RunError
from inundate.core.store import write_dataset

rng = np.random.default_rng(0)
ds = xr.Dataset({"a": (("time", "y", "x"), rng.random((4, 100, 100)).astype("f4"))})
for limit in map(int, sys.argv[2:]):
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))
    try:
        write_dataset(ds, sys.argv[1])
    except RunError as error:
        print(error)
"""


@pytest.mark.parametrize(
    ("name", "limits"), [("a.nc", [0, 1000, 20_000, 130_000]), ("a.zarr", [0, 300, 20_000])]
)
def test_a_disk_that_takes_no_more_is_one_error_without_noise_or_crash(tmp_path, name, limits):
    done = subprocess.run(
        [sys.executable, "-c", _LIMITED, str(tmp_path / name), *map(str, limits)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    expected = (
        f"writing {tmp_path / name}: a file would be larger than is allowed here; "
        "nothing was written\n"
    )
    assert (done.returncode, done.stderr, done.stdout) == (0, "", expected * len(limits))
    assert list(tmp_path.iterdir()) == []


def test_full_disk_inside_hdf5(ds, tmp_path, monkeypatch):
    def fail(self, data):
        if self.fault is None and self._raw.tell() > 500:
            self.fault = OSError(errno.ENOSPC, "No space left on device")
        return len(data) if self.fault else write(self, data)

    write = netcdf._Sink.write
    monkeypatch.setattr(netcdf._Sink, "write", fail)
    with pytest.raises(RunError, match="the disk is full; nothing was written"):
        write_dataset(ds, tmp_path / "a.nc")
    assert list(tmp_path.iterdir()) == []


def test_other_faults_of_hdf5_are_not_disguised(ds, tmp_path, monkeypatch):
    def fail(self, *arguments, **options):
        raise RuntimeError("something else")

    monkeypatch.setattr(xr.Dataset, "dump_to_store", fail)
    with pytest.raises(RuntimeError, match="something else"):
        write_dataset(ds, tmp_path / "a.nc")
    assert list(tmp_path.iterdir()) == []


def test_full_disk_inside_zarr(ds, tmp_path, monkeypatch):
    def fail(self, path, **options):
        (path / "half").touch()
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(xr.Dataset, "to_zarr", fail)
    with pytest.raises(RunError, match="the disk is full; nothing was written"):
        write_dataset(ds, tmp_path / "a.zarr")
    assert list(tmp_path.iterdir()) == []


def test_absent(tmp_path):
    with pytest.raises(MissingFileError, match="no such file or folder"):
        read_dataset(tmp_path / "a.zarr")


def test_another_kind(ds, tmp_path):
    path = write_dataset(ds, tmp_path / "a.zarr")
    with pytest.raises(DataError) as caught:
        read_dataset(path, kind="prediction")
    assert str(caught.value) == f"reading {path}: kind 'simulation', expected 'prediction'"


def test_a_folder_that_is_no_store(tmp_path):
    with pytest.raises(DataError, match=r"a folder without zarr\.json"):
        read_dataset(tmp_path)


def test_a_damaged_store(ds, tmp_path):
    path = write_dataset(ds, tmp_path / "a.zarr")
    (path / "zarr.json").write_text("{")
    with pytest.raises(DataError, match="not a readable Zarr store") as caught:
        read_dataset(path)
    assert "truncated" in caught.value.hint


@pytest.mark.parametrize("size", [0, 4, 100, 3000])
def test_a_truncated_file(ds, tmp_path, size):
    path = write_dataset(ds, tmp_path / "a.nc")
    path.write_bytes(path.read_bytes()[:size])
    with pytest.raises(DataError, match=f"^reading {path}: not a readable NetCDF-4 file"):
        read_dataset(path)


def test_a_file_of_another_format(tmp_path):
    (tmp_path / "a.nc").write_text("ncols 4")
    with pytest.raises(DataError, match="not a readable NetCDF-4 file"):
        read_dataset(tmp_path / "a.nc")


def test_a_chunk_is_one_frame_and_no_larger_than_the_limit(monkeypatch):
    ds = xr.Dataset({"a": (("time", "y", "x"), np.zeros((3, 100, 80), np.float32))})
    assert encoding_for(ds, zarr=True)["a"]["chunks"] == (1, 100, 80)
    assert encoding_for(ds, zarr=False)["a"]["chunksizes"] == (1, 100, 80)
    monkeypatch.setattr(store, "_FRAME_BYTES", 10000)
    assert encoding_for(ds, zarr=True)["a"]["chunks"] == (1, 50, 40)


@pytest.mark.parametrize("name", ["a.zarr", "a.nc"])
def test_an_array_without_cells(tmp_path, name):
    ds = xr.Dataset({"a": (("time", "y", "x"), np.zeros((0, 4, 5), np.float32))})
    with read_dataset(write_dataset(ds, tmp_path / name)) as found:
        assert found.a.shape == (0, 4, 5)


@pytest.mark.parametrize("dtype", [object, str])
def test_text_variables_are_stored(tmp_path, dtype):
    names = np.array(["a", "bc"], dtype)
    ds = xr.Dataset(
        {"name": ("sample", names), "flag": ("sample", [True, False])}, coords={"sample": names}
    )
    for suffix in ("zarr", "nc"):
        with read_dataset(write_dataset(ds, tmp_path / f"a.{suffix}")) as found:
            assert found.name.values.tolist() == ["a", "bc"]
            assert found.flag.values.tolist() == [True, False]
            assert found.name.sel(sample="bc").item() == "bc"
            assert found.name.astype(str).dtype == "<U2"
            again = write_dataset(found, tmp_path / f"again.{suffix}")
        with read_dataset(again) as found:
            assert found.name.values.tolist() == ["a", "bc"]
    assert ds.name.dtype == dtype or dtype is str
