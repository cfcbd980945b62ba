import numpy as np
import pytest

from inundate.core.errors import DataError, GridError
from inundate.core.grid import Grid
from inundate.hydro.forcing import Forcing
from inundate.hydro.settings import SimulateSettings

START = np.datetime64("2021-07-12T14:00:00", "ns")


def forcing(rain, grid, **settings):
    return Forcing(rain, grid, np.ones(grid.shape, bool), SimulateSettings(**settings))


def ends(*minutes):
    return START + np.array(minutes) * np.timedelta64(60, "s")


def test_steps_then_run_on(storm, grid):
    found = list(forcing(storm, grid, run_on_min=15).steps())
    assert [seconds for seconds, _ in found] == [300.0] * 6 + [900.0]
    np.testing.assert_allclose(found[0][1], 40.0)
    assert found[-1][1].max() == 0


def test_no_run_on(storm, grid):
    found = forcing(storm, grid, run_on_min=0)
    assert found.total_s == found.rain_s == 1800
    assert len(list(found.steps())) == 6


def test_coarse_rain_keeps_its_volume_and_place(make_storm, grid):
    coarse = Grid("EPSG:27700", 399950, 500040, 100, 100, 5, 3)
    values = np.zeros((1, 3, 5))
    values[0, 1, 2] = 60.0  # covers x 400150 to 400250, y 499840 to 499940
    (_, rate), *_ = forcing(make_storm(coarse, values), grid).steps()
    inside = (grid.x > 400150) & (grid.x < 400250)
    rows = (grid.y > 499840) & (grid.y < 499940)
    expected = np.where(rows[:, None] & inside[None, :], 60.0, 0.0)
    np.testing.assert_allclose(rate, expected, atol=1e-4)


def test_one_step_at_a_time(make_storm, grid):
    read = []
    found = forcing(make_storm(grid), grid)
    inner = found._regrid
    found._regrid = lambda frame: (read.append(1), inner(frame))[1]
    steps = found.steps()
    next(steps)
    assert len(read) == 1


def test_rain_that_does_not_cover_the_terrain(make_storm, grid):
    half = Grid("EPSG:27700", 400000, 500000, 10, 10, 15, 20)
    with pytest.raises(GridError) as caught:
        forcing(make_storm(half), grid)
    assert str(caught.value) == (
        "rain covers 50.00% of terrain, expected all of it\n"
        "  rain     EPSG:27700, 10 m, 20 x 15, top-left (400000, 500000)\n"
        "  terrain  EPSG:27700, 10 m, 20 x 30, top-left (400000, 500000)"
    )
    assert "--move-to" in caught.value.hint


def test_rain_of_another_crs_elsewhere(make_storm, grid):
    far = Grid("EPSG:21781", 600000, 200000, 1000, 1000, 10, 10)
    with pytest.raises(GridError, match=r"covers 0\.00% of terrain"):
        forcing(make_storm(far), grid)


def test_wrong_units(storm, grid):
    with pytest.raises(DataError) as caught:
        forcing(storm.assign_attrs(units="mm"), grid)
    assert str(caught.value) == "simulating: rain_rate has units 'mm', expected 'mm h-1'"


def test_missing_units(storm, grid):
    del storm.attrs["units"]
    with pytest.raises(DataError) as caught:
        forcing(storm, grid)
    assert str(caught.value) == "simulating: rain_rate has units None, expected 'mm h-1'"


def test_gap_in_time_is_refused(make_storm, grid):
    rain = make_storm(grid, steps=3, ends=ends(5, 10, 40))
    with pytest.raises(DataError) as caught:
        forcing(rain, grid)
    assert str(caught.value) == (
        "checking rain against terrain: 25 min without rain data from 2021-07-12T14:10:00Z to "
        "2021-07-12T14:35:00Z, expected one step after the other"
    )


def test_gap_in_time_taken_as_dry_is_counted(make_storm, grid):
    rain = make_storm(grid, steps=3, ends=ends(5, 10, 40))
    found = forcing(rain, grid, missing_rain="dry", run_on_min=0)
    steps = list(found.steps())
    assert [seconds for seconds, _ in steps] == [300.0, 300.0, 1500.0, 300.0]
    assert [float(rate.max()) for _, rate in steps] == [40.0, 40.0, 0.0, 40.0]
    assert found.total_s == 2400
    assert found.assumed_dry == {"cells": 0, "seconds": 1500.0}


def missing(make_storm, grid):
    values = np.full((3, *grid.shape), 40.0)
    values[1, 4:6, 7] = np.nan
    return make_storm(grid, values)


def test_missing_cells_are_refused_with_time_and_place(make_storm, grid):
    with pytest.raises(DataError) as caught:
        list(forcing(missing(make_storm, grid), grid).steps())
    assert str(caught.value) == (
        "simulating: rain is missing in 2 of 600 cells with ground at 2021-07-12T14:10:00Z, "
        "the first at row 4, column 7 (x 400075, y 499955)"
    )
    assert 'missing_rain="dry"' in caught.value.hint


def test_missing_cells_taken_as_dry_are_counted(make_storm, grid):
    found = forcing(missing(make_storm, grid), grid, missing_rain="dry")
    rates = [rate for _, rate in found.steps()]
    assert rates[1][4, 7] == 0
    assert rates[1][4, 8] == 40
    assert found.assumed_dry == {"cells": 2, "seconds": 0.0}


def test_negative_rain_is_refused(make_storm, grid):
    values = np.full((2, *grid.shape), 40.0)
    values[1, 0, 3] = -9999.0
    with pytest.raises(DataError) as caught:
        list(forcing(make_storm(grid, values), grid).steps())
    assert str(caught.value) == (
        "simulating: rain of -9999 mm h-1 at 2021-07-12T14:10:00Z at row 0, column 3 "
        "(x 400035, y 499995), expected 0 or more"
    )


def test_a_step_read_twice_is_counted_once(make_storm, grid):
    values = np.full((3, *grid.shape), 40.0)
    values[1, 3, 3:5] = np.nan
    rain = make_storm(grid, values)
    first = forcing(rain, grid, missing_rain="dry")
    reading = first.steps()
    next(reading), next(reading)  # stopped within the second step
    assert first.assumed_dry["cells"] == 2
    again = forcing(rain, grid, missing_rain="dry")
    again.assumed_dry.update(first.assumed_dry)
    again.counted = first.counted
    list(again.steps(since_s=400.0))
    assert again.assumed_dry["cells"] == 2
