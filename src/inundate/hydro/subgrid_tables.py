"""What a coarse block keeps of the fine ground in it: storage, lanes, sills, drops.

A block is ``factor`` x ``factor`` fine cells. All heights in a table are above the lowest cell
of a block, its *base*, so that float32 holds them well; the rise from one base to the next is
taken in float64 before it is rounded.

Blocks lie row after row in one line of numbers, with a column of wall behind each row and a row
of wall above and below, so that a loop over them never meets an end of row; block ``(i, j)`` of
the grid stands at ``(i + 1) * stride + j``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from inundate.hydro.boundary import SIDE_STEPS
from inundate.hydro.state import Array, Ground

__all__ = ["NEVER_M", "Blocks", "EdgeLanes", "line_counts", "make_blocks"]

NEVER_M = 1.0e6  # bed of a lane that no water passes, and level of a line that never counts
_LEAST_DROP_M = 1e-6  # the wedge divides by it
_LINE = 16  # numbers of a cache line
_GROUP = 4  # lines of the storage curve that the kernel takes at once
# numbers of lowest cells whose line is kept: all up to 4, then at most half as many again, which
# makes a level too high by a tenth of the rise between the cells left out, at most
_COUNTS = (1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64, 96, 128, 192, 256, 384, 512, 768, 1024)


@dataclass(frozen=True)
class EdgeLanes:
    """Fine faces through which water leaves the map, grouped by block.

    Attributes
    ----------
    start : array (C + 1,), int64
        First lane of each block with lanes; the last entry is the number of lanes.
    place : array (C,), int64
        Position of each such block, ascending.
    block : array (F,), int64
        Position of each lane's block.
    bed : array (F,), m
        Ground above the block's base.
    drop : array (F,), m
        Fall of the block's thalweg towards the lane's side.
    normal : array (F,), s-1 m1/3
        Root of the water slope over Manning's n, over the factor.
    """

    start: NDArray[np.int64]
    place: NDArray[np.int64]
    block: NDArray[np.int64]
    bed: Array
    drop: Array
    normal: Array


@dataclass(frozen=True)
class Blocks:
    """The ground as the sub-grid solver sees it.

    Attributes
    ----------
    shape : tuple
        Rows and columns of blocks.
    factor, stride, size : int
        Cells along a block, distance between rows, and length of the arrays below.
    base : array (S,), m, float64
        Lowest height of each block; 0 where there is no ground.
    ground : array (S,), float64
        Share of the block's cells with ground.
    slope, part : array (M,)
        Slope of each line of the storage curve, level over mean depth, and one over it: the
        share of the block that is wet. The first line, of one cell alone, is left out.
    line : array (M, S), m
        Where each line begins: the level is the least of all ``slope * depth + line``.
    tail, tail_line : array (S,)
        Slope and beginning of the last line of each block, which depend on how many cells it
        has; empty if all blocks are whole.
    rise : array (2, S), m
        Base of the next block east and south less the own.
    bed : array (2, L, S), m
        Bed of each lane to the east and south, above the base; an even number of lanes.
    drop : array (4, S), m
        Fall of the thalweg towards east, west, south, north.
    conveyance : array (2, S), s-1 m1/3
        One over Manning's n of the face to the east and south, over the factor.
    edges : EdgeLanes
        Where water leaves.
    """

    shape: tuple[int, int]
    factor: int
    stride: int
    size: int
    base: NDArray[np.float64]
    ground: NDArray[np.float64]
    slope: Array
    part: Array
    line: Array
    tail: Array
    tail_line: Array
    rise: Array
    bed: Array
    drop: Array
    conveyance: Array
    edges: EdgeLanes

    def inner(self, values: Array) -> Array:
        """Give the view (..., h, w) of the blocks in an array (..., S)."""
        height, width = self.shape
        rows = values[..., self.stride : (height + 1) * self.stride]
        view: Array = rows.reshape(*values.shape[:-1], height, self.stride)[..., :width]
        return view


def line_counts(factor: int) -> NDArray[np.int64]:
    """Give the numbers of lowest cells whose lines make the storage curve of a block.

    Parameters
    ----------
    factor : int
        Cells along a block's side.

    Examples
    --------
    >>> line_counts(2).tolist(), line_counts(4).tolist()
    ([1, 2, 3, 4], [1, 2, 3, 4, 6, 8, 12, 16])
    """
    cells = factor * factor
    return np.array([*(c for c in _COUNTS if c < cells), cells], dtype=np.int64)


def make_blocks(ground: Ground, factor: int) -> Blocks:
    """Make the tables of all blocks.

    Parameters
    ----------
    ground : Ground
        The fine ground with its edges.
    factor : int
        Cells along a block's side; blocks at the eastern and southern sides may hang over.
    """
    rows, columns = ground.elevation.shape
    height, width = -(-rows // factor), -(-columns // factor)
    stride = width + 1
    # an odd number of cache lines, so that arrays do not evict one another
    size = (((height + 2) * stride + _LINE - 1) // _LINE | 1) * _LINE
    kind = ground.elevation.dtype
    counts = line_counts(factor)
    lines = -(-(counts.size - 1) // _GROUP) * _GROUP  # the first line has no constant
    slope, part = np.zeros(lines, kind), np.ones(lines, kind)
    slope[: counts.size - 1] = factor * factor / counts[1:]
    part[: counts.size - 1] = counts[1:] / (factor * factor)
    base, share = np.zeros(size), np.zeros(size)
    line = np.full((lines, size), NEVER_M, kind)
    tail, tail_line = np.zeros(size, kind), np.full(size, NEVER_M, kind)
    drop = np.full((4, size), _LEAST_DROP_M, kind)
    reach = np.full((4, factor, height * width), np.inf)
    heights = np.where(ground.valid, ground.elevation, np.inf).astype(np.float64)
    whole = _describe(
        heights, factor, width, stride, counts, base, share, line, tail, tail_line, drop, reach
    )
    rise, conveyance = np.zeros((2, size), kind), np.zeros((2, size), kind)
    bed = np.full((2, factor + factor % 2, size), NEVER_M, kind)  # lanes go in pairs
    rough = ground.roughness.astype(np.float64)
    _join(heights, rough, factor, width, stride, base, reach, rise, bed, conveyance)
    if whole:
        tail, tail_line = tail[:0], tail_line[:0]
    edges = _edge_lanes(ground, factor, stride, base, drop)
    return Blocks(
        (height, width), factor, stride, size, base, share, slope, part, line, tail,
        tail_line, rise, bed, drop, conveyance, edges,
    )  # fmt: skip


def _edge_lanes(
    ground: Ground, factor: int, stride: int, base: NDArray[np.float64], drop: Array
) -> EdgeLanes:
    faces = ground.edges
    kind = ground.elevation.dtype
    row_of_cell = np.repeat(np.arange(faces.first_of_row.size - 1), np.diff(faces.first_of_row))
    cells = np.repeat(np.arange(row_of_cell.size), np.diff(faces.start))
    rows, columns = row_of_cell[cells], faces.column[cells]
    block = (rows // factor + 1) * stride + columns // factor
    bed = ground.elevation[rows, columns].astype(np.float64) - base[block]
    normal = faces.slope_root.astype(np.float64) / ground.roughness[rows, columns] / factor
    # the thalweg of the block ends at its side, not at a gap in its middle
    fall = np.full(block.size, _LEAST_DROP_M)
    for side, (down, right) in enumerate(SIDE_STEPS):
        at = rows % factor if down else columns % factor
        ends = (faces.side == side) & (at == (factor - 1 if down + right > 0 else 0))
        toward = {(0, 1): 0, (0, -1): 1, (1, 0): 2, (-1, 0): 3}[(down, right)]
        fall[ends] = drop[toward, block[ends]]
    order = np.argsort(block, kind="stable")
    place, start = np.unique(block[order], return_index=True)
    return EdgeLanes(
        np.append(start, block.size).astype(np.int64), place.astype(np.int64),
        block[order].astype(np.int64), bed[order].astype(kind), fall[order].astype(kind),
        normal[order].astype(kind),
    )  # fmt: skip


@njit(nogil=True, cache=True)
def _describe(
    heights: Any, factor: Any, width: Any, stride: Any, counts: Any, base: Any, share: Any,
    line: Any, tail: Any, tail_line: Any, drop: Any, reach: Any,
) -> Any:  # fmt: skip
    """Fill the tables of each block by itself; tell whether all have all of their ground."""
    rows = heights.shape[0]
    cells = factor * factor
    local = np.empty((factor, factor))
    ordered = np.empty(cells)
    level = np.empty((factor, factor))
    whole = True
    for i in range(-(-rows // factor)):
        for j in range(width):
            k = (i + 1) * stride + j
            known, lowest = _gather(heights, i * factor, j * factor, local, ordered)
            if known == 0:
                whole = False
                continue
            base[k] = lowest
            share[k] = known / cells
            total, last = 0.0, 1
            for c in range(1, known + 1):
                total += ordered[c - 1] - lowest
                if last < counts.size and counts[last] == c:
                    line[last - 1, k] = total / c
                    last += 1
            if known < cells:
                whole = False
            tail[k], tail_line[k] = cells / known, total / known
            _drops(local, drop, k)
            _levels_within(local, lowest, level)
            for n in range(factor):
                b = i * width + j
                reach[0, n, b], reach[1, n, b] = level[n, factor - 1], level[n, 0]
                reach[2, n, b], reach[3, n, b] = level[factor - 1, n], level[0, n]
    return whole


@njit(nogil=True, cache=True)
def _gather(heights: Any, top: Any, left: Any, local: Any, ordered: Any) -> Any:
    """Copy a block, infinite where it has no ground, and sort its heights."""
    factor = local.shape[0]
    rows, columns = heights.shape
    known = 0
    for a in range(factor):
        for b in range(factor):
            z = np.inf
            if top + a < rows and left + b < columns:
                z = heights[top + a, left + b]
            local[a, b] = z
            if z < np.inf:
                at = known
                while at > 0 and ordered[at - 1] > z:
                    ordered[at] = ordered[at - 1]
                    at -= 1
                ordered[at] = z
                known += 1
    return known, ordered[0]


@njit(nogil=True, cache=True)
def _drops(local: Any, drop: Any, k: Any) -> Any:
    """Give the fall of the lowest cells of rows and columns from side to side of a block."""
    factor = local.shape[0]
    stretch = factor / (factor - 1)  # from the middle of the first cell to that of the last
    west = east = north = south = np.inf
    for a in range(factor):
        west, east = min(west, local[a, 0]), min(east, local[a, factor - 1])
        north, south = min(north, local[0, a]), min(south, local[factor - 1, a])
    if west < np.inf and east < np.inf:
        drop[0, k] = max((west - east) * stretch, _LEAST_DROP_M)
        drop[1, k] = max((east - west) * stretch, _LEAST_DROP_M)
    if north < np.inf and south < np.inf:
        drop[2, k] = max((north - south) * stretch, _LEAST_DROP_M)
        drop[3, k] = max((south - north) * stretch, _LEAST_DROP_M)


@njit(nogil=True, cache=True)
def _levels_within(local: Any, lowest: Any, level: Any) -> Any:
    """Give the level that water needs to get from a block's lowest cell to each other, inside."""
    factor = local.shape[0]
    # all cells that are equally low: of two, none comes first, however the map is turned
    for a in range(factor):
        for b in range(factor):
            level[a, b] = lowest if local[a, b] == lowest else np.inf
    changed = True
    while changed:
        changed = False
        for turn in range(2):  # forwards, then backwards
            for m in range(factor * factor):
                n = m if turn == 0 else factor * factor - 1 - m
                a, b = n // factor, n % factor
                way = level[a, b]
                if a > 0:
                    way = min(way, level[a - 1, b])
                if a < factor - 1:
                    way = min(way, level[a + 1, b])
                if b > 0:
                    way = min(way, level[a, b - 1])
                if b < factor - 1:
                    way = min(way, level[a, b + 1])
                way = max(way, local[a, b])
                if way < level[a, b]:
                    level[a, b] = way
                    changed = True


@njit(nogil=True, cache=True)
def _join(
    heights: Any, rough: Any, factor: Any, width: Any, stride: Any, base: Any, reach: Any,
    rise: Any, bed: Any, conveyance: Any,
) -> Any:  # fmt: skip
    """Fill the tables of the faces between blocks."""
    rows, columns = heights.shape
    height = -(-rows // factor)
    lanes = np.empty(factor)
    for way in range(2):
        down, right = way, 1 - way
        for i in range(height - down):
            for j in range(width - right):
                k = (i + 1) * stride + j
                here, there = i * width + j, (i + down) * width + j + right
                sill, passes, ease = np.inf, 0, 0.0
                for n in range(factor):
                    a = (i + 1) * factor - 1 if down else i * factor + n
                    b = (j + 1) * factor - 1 if right else j * factor + n
                    lanes[n] = np.inf
                    if a + down >= rows or b + right >= columns:
                        continue
                    lanes[n] = max(heights[a, b], heights[a + down, b + right])
                    if lanes[n] < np.inf:
                        one, two = rough[a, b], rough[a + down, b + right]
                        ease += np.sqrt(2 / (one * one + two * two))
                        passes += 1
                        sill = min(sill, max(reach[2 * way, n, here], reach[2 * way + 1, n, there]))
                if passes == 0:
                    continue
                other = k + stride if down else k + right
                rise[way, k] = base[other] - base[k]
                conveyance[way, k] = ease / passes / factor
                if sill == np.inf:  # the lowest cells are not joined within the blocks: no sill
                    sill = -np.inf
                for n in range(factor):
                    if lanes[n] < np.inf:
                        bed[way, n, k] = max(lanes[n], sill) - base[k]
