"""Fitting a map into a number of bytes: what is given up, in which order."""

import numpy as np
import pytest

from inundate.core.errors import DataError
from inundate.show.fit import Plan, coarsen, default_budget, fit_layers
from inundate.show.layers import Layer
from inundate.show.palette import DEPTH

SHAPE = (40, 50)
FRAMES = 24


def noisy(timed=True):
    rng = np.random.default_rng(0)
    fields = (rng.random((FRAMES, *SHAPE)) * 3).astype(np.float32)
    return Layer("depth", "depth", "Depth", "", DEPTH, lambda i: fields[i], timed=timed)


def fit(budget, **more):
    return fit_layers([noisy(**more)], [3.0], frames=FRAMES, peak=13, budget=budget)


@pytest.fixture(scope="module")
def whole():
    return fit(10**9)


def test_nothing_is_given_up_without_need(whole):
    assert whole.plan == Plan()
    assert whole.kept == tuple(range(FRAMES))
    assert len(whole.layers[0].frames) == FRAMES


def test_rounding_goes_first_then_frames_then_cells(whole):
    full = whole.layers[0].size
    plans = [fit(int(full * share)).plan for share in (0.99, 0.85, 0.5, 0.3, 0.06)]
    order = [(-plan.levels, plan.merge, plan.stride) for plan in plans]
    assert order == sorted(order)
    assert plans[0] == Plan(levels=128)
    assert (plans[2].stride > 1, plans[2].merge) == (True, 1)
    assert plans[-1].merge > 1


@pytest.mark.parametrize("share", [0.99, 0.5, 0.2, 0.05])
def test_budget_holds_and_the_peak_stays(whole, share):
    budget = int(whole.layers[0].size * share)
    fitted = fit(budget)
    assert sum(layer.size for layer in fitted.layers) <= budget
    assert {0, 13, FRAMES - 1} <= set(fitted.kept)
    assert len(fitted.layers[0].frames) == len(fitted.kept)


def test_a_layer_without_time_has_one_frame():
    assert len(fit(10**9, timed=False).layers[0].frames) == 1


def test_what_cannot_fit_is_an_error():
    with pytest.raises(DataError, match="at the coarsest, and 100 are left") as caught:
        fit(100)
    assert "--max-mb" in caught.value.hint


def test_merged_cells_keep_the_deepest():
    values = np.zeros((5, 6), np.float32)
    values[4, 5] = 2.0
    values[0, 1] = -3.0
    values[2:4, 0:2] = np.nan
    values[0, 4] = np.nan
    merged = coarsen(values, 2)
    assert merged.shape == (3, 3)
    assert merged[2, 2] == 2.0
    assert merged[0, 0] == -3.0
    assert np.isnan(merged[1, 0]), "unknown only where all are"
    assert merged[0, 2] == 0.0
    assert coarsen(values, 1) is values


def test_default_budget():
    assert default_budget(1) == 1_000_000
    assert default_budget(24 * 400 * 400) == 4_000_000
    assert default_budget(10**9) == 10_000_000
