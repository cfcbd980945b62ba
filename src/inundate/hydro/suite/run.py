"""Run the suite and hold every figure against its bound."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from inundate.core.errors import InundateError
from inundate.core.progress import Progress
from inundate.hydro.state import Kernel
from inundate.hydro.suite.balance import SUPPLY_ERROR
from inundate.hydro.suite.case import Case, Finding, Measure, OrderTable, Profile
from inundate.hydro.suite.catalogue import choose
from inundate.hydro.suite.setup import Setup

__all__ = ["Row", "SuiteResult", "run_suite"]

_VOLUME = Measure("volume error, every run", "of the supply", most=SUPPLY_ERROR)
_ENDED = Measure("runs to the end", least=1)


@dataclass(frozen=True)
class Row:
    """A figure and its bound.

    Attributes
    ----------
    case, measure : str
        Names.
    value : float
        What was found; NaN if it could not be.
    unit : str
        Of value and bounds.
    least, most : float or None
        Bounds; neither for a figure for information.
    note, source : str
        Why it is so, and where the answer comes from.
    """

    case: str
    measure: str
    value: float
    unit: str
    least: float | None
    most: float | None
    note: str
    source: str

    @property
    def met(self) -> bool | None:
        """Whether the bound is met; None without one."""
        if self.least is None and self.most is None:
            return None
        over = self.most is not None and not self.value <= self.most  # NaN meets nothing
        under = self.least is not None and not self.value >= self.least
        return not (over or under)

    @property
    def bound(self) -> str:
        """The bound as text; empty without one."""
        words = [f"≥ {self.least:g}"] if self.least is not None else []
        if self.most is not None:
            words.append(f"≤ {self.most:g}" if self.most else "0")
        return ", ".join(words)

    def to_dict(self) -> dict[str, Any]:
        """Give all, with ``met`` and None for NaN."""
        value = self.value if math.isfinite(self.value) else None
        return {
            "case": self.case, "measure": self.measure, "value": value, "unit": self.unit,
            "least": self.least, "most": self.most, "met": self.met, "note": self.note,
            "source": self.source,
        }  # fmt: skip


@dataclass
class SuiteResult:
    """What a run of the suite found.

    Attributes
    ----------
    equations, precision : str
        The scheme.
    quick : bool
        Whether long parts were left out.
    rows : list of Row
        Every figure.
    tables : dict of list of OrderTable
        Convergence, by case.
    profiles : dict of list of Profile
        Plots, by case.
    seconds : dict of float
        Processor time by case, s.
    """

    equations: str
    precision: str
    quick: bool
    rows: list[Row] = field(default_factory=list)
    tables: dict[str, list[OrderTable]] = field(default_factory=dict)
    profiles: dict[str, list[Profile]] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)

    @property
    def failures(self) -> list[Row]:
        """Figures that do not meet their bound."""
        return [row for row in self.rows if row.met is False]

    @property
    def bounded(self) -> int:
        """How many figures have a bound."""
        return sum(row.met is not None for row in self.rows)

    def value(self, case: str, measure: str) -> float:
        """Give one figure."""
        return next(r.value for r in self.rows if (r.case, r.measure) == (case, measure))

    def to_dict(self) -> dict[str, Any]:
        """Give everything but the plots as JSON can hold it."""
        tables = {
            case: [
                {
                    "name": table.name, "unit": table.unit, "sizes": table.sizes,
                    "errors": table.errors, "error_unit": table.error_unit,
                    "orders": table.orders, "order": table.order,
                }
                for table in found
            ]
            for case, found in self.tables.items()
        }  # fmt: skip
        return {
            "equations": self.equations, "precision": self.precision, "quick": self.quick,
            "met": self.bounded - len(self.failures), "bounded": self.bounded,
            "rows": [row.to_dict() for row in self.rows], "convergence": tables,
            "seconds": {case: round(seconds, 2) for case, seconds in self.seconds.items()},
        }  # fmt: skip


def run_suite(
    names: Sequence[str] | None = None,
    *,
    equations: Literal["inertial", "full"] = "inertial",
    precision: Literal["float32", "float64"] = "float32",
    quick: bool = False,
    kernel: Kernel | None = None,
    progress: bool = True,
) -> SuiteResult:
    """Run cases of the suite and compare every figure with its bound.

    Parameters
    ----------
    names : sequence of str, optional
        Cases; by default all that make sense for the equations.
    equations : {"inertial", "full"}
        What the solver solves.
    precision : {"float32", "float64"}
        Working precision.
    quick : bool
        Leave out the finest cells and shortest steps.
    kernel : Kernel, optional
        In place of the one that ``equations`` names, to test the suite or another kernel.
    progress : bool
        Show how far it is.

    Returns
    -------
    SuiteResult

    Raises
    ------
    ConfigError
        If there is no such case, or it says nothing of these equations.

    Examples
    --------
    >>> result = run_suite(["lake"], precision="float64", progress=False)
    >>> result.value("lake", "depth moved") <= 1e-12
    True
    """
    cases = choose(tuple(names or ()), equations)
    if quick and not names:
        cases = [case for case in cases if case.is_quick]
    result = SuiteResult(equations, precision, quick)
    with Progress("check", total=len(cases), unit="cases", enabled=progress) as bar:
        for case in cases:
            bar.note(case.name)
            start = time.process_time()
            setup = Setup(equations, precision, quick, kernel)
            _run_case(case, setup, result)
            result.seconds[case.name] = time.process_time() - start
            bar.advance()
    return result


def _run_case(case: Case, setup: Setup, result: SuiteResult) -> None:
    try:
        found = case.run(setup)
    except InundateError as error:
        result.rows.append(_row(case, _ENDED, 0.0, setup, note=str(error)))
        return
    unknown = set(found.values) - {measure.name for measure in case.measures}
    assert not unknown, f"case {case.name} found what it does not declare: {sorted(unknown)}"
    for measure in case.measures:
        if measure.name in found.values:
            result.rows.append(_row(case, measure, found.values[measure.name], setup))
    if setup.budgets:
        worst = max((abs(b.error_relative) for b in setup.budgets), key=_nan_last)
        result.rows.append(_row(case, _VOLUME, worst, setup))
    _keep(case, found, result)


def _keep(case: Case, found: Finding, result: SuiteResult) -> None:
    result.tables[case.name] = found.tables
    result.profiles[case.name] = found.profiles


def _nan_last(value: float) -> float:
    return math.inf if math.isnan(value) else value


def _row(case: Case, measure: Measure, value: float, setup: Setup, note: str = "") -> Row:
    least, most = measure.limits(setup.equations, setup.precision)
    return Row(
        case.name, measure.name, float(value), measure.unit, least, most, note or measure.note,
        case.source,
    )  # fmt: skip
