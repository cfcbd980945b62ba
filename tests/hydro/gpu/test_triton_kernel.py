import os
import subprocess
import sys
from importlib.util import find_spec

import numpy as np
import pytest
import torch

from inundate.core.errors import ConfigError
from inundate.hydro.march import simulate_arrays
from inundate.hydro.settings import SimulateSettings

needs_triton = pytest.mark.skipif(
    find_spec("triton") is None, reason="Triton is not installed (it comes with CUDA builds)"
)

INTERPRETED = """
import numpy as np
from inundate.hydro import inertial
from inundate.hydro.gpu import plan, triton_kernel
from inundate.hydro.gpu.ensemble import simulate_batch
from inundate.hydro.gpu.triton_engine import TritonEngine
from inundate.hydro.march import simulate_arrays
from inundate.hydro.settings import SimulateSettings

rng = np.random.default_rng(3)
rows, columns = np.mgrid[:9, :11]
ground = 0.1 * columns + rng.uniform(0, 0.4, rows.shape)
ground[3, 4], ground[:2, 8:] = np.nan, np.nan
case = {"elevation": ground, "rain_step_s": 8, "cell_size_m": 5}
rough = rng.uniform(0.02, 0.1, (2, 9, 11))
rain = rng.uniform(0, 150, (2, 1, 9, 11))
start = np.where(rows > 5, 0.3, 0.0)
triton_kernel.TritonEngine = lambda: TritonEngine((8, 16))
for precision, within in (("float32", 1e-5), ("float64", 1e-12)):
    if precision == "float64":  # as on a large grid, where steps share a length
        inertial._LEVELS_FROM = plan._LEVELS_FROM = 1
    extra = {"edge_west": "level", "edge_level_m": 0.8, "infiltration": "green_ampt"}
    one, other = (
        SimulateSettings(backend=name, precision=precision, run_on_min=0, **extra)
        for name in ("numba", "triton")
    )
    found = simulate_batch(
        **case, rain=rain, roughness=rough, initial_depth=start, settings=other,
        engine=TritonEngine((8, 16)),
    )
    for k, member in enumerate(found):
        expected = simulate_arrays(
            **case, rain=rain[k], roughness=rough[k], initial_depth=start, settings=one
        )
        assert member.steps == expected.steps
        np.testing.assert_allclose(member.depth, expected.depth, rtol=0, atol=within)
        np.testing.assert_allclose(member.deepest, expected.deepest, rtol=0, atol=within)
        for key, value in expected.budget.items():
            assert abs(member.budget[key] - value) <= 1e3 * within, key
single = simulate_arrays(
    **case, rain=rain[0], roughness=rough[0], initial_depth=start, settings=other
)
np.testing.assert_array_equal(single.depth, found[0].depth)
print("equal")
"""


@needs_triton
def test_equals_the_compiled_kernel_when_interpreted():
    run = subprocess.run(
        [sys.executable, "-c", INTERPRETED],
        env={**os.environ, "TRITON_INTERPRET": "1"}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert run.stdout.strip() == "equal", run.stderr


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a CUDA device")
def test_without_a_device_there_is_one_clear_error():
    with pytest.raises(ConfigError, match="simulating with backend 'triton'") as caught:
        simulate_arrays(
            np.zeros((3, 3)), np.array([10.0]), rain_step_s=60, cell_size_m=5,
            settings=SimulateSettings(backend="triton"),
        )  # fmt: skip
    assert "numba" in caught.value.hint
    assert "torch" in caught.value.hint


@pytest.mark.gpu
@pytest.mark.parametrize("backend", ["torch", "triton"])
def test_equals_the_compiled_kernel_on_a_device(backend):
    from inundate.hydro.problems import make_problem

    problem = make_problem("jacksboro")
    settings = {"run_on_min": 30, "edges": "closed"}
    both = [
        simulate_arrays(
            problem.elevation, np.full((1, *problem.elevation.shape), 30.0), rain_step_s=3600,
            cell_size_m=problem.cell_size_m, settings=SimulateSettings(backend=name, **settings),
        )
        for name in ("numba", backend)
    ]  # fmt: skip
    np.testing.assert_allclose(both[1].deepest, both[0].deepest, rtol=0, atol=1e-4)
