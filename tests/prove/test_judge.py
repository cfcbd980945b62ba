"""Pass lines: interval, baseline, paired test."""

import numpy as np
import pytest

from inundate.core.errors import DataError
from inundate.prove.judge import PassLine, judge, sign_flip_p

LINE = PassLine("hit_rate", "the commoner class", 0.9)


def test_a_good_score_meets_its_line():
    values = np.array([1.0] * 95 + [0.0] * 5)
    found = judge(values, np.tile([0.0, 1.0], 50), LINE)
    assert found.met
    assert found.score.value == 0.95
    # Wilson 1927, 95 of 100: 0.8882 to 0.9785
    assert found.score.low == pytest.approx(0.8882, abs=1e-4)
    assert found.score.high == pytest.approx(0.9785, abs=1e-4)
    assert found.baseline == 0.5


def test_below_the_line_is_not_met_even_if_it_beats_the_baseline():
    values = np.array([1.0] * 80 + [0.0] * 20)
    found = judge(values, np.zeros(100), LINE)
    assert found.p_value < 0.01
    assert not found.met


def test_as_good_as_the_baseline_is_not_met():
    values = np.ones(100)  # a baseline that is right 99 times of 100 leaves nothing to win
    baseline = np.ones(100)
    baseline[0] = 0.0
    found = judge(values, baseline, LINE)
    assert found.p_value > 0.01
    assert not found.met


def test_where_nothing_can_be_learned_skill_is_a_fault():
    line = PassLine("hit_rate", "the commoner class", None)
    rng = np.random.default_rng(0)
    chance = (rng.random(400) < 0.5).astype(float)
    other = (rng.random(400) < 0.5).astype(float)
    assert judge(chance, other, line).met
    assert not judge(np.ones(400), other, line).met
    assert line.says() == "hit_rate no better than the commoner class"


def test_values_that_are_not_finite_never_meet_a_line():
    for least in (0.0, None):
        found = judge(np.array([1.0, np.nan]), np.zeros(2), PassLine("skill", "zero", least))
        assert not found.met
        assert found.record()["low"] is None


def test_an_interval_of_real_numbers_covers_the_mean():
    values = np.random.default_rng(1).normal(3.0, 1.0, 1000)
    found = judge(values, np.zeros(1000), PassLine("skill", "zero", 1.0)).score
    standard_error = values.std() / np.sqrt(1000)
    assert found.low == pytest.approx(found.value - 1.96 * standard_error, abs=0.4 * standard_error)
    assert found.high == pytest.approx(
        found.value + 1.96 * standard_error, abs=0.4 * standard_error
    )


def test_the_sign_flip_test_keeps_its_level():
    rng = np.random.default_rng(2)
    p = np.array([sign_flip_p(rng.normal(size=40), seed=i) for i in range(100)])
    assert (p < 0.05).mean() <= 0.12  # 0.05 and 3 standard errors
    assert sign_flip_p(np.ones(40)) == pytest.approx(1 / 5000)


def test_lengths_must_agree():
    with pytest.raises(DataError, match="expected one number a sample for both"):
        judge(np.ones(3), np.ones(4), LINE)
