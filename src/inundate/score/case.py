"""What a baseline is told about a sample, and what it has to do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from inundate.core.errors import DataError
from inundate.score.sample import Depth

__all__ = ["Baseline", "Case", "Field"]

Field: TypeAlias = NDArray[np.floating[Any]]


@dataclass(frozen=True, eq=False)
class Case:
    """What a baseline is told about one sample.

    Attributes
    ----------
    elevation : array (H, W), m
        Ground height, NaN where there is no data.
    rain_rate : array (T, H, W), mm h-1
        Mean over the interval that ends at each frame.
    interval_s : float, s
        Time between frames; the first frame lies one interval after the start.
    cell_size_m : float, m
        Side of a (square) cell.
    regime : str
        ``flat``, ``mixed`` or ``steep``.
    place : str
        Terrain block; the same text means the same ground.
    initial_depth : array (H, W), m, or None
        Depth at the start; None is dry ground.
    observed : array (T, H, W), m, or None
        The truth: to learn from, and for baselines whose ``advantage`` says that they see it.
    """

    elevation: Field
    rain_rate: Field
    interval_s: float
    cell_size_m: float
    regime: str = "all"
    place: str = ""
    initial_depth: Field | None = None
    observed: Field | None = None

    def __post_init__(self) -> None:
        shape = self.rain_rate.shape
        fits = len(shape) == 3 and self.elevation.shape == shape[1:]
        fits &= self.observed is None or self.observed.shape == shape
        fits &= self.initial_depth is None or self.initial_depth.shape == shape[1:]
        if not fits:
            raise DataError(
                f"baseline case {self.place!r}: rain {shape}, elevation {self.elevation.shape}, "
                "expected (time, y, x) and (y, x), observed like the rain, initial depth like "
                "the elevation"
            )
        if not (self.interval_s > 0 and self.cell_size_m > 0):
            raise DataError(
                f"baseline case {self.place!r}: interval {self.interval_s} s and cell size "
                f"{self.cell_size_m} m, expected more than 0"
            )

    @property
    def start(self) -> Depth:
        """Depth at the start, (H, W), m."""
        given = np.zeros(self.elevation.shape) if self.initial_depth is None else self.initial_depth
        return given.astype(np.float32)

    @property
    def truth(self) -> Field:
        """The observed depth.

        Raises
        ------
        DataError
            If there is none.
        """
        if self.observed is None:
            raise DataError(
                f"baseline case {self.place!r}: no observed depth, needed to learn from or to "
                "persist"
            )
        return self.observed


class Baseline(Protocol):
    """Predicts a roll-out from a case; some learn from training cases first.

    All are in :data:`inundate.score.baseline.BASELINES`.
    """

    @property
    def name(self) -> str:
        """Key in the registry and in score tables."""

    @property
    def title(self) -> str:
        """What it does, in a few words."""

    @property
    def advantage(self) -> str:
        """What it is told that an emulator is not; empty for a fair baseline."""

    def learn(self, case: Case) -> None:
        """Take in one training case; does nothing where there is nothing to learn."""

    def predict(self, case: Case) -> Depth:
        """Give the depth of each frame, (T, H, W), m."""
