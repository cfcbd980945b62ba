"""The band covers what it promises, on data of which the law is known."""

import numpy as np
import pytest

from inundate.core.errors import DataError
from inundate.emulate.uncertain.bins import BINS, cell_bins, is_quiet, slope_class
from inundate.emulate.uncertain.conformal import Band, fit_band
from inundate.emulate.uncertain.law import LEVELS

AT = {level: LEVELS.index(level) for level in (0.05, 0.5, 0.9, 0.95)}


def draw(rng, count, shift=0.0):
    """Predicted depths and truths that scatter more where it is deep; some of them dry."""
    depth = rng.uniform(0.0, 1.0, count).astype(np.float32)
    truth = depth + (0.02 + 0.2 * depth) * rng.standard_normal(count) + shift - 0.05
    return depth, np.maximum(truth, 0.0).astype(np.float32)


def bins_of(depth):
    return cell_bins(depth[None], np.zeros((1, depth.size)), np.zeros((1, depth.size), int))[0]


def covered(quantile, truth):
    return float(np.mean(truth <= quantile))


def test_it_covers_exchangeable_cells_at_every_level_and_in_every_depth():
    rng = np.random.default_rng(2)
    depth, truth = draw(rng, 60_000)
    bins = np.repeat(np.arange(60_000) % 3, 1) * 12 + 36  # three bins, told apart by hand
    depth = depth / 3 + (bins - 36) / 36  # each of a depth of its own
    truth = np.maximum(truth + depth - 0.4, 0.0).astype(np.float32)
    fit, held = slice(0, 30_000), slice(30_000, None)
    terrain = np.arange(60_000) % 5
    band = fit_band(depth[fit], truth[None, fit], bins[fit], terrain[fit])
    law = band.law(depth[held], bins[held])
    for row, level in enumerate(LEVELS):
        # dry is a point: below it the truth never is, so that low quantiles cover more
        assert covered(law.points[row], truth[held]) >= level - 0.01
    wet = law.points[AT[0.05]] > 0
    assert covered(law.points[AT[0.95]], truth[held]) == pytest.approx(0.95, abs=0.01)
    assert np.mean(truth[held][wet] < law.points[AT[0.05]][wet]) == pytest.approx(0.05, abs=0.01)
    for one in (36, 48, 60):
        mine = bins[held] == one
        assert covered(law.points[AT[0.9]][mine], truth[held][mine]) == pytest.approx(0.9, abs=0.02)


def test_few_cells_are_enough_for_the_promise():
    """With ten cells the 0.9 quantile must be the largest error: ranks count the truth to come."""
    rng = np.random.default_rng(3)
    hits = []
    for _ in range(400):
        depth, truth = draw(rng, 11)
        bins = np.zeros(11, int)
        band = fit_band(depth[:10], truth[None, :10], bins[:10], np.zeros(10, int))
        hits.append(truth[10] <= band.law(depth[10:], bins[10:]).points[AT[0.9], 0])
    assert 0.87 < np.mean(hits) < 0.97  # the ninth of ten errors would cover 0.82


def test_terrains_of_their_own_need_the_votes_of_terrains():
    """Where each terrain has an error of its own, cells promise too much, terrains do not."""
    rng = np.random.default_rng(4)
    found = {"cell": [], "terrain": []}
    for _ in range(60):
        shifts = rng.normal(0.0, 0.3, 31)
        parts = [draw(rng, 40, shift) for shift in shifts]
        depth = np.concatenate([part[0] for part in parts[:30]])
        truth = np.concatenate([part[1] for part in parts[:30]])
        terrain = np.repeat(np.arange(30), 40)
        new, new_truth = parts[30]
        for unit, shares in found.items():
            band = fit_band(depth, truth[None], np.zeros(1200, int), terrain, unit=unit)
            law = band.law(new, np.zeros(40, int))
            shares.append(covered(law.points[AT[0.9]], new_truth))
    assert np.mean(found["terrain"]) >= 0.9
    assert np.mean(found["terrain"]) > np.mean(found["cell"])


def test_too_few_terrains_are_told():
    depth, truth = draw(np.random.default_rng(5), 400)
    band = fit_band(depth, truth[None], np.zeros(400, int), np.arange(400) % 4, unit="terrain")
    assert {0.95, 0.9, 0.05} <= set(band.unreached)
    assert 0.8 not in band.unreached
    assert 0.5 not in band.unreached


def test_rows_rise_and_survive_json():
    depth, truth = draw(np.random.default_rng(6), 3000)
    band = fit_band(depth, truth[None], bins_of(depth), np.arange(3000) % 6)
    assert band.table.shape == (BINS, len(LEVELS))
    assert (np.diff(band.table, axis=1) >= 0).all()
    again = Band.from_json(band.to_json())
    assert again.table == pytest.approx(band.table, rel=1e-5)
    with pytest.raises(DataError, match=r"a table of \(1, 2\), expected"):
        Band.from_json({"table": [[0, 1]], "unit": "cell", "unreached": []})
    with pytest.raises(DataError, match="no cell with a known truth"):
        fit_band(depth, np.full((1, 3000), np.nan), bins_of(depth), np.zeros(3000, int))


def test_bins_tell_dry_cells_by_the_water_near_and_the_height_above_it():
    elevation = np.zeros((1, 12), np.float32)
    elevation[0, 5:] = 1.0  # a step beside the water
    elevation[0, 3] = 0.2  # a stone above the water
    depth = np.array([[0.1, 0.1, 0.1, 0, 0, 0, 0, 0, 0, 0, 0, 0]], np.float32)
    slopes = np.zeros((1, 12), int)
    bins = cell_bins(depth, elevation, slopes)[0]
    assert is_quiet(bins).tolist() == [False] * 6 + [True] * 6
    assert bins[0] == bins[2]
    assert len({bins[0], bins[3], bins[5], bins[11]}) == 4
    assert bins[3] != bins[4]  # 0.1 m above the level, and 0.1 m below it
    moved = cell_bins(depth, elevation + 500.0, slopes)[0]
    assert (moved == bins).all()


def test_slopes_are_classed_by_rise_over_run():
    east = np.arange(20.0)[None, :] * np.ones((20, 1))
    classes = [slope_class((rise * 5.0 * east).astype(np.float32), 5.0)[10, 10]
               for rise in (0.001, 0.05, 0.3)]  # fmt: skip
    assert classes == [0, 1, 2]
