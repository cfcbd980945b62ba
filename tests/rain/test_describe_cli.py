"""``inundate rain describe`` and ``convert``: output, exit codes, nothing half-written."""

import json
import os

import numpy as np
import pytest
import xarray as xr

from inundate.cli.app import main
from inundate.core.grid import grid_of
from inundate.rain import convert
from inundate.rain.open import open_rain


def _run(capsys, *words):
    code = main(["rain", *map(str, words)])
    return code, *capsys.readouterr()


def test_describe_prints_one_json_object(tiny, capsys):
    code, out, err = _run(capsys, "describe", tiny / "cf.nc", "--json")
    found = json.loads(out)
    assert (code, err) == (0, "")
    assert (found["format"], found["rate_max"], found["crs"]) == ("netcdf", 64.0, "EPSG:27700")


def test_describe_prints_a_table(tiny, capsys):
    code, out, _ = _run(capsys, "describe", tiny / "odim_dbzh.h5")
    assert code == 0
    assert "ODIM HDF5 composite, 1 files" in out
    assert "dBZ in the file, mm h-1 delivered by Z = 200 R^1.6" in out
    assert "16.7 % of the cells" in out


def test_describe_names_what_was_skipped_and_what_a_nimrod_file_holds(make, tiny, tmp_path, capsys):
    _, out, _ = _run(capsys, "describe", next(tiny.glob("*.tar")))
    assert "skipped" in out
    assert "truncated or damaged" in out
    path = make.nimrod(tmp_path / "a.dat", units="m/2-25k", code=155, title="Vis", missing=-32767)
    code, out, _ = _run(capsys, "describe", path)
    assert code == 0
    assert "not one rain series: reading a.dat" in out
    assert "155:vis [m/2-25k] x 1, 3 x 4, 0 to 32 m, not rain: unit m/2-25k" in out
    path = make.nimrod(tmp_path / "b.dat", values=np.full((3, 4), np.nan))
    _, out, _ = _run(capsys, "describe", path, "--interval-s", 300)
    assert "every cell is missing" in out


@pytest.mark.parametrize("suffix", [".nc", ".zarr"])
def test_convert_writes_what_open_rain_reads(tiny, tmp_path, capsys, suffix):
    target = tmp_path / f"a{suffix}"
    code, out, _ = _run(capsys, "convert", tiny / "cf.nc", "-o", target, "--json")
    found = json.loads(out)
    assert (code, found["steps"], found["files_skipped"]) == (0, 2, 0)
    assert (found["time_start"], found["time_end"]) == (
        "2019-07-31T12:00:00Z", "2019-07-31T12:10:00Z",
    )  # fmt: skip
    xr.testing.assert_equal(open_rain(target).load(), open_rain(tiny / "cf.nc").load())


def test_convert_crops_by_a_box_with_negative_numbers(tiny, tmp_path, capsys):
    box = ["--box", "-3000", "-3652000", "1200", "-3651000"]
    code, out, err = _run(capsys, "convert", tiny / "knmi.h5", *box, "-o", tmp_path / "a.zarr")
    assert (code, err) == (0, "")
    assert "1 steps of" in out
    assert grid_of(open_rain(tmp_path / "a.zarr")).bounds == (0, -3_652_000, 2000, -3_651_000)


def test_convert_does_not_overwrite_unless_told_to(tiny, tmp_path, capsys):
    target = tmp_path / "a.nc"
    assert _run(capsys, "convert", tiny / "cf.nc", "-o", target)[0] == 0
    code, _, err = _run(capsys, "convert", tiny / "cf.nc", "-o", target)
    assert code == 6
    assert "it exists already" in err
    assert _run(capsys, "convert", tiny / "bom.nc", "-o", target, "--overwrite")[0] == 0
    assert open_rain(target).attrs["source_format"] == "bom"


def test_errors_have_their_exit_codes_and_leave_nothing(make, tiny, tmp_path, capsys):
    (tmp_path / "cut.h5").write_bytes((tiny / "knmi.h5").read_bytes()[:3000])
    for name, expected in (("cut.h5", 3), ("nothing.h5", 3)):
        code, out, err = _run(capsys, "convert", tmp_path / name, "-o", tmp_path / "a.zarr")
        assert (code, out) == (expected, "")
        assert err.startswith("error: reading")
    code, _, err = _run(capsys, "convert", tiny / "cf.nc", "-o", tmp_path / "a.tif")
    assert code == 2
    assert "expected .zarr or .nc" in err
    code, _, err = _run(capsys, "describe", tiny / "201907311205.dat.gz", "--intervall-s", 300)
    assert code == 2
    assert sorted(os.listdir(tmp_path)) == ["cut.h5"]  # noqa: PTH208


def test_a_long_series_is_written_step_by_step(make, tmp_path, monkeypatch, capsys):
    make.nimrod(tmp_path / "a.dat", [make.SUMMER + i * make.STEP for i in range(4)])
    monkeypatch.setattr(convert, "_AT_ONCE_BYTES", 10)
    code, _, _ = _run(capsys, "convert", tmp_path / "a.dat", "-o", tmp_path / "a.zarr")
    assert code == 0
    first = open_rain(tmp_path / "a.dat")
    again = open_rain(tmp_path / "a.zarr").load()
    xr.testing.assert_identical(again, first)
    code, _, err = _run(capsys, "convert", tmp_path / "a.dat", "-o", tmp_path / "a.nc")
    assert code == 3
    assert "write a .zarr" in err
    assert not (tmp_path / "a.nc").exists()
