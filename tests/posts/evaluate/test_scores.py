"""Scores are those of scikit-learn; intervals cover; what cannot be said is not said."""

import warnings

import numpy as np
import pytest

from inundate.core.errors import ConfigError, DataError
from inundate.posts.evaluate.abstain import risk_coverage
from inundate.posts.evaluate.bootstrap import draws_of, paired_bootstrap, score_draws
from inundate.posts.evaluate.measure import Measured
from inundate.posts.evaluate.scores import classification_scores

metrics = pytest.importorskip("sklearn.metrics")


def accuracy_of(measured, clusters, seed=0):
    return score_draws(measured, ["accuracy"], clusters=clusters, seed=seed)["accuracy"].interval()


def noisy(number, classes, seed, ties=False):
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, classes, number)
    logits = rng.normal(size=(number, classes)) + 1.2 * np.eye(classes)[labels]
    odds = np.exp(np.round(logits, 0) if ties else logits)
    return odds / odds.sum(axis=1, keepdims=True), labels


@pytest.mark.parametrize("ties", [False, True])
@pytest.mark.parametrize("classes", [2, 6])
def test_scores_are_those_of_scikit_learn(classes, ties):
    found, labels = noisy(500, classes, 1, ties)
    weights = np.random.default_rng(2).integers(0, 4, 500).astype(float)
    one = Measured(found, labels, classes)
    said = found.argmax(axis=1)
    for each in (np.ones(500), weights):
        near = {"sample_weight": each}
        assert one.value("accuracy", each) == pytest.approx(
            metrics.accuracy_score(labels, said, **near)
        )
        assert one.value("macro_f1", each) == pytest.approx(
            metrics.f1_score(labels, said, average="macro", **near)
        )
        used = [
            metrics.roc_auc_score(labels == k, found[:, k], **near)
            for k in ([1] if classes == 2 else range(classes))
        ]
        assert one.value("auc", each) == pytest.approx(np.mean(used))
        scaled = metrics.brier_score_loss(
            labels == 1, found[:, 1], **near
        ) if classes == 2 else np.average(((found - np.eye(classes)[labels]) ** 2).sum(1),
                                          weights=each)  # fmt: skip
        assert one.value("brier", each) == pytest.approx(scaled)
        assert one.confusion(each) == pytest.approx(
            metrics.confusion_matrix(labels, said, sample_weight=each)
        )
    scores = classification_scores(found, labels, [str(k) for k in range(classes)], draws=20)
    report = metrics.classification_report(labels, said, output_dict=True, zero_division=np.nan)
    for name, row in scores["classes"].items():
        assert row["f1"] == pytest.approx(report[name]["f1-score"])
        assert row["precision"] == pytest.approx(report[name]["precision"])
        assert row["recall"] == pytest.approx(report[name]["recall"])
        assert row["posts"] == report[name]["support"]


def test_calibration_error_by_hand():
    # 0.95 said: 3 of 4 right; 0.6 said: 1 of 2 right
    confidence = np.array([0.95] * 4 + [0.6] * 2)
    found = np.stack([1 - confidence, confidence], axis=1)
    one = Measured(found, [1, 1, 1, 0, 1, 0], 2)
    wanted = (4 * abs(0.95 - 0.75) + 2 * abs(0.6 - 0.5)) / 6
    assert one.value("ece") == pytest.approx(wanted)
    assert one.value("ece_adaptive") == pytest.approx(wanted)
    assert [row["posts"] for row in one.reliability()] == [2, 4]


def test_calibrated_probabilities_have_a_small_error():
    rng = np.random.default_rng(3)
    p = rng.random(20_000)
    labels = (rng.random(20_000) < p).astype(int)
    good = Measured(np.stack([1 - p, p], 1), labels, 2)
    sure = np.where(p > 0.5, 0.99, 0.01)
    bad = Measured(np.stack([1 - sure, sure], 1), labels, 2)
    assert good.value("ece") < 0.02
    assert good.value("ece_adaptive") < 0.02
    assert bad.value("ece") > 0.15


def test_the_interval_of_a_small_calibration_error_holds_it():
    even = classification_scores(np.full((400, 2), 0.5), np.arange(400) % 2, "ab", draws=200)
    rng = np.random.default_rng(3)
    p = rng.random(300)
    labels = (rng.random(300) < p).astype(int)
    good = classification_scores(np.stack([1 - p, p], 1), labels, "ab", draws=200)
    for scores in (even, good):
        for name in ("ece", "ece_adaptive"):
            one = scores["scores"][name]
            assert 0 <= one["low"] <= one["value"] < one["high"]


def test_one_class_leaves_the_area_undefined_and_says_so():
    found = np.tile([0.2, 0.8], (30, 1))
    scores = classification_scores(found, np.ones(30, int), ("no", "yes"), draws=50)
    auc = scores["scores"]["auc"]
    assert np.isnan(auc["value"])
    assert "undefined in 50 of 50 draws" in auc["note"]
    assert scores["scores"]["accuracy"]["value"] == 1
    assert scores["scores"]["macro_f1"]["value"] == 1
    assert scores["shares"] == {"no": 0, "yes": 1}


def test_few_posts_have_no_interval():
    scores = classification_scores([[0.3, 0.7]], [1], ("no", "yes"))
    assert scores["scores"]["accuracy"]["note"] == "an interval needs 10 independent posts, here 1"


def test_clusters_widen_the_interval_as_theory_says():
    rng = np.random.default_rng(5)
    right = np.repeat(rng.random(100) < 0.8, 9)  # nine copies of each
    said = np.where(right, 0.9, 0.1)
    one = Measured(np.stack([1 - said, said], 1), np.ones(900, int), 2)
    alone = accuracy_of(one, np.arange(900), 1)
    whole = accuracy_of(one, np.repeat(np.arange(100), 9), 1)
    spread = 2 * 1.96 * np.sqrt(0.8 * 0.2 / 100)
    assert whole.high - whole.low == pytest.approx(spread, rel=0.25)
    assert (whole.high - whole.low) / (alone.high - alone.low) == pytest.approx(3, rel=0.15)


def test_draws_count_whole_clusters_and_do_not_change():
    clusters = np.array([5, 5, 9, 2, 2, 2])
    first = list(draws_of(clusters, draws=5, seed=7))
    assert all((a == b).all() for a, b in zip(first, draws_of(clusters, draws=5, seed=7),
                                              strict=True))  # fmt: skip
    for weights in first:
        assert weights[0] == weights[1]
        assert weights[3] == weights[4] == weights[5]


def test_a_paired_difference_is_seen_where_intervals_overlap():
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 2, 600)
    wrong = rng.random(600) < 0.2
    mended = wrong & (rng.random(600) > 0.15)
    a, b = (np.eye(2)[np.where(w, 1 - labels, labels)] * 0.8 + 0.1 for w in (mended, wrong))
    apart = [accuracy_of(Measured(p, labels, 2), np.arange(600)) for p in (a, b)]
    assert apart[0].low < apart[1].high
    found = paired_bootstrap(a, b, labels, statistic="accuracy")
    assert found.is_better
    assert found.p < 0.02
    assert found.value == pytest.approx(apart[0].value - apart[1].value)
    same = paired_bootstrap(a, a, labels)
    assert (same.value, same.p, same.is_better) == (0, 1, False)
    back = paired_bootstrap(b, a, labels, statistic="accuracy")
    assert back.high < 0
    few = paired_bootstrap(a[:5], b[:5], labels[:5])
    assert np.isnan(few.p)
    assert not few.is_better


def test_p_values_are_even_where_there_is_no_difference():
    found = []
    for seed in range(60):
        rng = np.random.default_rng(seed)
        labels = rng.integers(0, 2, 150)
        a, b = (np.eye(2)[np.where(rng.random(150) < 0.25, 1 - labels, labels)] for _ in range(2))
        found.append(paired_bootstrap(a, b, labels, statistic="accuracy", draws=200).p)
    assert np.mean(np.array(found) < 0.05) < 0.15
    assert 0.35 < np.mean(found) < 0.75


def test_what_is_no_probability_is_refused():
    with pytest.raises(DataError, match="add up to 1.2"):
        Measured([[0.5, 0.7]], [0], 2)
    with pytest.raises(DataError, match=r"shape \(1, 2\), expected \(1, 3\)"):
        Measured([[0.5, 0.5]], [0], 3)
    with pytest.raises(DataError, match="not between"):
        Measured([[np.nan, 0.5]], [0], 2)
    with pytest.raises(DataError, match="labels from -1"):
        Measured([[0.5, 0.5]], [-1], 2)
    with pytest.raises(DataError, match="none with a label"):
        Measured(np.empty((0, 2)), [], 2)
    with pytest.raises(ConfigError, match="did you mean 'macro_f1'"):
        Measured([[0.5, 0.5]], [0], 2).value("macrof1")
    with pytest.raises(DataError, match="clusters of shape"):
        paired_bootstrap([[0.5, 0.5]], [[0.5, 0.5]], [0], clusters=[1, 2])


def test_risk_falls_with_coverage_and_ties_are_answered_together():
    curve = risk_coverage([0.9, 0.8, 0.8, 0.7], [1, 0, 1, 0])
    assert curve.coverage.tolist() == [0.25, 0.75, 1]
    assert curve.accuracy.tolist() == pytest.approx([1, 2 / 3, 0.5])
    assert curve.coverage_at(0.6) == 0.75
    assert curve.coverage_at(1.1) == 0
    assert curve.accuracy_at(0.5) == pytest.approx(2 / 3)
    assert curve.area == pytest.approx(0.25 * 0 + 0.5 / 3 + 0.25 * 0.5)
    assert curve.to_json()["points"][-1]["coverage"] == 1


def test_scores_are_json_but_for_nan():
    import json

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found, labels = noisy(60, 3, 9)
        scores = classification_scores(found, labels, "abc", clusters=np.arange(60) // 2, draws=30)
    assert scores["independent"] == 30
    assert json.loads(json.dumps(scores, allow_nan=False)) == scores
