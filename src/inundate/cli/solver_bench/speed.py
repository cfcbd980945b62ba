"""Speed of our solver: cell updates a second, threads, first start, cost by size."""

from __future__ import annotations

import shutil
from pathlib import Path
from statistics import median
from typing import Any

from inundate.cli.solver_bench.figures import Made, figure, spread
from inundate.cli.solver_bench.pieces import Context, Piece, solver_fingerprint, worker

__all__ = ["cost_by_size", "speed_2048", "speed_jacksboro", "warm_up"]

GROUP = "Speed"
_EVERYTHING = "largest depth, roughness map, rain map and outflow scaling on; CPU time of the march"


def speed_jacksboro(context: Context) -> Made:
    """Cell updates a second on jacksboro, in both precisions, and what a second thread gives."""
    cases = {
        "float32": {},
        "float64": {"precision": "float64"},
        "threads": {"threads": 2},
    }
    piece = _rates(
        context,
        "speed-jacksboro",
        [
            {"name": name, "problem": "jacksboro", "small": context.quick, "settings": settings}
            for name, settings in cases.items()
        ],
        repeats=1 if context.quick else 7,
    )
    rows = [
        figure(
            f"updates-per-second-{name}",
            GROUP,
            unit="M/s",
            goal=goal,
            note=f"jacksboro, one thread, {_steps(piece, name)}; {_EVERYTHING}",
            **spread(_rate(piece, name)),
        )
        for name, goal in (("float32", ">= 400"), ("float64", ">= 200"))
    ]
    return Made([*rows, _threads(piece, "float32", "threads", "jacksboro")])


def speed_2048(context: Context) -> Made:
    """Cell updates a second on a field that no cache holds."""
    side, steps = (64, 20) if context.quick else (2048, 150)
    piece = _rates(
        context,
        "speed-2048",
        [
            {"name": name, "side": side, "steps": steps, "settings": settings}
            for name, settings in (("one", {}), ("two", {"threads": 2}))
        ],
        repeats=1 if context.quick else 5,
    )
    note = f"everywhere wet, one thread, float32, {_steps(piece, 'one')}; {_EVERYTHING}"
    row = figure(
        "updates-per-second-2048",
        GROUP,
        unit="M/s",
        goal=">= 500",
        note=note,
        **spread(_rate(piece, "one")),
    )
    return Made([row, _threads(piece, "one", "two", "2048")])


def _threads(piece: Piece, one: str, two: str, where: str) -> dict[str, Any]:
    runs = piece.found["rates"]
    ratios = [a["wall_s"] / b["wall_s"] for a, b in zip(runs[one], runs[two], strict=True)]
    note = f"{where}, float32, wall time with one thread over wall time with two, in turn"
    return figure(
        f"threads-2-{where}", GROUP, unit="ratio", goal=">= 1.8", note=note, **spread(ratios)
    )


def cost_by_size(context: Context) -> Made:
    """Cost of a cell update from ten thousand to ten million cells."""
    sides = (32, 64) if context.quick else (100, 316, 1000, 3162)
    updates = 1e5 if context.quick else 4e8
    least = 10 if context.quick else 150  # or what is done once a frame would count as a step's
    piece = _rates(
        context,
        "cost-by-size",
        [
            {
                "name": str(side * side),
                "side": side,
                "steps": max(least, round(updates / side**2)),
                "settings": {},
            }
            for side in sides
        ],
        repeats=1 if context.quick else 3,
    )
    costs = {cells: [1e3 / rate for rate in _rate(piece, cells)] for cells in piece.found["rates"]}
    middle = {cells: median(values) for cells, values in costs.items()}
    turns = [
        max(values) / min(values) - 1 for values in zip(*costs.values(), strict=True)
    ]  # each turn went through all sizes
    told = ", ".join(f"{int(cells):,}: {value:.2f}" for cells, value in middle.items())
    row = figure(
        "cost-by-size",
        GROUP,
        max(middle.values()) / min(middle.values()) - 1,
        "1",
        "<= 0.25",
        low=min(turns),
        high=max(turns),
        note=f"dearest over cheapest size, less 1; ns a cell update by cells: {told}; everywhere "
        "wet, one thread, float32",
    )
    return Made([row])


def warm_up(context: Context) -> Made:
    """First simulation of a process, with nothing compiled before and with the cache."""
    depends = {"solver": solver_fingerprint()}
    colds, warms = (1, 1) if context.quick else (2, 3)

    def make(folder: Path) -> dict[str, Any]:
        found: dict[str, Any] = {"cold": [], "cached": []}
        task = {"name": "first", "kind": "first_call", "settings": {}}
        for number in range(colds):
            cache = {"NUMBA_CACHE_DIR": str(folder.resolve() / f"cache-{number}")}
            found["cold"].append(worker([task], folder, cache)["first"])
        for _ in range(warms):
            found["cached"].append(worker([task], folder, cache)["first"])
        for stored in folder.glob("cache-*"):
            shutil.rmtree(stored)
        return found

    piece = context.piece("warm-up", depends, make)
    note = "wall time of the first small simulation of a process, imports not counted, "
    return Made(
        [
            figure(
                f"warm-up-{name}",
                GROUP,
                unit="s",
                goal=goal,
                note=note + how,
                **spread([one["wall_s"] for one in piece.found[name]]),
            )
            for name, goal, how in (
                ("cold", "<= 10", "nothing compiled before"),
                ("cached", "< 1", "compiled by an earlier process"),
            )
        ]
    )


def _rates(context: Context, name: str, cases: list[dict[str, Any]], *, repeats: int) -> Piece:
    task = {"name": "rates", "kind": "rates", "cases": cases, "repeats": repeats}
    return context.tasks(name, [task])


def _rate(piece: Piece, case: str) -> list[float]:
    """Millions of cell updates a second of CPU time, each repeat."""
    runs = piece.found["rates"][case]
    return [run["cells"] * run["steps"] / run["cpu_s"] / 1e6 for run in runs]


def _steps(piece: Piece, case: str) -> str:
    run = piece.found["rates"][case][0]
    return f"{run['cells']:,} cells, {run['steps']:,} steps"
