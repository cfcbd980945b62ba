"""The comparison of default and best: what counts as a gain, and what does not."""

import numpy as np
import pytest

from inundate.core.errors import DataError
from inundate.emulate.tune.compare import Measured, compare, student_interval

BLOCKS = ("a", "a", "b", "b", "c", "c", "d", "e")


def measured(costs, seed=0, blocks=BLOCKS):
    values = np.broadcast_to(np.asarray(costs, float), (len(blocks),))
    return Measured(seed, blocks, lambda w: (w @ values) / w.sum(axis=1))


def group(costs, blocks=BLOCKS):
    return [measured(cost, seed, blocks) for seed, cost in enumerate(costs)]


def test_student_intervals_are_those_of_the_tables():
    # two-sided 5 % points of Student's t: 2, 4, 5, 10 and 30 degrees of freedom
    for count, point in ((3, 4.303), (5, 2.776), (6, 2.571), (11, 2.228), (31, 2.042)):
        values = np.random.default_rng(count).normal(size=count)
        found = student_interval(list(values))
        half = point * values.std(ddof=1) / np.sqrt(count)
        assert found.value == pytest.approx(values.mean())
        assert (found.high - found.low) / 2 == pytest.approx(half, rel=2e-3)
    alone = student_interval([1.0])
    assert np.isnan(alone.low)
    assert alone.note == "one seed only, at least 2 needed"


def test_a_gain_over_all_seeds_and_grounds_counts():
    found = compare(group([1.0, 1.1, 0.9]), group([0.5, 0.61, 0.4]))
    assert found.gained
    assert found.seeds.value == pytest.approx(-0.4967, abs=1e-3)
    assert found.blocks.high < 0
    assert found.default == pytest.approx((1.0, 1.1, 0.9))


def test_a_gain_that_a_seed_overturns_does_not_count():
    found = compare(group([1.0, 1.1, 0.9]), group([0.5, 1.2, 0.6]))
    assert found.seeds.value < 0
    assert found.seeds.low < 0 < found.seeds.high
    assert not found.gained


def test_a_gain_on_one_ground_does_not_count():
    one_block = np.where(np.array(BLOCKS) == "d", -8.0, 0.05)
    found = compare(group([1.0] * 3), group([1.0 + one_block + d for d in (0.0, 0.01, -0.01)]))
    assert found.seeds.high < 0
    assert found.blocks.low < 0 < found.blocks.high
    assert not found.gained


def test_a_loss_does_not_count():
    assert not compare(group([1.0] * 3), group([1.2, 1.21, 1.19])).gained


def test_without_an_interval_nothing_is_claimed():
    few = compare(group([1.0] * 3, ("a", "b")), group([0.5] * 3, ("a", "b")))
    assert few.blocks.note == "2 independent cluster(s), at least 3 needed"
    assert not few.gained
    assert not compare(group([1.0]), group([0.5])).gained


def test_pairs_must_fit():
    with pytest.raises(DataError, match="expected the same, at least one"):
        compare(group([1.0, 1.0]), group([1.0]))
    with pytest.raises(DataError, match="at least one"):
        compare([], [])
    with pytest.raises(DataError, match="different samples"):
        compare(group([1.0]), group([1.0], ("a", "b", "c")))
