"""What goes wrong with real files: one clear error, its exit code, and nothing half-written.

Every case compares the whole folder, hidden files included, before and after.
"""

import os
import subprocess
import sys

import numpy as np
import pytest
import rasterio
import xarray as xr

from inundate.cli.app import main
from inundate.core import files
from inundate.core.grid import Grid, attach_grid, grid_of
from inundate.core.names import attributes
from inundate.core.store import read_dataset, write_dataset
from inundate.rain.array import make_rain, to_rain_dataset
from inundate.rain.nimrod import make_nimrod_field, write_nimrod
from inundate.terrain.geotiff import write_geotiff

GRID = Grid("EPSG:27700", 400_000, 303_000, 100, 100, 30, 24)
START = np.datetime64("2007-06-25T00:00:00", "ns")
STEP = np.timedelta64(5, "m")
SIMULATE = ["simulate", "--run-on-min", "0", "--output-every-s", "300", "-o", "flood.zarr"]


@pytest.fixture(scope="module")
def inputs(tmp_path_factory):
    """A good heightmap and a good storm of four steps."""
    folder = tmp_path_factory.mktemp("inputs")
    rows, columns = np.mgrid[: GRID.height, : GRID.width]
    ground = xr.DataArray(
        (30 + 0.5 * columns + np.cos(rows / 3)).astype(np.float32), dims=("y", "x"),
        name="elevation", attrs=attributes("elevation"),
    )  # fmt: skip
    return folder, attach_grid(ground, GRID), _rain(np.full((4, *GRID.shape), 20.0))


def _rain(values, ends=None, grid=GRID):
    moments = START + np.arange(1, len(values) + 1) * STEP if ends is None else ends
    return make_rain(np.asarray(values, np.float32), moments, grid, step_s=300)


@pytest.fixture
def work(tmp_path, monkeypatch, inputs):
    """An empty folder to work in, with dem.tif and storm.nc."""
    monkeypatch.chdir(tmp_path)
    _, ground, rain = inputs
    write_geotiff(ground, tmp_path / "dem.tif")
    write_dataset(to_rain_dataset(rain), tmp_path / "storm.nc")
    return tmp_path


@pytest.fixture
def refused(work, capsys):
    """Run a command that must fail; give its exit code and message."""

    def run(*arguments):
        before = _contents(work)
        code = main([str(argument) for argument in arguments])
        captured = capsys.readouterr()
        assert captured.out == "", "an error leaves standard output empty"
        assert "Traceback" not in captured.err
        assert _contents(work) == before
        return code, captured.err

    return run


def _contents(folder):
    """Every path below a folder with its bytes; folders too, since an empty one is a leftover."""
    return {
        str(path.relative_to(folder)): path.read_bytes() if path.is_file() else None
        for path in folder.rglob("*")
    }


# --- the disk

LIMITED = """
import resource, sys
from inundate.cli.app import main
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[1]), resource.RLIM_INFINITY))
sys.exit(main(sys.argv[2:]))
"""
WRITERS = {
    "simulation": [*SIMULATE, "--rain", "storm.nc", "--terrain", "dem.tif"],
    "rain as Zarr": ["rain", "convert", "storm.nc", "-o", "flood.zarr"],
    "rain as NetCDF": ["rain", "convert", "storm.nc", "-o", "flood.nc"],
    "terrain": ["terrain", "crop", "dem.tif", "-o", "flood.tif"],
    "features": ["terrain", "derive", "dem.tif", "-o", "flood.nc"],
}


@pytest.mark.parametrize("arguments", WRITERS.values(), ids=WRITERS)
def test_a_disk_that_takes_no_more(work, arguments):
    """In a process of its own, with a limit on the size of a file; the disk itself is shared."""
    before = _contents(work)
    done = subprocess.run(
        [sys.executable, "-c", LIMITED, "300", *arguments],
        cwd=work, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert _contents(work) == before
    output = arguments[arguments.index("-o") + 1]
    assert (done.returncode, done.stdout) == (6, "")
    first, hint = done.stderr.splitlines()[-2:]
    assert first.startswith("error: writing ")
    assert output in first  # of a simulation, a file in the hidden folder that it grows in
    assert first.endswith(": a file would be larger than is allowed here; nothing was written")
    assert hint == "  hint: raise the limit (ulimit -f) or give another -o"
    assert "Traceback" not in done.stderr


def test_a_full_disk(refused, monkeypatch):
    def full(path):
        raise OSError(28, os.strerror(28))

    monkeypatch.setattr(files, "_sync", full)
    assert refused("terrain", "crop", "dem.tif", "-o", "part.tif") == (
        6,
        "error: writing part.tif: the disk is full; nothing was written\n"
        "  hint: free some space or give another -o\n",
    )


def test_a_good_result_outlives_a_failed_attempt_to_replace_it(refused, work, monkeypatch):
    assert main(["terrain", "crop", "dem.tif", "-o", "part.tif", "--json"]) == 0

    def full(path):
        raise OSError(28, os.strerror(28))

    monkeypatch.setattr(files, "_sync", full)
    refused_again = main(["terrain", "crop", "dem.tif", "-o", "part.tif", "--overwrite"])
    assert refused_again == 6
    with rasterio.open(work / "part.tif") as source:
        assert source.shape == GRID.shape
    assert sorted(_contents(work)) == ["dem.tif", "part.tif", "storm.nc"]


# --- radar files


@pytest.fixture
def radar(work):
    """A good NIMROD file of one moment."""
    grid = Grid("EPSG:27700", 399_000, 304_000, 1000, 1000, 5, 4)
    write_nimrod(work / "one.dat", [make_nimrod_field(np.ones(grid.shape), grid, START)])
    return work / "one.dat"


@pytest.mark.parametrize(
    "command",
    [
        ["rain", "describe"],
        ["rain", "convert", "-o", "out.zarr"],
        ["rain", "clean", "--fill-gap-min", "5", "-o", "o.nc"],
    ],
    ids=" ".join,
)
def test_a_radar_file_cut_short(refused, radar, command):
    radar.write_bytes(radar.read_bytes()[:540])
    assert refused(*command, "one.dat") == (
        3,
        "error: reading one.dat, field at byte 0: the file ends at byte 540, "
        "expected 40 bytes of 4 x 5 values up to byte 568\n",
    )


def test_a_netcdf_file_cut_short(refused, work):
    (work / "storm.nc").write_bytes((work / "storm.nc").read_bytes()[:3000])
    code, text = refused(*SIMULATE, "--rain", "storm.nc", "--terrain", "dem.tif")
    assert code == 3
    assert text.startswith("error: reading storm.nc: damaged, or not laid out as expected (OSErr")
    assert text.count("\n") == 1


def test_one_moment_does_not_say_for_how_long(refused, radar):
    assert refused(*SIMULATE, "--rain", "one.dat", "--terrain", "dem.tif") == (
        3,
        "error: reading rain: one.dat states no length of its interval, and one step alone cannot "
        "show it\n  hint: give it in seconds, such as --interval-s 300\n",
    )


def test_rain_with_a_hole_in_time(refused, work, inputs):
    rain = inputs[2].isel(time=[0, 1, 3])
    ends = rain["time"].values
    write_dataset(to_rain_dataset(_rain(rain.values, ends)), work / "gap.nc")
    assert refused(*SIMULATE, "--rain", "gap.nc", "--terrain", "dem.tif") == (
        3,
        "error: checking rain against terrain: 5 min without rain data from 2007-06-25T00:10:00Z "
        "to 2007-06-25T00:15:00Z, expected one step after the other\n"
        "  hint: fill it, on record: inundate rain clean RAIN --fill-gap-min MINUTES -o OUT\n",
    )


def test_rain_in_another_unit(refused, work):
    with read_dataset(work / "storm.nc") as found:
        rain = found.load()
    rain["rain_rate"].attrs["units"] = "m"
    write_dataset(rain, work / "unit.nc")
    code, text = refused(*SIMULATE, "--rain", "unit.nc", "--terrain", "dem.tif")
    assert code == 3
    assert text == (
        "error: reading unit.nc: rain_rate [m] ranges from 240000 to 240000 mm h-1, "
        "expected 0 to 2000\n"
        "  hint: a wrong unit or an undeclared missing value looks like this\n"
    )
    rain["rain_rate"].attrs["units"] = "furlong"
    write_dataset(rain, work / "unit.nc", overwrite=True)
    code, text = refused(*SIMULATE, "--rain", "unit.nc", "--terrain", "dem.tif")
    assert code == 3
    assert text.startswith(
        "error: reading unit.nc: variable 'rain_rate': unit 'furlong' is not known; "
        "expected one of mm h-1, kg m-2 s-1, "
    )


def test_rain_in_another_crs(refused, work, inputs):
    """The same numbers as coordinates, of another country's grid."""
    there = Grid("EPSG:32630", GRID.left, GRID.top, GRID.dx, GRID.dy, GRID.width, GRID.height)
    rain = _rain(inputs[2].values, grid=there)
    write_dataset(to_rain_dataset(rain), work / "crs.nc")
    assert refused(*SIMULATE, "--rain", "crs.nc", "--terrain", "dem.tif") == (
        3,
        "error: rain covers 0.00% of terrain, expected all of it\n"
        "  rain     EPSG:32630, 100 m, 24 x 30, top-left (400000, 303000)\n"
        "  terrain  EPSG:27700, 100 m, 24 x 30, top-left (400000, 303000)\n"
        "  hint: move the storm there: inundate rain augment RAIN --move-to X Y --move-crs CRS "
        "-o OUT\n",
    )


def test_rain_without_a_crs(refused, work):
    with read_dataset(work / "storm.nc") as found:
        rain = found.load().drop_vars("spatial_ref")
    rain["rain_rate"].attrs.pop("grid_mapping", None)
    write_dataset(rain, work / "nowhere.nc")
    assert refused(*SIMULATE, "--rain", "nowhere.nc", "--terrain", "dem.tif") == (
        3,
        "error: reading nowhere.nc: the file states no coordinate reference system\n"
        "  hint: say which it is, such as --crs EPSG:27700 for British National Grid "
        "(--rain-crs beside a terrain)\n",
    )


def test_missing_rain_is_not_taken_as_dry(refused, work, inputs):
    values = inputs[2].values.copy()
    values[2, 5, 7] = np.nan
    write_dataset(to_rain_dataset(_rain(values)), work / "nan.nc")
    code, text = refused(*SIMULATE, "--rain", "nan.nc", "--terrain", "dem.tif")
    assert code == 3
    assert "missing" in text
    assert "hint: " in text


# --- heightmaps


def test_holes_that_the_heightmap_does_not_declare(refused, work, inputs):
    holed = inputs[1].copy()
    holed[5:8, 5:8] = -9999
    write_geotiff(holed, work / "holed.tif")
    expected = (
        3,
        "error: reading holed.tif: found heights of -9999 m in 9 of 720 cells, "
        "expected -500 to 9000 m\n"
        "  hint: if -9999 marks missing cells, inundate terrain crop --nodata -9999 writes it with "
        "these missing\n",
    )
    assert refused(*SIMULATE, "--rain", "storm.nc", "--terrain", "holed.tif") == expected
    assert refused("terrain", "derive", "holed.tif", "-o", "features.nc") == expected


def test_holes_that_it_declares_stay_holes(work, inputs, capsys):
    holed = inputs[1].copy()
    holed[5:8, 5:8] = np.nan
    write_geotiff(holed, work / "holed.tif", nodata=-9999)
    assert main([*SIMULATE, "--rain", "storm.nc", "--terrain", "holed.tif"]) == 0
    capsys.readouterr()
    with read_dataset(work / "flood.zarr", kind="simulation") as flood:
        assert grid_of(flood).same_as(GRID)
        np.testing.assert_array_equal(flood["water_depth_max"].isnull(), holed.isnull())
    assert sorted(path.name for path in work.iterdir()) == [
        "dem.tif", "flood.zarr", "holed.tif", "storm.nc",
    ]  # fmt: skip


# --- slips of the finger


def test_a_typo_in_a_flag(refused):
    assert refused(*SIMULATE, "--rain", "storm.nc", "--terrain", "dem.tif", "--maning", "0.1") == (
        2,
        "error: Unknown option: --maning. Did you mean --manning?\n"
        "  hint: inundate simulate --help\n",
    )


def test_a_typo_in_a_key_and_a_wrong_value_are_told_together(refused, work):
    (work / "run.toml").write_text('[simulate]\nmaning = 0.1\nedges = "shut"\n')
    code, text = refused(
        *SIMULATE, "--rain", "storm.nc", "--terrain", "dem.tif", "--config", "run.toml"
    )
    assert code == 2
    assert text.startswith(
        "error: 2 settings are wrong\n"
        "  run.toml: key 'maning' is not known; did you mean 'manning'?\n"
        "  run.toml: edges = 'shut': Input should be 'open', 'closed' or 'level'\n"
        "  hint: settings in table [simulate]: equations, "
    )


def test_a_settings_table_that_is_a_value(refused, work):
    (work / "run.toml").write_text("simulate = 1\n")
    code, text = refused(
        *SIMULATE, "--rain", "storm.nc", "--terrain", "dem.tif", "--config", "run.toml"
    )
    assert code == 2
    assert text.startswith(
        "error: run.toml: 'simulate' is the value 1, expected a table [simulate]\n  hint: "
    )


def test_a_file_that_is_not_there(refused, work):
    assert refused(*SIMULATE, "--rain", "strom.nc", "--terrain", "dem.tif") == (
        3,
        f"error: simulating strom.nc: no such file or folder (looked in {work})\n"
        f"  hint: did you mean {work / 'storm.nc'}?\n",
    )


def test_an_output_in_the_way(refused, work):
    (work / "flood.zarr").mkdir()
    assert refused(*SIMULATE, "--rain", "storm.nc", "--terrain", "dem.tif") == (
        6,
        "error: writing flood.zarr: it exists already\n"
        "  hint: give another -o, or --overwrite to replace it\n",
    )
