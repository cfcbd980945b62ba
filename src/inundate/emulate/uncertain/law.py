"""The law of depth in each cell of a frame: members, or quantiles; and what can be asked of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from inundate.core.errors import ConfigError
from inundate.emulate.heads import DEPTH_SCALE_M

__all__ = ["LEVELS", "Array", "Law", "chance_from_quantiles", "from_stretched", "to_stretched"]

Array: TypeAlias = NDArray[np.float32]

LEVELS: tuple[float, ...] = (
    0.01, 0.025, *(round(0.05 * k, 2) for k in range(1, 20)), 0.975, 0.99,
)  # fmt: skip
"""Probability levels at which a law is kept when it is not kept as members."""


def to_stretched(depth: NDArray[np.floating]) -> Array:
    """Stretch depth in m by asinh(depth / 0.05 m)."""
    return np.asarray(np.arcsinh(depth / np.float32(DEPTH_SCALE_M)), dtype=np.float32)


def from_stretched(values: NDArray[np.floating]) -> Array:
    """Give the depth in m of stretched values; what lies below 0 is dry."""
    depth = np.float32(DEPTH_SCALE_M) * np.sinh(np.maximum(values, 0.0))
    return np.asarray(depth, dtype=np.float32)


@dataclass(frozen=True, eq=False)
class Law:
    """Depth of one frame as a law in each cell.

    Attributes
    ----------
    points : array (K, ...), m
        Members, equally likely, of which each is one coherent map; or quantiles at ``levels``.
        0 is dry, and may have a share of the probability of its own.
    levels : tuple of float or None
        Rising levels of the quantiles; None for members.
    pattern : array (M, ...), m, or None
        Members that whole floods of a law of quantiles follow.
    """

    points: Array
    levels: tuple[float, ...] | None = None
    pattern: Array | None = None

    @property
    def is_members(self) -> bool:
        """Whether the points are members."""
        return self.levels is None

    def median(self) -> Array:
        """Give the median depth, (...), m."""
        return np.asarray(self.quantiles((0.5,))[0])

    def mean(self) -> Array:
        """Give the mean depth, (...), m."""
        if self.levels is None:
            return np.asarray(self.points.mean(axis=0, dtype=np.float64), dtype=np.float32)
        weights = level_weights(self.levels)
        return np.asarray(np.tensordot(weights, self.points, axes=1), dtype=np.float32)

    def quantiles(self, levels: Sequence[float]) -> Array:
        """Give depths (len(levels), ...) in m at some levels, never crossing.

        Between points the stretched depth is a straight line in the level. M ordered members
        stand at the levels k / (M + 1), and the outermost gap goes on beyond them, since the
        truth is as likely to lie outside M members as in any one gap.

        Raises
        ------
        ConfigError
            If a level lies outside the levels that quantiles are kept at.
        """
        check_levels(levels)
        ordered = to_stretched(self.points if self.levels else np.sort(self.points, axis=0))
        count = len(ordered)
        at = np.arange(1, count + 1) / (count + 1) if self.levels is None else self.levels
        place = np.interp(levels, at, np.arange(count))
        if self.levels is None:  # go on with the outermost gap, in both directions
            given = np.asarray(levels, dtype=np.float64)
            place = np.where((given < at[0]) | (given > at[-1]), given * (count + 1) - 1, place)
        found = np.empty((len(levels), *self.points.shape[1:]), np.float32)
        for row, position in enumerate(place):
            low = int(np.clip(np.floor(position), 0, max(count - 2, 0)))
            high = min(low + 1, count - 1)
            share = np.float32(position - low)
            found[row] = from_stretched(ordered[low] + share * (ordered[high] - ordered[low]))
        return found

    def chance(self, threshold_m: float) -> Array:
        """Give the probability (...) that depth reaches a threshold."""
        if self.levels is None:
            share = (self.points >= np.float32(threshold_m)).mean(axis=0, dtype=np.float64)
            return np.asarray(share, dtype=np.float32)
        return chance_from_quantiles(self.points, self.levels, threshold_m)


def check_levels(levels: Sequence[float]) -> None:
    """Check that levels are ones that a law can be asked for.

    Raises
    ------
    ConfigError
        If one lies outside the lowest and highest of :data:`LEVELS`, or there is none.
    """
    low, high = LEVELS[0], LEVELS[-1]
    bad = [level for level in levels if not low <= level <= high]
    if bad or not len(levels):
        raise ConfigError(
            f"quantiles of depth: levels {list(levels)}, expected some between {low} and {high}"
        )


def level_weights(levels: Sequence[float]) -> NDArray[np.float64]:
    """Give the share of probability that each quantile stands for; they add up to 1."""
    values = np.asarray(levels, dtype=np.float64)
    middles = (values[1:] + values[:-1]) / 2
    return np.diff(np.concatenate([[0.0], middles, [1.0]]))


def chance_from_quantiles(quantiles: Array, levels: Sequence[float], threshold_m: float) -> Array:
    """Give the probability that depth reaches a threshold, from rising quantiles.

    Parameters
    ----------
    quantiles : array (K, ...), m
    levels : sequence of float (K,)
    threshold_m : float, m

    Returns
    -------
    array (...)
        Falls when the threshold rises. Below the lowest and above the highest quantile half of
        the probability that is left.
    """
    wanted = np.float32(np.arcsinh(threshold_m / DEPTH_SCALE_M))
    values = to_stretched(quantiles)
    at = np.asarray(levels, dtype=np.float32)
    below = (values < wanted).sum(axis=0)  # quantiles that do not reach the threshold
    low = np.clip(below - 1, 0, len(at) - 1)
    high = np.clip(below, 0, len(at) - 1)
    first = np.take_along_axis(values, low[None], axis=0)[0]
    second = np.take_along_axis(values, high[None], axis=0)[0]
    gap = second - first
    share = np.where(gap > 0, (wanted - first) / np.where(gap > 0, gap, 1.0), 0.0)
    level = at[low] + np.clip(share, 0.0, 1.0) * (at[high] - at[low])
    level = np.where((below == 0) & (values[0] > wanted), at[0] / 2, level)
    level = np.where(below == len(at), (1 + at[-1]) / 2, level)
    return np.asarray(1.0 - level, dtype=np.float32)
