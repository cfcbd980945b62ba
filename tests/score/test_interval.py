"""Bootstrap: clusters, pairing, honesty about too little."""

import numpy as np
import pytest

from inundate.core.errors import ConfigError
from inundate.core.seeds import make_rng
from inundate.score.aggregate import State
from inundate.score.interval import Resampler, bounds_of, difference, interval
from inundate.score.statistic import ratio_metric

MEAN = ratio_metric("mean", "mean", "m", "lower", ["sum"], ["n"], meaning="mean")
SHARE = ratio_metric("share", "share", "1", "higher", ["sum"], ["n"], meaning="share")
BIAS = ratio_metric("bias", "bias", "m", "zero", ["sum"], ["n"], meaning="bias")
ONE = ratio_metric("one", "one", "1", "target", ["sum"], ["n"], target=1.0, meaning="ratio")


def states(values, n=1.0):
    return [State.of({"sum": v * n, "n": n}) for v in values]


def test_interval_of_independent_samples_is_that_of_the_mean():
    values = np.random.default_rng(0).normal(5, 2, 400)
    found = interval(MEAN, states(values), Resampler(range(400)))
    half = 1.96 * values.std() / 20
    assert found.value == pytest.approx(values.mean())
    assert found.low == pytest.approx(values.mean() - half, abs=0.04)
    assert found.high == pytest.approx(values.mean() + half, abs=0.04)
    assert found.note == ""


def test_samples_of_one_cluster_are_drawn_together():
    cluster = np.repeat(np.arange(20), 20)
    values = np.random.default_rng(1).normal(0, 1, 20)[cluster]  # alike within a cluster
    wide = interval(MEAN, states(values), Resampler(cluster))
    narrow = interval(MEAN, states(values), Resampler(range(400)))
    ratio = (wide.high - wide.low) / (narrow.high - narrow.low)
    assert ratio == pytest.approx(np.sqrt(20), rel=0.15)


def test_interval_covers_about_as_often_as_it_says():
    rng = np.random.default_rng(2)
    hits = 0
    for trial in range(150):
        values = rng.normal(0, 1, 30)[np.repeat(np.arange(30), 3)] + rng.normal(0, 0.3, 90)
        resampler = Resampler(np.repeat(np.arange(30), 3), draws=300, seed=trial)
        found = interval(MEAN, states(values), resampler)
        hits += found.low <= 0 <= found.high
    assert 0.88 <= hits / 150 <= 0.98


def test_paired_difference_sees_what_unpaired_intervals_hide():
    rng = np.random.default_rng(3)
    ground = rng.normal(1, 0.5, 40)
    ours, theirs = states(ground), states(ground + 0.02 + rng.normal(0, 0.01, 40))
    resampler = Resampler(range(40))
    a, b = (interval(MEAN, side, resampler) for side in (ours, theirs))
    assert a.high > b.low
    found = difference(MEAN, ours, theirs, resampler)
    assert found.better
    assert found.value == pytest.approx(-0.02, abs=0.005)
    assert found.high < 0
    assert not difference(MEAN, theirs, ours, resampler).better


def test_equal_models_are_not_better():
    same = states(np.linspace(0, 1, 9))
    found = difference(MEAN, same, same, Resampler(range(9)))
    assert (found.value, found.low, found.high, found.better) == (0, 0, 0, False)


@pytest.mark.parametrize(
    ("metric", "ours", "theirs", "value"),
    [
        (MEAN, 1.0, 2.0, -1.0),
        (SHARE, 0.8, 0.5, 0.3),
        (BIAS, -0.1, 0.4, -0.3),
        (BIAS, 0.1, -0.4, -0.3),
        (ONE, 0.9, 1.3, -0.2),
    ],
)
def test_good_side_of_each_kind_of_metric(metric, ours, theirs, value):
    found = difference(metric, states([ours] * 5), states([theirs] * 5), Resampler(range(5)))
    assert found.value == pytest.approx(value)
    assert found.better
    assert not difference(
        metric, states([theirs] * 5), states([ours] * 5), Resampler(range(5))
    ).better


def test_interval_that_touches_zero_is_not_better():
    ours, theirs = states([0, 0, 0, 1, 0, 0]), states([1, 1, 1, 0, 1, 0])
    found = difference(MEAN, ours, theirs, Resampler(range(6)))
    assert found.value < 0 <= found.high
    assert not found.better


@pytest.mark.parametrize("clusters", [[0, 0, 0, 0], [0, 0, 1, 1]])
def test_fewer_than_three_clusters_have_no_interval_and_say_so(clusters):
    resampler = Resampler(clusters)
    found = interval(MEAN, states([1, 2, 3, 4]), resampler)
    assert found.value == 2.5
    assert np.isnan([found.low, found.high]).all()
    assert found.note == f"{len(set(clusters))} independent cluster(s), at least 3 needed"
    judged = difference(MEAN, states([1, 2, 3, 4]), states([9, 9, 9, 9]), resampler)
    assert np.isnan(judged.low)
    assert not judged.better
    assert judged.note


def test_two_factors_are_wider_than_either():
    block, storm = np.divmod(np.arange(144), 12)
    rng = np.random.default_rng(4)
    values = rng.normal(0, 1, 12)[block] + rng.normal(0, 1, 12)[storm]
    widths = []
    for factors in ((block,), (storm,), (block, storm)):
        found = interval(MEAN, states(values), Resampler(*factors))
        widths.append(found.high - found.low)
    assert widths[2] > 1.2 * max(widths[:2])
    assert Resampler(block, [0] * 144).note


def test_draws_depend_on_the_seed_and_not_on_the_order_of_samples():
    names = ["b", "a", "a", "c", "d"]
    values = [1.0, 2.0, 4.0, 8.0, 16.0]
    first = interval(MEAN, states(values), Resampler(names, seed=1))
    order = [3, 1, 4, 0, 2]
    turned = interval(
        MEAN, states([values[i] for i in order]), Resampler([names[i] for i in order], seed=1)
    )
    assert (turned.low, turned.high) == pytest.approx((first.low, first.high), rel=1e-12)
    assert (Resampler(names, seed=2).weights != Resampler(names, seed=1).weights).any()


def test_undefined_draws_are_left_out_while_few_and_told_when_many():
    few = np.arange(100.0)
    few[:5] = np.nan
    low, high, note = bounds_of(few, 0.9)
    assert (low, high) == tuple(np.quantile(few[5:], [0.05, 0.95]))
    assert note == ""
    few[:20] = np.nan
    low, high, note = bounds_of(few, 0.9)
    assert np.isnan([low, high]).all()
    assert note == "undefined in 20 of 100 draws"


def test_draws_are_the_same_in_every_process():
    """Clusters are numbered by name: the order of a set of texts changes with each start."""
    names = [f"block-{letter}" for letter in "hdagfbec"]
    times = make_rng(5, "bootstrap", 0).multinomial(8, np.full(8, 1 / 8), size=20)
    expected = times[:, [sorted(names).index(name) for name in names]]
    np.testing.assert_array_equal(Resampler(names, draws=20, seed=5).weights, expected)


def test_weights_count_whole_clusters():
    resampler = Resampler(["a", "a", "b"], draws=50)
    assert (resampler.weights[:, 0] == resampler.weights[:, 1]).all()
    assert (resampler.weights[:, 1:].sum(axis=1) == 2).all()


@pytest.mark.parametrize("factors", [(), ([],), ([1, 2], [1])])
def test_senseless_factors_are_refused(factors):
    with pytest.raises(ConfigError, match="bootstrap"):
        Resampler(*factors)
    with pytest.raises(ConfigError, match="0 draws"):
        Resampler([1, 2, 3], draws=0)
