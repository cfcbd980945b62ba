"""The cases and their bounds as tables of the documentation."""

from __future__ import annotations

from collections.abc import Iterable

from inundate.hydro.suite.case import Measure
from inundate.hydro.suite.catalogue import CASES

__all__ = ["bounds_table", "cases_table"]

_EQUATIONS = ("inertial", "full")


def cases_table() -> str:
    """Give a Markdown table of the cases, what they show, and where their answer comes from."""
    rows = [f"| `{case.name}` | {case.shows} | {case.source} |" for case in CASES.values()]
    return "\n".join(["| case | shows | source |", "|---|---|---|", *rows])


def bounds_table() -> str:
    """Give a Markdown table of every bound, by equations; those of one kind share a line."""
    lines = ["| case | measure | unit | inertial | full |", "|---|---|---|---|---|"]
    for case in CASES.values():
        for alike in _groups(case.measures):
            bounds = [
                _words(alike[0], equations) if equations in case.equations else "-"
                for equations in _EQUATIONS
            ]
            if any(word not in ("", "-") for word in bounds):
                lines.append(
                    f"| `{case.name}` | {_names(alike)} | {alike[0].unit} | {' | '.join(bounds)} |"
                )
    return "\n".join(lines)


def _groups(measures: Iterable[Measure]) -> list[list[Measure]]:
    """Put measures of one unit with the same bounds together, in the order of the first."""
    groups: dict[tuple[str, str, str], list[Measure]] = {}
    for measure in measures:
        kind = measure.unit, str(measure.most), str(measure.least)
        groups.setdefault(kind, []).append(measure)
    return list(groups.values())


def _names(alike: Iterable[Measure]) -> str:
    """Name measures, a common beginning once."""
    tails: dict[str, list[str]] = {}
    for measure in alike:
        head, _, tail = measure.name.partition(", ")
        tails.setdefault(head, []).append(tail)
    return "; ".join(
        f"{head}, {' / '.join(ends)}" if any(ends) else head for head, ends in tails.items()
    )


def _words(measure: Measure, equations: str) -> str:
    double, single = (
        _bound(*measure.limits(equations, precision)) for precision in ("float64", "float32")
    )
    return double if double == single else f"{double} (float32 {single})"


def _bound(least: float | None, most: float | None) -> str:
    words = [] if least is None else [f"≥ {least:g}"]
    if most is not None:
        words.append(f"≤ {most:g}" if most else "0")
    return ", ".join(words)
