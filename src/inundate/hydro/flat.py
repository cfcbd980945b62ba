"""Arrays laid out for the compiled kernel: row after row, with a column of wall between.

A loop over such a row of numbers never meets an end of row, and starts of rows fall on cache
lines. The arrays that others see are views into these.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from inundate.hydro.state import Array, Ground, State

__all__ = ["FlatGround", "FlatState", "stride_of"]

WALL_M = 1.0e6  # elevation of the column between rows: no water climbs it
_LINE = 64  # bytes of a cache line
_NARROW = 128  # columns up to which aligned rows would cost more cells than they save
_STAGGER = 9  # cache lines between the starts of arrays, so that they do not evict one another


def stride_of(width: int, itemsize: int) -> int:
    """Give the length of a row with its wall.

    Parameters
    ----------
    width : int
        Cells of a row.
    itemsize : int
        Bytes of a number.

    Examples
    --------
    >>> stride_of(100, 4), stride_of(1000, 4), stride_of(1000, 8)
    (101, 1008, 1008)
    """
    stride = width + 1
    line = _LINE // itemsize
    return stride if width <= _NARROW else -(-stride // line) * line


def _flat(values: Array, stride: int, slot: int, fill: float = 0.0) -> tuple[Array, Array]:
    """Lay out an array; give the row of numbers and the view of its own shape."""
    rows, width = values.shape
    item = values.dtype.itemsize
    line = _LINE // item
    size = rows * stride
    raw = np.empty(size + (_STAGGER * 16 + 3) * line, values.dtype)
    start = (-raw.ctypes.data // item) % line + slot * _STAGGER * line
    flat = raw[start : start + size + line]  # a line of guard behind
    flat[:] = fill
    view = flat[:size].reshape(rows, stride)[:, :width]
    view[...] = values
    return flat, view


class FlatState:
    """The arrays of a state, laid out flat; the state's own become views into them.

    Parameters
    ----------
    state : State
        Its arrays are replaced.
    """

    def __init__(self, state: State) -> None:
        height, width = state.depth.shape
        self.shape = height, stride_of(width, state.depth.dtype.itemsize)
        self._views: dict[str, Array] = {}
        self.depth = self._lay(state, "depth", 0)
        self.carry = self._lay(state, "carry", 1)
        self.deepest = self._lay(state, "deepest", 2)
        self.flow_x = self._lay(state, "flow_x", 3)
        self.flow_y = self._lay(state, "flow_y", 4)
        self.soaked = self._lay(state, "soaked", 5)

    def _lay(self, state: State, name: str, slot: int) -> Array:
        flat, view = _flat(getattr(state, name), self.shape[1], slot)
        setattr(state, name, view)
        self._views[name] = view
        return flat

    def holds(self, state: State) -> bool:
        """Tell whether the state's arrays are still the views that this one gave it."""
        return all(getattr(state, name) is view for name, view in self._views.items())


class FlatGround:
    """The ground, laid out flat, with the friction of each cell.

    Parameters
    ----------
    ground : Ground
        Kept as it is.
    friction : float
        Friction of a cell over cell size and Manning's n squared; a face has the sum of two.
    """

    def __init__(self, ground: Ground, friction: float) -> None:
        self.ground = ground
        kind = ground.elevation.dtype
        self._stride = stride_of(ground.elevation.shape[1], kind.itemsize)
        self.elevation = _flat(ground.elevation, self._stride, 6, WALL_M)[0]
        drag = ground.roughness.astype(np.float64) ** 2 * (friction * ground.cell_size_m)
        self.friction = _flat(drag.astype(kind), self._stride, 7)[0]
        self.rain, self._rain = _flat(np.zeros_like(ground.elevation), self._stride, 8)
        self.cover = ground.losses.cover[:1, :1].ravel()
        if ground.losses.soaks:
            self.cover = _flat(ground.losses.cover, self._stride, 0)[0]
        self.edges = self._edge_arrays()

    def let_rain(self, rain: Array) -> None:
        """Take over the rain (H, W) in m s-1."""
        self._rain[...] = rain

    def _edge_arrays(self) -> tuple[Array, ...]:
        edges = self.ground.edges
        rows = np.repeat(np.arange(edges.first_of_row.size - 1), np.diff(edges.first_of_row))
        place: NDArray[np.int64] = rows * self._stride + edges.column
        cells = np.repeat(np.arange(place.size), np.diff(edges.start))
        rough = self.ground.roughness[rows, edges.column][cells]
        normal = (edges.slope_root / rough).astype(self.ground.elevation.dtype)
        return edges.start, place, edges.kind, normal
