"""From the raw output of a network to a depth that is physical."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

__all__ = ["DEPTH_SCALE_M", "depth_from_raw", "pour_heights", "to_stretched"]

# depths are stretched by asinh(h / 0.05 m): linear below the default flood threshold,
# logarithmic above, so that 5 cm and 1 m both count
DEPTH_SCALE_M = 0.05
_LEAK = 0.05  # slope below zero while training: a dry cell still gets a gradient
_RAW_LIMIT = 7.5  # sinh(7.5) * 0.05 m = 45 m
_NEWTON = {4: 4, 16: 6}  # steps by cells of a block; more change nothing on real ground


def to_stretched(depth: Tensor) -> Tensor:
    """Stretch depth in m by asinh(depth / 0.05 m)."""
    return torch.asinh(depth / DEPTH_SCALE_M)


def pour_heights(volume: Tensor, heights: Tensor) -> Tensor:
    """Give the level at which a volume of water stands over the cells of each block.

    Newton's method on the volume below a level, which is convex and piecewise linear: from
    above it falls to the root and needs no more steps than there are distinct heights, in
    practice a few. The gradient is that of the last, exact, piece.

    Parameters
    ----------
    volume : Tensor (N, P, h, w), m
        Mean depth over the cells of a block.
    heights : Tensor (N, P, C, h, w), m
        Height of each cell, any datum.

    Returns
    -------
    Tensor (N, P, h, w), m
        The lowest height where there is no water.
    """
    cells = heights.shape[2]
    total = volume * cells
    lowest = heights.amin(dim=2)
    with torch.no_grad():
        level = torch.minimum(lowest + total, volume + heights.mean(dim=2))
        for _ in range(_NEWTON[min(cells, 16)]):
            below = heights < level.unsqueeze(2)
            count = below.sum(dim=2).clamp(min=1)
            filled = torch.where(below, heights, 0.0).sum(dim=2)
            filled = torch.where(below.any(dim=2), filled, lowest)
            level = torch.minimum(level, (total + filled) / count)
        below = (heights < level.unsqueeze(2)) | (heights <= lowest.unsqueeze(2))
    count = below.sum(dim=2)
    found: Tensor = (total + torch.where(below, heights, 0.0).sum(dim=2)) / count
    return found


def depth_from_raw(raw: Tensor, *, training: bool) -> Tensor:
    """Give the depth whose stretched value a network put out.

    Parameters
    ----------
    raw : Tensor (B, K, H, W)
        Stretched depth, any real number; 0 and below is dry.
    training : bool
        Let slightly negative depths through, so that dry cells keep a gradient; otherwise
        they are cut at 0.
    """
    limited = torch.clamp(raw, max=_RAW_LIMIT)
    positive = functional.leaky_relu(limited, _LEAK) if training else torch.relu(limited)
    return DEPTH_SCALE_M * torch.sinh(torch.clamp(positive, min=-1.0))
