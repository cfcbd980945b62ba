"""A flood checked against posts, as a report tells it: what failed first, then the figures."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from inundate.core.errors import DataError
from inundate.show.report_parts import section
from inundate.show.template import Html, definition_list, flat_names, render, table
from inundate.show.words import fixed

__all__ = ["check_problems", "check_section", "check_words"]

_LEVEL = 0.05  # a p-value from here on is no more than chance
_NEEDED = ("hits", "misses", "false_alarms", "correct_negatives", "agreement", "p_value")


def check_problems(check: Mapping[str, Any] | None) -> list[str]:
    """Say what a check found wrong, or that there was none.

    Parameters
    ----------
    check : mapping, optional
        What ``inundate fuse check --json`` prints.

    Raises
    ------
    DataError
        If a figure is missing.
    """
    if check is None:
        return ["The flood was not checked against the posts."]
    missing = [name for name in _NEEDED if name not in check]
    if missing:
        raise DataError(
            f"writing the report of an event: the check lacks {', '.join(missing)}",
            hint="give what inundate fuse check --json prints",
        )
    found = []
    if check["p_value"] >= _LEVEL:
        found.append(f"The posts fit the flood no better than chance: {_against_chance(check)}.")
    if check["misses"]:
        told = check["hits"] + check["misses"]
        found.append(
            f"{check['misses']:,} of {told:,} reports of water lie where the flood has none."
        )
    if check["false_alarms"]:
        told = check["correct_negatives"] + check["false_alarms"]
        found.append(
            f"{check['false_alarms']:,} of {told:,} reports of no water lie where the flood has it."
        )
    return found


def check_words(check: Mapping[str, Any] | None) -> list[str]:
    """Say in a line that the posts fit better than chance, where a check found so."""
    if check is None or check["p_value"] >= _LEVEL:
        return []
    return [f"The posts fit the flood better than chance: {_against_chance(check)}."]


def check_section(check: Mapping[str, Any] | None) -> Html:
    """Write the figures of a check; nothing where there was none."""
    if check is None:
        return Html("")
    rows = [
        ["Reports of water", f"{check['hits']:,}", f"{check['misses']:,}"],
        ["Reports of no water", f"{check['false_alarms']:,}", f"{check['correct_negatives']:,}"],
    ]
    rest = {name: value for name, value in check.items() if name not in _NEEDED[:4]}
    figures = render(
        "{{table}}{{rest}}",
        table=table(["", "Flood has water", "Flood has none"], rows),
        rest=definition_list(flat_names(rest)),
    )
    return section("The flood checked against the posts", figures)


def _against_chance(check: Mapping[str, Any]) -> str:
    chance = check.get("agreement_by_chance", {})
    by_chance = f", by chance {fixed(chance.get('median'))}" if chance else ""
    return f"agreement {fixed(check['agreement'])}{by_chance}, p = {fixed(check['p_value'])}"
