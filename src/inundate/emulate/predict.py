"""Predict depth with a trained emulator, on rasters of any size, without seams."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from inundate.core.config import resolve_settings
from inundate.core.errors import ConfigError, DataError
from inundate.core.grid import attach_grid, check_metric_square, check_same_grid, grid_of
from inundate.core.names import attributes, check_variable
from inundate.core.progress import Progress
from inundate.core.provenance import provenance
from inundate.emulate.models.mode_h import ModeH
from inundate.emulate.precision import Precision, use_precision
from inundate.emulate.predict_arrays import (
    TILE_CELLS,
    predict_frames,
    predict_peak,
    predict_prepared,
)
from inundate.emulate.prepared import prepare
from inundate.emulate.rain_frames import rain_frames
from inundate.emulate.scene import FAMILY_OF
from inundate.emulate.settings import EmulatorSettings, ForecastSettings
from inundate.emulate.train import load_emulator
from inundate.emulate.trained_range import gate_of
from inundate.emulate.uncertain.settings import OutputSettings
from inundate.hydro.settings import SOIL_OF, SimulateSettings

__all__ = ["factors_of", "predict", "predict_frames", "predict_peak", "predict_prepared"]

Array = NDArray[np.float32]


def predict(
    run: Path | str | None,
    rain: xr.DataArray,
    terrain: xr.DataArray,
    *,
    roughness: xr.DataArray | None = None,
    forecast: ForecastSettings | None = None,
    factor: int | None = None,
    every: int = 1,
    peak: bool = False,
    precision: Precision = "float32",
    tile_cells: int = TILE_CELLS,
    uncertainty: OutputSettings | None = None,
    progress: bool = True,
) -> xr.Dataset:
    """Predict the flood of a storm on a terrain.

    Parameters
    ----------
    run : Path or str, optional
        A trained run, exported weights, or the name of weights that ship with the package; by
        default the shipped Mode H.
    rain : DataArray (time, y, x), mm h-1
        It must cover the terrain.
    terrain : DataArray (y, x), m
        Square cells in metres; NaN where there is no ground.
    roughness : DataArray (y, x), s m-1/3, optional
        On the terrain's grid; by default Manning's n of the training simulations.
    forecast : ForecastSettings, optional
        Physics that differ from those of the training simulations.
    factor : int, optional
        Fine cells along a cell of the coarse solver: 2 is the most exact, 8 the fastest; by
        default the first that the model was trained with.
    every : int
        Frames from one pass of the network to the next; see :func:`predict_prepared`.
    peak : bool
        Only the map of greatest depths, see :func:`predict_peak`.
    precision : str
        Numbers of the inner layers of Mode H's network: ``"bfloat16"`` takes half the network's
        time on a processor that has instructions for it; depths move by 0.1 mm, rarely by
        centimetres.
    tile_cells : int
        Largest side of a piece predicted at once.
    uncertainty : OutputSettings, optional
        Say as well how sure the depth is; the run must have a calibration.
    progress : bool
        Show how far it is.

    Returns
    -------
    Dataset
        ``water_depth`` (time, y, x) and ``water_depth_max`` (y, x) in m, ``rain_rate``,
        ``elevation``, and what :func:`inundate.emulate.uncertain.output.add_spread` adds; with
        ``peak`` only ``water_depth_max`` and ``elevation``;
        attributes ``kind`` "prediction", ``model``, ``run``, ``warnings``.

    Raises
    ------
    GridError, DataError
        If rain and terrain do not fit, as for the solver.
    ConfigError
        If the model is no Mode H, or this processor has no bfloat16, and that was asked for.
    """
    found, settings, model = load_emulator(run)
    use_precision(model, precision, name=settings.model)
    physics = _physics(found.manifest, forecast)
    factors = _chosen(settings, factor)
    if peak and (uncertainty is not None or every != 1):
        raise ConfigError(
            "predicting the peak alone: uncertainty and passed-over frames are of a series"
        )
    check_variable(terrain, "elevation", where="predicting")
    grid = grid_of(terrain, where="predicting, terrain")
    cell_size = check_metric_square(grid, where="predicting")
    ground = terrain.to_numpy().astype(np.float32)
    valid = np.isfinite(ground)
    if not valid.any():
        raise DataError("predicting: the terrain has no cell with ground")
    rough = np.where(valid, physics.manning, np.nan).astype(np.float32)
    if roughness is not None:
        check_same_grid(roughness, grid, "roughness", "terrain")
        rough = roughness.to_numpy().astype(np.float32)
    frames = rain_frames(rain, grid, valid, physics)
    prepared = prepare(
        ground,
        rough,
        frames.rate,
        grid=grid,
        interval_s=frames.interval_s,
        settings=physics,
        factors=factors,
    )
    if uncertainty is not None:  # before the time is spent that the frames take
        from inundate.emulate.uncertain.output import open_spread

        factor_used = factors[0] if factors else 0
        spread = open_spread(found, model, settings, uncertainty, factor=factor_used)
    gate = gate_of(found.manifest["trained_on"], prepared, cell_size, physics)
    if isinstance(model, ModeH):
        model.gate = gate.share
    warnings = list(gate.warnings)
    if warnings and isinstance(model, ModeH):
        warnings.append(
            f"outside its range, {gate.share:.0%} of the model's correction of the hybrid is made"
        )
    missing = frames.assumed_dry
    if any(missing.values()):
        warnings.append(
            f"rain is missing in {missing['cells']:,.0f} cells and steps and for "
            f"{missing['seconds'] / 60:g} min between steps; it was taken as dry"
        )
    if uncertainty is not None and gate.share < 1.0:
        warnings.append("the spread was calibrated inside that range; here it may be too narrow")
    handed = ("moved_by_m", "moved_from", "filled_steps", "source_format")
    attrs: dict[str, Any] = {
        "kind": "prediction",
        "model": settings.model,
        "run": found.path.name,
        "terrain_name": str(terrain.attrs.get("terrain_name", "terrain")),
        "storm_name": str(rain.attrs.get("storm_name", "rain")),
        "settings": physics.model_dump_json(),
        "gate": gate.share if isinstance(model, ModeH) else 1.0,
        "precision": precision,
        "warnings": json.dumps(warnings),
        "provenance": json.dumps(provenance()),
        **{key: rain.attrs[key] for key in handed if key in rain.attrs},
    }
    if any(missing.values()):
        attrs["rain_assumed_dry"] = json.dumps(missing)
    fixed = {"elevation": (("y", "x"), ground, attributes("elevation"))}
    if peak:
        depth = predict_peak(model, settings, prepared, tile_cells=tile_cells)
        fixed["water_depth_max"] = (("y", "x"), depth, attributes("water_depth_max"))
        return attach_grid(xr.Dataset(fixed, attrs=attrs), grid)
    with Progress("predict", total=prepared.frames, unit="frames", enabled=progress) as bar:
        depth = predict_prepared(
            model, settings, prepared, every=every, tile_cells=tile_cells, bar=bar
        )
    ds = xr.Dataset(
        {
            "water_depth": (("time", "y", "x"), depth, attributes("water_depth")),
            "water_depth_max": (("y", "x"), depth.max(axis=0), attributes("water_depth_max")),
            "rain_rate": (
                ("time", "y", "x"),
                np.where(valid, frames.rate, np.nan).astype(np.float32),
                attributes("rain_rate"),
            ),
            **fixed,
        },
        coords={
            "time": ("time", frames.time, {"standard_name": "time", "bounds": "time_bounds"}),
            "time_bounds": (("time", "bounds"), frames.bounds),
        },
        attrs=attrs,
    )
    if uncertainty is not None:
        from inundate.emulate.uncertain.case import SpreadCase
        from inundate.emulate.uncertain.output import add_spread

        case = SpreadCase(
            name=f"{ds.attrs['terrain_name']}@{ds.attrs['storm_name']}",
            elevation=ground,
            roughness=rough,
            rain_rate=frames.rate,
            grid=grid,
            interval_s=frames.interval_s,
            settings=physics,
            prepared=prepared,
            depth=depth,
        )
        ds = add_spread(ds, case, spread, uncertainty, progress=progress)
    return attach_grid(ds, grid)


def _physics(manifest: dict[str, Any], forecast: ForecastSettings | None) -> SimulateSettings:
    stored = manifest["simulation"]
    if forecast is not None:
        given = forecast.model_dump(exclude_none=True)
        if given.get("infiltration", stored.get("infiltration")) != stored.get("infiltration"):
            # what belongs to the other kind of soil is not of this one
            soil = {"infiltration", *SOIL_OF}
            stored = {k: v for k, v in stored.items() if k not in soil}
        stored = {**stored, **given}
        soil_kind = stored.get("infiltration")
        unread = [name for name, kind in SOIL_OF.items() if name in given and kind != soil_kind]
        if unread:
            raise ConfigError(
                f"predicting: {', '.join(unread)} given, but infiltration is {soil_kind!r}",
                hint=f"add --infiltration {SOIL_OF[unread[0]]}",
            )
    physics = resolve_settings(SimulateSettings, flags=stored)
    physics.check()
    return physics


def _chosen(settings: EmulatorSettings, factor: int | None) -> tuple[int, ...]:
    known = factors_of(settings)
    if factor is None:
        return known[:1]
    if factor not in known:
        raise ConfigError(
            f"predicting with a coarse solver of factor {factor}; the model was trained with "
            f"{', '.join(map(str, known)) or 'none, since it uses no coarse solver'}"
        )
    return (factor,)


def factors_of(settings: EmulatorSettings) -> tuple[int, ...]:
    """Give the factors of the coarse solver that a model was trained with; none without it."""
    uses = FAMILY_OF.get(settings.model) == "hybrid"
    return tuple(settings.factors) if uses else ()
