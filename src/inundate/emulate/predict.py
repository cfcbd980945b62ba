"""Predict depth with a trained emulator, on rasters of any size, without seams."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
import xarray as xr
from numpy.typing import NDArray
from torch import Tensor

from inundate.core.config import resolve_settings
from inundate.core.errors import ConfigError, DataError
from inundate.core.grid import attach_grid, check_metric_square, check_same_grid, grid_of
from inundate.core.names import attributes, check_variable
from inundate.core.progress import Progress
from inundate.core.provenance import provenance
from inundate.emulate.direct import Direct
from inundate.emulate.models.mode_h import ModeH
from inundate.emulate.orient import orientation, turned_back
from inundate.emulate.prepared import Prepared, prepare
from inundate.emulate.rain_bound import LEAST_M, RainBound
from inundate.emulate.rain_frames import rain_frames
from inundate.emulate.scene import FAMILY_OF, Scene, Window, padded
from inundate.emulate.settings import EmulatorSettings, ForecastSettings
from inundate.emulate.train import load_emulator
from inundate.emulate.trained_range import gate_of
from inundate.emulate.uncertain.settings import OutputSettings
from inundate.emulate.zoo import Emulator, Network
from inundate.hydro.settings import SimulateSettings

__all__ = ["factors_of", "predict", "predict_frames", "predict_peak", "predict_prepared", "tiles"]

Array = NDArray[np.float32]
_TILE_CELLS = 1024  # largest side predicted in one piece; 19 channels of it are 80 MB
_PIXELS = 200_000  # cells times frames in one forward pass: what stays in a processor's cache


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
    tile_cells: int = _TILE_CELLS,
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
    """
    found, settings, model = load_emulator(run)
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
            f"{gate.share:.0%} of the model's correction of the hybrid is made outside its range"
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
        "warnings": json.dumps(warnings),
        "provenance": json.dumps(provenance()),
        **{key: rain.attrs[key] for key in handed if key in rain.attrs},
    }
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
        coords={"time": ("time", frames.time, {"standard_name": "time"})},
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
            soil = {"infiltration", "loss_mm_h", "conductivity_mm_h", "suction_mm"}
            stored = {k: v for k, v in stored.items() if k not in {*soil, "moisture_deficit"}}
        stored = {**stored, **given}
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


def predict_prepared(
    model: Emulator,
    settings: EmulatorSettings,
    prepared: Prepared,
    *,
    factor: int | None = None,
    every: int = 1,
    tile_cells: int = _TILE_CELLS,
    bar: Progress | None = None,
) -> Array:
    """Predict all frames.

    Parameters
    ----------
    model : Emulator
    settings : EmulatorSettings
    prepared : Prepared
    factor : int, optional
        Of the coarse solver, one of those in ``prepared``; by default its first.
    every : int
        Mode H only: frames from one pass of the network to the next. Between them its correction
        is interpolated in time, and the water of each frame poured by it: 3 takes a third of the
        network's time.
    tile_cells : int
        Largest side of a piece. Each piece is read with as much context as the model can see,
        so the result does not depend on it. A model that steps through the frames takes the
        raster whole.
    bar : Progress, optional

    Returns
    -------
    array (T, H, W), m
        NaN where there is no ground.

    Raises
    ------
    ConfigError
        If a tile is smaller than the model's alignment, or a model other than Mode H shall pass
        over frames.
    DataError
        If the model gives a depth that is not finite.
    """
    if every < 1 or (every > 1 and not isinstance(model, ModeH)):
        raise ConfigError(
            f"predicting with {settings.model}, the network every {every} frames; expected "
            f"{'1 or more' if isinstance(model, ModeH) else '1'}",
            hint="only mode_h can pass over frames",
        )
    if tile_cells < model.align:
        raise ConfigError(
            f"predicting: tiles of {tile_cells} cells, expected {model.align} or more"
        )
    if isinstance(model, Direct):
        found = _cleaned(model.predict(prepared), prepared)
        if bar is not None:
            bar.advance(prepared.frames)
        return found
    height, width = prepared.elevation.shape
    scene = Scene(padded(prepared, model.align), FAMILY_OF[settings.model], settings.block)
    if scene.family == "series":
        depth = _rolled(model, scene, bar)
    else:
        chosen = 0 if scene.family != "hybrid" else factor or next(iter(prepared.water))
        turns, flip = orientation(prepared.elevation)
        scene = scene.turned(turns, flip)
        depth = np.zeros((scene.frames, *scene.shape), np.float32)
        side = tile_cells // model.align * model.align
        for inner, outer in tiles(scene.shape, side, model):
            _fill(depth, model, scene, chosen, inner, outer, bar, every)
        depth = turned_back(depth, turns, flip)
    if scene.family == "hybrid":
        bound = RainBound(prepared)
        for one in depth[:, :height, :width]:
            bound.frame(one)
    return _cleaned(depth[:, :height, :width], prepared)


def predict_frames(
    model: Emulator,
    scene: Scene,
    frames: Sequence[int],
    *,
    factor: int = 0,
    tile_cells: int = _TILE_CELLS,
    embedded: dict[tuple[int, int], Tensor] | None = None,
) -> Array:
    """Predict some frames of a scene whose sides are multiples of the model's alignment.

    Parameters
    ----------
    model : Emulator
        A network, and not of the family ``series``, which steps through all frames.
    scene : Scene
    frames : sequence of int (K,)
    factor : int
        Of the coarse solver, for the hybrid.
    tile_cells : int
        Largest side of a piece; the result does not depend on it.
    embedded : dict, optional
        Keeps what Mode H makes of the terrain of each piece, for the next frames of scenes of
        this terrain.

    Returns
    -------
    array (K, H, W), m

    Raises
    ------
    ConfigError
        If the model is no network.
    """
    if isinstance(model, Direct):
        raise ConfigError("predicting some frames: the model is no network, it gives all at once")
    depth = np.zeros((len(frames), *scene.shape), np.float32)
    side = max(model.align, tile_cells // model.align * model.align)
    for inner, outer in tiles(scene.shape, side, model):
        cut = _cut(inner, outer)
        for row, frame in enumerate(frames):
            with torch.inference_mode():
                inputs = scene.inputs([frame], outer, factor=factor)
                whole = {name: values[None] for name, values in inputs.items()}
                if isinstance(model, ModeH) and embedded is not None:
                    whole["embedded"] = embed_once(model, whole, outer, embedded)
                piece = model(whole)[0, 0]
            depth[row, inner[0], inner[1]] = piece[cut].numpy()
    depth[depth < LEAST_M] = 0.0
    return depth


def embed_once(
    model: ModeH, inputs: Mapping[str, Tensor], outer: Window, known: dict[tuple[int, int], Tensor]
) -> Tensor:
    """Give what Mode H makes of the terrain of a piece, computed the first time alone."""
    place = (outer[0].start, outer[1].start)
    if place not in known:
        known[place] = model.embed(inputs)
    return known[place]


def _cut(inner: Window, outer: Window) -> Window:
    """Give the place of a tile within the same with its context."""
    rows, cols = (
        slice(i.start - o.start, i.stop - o.start) for i, o in zip(inner, outer, strict=True)
    )
    return rows, cols


def predict_peak(
    model: Emulator,
    settings: EmulatorSettings,
    prepared: Prepared,
    *,
    factor: int | None = None,
    tile_cells: int = _TILE_CELLS,
) -> Array:
    """Predict the map of greatest depths alone, in one pass of the network.

    Mode H is trained on that map beside the frames: it is shown the greatest water of each block.

    Parameters
    ----------
    model, settings, prepared, factor, tile_cells
        As for :func:`predict_prepared`; Mode H only.

    Returns
    -------
    array (H, W), m
        NaN where there is no ground.

    Raises
    ------
    ConfigError
        If the model is not shown the hybrid's water.
    """
    if FAMILY_OF.get(settings.model) != "hybrid":
        raise ConfigError(
            f"predicting the peak alone with {settings.model}: only models on the hybrid can",
            hint="leave --peak out; the peak is the largest of the frames",
        )
    height, width = prepared.elevation.shape
    scene = Scene(padded(prepared, model.align), "hybrid", settings.block)
    turns, flip = orientation(prepared.elevation)
    scene = scene.turned(turns, flip)
    chosen = factor or next(iter(prepared.water))
    frames = [scene.peak_frame]
    depth = predict_frames(model, scene, frames, factor=chosen, tile_cells=tile_cells)
    depth = turned_back(depth, turns, flip)
    found: Array = _cleaned(depth[:, :height, :width], prepared)[0]
    return found


def _cleaned(depth: Array, prepared: Prepared) -> Array:
    """Refuse what is not finite, dry what is thin, and mark missing ground."""
    known = np.isfinite(prepared.elevation)
    if not np.isfinite(depth[:, known]).all():
        raise DataError("predicting: the model gave a depth that is not finite")
    depth[depth < LEAST_M] = 0.0
    depth[:, ~known] = np.nan
    return depth


def _fill(
    depth: Array,
    model: Network,
    scene: Scene,
    factor: int,
    inner: Window,
    outer: Window,
    bar: Progress | None,
    every: int,
) -> None:
    """Predict one tile, some frames at a time, to bound memory."""
    area = (outer[0].stop - outer[0].start) * (outer[1].stop - outer[1].start)
    step = max(1, _PIXELS // area)
    cut = _cut(inner, outer)
    share = (inner[0].stop - inner[0].start) * (inner[1].stop - inner[1].start)
    known = _Corrections(model, scene, factor, outer, every) if isinstance(model, ModeH) else None
    for start in range(0, scene.frames, step):
        now = list(range(start, min(start + step, scene.frames)))
        with torch.inference_mode():
            inputs = scene.inputs(now, outer, factor=factor)
            whole = {name: values[None] for name, values in inputs.items()}
            piece = (model(whole) if known is None else known.depth(whole, now))[0]
        depth[start : start + len(now), inner[0], inner[1]] = piece[:, *cut].numpy()
        if bar is not None:
            bar.advance(len(now) * share / (scene.shape[0] * scene.shape[1]))


class _Corrections:
    """Mode H on one tile: its network runs for some frames, its pouring for all."""

    def __init__(self, model: ModeH, scene: Scene, factor: int, outer: Window, every: int) -> None:
        self.model, self.scene, self.factor, self.outer = model, scene, factor, outer
        last = scene.frames - 1
        self.nodes = [*range(0, last, every), last]  # frames for which the network runs
        self.every = every
        self._embedded: dict[str, Tensor] = {}
        self._made: dict[int, Tensor] = {}  # by node; those that are past are forgotten

    def depth(self, whole: Mapping[str, Tensor], frames: Sequence[int]) -> Tensor:
        """Give the depth (1, K, H, W) of consecutive frames, in m."""
        ends = [self._ends(frame) for frame in frames]
        wanted = sorted({node for pair in ends for node in pair})
        missing = [node for node in wanted if node not in self._made]
        if missing:
            inputs = self.scene.inputs([self.nodes[n] for n in missing], self.outer,
                                       factor=self.factor)  # fmt: skip
            asked = {name: values[None] for name, values in inputs.items()}
            if not self._embedded:
                self._embedded = {"embedded": self.model.embed(asked)}
            found = self.model.corrections(asked | self._embedded)
            self._made |= dict(zip(missing, found, strict=True))
        self._made = {node: self._made[node] for node in wanted}
        rows = {node: row for row, node in enumerate(wanted)}
        between = []
        for frame, (first, second) in zip(frames, ends, strict=True):
            apart = max(1, self.nodes[second] - self.nodes[first])
            far = (frame - self.nodes[first]) / apart
            between.append((rows[first], rows[second], far))
        return self.model.corrected(whole, torch.stack([*self._made.values()]), between)

    def _ends(self, frame: int) -> tuple[int, int]:
        """Give the places in ``nodes`` of the two between which a frame lies."""
        first = min(frame // self.every, len(self.nodes) - 1)
        if frame == self.nodes[-1]:
            first = len(self.nodes) - 1
        exact = self.nodes[first] == frame
        return first, first if exact else first + 1


def _rolled(model: Network, scene: Scene, bar: Progress | None) -> Array:
    """Roll a model through all frames from dry ground, over the whole raster."""
    whole = (slice(0, scene.shape[0]), slice(0, scene.shape[1]))
    inputs = scene.inputs(list(range(scene.frames)), whole)
    with torch.inference_mode():
        found: Array = model({name: values[None] for name, values in inputs.items()})[0].numpy()
    if bar is not None:
        bar.advance(scene.frames)
    return found


def tiles(shape: tuple[int, ...], side: int, model: Emulator) -> Iterator[tuple[Window, Window]]:
    """Give each tile and the same with the context that the model can see."""
    height, width = shape
    reach = model.reach
    for top in range(0, height, side):
        for left in range(0, width, side):
            inner = (slice(top, min(top + side, height)), slice(left, min(left + side, width)))
            yield (
                inner,
                (
                    slice(max(0, top - reach), min(height, inner[0].stop + reach)),
                    slice(max(0, left - reach), min(width, inner[1].stop + reach)),
                ),
            )
