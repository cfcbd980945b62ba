"""Time the solver, the hybrid and the emulators in turn on one ground, and score what they gave."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from inundate.cli.emulator_bench.scoring import STATISTICS, set_gate
from inundate.cli.emulator_bench.sheet import METRICS
from inundate.core.grid import grid_of
from inundate.emulate.precision import Precision, has_bfloat16, use_precision
from inundate.emulate.predict import predict_peak, predict_prepared
from inundate.emulate.prepared import Prepared, prepare, terrain_channels
from inundate.emulate.scene import FAMILY_OF
from inundate.emulate.train import load_emulator
from inundate.hydro.march import simulate_arrays
from inundate.hydro.settings import SimulateSettings
from inundate.score.aggregate import gather
from inundate.score.sample import Forecast, Observed
from inundate.terrain.synthetic import make_terrain

__all__ = ["EVERY", "GROUNDS", "Ground", "measure"]

Array = NDArray[np.float32]
_INTERVAL_S = 600.0
_RAIN_H, _RAIN_MM = 2.0, 60.0
_MANNING = 0.05
_WARM_UP = 64  # cells
EVERY = 4
"""Frames from one pass of Mode H's network to the next, where it is made for speed."""
_SERIES = ("csi_0.05", "csi_0.3", "csi_0.5", "nse", "rmse_wet")
_PEAK = tuple(f"peak_{name}" for name in _SERIES)


@dataclass(frozen=True)
class Ground:
    """A ground on which speed is measured.

    Attributes
    ----------
    name, kind : str
    cell_size_m : float
    settings : mapping
        Of the maker of that kind.
    """

    name: str
    kind: str
    cell_size_m: float
    settings: dict[str, float]


GROUNDS = (
    Ground("flat-urban-2m", "urban", 2.0, {"slope": 0.003}),
    Ground("flat-urban-5m", "urban", 5.0, {"slope": 0.003}),
    Ground("steep-10m", "valley", 10.0, {"side_slope": 0.25, "valley_slope": 0.01}),
    Ground("steep-50m", "valley", 50.0, {"side_slope": 0.25, "valley_slope": 0.01}),
)
"""Every ground, of the kinds of :func:`inundate.terrain.synthetic.make_terrain`."""


@dataclass(frozen=True)
class _Place:
    """A ground, its storm and its physics, as all that is timed is given them."""

    elevation: Array
    roughness: Array
    rain_rate: Array
    grid: Any
    physics: SimulateSettings


def measure(
    ground: Ground,
    sources: Sequence[str],
    *,
    side: int,
    hours: float,
    threads: int,
    repeats: int,
    factors: Callable[[str], tuple[int, ...]],
) -> dict[str, Any]:
    """Time all of them in turn, so that a busy machine is busy for all.

    Parameters
    ----------
    ground : Ground
    sources : sequence of str
        Weights of emulators.
    side : int
        Cells.
    hours : float
        Simulated; it rains for two of them.
    threads : int
        Of the solver and of torch.
    repeats : int
    factors : callable
        Gives those of the coarse solver of some weights; none for a model without one.

    Returns
    -------
    dict
        JSON-able: ``solver_s`` and, by model and factor, the seconds of each part for each repeat
        and the scores against the solver.
    """
    place = _place(ground, side, hours, threads)
    models = {source: load_emulator(source) for source in sources}
    with _threads(threads):
        small = _place(ground, min(side, _WARM_UP), 0.5, threads)
        _turn(small, models, factors)  # compiles, or loads what is compiled
        turns = [_turn(place, models, factors) for _ in range(repeats)]
    last = turns[-1]
    truth = Observed.of(last["depth"]["solver"], interval_s=_INTERVAL_S)
    return {
        "cells": side * side, "frames": int(place.rain_rate.shape[0]), "hours": hours,
        "threads": threads, "rain_mm": _RAIN_MM, "precision": fast_precision(),
        "solver_s": [turn["seconds"]["solver"]["solve"] for turn in turns],
        "terrain_s": [turn["seconds"]["terrain"]["terrain"] for turn in turns],
        "models": {
            key: {
                "seconds": [turn["seconds"][key] for turn in turns],
                "scores": _scores(truth, last["depth"][key]),
            }
            for key in last["depth"] if key != "solver"
        },
    }  # fmt: skip


def fast_precision() -> Precision:
    """Give the numbers of the network where one asks for speed."""
    return "bfloat16" if has_bfloat16() else "float32"


def _turn(
    place: _Place, models: dict[str, Any], factors: Callable[[str], tuple[int, ...]]
) -> dict[str, Any]:
    """Run everything once; give seconds of each part, and depths, by model and factor."""
    seconds: dict[str, dict[str, float]] = {"solver": {}, "terrain": {}}
    depth: dict[str, Array] = {}
    with _clock(seconds["solver"], "solve"):
        found = simulate_arrays(
            place.elevation, place.rain_rate, rain_step_s=_INTERVAL_S,
            cell_size_m=place.grid.dx, settings=place.physics, roughness=place.roughness,
        )  # fmt: skip
    depth["solver"] = np.asarray(found.depth, np.float32)
    with _clock(seconds["terrain"], "terrain"):
        terrain = terrain_channels(
            place.elevation, place.roughness, place.grid, place.physics.edges
        )
    for source, (run, settings, model) in models.items():
        for factor in factors(source) or (0,):
            key = f"{source}|{factor}"
            seconds[key] = {}
            with _clock(seconds[key], "prepared"):  # the ground beside the coarse solver
                _prepared(place, None, factor)
            with _clock(seconds[key], "coarse"):
                prepared = _prepared(place, terrain, factor)
            with _clock(seconds[key], "network"):
                set_gate(model, run.manifest, prepared, place.grid.dx, place.physics)
                depth[key] = predict_prepared(model, settings, prepared, factor=factor or None)
            if FAMILY_OF.get(settings.model) == "hybrid":
                use_precision(model, fast_precision(), name=settings.model)
                with _clock(seconds[key], "every"):
                    depth[f"{key}|every"] = predict_prepared(
                        model, settings, prepared, factor=factor, every=EVERY
                    )
                seconds[f"{key}|every"] = seconds[key]
                with _clock(seconds[key], "peak"):
                    peak = predict_peak(model, settings, prepared, factor=factor)
                depth[f"{key}|peak"] = peak[None]
                seconds[f"{key}|peak"] = seconds[key]
                use_precision(model, "float32", name=settings.model)
    return {"seconds": seconds, "depth": depth}


def _prepared(place: _Place, terrain: Array | None, factor: int) -> Prepared:
    return prepare(
        place.elevation, place.roughness, place.rain_rate, grid=place.grid,
        interval_s=_INTERVAL_S, settings=place.physics, factors=(factor,) if factor else (),
        terrain=terrain,
    )  # fmt: skip


def _scores(truth: Observed, depth: Array) -> dict[str, float | None]:
    """Score a series, or one map of the peak, against the solver."""
    alone = len(depth) == 1 and len(truth.depth) > 1
    if alone:
        truth = Observed.of(truth.peak[None], interval_s=_INTERVAL_S)
    sums = gather(STATISTICS, Forecast(depth).against(truth, name="speed"), truth).sums
    names = _PEAK if alone else (*_SERIES, *_PEAK)
    values = {name: float(METRICS[name].value(sums)) for name in names}
    return {name: value if np.isfinite(value) else None for name, value in values.items()}


def _place(ground: Ground, side: int, hours: float, threads: int) -> _Place:
    terrain = make_terrain(ground.kind, 7, (side, side), ground.cell_size_m, **ground.settings)
    elevation = terrain.to_numpy().astype(np.float32)
    frames = round(hours * 3600 / _INTERVAL_S)
    wet = min(frames, round(_RAIN_H * 3600 / _INTERVAL_S))
    course = np.zeros(frames)
    # rises to its peak after two fifths of the rain, then falls
    course[:wet] = np.interp((np.arange(wet) + 0.5) / wet, [0, 0.4, 1], [0.2, 1.0, 0.2])
    course *= _RAIN_MM / (course.sum() * _INTERVAL_S / 3600)
    east = np.linspace(0.8, 1.2, side)
    rain = course[:, None, None] * np.broadcast_to(east, (side, side))
    physics = SimulateSettings(
        edges="open", manning=_MANNING, output_every_s=_INTERVAL_S, run_on_min=0.0, threads=threads
    )
    rough = np.full(elevation.shape, _MANNING, np.float32)
    return _Place(elevation, rough, rain.astype(np.float32), grid_of(terrain), physics)


@contextmanager
def _clock(seconds: dict[str, float], name: str) -> Iterator[None]:
    began = time.perf_counter()
    yield
    seconds[name] = time.perf_counter() - began


@contextmanager
def _threads(count: int) -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)
