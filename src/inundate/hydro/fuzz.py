"""Random small floods that must hold whatever they are: no negative depth, no lost water.

A case is made from a seed and its number alone, so that any of a large run can be run again.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import numpy as np

from inundate.core.errors import StabilityError
from inundate.core.seeds import make_rng
from inundate.hydro.fuzz_case import FuzzCase, make_case
from inundate.hydro.march import Frame, March
from inundate.hydro.state import Array

__all__ = ["CLOSURE", "FuzzReport", "fuzz", "run_case"]

CLOSURE = {"float32": 5e-6, "float64": 1e-12}
"""Largest error of the volume budget as a share of the supply, by precision."""


@dataclass
class FuzzReport:
    """What a run of random cases found.

    Attributes
    ----------
    cases, steps : int
        Cases run, and time steps of all of them.
    failures : list of str
        Broken promises: number of the case and what was wrong.
    stopped : list of str
        Cases that ended in a StabilityError, with its message.
    worst_error : float
        Largest error of the budget over the supply.
    worst_case : int
        Its number.
    least_depth_m, largest_depth_m : float
        Over all frames.
    """

    cases: int = 0
    steps: int = 0
    failures: list[str] = field(default_factory=list)
    stopped: list[str] = field(default_factory=list)
    worst_error: float = 0.0
    worst_case: int = -1
    least_depth_m: float = float("inf")
    largest_depth_m: float = 0.0


@dataclass(frozen=True)
class _Outcome:
    frames: list[Frame]
    march: March


def fuzz(
    count: int,
    seed: int,
    *,
    equations: Literal["inertial", "full"] = "inertial",
    precision: Literal["float32", "float64"] = "float64",
    backend: Literal["numba", "torch", "triton"] = "numba",
    threads: int = 1,
    first: int = 0,
) -> FuzzReport:
    """Simulate random cases and check what must always hold.

    Depth is never negative and never unknown on ground, the largest depth is not below any frame,
    the volume budget closes, and a second run, with ``threads`` threads, is the same bit by bit.

    Parameters
    ----------
    count : int
        How many cases.
    seed : int
        The same seed and number give the same case.
    equations, precision, backend
        As in the settings.
    threads : int
        Threads of the second run.
    first : int
        Number of the first case.

    Returns
    -------
    FuzzReport
    """
    report = FuzzReport()
    for number in range(first, first + count):
        rng = make_rng(seed, "fuzz", number)
        case = make_case(rng, equations, precision, backend)
        run_case(case, report, number, threads)
    return report


def run_case(case: FuzzCase, report: FuzzReport, number: int = 0, threads: int = 1) -> None:
    """Run one case twice and write what was found into a report."""
    report.cases += 1
    try:
        outcome = _simulate(case, 1)
        again = _simulate(case, threads)
    except StabilityError as error:
        report.stopped.append(f"case {number}: {error}")
        return
    report.steps += outcome.march.steps
    relative = abs(outcome.march.budget.error_relative)
    if not relative <= report.worst_error:
        report.worst_error, report.worst_case = relative, number
    on_ground = outcome.march.ground.valid
    for frame in outcome.frames:
        depth = frame.depth[on_ground]
        report.least_depth_m = min(report.least_depth_m, float(depth.min()))
        report.largest_depth_m = max(report.largest_depth_m, float(depth.max()))
    faults = [*_faults(case, outcome), *_differences(outcome, again)]
    report.failures += [f"case {number}: {fault}" for fault in faults]


def _simulate(case: FuzzCase, threads: int) -> _Outcome:
    march = March(
        case.elevation, case.cell_size_m, case.settings, case.roughness, case.initial_depth,
        case.walls, site=case.site,
    )  # fmt: skip
    march.scheme = replace(march.scheme, threads=threads)
    frames = list(march.frames((case.rain_step_s, rate) for rate in case.rain))
    return _Outcome(frames, march)


def _faults(case: FuzzCase, outcome: _Outcome) -> Iterator[str]:
    march, valid = outcome.march, outcome.march.ground.valid
    for frame in outcome.frames:
        depth = frame.depth
        if np.isnan(depth[valid]).any():
            yield f"depth unknown on ground at {frame.end_s:g} s"
        elif depth[valid].min() < 0:
            yield f"depth {depth[valid].min():g} m at {frame.end_s:g} s"
        if not np.isnan(depth[~valid]).all():
            yield f"depth known without ground at {frame.end_s:g} s"
        if (march.state.deepest[valid] < depth[valid]).any():
            yield f"largest depth below that at {frame.end_s:g} s"
    if march.state.depth[~valid].any():
        yield "water without ground"
    for name, values in march.state.arrays().items():
        if not np.isfinite(values).all():
            yield f"{name} is not finite"
    budget = march.budget.to_dict()
    limit = CLOSURE[case.settings.precision]
    if not abs(budget["error_relative"]) <= limit:
        yield f"budget is {budget['error_relative']:.2g} of the supply off, limit {limit:g}"
    if not march.budget.supply_m3 and budget["error_m3"]:
        yield f"water from nothing: {budget['error_m3']:g} m3"
    negative = [name for name, value in budget.items() if "error" not in name and value < 0]
    if negative:
        yield f"negative {', '.join(negative)}"
    carry, depth = np.abs(march.state.carry), march.state.deepest
    most = 16 * np.finfo(carry.dtype).eps * float(depth.max())
    if carry.max() > most:
        yield f"carries {carry.max():g} m that rounding does not explain, expected up to {most:g}"


def _differences(one: _Outcome, two: _Outcome) -> Iterator[str]:
    pairs: dict[str, tuple[Array, Any]] = {
        name: (values, two.march.state.arrays()[name])
        for name, values in one.march.state.arrays().items()
    }
    different = [name for name, (a, b) in pairs.items() if not np.array_equal(a, b)]
    if different:
        yield f"a second run differs in {', '.join(different)}"
    if one.march.steps != two.march.steps:
        yield f"a second run took {two.march.steps} steps, not {one.march.steps}"
