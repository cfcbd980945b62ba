"""Predict depth from what was prepared, tile by tile, on arrays."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from inundate.core.errors import ConfigError, DataError
from inundate.core.progress import Progress
from inundate.emulate.direct import Direct
from inundate.emulate.models.mode_h import ModeH
from inundate.emulate.orient import orientation, turned_back
from inundate.emulate.prepared import Prepared
from inundate.emulate.rain_bound import LEAST_M, RainBound
from inundate.emulate.scene import FAMILY_OF, Scene, Window, padded
from inundate.emulate.settings import EmulatorSettings
from inundate.emulate.tiles import embed_once, place_in, tiles
from inundate.emulate.zoo import Emulator, Network

__all__ = ["TILE_CELLS", "predict_frames", "predict_peak", "predict_prepared"]

Array = NDArray[np.float32]
TILE_CELLS = 1024
"""Largest side predicted in one piece; 19 channels of it are 80 MB."""
_PIXELS = 200_000  # cells times frames in one forward pass: what stays in a processor's cache


def predict_prepared(
    model: Emulator,
    settings: EmulatorSettings,
    prepared: Prepared,
    *,
    factor: int | None = None,
    every: int = 1,
    tile_cells: int = TILE_CELLS,
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
            hint=None if isinstance(model, ModeH) else "only mode_h can pass over frames",
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
    tile_cells: int = TILE_CELLS,
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
        cut = place_in(inner, outer)
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


def predict_peak(
    model: Emulator,
    settings: EmulatorSettings,
    prepared: Prepared,
    *,
    factor: int | None = None,
    tile_cells: int = TILE_CELLS,
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
    cut = place_in(inner, outer)
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
        self._embedded: dict[tuple[int, int], Tensor] = {}
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
            asked["embedded"] = embed_once(self.model, asked, self.outer, self._embedded)
            found = self.model.corrections(asked)
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
        if frame == self.nodes[-1]:  # it may come sooner than another `every` frames
            return len(self.nodes) - 1, len(self.nodes) - 1
        first = frame // self.every
        return first, first if self.nodes[first] == frame else first + 1


def _rolled(model: Network, scene: Scene, bar: Progress | None) -> Array:
    """Roll a model through all frames from dry ground, over the whole raster."""
    whole = (slice(0, scene.shape[0]), slice(0, scene.shape[1]))
    inputs = scene.inputs(list(range(scene.frames)), whole)
    with torch.inference_mode():
        found: Array = model({name: values[None] for name, values in inputs.items()})[0].numpy()
    if bar is not None:
        bar.advance(scene.frames)
    return found
