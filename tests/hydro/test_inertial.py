import numpy as np
import pytest
from numba import njit

from inundate.hydro import inertial
from inundate.hydro.march import March
from inundate.hydro.settings import SimulateSettings


@pytest.mark.parametrize(("kind", "within"), [(np.float32, 1.2e-6), (np.float64, 3e-12)])
def test_inverse_cube_root(kind, within):
    root = inertial._inverse_cube_root

    @njit
    def of(values):
        found = np.empty_like(values)
        for k in range(values.size):
            found[k] = root(values[k])
        return found

    values = np.logspace(-6, 3, 50_001).astype(kind)
    exact = values.astype(np.float64) ** (-1 / 3)
    assert np.abs(of(values) / exact - 1).max() <= within


def test_cube_root_is_not_for_plain_python():
    with pytest.raises(NotImplementedError):
        inertial._inverse_cube_root(1.0)


def test_depth_is_never_negative_and_flow_stays_at_walls():
    rng = np.random.default_rng(0)
    ground = rng.uniform(0, 20, (12, 15))
    walls = np.zeros(ground.shape, bool)
    walls[4:7, 5:8] = True
    march = March(ground, 5.0, SimulateSettings(manning=0.01), walls=walls)
    rain = np.where(walls, 0, 1e-4).astype(np.float32)
    report = march.step(rain, 300.0)
    assert report.is_stable
    assert march.state.depth.min() >= 0
    assert (march.state.depth[walls] == 0).all()
    assert (march.state.flow_x[4:7, 5:9] == 0).all()
    assert (march.state.flow_y[4:8, 5:8] == 0).all()
    assert (march.state.flow_x[:, [0, -1]] == 0).all()


def test_time_advances_by_what_was_asked():
    march = March(np.zeros((3, 3)), 5.0, SimulateSettings())
    rain = np.full((3, 3), 1e-5, np.float32)
    march.step(rain, 123.0)
    assert march.state.time_s == pytest.approx(123.0)
    assert march.state.deepest_now_m == march.state.depth.max()
    assert (march.state.deepest >= march.state.depth).all()


@pytest.mark.parametrize("value", [np.nan, np.inf, 1e5])
@pytest.mark.parametrize("threads", [1, 2])
def test_breakdown_is_reported_at_once(value, threads):
    march = March(np.zeros((6, 6)), 5.0, SimulateSettings(threads=1))
    scheme = march.scheme.__class__(**{**march.scheme.__dict__, "threads": threads})
    rain = np.zeros((6, 6), np.float32)
    rain[2, 3] = value
    report = march.step(rain, 600.0, scheme)
    assert not report.is_stable
    assert report.steps == 1
    assert not march.state.depth[2, 3] < inertial.DEPTH_LIMIT_M


def test_one_cell():
    march = March(np.zeros((1, 1)), 5.0, SimulateSettings(edges="closed"))
    march.step(np.full((1, 1), 1e-5, np.float32), 60.0)
    assert march.state.depth[0, 0] == pytest.approx(6e-4, rel=1e-5)
