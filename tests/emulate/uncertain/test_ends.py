"""The 90 % interval holds 90 % of the cells that get wet, in a law that is right and rarely wet."""

import numpy as np
import pytest

from inundate.emulate.uncertain.ends import PLAIN_ENDS, ends_from, fit_ends
from inundate.emulate.uncertain.finish import Finish, fit_finish
from inundate.emulate.uncertain.law import LEVELS, Law, from_stretched


def draw(seed, count=20_000, truths=4):
    """Quantiles of cells that are wet with a chance of 0 to 1, mostly small; and their truths."""
    rng = np.random.default_rng(seed)
    middle = rng.normal(-1.0, 1.5, count).astype(np.float32)
    normal = np.sort(rng.standard_normal(200_000))
    steps = np.quantile(normal, LEVELS).astype(np.float32)
    law = Law(from_stretched(middle + steps[:, None]), LEVELS)
    return law, from_stretched(middle + rng.standard_normal((truths, count)))


def covered(law, ends, truth):
    low, high = law.quantiles(ends)
    wet = truth > 0.05
    return np.mean(((low <= truth) & (truth <= high))[wet])


def test_other_cells_that_get_wet_are_covered_as_often_as_promised():
    law, truth = draw(1)
    ends = fit_ends(law, truth, np.ones(truth.shape[1]))
    other, held = draw(2)
    assert covered(other, PLAIN_ENDS, held) < 0.86  # right as it is, the law misses the unlikely
    assert covered(other, ends, held) == pytest.approx(0.9, abs=0.01)
    assert 0.95 < ends[1] < 0.99
    assert ends[0] == 0.05


def test_cells_count_as_often_as_they_stand_for():
    law, truth = draw(3)
    weight = np.where(np.arange(truth.shape[1]) % 2, 1.0, 1e-6)
    half = Law(law.points[:, 1::2], LEVELS)
    assert fit_ends(law, truth, weight)[1] == pytest.approx(
        fit_ends(half, truth[:, 1::2], np.ones(truth.shape[1] // 2))[1], abs=1e-3
    )


def test_a_truth_that_no_level_reaches_gets_the_highest_one():
    law, truth = draw(4)
    assert fit_ends(law, truth + 3.0, np.ones(truth.shape[1])) == (0.05, LEVELS[-1])


def test_without_wet_cells_the_plain_interval_stays():
    law, truth = draw(5, count=500)
    unknown = np.full_like(truth, np.nan)
    assert fit_ends(law, np.zeros_like(truth), np.ones(500)) == PLAIN_ENDS
    assert fit_ends(law, unknown, np.ones(500)) == PLAIN_ENDS


def test_the_finishing_keeps_its_ends_and_one_from_before_has_plain_ones():
    law, truth = draw(6, count=3000)
    finish = fit_finish(law, truth, np.ones(3000), (0.05, 0.3))
    stored = finish.to_json()
    assert finish.interval[1] > 0.95
    again = Finish.from_json(stored)
    assert again.interval == pytest.approx(finish.interval, abs=1e-6)
    np.testing.assert_array_equal(again.ends(law), law.quantiles(again.interval))
    before = {key: value for key, value in stored.items() if key != "interval"}
    assert Finish.from_json(before).interval == PLAIN_ENDS
    assert ends_from([0.1, 0.9]) == (0.1, 0.9)
