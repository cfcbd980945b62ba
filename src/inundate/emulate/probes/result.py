"""What a probe found, and all of them together."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

__all__ = ["ProbeReport", "ProbeResult", "at_least", "at_most", "failed", "not_applicable"]

_STATE = {True: "passed", False: "FAILED", None: "n/a"}


@dataclass(frozen=True)
class ProbeResult:
    """A figure beside its bound.

    Attributes
    ----------
    name : str
        Of the probe.
    passed : bool or None
        None where the probe does not apply to the predictor; the evidence says why.
    value, bound : float
        The worst that was found and what it is held to; NaN where there is none.
    relation : str
        How the value must stand to the bound.
    unit : str
        Of both.
    evidence : str
        Where the worst was found, in one sentence.
    """

    name: str
    passed: bool | None
    value: float
    bound: float
    relation: Literal["<=", ">="]
    unit: str
    evidence: str

    def to_dict(self) -> dict[str, Any]:
        """Give all of it for JSON; NaN as None."""
        return {
            "name": self.name,
            "passed": self.passed,
            "value": self.value if math.isfinite(self.value) else None,
            "bound": self.bound if math.isfinite(self.bound) else None,
            "relation": self.relation,
            "unit": self.unit,
            "evidence": self.evidence,
        }


def at_most(
    name: str, found: Mapping[str, float], bound: float, *, unit: str, tells: Mapping[str, str]
) -> ProbeResult:
    """Hold the largest of several values to an upper bound.

    Parameters
    ----------
    name : str
        Of the probe.
    found : mapping
        Value by case; NaN is worse than any number.
    bound : float
        Largest value that passes.
    unit : str
        Of values and bound.
    tells : mapping
        Evidence by case.
    """
    worst = max(found, key=lambda case: math.inf if math.isnan(found[case]) else found[case])
    value = found[worst]
    return ProbeResult(name, value <= bound, value, bound, "<=", unit, f"{worst}: {tells[worst]}")


def at_least(name: str, value: float, bound: float, *, unit: str, evidence: str) -> ProbeResult:
    """Hold a value to a lower bound; NaN fails."""
    return ProbeResult(name, value >= bound, value, bound, ">=", unit, evidence)


def not_applicable(name: str, reason: str) -> ProbeResult:
    """Say why a probe means nothing for a predictor."""
    return ProbeResult(name, None, math.nan, math.nan, "<=", "", reason)


def failed(name: str, reason: str) -> ProbeResult:
    """Say why a predictor gave nothing that could be measured."""
    return ProbeResult(name, False, math.nan, math.nan, "<=", "", reason)


@dataclass(frozen=True)
class ProbeReport:
    """All probes of one predictor.

    Attributes
    ----------
    predictor : str
        Its name.
    results : list of ProbeResult
        In the order of the probes.
    cases : list of str
        Terrains and storms that were asked.
    cells : tuple of int
        Rows and columns of a case.
    seconds : float
        Wall time.
    """

    predictor: str
    results: list[ProbeResult]
    cases: list[str] = field(default_factory=list)
    cells: tuple[int, int] = (0, 0)
    seconds: float = 0.0

    @property
    def failures(self) -> list[ProbeResult]:
        """Probes that failed."""
        return [result for result in self.results if result.passed is False]

    def ordered(self) -> list[ProbeResult]:
        """Give the results, failures first, those that do not apply last."""
        return sorted(self.results, key=lambda result: {False: 0, True: 1, None: 2}[result.passed])

    def to_dict(self) -> dict[str, Any]:
        """Give the figures of :meth:`text` for JSON."""
        return {
            "predictor": self.predictor,
            "passed": sum(result.passed is True for result in self.results),
            "failed": len(self.failures),
            "not_applicable": sum(result.passed is None for result in self.results),
            "probes": [result.to_dict() for result in self.ordered()],
            "cases": self.cases,
            "cells": list(self.cells),
            "seconds": round(self.seconds, 1),
        }

    def text(self) -> str:
        """Lay the results out: a table, failures first, then the evidence of each."""
        head = ("", "probe", "found", "bound", "unit")
        cells = [head, *map(_cells, self.ordered())]
        widths = [max(len(row[column]) for row in cells) for column in range(len(head))]
        lines = [
            "  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip()
            for row in cells
        ]
        lines += ["", *(f"{result.name}: {result.evidence}" for result in self.ordered()), ""]
        rows, columns = self.cells
        figures = self.to_dict()
        rest = figures["not_applicable"]
        missing = f", {rest} not applicable" if rest else ""
        lines.append(
            f"{self.predictor}: {figures['passed']} of {figures['passed'] + figures['failed']} "
            f"probes passed{missing}; {len(self.cases)} cases of {rows} x {columns} cells, "
            f"{self.seconds:.0f} s"
        )
        return "\n".join(lines)


def _cells(result: ProbeResult) -> tuple[str, str, str, str, str]:
    state = _STATE[result.passed]
    if math.isnan(result.bound):
        return state, result.name, "", "", ""
    sign = {"<=": "≤", ">=": "≥"}[result.relation]
    return state, result.name, f"{result.value:.3g}", f"{sign} {result.bound:g}", result.unit
