"""The same values as the public package ``scores``, on random depths with missing cells."""

import numpy as np
import pytest

from inundate.score.aggregate import gather
from inundate.score.depth import DepthErrors, depth_metrics
from inundate.score.extent import Extent, extent_metrics
from inundate.score.probability import Probability, probability_metrics
from inundate.score.sample import Forecast, Observed
from inundate.score.spatial import Spatial, spatial_metrics

pytest.importorskip("scores")
xr = pytest.importorskip("xarray")

from scores.categorical import ThresholdEventOperator  # noqa: E402
from scores.continuous import mae, mse, nse, rmse  # noqa: E402
from scores.probability import brier_score_for_ensemble, crps_for_ensemble  # noqa: E402
from scores.spatial import fss_2d  # noqa: E402

DIMS = ("time", "y", "x")
THRESHOLDS = (0.05, 0.1, 0.3, 0.5, 1.0)


@pytest.fixture(scope="module")
def pair():
    rng = np.random.default_rng(11)
    observed = rng.gamma(0.4, 0.4, (5, 24, 19)).astype(np.float32)
    predicted = (observed * rng.uniform(0.3, 1.8, observed.shape)).astype(np.float32)
    observed[:, 3:5, 2] = np.nan
    observed[2, 9, 9] = np.nan
    return predicted, observed


def ours(statistic, metrics, forecast, observed):
    truth = Observed.of(observed, interval_s=600)
    sums = gather([statistic], forecast.against(truth, name="m"), truth).sums
    return {metric.name: float(metric.value(sums)) for metric in metrics}


def arrays(*values):
    return [xr.DataArray(value.astype(float), dims=DIMS) for value in values]


def test_continuous_scores(pair):
    predicted, observed = pair
    found = ours(DepthErrors(), depth_metrics("frames"), Forecast(predicted), observed)
    p, o = arrays(predicted, observed)
    wet = o > 0.05
    assert found["rmse"] == pytest.approx(float(rmse(p, o)), rel=1e-6)
    assert found["mae"] == pytest.approx(float(mae(p, o)), rel=1e-6)
    assert found["rmse_wet"] == pytest.approx(float(mse(p, o.where(wet))) ** 0.5, rel=1e-6)
    assert found["mae_wet"] == pytest.approx(float(mae(p, o.where(wet))), rel=1e-6)
    assert found["nse"] == pytest.approx(float(nse(p, o)), rel=1e-6)


def test_contingency_scores(pair):
    predicted, observed = pair
    found = ours(
        Extent(THRESHOLDS), extent_metrics(THRESHOLDS, "frames"), Forecast(predicted), observed
    )
    p, o = arrays(predicted, observed)
    for threshold in THRESHOLDS:
        # single precision, as the depths are kept
        operator = ThresholdEventOperator(default_event_threshold=float(np.float32(threshold)))
        table = operator.make_contingency_manager(p, o).transform()
        at = f"_{threshold:g}"
        assert found["csi" + at] == pytest.approx(float(table.critical_success_index()))
        assert found["pod" + at] == pytest.approx(float(table.probability_of_detection()))
        assert found["far" + at] == pytest.approx(float(table.false_alarm_ratio()))
        assert found["frequency_bias" + at] == pytest.approx(float(table.frequency_bias()))


@pytest.mark.parametrize("window", [3, 5])
def test_fractions_skill_score(pair, window):
    predicted, observed = (np.nan_to_num(side) for side in pair)
    (name, found), *_ = ours(
        Spatial((0.3,), (window,)),
        spatial_metrics((0.3,), (window,)),
        Forecast(predicted),
        observed,
    ).items()
    p, o = arrays(predicted, observed)
    expected = fss_2d(
        p,
        o,
        event_threshold=float(np.float32(0.3)),
        window_size=(window, window),
        spatial_dims=("y", "x"),
        threshold_operator=np.greater_equal,
    )
    assert name == f"fss_0.3_{window}"
    assert found == pytest.approx(float(expected))


def test_ensemble_scores(pair):
    _, observed = pair
    rng = np.random.default_rng(12)
    members = rng.gamma(0.5, 0.4, (6, *observed.shape)).astype(np.float32)
    forecast = Forecast(members.mean(axis=0), members=members)
    found = ours(Probability(THRESHOLDS), probability_metrics(THRESHOLDS), forecast, observed)
    (o,) = arrays(observed)
    m = xr.DataArray(members.astype(float), dims=("member", *DIMS))
    expected = float(crps_for_ensemble(m, o, "member", method="fair"))
    assert found["crps"] == pytest.approx(expected, rel=1e-6)
    for threshold in THRESHOLDS:
        brier = brier_score_for_ensemble(m, o, "member", float(np.float32(threshold)))
        assert found[f"brier_{threshold:g}"] == pytest.approx(float(brier.squeeze()), rel=1e-6)
