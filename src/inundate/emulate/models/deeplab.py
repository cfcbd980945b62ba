"""Dilated convolutions side by side on the rain window and the terrain, after DeepLabV3+.

An encoder shrinks the map, convolutions of several dilations look at it at once, and a decoder
joins the result with early features. The original also averages over the whole image; that would
tie a cell to where the tile was cut, so the widest dilation takes its place here.
"""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional

from inundate.emulate.backbone import ChannelNorm, ResidualBlock, level_widths
from inundate.emulate.models.window_net import WindowNet
from inundate.emulate.settings import DeepLabSettings

__all__ = ["DeepLab", "Pyramid"]

_DECODER = 2  # residual blocks behind the skip


class Pyramid(nn.Module):
    """Separable 3 x 3 convolutions of several dilations beside each other, joined by 1 x 1.

    Parameters
    ----------
    channels : int
    dilations : tuple of int
        A dilation of 0 is a convolution of one position.
    """

    def __init__(self, channels: int, dilations: tuple[int, ...]) -> None:
        super().__init__()
        self.looks = nn.ModuleList(
            nn.Sequential(
                nn.Conv2d(channels, channels, 3, padding=d, dilation=d, groups=channels),
                nn.Conv2d(channels, channels, 1), ChannelNorm(channels), nn.GELU(),
            )
            for d in dilations
        )  # fmt: skip
        self.here = nn.Sequential(
            nn.Conv2d(channels, channels, 1), ChannelNorm(channels), nn.GELU()
        )
        self.join = nn.Conv2d(channels * (len(dilations) + 1), channels, 1)

    def forward(self, values: Tensor) -> Tensor:
        """Map (B, C, H, W) to the same shape."""
        seen = [self.here(values), *(look(values) for look in self.looks)]
        found: Tensor = self.join(torch.cat(seen, dim=1))
        return found


class DeepLab(WindowNet):
    """Map a rain window and terrain to depth with a pyramid of dilated convolutions.

    Parameters
    ----------
    static_channels : int
        Channels of the terrain inputs.
    history : int
        Steps of the rain window.
    settings : DeepLabSettings

    Source
    ------
    Chen et al. (2018), doi:10.1007/978-3-030-01234-2_49, figure 2.
    """

    name = "deeplab"
    settings: DeepLabSettings

    def __init__(self, static_channels: int, history: int, settings: DeepLabSettings) -> None:
        super().__init__(static_channels, history, settings)
        width, widths = settings.width, level_widths(settings.width, settings.levels)
        depth = settings.depth
        self.encoder = nn.ModuleList(_stack(w, depth) for w in widths)
        self.shrink = nn.ModuleList(nn.Conv2d(a, b, 2, 2) for a, b in pairwise(widths))
        self.pyramid = Pyramid(widths[-1], settings.dilations)
        self.skip = nn.Conv2d(width, width, 1)
        self.lift = nn.Conv2d(widths[-1], width, 1)
        self.decoder = nn.Sequential(
            nn.Conv2d(2 * width, width, 1), *(ResidualBlock(width) for _ in range(_DECODER))
        )
        self.make_head()

    @property
    def reach(self) -> int:
        """Cells over which an input can move an output."""
        s = self.settings
        cells: int = sum(s.block * 2**level * (s.depth + 1) for level in range(s.levels))
        # the widest look, and lifting between the centres of coarse positions
        cells += self.align * (max(s.dilations) + 1) + s.block * _DECODER
        return -(-cells // self.align) * self.align

    def features(self, joined: Tensor) -> Tensor:
        """Map the sum of embedded terrain and rain (N, width, h, w) to the same shape."""
        values = joined
        early = values
        for level, encode in enumerate(self.encoder):
            values = encode(values)
            if level == 0:
                early = values
            if level < len(self.shrink):
                values = self.shrink[level](values)
        seen = self.lift(self.pyramid(values))
        if self.shrink:
            times = float(2 ** len(self.shrink))
            seen = functional.interpolate(seen, scale_factor=times, mode="bilinear")
        found: Tensor = self.decoder(torch.cat([self.skip(early), seen], dim=1))
        return found


def _stack(width: int, depth: int) -> nn.Sequential:
    return nn.Sequential(*(ResidualBlock(width) for _ in range(depth)))
