"""Weigh the members of a depth ensemble by what people say.

People tell of water where they are: that a report comes from a place says how much wetter that
place is than any other, not that all is wet. So under member m a report that there is water has,
beside a report that could come from anywhere, the likelihood

    gain = here / anywhere * stated

with ``here`` the share of its footprint that is wet in m, ``anywhere`` that share over all people
and times, and ``stated`` how well the depth that it states fits; a report that there is none has
dry shares in their place. A classifier that is right with probability c mixes the two kinds, and
u, the share of reports that know nothing (wrong places, old pictures, lies), mixes in 1:

    p = (1 - u) * (c * gain + (1 - c) * gain of the opposite) + u

u is not set but inferred with the weights: reports that fit no member drive it to 1, where all
likelihoods are 1. That all of them know nothing, u = 1 exactly, is held possible from the start
(``doubt``), and by as much as it still is afterwards the weights stay as they were; wholly, where
it is likelier than not.

Then the weights are tempered until enough members count (effective sample size, Kong, Liu and
Wong 1994, doi:10.1080/01621459.1994.10476469): a finite ensemble never holds the truth itself,
and evidence that seems overwhelming between its members is mostly that.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from inundate.core.config import Settings
from inundate.core.errors import DataError
from inundate.fuse.evidence import Observations
from inundate.fuse.footprint import Footprints

__all__ = ["WeighSettings", "Weighed", "effective_members", "weigh"]

_GRID = 49  # values of the share of useless reports
_HALVINGS = 30
_UNHEARD = 0.5  # from this doubt on weights stay as they were


class WeighSettings(Settings):
    """How far reports are trusted."""

    floor: float = Field(
        default=0.0001,
        gt=0,
        lt=1,
        description="Share of wet ground that is there in any case: cellars, streams, gutters.",
    )
    useless: float = Field(
        default=0.3, gt=0, lt=1, description="Share of reports expected to know nothing."
    )
    useless_weight: float = Field(
        default=4.0, gt=0, description="Reports that this expectation is worth."
    )
    most: float = Field(
        default=50.0,
        gt=1,
        description="How much likelier a single report can make a member: a bound on lies.",
    )
    doubt: float = Field(
        default=0.9,
        ge=0,
        lt=1,
        description="Probability beforehand that all reports know nothing.",
    )
    related: float = Field(
        default=0.05,
        ge=0,
        le=1,
        description="Correlation between reports: N of them count as N / (1 + related (N - 1)).",
    )
    least_members: float = Field(
        default=0.25,
        gt=0,
        le=1,
        description="Share of the members that must still count (effective sample size).",
    )


@dataclass(frozen=True, eq=False)
class Weighed:
    """Weights of members, and how they came about.

    Attributes
    ----------
    weights : array (M,)
        Sum 1.
    start : array (M,)
        The same before the reports.
    logs : array (N, M)
        What each report adds to the log weight of each member, before tempering; 0 for reports
        outside.
    effective : float
        Members that count, 1 to M.
    useless : float
        Share of reports that know nothing, posterior mean.
    doubt : float
        Probability that all reports know nothing, posterior; 1 from one half on.
    used, outside : int
        Reports that took part, and those beyond the map or its time.
    tempered : float
        Power that the likelihood was raised to, 0 to 1; below 1 the reports said more than the
        ensemble can bear.
    """

    weights: NDArray[np.float64]
    start: NDArray[np.float64]
    logs: NDArray[np.float64]
    effective: float
    useless: float
    doubt: float
    used: int
    outside: int
    tempered: float


def effective_members(weights: NDArray[np.float64]) -> NDArray[np.float64]:
    """Give how many members count, for weights (..., M) of sum 1: 1 over the sum of squares."""
    return np.asarray(1.0 / np.square(weights).sum(axis=-1))


def weigh(
    observations: Observations,
    found: Footprints,
    *,
    prior: NDArray[np.float64] | None = None,
    settings: WeighSettings | None = None,
) -> Weighed:
    """Weigh members by reports.

    Parameters
    ----------
    observations : Observations
        Each story once (:meth:`Observations.told_once`).
    found : Footprints
        Of the same observations.
    prior : array (M,), optional
        Weights before; by default all alike.
    settings : WeighSettings, optional

    Returns
    -------
    Weighed

    Raises
    ------
    DataError
        If footprints and observations are of different length, or the prior is not a weight.
    """
    chosen = settings or WeighSettings()
    if len(observations) != found.here.shape[0]:
        raise DataError(
            f"weighing members: {len(observations)} observations, {found.here.shape[0]} "
            "footprints; expected as many"
        )
    start = _start(prior, found.here.shape[1])
    inside = found.inside
    used, outside = int(inside.sum()), int((~inside).sum())
    each = np.zeros(found.here.shape)
    if used == 0:
        count = float(effective_members(start))
        return Weighed(start, start, each, count, chosen.useless, chosen.doubt, used, outside, 1.0)
    gains = _gains(observations.take(inside), found.take(inside), chosen)
    share, plausible = _useless(chosen)
    spread = 1.0 / (1.0 + chosen.related * (used - 1))
    mixed = (1.0 - share[:, None, None]) * gains[None] + share[:, None, None]
    logs = np.log(mixed).sum(axis=1) * spread  # (U, M)
    doubt, useless = _posterior(logs, plausible, start, chosen.doubt)
    mean = float(useless @ share)  # of those that know something
    each[inside] = np.log((1.0 - mean) * gains + mean) * spread
    summed = each.sum(axis=0)
    power = float(bearable(summed, start, least=chosen.least_members))
    if doubt >= _UNHEARD:
        doubt = 1.0  # too little to move anything
    weights = doubt * start + (1.0 - doubt) * tempered(summed, start, power)
    return Weighed(
        weights, start, each, float(effective_members(weights)),
        doubt + (1.0 - doubt) * mean, doubt, used, outside, power,
    )  # fmt: skip


def tempered(
    logs: NDArray[np.float64], start: NDArray[np.float64], power: NDArray[np.float64] | float
) -> NDArray[np.float64]:
    """Give weights (..., M) of log likelihoods (..., M) raised to powers (...)."""
    with np.errstate(divide="ignore"):
        joint = np.asarray(power)[..., None] * logs + np.log(start)
    joint = np.exp(joint - joint.max(axis=-1, keepdims=True))
    return np.asarray(joint / joint.sum(axis=-1, keepdims=True))


def bearable(
    logs: NDArray[np.float64], start: NDArray[np.float64], *, least: float
) -> NDArray[np.float64]:
    """Give the largest powers (...) up to 1 that leave a share of the members of logs (..., M)."""
    wanted = least * effective_members(start)
    whole = effective_members(tempered(logs, start, np.ones(logs.shape[:-1]))) >= wanted
    low, high = np.zeros(logs.shape[:-1]), np.ones(logs.shape[:-1])
    for _ in range(_HALVINGS):
        middle = 0.5 * (low + high)
        enough = effective_members(tempered(logs, start, middle)) >= wanted
        low, high = np.where(enough, middle, low), np.where(enough, high, middle)
    return np.where(whole, 1.0, low)


def _start(prior: NDArray[np.float64] | None, members: int) -> NDArray[np.float64]:
    start = np.full(members, 1.0 / members) if prior is None else np.asarray(prior, np.float64)
    if start.shape != (members,) or not (start >= 0).all() or not 0 < start.sum() < np.inf:
        raise DataError(
            f"weighing members: the prior has shape {start.shape}, expected {members} weights of "
            "0 or more, not all 0"
        )
    return np.asarray(start / start.sum())


def _gains(
    observations: Observations, found: Footprints, settings: WeighSettings
) -> NDArray[np.float64]:
    """Give how much likelier each report is under each member than one that knows nothing."""
    floor = settings.floor
    wet = (floor + (1.0 - floor) * found.here) / (floor + (1.0 - floor) * found.anywhere)
    dry = (1.0 - (1.0 - floor) * found.here) / (1.0 - (1.0 - floor) * found.anywhere)
    says = (observations.water == 1)[:, None]
    sure = observations.confidence[:, None]
    mixed = sure * np.where(says, wet * found.stated, dry) + (1.0 - sure) * np.where(says, dry, wet)
    return np.asarray(np.minimum(mixed, settings.most))


def _useless(settings: WeighSettings) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Give shares of useless reports, and how plausible each is before (a beta law)."""
    share = (np.arange(_GRID) + 0.5) / _GRID
    first = settings.useless * settings.useless_weight
    second = (1.0 - settings.useless) * settings.useless_weight
    logs = (first - 1.0) * np.log(share) + (second - 1.0) * np.log1p(-share)
    plausible = np.exp(logs - logs.max())
    return share, plausible / plausible.sum()


def _posterior(
    logs: NDArray[np.float64],
    plausible: NDArray[np.float64],
    start: NDArray[np.float64],
    doubt: float,
) -> tuple[float, NDArray[np.float64]]:
    """Give the posterior that all reports know nothing, and of the shares (U,) if not."""
    with np.errstate(divide="ignore"):
        joint = logs + np.log(plausible)[:, None] + np.log(start)[None]
    most = max(float(joint.max()), 0.0)
    nothing = doubt * np.exp(-most)  # there all likelihoods are 1
    summed = np.exp(joint - most).sum(axis=1)
    whole = (1.0 - doubt) * summed.sum()
    return float(nothing / (nothing + whole)), np.asarray(summed / summed.sum())
