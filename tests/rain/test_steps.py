"""The time axis: what is no time is an error that says so."""

import numpy as np
import pytest
import xarray as xr

from inundate.core.errors import DataError
from inundate.rain.steps import check_times, interval_s, step_edges, step_text


def series(times, **attrs):
    return xr.DataArray(np.zeros(len(times)), {"time": times}, ("time",), attrs=attrs)


def ends(*minutes):
    return np.datetime64("2020-06-01", "ns") + np.array(minutes) * np.timedelta64(60, "s")


def test_no_time_axis():
    with pytest.raises(DataError, match="found no time step, expected a coordinate 'time'"):
        check_times(xr.DataArray(np.zeros(3), dims="time"))
    with pytest.raises(DataError, match="found no time step"):
        check_times(series(ends()))


def test_time_that_is_a_number():
    with pytest.raises(DataError, match="time is of type float64, expected datetime64 in UTC"):
        check_times(series([0.0, 5.0]))


def test_time_that_is_not_known():
    times = ends(5, 10)
    times[1] = np.datetime64("NaT")
    with pytest.raises(DataError, match="time step 1 has no time"):
        check_times(series(times))


def test_times_of_any_resolution_become_nanoseconds():
    found = check_times(series(ends(5, 10).astype("datetime64[s]")))
    assert found.dtype == np.dtype("datetime64[ns]")


@pytest.mark.parametrize("length", [0, -300, np.nan])
def test_stated_length_is_positive(length):
    with pytest.raises(DataError, match="expected seconds above 0"):
        interval_s(series(ends(5, 10), interval_s=length))


def test_stated_length_wins_over_the_distance():
    starts, found = step_edges(series(ends(15, 30), interval_s=300.0))
    assert list(starts) == list(ends(10, 25))
    assert list(found) == list(ends(15, 30))


def test_jitter_of_a_second_is_no_overlap():
    times = ends(5, 10)
    times[1] -= np.timedelta64(1, "s")
    assert interval_s(series(times, interval_s=300)) == 300
    times[1] -= np.timedelta64(1, "s")
    with pytest.raises(DataError, match="steps of 5 min overlap"):
        interval_s(series(times, interval_s=300))


def test_lengths_as_text():
    assert [step_text(value) for value in (30, 90, 900)] == ["30 s", "1.5 min", "15 min"]
