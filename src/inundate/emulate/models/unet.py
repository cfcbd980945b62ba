"""A plain U-Net on the rain window and the terrain.

The usual encoder-decoder: whole 3 x 3 convolutions, strided ones between levels, skips that are
joined by channels. Frames of the rain window are channels, so nothing in it knows of time; the
Temporal CNN beside it convolves along time. It works on blocks of cells, and its norm looks along
the channels of one position, so that tiles join without a seam.
"""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional

from inundate.emulate.backbone import ChannelNorm, level_widths, reach_cells
from inundate.emulate.models.window_net import WindowNet
from inundate.emulate.settings import UNetSettings

__all__ = ["ConvBlock", "UNet"]

_CONVS = 2  # 3 x 3 convolutions of a block, as in the first U-Net


class ConvBlock(nn.Module):
    """Two 3 x 3 convolutions, each normed along the channels and bent.

    Parameters
    ----------
    channels, out : int
        Channels given and made.
    """

    def __init__(self, channels: int, out: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv2d(channels, out, 3, padding=1), ChannelNorm(out), nn.GELU(),
            nn.Conv2d(out, out, 3, padding=1), ChannelNorm(out), nn.GELU(),
        )  # fmt: skip

    def forward(self, values: Tensor) -> Tensor:
        """Map (B, channels, H, W) to (B, out, H, W)."""
        found: Tensor = self.layers(values)
        return found


class UNet(WindowNet):
    """Map a rain window and terrain to depth with an encoder-decoder.

    Parameters
    ----------
    static_channels : int
        Channels of the terrain inputs.
    history : int
        Steps of the rain window.
    settings : UNetSettings

    Source
    ------
    Ronneberger, Fischer and Brox (2015), doi:10.1007/978-3-319-24574-4_28.
    """

    name = "unet"
    settings: UNetSettings

    def __init__(self, static_channels: int, history: int, settings: UNetSettings) -> None:
        super().__init__(static_channels, history, settings)
        widths = level_widths(settings.width, settings.levels)
        self.encoder = nn.ModuleList(_stack(w, w, settings.depth) for w in widths)
        self.shrink = nn.ModuleList(nn.Conv2d(a, b, 2, 2) for a, b in pairwise(widths))
        self.grow = nn.ModuleList(nn.ConvTranspose2d(b, a, 2, 2) for a, b in pairwise(widths))
        self.decoder = nn.ModuleList(_stack(2 * w, w, settings.depth) for w in widths[:-1])
        self.make_head()

    @property
    def reach(self) -> int:
        """Cells over which an input can move an output."""
        s = self.settings
        return reach_cells(s.levels, _CONVS * s.depth, s.block)

    def features(self, joined: Tensor) -> Tensor:
        """Map the sum of embedded terrain and rain (N, width, h, w) to the same shape."""
        values = functional.gelu(joined)
        skips = []
        for level, encode in enumerate(self.encoder):
            values = encode(values)
            if level < len(self.shrink):
                skips.append(values)
                values = self.shrink[level](values)
        for level in reversed(range(len(self.shrink))):
            joined = torch.cat([skips[level], self.grow[level](values)], dim=1)
            values = self.decoder[level](joined)
        return values


def _stack(channels: int, out: int, depth: int) -> nn.Sequential:
    return nn.Sequential(*(ConvBlock(channels if n == 0 else out, out) for n in range(depth)))
