"""Floods over a plain and from hollow to hollow, after two benchmarks of a public agency.

They are built from the published description alone, with round numbers of our own where it gives
none: like those tests, not those tests. No exact answer is known, so the solver is held against
itself on finer cells and, for the inertial equations, beside the full ones.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from inundate.hydro.state import Array
from inundate.hydro.suite.case import Case, Finding, Line, Measure, line
from inundate.hydro.suite.setup import Setup, Tank

__all__ = ["EA_HOLLOWS", "EA_PLAIN"]

_SOURCE = (
    "after test {number} of Neelz and Pender (2013), Benchmarking the latest generation of 2D "
    "hydraulic modelling packages, SC120002, built from its text; reference: the solver itself on "
    "finer cells"
)
_FLOODED_M = 0.1
_OF = (("inertial", "full"), ("inertial",))  # equations that run them
_POINTS_M = (100, 300)  # from the inflow
_LOOK_S = 7200.0
# cells, coarse and fine: for a quick run (of the plain for the full equations too), and otherwise
_PLAIN_M = ((20.0, 10.0), (10.0, 5.0))
_HOLLOWS_M = ((50.0, 25.0), (20.0, 10.0))
_OTHER = "cells of 10 m, against the full equations"


def _blocks(field: Array, factor: int) -> Array:
    """Average square blocks of cells."""
    rows, columns = (size // factor for size in field.shape)
    blocks = field.reshape(rows, factor, columns, factor)
    return np.asarray(blocks.mean(axis=(1, 3)))


def _csi(one: Array, other: Array) -> float:
    wet, also = one >= _FLOODED_M, other >= _FLOODED_M
    return float((wet & also).sum() / (wet | also).sum())


def _plain(setup: Setup, cell: float) -> tuple[Array, Array, Array]:
    """Let 20 m3/s onto a flat plain in the middle of a side.

    Give the depth after two hours, and times and depths at points.
    """
    rows, columns = round(2000 / cell), round(1000 / cell)
    tank = setup.tank(np.zeros((rows, columns)), cell, manning=0.05)
    half = max(round(10 / cell), 1)  # the inflow is 20 m wide, or as wide as two cells
    source = np.zeros((rows, columns))
    source[rows // 2 - half : rows // 2 + half, 0] = 1 / (2 * half * cell**2)
    times = np.arange(300.0, 5 * 3600 + 1, 300.0)
    places = [round(metres / cell) for metres in _POINTS_M]
    depths, early = [], np.zeros((rows, columns))
    for time in times:
        tank.advance(time, every_s=60.0, rain=lambda now: source * _inflow(now))
        if time == _LOOK_S:
            early = tank.depth
        middle = tank.depth[rows // 2 - 1 : rows // 2 + 1].mean(axis=0)
        depths.append([0.5 * (middle[place - 1] + middle[place]) for place in places])
    return early, times, np.array(depths).T


def _inflow(time_s: float) -> float:
    """Give the hydrograph, m3 s-1: up in one hour, 20 for two, down in one."""
    return float(np.interp(time_s / 3600, (0, 1, 3, 4), (0, 20, 20, 0)))


def _ea_plain(setup: Setup) -> Finding:
    found = Finding()
    coarse, fine = _PLAIN_M[not (setup.quick or setup.is_full)]
    rough, _, rough_points = _plain(setup, coarse)
    exact, times, points = _plain(setup, fine)
    what = f"cells of {coarse:g} against {fine:g} m"
    found.values[f"extent, {what}"] = _csi(rough, _blocks(exact, 2))
    found.values[f"depth at points, {what}"] = 100 * float(np.abs(rough_points - points).max())
    found.values["mirrored cells that differ"] = float((exact != exact[::-1]).sum())
    lines = [
        *_point_lines(f"cells of {fine:g} m", times, points, reference=True),
        *_point_lines(f"cells of {coarse:g} m", times, rough_points),
    ]
    if not setup.is_full and not setup.quick and setup.kernel is None:
        full, _, full_points = _plain(replace(setup, equations="full"), coarse)
        found.values[f"extent, {_OTHER}"] = _csi(rough, full)
        apart = 100 * float(np.abs(rough_points - full_points).max())
        found.values[f"depth at points, {_OTHER}"] = apart
        lines += _point_lines("full equations", times, full_points)
    found.draw("Depth at points from the inflow", "Time (h)", "Depth (m)", *lines)
    return found


def _point_lines(label: str, times: Array, points: Array, *, reference: bool = False) -> list[Line]:
    return [
        line(f"{place} m, {label}", times / 3600, one, reference=reference)
        for place, one in zip(_POINTS_M, points, strict=True)
    ]


EA_PLAIN = Case(
    "ea-plain",
    "EA-like test 4: 20 m³/s spread from the middle of a side over a flat plain of 1 x 2 km.",
    _SOURCE.format(number=4),
    (
        *(
            measure
            for (coarse, fine), of in zip(_PLAIN_M, _OF, strict=True)
            for what in (f"cells of {coarse:g} against {fine:g} m",)
            for measure in (
                Measure(f"extent, {what}", "CSI at 0.1 m", least=dict.fromkeys(of, 0.95)),
                Measure(f"depth at points, {what}", "cm", most=dict.fromkeys(of, 5.0)),
            )
        ),
        Measure("mirrored cells that differ", most=0),
        Measure(f"extent, {_OTHER}", "CSI at 0.1 m"),
        Measure(f"depth at points, {_OTHER}", "cm"),
    ),
    _ea_plain,
)


def _hollow_ground(cell: float) -> Array:
    """Make 16 hollows of half a metre on a gentle fall to the south-east."""
    middle = (np.arange(round(2000 / cell)) + 0.5) * cell
    x, y = np.meshgrid(middle, middle)  # y southwards
    waves = np.cos(2 * np.pi * x / 500) + np.cos(2 * np.pi * y / 500)
    return np.asarray(0.125 * waves - x / 3000 - y / 1500)


def _hollows_run(setup: Setup, cell: float, hours: float) -> Tank:
    tank = setup.tank(_hollow_ground(cell), cell, manning=0.03)
    count = round(100 / cell)
    source = np.zeros(tank.depth.shape)
    source[:count, 0] = 1 / (count * cell**2)

    def inflow(time: float) -> Array:
        return source * float(np.interp(time / 60, (0, 20, 65, 85), (0, 20, 20, 0)))

    tank.advance(5100.0, every_s=60.0, rain=inflow)
    tank.advance(hours * 3600.0)
    return tank


def _ea_hollows(setup: Setup) -> Finding:
    found = Finding()
    coarse, fine = _HOLLOWS_M[not setup.quick]
    hours = 6.0 if setup.quick else 12.0
    shares = []
    for cell in (coarse, fine):
        tank = _hollows_run(setup, cell, hours)
        volumes = _blocks(tank.depth, round(500 / cell)) * 500.0**2
        shares.append(volumes / volumes.sum())
        level = _hollow_ground(cell) + tank.depth
    what = f"cells of {coarse:g} against {fine:g} m"
    found.values[f"water in the wrong hollow, {what}"] = 50 * float(
        np.abs(shares[0] - shares[1]).sum()
    )
    found.values[f"hollows that are wet in one only, {what}"] = float(
        ((shares[0] > 0.005) != (shares[1] > 0.005)).sum()
    )
    number = np.arange(1, 17)
    found.draw(
        "Share of the water by hollow, row by row from the inflow", "Hollow", "Share (%)",
        line(f"cells of {fine:g} m", number, 100 * shares[1].ravel(), reference=True),
        line(f"cells of {coarse:g} m", number, 100 * shares[0].ravel()),
    )  # fmt: skip
    middle = round(250 / fine)
    x = (np.arange(level.shape[1]) + 0.5) * fine
    ground = _hollow_ground(fine)[middle]
    found.draw(
        f"Level along the first row of hollows after {hours:g} h", "Distance (m)", "Height (m)",
        line("ground", x, ground, reference=True),
        line("water", x, np.where(tank.depth[middle] > 0.01, level[middle], np.nan)),
    )  # fmt: skip
    return found


EA_HOLLOWS = Case(
    "ea-hollows",
    "EA-like test 2: water fills sixteen hollows on a gentle slope, one after the other.",
    _SOURCE.format(number=2),
    tuple(
        measure
        for (coarse, fine), most in zip(_HOLLOWS_M, (10.0, 5.0), strict=True)
        for what in (f"cells of {coarse:g} against {fine:g} m",)
        for measure in (
            Measure(f"water in the wrong hollow, {what}", "% of the water", most=most),
            Measure(f"hollows that are wet in one only, {what}", most=0),
        )
    ),
    _ea_hollows,
)
