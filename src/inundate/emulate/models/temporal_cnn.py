"""The Temporal CNN: a window of rain and the terrain, mapped straight to depth.

The model family of the work that this project succeeds, which never learned there. Here the
rain window is convolved along time, joined with terrain features, and decoded by one of two
tails: ``plain`` (the U-Net's own decoder) or ``vae`` (a latent grid and the decoder half of a
variational autoencoder).
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn
from torch.nn import functional

from inundate.emulate.backbone import BlockUNet, ResidualBlock, reach_cells
from inundate.emulate.heads import depth_from_raw
from inundate.emulate.settings import TemporalCNNSettings
from inundate.emulate.shapes import check_inputs

__all__ = ["RainWindow", "TemporalCNN"]


class RainWindow(nn.Module):
    """Convolve the rain window along time, position by position.

    Parameters
    ----------
    history : int
        Steps L of the window, oldest first.
    width : int
        Channels of the hidden layers.
    out : int
        Channels of the result.
    """

    def __init__(self, history: int, width: int, out: int) -> None:
        super().__init__()
        self.layers = nn.ModuleList()
        channels, steps = 1, history
        while steps > 2:
            self.layers.append(nn.Conv3d(channels, width, (3, 1, 1), (2, 1, 1), (1, 0, 0)))
            channels, steps = width, (steps + 1) // 2
        self.join = nn.Conv2d(channels * steps + 1, out, 1)

    def forward(self, rain: Tensor) -> Tensor:
        """Map scaled rain (N, L, h, w) to (N, out, h, w)."""
        hidden = rain.unsqueeze(1)  # (N, 1, L, h, w)
        for layer in self.layers:
            hidden = functional.gelu(layer(hidden))
        flat = hidden.flatten(1, 2)  # (N, width * steps, h, w)
        joined: Tensor = self.join(torch.cat([flat, rain.mean(dim=1, keepdim=True)], dim=1))
        return joined


class VaeTail(nn.Module):
    """A latent grid four positions wide and the decoder that unfolds it again.

    Parameters
    ----------
    width, latent : int
        Channels of the backbone and of the latent grid.
    """

    def __init__(self, width: int, latent: int) -> None:
        super().__init__()
        self.encode = nn.Sequential(
            nn.Conv2d(width, width, 4, 4), nn.GELU(), nn.Conv2d(width, 2 * latent, 1)
        )
        self.decode = nn.Sequential(
            nn.Conv2d(latent, width, 1),
            ResidualBlock(width),
            nn.ConvTranspose2d(width, width, 2, 2),
            nn.GELU(),
            ResidualBlock(width),
            nn.ConvTranspose2d(width, width, 2, 2),
        )
        self.refine = ResidualBlock(width)

    def forward(self, hidden: Tensor, ground: Tensor) -> tuple[Tensor, Tensor]:
        """Give decoded features (N, width, h, w) and the latent loss (scalar).

        The terrain joins again after the decoder: a latent grid of a few channels carries
        how much water there is, and the ground says where it can lie.
        """
        mean, log_variance = self.encode(hidden).chunk(2, dim=1)
        log_variance = log_variance.clamp(-8.0, 4.0)
        latent = mean
        if self.training:
            latent = mean + torch.randn_like(mean) * torch.exp(0.5 * log_variance)
        divergence = 0.5 * (mean**2 + log_variance.exp() - 1.0 - log_variance)
        return self.refine(self.decode(latent) + ground), divergence.mean()


class TemporalCNN(nn.Module):
    """Map a rain window and terrain to depth.

    Parameters
    ----------
    static_channels : int
        Channels of the terrain inputs.
    history : int
        Steps of the rain window.
    settings : TemporalCNNSettings
    """

    input_names = ("terrain", "rain")
    family = "window"

    def __init__(self, static_channels: int, history: int, settings: TemporalCNNSettings) -> None:
        super().__init__()
        self.settings = settings
        self.static_channels, self.history = static_channels, history
        cells = settings.block**2
        self.terrain = nn.Conv2d(static_channels * cells, settings.width, 1)
        self.rain = RainWindow(history, settings.rain_width, settings.width)
        self.net = BlockUNet(settings.width, settings.levels, settings.depth)
        self.tail = VaeTail(settings.width, settings.latent_channels) if self._vae else None
        self.head = nn.Conv2d(settings.width, cells, 1)
        nn.init.normal_(self.head.weight, std=0.02)
        nn.init.zeros_(self.head.bias)  # type: ignore[arg-type]
        self.latent_loss: Tensor | None = None

    @property
    def _vae(self) -> bool:
        return self.settings.tail == "vae"

    @property
    def align(self) -> int:
        """Cells that a raster's sides must be a multiple of."""
        coarsest: int = self.settings.block * 2 ** (self.settings.levels - 1)
        return max(coarsest, 4 * self.settings.block) if self._vae else coarsest

    @property
    def reach(self) -> int:
        """Cells over which an input can move an output."""
        reach = reach_cells(self.settings.levels, self.settings.depth, self.settings.block)
        if self._vae:  # latent cell of 4 positions, decoder blocks at 4, 2 and 1 positions
            reach += self.settings.block * (4 + 4 + 4 + 2 + 2 + 1)
        return -(-reach // self.align) * self.align

    def forward(self, inputs: Mapping[str, Tensor]) -> Tensor:
        """Give depth in m.

        Parameters
        ----------
        inputs : mapping
            ``terrain`` (B, Cs, H, W), ``rain`` (B, K, L, H / block, W / block), scaled.

        Returns
        -------
        Tensor (B, K, H, W), m
        """
        block = self.settings.block
        check_inputs("temporal_cnn", inputs, {
            "terrain": ("B", self.static_channels, "H", "W"),
            "rain": ("B", "K", self.history, f"H/{block}", f"W/{block}"),
        })  # fmt: skip
        terrain, rain = inputs["terrain"], inputs["rain"]
        batch, frames = rain.shape[:2]
        sign = {"upright": 1.0, "inverted": -1.0, "none": 0.0}[self.settings.heightmap]
        ground = self.terrain(functional.pixel_unshuffle(sign * terrain, self.settings.block))
        ground = ground.repeat_interleave(frames, dim=0)  # (B * K, w, h, w)
        hidden = self.net(self.rain(rain.flatten(0, 1)) + ground)
        self.latent_loss = None
        if self.tail is not None:
            hidden, self.latent_loss = self.tail(hidden, ground)
        raw = functional.pixel_shuffle(self.head(hidden), self.settings.block)
        depth = depth_from_raw(raw, training=self.training)
        return depth.reshape(batch, frames, *depth.shape[-2:])
