"""Run ANUGA on a problem, inside an environment that has anuga.

    python anuga_run.py PROBLEM.npz PROBLEM.json OUTPUT

Reads the heights (array ``elevation``, row 0 in the north) and the settings; writes OUTPUT.npz
(largest depth and last depth on the same cells) and OUTPUT.json.

The mesh has a square of four triangles for each block of 2 x 2 cells, so that there are as many
triangles as cells. The centre of a cell lies on the side that two triangles of its square share;
their mean is the cell's value, which keeps the volume exactly. Only the calls that advance the
water are timed; the largest depth is looked at every ``watch_s`` seconds outside of the clock.
"""

import json
import platform
import sys
import time
from importlib.metadata import version
from pathlib import Path

import anuga
import numpy as np


def main():
    """Run and write."""
    problem, settings, output = (Path(name) for name in sys.argv[1:])
    told = json.loads(settings.read_text("utf-8"))
    elevation = np.load(problem)["elevation"]
    found, depth, deepest = run(elevation, told, output.parent)
    np.savez(output.with_suffix(".npz"), depth=depth, deepest=deepest)
    output.with_suffix(".json").write_text(json.dumps(found), encoding="utf-8")


def triangles_of_cells(domain, shape, size):
    """Give the numbers of the two triangles at the centre of each cell, array (2, H, W)."""
    rows, columns = shape
    x, y = domain.centroid_coordinates.T
    column, row = (x // (2 * size)).astype(int), (y // (2 * size)).astype(int)
    across, up = x / (2 * size) - column - 0.5, y / (2 * size) - row - 0.5
    # which side of the square each triangle stands on: east, north, west, south
    side = np.where(np.abs(across) > np.abs(up), np.where(across > 0, 0, 2), np.where(up > 0, 1, 3))
    numbers = np.full((4, rows // 2, columns // 2), -1)
    numbers[side, row, column] = np.arange(x.size)
    assert (numbers >= 0).all()
    east, north, west, south = numbers[:, ::-1]  # row 0 in the north
    found = np.empty((2, rows, columns), int)
    for index, first, second in (
        ((0, 0), north, west), ((0, 1), north, east), ((1, 0), south, west), ((1, 1), south, east),
    ):  # fmt: skip
        found[0, index[0] :: 2, index[1] :: 2] = first
        found[1, index[0] :: 2, index[1] :: 2] = second
    return found


def make_domain(elevation, told, peer, folder):
    """Give a dry domain with closed edges, and the triangles of each cell."""
    rows, columns = elevation.shape
    size = told["cell_size_m"]
    domain = anuga.rectangular_cross_domain(
        columns // 2, rows // 2, len1=columns * size, len2=rows * size
    )
    domain.set_name("anuga")
    domain.set_datadir(str(folder))
    domain.set_store(False)
    domain.set_flow_algorithm(peer["algorithm"])
    cells = triangles_of_cells(domain, elevation.shape, size)
    ground = np.zeros(domain.number_of_elements)
    for half in cells:  # each triangle lies over two cells
        np.add.at(ground, half.ravel(), elevation.ravel() / 2)
    domain.set_quantity("elevation", ground, location="centroids")
    domain.set_quantity("stage", ground, location="centroids")
    domain.set_quantity("friction", told["manning"])
    closed = anuga.Reflective_boundary(domain)
    domain.set_boundary(dict.fromkeys(("left", "right", "top", "bottom"), closed))
    domain.set_evolve_max_timestep(told["max_step_s"])
    return domain, cells


def run(elevation, told, folder):
    """Simulate; give what happened, the last depth and the largest depth."""
    peer = {"algorithm": "DE0", "watch_s": 60.0, **told["peer"]}
    rows, columns = elevation.shape
    whole = elevation[: rows // 2 * 2, : columns // 2 * 2]
    domain, cells = make_domain(whole, told, peer, folder)
    rate, rain_s = told["rain_mm_h"] / 3.6e6, told["rain_s"]
    anuga.Rate_operator(domain, rate=lambda t: rate if t < rain_s else 0.0)
    stage, ground = domain.quantities["stage"], domain.quantities["elevation"]
    deepest, depth, steps, now = np.zeros(ground.centroid_values.shape), None, 0, 0.0
    frames = domain.evolve(
        yieldstep=min(peer["watch_s"], told["rain_s"]), finaltime=told["total_s"]
    )
    cpu = wall = 0.0
    failure = None
    while True:
        cpu_before, wall_before = time.process_time(), time.perf_counter()
        try:
            reached = next(frames, None)
        except Exception as error:  # noqa: BLE001  whatever stops it is a result
            failure = f"{type(error).__name__}: {error}"
            reached = None
        cpu += time.process_time() - cpu_before
        wall += time.perf_counter() - wall_before
        if reached is None:
            break
        now = reached
        steps += domain.number_of_steps
        depth = stage.centroid_values - ground.centroid_values
        np.maximum(deepest, depth, out=deepest)
    found = {
        "version": version("anuga"),
        "python": platform.python_version(),
        "numpy": np.__version__,
        "settings": peer,
        "cells": int(domain.number_of_elements),
        "steps": int(steps),
        "cpu_s": cpu,
        "wall_s": wall,
        "simulated_s": float(now),
        "water_m": float(np.average(depth, weights=domain.areas)),
        "failure": failure,
        "deepest_every": f"{peer['watch_s']:g} s",
    }
    return found, on_cells(depth, cells, elevation.shape), on_cells(deepest, cells, elevation.shape)


def on_cells(values, cells, shape):
    """Give the mean of the two triangles at each cell; NaN in an odd last row or column."""
    found = np.full(shape, np.nan)
    found[: cells.shape[1], : cells.shape[2]] = values[cells].mean(axis=0)
    return found


if __name__ == "__main__":
    main()
