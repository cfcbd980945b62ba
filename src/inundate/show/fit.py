"""Fit the layers of a map into a number of bytes, and say what was left out.

Fewer levels of rounding come first, then fewer frames, then coarser cells: the classes and
the greatest extent of the flood survive longest.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from inundate.core.errors import DataError
from inundate.show.encode import (
    MAX_LEVELS,
    Levels,
    make_levels,
    palette_of,
    to_base64,
    write_png,
)
from inundate.show.layers import Layer

__all__ = ["EncodedLayer", "Fitted", "Plan", "coarsen", "default_budget", "fit_layers"]

_SMALL_BYTES, _LARGE_BYTES = 1_000_000, 10_000_000
_SMALL_CELLS = 24 * 200 * 200  # cells times frames that the small budget is for
_FEWEST_FRAMES = 6
_SAMPLE = 3  # frames a layer that are encoded to estimate a plan's size


@dataclass(frozen=True)
class Plan:
    """How much is kept: levels of rounding, every n-th frame, cells merged a side."""

    levels: int = MAX_LEVELS
    stride: int = 1
    merge: int = 1


@dataclass(frozen=True)
class EncodedLayer:
    """A layer as pictures: its levels and one base64 PNG a kept frame (one if not timed)."""

    layer: Layer
    levels: Levels
    frames: tuple[str, ...]

    @property
    def size(self) -> int:
        """Bytes in the page."""
        return sum(map(len, self.frames))


@dataclass(frozen=True)
class Fitted:
    """What fitted: the plan, the numbers of the frames kept, the layers."""

    plan: Plan
    kept: tuple[int, ...]
    layers: tuple[EncodedLayer, ...]


def default_budget(cells: int) -> int:
    """Give the bytes a map may take: 1 MB for 24 frames of 200 x 200, at most 10 MB.

    Parameters
    ----------
    cells : int
        Cells of a frame times frames.

    Examples
    --------
    >>> default_budget(24 * 200 * 200), default_budget(72 * 1000 * 1000)
    (1000000, 10000000)
    """
    return int(np.clip(_SMALL_BYTES * cells / _SMALL_CELLS, _SMALL_BYTES, _LARGE_BYTES))


def fit_layers(
    layers: Sequence[Layer],
    highs: Sequence[float],
    *,
    frames: int,
    peak: int,
    budget: int,
) -> Fitted:
    """Encode layers so that all their pictures fit a number of bytes.

    Parameters
    ----------
    layers : sequence of Layer
        What to encode.
    highs : sequence of float
        Largest magnitude of each.
    frames : int
        Number of time steps.
    peak : int
        The frame that is always kept, beside the first and the last.
    budget : int
        Bytes for all pictures as base64.

    Raises
    ------
    DataError
        If even the coarsest plan is too large.
    """
    smallest = 0
    for plan in _plans(frames):
        kept = _kept(frames, plan.stride, peak)
        smallest = _estimate(layers, highs, plan, kept)
        if smallest > budget:
            continue
        encoded = tuple(
            _encode(layer, high, plan, kept) for layer, high in zip(layers, highs, strict=True)
        )
        smallest = sum(layer.size for layer in encoded)
        if smallest <= budget:
            return Fitted(plan, kept, encoded)
    raise DataError(
        f"drawing a map: {len(layers)} layers of {frames} frames need {smallest:,} bytes at the "
        f"coarsest, and {max(budget, 0):,} are left for them",
        hint="raise --max-mb, choose fewer --layers, or crop the area",
    )


def coarsen(values: NDArray[np.float32], merge: int) -> NDArray[np.float32]:
    """Merge cells to the value of greatest magnitude, so that no deep cell is lost.

    Parameters
    ----------
    values : array (H, W)
        NaN where unknown; a merged cell is unknown if all its cells are.
    merge : int
        Cells a side.

    Returns
    -------
    array (ceil(H / merge), ceil(W / merge))
    """
    if merge == 1:
        return values
    height, width = values.shape
    padded = np.pad(
        values, ((0, -height % merge), (0, -width % merge)), constant_values=np.float32(np.nan)
    )
    rows, columns = padded.shape[0] // merge, padded.shape[1] // merge
    blocks = (
        padded.reshape(rows, merge, columns, merge)
        .transpose(0, 2, 1, 3)
        .reshape(rows, columns, merge * merge)
    )
    known = np.where(np.isnan(blocks), -1, np.abs(blocks))
    best = known.argmax(axis=-1)[..., None]
    merged: NDArray[np.float32] = np.take_along_axis(blocks, best, axis=-1)[..., 0]
    return merged


def _plans(frames: int) -> Iterator[Plan]:
    yield from (Plan(levels) for levels in (MAX_LEVELS, 128, 64, 48))
    for merge in (1, 2, 4, 8):
        for stride in (1, 2, 3, 4):
            if (stride == 1 or frames // stride >= _FEWEST_FRAMES) and (merge, stride) != (1, 1):
                yield Plan(48, stride, merge)


def _kept(frames: int, stride: int, peak: int) -> tuple[int, ...]:
    return tuple(sorted({*range(0, frames, stride), frames - 1, peak}))


def _estimate(
    layers: Sequence[Layer], highs: Sequence[float], plan: Plan, kept: tuple[int, ...]
) -> int:
    """Give the size of a plan from a few frames of each layer."""
    picks = sorted({kept[i] for i in np.linspace(0, len(kept) - 1, _SAMPLE).astype(int)})
    total = 0.0
    for layer, high in zip(layers, highs, strict=True):
        sample = _encode(layer, high, plan, tuple(picks))
        total += sample.size / len(sample.frames) * (len(kept) if layer.timed else 1)
    return int(total)


def _encode(layer: Layer, high: float, plan: Plan, kept: tuple[int, ...]) -> EncodedLayer:
    count = min(plan.levels, layer.most_levels)
    levels = make_levels(layer.classes, high, count=count, floor=layer.floor, power=layer.power)
    palette = palette_of(levels, layer.classes)
    frames = tuple(
        to_base64(write_png(levels.encode(coarsen(layer.read(frame), plan.merge)), palette))
        for frame in (kept if layer.timed else kept[:1])
    )
    return EncodedLayer(layer, levels, frames)
