"""Where water leaves the map in Mode E: open sides of cells, grouped by block."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

__all__ = ["Edges", "find_edges"]

_LEAST_SLOPE, _MOST_SLOPE = 1.0e-3, 10.0  # at open edges; the least is the solver's
_LEAST_FALL_M = 1.0e-6
_LISTED = 64  # the list of edge blocks is a multiple of this long
_SIDES = ((-1, 1), (-2, 1), (-1, -1), (-2, -1))  # east, south, west, north: axis and step


@dataclass(frozen=True)
class Edges:
    """Open sides of the cells of those blocks that have any.

    The list is padded to a multiple of 64, so that a compiled pass meets few sizes; what pads it
    lies behind the last block and lets nothing out.

    Attributes
    ----------
    place : Tensor (N,), int64
        Position of each block in the flattened (B, h, w).
    bed : Tensor (N, 1, C), m
        Ground of the block's cells above its base.
    normal : Tensor (N, 4, C), s-1 m1/3
        Root of the water slope over Manning's n; 0 where a side is not open.
    fall : Tensor (N, 4, C), m
        Fall of the block's thalweg towards the side.
    """

    place: Tensor
    bed: Tensor
    normal: Tensor
    fall: Tensor


def find_edges(
    heights: Tensor,
    known: Tensor,
    edge: Tensor,
    rough: Tensor,
    dx: Tensor,
    ground: Tensor,
    falls: Tensor,
) -> Edges:
    """Find the open sides of cells.

    The channel ``edge`` is 1 on cells at an open rim, also one of missing ground, and -1 at a
    closed one. A side of the raster where it is 0 is a cut through a larger raster: water that
    reaches it leaves.

    Parameters
    ----------
    heights : Tensor (B, H, W), m
    known : Tensor (B, H, W), bool
    edge, rough : Tensor (B, H, W)
        The channel ``edge`` and Manning's n.
    dx : Tensor (B, 1, 1), m
        Side of a cell.
    ground : Tensor (B, C, h, w), m
        Cells above the base of their block.
    falls : Tensor (B, 4, h, w), m
        Of the thalweg towards east, south, west, north.
    """
    block = heights.shape[-1] // ground.shape[-1]
    normal = torch.stack(
        [_normal(heights, known, edge, rough, dx, axis, step) for axis, step in _SIDES], dim=1
    )
    count, _, rows, cols = ground.shape
    split = functional.pixel_unshuffle(normal, block).reshape(count, 4, -1, rows, cols)
    place = torch.nonzero(split.amax(dim=(1, 2)).flatten() > 0).squeeze(1)
    more = _LISTED - len(place) % _LISTED

    def chosen(values: Tensor) -> Tensor:  # (B, S, C, h, w) to (N, S, C)
        found = values.permute(0, 3, 4, 1, 2).flatten(0, 2)[place]
        return functional.pad(found, (0, 0, 0, 0, 0, more))

    # the thalweg of a block ends at its side, not at a gap in its middle
    ends = torch.zeros(4, block, block, device=heights.device)
    ends[0, :, -1] = ends[1, -1, :] = ends[2, :, 0] = ends[3, 0, :] = 1.0
    fall = falls[:, :, None] * ends.reshape(1, 4, -1, 1, 1)
    beds, normals, ends_at = chosen(ground[:, None]), chosen(split), chosen(fall)
    place = functional.pad(place, (0, more), value=count * rows * cols)
    return Edges(place, beds, normals, ends_at.clamp(min=_LEAST_FALL_M))


def _normal(
    heights: Tensor, known: Tensor, edge: Tensor, rough: Tensor, dx: Tensor, axis: int, step: int
) -> Tensor:
    """Give the root of the slope over Manning's n at open sides of one direction, (B, H, W)."""
    there = _shifted(known, axis, step)
    rim = ~_shifted(torch.ones_like(known), axis, step)
    is_open = known & ~there & torch.where(rim, edge > -0.5, edge > 0.5)
    inner_known, inner = _shifted(known, axis, -step), _shifted(heights, axis, -step)
    slope = torch.where(inner_known & is_open, (inner - heights) / dx, 0.0)
    slope = slope.clamp(min=_LEAST_SLOPE, max=_MOST_SLOPE)
    return torch.where(is_open, slope.sqrt() / rough, 0.0)


def _shifted(values: Tensor, axis: int, step: int) -> Tensor:
    """Give what lies ``step`` (1 or -1) further along an axis; zeros beyond the raster."""
    size = values.shape[axis]
    inside = values.narrow(axis, max(step, 0), size - 1)
    rim = torch.zeros_like(values.narrow(axis, 0, 1))
    return torch.cat([inside, rim] if step > 0 else [rim, inside], dim=axis)
