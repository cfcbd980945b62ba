"""Run itzi-core on a problem, inside an environment that has itzi-core.

    python itzi_run.py PROBLEM.npz PROBLEM.json OUTPUT

Reads the heights (array ``elevation``, row 0 in the north) and the settings; writes OUTPUT.npz
(largest depth and last depth on the same cells) and OUTPUT.json. Only the calls that advance the
water are timed; itzi keeps the largest depth itself, at every step.
"""

import json
import platform
import sys
import time
from datetime import datetime, timedelta
from importlib.metadata import version
from pathlib import Path

import numpy as np
from itzi_core import (
    DomainData,
    SimulationBuilder,
    SimulationConfig,
    SurfaceFlowParameters,
    TemporalType,
)
from itzi_core.providers.memory_input import MemoryRasterInputProvider, TimedRasterSlice
from itzi_core.providers.memory_output import MemoryRasterOutputProvider

START = datetime(2000, 1, 1)


def main():
    """Run and write."""
    problem, settings, output = (Path(name) for name in sys.argv[1:])
    told = json.loads(settings.read_text("utf-8"))
    elevation = np.load(problem)["elevation"]
    found, depth, deepest = run(elevation, told)
    np.savez(output.with_suffix(".npz"), depth=depth, deepest=deepest)
    output.with_suffix(".json").write_text(json.dumps(found), encoding="utf-8")


def make_simulation(elevation, told, peer):
    """Give a simulation that is ready to be stepped."""
    rows, columns = elevation.shape
    size = told["cell_size_m"]
    end = START + timedelta(seconds=told["total_s"])
    domain = DomainData(
        north=rows * size, south=0.0, east=columns * size, west=0.0,
        rows=rows, cols=columns, crs_wkt="",
    )  # fmt: skip
    rain = np.full(elevation.shape, told["rain_mm_h"], np.float32)  # itzi reads mm h-1
    rain_end = START + timedelta(seconds=told["rain_s"])
    source = MemoryRasterInputProvider(
        {
            "domain_data": domain,
            "simulation_start_time": START,
            "simulation_end_time": end,
            "static_arrays": {
                "ground_elevation": elevation.astype(np.float32),
                "friction": np.full(elevation.shape, told["manning"], np.float32),
            },
            "timed_arrays": {
                "rainfall_rate": [
                    TimedRasterSlice(start_time=START, end_time=rain_end, array=rain),
                    TimedRasterSlice(start_time=rain_end, end_time=end, array=np.zeros_like(rain)),
                ]
            },
        }
    )
    config = SimulationConfig(
        start_time=START,
        end_time=end,
        record_step=timedelta(seconds=told["total_s"]),
        temporal_type=TemporalType.RELATIVE,
        input_map_names={name: name for name in ("ground_elevation", "friction", "rainfall_rate")},
        output_map_names={"water_depth": "water_depth"},
        surface_flow_parameters=SurfaceFlowParameters(g=9.81, **peer),
        dtinf=min(60.0, told["rain_s"]),
    )
    builder = SimulationBuilder(config, np.zeros(elevation.shape, bool))
    builder = builder.with_input_provider(source)
    return builder.with_raster_output_provider(MemoryRasterOutputProvider()).build()


def run(elevation, told):
    """Simulate; give what happened, the last depth and the largest depth."""
    peer = dict(told["peer"])
    simulation = make_simulation(elevation, told, peer).initialize()
    failure = None
    cpu_before, wall_before = time.process_time(), time.perf_counter()
    try:
        while simulation.sim_time < simulation.end_time:
            simulation.update()
    except Exception as error:  # noqa: BLE001  whatever stops it is a result
        failure = f"{type(error).__name__}: {error}"
    cpu, wall = time.process_time() - cpu_before, time.perf_counter() - wall_before
    depth = np.array(simulation.get_array("water_depth"), np.float64)
    found = {
        "version": version("itzi-core"),
        "python": platform.python_version(),
        "numpy": np.__version__,
        "settings": peer,
        "cells": int(elevation.size),
        "steps": int(simulation.time_steps_counters["since_start"]),
        "cpu_s": cpu,
        "wall_s": wall,
        "simulated_s": (simulation.sim_time - START).total_seconds(),
        "water_m": float(depth.mean()),
        "failure": failure,
        "deepest_every": "step",
    }
    return found, depth, np.array(simulation.get_array("max_water_depth"), np.float64)


if __name__ == "__main__":
    main()
