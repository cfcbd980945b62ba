import numpy as np
import pytest

from inundate.core.errors import ConfigError, DataError, GridError
from inundate.core.grid import grid_of
from inundate.terrain.derive import median_slope
from inundate.terrain.roughness import (
    LAND_COVER,
    constant_roughness,
    roughness_from_land_cover,
)
from inundate.terrain.sample import sample_terrain


def test_jacksboro_is_metric_whole_and_steep():
    terrain = sample_terrain("jacksboro")
    grid = grid_of(terrain)
    assert (grid.crs, grid.dx, grid.dy) == ("EPSG:32616", 90.0, 90.0)
    assert not terrain.isnull().any()
    assert min(terrain.shape) > 300
    assert 236 <= float(terrain.min()) < 260  # the file holds 236 to 1076 m
    assert 1060 < float(terrain.max()) <= 1076
    assert median_slope(terrain) > 0.1


def test_sample_at_another_cell_size_and_unknown_name():
    assert grid_of(sample_terrain("jacksboro", cell_size_m=180)).dx == 180
    with pytest.raises(ConfigError, match="'jacksborough' is not known") as caught:
        sample_terrain("jacksborough")
    assert caught.value.hint == "did you mean 'jacksboro'?"


def test_matplotlib_without_its_sample(monkeypatch):
    from matplotlib import cbook

    def absent(_):
        raise FileNotFoundError

    monkeypatch.setattr(cbook, "get_sample_data", absent)
    with pytest.raises(DataError, match="without its sample data"):
        sample_terrain("jacksboro")


def test_constant_roughness(heightmap):
    terrain = heightmap(np.zeros((2, 3)))
    found = constant_roughness(terrain, 0.04)
    np.testing.assert_allclose(found.values, 0.04)
    assert found.attrs["units"] == "s m-1/3"
    assert grid_of(constant_roughness(grid_of(terrain), 0.04)).same_as(grid_of(terrain))
    with pytest.raises(DataError, match="the roughness is 0, expected above 0"):
        constant_roughness(terrain, 0)


def test_land_cover_is_looked_up_and_gaps_stay_gaps(heightmap):
    cover = heightmap([[10, 50, np.nan], [50, 80, 10]], name="land_cover")
    found = roughness_from_land_cover(cover)
    table = LAND_COVER["worldcover"]
    tree, town, water = (table[code].roughness for code in (10, 50, 80))
    np.testing.assert_allclose(found.values, [[tree, town, np.nan], [town, water, tree]], rtol=1e-6)
    own = roughness_from_land_cover(cover, {10: 0.1, 50: 0.02, 80: 0.03})
    assert own.values[0, 1] == pytest.approx(0.02)


def test_land_cover_faults(heightmap):
    cover = heightmap([[10, 7]], name="land_cover")
    with pytest.raises(DataError, match="classes 7 are not in the table"):
        roughness_from_land_cover(cover)
    with pytest.raises(ConfigError, match="'nlc' is not known"):
        roughness_from_land_cover(cover, "nlc")
    with pytest.raises(DataError, match="class 10 is 3, expected"):
        roughness_from_land_cover(cover, {10: 3.0, 7: 0.1})
    with pytest.raises(GridError, match="terrain and land cover do not share a grid"):
        roughness_from_land_cover(cover, terrain=heightmap([[1, 2]], cell=5.0))


def test_tables_are_in_range():
    for table in LAND_COVER.values():
        assert all(0.01 <= entry.roughness <= 0.2 for entry in table.values())
