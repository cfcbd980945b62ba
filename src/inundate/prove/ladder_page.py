"""The table of a ladder for the documentation, from the record that ``--json`` gives."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

__all__ = ["ladder_markdown"]

_HEAD = (
    "| task | score | found | 95 % interval | line | trivial answer | weights | processor s |\n"
    "|---|---|---|---|---|---|---|---|"
)


def ladder_markdown(record: Mapping[str, Any]) -> str:
    """Write the record of a ladder as a table, with what was run above it.

    Parameters
    ----------
    record : mapping
        What :meth:`~inundate.prove.ladder.Ladder.record` gives.

    Returns
    -------
    str
        Markdown. A task that did not end as expected says so in its row.
    """
    tasks = record["tasks"]
    met = sum(task["passed"] for task in tasks)
    lines = [
        f"Digits: {record['digits']}. Seed {record['seed']}. {met} of {len(tasks)} as expected, in "
        f"{record['cpu_seconds']:.0f} s of processor time.",
        "",
        _HEAD,
    ]
    for task in tasks:
        lines += _rows(task)
    return "\n".join(lines)


def _rows(task: Mapping[str, Any]) -> list[str]:
    name = f"`{task['name']}`"
    if not task["passed"]:
        name += " **not as expected**"
    elif task["control"]:
        name += ", fails as it must"
    rest = f"{task['parameters']:,} | {task['cpu_seconds']:.0f}"
    if task["stopped"]:
        return [f"| {name} | stopped: {task['stopped']} |  |  |  |  | {rest} |"]
    rows = []
    for number, line in enumerate(task["lines"]):
        wanted = "no skill" if line["least"] is None else f">= {line['least']:g}"
        found = f"{_number(line['low'])} to {_number(line['high'])}"
        rows.append(
            f"| {name if number == 0 else ''} | {line['score']} | {_number(line['value'])} "
            f"| {found} | {wanted} | {_number(line['baseline'])} "
            f"| {rest if number == 0 else ' | '} |"
        )
    return rows


def _number(value: float | None) -> str:
    if value is None:
        return "none"
    digits = 1 if abs(value) >= 10 else 3
    return f"{round(value, digits) + 0.0:.{digits}f}"  # never -0.000
