"""Pour the water of coarse blocks into the fine terrain, volume-conserving, in closed form."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from inundate.core.errors import DataError

__all__ = ["coarsen_mean", "pad_to_blocks", "pour", "pour_levels"]

Array = NDArray[np.float32]


def pad_to_blocks(values: NDArray[np.floating], factor: int, fill: float = np.nan) -> Array:
    """Extend the last two axes south and east to whole blocks.

    Parameters
    ----------
    values : array (..., H, W)
    factor : int
        Cells along a block's side.
    fill : float
        Value of the cells added.

    Returns
    -------
    array (..., H', W'), float32
        With H' and W' multiples of ``factor``.
    """
    height, width = values.shape[-2:]
    rows, cols = -height % factor, -width % factor
    pads = [(0, 0)] * (values.ndim - 2) + [(0, rows), (0, cols)]
    return np.pad(np.asarray(values, np.float32), pads, constant_values=fill)


def coarsen_mean(values: NDArray[np.floating], factor: int, *, min_share: float = 0.5) -> Array:
    """Average blocks of cells, leaving missing cells out.

    Parameters
    ----------
    values : array (..., H, W)
        NaN is missing.
    factor : int
        Cells along a block's side; overhanging blocks count as partly missing.
    min_share : float
        A block with a smaller share of known cells is missing.

    Returns
    -------
    array (..., ceil(H / factor), ceil(W / factor)), float32
    """
    padded = pad_to_blocks(values, factor)
    *lead, height, width = padded.shape
    blocks = padded.reshape(*lead, height // factor, factor, width // factor, factor)
    known = np.isfinite(blocks)
    count = known.sum(axis=(-3, -1))
    total = np.where(known, blocks, 0.0).sum(axis=(-3, -1), dtype=np.float64)
    enough = count >= max(1, round(min_share * factor * factor))
    return np.where(enough, total / np.maximum(count, 1), np.nan).astype(np.float32)


def pour(
    coarse_depth: NDArray[np.floating], elevation: NDArray[np.floating], factor: int
) -> tuple[Array, Array]:
    """Fill the fine terrain of each block with the block's volume of water.

    Parameters
    ----------
    coarse_depth : array (T, Hc, Wc), m
        Mean depth over each coarse cell (its volume divided by its whole area).
    elevation : array (H, W), m
        Fine terrain, NaN where unknown; ``Hc = ceil(H / factor)``.
    factor : int
        Fine cells along a coarse cell's side.

    Returns
    -------
    depth : array (T, H, W), m
        ``max(level - elevation, 0)`` with one level a block, such that the depths of the
        block's known cells add up to its volume; NaN where the terrain is.
    level : array (T, H, W), m
        Level minus elevation, negative where dry; in a block without water the lowest
        cell's elevation is the level.

    Raises
    ------
    DataError
        If shapes do not fit or a depth is negative or NaN over known ground.
    """
    height, width = elevation.shape
    expected = (-(-height // factor), -(-width // factor))
    if coarse_depth.ndim != 3 or coarse_depth.shape[1:] != expected:
        raise DataError(
            f"pouring: coarse depth of {coarse_depth.shape} over terrain of {elevation.shape}, "
            f"expected (time, {expected[0]}, {expected[1]}) at factor {factor}"
        )
    if np.nanmin(coarse_depth, initial=0.0) < 0:
        raise DataError("pouring: a coarse depth is negative, expected 0 or more")
    padded = pad_to_blocks(elevation, factor)
    depth = np.empty((coarse_depth.shape[0], *padded.shape), np.float32)
    signed = np.empty_like(depth)
    _pour(np.ascontiguousarray(coarse_depth, np.float64), padded, factor, depth, signed)
    return depth[:, :height, :width], signed[:, :height, :width]


def pour_levels(
    coarse_depth: NDArray[np.floating], elevation: NDArray[np.floating], factor: int
) -> Array:
    """Give the level that each block's volume of water stands at, (T, Hc, Wc), m.

    Parameters
    ----------
    coarse_depth, elevation, factor
        As for :func:`pour`.

    Returns
    -------
    array (T, Hc, Wc), m
        In the terrain's datum; of a dry block its lowest ground, NaN without ground.
    """
    padded = pad_to_blocks(elevation, factor)
    rows, cols = padded.shape[0] // factor, padded.shape[1] // factor
    if coarse_depth.shape[1:] != (rows, cols):
        raise DataError(
            f"pouring: coarse depth of {coarse_depth.shape} over terrain of {elevation.shape}, "
            f"expected (time, {rows}, {cols}) at factor {factor}"
        )
    blocks = padded.reshape(rows, factor, cols, factor).swapaxes(1, 2)
    level = np.empty(coarse_depth.shape, np.float32)
    _levels(np.ascontiguousarray(coarse_depth), blocks.reshape(rows, cols, -1), level)
    return level


@njit(cache=True)
def _levels(coarse, blocks, level):  # type: ignore[no-untyped-def]  # pragma: no cover  compiled
    frames, rows, cols = coarse.shape
    cells = blocks.shape[2]
    for row in range(rows):
        for col in range(cols):
            heights = np.sort(blocks[row, col])  # NaN comes last
            known = 0
            for k in range(cells):
                known += 1 if np.isfinite(heights[k]) else 0
            for t in range(frames):
                level[t, row, col] = heights[0]
                volume = np.float64(coarse[t, row, col]) * cells
                if known == 0 or volume <= 0.0:
                    continue
                below = 0.0  # sum of heights of the k lowest cells, above the lowest
                above = 0.0
                for k in range(1, known + 1):
                    below += np.float64(heights[k - 1]) - np.float64(heights[0])
                    above = (volume + below) / k
                    if k == known or above <= heights[k] - heights[0]:
                        break
                level[t, row, col] = heights[0] + above


@njit(cache=True)
def _pour(  # type: ignore[no-untyped-def]
    coarse, elevation, factor, depth, signed
):  # pragma: no cover  compiled
    frames, rows, cols = coarse.shape
    cells = factor * factor
    heights = np.empty(cells, np.float64)
    for row in range(rows):
        for col in range(cols):
            base = np.inf  # heights are taken relative to the lowest cell of the block
            known = 0
            for i in range(factor):
                for j in range(factor):
                    z = elevation[row * factor + i, col * factor + j]
                    if np.isfinite(z):
                        base = min(base, z)
                        known += 1
            if known == 0:
                for t in range(frames):
                    for i in range(factor):
                        for j in range(factor):
                            depth[t, row * factor + i, col * factor + j] = np.nan
                            signed[t, row * factor + i, col * factor + j] = np.nan
                continue
            n = 0
            for i in range(factor):
                for j in range(factor):
                    z = elevation[row * factor + i, col * factor + j]
                    if np.isfinite(z):
                        heights[n] = z - base
                        n += 1
            ordered = np.sort(heights[:known])
            for t in range(frames):
                volume = coarse[t, row, col] * cells  # in cell areas times metres
                level = 0.0
                if volume > 0.0:
                    below = 0.0  # sum of heights of the k lowest cells
                    for k in range(1, known + 1):
                        below += ordered[k - 1]
                        level = (volume + below) / k
                        if k == known or level <= ordered[k]:
                            break
                for i in range(factor):
                    for j in range(factor):
                        z = elevation[row * factor + i, col * factor + j]
                        if np.isfinite(z):
                            above = level - (z - base)
                            depth[t, row * factor + i, col * factor + j] = max(above, 0.0)
                            signed[t, row * factor + i, col * factor + j] = above
                        else:
                            depth[t, row * factor + i, col * factor + j] = np.nan
                            signed[t, row * factor + i, col * factor + j] = np.nan
