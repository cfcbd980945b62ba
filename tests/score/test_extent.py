"""Contingency scores by hand, at the edge, and undefined."""

import numpy as np
import pytest

from inundate.score.aggregate import gather, total
from inundate.score.extent import THRESHOLDS_M, Extent, extent_metrics
from inundate.score.sample import Observed, Predicted


def state(predicted, observed, over="frames", thresholds=THRESHOLDS_M):
    truth = Observed.of(observed, interval_s=600)
    return gather([Extent(thresholds, over)], Predicted.of(predicted, truth), truth)


def scores(sums, over="frames", thresholds=THRESHOLDS_M):
    return {
        m.name: (float(m.value(sums)), float(m.count(sums)))
        for m in extent_metrics(thresholds, over)
    }


# at 0.3 m: 3 hits, 2 misses, 1 false alarm, 2 correct negatives
OBSERVED = np.array([[[0.3, 0.5, 1.2, 0.4], [0.9, 0.1, 0.0, 0.2]]])
PREDICTED = np.array([[[0.3, 0.4, 0.9, 0.1], [0.2, 0.6, 0.0, 0.2]]])


def test_hand_worked():
    sums = state(PREDICTED, OBSERVED).sums
    table = [
        sums[f"extent_frames.0.3.{kind}"]
        for kind in ("hits", "misses", "false_alarms", "correct_negatives")
    ]
    assert table == [3, 2, 1, 2]
    found = scores(sums)
    assert found["csi_0.3"] == (0.5, 6)
    assert found["pod_0.3"] == (0.6, 5)
    assert found["far_0.3"] == (0.25, 4)
    assert found["frequency_bias_0.3"] == (0.8, 5)
    assert found["csi_1"] == (0.0, 1)


def test_threshold_itself_is_flooded():
    for threshold in THRESHOLDS_M:
        cell = np.full((1, 1, 1), threshold, dtype=np.float32)
        assert scores(state(cell, cell).sums)[f"csi_{threshold:g}"] == (1.0, 1)


def test_perfect_is_exactly_the_best_value():
    observed = np.random.default_rng(0).gamma(0.5, 0.8, (3, 9, 9))
    for over in ("frames", "peak"):
        found = scores(state(observed, observed, over).sums, over)
        for metric in extent_metrics(THRESHOLDS_M, over):
            assert found[metric.name][0] == metric.target, metric.name


def test_no_flood_on_either_side_is_undefined():
    dry = np.zeros((1, 3, 3))
    for name, (found, count) in scores(state(dry, dry).sums).items():
        assert np.isnan(found), name
        assert count == 0


def test_all_dry_prediction_scores_zero_and_its_false_alarm_share_is_undefined():
    found = scores(state(np.zeros_like(OBSERVED), OBSERVED).sums)
    assert found["csi_0.3"][0] == 0
    assert found["pod_0.3"][0] == 0
    assert found["frequency_bias_0.3"][0] == 0
    assert np.isnan(found["far_0.3"][0])


def test_samples_are_pooled_before_the_division():
    one = state(np.array([[[1.0, 0.0]]]), np.array([[[1.0, 1.0]]]))
    other = state(np.zeros((1, 3, 3)), np.zeros((1, 3, 3)))
    both = scores(total([one, other, other]).sums)
    assert both["csi_0.3"] == (0.5, 2)


def test_peak_map_differs_from_frames():
    observed = np.array([[[1.0]], [[0.0]]])
    predicted = np.array([[[0.0]], [[1.0]]])
    assert scores(state(predicted, observed).sums)["csi_0.3"][0] == 0
    assert scores(state(predicted, observed, "peak").sums, "peak")["peak_csi_0.3"][0] == 1


def test_missing_cells_are_in_no_count():
    observed = OBSERVED.copy()
    observed[0, 0, 0] = np.nan
    sums = state(PREDICTED, observed).sums
    kinds = ("hits", "misses", "false_alarms", "correct_negatives")
    assert sum(float(sums[f"extent_frames.0.3.{k}"]) for k in kinds) == 7
    assert sums["extent_frames.0.3.hits"] == 2


@pytest.mark.parametrize("swap", [False, True])
def test_csi_is_symmetric_in_its_sides(swap):
    sides = (PREDICTED, OBSERVED)
    found = scores(state(*(sides[::-1] if swap else sides)).sums)
    assert found["csi_0.3"][0] == 0.5
