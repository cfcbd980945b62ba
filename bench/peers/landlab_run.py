"""Run landlab's OverlandFlow on a problem, inside an environment that has landlab.

    python landlab_run.py PROBLEM.npz PROBLEM.json OUTPUT

Reads the heights (array ``elevation``, row 0 in the north) and the settings; writes OUTPUT.npz
(largest depth and last depth on the same cells) and OUTPUT.json. Only the calls that advance the
water are timed; the largest depth is kept outside of the clock.
"""

import json
import platform
import sys
import time
from importlib.metadata import version
from pathlib import Path

import numpy as np
from landlab import RasterModelGrid
from landlab.components import OverlandFlow


def main():
    """Run and write."""
    problem, settings, output = (Path(name) for name in sys.argv[1:])
    told = json.loads(settings.read_text("utf-8"))
    elevation = np.load(problem)["elevation"]
    found, depth, deepest = run(elevation, told)
    np.savez(output.with_suffix(".npz"), depth=depth, deepest=deepest)
    output.with_suffix(".json").write_text(json.dumps(found), encoding="utf-8")


def run(elevation, told):
    """Simulate; give what happened, the last depth and the largest depth."""
    # a closed boundary is a ring of nodes that hold no water, so one is put around the cells
    heights = np.pad(elevation[::-1], 1, mode="edge")
    grid = RasterModelGrid(heights.shape, xy_spacing=told["cell_size_m"])
    grid.add_field("topographic__elevation", heights.ravel().copy(), at="node")
    # the film that landlab starts with is water that no rain brought: it counts as an error
    film = grid.add_full("surface_water__depth", 0.0, at="node")
    grid.set_closed_boundaries_at_grid_edges(True, True, True, True)
    peer = {"alpha": 0.7, "theta": 0.8, "steep_slopes": True, "h_init": 1e-5, **told["peer"]}
    flow = OverlandFlow(grid, mannings_n=told["manning"], g=9.81, **peer)
    cpu = wall = now = 0.0
    steps, deepest = 0, film.copy()
    failure = None
    while now < told["total_s"]:
        raining = now < told["rain_s"]
        flow.rainfall_intensity = told["rain_mm_h"] / 3.6e6 if raining else 0.0
        left = (told["rain_s"] if raining else told["total_s"]) - now
        cpu_before, wall_before = time.process_time(), time.perf_counter()
        step = min(left, told["max_step_s"])
        if film.max() > 0:
            step = min(step, float(flow.calc_time_step()))
        flow.overland_flow(dt=step)
        cpu += time.process_time() - cpu_before
        wall += time.perf_counter() - wall_before
        now = told["rain_s"] if raining and left - step < 1e-6 else now + step
        steps += 1
        np.maximum(deepest, film, out=deepest)
        if not film.max() < 1000 or steps > 500_000:
            failure = f"depth {film.max():g} m after {now:.0f} s and {steps} steps"
            break
        if told["total_s"] - now < 1e-6:
            break
    inside = (slice(1, -1), slice(1, -1))
    last = film.reshape(heights.shape)[inside][::-1]
    found = {
        "version": version("landlab"),
        "python": platform.python_version(),
        "numpy": np.__version__,
        "settings": peer,
        "cells": int(elevation.size),
        "steps": steps,
        "cpu_s": cpu,
        "wall_s": wall,
        "simulated_s": min(now, told["total_s"]),
        "water_m": float(last.mean(dtype=np.float64)),
        "failure": failure,
        "deepest_every": "step",
    }
    return found, last, deepest.reshape(heights.shape)[inside][::-1]


if __name__ == "__main__":
    main()
