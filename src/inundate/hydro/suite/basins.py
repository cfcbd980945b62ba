"""Water that swings, and dams that break."""

from __future__ import annotations

from functools import partial

import numpy as np

from inundate.hydro.analytic import (
    bowl_bed,
    bowl_depth,
    bowl_period,
    dry_dam_break,
    seiche_level,
    seiche_period,
    wet_dam_break,
)
from inundate.hydro.state import Array
from inundate.hydro.suite.case import Case, Finding, Measure, OrderTable, line
from inundate.hydro.suite.setup import Setup, Tank, rms

__all__ = ["BOWL", "DAM_DRY", "DAM_WET", "SEICHE"]

_SMOOTH = 1e-4  # Manning's n that is felt by nothing here
_NO_CAP = 10.0


_LENGTH_M, _DEPTH_M, _HEIGHT_M = 1000.0, 4.0, 0.01
_PERIOD_S = seiche_period(length=_LENGTH_M, depth=_DEPTH_M)


def _basin(setup: Setup, cell: float) -> tuple[Tank, Array]:
    """Fill a basin, its level raised in the west; give places too."""
    x = (np.arange(round(_LENGTH_M / cell)) + 0.5) * cell
    start = _DEPTH_M + seiche_level(x, 0.0, length=_LENGTH_M, depth=_DEPTH_M, height=_HEIGHT_M)
    tank = setup.tank(
        np.zeros(x.size), cell, depth=start, manning=_SMOOTH, max_step_s=60.0, theta="one"
    )
    return tank, x


def _period(setup: Setup, cell: float) -> float:
    """Give the period found over that of theory, from when the western half is at rest level."""
    tank, x = _basin(setup, cell)
    shares = np.arange(1.15, 1.3501, 0.01)
    west = []
    for share in shares:
        tank.advance(share * _PERIOD_S)
        west.append(float(tank.row[: x.size // 2].mean() - _DEPTH_M))
    return float(np.interp(0.0, -np.array(west), shares)) / 1.25  # the level falls through 0


def _seiche(setup: Setup) -> Finding:
    found = Finding({"period, cells of 25 m": 100 * abs(_period(setup, 25.0) - 1)})
    cells = (100.0, 50.0, 25.0) if setup.quick else (100.0, 50.0, 25.0, 12.5)
    errors, lines = [], []
    for cell in cells:
        tank, x = _basin(setup, cell)
        tank.advance(1.5 * _PERIOD_S)
        level = tank.row - _DEPTH_M
        exact = seiche_level(x, tank.time_s, length=_LENGTH_M, depth=_DEPTH_M, height=_HEIGHT_M)
        errors.append(rms(level - exact) / _HEIGHT_M)
        lines.append(line(f"cells of {cell:g} m", x, level * 1e3))
    found.draw(
        "Level of a basin after one and a half swings", "Distance (m)", "Level (mm)",
        line("exact", x, exact * 1e3, reference=True), *lines,
    )  # fmt: skip
    found.values["level, cells of 25 m"] = 100 * errors[2]
    table = OrderTable("cell size and step", "m", cells, tuple(errors), "of the height")
    found.tables.append(table)
    found.values["order in space and time"] = table.order
    found.values["errors that rise with finer cells"] = float(table.rises)
    return found


SEICHE = Case(
    "seiche",
    "A small wave swings between two walls with the period of theory.",
    "linear long waves, Rabinovich (2009), doi:10.1142/9789812819307_0009",
    (
        Measure("period, cells of 25 m", "%", most={"inertial": 0.5, "full": 1.0}),
        Measure("level, cells of 25 m", "% of the height", most={"inertial": 1.0, "full": 3.0}),
        Measure("order in space and time", least=1.7),
        Measure("errors that rise with finer cells", most=0),
    ),
    _seiche,
)


def _bowl(setup: Setup) -> Finding:
    found, errors, lines = Finding(), [], []
    depth, radius, start, half = 0.1, 1.0, 0.8, 2.0
    period = bowl_period(depth=depth, radius=radius)
    cells = (0.08, 0.04) if setup.quick else (0.08, 0.04, 0.02)
    for cell in cells:
        middle = (np.arange(round(2 * half / cell)) + 0.5) * cell - half
        x, y = np.meshgrid(middle, middle)
        shape = partial(bowl_depth, x, y, depth=depth, radius=radius, start=start)
        tank = setup.tank(
            bowl_bed(x, y, depth=depth, radius=radius), cell, depth=shape(0.0), manning=_SMOOTH,
            froude_cap=_NO_CAP, depth_min_m=1e-6, max_step_s=1.0,
        )  # fmt: skip
        worst = 0.0
        for quarter in (1, 2, 3, 4):
            tank.advance(quarter * period / 4)
            exact = shape(tank.time_s)
            worst = max(worst, float(np.abs(tank.depth - exact).sum() / exact.sum()))
        errors.append(worst)
        found.values[f"depth, cells of {100 * cell:g} cm"] = 100 * worst
        lines.append(line(f"cells of {100 * cell:g} cm", middle, tank.row))
    found.draw(
        "Depth in the bowl after one swing", "Distance from the middle (m)", "Depth (m)",
        line("exact", middle, exact[middle.size // 2], reference=True), *lines,
    )  # fmt: skip
    found.tables.append(OrderTable("cell size", "m", cells, tuple(errors), "1"))
    found.values["order in space"] = found.tables[0].order
    return found


BOWL = Case(
    "bowl",
    "Water swings in and out in a round bowl without friction, wetting and drying its rim.",
    "Thacker (1981), doi:10.1017/S0022112081001882, radially symmetrical",
    (
        Measure("depth, cells of 8 cm", "% of the water", most=8.0),
        Measure("depth, cells of 4 cm", "% of the water", most=3.0),
        Measure("depth, cells of 2 cm", "% of the water", most=2.0),
        Measure("order in space", least=1.0),
    ),
    _bowl,
    equations=("full",),
)


def _dam(setup: Setup, *, ahead: float) -> Finding:
    found, errors, lines = Finding(), [], []
    end, half, depth = 60.0, 1000.0, 2.0
    cells = (10.0, 5.0) if setup.quick else (10.0, 5.0, 2.5)
    for cell in cells:
        x = (np.arange(round(2 * half / cell)) + 0.5) * cell - half
        tank = setup.tank(
            np.zeros(x.size), cell, depth=np.where(x < 0, depth, ahead), manning=_SMOOTH,
            froude_cap=_NO_CAP,
        )  # fmt: skip
        tank.advance(end)
        exact = (
            wet_dam_break(x, end, depth=depth, ahead=ahead)
            if ahead
            else dry_dam_break(x, end, depth=depth)
        )
        errors.append(float(np.abs(tank.row - exact).sum() / exact.sum()))
        found.values[f"depth, cells of {cell:g} m"] = 100 * errors[-1]
        lines.append(line(f"cells of {cell:g} m", x, tank.row))
    found.draw(
        "Depth a minute after the dam broke", "Distance from the dam (m)", "Depth (m)",
        line("exact", x, exact, reference=True), *lines,
    )  # fmt: skip
    found.tables.append(OrderTable("cell size", "m", cells, tuple(errors), "1"))
    found.values["order in space"] = found.tables[0].order
    return found


_NOT_FOR = "a dam break needs advection, which the local inertial equations leave out"
_DAM_MEASURES = (
    *(
        Measure(f"depth, cells of {cell} m", "% of the water", most={"full": most}, note=_NOT_FOR)
        for cell, most in ((10, 1.0), (5, 0.5), (2.5, 0.3))
    ),
    Measure("order in space", least={"full": 0.5}, note=_NOT_FOR),
)

DAM_WET = Case(
    "dam-wet",
    "A dam of 2 m breaks over 0.5 m of water: a fan, a plateau and a shock.",
    "Stoker (1957), as in Delestre et al. (2013), doi:10.1002/fld.3741, section 4.1.1",
    _DAM_MEASURES,
    partial(_dam, ahead=0.5),
)

DAM_DRY = Case(
    "dam-dry",
    "A dam of 2 m breaks over dry ground.",
    "Ritter (1892), as in Delestre et al. (2013), doi:10.1002/fld.3741, section 4.1.2",
    _DAM_MEASURES,
    partial(_dam, ahead=0.0),
)
