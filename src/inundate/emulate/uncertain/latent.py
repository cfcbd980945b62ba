"""Members from the latent grid of a variational autoencoder, without another run of a solver."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from torch import Tensor

from inundate.core.seeds import make_seed
from inundate.emulate.orient import orientation, turned_back
from inundate.emulate.predict_arrays import TILE_CELLS
from inundate.emulate.rain_bound import RainBound
from inundate.emulate.scene import Scene, padded
from inundate.emulate.settings import EmulatorSettings
from inundate.emulate.tiles import embed_once, tiles
from inundate.emulate.uncertain.case import SpreadCase
from inundate.emulate.uncertain.law import Law
from inundate.emulate.zoo import Emulator

__all__ = ["LatentEnsemble"]


class LatentEnsemble:
    """Members drawn from the prior of an emulator with a latent grid.

    Parameters
    ----------
    model : Emulator
        With ``latent_noise`` and ``members``: :class:`inundate.emulate.models.mode_h_vae.ModeHVAE`.
    settings : EmulatorSettings
    members : int
    seed : int
        Of the draws; the name of the case is part of them.
    tile_cells : int
        Largest side of a piece; the result does not depend on it.
    """

    def __init__(
        self,
        model: Emulator,
        settings: EmulatorSettings,
        *,
        members: int = 16,
        seed: int = 0,
        tile_cells: int = TILE_CELLS,
    ) -> None:
        self.model: Any = model
        self.settings, self.members, self.seed = settings, members, seed
        self.tile_cells = tile_cells

    def laws(self, case: SpreadCase) -> Iterator[Law]:
        """Give the members of each frame, (M, H, W), m."""
        factor = next(iter(case.prepared.water))
        turn = orientation(case.elevation)
        extended = padded(case.prepared, self.model.align)
        scene = Scene(extended, "hybrid", self.settings.block).turned(*turn)
        bound = RainBound(case.prepared)
        height, width = case.elevation.shape
        generator = torch.Generator().manual_seed(make_seed(self.seed, "latent", case.name))
        noise: Tensor | None = None
        embedded: dict[tuple[int, int], Tensor] = {}
        for frame in range(case.frames):
            # members keep their noise from frame to frame, as a flood keeps its causes
            noise = self.model.latent_noise(self.members, scene.shape, generator, before=noise)
            points = turned_back(self._frame(scene, frame, factor, noise, embedded), *turn)
            inside = points[:, :height, :width].copy()
            bound.frame(inside)
            yield Law(inside)

    def _frame(
        self,
        scene: Scene,
        frame: int,
        factor: int,
        noise: Tensor,
        embedded: dict[tuple[int, int], Tensor],
    ) -> np.ndarray[Any, np.dtype[np.float32]]:
        """Draw a frame tile by tile; the noise belongs to the raster, so tiles join."""
        points = np.empty((self.members, *scene.shape), np.float32)
        side = max(self.model.align, self.tile_cells // self.model.align * self.model.align)
        cell = self.model.latent_cells
        for inner, outer in tiles(scene.shape, side, self.model):
            rows, cols = (slice(s.start // cell, s.stop // cell) for s in outer)
            with torch.inference_mode():
                inputs = scene.inputs([frame], outer, factor=factor)
                whole = {name: values[None] for name, values in inputs.items()}
                whole["embedded"] = embed_once(self.model, whole, outer, embedded)
                drawn = noise[:, None, None, :, rows, cols]
                found = self.model.members(whole, drawn)  # (M, 1, 1, h, w)
            top, left = inner[0].start - outer[0].start, inner[1].start - outer[1].start
            down, right = inner[0].stop - inner[0].start, inner[1].stop - inner[1].start
            cut = found[:, 0, 0, top : top + down, left : left + right]
            points[:, inner[0], inner[1]] = cut.numpy()
        return points
