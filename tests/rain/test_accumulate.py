"""Depths, totals, another cadence, worst windows: all against sums done by hand."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inundate.core.errors import ConfigError, DataError, GridError
from inundate.core.grid import Grid, grid_of
from inundate.rain.accumulate import (
    max_window,
    peak_windows,
    rain_volume,
    resample_rain,
    to_rain_depth,
    total_rain,
)
from inundate.rain.array import history, make_rain, to_rain_dataset
from inundate.rain.steps import interval_s, step_edges

NAN = np.nan


def rain_of(series, minutes=None, step_s=300, cell=1000.0, crs="EPSG:27700"):
    """One column of cells; ``series`` is (T,) or (T, W)."""
    values = np.asarray(series, dtype=np.float32)
    values = values.reshape(len(values), 1, -1)
    minutes = minutes or [step_s / 60 * (i + 1) for i in range(len(values))]
    ends = np.datetime64("2020-06-01T00:00", "ns") + (np.array(minutes) * 60e9).astype("m8[ns]")
    grid = Grid(crs, 400000, 300000, cell, cell, values.shape[2], 1)
    return make_rain(values, ends, grid, step_s=step_s)


def test_depth_is_rate_times_length():
    depth = to_rain_depth(rain_of([12.0, 24.0, NAN]))
    np.testing.assert_allclose(depth.values.ravel(), [1.0, 2.0, NAN])
    assert depth.name == "rain_depth"
    assert depth.attrs["units"] == "mm"
    assert depth.attrs["standard_name"] == "thickness_of_rainfall_amount"
    assert depth.attrs["cell_methods"] == "time: sum"
    assert grid_of(depth).crs == "EPSG:27700"


def test_bounds_are_the_intervals():
    ds = to_rain_dataset(rain_of([1.0, 2.0]))
    start = np.datetime64("2020-06-01T00:00", "ns")
    minute = np.timedelta64(60, "s")
    expected = [[start, start + 5 * minute], [start + 5 * minute, start + 10 * minute]]
    np.testing.assert_array_equal(ds.time_bounds.values, np.array(expected))


def test_total_is_missing_where_a_step_is():
    total = total_rain(rain_of([[12, 12], [24, NAN]]))
    np.testing.assert_allclose(total.values, [[3.0, NAN]])
    assert total.dims == ("y", "x")
    assert total.attrs["units"] == "mm"


def test_volume_counts_what_is_known():
    # 12 mm/h for 5 min is 1 mm; on 1 km² that is 1000 m3
    assert rain_volume(rain_of([[12, NAN]])) == pytest.approx(1000.0)
    with pytest.raises(GridError, match="expected coordinates in metres"):
        rain_volume(rain_of([1.0], cell=0.1, crs="EPSG:4326"))


def test_interval_is_the_most_common_distance_when_nothing_is_stated():
    rain = rain_of([1, 1, 1, 1], minutes=[5, 10, 30, 35])
    del rain.attrs["interval_s"]
    assert interval_s(rain) == 300


def test_overlapping_steps_are_an_error():
    rain = rain_of([1, 1], minutes=[5, 10]).assign_attrs(interval_s=900)
    with pytest.raises(DataError) as caught:
        step_edges(rain, where="reading")
    assert str(caught.value) == (
        "reading: steps of 15 min overlap: step 1 ends 5 min after step 0, at 2020-06-01T00:10:00Z"
    )


def test_coarser_steps_are_means():
    found = resample_rain(rain_of([1, 2, 3, 4, 5, 6]), 900)
    np.testing.assert_allclose(found.values.ravel(), [2, 5])
    assert found.attrs["interval_s"] == 900
    assert str(found.time.values[0]) == "2020-06-01T00:15:00.000000000"
    assert history(found)[-1]["from_step_s"] == 300


def test_steps_that_do_not_fit_share_by_time():
    # 10 min steps from 15 min steps: the middle one is half of each
    found = resample_rain(rain_of([6, 12], step_s=900), 600)
    np.testing.assert_allclose(found.values.ravel(), [6, 9, 12])


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.floats(0, 200), min_size=1, max_size=12),
    st.sampled_from([60, 100, 150, 300, 600, 1500]),
    st.sampled_from([60, 90, 300, 420, 900, 3600]),
)
def test_any_cadence_keeps_the_volume(series, step_s, new_s):
    rain = rain_of(series, step_s=step_s)
    found = resample_rain(rain, new_s, uncovered="dry")
    before = rain.values.astype(float).sum() * step_s
    after = found.values.astype(float).sum() * new_s
    assert after == pytest.approx(before, rel=1e-6, abs=1e-6)
    assert interval_s(found) == new_s


def test_missing_spreads_to_every_step_that_shares_time():
    found = resample_rain(rain_of([1, NAN, 3, 4]), 600)
    np.testing.assert_allclose(found.values.ravel(), [NAN, 3.5])
    finer = resample_rain(rain_of([1, NAN, 3, 4]), 150)
    np.testing.assert_array_equal(np.isnan(finer.values.ravel()), [0, 0, 1, 1, 0, 0, 0, 0])


def test_uncovered_time_is_refused_missing_or_dry():
    rain = rain_of([6, 6, 6], minutes=[5, 10, 20])
    with pytest.raises(DataError) as caught:
        resample_rain(rain, 600)
    assert str(caught.value) == (
        "resampling rain to 10 min: the step that ends at 2020-06-01T00:20:00Z is covered by rain "
        "for 50% of its length, expected all of it"
    )
    missing = resample_rain(rain, 600, uncovered="missing")
    np.testing.assert_allclose(missing.values.ravel(), [6, NAN])
    dry = resample_rain(rain, 600, uncovered="dry")
    np.testing.assert_allclose(dry.values.ravel(), [6, 3])
    assert history(dry)[-1]["uncovered_steps"] == 1


def test_resample_refuses_nonsense():
    with pytest.raises(ConfigError, match="expected a length above 0 s"):
        resample_rain(rain_of([1]), 0)
    with pytest.raises(ConfigError, match="one of refuse, missing, dry"):
        resample_rain(rain_of([1]), 300, uncovered="wet")


def test_worst_window_by_hand():
    rain = rain_of([[0, 4], [10, 4], [20, 4], [6, NAN]])
    np.testing.assert_allclose(max_window(rain, 10).values, [[15, NAN]])
    np.testing.assert_allclose(max_window(rain, 5).values, [[20, NAN]])
    np.testing.assert_allclose(max_window(rain, 20).values, [[9, NAN]])
    assert peak_windows(rain) == {5.0: 20.0, 15.0: 12.0}


def test_window_errors():
    rain = rain_of([1, 2, 3], minutes=[5, 10, 20])
    with pytest.raises(ConfigError, match="expected a whole number of steps of 5 min"):
        max_window(rain, 7)
    with pytest.raises(DataError, match="no step between .*00:10:00Z and .*00:20:00Z"):
        max_window(rain, 10)
    with pytest.raises(DataError, match="found 15 min of rain, expected more"):
        max_window(rain, 30)


def test_windows_of_rain_that_is_nowhere_known():
    assert np.isnan(peak_windows(rain_of([NAN, NAN]))[5.0])
