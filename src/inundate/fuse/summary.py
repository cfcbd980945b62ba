"""What an ensemble says when its members do not all count alike."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["weighted_crps", "weighted_mean", "weighted_probability", "weighted_quantiles"]

Weights = NDArray[np.float64]


def weighted_crps(
    members: NDArray[np.float32], observed: NDArray[np.float32], weights: Weights
) -> NDArray[np.float64]:
    """Give the continuous ranked probability score of each value.

    Parameters
    ----------
    members : array (M, ...)
        Same unit as ``observed``.
    observed : array (...)
    weights : array (M, ...)
        Sum 1 over members; a trailing shape of 1 counts everywhere.

    Returns
    -------
    array (...)
        Same unit, 0 is best; NaN where a member or the observation is.

    Source
    ------
    Gneiting and Raftery (2007), doi:10.1198/016214506000001437, eq. 21, for a discrete law.
    """
    values, weight = _aligned(members, weights)
    order = np.argsort(values, axis=0)
    ranked = np.take_along_axis(values, order, axis=0)
    heavy = np.take_along_axis(weight, order, axis=0)
    below = np.cumsum(heavy, axis=0)
    error = (weight * np.abs(values - observed)).sum(axis=0)
    # half the mean distance between two draws, linear in members that are sorted
    spread = (heavy * ranked * (2.0 * below - heavy - 1.0)).sum(axis=0)
    return np.asarray(error - spread)


def weighted_mean(members: NDArray[np.float32], weights: Weights) -> NDArray[np.float64]:
    """Give the mean (...) of members (M, ...)."""
    values, weight = _aligned(members, weights)
    return np.asarray((values * weight).sum(axis=0))


def weighted_probability(
    members: NDArray[np.float32], weights: Weights, threshold: float
) -> NDArray[np.float64]:
    """Give the probability (...) that members (M, ...) reach a threshold in their unit.

    NaN where a member is.
    """
    values, weight = _aligned(members, weights)
    share = (weight * (values >= np.float32(threshold))).sum(axis=0)
    return np.asarray(np.where(np.isfinite(values).all(axis=0), np.clip(share, 0.0, 1.0), np.nan))


def weighted_quantiles(
    members: NDArray[np.float32], weights: Weights, levels: tuple[float, ...]
) -> NDArray[np.float64]:
    """Give quantiles (Q, ...) of members (M, ...): the least value at which a level is reached.

    NaN where a member is.
    """
    values, weight = _aligned(members, weights)
    order = np.argsort(values, axis=0)
    ranked = np.take_along_axis(values, order, axis=0)
    below = np.cumsum(np.take_along_axis(weight, order, axis=0), axis=0)
    known = np.isfinite(values).all(axis=0)
    found = []
    for level in levels:
        rank = np.argmax(below >= min(level, 1.0) - 1e-9, axis=0)
        one = np.take_along_axis(ranked, rank[None], axis=0)[0]
        found.append(np.where(known, one, np.nan))
    return np.stack(found)


def _aligned(
    members: NDArray[np.float32], weights: Weights
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    values = np.asarray(members, np.float64)
    shape = (weights.shape[0], *(1,) * (values.ndim - weights.ndim), *weights.shape[1:])
    return values, np.broadcast_to(weights.reshape(shape), values.shape)
