"""Probabilistic scores: CRPS, Brier score, reliability and interval coverage.

A single depth takes part as the sure forecast that it is: its CRPS is its absolute error and
its probability of flooding is 0 or 1. So every deterministic baseline stands beside an
ensemble in the same table.

Source
------
Ferro (2014), doi:10.1002/qj.2270 (fair scores); Gneiting and Raftery (2007),
doi:10.1198/016214506000001437 (CRPS by quantile scores); Lerch et al. (2017),
doi:10.1214/16-STS588 (why a score on observed-wet cells alone is not proper).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from inundate.core.errors import DataError
from inundate.score.extent import THRESHOLDS_M
from inundate.score.sample import WET_M, Depth, Mask, Observed, Predicted
from inundate.score.statistic import Metric, Sums, ratio, ratio_metric

__all__ = [
    "Probability",
    "crps_of_members",
    "crps_of_quantiles",
    "probability_metrics",
    "reliability_table",
]

BINS = 10  # of forecast probability, each 0.1 wide
COVERAGE = 0.9


@dataclass(frozen=True)
class Probability:
    """Sums of the probabilistic scores of one sample, over all frames.

    Parameters
    ----------
    thresholds_m : sequence of float, m
        Depths from which a cell is flooded; ``Predicted.probability`` has the same order.
    wet_m : float, m
        A cell is wet when deeper than this.
    """

    thresholds_m: Sequence[float] = THRESHOLDS_M
    wet_m: float = WET_M
    name: str = "probability"

    def sums(self, predicted: Predicted, observed: Observed) -> dict[str, ArrayLike]:
        """Give the sums; those of spread and intervals are 0 for a single depth."""
        valid = observed.valid
        wet = observed.depth > np.float32(self.wet_m)
        crps = _crps(predicted, observed.depth)
        sums: dict[str, ArrayLike] = {
            "count": observed.count,
            "wet_count": np.count_nonzero(wet),
            "crps": crps[valid].sum(),
            "wet_crps": crps[wet].sum(),
        }
        sums |= _interval_sums(predicted, observed, wet)
        sums |= _spread_sums(predicted, observed)
        for i, threshold in enumerate(self.thresholds_m):
            happened = observed.depth >= np.float32(threshold)
            for key, value in self._flood_sums(predicted, i, happened, valid).items():
                sums[f"{threshold:g}.{key}"] = value
        return sums

    def _flood_sums(
        self, predicted: Predicted, i: int, happened: Mask, valid: Mask
    ) -> dict[str, ArrayLike]:
        """Give the sums of one threshold from probabilities, members or a single depth."""
        threshold = np.float32(self.thresholds_m[i])
        if predicted.probability is not None:
            if len(predicted.probability) != len(self.thresholds_m):
                raise DataError(
                    f"scoring: probabilities for {len(predicted.probability)} thresholds, "
                    f"expected {len(self.thresholds_m)}: {list(self.thresholds_m)} m"
                )
            return _chance_sums(predicted.probability[i], 0, happened, valid)
        if predicted.members is not None:
            share = (predicted.members >= threshold).mean(axis=0, dtype=np.float32)
            return _chance_sums(share, len(predicted.members), happened, valid)
        return _sure_sums(predicted.depth >= threshold, happened, valid)


def crps_of_members(members: Depth, truth: Depth) -> NDArray[np.float64]:
    """Give the fair CRPS of an ensemble in each cell.

    Parameters
    ----------
    members : array (M, ...), m
        Equally likely depths, at least two.
    truth : array (...), m
        Observed depth.

    Returns
    -------
    array (...), m
        Mean distance to the truth less half the mean distance between two members. Unbiased
        for the ensemble's own law at any size, hence it may be slightly below zero.

    Source
    ------
    Ferro (2014), doi:10.1002/qj.2270.
    """
    m = len(members)
    distance = np.zeros(truth.shape)
    for member in members:
        distance += np.abs(np.subtract(member, truth, dtype=np.float64))
    # with sorted members the sum over pairs is linear: member i counts (2i - M - 1) times
    pairs = np.zeros(truth.shape)
    for i, member in enumerate(np.sort(members, axis=0), start=1):
        pairs += (2 * i - m - 1) * member.astype(np.float64)
    return np.asarray(distance / m - pairs / (m * (m - 1)))


def crps_of_quantiles(
    quantiles: Depth, levels: NDArray[np.float64], truth: Depth
) -> NDArray[np.float64]:
    """Give the CRPS of a law known by some quantiles, in each cell.

    Twice the pinball loss, integrated over the level; each quantile stands for the levels
    nearer to it than to the next. Few levels make this an approximation, the same for all.

    Parameters
    ----------
    quantiles : array (K, ...), m
        Depths at ``levels``.
    levels : array (K,)
        Rising, between 0 and 1.
    truth : array (...), m
        Observed depth.

    Source
    ------
    Gneiting and Raftery (2007), doi:10.1198/016214506000001437: CRPS is twice the integral of
    the quantile scores.
    """
    middles = (levels[1:] + levels[:-1]) / 2
    weights = np.diff(np.concatenate([[0.0], middles, [1.0]]))
    crps = np.zeros(truth.shape)
    for depth, level, weight in zip(quantiles, levels, weights, strict=True):
        gap = np.subtract(truth, depth, dtype=np.float64)
        crps += 2 * weight * np.maximum(level * gap, (level - 1) * gap)
    return crps


def probability_metrics(thresholds_m: Sequence[float]) -> tuple[Metric, ...]:
    """Give the metrics of :class:`Probability`."""
    of = "probability"
    return (
        ratio_metric("crps", "crps", "m", "lower", [f"{of}.crps"], [f"{of}.count"],
                     meaning="continuous ranked probability score on all cells (proper)"),
        ratio_metric("crps_wet", "crps wet", "m", "lower", [f"{of}.wet_crps"],
                     [f"{of}.wet_count"], meaning="on cells observed wet (not proper)"),
        ratio_metric("coverage_90", "coverage 90 %", "1", "target", [f"{of}.wet_covered"],
                     [f"{of}.wet_intervals"], target=COVERAGE,
                     meaning="share of cells observed wet inside the 90 % interval"),
        ratio_metric("width_90", "width 90 %", "m", "lower", [f"{of}.wet_width"],
                     [f"{of}.wet_intervals"], meaning="mean width of these intervals"),
        ratio_metric("spread_skill", "spread/skill", "1", "target", [f"{of}.variance"],
                     [f"{of}.squared"], then=np.sqrt, target=1.0,
                     meaning="spread of the members over RMSE of their mean"),
        *(metric for threshold in thresholds_m for metric in _chance_metrics(threshold)),
    )  # fmt: skip


def reliability_table(sums: Sums, threshold: float) -> dict[str, list[float]]:
    """Give forecast probability against observed frequency, a row for each bin in use.

    Parameters
    ----------
    sums : mapping
        Added sums of :class:`Probability`.
    threshold : float, m
        One of its thresholds.

    Returns
    -------
    dict of list
        Columns ``low`` and ``high`` (the bin), ``forecast`` (mean probability), ``observed``
        (share flooded) and ``count`` (cells). Empty bins are left out.
    """
    counts, chance, happened = _bins(sums, threshold)
    used = np.flatnonzero(counts)
    return {
        "low": (used / BINS).tolist(),
        "high": ((used + 1) / BINS).tolist(),
        "forecast": (chance[used] / counts[used]).tolist(),
        "observed": (happened[used] / counts[used]).tolist(),
        "count": counts[used].tolist(),
    }


def _bins(sums: Sums, threshold: float) -> list[NDArray[np.float64]]:
    at = f"probability.{threshold:g}"
    return [sums[f"{at}.{key}"] for key in ("bin_count", "bin_chance", "bin_happened")]


def _chance_metrics(threshold: float) -> list[Metric]:
    at = f"probability.{threshold:g}"

    def calibration_error(sums: Sums) -> NDArray[np.float64]:
        counts, chance, happened = _bins(sums, threshold)
        return ratio(np.abs(chance - happened).sum(axis=-1), counts.sum(axis=-1))

    return [
        ratio_metric(
            f"brier_{threshold:g}",
            f"brier {threshold:.2f} m",
            "1",
            "lower",
            [f"{at}.brier"],
            ["probability.count"],
            meaning="mean squared error of the probability of flooding",
        ),
        Metric(
            name=f"calibration_error_{threshold:g}",
            label=f"calibration error {threshold:.2f} m",
            unit="1",
            best="lower",
            value=calibration_error,
            count=lambda sums: sums[f"{at}.bin_count"].sum(axis=-1),
            needs=tuple(f"{at}.bin_{key}" for key in ("count", "chance", "happened")),
            target=0.0,
            meaning="mean distance of predicted probability from observed frequency, ten bins",
        ),
    ]


def _crps(predicted: Predicted, truth: Depth) -> NDArray[np.float64]:
    if predicted.members is not None:
        return crps_of_members(predicted.members, truth)
    if predicted.quantiles is not None and predicted.levels is not None:
        return crps_of_quantiles(predicted.quantiles, predicted.levels, truth)
    return np.abs(np.subtract(predicted.depth, truth, dtype=np.float64))


def _interval_sums(predicted: Predicted, observed: Observed, wet: Mask) -> dict[str, Any]:
    """Sum up the 90 % interval: as given, from quantiles at 5 and 95 %, or from members."""
    bounds = _bounds(predicted, wet)
    if bounds is None:
        return {"wet_intervals": 0, "wet_covered": 0, "wet_width": 0.0}
    low, high = bounds
    truth = observed.depth[wet]
    return {
        "wet_intervals": truth.size,
        "wet_covered": np.count_nonzero((low <= truth) & (truth <= high)),
        "wet_width": np.subtract(high, low, dtype=np.float64).sum(),
    }


def _bounds(predicted: Predicted, wet: Mask) -> tuple[Depth, Depth] | None:
    ends = ((1 - COVERAGE) / 2, (1 + COVERAGE) / 2)
    if predicted.interval is not None:
        low, high = (end[wet] for end in predicted.interval)
        return low, high
    if predicted.quantiles is not None and predicted.levels is not None:
        found = [np.flatnonzero(np.isclose(predicted.levels, end)) for end in ends]
        if all(at.size for at in found):
            low, high = (predicted.quantiles[at[0]][wet] for at in found)
            return low, high
    if predicted.members is not None:
        low, high = np.quantile(predicted.members[:, wet], ends, axis=0)
        return low, high
    return None


def _spread_sums(predicted: Predicted, observed: Observed) -> dict[str, Any]:
    """Sum up the members' variance and the squared error of their mean, on all cells."""
    if predicted.members is None:
        return {"variance": 0.0, "squared": 0.0}
    m = len(predicted.members)
    mean = predicted.members.mean(axis=0, dtype=np.float64)
    error = (mean - observed.depth)[observed.valid]
    variance = predicted.members.var(axis=0, ddof=1, dtype=np.float64)[observed.valid]
    # (M + 1) / M: the truth is one more draw, the mean of M is not the mean of the law
    return {"variance": variance.sum() * (m + 1) / m, "squared": np.vdot(error, error)}


def _chance_sums(chance: Depth, members: int, happened: Mask, valid: Mask) -> dict[str, ArrayLike]:
    p, flooded = chance[valid].astype(np.float64), happened[valid]
    squared = np.square(p - flooded)
    if members:  # fair: less what the counting of a small ensemble adds by itself
        squared -= p * (1 - p) / (members - 1)
    # a probability of exactly 0.1 k belongs to the bin above it, 1 to the last
    bins = np.minimum((p * BINS + 1e-6).astype(np.intp), BINS - 1)
    return {
        "brier": squared.sum(),
        "bin_count": np.bincount(bins, minlength=BINS),
        "bin_chance": np.bincount(bins, weights=p, minlength=BINS),
        "bin_happened": np.bincount(bins, weights=flooded, minlength=BINS),
    }


def _sure_sums(said: Mask, happened: Mask, valid: Mask) -> dict[str, ArrayLike]:
    """Give the sums of :func:`_chance_sums` for probabilities of 0 and 1, by counting."""
    cells, alarms, floods, hits = (
        int(np.count_nonzero(marked)) for marked in (valid, said, happened, said & happened)
    )
    between = [0] * (BINS - 2)
    return {
        "brier": alarms + floods - 2 * hits,
        "bin_count": [cells - alarms, *between, alarms],
        "bin_chance": [0, *between, alarms],
        "bin_happened": [floods - hits, *between, hits],
    }
