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
from typing import Any

import numpy as np
from numpy.typing import NDArray

from inundate.core.errors import DataError
from inundate.emulate.uncertain.bins import BINS, depth_of_bin
from inundate.emulate.uncertain.law import LEVELS, Array, Law, from_stretched, to_stretched
from inundate.emulate.uncertain.ranks import Unit, rank_table

__all__ = ["Band", "fit_band"]


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
    table, unreached = rank_table(
        error[known],
        np.tile(bins, count)[known],
        depth_of_bin(np.arange(BINS)),
        np.tile(terrain, count)[known],
        unit=unit,
    )
    return Band(table, unreached, unit)
