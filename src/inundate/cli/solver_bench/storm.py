"""A real storm over ten million cells: the memory that it takes."""

from __future__ import annotations

from typing import Any

import numpy as np
import xarray as xr

from inundate.cli.solver_bench.figures import Made, figure
from inundate.cli.solver_bench.pieces import Context
from inundate.rain.steps import step_edges

__all__ = ["large_storm", "storm_inputs"]

GROUP = "Memory"
_STORM, _AREA = "radar/meteoswiss-ch/20150515", "terrain/os-terrain50/dartmoor_exe"
_CENTRE = (700_500.0, 19_500.0)  # heaviest rain of the storm, in its own map
_SIDE, _CELL_M = 3163, 50.0
_LIMIT_GB = 4.0


def large_storm(context: Context) -> Made:
    """Peak memory of a process that simulates six hours on ten million cells."""
    identity, goal = "memory-ten-million-cells", f"< {_LIMIT_GB:g}"
    inputs = [context.data / _STORM, context.data / _AREA]
    absent = [str(path.name) for path in inputs if not path.exists()]
    if absent and not context.quick:
        note = f"no real data here: {', '.join(absent)} is absent (--data)"
        return Made([figure(identity, GROUP, None, "GB", goal, note=note)])
    task = {
        "name": "storm",
        "kind": "storm",
        "small": context.quick,
        "hours": 0.25 if context.quick else 6.0,
        "rain": str(inputs[0].resolve()),
        "terrain": str(inputs[1].resolve()),
        "settings": {"threads": 2, "output_every_s": 3600.0, "missing_rain": "dry"},
    }
    found = context.tasks("storm", [task], ("inundate.hydro.simulate",)).found["storm"]
    note = (
        f"{found['cells']:,} cells of {_CELL_M:g} m (OS Terrain 50, mirrored), "
        f"{found['simulated_h']:.2g} h: {found['rain_h']:.2g} h of a radar storm in steps of "
        f"5 min, then it drains; hourly frames to disk; two threads; {found['steps']:,} steps "
        f"in {found['wall_s']:.0f} s; before the run {found['before_mib'] / 1024:.2f} GiB; "
        f"budget error {found['budget_error']:.1e}; deepest {found['highest_m']:.1f} m"
    )
    value = found["peak_mib"] * 2**20 / 1e9
    return Made([figure(identity, GROUP, value, "GB", goal, note=note)])


def storm_inputs(task: dict[str, Any]) -> tuple[xr.DataArray, xr.DataArray, float]:
    """Give rain, terrain and the hours that it rains, for a task."""
    if task["small"]:
        return _small()
    from inundate.core.grid import Grid, attach_grid, grid_of
    from inundate.rain.move import move_rain
    from inundate.rain.open import open_rain
    from inundate.terrain.open import open_terrain

    real = open_terrain(task["terrain"])
    heights = real.to_numpy()
    rows, columns = heights.shape
    # every second copy is a mirror image, so that no cliff stands between copies
    wide = np.pad(heights, ((0, _SIDE - rows), (0, _SIDE - columns)), mode="symmetric")
    grid = grid_of(real)
    whole = Grid(grid.crs, grid.left, grid.top, grid.dx, grid.dy, _SIDE, _SIDE)
    array = xr.DataArray(wide, dims=("y", "x"), name="elevation", attrs=dict(real.attrs))
    terrain = attach_grid(array, whole)
    rain = open_rain(task["rain"])
    centre = (grid.left + _SIDE * _CELL_M / 2, grid.top - _SIDE * _CELL_M / 2)
    source = grid_of(rain)
    middle = ((source.bounds[0] + source.bounds[2]) / 2, (source.bounds[1] + source.bounds[3]) / 2)
    # that place comes to lie on the middle of the terrain
    to = (centre[0] + middle[0] - _CENTRE[0], centre[1] + middle[1] - _CENTRE[1])
    moved = move_rain(rain, to=to, crs=whole.crs)
    return moved, terrain, _hours(moved)


def _small() -> tuple[xr.DataArray, xr.DataArray, float]:
    from inundate.core.grid import grid_of
    from inundate.rain.design import uniform_storm
    from inundate.terrain.synthetic import make_terrain

    terrain = make_terrain("valley", 0, (64, 64), _CELL_M)
    rain = uniform_storm(grid_of(terrain), total_mm=10.0, duration_min=10.0)
    return rain, terrain, _hours(rain)


def _hours(rain: xr.DataArray) -> float:
    """Give the hours from the start of the first step to the end of the last."""
    starts, ends = step_edges(rain, where="benchmark solver")
    return float((ends[-1] - starts[0]) / np.timedelta64(1, "s")) / 3600
