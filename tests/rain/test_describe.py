"""What describe says of real radar and of made files, against facts known beforehand."""

import json

import numpy as np
import pytest

from inundate.core.errors import DataError, MissingFileError
from inundate.rain.describe import describe_rain

# As the README of the shared data tells them, or counted by hand in its files.
FACTS = {
    "opera-europe": {
        "format": "odim", "files": 14, "steps": 14, "cadence_s": 900, "unit_found": "mm h-1",
        "time_start": "2018-08-24T17:50:00Z", "time_end": "2018-08-24T21:20:00Z",
        "shape": (2200, 1900), "cell": (2000, 2000), "rate_max": 1205.22, "share_missing": 0.499,
        "crs": ("Lambert Azimuthal Equal Area", 55, 10),
    },
    "knmi-netherlands": {
        "format": "knmi", "files": 92, "steps": 92, "cadence_s": 300, "unit_found": "mm",
        "time_start": "2010-08-25T23:55:00Z", "time_end": "2010-08-26T07:35:00Z",
        "shape": (765, 700), "cell": (1000, 1000), "rate_max": 29.4, "share_missing": 0.744,
        "highest_total_mm": 12.8, "crs": ("Polar Stereographic (variant B)", 60, 0),
    },
    "fmi-finland": {
        "format": "fmi", "files": 40, "steps": 40, "cadence_s": 300, "unit_found": "dBZ",
        "time_start": "2016-09-28T14:40:00Z", "time_end": "2016-09-28T18:00:00Z",
        "shape": (1226, 760), "cell": (999.674, 999.629), "rate_max": 167.2,
        "share_missing": 0.243, "crs": ("Polar Stereographic (variant B)", 60, 25),
    },
    "meteoswiss-ch/20150515": {
        "format": "mch", "files": 40, "steps": 40, "cadence_s": 300, "unit_found": "mm",
        "time_start": "2015-05-15T15:40:00Z", "time_end": "2015-05-15T19:00:00Z",
        "shape": (640, 710), "cell": (1000, 1000), "rate_max": 115.5, "share_missing": 0.308,
        "highest_total_mm": 89.2, "crs": ("EPSG:21781",),
    },
    "meteoswiss-ch/20160711": {
        "format": "mch", "files": 40, "steps": 40, "cadence_s": 300, "unit_found": "mm",
        "time_start": "2016-07-11T20:40:00Z", "time_end": "2016-07-12T00:00:00Z",
        "shape": (640, 710), "cell": (1000, 1000), "rate_max": 115.5, "share_missing": 0.297,
        "highest_total_mm": 27.1, "crs": ("EPSG:21781",),
    },
    "bom-melbourne-au": {
        "format": "bom", "files": 13, "steps": 13, "cadence_s": 360, "unit_found": "kg m-2",
        "time_start": "2018-06-16T09:54:00Z", "time_end": "2018-06-16T11:12:00Z",
        "shape": (512, 512), "cell": (500, 500), "rate_max": 53.0, "share_missing": 0.0,
        "crs": ("Albers Equal Area", -37.852, 144.752),
    },
}  # fmt: skip


@pytest.mark.parametrize("folder", FACTS)
def test_real_radar(radar, folder):
    expected = FACTS[folder]
    found = json.loads(json.dumps(describe_rain(radar / folder)))
    for name in ("format", "files", "steps", "cadence_s", "unit_found", "time_start", "time_end"):
        assert found[name] == expected[name], name
    assert (found["files_skipped"], found["gaps"], found["problem"]) == (0, [], None)
    assert found["unit"] == "mm h-1"
    assert (found["grid"]["height"], found["grid"]["width"]) == expected["shape"]
    assert found["grid"]["cell_size"] == pytest.approx(expected["cell"], abs=1e-3)
    assert found["rate_min"] == 0
    assert found["rate_max"] == pytest.approx(expected["rate_max"], rel=1e-3)
    assert found["share_missing"] == pytest.approx(expected["share_missing"], abs=1e-3)
    if "highest_total_mm" in expected:
        assert found["highest_total_mm"] == pytest.approx(expected["highest_total_mm"], rel=5e-3)
    for part in expected["crs"]:
        assert str(part) in found["crs_name"] or part == 0  # a parameter of 0 is not shown


def test_two_storms_of_one_folder_are_one_gap(radar):
    found = describe_rain(radar / "meteoswiss-ch")
    assert found["files"] == 80
    after, before = "2015-05-15T19:00:00Z", "2016-07-11T20:45:00Z"
    minutes = (np.datetime64(before[:-1]) - np.datetime64(after[:-1])) / np.timedelta64(1, "m")
    assert found["gaps"] == [{"after": after, "before": before, "steps": minutes / 5 - 1}]


def test_the_nimrod_folder_lists_its_fields(radar):
    found = json.loads(json.dumps(describe_rain(radar / "nimrod-uk")))
    assert (found["format"], found["files"], found["files_skipped"]) == ("nimrod", 9, 0)
    assert found["crs"] == "EPSG:27700"
    assert "visibility" in found["problem"]
    rows = {(row["code"], row["name"]): row for row in found["fields"]}
    assert sum(row["fields"] for row in found["fields"]) == 2 + 52 + 2 + 1 + 3 + 2 + 9 + 15 + 1
    full = next(row for row in found["fields"] if row["shape"] == [704, 548])
    assert (full["unit_found"], full["fields"]) == ("m/2-25k", 2)
    assert (full["stored_min"], full["stored_max"]) == (-24981, 5133)
    assert full["cell_size"] == [2000, 2000]
    assert full["bounds"] == [-239_000, -185_000, 857_000, 1_223_000]
    assert (full["time_start"], full["time_end"]) == (
        "2010-07-02T09:00:00Z",
        "2011-07-02T09:00:00Z",
    )
    rate = rows[63, "rainrate"]
    assert (rate["stored_max"], rate["value_max"], rate["not_rain"]) == (32, 1.0, None)
    wide = rows[61, "3hr_precip_accum_180min"]
    assert (wide["stored_max"], wide["value_max"]) == (38, 38 / 32)
    assert (wide["cell_size"], wide["period_s"]) == ([18000, 18000], 10800)
    assert rows[480, "3dreflectivity"]["share_missing"] == pytest.approx(6 / 15)
    assert rows[63, "above0004_60min"]["not_rain"] == "a probability"


@pytest.mark.parametrize(
    ("name", "variable", "length", "most", "cadence"),
    [
        ("u1096_ng_ek00_precip_2km", None, 300, 1.0, 300),
        ("u1096_ng_bsr05_precip_accum60_2km", None, None, 3 / 32, 3600),
        ("u1096_ng_bmr04_precip_2km", "precip_accumulation_15min", None, 12 / 32 * 4, 900),
        ("u1096_ng_ek07_precip0540_accum180_18km", None, None, 38 / 32 / 3, 10800),
    ],
)
def test_nimrod_rain(radar, name, variable, length, most, cadence):
    found = describe_rain(radar / "nimrod-uk" / name, variable=variable, interval_s=length)
    assert found["problem"] is None
    assert found["cadence_s"] == cadence
    assert found["rate_max"] == pytest.approx(most)
    assert (found["crs"], found["share_missing"]) == ("EPSG:27700", 0)


def test_made_files_with_gaps_and_damage(make, tmp_path):
    for index in (0, 1, 2, 5, 6, 9):
        make.nimrod(tmp_path / f"{index}.dat", [make.SUMMER + index * make.STEP])
    whole = (tmp_path / "0.dat").read_bytes()
    (tmp_path / "bad.dat").write_bytes(whole[:540])
    (tmp_path / "month13.dat").write_bytes(whole[:6] + b"\x00\x0d" + whole[8:])
    found = describe_rain(tmp_path)
    assert (found["files"], found["steps"], found["files_skipped"]) == (8, 6, 2)
    reasons = {item["file"]: item["reason"] for item in found["skipped"]}
    assert "expected 24 bytes of 3 x 4 values" in reasons["bad.dat"]
    assert "the validity time is [2019, 13, 31" in reasons["month13.dat"]
    assert found["gaps"] == [
        {"after": "2019-07-31T12:15:00Z", "before": "2019-07-31T12:30:00Z", "steps": 2},
        {"after": "2019-07-31T12:35:00Z", "before": "2019-07-31T12:50:00Z", "steps": 2},
    ]
    assert found["missing_steps"] == 4
    known = make.RATES[~np.isnan(make.RATES)]
    assert found["rate_mean"] == pytest.approx(known.mean())
    assert found["share_missing"] == pytest.approx(2 / 12)
    assert found["share_wet"] == pytest.approx(6 / 10)  # 0.03125 is below the threshold
    assert found["highest_total_mm"] == pytest.approx(32 * 6 * 5 / 60)
    assert found["time_start"] == "2019-07-31T12:00:00Z"
    assert found["fields"][0]["fields"] == 6


def test_all_missing(make, tmp_path):
    found = describe_rain(
        make.nimrod(tmp_path / "a.dat", values=np.full((3, 4), np.nan)), interval_s=300
    )
    assert found["share_missing"] == 1
    assert found["rate_max"] is None
    assert found["highest_total_mm"] is None


def test_errors_pass_where_there_is_no_table(make, tmp_path):
    with pytest.raises(MissingFileError):
        describe_rain(tmp_path / "nothing")
    with pytest.raises(DataError, match="found quantities VRADH"):
        describe_rain(make.odim(tmp_path / "a.h5", "VRADH"))


def test_one_frame_at_a_time(make, tmp_path, monkeypatch):
    from inundate.rain import series

    make.nimrod(tmp_path / "a.dat", [make.SUMMER + i * make.STEP for i in range(5)])
    monkeypatch.setattr(series, "_HOLD_BYTES", 0)
    assert describe_rain(tmp_path / "a.dat")["steps"] == 5
