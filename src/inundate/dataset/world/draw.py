"""Draw numbers: log-uniform, stratified over a part, rounded so that a plan reads well."""

from __future__ import annotations

import numpy as np

__all__ = ["log_uniform", "pick", "rounded", "uniform"]


def rounded(value: float) -> float:
    """Round to four digits."""
    return float(f"{value:.4g}")


def uniform(rng: np.random.Generator, low: float, high: float) -> float:
    """Draw between two numbers."""
    return rounded(rng.uniform(low, high))


def log_uniform(
    rng: np.random.Generator, low: float, high: float, *, at: float | None = None
) -> float:
    """Draw between two numbers, the log being uniform.

    Parameters
    ----------
    rng : Generator
    low, high : float
    at : float, optional
        Place from 0 to 1 instead of a drawn one, to spread draws evenly.
    """
    share = rng.uniform() if at is None else at
    return rounded(float(np.exp(np.log(low) + share * (np.log(high) - np.log(low)))))


def pick(rng: np.random.Generator, shares: dict[str, float]) -> str:
    """Draw a name by its share."""
    names = sorted(shares)
    weights = np.array([shares[name] for name in names])
    return names[int(rng.choice(len(names), p=weights / weights.sum()))]
