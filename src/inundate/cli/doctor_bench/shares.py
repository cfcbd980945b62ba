"""How many of the faults were named: of all, by part of the list, and by kind of model."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Protocol

from inundate.cli.doctor_bench.table import PARTS
from inundate.cli.locate_bench.measure import wilson
from inundate.cli.solver_bench.figures import figure

__all__ = ["part_of", "share_figure", "shares"]


class _Told(Protocol):
    @property
    def name(self) -> str: ...

    @property
    def kind(self) -> str: ...

    @property
    def right(self) -> bool: ...


def part_of(name: str) -> str:
    """Give the part of the list that holds a fault, "" for one of no part."""
    return next((part for part, names in PARTS.items() if name in names), "")


def share_figure(
    name: str,
    group: str,
    found: Sequence[_Told],
    goal: str = "",
    note: str = "",
    baseline: tuple[str, float] | None = None,
) -> dict[str, Any]:
    """Give the share of faults that were named, with its 95 % interval (Wilson).

    Parameters
    ----------
    name, group, goal : str
        As for a row of the result file.
    found : sequence
        What was said of each fault; may be empty.
    note : str
        What to say behind the counts, or in their place where there are none.
    baseline : (str, float), optional
        Who else answers, and its share.
    """
    if not found:
        return figure(name, group, None, "1", goal, note=note)
    right = sum(one.right for one in found)
    low, high = wilson(right, len(found))
    counts = f"{right} of {len(found)}{note}"
    return figure(
        name, group, right / len(found), "1", goal,
        low=low, high=high, baseline=baseline, note=counts,
    )  # fmt: skip


def shares(name: str, group: str, found: Sequence[_Told]) -> list[dict[str, Any]]:
    """Give the shares by kind of model, by part, and by kind of model within each part."""
    rows = [share_figure(f"{name}-named-{kind}", group, own) for kind, own in _kinds(found)]
    for part in PARTS:
        held = [one for one in found if part_of(one.name) == part]
        if not held:
            continue
        rows.append(share_figure(f"{name}-named-{part}", group, held))
        rows += [
            share_figure(f"{name}-named-{part}-{kind}", group, own) for kind, own in _kinds(held)
        ]
    return rows


def _kinds(found: Sequence[_Told]) -> Iterator[tuple[str, list[_Told]]]:
    for kind in dict.fromkeys(one.kind for one in found):
        yield kind, [one for one in found if one.kind == kind]
