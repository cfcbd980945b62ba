"""Area-weighted regridding of frames from one grid to another, in the same or another CRS.

In the same CRS the weights are the exact shares of the cells in one another, a product of two
one-dimensional overlaps. In another CRS the cells are curved: each target cell is sampled on
a small lattice, and a sample counts for the source cell it falls into.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from inundate.core.errors import ConfigError
from inundate.core.grid import Grid
from inundate.rain.overlap import Array, mean_of_known, overlap
from inundate.rain.project import project_lattice

__all__ = ["Regridder"]

_SAMPLES_A_SOURCE_CELL = 8  # lattice spacing at most 1/8 of a source cell
_MOST_SAMPLES = 64  # lattice points along one side of a target cell
_POINTS_AT_ONCE = 2**21
_WHOLE = 1 - 1e-9  # a sum of shares that is 1 but for rounding


class Regridder:
    """Regrid frames from one grid to another by share of area.

    Parameters
    ----------
    source, target : Grid
        Grids of the frames given and wanted, in any CRS.
    min_cover : float
        Least share of a target cell that must lie on known source cells; below it the cell
        is missing. With 1 nothing is missing only where everything is known.
    samples : int, optional
        Lattice points along one side of a target cell, where the CRS differ. By default
        the lattice is at most 1/8 of a source cell wide, and at least 2 x 2.

    Attributes
    ----------
    exact : bool
        True in the same CRS: volume is then kept to rounding.
    samples : int
        Lattice points along one side; 1 when exact.
    place_error : float
        How far the edge of a source cell may be misplaced, as a share of a source cell:
        half the lattice spacing. 0 when exact.

    Raises
    ------
    ConfigError
        If ``min_cover`` is not in 0 to 1, or ``samples`` is below 1.
    """

    def __init__(
        self, source: Grid, target: Grid, *, min_cover: float = 1.0, samples: int | None = None
    ) -> None:
        if not 0 < min_cover <= 1:
            raise ConfigError(
                f"regridding rain: min_cover is {min_cover:g}, expected above 0 and at most 1"
            )
        if samples is not None and not 1 <= samples <= _MOST_SAMPLES:
            raise ConfigError(
                f"regridding rain: samples is {samples}, expected 1 to {_MOST_SAMPLES}"
            )
        self.source, self.target, self.min_cover = source, target, float(min_cover)
        self.exact = "crs" not in source.differences(target)
        self.samples, self.place_error = 1, 0.0
        self._weights: _Separable | _Sampled
        if self.exact:
            self._weights = _separable(source, target)
        else:
            ratio = _cell_ratio(source, target)
            self.samples = samples or _default_samples(ratio)
            self.place_error = ratio / self.samples / 2
            self._weights = _sampled(source, target, self.samples)

    @property
    def covered(self) -> float:
        """Share of the target's area that lies on the source grid, 0 to 1."""
        return float(self._weights.cover().mean())

    def __call__(self, frame: NDArray[np.float32]) -> NDArray[np.float32]:
        """Regrid one frame.

        Parameters
        ----------
        frame : array (H, W) of the source grid
            Values; missing is NaN.

        Returns
        -------
        array (H, W) of the target grid, float32
            Means over the known part of each cell; NaN where too little is known.
        """
        values, known = self._weights.sums(frame)
        if known is None:
            return values.astype(np.float32)
        return mean_of_known(values, known, self.min_cover).astype(np.float32)


@dataclass(frozen=True)
class _Separable:
    """Shares along y (h, H') and along x (w, W') over a window of the source."""

    rows: slice
    cols: slice
    along_y: Array
    along_x: Array

    @cached_property
    def whole(self) -> bool:
        """True if every target cell lies on the source."""
        return all(bool((w.sum(axis=1) >= _WHOLE).all()) for w in (self.along_y, self.along_x))

    @cached_property
    def band(self) -> tuple[Array, Array, Array, Array] | None:
        """The two source rows of each target row, and their shares; None if there are more."""
        if (np.count_nonzero(self.along_y, axis=1) > 2).any():
            return None
        first = (self.along_y != 0).argmax(axis=1)
        second = np.minimum(first + 1, self.along_y.shape[1] - 1)
        each = np.arange(first.size)
        rest = np.where(second > first, self.along_y[each, second], 0.0)
        return first, second, self.along_y[each, first][:, None], rest[:, None]

    def spread(self, window: Array) -> Array:
        """Give sums (H, W) over a window (H', W') of the source."""
        if not window.any():  # most radar frames are dry; a missing cell is no zero
            return np.zeros((self.along_y.shape[0], self.along_x.shape[0]))
        across = window @ self.along_x.T  # (H', W), few rows where the target is the finer grid
        if self.band is None:
            return self.along_y @ across
        first, second, share, rest = self.band
        return np.asarray(across[first] * share + across[second] * rest)

    def cover(self) -> Array:
        return np.outer(self.along_y.sum(axis=1), self.along_x.sum(axis=1))

    def sums(self, frame: NDArray[np.float32]) -> tuple[Array, Array | None]:
        """Give weighted sums and the known share; None where everything is known."""
        window = frame[self.rows, self.cols].astype(np.float64)  # (H', W')
        missing = np.isnan(window)
        if not missing.any():
            return self.spread(window), None if self.whole else self.cover()
        known = self.spread((~missing).astype(np.float64))
        return self.spread(np.where(missing, 0.0, window)), known


def _separable(source: Grid, target: Grid) -> _Separable:
    rows, along_y = _along(
        -source.top, source.dy, source.height, -target.top, target.dy, target.height
    )
    cols, along_x = _along(
        source.left, source.dx, source.width, target.left, target.dx, target.width
    )
    return _Separable(rows, cols, along_y, along_x)


def _along(
    source_start: float, source_size: float, source_count: int,
    target_start: float, target_size: float, target_count: int,
) -> tuple[slice, Array]:  # fmt: skip
    """Give the source cells that a row of target cells meets, and the shares (T, S)."""
    # measured from the target's start, so that large coordinates cost no digits
    shift = source_start - target_start
    first = math.floor(-shift / source_size)
    last = math.ceil((target_size * target_count - shift) / source_size)
    first, last = max(0, min(first, source_count)), max(0, min(last, source_count))
    low = shift + source_size * np.arange(first, last, dtype=np.float64)
    target_low = target_size * np.arange(target_count, dtype=np.float64)
    shares = overlap(low, low + source_size, target_low, target_low + target_size) / target_size
    return slice(first, last), shares


@dataclass(frozen=True)
class _Sampled:
    """Sparse shares: which target cell takes how much of which source cell."""

    shape: tuple[int, int]
    target: NDArray[np.intp]
    source: NDArray[np.intp]
    share: Array

    @cached_property
    def whole(self) -> bool:
        """True if every target cell lies on the source."""
        return bool((self.cover() >= _WHOLE).all())

    def cover(self) -> Array:
        return self._gather(self.share)

    def sums(self, frame: NDArray[np.float32]) -> tuple[Array, Array | None]:
        """Give weighted sums and the known share; None where everything is known."""
        taken = frame.ravel()[self.source].astype(np.float64)  # (pairs,)
        missing = np.isnan(taken)
        if self.whole and not missing.any():
            return self._gather(self.share * taken), None
        values = self._gather(self.share * np.where(missing, 0.0, taken))
        return values, self._gather(self.share * ~missing)

    def _gather(self, weights: Array) -> Array:
        flat = np.bincount(self.target, weights=weights, minlength=self.shape[0] * self.shape[1])
        return np.asarray(flat.reshape(self.shape), dtype=np.float64)


def _cell_ratio(source: Grid, target: Grid) -> float:
    """Give the longer side of the middle target cell in source cells."""
    column, row = target.width // 2, target.height // 2
    edge_x = target.left + target.dx * np.array([column, column + 1.0])
    edge_y = target.top - target.dy * np.array([row + 1.0, row])
    from inundate.core.grid import transform_bounds

    box = (edge_x[0], edge_y[0], edge_x[1], edge_y[1])
    left, bottom, right, top = transform_bounds(box, target.crs, source.crs)
    return max((right - left) / source.dx, (top - bottom) / source.dy)


def _default_samples(ratio: float) -> int:
    return min(_MOST_SAMPLES, max(2, math.ceil(_SAMPLES_A_SOURCE_CELL * ratio)))


def _sampled(source: Grid, target: Grid, samples: int) -> _Sampled:
    rows_at_once = max(1, _POINTS_AT_ONCE // (target.width * samples**2))
    parts = []
    for row in range(0, target.height, rows_at_once):
        rows = slice(row, min(row + rows_at_once, target.height))
        parts.append(_sample_rows(source, target, rows, samples))
    pairs = [np.concatenate(column) for column in zip(*parts, strict=True)]
    return _Sampled(target.shape, pairs[0], pairs[1], pairs[2])


def _sample_rows(
    source: Grid, target: Grid, rows: slice, samples: int
) -> tuple[NDArray[np.intp], NDArray[np.intp], Array]:
    height = rows.stop - rows.start
    at = (np.arange(samples) + 0.5) / samples
    row = (rows.start + np.arange(height)[:, None] + at).ravel()  # (h n,) in cells
    col = (np.arange(target.width)[:, None] + at).ravel()  # (W n,)
    x, y = project_lattice(target, source.crs, row, col, tolerance=1e-3 * min(source.dx, source.dy))
    column = np.floor((x - source.left) / source.dx)
    line = np.floor((source.top - y) / source.dy)
    inside = (column >= 0) & (column < source.width) & (line >= 0) & (line < source.height)
    # a point with no place in the other CRS is infinite
    column, line = (np.where(inside, index, -1.0).astype(np.intp) for index in (column, line))
    found = np.where(inside, line * source.width + column, -1)  # (h n, W n)
    cells = found.reshape(height, samples, target.width, samples).transpose(0, 2, 1, 3)
    number = rows.start * target.width + np.arange(height * target.width)
    return _count(cells.reshape(number.size, samples**2), number, source.height * source.width)


def _count(
    cells: NDArray[np.intp], number: NDArray[np.intp], source_size: int
) -> tuple[NDArray[np.intp], NDArray[np.intp], Array]:
    """Count how often each source cell is met by the samples (cells, n²) of each target cell."""
    whole = (cells == cells[:, :1]).all(axis=1)  # most target cells lie in one source cell
    mixed = (number[~whole, None] * source_size + cells[~whole])[cells[~whole] >= 0]
    pair, times = np.unique(mixed, return_counts=True)
    inside = whole & (cells[:, 0] >= 0)
    return (
        np.concatenate([number[inside], pair // source_size]),
        np.concatenate([cells[inside, 0], pair % source_size]),
        np.concatenate([np.ones(int(inside.sum())), times / cells.shape[1]]),
    )
