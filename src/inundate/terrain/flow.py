"""Where water would run over a terrain: filling, flow directions, drained area, sinks.

Everything here works on plain arrays. A terrain is described by two arrays of one shape:

``height``
    float64 (H, W), any unit with one vertical scale; the value of an unknown cell is ignored.
``kind``
    uint8 (H, W): :data:`UNKNOWN` (no data: water that reaches it has left the terrain),
    :data:`GROUND`, or :data:`WALL` (no water enters, none leaves).

Water leaves the terrain at its *outlets*: ground cells on the edge of the array or beside an
unknown cell (over a corner too, where corners let water pass). That is the only edge meaning: a
terrain that is closed all round would never spill.

The order in which the flood of Barnes et al. (2014) reaches the cells never falls, and each cell
is reached from a cell that drains it. So the steepest lower neighbour where there is one, and that
parent on flat ground, make a forest without loops, and one walk over the order, backwards or
forwards, answers every question below in O(n).

Source
------
Barnes, Lehman and Mulla (2014), doi:10.1016/j.cageo.2013.04.024, algorithms 1, 2 and 4.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from inundate.terrain.kernels import (
    GROUND,
    OUTLET,
    UNKNOWN,
    WALL,
    accumulate,
    flood_cells,
    label_regions,
    steepest_receivers,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = [
    "GROUND",
    "OUTLET",
    "UNKNOWN",
    "WALL",
    "Drainage",
    "drained_area",
    "enclosed_gaps",
    "flood",
    "follow",
    "height_above_drainage",
    "label_sinks",
    "make_kind",
    "route",
    "wetness_index",
]


@dataclass(frozen=True)
class Drainage:
    """Who drains into whom.

    Attributes
    ----------
    filled : array (H, W), unit of the height
        Level to which each cell fills before it spills; the height itself outside sinks.
    receiver : array (H * W,), int64
        Flat index of the cell downstream, :data:`OUTLET` where water leaves, and for unknown and
        wall cells.
    order : array (N,), int64
        Flat indices of the N cells that drain to an outlet; each stands behind its receiver.
    """

    filled: NDArray[np.float64]
    receiver: NDArray[np.int64]
    order: NDArray[np.int64]


def make_kind(
    height: NDArray[Any], wall_mask: NDArray[np.bool_] | None = None
) -> NDArray[np.uint8]:
    """Mark each cell as unknown (NaN), ground or wall.

    Parameters
    ----------
    height : array (H, W)
        NaN where unknown.
    wall_mask : array (H, W) of bool, optional
        True where no water can pass.

    Returns
    -------
    array (H, W), uint8
    """
    kind = np.where(np.isnan(height), UNKNOWN, GROUND).astype(np.uint8)
    if wall_mask is not None:
        kind[np.asarray(wall_mask, dtype=bool) & (kind == GROUND)] = WALL
    return kind


def enclosed_gaps(missing: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Find the missing cells that are not joined, side by side, to the edge of the map.

    Parameters
    ----------
    missing : array (H, W) of bool

    Returns
    -------
    array (H, W) of bool
    """
    gaps = label_regions(np.ascontiguousarray(missing), np.zeros(missing.shape), 4)
    rim = np.concatenate([gaps[0], gaps[-1], gaps[:, 0], gaps[:, -1]])
    joined = np.zeros(int(gaps.max(initial=0)) + 1, dtype=bool)
    joined[rim] = True
    return np.asarray(missing & ~joined[gaps], dtype=bool)


def flood(
    height: NDArray[np.float64],
    kind: NDArray[np.uint8],
    *,
    neighbours: int = 8,
    epsilon: float = 0.0,
) -> tuple[NDArray[np.float64], NDArray[np.int64], NDArray[np.int64]]:
    """Flood a terrain inwards from its outlets, lowest cell first.

    Parameters
    ----------
    height : array (H, W)
        Ground height.
    kind : array (H, W), uint8
        See the module.
    neighbours : {4, 8}
        Whether water can leave a sink over a corner (8) or only over a side (4), as in the
        solver, whose water crosses cell faces.
    epsilon : float
        Least rise from one cell to the next inland, in the unit of the height; 0 makes flats.

    Returns
    -------
    filled : array (H, W)
        Lowest surface at or above the ground that drains everywhere. Walls and unknown cells
        keep their height, and so does ground that walls shut in completely.
    parent : array (H * W,), int64
        Cell from which each cell was reached; OUTLET for outlets and cells never reached.
    order : array (N,), int64
        The N cells reached, in the order of the flood.
    """
    if neighbours not in (4, 8):
        message = f"flooding a terrain: found neighbours={neighbours}, expected 4 or 8"
        raise ValueError(message)
    return flood_cells(
        np.ascontiguousarray(height, dtype=np.float64),
        np.ascontiguousarray(kind, dtype=np.uint8),
        neighbours,
        float(epsilon),
    )


def route(
    height: NDArray[np.float64],
    kind: NDArray[np.uint8],
    *,
    neighbours: int = 8,
    directions: int = 8,
) -> Drainage:
    """Fill a terrain and point each cell to the one that it drains to (D8).

    Parameters
    ----------
    height, kind
        See the module.
    neighbours : {4, 8}
        Connectivity of the *filling*.
    directions : {4, 8}
        Neighbours among which the steepest is chosen.

    Returns
    -------
    Drainage
        A cell drains to its steepest lower neighbour on the filled surface; where there is none
        (flats and filled sinks), to the cell from which the flood reached it.
    """
    filled, parent, order = flood(height, kind, neighbours=neighbours)
    receiver = steepest_receivers(filled, kind, parent, order, directions)
    return Drainage(filled, receiver, order)


def drained_area(drainage: Drainage) -> NDArray[np.float32]:
    """Count the cells whose water passes through each cell, itself included.

    Returns
    -------
    array (H, W), float32
        Number of cells; 0 where the cell is unknown, a wall, or shut in by walls.
    """
    area = accumulate(drainage.receiver, drainage.order)
    return np.asarray(area.reshape(drainage.filled.shape), dtype=np.float32)


def follow(drainage: Drainage, stop: NDArray[np.bool_], *, doublings: int = 6) -> NDArray[np.int64]:
    """Follow the water from each cell to the first cell to stop at.

    Parameters
    ----------
    drainage : Drainage
    stop : array (H, W) of bool
        Cells where the walk ends; outlets end it too.
    doublings : int
        The walk takes at most ``2**doublings`` steps (64 by default).

    Returns
    -------
    array (H, W), int64
        Flat index of the cell where the walk ends.
    """
    here = np.arange(drainage.receiver.size, dtype=np.int64)
    ends = (drainage.receiver < 0) | stop.ravel()
    target = np.where(ends, here, drainage.receiver)
    for _ in range(doublings):
        target = target[target]
    return np.asarray(target.reshape(stop.shape), dtype=np.int64)


def height_above_drainage(
    drainage: Drainage, channel: NDArray[np.bool_], *, doublings: int = 6
) -> NDArray[np.float64]:
    """Compute the fall along the flow path to the first channel cell (bounded HAND).

    Parameters
    ----------
    drainage : Drainage
    channel : array (H, W) of bool
        Cells that count as channel; outlets count too.
    doublings : int
        The path is followed for at most ``2**doublings`` steps (64 by default); a longer one
        counts as far as that.

    Returns
    -------
    array (H, W), unit of the height
        0 in channels; on the filled surface, so never negative.

    Source
    ------
    Nobre et al. (2011), doi:10.1016/j.jhydrol.2011.03.051; the bound on the path is ours.
    """
    end = follow(drainage, channel, doublings=doublings)
    return np.asarray(drainage.filled - drainage.filled.ravel()[end], dtype=np.float64)


def label_sinks(
    height: NDArray[np.float64], filled: NDArray[np.float64], *, least_depth: float = 0.0
) -> NDArray[np.int32]:
    """Give each sink of a filled terrain a number.

    Parameters
    ----------
    height, filled : array (H, W)
        Ground, and the surface of :func:`flood`.
    least_depth : float
        A cell counts when it lies more than this below the filled surface.

    Returns
    -------
    array (H, W), int32
        0 outside sinks; cells that touch and spill at the same level share a number from 1.
    """
    with np.errstate(invalid="ignore"):
        inside = (filled - height) > least_depth
    return label_regions(inside, np.asarray(filled, dtype=np.float64), 8)


def wetness_index(
    area_cells: NDArray[np.floating[Any]],
    slope: NDArray[np.floating[Any]],
    *,
    cell_size_m: float,
    least_slope: float = 1e-3,
) -> NDArray[np.float32]:
    """Compute the topographic wetness index ln(a / tan(slope)).

    Parameters
    ----------
    area_cells : array (H, W)
        Drained area in cells, own cell included.
    slope : array (H, W), m/m
        Size of the slope vector.
    cell_size_m : float, m
        Side of a cell; a is the area per unit of contour, area_cells * cell_size_m.
    least_slope : float, m/m
        Slopes below it count as it, so that flat ground has a finite index.

    Returns
    -------
    array (H, W), float32
        NaN where the slope is NaN or nothing drains.

    Source
    ------
    Beven and Kirkby (1979), doi:10.1080/02626667909491834.
    """
    area = np.where(area_cells > 0, area_cells, np.nan) * cell_size_m
    index = np.log(area / np.maximum(slope, least_slope))
    return np.asarray(index, dtype=np.float32)
