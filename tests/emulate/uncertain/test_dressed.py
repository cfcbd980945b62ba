"""The dressed ensemble: the mean of two laws, floods in the order of the runs."""

import numpy as np
import pytest

from inundate.emulate.uncertain.dressed import coupled, dressed
from inundate.emulate.uncertain.finish import mean_crps, scaled
from inundate.emulate.uncertain.law import LEVELS, Law, from_stretched, to_stretched


def pair(seed=0, shape=(6, 7), members=8):
    """A band round one depth and an ensemble with dry runs, on one small map."""
    rng = np.random.default_rng(seed)
    middle = rng.uniform(0.0, 2.0, shape)
    steps = np.linspace(-1.5, 1.5, len(LEVELS))[:, None, None]
    band = Law(from_stretched(middle + steps), LEVELS)
    points = from_stretched(middle - 0.5 + rng.normal(0.0, 0.8, (members, *shape)))
    points[:, 0] = 0.0  # a row that no run reaches
    return band, Law(points)


def test_quantiles_are_the_mean_of_both_in_stretched_depth():
    band, members = pair()
    law = dressed(band, members)
    wanted = (to_stretched(band.points) + to_stretched(members.quantiles(LEVELS))) / 2
    np.testing.assert_allclose(to_stretched(law.points), wanted, atol=1e-5)
    assert law.levels == LEVELS
    assert (np.diff(law.points, axis=0) >= 0).all()
    assert law.pattern is members.points


def test_two_laws_that_err_apart_are_better_together():
    """Each knows half of what is to be known; the mean of their quantiles knows more."""
    rng = np.random.default_rng(1)
    one, other = rng.normal(3.0, 0.5, (2, 4000))
    truth = from_stretched((one + other) / 2 + rng.normal(0.0, 0.2, (4, 4000)))
    normal = np.sort(rng.standard_normal(100_000))
    steps = np.quantile(normal, LEVELS)[:, None] * 0.41
    band = Law(from_stretched(one + steps), LEVELS)
    runs = Law(from_stretched(other + 0.41 * rng.standard_normal((16, 4000))))
    best = min(mean_crps(law, truth).mean() for law in (band, Law(runs.quantiles(LEVELS), LEVELS)))
    assert mean_crps(dressed(band, runs), truth).mean() < 0.75 * best


def test_floods_follow_the_order_of_the_runs_and_lie_in_the_law():
    band, members = pair()
    law = dressed(band, members)
    floods = coupled(law)
    assert floods.shape == members.points.shape
    assert (floods >= law.points[0] - 1e-6).all()
    assert (floods <= law.points[-1] + 1e-6).all()
    for row in range(1, 6):
        for column in range(7):
            runs, mine = members.points[:, row, column], floods[:, row, column]
            for a in range(8):
                assert (mine[runs > runs[a]] >= mine[a] - 1e-6).all()
    middle = law.median()[1:]
    assert np.median(floods, axis=0)[1:] == pytest.approx(middle, rel=0.3, abs=0.02)


def test_where_no_run_is_wet_the_wettest_run_stands_highest():
    band, members = pair()
    law = dressed(band, members)
    floods = coupled(law)
    order = members.points.sum(axis=(1, 2)).argsort()
    row = floods[order][:, 0]
    assert (np.diff(row, axis=0) >= 0).all()
    assert row[-1].max() > row[0].max()


def test_the_pattern_stays_with_a_law_that_is_spread():
    band, members = pair()
    law = scaled(dressed(band, members), np.full(9, 1.5, np.float32))
    assert law.pattern is members.points
    with pytest.raises(ValueError, match="follows no members"):
        coupled(Law(law.points, LEVELS))
