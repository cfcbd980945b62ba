"""What the benchmark measures of our own solver, in a process of its own.

    python -m inundate.cli.solver_bench.worker TASKS.json RESULTS.json

Only the march of the water is timed. Compilation is done before on a small field, except where
it is what is measured.
"""

from __future__ import annotations

import json
import resource
import shutil
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from inundate.core.errors import InundateError
from inundate.core.files import write_text
from inundate.core.seeds import make_rng
from inundate.hydro.march import March, RainStep
from inundate.hydro.problems import Problem, make_problem
from inundate.hydro.settings import SimulateSettings

__all__ = ["KINDS", "main"]

_MIB = 1024  # ru_maxrss is in KiB
_SHEET_DEPTH_M = 1.0
_SHEET_STEP_S = 1.9  # about what courant 0.6 gives for that depth on cells of 10 m


def main(plan: Path, results: Path) -> None:
    """Do the tasks of a plan and write what was found, by name."""
    tasks = json.loads(plan.read_text("utf-8"))
    found = {task["name"]: KINDS[task["kind"]](task, results.parent) for task in tasks}
    write_text(results, json.dumps(found))


def _run(task: dict[str, Any], folder: Path) -> dict[str, Any]:
    """Simulate a problem once; keep its depths."""
    problem = make_problem(task["problem"], small=task["small"], until_s=task.get("until_s"))
    settings = _settings(problem, task["settings"])
    try:
        _warm_up(settings)
        march, found = _marched(problem, settings)
    except (InundateError, ImportError) as error:
        return {"failure": str(error).splitlines()[0]}
    depth, deepest = march.state.depth, march.deepest()
    np.savez(folder / f"{task['name']}.npz", depth=depth, deepest=deepest)
    # by the heights of the water and the rain that was asked for, not by the solver's own budget
    water = float(depth.mean(dtype=np.float64))
    return {
        **found,
        "water_m": water,
        "mass_error": (water - problem.rain_m) / problem.rain_m,
        "budget_error": march.budget.error_relative,
        "lowest_m": float(depth.min()),
        "highest_m": float(deepest.max()),
        "failure": None,
    }


def _rates(task: dict[str, Any], folder: Path) -> dict[str, Any]:
    """Time several fields or settings in turn, so that a busy machine is busy for all."""
    cases = {case["name"]: case for case in task["cases"]}
    prepared = {}
    for name, case in cases.items():
        problem = _problem_of(case)
        settings = _settings(problem, case["settings"])
        _warm_up(settings)
        prepared[name] = (problem, settings)
    found: dict[str, list[dict[str, Any]]] = {name: [] for name in cases}
    for _ in range(task["repeats"]):
        for name, (problem, settings) in prepared.items():
            found[name].append(_marched(problem, settings)[1])
    return found


def _first_call(task: dict[str, Any], folder: Path) -> dict[str, Any]:
    """Time the first simulation of a process: it compiles, or loads what was compiled."""
    settings = SimulateSettings(**task["settings"])
    began = time.perf_counter()
    _warm_up(settings)
    return {"wall_s": time.perf_counter() - began}


def _marched(problem: Problem, settings: SimulateSettings) -> tuple[March, dict[str, Any]]:
    """Simulate; what is timed is the march, not the making of its arrays."""
    shape = problem.elevation.shape
    rng = make_rng(0, "benchmark", problem.name)
    rough = np.full(shape, problem.manning)
    rain = np.full(shape, problem.rain_mm_h, np.float32)
    if problem.name == _SHEET:
        rough *= rng.uniform(0.7, 1.4, shape)
        rain *= rng.uniform(0, 2, shape).astype(np.float32)
    march = March(problem.elevation, problem.cell_size_m, settings, rough, _start(problem))
    steps: list[RainStep] = [(problem.rain_s, rain)]
    if problem.total_s > problem.rain_s:
        steps.append((problem.total_s - problem.rain_s, np.zeros_like(rain)))
    cpu, wall = time.process_time(), time.perf_counter()
    for _ in march.frames(steps):
        pass
    cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    return march, {
        "cells": int(problem.elevation.size),
        "steps": march.steps,
        "cpu_s": cpu,
        "wall_s": wall,
        "simulated_s": march.state.time_s,
        "settings": settings.model_dump(exclude_defaults=True),
    }


_SHEET = "sheet"


def _problem_of(case: dict[str, Any]) -> Problem:
    if "problem" in case:
        return make_problem(case["problem"], small=case["small"])
    side = case["side"]
    across = np.sin(np.linspace(0, 2 * np.pi * side / 64, side))
    ground = 0.3 * across[:, None] * across[None, :]  # waves that the water covers
    ground += make_rng(0, "benchmark", "ground").uniform(-0.05, 0.05, ground.shape)
    seconds = case["steps"] * _SHEET_STEP_S
    return Problem(_SHEET, ground, 10.0, 30.0, seconds, seconds)


def _start(problem: Problem) -> Any:
    if problem.name != _SHEET:
        return None
    return _SHEET_DEPTH_M - problem.elevation


def _settings(problem: Problem, changes: dict[str, Any]) -> SimulateSettings:
    base = {
        "edges": "closed",
        "manning": problem.manning,
        "max_step_s": problem.max_step_s,
        "output_every_s": problem.total_s,
        "run_on_min": 0.0,
    }
    return SimulateSettings(**{**base, **changes})


def _warm_up(settings: SimulateSettings) -> None:
    """Compile what a run with these settings calls, on a field large enough for its threads."""
    side = 256 if settings.threads > 1 else 16
    ground = make_rng(0, "benchmark", "warm-up").uniform(0, 1, (side, side))
    few = settings.model_copy(update={"output_every_s": 20.0})
    march = March(ground, 10.0, few)
    for _ in march.frames(_shower(ground.shape)):
        pass


def _shower(shape: tuple[int, ...]) -> Iterator[RainStep]:
    yield 20.0, np.full(shape, 50.0, np.float32)


def _storm(task: dict[str, Any], folder: Path) -> dict[str, Any]:
    """Simulate a storm on a large terrain with frames to disk; look at the memory it took."""
    from inundate.cli.solver_bench.storm import storm_inputs
    from inundate.hydro.simulate import simulate

    rain, terrain, hours = storm_inputs(task)
    run_on = {"run_on_min": round(max(0.0, task["hours"] - hours) * 60, 6)}
    settings = SimulateSettings(**task["settings"], **run_on)
    _warm_up(settings)
    before = _peak_mib()
    cpu, wall = time.process_time(), time.perf_counter()
    output = folder / "storm.zarr"
    ds = simulate(rain, terrain, settings=settings, output=output, progress=False)
    found = {
        "peak_mib": _peak_mib(),
        "before_mib": before,
        "cpu_s": time.process_time() - cpu,
        "wall_s": time.perf_counter() - wall,
        "cells": int(terrain.size),
        "steps": int(ds.attrs["steps"]),
        "rain_h": hours,
        "simulated_h": float(settings.run_on_min / 60 + hours),
        "budget_error": json.loads(ds.attrs["volume_budget"])["error_relative"],
        "highest_m": float(ds["water_depth_max"].max()),
        "settings": settings.model_dump(exclude_defaults=True),
    }
    shutil.rmtree(output)
    return found


def _peak_mib() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / _MIB


KINDS: dict[str, Callable[[dict[str, Any], Path], dict[str, Any]]] = {
    "run": _run,
    "rates": _rates,
    "first_call": _first_call,
    "storm": _storm,
}
"""What each kind of task does."""

if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
