"""Waves that advance over dry ground at constant speed."""

from __future__ import annotations

from functools import partial

import numpy as np

from inundate.hydro.analytic import wetting_front
from inundate.hydro.state import Array
from inundate.hydro.suite.case import Bounds, Case, Finding, Measure, OrderTable, line
from inundate.hydro.suite.setup import Setup, rms

__all__ = ["FRONT", "FRONT_INERTIAL", "FRONT_RISING", "FRONT_RISING_INERTIAL"]

_END_S, _SPEED, _MANNING = 3600.0, 1.0, 0.03
_LENGTH_M = 5000.0
_TICK_S = 5.0  # the level beyond the edge follows the exact one so closely
_BEHIND_M = 200.0  # the front's own shape ends here: a length, so that cell sizes compare
_WET_M = 1e-3
_CELLS = (100.0, 50.0, 25.0, 12.5)
_RISE = 1e-3

_HUNTER = "Hunter et al. (2005), doi:10.1016/j.advwatres.2005.03.007"
_INERTIAL = "the same wave of the local inertial equations, Bates et al. (2010), eq. 5"
_LAGS = (
    "without advection the wave loses speed: the inertial equations' own answer is elsewhere, "
    "see front-inertial"
)


def _run(setup: Setup, *, rise: float, inertia: bool) -> Finding:
    exact = partial(wetting_front, speed=_SPEED, manning=_MANNING, rise=rise, inertia=inertia)
    found, lines = Finding(), []
    cells = _CELLS[:-1] if setup.quick else _CELLS
    for cell in cells:
        x, depth = _wave(setup, cell, rise, exact)
        lines.append(line(f"cells of {cell:g} m", x, depth))
        for name, value in _errors(x, depth, exact(x, _END_S), cell).items():
            found.values[f"{name}, cells of {cell:g} m"] = value
    fine = np.linspace(0, _END_S * _SPEED + 200, 2000)
    found.draw(
        "Depth after an hour", "Distance (m)", "Depth (m)",
        line("exact", fine, exact(fine, _END_S), reference=True), *lines,
    )  # fmt: skip
    behind = tuple(found.values[f"error behind the front, cells of {cell:g} m"] for cell in cells)
    found.tables.append(OrderTable("cell size, behind the front", "m", cells, behind, "m"))
    found.values["order in space, behind the front"] = found.tables[0].order
    return found


def _wave(setup: Setup, cell: float, rise: float, exact: partial[Array]) -> tuple[Array, Array]:
    """Let the exact level enter at the western edge for an hour."""
    x = (np.arange(round(_LENGTH_M / cell)) + 0.5) * cell
    tank = setup.tank(
        rise * x, cell, manning=_MANNING, edge_west="level", edge_level_m=rise * cell + 1.0
    )

    # the level holds where the scheme takes it: on the edge, or half a cell beyond
    beyond = 0.0 if setup.is_full else cell / 2

    def outside(time: float) -> float:  # over the ground of the first cell
        return max(float(exact(-beyond, time)) - rise * (cell / 2 + beyond), 0.0)

    tank.advance(_END_S, every_s=_TICK_S, outside=outside)
    return x, tank.row


def _errors(x: Array, depth: Array, exact: Array, cell: float) -> dict[str, float]:
    wet = (exact > 0) | (depth > _WET_M)
    end = float(x[depth > _WET_M].max(initial=-cell / 2)) + cell / 2  # of the last wet cell
    front = _END_S * _SPEED
    return {
        "error": rms((depth - exact)[wet]),
        "error behind the front": rms((depth - exact)[x < front - _BEHIND_M]),
        "front beyond its cell": max(front - end, end - cell - front, 0.0) / cell,
    }


def _measures(
    error: Bounds, behind: Bounds, front: Bounds, order: Bounds, note: str = ""
) -> tuple[Measure, ...]:
    found = [
        measure
        for cell in _CELLS
        for measure in (
            Measure(f"error, cells of {cell:g} m", "m", most=error, note=note),
            Measure(f"error behind the front, cells of {cell:g} m", "m", most=behind, note=note),
            Measure(f"front beyond its cell, cells of {cell:g} m", "cells", most=front, note=note),
        )
    ]
    return (*found, Measure("order in space, behind the front", least=order, note=note))


FRONT = Case(
    "front",
    "A wave advances over flat dry ground at constant speed, its level given at one edge.",
    _HUNTER,
    _measures(0.06, {"inertial": 0.035, "full": 0.005}, 1.0, {"full": 1.0}, _LAGS),
    partial(_run, rise=0.0, inertia=False),
)

FRONT_RISING = Case(
    "front-rising",
    "The same over ground that rises by 1 in 1000.",
    _HUNTER,
    _measures({"full": 0.06}, {"full": 0.005}, {"full": 1.0}, {"full": 0.7}, _LAGS),
    partial(_run, rise=_RISE, inertia=False),
)

FRONT_INERTIAL = Case(
    "front-inertial",
    "The wave that the local inertial equations themselves have: the error falls with the cells.",
    _INERTIAL,
    _measures(None, 0.025, None, 0.85),
    partial(_run, rise=0.0, inertia=True),
    equations=("inertial",),
)

FRONT_RISING_INERTIAL = Case(
    "front-rising-inertial",
    "The same over ground that rises by 1 in 1000.",
    _INERTIAL,
    _measures(None, 0.025, None, 0.85),
    partial(_run, rise=_RISE, inertia=True),
    equations=("inertial",),
)
