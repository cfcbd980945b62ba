"""Footprints, weights of members, and weights that vary over the map."""

from __future__ import annotations

import numpy as np
import pytest
from tests.fuse.made import GRID, TIME, ponds, reports

from inundate.core.errors import DataError
from inundate.fuse.evidence import Observations
from inundate.fuse.footprint import footprints
from inundate.fuse.local import LocalSettings, local_weights, taper
from inundate.fuse.weigh import Weighed, WeighSettings, effective_members, weigh

PONDS = (0, 8, 16, 24, 32)


def _weigh(observations: Observations, **settings: float) -> Weighed:
    found = footprints(observations, ponds(PONDS), grid=GRID, time=TIME)
    return weigh(observations, found, settings=WeighSettings(**settings))


def test_footprints_tell_wet_from_dry() -> None:
    found = footprints(reports([20]), ponds(PONDS), grid=GRID, time=TIME)
    assert found.here[0, 2] > 0.9
    assert found.here[0, [0, 4]].max() == 0
    assert found.near[0].tolist() == [False, False, True, False, False]
    assert found.anywhere == pytest.approx(np.full(5, 20 * 8 / 1600), rel=1e-6)


def test_a_larger_radius_blurs() -> None:
    far = reports([20], radius_m=np.array([1500.0]))
    here = footprints(far, ponds(PONDS), grid=GRID, time=TIME).here[0]
    assert 0 < here[4] < here[2] < 0.6


@pytest.mark.parametrize("minutes", [-300.0, 600.0])
def test_reports_of_another_time_are_outside(minutes: float) -> None:
    weighed = _weigh(reports([20], minutes=minutes))
    assert (weighed.used, weighed.outside) == (0, 1)
    assert weighed.weights == pytest.approx(np.full(5, 0.2))


def test_a_report_speaks_of_the_hour_before_it() -> None:
    late = ponds((16,))
    late[:, 3:] = 0  # dry from the fourth frame on
    after = footprints(reports([20], minutes=55), late, grid=GRID, time=TIME)
    assert after.here[0, 0] > 0.3


def test_reports_of_water_raise_the_member_that_has_it() -> None:
    weighed = _weigh(reports([19, 20, 21]))
    assert np.argmax(weighed.weights) == 2
    assert weighed.weights[2] > 0.5
    assert weighed.weights.sum() == pytest.approx(1.0)


def test_reports_of_none_lower_it() -> None:
    sure = np.full(6, 0.999)
    weighed = _weigh(reports([18, 19, 20, 21, 22, 20], water=-1, confidence=sure), doubt=0.0)
    assert weighed.weights[2] < 0.1
    assert weighed.weights[0] == pytest.approx(weighed.weights[4])


def test_the_wetter_member_does_not_win_by_being_wet() -> None:
    members = ponds((16, 16))
    members[1, :, :, :] = 0.5  # wet everywhere: a report from column 20 tells nothing new
    observations = reports([19, 20, 21])
    found = footprints(observations, members, grid=GRID, time=TIME)
    assert weigh(observations, found).weights[0] > 0.5


def test_a_stated_depth_chooses_among_members_that_are_wet() -> None:
    members = np.concatenate([ponds((16,), 0.3), ponds((16,), 1.5)])
    told = reports([19, 20, 21], severity_m=np.full(3, 1.4))
    found = footprints(told, members, grid=GRID, time=TIME)
    assert weigh(told, found).weights[1] > 0.6
    silent = reports([19, 20, 21])
    found = footprints(silent, members, grid=GRID, time=TIME)
    assert weigh(silent, found).weights == pytest.approx([0.5, 0.5])


def test_reports_that_fit_nothing_leave_weights_alone() -> None:
    rows = reports([20] * 20, row=35)  # no member has water there
    weighed = _weigh(rows)
    assert weighed.useless > 0.5
    assert weighed.weights == pytest.approx(np.full(5, 0.2), abs=0.02)


def test_little_evidence_leaves_weights_exactly_alone() -> None:
    weighed = _weigh(reports([20]))
    assert weighed.doubt == 1
    assert weighed.weights.tolist() == weighed.start.tolist()


def test_a_minority_of_lies_does_not_turn_the_weights() -> None:
    honest, lies = [18, 19, 20, 21, 22, 20, 21], [3, 3, 4]
    weighed = _weigh(reports(honest + lies))
    assert np.argmax(weighed.weights) == 2


def test_enough_members_always_count() -> None:
    sure = _weigh(reports([20] * 200), least_members=0.6, related=0.0)
    assert sure.tempered < 1
    assert sure.effective >= 0.6 * 5 - 1e-6


def test_related_reports_count_for_less() -> None:
    alone, crowd = _weigh(reports([20] * 3), related=1.0), _weigh(reports([20] * 3), related=0.0)
    assert crowd.weights[2] > alone.weights[2]


def test_a_prior_is_kept_where_nothing_is_told() -> None:
    prior = np.array([1.0, 0.0, 2.0, 0.0, 1.0])
    observations = reports([20], minutes=600)
    found = footprints(observations, ponds(PONDS), grid=GRID, time=TIME)
    assert weigh(observations, found, prior=prior).weights == pytest.approx(prior / 4)


@pytest.mark.parametrize("prior", [np.ones(4), np.zeros(5), np.array([1, 1, 1, 1, -1.0])])
def test_a_prior_that_is_no_weight_is_refused(prior: np.ndarray) -> None:
    observations = reports([20])
    found = footprints(observations, ponds(PONDS), grid=GRID, time=TIME)
    with pytest.raises(DataError, match="prior"):
        weigh(observations, found, prior=prior)


def test_depth_of_another_shape_is_refused() -> None:
    with pytest.raises(DataError, match="expected members, 6 times"):
        footprints(reports([20]), ponds(PONDS)[:, :2], grid=GRID, time=TIME)


def test_the_taper_falls_from_one_to_nothing() -> None:
    at = taper(np.linspace(0, 3, 61))
    assert at[0] == 1
    assert (np.diff(at) <= 1e-12).all()
    assert at[40:] == pytest.approx(np.zeros(21), abs=1e-12)
    assert taper(np.array([1.0]))[0] == pytest.approx(5 / 24)


def test_local_weights_follow_the_reports_near_a_cell() -> None:
    # member 0 is right in the west, member 1 in the east, others nowhere
    members = np.zeros((4, len(TIME), *GRID.shape), np.float32)
    members[0, :, :, 2:6] = 0.5
    members[1, :, :, 34:38] = 0.5
    members[2, :, :, 18:22] = 0.5
    members[3, :5, 0, 0] = 0.5
    told = reports([4] * 4 + [36] * 4)
    found = footprints(told, members, grid=GRID, time=TIME)
    weighed = weigh(told, found, settings=WeighSettings(doubt=0.0))
    near = local_weights(told, weighed, GRID, LocalSettings(rest=0.0, reach=0.15))
    assert near.shape == (4, *GRID.shape)
    assert near.sum(axis=0) == pytest.approx(np.ones(GRID.shape))
    assert near[0, 20, 4] > 2 * near[1, 20, 4]
    assert near[1, 20, 36] > 2 * near[0, 20, 36]
    assert effective_members(np.moveaxis(near, 0, -1)).min() > 0.8


def test_local_weights_with_all_the_rest_are_those_of_the_map() -> None:
    told = reports([19, 20, 21])
    weighed = _weigh(told, least_members=0.2)
    near = local_weights(told, weighed, GRID, LocalSettings(rest=1.0, least_members=0.2))
    assert near == pytest.approx(np.broadcast_to(weighed.weights[:, None, None], near.shape))
