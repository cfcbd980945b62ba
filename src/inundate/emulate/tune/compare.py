"""Whether tuning bought anything: default and best settings, trained again with fresh seeds.

The best of many trials looks better than it is, because it was chosen by the very value that is
then told. So both are trained again with seeds that no trial had, on the same seeds, and the gain
is told with two intervals: over seeds, and over the ground of the validation part. It counts as a
gain only if both lie on the good side of zero.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from inundate.core.errors import DataError
from inundate.score.interval import Interval, Resampler, bounds_of

__all__ = ["Comparison", "Measured", "compare", "student_interval"]

Array = NDArray[np.float64]
LEVEL = 0.95
# quantile 0.975 of Student's t for 1 to 4 degrees of freedom; beyond, the expansion is exact to
# 0.1 %
_T = (12.706, 4.303, 3.182, 2.776)
_NORMAL = 1.959964


@dataclass(frozen=True)
class Measured:
    """One training of a comparison.

    Attributes
    ----------
    seed : int
    blocks : tuple of str
        Terrain block of each sample of the validation part.
    cost : callable
        ``cost(weights)`` gives what is made small under weights of the samples,
        (draws, samples) to (draws,).
    """

    seed: int
    blocks: tuple[str, ...]
    cost: Callable[[Array], Array]


@dataclass(frozen=True)
class Comparison:
    """The gain of the best settings over the default ones, negative is better.

    Attributes
    ----------
    default, best : tuple of float
        What is made small, by seed.
    seeds : Interval
        Mean difference best - default and its interval over seeds (Student's t, paired).
    blocks : Interval
        The same over terrain blocks (bootstrap).
    gained : bool
        Whether both intervals lie below zero.
    """

    default: tuple[float, ...]
    best: tuple[float, ...]
    seeds: Interval
    blocks: Interval

    @property
    def gained(self) -> bool:
        """Whether both intervals lie below zero; False where one cannot be given."""
        return self.seeds.high < 0 and self.blocks.high < 0


def compare(
    default: Sequence[Measured],
    best: Sequence[Measured],
    *,
    draws: int = 2000,
    seed: int = 0,
) -> Comparison:
    """Compare trainings that differ in settings and share their seeds.

    Parameters
    ----------
    default, best : sequence of Measured
        In the same order of seeds; at least one.
    draws, seed : int
        Of the bootstrap.

    Raises
    ------
    DataError
        If seeds or samples differ.
    """
    if not default or [m.seed for m in default] != [m.seed for m in best]:
        raise DataError(
            f"comparing trainings: seeds {[m.seed for m in default]} and "
            f"{[m.seed for m in best]}, expected the same, at least one"
        )
    if len({m.blocks for m in (*default, *best)}) != 1:
        raise DataError("comparing trainings: they were measured on different samples")
    resampler = Resampler(default[0].blocks, draws=draws, seed=seed)
    whole = np.ones((1, len(default[0].blocks)))
    values = [[float(m.cost(whole)[0]) for m in group] for group in (default, best)]
    by_seed = [b - a for a, b in zip(*values, strict=True)]
    drawn = np.mean(
        [
            b.cost(resampler.weights) - a.cost(resampler.weights)
            for a, b in zip(default, best, strict=True)
        ],
        axis=0,
    )
    mean = math.fsum(by_seed) / len(by_seed)
    blocks = Interval(mean, *bounds_of(drawn, LEVEL, resampler.note))
    return Comparison(tuple(values[0]), tuple(values[1]), student_interval(by_seed), blocks)


def student_interval(values: Sequence[float]) -> Interval:
    """Give the mean of independent values with Student's 95 % interval.

    Examples
    --------
    >>> found = student_interval([1.0, 2.0, 3.0])
    >>> round(found.low, 2), found.value, round(found.high, 2)
    (-0.48, 2.0, 4.48)
    """
    count = len(values)
    mean = math.fsum(values) / count
    if count < 2:
        return Interval(mean, math.nan, math.nan, "one seed only, at least 2 needed")
    error = math.sqrt(math.fsum((v - mean) ** 2 for v in values) / (count - 1) / count)
    half = _student(count - 1) * error
    return Interval(mean, mean - half, mean + half)


def _student(freedom: int) -> float:
    """Quantile 0.975 of Student's t.

    Source
    ------
    Abramowitz and Stegun (1964), 26.7.5.
    """
    if freedom <= len(_T):
        return _T[freedom - 1]
    z, n = _NORMAL, freedom
    return (
        z
        + (z**3 + z) / (4 * n)
        + (5 * z**5 + 16 * z**3 + 3 * z) / (96 * n**2)
        + (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / (384 * n**3)
    )
