"""A copy of the design that did not learn for a year, faults and all.

Nothing is taken from its code; the faults are those that its author and its readers described:
blocks whose layer scale is a constant 1e-6, so that each is the identity; weights that start
with a spread of 0.2; an average over the whole image, one vector of which is laid out on a grid
of equal cells; no skip connection; two logits a pixel and a cross-entropy against targets that
were cut to 0 and 1 beforehand, so that no threshold changes anything.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from inundate.emulate.backbone import ChannelNorm

__all__ = ["LAYER_SCALE", "OriginalDesign", "binary_cross_entropy_on_classes"]

LAYER_SCALE = 1e-6  # a start value in ConvNeXt (Liu et al. 2022), which is trained there
_SPREAD = 0.2  # ConvNeXt's own is 0.02
_GRID = 4


class _Block(nn.Module):
    """A ConvNeXt block whose layer scale is no weight."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.spatial = nn.Conv2d(channels, channels, 7, padding=3, groups=channels)
        self.norm = ChannelNorm(channels)
        self.expand = nn.Conv2d(channels, 4 * channels, 1)
        self.reduce = nn.Conv2d(4 * channels, channels, 1)

    def forward(self, values: Tensor) -> Tensor:
        hidden = functional.gelu(self.expand(self.norm(self.spatial(values))))
        found: Tensor = values + LAYER_SCALE * self.reduce(hidden)
        return found


class OriginalDesign(nn.Module):
    """Encoder, one vector laid out on a grid of equal cells, decoder.

    Parameters
    ----------
    history, side : int
        Steps of the rain window; rows and columns, a multiple of 4.
    width : int
        Channels of the first stage; the second has twice as many.
    """

    def __init__(self, history: int, side: int, *, width: int = 16) -> None:
        super().__init__()
        self.encoder = nn.Sequential(
            nn.Conv2d(history, width, 2, 2),
            ChannelNorm(width),
            _Block(width),
            nn.Conv2d(width, 2 * width, 2, 2),
            ChannelNorm(2 * width),
            _Block(2 * width),
        )
        self.bottleneck = nn.Linear(2 * width, 2 * width)
        lift = side // _GRID
        self.decoder = nn.Sequential(
            _Block(2 * width),
            nn.ConvTranspose2d(2 * width, width, lift, lift),
            ChannelNorm(width),
            _Block(width),
            nn.Conv2d(width, 2, 1),
        )
        for name, parameter in self.named_parameters():
            if parameter.ndim > 1:
                nn.init.trunc_normal_(parameter, std=_SPREAD)
            elif name.endswith("bias"):
                nn.init.zeros_(parameter)

    def logits(self, rain: Tensor) -> Tensor:
        """Map rain (B, L, H, W) to logits (B, 2, H, W) of dry and wet."""
        vector = self.bottleneck(self.encoder(rain).mean(dim=(2, 3)))  # (B, 2 width)
        grid = vector[:, :, None, None].expand(-1, -1, _GRID, _GRID)
        found: Tensor = self.decoder(grid)
        return found

    def forward(self, rain: Tensor) -> Tensor:
        """Map rain (B, L, H, W) to the probability of wet (B, 1, H, W)."""
        return torch.softmax(self.logits(rain), dim=1)[:, 1:]


def binary_cross_entropy_on_classes(model: OriginalDesign, rain: Tensor, target: Tensor) -> Tensor:
    """Give the loss of the original: targets (B, 1, H, W) cut at one half, two classes."""
    classes = (target[:, 0] > 0.5).long()
    return functional.cross_entropy(model.logits(rain), classes)
