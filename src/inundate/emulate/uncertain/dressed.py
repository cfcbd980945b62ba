"""The dressed ensemble: perturbed hybrid runs, dressed with the errors that the emulator had.

Members know how the flood answers to other rain, roughness, soil and heights, and nothing of the
emulator's own errors; the band knows those errors in like cells on average, and nothing of this
flood. The law here is the mean of both, quantile by quantile, in stretched depth. Whole floods
take the values of that law in the order of the members: where a run is deeper than the others,
its flood is (ensemble copula coupling).

Source
------
Lichtendahl, Grushka-Cockayne and Winkler (2013), doi:10.1287/mnsc.1120.1667 (mean of quantiles);
Schefzik, Thorarinsdottir and Gneiting (2013), doi:10.1214/13-STS443 (coupling).
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from inundate.emulate.uncertain.bins import cell_bins, slope_class
from inundate.emulate.uncertain.case import Spread, SpreadCase
from inundate.emulate.uncertain.conformal import Band
from inundate.emulate.uncertain.copula import at_ranks
from inundate.emulate.uncertain.law import LEVELS, Array, Law, from_stretched, to_stretched

__all__ = ["DressedEnsemble", "coupled", "dressed"]


class DressedEnsemble:
    """The mean law of a band and of an ensemble.

    Parameters
    ----------
    band : Band
    ensemble : Spread
        That gives members.
    """

    def __init__(self, band: Band, ensemble: Spread) -> None:
        self.band, self.ensemble = band, ensemble

    def laws(self, case: SpreadCase) -> Iterator[Law]:
        """Give the quantiles of each frame, (K, H, W), m, and the members they follow."""
        slopes = slope_class(case.elevation, case.grid.dx)
        for depth, members in zip(case.depth, self.ensemble.laws(case), strict=True):
            bins = cell_bins(depth, case.elevation, slopes)
            yield dressed(self.band.law(depth, bins), members)


def dressed(band: Law, members: Law) -> Law:
    """Give the mean of the quantiles of two laws, in stretched depth.

    Parameters
    ----------
    band : Law
        Quantiles (K, ...) at :data:`~inundate.emulate.uncertain.law.LEVELS`.
    members : Law
        Points (M, ...).

    Returns
    -------
    Law
        Quantiles (K, ...), with the members as their pattern.
    """
    both = to_stretched(band.points) + to_stretched(members.quantiles(LEVELS))
    return Law(from_stretched(both / 2), LEVELS, members.points)


def coupled(law: Law) -> Array:
    """Give whole floods (M, ...), m: values of a law in the order of the members it follows.

    Parameters
    ----------
    law : Law
        Quantiles (K, ...) with a pattern (M, ...).

    Returns
    -------
    array (M, ...)
        Flood m stands in each cell at the level that run m has among the runs. Runs that are
        equally deep, dry mostly, are ordered by the water that they hold on the whole map.
    """
    members = law.pattern
    if members is None:
        raise ValueError("coupling: the law follows no members")
    count = len(members)
    order = members.reshape(count, -1).sum(axis=1, dtype=np.float64).argsort().argsort()
    found = np.empty_like(members)
    for one, place in enumerate((order + 0.5) / count):
        below, equal = _rank(members, one)
        within = np.where(equal > 1, place, 0.5)
        found[one] = at_ranks(law, ((below + within * equal) / count).astype(np.float32))
    return found


def _rank(members: Array, one: int) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Count the members below one of them in each cell, and those as deep as it."""
    return (members < members[one]).sum(axis=0), (members == members[one]).sum(axis=0)
