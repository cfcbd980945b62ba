"""The Temporal CNN with the VAE's decoder lifted on to it, as the original planned."""

from __future__ import annotations

import copy

import torch
from torch import Tensor, nn

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
    decoder : Decoder, optional
        That of a trained VAE: a copy of it, weights and all, is where the training starts. By
        default one with weights drawn at random.

    Raises
    ------
    ValueError
        If the decoder is of another size.
    """

    def __init__(
        self,
        history: int,
        side: int,
        *,
        width: int = 16,
        latent: int = 32,
        decoder: Decoder | None = None,
    ) -> None:
        super().__init__()
        if decoder is not None and (decoder.side, decoder.first.in_features) != (side, latent):
            raise ValueError(
                f"lifting a decoder of side {decoder.side} and {decoder.first.in_features} latent "
                f"dimensions; expected {side} and {latent}"
            )
        self.window = RainWindow(history, width, width)
        self.net = BlockUNet(width, 2)
        self.summary = Encoder(width, side, latent)
        self.decoder = Decoder(latent, side) if decoder is None else copy.deepcopy(decoder)

    def forward(self, rain: Tensor) -> Tensor:
        """Map rain (B, L, H, W) to an image (B, 1, H, W), 0 to 1."""
        hidden = self.net(self.window(rain))  # (B, width, H, W)
        latent = self.summary(hidden)  # (B, latent), of both signs as the VAE's latent is
        return torch.sigmoid(self.decoder(latent))
