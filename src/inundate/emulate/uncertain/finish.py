"""The finishing that every way to a spread gets: spread by depth, and probabilities that hold.

First the points of a law are drawn away from their median, or towards it, by a factor for each
bin of the median depth: the one with the lowest CRPS. Then the probability of each threshold is
mapped by a rising function to the frequency that was seen. The 90 % interval begins at the 5 %
quantile of the law and ends at the level at which it holds 90 % of the cells that were wet: a
cell that is likely dry, and got wet, lies above most of its law, so that the 95 % quantile is too
low for that. Beside that stands the law of depth *where it gets wet*: what wet truths were, in
bins of the median and the spread. Both are label-conditional conformal prediction. All are fitted
on terrains held out from training, never on test terrains.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from inundate.core.errors import ConfigError, DataError
from inundate.emulate.uncertain.bins import DEPTHS_M, depth_bin
from inundate.emulate.uncertain.ends import PLAIN_ENDS, ends_from, fit_ends
from inundate.emulate.uncertain.isotonic import Rising, fit_rising
from inundate.emulate.uncertain.law import LEVELS, Array, Law, from_stretched, to_stretched
from inundate.emulate.uncertain.ranks import rank_table
from inundate.score.probability import crps_of_members, crps_of_quantiles
from inundate.score.sample import WET_M

__all__ = ["SCALES", "Finish", "crps_of", "fit_finish", "mean_crps", "scaled"]

SCALES = tuple(float(f"{factor:.3g}") for factor in np.geomspace(0.35, 3.5, 21))
"""Factors of the spread that are tried."""
_WIDTHS = (
    0.7,
    2.0,
)  # of the 90 % interval in stretched depth: upper bounds of classes but the last
_LEAST_CELLS = 200  # of a depth bin; with fewer its spread stays


@dataclass(frozen=True, eq=False)
class Finish:
    """Factors of the spread and maps of the probabilities.

    Attributes
    ----------
    scale : array (D,)
        Factor in stretched depth, by bin of the median depth.
    thresholds_m : tuple of float
        Rising depths for which there is a map of the probability.
    maps : tuple of Rising
    wet : array (W, K)
        Stretched error of the median where the truth was wet, at each of
        :data:`~inundate.emulate.uncertain.law.LEVELS`, by bin of median and spread.
    interval : tuple of two float
        Levels of the law at which the 90 % interval begins and ends.
    """

    scale: Array
    thresholds_m: tuple[float, ...]
    maps: tuple[Rising, ...]
    wet: Array
    interval: tuple[float, float] = PLAIN_ENDS

    def law(self, law: Law) -> Law:
        """Give the law with its spread corrected; a member stays a coherent map."""
        return scaled(law, self.scale)

    def chances(self, law: Law, thresholds_m: Sequence[float] | None = None) -> Array:
        """Give the probability (N, ...) that depth reaches each threshold.

        Parameters
        ----------
        law : Law
            With its spread corrected.
        thresholds_m : sequence of float, optional
            Rising, out of those that were fitted; by default all of them.

        Returns
        -------
        array (N, ...)
            Never rises with the threshold.

        Raises
        ------
        ConfigError
            If there is no map for a threshold.
        """
        wanted = self.thresholds_m if thresholds_m is None else tuple(thresholds_m)
        unknown = [f"{t:g}" for t in wanted if t not in self.thresholds_m]
        if unknown or list(wanted) != sorted(set(wanted)):
            fitted = ",".join(f"{t:g}" for t in self.thresholds_m)
            raise ConfigError(
                f"probability of depth: thresholds {', '.join(f'{t:g}' for t in wanted)} m, "
                f"expected rising ones out of {fitted}",
                hint="inundate spread RUN --thresholds-m … fits others",
            )
        rows = [self.thresholds_m.index(t) for t in wanted]
        found = np.stack([self.maps[row](law.chance(self.thresholds_m[row])) for row in rows])
        # maps are fitted apart, so that a higher threshold could come out likelier by a little
        return np.minimum.accumulate(found, axis=0)

    def ends(self, law: Law) -> Array:
        """Give the ends (2, ...) in m of the interval that holds 90 % of wet cells.

        Parameters
        ----------
        law : Law
            With its spread corrected.
        """
        return law.quantiles(self.interval)

    def if_wet(self, law: Law) -> Law:
        """Give the law of depth given that it is more than 0.05 m, quantiles (K, ...), m.

        Parameters
        ----------
        law : Law
            With its spread corrected.
        """
        errors = np.moveaxis(self.wet[_wet_bins(law)], -1, 0)  # (K, ...)
        depth = from_stretched(to_stretched(law.median()) + errors)
        return Law(np.maximum(depth, np.float32(WET_M)), LEVELS)

    def to_json(self) -> dict[str, Any]:
        """Give JSON-able values."""
        return {
            "depth_bins_m": list(DEPTHS_M),
            "scale": [float(f"{value:.6g}") for value in self.scale.tolist()],
            "thresholds_m": list(self.thresholds_m),
            "maps": [made.to_json() for made in self.maps],
            "interval": [float(f"{value:.6g}") for value in self.interval],
            "wet": [[float(f"{value:.6g}") for value in row] for row in self.wet.tolist()],
        }

    @classmethod
    def from_json(cls, stored: dict[str, Any]) -> Finish:
        """Read what :meth:`to_json` gave."""
        if tuple(stored["depth_bins_m"]) != DEPTHS_M:
            raise DataError(
                f"reading a calibration: depth bins {stored['depth_bins_m']}, expected "
                f"{list(DEPTHS_M)}",
                hint="fit it again with inundate spread",
            )
        return cls(
            np.asarray(stored["scale"], np.float32),
            tuple(stored["thresholds_m"]),
            tuple(Rising.from_json(made) for made in stored["maps"]),
            np.asarray(stored["wet"], np.float32),
            ends_from(stored.get("interval", PLAIN_ENDS)),  # absent before it was fitted
        )


def scaled(law: Law, scale: Array) -> Law:
    """Draw points away from their median by a factor for each bin of it.

    Parameters
    ----------
    law : Law
    scale : array (D,)
    """
    middle = law.median()
    factor = scale[depth_bin(middle)]
    centre = to_stretched(middle)
    moved = centre + factor * (to_stretched(law.points) - centre)
    points = from_stretched(moved)
    # what neither moved nor had reason to stays to the last bit: dry is dry
    return Law(np.where(law.points == middle, law.points, points), law.levels, law.pattern)


def crps_of(law: Law, truth: Array) -> NDArray[np.float64]:
    """Give the CRPS of a law against truths (R, ...), m; fair for members."""
    if law.levels is None:
        return np.stack([crps_of_members(law.points, one) for one in truth])
    levels = np.asarray(law.levels)
    return np.stack([crps_of_quantiles(law.points, levels, one) for one in truth])


def fit_finish(
    law: Law,
    truth: Array,
    weight: NDArray[np.floating],
    thresholds_m: Sequence[float],
    *,
    terrain: NDArray[np.integer] | None = None,
) -> Finish:
    """Fit the finishing of one way.

    Parameters
    ----------
    law : Law
        Points (K, N).
    truth : array (R, N), m
        Equally likely truths of the same inputs; NaN where unknown.
    weight : array (N,)
        Cells that each drawn cell stands for.
    thresholds_m : sequence of float
    terrain : array (N,), optional
        Number of the terrain; by default each cell is of its own.

    Raises
    ------
    ConfigError
        If thresholds do not rise from above 0.
    """
    check_thresholds(thresholds_m)
    bins = depth_bin(law.median())
    scale = np.ones(len(DEPTHS_M) + 1, np.float32)
    known = np.isfinite(truth).any(axis=0)
    for number in np.unique(bins):
        mine = (bins == number) & known
        if np.count_nonzero(mine) >= _LEAST_CELLS:
            part = Law(law.points[:, mine], law.levels)
            scale[number] = _best_scale(part, truth[:, mine], weight[mine], int(number))
    finished = scaled(law, scale)
    maps = tuple(_map_of(finished, truth, weight, t) for t in thresholds_m)
    groups = np.arange(weight.size) if terrain is None else terrain
    wet = _fit_wet(finished, truth, weight, groups)
    interval = fit_ends(finished, truth, weight)
    return Finish(scale, tuple(float(t) for t in thresholds_m), maps, wet, interval)


def _wet_bins(law: Law) -> NDArray[np.intp]:
    """Give the bin of each cell by its median and the width of its 90 % interval."""
    low, middle, high = law.quantiles((0.05, 0.5, 0.95))
    width = to_stretched(high) - to_stretched(low)
    classes = np.searchsorted(np.asarray(_WIDTHS, np.float32), width, side="right")
    return np.asarray(depth_bin(middle) * (len(_WIDTHS) + 1) + classes)


def _fit_wet(
    law: Law, truth: Array, weight: NDArray[np.floating], terrain: NDArray[np.integer]
) -> Array:
    wet = truth > np.float32(WET_M)  # unknown is not wet
    count = (len(DEPTHS_M) + 1) * (len(_WIDTHS) + 1)
    if not wet.any():
        return np.zeros((count, len(LEVELS)), np.float32)
    error = to_stretched(truth) - to_stretched(law.median())

    def chosen(values: NDArray[Any]) -> NDArray[Any]:
        return np.broadcast_to(values, truth.shape)[wet]

    table, _ = rank_table(
        error[wet], chosen(_wet_bins(law)), np.arange(count) // (len(_WIDTHS) + 1),
        chosen(terrain), weight=chosen(weight),
    )  # fmt: skip
    return table


def check_thresholds(thresholds_m: Sequence[float]) -> None:
    """Check that thresholds rise from above 0.

    Raises
    ------
    ConfigError
        If they do not, or there is none.
    """
    values = [0.0, *thresholds_m]
    if len(values) < 2 or any(a >= b for a, b in pairwise(values)):
        raise ConfigError(
            f"probability of depth: thresholds {list(thresholds_m)} m, expected rising ones above 0"
        )


def _best_scale(law: Law, truth: Array, weight: NDArray[np.floating], number: int) -> float:
    """Try each factor; of equally good ones the nearest to 1."""
    best, lowest = 1.0, _mean_crps(law, truth, weight)
    for factor in sorted(SCALES, key=lambda f: abs(np.log(f))):
        scale = np.ones(len(DEPTHS_M) + 1, np.float32)
        scale[number] = factor
        found = _mean_crps(scaled(law, scale), truth, weight)
        if found < lowest * (1 - 1e-6):
            best, lowest = factor, found
    return best


def _mean_crps(law: Law, truth: Array, weight: NDArray[np.floating]) -> float:
    return float(np.average(mean_crps(law, truth), weights=weight))


def mean_crps(law: Law, truth: Array) -> NDArray[np.float64]:
    """Give the mean CRPS (N,) over the truths (R, N) that are known, m."""
    known = np.isfinite(truth)
    found = np.where(known, crps_of(law, np.where(known, truth, 0.0)), 0.0)
    return np.asarray(found.sum(axis=0) / known.sum(axis=0).clip(min=1))


def _map_of(law: Law, truth: Array, weight: NDArray[np.floating], threshold_m: float) -> Rising:
    known = np.isfinite(truth)
    given = np.broadcast_to(law.chance(threshold_m), truth.shape)
    weights = np.broadcast_to(weight, truth.shape)
    happened = truth >= np.float32(threshold_m)
    return fit_rising(given[known], happened[known], weights[known])
