"""Water at rest stays at rest, over islands, walls and missing ground."""

import numpy as np
import pytest

from inundate.hydro.march import March
from inundate.hydro.settings import SimulateSettings

HOUR = 3600.0


def lake(hills, level=503.0):
    ground = 0.4 * hills + 500.0  # a datum that float32 levels would not survive
    return ground, np.maximum(level - ground, 0.0)


@pytest.mark.parametrize(("precision", "moved", "flow"), [
    ("float64", 1e-12, 1e-11),
    ("float32", 1e-5, 1e-3),
])  # fmt: skip
@pytest.mark.parametrize("theta", ["one", "adaptive"])
def test_lake_with_islands_stays(hills, precision, moved, flow, theta):
    ground, depth = lake(hills)
    assert 0.2 < (depth > 0).mean() < 0.8  # there are islands
    settings = SimulateSettings(edges="closed", precision=precision, theta=theta)
    march = March(ground, 10.0, settings, initial_depth=depth)
    dry = np.zeros(ground.shape, precision)
    for _ in march.frames([(HOUR, dry)]):
        pass
    assert np.abs(march.state.depth - depth).max() <= moved
    assert np.abs(march.state.flow_x).max() <= flow
    assert np.abs(march.state.flow_y).max() <= flow


def test_deep_lake_stays_in_single_precision(hills):
    ground = hills + 500.0
    depth = np.maximum(517.0 - ground, 0.0)
    assert depth.max() > 20
    march = March(ground, 10.0, SimulateSettings(edges="closed"), initial_depth=depth)
    for _ in march.frames([(HOUR, np.zeros(ground.shape, np.float32))]):
        pass
    assert np.abs(march.state.depth - depth).max() <= 1e-5  # one rounding of a level is 2e-6


def test_lake_at_the_level_of_its_edge_stays(hills):
    ground, depth = lake(hills)
    settings = SimulateSettings(edges="level", edge_level_m=503.0, precision="float64")
    march = March(ground, 10.0, settings, initial_depth=depth)
    for _ in march.frames([(HOUR, np.zeros(ground.shape))]):
        pass
    assert np.abs(march.state.depth - depth).max() <= 1e-12


def test_lake_beside_missing_ground_stays(hills):
    ground, depth = lake(hills)
    ground[10:14, 20:25] = np.nan
    depth[10:14, 20:25] = 0
    walls = np.zeros(ground.shape, bool)
    walls[30:33, 5:9] = True
    depth[walls] = 0
    settings = SimulateSettings(edges="closed", precision="float64")
    march = March(ground, 10.0, settings, initial_depth=depth, walls=walls)
    for _ in march.frames([(HOUR, np.zeros(ground.shape))]):
        pass
    assert np.abs(march.state.depth - depth).max() <= 1e-12


def test_two_basins_level_out():
    ground = np.zeros((1, 40))
    depth = np.where(np.arange(40) < 10, 2.0, 1.0)[None]
    settings = SimulateSettings(edges="closed", precision="float64", manning=0.2)
    march = March(ground, 5.0, settings, initial_depth=depth)
    for _ in march.frames([(6 * HOUR, ground)]):
        pass
    np.testing.assert_allclose(march.state.depth, 1.25, atol=2e-3)
