"""Figures over made-up floods, with their intervals."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from inundate.core.seeds import make_rng

__all__ = ["figure", "interval", "no_change", "span"]

_DRAWS = 2000


def no_change(values: NDArray[np.float64]) -> float:
    """Give the p-value of no change (N,), by signed ranks; 1 where nothing changed at all."""
    from scipy.stats import wilcoxon

    return float(wilcoxon(values).pvalue) if np.any(values != 0) else 1.0


def interval(values: NDArray[np.float64], *, mean: bool = False) -> tuple[float, float, float]:
    """Give the median over floods (N,), or the mean, and its 95 % bootstrap interval."""
    rng = make_rng(0, "fusion interval")
    centre = np.mean if mean else np.median
    drawn = values[rng.integers(0, len(values), (_DRAWS, len(values)))]
    low, high = np.percentile(centre(drawn, axis=1), [2.5, 97.5])
    return float(centre(values)), float(low), float(high)


def span(values: NDArray[np.float64], *, mean: bool = False, sign: bool = True) -> str:
    """Write the centre and its interval."""
    form = "+.3f" if sign else ".3f"
    value, low, high = (f"{one:{form}}" for one in interval(values, mean=mean))
    return f"{value} [{low}, {high}]"


def figure(
    name: str,
    values: NDArray[np.float64],
    goal: str,
    holds: Callable[[float], bool] | None,
    note: str,
    *,
    mean: bool = False,
    group: str = "Posts and depth",
) -> dict[str, Any]:
    """Make a figure of a result file.

    Parameters
    ----------
    name : str
    values : array (N,)
        Of each flood.
    goal : str
        Empty where there is none.
    holds : callable, optional
        Whether the centre reaches the goal.
    note : str
    mean : bool
        The mean instead of the median.
    group : str
    """
    value, low, high = interval(values, mean=mean)
    return {
        "id": name, "group": group, "value": value, "low": low, "high": high,
        "unit": "1", "goal": goal, "met": None if holds is None else bool(holds(value)),
        "baseline": None, "note": f"{note}; {len(values)} floods",
    }  # fmt: skip
