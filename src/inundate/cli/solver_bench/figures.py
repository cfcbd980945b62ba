"""Rows of the result file."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import Any

__all__ = ["Made", "figure", "spread"]

_GOAL = re.compile(r"(>=|<=|<|>) ([0-9.e+-]+)$")


@dataclass(frozen=True)
class Made:
    """What one maker of figures gives.

    Attributes
    ----------
    figures : list of dict
        Rows, see :func:`figure`.
    tables : list of dict
        ``title``, ``note``, ``columns``, ``rows``.
    """

    figures: list[dict[str, Any]] = field(default_factory=list)
    tables: list[dict[str, Any]] = field(default_factory=list)


def figure(
    name: str,
    group: str,
    value: float | None,
    unit: str,
    goal: str,
    *,
    low: float | None = None,
    high: float | None = None,
    baseline: tuple[str, float] | None = None,
    note: str = "",
) -> dict[str, Any]:
    """Give a row of the result file.

    Parameters
    ----------
    name : str
        Its id.
    group : str
        Heading that it stands under.
    value : float, optional
        None where nothing was measured; ``note`` then says why.
    unit : str
        "1" for a plain number, "ratio" for a quotient.
    goal : str
        Such as ">= 400"; "" where there is none: such a figure is told, and its ``met`` is None.
    low, high : float, optional
        Smallest and largest of the repeats.
    baseline : tuple, optional
        Name and value of what it is compared with.

    Examples
    --------
    >>> figure("threads-2", "Speed", 1.7, "ratio", ">= 1.8")["met"]
    False
    """
    if value is not None and not math.isfinite(value):
        value = None
    return {
        "id": name,
        "group": group,
        "value": value,
        "low": low,
        "high": high,
        "unit": unit,
        "goal": goal,
        "met": _is_met(value, goal) if goal else None,
        "baseline": None if baseline is None else {"name": baseline[0], "value": baseline[1]},
        "note": note,
    }


def _is_met(value: float | None, goal: str) -> bool:
    if value is None:
        return False
    found = _GOAL.match(goal)
    if found is None:
        raise ValueError(f"goal {goal!r}, expected a sign and a number such as '>= 400'")
    limit = float(found.group(2))
    return {
        ">=": value >= limit,
        "<=": value <= limit,
        "<": value < limit,
        ">": value > limit,
    }[found.group(1)]


def spread(values: Sequence[float]) -> dict[str, Any]:
    """Give median, smallest and largest as ``value``, ``low``, ``high``."""
    return {"value": median(values), "low": min(values), "high": max(values)}
