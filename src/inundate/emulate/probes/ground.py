"""What a predictor is told: a terrain, its roughness, a storm; and how probes change it."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from inundate.core.grid import Grid
from inundate.emulate.pour import coarsen_mean
from inundate.hydro.settings import SimulateSettings

__all__ = ["Array", "Ground", "Predictor", "turn", "turn_back"]

Array = NDArray[np.float32]
_MM_H = 1.0 / 3.6e6  # m s-1


@dataclass(frozen=True, eq=False)
class Ground:
    """A terrain under a storm, from dry ground on.

    Attributes
    ----------
    elevation : array (H, W), m
        Row 0 in the north; NaN where there is no ground.
    roughness : array (H, W), s m-1/3
        Manning's n.
    rain_rate : array (T, H, W), mm h-1
        Mean over the interval that ends at each frame, rainless frames after the storm included.
    interval_s : float
        Time between frames.
    cell_size_m : float
        Side of a cell.
    settings : SimulateSettings
        Edges and soil. Time between frames and run-on follow the frames, not the settings.
    """

    elevation: Array
    roughness: Array
    rain_rate: Array
    interval_s: float
    cell_size_m: float
    settings: SimulateSettings

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Ground) and other.digest == self.digest

    def __hash__(self) -> int:
        return hash(self.digest)

    @cached_property
    def digest(self) -> bytes:
        """Hash of all that a predictor is told."""
        found = hashlib.blake2b(digest_size=16)
        for values in (self.elevation, self.roughness, self.rain_rate):
            found.update(repr(values.shape).encode())
            found.update(np.ascontiguousarray(values, np.float32).tobytes())
        told = f"{self.interval_s!r} {self.cell_size_m!r} {self.settings.model_dump_json()}"
        found.update(told.encode())
        return found.digest()

    @property
    def shape(self) -> tuple[int, int, int]:
        """Frames, rows, columns."""
        frames, rows, columns = self.rain_rate.shape
        return frames, rows, columns

    @cached_property
    def known(self) -> NDArray[np.bool_]:
        """Where there is ground, (H, W)."""
        return np.isfinite(self.elevation)

    @property
    def grid(self) -> Grid:
        """A made-up place: predictors must not care for it."""
        size = self.cell_size_m
        _, rows, columns = self.shape
        return Grid("EPSG:27700", 400_000.0, 300_000.0 + rows * size, size, size, columns, rows)

    @cached_property
    def fallen_m3(self) -> NDArray[np.float64]:
        """Rain that has fallen on known ground by the end of each frame, (T,), m3."""
        rate = self.rain_rate[:, self.known].sum(axis=1, dtype=np.float64) * _MM_H  # (T,)
        fallen: NDArray[np.float64] = np.cumsum(rate * self.interval_s) * self.cell_size_m**2
        return fallen

    def stored_m3(self, depth: Array) -> NDArray[np.float64]:
        """Give the water that stands on the ground at each frame, (T,), of depth (T, H, W)."""
        total: NDArray[np.float64] = depth[:, self.known].sum(axis=1, dtype=np.float64)
        return total * self.cell_size_m**2

    def under(self, rain_rate: Array) -> Ground:
        """Give the same terrain under other rain (T, H, W) in mm h-1."""
        return replace(self, rain_rate=np.asarray(rain_rate, np.float32))

    def raised(self, metres: float) -> Ground:
        """Give the same on another height datum."""
        return replace(self, elevation=self.elevation + np.float32(metres))

    def turned(self, quarters: int, *, mirrored: bool = False) -> Ground:
        """Give all of it mirrored west to east, if asked, then turned anticlockwise."""
        return replace(
            self,
            elevation=turn(self.elevation, quarters, mirrored=mirrored),
            roughness=turn(self.roughness, quarters, mirrored=mirrored),
            rain_rate=turn(self.rain_rate, quarters, mirrored=mirrored),
        )

    def in_half_frames(self) -> Ground:
        """Give the same storm in frames of half the interval."""
        return replace(
            self, rain_rate=np.repeat(self.rain_rate, 2, axis=0), interval_s=self.interval_s / 2
        )

    def on_coarser_cells(self, factor: int = 2) -> Ground:
        """Give the same place on cells ``factor`` times as large."""
        return replace(
            self,
            elevation=coarsen_mean(self.elevation, factor),
            roughness=coarsen_mean(self.roughness, factor),
            rain_rate=coarsen_mean(self.rain_rate, factor),
            cell_size_m=self.cell_size_m * factor,
        )


def turn(values: Array, quarters: int, *, mirrored: bool = False) -> Array:
    """Mirror an array (..., H, W) west to east, if asked, then turn it anticlockwise."""
    found = values[..., ::-1] if mirrored else values
    return np.ascontiguousarray(np.rot90(found, quarters, axes=(-2, -1)))


def turn_back(values: Array, quarters: int, *, mirrored: bool = False) -> Array:
    """Undo :func:`turn`."""
    found = np.rot90(values, -quarters, axes=(-2, -1))
    return np.ascontiguousarray(found[..., ::-1] if mirrored else found)


class Predictor(Protocol):
    """Anything that gives depth: the solver, a model, a function of one's own."""

    def __call__(self, ground: Ground, /) -> Array:
        """Give depth (T, H, W) in m at the end of each frame; NaN where there is no ground."""
        ...
