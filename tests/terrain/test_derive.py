import time

import numpy as np
import pytest

from inundate.core.errors import DataError, GridError
from inundate.core.grid import attach_grid, grid_of
from inundate.terrain.derive import (
    CONTEXT_CELLS,
    FEATURES,
    SCALES,
    derive_features,
    median_slope,
    regime_of,
    stack_features,
)
from inundate.terrain.sample import sample_terrain
from inundate.terrain.synthetic import KINDS, make_terrain


def test_every_feature_is_there_bounded_and_documented(heightmap, hills):
    found = derive_features(heightmap(hills))
    assert list(found.data_vars) == list(FEATURES)
    for name, feature in FEATURES.items():
        values = found[name]
        assert values.dtype == np.float32
        assert values.dims == ("y", "x")
        assert values.attrs["units"] == feature.unit
        assert feature.low <= float(values.min()) <= float(values.max()) <= feature.high
        assert feature.doc.endswith(".")
        assert found[name].attrs["grid_mapping"] == "spatial_ref"
    assert grid_of(found).same_as(grid_of(heightmap(hills)))


def test_extreme_ground_is_clipped_to_the_bounds(heightmap):
    rng = np.random.default_rng(0)
    found = derive_features(heightmap(rng.uniform(0, 8000, (40, 40)), cell=1.0))
    for name, feature in FEATURES.items():
        assert feature.low <= float(found[name].min()) <= float(found[name].max()) <= feature.high
    assert float(found["slope_x"].max()) == 5
    assert float(found["fill_depth"].max()) == 20


@pytest.mark.parametrize("scale", SCALES)
def test_relative_height_is_height_minus_window_mean(heightmap, hills, scale):
    height = hills.copy()
    height[15:25, 20:30] = np.nan
    found = derive_features(heightmap(height))[f"relative_height_{scale}"].values
    for r, c in ((0, 0), (30, 25), (14, 20), (60, 52), (5, 40)):
        window = height[max(r - scale, 0) : r + scale + 1, max(c - scale, 0) : c + scale + 1]
        assert found[r, c] == pytest.approx(height[r, c] - np.nanmean(window), abs=1e-4)
    assert np.isnan(found[20, 25])


def test_slopes_of_a_plane_point_east_and_north(heightmap):
    y, x = np.mgrid[:7, :8]
    plane = 3 + 0.2 * x - 0.5 * y  # rows go south: rises 0.5 m a row to the north
    found = derive_features(heightmap(plane, cell=10.0))
    np.testing.assert_allclose(found["slope_x"], 0.02, atol=1e-7)
    np.testing.assert_allclose(found["slope_y"], 0.05, atol=1e-7)
    np.testing.assert_allclose(found["laplacian"].values[1:-1, 1:-1], 0, atol=1e-9)


def test_slope_and_laplacian_beside_a_gap_by_hand(heightmap):
    height = np.array([[1, 2, 4], [3, 5, np.nan], [2, 2, 9]], dtype=float)
    found = derive_features(heightmap(height, cell=10.0))
    assert found["slope_x"].values[1, 1] == pytest.approx((5 - 3) / 10)  # one-sided
    assert found["slope_x"].values[0, 1] == pytest.approx((4 - 1) / 20)
    assert found["slope_y"].values[1, 1] == pytest.approx((2 - 2) / 20)
    assert found["slope_y"].values[0, 0] == pytest.approx((1 - 3) / 10)
    assert found["laplacian"].values[1, 1] == pytest.approx(((2 - 5) + (2 - 5) + (3 - 5)) / 100)
    assert found["laplacian"].values[2, 2] == pytest.approx((2 - 9) / 100)
    assert np.isnan(found["slope_x"].values[1, 2])


def test_a_sink_by_hand(heightmap):
    height = np.array(
        [
            [9, 9, 9, 9, 9, 9],
            [9, 2, 3, 6, 7, 9],
            [9, 4, 1, 5, 4, 3],
            [9, 9, 9, 9, 9, 9],
        ],
        dtype=float,
    )
    found = derive_features(heightmap(height))
    depth = found["fill_depth"].values
    np.testing.assert_array_equal(depth[1:3, 1:5], [[3, 2, 0, 0], [1, 4, 0, 0]])
    spill = found["spill_height"].values
    # inside: height minus the spill level 5; (1, 3) drains to (2, 4), which meets no sink
    np.testing.assert_array_equal(spill[1:3, 1:3], [[-3, -2], [-1, -4]])
    assert spill[1, 3] == FEATURES["spill_height"].high
    np.testing.assert_allclose(spill[depth > 0], -depth[depth > 0])
    area = 10 ** found["log_drained_area"].values
    # the sink's four cells, its sill (2, 3), (2, 4), and (1, 3), (1, 4) leave at (2, 5)
    assert area[2, 5] == pytest.approx(9)
    assert area[1, 4] == pytest.approx(1)


def test_spill_height_above_the_next_sink_downstream(heightmap):
    row = np.array([0, 5, 1, 1, 2, 3, 4, 6, 8, 9], dtype=float)
    height = np.stack([np.full(10, 20.0), row, np.full(10, 20.0)])
    height[1, 0] = 4.0
    found = derive_features(heightmap(height))["spill_height"].values[1]
    # cells 2 to 6 fill to the sill at 5; 7, 8 drain into that sink
    np.testing.assert_array_equal(found[2:9], [-4, -4, -3, -2, -1, 1, 3])
    assert found[9] == FEATURES["spill_height"].high  # on the edge: drains out


def test_drainage_height_is_the_fall_to_the_channel_or_over_64_cells(heightmap):
    length = 600
    ramp = np.arange(length) * 0.5
    height = np.stack([ramp + 500, ramp, ramp + 500])
    found = derive_features(heightmap(height, cell=10.0))["drainage_height"].values[1]
    # drains west; the strip is one cell wide: area 256 is reached 255 cells from the east end
    area = length - 1 - np.arange(length)  # the last column is an outlet of its own
    first_channel = np.flatnonzero(area >= 256).max()
    assert found[first_channel] == 0
    assert found[first_channel + 10] == pytest.approx(5.0)
    assert found[first_channel + 150] == pytest.approx(0.5 * CONTEXT_CELLS)


def test_area_is_clipped(heightmap):
    x = np.arange(120.0)
    funnel = np.add.outer(np.abs(np.arange(-60, 60)) * 0.5, x * 0.1)
    area = derive_features(heightmap(funnel))["log_drained_area"]
    assert float(area.max()) == pytest.approx(np.log10(4096), abs=1e-6)


@pytest.mark.parametrize("kind", KINDS)
def test_a_shift_of_the_datum_changes_nothing(kind):
    terrain = make_terrain(kind, 5, (96, 128))
    shifted = terrain.copy(data=terrain.values + np.float32(100))
    _same(derive_features(terrain), derive_features(shifted), 1e-4)


def test_a_shift_changes_nothing_on_real_ground():
    terrain = sample_terrain("jacksboro")
    shifted = terrain.copy(data=terrain.values + np.float32(100))
    _same(derive_features(terrain), derive_features(shifted), 1e-4)


def test_a_shift_changes_nothing_on_a_survey_in_tenths_of_a_metre(shared_data):
    from inundate.terrain.open import open_terrain

    folder = shared_data / "terrain" / "os-terrain50" / "fens_wash"
    terrain = open_terrain(folder, box=(540_000, 300_000, 560_000, 320_000))
    shifted = terrain.copy(data=terrain.values + np.float32(100))
    _same(derive_features(terrain), derive_features(shifted), 1e-4)


def _same(first, second, tolerance):
    for name in FEATURES:
        np.testing.assert_allclose(first[name], second[name], atol=tolerance, err_msg=name)


def test_tiles_with_context_equal_the_whole():
    terrain = make_terrain("fractal", 3, (230, 260))
    grid = grid_of(terrain)
    whole = derive_features(terrain)
    core = (slice(90, 140), slice(80, 150))
    around = tuple(slice(s.start - CONTEXT_CELLS, s.stop + CONTEXT_CELLS) for s in core)
    tile = attach_grid(terrain.isel(y=around[0], x=around[1]), grid.window(*around))
    found = derive_features(tile)
    inner = slice(CONTEXT_CELLS, -CONTEXT_CELLS)
    stable = [name for name, feature in FEATURES.items() if feature.tile_stable]
    assert {*FEATURES} - {*stable} == {
        "fill_depth", "spill_height", "log_drained_area", "drainage_height",
    }  # fmt: skip
    for name in stable:
        expected = whole[name].isel(y=core[0], x=core[1]).values
        np.testing.assert_array_equal(found[name].values[inner, inner], expected, err_msg=name)


def test_edges_walls_and_gaps_are_marked(heightmap):
    height = np.zeros((6, 7))
    height[2, 3] = np.nan  # enclosed
    height[0, 5] = height[1, 5] = np.nan  # joined to the edge
    walls = heightmap(np.zeros((6, 7)), name="walls")
    walls.values[4, 2] = 1
    found = derive_features(heightmap(height), wall_mask=walls)
    assert float(found["valid"].sum()) == 6 * 7 - 4
    assert np.argwhere(found["wall"].values == 1).tolist() == [[2, 3], [4, 2]]
    edge = found["edge"].values
    assert edge[0, 0] == edge[5, 3] == edge[2, 5] == edge[1, 4] == 1
    assert edge[3, 1] == edge[1, 2] == edge[2, 2] == edge[1, 3] == edge[4, 3] == 0
    assert np.isnan(edge[2, 3])
    assert np.isnan(found["slope_x"].values[4, 2])
    closed = derive_features(heightmap(height), edge_kind="closed")["edge"].values
    assert closed[0, 0] == closed[2, 5] == -1
    assert closed[2, 2] == 0


def test_an_enclosed_gap_holds_water_and_one_joined_to_the_edge_lets_it_out(heightmap):
    height = np.full((9, 9), 5.0)
    height[4, 3] = 2.0
    height[4, 4] = np.nan
    depth = derive_features(heightmap(height))["fill_depth"].values
    assert depth[4, 3] == 3.0
    height[4, 4:] = np.nan
    depth = derive_features(heightmap(height))["fill_depth"].values
    assert depth[4, 3] == 0.0


def test_a_wall_dams_the_water(heightmap):
    y, x = np.mgrid[:9, :20]
    slope = 5 - 0.1 * x + 0.5 * np.abs(y - 4)
    walls = heightmap(np.zeros((9, 20)), name="walls")
    walls.values[1:8, 12] = 1
    free = derive_features(heightmap(slope))["fill_depth"]
    dammed = derive_features(heightmap(slope), wall_mask=walls)["fill_depth"]
    assert float(free.max()) == 0
    # spills round the wall's end, over row 0 or 8: level 5 - 0.1 * 11 + 0.5 * 3 beside row 1
    assert float(dammed.max()) > 1


def test_roughness_is_a_number_a_map_or_a_recorded_default(heightmap):
    terrain = heightmap(np.zeros((3, 4)))
    assert derive_features(terrain).attrs["roughness_default"] == 0.035
    assert "roughness_default" not in derive_features(terrain, roughness=0.05).attrs
    rough = heightmap(np.full((3, 4), 0.1), name="roughness")
    np.testing.assert_allclose(derive_features(terrain, roughness=rough)["roughness"], 0.1)
    rough.values[1, 1] = np.nan
    with pytest.raises(DataError, match="roughness is missing in 1 of 12 cells"):
        derive_features(terrain, roughness=rough)
    terrain_with_gap = heightmap(np.zeros((3, 4)))
    terrain_with_gap.values[1, 1] = np.nan
    derive_features(terrain_with_gap, roughness=rough)
    rough.values[1, 1] = 30.0
    with pytest.raises(DataError, match="roughness of 30, expected above 0 and at most 1"):
        derive_features(terrain, roughness=rough)
    with pytest.raises(DataError, match="roughness of 2"):
        derive_features(terrain, roughness=2.0)
    with pytest.raises(GridError, match="terrain and roughness do not share a grid"):
        derive_features(terrain, roughness=heightmap(np.zeros((3, 4)), cell=5.0, name="roughness"))


def test_degrees_and_nothing_known_are_refused(heightmap):
    with pytest.raises(GridError, match="expected metres") as caught:
        derive_features(heightmap([[1, 2], [3, 4]], cell=0.01, left=0, top=50, crs="EPSG:4326"))
    assert "--to-metric" in caught.value.hint
    with pytest.raises(DataError, match="no known ground"):
        derive_features(heightmap([[np.nan, np.nan]] * 2))


def test_stack_puts_zero_where_nothing_is_known(heightmap, hills):
    height = hills.copy()
    height[3, 3] = np.nan
    features = derive_features(heightmap(height))
    stacked = stack_features(features)
    assert stacked.shape == (len(FEATURES), *hills.shape)
    assert stacked.dtype == np.float32
    assert np.isfinite(stacked).all()
    assert stacked[list(FEATURES).index("valid"), 3, 3] == 0
    assert stack_features(features, ("slope_x",)).shape[0] == 1
    with pytest.raises(DataError, match="slope_z not found"):
        stack_features(features, ("slope_z",))


def test_median_slope_and_regimes(heightmap):
    y, x = np.mgrid[:20, :20]
    assert median_slope(heightmap(0.3 * x + 0.4 * y)) == pytest.approx(0.05, abs=1e-6)
    assert [regime_of(s) for s in (0.0199, 0.02, 0.0599, 0.06)] == [
        "flat", "mixed", "mixed", "steep",
    ]  # fmt: skip


def test_a_million_cells_in_three_seconds():
    terrain = make_terrain("plain", 1, (1000, 1000))
    derive_features(make_terrain("plain", 1, (64, 64)))  # compile
    start = time.process_time()  # not the clock: other work may share the core
    derive_features(terrain)
    assert time.process_time() - start < 3.0
