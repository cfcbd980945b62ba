"""What must not change the answer: orientation, datum, threads, time step, precision."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from inundate.hydro.suite.case import Case, Finding, Measure, OrderTable, line
from inundate.hydro.suite.setup import MM_H, Setup, Tank, rms
from inundate.hydro.suite.still import hills

__all__ = ["DATUM", "PRECISION", "STEP_SIZE", "THREADS", "TURNS"]

_THRESHOLD_M = 0.1
_Field = NDArray[np.float64]
_TURNS: dict[str, Callable[[_Field], _Field]] = {
    "west-east": lambda field: field[:, ::-1],
    "north-south": lambda field: field[::-1],
    "half turn": lambda field: field[::-1, ::-1],
    "transpose": lambda field: field.T,
    "quarter turn": np.rot90,
}


def _inputs() -> tuple[_Field, _Field, _Field]:
    """Give ground with holes, rain in m s-1, and Manning's n."""
    rng = np.random.default_rng(11)
    ground = hills()
    ground[5:9, 30:36] = np.nan
    ground[-6:, :7] = np.nan
    rain = rng.gamma(1.0, 30.0, ground.shape) * MM_H
    return ground, rain, rng.uniform(0.02, 0.1, ground.shape)


def _rough_run(setup: Setup, turn: Callable[[_Field], _Field], raised: float = 0.0) -> Tank:
    ground, rain, roughness = _inputs()
    ground = np.round(ground * 64) / 64 + raised  # exact in float32 with and without the datum
    tank = setup.tank(
        np.ascontiguousarray(turn(ground)), 10.0, roughness=np.ascontiguousarray(turn(roughness)),
        edges="open",
    )  # fmt: skip
    tank.advance(1200.0, rain=turn(rain))
    tank.advance(2400.0)
    return tank


def _differing(one: _Field, other: _Field) -> float:
    return float((one != other).sum())


def _turns(setup: Setup) -> Finding:
    plain, found = _rough_run(setup, lambda field: field), Finding()
    for name, turn in _TURNS.items():
        turned = _rough_run(setup, turn)
        found.values[name] = _differing(turn(plain.depth), turned.depth)
    return found


TURNS = Case(
    "turns",
    "Turned and mirrored ground and rain give the turned and mirrored answer, bit by bit.",
    "symmetry of the equations",
    tuple(Measure(name, "cells that differ", most=0) for name in _TURNS),
    _turns,
)


_THREADS = (2, 3, 4, 8)


def _threads(setup: Setup) -> Finding:
    """Run on a grid so large that no kernel takes it for too small to share."""
    ground, rain, roughness = (np.tile(field, (5, 4)) for field in _inputs())
    found, alone = Finding(), np.zeros(0)
    for threads in (1, *_THREADS):
        tank = setup.tank(
            ground, 10.0, roughness=roughness, edges="open", infiltration="green_ampt"
        )
        tank.set_scheme(threads=threads)
        tank.advance(150.0, rain=rain)
        tank.advance(300.0)
        if threads == 1:
            alone = tank.depth
        else:
            found.values[f"{threads} threads"] = _differing(alone, tank.depth)
    return found


THREADS = Case(
    "threads",
    "Rows shared among threads give the same answer, bit by bit.",
    "order of computation must not matter",
    tuple(Measure(f"{count} threads", "cells that differ", most=0) for count in _THREADS),
    _threads,
)


def _datum(setup: Setup) -> Finding:
    low, high = (_rough_run(setup, lambda field: field, raised) for raised in (0.0, 1024.0))
    return Finding({"raised by 1024 m": _differing(low.depth, high.depth)})


DATUM = Case(
    "datum",
    "The height of the datum does not matter, bit by bit.",
    "only differences of height enter the equations",
    (Measure("raised by 1024 m", "cells that differ", most=0),),
    _datum,
)


def _flood(setup: Setup, **numbers: Any) -> Tank:
    """Flood a winding valley with an hour of rain."""
    rows, columns = np.mgrid[0:48, 0:64]
    across = (rows - 24 - 8 * np.sin(columns / 9.0)) * 20.0
    rough = np.random.default_rng(3).normal(0, 0.15, rows.shape)
    ground = 2e-4 * across**2 + 0.004 * 20.0 * (63 - columns) + rough
    tank = setup.tank(ground, 20.0, edge_east="open", edge_slope=0.004, **numbers)
    tank.advance(3600.0, rain=60 * MM_H)
    tank.advance(5400.0)
    return tank


def _csi(one: _Field, other: _Field) -> float:
    """Critical success index of two maps of depth."""
    hits, either = (one >= _THRESHOLD_M) & (other >= _THRESHOLD_M), np.maximum(one, other)
    return float(hits.sum() / (either >= _THRESHOLD_M).sum())


def _step_size(setup: Setup) -> Finding:
    runs = 3 if setup.quick else 4 if setup.is_full else 5
    numbers = [0.6 / 2**power for power in range(runs)]
    tanks = [_flood(setup, courant=number, max_step_s=10.0 * number / 0.6) for number in numbers]
    sizes = tuple(numbers[:-1])
    # each from the run with half the step: what is left to the limit is of the same size
    errors = tuple(rms(one.depth - two.depth) for one, two in pairwise(tanks))
    deepest = [tank.march.state.deepest.astype(np.float64) for tank in tanks]
    found = Finding({
        "extent, step halved": _csi(deepest[0], deepest[1]),
        "depth, step halved": 1e3 * errors[0],
        "steps taken, step halved": tanks[1].steps / tanks[0].steps,
    })  # fmt: skip
    found.tables.append(OrderTable("Courant number", "1", sizes, errors, "m"))
    found.values["order in time"] = found.tables[0].order
    found.values["errors that rise with shorter steps"] = float(found.tables[0].rises)
    found.draw(
        "Difference from the run with half the step", "Courant number", "Depth (mm)",
        line("root mean square", sizes, np.array(errors) * 1e3),
    )  # fmt: skip
    return found


STEP_SIZE = Case(
    "step-size",
    "Shorter steps change the flood of a winding valley little, and ever less.",
    "convergence of the scheme with its own step",
    (
        Measure("extent, step halved", "CSI at 0.1 m", least=0.998),
        Measure("depth, step halved", "mm"),
        Measure("steps taken, step halved", "times", least=1.8),
        Measure("order in time", least=0.8),
        Measure("errors that rise with shorter steps", most=0),
    ),
    _step_size,
)


def _precision(setup: Setup) -> Finding:
    single, double = (
        _flood(replace(setup, precision=name, budgets=[])) for name in ("float32", "float64")
    )
    deepest = [tank.march.state.deepest.astype(np.float64) for tank in (single, double)]
    return Finding({
        "extent": _csi(*deepest),
        "depth": 1e3 * rms(single.depth - double.depth),
    })  # fmt: skip


PRECISION = Case(
    "precision",
    "Numbers of 32 bits give the same flood as numbers of 64.",
    "the solver's own other precision",
    (
        Measure("extent", "CSI at 0.1 m", least=0.999),
        Measure("depth", "mm", most=0.5),
    ),
    _precision,
)
