import json
import math

import numpy as np
import pytest

from inundate.core.errors import GridError
from inundate.core.grid import Grid, grid_of
from inundate.terrain.metric import (
    block_mean,
    largest_known_box,
    local_crs,
    sample_bilinear,
    to_metric,
)
from inundate.terrain.open import open_terrain


def test_a_plane_in_metres_survives_the_change_of_crs(heightmap):
    from pyproj import Transformer

    # heights are the northing in units of 1 km: a plane in UTM, sampled in degrees
    to_utm = Transformer.from_crs("EPSG:4326", "EPSG:32616", always_xy=True)
    grid = Grid("EPSG:4326", -84.4, 36.7, 1 / 1200, 1 / 1200, 120, 100)
    _, north = to_utm.transform(*np.meshgrid(grid.x, grid.y))
    values = (np.asarray(north) - 4_000_000) / 100
    degrees = heightmap(values, cell=1 / 1200, left=-84.4, top=36.7, crs="EPSG:4326")
    found = to_metric(degrees)
    metric = grid_of(found)
    assert metric.crs == "EPSG:32616"
    assert metric.is_square
    side = math.sqrt(111_320 * math.cos(math.radians(36.66)) * 110_950) / 1200
    assert metric.dx == float(f"{side:.2g}")
    expected = np.broadcast_to(((metric.y - 4_000_000) / 100)[:, None], metric.shape)
    known = ~np.isnan(found.values)
    assert known.mean() > 0.9
    np.testing.assert_allclose(found.values[known], expected[known], atol=2e-3)
    assert json.loads(found.attrs["conditioning"])[0]["step"] == "to_metric"


def test_missing_cells_never_leak(heightmap):
    values = np.full((60, 60), 100.0)
    values[20:30, 20:30] = np.nan
    found = to_metric(heightmap(values, cell=0.001, left=10, top=50, crs="EPSG:4326"))
    known = found.values[~np.isnan(found.values)]
    assert (known == 100.0).all()
    assert np.isnan(found.values[25:28, 18:20]).any() or np.isnan(found.values).sum() > 100


def test_what_is_metric_is_left_alone_unless_asked(heightmap, hills):
    terrain = heightmap(hills)
    assert to_metric(terrain) is terrain
    finer = to_metric(terrain, cell_size_m=5.0)
    assert grid_of(finer).dx == 5.0
    assert grid_of(finer).crs == "EPSG:27700"
    # centres of the fine grid lie a quarter cell off; at cell corners it is the mean of four
    value = finer.sel(x=400_102.5, y=299_897.5).item()
    four = hills[9:11, 9:11]
    weights = np.outer([0.25, 0.75], [0.25, 0.75])
    assert value == pytest.approx(float((weights * four).sum()), abs=1e-3)


def test_coarser_cells_average_all_that_they_hold(heightmap):
    rng = np.random.default_rng(1)
    noisy = 100 + rng.normal(0, 5, (120, 120))
    found = to_metric(heightmap(noisy, cell=1.0), cell_size_m=10.0)
    assert found.shape == (12, 12)
    expected = noisy.reshape(12, 10, 12, 10).mean(axis=(1, 3))
    np.testing.assert_allclose(found.values, expected, atol=1e-3)
    assert "mean of 10 x 10" in found.attrs["conditioning"]


def test_block_mean_needs_half_of_a_block(heightmap):
    values = np.array([[1, 3, 5.0], [np.nan, np.nan, 7], [np.nan, 2, 9]])
    grid = grid_of(heightmap(values))
    mean, coarse = block_mean(values, grid, 2)
    np.testing.assert_array_equal(mean, [[2, 6], [2, 9]])
    assert (coarse.dx, coarse.shape) == (20, (2, 2))
    values[0, 0] = np.nan
    assert np.isnan(block_mean(values, grid, 2)[0][0, 0])


def test_wide_maps_get_an_equal_area_grid():
    assert local_crs(Grid("EPSG:4326", -5, 55, 0.1, 0.1, 150, 100)).startswith("+proj=laea")
    assert local_crs(Grid("EPSG:4326", 151, -33, 0.01, 0.01, 10, 10)) == "EPSG:32756"
    assert local_crs(Grid("EPSG:4326", 179.8, 10, 0.01, 0.01, 10, 10)) == "EPSG:32660"


def test_targets_that_cannot_be(heightmap):
    degrees = heightmap(np.ones((9, 9)), cell=0.001, left=10, top=50, crs="EPSG:4326")
    with pytest.raises(GridError, match="is not in metres"):
        to_metric(degrees, crs="EPSG:4326", cell_size_m=0.01)
    with pytest.raises(GridError, match="cell size is -5"):
        to_metric(degrees, cell_size_m=-5)
    with pytest.raises(GridError, match="no cell of"):
        to_metric(degrees, cell_size_m=5000)


def test_bilinear_by_hand():
    values = np.array([[0.0, 10.0], [20.0, np.nan]])
    rows, columns = np.array([0.0, 0.0, 0.5, 0.5, -0.1, 1.0]), np.array([0, 0.25, 0.0, 0.1, 0, 0])
    np.testing.assert_allclose(
        sample_bilinear(values, rows, columns), [0, 2.5, 10, np.nan, np.nan, 20]
    )


def test_largest_box_against_trying_them_all():
    rng = np.random.default_rng(3)
    for _ in range(20):
        known = rng.uniform(size=(7, 8)) < 0.75
        rows, columns = largest_known_box(known)
        assert known[rows, columns].all()
        best = max(
            (r1 - r0) * (c1 - c0)
            for r0 in range(7)
            for r1 in range(r0, 8)
            for c0 in range(8)
            for c1 in range(c0, 9)
            if known[r0:r1, c0:c1].all()
        )
        assert (rows.stop - rows.start) * (columns.stop - columns.start) == best
    rows, columns = largest_known_box(np.zeros((3, 3), dtype=bool))
    assert (rows.stop, columns.stop) == (0, 0)


def test_real_dem_in_degrees(shared_data):
    degrees = open_terrain(shared_data / "terrain" / "usgs-ned-eno-river-nc" / "enogeo.tif")
    found = to_metric(degrees, cell_size_m=10.0)
    assert grid_of(found).crs == "EPSG:32617"
    assert float(found.min()) >= float(degrees.min()) - 1e-3
    assert float(found.max()) <= float(degrees.max()) + 1e-3
    assert float(found.median()) == pytest.approx(float(degrees.median()), abs=0.2)
    # a marked hilltop keeps its place
    row, column = np.unravel_index(np.nanargmax(degrees.values), degrees.shape)
    from pyproj import Transformer

    x, y = Transformer.from_crs("OGC:CRS83", "EPSG:32617", always_xy=True).transform(
        float(degrees.x[column]), float(degrees.y[row])
    )
    there = found.sel(x=x, y=y, method="nearest").item()
    assert there == pytest.approx(float(degrees.max()), abs=1.0)
