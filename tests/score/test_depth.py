"""Depth errors: hand-worked, perfect, undefined, and in parts."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from inundate.score.aggregate import gather, total
from inundate.score.depth import DepthErrors, depth_metrics
from inundate.score.sample import Observed, Predicted


def value(name, predicted, observed, *, over="frames", valid=None):
    truth = Observed.of(observed, interval_s=600, valid=valid)
    state = gather([DepthErrors(over)], Predicted.of(predicted, truth), truth)
    metric = {m.name: m for m in depth_metrics(over)}[name]
    return float(metric.value(state.sums)), float(metric.count(state.sums))


def frames(*maps):
    return np.array(maps, dtype=np.float32)


# one frame, two by three cells: observed wet (> 0.05 m) are 0.2, 0.4 and 1.0
OBSERVED = frames([[0.0, 0.05, 0.2], [0.4, 1.0, 0.0]])
PREDICTED = frames([[0.1, 0.05, 0.0], [0.5, 1.0, 0.0]])


@pytest.mark.parametrize(
    ("name", "expected", "count"),
    [
        ("rmse_wet", np.sqrt((0.2**2 + 0.1**2 + 0) / 3), 3),
        ("mae_wet", (0.2 + 0.1) / 3, 3),
        ("rmse_either", np.sqrt((0.1**2 + 0.2**2 + 0.1**2) / 4), 4),
        ("rmse", np.sqrt((0.1**2 + 0.2**2 + 0.1**2) / 6), 6),
        ("mae", 0.4 / 6, 6),
        ("mean_error", 0.0, 6),
    ],
)
def test_hand_worked(name, expected, count):
    found, rests_on = value(name, PREDICTED, OBSERVED)
    assert found == pytest.approx(expected, abs=1e-8)
    assert rests_on == count


def test_exactly_five_centimetres_is_not_wet():
    shallow = np.full((1, 1, 2), 0.05)
    assert value("rmse_wet", shallow, shallow)[1] == 0


def test_nse_hand_worked():
    observed = frames([[0.0, 1.0]], [[0.0, 3.0]])  # mean 1, squares around it 1 + 0 + 1 + 4
    predicted = frames([[0.0, 1.0]], [[0.0, 1.5]])
    assert value("nse", predicted, observed)[0] == pytest.approx(1 - 1.5**2 / 6)


def test_nse_of_the_mean_is_zero_and_of_all_dry_is_below():
    observed = np.random.default_rng(0).gamma(0.3, 0.2, (3, 8, 9))
    assert value("nse", np.full_like(observed, observed.mean()), observed)[0] == pytest.approx(
        0, abs=1e-6
    )
    assert value("nse", np.zeros_like(observed), observed)[0] < 0


@pytest.mark.parametrize("over", ["frames", "peak"])
def test_perfect_is_exactly_the_best_value(over):
    observed = np.random.default_rng(1).gamma(0.3, 0.4, (4, 7, 5)).astype(np.float32)
    for metric in depth_metrics(over):
        assert value(metric.name, observed, observed, over=over)[0] == metric.target


def test_all_dry_ground_leaves_wet_scores_and_nse_undefined():
    dry = np.zeros((2, 3, 3))
    for name in ("rmse_wet", "mae_wet", "rmse_either", "nse"):
        found, count = value(name, dry, dry)
        assert np.isnan(found), name
        assert count == 0
    assert value("rmse", dry, dry) == (0.0, 18)


def test_constant_depth_has_no_nse_whatever_its_rounding():
    wet = np.full((2, 3, 3), 0.1, dtype=np.float32)
    assert np.isnan(value("nse", wet + 0.1, wet)[0])


def test_false_flood_costs_only_where_either_side_is_wet():
    observed, predicted = frames([[0.0, 1.0]]), frames([[2.0, 1.0]])
    assert value("rmse_wet", predicted, observed)[0] == 0
    assert value("rmse_either", predicted, observed)[0] == pytest.approx(np.sqrt(2))


def test_missing_observed_and_masked_cells_do_not_count():
    observed = frames([[np.nan, 1.0, 5.0]], [[0.5, 1.0, 5.0]])
    predicted = frames([[np.nan, 1.5, 0.0]], [[0.5, 1.0, np.nan]])
    valid = np.array([[True, True, False]])
    assert value("mae", predicted, observed, valid=valid) == (pytest.approx(0.5 / 3), 3)


def test_peak_takes_the_greatest_depth_of_cells_seen_in_every_frame():
    observed = frames([[1.0, np.nan, 0.2]], [[0.3, 0.1, 0.6]])
    predicted = frames([[0.8, 9.0, 0.6]], [[0.9, 0.1, 0.2]])
    found, count = value("peak_mae_wet", predicted, observed, over="peak")
    assert count == 2
    assert found == pytest.approx(0.1 / 2)


depths = arrays(np.float32, (3, 2, 3, 4), elements=st.floats(0, 4, width=32))


@settings(max_examples=40, deadline=None)
@given(depths, depths)
def test_pooled_samples_score_as_one_array(predicted, observed):
    states = []
    for p, o in zip(predicted, observed, strict=True):
        truth = Observed.of(o, interval_s=600)
        states.append(gather([DepthErrors()], Predicted.of(p, truth), truth))
    sums = total(states).sums
    wet = observed > np.float32(0.05)
    error = predicted.astype(float) - observed
    metrics = {m.name: m for m in depth_metrics("frames")}
    assert float(metrics["rmse"].value(sums)) == pytest.approx(np.sqrt((error**2).mean()))
    if wet.any():
        expected = np.sqrt((error[wet] ** 2).mean())
        assert float(metrics["rmse_wet"].value(sums)) == pytest.approx(expected)
