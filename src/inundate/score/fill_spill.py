"""Fill, spill and merge: where a volume of rain stands once it has run down and stopped.

Cells are visited from low to high. A cell without a lower visited neighbour opens a sink, any
other joins the sink of its lowest neighbour; where two sinks touch they have found the saddle
at which the one spills into the other, and become a pair that can fill on as one. The same
pass gives the volume of each sink up to its saddle. Water is then poured sink by sink: what
does not fit goes over the saddle, and two full sinks that spill into each other merge. The
level of a partly filled sink is closed form: (volume + sum of heights) / cells below it.

What is left out: time. All rain is at the bottom at once, so running water has no depth, and
a slope without a sink stays dry. That is why this baseline is strong on flat ground and
worthless in a steep valley.

Every drop is accounted for: rain = standing water + outflow, to rounding.

Source
------
The idea of a hierarchy of sinks: Barnes, Callaghan and Wickert (2020, 2021),
doi:10.5194/esurf-8-431-2020 and doi:10.5194/esurf-9-105-2021.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
from numba import njit
from numpy.typing import ArrayLike, NDArray

from inundate.core.errors import ConfigError, DataError

__all__ = ["Edges", "Sinks", "fill_depth", "find_sinks", "stand"]

Edges: TypeAlias = Literal["open", "closed"]
Numbers: TypeAlias = NDArray[np.float64]
Whole: TypeAlias = NDArray[np.int64]

OUTSIDE = 0  # the sink that takes what leaves the map


@dataclass(frozen=True, eq=False)
class Sinks:
    """The sinks of a terrain and how they spill; number 0 is the outside.

    Attributes
    ----------
    shape : tuple of int
        Rows and columns.
    order : int array (H * W,)
        Cells with data, from low to high.
    height : array (H * W,), m
        Heights above the lowest cell, 0 where there is no data.
    sink : int array (H * W,)
        Sink into which each cell drains; -1 where there is no data.
    parent : int array (N,)
        The pair that a sink becomes part of once both are full; -1 for none.
    volume : array (N,), m times cells
        Water that fits below the saddle; infinite outside or where nothing can leave.
    spills_into : int array (N,)
        Simple sink beyond the saddle; -1 for none.
    """

    shape: tuple[int, int]
    order: Whole
    height: Numbers
    sink: Whole
    parent: Whole
    volume: Numbers
    spills_into: Whole


def find_sinks(elevation: ArrayLike, *, edges: Edges = "open") -> Sinks:
    """Find all sinks of a terrain, their volumes and where they spill.

    Parameters
    ----------
    elevation : array (H, W), m
        Ground height; NaN where there is no data.
    edges : {"open", "closed"}
        Whether water leaves over the border of the map and into cells without data.

    Raises
    ------
    DataError
        If the array has not two dimensions, holds infinity or has no height at all.
    ConfigError
        If ``edges`` is neither.
    """
    ground = np.asarray(elevation, dtype=np.float64)
    if edges not in ("open", "closed"):
        raise ConfigError(f"fill-spill: edges = {edges!r}, expected 'open' or 'closed'")
    if ground.ndim != 2 or np.isinf(ground).any() or not np.isfinite(ground).any():
        raise DataError(
            f"fill-spill: elevation of shape {ground.shape}, expected (y, x) with finite heights "
            "and NaN where there is no data"
        )
    known = np.isfinite(ground).ravel()
    height = np.where(known, ground.ravel() - np.nanmin(ground), 0.0)
    cells = np.flatnonzero(known)
    order = cells[np.argsort(height[cells], kind="stable")]
    sink, parent, volume, into = _hierarchy(height, known, order, ground.shape, edges == "open")
    return Sinks(ground.shape, order, height, sink, parent, volume, into)


def stand(sinks: Sinks, water_m: ArrayLike) -> tuple[NDArray[np.float32], Numbers]:
    """Pour water onto a terrain and give where it comes to stand, frame by frame.

    Parameters
    ----------
    sinks : Sinks
        The terrain.
    water_m : array (T, H, W), m
        Depth of rain *since the frame before* on each cell; what falls on cells without data
        is left out.

    Returns
    -------
    depth : array (T, H, W), m
        Standing water; NaN where there is no data.
    outflow : array (T,), m times cells
        Water that has left the map by each frame.

    Raises
    ------
    DataError
        If the shape does not fit, or a value is negative or not finite.
    """
    water = np.asarray(water_m, dtype=np.float64)
    if water.ndim != 3 or water.shape[1:] != sinks.shape:
        raise DataError(
            f"fill-spill: water of shape {water.shape}, expected (time, {sinks.shape[0]}, "
            f"{sinks.shape[1]}) like the terrain"
        )
    if not (np.isfinite(water) & (water >= 0)).all():
        raise DataError("fill-spill: water is negative or missing, expected numbers of 0 or more")
    frames = water.reshape(len(water), -1)
    depth, outflow = _fill(
        frames,
        sinks.order,
        sinks.height,
        sinks.sink,
        sinks.parent,
        sinks.volume,
        sinks.spills_into,
    )
    return depth.reshape(water.shape), outflow


def fill_depth(elevation: ArrayLike, *, edges: Edges = "open") -> NDArray[np.float32]:
    """Give the depth of water when every sink is full, (H, W), m.

    Raises
    ------
    ConfigError
        If edges are closed: nothing would ever spill.

    Examples
    --------
    >>> fill_depth([[2, 2, 2], [2, 0, 1], [2, 2, 2]]).tolist()
    [[0.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 0.0]]
    """
    if edges == "closed":
        raise ConfigError("fill depth: edges are closed, expected 'open' so that sinks can spill")
    sinks = find_sinks(elevation, edges=edges)
    # as much as the whole map could hold, on every cell: more than any sink below it can take
    plenty = np.full((1, *sinks.shape), 1.0 + float(sinks.height.max()) * sinks.order.size)
    return np.asarray(stand(sinks, plenty)[0][0])


@njit(cache=True)
def _root(group: Whole, sink: int) -> int:
    while group[sink] != sink:
        group[sink] = group[group[sink]]
        sink = group[sink]
    return sink


@njit(cache=True)
def _hierarchy(
    height: Numbers, known: NDArray[np.bool_], order: Whole, shape: tuple[int, int], is_open: bool
) -> tuple[Whole, Whole, Numbers, Whole]:
    """Visit the cells from low to high; join sinks at the saddles where they first touch."""
    rows, columns = shape
    size = 2 * order.size + 2  # each cell may open a sink, each sink but one is paired once
    sink = np.full(rows * columns, -1, np.int64)
    parent = np.full(size, -1, np.int64)
    volume = np.full(size, np.inf)
    into = np.full(size, -1, np.int64)
    group = np.arange(size)  # union-find: from any sink to the largest it is part of
    cells = np.zeros(size)  # cells of a group, and the sum of their heights
    heights = np.zeros(size)
    count = 1  # the outside
    near = np.empty(9, np.int64)
    for c in order:
        row, column = c // columns, c % columns
        touched, lowest, leaves = 0, -1, False
        for i in range(max(row - 1, 0), min(row + 2, rows)):
            for j in range(max(column - 1, 0), min(column + 2, columns)):
                n = i * columns + j
                if not known[n]:
                    leaves = True
                elif sink[n] >= 0:
                    near[touched] = sink[n]
                    touched += 1
                    if lowest < 0 or height[n] < height[lowest]:
                        lowest = n
        leaves = is_open and (leaves or row in (0, rows - 1) or column in (0, columns - 1))
        if lowest >= 0:
            sink[c] = sink[lowest]
        elif leaves:
            sink[c] = OUTSIDE
        else:
            sink[c] = count
            count += 1
        here = _root(group, sink[c])
        cells[here] += 1
        heights[here] += height[c]
        if leaves:
            near[touched] = OUTSIDE
            touched += 1
        for k in range(touched):
            a, b = _root(group, sink[c]), _root(group, near[k])
            if a == b:
                continue
            outside = _root(group, OUTSIDE)
            if a != outside:
                volume[a] = max(cells[a] * height[c] - heights[a], 0.0)
                into[a] = near[k]
            if b != outside:
                volume[b] = max(cells[b] * height[c] - heights[b], 0.0)
                into[b] = sink[c]
            if outside in (a, b):
                group[a], group[b] = OUTSIDE, OUTSIDE
                continue
            pair = count
            count += 1
            parent[a], parent[b], group[a], group[b] = pair, pair, pair, pair
            cells[pair] = cells[a] + cells[b]
            heights[pair] = heights[a] + heights[b]
    return sink, parent[:count], volume[:count], into[:count]


@njit(cache=True)
def _pour(
    sink: int,
    amount: float,
    water: Numbers,
    active: Whole,
    parent: Whole,
    volume: Numbers,
    into: Whole,
) -> None:
    """Add water to a sink and let it run on until it all stands or has left."""
    at = _root(active, sink)
    while True:
        room = volume[at] - water[at]
        if amount <= room:
            water[at] += amount
            return
        water[at] = volume[at]
        amount -= room
        beyond = _root(active, into[at])
        if parent[at] >= 0 and parent[beyond] == parent[at] and water[beyond] >= volume[beyond]:
            pair = parent[at]
            active[at], active[beyond] = pair, pair
            water[pair] = volume[at] + volume[beyond]
            at = pair
        else:
            at = beyond


@njit(cache=True)
def _fill(
    frames: Numbers,
    order: Whole,
    height: Numbers,
    sink: Whole,
    parent: Whole,
    volume: Numbers,
    into: Whole,
) -> tuple[NDArray[np.float32], Numbers]:
    """Pour each frame's water on top of the last one's and give the depths."""
    count = parent.size
    depth = np.full(frames.shape, np.nan, np.float32)
    outflow = np.empty(len(frames))
    water = np.zeros(count)
    active = np.arange(count)  # from a sink to the filled pair that it is now part of
    for t in range(len(frames)):
        fallen = np.zeros(count)
        for c in order:
            fallen[sink[c]] += frames[t, c]
        for s in range(count):
            if fallen[s] > 0:
                _pour(s, fallen[s], water, active, parent, volume, into)
        outflow[t] = water[OUTSIDE]
        level = _levels(order, height, sink, active, water)
        for c in order:
            s = _root(active, sink[c])
            depth[t, c] = max(level[s] - height[c], 0.0) if s != OUTSIDE else 0.0
    return depth, outflow


@njit(cache=True)
def _levels(order: Whole, height: Numbers, sink: Whole, active: Whole, water: Numbers) -> Numbers:
    """Level at which each active sink holds its water, in one pass from low to high."""
    cells = np.zeros(water.size)
    heights = np.zeros(water.size)
    done = np.zeros(water.size, np.bool_)
    for c in order:
        s = _root(active, sink[c])
        if done[s]:
            continue
        if cells[s] * height[c] - heights[s] >= water[s]:  # the water stays below this cell
            done[s] = True
            continue
        cells[s] += 1
        heights[s] += height[c]
    level = np.zeros(water.size)
    for s in range(water.size):
        if cells[s] > 0:
            level[s] = (water[s] + heights[s]) / cells[s]
    return level
