"""The cases and their bounds as tables of the documentation."""

from __future__ import annotations

from itertools import groupby

from inundate.hydro.suite.case import Bounds, Case, Measure
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
        for _, group in groupby(case.measures, key=_kind):
            alike = list(group)
            bounds = [
                _words(alike[0], equations) if equations in case.equations else "-"
                for equations in _EQUATIONS
            ]
            if any(word not in ("", "-") for word in bounds):
                lines.append(
                    f"| `{case.name}` | {_name(case, alike)} | {alike[0].unit} | "
                    f"{' | '.join(bounds)} |"
                )
    return "\n".join(lines)


def _kind(measure: Measure) -> tuple[str, str, str, str]:
    head = measure.name.partition(", ")[0]
    return head, measure.unit, _key(measure.most), _key(measure.least)


def _key(bounds: Bounds) -> str:
    return "" if bounds is None else str(bounds)


def _name(case: Case, alike: list[Measure]) -> str:
    if len(alike) == 1:
        return alike[0].name
    head = alike[0].name.partition(", ")[0]
    return f"{head}, {'; '.join(measure.name.partition(', ')[2] for measure in alike)}"


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
