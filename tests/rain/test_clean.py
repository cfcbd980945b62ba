"""Cleaning: what is judged wrong becomes missing, what is filled is on record."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from inundate.core.errors import ConfigError, DataError, GridError
from inundate.core.grid import Grid
from inundate.rain.array import history, make_rain
from inundate.rain.clean import (
    check_rain,
    clean_rain,
    fill_gaps,
    fill_missing_cells,
    find_specks,
    mark_clutter,
    mark_speckle,
)

NAN = np.nan


def grid(height=3, width=4, crs="EPSG:27700", cell=1000.0):
    return Grid(crs, 400000, 300000, cell, cell, width, height)


def times(*minutes, start="2020-06-01T00:00"):
    return np.datetime64(start, "ns") + np.array(minutes) * np.timedelta64(60, "s")


def rain_of(values, minutes=None, **place):
    values = np.asarray(values, dtype=np.float32)
    ends = times(*(minutes or [5 * (i + 1) for i in range(len(values))]))
    return make_rain(values, ends, grid(*values.shape[1:], **place), step_s=300)


# --- checks


def test_negative_rate_is_an_error_that_names_step_and_cell():
    values = np.zeros((2, 3, 4))
    values[1, 2, 1] = -1.5
    with pytest.raises(DataError) as caught:
        check_rain(rain_of(values), where="cleaning rain")
    assert str(caught.value) == (
        "cleaning rain: found 1 negative or infinite rates at 2020-06-01T00:10:00Z, the first "
        "-1.5 mm h-1 in cell (row 2, column 1) at (401500, 297500); expected 0 or more, or NaN "
        "where missing"
    )
    assert "undeclared missing value" in caught.value.hint


def test_infinite_rate_is_an_error():
    with pytest.raises(DataError, match="negative or infinite"):
        clean_rain(rain_of(np.full((1, 2, 2), np.inf)))


def test_wrong_unit_is_an_error():
    rain = rain_of(np.zeros((1, 2, 2))).assign_attrs(units="kg m-2 s-1")
    with pytest.raises(DataError, match="has units 'kg m-2 s-1', expected 'mm h-1'"):
        check_rain(rain)


def test_times_that_do_not_rise_are_an_error():
    rain = rain_of(np.zeros((2, 2, 2)), minutes=[10, 5])
    with pytest.raises(DataError) as caught:
        check_rain(rain, where="checking")
    assert str(caught.value) == (
        "checking: time step 1 is 2020-06-01T00:05:00Z, not later than step 0, 2020-06-01T00:10:00Z"
    )


# --- clutter


def test_clutter_becomes_missing_and_is_counted():
    values = np.zeros((2, 2, 2))
    values[0, 0, 0], values[1, 1, 1], values[1, 0, 1] = 250, 300, 200
    found = mark_clutter(rain_of(values), 200)
    assert np.isnan(found.values[0, 0, 0])
    assert np.isnan(found.values[1, 1, 1])
    assert found.values[1, 0, 1] == 200  # the limit itself is believed
    assert int(np.isnan(found).sum()) == 2
    assert history(found)[-1] == {
        "operation": "mark_clutter",
        "max_rate_mm_h": 200.0,
        "cells": 2,
        "steps": 2,
        "highest_mm_h": 300.0,
    }


def test_input_is_not_changed():
    rain = rain_of(np.full((2, 3, 3), 500.0))
    before = rain.copy(deep=True)
    clean_rain(rain, max_rate_mm_h=100, speckle_cells=2, fill_gap_min=10)
    assert rain.identical(before)


@pytest.mark.parametrize("limit", [0, -1, NAN])
def test_clutter_limit_is_positive(limit):
    with pytest.raises(ConfigError, match="max_rate_mm_h is .*, expected above 0"):
        mark_clutter(rain_of(np.zeros((1, 2, 2))), limit)


# --- specks


def test_speck_goes_and_shower_stays():
    frame = np.zeros((7, 9), dtype=np.float32)
    frame[2, 2] = frame[3, 3] = 5  # two cells that touch by a corner
    frame[3, 6] = frame[4, 6] = frame[4, 7] = 5
    expected = np.zeros_like(frame, dtype=bool)
    expected[2, 2] = expected[3, 3] = True
    np.testing.assert_array_equal(find_specks(frame, 2, 0.1), expected)
    assert not find_specks(frame, 1, 0.1).any()
    assert find_specks(frame, 3, 0.1).sum() == 5


def test_group_at_an_edge_or_beside_a_missing_cell_is_kept():
    frame = np.zeros((6, 6), dtype=np.float32)
    frame[0, 3] = 5
    frame[3, 3], frame[4, 4] = 5, NAN
    assert not find_specks(frame, 3, 0.1).any()


def test_drizzle_below_the_wet_limit_is_no_speck():
    frame = np.zeros((5, 5), dtype=np.float32)
    frame[2, 2] = 0.05
    assert not find_specks(frame, 3, 0.1).any()


def test_speckle_is_recorded():
    values = np.zeros((2, 5, 5))
    values[1, 2, 2] = 3
    found = mark_speckle(rain_of(values), 1)
    assert np.isnan(found.values[1, 2, 2])
    assert history(found)[-1]["cells"] == 1
    assert history(found)[-1]["steps"] == 1


def test_speckle_cells_is_at_least_one():
    with pytest.raises(ConfigError, match="speckle_cells is 0, expected at least 1"):
        mark_speckle(rain_of(np.zeros((1, 2, 2))), 0)


def slow_groups(wet):
    """Group cells by walking, the plain way."""
    left, found = set(zip(*np.nonzero(wet), strict=True)), []
    while left:
        group, front = set(), [left.pop()]
        while front:
            row, col = front.pop()
            group.add((row, col))
            near = {(row + i, col + j) for i in (-1, 0, 1) for j in (-1, 0, 1)} & left
            left -= near
            front.extend(near)
        found.append(group)
    return found


@settings(max_examples=60, deadline=None)
@given(arrays(bool, (8, 7)), st.integers(1, 6))
def test_specks_match_a_walk_over_the_cells(wet, limit):
    frame = np.zeros((10, 9), dtype=np.float32)
    frame[1:-1, 1:-1] = wet * 2.0
    expected = np.zeros(frame.shape, dtype=bool)
    for group in slow_groups(frame > 0):
        inner = all(0 < r < 9 and 0 < c < 8 for r, c in group)
        if len(group) <= limit and inner:
            expected[tuple(zip(*group, strict=True))] = True
    np.testing.assert_array_equal(find_specks(frame, limit, 0.1), expected)


# --- gaps


def test_short_gap_is_filled_on_the_straight_line_and_listed():
    values = np.stack([np.full((2, 2), v) for v in (0.0, 6.0)])
    found = fill_gaps(rain_of(values, minutes=[5, 20]), limit_min=10)
    np.testing.assert_allclose(found.values[:, 0, 0], [0, 2, 4, 6], rtol=1e-6)
    assert list(found.time.values) == list(times(5, 10, 15, 20))
    assert json.loads(found.attrs["filled_steps"]) == [
        "2020-06-01T00:10:00Z",
        "2020-06-01T00:15:00Z",
    ]
    assert json.loads(found.attrs["missing_steps"]) == []
    assert history(found)[-1]["filled"] == 2


def test_long_gap_stays_missing_on_a_regular_axis():
    values = np.ones((3, 2, 2))
    found = fill_gaps(rain_of(values, minutes=[5, 10, 25]), limit_min=5)
    assert list(found.time.values) == list(times(5, 10, 15, 20, 25))
    np.testing.assert_array_equal(np.isnan(found.values[:, 0, 0]), [0, 0, 1, 1, 0])
    assert json.loads(found.attrs["filled_steps"]) == []
    assert json.loads(found.attrs["missing_steps"]) == [
        "2020-06-01T00:15:00Z",
        "2020-06-01T00:20:00Z",
    ]


def test_frame_of_missing_cells_counts_as_a_missing_step():
    values = np.stack([np.full((2, 2), v) for v in (2.0, NAN, 4.0)])
    found = fill_gaps(rain_of(values), limit_min=5)
    np.testing.assert_allclose(found.values[:, 0, 0], [2, 3, 4])
    assert json.loads(found.attrs["filled_steps"]) == ["2020-06-01T00:10:00Z"]


def test_gap_at_either_end_is_not_guessed():
    values = np.stack([np.full((2, 2), v) for v in (NAN, 1.0, NAN)])
    found = fill_gaps(rain_of(values), limit_min=60)
    np.testing.assert_array_equal(np.isnan(found.values[:, 0, 0]), [1, 0, 1])
    assert len(json.loads(found.attrs["missing_steps"])) == 2


def test_cell_missing_at_one_end_stays_missing_in_the_gap():
    values = np.ones((2, 1, 2))
    values[0, 0, 1] = NAN
    found = fill_gaps(rain_of(values, minutes=[5, 15]), limit_min=5)
    np.testing.assert_array_equal(np.isnan(found.values[1, 0]), [False, True])


def test_filling_twice_adds_to_the_list():
    values = np.ones((4, 2, 2))
    once = fill_gaps(rain_of(values, minutes=[5, 15, 20, 35]), limit_min=5)
    twice = fill_gaps(once, limit_min=10)
    assert json.loads(twice.attrs["filled_steps"]) == [
        f"2020-06-01T00:{minute}:00Z" for minute in (10, 25, 30)
    ]
    assert json.loads(twice.attrs["missing_steps"]) == []
    assert [entry["operation"] for entry in history(twice)] == ["fill_gaps", "fill_gaps"]


def test_limit_zero_fills_nothing():
    found = fill_gaps(rain_of(np.ones((2, 1, 1)), minutes=[5, 15]), limit_min=0)
    assert np.isnan(found.values[1]).all()


def test_step_stamped_a_second_late_is_on_time():
    ends = times(5, 10, 20)
    ends[1] += np.timedelta64(1, "s")
    rain = make_rain(np.ones((3, 1, 1)), ends, grid(1, 1), step_s=300)
    assert list(fill_gaps(rain, limit_min=5).time.values) == list(times(5, 10, 15, 20))


def test_step_between_the_intervals_is_an_error():
    with pytest.raises(DataError) as caught:
        fill_gaps(rain_of(np.ones((3, 1, 1)), minutes=[5, 10, 17]), limit_min=5)
    assert str(caught.value) == (
        "filling gaps in rain: step 2 at 2020-06-01T00:17:00Z is 12 min after the first, "
        "expected a whole number of 5 min"
    )


def test_two_events_years_apart_are_an_error():
    rain = make_rain(
        np.ones((2, 1, 1)),
        np.array(["2015-05-15T16:00", "2016-07-11T21:00"], "datetime64[ns]"),
        grid(1, 1),
        step_s=300,
    )
    with pytest.raises(DataError) as caught:
        fill_gaps(rain, limit_min=5)
    assert str(caught.value) == (
        "filling gaps in rain: 2 steps of 5 min lie between 2015-05-15T16:00:00Z and "
        "2016-07-11T21:00:00Z, where 121885 are expected: not one event"
    )


def test_one_step_of_unknown_length_is_an_error():
    rain = rain_of(np.ones((1, 1, 1)))
    del rain.attrs["interval_s"]
    with pytest.raises(DataError, match="one time step of unknown length"):
        fill_gaps(rain, limit_min=5)


def test_negative_limit_is_an_error():
    with pytest.raises(ConfigError, match="limit_min is -1, expected 0 or more minutes"):
        fill_gaps(rain_of(np.ones((2, 1, 1))), limit_min=-1)


# --- missing cells


def test_refuse_says_how_many_and_where():
    values = np.ones((2, 3, 4))
    values[1, 0, 2] = NAN
    with pytest.raises(DataError) as caught:
        fill_missing_cells(rain_of(values), policy="refuse")
    assert str(caught.value) == (
        "filling missing cells of rain: 4.167% of the cells are missing, in 1 of 2 steps, the "
        "first at 2020-06-01T00:10:00Z in cell (row 0, column 2) at (402500, 299500); expected none"
    )
    whole = rain_of(np.ones((2, 3, 4)))
    np.testing.assert_array_equal(fill_missing_cells(whole, policy="refuse"), whole)


def test_missing_is_dry_only_on_request_and_on_record():
    values = np.ones((2, 2, 2))
    values[0, 0, 0] = NAN
    values[1] = NAN
    found = fill_missing_cells(rain_of(values), policy="dry")
    assert found.values[0, 0, 0] == 0
    entry = history(found)[-1]
    assert entry["policy"] == "dry"
    assert entry["missing_share"] == pytest.approx(5 / 8)
    assert entry["filled_share"] == pytest.approx(5 / 8)
    assert entry["whole_steps_missing"] == 1


def test_nearest_takes_the_nearest_known_cell_within_reach():
    values = np.full((1, 1, 7), NAN)
    values[0, 0, 1], values[0, 0, 3] = 10, 30
    found = fill_missing_cells(rain_of(values), policy="nearest", within_m=2000)
    # a tie takes the western cell; cell 6 is 3 km from the nearest known one
    np.testing.assert_array_equal(found.values[0, 0], [10, 10, 10, 30, 30, 30, NAN])
    assert history(found)[-1]["filled_share"] == pytest.approx(4 / 7)


@settings(max_examples=40, deadline=None)
@given(arrays(bool, (6, 5)), st.sampled_from([1000.0, 1500.0, 2300.0]))
def test_nearest_matches_a_search_over_all_cells(missing, within):
    values = np.arange(30.0).reshape(1, 6, 5)
    values[0][missing] = NAN
    found = fill_missing_cells(rain_of(values), policy="nearest", within_m=within).values[0]
    row, col = np.nonzero(~missing)
    for r, c in np.argwhere(missing):
        distance = np.hypot(row - r, col - c) * 1000
        near = distance.min() if distance.size else np.inf
        if near > within:
            assert np.isnan(found[r, c])
        else:
            choices = values[0][row[distance == near], col[distance == near]]
            assert found[r, c] in choices


def test_policy_errors():
    rain = rain_of(np.ones((1, 2, 2)))
    with pytest.raises(ConfigError) as caught:
        fill_missing_cells(rain, policy="nearst", within_m=1000)
    assert str(caught.value) == (
        "filling missing cells of rain: policy 'nearst', expected one of refuse, dry, nearest"
    )
    assert caught.value.hint == "did you mean 'nearest'?"
    with pytest.raises(ConfigError, match="policy 'nearest' with within_m = None"):
        fill_missing_cells(rain, policy="nearest")
    with pytest.raises(ConfigError, match="policy 'dry' with within_m = 5"):
        fill_missing_cells(rain, policy="dry", within_m=5)


def test_nearest_needs_metres():
    rain = rain_of(np.ones((1, 2, 2)), crs="EPSG:4326", cell=0.01)
    with pytest.raises(GridError, match="expected coordinates in metres"):
        fill_missing_cells(rain, policy="nearest", within_m=1000)


# --- all together


def test_missing_stays_missing_unless_asked():
    values = np.ones((3, 4, 4))
    values[1, 2, 2] = NAN
    found = clean_rain(rain_of(values), max_rate_mm_h=100, speckle_cells=3, fill_gap_min=30)
    assert np.isnan(found.values[1, 2, 2])
    assert int(np.isnan(found).sum()) == 1


def test_clean_runs_its_steps_in_order_and_keeps_attributes():
    values = np.zeros((2, 9, 9))
    values[0, 4, 4] = 900  # a single false echo: a speck, not clutter
    values[1, 2:7, 2:7] = 5
    values[1, 4, 4] = 900  # the core of a shower: clutter
    rain = rain_of(values, minutes=[5, 15]).assign_attrs(source_format="odim")
    found = clean_rain(
        rain,
        max_rate_mm_h=200,
        speckle_cells=2,
        fill_gap_min=5,
        missing="nearest",
        missing_within_m=1500,
    )
    assert [entry["operation"] for entry in history(found)] == [
        "mark_speckle",
        "mark_clutter",
        "fill_gaps",
        "fill_missing_cells",
    ]
    assert found.attrs["source_format"] == "odim"
    assert found.values[0, 4, 4] == 0
    assert found.values[2, 4, 4] == 5
    assert not np.isnan(found).any()


def test_history_of_another_program_is_kept():
    rain = rain_of(np.zeros((1, 3, 3))).assign_attrs(history="Mon: ncks in.nc out.nc")
    entries = history(mark_clutter(rain, 100))
    assert entries[0] == {"operation": "other", "text": "Mon: ncks in.nc out.nc"}
    assert entries[1]["operation"] == "mark_clutter"
