"""Small networks from image to image: one that keeps the place, one that paints from a summary."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from inundate.emulate.backbone import BlockUNet

__all__ = ["Decoder", "Encoder", "ImageUNet", "Memoriser", "Painter"]


class ImageUNet(nn.Module):
    """The emulator's backbone on plain images: every output sees its surroundings.

    Parameters
    ----------
    channels, out : int
        Channels of input and output.
    width, levels : int
        Of :class:`~inundate.emulate.backbone.BlockUNet`.
    """

    def __init__(self, channels: int, out: int = 1, *, width: int = 24, levels: int = 3) -> None:
        super().__init__()
        self.stem = nn.Conv2d(channels, width, 3, padding=1)
        self.net = BlockUNet(width, levels)
        self.head = nn.Conv2d(width, out, 3, padding=1)

    def forward(self, inputs: Tensor) -> Tensor:
        """Map (B, channels, H, W) to (B, out, H, W)."""
        found: Tensor = self.head(self.net(self.stem(inputs)))
        return found


class Memoriser(nn.Module):
    """Two hidden layers over whole images: can learn any one batch by heart.

    Parameters
    ----------
    inputs, target : tuple of int
        Shape of one input and one target.
    hidden : int
        Units of a hidden layer.
    """

    def __init__(
        self, inputs: tuple[int, ...], target: tuple[int, ...], *, hidden: int = 256
    ) -> None:
        super().__init__()
        self.target = target
        self.layers = nn.Sequential(
            nn.Flatten(),
            nn.Linear(_count(inputs), hidden),
            nn.GELU(),
            nn.Linear(hidden, hidden),
            nn.GELU(),
            nn.Linear(hidden, _count(target)),
        )

    def forward(self, inputs: Tensor) -> Tensor:
        """Map (B, *inputs) to (B, *target)."""
        flat: Tensor = self.layers(inputs)
        return flat.reshape(len(flat), *self.target)


class Encoder(nn.Module):
    """Two strided convolutions and a dense layer: an image to a vector.

    Parameters
    ----------
    channels, side : int
        Channels and rows of the image; the side is a multiple of 4.
    features : int
        Length of the vector.
    width : int
        Channels of the first layer; the second has twice as many.
    """

    def __init__(self, channels: int, side: int, features: int, *, width: int = 16) -> None:
        super().__init__()
        self.first = nn.Conv2d(channels, width, 4, 2, 1)
        self.second = nn.Conv2d(width, 2 * width, 4, 2, 1)
        self.norm = nn.LayerNorm(2 * width * (side // 4) ** 2)
        self.out = nn.Linear(2 * width * (side // 4) ** 2, features)

    def forward(self, images: Tensor) -> Tensor:
        """Map (B, channels, H, W) to (B, features)."""
        hidden = functional.gelu(self.first(images))  # (B, width, H / 2, W / 2)
        hidden = functional.gelu(self.second(hidden))  # (B, 2 width, H / 4, W / 4)
        found: Tensor = self.out(self.norm(hidden.flatten(1)))
        return found


class Decoder(nn.Module):
    """The decoder half of the variational autoencoder: a vector to an image, pixel by pixel.

    Its last layer has weights of its own for each pixel, so that it can paint any image, which
    convolutions over a grid of equal vectors cannot.

    Parameters
    ----------
    latent, hidden : int
        Length of the vector, units of the two hidden layers.
    side : int
        Rows and columns of the image.
    """

    def __init__(self, latent: int, side: int, *, hidden: int = 256) -> None:
        super().__init__()
        self.side = side
        self.first = nn.Linear(latent, hidden)
        self.second = nn.Linear(hidden, hidden)
        self.norm = nn.LayerNorm(hidden)
        self.out = nn.Linear(hidden, side * side)

    def forward(self, latent: Tensor) -> Tensor:
        """Map (B, latent) to logits (B, 1, H, W)."""
        hidden = functional.gelu(self.first(latent))
        hidden = hidden + functional.gelu(self.second(self.norm(hidden)))
        flat: Tensor = self.out(hidden)
        return flat.reshape(len(flat), 1, self.side, self.side)


class Painter(nn.Module):
    """Encoder and decoder: looks at one image and paints another, values 0 to 1.

    Parameters
    ----------
    channels, side : int
        Of the input image.
    """

    def __init__(self, channels: int, side: int, *, features: int = 64) -> None:
        super().__init__()
        self.encoder = Encoder(channels, side, features)
        self.decoder = Decoder(features, side)

    def forward(self, inputs: Tensor) -> Tensor:
        """Map (B, channels, H, W) to (B, 1, H, W), 0 to 1."""
        return torch.sigmoid(self.decoder(functional.gelu(self.encoder(inputs))))


def _count(shape: tuple[int, ...]) -> int:
    count = 1
    for length in shape:
        count *= length
    return count
