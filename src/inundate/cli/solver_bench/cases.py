"""Known answers: the suite of exact solutions, random cases, Merewether, Boscastle."""

from __future__ import annotations

from itertools import product
from typing import Any, Literal

import numpy as np

from inundate.cli.solver_bench.figures import Made, figure
from inundate.cli.solver_bench.pieces import Context, solver_fingerprint
from inundate.hydro.settings import SimulateSettings

__all__ = ["boscastle", "merewether", "random_cases", "suite"]

_SUITE, _FUZZ, _REAL = "Exact solutions", "Random cases", "Real cases"
_SCHEMES: tuple[tuple[Literal["inertial", "full"], Literal["float32", "float64"]], ...] = (
    ("inertial", "float32"), ("inertial", "float64"), ("full", "float32"), ("full", "float64"),
)  # fmt: skip
_FUZZ_SEED = 3
_FUZZ_COUNTS = {"inertial": 10_000, "full": 50}  # a case of the full equations takes a second
_NO_DATA = "the small version reads no real data"


def suite(context: Context) -> Made:
    """Run the suite of :mod:`inundate.hydro.suite`, both equations in both precisions."""
    rows, cells = [], []
    for equations, precision in _SCHEMES if not context.quick else _SCHEMES[:1]:

        def make(_: Any, equations: Any = equations, precision: Any = precision) -> dict[str, Any]:
            from inundate.hydro.suite.run import run_suite

            found = run_suite(
                ("lake", "film") if context.quick else None,
                equations=equations, precision=precision, quick=context.quick,
            )  # fmt: skip
            return found.to_dict()

        depends = {
            "equations": equations, "precision": precision,
            "solver": solver_fingerprint(("inundate.hydro.suite.run",)),
        }  # fmt: skip
        found = context.piece(f"suite-{equations}-{precision}", depends, make).found
        failed = [row for row in found["rows"] if row["met"] is False]
        told = "; ".join(f"{row['case']}, {row['measure']}: {_number(row)}" for row in failed)
        note = f"{found['bounded']} figures with a bound, of {len(found['seconds'])} cases"
        rows.append(
            figure(
                f"suite-{equations}-{precision}", _SUITE, float(len(failed)), "bounds not met",
                "<= 0", note=f"{note}; not met: {told}" if failed else note,
            )
        )  # fmt: skip
        cells += [
            [row["case"], row["measure"], f"{equations} {precision}", _number(row),
             _bound(row), "" if row["met"] is None else "yes" if row["met"] else "NO"]
            for row in found["rows"]
            if row["measure"] not in ("volume error, every run", "runs to the end")
        ]  # fmt: skip
    table = {
        "title": "Exact solutions and laws that must hold",
        "note": "By `inundate check`; rows without a bound are for information.",
        "columns": ["case", "measure", "scheme", "found", "bound", "met"],
        "rows": cells,
    }
    return Made(rows, [table])


def _number(row: dict[str, Any]) -> str:
    value = "undefined" if row["value"] is None else f"{row['value']:.3g}"
    return f"{value} {row['unit']}".strip()


def _bound(row: dict[str, Any]) -> str:
    words = [f">= {row['least']:g}"] if row["least"] is not None else []
    words += [f"<= {row['most']:g}"] if row["most"] is not None else []
    return ", ".join(words)


def random_cases(context: Context) -> Made:
    """Simulate random small terrains with every kind of edge, source and loss."""
    rows = []
    for equations, precision in product(("inertial", "full"), ("float32", "float64")):
        count = 20 if context.quick else _FUZZ_COUNTS[equations]

        def make(
            _: Any, equations: Any = equations, precision: Any = precision, count: int = count
        ) -> dict[str, Any]:
            from inundate.hydro.fuzz import fuzz

            found = fuzz(count, _FUZZ_SEED, equations=equations, precision=precision, threads=2)
            return {
                "failures": found.failures, "stopped": len(found.stopped), "steps": found.steps,
                "worst_error": found.worst_error, "least_depth_m": found.least_depth_m,
            }  # fmt: skip

        depends = {
            "equations": equations, "precision": precision, "count": count, "seed": _FUZZ_SEED,
            "solver": solver_fingerprint(("inundate.hydro.fuzz",)),
        }  # fmt: skip
        found = context.piece(f"fuzz-{equations}-{precision}", depends, make).found
        note = (
            f"{count:,} cases, {found['steps']:,} steps: depth never negative (at least "
            f"{found['least_depth_m']:g} m) or unknown, budget closed ({found['worst_error']:.1e} "
            "at worst), a second run equal bit by bit; "
            f"{found['stopped']} ended with a clear StabilityError"
        )
        rows.append(
            figure(
                f"fuzz-{equations}-{precision}", _FUZZ, float(len(found["failures"])),
                "failures", "<= 0", note=note,
            )
        )  # fmt: skip
    return Made(rows)


def merewether(context: Context) -> Made:
    """Merewether 2007: levels at five points against those observed, both equations."""
    from inundate.hydro.cases.merewether import (
        PUBLISHED_RMSE_M,
        merewether_case,
        run_merewether,
    )

    low, high = min(PUBLISHED_RMSE_M.values()), max(PUBLISHED_RMSE_M.values())
    goal, told = f"<= {high:g}", f"published, TUFLOW at 0.5, 1 and 2 m: {low:g} to {high:g} m"
    names = [f"merewether-{equations}" for equations in ("inertial", "full")]
    if context.quick:
        return Made([figure(n, _REAL, None, "m", goal, note=_NO_DATA) for n in names])
    case = merewether_case(context.data / "floods" / "merewether-2007")
    levels = {}
    rows = []
    for name, equations in zip(names, ("inertial", "full"), strict=True):

        def make(_: Any, equations: Any = equations) -> dict[str, Any]:
            march = run_merewether(case, SimulateSettings(equations=equations))
            return {
                "levels": case.levels(np.asarray(march.state.depth)).tolist(),
                "mass_error": march.budget.error_relative,
                "steps": march.steps,
            }

        depends = {
            "equations": equations,
            "solver": solver_fingerprint(("inundate.hydro.cases.merewether",)),
        }
        found = context.piece(name, depends, make).found
        levels[equations] = np.array(found["levels"])
        rmse = float(np.sqrt(np.mean((levels[equations] - case.observed_m) ** 2)))
        note = f"RMSE at five observed levels; {told}; mass error {found['mass_error']:.1e}"
        rows.append(
            figure(
                name, _REAL, rmse, "m", goal, note=note,
                baseline=("TUFLOW levels stored with the case", _rmse(case.tuflow_m, case)),
            )
        )  # fmt: skip
    columns = {"observed": case.observed_m, "TUFLOW": case.tuflow_m, **levels}
    table = {
        "title": "Merewether 2007: peak levels, m",
        "note": "Inflow 19.7 m3/s for 1,000 s from dry ground, cells of 1 m, houses raised by 3 m.",
        "columns": ["point", *columns],
        "rows": [
            [gauge.name, *(f"{values[at]:.2f}" for values in columns.values())]
            for at, gauge in enumerate(case.gauges)
        ],
    }
    return Made(rows, [table])


def _rmse(values: Any, case: Any) -> float:
    return float(np.sqrt(np.mean((values - case.observed_m) ** 2)))


def boscastle(context: Context) -> Made:
    """Boscastle beside HAIL-CAESAR's stored answer, and what makes the difference."""
    name, unit = "boscastle-volume-explained", "1"
    goal = "<= 0.05"
    if context.quick:
        return Made([figure(name, _REAL, None, unit, goal, note=_NO_DATA)])

    def make(_: Any) -> dict[str, Any]:
        from inundate.hydro.cases.boscastle import compare_boscastle

        return compare_boscastle(context.data / "floods" / "boscastle", progress=False)

    depends = {"solver": solver_fingerprint(("inundate.hydro.cases.boscastle",))}
    found = context.piece("boscastle", depends, make).found
    stored = found["stored"]["stored_m3"]
    runs = {row["name"]: row for row in found["rows"]}
    left = {key: runs[key]["stored_m3"] / stored - 1 for key in ("rain on the grid", "runoff")}
    note = (
        "water on the ground at minute 3360, ours over HAIL-CAESAR's less one, once both are given "
        f"the same runoff; with rain on the grid it is {left['rain on the grid']:+.2f}: its runoff "
        "model holds rain back. Its stored depths are no truth: see the table"
    )
    row = figure(name, _REAL, abs(left["runoff"]), unit, goal, note=note)
    table = {
        "title": f"{found['case']} against HAIL-CAESAR's stored depths",
        "note": "Each row changes one thing in our run.",
        "columns": [
            "run", "changed", "CSI 0.05 m", "CSI 0.1 m", "RMSE, m", "stored, m3", "meaning",
        ],
        "rows": [
            [r["name"], r["changed"], f"{r['csi_0_05']:.3f}", f"{r['csi_0_1']:.3f}",
             f"{r['rmse_m']:.3f}", f"{r['stored_m3']:,.0f}", r["says"]]
            for r in found["rows"]
        ],
    }  # fmt: skip
    return Made([row], [table])
