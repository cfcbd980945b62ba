"""Trained runs as predictors."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from inundate.core.config import resolve_settings
from inundate.emulate.predict import factors_of, predict_prepared
from inundate.emulate.prepared import prepare
from inundate.emulate.probes.ground import Array, Ground
from inundate.emulate.probes.trial import Range, Subject
from inundate.emulate.scene import FAMILY_OF
from inundate.emulate.train import load_emulator
from inundate.hydro.settings import SimulateSettings

__all__ = ["run_predictor"]


def run_predictor(run: Path | str) -> Subject:
    """Give the model of a trained run, with the range that it was trained in.

    Raises
    ------
    MissingFileError, RunError, DataError
        If the run has no checkpoint or is damaged.
    """
    found, settings, model = load_emulator(run)

    def predict(ground: Ground, **tiles: Any) -> Array:
        prepared = prepare(
            ground.elevation,
            ground.roughness,
            ground.rain_rate,
            grid=ground.grid,
            interval_s=ground.interval_s,
            settings=ground.settings,
            factors=factors_of(settings)[:1],
        )
        return predict_prepared(model, settings, prepared, **tiles)

    def tiled(ground: Ground, tile_cells: int) -> Array:
        return predict(ground, tile_cells=tile_cells)

    trained = found.manifest["trained_on"]
    physics = resolve_settings(SimulateSettings, flags=found.manifest["simulation"])
    # the truth of small grids comes from the processor, wherever the training's came from
    physics = physics.model_copy(update={"backend": "numba", "threads": 1})
    return Subject(
        found.path.name,
        predict,
        # what steps through time, or is no network, takes the whole map at once
        tiled=tiled if FAMILY_OF.get(settings.model, "series") != "series" else None,
        least_tile=model.align,
        reach_cells=model.reach,
        interval_s=_range(trained["interval_s"]),
        cell_size_m=_range(trained["cell_size_m"]),
        rain_mm=_range(trained["rain_mm"]),
        settings=physics,
    )


def _range(values: Any) -> Range:
    """Give the smallest and largest of one or more numbers."""
    numbers = np.atleast_1d(np.asarray(values, np.float64))
    return float(numbers.min()), float(numbers.max())
