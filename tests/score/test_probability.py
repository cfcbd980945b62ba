"""CRPS, Brier, reliability, coverage, spread."""

import numpy as np
import pytest

from inundate.core.errors import DataError
from inundate.score.aggregate import gather, total
from inundate.score.probability import (
    Probability,
    crps_of_members,
    crps_of_quantiles,
    probability_metrics,
    reliability_table,
)
from inundate.score.sample import Forecast, Observed

THRESHOLDS = (0.05, 0.3)


def state(forecast, observed):
    truth = Observed.of(observed, interval_s=600)
    return gather([Probability(THRESHOLDS)], forecast.against(truth, name="m"), truth)


def scores(sums):
    return {
        m.name: (float(m.value(sums)), float(m.count(sums)))
        for m in probability_metrics(THRESHOLDS)
    }


def cells(*values):
    return np.array(values, dtype=np.float32)[None, None, :]


def test_fair_crps_equals_the_plain_double_sum():
    rng = np.random.default_rng(0)
    members, truth = rng.gamma(1, 1, (5, 40)), rng.gamma(1, 1, 40)
    spread = np.abs(members[:, None] - members[None]).sum(axis=(0, 1)) / (2 * 5 * 4)
    expected = np.abs(members - truth).mean(axis=0) - spread
    np.testing.assert_allclose(crps_of_members(members, truth), expected, atol=1e-12)


def test_fair_crps_does_not_depend_on_ensemble_size_on_average():
    rng = np.random.default_rng(1)
    truth = rng.normal(size=40_000)
    small, large = (crps_of_members(rng.normal(size=(m, 40_000)), truth).mean() for m in (2, 30))
    exact = 1 / np.sqrt(np.pi)  # of a standard normal law against itself
    assert small == pytest.approx(exact, abs=0.015)
    assert large == pytest.approx(exact, abs=0.015)


def test_quantile_crps_comes_near_the_exact_one_with_many_levels():
    truth = np.linspace(0, 1, 11)
    levels = (np.arange(200) + 0.5) / 200
    quantiles = np.repeat(levels[:, None], 11, axis=1)  # uniform on 0..1
    exact = truth**3 / 3 + (1 - truth) ** 3 / 3
    np.testing.assert_allclose(crps_of_quantiles(quantiles, levels, truth), exact, atol=1e-4)


def test_quantile_crps_hand_worked():
    # levels 0.25 and 0.75 stand for half of the levels each
    found = crps_of_quantiles(np.array([[1.0], [2.0]]), np.array([0.25, 0.75]), np.array([4.0]))
    assert found[0] == pytest.approx(2 * 0.5 * (0.25 * 3 + 0.75 * 2))


def test_single_depth_scores_as_a_sure_forecast():
    observed, predicted = cells(0.0, 0.4, 1.0, 0.2), cells(0.1, 0.2, 1.0, 0.35)
    found = scores(state(Forecast(predicted), observed).sums)
    assert found["crps"] == (pytest.approx((0.1 + 0.2 + 0 + 0.15) / 4), 4)
    assert found["crps_wet"] == (pytest.approx(0.35 / 3), 3)
    assert found["brier_0.3"] == (0.5, 4)  # a miss and a false alarm
    assert np.isnan(found["coverage_90"][0])
    assert np.isnan(found["spread_skill"][0])


def test_sure_forecast_has_the_sums_of_its_zero_one_probabilities():
    rng = np.random.default_rng(4)
    observed, predicted = rng.gamma(0.4, 0.5, (2, 3, 6, 5)).astype(np.float32)
    observed[0, 0, 0] = np.nan
    sure = np.stack([predicted >= np.float32(t) for t in THRESHOLDS]).astype(np.float32)
    counted = state(Forecast(predicted), observed).sums
    computed = state(Forecast(predicted, probability=sure), observed).sums
    for key in counted:
        np.testing.assert_array_equal(counted[key], computed[key], err_msg=key)


def test_perfect_ensemble_is_exactly_best():
    observed = np.random.default_rng(5).gamma(0.5, 0.5, (2, 6, 6)).astype(np.float32)
    found = scores(state(Forecast(observed, members=np.stack([observed] * 3)), observed).sums)
    for name in ("crps", "crps_wet", "brier_0.05", "brier_0.3", "calibration_error_0.3"):
        assert found[name][0] == 0, name
    assert found["coverage_90"][0] == 1
    assert found["width_90"][0] == 0
    assert np.isnan(found["spread_skill"][0])  # no spread over no error


def test_brier_of_members_is_fair():
    members = np.stack([cells(1.0), cells(0.0), cells(0.0), cells(0.0)])
    found = scores(state(Forecast(cells(0.25), members=members), cells(1.0)).sums)
    assert found["brier_0.3"][0] == pytest.approx((1 - 0.25) ** 2 - 0.25 * 0.75 / 3)


def test_reliability_hand_worked():
    observed = cells(0.4, 0.0, 0.4, 0.0, 0.4)
    chance = np.stack([np.zeros_like(observed), cells(0.9, 0.2, 0.2, 0.25, 1.0)])
    sums = state(Forecast(observed, probability=chance), observed).sums
    table = reliability_table(sums, 0.3)
    assert table["count"] == [3, 2]
    assert table["low"] == [0.2, 0.9]
    assert table["high"] == pytest.approx([0.3, 1.0])
    assert table["forecast"] == pytest.approx([0.65 / 3, 0.95], rel=1e-6)
    assert table["observed"] == pytest.approx([1 / 3, 1.0])
    expected = (abs(0.65 - 1) + abs(1.9 - 2)) / 5
    assert scores(sums)["calibration_error_0.3"] == (pytest.approx(expected, rel=1e-6), 5)


def test_calibrated_probabilities_have_a_small_calibration_error():
    rng = np.random.default_rng(6)
    chance = rng.random((1, 200, 200)).astype(np.float32)
    observed = np.where(rng.random(chance.shape) < chance, 1.0, 0.0)
    good = scores(state(Forecast(observed, probability=np.stack([chance] * 2)), observed).sums)
    bad = scores(state(Forecast(observed, probability=np.stack([chance**3] * 2)), observed).sums)
    assert good["calibration_error_0.3"][0] < 0.02 < bad["calibration_error_0.3"][0]
    assert good["brier_0.3"][0] == pytest.approx(1 / 6, abs=0.01)


def test_coverage_and_width_of_wet_cells_only():
    observed = cells(0.0, 0.5, 1.0, 2.0)
    low, high = cells(0.5, 0.4, 1.1, 1.0), cells(0.6, 0.6, 1.2, 3.0)
    forecast = Forecast(observed, quantiles=np.stack([low, high]), levels=[0.05, 0.95])
    found = scores(state(forecast, observed).sums)
    assert found["coverage_90"] == (pytest.approx(2 / 3), 3)
    assert found["width_90"][0] == pytest.approx((0.2 + 0.1 + 2.0) / 3, rel=1e-6)


def test_an_interval_that_is_given_counts_instead_of_the_quantiles():
    observed = cells(0.0, 0.5, 1.0, 2.0)
    low, high = cells(0.5, 0.4, 1.1, 1.0), cells(0.6, 0.6, 1.2, 3.0)
    forecast = Forecast(
        observed, quantiles=np.stack([low, high]), levels=[0.05, 0.95],
        interval=np.stack([cells(0.0, 0.0, 0.0, 0.0), cells(0.0, 0.6, 1.2, 1.0)]),
    )  # fmt: skip
    found = scores(state(forecast, observed).sums)
    assert found["coverage_90"] == (pytest.approx(2 / 3), 3)
    assert found["width_90"][0] == pytest.approx((0.6 + 1.2 + 1.0) / 3, rel=1e-6)
    for ends in (np.stack([high, low]), low[None]):
        with pytest.raises(DataError, match="an interval needs two ends, the lower one first"):
            state(Forecast(observed, interval=ends), observed)


def test_quantiles_without_the_ends_of_the_interval_have_no_coverage():
    observed = cells(0.5)
    forecast = Forecast(observed, quantiles=np.stack([observed]), levels=[0.5])
    assert np.isnan(scores(state(forecast, observed).sums)["coverage_90"][0])


def test_members_of_the_true_law_cover_and_spread_as_they_should():
    rng = np.random.default_rng(7)
    centre = rng.uniform(2, 6, (1, 60, 60))
    draws = centre + rng.normal(0, 0.5, (41, 1, 60, 60))
    found = scores(state(Forecast(draws[1:].mean(axis=0), members=draws[1:]), draws[0]).sums)
    assert found["coverage_90"][0] == pytest.approx(0.88, abs=0.03)  # 40 members fall short a bit
    assert found["spread_skill"][0] == pytest.approx(1, abs=0.04)


def test_spread_over_skill_hand_worked():
    # members 1 and 3: mean 2, variance 2; one more draw than members: times 3 / 2; error 1
    members = np.stack([cells(1.0), cells(3.0)])
    found = scores(state(Forecast(cells(2.0), members=members), cells(3.0)).sums)
    assert found["spread_skill"] == (pytest.approx(np.sqrt(2 * 1.5)), 1)


def test_no_wet_cell_leaves_wet_scores_undefined():
    dry = np.zeros((1, 2, 2))
    found = scores(state(Forecast(dry, members=np.zeros((3, 1, 2, 2))), dry).sums)
    assert np.isnan(found["crps_wet"][0])
    assert np.isnan(found["coverage_90"][0])
    assert found["crps"] == (0.0, 4)


def test_pooling_samples_adds_tables():
    observed = np.random.default_rng(8).gamma(0.5, 0.5, (2, 1, 4, 4))
    chance = np.random.default_rng(9).random((2, 2, 1, 4, 4))
    parts = [state(Forecast(o, probability=p), o) for o, p in zip(observed, chance, strict=True)]
    whole = state(
        Forecast(np.concatenate(list(observed)), probability=np.concatenate(list(chance), axis=1)),
        np.concatenate(list(observed)),
    )
    pooled = total(parts).sums
    for key, value in whole.sums.items():
        np.testing.assert_allclose(pooled[key], value, rtol=1e-12, err_msg=key)


def test_probabilities_for_other_thresholds_are_refused():
    observed = cells(0.5)
    with pytest.raises(DataError, match=r"probabilities for 3 thresholds, expected 2: \[0.05, 0"):
        state(Forecast(observed, probability=np.zeros((3, 1, 1, 1))), observed)
