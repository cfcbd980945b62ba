"""How many cell updates a second the inertial kernel does on this machine."""

from __future__ import annotations

import time
from typing import Literal

import numpy as np

from inundate.core.seeds import make_rng
from inundate.hydro.march import March
from inundate.hydro.settings import SimulateSettings

__all__ = ["measure_rate"]

_CELL_M = 10.0
_ROUNDS = 5  # parts of the time; the best counts, since other work only slows
_FIRST_STEPS = 4


def measure_rate(
    height: int,
    width: int,
    *,
    precision: Literal["float32", "float64"] = "float32",
    threads: int = 1,
    seconds: float = 1.0,
    seed: int = 0,
) -> float:
    """Measure the kernel on ground that is wet everywhere, with everything on.

    About a metre of rough water on rough ground, a map of Manning's n, a map of rain, the
    largest depth kept, outflow scaled where it must be; no edges and no losses.

    Parameters
    ----------
    height, width : int
        Cells of the grid.
    precision : str
        Working precision.
    threads : int
        Threads used, whatever the size of the grid.
    seconds : float
        Time to measure for.
    seed : int
        Of the maps.

    Returns
    -------
    float
        Million cell updates a second: of processor time with one thread, of the clock with
        several.
    """
    march, rain = _wet_march(height, width, precision, threads, seed)
    clock = time.process_time if threads == 1 else time.perf_counter
    scheme = march.scheme.__class__(**{**march.scheme.__dict__, "threads": threads})
    step_s = scheme.courant * _CELL_M / np.sqrt(9.81 * march.state.deepest_now_m)
    march.step(rain, step_s, scheme)  # compiles, or reads what was compiled before
    start = clock()
    taken = march.step(rain, _FIRST_STEPS * step_s, scheme).steps
    each = max((clock() - start) / taken, 1e-7)
    steps = max(_FIRST_STEPS, int(seconds / _ROUNDS / each))
    best = 0.0
    for _ in range(_ROUNDS):
        start = clock()
        taken = march.step(rain, steps * step_s, scheme).steps
        best = max(best, taken * height * width / (clock() - start))
    return best * 1e-6


def _wet_march(
    height: int, width: int, precision: Literal["float32", "float64"], threads: int, seed: int
) -> tuple[March, np.ndarray[tuple[int, ...], np.dtype[np.floating]]]:
    rng = make_rng(seed, "throughput")
    rows, columns = np.mgrid[:height, :width]
    ground = 0.3 * np.sin(columns / 17) * np.cos(rows / 23) + rng.normal(0, 0.02, rows.shape)
    depth = 1 - ground + rng.normal(0, 0.02, rows.shape)
    march = March(
        ground,
        _CELL_M,
        SimulateSettings(edges="closed", precision=precision, threads=threads),
        roughness=rng.uniform(0.02, 0.08, rows.shape),
        initial_depth=depth,
    )
    rain = rng.uniform(0, 50 / 3.6e6, rows.shape)
    return march, rain.astype(precision)
