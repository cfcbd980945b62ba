import pytest

from inundate.hydro.timestep import courant_limit, longest_stable_step


def test_limit_falls_with_the_weight():
    assert courant_limit(0.8) == pytest.approx(0.632, abs=1e-3)
    assert courant_limit(1.0) > courant_limit(0.5)


def test_step_of_a_dry_grid_is_the_longest():
    assert longest_stable_step(0.0, 10.0, 0.6, 7.0) == 7.0


def test_step_by_hand():
    assert longest_stable_step(4.0, 10.0, 0.5, 60.0) == pytest.approx(5 / (4 * 9.80665) ** 0.5)
