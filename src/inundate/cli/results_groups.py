"""The part of the page of results for a benchmark whose figures stand in groups."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

__all__ = ["groups_section", "significant"]

_SPREAD = (
    "A value is the median of its repeats, with the smallest and the largest in brackets; without "
    "brackets it was measured once or is exact.\n"
)


def groups_section(found: dict[str, Any]) -> list[str]:
    """Give the paragraphs below the heading of a benchmark.

    Parameters
    ----------
    found : dict
        The result file: ``figures`` with ``group``; perhaps ``tables`` and ``packages``, and
        ``reading``, which says how a value is to be read.
    """
    figures = found["figures"]
    reading = f"{found['reading']}\n" if "reading" in found else _SPREAD
    splits = dict.fromkeys(str(row["split"]) for row in figures if row.get("split"))
    parts = [
        _packages(found.get("packages", {})),
        reading,
        *(f"Split: {split}.\n" for split in splits),
        _unmet(figures),
    ]
    for group in dict.fromkeys(row["group"] for row in figures):
        rows = [row for row in figures if row["group"] == group]
        parts.append(f"### {group}\n")
        parts.append(_table(_HEAD, [_row(row) for row in rows]))
        parts.append(_notes(rows))
    for table in found.get("tables", ()):
        parts.append(f"### {table['title']}\n")
        parts.append(f"{table['note']}\n")
        parts.append(_table(table["columns"], table["rows"]))
    return [part for part in parts if part]


_HEAD = ("figure", "value", "unit", "goal", "met", "against")


def _row(row: dict[str, Any]) -> tuple[str, ...]:
    return (
        f"`{row['id']}`",
        _value(row),
        "" if row["unit"] == "1" else row["unit"],
        row["goal"],
        _met(row),
        _against(row),
    )


def _met(row: dict[str, Any]) -> str:
    """Say whether a goal is met; a figure that is only told has none."""
    if not row["goal"]:
        return ""
    return "yes" if row["met"] else "**no**"


def _against(row: dict[str, Any]) -> str:
    """Name what a figure stands beside, with its value where a model was scored."""
    rival = row.get("baseline")
    if not rival:
        return ""
    if "split" not in row or rival["value"] is None:
        return str(rival["name"])
    return f"`{rival['name']}` {significant(rival['value'])}"


def _value(row: dict[str, Any]) -> str:
    if row["value"] is None:
        return "not measured"
    text = significant(row["value"])
    low, high = row.get("low"), row.get("high")
    if low is None or high is None or low == high:
        return text
    return f"{text} [{significant(low)}, {significant(high)}]"


def significant(value: float | None) -> str:
    """Write a number with four significant digits.

    Examples
    --------
    >>> significant(23705.2), significant(0.99876), significant(1.5e-07), significant(None)
    ('23,705', '0.9988', '1.5e-07', 'not measured')
    """
    if value is None:
        return "not measured"
    return f"{value:,.0f}" if 1000 <= abs(value) < 1e9 else f"{value:.4g}"


def _unmet(figures: list[dict[str, Any]]) -> str:
    asked = [row for row in figures if row["goal"]]
    missed = [row for row in asked if not row["met"]]
    if not missed:
        return f"All {len(asked)} goals are met.\n"
    lines = [f"**{len(missed)} of {len(asked)} goals are NOT met:**\n"]
    for row in missed:
        why = f": {row['note']}" if row["value"] is None and row["note"] else ""
        lines.append(f"- `{row['id']}`: {_value(row)}, goal: {row['goal']}{why}")
    return "\n".join(lines) + "\n"


def _notes(rows: list[dict[str, Any]]) -> str:
    lines = [f"- `{row['id']}`: {row['note']}." for row in rows if row["note"]]
    return "\n".join(lines) + "\n" if lines else ""


def _packages(packages: dict[str, str]) -> str:
    if not packages:
        return ""
    return "With " + ", ".join(f"{name} {version}" for name, version in packages.items()) + ".\n"


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---" for _ in head], *rows]
    return "".join("| " + " | ".join(line) + " |\n" for line in lines)
