"""From which probability on to say yes, if F1 counts and not the share of right answers."""

from __future__ import annotations

from typing import Any

import numpy as np

__all__ = ["best_limit", "expected_best_f1"]

_LEAST = 1e-6


def expected_best_f1(shares: np.ndarray[Any, Any]) -> float:
    """Give the probability from which answers "yes" have the best F1 that is to be expected.

    Parameters
    ----------
    shares : array (N,)
        Probability of "yes" of each post, taken to be right.

    Examples
    --------
    >>> float(expected_best_f1(np.array([0.9, 0.4, 0.02, 0.02])))
    0.4

    Source
    ------
    Lipton, Elkan and Naryanaswamy (2014), arXiv:1402.1892.
    """
    order = np.sort(shares)[::-1]
    found = 2 * np.cumsum(order) / (np.arange(1, len(order) + 1) + order.sum())
    return float(np.clip(order[np.argmax(found)], _LEAST, 1 - _LEAST))


def best_limit(shares: np.ndarray[Any, Any]) -> float:
    """Give :func:`expected_best_f1` as log odds; 0, one half, where there are no posts.

    Parameters
    ----------
    shares : array (N,)
    """
    if not len(shares):
        return 0.0
    share = expected_best_f1(shares)
    return float(np.log(share) - np.log1p(-share))
