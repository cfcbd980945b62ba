"""A plain U-Net on the rain window and the terrain.

The usual encoder-decoder: whole 3 x 3 convolutions, strided ones between levels, skips that are
joined by channels. Frames of the rain window are channels, so nothing in it knows of time; the
Temporal CNN beside it convolves along time. It works on blocks of cells, and its norm looks along
the channels of one position, so that tiles join without a seam.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional

from inundate.emulate.backbone import ChannelNorm, reach_cells
from inundate.emulate.heads import depth_from_raw
from inundate.emulate.settings import UNetSettings
from inundate.emulate.shapes import check_inputs

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


class UNet(nn.Module):
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

    input_names = ("terrain", "rain")
    family = "window"

    def __init__(self, static_channels: int, history: int, settings: UNetSettings) -> None:
        super().__init__()
        self.settings = settings
        self.static_channels, self.history = static_channels, history
        width, cells = settings.width, settings.block**2
        # half as many more a level, not twice as many: 2 M weights are enough for four levels
        widths = [int(width * 1.5**level) // 8 * 8 or 8 for level in range(settings.levels)]
        widths[0] = width
        self.terrain = nn.Conv2d(static_channels * cells, width, 1)
        self.rain = nn.Conv2d(history, width, 1)
        self.encoder = nn.ModuleList(_stack(w, w, settings.depth) for w in widths)
        self.shrink = nn.ModuleList(nn.Conv2d(a, b, 2, 2) for a, b in pairwise(widths))
        self.grow = nn.ModuleList(nn.ConvTranspose2d(b, a, 2, 2) for a, b in pairwise(widths))
        self.decoder = nn.ModuleList(_stack(2 * w, w, settings.depth) for w in widths[:-1])
        self.head = nn.Conv2d(width, cells, 1)
        nn.init.normal_(self.head.weight, std=0.02)
        nn.init.zeros_(self.head.bias)  # type: ignore[arg-type]

    @property
    def align(self) -> int:
        """Cells that a raster's sides must be a multiple of."""
        return int(self.settings.block * 2 ** (self.settings.levels - 1))

    @property
    def reach(self) -> int:
        """Cells over which an input can move an output."""
        s = self.settings
        return reach_cells(s.levels, _CONVS * s.depth, s.block)

    def forward(self, inputs: Mapping[str, Tensor]) -> Tensor:
        """Give depth in m.

        Parameters
        ----------
        inputs : mapping
            ``terrain`` (B, C, H, W), ``rain`` (B, K, L, H / block, W / block), scaled.

        Returns
        -------
        Tensor (B, K, H, W), m

        Raises
        ------
        DataError
            If a shape does not fit.
        """
        block = self.settings.block
        check_inputs("unet", inputs, {
            "terrain": ("B", self.static_channels, "H", "W"),
            "rain": ("B", "K", self.history, f"H/{block}", f"W/{block}"),
        })  # fmt: skip
        terrain, rain = inputs["terrain"], inputs["rain"]
        batch, frames = rain.shape[:2]
        ground = self.terrain(functional.pixel_unshuffle(terrain, block))  # (B, w, h, w)
        ground = ground.repeat_interleave(frames, dim=0)  # (B * K, w, h, w)
        raw = self.head(self._net(functional.gelu(ground + self.rain(rain.flatten(0, 1)))))
        depth = depth_from_raw(functional.pixel_shuffle(raw, block), training=self.training)
        return depth.reshape(batch, frames, *depth.shape[-2:])

    def _net(self, values: Tensor) -> Tensor:
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
