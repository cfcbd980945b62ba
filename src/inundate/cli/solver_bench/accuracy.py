"""Our solver against itself: a quarter of the step in float64, and the mass of every run."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from inundate.cli.solver_bench.figures import Made, figure
from inundate.cli.solver_bench.pieces import Context, Piece
from inundate.core.errors import RunError
from inundate.hydro.problems import PROBLEMS, Problem, make_problem
from inundate.hydro.settings import SimulateSettings

__all__ = ["FLOODED_M", "VARIANTS", "csi", "mass", "our_runs", "quarter_step", "rmse_wet"]

GROUP = "Accuracy"
FLOODED_M = 0.1
_QUARTER = 4
_DEFAULTS = SimulateSettings()
_PRECISIONS = ("float32", "float64")
# the slowest of our runs is made on the smallest problem only
_ONCE, _ONCE_ON = ("full-float64",), "town"


def _quarter(told: Problem) -> dict[str, Any]:
    return {
        "precision": "float64",
        "courant": _DEFAULTS.courant / _QUARTER,
        "max_step_s": told.max_step_s / _QUARTER,
    }


VARIANTS: dict[str, Callable[[Problem], dict[str, Any]]] = {
    "inertial-float32": lambda told: {},
    "inertial-float64": lambda told: {"precision": "float64"},
    "quarter-float64": _quarter,
    "full-float32": lambda told: {"equations": "full"},
    "full-float64": lambda told: {"equations": "full", "precision": "float64"},
}
"""Settings of each of our runs, by name."""


def our_runs(context: Context, problem: str) -> Piece:
    """Give our runs of a problem: both equations, both precisions, and the quarter step."""
    told = make_problem(problem, small=context.quick)
    tasks = [
        {
            "name": name,
            "kind": "run",
            "problem": problem,
            "small": context.quick,
            "settings": changes(told),
        }
        for name, changes in VARIANTS.items()
        if name not in _ONCE or problem == _ONCE_ON
    ]
    piece = context.tasks(f"ours-{problem}", tasks)
    for name, run in piece.found.items():
        if run["failure"] and not name.startswith("full"):
            raise RunError(f"benchmark solver: {problem}, {name}: {run['failure']}")
    return piece


def quarter_step(context: Context, problem: str) -> Made:
    """Agreement of float32 at the default step with float64 at a quarter of it."""
    piece = our_runs(context, problem)
    runs = [piece.found[name] for name in ("inertial-float32", "quarter-float64")]
    mine, reference = (piece.array(name) for name in ("inertial-float32", "quarter-float64"))
    steps = [run["steps"] for run in runs]
    note = (
        f"largest depth at the default settings in float32 ({steps[0]:,} steps) against float64 "
        f"with a quarter of the step ({steps[1]:,} steps); RMSE over cells wet in either "
        f"{rmse_wet(mine, reference) * 1000:.2f} mm"
    )
    value = csi(mine, reference)
    row = figure(f"csi-quarter-step-{problem}", GROUP, value, "1", ">= 0.998", note=note)
    return Made([row])


def mass(context: Context) -> Made:
    """Largest mass error of all our runs, by precision."""
    pieces = {problem: our_runs(context, problem) for problem in PROBLEMS}
    rows = []
    for precision, goal in zip(_PRECISIONS, ("<= 5e-6", "<= 1e-12"), strict=True):
        errors = {
            f"{problem} {name.removesuffix('-' + precision)}": abs(run["mass_error"])
            for problem, piece in pieces.items()
            for name, run in piece.found.items()
            if name.endswith(precision) and not run["failure"]
        }
        lowest = min(
            run["lowest_m"]
            for piece in pieces.values()
            for run in piece.found.values()
            if not run["failure"]
        )
        told = ", ".join(f"{name} {error:.1e}" for name, error in errors.items())
        note = (
            "water on the ground at the end, summed from the depths, against the rain that was "
            f"asked for; largest of: {told}; least depth of any run {lowest:g} m"
        )
        rows.append(figure(f"mass-{precision}", GROUP, max(errors.values()), "1", goal, note=note))
    return Made(rows)


def csi(predicted: NDArray[Any], observed: NDArray[Any]) -> float:
    """Give the critical success index of the flooded area, cells known to both.

    Parameters
    ----------
    predicted, observed : array (H, W), m
        Depths; flooded from ``FLOODED_M``.
    """
    known = np.isfinite(predicted) & np.isfinite(observed)
    first, second = predicted[known] >= FLOODED_M, observed[known] >= FLOODED_M
    either = np.count_nonzero(first | second)
    return float(np.count_nonzero(first & second) / either) if either else float("nan")


def rmse_wet(predicted: NDArray[Any], observed: NDArray[Any]) -> float:
    """Give the root mean square difference over cells that are flooded in either, m."""
    known = np.isfinite(predicted) & np.isfinite(observed)
    first, second = predicted[known].astype(np.float64), observed[known].astype(np.float64)
    wet = np.maximum(first, second) >= FLOODED_M
    if not wet.any():
        return float("nan")
    return float(np.sqrt(np.mean((first[wet] - second[wet]) ** 2)))
