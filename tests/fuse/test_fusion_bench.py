"""The benchmark ``fusion``: its floods, crowds, scores and figures."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from tests.fuse.made import GRID, TIME, ponds

from inundate.cli.fusion_bench.crowd import CrowdSettings, make_crowd, make_people
from inundate.cli.fusion_bench.run import measure
from inundate.cli.fusion_bench.trial import CROWDS, run_trials
from inundate.cli.fusion_bench.world import Flood, WorldSettings, make_flood
from inundate.fuse.footprint import footprints


@pytest.fixture(scope="module")
def flood() -> Flood:
    members = ponds(tuple(range(0, 32, 4)) * 3)  # 24, of which three are nearly right
    return Flood("made", "plain", ponds((17,))[0], members, GRID, TIME)


def _wet_share(flood: Flood, **settings: float) -> float:
    """Give the share of the reports' footprints that is truly wet."""
    people = make_people(flood.truth[0], np.random.default_rng(1))
    crowd = CrowdSettings(reports=200, absent=0, confused=0, **settings)
    told = make_crowd(flood, people, np.random.default_rng(2), crowd)
    found = footprints(told, flood.truth[None], grid=GRID, time=TIME)
    return float(np.nanmean(found.here))


def test_who_saw_water_tells_of_it_and_who_lies_does_not(flood: Flood) -> None:
    honest = _wet_share(flood, useless=0)
    assert honest > 2 * _wet_share(flood, useless=1)
    assert honest > 2 * _wet_share(flood, useless=0, hostile=1)


def test_the_sureness_of_the_classifier_is_that_of_its_errors(flood: Flood) -> None:
    people = make_people(flood.truth[0], np.random.default_rng(1))
    crowd = CrowdSettings(confused=0.1, absent=0.5)
    told = make_crowd(flood, people, np.random.default_rng(2), crowd)
    assert told.confidence == pytest.approx(np.full(len(told), 0.9))


def test_honest_reports_of_a_flood_near_a_member_lower_its_score(flood: Flood) -> None:
    trials = run_trials(flood)
    assert set(trials) == set(CROWDS)
    many = trials["many"]
    assert many["after_m"] < 0.8 * many["before_m"]
    assert trials["useless"]["after_m"] == pytest.approx(trials["useless"]["before_m"], rel=0.05)


@pytest.mark.slow
def test_a_flood_is_drawn_again_by_its_number_and_its_truth_is_no_member() -> None:
    settings = WorldSettings(side_cells=24, members=24)
    first, again = make_flood(5, 1, settings), make_flood(5, 1, settings)
    np.testing.assert_array_equal(first.truth, again.truth)
    np.testing.assert_array_equal(first.members, again.members)
    gap = np.abs(first.members - first.truth).max(axis=(1, 2, 3))
    assert gap.min() > 1e-3
    assert np.nanmax(make_flood(5, 5, settings).truth) != np.nanmax(first.truth)


def _scored(lowered: dict[str, float]) -> dict[str, Any]:
    trial = {"before_m": 1.0, "whole_map_m": 0.9, "oracle_m": 0.5, "reports": 60.0,
             "useless": 0.2, "effective": 8.0}  # fmt: skip
    trials = {name: {**trial, "after_m": 1.0 - lowered.get(name, 0.0)} for name in CROWDS}
    return {"kind": "plain", "trials": trials}


def test_goals_are_met_or_not_by_the_figures() -> None:
    good = [_scored({"realistic": 0.3, "hostile": 0.1}) for _ in range(10)]
    met = {one["id"]: one["met"] for one in measure(good, 0)["figures"]}
    assert met["lowered"] is met["change-useless"] is met["harm-of-lies"] is True
    bad = [
        _scored({"realistic": 0.1, "hostile": -0.05, "useless": -0.02 - 0.001 * one})
        for one in range(10)
    ]
    figures = {one["id"]: one for one in measure(bad, 0)["figures"]}
    assert not any(figures[name]["met"] for name in ("lowered", "change-useless", "harm-of-lies"))
    assert figures["harm-of-lies"]["value"] == pytest.approx(0.05)
    assert figures["worse-useless"]["value"] == 1
