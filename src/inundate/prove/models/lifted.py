"""The Temporal CNN with the VAE's decoder lifted on to it, as the original planned."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from inundate.emulate.backbone import BlockUNet
from inundate.emulate.models.temporal_cnn import RainWindow
from inundate.prove.models.image import Decoder, Encoder

__all__ = ["LiftedTemporalCNN"]


class LiftedTemporalCNN(nn.Module):
    """The emulator's rain window and backbone, with the decoder of a VAE as their tail.

    The emulator's own models have no weight that belongs to a place, so that they work on any
    raster. That is also why none of them can paint a fixed picture. The decoder half of the
    variational autoencoder can.

    Parameters
    ----------
    history, side : int
        Steps of the rain window; rows and columns of image and window.
    width, latent : int
        Channels of the backbone; length of the vector that the decoder gets.
    """

    def __init__(self, history: int, side: int, *, width: int = 16, latent: int = 32) -> None:
        super().__init__()
        self.window = RainWindow(history, width, width)
        self.net = BlockUNet(width, 2)
        self.summary = Encoder(width, side, latent)
        self.decoder = Decoder(latent, side)

    def forward(self, rain: Tensor) -> Tensor:
        """Map rain (B, L, H, W) to an image (B, 1, H, W), 0 to 1."""
        hidden = self.net(self.window(rain))  # (B, width, H, W)
        latent = functional.gelu(self.summary(hidden))  # (B, latent)
        return torch.sigmoid(self.decoder(latent))
