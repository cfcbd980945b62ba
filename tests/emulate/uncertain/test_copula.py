import numpy as np
import pytest

from inundate.emulate.uncertain.copula import (
    Copula,
    Normals,
    at_ranks,
    exponential_field,
    fit_copula,
    normal_scores,
)
from inundate.emulate.uncertain.law import LEVELS, Law

SHAPE = (96, 80)


def scores_of(copula, frames=2, maps=12, seed=0):
    """Normal scores drawn from a known copula."""
    from scipy.stats import norm

    rng = np.random.default_rng(seed)
    return [
        [norm.ppf(np.clip(r, 1e-6, 1 - 1e-6)).astype(np.float32)
         for r in copula.ranks(SHAPE, frames, rng=rng)]
        for _ in range(maps)
    ]  # fmt: skip


def test_the_field_has_the_correlation_that_it_says():
    rng = np.random.default_rng(1)
    fields = [exponential_field((128, 128), 6.0, rng) for _ in range(20)]
    for lag in (1, 3, 6, 12):
        pairs = [(f[lag:] * f[:-lag]).mean() for f in fields]
        assert np.mean(pairs) == pytest.approx(np.exp(-lag / 6.0), abs=0.06)
    assert np.mean([f.var() for f in fields]) == pytest.approx(1.0, abs=0.06)


def test_fitting_gets_back_what_was_drawn():
    true = Copula(common=0.2, local=0.6, length_cells=8.0, memory=0.7)
    sums = Normals.empty()
    for maps in scores_of(true, frames=3, maps=10):
        sums.add(maps)
    found = fit_copula(sums)
    assert found.common + found.local == pytest.approx(0.8, abs=0.1)
    assert 4.0 < found.length_cells < 16.0
    assert found.memory == pytest.approx(0.7, abs=0.05)
    independent = Normals.empty()
    independent.add([np.random.default_rng(0).standard_normal(SHAPE).astype(np.float32)])
    alone = fit_copula(independent)
    assert alone.common + alone.local * np.exp(-1 / alone.length_cells) < 0.05
    assert fit_copula(Normals.empty()).local == 0.0


def test_floods_hang_together_far_more_than_shuffled_cells_and_keep_the_law():
    rng = np.random.default_rng(2)
    middle = np.full(SHAPE, 0.4, np.float32)
    points = np.sort(rng.lognormal(0, 0.5, (len(LEVELS), 1, 1)), axis=0) * middle
    law = Law(points.astype(np.float32), LEVELS)
    copula = Copula(common=0.1, local=0.85, length_cells=10.0, memory=0.9)
    floods = np.stack(
        [at_ranks(law, next(copula.ranks(SHAPE, 1, rng=np.random.default_rng(k))))
         for k in range(60)]
    )  # fmt: skip
    near = np.corrcoef(floods[:, 1:].ravel(), floods[:, :-1].ravel())[0, 1]
    shuffled = rng.permuted(floods.reshape(60, -1), axis=0).reshape(floods.shape)
    apart = np.corrcoef(shuffled[:, 1:].ravel(), shuffled[:, :-1].ravel())[0, 1]
    assert near > 0.8
    assert abs(apart) < 0.1
    for level in (0.1, 0.5, 0.9):
        got = np.quantile(floods, level)
        assert got == pytest.approx(law.quantiles((level,))[0, 0, 0], rel=0.15)


def test_scores_of_truths_of_the_law_are_normal_and_dry_ground_says_nothing():
    rng = np.random.default_rng(3)
    grid = np.linspace(0.5, 1.5, len(LEVELS))
    law = Law(
        np.broadcast_to(grid[:, None, None], (len(LEVELS), 60, 60)).astype(np.float32), LEVELS
    )
    truth = np.interp(rng.uniform(size=(60, 60)), LEVELS, grid).astype(np.float32)
    found = normal_scores(law, truth, rng)
    assert found.mean() == pytest.approx(0.0, abs=0.06)
    assert found.std() == pytest.approx(1.0, abs=0.06)
    dry = Law(np.zeros((len(LEVELS), 4, 4), np.float32), LEVELS)
    assert np.isnan(normal_scores(dry, np.zeros((4, 4), np.float32), rng)).all()


def test_it_survives_json():
    copula = Copula(0.1, 0.5, 7.0, 0.9)
    assert Copula.from_json(copula.to_json()) == copula
