"""The grid: place, orientation, cropping, sameness, boxes in another CRS."""

import numpy as np
import pytest
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st

from inundate.core.errors import GridError
from inundate.core.grid import (
    Grid,
    attach_grid,
    check_metric_square,
    check_same_grid,
    grid_of,
    normalise_crs,
    transform_bounds,
)

BNG = "EPSG:27700"
POLAR = "+proj=stere +lat_0=90 +lat_ts=60 +lon_0=0 +x_0=0 +y_0=0 +a=6378137 +b=6356752 +units=m"


def grid(**changes):
    options = {"crs": BNG, "left": 400000, "top": 410000, "dx": 50, "dy": 50}
    return Grid(**{**options, "width": 6, "height": 4, **changes})


def raster(found=None, dims=("y", "x"), **options):
    found = found or grid()
    sizes = {"y": found.height, "x": found.width, "time": 2}
    data = np.arange(np.prod([sizes[d] for d in dims]), dtype=np.float32)
    array = xr.DataArray(data.reshape([sizes[d] for d in dims]), dims=dims, **options)
    return attach_grid(array, found)


@pytest.mark.parametrize("text", ["epsg:27700", "EPSG:27700", " EPSG:27700"])
def test_crs_is_stored_in_one_spelling(text):
    assert normalise_crs(text) == BNG
    assert grid(crs=text) == grid()


def test_crs_without_a_code_is_stored_as_wkt():
    assert normalise_crs(POLAR).startswith("PROJCRS[")
    assert normalise_crs(normalise_crs(POLAR)) == normalise_crs(POLAR)


@pytest.mark.parametrize("text", ["", "  "])
def test_no_crs_is_an_error(text):
    with pytest.raises(GridError, match="^a raster has no coordinate reference system$") as caught:
        grid(crs=text)
    assert "--crs EPSG:27700" in caught.value.hint


def test_unknown_crs_is_an_error():
    with pytest.raises(GridError, match="^'EPSG:99999999' is not a coordinate reference system$"):
        normalise_crs("EPSG:99999999")


@pytest.mark.parametrize(
    "changes", [{"dx": 0}, {"dy": -50}, {"dx": np.nan}, {"left": np.inf}, {"top": np.nan}]
)
def test_cells_are_finite_and_positive(changes):
    with pytest.raises(GridError, match="expected finite and positive$"):
        grid(**changes)


@pytest.mark.parametrize("changes", [{"width": 0}, {"height": -1}])
def test_at_least_one_cell(changes):
    with pytest.raises(GridError, match="expected at least 1 x 1$"):
        grid(**changes)


def test_hand_worked_geometry():
    found = grid(dy=25)
    assert found.x.tolist() == [400025, 400075, 400125, 400175, 400225, 400275]
    assert found.y.tolist() == [409987.5, 409962.5, 409937.5, 409912.5]
    assert found.shape == (4, 6)
    assert found.bounds == (400000, 409900, 400300, 410000)
    assert found.transform == (50, 0, 400000, 0, -25, 410000)
    assert found.geotransform == (400000, 50, 0, 410000, 0, -25)
    assert not found.is_square
    assert found.is_metric
    assert 'ID["EPSG",27700]' in found.wkt


def test_degrees_are_not_metric():
    assert not grid(crs="EPSG:4326", left=-2, top=52, dx=0.01, dy=0.01).is_metric


def test_crop_keeps_cells_whose_centre_is_inside():
    found, (rows, cols) = grid().crop((400025, 409800, 400150, 409920))
    assert (rows, cols) == (slice(2, 4), slice(0, 3))
    assert found.bounds == (400000, 409800, 400150, 409900)


@pytest.mark.parametrize("box", [(0, 0, 1, 1), (400000, 409800, 400010, 410000)])
def test_crop_that_holds_no_cell(box):
    with pytest.raises(GridError, match="holds no cell of EPSG:27700, 50 m, 4 x 6") as caught:
        grid().crop(box)
    assert "left, bottom, right, top" in caught.value.hint


@given(st.integers(0, 3), st.integers(0, 5), st.integers(1, 4), st.integers(1, 6))
def test_a_window_keeps_the_coordinates(row, col, height, width):
    whole = grid(height=8, width=12)
    part = whole.window(slice(row, row + height), slice(col, col + width))
    np.testing.assert_allclose(part.x, whole.x[col : col + width])
    np.testing.assert_allclose(part.y, whole.y[row : row + height])


def test_coarsen_may_overhang():
    found = grid(width=6, height=5).coarsen(4)
    assert (found.dx, found.dy, found.shape) == (200, 200, (2, 2))
    assert (found.left, found.top) == (400000, 410000)
    assert found.bottom == 409600


@pytest.mark.parametrize(
    ("changes", "names"),
    [
        ({}, []),
        ({"left": 400000.00004}, []),
        ({"crs": "EPSG:32630"}, ["crs"]),
        ({"dx": 50.01}, ["cell size"]),
        ({"dy": 49}, ["cell size"]),
        ({"width": 7}, ["shape"]),
        ({"left": 400001}, ["position"]),
        ({"top": 410001}, ["position"]),
        ({"crs": "EPSG:32630", "dx": 51, "height": 1, "top": 0},
         ["crs", "cell size", "shape", "position"]),
    ],
)  # fmt: skip
def test_differences(changes, names):
    assert grid().differences(grid(**changes)) == names
    assert grid().same_as(grid(**changes)) == (names == [])


def test_same_as_within_a_share_of_a_cell():
    assert grid().same_as(grid(left=400001), tol=0.1)


def test_two_spellings_of_one_crs_are_the_same():
    wkt = grid(crs=POLAR)
    again = grid(crs=wkt.wkt.replace('"unknown"', '"a name"', 1))
    assert wkt.same_as(again)


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({}, "EPSG:27700, 50 m, 4 x 6, top-left (400000, 410000)"),
        ({"dy": 25}, "EPSG:27700, 50 x 25 m, 4 x 6, top-left (400000, 410000)"),
        ({"crs": "EPSG:4326", "left": -2, "top": 52, "dx": 0.5, "dy": 0.5},
         "EPSG:4326, 0.5 CRS units, 4 x 6, top-left (-2, 52)"),
        ({"crs": POLAR}, "unknown, 50 m, 4 x 6, top-left (400000, 410000)"),
    ],
)  # fmt: skip
def test_describe(changes, text):
    assert grid(**changes).describe() == text


@pytest.mark.parametrize("dims", [("y", "x"), ("time", "y", "x")])
@pytest.mark.parametrize("crs", [BNG, POLAR])
def test_an_array_gives_its_grid_back(dims, crs):
    found = grid(crs=crs, dy=25)
    array = raster(found, dims)
    assert grid_of(array) == found
    assert array.attrs["grid_mapping"] == "spatial_ref"
    assert array.x.attrs == {"standard_name": "projection_x_coordinate", "units": "m", "axis": "X"}


def test_a_data_set_gives_its_grid_back_and_only_rasters_are_mapped():
    ds = xr.Dataset({"depth": (("y", "x"), np.zeros((4, 6))), "total": ((), 1.0)})
    found = attach_grid(ds, grid())
    assert grid_of(found) == grid()
    assert "grid_mapping" in found.depth.attrs
    assert "grid_mapping" not in found.total.attrs


def test_geographic_axes_have_their_cf_names():
    found = raster(grid(crs="EPSG:4326", left=-2, top=52, dx=0.01, dy=0.01))
    assert found.y.attrs["standard_name"] == "latitude"
    assert found.x.attrs["units"] == "degrees_east"


def test_attach_refuses_another_shape():
    with pytest.raises(GridError, match="does not fit a grid of 4 x 6$"):
        attach_grid(xr.DataArray(np.zeros((6, 4)), dims=("y", "x")), grid())


@pytest.mark.parametrize("shape", [{"width": 1}, {"height": 1}, {"width": 1, "height": 1}])
def test_one_cell_takes_its_size_from_the_geotransform(shape):
    assert grid_of(raster(grid(**shape))) == grid(**shape)


def test_one_cell_without_geotransform():
    array = raster(grid(width=1))
    del array.spatial_ref.attrs["GeoTransform"]
    with pytest.raises(GridError, match="^one cell along 'x' and no GeoTransform: size unknown$"):
        grid_of(array)


@pytest.mark.parametrize("axis", ["x", "y"])
def test_no_coordinate(axis):
    with pytest.raises(GridError, match=f"^opening a.nc: the array has no coordinate '{axis}'$"):
        grid_of(raster().drop_vars(axis), where="opening a.nc")


def test_no_crs_in_the_array():
    with pytest.raises(GridError, match="^the raster has no coordinate reference system$"):
        grid_of(raster().drop_vars("spatial_ref"))
    bare = raster()
    bare.spatial_ref.attrs.clear()
    with pytest.raises(GridError, match="^the raster has no coordinate reference system$"):
        grid_of(bare)


@pytest.mark.parametrize(
    ("turned", "text"),
    [
        (lambda a: a[::-1], r"y ascends \(row 0 is south\)"),
        (lambda a: a[:, ::-1], r"x descends \(column 0 is east\)"),
    ],
)
def test_upside_down_is_refused(turned, text):
    with pytest.raises(GridError, match=f"^{text}, expected row 0 in the north") as caught:
        grid_of(turned(raster()))
    assert "sortby" in caught.value.hint


def test_uneven_spacing_is_refused():
    array = raster()
    x = array.x.values.copy()
    x[2] += 5
    with pytest.raises(GridError, match="^'x' is not evenly spaced: steps differ by up to"):
        grid_of(array.assign_coords(x=x))


def test_coordinates_that_do_not_move_are_refused():
    with pytest.raises(GridError, match="is not evenly spaced"):
        grid_of(raster().assign_coords(x=np.zeros(6)))


def test_coordinates_rounded_to_float32_are_accepted():
    array = raster(grid(left=400000.3, dx=1.1))
    found = grid_of(array.assign_coords(x=array.x.values.astype(np.float32)))
    assert found.dx == pytest.approx(1.1, abs=0.02)


def test_check_same_grid_gives_the_grid():
    assert check_same_grid(raster(), grid()) == grid()


def test_check_same_grid_shows_both_and_what_differs():
    with pytest.raises(GridError) as caught:
        check_same_grid(
            raster(), grid(dx=25, dy=25, width=3), "rain", "humber.tif", hint="regrid it"
        )
    assert str(caught.value) == (
        "rain and humber.tif do not share a grid: cell size, shape differ\n"
        "  rain        EPSG:27700, 50 m, 4 x 6, top-left (400000, 410000)\n"
        "  humber.tif  EPSG:27700, 25 m, 4 x 3, top-left (400000, 410000)"
    )
    assert caught.value.hint == "regrid it"


def test_transform_bounds_holds_every_edge_point():
    box = (400000.0, 300000.0, 500000.0, 400000.0)
    left, bottom, right, top = transform_bounds(box, BNG, "EPSG:4326")
    assert left == pytest.approx(-2.0, abs=0.02)  # 400 km E is the meridian 2° W
    assert bottom < 52.6 < top
    back = transform_bounds((left, bottom, right, top), "EPSG:4326", BNG)
    assert back[0] <= box[0]
    assert back[1] <= box[1]
    assert back[2] >= box[2]
    assert back[3] >= box[3]


def test_transform_bounds_to_the_same_crs_changes_nothing():
    assert transform_bounds((0, 0, 1, 1), BNG, "epsg:27700") == (0, 0, 1, 1)


@pytest.mark.parametrize("box", [(1, 0, 0, 1), (0, 1, 1, 0), (0, 0, 0, 1)])
def test_a_box_turned_round(box):
    with pytest.raises(GridError, match="is empty or turned round$"):
        transform_bounds(box, BNG, "EPSG:4326")


def test_a_box_with_no_place_in_the_other_crs():
    with pytest.raises(GridError, match="has no place in"):
        transform_bounds((1e12, 1e12, 2e12, 2e12), BNG, "EPSG:4326")


def test_check_metric_square():
    assert check_metric_square(grid(), where="simulate") == 50
    with pytest.raises(GridError, match="^simulate: the terrain is in degrees or feet .*metres$"):
        check_metric_square(grid(crs="EPSG:4326", left=0, top=1, dx=0.1, dy=0.1), where="simulate")
    with pytest.raises(GridError, match="^simulate: cells are 50 x 25 m, expected square cells$"):
        check_metric_square(grid(dy=25), where="simulate")
