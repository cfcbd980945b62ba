import numpy as np
import pytest
import torch

from inundate.hydro.gpu.torch_kernel import TorchKernel, describe_device
from inundate.hydro.march import March, simulate_arrays
from inundate.hydro.problems import make_problem
from inundate.hydro.settings import SimulateSettings
from inundate.hydro.state import DEPTH_LIMIT_M

torch.set_num_threads(1)

CASES = {
    "open": {},
    "closed": {"edges": "closed"},
    "level": {"edges": "closed", "edge_west": "level", "edge_level_m": 1.5},
    "theta one": {"theta": "one"},
    "constant": {"infiltration": "constant", "loss_mm_h": 30.0},
    "green ampt": {"infiltration": "green_ampt", "conductivity_mm_h": 20.0},
}


@pytest.fixture
def case():
    """A slope with holes in the rim and inside, uneven rain, start and roughness."""
    rng = np.random.default_rng(3)
    rows, columns = np.mgrid[:22, :31]
    ground = 0.12 * columns + 0.6 * np.sin(rows / 3.0) + rng.uniform(0, 0.4, rows.shape)
    ground[9:12, 5:8] = np.nan
    ground[:2, 25:] = np.nan
    return {
        "elevation": ground,
        "rain": rng.uniform(0, 150, (3, *ground.shape)),
        "roughness": rng.uniform(0.02, 0.1, ground.shape),
        "initial_depth": np.where(rows > 15, 0.3, 0.0),
    }


def run(case, backend, **settings):
    chosen = {"run_on_min": 2, "output_every_s": 100, "max_step_s": 5, **settings}
    return simulate_arrays(
        **case, rain_step_s=150, cell_size_m=5, settings=SimulateSettings(backend=backend, **chosen)
    )


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize(("precision", "within"), [("float64", 1e-9), ("float32", 1e-4)])
def test_equals_the_compiled_kernel(case, name, precision, within):
    expected = run(case, "numba", precision=precision, **CASES[name])
    found = run(case, "torch", precision=precision, **CASES[name])
    assert found.depth.dtype == expected.depth.dtype
    np.testing.assert_allclose(found.depth, expected.depth, rtol=0, atol=within)
    np.testing.assert_allclose(found.deepest, expected.deepest, rtol=0, atol=within)
    assert found.steps == pytest.approx(expected.steps, abs=0 if precision == "float64" else 3)
    for key, value in expected.budget.items():
        if not key.startswith("error"):
            assert found.budget[key] == pytest.approx(value, rel=100 * within, abs=100 * within)
    assert abs(found.budget["error_relative"]) < (1e-12 if precision == "float64" else 5e-6)
    assert np.nanmax(found.depth) > 0.05


def test_equals_the_compiled_kernel_on_steep_ground():
    problem = make_problem("jacksboro", small=True)
    rain = np.full((1, *problem.elevation.shape), 60.0)
    found = [
        simulate_arrays(
            problem.elevation, rain, rain_step_s=1200, cell_size_m=problem.cell_size_m,
            settings=SimulateSettings(backend=backend, run_on_min=0),
        )
        for backend in ("numba", "torch")
    ]  # fmt: skip
    np.testing.assert_allclose(found[1].deepest, found[0].deepest, rtol=0, atol=1e-4)
    assert found[0].deepest.max() > 0.3


def test_steps_that_share_a_length_are_the_same(case, monkeypatch):
    monkeypatch.setattr("inundate.hydro.inertial._LEVELS_FROM", 1)
    monkeypatch.setattr("inundate.hydro.gpu.plan._LEVELS_FROM", 1)
    both = [run(case, name, precision="float64", edges="closed") for name in ("numba", "torch")]
    monkeypatch.undo()
    alone = run(case, "torch", precision="float64", edges="closed")
    assert both[0].steps == both[1].steps != alone.steps
    np.testing.assert_allclose(both[1].depth, both[0].depth, rtol=0, atol=1e-9)


@pytest.mark.parametrize("shape", [(1, 1), (1, 7), (7, 1), (2, 2)])
def test_smallest_grids(shape):
    ground = np.arange(np.prod(shape), dtype=float).reshape(shape) * 0.1
    both = [
        simulate_arrays(
            ground, np.array([60.0]), rain_step_s=300, cell_size_m=5,
            settings=SimulateSettings(backend=backend, precision="float64"),
        )
        for backend in ("numba", "torch")
    ]  # fmt: skip
    np.testing.assert_allclose(both[1].depth, both[0].depth, rtol=0, atol=1e-12)


def test_a_restored_march_goes_on_bit_by_bit(case):
    settings = SimulateSettings(backend="torch", infiltration="green_ampt", run_on_min=0)
    rain = [(200.0, case["rain"][0]), (200.0, case["rain"][1])]
    whole = March(case["elevation"], 5, settings)
    kept = {}
    whole.on_sample.append(lambda march: kept.setdefault(march.state.time_s, march.snapshot()))
    list(whole.frames(rain))
    again = March(case["elevation"], 5, settings)
    again.on_sample.append(lambda _: None)
    again.restore(*kept[120.0])
    list(again.frames(rain))
    for name, value in whole.state.arrays().items():
        np.testing.assert_array_equal(again.state.arrays()[name], value, err_msg=name)
    assert again.steps == whole.steps


def test_changes_of_the_host_reach_the_device():
    march = March(np.zeros((4, 5)), 5.0, SimulateSettings(backend="torch", edges="closed"))
    dry = np.zeros((4, 5), np.float32)
    march.step(dry, 10.0)
    march.state.depth[1, 1] = 0.4
    march.state.deepest_now_m = 0.4
    march.step(dry, 10.0)
    assert march.state.depth[1, 2] > 0.001
    assert march.state.depth.sum() == pytest.approx(0.4, rel=1e-5)


@pytest.mark.parametrize("value", [np.nan, np.inf, 1e8])
def test_breakdown_is_reported_at_once(value):
    march = March(np.zeros((6, 6)), 5.0, SimulateSettings(backend="torch"))
    rain = np.zeros((6, 6), np.float32)
    rain[2, 3] = value
    report = march.step(rain, 600.0)
    assert not report.is_stable
    assert report.steps == 1
    assert not march.state.depth[2, 3] < DEPTH_LIMIT_M


def test_compiled_step_equals_the_plain_one():
    pytest.importorskip("torch._inductor")
    problem = make_problem("town", small=True)
    settings = SimulateSettings(run_on_min=0, edge_west="closed")
    ends = []
    for compiled in (False, True):
        kernel = TorchKernel(torch.device("cpu"), compiled=compiled)
        march = March(problem.elevation, problem.cell_size_m, settings, kernel=kernel)
        list(march.frames([(60.0, np.full(problem.elevation.shape, 60.0))]))
        ends.append(march.state.depth)
    np.testing.assert_allclose(ends[1], ends[0], rtol=0, atol=1e-6)


test_compiled_step_equals_the_plain_one = pytest.mark.slow(test_compiled_step_equals_the_plain_one)


def test_device_is_named():
    assert describe_device(torch.device("cpu")).startswith("the processor (cpu, ")
