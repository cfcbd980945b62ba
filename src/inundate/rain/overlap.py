"""Exact shares of intervals and cells in one another: the arithmetic of conservative regridding."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["mean_of_known", "overlap"]

Array = NDArray[np.float64]


def overlap(source_low: Array, source_high: Array, target_low: Array, target_high: Array) -> Array:
    """Give the length that each target interval shares with each source interval.

    Parameters
    ----------
    source_low, source_high : array (S,)
        Ends of the source intervals, any unit.
    target_low, target_high : array (T,)
        Ends of the target intervals, the same unit.

    Returns
    -------
    array (T, S)
        Shared lengths, 0 where two intervals do not meet.

    Examples
    --------
    >>> import numpy as np
    >>> edges = np.array([0.0, 10.0, 20.0])
    >>> overlap(edges[:-1], edges[1:], np.array([5.0]), np.array([12.0]))
    array([[5., 2.]])
    """
    low = np.maximum(target_low[:, None], source_low[None, :])
    high = np.minimum(target_high[:, None], source_high[None, :])
    return np.asarray(np.maximum(high - low, 0.0))


def mean_of_known(values: Array, known: Array, min_cover: float) -> Array:
    """Divide weighted sums by the weight that is known; NaN where that is too little.

    Parameters
    ----------
    values : array
        Sums of weight times value over the known sources.
    known : array
        Sums of weight over the known sources, as a share of all the weight, 0 to 1.
    min_cover : float
        Least share that must be known.

    Returns
    -------
    array
        Means over the known part.
    """
    enough = (known >= min_cover - 1e-9) & (known > 0)  # 1e-9: rounding of the sum of weights
    return np.divide(values, known, out=np.full_like(values, np.nan), where=enough)
