import numpy as np
import pytest

from inundate.core.errors import ConfigError, DataError
from inundate.emulate.uncertain.finish import Finish, fit_finish, mean_crps, scaled
from inundate.emulate.uncertain.law import Law, from_stretched

THRESHOLDS = (0.05, 0.3, 1.0)


def draw(seed, spread, count=6000, members=16, truths=4):
    """Members whose stretched spread is ``spread`` of the truths'; a third of the cells dry."""
    rng = np.random.default_rng(seed)
    middle = rng.uniform(1.0, 3.5, count)
    sd = 0.3
    points = from_stretched(middle + spread * sd * rng.standard_normal((members, count)))
    truth = from_stretched(middle + sd * rng.standard_normal((truths, count)))
    points[:, ::3] = 0.0
    truth[:, ::3] = 0.0
    return Law(points), truth


@pytest.mark.parametrize(("spread", "wanted"), [(0.5, 2.0), (1.0, 1.0), (2.0, 0.5)])
def test_a_spread_that_does_not_fit_is_mended(spread, wanted):
    law, truth = draw(1, spread)
    finish = fit_finish(law, truth, np.ones(6000), THRESHOLDS)
    used = finish.scale[3:7]  # the bins in which these depths lie
    assert used == pytest.approx(np.full(4, wanted), rel=0.3)
    other, held = draw(2, spread)
    assert mean_crps(finish.law(other), held).mean() <= mean_crps(other, held).mean() * 1.002
    low, high = finish.law(other).quantiles((0.05, 0.95))
    wet = np.arange(6000) % 3 > 0
    inside = np.mean((low <= held) & (held <= high), axis=0)[wet].mean()
    assert inside == pytest.approx(0.9, abs=0.04)


def test_dry_stays_dry_and_the_median_stays():
    law, _ = draw(3, 1.0)
    moved = scaled(law, np.full(9, 2.5, np.float32))
    assert (moved.points[:, ::3] == 0.0).all()
    assert moved.median() == pytest.approx(law.median(), rel=1e-4)
    assert moved.points.min() >= 0.0


def test_chances_are_calibrated_on_other_cells_and_fall_with_the_threshold():
    law, truth = draw(4, 0.4)
    finish = fit_finish(law, truth, np.ones(6000), THRESHOLDS)
    other, held = draw(5, 0.4)
    chances = finish.chances(finish.law(other))
    assert (np.diff(chances, axis=0) <= 0).all()
    for row, threshold in enumerate(THRESHOLDS):
        happened = (held >= threshold).mean(axis=0)
        for low in (0.05, 0.35, 0.65):
            mine = (chances[row] >= low) & (chances[row] < low + 0.3)
            if mine.sum() > 200:
                assert chances[row][mine].mean() == pytest.approx(happened[mine].mean(), abs=0.06)


def test_where_it_gets_wet_the_interval_covers_the_wet_truths():
    """Also where the law holds dry for likelier, which the plain interval must miss."""
    law, truth = draw(9, 0.6)
    truth[:, 1::6] *= np.random.default_rng(0).uniform(size=(4, 1000)) < 0.3  # mostly dry
    law.points[:12, 1::6] = 0.0
    finish = fit_finish(law, truth, np.ones(6000), THRESHOLDS)
    other, held = draw(10, 0.6)
    held[:, 1::6] *= np.random.default_rng(1).uniform(size=(4, 1000)) < 0.3
    other.points[:12, 1::6] = 0.0
    finished = finish.law(other)
    conditional = finish.if_wet(finished)
    assert conditional.points.min() >= np.float32(0.05)
    low, high = conditional.quantiles((0.05, 0.95))
    wet = held >= 0.05
    assert np.mean(((low <= held) & (held <= high))[wet]) == pytest.approx(0.9, abs=0.03)
    rare = np.zeros(6000, bool)
    rare[1::6] = True
    assert np.mean(((low <= held) & (held <= high))[:, rare][wet[:, rare]]) > 0.75


def test_a_truth_that_is_missing_does_not_count():
    law, truth = draw(6, 0.5)
    holes = np.concatenate([truth, np.full((2, 6000), np.nan)]).astype(np.float32)
    one = fit_finish(law, truth, np.ones(6000), THRESHOLDS)
    other = fit_finish(law, holes, np.ones(6000), THRESHOLDS)
    assert (one.scale == other.scale).all()


def test_thresholds_that_were_not_fitted_are_refused():
    law, truth = draw(7, 1.0)
    finish = fit_finish(law, truth, np.ones(6000), THRESHOLDS)
    with pytest.raises(ConfigError) as error:
        finish.chances(law, (0.2,))
    assert str(error.value) == (
        "probability of depth: thresholds 0.2 m, expected rising ones out of 0.05,0.3,1"
    )
    with pytest.raises(ConfigError, match="expected rising ones above 0"):
        fit_finish(law, truth, np.ones(6000), (0.3, 0.1))


def test_it_survives_json():
    law, truth = draw(8, 0.7)
    finish = fit_finish(law, truth, np.ones(6000), THRESHOLDS)
    again = Finish.from_json(finish.to_json())
    assert again.chances(again.law(law)) == pytest.approx(finish.chances(finish.law(law)), abs=1e-5)
    stored = {**finish.to_json(), "depth_bins_m": [0.1]}
    with pytest.raises(DataError, match="depth bins"):
        Finish.from_json(stored)
