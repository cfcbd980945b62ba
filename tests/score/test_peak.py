"""Peak depth, peak time and volume."""

import numpy as np
import pytest

from inundate.score.aggregate import gather
from inundate.score.peak import (
    ERROR_EDGES,
    MINUTE_EDGES,
    PeakErrors,
    histogram,
    peak_frame,
    peak_metrics,
    quantile_of,
)
from inundate.score.sample import Observed, Predicted


def scores(predicted, observed, interval_s=300.0):
    truth = Observed.of(observed, interval_s=interval_s)
    sums = gather([PeakErrors()], Predicted.of(predicted, truth), truth).sums
    return {m.name: (float(m.value(sums)), float(m.count(sums))) for m in peak_metrics()}


def series(*cells):
    """Frames of one row from a time series a cell."""
    return np.array(cells, dtype=np.float32).T[:, None, :]


def test_hand_worked():
    # deeper than 0.3 m: cells 0 (peak 0.5), 1 (1.0) and 2 (2.0); cell 3 is too shallow
    observed = series([0.1, 0.5, 0.4], [0.2, 0.6, 1.0], [2.0, 1.0, 0.5], [0.0, 0.3, 0.1])
    predicted = series([0.55, 0.3, 0.1], [0.5, 0.9, 0.8], [2.0, 1.0, 0.5], [0.0, 0.9, 0.0])
    found = scores(predicted, observed)
    assert found["peak_depth_error"] == (10.0, 3)  # of 10, 10 and 0 %
    assert found["peak_depth_p95"] == (10.0, 3)
    assert found["peak_depth_bias"][0] == pytest.approx(100 * (0.05 - 0.1 + 0) / 3.5, rel=1e-5)
    # cells 0 and 1 are one frame (5 min) early, cell 2 is on time
    assert found["peak_time_error"] == (5.0, 3)
    assert found["peak_time_bias"][0] == pytest.approx(-10 / 3)


def test_volume_counts_each_frame_and_keeps_the_sign_apart():
    observed = series([1.0, 2.0], [0.0, 1.0])  # 1 and 3
    predicted = series([2.0, 1.5], [0.0, 0.5])  # 2 and 2
    found = scores(predicted, observed)
    assert found["volume_error"] == (pytest.approx(50.0), 4)
    assert found["volume_bias"][0] == pytest.approx(0.0)


def test_perfect_is_exactly_the_best_value():
    observed = np.random.default_rng(0).gamma(0.5, 0.5, (6, 9, 8)).astype(np.float32)
    found = scores(observed, observed)
    for metric in peak_metrics():
        assert found[metric.name][0] == metric.target, metric.name


def test_dry_ground_is_undefined_with_a_count_of_zero():
    dry = np.zeros((3, 4, 4))
    for name, (found, count) in scores(dry, dry).items():
        assert np.isnan(found), name
        assert count == 0, name


def test_water_that_never_comes_has_no_time_but_an_error_of_all_its_depth():
    observed = series([0.0, 1.0, 0.5])
    found = scores(np.zeros_like(observed), observed)
    assert found["peak_depth_error"] == (100.0, 1)
    assert found["peak_depth_bias"][0] == -100
    assert np.isnan(found["peak_time_error"][0])
    assert found["peak_time_error"][1] == 0


def test_creeping_water_peaks_once_within_a_millimetre():
    depth = np.array([[0.2, 0.9996, 0.9998, 1.0]], dtype=np.float32).T
    assert peak_frame(depth).tolist() == [1]


@pytest.mark.parametrize("level", [0.1, 0.5, 0.9])
@pytest.mark.parametrize("edges", [ERROR_EDGES, MINUTE_EDGES])
def test_binned_quantile_is_the_next_edge_above_the_exact_one(level, edges):
    values = np.random.default_rng(3).gamma(1.0, 15.0, 1001)
    counts = histogram(values, edges).astype(float)
    exact = np.quantile(values, level, method="inverted_cdf")
    found = float(quantile_of(counts, edges, level))
    assert found == edges[np.searchsorted(edges, np.round(exact, 4))]


def test_quantile_above_all_edges_is_the_last_edge():
    counts = histogram(np.array([5e6]), ERROR_EDGES).astype(float)
    assert quantile_of(counts, ERROR_EDGES, 0.5) == ERROR_EDGES[-1]


def test_quantile_keeps_leading_dimensions_and_undefined_rows():
    counts = np.array([[[0, 2, 1, 0], [0, 0, 0, 0.0]]])
    found = quantile_of(counts, np.array([0, 5.0, 10]), 0.9)
    np.testing.assert_array_equal(found, [[10.0, np.nan]])


def test_edges_rise_from_zero():
    for edges in (ERROR_EDGES, MINUTE_EDGES):
        assert edges[0] == 0
        assert (np.diff(edges) > 0).all()
