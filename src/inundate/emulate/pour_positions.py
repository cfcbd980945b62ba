"""Pour water on to changed ground, position by position, compiled: what a prediction calls.

The same as :func:`inundate.emulate.heads.pour_heights` on tensors, which has a gradient and is
what training calls; here heights are sorted, so that the level is exact, and nothing is kept
between the steps.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

__all__ = ["DEEP_M", "pour_positions"]

Array = NDArray[np.float32]
_SIDE = 4  # cells along a position
_CELLS = _SIDE**2
DEEP_M = (0.2, 0.5)
"""Mean depth of a part of a position from which, and at which wholly, its water counts as deep."""


def pour_positions(
    bounded: Array,
    between: Sequence[tuple[int, int, float]],
    signed: Array,
    ground: Array,
    *,
    quarters: bool,
    gate: float,
    shift_m: float,
    trust: Array | None = None,
    threads: int = 1,
) -> Array:
    """Change volumes and heights as a network says, and pour.

    Parameters
    ----------
    bounded : array (N, 36, h, w)
        Tilt and shift of each of 16 cells, change of the volume of each quarter, -1 to 1.
    between : sequence of (int, int, float) (K,)
        For each frame the rows of ``bounded`` between which it lies, and how far from the first.
    signed : array (K, 16, h, w), m
        The hybrid's level above each cell, negative where it is dry.
    ground : array (16, h, w), m
        Height of each cell above the lowest of its position; above 1e5 without ground.
    quarters : bool
        Whether each quarter of a position has a level of its own.
    gate : float
        Share of the correction that is made, 0 to 1.
    shift_m : float
        Largest shift of a cell.
    trust : array (2, h, w), optional
        Share of the gate by position, where water is shallow and where it is deep; 1 by default.
    threads : int
        Frames are shared out to them; the result does not depend on it.

    Returns
    -------
    array (K, 4 h, 4 w), m
    """
    count, _, rows, cols = signed.shape
    depth = np.empty((count, _SIDE * rows, _SIDE * cols), np.float32)
    parts = _QUARTERS if quarters else _WHOLE
    if trust is None:
        trust = np.ones((2, rows, cols), np.float32)

    def one(k: int) -> None:
        first, second, far = between[k]
        now = bounded[first], bounded[second], np.float32(far)
        _pour_frame(*now, signed[k], ground, parts, gate, shift_m, trust, depth[k])

    if threads <= 1 or count == 1:
        for k in range(count):
            one(k)
    else:
        with ThreadPoolExecutor(threads) as pool:
            list(pool.map(one, range(count)))
    return depth


_WHOLE = np.arange(_CELLS, dtype=np.int64).reshape(1, _CELLS)
_QUARTERS = np.array(
    [
        [4 * (2 * half + i) + 2 * side + j for i in range(2) for j in range(2)]
        for half in range(2)
        for side in range(2)
    ],
    dtype=np.int64,
)  # cells of each quarter, row by row


@njit(cache=True, nogil=True, inline="always")
def _mixed(
    first: Any, second: Any, far: Any, channel: Any, i: Any, j: Any
) -> Any:  # pragma: no cover  compiled
    start = first[channel, i, j]
    return start + far * (second[channel, i, j] - start)


@njit(cache=True, nogil=True, error_model="numpy")
def _pour_frame(
    first: Any,
    second: Any,
    far: Any,
    signed: Any,
    ground: Any,
    parts: Any,
    gate: Any,
    shift_m: Any,
    trust: Any,
    depth: Any,
) -> None:  # pragma: no cover  compiled
    _, rows, cols = signed.shape
    many, cells = parts.shape
    volume = np.empty((many, rows, cols), np.float32)
    most = np.empty((rows, cols), np.float32)  # of the parts of a position
    for i in range(rows):
        for j in range(cols):
            top = np.float32(0)
            for p in range(many):
                total = np.float32(0)
                for c in range(cells):
                    total += max(signed[parts[p, c], i, j], np.float32(0))
                volume[p, i, j] = total / np.float32(cells)
                top = max(top, volume[p, i, j])
            most[i, j] = top
    lying = np.empty(cells, np.float32)
    ordered = np.empty(cells, np.float32)
    begins, whole = np.float32(DEEP_M[0]), np.float32(DEEP_M[1])
    for i in range(rows):
        for j in range(cols):
            around = np.float32(0)
            for a in range(max(i - 1, 0), min(i + 2, rows)):
                for b in range(max(j - 1, 0), min(j + 2, cols)):
                    around = max(around, most[a, b])
            for p in range(many):
                change = _mixed(first, second, far, 32 + p, i, j)
                if many == 1:
                    change = np.float32(0.25) * (
                        _mixed(first, second, far, 32, i, j)
                        + _mixed(first, second, far, 33, i, j)
                        + _mixed(first, second, far, 34, i, j)
                        + _mixed(first, second, far, 35, i, j)
                    )
                held = volume[p, i, j]
                deep = (held - begins) / (whole - begins)
                deep = min(max(deep, np.float32(0)), np.float32(1))
                shallow = trust[0, i, j]
                share = np.float32(gate) * (shallow + deep * (trust[1, i, j] - shallow))
                shift = share * np.float32(shift_m)
                held = max(held + share * change * max(held, around), np.float32(0))
                land = False
                for c in range(cells):
                    n = parts[p, c]
                    z = ground[n, i, j]
                    if z < 1.0e5:
                        land = True
                        tilt = _mixed(first, second, far, n, i, j)
                        moved = _mixed(first, second, far, 16 + n, i, j)
                        z = z * (np.float32(1) - share * tilt) + shift * moved
                    lying[c] = z
                level = np.float32(-1.0e9)
                if held > 0 and land:
                    for c in range(cells):  # sorted by insertion
                        at = c
                        while at > 0 and ordered[at - 1] > lying[c]:
                            ordered[at] = ordered[at - 1]
                            at -= 1
                        ordered[at] = lying[c]
                    wanted = held * np.float32(cells)
                    base = ordered[0]
                    below = np.float32(0)  # heights of the lowest k cells above the lowest
                    above = np.float32(0)
                    for k in range(cells):
                        below += ordered[k] - base
                        above = (wanted + below) / np.float32(k + 1)
                        if k + 1 == cells or above <= ordered[k + 1] - base:
                            break
                    level = base + above
                for c in range(cells):
                    n = parts[p, c]
                    row, col = _SIDE * i + n // _SIDE, _SIDE * j + n % _SIDE
                    depth[row, col] = max(level - lying[c], np.float32(0))
