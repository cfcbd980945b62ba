"""Rows of the result file: a figure with its interval, its goal and what it stands beside."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any

__all__ = ["figure", "is_met", "shown"]

_LIMIT = re.compile(r"(>=|<=|<|>) (-?[0-9.e+-]+)$")
_RANGE = re.compile(r"(-?[0-9.e+-]+) to (-?[0-9.e+-]+)$")


def figure(
    name: str,
    group: str,
    value: float | None,
    unit: str,
    goal: str = "",
    *,
    low: float | None = None,
    high: float | None = None,
    surely: bool = False,
    baseline: tuple[str, float | None] | None = None,
    split: str = "",
    note: str = "",
    more: Mapping[str, Any] | None = None,
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
        Such as ">= 0.86" or "0.88 to 0.92"; "" where there is none: such a figure is told, and
        its ``met`` is None.
    low, high : float, optional
        Ends of its interval, or of the spread of its repeats.
    surely : bool
        The goal asks it of the whole interval.
    baseline : tuple, optional
        Name and value of what it stands beside.
    split : str
        What it was scored on.
    note : str
        Without a full stop.
    more : mapping, optional
        Further entries of the row.

    Examples
    --------
    >>> figure("skill", "Skill", 0.2, "1", "> 0", low=-0.1, high=0.4, surely=True)["met"]
    False
    """
    value, low, high = (_finite(number) for number in (value, low, high))
    judged = (low, high) if surely else (value,)
    return {
        "id": name,
        "group": group,
        "value": value,
        "low": low,
        "high": high,
        "unit": unit,
        "goal": goal,
        "met": all(is_met(one, goal) for one in (value, *judged)) if goal else None,
        "baseline": None
        if baseline is None
        else {"name": baseline[0], "value": _finite(baseline[1])},
        "split": split,
        "note": note,
        **(more or {}),
    }


def is_met(value: float | None, goal: str) -> bool:
    """Say whether a number meets a goal; what was not measured never does.

    Raises
    ------
    ValueError
        If the goal is not one, or there is none: then nothing can be met.

    Examples
    --------
    >>> is_met(-1.5, "-2 to 2"), is_met(0.93, "0.88 to 0.92"), is_met(None, "> 0")
    (True, False, False)
    """
    if value is None:
        return False
    between, limit = _RANGE.match(goal), _LIMIT.match(goal)
    if between is not None:
        return float(between.group(1)) <= value <= float(between.group(2))
    if limit is None:
        raise ValueError(f"goal {goal!r}, expected one such as '>= 0.5' or '0.88 to 0.92'")
    bound = float(limit.group(2))
    return {">=": value >= bound, "<=": value <= bound, "<": value < bound, ">": value > bound}[
        limit.group(1)
    ]


def shown(value: float | None, digits: int = 3) -> str:
    """Write a number for a cell of a table.

    Examples
    --------
    >>> shown(0.98765), shown(None), shown(-0.0001, 2)
    ('0.988', '-', '0.00')
    """
    number = _finite(value)
    if number is None:
        return "-"
    text = f"{number:.{digits}f}"
    return text.lstrip("-") if float(text) == 0 else text


def _finite(value: float | None) -> float | None:
    return None if value is None or not math.isfinite(value) else float(value)
