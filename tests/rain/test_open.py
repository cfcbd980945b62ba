"""Opening a path: files, folders, tars; what is recognised, skipped, refused, cropped, lazy."""

import gzip
import json
import os
import pickle
import shutil
import subprocess
import sys
import tarfile

import numpy as np
import pytest

import inundate
from inundate.core.errors import DataError, GridError, MissingFileError
from inundate.core.grid import Grid, grid_of
from inundate.core.names import check_variable
from inundate.rain import open as open_module
from inundate.rain import reader, series
from inundate.rain.nimrod import make_nimrod_field, write_nimrod
from inundate.rain.open import open_rain
from inundate.rain.steps import step_edges


@pytest.fixture
def folder(make, tmp_path):
    """Four NIMROD files, 5 minutes apart."""
    place = tmp_path / "radar"
    place.mkdir()
    for index in range(4):
        make.nimrod(place / f"{index}.dat.gz", [make.SUMMER + index * make.STEP])
    return place


def test_the_array_is_as_the_registry_says(tiny):
    rain = open_rain(tiny / "cf.nc")
    check_variable(rain, "rain_rate")
    assert (rain.name, rain.dtype, rain.dims) == ("rain_rate", np.float32, ("time", "y", "x"))
    assert rain.attrs["standard_name"] == "rainfall_rate"
    assert rain.time.dtype == np.dtype("datetime64[ns]")
    starts, ends = step_edges(rain)
    assert (ends - starts == np.timedelta64(300, "s")).all()


def test_public_names(tiny):
    assert inundate.open_rain is open_rain
    assert set(dir(inundate.rain)) >= {"open_rain", "describe_rain", "write_nimrod"}
    with pytest.raises(AttributeError, match="no attribute 'close_rain'"):
        inundate.rain.close_rain  # noqa: B018


def test_a_folder_is_one_series_in_order_of_time(make, folder):
    (folder / "0.dat.gz").rename(folder / "z.dat.gz")
    rain = open_rain(folder)
    assert rain.shape == (4, 3, 4)
    assert (np.diff(rain.time.values) == make.STEP).all()
    assert rain.attrs["interval_s"] == 300
    assert json.loads(rain.attrs["files_skipped"]) == []


def test_folders_inside_are_looked_at_and_hidden_files_are_not(folder):
    (folder / "day").mkdir()
    (folder / "3.dat.gz").rename(folder / "day" / "3.dat.gz")
    (folder / ".DS_Store").write_bytes(b"\x00\x01")
    rain = open_rain(folder)
    assert rain.sizes["time"] == 4
    assert rain.attrs["files_skipped"] == "[]"


def test_damaged_members_are_skipped_and_reported(folder):
    data = (folder / "1.dat.gz").read_bytes()
    (folder / "1.dat.gz").write_bytes(data[:60])
    plain = gzip.decompress((folder / "2.dat.gz").read_bytes())
    (folder / "2.dat.gz").write_bytes(gzip.compress(plain[:530]))
    (folder / "empty.dat").write_bytes(b"")
    (folder / "notes.txt").write_text("read me")
    rain = open_rain(folder)
    assert rain.sizes["time"] == 2
    assert (rain.time.values[1] - rain.time.values[0]) == np.timedelta64(15, "m")
    skipped = {item["file"]: item["reason"] for item in json.loads(rain.attrs["files_skipped"])}
    assert set(skipped) == {"1.dat.gz", "2.dat.gz", "empty.dat", "notes.txt"}
    assert "truncated or damaged" in skipped["1.dat.gz"]
    assert "the file ends at byte 530" in skipped["2.dat.gz"]
    assert "empty" in skipped["empty.dat"]
    assert "not a rain format known here" in skipped["notes.txt"]


def test_if_all_members_fail_that_is_an_error(folder):
    for path in folder.iterdir():
        path.write_bytes(path.read_bytes()[:50])
    with pytest.raises(DataError, match="none of the 4 files of .* can be read") as e:
        open_rain(folder)
    assert "0.dat.gz" in str(e.value)
    assert "and 1 more" in str(e.value)


def test_a_daily_tar_is_a_series(make, tiny):
    rain = open_rain(next(tiny.glob("*.tar")))
    assert rain.sizes["time"] == 3  # the member of 12:15 is cut short
    assert [item["file"][-32:] for item in json.loads(rain.attrs["files_skipped"])] == [
        "_201907311215_1km-composite.dat.gz".removeprefix("_2")
    ]
    np.testing.assert_array_equal(rain[0].values, make.RATES.astype(np.float32))


def test_a_truncated_tar_keeps_what_lies_before(make, tmp_path):
    tar = make.nimrod_tar(tmp_path / "day.tar", count=4, truncated=())
    tar.write_bytes(tar.read_bytes()[: 5 * 512 + 100])  # within the third member's bytes
    rain = open_rain(tar)
    assert rain.sizes["time"] == 2
    reasons = [item["reason"] for item in json.loads(rain.attrs["files_skipped"])]
    assert any("the tar breaks off after 3 files" in reason for reason in reasons)
    assert any("the tar ends after 100 of" in reason for reason in reasons)


def test_a_compressed_tar_is_read_too(make, tmp_path):
    tar = make.nimrod_tar(tmp_path / "day.tar", count=3, truncated=())
    (tmp_path / "day.tar.gz").write_bytes(gzip.compress(tar.read_bytes()))
    assert open_rain(tmp_path / "day.tar.gz").sizes["time"] == 3


def test_a_folder_of_tars_is_one_series(make, tmp_path):
    make.nimrod_tar(tmp_path / "a.tar", count=2, truncated=())
    later = make.SUMMER + 2 * make.STEP
    make.nimrod(tmp_path / "m.dat", [later])
    with tarfile.open(tmp_path / "b.tar", "w") as tar:
        tar.add(tmp_path / "m.dat", "m.dat")
    (tmp_path / "m.dat").unlink()
    assert open_rain(tmp_path).sizes["time"] == 3


def test_mixed_formats_are_refused_and_both_named(folder, tiny):
    shutil.copy(tiny / "knmi.h5", folder)
    with pytest.raises(DataError, match=r"mixes formats: Met Office NIMROD \(4 files such as 0"):
        open_rain(folder)
    with pytest.raises(DataError, match=r"KNMI HDF5 \(1 files such as knmi.h5\)"):
        open_rain(folder)


def test_an_unknown_format_tells_its_first_bytes_and_the_formats_known(tmp_path):
    (tmp_path / "a.png").write_bytes(b"\x89PNG\r\n\x1a\n and more")
    with pytest.raises(DataError, match=r"begins with 89 50 4e 47 .*PNG") as e:
        open_rain(tmp_path / "a.png")
    for title in ("Met Office NIMROD", "ODIM HDF5", "KNMI", "FMI", "MeteoSwiss", "BoM", "CF Net"):
        assert title in e.value.hint


def test_formats_are_told_by_content_not_by_name(tiny, tmp_path):
    for name in ("odim_rate.h5", "knmi.h5", "fmi.pgm.gz", "bom.nc", "cf.nc"):
        shutil.copy(tiny / name, tmp_path / "x.bin")
        here = open_rain(tmp_path / "x.bin")
        assert here.attrs["source_format"] == open_rain(tiny / name).attrs["source_format"]


def test_every_format_is_read_compressed(tiny, tmp_path):
    for name in ("odim_rate.h5", "knmi.h5", "bom.nc", "cf.nc", "AQC192121205F_00005.801.gif"):
        path = tmp_path / f"{name}.gz"
        path.write_bytes(gzip.compress((tiny / name).read_bytes()))
        np.testing.assert_array_equal(open_rain(path).values, open_rain(tiny / name).values)


def test_missing_and_empty_paths(tmp_path):
    with pytest.raises(MissingFileError, match="no such file or folder"):
        open_rain(tmp_path / "nothing")
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match="holds no file"):
        open_rain(tmp_path / "empty")
    (tmp_path / "a.dat").write_bytes(b"")
    with pytest.raises(DataError, match="empty"):
        open_rain(tmp_path / "a.dat")


def test_a_dangling_link_and_a_damaged_compressed_tar_are_skipped(folder, make, tmp_path):
    (folder / "gone.dat").symlink_to(tmp_path / "nowhere")
    tar = make.nimrod_tar(tmp_path / "day.tar", count=2, truncated=())
    (folder / "day.tar.gz").write_bytes(gzip.compress(tar.read_bytes())[:-20])
    rain = open_rain(folder)
    skipped = {item["file"] for item in json.loads(rain.attrs["files_skipped"])}
    assert skipped == {"gone.dat", "day.tar.gz"}


def test_one_bad_step_of_a_file_on_its_own_is_an_error(make, tmp_path):
    spoilt = make.RATES.copy()
    spoilt[0, 0] = 1500.0  # the second step, twice as much, is beyond any rain
    path = make.cf(tmp_path / "a.nc", spoilt)
    with pytest.raises(DataError, match="ranges from 0 to 3000 mm h-1"):
        open_rain(path)


def test_one_instant_alone_needs_its_length(tiny):
    with pytest.raises(DataError, match="one step alone cannot show it") as e:
        open_rain(tiny / "201907311205.dat.gz")
    assert e.value.hint == "give it in seconds, such as --interval-s 300"


def test_a_length_that_contradicts_the_file_is_refused(tiny):
    with pytest.raises(DataError, match="states intervals of 300 s, --interval-s says 600"):
        open_rain(tiny / "knmi.h5", interval_s=600)


def test_two_files_of_one_time_are_refused(folder):
    shutil.copy(folder / "0.dat.gz", folder / "copy.dat.gz")
    with pytest.raises(
        DataError, match=r"0.dat.gz and copy.dat.gz both end at 2019-07-31T12:05:00Z"
    ):
        open_rain(folder)


def test_overlapping_accumulations_are_refused(make, tmp_path):
    for index in range(2):
        make.nimrod(
            tmp_path / f"{index}.dat", [make.SUMMER + index * make.STEP], units="mm*32", code=214,
            period_min=60,
        )  # fmt: skip
    with pytest.raises(
        DataError, match="intervals of 3600 s overlap: 1.dat ends 300 s after 0.dat"
    ):
        open_rain(tmp_path)


def test_different_grids_are_refused_and_shown(make, folder):
    grid = Grid("EPSG:27700", 400_000, 411_000, 1000, 1000, 4, 3)
    later = make.SUMMER + 9 * make.STEP
    write_nimrod(folder / "other.dat", [make_nimrod_field(make.RATES, grid, later)])
    with pytest.raises(GridError, match="position differ") as e:
        open_rain(folder)
    assert "0.dat.gz" in str(e.value)
    assert "other.dat" in str(e.value)


def test_a_named_variable_skips_files_without_it(make, folder):
    write_nimrod(
        folder / "vis.dat",
        [make_nimrod_field(make.RATES, make.GRID, make.SUMMER, units="m/2-25k", code=155,
                           title="Visibility", missing=-32767)],
    )  # fmt: skip
    with pytest.raises(DataError, match="vis.dat: expected one rain field, found none"):
        open_rain(folder)
    rain = open_rain(folder, variable="rainrate")
    assert rain.sizes["time"] == 4
    assert [item["file"] for item in json.loads(rain.attrs["files_skipped"])] == ["vis.dat"]


def test_a_box_keeps_every_cell_that_it_touches(make, tiny):
    whole = open_rain(tiny / "cf.nc")
    rain = open_rain(tiny / "cf.nc", box=(401_900, 408_100, 402_100, 408_900))
    np.testing.assert_array_equal(rain.values, whole.isel(y=[1], x=[1, 2]).values)
    edge = open_rain(tiny / "cf.nc", box=(401_000, 408_000, 402_000, 409_000))  # just one cell
    assert edge.shape == (2, 1, 1)
    assert float(edge[0, 0, 0]) == 32
    assert grid_of(edge).bounds == (401_000, 408_000, 402_000, 409_000)


def test_a_box_in_another_crs(radar):
    path = sorted((radar / "opera-europe").rglob("*.hdf"))[0]
    box = (500_000, 400_000, 520_000, 410_000)  # Humber, British National Grid
    rain = open_rain(path, box=box, box_crs="EPSG:27700")
    whole = open_rain(path)
    np.testing.assert_array_equal(rain.values, whole.sel(x=rain.x, y=rain.y).values)
    assert 5 * 10 <= rain[0].size <= 14 * 20


def test_a_box_outside_is_an_error(tiny):
    with pytest.raises(GridError, match="holds no cell"):
        open_rain(tiny / "cf.nc", box=(0, 0, 10, 10))
    with pytest.raises(GridError, match="empty or turned round"):
        open_rain(tiny / "cf.nc", box=(10, 0, 0, 10))


def test_a_long_series_is_read_step_by_step(folder, monkeypatch):
    held = open_rain(folder)
    monkeypatch.setattr(series, "_HOLD_BYTES", 100)
    lazy = open_rain(folder)
    reads = []
    frame = series.Series.frame
    monkeypatch.setattr(series.Series, "frame", lambda s, i: reads.append(i) or frame(s, i))
    assert type(lazy.variable._data).__name__ == "LazilyIndexedArray"
    np.testing.assert_array_equal(lazy.isel(time=2, y=slice(1, 3), x=1).values, held[2, 1:3, 1])
    assert reads == [2]
    np.testing.assert_array_equal(lazy[1:3].values, held[1:3].values)
    assert lazy[4:].shape == (0, 3, 4)
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(lazy)).values, held.values)


def test_a_file_that_vanishes_after_opening_is_a_clear_error(folder, monkeypatch):
    monkeypatch.setattr(series, "_HOLD_BYTES", 100)
    lazy = open_rain(folder)
    (folder / "2.dat.gz").unlink()
    with pytest.raises(DataError, match="2.dat.gz"):
        lazy.load()


class _Letters:
    """A reader of another package: the word RAIN and twelve digits."""

    name = "letters"
    title = "Rain in letters"

    def recognises(self, source, head):
        return head.startswith(b"RAIN")

    def steps(self, source, request):
        grid = Grid("EPSG:27700", 0, 3000, 1000, 1000, 4, 3)
        return [
            reader.Step(
                end=np.datetime64("2020-01-01T00:05", "ns"),
                start=np.datetime64("2020-01-01", "ns"),
                grid=grid, quantity="depth", unit_found="mm", variable="letters",
                load=lambda: np.frombuffer(source.read()[4:], np.uint8).reshape(3, 4) - 48.0,
                source=source.label,
            )
        ]  # fmt: skip


class _Point:
    group, value = "inundate.readers", "letters:Reader"

    def __init__(self, name):
        self.name = name

    def load(self):
        return _Letters


def test_another_package_adds_a_reader(tmp_path, monkeypatch):
    monkeypatch.setattr(reader, "entry_points", lambda group: [_Point("letters")])
    (tmp_path / "a.txt").write_bytes(b"RAIN012345678901")
    rain = open_rain(tmp_path / "a.txt")
    assert rain[0, 0].values.tolist() == [0, 12, 24, 36]
    (tmp_path / "b.txt").write_bytes(b"RAIN" + b"\xff" * 12)
    with pytest.raises(DataError, match="letters .* ranges from 2484 to 2484 mm h-1"):
        open_rain(tmp_path / "b.txt")
    monkeypatch.setattr(reader, "entry_points", lambda group: [_Point("nimrod")])
    with pytest.raises(DataError, match="takes a name that is already used"):
        open_rain(tmp_path / "a.txt")


SUMMER_DAY = """
import sys, time
time.tzset()
assert time.localtime(1564574700).tm_hour == 13, time.tzname  # 12:05 UTC is 13:05 in London
from inundate.rain.open import open_rain
for path in sys.argv[1:]:
    print(open_rain(path, interval_s=300 if ".dat" in path else None).time.values[0])
"""


def test_a_summer_day_stays_in_utc_on_a_machine_in_london(tiny):
    names = ["201907311205.dat.gz", "knmi.h5", "fmi.pgm.gz", "AQC192121205F_00005.801.gif",
             "cf.nc", "odim_rate.h5", "bom.nc"]  # fmt: skip
    found = subprocess.run(
        [sys.executable, "-c", SUMMER_DAY, *(str(tiny / name) for name in names)],
        env={**os.environ, "TZ": "Europe/London"}, capture_output=True, text=True, check=True,
    ).stdout.split()  # fmt: skip
    minutes = [text[11:16] for text in found]
    assert minutes == ["12:05"] * 5 + ["12:15", "12:06"]
    assert {text[:10] for text in found} == {"2019-07-31"}


def test_the_hour_doubled_in_autumn_is_there_once(make, tmp_path):
    start = np.datetime64("2019-10-27T00:30:00")  # clocks go back at 01:00 UTC
    times = [start + i * np.timedelta64(30, "m") for i in range(5)]
    rain = open_rain(make.nimrod(tmp_path / "a.dat", times))
    assert (np.diff(rain.time.values) == np.timedelta64(30, "m")).all()


def test_module_is_light():
    code = "import sys, inundate.rain; assert not {'xarray', 'h5py', 'PIL'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)
    assert open_module.__all__ == ["open_rain"]
