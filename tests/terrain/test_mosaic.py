import numpy as np
import pytest

from inundate.core.errors import DataError, GridError
from inundate.core.grid import grid_of
from inundate.terrain.mosaic import crop_terrain, merge_terrain


def test_parts_that_touch_and_overlap(heightmap):
    west = heightmap([[1, 2], [3, 4]])
    east = heightmap([[2, 5], [4, 6]], left=400_010)
    merged = merge_terrain([west, east])
    np.testing.assert_array_equal(merged.values, [[1, 2, 5], [3, 4, 6]])
    assert grid_of(merged).bounds == (400_000, 299_980, 400_030, 300_000)


def test_nan_gives_way_and_gaps_stay_nan(heightmap):
    first = heightmap([[1, np.nan]])
    second = heightmap([[9]], left=400_010)
    third = heightmap([[7]], left=400_030)
    np.testing.assert_array_equal(merge_terrain([first, second, third]).values, [[1, 9, np.nan, 7]])


def test_differences_are_refused_or_chosen(heightmap):
    parts = [heightmap([[1, 2]]), heightmap([[1.005, 4]])]
    with pytest.raises(DataError, match="merging b: 2 cells overlap .* differ by up to 2 m"):
        merge_terrain(parts, names=["a", "b"])
    np.testing.assert_allclose(merge_terrain(parts, overlap="first").values, [[1, 2]])
    three = [*parts, heightmap([[1, np.nan]])]
    np.testing.assert_allclose(
        merge_terrain(three, overlap="mean").values, [[3.005 / 3, 3]], rtol=1e-6
    )


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"crs": "EPSG:32630"}, "CRS differs"),
        ({"cell": 20.0}, "cell size differs"),
        ({"left": 400_004.0}, r"position \(shifted by 0.4, 0 of a cell\) differs"),
    ],
)
def test_other_lattices_are_refused(heightmap, change, named):
    with pytest.raises(GridError, match=named):
        merge_terrain([heightmap([[1, 2]]), heightmap([[1, 2]], **change)])


def test_nothing_to_merge():
    with pytest.raises(DataError, match="found none"):
        merge_terrain([])


def test_crop_keeps_cells_whose_centre_is_inside(heightmap):
    data = heightmap(np.arange(20).reshape(4, 5))
    cut = crop_terrain(data, (400_004, 299_965, 400_026, 299_991))
    np.testing.assert_array_equal(cut.values, [[5, 6, 7], [10, 11, 12], [15, 16, 17]])
    assert grid_of(cut).bounds == (400_000, 299_960, 400_030, 299_990)
    with pytest.raises(GridError, match="holds no cell"):
        crop_terrain(data, (0, 0, 1, 1))


def test_crop_in_another_crs_keeps_the_marked_cell(heightmap):
    values = np.zeros((40, 40))
    values[10, 20] = 1
    data = heightmap(values)
    from inundate.core.grid import transform_bounds

    grid = grid_of(data)
    mark = (grid.x[20] - 4, grid.y[10] - 4, grid.x[20] + 4, grid.y[10] + 4)
    degrees = transform_bounds(mark, "EPSG:27700", "EPSG:4326")
    cut = crop_terrain(data, degrees, box_crs="EPSG:4326")
    assert cut.shape == (1, 1)
    assert cut.values[0, 0] == 1
