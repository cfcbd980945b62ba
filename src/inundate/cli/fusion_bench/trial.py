"""One flood: what the posts of several crowds do to the score of its ensemble."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from inundate.cli.fusion_bench.crowd import CrowdSettings, make_crowd, make_people
from inundate.cli.fusion_bench.world import Flood
from inundate.core.grid import Grid
from inundate.core.seeds import make_rng
from inundate.fuse.evidence import Observations
from inundate.fuse.footprint import footprints
from inundate.fuse.local import local_weights
from inundate.fuse.summary import weighted_crps
from inundate.fuse.weigh import weigh

__all__ = ["CROWDS", "described", "run_trials"]

CROWDS: dict[str, CrowdSettings] = {
    "realistic": CrowdSettings(),
    "useless": CrowdSettings(useless=1.0),
    "hostile": CrowdSettings(hostile=0.3),
    "few": CrowdSettings(reports=15.0),
    "many": CrowdSettings(reports=240.0),
    "no depths": CrowdSettings(stating=0.0),
}
_BEST = 5  # members that an oracle would keep


def run_trials(flood: Flood) -> dict[str, dict[str, float]]:
    """Weigh the members of a flood by the posts of each crowd, and score them.

    Parameters
    ----------
    flood : Flood

    Returns
    -------
    dict
        By crowd: CRPS in m, mean over all frames of the cells within the radius of a report,
        before (all members alike), after (local weights: what the command gives), with weights
        of the whole map, and with the five members that are truly best; reports, share of
        useless ones found, members that count.
    """
    people = make_people(flood.truth[0], make_rng(0, "fusion people", flood.name))
    return {
        name: _trial(flood, people, make_rng(0, "fusion crowd", name, flood.name), settings)
        for name, settings in CROWDS.items()
    }


def _trial(
    flood: Flood, people: NDArray[np.float64], rng: np.random.Generator, settings: CrowdSettings
) -> dict[str, float]:
    told = make_crowd(flood, people, rng, settings).told_once()
    # who weighs knows where people live, not the laws that drew the reports
    found = footprints(told, flood.members, grid=flood.grid, time=flood.time, people=people)
    weighed = weigh(told, found)
    near = local_weights(told, weighed, flood.grid)
    covered = _covered(told, flood.grid) & np.isfinite(flood.truth[0])
    members, truth = flood.members[:, :, covered], flood.truth[:, covered]
    alike = weighed.start
    error = np.abs(members - truth).mean(axis=(1, 2))
    best = np.zeros(len(members))
    best[np.argsort(error)[:_BEST]] = 1.0 / _BEST

    def score(weights: NDArray[np.float64]) -> float:
        return float(weighted_crps(members, truth, weights).mean())

    return {
        "before_m": score(alike),
        "after_m": score(near[:, covered]),
        "whole_map_m": score(weighed.weights),
        "oracle_m": score(best),
        "reports": float(len(told)),
        "useless": weighed.useless,
        "effective": weighed.effective,
    }


def _covered(told: Observations, grid: Grid) -> NDArray[np.bool_]:
    """Give the cells (H, W) within the radius of a report."""
    found = np.zeros(grid.shape, bool)
    for x, y, radius in zip(told.x, told.y, told.radius_m, strict=True):
        away = ((grid.x - x) ** 2)[None, :] + ((grid.y - y) ** 2)[:, None]
        found |= away <= max(float(radius), grid.dx) ** 2
    return found


def described() -> dict[str, Any]:
    """Give the settings of every crowd."""
    return {name: settings.model_dump() for name, settings in CROWDS.items()}
