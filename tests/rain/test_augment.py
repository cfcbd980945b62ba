"""Shift, rotate, flip, scale: exact where they can be, recorded always."""

import numpy as np
import pytest

from inundate.core.errors import ConfigError, GridError
from inundate.core.grid import Grid, grid_of
from inundate.rain.array import history, make_rain
from inundate.rain.augment import augment_rain, flip_rain, rotate_rain, scale_rain, shift_rain

NAN = np.nan
END = np.array(["2020-06-01T00:05"], "datetime64[ns]")


def rain_of(values, crs="EPSG:27700", cell=1000.0):
    values = np.asarray(values, dtype=np.float32)
    values = values.reshape(-1, *values.shape[-2:])
    grid = Grid(crs, 400000, 300000, cell, cell, values.shape[2], values.shape[1])
    ends = END[0] + np.arange(len(values)) * np.timedelta64(300, "s")
    return make_rain(values, ends, grid, step_s=300)


SMALL = [[1, 2, 3], [4, 5, 6]]
SQUARE = [[1, 2, 3], [4, NAN, 6], [7, 8, 9]]


def test_scale_is_recorded_and_adds_up():
    found = scale_rain(scale_rain(rain_of(SQUARE), 2), 1.5)
    np.testing.assert_allclose(found.values[0], np.array(SQUARE) * 3)
    assert found.attrs["scaled_by"] == 3
    assert [entry["factor"] for entry in history(found)] == [2, 1.5]
    with pytest.raises(ConfigError, match="factor is 0, expected above 0"):
        scale_rain(rain_of(SMALL), 0)


def test_flip_by_hand():
    rain = rain_of(SMALL)
    np.testing.assert_array_equal(flip_rain(rain, "x").values[0], [[3, 2, 1], [6, 5, 4]])
    np.testing.assert_array_equal(flip_rain(rain, "y").values[0], [[4, 5, 6], [1, 2, 3]])
    assert grid_of(flip_rain(rain, "x")) == grid_of(rain)
    twice = flip_rain(flip_rain(rain, "y"), "y")
    np.testing.assert_array_equal(twice.values, rain.values)
    with pytest.raises(ConfigError, match="axis is 'z', expected 'x' or 'y'"):
        flip_rain(rain, "z")


def test_shift_by_whole_cells_is_exact():
    found = shift_rain(rain_of(SMALL), dx_m=1000, dy_m=-1000)
    np.testing.assert_array_equal(found.values[0], [[NAN, NAN, NAN], [NAN, 1, 2]])
    assert grid_of(found) == grid_of(rain_of(SMALL))
    assert history(found)[-1]["by_m"] == [1000, -1000]
    assert history(found)[-1]["volume_ratio"] == pytest.approx(3 / 21)


def test_shift_by_part_of_a_cell_shares_by_area():
    found = shift_rain(rain_of(SMALL), dx_m=250)
    np.testing.assert_allclose(found.values[0], [[NAN, 1.75, 2.75], [NAN, 4.75, 5.75]])


def test_shift_off_the_grid_is_refused():
    with pytest.raises(ConfigError) as caught:
        shift_rain(rain_of(SMALL), dx_m=3000)
    assert str(caught.value) == (
        "shifting rain: by (3000, 0) m, expected less than the grid of 3000 x 2000 m"
    )


@pytest.mark.parametrize("turns", [-1, 0, 1, 2, 3, 4])
def test_quarter_turns_are_exact(turns):
    found = rotate_rain(rain_of(SQUARE), 90 * turns)
    np.testing.assert_array_equal(found.values[0], np.rot90(np.float32(SQUARE), turns))
    assert history(found)[-1]["volume_ratio"] == pytest.approx(1)


def test_positive_angle_is_anticlockwise_on_the_map():
    values = np.zeros((5, 5))
    values[2, 4] = 7  # east of the middle
    found = rotate_rain(rain_of(values), 90).values[0]
    assert found[0, 2] == 7  # now in the north


def test_any_angle_by_hand():
    """Turning by 45 degrees takes the value 2·sqrt(2)/2 cells along a ramp, linear so exact."""
    values = np.broadcast_to(np.arange(9.0), (9, 9))
    found = rotate_rain(rain_of(values), 45).values[0]
    # the cell one step north-east of the middle comes from sqrt(2) cells straight east
    assert found[3, 5] == pytest.approx(4 + np.sqrt(2), rel=1e-6)
    assert found[4, 4] == pytest.approx(4)
    assert np.isnan(found[0, 0])  # its corner comes from outside


def test_turn_there_and_back_keeps_the_volume_of_a_smooth_storm():
    y, x = np.mgrid[:41, :41] - 20
    rain = rain_of(50 * np.exp(-(x**2 + y**2 / 3) / 40.0))
    there = rotate_rain(rain, 33)
    assert history(there)[-1]["volume_ratio"] == pytest.approx(1, abs=0.005)
    back = rotate_rain(there, -33)
    inner = (slice(8, 33), slice(8, 33))
    np.testing.assert_allclose(back.values[0][inner], rain.values[0][inner], atol=1.0)


def test_missing_spreads_to_what_it_weighs_on_and_no_further():
    values = np.ones((9, 9))
    values[4, 6] = NAN
    found = rotate_rain(rain_of(values), 20).values[0]
    inner = found[2:7, 2:7]
    assert 1 <= np.isnan(inner).sum() <= 4
    assert (inner[~np.isnan(inner)] == pytest.approx(1)) is True


def test_rotate_about_another_point():
    values = np.zeros((4, 4))
    values[0, 0] = 5
    # about the corner that the four western-most northern cells share at (401000, 299000)
    found = rotate_rain(rain_of(values), -90, centre=(401000, 299000)).values[0]
    assert found[0, 1] == 5


def test_rotate_needs_metres_and_an_angle():
    with pytest.raises(GridError, match="expected coordinates in metres"):
        rotate_rain(rain_of(SMALL, crs="EPSG:4326", cell=0.1), 10)
    with pytest.raises(ConfigError, match="angle_deg is nan, expected degrees"):
        rotate_rain(rain_of(SMALL), NAN)


def test_attributes_stay_and_the_input_is_not_changed():
    rain = rain_of(np.ones((5, 5))).assign_attrs(source_format="mch", filled_steps="[]")
    before = rain.copy(deep=True)
    found = augment_rain(
        rain, scale=2, flip="x", rotate_deg=90, shift_m=(0, 0), move_to=(0, 0), crs="EPSG:3035"
    )
    assert rain.identical(before)
    assert found.attrs["source_format"] == "mch"
    assert [entry["operation"] for entry in history(found)] == [
        "scale_rain",
        "flip_rain",
        "rotate_rain",
        "shift_rain",
        "move_rain",
    ]
    assert grid_of(found).bounds == (-2500, -2500, 2500, 2500)
    assert found.attrs["units"] == "mm h-1"


def test_nothing_to_do_is_an_error():
    with pytest.raises(ConfigError) as caught:
        augment_rain(rain_of(SMALL))
    assert str(caught.value) == (
        "augmenting rain: found nothing to do, expected at least one of scale, flip, rotate_deg, "
        "shift_m, move_to"
    )
    with pytest.raises(ConfigError, match="crs = 'EPSG:3035' without move_to"):
        augment_rain(rain_of(SMALL), scale=2, crs="EPSG:3035")
