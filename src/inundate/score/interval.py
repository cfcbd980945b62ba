"""Bootstrap intervals of scores, and of differences between two models' scores.

Samples of one terrain block share its ground, so they are not independent: whole blocks are
drawn, not samples. All models see the same draws (paired), which is what makes a small
difference between two good models visible.

Source
------
Efron and Tibshirani (1993), An Introduction to the Bootstrap, ch. 13 (percentile interval);
Owen (2007), doi:10.1214/07-AOAS122 (two factors: multiply the weights of rows and columns).
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from inundate.core.errors import ConfigError
from inundate.core.seeds import make_rng
from inundate.score.aggregate import State, stack, total
from inundate.score.statistic import Metric, Sums

__all__ = ["Difference", "Interval", "Resampler", "difference", "interval"]

DRAWS = 2000
MIN_CLUSTERS = 3
MAX_UNDEFINED = 0.1  # share of draws without a value, above which no interval is given


@dataclass(frozen=True)
class Interval:
    """A value with its percentile interval.

    Attributes
    ----------
    value, low, high : float
        NaN where undefined.
    note : str
        Why there is no interval; empty when there is one.
    """

    value: float
    low: float
    high: float
    note: str = ""


@dataclass(frozen=True)
class Difference(Interval):
    """The difference of two models' scores.

    Attributes
    ----------
    better : bool
        True only if the whole interval lies on the good side of zero.
    """

    better: bool = False


class Resampler:
    """Draws of clusters with replacement, as one weight for each sample and draw.

    Parameters
    ----------
    *factors : sequence of hashable
        For each sample its cluster, such as the terrain block; with a second factor, such as
        the storm, both are drawn and their weights multiplied.
    draws : int
        Number of draws.
    seed : int
        The same seed and clusters give the same draws, whatever the order of samples.

    Raises
    ------
    ConfigError
        If there is no factor, the factors differ in length or there are no draws.
    """

    def __init__(self, *factors: Sequence[Hashable], draws: int = DRAWS, seed: int = 0) -> None:
        lengths = {len(factor) for factor in factors}
        if len(lengths) != 1 or 0 in lengths or draws < 1:
            raise ConfigError(
                f"bootstrap: {draws} draws of factors with {sorted(lengths)} samples, expected "
                "at least one draw and one factor, and all factors of one length"
            )
        self.clusters = tuple(len(set(factor)) for factor in factors)
        self.weights = np.ones((draws, len(factors[0])))  # (draws, samples)
        for i, factor in enumerate(factors):
            self.weights *= _draw(factor, draws, make_rng(seed, "bootstrap", i))

    @property
    def note(self) -> str:
        """Why no interval can be given; empty when one can."""
        if min(self.clusters) >= MIN_CLUSTERS:
            return ""
        return f"{min(self.clusters)} independent cluster(s), at least {MIN_CLUSTERS} needed"

    def draw(self, sums: Sums) -> dict[str, NDArray[np.float64]]:
        """Add samples' sums up under each draw; (samples, ...) to (draws, ...)."""
        return {key: self.weights @ value for key, value in sums.items()}


def interval(
    metric: Metric, states: Sequence[State], resampler: Resampler, *, level: float = 0.95
) -> Interval:
    """Give a metric of pooled samples with its bootstrap interval.

    Parameters
    ----------
    metric : Metric
        What to compute.
    states : sequence of State
        One for each sample, in the order of the resampler's clusters.
    resampler : Resampler
        The draws.
    level : float
        Coverage aimed at.
    """
    value = float(metric.value(total(states).sums))
    draws = metric.value(resampler.draw(_needed(metric, states)))
    return Interval(value, *bounds_of(draws, level, resampler.note))


def difference(
    metric: Metric,
    a: Sequence[State],
    b: Sequence[State],
    resampler: Resampler,
    *,
    level: float = 0.95,
) -> Difference:
    """Give the difference of two models on the same samples, with its paired interval.

    Parameters
    ----------
    metric : Metric
        What to compare. Where both signs are bad (bias, coverage) the distances from the
        target are compared, so that a negative difference favours ``a``.
    a, b : sequence of State
        The models' sums, sample by sample in the same order.
    resampler, level
        As in :func:`interval`.
    """
    value = metric.difference(metric.value(total(a).sums), metric.value(total(b).sums))
    draws = metric.difference(
        metric.value(resampler.draw(_needed(metric, a))),
        metric.value(resampler.draw(_needed(metric, b))),
    )
    return difference_of(metric, float(value), draws, resampler.note, level)


def difference_of(
    metric: Metric, value: float, draws: NDArray[np.float64], note: str, level: float = 0.95
) -> Difference:
    """Judge a difference by its draws; see :func:`difference`."""
    low, high, why = bounds_of(draws, level, note)
    return Difference(value, low, high, why, better=metric.is_good(low, high))


def bounds_of(draws: NDArray[np.float64], level: float, note: str = "") -> tuple[float, float, str]:
    """Give the percentile interval of draws; NaN, and why, when there is none.

    A draw may be undefined (no flooded cell in it); such draws are left out of the interval
    unless they are more than a tenth.
    """
    defined = draws[np.isfinite(draws)]
    missing = draws.size - defined.size
    if not note and missing > MAX_UNDEFINED * draws.size:
        note = f"undefined in {missing} of {draws.size} draws"
    if note:
        return np.nan, np.nan, note
    low, high = np.quantile(defined, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high), ""


def _needed(metric: Metric, states: Sequence[State]) -> Sums:
    return stack([State({key: state.sums[key] for key in metric.needs}) for state in states])


def _draw(factor: Sequence[Hashable], draws: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """How often each sample's cluster is drawn, (draws, samples)."""
    names = sorted(set(factor), key=repr)  # so that the order of samples changes nothing
    place = {name: i for i, name in enumerate(names)}
    times = rng.multinomial(len(names), np.full(len(names), 1 / len(names)), size=draws)
    return times[:, [place[one] for one in factor]].astype(np.float64)
