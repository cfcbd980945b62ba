"""The backbone of the zoo: a small U-Net over blocks of cells, the same at every place.

It has no weight that belongs to a place, and its normalisation looks along the channels of
one position only. Group norm would average over the tile, so that the result of a cell would
depend on where the tile was cut; with a norm per position tiles join without a seam.
"""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional

__all__ = ["BlockUNet", "ChannelNorm", "ResidualBlock", "level_widths", "reach_cells"]


class ChannelNorm(nn.Module):
    """Normalise the channels of each position, then scale and shift them.

    Parameters
    ----------
    channels : int
        Number of channels C.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(channels))
        self.bias = nn.Parameter(torch.zeros(channels))

    def forward(self, values: Tensor) -> Tensor:
        """Normalise (B, C, H, W) along C."""
        moved = values.movedim(1, -1)  # (B, H, W, C)
        normed = functional.layer_norm(moved, (moved.shape[-1],), self.weight, self.bias)
        return normed.movedim(-1, 1)  # (B, C, H, W)


class ResidualBlock(nn.Module):
    """Depth-wise 3 x 3, norm, two point-wise layers, added to the input.

    Parameters
    ----------
    channels : int
        Number of channels C.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.spatial = nn.Conv2d(channels, channels, 3, padding=1, groups=channels)
        self.norm = ChannelNorm(channels)
        self.expand = nn.Conv2d(channels, 2 * channels, 1)
        self.reduce = nn.Conv2d(2 * channels, channels, 1)

    def forward(self, values: Tensor) -> Tensor:
        """Map (B, C, H, W) to the same shape."""
        hidden = self.norm(self.spatial(values))
        change: Tensor = self.reduce(functional.gelu(self.expand(hidden)))
        return values + change


class BlockUNet(nn.Module):
    """U-Net with residual blocks, average pooling and skip connections.

    Parameters
    ----------
    width : int
        Channels at the finest level; each coarser level has half as many more.
    levels : int
        Resolutions; the input's sides must be multiples of ``2 ** (levels - 1)``.
    depth : int
        Residual blocks on each side of a level.
    """

    def __init__(self, width: int, levels: int, depth: int = 1) -> None:
        super().__init__()
        widths = level_widths(width, levels)
        self.levels, self.depth = levels, depth
        self.down = nn.ModuleList(_stack(w, depth) for w in widths)
        self.widen = nn.ModuleList(nn.Conv2d(a, b, 1) for a, b in pairwise(widths))
        self.narrow = nn.ModuleList(nn.Conv2d(b, a, 1) for a, b in pairwise(widths))
        self.up = nn.ModuleList(_stack(w, depth) for w in widths[:-1])

    def forward(self, values: Tensor, known: Tensor | None = None) -> Tensor:
        """Map (B, width, H, W) to the same shape.

        Parameters
        ----------
        values : Tensor (B, width, H, W)
        known : Tensor (B, 1, H, W), optional
            0 where a position is to count as one beyond the map, so that a map with a margin
            of such positions gives what the map alone does; 1 elsewhere.
        """
        masks = _pyramid(known, self.levels)
        skips = []
        for level in range(self.levels):
            values = _through(self.down[level], values, masks[level])
            if level < self.levels - 1:
                skips.append(values)
                values = self.widen[level](functional.avg_pool2d(values, 2))
        for level in reversed(range(self.levels - 1)):
            lifted = functional.interpolate(self.narrow[level](values), scale_factor=2.0)
            values = _through(self.up[level], skips[level] + lifted, masks[level])
        return values


def _pyramid(known: Tensor | None, levels: int) -> list[Tensor | None]:
    """Give the mask at each level; a coarser position counts if any part of it does."""
    found = [known]
    for _ in range(levels - 1):
        finer = found[-1]
        found.append(None if finer is None else functional.max_pool2d(finer, 2))
    return found


def _through(stack: nn.Module, values: Tensor, known: Tensor | None) -> Tensor:
    """Run residual blocks, the input of each masked, and the output."""
    if known is None:
        found: Tensor = stack(values)
        return found
    for block in stack.children():
        values = block(values * known)
    return values * known


def _stack(width: int, depth: int) -> nn.Sequential:
    return nn.Sequential(*(ResidualBlock(width) for _ in range(depth)))


def level_widths(width: int, levels: int) -> list[int]:
    """Give the channels of each level: half as many more than of the finer, in eights.

    Not twice as many as in the first U-Net: 2 M weights are enough for four levels.
    """
    return [width, *(int(width * 1.5**level) // 8 * 8 or 8 for level in range(1, levels))]


def reach_cells(levels: int, depth: int, block: int) -> int:
    """Give the largest distance in cells over which an input can move an output.

    Parameters
    ----------
    levels, depth : int
        Of :class:`BlockUNet`.
    block : int
        Fine cells along the side of a position at the finest level.

    Returns
    -------
    int
        A multiple of the coarsest level's cell, so that tiles stay aligned.
    """
    reach: int = 0
    for level in range(levels):
        sides = 2 if level < levels - 1 else 1
        reach += sides * depth * block * 2**level  # one position for each 3 x 3 layer
        reach += block * 2**level  # pooling and lifting: alignment within the coarser cell
    coarsest: int = block * 2 ** (levels - 1)
    return -(-reach // coarsest) * coarsest
