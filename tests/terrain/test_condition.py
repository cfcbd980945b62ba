import json

import numpy as np
import pytest

from inundate.core.errors import DataError, GridError
from inundate.terrain.condition import (
    breach_depressions,
    fill_depressions,
    fill_holes,
    raise_buildings,
)
from inundate.terrain.flow import flood, make_kind


def done(data):
    return json.loads(data.attrs["conditioning"])


def test_fill_raises_pits_to_their_sill_and_records_it(heightmap):
    height = np.full((5, 5), 9.0)
    height[2, 2], height[2, 3], height[2, 4] = 1.0, 4.0, 3.0
    found = fill_depressions(heightmap(height))
    assert float(found[2, 2]) == 4.0
    assert done(found) == [
        {
            "step": "fill_depressions",
            "epsilon_m": 0.0,
            "neighbours": 8,
            "cells": 1,
            "deepest_m": 3.0,
        }
    ]
    again = fill_depressions(found)
    np.testing.assert_array_equal(again.values, found.values)
    assert [entry["cells"] for entry in done(again)] == [1, 0]


def test_fill_lets_water_out_at_missing_cells(heightmap):
    height = np.full((7, 7), 9.0)
    height[3, 3], height[3, 2] = 1.0, np.nan
    found = fill_depressions(heightmap(height))
    assert float(found[3, 3]) == 1.0
    assert np.isnan(found[3, 2])


def test_fill_behind_walls(heightmap):
    height = np.zeros((5, 6))
    height += np.arange(6)
    walls = heightmap(np.zeros((5, 6)), name="walls")
    walls.values[1:4, 2] = 1
    walls.values[1, 2:5] = walls.values[3, 2:5] = 1
    found = fill_depressions(heightmap(height), wall_mask=walls)
    assert float(found[2, 3]) == 5.0  # only way out is east, over column 5
    with pytest.raises(GridError, match="terrain and walls do not share a grid"):
        fill_depressions(heightmap(height), wall_mask=heightmap(np.zeros((5, 6)), cell=1.0))


def test_breach_cuts_a_dam_but_not_a_hill(heightmap):
    y, x = np.mgrid[:21, :41]
    valley = 20 - 0.2 * x + np.abs(y - 10)
    valley[:, 20] += 1.5  # an embankment
    terrain = heightmap(valley)
    found = breach_depressions(terrain, max_cells=4, max_depth_m=2.0)
    height = found.values.astype(float)
    filled, _, _ = flood(height, make_kind(height))
    assert (filled - height).max() < 0.01
    changed = found.values != terrain.values
    assert 1 <= changed.sum() <= 4
    assert (found.values <= terrain.values).all()
    assert done(found)[0]["breached"] == done(found)[0]["depressions"] == 1
    valley[:, 20] += 5
    kept = breach_depressions(heightmap(valley), max_cells=4, max_depth_m=2.0)
    assert done(kept)[0]["breached"] == 0
    np.testing.assert_array_equal(kept.values, heightmap(valley).values)


def test_small_holes_are_filled_smoothly_and_the_sea_is_not(heightmap):
    y, x = np.mgrid[:20, :20]
    plane = 10 + 0.3 * x - 0.2 * y
    height = plane.copy()
    height[5:8, 5:9] = np.nan  # 12 cells
    height[12:18, 10:16] = np.nan  # 36 cells
    height[:, 19] = np.nan  # the edge
    found = fill_holes(heightmap(height), max_cells=25)
    np.testing.assert_allclose(found.values[5:8, 5:9], plane[5:8, 5:9], atol=1e-3)
    assert np.isnan(found.values[12:18, 10:16]).all()
    assert np.isnan(found.values[:, 19]).all()
    assert done(found) == [{"step": "fill_holes", "max_cells": 25, "holes": 1, "cells": 12}]


def test_no_hole_no_change(heightmap, hills):
    found = fill_holes(heightmap(hills))
    np.testing.assert_array_equal(found.values, heightmap(hills).values)
    assert done(found)[0]["cells"] == 0


def test_buildings_are_raised(heightmap):
    buildings = heightmap([[0, 1, np.nan]], name="buildings")
    found = raise_buildings(heightmap([[1, 2, 3]]), buildings, height_m=4)
    np.testing.assert_array_equal(found.values, [[1, 6, 3]])
    assert done(found)[0] == {"step": "raise_buildings", "height_m": 4, "cells": 1}
    with pytest.raises(DataError, match="height of 0 m"):
        raise_buildings(heightmap([[1]]), heightmap([[1]]), height_m=0)


def test_only_maps_are_conditioned(heightmap):
    with pytest.raises(DataError, match=r"expected \('y', 'x'\)"):
        fill_depressions(heightmap([[1, 2]]).expand_dims("time"))
