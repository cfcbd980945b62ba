"""Crop, regrid, cover, move: a marked cell stays where it is, volume stays what it is."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyproj import Transformer

from inundate.core.errors import ConfigError, DataError, GridError
from inundate.core.grid import Grid, grid_of
from inundate.rain.array import history, make_rain
from inundate.rain.project import project_lattice, project_points
from inundate.rain.regrid import Regridder
from inundate.rain.regrid import _sampled as sampled_weights
from inundate.rain.resample import cover_check, crop_rain, iter_regridded, move_rain, regrid_rain

NAN = np.nan
BNG = "EPSG:27700"


def times(count, step=5):
    return np.datetime64("2020-06-01T00:00", "ns") + np.arange(1, count + 1) * np.timedelta64(
        60 * step, "s"
    )


def rain_of(values, left=400000, top=300000, cell=1000.0, crs=BNG):
    values = np.asarray(values, dtype=np.float32)
    values = values.reshape(-1, *values.shape[-2:])
    grid = Grid(crs, left, top, cell, cell, values.shape[2], values.shape[1])
    return make_rain(values, times(len(values)), grid, step_s=300)


def ramp(height, width, steps=1):
    return np.arange(steps * height * width, dtype=float).reshape(steps, height, width)


# --- crop


def test_crop_keeps_every_cell_the_box_touches():
    rain = rain_of(ramp(4, 5))
    found = crop_rain(rain, (401500, 297500, 403000, 299000))
    # x: cells 1 (401-402) and 2 (402-403); 403000 is an edge, not a touch. y: rows 1 and 2
    np.testing.assert_array_equal(found.values[0], [[6, 7], [11, 12]])
    assert grid_of(found).bounds == (401000, 297000, 403000, 299000)
    entry = history(found)[-1]
    assert entry["box"] == [401500, 297500, 403000, 299000]
    assert entry["box_covered"] == 1


def test_box_smaller_than_a_cell_gives_that_cell():
    found = crop_rain(rain_of(ramp(4, 5)), (402400, 298400, 402600, 298600))
    np.testing.assert_array_equal(found.values[0], [[7]])
    assert grid_of(found).bounds == (402000, 298000, 403000, 299000)


def test_box_in_degrees_holds_its_curved_edges():
    rain = rain_of(ramp(60, 60), left=400000, top=300000)
    box = (-1.8, 52.3, -1.4, 52.5)
    found = crop_rain(rain, box, crs="EPSG:4326")
    to_bng = Transformer.from_crs("EPSG:4326", BNG, always_xy=True)
    lon, lat = np.meshgrid(np.linspace(*box[::2], 101), np.linspace(*box[1::2], 101))
    x, y = to_bng.transform(lon, lat)
    left, bottom, right, top = grid_of(found).bounds
    assert left <= x.min() < left + 1000
    assert right - 1000 < x.max() <= right
    assert bottom <= y.min() < bottom + 1000
    assert top - 1000 < y.max() <= top


def test_partial_box_is_refused_unless_allowed():
    rain = rain_of(ramp(4, 5))
    with pytest.raises(GridError) as caught:
        crop_rain(rain, (399000, 298000, 401000, 300000))
    assert str(caught.value) == (
        "cropping rain: 50.0% of the box lies on the rain, expected all of it\n"
        "  box   (399000, 298000, 401000, 300000) in the CRS of the rain\n"
        "  rain  (400000, 296000, 405000, 300000), EPSG:27700, 1000 m, 4 x 5, "
        "top-left (400000, 300000)"
    )
    found = crop_rain(rain, (399000, 298000, 401000, 300000), allow_partial=True)
    np.testing.assert_array_equal(found.values[0], [[0], [5]])
    assert history(found)[-1]["box_covered"] == 0.5


def test_box_outside_is_refused_even_when_partial_is_allowed():
    with pytest.raises(GridError, match=r"0\.0% of the box lies on the rain"):
        crop_rain(rain_of(ramp(4, 5)), (0, 0, 1000, 1000), allow_partial=True)


def test_box_turned_round_is_refused():
    with pytest.raises(GridError, match="empty or turned round"):
        crop_rain(rain_of(ramp(4, 5)), (403000, 297500, 401500, 299000))


# --- regrid in the same CRS


def test_area_weights_by_hand():
    rain = rain_of([[1, 2], [3, 4]])
    # one 1 km cell, 250 m east and 750 m south of the corner of the four
    target = Grid(BNG, 400250, 299250, 1000, 1000, 1, 1)
    found = regrid_rain(rain, target)
    by_hand = (0.75 * 1 + 0.25 * 2) * 0.25 + (0.75 * 3 + 0.25 * 4) * 0.75
    assert found.values[0, 0, 0] == pytest.approx(by_hand)
    assert grid_of(found) == target
    assert abs(history(found)[-1]["volume_change"]) < 1e-6


def test_fine_target_repeats_and_coarse_target_averages():
    rain = rain_of(ramp(2, 2))
    fine = regrid_rain(rain, Grid(BNG, 400000, 300000, 250, 250, 8, 8))
    np.testing.assert_array_equal(fine.values[0], np.kron(ramp(2, 2)[0], np.ones((4, 4))))
    coarse = regrid_rain(rain, Grid(BNG, 400000, 300000, 2000, 2000, 1, 1))
    assert coarse.values[0, 0, 0] == pytest.approx(1.5)


def test_one_missing_cell_spoils_what_it_touches_unless_cover_is_eased():
    rain = rain_of([[1, NAN], [3, 4]])
    target = Grid(BNG, 400000, 300000, 2000, 2000, 1, 1)
    assert np.isnan(regrid_rain(rain, target).values).all()
    assert np.isnan(regrid_rain(rain, target, min_cover=0.8).values).all()
    eased = regrid_rain(rain, target, min_cover=0.75)
    assert eased.values[0, 0, 0] == pytest.approx(8 / 3)  # the mean of the three known cells


def test_target_cells_off_the_rain_are_missing():
    target = Grid(BNG, 399000, 300000, 1000, 1000, 2, 1)
    found = regrid_rain(rain_of(np.ones((2, 2))), target)
    np.testing.assert_array_equal(found.values[0], [[NAN, 1]])
    assert history(found)[-1]["target_covered"] == 0.5
    half = regrid_rain(rain_of(np.ones((2, 2))), Grid(BNG, 399500, 300000, 1000, 1000, 1, 1))
    assert np.isnan(half.values).all()


def test_cell_edges_that_agree_to_rounding_let_no_neighbour_in():
    values = np.ones((3, 3))
    values[0, 2] = NAN
    cell = 1000 / 3  # 400000 + 2 * cell + ... cannot be written exactly
    target = Grid(BNG, 400000, 300000, cell, cell, 6, 3)
    found = regrid_rain(rain_of(values), target)
    np.testing.assert_array_equal(np.isnan(found.values), np.zeros((1, 3, 6)))


@settings(max_examples=60, deadline=None)
@given(
    st.integers(1, 9), st.integers(1, 9), st.floats(0.3, 4), st.floats(0.3, 4),
    st.integers(0, 2**32 - 1),
)  # fmt: skip
def test_volume_is_kept_to_rounding(height, width, dx, dy, seed):
    rng = np.random.default_rng(seed)
    values = rng.gamma(0.4, 10, (1, 5, 6))
    rain = rain_of(values)
    left, top = 400000 + rng.uniform(-3000, 0), 300000 + rng.uniform(0, 3000)
    wide = (406000 - left) / width * max(1, dx)  # covers the rain whole
    high = (top - 295000) / height * max(1, dy)
    target = Grid(BNG, left, top, wide, high, width, height)
    found = regrid_rain(rain, target, min_cover=1e-9)
    share = Regridder(grid_of(rain), target)._weights.cover()  # the known part of each cell
    volume = float((found.values[0].astype(float) * share)[share > 0].sum()) * wide * high
    assert volume == pytest.approx(rain.values.astype(float).sum() * 1e6, rel=1e-6)


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 7), st.integers(1, 7), st.integers(0, 2**32 - 1))
def test_parts_regridded_apart_are_the_whole(rows, cols, seed):
    rng = np.random.default_rng(seed)
    rain = rain_of(np.where(rng.random((2, 9, 9)) < 0.05, NAN, rng.gamma(0.4, 10, (2, 9, 9))))
    target = Grid(BNG, 400321, 299321, 777, 801, 8, 8)
    whole = regrid_rain(rain, target).values
    for r in (slice(0, rows), slice(rows, 8)):
        for c in (slice(0, cols), slice(cols, 8)):
            part = regrid_rain(rain, target.window(r, c)).values
            np.testing.assert_allclose(part, whole[:, r, c], rtol=1e-6)


def test_no_overlap_is_an_error_that_shows_both():
    with pytest.raises(GridError) as caught:
        regrid_rain(rain_of(np.ones((2, 2))), Grid(BNG, 0, 50000, 50, 50, 10, 10))
    assert str(caught.value) == (
        "regridding rain: the rain does not reach the target grid\n"
        "  rain    EPSG:27700, 1000 m, 2 x 2, top-left (400000, 300000)\n"
        "  target  EPSG:27700, 50 m, 10 x 10, top-left (0, 50000)"
    )
    assert "inundate rain augment" in caught.value.hint


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ({"method": "bilinear"}, "method 'bilinear', expected 'conservative'"),
        ({"min_cover": 0}, "min_cover is 0, expected above 0 and at most 1"),
        ({"min_cover": 1.1}, "min_cover is 1.1, expected above 0 and at most 1"),
        ({"samples": 0}, "samples is 0, expected 1 to 64"),
    ],
)
def test_regrid_refuses_nonsense(arguments, text):
    with pytest.raises(ConfigError, match=text):
        regrid_rain(
            rain_of(np.ones((2, 2))), Grid(BNG, 400000, 300000, 500, 500, 2, 2), **arguments
        )


# --- regrid in another CRS

LAEA = "EPSG:3035"


def around(source, crs, cell, cells):
    """Square grid of another CRS about the middle of a grid."""
    middle = (
        np.array([(source.left + source.right) / 2]),
        np.array([(source.bottom + source.top) / 2]),
    )
    x, y = project_points(*middle, source.crs, crs)
    return Grid(crs, x[0] - cell * cells / 2, y[0] + cell * cells / 2, cell, cell, cells, cells)


def test_other_crs_puts_each_cell_where_its_centre_is():
    rain = rain_of(ramp(40, 40))
    source = grid_of(rain)
    target = around(source, LAEA, 50, 60)
    found = regrid_rain(rain, target).values[0]
    x, y = np.meshgrid(target.x, target.y)
    x, y = project_points(x, y, LAEA, BNG)
    col = np.floor((x - source.left) / 1000).astype(int)
    row = np.floor((source.top - y) / 1000).astype(int)
    inner = (np.abs((x / 1000) % 1 - 0.5) < 0.4) & (np.abs((y / 1000) % 1 - 0.5) < 0.4)
    assert inner.mean() > 0.5
    np.testing.assert_array_equal(found[inner], rain.values[0][row, col][inner])


def test_other_crs_keeps_the_volume_within_its_stated_accuracy():
    rng = np.random.default_rng(3)
    values = rng.gamma(0.3, 20, (1, 40, 40))
    values[0, :12], values[0, -12:], values[0, :, :12], values[0, :, -12:] = 0, 0, 0, 0
    rain = rain_of(values)
    found = regrid_rain(rain, around(grid_of(rain), LAEA, 700, 40))
    entry = history(found)[-1]
    assert entry["samples"] == 7  # 8 a source cell, of 0.7 (and a turn) of its size
    assert entry["place_error"] == pytest.approx(0.05, abs=0.02)
    assert abs(entry["sampling_change"]) < 0.01
    # an equal-area map and the national grid (scale 0.9996) differ by under 0.2 % in area
    volume = float(found.values.astype(float).sum()) * 700**2
    assert volume == pytest.approx(values.sum() * 1e6, rel=0.005)


def test_more_samples_come_nearer_to_the_exact_weights():
    """Sampling a pair of grids that share a CRS must approach their exact weights."""
    rng = np.random.default_rng(1)
    rain = rain_of(rng.gamma(0.3, 20, (1, 12, 12)))
    target = Grid(BNG, 401130, 298870, 637, 811, 13, 10)
    exact = regrid_rain(rain, target).values[0]
    errors = []
    for samples in (1, 4, 16):
        values, known = sampled_weights(grid_of(rain), target, samples).sums(rain.values[0])
        assert known is None  # every cell lies on the rain
        errors.append(float(np.abs(values - exact).mean()))
    assert errors[0] > 3 * errors[1] > 9 * errors[2]


def test_one_sample_is_the_cell_under_the_centre():
    rain = rain_of([[1, 2], [3, 4]])
    target = Grid(BNG, 400600, 299400, 1000, 1000, 1, 1)  # its centre is in the last cell
    values, _ = sampled_weights(grid_of(rain), target, 1).sums(rain.values[0])
    assert values[0, 0] == 4


def test_missing_and_outside_are_missing_in_another_crs_too():
    values = np.ones((1, 40, 40))
    values[0, 20, 20] = NAN
    rain = rain_of(values)
    found = regrid_rain(rain, around(grid_of(rain), LAEA, 1000, 60))
    missing = np.isnan(found.values[0])
    assert missing[0, 0]
    assert missing[30, 30] or missing[29, 29]
    assert set(np.unique(found.values[0][~missing])) == {1.0}
    assert history(found)[-1]["target_covered"] == pytest.approx(1600 / 3600, abs=0.02)


def test_interpolated_projection_is_within_its_tolerance():
    grid = Grid(BNG, 250000, 110000, 50, 50, 1000, 1000)
    at = np.arange(1000) + 0.5
    x, y = project_lattice(grid, LAEA, at, at, tolerance=1.0)
    exact_x, exact_y = project_points(*np.meshgrid(grid.x, grid.y), BNG, LAEA)
    assert np.abs(x - exact_x).max() < 1.0
    assert np.abs(y - exact_y).max() < 1.0
    assert np.abs(x - exact_x).max() > 0  # it did interpolate


def test_points_with_no_place_in_the_other_crs_are_missing():
    rain = rain_of(np.ones((2, 2)), left=300000, top=700000, cell=200000)
    world = Grid("EPSG:4326", -180, 90, 60, 60, 6, 3)
    lon, lat = np.meshgrid(np.arange(-180, 181, 10.0), np.arange(-90, 91, 10.0))
    assert np.isinf(project_points(lon, lat, world.crs, BNG)[0]).any()
    found = regrid_rain(rain, world, min_cover=1e-6)
    np.testing.assert_array_equal(np.argwhere(~np.isnan(found.values)), [[0, 0, 2], [0, 0, 3]])


def test_lattice_of_one_row_is_projected_too():
    grid = Grid(BNG, 250000, 110000, 50, 50, 1000, 1000)
    row, col = np.array([3.5]), np.arange(1000) + 0.5
    x, y = project_lattice(grid, LAEA, row, col, tolerance=1.0)
    exact = project_points(grid.x, np.full(1000, grid.y[3]), BNG, LAEA)
    assert x.shape == (1, 1000)
    assert np.abs(x[0] - exact[0]).max() < 1.0
    assert np.abs(y[0] - exact[1]).max() < 1.0


# --- streaming and cover


def test_streamed_frames_are_the_whole():
    rain = rain_of(ramp(5, 5, steps=3))
    target = Grid(BNG, 401000, 299000, 300, 300, 9, 9)
    whole = regrid_rain(rain, target)
    steps = list(iter_regridded(rain, target))
    assert len(steps) == 3
    for index, (start, end, frame) in enumerate(steps):
        np.testing.assert_array_equal(frame, whole.values[index])
        assert end == rain.time.values[index]
        assert end - start == np.timedelta64(300, "s")
        assert frame.dtype == np.float32


def test_streaming_reads_one_step_at_a_time():
    rain = rain_of(ramp(5, 5, steps=3))
    taken = iter_regridded(rain, Grid(BNG, 401000, 299000, 300, 300, 9, 9))
    next(taken)
    rain[1] = 7.0
    assert (next(taken)[2] == 7).all()


def test_streaming_checks_at_once():
    with pytest.raises(GridError):
        iter_regridded(rain_of(np.ones((2, 2))), Grid(BNG, 0, 50000, 50, 50, 10, 10))


def test_terrain_off_the_rain_is_refused_with_its_share():
    rain = rain_of(np.ones((4, 4)))
    terrain = Grid(BNG, 403000, 300000, 50, 50, 40, 40)  # 2 km wide, 1 km of it on the rain
    with pytest.raises(GridError) as caught:
        cover_check(rain, terrain, rain_name="storm.nc", terrain_name="dem.tif")
    assert str(caught.value) == (
        "storm.nc covers 50.00% of dem.tif, expected all of it\n"
        "  storm.nc  EPSG:27700, 1000 m, 4 x 4, top-left (400000, 300000)\n"
        "  dem.tif   EPSG:27700, 50 m, 40 x 40, top-left (403000, 300000)"
    )
    assert caught.value.hint.startswith(
        "move the storm there: inundate rain augment RAIN --move-to"
    )


def test_terrain_in_another_crs_is_checked_too():
    rain = rain_of(np.ones((40, 40)))
    cover_check(rain, around(grid_of(rain), LAEA, 500, 40))
    with pytest.raises(GridError, match=r"rain covers \d\d\.\d\d% of terrain"):
        cover_check(rain, around(grid_of(rain), LAEA, 500, 90))


def test_same_edges_are_covered():
    rain = rain_of(np.ones((4, 4)))
    cover_check(rain, grid_of(rain))
    cover_check(rain, Grid(BNG, 400000, 300000, 1000 / 3, 1000 / 3, 12, 12))


def test_gap_between_steps_is_refused():
    rain = rain_of(np.ones((4, 2, 2))).isel(time=[0, 1, 3])
    with pytest.raises(DataError) as caught:
        cover_check(rain, grid_of(rain))
    assert str(caught.value) == (
        "checking rain against terrain: 5 min without rain data from 2020-06-01T00:10:00Z to "
        "2020-06-01T00:15:00Z, expected one step after the other"
    )
    cover_check(rain, grid_of(rain), gaps=False)


def test_period_is_checked():
    rain = rain_of(np.ones((4, 2, 2)))
    start, end = np.datetime64("2020-06-01T00:00"), np.datetime64("2020-06-01T00:20")
    cover_check(rain, grid_of(rain), start=start, end=end)
    with pytest.raises(DataError) as caught:
        cover_check(rain, grid_of(rain), start=start, end=end + np.timedelta64(1, "m"))
    assert str(caught.value) == (
        "checking rain against terrain: found rain from 2020-06-01T00:00:00Z to "
        "2020-06-01T00:20:00Z, expected it from 2020-06-01T00:00:00Z to 2020-06-01T00:21:00Z"
    )


# --- a marked cell


def test_marked_cell_stays_at_its_coordinate_through_crop_and_regrid():
    values = np.zeros((50, 50))
    values[17, 31] = 60
    rain = rain_of(values)
    centre = (float(rain.x[31]), float(rain.y[17]))
    cropped = crop_rain(rain, (425000, 275000, 440000, 290000))
    found = regrid_rain(cropped, Grid(BNG, 428010, 285990, 20, 20, 400, 350))
    wet = np.argwhere(found.values[0] == 60)
    x, y = found.x.values[wet[:, 1]], found.y.values[wet[:, 0]]
    assert x.mean() == pytest.approx(centre[0], abs=10)
    assert y.mean() == pytest.approx(centre[1], abs=10)
    assert found.values.astype(float).sum() * 400 == pytest.approx(60 * 1e6, rel=1e-6)


# --- move


def test_move_by_a_distance_keeps_values_and_records_it():
    rain = rain_of(ramp(3, 4))
    found = move_rain(rain, dx_m=1500.5, dy_m=-200)
    np.testing.assert_array_equal(found.values, rain.values)
    assert grid_of(found).bounds == (401500.5, 296800, 405500.5, 299800)
    assert json.loads(found.attrs["moved_by_m"]) == [1500.5, -200]
    assert json.loads(found.attrs["moved_from"]) == {
        "crs": BNG,
        "bounds": [400000, 297000, 404000, 300000],
    }
    assert "moved_by_m" not in rain.attrs


def test_two_moves_add_up_and_keep_the_first_place():
    rain = rain_of(ramp(3, 4))
    found = move_rain(move_rain(rain, dx_m=1000), dy_m=500, dx_m=-200)
    assert json.loads(found.attrs["moved_by_m"]) == [800, 500]
    assert json.loads(found.attrs["moved_from"])["bounds"][0] == 400000
    back = move_rain(found, dx_m=-800, dy_m=-500)
    assert grid_of(back) == grid_of(rain)


def test_move_to_another_crs_puts_the_middle_there():
    rain = rain_of(ramp(4, 4), left=600000, top=200000, crs="EPSG:21781")  # Swiss LV03
    found = move_rain(rain, to=(275000, 85000), crs=BNG)
    place = grid_of(found)
    assert place.crs == BNG
    assert place.bounds == (273000, 83000, 277000, 87000)
    np.testing.assert_array_equal(found.values, rain.values)
    entry = history(found)[-1]
    assert (entry["from_crs"], entry["to_crs"]) == ("EPSG:21781", BNG)
    assert json.loads(found.attrs["moved_by_m"]) == [275000 - 602000, 85000 - 198000]


def test_move_by_the_centre_of_the_rain():
    values = np.zeros((5, 5))
    values[1, 3], values[1, 4] = 30, 10  # centre of mass at x 403750, y 298500
    found = move_rain(rain_of(values), to=(0, 0), anchor="rain")
    assert grid_of(found).left == pytest.approx(400000 - 403750)
    assert grid_of(found).top == pytest.approx(300000 - 298500)
    with pytest.raises(DataError, match="found no rain at all"):
        move_rain(rain_of(np.zeros((2, 2))), to=(0, 0), anchor="rain")


def test_moving_does_not_read_the_values():
    class Untouchable:
        shape, dtype, ndim = (1, 2, 2), np.dtype("float32"), 3

        def __array_function__(self, *args, **kwargs):
            raise AssertionError("values were read")

        def __array_ufunc__(self, *args, **kwargs):
            raise AssertionError("values were read")

    rain = rain_of(np.ones((2, 2)))
    lazy = rain.copy(data=Untouchable())
    assert grid_of(move_rain(lazy, dx_m=100)).left == 400100


@pytest.mark.parametrize(
    "arguments",
    [{}, {"dx_m": 1.0, "to": (0, 0)}, {"dx_m": 1.0, "crs": BNG}],
)
def test_move_needs_a_distance_or_a_destination(arguments):
    with pytest.raises(ConfigError, match="either a distance, or a destination"):
        move_rain(rain_of(np.ones((2, 2))), **arguments)


def test_move_needs_metres_at_both_ends():
    with pytest.raises(
        GridError, match="the destination is in EPSG:4326, expected a CRS in metres"
    ):
        move_rain(rain_of(np.ones((2, 2))), to=(0, 50), crs="EPSG:4326")
    degrees = rain_of(np.ones((2, 2)), left=0, top=50, cell=0.01, crs="EPSG:4326")
    with pytest.raises(GridError, match="expected coordinates in metres"):
        move_rain(degrees, dx_m=1000)
    with pytest.raises(ConfigError, match="expected finite numbers"):
        move_rain(rain_of(np.ones((2, 2))), dx_m=np.inf)


# --- real radar


def test_swiss_storm_moved_over_england_keeps_every_value(shared_data):
    from inundate.rain.open import open_rain

    rain = open_rain(shared_data / "radar" / "meteoswiss-ch" / "20160711").isel(time=slice(18, 22))
    moved = move_rain(rain, to=(275000, 85000), crs=BNG, anchor="rain")
    np.testing.assert_array_equal(moved.values, rain.values)
    cropped = crop_rain(moved, (250000, 60000, 300000, 110000))
    terrain = Grid(BNG, 250000, 110000, 50, 50, 1000, 1000)
    found = regrid_rain(cropped, terrain)
    assert abs(history(found)[-1]["volume_change"]) < 1e-6
    assert float(found.max()) == pytest.approx(float(cropped.max()), rel=1e-6)
    # the wettest cell lies where the storm's own coordinates and the recorded offset say
    step, row, col = np.unravel_index(np.nanargmax(cropped.values), cropped.shape)
    east, north = json.loads(found.attrs["moved_by_m"])
    x, y = float(cropped.x[col]), float(cropped.y[row])
    own = rain.sel(x=x - east, y=y - north, method="nearest").values[step]
    there = found.sel(x=x, y=y, method="nearest").values[step]
    assert there == pytest.approx(float(own), rel=1e-6)


@pytest.mark.parametrize("size", [7.0, 10.0, 33.0, 250.0])  # 1 or 2 source rows a cell, or many
def test_short_ways_of_the_sums_are_the_plain_product(size):
    source = Grid("EPSG:27700", 0, 1000, 100, 100, 10, 10)
    count = int(900 // size)
    target = Grid("EPSG:27700", 50, 950, size, size, count, count)
    regridder = Regridder(source, target)
    weights = regridder._weights
    frame = np.random.default_rng(6).uniform(0, 9, (10, 10)).astype(np.float32)
    frame[3, 4] = np.nan
    for values in (frame, np.where(np.isnan(frame), 0, frame), np.zeros_like(frame)):
        window = values[weights.rows, weights.cols].astype(np.float64)
        plain = weights.along_y @ np.nan_to_num(window) @ weights.along_x.T
        np.testing.assert_allclose(weights.sums(values)[0], plain, rtol=1e-13, atol=1e-13)
    assert np.isnan(regridder(frame)).any()
    assert (regridder(np.zeros_like(frame)) == 0).all()
