import numpy as np
import pytest
import torch

from inundate.core.errors import ConfigError, DataError, StabilityError
from inundate.hydro.gpu.ensemble import make_engine, simulate_batch
from inundate.hydro.march import simulate_arrays
from inundate.hydro.settings import SimulateSettings

torch.set_num_threads(1)


@pytest.fixture
def case():
    rng = np.random.default_rng(5)
    rows, columns = np.mgrid[:14, :17]
    ground = 0.1 * columns + 0.4 * np.sin(rows / 2.0) + rng.uniform(0, 0.3, rows.shape)
    ground[5:7, 8] = np.nan
    return {"elevation": ground, "rain_step_s": 100, "cell_size_m": 4}


SETTINGS = SimulateSettings(
    backend="torch", run_on_min=1, output_every_s=80, infiltration="constant", loss_mm_h=2
)


def same(found, expected):
    np.testing.assert_array_equal(found.depth, expected.depth)
    np.testing.assert_array_equal(found.deepest, expected.deepest)
    np.testing.assert_array_equal(found.rain, expected.rain)
    np.testing.assert_array_equal(found.end_s, expected.end_s)
    assert found.steps == expected.steps
    assert found.budget == pytest.approx(expected.budget, rel=1e-12, abs=1e-9)


def test_members_equal_their_single_runs_bit_by_bit(case):
    rng = np.random.default_rng(6)
    rain = rng.uniform(0, 200, (3, 2, 14, 17)) * np.array([0.2, 1.0, 3.0])[:, None, None, None]
    rough = rng.uniform(0.02, 0.1, (3, 14, 17))
    start = np.stack([np.zeros((14, 17)), np.full((14, 17), 0.1), np.zeros((14, 17))])
    found = simulate_batch(
        **case, rain=rain, roughness=rough, initial_depth=start, settings=SETTINGS
    )
    for k in range(3):
        same(
            found[k],
            simulate_arrays(
                **case, rain=rain[k], roughness=rough[k], initial_depth=start[k], settings=SETTINGS
            ),
        )
    assert len({member.steps for member in found}) == 3  # each has its own time steps


def test_storms_alone_share_the_rest(case):
    rain = np.array([[40.0, 0.0], [0.0, 80.0]])
    found = simulate_batch(**case, rain=rain, settings=SETTINGS)
    for k in range(2):
        same(found[k], simulate_arrays(**case, rain=rain[k], settings=SETTINGS))
    last = simulate_batch(**case, rain=rain, settings=SETTINGS, frames=False)
    np.testing.assert_array_equal(last[1].depth, found[1].depth[-1:])
    assert last[1].end_s.tolist() == [260.0]


def test_the_member_that_broke_down_is_named(case):
    rain = np.array([[10.0], [4e12]])
    with pytest.raises(StabilityError, match="in member 1 at row"):
        simulate_batch(**case, rain=rain, settings=SETTINGS)


@pytest.mark.parametrize(
    ("changes", "error", "text"),
    [
        ({"rain": np.zeros((2, 1, 3, 3))}, DataError, r"rain of shape \(2, 1, 3, 3\)"),
        ({"rain": np.zeros(4)}, DataError, r"rain of shape \(4,\)"),
        ({"roughness": np.full((3, 14, 17), 0.03)}, DataError, "3 members and rain of 2"),
        ({"settings": SimulateSettings(backend="numba")}, ConfigError, "backend 'numba'"),
        ({"settings": SimulateSettings(equations="full", backend="torch")}, ConfigError, "'full'"),
    ],
)
def test_what_does_not_fit_is_refused(case, changes, error, text):
    given = {"rain": np.zeros((2, 1)), "settings": SETTINGS, **changes}
    with pytest.raises(error, match=text):
        simulate_batch(**case, **given)


def test_engine_of_an_unknown_backend():
    with pytest.raises(ConfigError, match="expected 'torch' or 'triton'"):
        make_engine("numba")
