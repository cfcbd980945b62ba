"""Quantiles of errors in bins, with the rank that counts the error to come (Mondrian bins)."""

from __future__ import annotations

from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from inundate.emulate.uncertain.law import LEVELS, Array

__all__ = ["Unit", "rank_table"]

Unit: TypeAlias = Literal["cell", "terrain"]

_LEAST_CELLS = 300  # of a bin of its own
_LEAST_TERRAINS = 3


def rank_table(
    error: Array,
    number: NDArray[np.integer],
    parents: NDArray[np.integer],
    group: NDArray[np.integer],
    *,
    weight: NDArray[np.floating] | None = None,
    unit: Unit = "cell",
) -> tuple[Array, tuple[float, ...]]:
    """Give the error at each level in each bin; one with too few takes those of its parent.

    Parameters
    ----------
    error : array (N,)
        At least one.
    number : array (N,)
        Bin of each error.
    parents : array (B,)
        The coarser bin of each bin. One that has too few errors takes all there are.
    group : array (N,)
        Terrain of each error.
    weight : array (N,), optional
        Cells that each stands for; by default as many.
    unit : {"cell", "terrain"}
        What is exchangeable.

    Returns
    -------
    table : array (B, len(LEVELS))
        From the median up never too small, below it never too large; rising along the levels.
    unreached : tuple of float
        Levels for which there are too few terrains; the largest error seen stands there.
    """
    weights = np.ones(error.size) if weight is None else np.asarray(weight, np.float64)
    unreached: set[float] = set()

    def row(chosen: NDArray[np.bool_]) -> Array:
        values, missed = _ranks(error[chosen], weights[chosen], group[chosen], unit)
        unreached.update(missed)
        return values

    whole = row(np.ones(error.size, dtype=bool))
    parent = parents[number]
    shared = {
        int(one): row(parent == one) if _enough(group[parent == one]) else whole
        for one in np.unique(parents)
    }
    table = np.empty((len(parents), len(LEVELS)), np.float32)
    for one, above in enumerate(parents):
        mine = number == one
        table[one] = row(mine) if _enough(group[mine]) else shared[int(above)]
    return table, tuple(sorted(unreached))


def _enough(group: NDArray[np.integer]) -> bool:
    return group.size >= _LEAST_CELLS and len(np.unique(group)) >= _LEAST_TERRAINS


def _ranks(
    error: Array, weight: NDArray[np.float64], group: NDArray[np.integer], unit: Unit
) -> tuple[Array, list[float]]:
    order = np.argsort(error, kind="stable")
    values, own = error[order], weight[order]
    if unit == "cell":  # the error to come weighs as much as one that was seen
        share = np.cumsum(own) / (own.sum() + own.mean())
    else:  # each terrain has one vote, and so has the one to come
        _, place = np.unique(group[order], return_inverse=True)
        votes = np.bincount(place, weights=own)
        share = np.cumsum(own / votes[place]) / (votes.size + 1)
    least = share[-1]  # of the probability lies at or below the largest error
    above = least - np.concatenate([[0.0], share[:-1]])  # at or above each error
    found = np.empty(len(LEVELS), np.float32)
    missed = []
    for row, level in enumerate(LEVELS):
        wanted = max(level, 1.0 - level)
        if wanted > least + 1e-9:
            missed.append(level)
        if level >= 0.5:
            at = min(int(np.searchsorted(share, level - 1e-9)), values.size - 1)
        else:  # the same from above
            at = max(int(np.searchsorted(-above, 1e-9 - wanted, side="right")) - 1, 0)
        found[row] = values[at]
    return np.maximum.accumulate(found), missed
