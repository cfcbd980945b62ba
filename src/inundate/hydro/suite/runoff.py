"""Rain on planes, and on two planes with a channel between them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from inundate.hydro.analytic import film_depth, plane_hydrograph, valley_hydrograph
from inundate.hydro.suite.case import Case, Finding, Measure, OrderTable, line
from inundate.hydro.suite.setup import MM_H, Setup, Tank, rms

__all__ = ["FILM", "PLANE", "VALLEY"]

_KINEMATIC = "kinematic wave, Henderson and Wooding (1964), doi:10.1029/JZ069i008p01531"


def _hydrograph(
    tank: Tank, end_s: float, every_s: float, rain_s: float, rain: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Give middles of intervals, s, and the mean discharge through all edges, m3 s-1."""
    ends = np.arange(every_s, end_s + every_s / 2, every_s)
    flow = [tank.advance(end, rain=rain if end <= rain_s else 0.0) / every_s for end in ends]
    return ends - every_s / 2, np.array(flow)


def _drive(setup: Setup, cell: float) -> float:
    """Give where, in metres from its upper side, a cell's depth is that of the film.

    The inertial scheme's flow through a face comes from the depth of the cell above it.
    """
    return 0.5 * cell if setup.is_full else cell


def _plane(setup: Setup) -> Finding:
    length, slope, manning, rain = 200.0, 0.02, 0.035, 50.0 * MM_H
    plateau, found, errors = rain * length, Finding(), []
    cells = (5.0, 2.0) if setup.quick else (5.0, 2.0, 1.0)
    lines = []
    for cell in cells:
        count = round(length / cell)
        tank = setup.tank(
            slope * cell * np.arange(count)[::-1], cell, manning=manning, depth_min_m=1e-6,
            edge_east="open", edge_slope=slope,
        )  # fmt: skip
        times, flow = _hydrograph(tank, 2700.0, 60.0, 1800.0, rain)
        flow /= cell
        exact = plane_hydrograph(
            times, length=length, rain=rain, duration_s=1800.0, slope=slope, manning=manning
        )
        errors.append(rms(flow - exact) / plateau)
        found.values[f"hydrograph, cells of {cell:g} m"] = 100 * errors[-1]
        top = flow[(times > 1500) & (times < 1800)]
        found.values[f"plateau, cells of {cell:g} m"] = 100 * abs(top[-1] / plateau - 1)
        lines.append(line(f"cells of {cell:g} m", times / 60, flow * 1e3))
    fine = np.arange(0, 2701.0, 10)
    reference = plane_hydrograph(
        fine, length=length, rain=rain, duration_s=1800.0, slope=slope, manning=manning
    )
    found.draw(
        "Discharge at the foot of a plane of 2 %", "Time (min)", "Unit discharge (10⁻³ m²/s)",
        line("exact", fine / 60, reference * 1e3, reference=True), *lines,
    )  # fmt: skip
    found.tables.append(OrderTable("cell size", "m", cells, tuple(errors), "1"))
    found.values["order in space"] = found.tables[0].order
    return found


PLANE = Case(
    "plane",
    "Rain of 50 mm/h for half an hour on a plane of 2 %: rising limb, plateau and recession.",
    _KINEMATIC,
    (
        Measure("hydrograph, cells of 5 m", "% of the plateau", most=2.0),
        Measure("hydrograph, cells of 2 m", "% of the plateau", most=1.0),
        Measure("hydrograph, cells of 1 m", "% of the plateau", most=0.6),
        *(Measure(f"plateau, cells of {cell} m", "%", most=0.1) for cell in (5, 2, 1)),
        Measure("order in space"),
    ),
    _plane,
)


def _film(setup: Setup) -> Finding:
    found, cell, slope, rain = Finding(), 10.0, 0.05, 30 * MM_H
    lines = []
    for courant in (0.5, 0.6, 0.7):
        tank = setup.tank(
            slope * cell * np.arange(30)[::-1], cell, edge_east="open", edge_slope=slope,
            courant=courant,
        )  # fmt: skip
        tank.advance(3600.0, rain=rain)
        x = np.arange(30) * cell + _drive(setup, cell)
        film = film_depth(x, rain=rain, slope=slope, manning=0.035)
        found.values[f"depth, Courant number {courant}"] = 100 * rms((tank.row / film - 1)[2:-1])
        lines.append(line(f"Courant number {courant}", x, tank.row * 1e3))
    found.draw(
        "Film on a plane of 5 % after an hour", "Distance (m)", "Depth (mm)",
        line("exact", x, film * 1e3, reference=True), *lines,
    )  # fmt: skip
    return found


FILM = Case(
    "film",
    "Rain of 30 mm/h runs off a plane of 5 % as a film: no pulses at any step.",
    _KINEMATIC,
    tuple(Measure(f"depth, Courant number {number}", "%", most=0.5) for number in (0.5, 0.6, 0.7)),
    _film,
)

_SIDE_M, _CHANNEL_M, _LENGTH_M = 800.0, 20.0, 1000.0
_RAIN, _RAIN_S, _END_S = 10.8 * MM_H, 5400.0, 10_800.0
_PLANE_FALL, _PLANE_N, _CHANNEL_FALL, _CHANNEL_N = 0.05, 0.015, 0.02, 0.15


def _valley_run(
    setup: Setup, cell: float, cap: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    side, width, rows = (round(m / cell) for m in (_SIDE_M, _CHANNEL_M, _LENGTH_M))
    columns = 2 * side + width
    from_channel = np.maximum(side - np.arange(columns), np.arange(columns) - side - width + 1)
    bed = _CHANNEL_FALL * cell * np.arange(rows)[::-1]
    top = bed.max() + 1.0  # the planes' foot is level, so that they drain square to the channel
    ground = np.where(
        from_channel[None] > 0, top + _PLANE_FALL * cell * from_channel[None], bed[:, None]
    )
    roughness = np.where(from_channel > 0, _PLANE_N, _CHANNEL_N) * np.ones((rows, 1))
    # below the last row the planes have walls and the channel an open end
    below = np.where(from_channel > 0, 0.0, np.nan)
    walls = np.zeros((rows + 1, columns), dtype=bool)
    walls[-1] = from_channel > 0
    tank = setup.tank(
        np.vstack([ground, below]), cell, roughness=np.vstack([roughness, roughness[-1:]]),
        walls=walls, nodata_edges="open", edge_slope=_CHANNEL_FALL, froude_cap=cap,
        depth_min_m=1e-5,
    )  # fmt: skip
    return _hydrograph(tank, _END_S, 60.0, _RAIN_S, _RAIN)


def _valley(setup: Setup) -> Finding:
    found, lines = Finding(), []
    cells = (20.0,) if setup.quick else (20.0, 10.0)
    runs = [(cell, 10.0) for cell in cells]
    if not setup.is_full:
        runs.append((20.0, 1.0))
    for cell, cap in runs:
        times, flow = _valley_run(setup, cell, cap)
        exact = valley_hydrograph(
            times, rain=_RAIN, duration_s=_RAIN_S, width=_CHANNEL_M,
            plane=(_SIDE_M, _PLANE_FALL, _PLANE_N), channel=(_LENGTH_M, _CHANNEL_FALL, _CHANNEL_N),
        )  # fmt: skip
        what = f"cells of {cell:g} m" + (", Froude cap 1" if cap == 1 else "")
        found.values[f"hydrograph, {what}"] = 100 * rms(flow - exact) / exact.max()
        found.values[f"peak, {what}"] = 100 * abs(flow.max() / exact.max() - 1)
        found.values[f"volume, {what}"] = 100 * abs(flow.sum() / exact.sum() - 1)
        lines.append(line(what, times / 60, flow))
    found.draw(
        "Discharge of the catchment", "Time (min)", "Discharge (m³/s)",
        line("two kinematic waves", times / 60, exact, reference=True), *lines,
    )  # fmt: skip
    return found


VALLEY = Case(
    "valley",
    "Rain of 10.8 mm/h for 90 minutes on two planes of 5 % with a channel between them.",
    "catchment of Di Giammarco et al. (1996), doi:10.1016/0022-1694(95)02855-7, with planes that "
    "drain square to the channel; reference: two kinematic waves by characteristics",
    (
        *(
            Measure(f"{name}, cells of {cell} m", unit, most=most)
            for cell in (20, 10)
            for name, unit, most in (
                ("hydrograph", "% of the peak", 2.0),
                ("peak", "%", 1.0),
                ("volume", "%", 1.0),
            )
        ),
        *(
            Measure(
                f"{name}, cells of 20 m, Froude cap 1",
                unit,
                note="the film is supercritical here, so the default cap holds water back",
            )
            for name, unit in (("hydrograph", "% of the peak"), ("peak", "%"), ("volume", "%"))
        ),
    ),
    _valley,
)
