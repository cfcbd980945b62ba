"""The perturbed hybrid ensemble: the coarse solver run again and again with other inputs.

Each member draws rain, roughness, soil and heights anew, as
:func:`inundate.dataset.world.perturb.perturb` draws them for the solver itself; its water is
poured into its own ground and corrected by the emulator with one and the same weights. So a
member is a flood that could be, and neighbouring cells belong together by construction.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from torch import Tensor

from inundate.core.seeds import make_seed
from inundate.dataset.world.perturb import PerturbSettings, perturb
from inundate.emulate.orient import orientation, turned_back
from inundate.emulate.predict import predict_frames
from inundate.emulate.prepared import prepare
from inundate.emulate.rain_bound import RainBound
from inundate.emulate.scene import FAMILY_OF, Scene, padded
from inundate.emulate.settings import EmulatorSettings
from inundate.emulate.uncertain.case import SpreadCase
from inundate.emulate.uncertain.law import Array, Law
from inundate.emulate.zoo import Emulator

__all__ = ["HybridEnsemble"]

_PLAIN_FACTOR = 4  # of the coarse solver, for an emulator without one


class HybridEnsemble:
    """Members from perturbed runs of the coarse solver.

    Parameters
    ----------
    model : Emulator
        Corrects each member where it is one that corrects the hybrid; with any other the members
        are the hybrid's own.
    settings : EmulatorSettings
    members : int
    perturb : PerturbSettings
        How far apart the inputs are.
    seed : int
        Of the perturbations; the name of the case is part of them.
    """

    def __init__(
        self,
        model: Emulator,
        settings: EmulatorSettings,
        *,
        members: int = 16,
        perturb: PerturbSettings | None = None,
        seed: int = 0,
    ) -> None:
        self.model: Any = model
        self.settings = settings
        self.members, self.seed = members, seed
        self.perturb = perturb or PerturbSettings()
        self.corrects = FAMILY_OF.get(settings.model) == "hybrid"

    def laws(self, case: SpreadCase) -> Iterator[Law]:
        """Give the members of each frame, (M, H, W), m."""
        factor = next(iter(case.prepared.water), _PLAIN_FACTOR)
        turn = orientation(case.elevation)  # of the map: one for all members
        members = self._members(case, factor, turn)
        height, width = case.elevation.shape
        embedded: dict[tuple[int, int], Tensor] = {}  # of the terrain, which all members share
        for frame in range(case.frames):
            points = np.empty((len(members), height, width), np.float32)
            for row, (scene, bound) in zip(points, members, strict=True):
                found = turned_back(self._depth(scene, frame, factor, embedded), *turn)
                row[...] = found[:height, :width]
                bound.frame(row)
            yield Law(points)

    def _members(
        self, case: SpreadCase, factor: int, turn: tuple[int, bool]
    ) -> list[tuple[Scene, RainBound]]:
        """Run the coarse solver once a member; what members share is kept once."""
        align = self.model.align if self.corrects else factor
        first: Scene | None = None
        found = []
        for member in range(self.members):
            drawn = perturb(
                case.elevation,
                case.roughness,
                case.rain_rate,
                interval_s=case.interval_s,
                cell_size_m=case.grid.dx,
                settings=case.settings,
                seed=make_seed(self.seed, "spread", case.name, member),
                spread=self.perturb,
            )
            # the network is shown the terrain as it is mapped, and the solver's own settings:
            # only the water, the heights it is poured into and the rain are the member's
            prepared = prepare(
                drawn.elevation,
                drawn.roughness,
                drawn.rain_rate,
                grid=case.grid,
                interval_s=case.interval_s,
                settings=drawn.settings,
                factors=(factor,),
                terrain=case.prepared.terrain[:-2],
            )
            scene = Scene(padded(prepared, align), "hybrid", self._block).turned(*turn)
            if first is None:
                first = scene
            else:
                scene.terrain = first.terrain  # soil of the first member is near enough
            found.append((scene, RainBound(prepared)))
        return found

    @property
    def _block(self) -> int:
        return int(self.settings.block) if self.corrects else _PLAIN_FACTOR

    def _depth(
        self, scene: Scene, frame: int, factor: int, embedded: dict[tuple[int, int], Tensor]
    ) -> Array:
        if self.corrects:
            found = predict_frames(self.model, scene, [frame], factor=factor, embedded=embedded)
            return np.asarray(found[0])
        level = scene.water[factor][0][frame]
        fine = level.repeat_interleave(factor, dim=0).repeat_interleave(factor, dim=1)
        return np.asarray(torch.relu(fine - scene.heights).numpy())
