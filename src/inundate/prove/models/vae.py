"""Variational autoencoder, with or without the class given, and a vanilla autoencoder beside it.

Source
------
Kingma and Welling (2014), Auto-Encoding Variational Bayes, arXiv:1312.6114.
Sohn, Lee and Yan (2015), Learning Structured Output Representation using Deep Conditional
Generative Models. Burda, Grosse and Salakhutdinov (2016), arXiv:1509.00519, eq. 8.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional

from inundate.prove.models.image import Decoder

__all__ = ["VAE", "AutoEncoder", "binarise", "log_bernoulli"]


# size of the class beside latents of size 1: said quietly, it is found after the latent has
# learned to carry the class itself, and then it is not read
_LOUD = 4.0


def binarise(images: Tensor) -> Tensor:
    """Draw black or white for each pixel, white with the probability of its grey level.

    Source
    ------
    Salakhutdinov and Murray (2008), doi:10.1145/1390156.1390266, section 6.1.
    """
    return torch.bernoulli(images)


class _Recogniser(nn.Module):
    """Two dense hidden layers from an image to the latent's mean and log variance."""

    def __init__(self, inputs: int, hidden: int, out: int) -> None:
        super().__init__()
        self.first = nn.Linear(inputs, hidden)
        self.second = nn.Linear(hidden, hidden)
        self.norm = nn.LayerNorm(hidden)
        self.out = nn.Linear(hidden, out)

    def forward(self, flat: Tensor) -> Tensor:
        hidden = functional.gelu(self.first(flat))
        hidden = hidden + functional.gelu(self.second(self.norm(hidden)))
        found: Tensor = self.out(hidden)
        return found


class VAE(nn.Module):
    """Variational autoencoder with one stochastic layer and Bernoulli pixels.

    Parameters
    ----------
    side : int
        Rows and columns of an image.
    hidden, latent : int
        Units of each of the two hidden layers of encoder and decoder; latent dimensions.
    classes : int
        Classes that encoder and decoder are told (a conditional VAE); 0: none.
    """

    def __init__(self, side: int, *, hidden: int = 256, latent: int = 16, classes: int = 0) -> None:
        super().__init__()
        self.side, self.latent, self.classes = side, latent, classes
        self.encoder = _Recogniser(side * side + classes, hidden, 2 * latent)
        self.decoder = Decoder(latent + classes, side, hidden=hidden)

    def encode(self, images: Tensor, labels: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Give mean and log variance (B, latent) of images (B, 1, H, W), 0 or 1."""
        flat = images.flatten(1) - 0.5  # about as much below as above zero
        mean, log_variance = self.encoder(self._told(flat, labels)).chunk(2, dim=1)
        return mean, log_variance.clamp(-12.0, 6.0)

    def decode(self, latent: Tensor, labels: Tensor | None = None) -> Tensor:
        """Give logits (B, 1, H, W) of latents (B, latent)."""
        found: Tensor = self.decoder(self._told(latent, labels))
        return found

    def forward(self, images: Tensor, labels: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Give log likelihood (B,) and Kullback-Leibler term per dimension (B, latent), nats."""
        mean, log_variance = self.encode(images, labels)
        latent = mean + torch.randn_like(mean) * torch.exp(0.5 * log_variance)
        likelihood = log_bernoulli(self.decode(latent, labels), images)
        divergence = 0.5 * (mean**2 + log_variance.exp() - 1.0 - log_variance)
        return likelihood, divergence

    def importance_weighted(
        self, images: Tensor, labels: Tensor | None = None, *, draws: int
    ) -> Tensor:
        """Estimate log p (B,) from several draws: a bound that is tighter than the ELBO's."""
        mean, log_variance = self.encode(images, labels)
        found = []
        for _ in range(draws):
            noise = torch.randn_like(mean)
            latent = mean + noise * torch.exp(0.5 * log_variance)
            prior = -0.5 * (latent**2).sum(dim=1)
            posterior = -0.5 * (noise**2 + log_variance).sum(dim=1)
            found.append(log_bernoulli(self.decode(latent, labels), images) + prior - posterior)
        return torch.logsumexp(torch.stack(found), dim=0) - math.log(draws)

    def _told(self, values: Tensor, labels: Tensor | None) -> Tensor:
        if not self.classes:
            return values
        if labels is None:
            raise ValueError("a conditional VAE needs labels")
        told = _LOUD * functional.one_hot(labels, self.classes).float()  # (B, classes)
        return torch.cat([values, told], dim=1)


class AutoEncoder(nn.Module):
    """The same encoder and decoder without noise and without a prior.

    Parameters
    ----------
    side, hidden, latent : int
        As for :class:`VAE`.
    """

    def __init__(self, side: int, *, hidden: int = 256, latent: int = 16) -> None:
        super().__init__()
        self.encoder = _Recogniser(side * side, hidden, latent)
        self.decoder = Decoder(latent, side, hidden=hidden)

    def forward(self, images: Tensor) -> Tensor:
        """Rebuild images (B, 1, H, W), 0 to 1."""
        return torch.sigmoid(self.decoder(self.encoder(images.flatten(1) - 0.5)))


def log_bernoulli(logits: Tensor, images: Tensor) -> Tensor:
    """Give the log probability (B,) in nats of images (B, 1, H, W) under pixel logits."""
    losses = functional.binary_cross_entropy_with_logits(logits, images, reduction="none")
    return -losses.flatten(1).sum(dim=1)
