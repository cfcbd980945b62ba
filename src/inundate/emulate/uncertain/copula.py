"""Samples of whole maps from a law of single cells: ranks from a field that is smooth in space.

A Gaussian field says where in its own law each cell lies. Its correlation in space and time is
fitted to the errors on the calibration terrains: a part that the whole map shares, a part that
fades with distance, a rest that each cell has alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from inundate.emulate.uncertain.law import LEVELS, Array, Law, from_stretched, to_stretched

__all__ = ["Copula", "Normals", "fit_copula", "normal_scores"]

LAGS = (1, 2, 3, 5, 8, 12, 20, 32)
"""Distances in cells at which the correlation is measured."""


@dataclass(frozen=True)
class Copula:
    """Correlation of the ranks.

    Attributes
    ----------
    common : float
        Share of the variance that the whole map has together.
    local : float
        Share that fades as exp(-distance / length).
    length_cells : float
    memory : float
        Correlation from one frame to the next.
    """

    common: float
    local: float
    length_cells: float
    memory: float

    def ranks(
        self, shape: tuple[int, int], frames: int, *, rng: np.random.Generator
    ) -> Iterator[Array]:
        """Draw one map of ranks, between 0 and 1, for each frame, (H, W)."""
        now = self._field(shape, rng)
        for frame in range(frames):
            if frame:
                keep = np.float32(self.memory)
                now = keep * now + np.sqrt(1 - keep**2) * self._field(shape, rng)
            yield torch.special.ndtr(torch.from_numpy(now)).numpy()

    def _field(self, shape: tuple[int, int], rng: np.random.Generator) -> Array:
        alone = max(0.0, 1.0 - self.common - self.local)
        field = np.full(shape, np.sqrt(self.common) * rng.standard_normal())
        field += np.sqrt(self.local) * exponential_field(shape, self.length_cells, rng)
        field += np.sqrt(alone) * rng.standard_normal(shape)
        return field.astype(np.float32)

    def to_json(self) -> dict[str, Any]:
        """Give JSON-able values."""
        return {key: float(f"{value:.6g}") for key, value in asdict(self).items()}

    @classmethod
    def from_json(cls, stored: dict[str, Any]) -> Copula:
        """Read what :meth:`to_json` gave."""
        return cls(**stored)


def exponential_field(
    shape: tuple[int, int], length_cells: float, rng: np.random.Generator
) -> NDArray[np.float64]:
    """Draw a Gaussian field of variance 1 whose correlation falls as exp(-distance / length)."""
    margin = int(np.ceil(3 * length_cells))
    rows, cols = (n + min(margin, n + 64) for n in shape)  # the transform is periodic
    down = np.minimum(np.arange(rows), rows - np.arange(rows))
    right = np.minimum(np.arange(cols), cols - np.arange(cols))
    distance = np.hypot(down[:, None], right[None, :])
    power = np.fft.rfft2(np.exp(-distance / length_cells)).real.clip(min=0.0)
    noise = np.fft.rfft2(rng.standard_normal((rows, cols)))
    field = np.fft.irfft2(noise * np.sqrt(power), s=(rows, cols))
    return np.asarray(field[: shape[0], : shape[1]])


def at_ranks(law: Law, ranks: Array) -> Array:
    """Give the depth at a rank in each cell, (...), m; straight between quantiles.

    Parameters
    ----------
    law : Law
        Quantiles (K, ...).
    ranks : array (...)
        Between 0 and 1; beyond the outermost level that quantile is given.
    """
    levels = np.asarray(law.levels if law.levels is not None else LEVELS, np.float32)
    points = law.points if law.levels is not None else law.quantiles(LEVELS)
    values = to_stretched(points)
    high = np.clip(np.searchsorted(levels, ranks), 1, len(levels) - 1)
    low = high - 1
    share = np.clip((ranks - levels[low]) / (levels[high] - levels[low]), 0.0, 1.0)
    below = np.take_along_axis(values, low[None], axis=0)[0]
    above = np.take_along_axis(values, high[None], axis=0)[0]
    return from_stretched(below + share * (above - below))


def normal_scores(law: Law, truth: Array, rng: np.random.Generator) -> Array:
    """Give the normal score of a truth under its law, (H, W); NaN where it says nothing.

    Where law and truth are both dry a rank means nothing. Where the law has a mass at the truth
    (dry, mostly) the rank is drawn within it.
    """
    levels = np.asarray(LEVELS)
    points = law.quantiles(LEVELS)
    below = (points < truth).sum(axis=0)  # quantiles under the truth
    within = (points <= truth).sum(axis=0)
    edges = np.concatenate([[0.0], levels, [1.0]])
    low, high = edges[below], edges[np.minimum(within + 1, len(levels) + 1)]
    rank = low + rng.uniform(size=truth.shape) * (high - low)
    score = torch.special.ndtri(torch.from_numpy(np.clip(rank, 1e-4, 1 - 1e-4))).numpy()
    told = np.isfinite(truth) & ((truth > 0.01) | (points[len(LEVELS) // 2] > 0.01))
    return np.where(told, score, np.nan).astype(np.float32)


@dataclass
class Normals:
    """Sums of products of normal scores at each lag, over maps; and between frames."""

    product: NDArray[np.float64]
    square: NDArray[np.float64]
    in_time: float = 0.0
    in_time_square: float = 0.0

    @classmethod
    def empty(cls) -> Normals:
        """Give sums over nothing."""
        return cls(np.zeros(len(LAGS)), np.zeros(len(LAGS)))

    def add(self, maps: Sequence[Array]) -> None:
        """Add consecutive frames of one member."""
        for scores in maps:
            for row, lag in enumerate(LAGS):
                for one, other in (
                    (scores[lag:], scores[:-lag]),
                    (scores.T[lag:], scores.T[:-lag]),
                ):
                    self._pair(row, one, other)
        for before, after in pairwise(maps):
            known = np.isfinite(before) & np.isfinite(after)
            self.in_time += float((before[known] * after[known]).sum())
            self.in_time_square += float((before[known] ** 2 + after[known] ** 2).sum() / 2)

    def _pair(self, row: int, one: Array, other: Array) -> None:
        known = np.isfinite(one) & np.isfinite(other)
        a, b = one[known].astype(np.float64), other[known].astype(np.float64)
        self.product[row] += (a * b).sum()
        self.square[row] += ((a**2 + b**2) / 2).sum()


_INDEPENDENT = Copula(common=0.0, local=0.0, length_cells=1.0, memory=0.0)


def fit_copula(sums: Normals) -> Copula:
    """Fit shares, length and memory to the correlations that were seen.

    Every length of a grid is tried; for each the two shares are the least squares, kept between
    0 and 1. With no pair of cells the ranks are independent.
    """
    used = sums.square > 0
    if not used.any():
        return _INDEPENDENT
    seen = sums.product[used] / sums.square[used]
    lags = np.asarray(LAGS)[used]
    best = (np.inf, _INDEPENDENT)
    memory = sums.in_time / sums.in_time_square if sums.in_time_square > 0 else 0.0
    for length in np.geomspace(0.5, 64.0, 29):
        for common in np.linspace(0.0, 0.95, 20):
            shape = np.exp(-lags / length)
            local = float(np.clip(((seen - common) * shape).sum() / (shape**2).sum(), 0.0, 1.0))
            local = min(local, 1.0 - common)
            off = float(((common + local * shape - seen) ** 2).sum())
            if off < best[0] - 1e-12:
                fitted = Copula(common, local, float(length), float(np.clip(memory, 0.0, 0.999)))
                best = (off, fitted)
    return best[1]
