"""The far ends of terrain, rain and settings give a right answer, or say why they stop."""

import numpy as np
import pytest

from inundate.core.errors import StabilityError
from inundate.hydro.march import simulate_arrays
from inundate.hydro.settings import SimulateSettings

CLOSE = {"float32": 5e-6, "float64": 1e-12}
RNG = np.random.default_rng(0)


def pit(depth):
    ground = np.zeros((20, 20))
    ground[8:12, 8:12] = -depth
    return ground


def dam():
    water = np.zeros((20, 20))
    water[:3] = 30.0
    return water


ROUGH = np.cumsum(RNG.normal(0, 1, (16, 16)), axis=1)
# ground, cell size, water at the start, seconds of rain of 500 mm/h, settings
CASES = {
    "pit of 1000 m": (pit(1000.0), 10.0, None, 600, {}),
    "full pit of 1000 m": (pit(1000.0), 10.0, np.maximum(-pit(1000.0), 0), 20, {}),
    "dam above a pit of 1000 m": (pit(1000.0), 10.0, dam(), 60, {}),
    "peak of 1000 m": (-pit(1000.0), 10.0, None, 600, {}),
    "cells of 1 cm": (0.002 * ROUGH, 0.01, None, 20, {}),
    "cliffs on cells of 1 cm": (ROUGH, 0.01, None, 5, {}),
    "cells of 10 km": (200 * ROUGH, 10_000.0, None, 1800, {"max_step_s": 60.0, "courant": 0.7}),
    "longest steps": (2 * ROUGH, 30.0, None, 1800, {"max_step_s": 60.0, "courant": 0.7}),
    "shortest steps": (2 * ROUGH, 30.0, None, 20, {"max_step_s": 0.01}),
    "hardly any friction": (2 * ROUGH, 30.0, None, 600, {"manning": 1e-5}),
    "nothing but friction": (2 * ROUGH, 30.0, None, 600, {"manning": 1.0}),
    "one cell": (np.zeros((1, 1)), 1.0, None, 3600, {}),
}


@pytest.mark.parametrize("precision", CLOSE)
@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("equations", ["inertial", "full"])
def test_extremes(case, equations, precision):
    ground, size, water, seconds, extra = CASES[case]
    settings = SimulateSettings(
        equations=equations, precision=precision, edges="closed", run_on_min=0, **extra
    )
    found = simulate_arrays(
        ground, np.array([500.0]), rain_step_s=seconds, cell_size_m=size, settings=settings,
        initial_depth=water,
    )  # fmt: skip
    budget = found.budget
    assert budget["rain_m3"] == pytest.approx(500 / 3.6e6 * seconds * size**2 * ground.size)
    assert abs(budget["error_relative"]) <= CLOSE[precision]
    assert found.depth[-1].min() >= 0
    if case == "full pit of 1000 m":  # the brim runs over by the rain, no more
        np.testing.assert_allclose(found.depth[-1][8:12, 8:12], 1000.0, atol=0.01)
    if case in ("pit of 1000 m", "dam above a pit of 1000 m"):
        below = found.depth[-1][8:12, 8:12].sum() / found.depth[-1].sum()
        assert below > 0.05  # it falls in
    if case == "one cell":
        assert found.depth[-1, 0, 0] == pytest.approx(0.5, rel=1e-5)


def test_a_step_too_long_for_the_scheme_is_not_taken():
    # the limit of the step follows the depth: asking for a minute on deep water changes nothing
    made = {"edges": "closed", "run_on_min": 0, "precision": "float64"}
    runs = [
        simulate_arrays(
            0.1 * ROUGH, np.array([100.0]), rain_step_s=600, cell_size_m=5,
            initial_depth=np.full(ROUGH.shape, 20.0),
            settings=SimulateSettings(max_step_s=step, **made),
        ) for step in (60.0, 1.0)
    ]  # fmt: skip
    np.testing.assert_array_equal(runs[0].depth, runs[1].depth)


def test_water_higher_than_any_ground_stops():
    with pytest.raises(StabilityError, match="expected less than 1000 m; last good frame at 0 s"):
        simulate_arrays(
            np.zeros((3, 3)), np.array([3.6e7]), rain_step_s=600, cell_size_m=1,
            settings=SimulateSettings(edges="closed"),
        )  # fmt: skip
