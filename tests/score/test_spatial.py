"""Fractions skill score."""

import numpy as np
import pytest

from inundate.core.errors import ConfigError
from inundate.score.aggregate import gather
from inundate.score.sample import Observed, Predicted
from inundate.score.spatial import Spatial, integral, spatial_metrics, window_counts


def fss(predicted, observed, window, threshold=0.3, valid=None):
    truth = Observed.of(observed, interval_s=600, valid=valid)
    statistic = Spatial((threshold,), (window,))
    sums = gather([statistic], Predicted.of(predicted, truth), truth).sums
    (metric,) = spatial_metrics((threshold,), (window,))
    return float(metric.value(sums)), float(metric.count(sums))


def slow_counts(flooded, window):
    view = np.lib.stride_tricks.sliding_window_view(flooded, (window, window), axis=(1, 2))
    return view.sum(axis=(3, 4))


@pytest.mark.parametrize("window", [1, 3, 5])
def test_window_counts_equal_a_plain_sum(window):
    flooded = np.random.default_rng(0).random((3, 9, 7)) < 0.4
    found = window_counts(integral(flooded), window)
    np.testing.assert_array_equal(found, slow_counts(flooded, window))


def test_hand_worked():
    # one three-cell window in a row of three... fractions 1/9 and 2/9
    observed, predicted = np.zeros((1, 3, 3)), np.zeros((1, 3, 3))
    observed[0, 0, 0] = observed[0, 1, 1] = predicted[0, 2, 2] = 1.0
    found, _ = fss(predicted, observed, 3)
    assert found == pytest.approx(1 - (1 / 81) / (1 / 81 + 4 / 81))


def test_flood_one_cell_off_is_wrong_at_one_cell_and_nearly_right_in_windows():
    observed, predicted = np.zeros((1, 21, 21)), np.zeros((1, 21, 21))
    observed[0, 10, 10], predicted[0, 10, 11] = 1.0, 1.0
    assert fss(predicted, observed, 1)[0] == 0
    assert 0.7 < fss(predicted, observed, 5)[0] < fss(predicted, observed, 11)[0] < 1


def test_perfect_is_exactly_one_and_no_flood_is_undefined():
    observed = np.random.default_rng(1).gamma(0.4, 0.5, (4, 20, 17))
    for window in (1, 5, 11):
        assert fss(observed, observed, window)[0] == 1
        found, count = fss(np.zeros((1, 20, 20)), np.zeros((1, 20, 20)), window)
        assert np.isnan(found)
        assert count == 0


def test_windows_that_touch_an_invalid_cell_are_left_out():
    rng = np.random.default_rng(2)
    observed, predicted = rng.gamma(0.5, 0.5, (2, 2, 9, 9))
    observed[1, 4, 5] = np.nan
    whole = slow_counts(~np.isnan(observed), 3) == 9
    p, o = (slow_counts(np.nan_to_num(side) >= 0.3, 3)[whole] / 9 for side in (predicted, observed))
    expected = 1 - ((p - o) ** 2).sum() / ((p**2).sum() + (o**2).sum())
    assert fss(predicted, observed, 3)[0] == pytest.approx(expected)


def test_map_smaller_than_the_window_is_undefined():
    wet = np.ones((1, 4, 20))
    assert np.isnan(fss(wet, wet, 5)[0])


def test_even_window_is_refused():
    with pytest.raises(ConfigError, match="window of 4 cells, expected odd"):
        Spatial(windows=(4,))
