"""The ends of the 90 % interval: levels of a law between which 90 % of wet cells lie.

A cell that is likely dry, and got wet, lies above most of its law. So of the cells that got wet
fewer than 90 % lie between the quantiles at 5 and 95 % of a law that is right, since those were
chosen by what came. Here the lower end stays, and the upper one is the lowest level at which 90 %
of the wet truths lie within, on terrains held out from training: label-conditional conformal
prediction with the level of the truth in its law as the score.

Source
------
Vovk et al. (2005), Algorithmic Learning in a Random World, ch. 4 (label-conditional); Chernozhukov,
Wuethrich and Zhu (2021), doi:10.1073/pnas.2107794118 (the level in the law as the score).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from inundate.emulate.uncertain.law import LEVELS, Array, Law
from inundate.score.probability import COVERAGE
from inundate.score.sample import WET_M

__all__ = ["PLAIN_ENDS", "ends_from", "fit_ends"]

PLAIN_ENDS = (0.05, 0.95)
"""Levels of the central 90 % interval of a law."""
_STEPS = 14  # halvings of the range of the upper level, to less than 0.0001


def fit_ends(law: Law, truth: Array, weight: NDArray[np.floating]) -> tuple[float, float]:
    """Fit the levels of a law between which 90 % of wet cells lie.

    Parameters
    ----------
    law : Law
        Points (K, N).
    truth : array (R, N), m
        Each equally likely; NaN where unknown.
    weight : array (N,)
        Cells that each drawn cell stands for.

    Returns
    -------
    tuple of float
        The upper level is at most the highest that a law is kept at. Where that holds less than
        90 % of the wet cells, the coverage that is scored is less as well.
    """
    wet = truth > np.float32(WET_M)  # unknown is not wet
    if not wet.any():
        return PLAIN_ENDS
    first = PLAIN_ENDS[0]
    above = wet & (truth >= law.quantiles((first,))[0])
    total = float((wet * weight).sum())

    def enough(level: float) -> bool:
        inside = above & (truth <= law.quantiles((level,))[0])
        return float((inside * weight).sum()) >= COVERAGE * total

    low, high = 0.5, LEVELS[-1]
    if not enough(high):
        return first, high
    for _ in range(_STEPS):
        middle = (low + high) / 2
        low, high = (low, middle) if enough(middle) else (middle, high)
    return first, high


def ends_from(levels: Sequence[float]) -> tuple[float, float]:
    """Read two levels that were stored."""
    low, high = levels
    return float(low), float(high)
