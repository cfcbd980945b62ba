"""Steady flow in channels."""

from __future__ import annotations

from functools import partial

import numpy as np

from inundate.hydro.analytic import macdonald_bed, macdonald_depth, normal_depth
from inundate.hydro.suite.case import Case, Finding, Measure, OrderTable, line
from inundate.hydro.suite.setup import Setup, mean_error

__all__ = ["CHANNEL", "CHANNEL_RAIN", "NORMAL_DEPTH"]

_LENGTH_M, _MANNING = 1000.0, 0.033
# by cell size, for the inertial and the full equations; 3 mm is the goal
_BOUNDS_MM = ((20, 12.0, 2.0), (10, 6.0, 1.0), (5, 3.0, 0.5))


def _channel(setup: Setup, *, inflow: float, rain: float) -> Finding:
    found = Finding()
    cells = (20.0, 10.0) if setup.quick else (20.0, 10.0, 5.0)
    for advection in (False, True):
        errors, lines = [], []
        bed_kind = "bed with advection" if advection else "bed without advection"
        for cell in cells:
            count = round(_LENGTH_M / cell)
            places = np.arange(2 * count + 1) * cell / 2  # faces and middles
            bed = macdonald_bed(
                places, flow=inflow, manning=_MANNING, advection=advection, rain=rain
            )[1::2]
            x = places[1::2]
            exact = macdonald_depth(x)
            # the level holds where the scheme takes it: on the edge, or half a cell beyond
            beyond = float(macdonald_depth(_LENGTH_M))
            if not setup.is_full:
                beyond = float(macdonald_depth(_LENGTH_M + cell / 2)) + 2 * bed[-1] - bed[-2]
            tank = setup.tank(
                bed, cell, depth=exact, manning=_MANNING, edge_east="level",
                edge_level_m=beyond,
            )  # fmt: skip
            source = np.full((1, count), rain)
            source[0, 0] += inflow / cell
            tank.advance(3 * 3600.0, rain=source)
            errors.append(mean_error(tank.row[2:-2], exact[2:-2]))
            wanted = inflow + rain * places[2:-1:2]
            found.values[f"{bed_kind}, cells of {cell:g} m"] = 1e3 * errors[-1]
            found.values[f"discharge, {bed_kind}, cells of {cell:g} m"] = 100 * float(
                np.abs(tank.flow_x[0, 1:count] / wanted - 1).max()
            )
            lines.append(line(f"cells of {cell:g} m", x[2:-2], tank.row[2:-2]))
        found.draw(
            f"Depth but for the ends, {bed_kind}", "Distance (m)", "Depth (m)",
            line("exact", x, exact, reference=True), *lines,
        )  # fmt: skip
        if advection == setup.is_full:
            found.tables.append(OrderTable("cell size", "m", cells, tuple(errors), "m"))
            found.values["order in space"] = found.tables[0].order
    return found


def _channel_measures(other_mm: float | None) -> tuple[Measure, ...]:
    own = "the bed is made for the equations without advection"
    other = "the bed is made for the equations with advection"
    inertial = {} if other_mm is None else {"inertial": other_mm}
    return (
        *(
            Measure(
                f"bed without advection, cells of {cell} m", "mm", most={"inertial": most}, note=own
            )
            for cell, most, _ in _BOUNDS_MM
        ),
        *(
            Measure(
                f"bed with advection, cells of {cell} m",
                "mm",
                most={"full": most, **(inertial if cell == _BOUNDS_MM[-1][0] else {})},
                note=other,
            )
            for cell, _, most in _BOUNDS_MM
        ),
        *(
            Measure(
                f"discharge, bed {kind} advection, cells of {cell} m",
                "%",
                most={"float64": 1e-4, "float32": 0.1},
            )
            for kind in ("without", "with")
            for cell in (20, 10, 5)
        ),
        Measure("order in space", least=0.8),
    )


CHANNEL = Case(
    "channel",
    "A channel whose bed is made so that a steady 2 m²/s has a known depth.",
    "MacDonald et al. (1997), doi:10.1061/(ASCE)0733-9429(1997)123:11(1041), long channel, as in "
    "Delestre et al. (2013), doi:10.1002/fld.3741, section 3.2",
    _channel_measures(25.0),
    partial(_channel, inflow=2.0, rain=0.0),
)

CHANNEL_RAIN = Case(
    "channel-rain",
    "The same with rain of 1 mm/s along the way: discharge grows from 1 to 2 m²/s.",
    "Delestre et al. (2013), doi:10.1002/fld.3741, section 3.3",
    _channel_measures(None),
    partial(_channel, inflow=1.0, rain=1e-3),
)


def _normal_depth(setup: Setup) -> Finding:
    cell, slope, flow = 20.0, 0.001, 1.5
    depth = float(normal_depth(flow, slope=slope, manning=0.035))
    tank = setup.tank(
        slope * cell * np.arange(40)[::-1], cell, depth=np.full(40, 0.8 * depth),
        edge_east="open", edge_slope=slope,
    )  # fmt: skip
    source = np.zeros((1, 40))
    source[0, 0] = flow / cell
    tank.advance(4 * 3600.0, rain=source)
    found = Finding({
        "depth along the channel": 100 * float(np.abs(tank.row[2:-2] / depth - 1).max()),
        "depth at the edge": 100 * abs(float(tank.row[-1]) / depth - 1),
        "outflow": 100 * abs(tank.advance(tank.time_s + 600, rain=source) / 600 / cell / flow - 1),
    })  # fmt: skip
    x = (np.arange(40) + 0.5) * cell
    found.draw(
        "Depth in a uniform channel with an open end", "Distance (m)", "Depth (m)",
        line("normal depth", x, np.full(40, depth), reference=True), line("computed", x, tank.row),
    )  # fmt: skip
    return found


NORMAL_DEPTH = Case(
    "normal-depth",
    "A uniform channel ends at an open edge: the depth is normal to the very end.",
    "Manning's law",
    (
        Measure("depth along the channel", "%", most=0.5),
        Measure("depth at the edge", "%", most=1.0),
        Measure("outflow", "%", most=0.01),
    ),
    _normal_depth,
)
