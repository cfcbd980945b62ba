from datetime import date
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from inundate.core.errors import DataError, MissingFileError
from inundate.hydro.series import Series
from inundate.hydro.series_file import open_series, series_of

START = np.datetime64("2021-07-12T14:00:00", "ns")


def series(times, values, outside="refuse"):
    return Series(np.array(times, float), np.array(values, float), outside, "tide")


FLOOD = series([0, 600, 1800], [1, 7, 1])


def test_lines_between_the_times():
    assert [FLOOD.at(t) for t in (0, 150, 600, 1200, 1800)] == [1, 2.5, 7, 4, 1]


def test_mean_is_the_integral():
    assert FLOOD.mean(0, 600) == 4
    assert FLOOD.mean(0, 1800) == 4
    assert FLOOD.mean(300, 900) == pytest.approx((5.5 * 300 + 6.25 * 300) / 600, rel=1e-15)
    assert FLOOD.mean(700, 700) == FLOOD.at(700)


@given(
    st.lists(st.floats(-1e3, 1e3), min_size=2, max_size=6),
    st.lists(st.floats(0.001, 0.999), min_size=1, max_size=5, unique=True),
)
def test_means_of_parts_add_up(values, cuts):
    whole = series(np.arange(len(values)) * 100.0, values)
    points = [0.0, *(np.sort(cuts) * whole.time_s[-1]), whole.time_s[-1]]
    parts = sum(whole.mean(a, b) * (b - a) for a, b in pairwise(points))
    assert parts == pytest.approx(100 * (whole.value[1:] + whole.value[:-1]).sum() / 2, abs=1e-7)


def test_outside_is_refused():
    with pytest.raises(DataError) as caught:
        FLOOD.mean(1700, 1900)
    assert str(caught.value) == (
        "tide: the simulation asks for 1700 to 1900 s, the series runs from 0 to 1800 s"
    )
    assert 'outside = "hold"' in caught.value.hint
    with pytest.raises(DataError):
        FLOOD.at(-1)
    assert FLOOD.at(1800 + 1e-9) == 1  # rounding of a clock


def test_hold_goes_on_with_the_end_values():
    found = series([100, 200], [3, 5], "hold")
    assert (found.at(0), found.at(900)) == (3, 5)
    assert found.mean(0, 100) == 3
    assert found.mean(150, 250) == pytest.approx((4.5 * 50 + 5 * 50) / 100)


def test_zero_is_zero_beyond_both_ends():
    found = series([100, 200], [3, 5], "zero")
    assert (found.at(99), found.at(100), found.at(200), found.at(201)) == (0, 3, 5, 0)
    assert found.mean(0, 400) == pytest.approx(4 * 100 / 400)
    assert found.mean(300, 400) == 0


def test_steady_where_nothing_changes():
    found = series([0, 100, 200, 300], [2, 2, 5, 5], "hold")
    assert found.is_steady(0, 100)
    assert not found.is_steady(50, 101)
    assert found.is_steady(200, 900)
    assert not series([0, 100], [2, 2], "zero").is_steady(50, 150)
    bump = series([0, 100, 200], [1, 2, 1])
    assert not bump.is_steady(0, 200)  # the same at both ends, not between


def test_mean_of_a_steady_part_has_no_rounding_error():
    assert series([0, 1000], [0.1, 0.1]).mean(123.4, 177.7) == 0.1


def test_constant():
    assert Series.constant(2.5).is_constant
    assert Series.constant(2.5).mean(-1e9, 1e9) == 2.5
    assert not FLOOD.is_constant
    assert not series([0, 100], [2, 2]).is_constant  # it ends: that must be noticed
    assert series([0, 100], [0, 0], "zero").is_constant


@pytest.mark.parametrize(("times", "values", "text"), [
    ([0, 1], [1], "tide: 2 times and 1 values, expected as many of both and at least one"),
    ([], [], "tide: 0 times and 0 values, expected as many of both and at least one"),
    ([0, 60, 60], [1, 2, 3], "tide: time 60 s (number 3) is not later than 60 s before it"),
    ([0, 60], [1, np.nan],
     "tide: value nan at time 60 s (number 2), expected finite numbers"),
])  # fmt: skip
def test_wrong_series(times, values, text):
    with pytest.raises(DataError) as caught:
        series(times, values)
    assert str(caught.value) == text


def test_unknown_rule():
    with pytest.raises(DataError, match="outside='loop', expected one of refuse, hold, zero"):
        series([0], [1], "loop")


def test_csv_with_seconds_and_a_unit(tmp_path):
    path = tmp_path / "level.csv"
    path.write_text("# gauge 7\ntime_min, level [cm]\n0, 150\n\n10, 250\n")
    found = open_series(path, "m")
    assert found.time_s.tolist() == [0, 600]
    assert found.value.tolist() == [1.5, 2.5]
    assert found.name == str(path)


def test_csv_with_dates(tmp_path):
    path = tmp_path / "q.csv"
    path.write_text(
        "time,flow (m3/s)\n2021-07-12T13:50:00Z,1\n2021-07-12 14:00,2\n"
        "2021-07-12T16:00:00+01:00,4\n"
    )
    assert open_series(path, "m3 s-1", start=START).time_s.tolist() == [-600, 0, 3600]
    with pytest.raises(DataError, match="the start of the simulation is not known"):
        open_series(path, "m3 s-1")


def test_toml(tmp_path):
    path = tmp_path / "q.toml"
    path.write_text(
        'unit = "m3 s-1"\noutside = "zero"\n'
        "time = [2021-07-12T14:00:00Z, 2021-07-12T15:00:00Z]\nvalue = [1, 2.5]\n"
    )
    found = open_series(path, "m3 s-1", start=START)
    assert (found.time_s.tolist(), found.outside) == ([0, 3600], "zero")
    assert open_series(path, "m3 s-1", start=START, outside="hold").outside == "hold"


@pytest.mark.parametrize(("text", "message"), [
    ("time_s, level\n0, 1\n", "found the header 'time_s, level', expected two columns"),
    ("", "found an empty file, expected"),
    ("times [s], level [m]\n0, 1\n", "found the header 'times [s], level [m]'"),
    ("time_s, level [m]\n0, 1\n5,\n", "row 3 has 1 values, expected 2"),
    ("time_s, level [m]\n0, high\n", "value number 1 is 'high', expected a number"),
    ("time_s, level [m3 s-1]\n0, 1\n", "values are in 'm3 s-1', expected 'm'"),
    ("time_s, level [furlong]\n0, 1\n", "unit 'furlong' is not known"),
    ("time, level [m]\n12/07/2021, 1\n", "time number 1 is '12/07/2021', expected ISO 8601"),
    ("time_s, level [m]\n", "0 times and 0 values"),
])  # fmt: skip
def test_wrong_csv(tmp_path, text, message):
    path = tmp_path / "x.csv"
    path.write_text(text)
    with pytest.raises(DataError) as caught:
        open_series(path, "m", start=START)
    assert message in str(caught.value)
    assert str(path) in str(caught.value)


def test_wrong_tables():
    table = {"time_s": [0, 1], "value": [1, 2], "unit": "m"}
    with pytest.raises(DataError, match="key 'unitt' is not known; did you mean 'unit'"):
        series_of({**table, "unitt": "m"}, "m")
    with pytest.raises(DataError, match="expected 'value', 'unit' and one of time_s"):
        series_of({"time_s": [0]}, "m")
    with pytest.raises(DataError, match="value is 3, expected a list of numbers"):
        series_of({**table, "value": 3}, "m")
    with pytest.raises(DataError, match="expected finite numbers"):
        series_of({**table, "value": [True, 2]}, "m")


def test_not_text(tmp_path):
    path = tmp_path / "x.csv"
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(DataError, match="not a text file in UTF-8"):
        open_series(path, "m")
    with pytest.raises(MissingFileError):
        open_series(tmp_path / "y.csv", "m")


def test_days_in_toml_begin_at_midnight():
    table = {"time": [date(2021, 7, 12), date(2021, 7, 13)], "value": [1, 2], "unit": "m"}
    assert series_of(table, "m", start=START).time_s.tolist() == [-14 * 3600, 10 * 3600]
    with pytest.raises(DataError, match="time is 'noon', expected a list of times"):
        series_of({**table, "time": "noon"}, "m", start=START)
