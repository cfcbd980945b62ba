"""Laws that the sub-grid solver keeps whatever the ground."""

import numpy as np
import pytest

from inundate.hydro.march import simulate_arrays
from inundate.hydro.settings import SimulateSettings
from inundate.hydro.subgrid import simulate_subgrid


def run(ground, rain, *, factor=4, cell=10.0, interval=600.0, manning=0.035, **settings):
    return simulate_subgrid(
        ground, rain, roughness=np.full(ground.shape, manning), interval_s=interval,
        cell_size_m=cell, factor=factor, settings=SimulateSettings(**settings),
    )  # fmt: skip


def even(shape, *rates):
    return np.broadcast_to(np.array(rates)[:, None, None], (len(rates), *shape)).astype(np.float32)


def bathtub(ground, volume):
    """Level of one lake of so much water, as the sum of depths."""
    heights = np.sort(ground.ravel())
    levels = (volume + np.cumsum(heights)) / np.arange(1, heights.size + 1)
    return levels.min()


def block_mean(values, factor):
    height, width = values.shape
    parts = values.reshape(height // factor, factor, width // factor, factor)
    return parts.mean(axis=(1, 3))


def test_no_rain_no_water(hills):
    found = run(hills, even(hills.shape, 0.0, 0.0))
    assert not found.volume.any()
    assert not found.deepest.any()
    assert found.budget["stored_m3"] == 0


@pytest.mark.parametrize(("factor", "off"), [(2, 0.01), (4, 2e-3), (8, 5e-4)])
def test_a_deep_lake_comes_to_rest(hills, factor, off):
    ground = 0.1 * hills + 700.0
    rain = even(ground.shape, 9000.0, *[0.0] * 24)
    found = run(ground, rain, factor=factor, cell=5.0, interval=1800.0, edges="closed")
    assert found.budget["outflow_m3"] == 0
    level = bathtub(ground, 4.5 * ground.size)
    assert ground.max() < level
    wanted = block_mean(level - ground, factor)
    # waves swing for hours: they are damped, not stopped
    assert np.abs(found.volume[0] - wanted).max() > 10 * off
    np.testing.assert_allclose(found.volume[-1], wanted, atol=off)


@pytest.mark.parametrize("factor", [2, 4])
def test_a_lake_has_shores(factor):
    rows, columns = np.mgrid[:32, :48]
    ground = 1.5 - 1.5 * np.cos(rows / 31 * 2 * np.pi) * 0.3 + 0.02 * np.abs(columns - 20)
    ground += np.random.default_rng(2).uniform(0, 0.02, ground.shape)  # no pits of their own
    rain = even(ground.shape, 400.0, *[0.0] * 8)
    found = run(ground, rain, factor=factor, interval=1800.0, edges="closed")
    wanted = block_mean(np.maximum(bathtub(ground, 0.2 * ground.size) - ground, 0), factor)
    assert 0.2 < (wanted > 0).mean() < 0.95
    # what hangs on the slopes or in pits of a block is little
    assert np.abs(found.volume[-1] - wanted).max() < 0.02
    assert np.abs(found.volume[-1] - wanted).mean() < 3e-3


@pytest.mark.parametrize("factor", [2, 4, 8])
def test_a_dam_thinner_than_a_block_holds(factor):
    ground = np.tile(0.01 * np.arange(48.0), (16, 1))  # of two equally low cells either is the pool
    ground[:, 21] = 2.0  # inside a block, whatever the factor
    rain = even(ground.shape, 2400.0, 0.0, 0.0)
    rain[:, :, 22:] = 0
    found = run(ground, rain, factor=factor, edges="closed")
    east = found.volume[:, :, -(-24 // factor) :]
    assert east.max() < 1e-6
    assert found.volume[-1].sum() * factor**2 == pytest.approx(0.4 * 22 * 16, rel=1e-5)
    ground[7, 21] = 0.0  # a gap
    opened = run(ground, rain, factor=factor, edges="closed")
    assert opened.volume[-1, :, -(-24 // factor) :].sum() * factor**2 > 10.0


def test_more_rain_is_not_less_water(hills):
    less = run(hills, even(hills.shape, 20.0, 0.0))
    more = run(hills, even(hills.shape, 30.0, 0.0))
    assert (more.volume.sum(axis=(1, 2)) > less.volume.sum(axis=(1, 2))).all()
    assert (more.deepest[-1] >= less.deepest[-1] - 2e-3).all()


def test_the_datum_has_no_say(hills):
    ground = np.round(hills, 2)
    rain = even(ground.shape, 40.0, 0.0)
    one, other = run(ground, rain, cell=5.0), run(ground + 4096.0, rain, cell=5.0)
    np.testing.assert_allclose(other.volume, one.volume, atol=1e-3)


@pytest.mark.parametrize("turn", [np.flipud, np.fliplr, np.transpose])
@pytest.mark.parametrize("factor", [2, 4])
def test_turned_ground_gives_turned_water(hills, turn, factor):
    ground = hills[:40, :56]
    rain = even(ground.shape, 40.0, 0.0)
    one = run(ground, rain, factor=factor, precision="float64").volume
    other = run(turn(ground).copy(), even(turn(ground).shape, 40.0, 0.0), factor=factor,
                precision="float64").volume  # fmt: skip
    np.testing.assert_allclose(other[-1], turn(one[-1]), atol=1e-6)


def test_rain_on_a_plane_flows_as_the_kinematic_wave():
    ground = np.tile(0.01 * 10.0 * np.arange(64)[None, ::-1], (8, 1))  # falls eastwards, 1 %
    sides = {f"edge_{side}": "closed" for side in ("north", "south", "west")}
    found = run(ground, even(ground.shape, *[60.0] * 9), factor=4, edge_east="open", **sides)
    # steady: discharge is the rain upstream, depth the normal depth
    way = 10.0 * (np.arange(64) + 0.5)
    normal = (way * 60 / 3.6e6 * 0.035 / np.sqrt(0.01)) ** 0.6
    wanted = normal.reshape(16, 4).mean(axis=1)
    inner = slice(3, 15)  # far from the crest, where a block's outlet is as its middle
    np.testing.assert_allclose(found.volume[-1, 0, inner], wanted[inner], rtol=0.1)
    rate = (found.budget["rain_m3"] - found.budget["stored_m3"]) - found.budget["outflow_m3"]
    assert abs(rate) < 1e-6 * found.budget["rain_m3"]
    late = found.volume[-1].mean() - found.volume[-2].mean()
    assert abs(late) < 1e-4 * 0.01


def test_deep_water_swings_not():
    """A pool under steep banks: the case in which steps bound by depth alone pumped it dry."""
    ground = np.full((40, 40), 12.5)
    ground[11:17, 5:35] = 10.0 + 0.02 * np.abs(np.arange(5, 35) - 20)
    rain = even(ground.shape, 7050.0, 7050.0, 0.0, 0.0)
    rain *= ground < 12.4
    settings = SimulateSettings(run_on_min=0, output_every_s=600)
    fine = simulate_arrays(ground, rain, rain_step_s=600, cell_size_m=2.0, settings=settings)
    found = run(ground, rain, factor=2, cell=2.0)
    assert 2.3 < fine.depth[-1].max() < 2.5
    pool = fine.depth[-1, 10:18, 4:36].sum()
    assert found.volume[-1, 5:9, 2:18].sum() * 4 == pytest.approx(pool, rel=0.02)


def test_longer_steps_hardly_matter(hills):
    rain = even(hills.shape, 40.0, 40.0, 0.0)
    usual, short = run(hills, rain, cell=5.0), run(hills, rain, cell=5.0, courant=0.15)
    assert short.steps > 2 * usual.steps
    error = ((usual.volume - short.volume) ** 2).sum()
    assert error < 0.01 * ((short.volume - short.volume.mean()) ** 2).sum()
