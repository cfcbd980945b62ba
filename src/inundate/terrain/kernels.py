"""Compiled loops of the flow routines; :mod:`inundate.terrain.flow` says what they are for."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numba
import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = [
    "GROUND",
    "OUTLET",
    "UNKNOWN",
    "WALL",
    "accumulate",
    "flood_cells",
    "label_regions",
    "steepest_receivers",
]

UNKNOWN, GROUND, WALL = 0, 1, 2
OUTLET = -1
"""Receiver of a cell whose water leaves the terrain."""

# the four sides first, then the corners
ROW_STEP = np.array([-1, 0, 0, 1, -1, -1, 1, 1], dtype=np.int64)
COLUMN_STEP = np.array([0, -1, 1, 0, -1, 1, -1, 1], dtype=np.int64)


@numba.njit(cache=True, nogil=True, inline="always")
def _push(
    keys: NDArray[np.float64],
    cells: NDArray[np.int64],
    size: int,
    key: float,
    cell: int,
) -> int:
    """Put a cell into the binary heap; return the new size."""
    at = size
    while at > 0:
        above = (at - 1) >> 1
        if keys[above] <= key:
            break
        keys[at] = keys[above]
        cells[at] = cells[above]
        at = above
    keys[at] = key
    cells[at] = cell
    return size + 1


@numba.njit(cache=True, nogil=True, inline="always")
def _pop(keys: NDArray[np.float64], cells: NDArray[np.int64], size: int) -> int:
    """Remove the first cell of the heap, ``cells[0]``; return the new size."""
    size -= 1
    key = keys[size]
    cell = cells[size]
    at = 0
    while True:
        below = 2 * at + 1
        if below >= size:
            break
        if below + 1 < size and keys[below + 1] < keys[below]:
            below += 1
        if keys[below] >= key:
            break
        keys[at] = keys[below]
        cells[at] = cells[below]
        at = below
    keys[at] = key
    cells[at] = cell
    return size


@numba.njit(cache=True, nogil=True)
def _is_outlet(kind: NDArray[np.uint8], row: int, column: int, neighbours: int) -> bool:
    """Whether a ground cell lies on the array's edge or beside an unknown cell."""
    height, width = kind.shape
    if row == 0 or column == 0 or row == height - 1 or column == width - 1:
        return True
    for k in range(neighbours):
        if kind[row + ROW_STEP[k], column + COLUMN_STEP[k]] == UNKNOWN:
            return True
    return False


@numba.njit(cache=True, nogil=True)
def flood_cells(
    height: NDArray[np.float64], kind: NDArray[np.uint8], neighbours: int, epsilon: float
) -> tuple[NDArray[np.float64], NDArray[np.int64], NDArray[np.int64]]:
    """Flood a terrain inwards from its outlets: filled surface, parents, order."""
    rows, columns = height.shape
    n = rows * columns
    filled = height.copy()
    parent = np.full(n, OUTLET, dtype=np.int64)
    order = np.empty(n, dtype=np.int64)
    seen = np.zeros((rows, columns), dtype=np.bool_)
    keys = np.empty(n, dtype=np.float64)
    cells = np.empty(n, dtype=np.int64)
    size = 0
    # Cells at or below the level of the flood need no sorting (Barnes' pit queue).
    pit = np.empty(n, dtype=np.int64)
    pit_first = 0
    pit_last = 0
    for row in range(rows):
        for column in range(columns):
            if kind[row, column] == GROUND and _is_outlet(kind, row, column, neighbours):
                seen[row, column] = True
                size = _push(keys, cells, size, height[row, column], row * columns + column)
    count = 0
    while size > 0 or pit_first < pit_last:
        if pit_first < pit_last:
            cell = pit[pit_first]
            pit_first += 1
        else:
            cell = cells[0]
            size = _pop(keys, cells, size)
        order[count] = cell
        count += 1
        row = cell // columns
        column = cell - row * columns
        level = filled[row, column]
        for k in range(neighbours):
            r = row + ROW_STEP[k]
            c = column + COLUMN_STEP[k]
            if r < 0 or c < 0 or r >= rows or c >= columns:
                continue
            if seen[r, c] or kind[r, c] != GROUND:
                continue
            seen[r, c] = True
            there = r * columns + c
            parent[there] = cell
            least = level + epsilon
            if height[r, c] <= least:
                filled[r, c] = least
                if epsilon == 0.0:
                    pit[pit_last] = there
                    pit_last += 1
                    continue
            size = _push(keys, cells, size, filled[r, c], there)
    return filled, parent, order[:count].copy()


@numba.njit(cache=True, nogil=True)
def steepest_receivers(
    filled: NDArray[np.float64],
    kind: NDArray[np.uint8],
    parent: NDArray[np.int64],
    order: NDArray[np.int64],
    directions: int,
) -> NDArray[np.int64]:
    """Replace the parent by the steepest lower neighbour; outlets stay outlets."""
    rows, columns = filled.shape
    reached = np.zeros(rows * columns, dtype=np.bool_)
    for i in range(order.size):
        reached[order[i]] = True
    receiver = parent.copy()
    diagonal = 1.0 / math.sqrt(2.0)
    for i in range(order.size):
        cell = order[i]
        if parent[cell] == OUTLET:
            continue
        row = cell // columns
        column = cell - row * columns
        steepest = 0.0
        for k in range(directions):
            r = row + ROW_STEP[k]
            c = column + COLUMN_STEP[k]
            if not reached[r * columns + c]:
                continue
            drop = filled[row, column] - filled[r, c]
            if drop <= 0.0:
                continue
            if k >= 4:
                # Water does not squeeze through the corner between two walls.
                if kind[row, c] == WALL and kind[r, column] == WALL:
                    continue
                drop *= diagonal
            if drop > steepest:
                steepest = drop
                receiver[cell] = r * columns + c
    return receiver


@numba.njit(cache=True, nogil=True)
def accumulate(receiver: NDArray[np.int64], order: NDArray[np.int64]) -> NDArray[np.float64]:
    """Count the cells that drain through each cell, walking the order backwards."""
    area = np.zeros(receiver.size, dtype=np.float64)
    for i in range(order.size - 1, -1, -1):
        cell = order[i]
        area[cell] += 1.0
        if receiver[cell] >= 0:
            area[receiver[cell]] += area[cell]
    return area


@numba.njit(cache=True, nogil=True)
def label_regions(
    inside: NDArray[np.bool_], filled: NDArray[np.float64], neighbours: int
) -> NDArray[np.int32]:
    """Give a number to each region of cells that touch and share one filled level."""
    rows, columns = inside.shape
    label = np.zeros((rows, columns), dtype=np.int32)
    stack = np.empty(rows * columns, dtype=np.int64)
    number = 0
    for start in range(rows * columns):
        if not inside[start // columns, start % columns]:
            continue
        if label[start // columns, start % columns] != 0:
            continue
        number += 1
        label[start // columns, start % columns] = number
        stack[0] = start
        depth = 1
        while depth > 0:
            depth -= 1
            row = stack[depth] // columns
            column = stack[depth] % columns
            for k in range(neighbours):
                r = row + ROW_STEP[k]
                c = column + COLUMN_STEP[k]
                if r < 0 or c < 0 or r >= rows or c >= columns:
                    continue
                if not inside[r, c] or label[r, c] != 0 or filled[r, c] != filled[row, column]:
                    continue
                label[r, c] = number
                stack[depth] = r * columns + c
                depth += 1
    return label
