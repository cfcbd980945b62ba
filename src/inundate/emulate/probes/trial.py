"""A predictor on trial: who it is, what it was made for, what it said."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from inundate.core.errors import DataError
from inundate.emulate.probes.bounds import THIN_M, Bounds
from inundate.emulate.probes.cases import Case, World
from inundate.emulate.probes.ground import Array, Ground, Predictor
from inundate.hydro.settings import SimulateSettings

__all__ = ["Subject", "Trial", "apart"]

Range = tuple[float, float]


@dataclass(frozen=True)
class Subject:
    """A predictor and what is known of it; itself a predictor.

    Attributes
    ----------
    name : str
        For tables.
    predict : Predictor
        Gives depth.
    tiled : callable, optional
        ``tiled(ground, tile_cells)`` gives the same in tiles of that side at the most.
    least_tile : int
        Smallest side of a tile, which others must be a multiple of.
    reach_cells : int
        How far a tile sees beyond its sides; the map of that probe is made wider than that.
    keeps_volume : bool
        Whether it moves water and makes none, so that volume is held to rounding.
    interval_s, cell_size_m, rain_mm : tuple of float, optional
        Range that it was made for; by default any.
    settings : SimulateSettings, optional
        Physics that it was made for; by default any.
    """

    name: str
    predict: Predictor
    tiled: Callable[[Ground, int], Array] | None = None
    least_tile: int = 1
    reach_cells: int = 0
    keeps_volume: bool = False
    interval_s: Range | None = None
    cell_size_m: Range | None = None
    rain_mm: Range | None = None
    settings: SimulateSettings | None = None

    def __call__(self, ground: Ground) -> Array:
        """Give depth (T, H, W) in m."""
        return self.predict(ground)


class Trial:
    """Ask a predictor, each question once.

    Parameters
    ----------
    subject : Subject
        On trial.
    truth : Predictor
        What scores are measured against.
    world : World
        What the cases share.
    cases : sequence of Case
        On which most probes are asked.
    bounds : Bounds
        That they are held to.
    """

    def __init__(
        self,
        subject: Subject,
        *,
        truth: Predictor,
        world: World,
        cases: Sequence[Case],
        bounds: Bounds,
    ) -> None:
        self.subject = subject
        self.world = world
        self.cases = list(cases)
        self.bounds = bounds
        self._truth = truth
        self._said: dict[Ground, Array] = {}
        self._true: dict[Ground, Array] = {}

    def depth(self, ground: Ground) -> Array:
        """Give the predictor's depth (T, H, W) in m.

        Raises
        ------
        DataError
            If its shape is another.
        """
        if ground not in self._said:
            self._said[ground] = self.checked(self.subject.predict(ground), ground)
        return self._said[ground]

    def truth(self, ground: Ground) -> Array:
        """Give the true depth (T, H, W) in m."""
        if ground not in self._true:
            self._true[ground] = self.checked(self._truth(ground), ground)
        return self._true[ground]

    def checked(self, depth: Array, ground: Ground) -> Array:
        """Give depth in single precision; refuse another shape."""
        found = np.asarray(depth, np.float32)
        if found.shape != ground.shape:
            raise DataError(
                f"probing {self.subject.name}: it gave depth of shape {found.shape}, "
                f"expected {ground.shape} as the rain"
            )
        return found

    @property
    def volume_share(self) -> float:
        """Bound on volume that comes from nowhere."""
        bounds = self.bounds
        return bounds.rounding_share if self.subject.keeps_volume else bounds.volume_share


def apart(first: Array, second: Array) -> Array:
    """Give how far two depths (..., H, W) are apart in m; films count as none.

    Without that, a model that cuts films off would jump by a film where rounding decides.
    """
    difference: Array = np.abs(np.maximum(first, THIN_M) - np.maximum(second, THIN_M))
    return difference
