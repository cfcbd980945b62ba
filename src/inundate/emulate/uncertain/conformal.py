"""A conformal band: what the errors in like cells were on terrains held out from training.

The error is taken in stretched depth, asinh(depth / 0.05 m), and its quantiles are counted in bins
of cells (Mondrian conformal prediction). A quantile below 0 is dry, so the law has a point mass
there. It is a law of each cell by itself; :mod:`inundate.emulate.uncertain.copula` ties cells.

With ``unit = "cell"`` the ranks are corrected for a finite number of exchangeable cells. Cells of
one terrain are not exchangeable with those of another; ``unit = "terrain"`` gives each
calibration terrain one vote and adds one for the terrain to come, whose error may be anything.
That holds for new terrains drawn like the old, and needs 1 / (1 - level) - 1 of them.

Source
------
Vovk et al. (2005), Algorithmic Learning in a Random World, ch. 2 and 4; Lee, Barber and Willett
(2023), arXiv:2306.06342 (groups).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from inundate.core.errors import DataError
from inundate.emulate.uncertain.bins import BINS, DEPTHS_M, depth_of_bin
from inundate.emulate.uncertain.law import LEVELS, Array, Law, from_stretched, to_stretched

__all__ = ["Band", "Unit", "fit_band"]

Unit: TypeAlias = Literal["cell", "terrain"]

_LEAST_CELLS = 300  # of a bin of its own
_LEAST_TERRAINS = 3


@dataclass(frozen=True, eq=False)
class Band:
    """Quantiles of the stretched error in each bin.

    Attributes
    ----------
    table : array (BINS, K)
        Error at each of :data:`~inundate.emulate.uncertain.law.LEVELS`, rising along K.
    unreached : tuple of float
        Levels that the calibration terrains are too few for; the largest error seen stands there.
    unit : str
    """

    table: Array
    unreached: tuple[float, ...]
    unit: Unit

    def law(self, depth: Array, bins: NDArray[np.integer]) -> Law:
        """Give the law of cells of a predicted depth.

        Parameters
        ----------
        depth : array (...), m
        bins : array (...)
            Of :func:`inundate.emulate.uncertain.bins.cell_bins`.
        """
        errors = np.moveaxis(self.table[bins], -1, 0)  # (K, ...)
        return Law(from_stretched(to_stretched(depth) + errors), LEVELS)

    def to_json(self) -> dict[str, Any]:
        """Give JSON-able values."""
        table = [[float(f"{value:.6g}") for value in row] for row in self.table.tolist()]
        return {"unit": self.unit, "unreached": list(self.unreached), "table": table}

    @classmethod
    def from_json(cls, stored: dict[str, Any]) -> Band:
        """Read what :meth:`to_json` gave."""
        table = np.asarray(stored["table"], dtype=np.float32)
        if table.shape != (BINS, len(LEVELS)):
            raise DataError(
                f"reading a conformal band: a table of {table.shape}, expected "
                f"{(BINS, len(LEVELS))}",
                hint="fit it again with inundate spread",
            )
        return cls(table, tuple(stored["unreached"]), stored["unit"])


def fit_band(
    depth: Array,
    truth: Array,
    bins: NDArray[np.integer],
    terrain: NDArray[np.integer],
    *,
    unit: Unit = "cell",
) -> Band:
    """Count the errors of each bin; one with too few takes those of its depth.

    Parameters
    ----------
    depth : array (N,), m
        Predicted.
    truth : array (R, N), m
        Each equally likely truth of the same inputs; NaN where unknown.
    bins, terrain : array (N,)
        Bin and number of the terrain of each cell.
    unit : {"cell", "terrain"}

    Raises
    ------
    DataError
        If there is no cell.
    """
    count = len(truth)
    error = (to_stretched(truth) - to_stretched(depth)).ravel()
    known = np.isfinite(error)
    if not known.any():
        raise DataError("fitting a conformal band: no cell with a known truth")
    error = error[known]
    number = np.tile(bins, count)[known]
    group = np.tile(terrain, count)[known]
    unreached: set[float] = set()

    def row(chosen: NDArray[np.bool_]) -> Array:
        values, missed = _ranks(error[chosen], group[chosen], unit)
        unreached.update(missed)
        return values

    by_depth = depth_of_bin(number)
    whole = row(np.ones(error.size, dtype=bool))
    shared = [
        row(by_depth == d) if _enough(group[by_depth == d]) else whole
        for d in range(len(DEPTHS_M) + 1)
    ]
    table = np.empty((BINS, len(LEVELS)), np.float32)
    for bin_number in range(BINS):
        mine = number == bin_number
        parent = shared[int(depth_of_bin(np.array(bin_number)))]
        table[bin_number] = row(mine) if _enough(group[mine]) else parent
    return Band(table, tuple(sorted(unreached)), unit)


def _enough(group: NDArray[np.integer]) -> bool:
    return group.size >= _LEAST_CELLS and len(np.unique(group)) >= _LEAST_TERRAINS


def _ranks(error: Array, group: NDArray[np.integer], unit: Unit) -> tuple[Array, list[float]]:
    """Give the error at each level: from the median up never too small, below never too large."""
    order = np.argsort(error, kind="stable")
    values = error[order]
    if unit == "cell":
        share = np.arange(1, values.size + 1) / (values.size + 1)
    else:
        _, place, sizes = np.unique(group, return_inverse=True, return_counts=True)
        share = np.cumsum((1.0 / sizes)[place[order]]) / (len(sizes) + 1)
    found = np.empty(len(LEVELS), np.float32)
    missed = []
    least = share[-1]  # of the probability lies at or below the largest error
    for row, level in enumerate(LEVELS):
        wanted = level if level >= 0.5 else 1.0 - level
        if wanted > least + 1e-12:
            missed.append(level)
        if level >= 0.5:
            at = min(int(np.searchsorted(share, level - 1e-12)), values.size - 1)
        else:  # the same from above, on mirrored errors
            above = least - np.concatenate([[0.0], share[:-1]])  # at or above each value
            at = max(int(np.searchsorted(-above, -(1.0 - level) + 1e-12, side="right")) - 1, 0)
        found[row] = values[at]
    return np.maximum.accumulate(found), missed
