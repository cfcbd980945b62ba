import numpy as np
import pytest

from inundate.core.errors import DataError
from inundate.emulate.uncertain.isotonic import Rising, fit_rising

RNG = np.random.default_rng(1)


def test_what_rises_is_kept_and_what_falls_is_pooled_by_weight():
    fitted = fit_rising([0.1, 0.2, 0.3, 0.4], [0.0, 0.8, 0.2, 1.0], [1, 1, 3, 1])
    assert fitted([0.1, 0.2, 0.3, 0.4]) == pytest.approx([0.0, 0.35, 0.35, 1.0])


def test_the_fit_never_falls_and_calibrates():
    truth = RNG.uniform(size=20_000)
    given = truth**2  # a forecast that says too little
    happened = RNG.uniform(size=truth.size) < truth
    fitted = fit_rising(given, happened, np.ones(truth.size))
    grid = fitted(np.linspace(0, 1, 500))
    assert (np.diff(grid) >= 0).all()
    assert fitted([0.04, 0.25, 0.64]) == pytest.approx([0.2, 0.5, 0.8], abs=0.05)


def test_no_rising_function_is_nearer():
    given, happened = RNG.uniform(size=200), RNG.uniform(size=200)
    fitted = fit_rising(given, happened, np.ones(200))(given)
    best = ((fitted - happened) ** 2).sum()
    for other in (given, np.full(200, happened.mean()), np.sqrt(given), fitted * 0.99):
        assert best <= ((other - happened) ** 2).sum()


def test_it_survives_json_and_refuses_nothing():
    fitted = fit_rising([0.0, 0.5, 1.0], [0.1, 0.2, 0.9], [1, 1, 1])
    again = Rising.from_json(fitted.to_json())
    assert (again(np.linspace(0, 1, 9)) == fitted(np.linspace(0, 1, 9))).all()
    with pytest.raises(DataError, match="no value to fit"):
        fit_rising([], [], [])
