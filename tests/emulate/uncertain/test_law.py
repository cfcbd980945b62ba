import numpy as np
import pytest

from inundate.core.errors import ConfigError
from inundate.emulate.uncertain.law import LEVELS, Law, from_stretched, to_stretched

RNG = np.random.default_rng(0)
MEMBERS = np.maximum(RNG.normal(0.1, 0.2, (12, 40, 30)), 0.0).astype(np.float32)
BAND = Law(np.sort(np.maximum(RNG.normal(0.1, 0.3, (len(LEVELS), 50)), 0.0), axis=0), LEVELS)
LAWS = {"members": Law(MEMBERS), "quantiles": BAND}


@pytest.mark.parametrize("law", LAWS.values(), ids=LAWS)
def test_quantiles_never_cross_and_are_never_negative(law):
    found = law.quantiles(np.linspace(0.01, 0.99, 50))
    assert (np.diff(found, axis=0) >= 0).all()
    assert found.min() >= 0.0
    assert np.ptp(found, axis=0).max() > 0.1


@pytest.mark.parametrize("law", LAWS.values(), ids=LAWS)
def test_the_chance_falls_with_the_threshold(law):
    chances = np.stack([law.chance(t) for t in np.geomspace(0.001, 3.0, 40)])
    assert (np.diff(chances, axis=0) <= 1e-6).all()
    assert chances.min() >= 0.0
    assert chances.max() <= 1.0


def test_the_chance_is_one_less_the_level_at_a_quantile():
    law = Law(np.linspace(0.1, 2.0, len(LEVELS))[:, None].astype(np.float32), LEVELS)
    for level, depth in zip(LEVELS, law.points[:, 0], strict=True):
        assert law.chance(float(depth))[0] == pytest.approx(1 - level, abs=1e-3)


def test_quantiles_of_members_cover_what_they_say_whatever_their_number():
    """Members and truth of one law: the interval from 0.05 to 0.95 holds 90 % of the truths."""
    draws = np.exp(RNG.normal(0.0, 0.5, (17, 40_000))).astype(np.float32)
    low, high = Law(draws[:16]).quantiles((0.05, 0.95))
    covered = np.mean((low <= draws[16]) & (draws[16] <= high))
    assert 0.88 < covered < 0.92
    plain = np.quantile(draws[:16], (0.05, 0.95), axis=0)  # what the plain rule would cover
    assert np.mean((plain[0] <= draws[16]) & (draws[16] <= plain[1])) < 0.82


def test_the_mean_of_quantiles_is_that_of_the_law():
    levels = np.asarray(LEVELS)
    law = Law(levels[:, None].astype(np.float32), LEVELS)  # uniform from 0 to 1
    assert law.mean()[0] == pytest.approx(0.5, abs=0.01)
    assert Law(MEMBERS).mean() == pytest.approx(MEMBERS.mean(axis=0), abs=1e-6)


def test_stretching_goes_there_and_back_and_cuts_below_zero():
    depth = np.array([0.0, 0.02, 0.3, 7.0], np.float32)
    assert from_stretched(to_stretched(depth)) == pytest.approx(depth, rel=1e-5)
    assert from_stretched(np.array([-1.0])) == 0.0


def test_levels_that_are_not_kept_are_refused():
    with pytest.raises(ConfigError) as error:
        BAND.quantiles((0.5, 0.999))
    assert str(error.value) == (
        "quantiles of depth: levels [0.5, 0.999], expected some between 0.01 and 0.99"
    )
