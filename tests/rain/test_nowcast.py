"""Nowcasts: rain goes where it went, spreads with lead, and what is not known stays so."""

import json
import sys
import threading
import warnings

import numpy as np
import pytest
import xarray as xr

from inundate.cli.app import main
from inundate.core.errors import ConfigError, DataError, MissingExtraError
from inundate.core.grid import Grid
from inundate.core.store import write_dataset
from inundate.rain.array import make_rain, to_rain_dataset
from inundate.rain.nowcast import nowcast_rain
from inundate.rain.open import open_rain
from inundate.rain.settings import NowcastSettings

pytest.importorskip("pysteps")
pytest.importorskip("cv2")

SIDE = 80
GRID = Grid("EPSG:27700", 400_000.0, 380_000.0, 1000.0, 1000.0, SIDE, SIDE)
START = np.datetime64("2030-06-14T15:00:00", "ns")


def blobs(east, north, *, frames=3, rate=20.0, step_min=5, missing=None, seed=3):
    """A cluster of showers that moves so many cells a step, eastwards and northwards."""
    rng = np.random.default_rng(seed)
    rows, cols = np.mgrid[0:SIDE, 0:SIDE].astype(float)
    offsets = rng.uniform(-9, 9, (6, 2))
    values = np.zeros((frames, SIDE, SIDE))
    for number in range(frames):
        row, col = SIDE / 2 - north * number, SIDE / 2 + east * number
        for down, right in offsets:
            apart = (rows - row - down) ** 2 + (cols - col - right) ** 2
            values[number] += rate * np.exp(-apart / 18.0)
    values[values < 0.1] = 0.0
    if missing is not None:
        values[:, *missing] = np.nan
    ends = START + np.timedelta64(step_min, "m") * np.arange(1, frames + 1)
    return make_rain(values, ends, GRID, step_s=60.0 * step_min)


def centre(frame):
    """Mean column and row of the rain."""
    known = np.nan_to_num(frame)
    rows, cols = np.mgrid[0:SIDE, 0:SIDE]
    return (known * cols).sum() / known.sum(), (known * rows).sum() / known.sum()


def made(rain, **settings):
    chosen = {"lead_min": 30, "members": 3, **settings}
    return nowcast_rain(rain, settings=NowcastSettings(**chosen))


@pytest.mark.parametrize(("east", "north"), [(2, 0), (-2, 0), (0, 2), (0, -2), (1.5, 1.5)])
def test_showers_are_where_their_motion_brings_them(east, north):
    rain = blobs(east, north)
    found = made(rain)
    assert found.dims == ("member", "time", "y", "x")
    assert found.attrs["method"] == "steps"
    column, row = centre(rain.to_numpy()[-1])
    mean = found.mean("member").to_numpy()
    for step in (0, 2, 5):
        x, y = centre(mean[step])
        assert x == pytest.approx(column + east * (step + 1), abs=0.6 + 0.35 * step)
        assert y == pytest.approx(row - north * (step + 1), abs=0.6 + 0.35 * step)
    told = json.loads(found.attrs["motion"])
    assert told["vectors"] > 0
    assert told["east_m_s"] == pytest.approx(east * 1000 / 300, abs=0.8)
    assert told["north_m_s"] == pytest.approx(north * 1000 / 300, abs=0.8)


def test_file_with_rows_from_south_to_north_gives_the_same(tmp_path):
    rain = blobs(0, 2)
    write_dataset(to_rain_dataset(rain), tmp_path / "down.nc")
    up = to_rain_dataset(rain).isel(y=slice(None, None, -1))
    up["spatial_ref"].attrs.pop("GeoTransform", None)
    up.to_netcdf(tmp_path / "up.nc", engine="h5netcdf")
    first, second = (made(open_rain(tmp_path / name)) for name in ("down.nc", "up.nc"))
    assert first["y"].to_numpy()[0] > first["y"].to_numpy()[-1]
    xr.testing.assert_equal(first, second)


def test_times_leads_and_units():
    rain = blobs(1, 0, step_min=10)
    found = made(rain, lead_min=45)
    assert found.attrs["units"] == "mm h-1"
    ends = found["time"].to_numpy()
    assert [str(end)[11:16] for end in ends] == ["15:40", "15:50", "16:00", "16:10"]
    assert found["lead_time"].to_numpy().tolist() == [600, 1200, 1800, 2400]
    assert str(found["forecast_reference_time"].to_numpy())[11:16] == "15:30"
    assert found.attrs["issued"] == "2030-06-14T15:30:00Z"
    assert found.attrs["interval_s"] == 600.0
    assert json.loads(found.attrs["settings"])["members"] == 3
    assert json.loads(found.attrs["provenance"])["pysteps"]


def test_as_much_falls_as_with_persistence_and_members_drift_apart():
    rain = blobs(1, 0)
    found = made(rain, members=6, lead_min=60)
    before = float(rain.isel(time=-1).sum())
    total = found.sum(("y", "x")).mean("member").to_numpy()
    assert total[0] == pytest.approx(before, rel=0.2)
    assert total[5] == pytest.approx(before, rel=0.35)
    spread = found.std("member").sum(("y", "x")).to_numpy()
    assert 0 < spread[0] < spread[3] < spread[9]
    assert float(found.max()) <= float(rain.max()) * 1.01


def test_same_seed_same_members_and_no_global_state():
    rain = blobs(1, 1)
    np.random.seed(7)  # noqa: NPY002
    first = made(rain, seed=1)
    drawn = np.random.random()  # noqa: NPY002
    np.random.seed(7)  # noqa: NPY002
    assert np.random.random() == drawn  # noqa: NPY002
    again = made(rain, seed=1)
    other = made(rain, seed=2)
    np.testing.assert_array_equal(first.to_numpy(), again.to_numpy())
    assert not np.array_equal(first.to_numpy(), other.to_numpy())
    assert not np.array_equal(first.to_numpy()[0], first.to_numpy()[1])


def test_rain_from_outside_or_behind_a_blind_spot_is_not_known():
    west = (slice(None), slice(0, 12))
    found = made(blobs(2, 0, missing=west)).to_numpy()
    assert np.isnan(found[:, 0, :, :12]).mean() > 0.9
    unknown = np.isnan(found).mean(axis=(0, 2, 3))
    assert (np.diff(unknown) > 0).all()  # it comes eastwards with the wind
    assert np.isnan(found[:, 5, 20:60, 16]).mean() > 0.5
    assert not np.isnan(found[:, :, 30:50, 50:60]).any()
    told = made(blobs(2, 0, missing=west)).attrs
    assert json.loads(told["unknown_share"]) == pytest.approx(unknown, abs=1e-3)


@pytest.mark.parametrize("blind", [30, 33])
def test_edge_of_a_blind_area_does_not_hold_the_rain_back(blind):
    found = made(blobs(1, 0, missing=(slice(None), slice(0, blind))))
    told = json.loads(found.attrs["motion"])
    assert told["east_m_s"] == pytest.approx(1000 / 300, abs=0.9)


def test_nothing_wet_stays_dry_and_unknown_stays_unknown():
    rain = blobs(1, 0, rate=0.0, missing=(slice(0, 5), slice(None)))
    found = made(rain)
    assert found.attrs["method"] == "dry"
    values = found.to_numpy()
    assert np.isnan(values[:, :, :5]).all()
    assert (values[:, :, 5:] == 0).all()


def test_too_little_for_statistics_is_carried_on_unchanged_and_told():
    rain = blobs(2, 0)
    values = rain.to_numpy()
    values[values < 33.0] = 0.0
    few = rain.copy(data=values)
    assert 0 < (values[-1] > 0).sum() < 50
    found = made(few)
    assert found.attrs["method"] == "advection"
    assert "wet cells, STEPS needs 50" in found.attrs["method_why"]
    column, _ = centre(values[-1])
    assert centre(found.mean("member").to_numpy()[0])[0] - column == pytest.approx(2.0, abs=0.7)
    small = rain.isel(x=slice(30, 54), y=slice(30, 54))
    told = made(small).attrs
    assert told["method"] == "advection"
    assert told["method_why"] == "a side of 24 cells, STEPS needs 32"


def test_rain_that_is_not_seen_to_move_stands_still():
    rain = blobs(0, 0)
    flat = rain.copy(data=np.full(rain.shape, 3.0, np.float32))
    found = made(flat.isel(x=slice(0, 30)))
    assert json.loads(found.attrs["motion"]) == {"east_m_s": 0.0, "north_m_s": 0.0, "vectors": 0}
    np.testing.assert_allclose(found.to_numpy(), 3.0, rtol=1e-6)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda rain: rain.isel(time=slice(0, 2)), "expected 3 in a row, 5 min apart"),
        (lambda rain: rain.isel(time=[0, 1, 3]), "15:05:00Z, 2030-06-14T15:10:00Z, 2030-06-14"),
        (lambda rain: rain.copy(data=np.full(rain.shape, np.nan)), "no cell of the frame of"),
    ],
)
def test_what_has_no_honest_answer_is_refused(change, told):
    with pytest.raises(DataError, match=told):
        made(change(blobs(1, 0, frames=4)))


def test_lead_shorter_than_a_step_is_refused():
    with pytest.raises(ConfigError, match="expected at least a step of the radar, 5 min"):
        made(blobs(1, 0), lead_min=4)


def test_missing_extra_is_told(monkeypatch):
    monkeypatch.setitem(sys.modules, "cv2", None)
    with pytest.raises(MissingExtraError, match="nowcasting rain needs the package 'cv2'") as found:
        made(blobs(1, 0))
    assert found.value.hint == 'pip install "inundate[nowcast]"'


def test_nothing_is_printed_and_other_threads_may_print(capsys):
    stop = threading.Event()

    def talk():
        while not stop.wait(0.001):
            sys.stdout.write("other\n")

    thread = threading.Thread(target=talk)
    thread.start()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            made(blobs(1, 0))
    finally:
        stop.set()
        thread.join()
    out = capsys.readouterr()
    assert set(out.out.split()) == {"other"}
    assert out.err == ""


@pytest.fixture
def radar_file(tmp_path):
    write_dataset(to_rain_dataset(blobs(1, 0, frames=10)), tmp_path / "radar.nc")
    return tmp_path / "radar.nc"


def test_command_writes_members_that_are_read_one_at_a_time(tmp_path, capsys, radar_file):
    output = tmp_path / "nowcast.nc"
    words = ["rain", "nowcast", str(radar_file), "-o", str(output), "--members", "3", "--json"]
    assert main([*words, "--lead-min", "20"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["method"], told["members"], told["steps"]) == ("steps", 3, 4)
    assert told["issued"] == "2030-06-14T15:50:00Z"
    assert told["time_end"] == "2030-06-14T16:10:00Z"
    with pytest.raises(DataError, match="an ensemble of 3 members, expected a single storm") as all:
        open_rain(output)
    assert "rain convert FILE --member 0" in all.value.hint
    second = open_rain(output, member=1)
    expected = nowcast_rain(open_rain(radar_file), settings=NowcastSettings(lead_min=20, members=3))
    np.testing.assert_allclose(second.to_numpy(), expected.to_numpy()[1], atol=1e-4)
    assert second.attrs["method"] == "steps"
    with pytest.raises(ConfigError, match="member 3, expected 0 to 2"):
        open_rain(output, member=3)
    with pytest.raises(DataError, match="a single storm without members"):
        open_rain(radar_file, member=0)
    one = tmp_path / "one.nc"
    assert main(["rain", "convert", str(output), "--member", "1", "-o", str(one)]) == 0
    np.testing.assert_array_equal(open_rain(one).to_numpy(), second.to_numpy())


def test_verifying_holds_nowcasts_against_what_came(capsys, radar_file):
    words = ["rain", "verify", str(radar_file), "--leads-min", "10", "--every-min", "10"]
    assert main([*words, "--members", "4", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert [time[11:16] for time in told["issued"]] == ["15:15", "15:25", "15:35"]
    by_way = {row["way"]: row for row in told["scores"]}
    assert list(by_way) == ["ensemble", "advection", "persistence", "dry"]
    assert by_way["advection"]["crps_mm_h"] < 0.5 * by_way["persistence"]["crps_mm_h"]
    assert by_way["advection"]["csi_1"] > by_way["persistence"]["csi_1"] > 0
    assert by_way["dry"]["csi_1"] == 0
    assert len({row["cells"] for row in told["scores"]}) == 1
    assert main(words) == 0
    assert "persistence" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--leads-min", "7"], "expected whole steps of the radar, 5 min"),
        (["--leads-min", "60"], "no time has 3 frames up to it"),
        (["--lead-min", "60"], "--lead-min is of no use here"),
    ],
)
def test_verifying_what_cannot_be_is_told(capsys, radar_file, words, message):
    assert main(["rain", "verify", str(radar_file), *words]) in (2, 3)
    assert message in capsys.readouterr().err


def test_rain_that_does_not_change_at_all_has_no_model_and_is_carried_on(monkeypatch):
    def forecast(*_, **__):
        raise RuntimeError("nonstationary AR(p) process")

    import pysteps.nowcasts.steps

    monkeypatch.setattr(pysteps.nowcasts.steps, "forecast", forecast)
    found = made(blobs(2, 0))
    assert found.attrs["method"] == "advection"
    assert found.attrs["method_why"] == (
        "STEPS cannot be fitted to these frames: nonstationary AR(p) process"
    )
    assert float(found.max()) > 1.0
