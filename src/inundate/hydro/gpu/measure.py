"""Figures of the solver on a CUDA device; left open where there is none."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch

from inundate.hydro.gpu.clock import Engine
from inundate.hydro.gpu.ensemble import make_engine
from inundate.hydro.gpu.tensors import Forces, make_water, put_ground
from inundate.hydro.gpu.torch_kernel import EngineKernel, describe_device
from inundate.hydro.march import March
from inundate.hydro.problems import make_problem
from inundate.hydro.settings import SimulateSettings
from inundate.hydro.state import Array
from inundate.terrain.synthetic import make_terrain

__all__ = ["GpuFigure", "Timing", "largest_difference", "measure_gpu", "time_batch"]

_SEED = 20  # as in inundate.hydro.problems
_CELL_M = 10.0
_RAIN_MM_H = 30.0
_MM_H = 1.0 / 3.6e6  # m s-1
_DIGITS = 4


@dataclass(frozen=True)
class Timing:
    """A batch timed.

    Attributes
    ----------
    seconds : float
        Wall time.
    updates_a_second : float
        Cells times steps of all members, over the time.
    steps : int
        Of the member with the most.
    """

    seconds: float
    updates_a_second: float
    steps: int


@dataclass(frozen=True)
class GpuFigure:
    """A figure for ``inundate benchmark solver``.

    Attributes
    ----------
    name, case : str
        What was measured, and on what (the device, or why it is open).
    value : float or None
        None where there is no CUDA device, or too little memory on it.
    unit, goal : str
    """

    name: str
    case: str
    value: float | None
    unit: str
    goal: str


def measure_gpu(backend: str = "triton") -> list[GpuFigure]:
    """Measure the solver on the CUDA device.

    Parameters
    ----------
    backend : {"triton", "torch"}
        What runs the step.

    Returns
    -------
    list of GpuFigure
        ``gpu-updates-per-second`` (2048 x 2048), ``gpu-updates-per-second-batch`` (16 members of
        512 x 512), ``gpu-against-cpu`` (largest difference of the maximum depth on jacksboro) and
        ``gpu-ensemble`` (100 members of 1000 x 1000 cells, 6 h of 30 mm/h, seconds), with Manning
        and rain maps, maximum depth and outflow scaling on, float32.
    """
    makers: dict[str, tuple[str, str, Callable[[Engine], float]]] = {
        "gpu-updates-per-second": ("G/s", ">= 40", lambda engine: _rate(engine, 1, 2048)),
        "gpu-updates-per-second-batch": ("G/s", ">= 15", lambda engine: _rate(engine, 16, 512)),
        "gpu-against-cpu": ("m", "<= 1e-4", largest_difference),
        "gpu-ensemble": ("s", "", _ensemble),
    }
    if not torch.cuda.is_available():
        return [
            GpuFigure(name, "no CUDA device", None, unit, goal)
            for name, (unit, goal, _) in makers.items()
        ]
    case = f"{backend} on {describe_device(torch.device('cuda'))}"
    found = []
    for name, (unit, goal, make) in makers.items():
        try:
            value, label = float(f"{make(make_engine(backend)):.{_DIGITS}g}"), case
        except torch.cuda.OutOfMemoryError:
            value, label = None, f"{case}: too little memory"
        torch.cuda.empty_cache()
        found.append(GpuFigure(name, label, value, unit, goal))
    return found


def time_batch(
    engine: Engine,
    members: int,
    size: int,
    *,
    warm_s: float,
    timed_s: float,
    device: torch.device | None = None,
) -> Timing:
    """Time a batch of storms of different strength on one valley with closed edges.

    Parameters
    ----------
    engine : Engine
        What runs it.
    members : int
        Storms, from half to one and a half times 30 mm/h.
    size : int
        Cells a side, of 10 m.
    warm_s, timed_s : float
        Simulated before the clock starts, and while it runs.
    device : torch.device, optional
        By default CUDA.
    """
    device = device or torch.device("cuda")
    heights = make_terrain("valley", _SEED, (size, size), _CELL_M).to_numpy()
    settings = SimulateSettings(edges="closed")
    rough = np.where(heights > np.median(heights), 0.05, 0.03)
    march = March(heights, _CELL_M, settings, rough)
    ground = put_ground(march.ground, device)
    water = make_water([march.state] * members, ground)
    strength = torch.linspace(0.5, 1.5, members, device=device)
    rain = (_RAIN_MM_H * _MM_H * strength)[:, None, None].expand(members, size, size).contiguous()
    forces = Forces(rain.to(ground.elevation.dtype), 0.0, ground.spread_faces(rain.new_zeros(1, 0)))
    steps = np.zeros(members, dtype=np.int64)

    def run(seconds: float) -> float:
        left = np.full(members, seconds)
        begun = time.perf_counter()
        while (left > 0).any():
            report = engine.advance(water, ground, forces, left, march.scheme)
            left = np.where(report.seconds >= left, 0.0, left - report.seconds)
            steps[...] += report.steps
        if device.type == "cuda":
            torch.cuda.synchronize()
        return time.perf_counter() - begun

    run(warm_s)
    steps[...] = 0
    seconds = run(timed_s)
    return Timing(seconds, float(steps.sum()) * size * size / seconds, int(steps.max()))


def _rate(engine: Engine, members: int, size: int) -> float:
    return time_batch(engine, members, size, warm_s=900, timed_s=1800).updates_a_second / 1e9


def _ensemble(engine: Engine) -> float:
    return time_batch(engine, 100, 1000, warm_s=60, timed_s=6 * 3600).seconds


def largest_difference(engine: Engine, *, small: bool = False) -> float:
    """Give the largest difference of the maximum depth from the compiled kernel, m.

    Parameters
    ----------
    engine : Engine
        What is compared.
    small : bool
        On a corner of the problem and a tenth of its time, and on the processor.
    """
    problem = make_problem("jacksboro", small=small)
    device = torch.device("cpu" if small else "cuda")
    rain: Array = np.full(problem.elevation.shape, problem.rain_mm_h)
    settings = SimulateSettings(edges="closed")
    deepest = []
    for kernel in (None, EngineKernel(engine, device)):
        march = March(problem.elevation, problem.cell_size_m, settings, kernel=kernel)
        wet = (problem.rain_s, rain)
        for _ in march.frames([wet, (problem.total_s - problem.rain_s, np.zeros_like(rain))]):
            pass
        deepest.append(march.deepest())
    return float(np.abs(deepest[1] - deepest[0]).max())
