"""A generative adversarial network, trained by one optimiser.

Source
------
Goodfellow et al. (2014), arXiv:1406.2661, with the non-saturating loss of section 3;
Mescheder, Geiger and Nowozin (2018), arXiv:1801.04406, eq. 9: the gradient penalty.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.func import functional_call
from torch.nn import functional

__all__ = ["GAN"]

# weight of the squared gradient at real images; with a tenth of it some digits go missing
_PENALTY = 1.0


class GAN(nn.Module):
    """Generator and critic, dense, two hidden layers each.

    Parameters
    ----------
    side : int
        Rows and columns of an image.
    hidden, latent : int
        Units of a hidden layer; length of the noise.
    """

    def __init__(self, side: int, *, hidden: int = 256, latent: int = 16) -> None:
        super().__init__()
        self.side, self.latent = side, latent
        self.generator = nn.Sequential(
            nn.Linear(latent, hidden),
            nn.LayerNorm(hidden),
            nn.GELU(),
            nn.Linear(hidden, hidden),
            nn.LayerNorm(hidden),
            nn.GELU(),
            nn.Linear(hidden, side * side),
            nn.Sigmoid(),
        )
        self.critic = nn.Sequential(
            nn.Linear(side * side, hidden),
            nn.LeakyReLU(0.2),
            nn.Linear(hidden, hidden),
            nn.LeakyReLU(0.2),
            nn.Linear(hidden, 1),
        )

    def draw(self, number: int) -> Tensor:
        """Draw images (number, 1, H, W), 0 to 1."""
        flat: Tensor = self.generator(torch.randn(number, self.latent))
        return flat.reshape(number, 1, self.side, self.side)

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Give the losses of critic and generator, and the critic's gradient penalty.

        The generator is judged by a copy of the critic's weights that gets no gradient, and the
        critic sees images that give none to the generator, so that one step serves both.
        """
        real = images.flatten(1).requires_grad_(torch.is_grad_enabled())
        fake = self.draw(len(images)).flatten(1)
        said = self.critic(real)
        critic = functional.softplus(-said).mean()
        critic = critic + functional.softplus(self.critic(fake.detach())).mean()
        frozen = {name: weight.detach() for name, weight in self.critic.named_parameters()}
        generator = functional.softplus(-functional_call(self.critic, frozen, (fake,))).mean()
        penalty = torch.zeros(())
        if torch.is_grad_enabled():
            (slope,) = torch.autograd.grad(said.sum(), real, create_graph=True)
            penalty = _PENALTY * (slope**2).sum(dim=1).mean()
        return critic, generator, penalty
