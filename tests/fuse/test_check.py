"""Forecasts against reports: counts, and a p-value that keeps its promise."""

from __future__ import annotations

import numpy as np
import pytest
from tests.fuse.made import GRID, TIME, ponds, reports

from inundate.core.errors import DataError
from inundate.fuse.check import check_forecast


def test_reports_are_counted_by_what_the_forecast_has() -> None:
    told = reports([20, 21, 3, 20, 3, 20], water=1)
    said = np.array([1, 1, 1, -1, -1, 1], np.int8)
    later = told.time.copy()
    later[5] += np.timedelta64(10, "h")
    told = reports([20, 21, 3, 20, 3, 20], **{"water": said, "time": later})
    found = check_forecast(told, ponds((16,)), grid=GRID, time=TIME, draws=19)
    assert (found.hits, found.misses) == (2, 1)
    assert (found.false_alarms, found.correct_negatives) == (1, 1)
    assert found.outside == 1


def test_reports_where_the_water_is_are_no_chance() -> None:
    found = check_forecast(
        reports([17, 18, 19, 20, 21, 22]), ponds((16,)), grid=GRID, time=TIME, draws=99
    )
    assert found.agreement > 0.8
    assert found.p_value <= 0.05
    assert found.figures()["agreement_by_chance"]["median"] < 0.3


def test_the_p_value_is_uniform_where_reports_know_nothing() -> None:
    rng = np.random.default_rng(3)
    flood = ponds((16,)) + ponds((2,))
    p_values = []
    for seed in range(40):
        columns = rng.integers(0, GRID.width, 4).tolist()
        told = reports(columns, y=GRID.y[rng.integers(0, GRID.height, 4)])
        found = check_forecast(told, flood, grid=GRID, time=TIME, draws=19, seed=seed)
        p_values.append(found.p_value)
    values = np.sort(p_values)
    # ties (no report near water) make it larger, never smaller, than uniform
    for level in (0.05, 0.1, 0.2, 0.5):
        most = level + 2.6 * np.sqrt(level * (1 - level) / len(values))
        assert (values <= level + 1e-9).mean() <= most
    assert values.mean() > 0.4


def test_reports_elsewhere_are_refused() -> None:
    with pytest.raises(DataError, match="none of 2 reports"):
        check_forecast(reports([3, 4], minutes=900), ponds((16,)), grid=GRID, time=TIME)


def test_wide_radii_hit_by_chance() -> None:
    columns, rates = [17, 18, 19, 20, 21, 22], []
    for radius in (30.0, 900.0):
        told = reports(columns, radius_m=np.full(len(columns), radius))
        found = check_forecast(told, ponds((16,)), grid=GRID, time=TIME, draws=29).figures()
        assert found["hit_rate"] == 1
        rates.append(found["hit_rate_by_chance"]["median"])
    assert rates[0] < 0.3
    assert rates[1] > 0.9
    dry = check_forecast(reports(columns, water=-1), ponds((16,)), grid=GRID, time=TIME, draws=9)
    assert dry.figures()["hit_rate_by_chance"] is None
