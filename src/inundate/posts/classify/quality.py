"""The few scores that fitting itself needs."""

from __future__ import annotations

from typing import Any

import numpy as np

__all__ = ["log_loss", "macro_f1", "plain_scores"]

_LEAST = 1e-12


def macro_f1(labels: np.ndarray[Any, Any], chosen: np.ndarray[Any, Any], count: int) -> float:
    """Give the mean over classes of F1.

    Parameters
    ----------
    labels, chosen : array (N,), int
        True class and chosen class.
    count : int
        K; classes that are neither there nor chosen do not count.

    Examples
    --------
    >>> macro_f1(np.array([0, 0, 1]), np.array([0, 1, 1]), 3)
    0.6666666666666666
    """
    table = np.bincount(labels * count + chosen, minlength=count * count).reshape(count, count)
    both = table.sum(0) + table.sum(1)
    there = both > 0
    return float((2 * np.diag(table)[there] / both[there]).mean())


def log_loss(probabilities: np.ndarray[Any, Any], labels: np.ndarray[Any, Any]) -> float:
    """Give the mean negative logarithm of the true class's probability, nats."""
    own = probabilities[np.arange(len(labels)), labels]
    return float(-np.log(np.maximum(own, _LEAST)).mean())


def plain_scores(
    probabilities: np.ndarray[Any, Any], labels: np.ndarray[Any, Any]
) -> dict[str, float]:
    """Give accuracy, macro-F1 and loss.

    Parameters
    ----------
    probabilities : array (N, K)
    labels : array (N,), int
    """
    chosen = probabilities.argmax(1)
    return {
        "accuracy": float((chosen == labels).mean()),
        "macro_f1": macro_f1(labels, chosen, probabilities.shape[1]),
        "loss": log_loss(probabilities, labels),
    }
