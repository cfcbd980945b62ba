"""Mode H with a latent grid: the same mean path, and members around it.

What a forecaster cannot know (the rain between radar cells, the roughness, errors of the map)
is a small grid of numbers, one position for 16 x 16 cells. The prior says how they may lie given
what is known; the posterior, used in training alone, how they lay given the true depth. A member
is the mean path's features, moved by a draw of that grid, through the same pour: so it keeps its
volume, is 0 on dry ground, and neighbouring cells belong together.

Source
------
Sohn, Lee and Yan (2015), Learning structured output representation using deep conditional
generative models (conditional VAE).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace

import torch
from torch import Tensor, nn
from torch.nn import functional

from inundate.emulate.backbone import ResidualBlock
from inundate.emulate.heads import to_stretched
from inundate.emulate.inputs import POSITION
from inundate.emulate.models.mode_h import ModeH, joined, parted
from inundate.emulate.settings import LATENT_CELLS, ModeHVAESettings

__all__ = ["Gaussian", "ModeHVAE", "Paths"]

_CELLS = POSITION**2
_POOL = LATENT_CELLS // POSITION  # positions along a latent cell
_LEAST_LOG, _MOST_LOG = -4.0, 2.0  # of a latent standard deviation
_FIRST_SD = 0.002  # of the last layer: members differ a little from the start
_QUARTERS = 4  # last channels of a correction: the change of volume


@dataclass(frozen=True)
class Gaussian:
    """Independent normal laws of a latent grid, (N, C, H / 16, W / 16)."""

    mean: Tensor
    log_sd: Tensor

    def draw(self, noise: Tensor) -> Tensor:
        """Move standard normal noise of the same shape to the law."""
        return self.mean + torch.exp(self.log_sd) * noise

    def divergence(self, other: Gaussian) -> Tensor:
        """Give the Kullback-Leibler divergence from another law in each number, nat."""
        ratio = torch.exp(2.0 * (self.log_sd - other.log_sd))
        apart = ((self.mean - other.mean) * torch.exp(-other.log_sd)) ** 2
        return 0.5 * (ratio + apart - 1.0) - (self.log_sd - other.log_sd)


@dataclass(frozen=True)
class Paths:
    """What the mean depth and all members of a batch have in common.

    Attributes
    ----------
    hidden : Tensor (N, width, H / 4, W / 4)
        Features; N is batch times frames.
    raw : Tensor (N, 36, H / 4, W / 4)
        Correction of the mean path.
    signed, ground : Tensor (N, 16, H / 4, W / 4), m
        See :meth:`inundate.emulate.models.mode_h.ModeH.signed`.
    prior : Gaussian
    frames : int
    quarters : bool
    trust : Tensor (N, 2, H / 4, W / 4)
        Share of the correction that is made; see :func:`inundate.emulate.trust.trust`.
    """

    hidden: Tensor
    raw: Tensor
    signed: Tensor
    ground: Tensor
    prior: Gaussian
    frames: int
    quarters: bool
    trust: Tensor


class ModeHVAE(ModeH):
    """Mode H from which members can be drawn.

    Parameters
    ----------
    static_channels : int
        Channels of the terrain inputs.
    settings : ModeHVAESettings
    """

    latent_blocks = ("prior", "posterior_cells", "posterior", "lift", "mix", "stray", "(model)")
    """Blocks that rest while the mean path alone is trained."""
    latent_cells = LATENT_CELLS

    def __init__(self, static_channels: int, settings: ModeHVAESettings) -> None:
        super().__init__(static_channels, settings)
        width, channels = settings.width, settings.latent_channels
        self.channels, self.memory = channels, settings.latent_memory
        self.prior = nn.Sequential(
            nn.Conv2d(width, width, 1), nn.GELU(), nn.Conv2d(width, 2 * channels, 1)
        )
        self.posterior_cells = nn.Conv2d(2 * _CELLS, width, 1)
        self.posterior = nn.Sequential(
            nn.Conv2d(2 * width, width, _POOL, _POOL),
            nn.GELU(),
            nn.Conv2d(width, 2 * channels, 1),
        )
        self.lift = nn.Conv2d(channels, width, 1)
        self.mix = ResidualBlock(width)
        self.stray = nn.Conv2d(width, self.head.out_channels, 1)
        # at first members differ by their volume, which is smooth in space, and little by the rest
        nn.init.normal_(self.stray.weight, std=_FIRST_SD)
        nn.init.normal_(self.stray.weight[-_QUARTERS:], std=10.0 * _FIRST_SD)
        nn.init.zeros_(self.stray.bias)  # type: ignore[arg-type]
        # of the observation in stretched depth, a single number: exp(-1.5) is 1 cm at 0 depth
        self.log_noise = nn.Parameter(torch.tensor([-1.5]))

    @property
    def align(self) -> int:
        """Cells that a raster's sides must be a multiple of."""
        return max(super().align, LATENT_CELLS)

    @property
    def reach(self) -> int:
        """Cells over which an input can move an output."""
        # pooled to a latent cell, spread to its neighbour, and one layer of positions
        reach = super().reach + 2 * LATENT_CELLS + POSITION
        return -(-reach // self.align) * self.align

    def paths(self, inputs: Mapping[str, Tensor]) -> Paths:
        """Compute what all members share; see :meth:`forward` for the inputs."""
        signed, ground = self.signed(inputs)
        hidden = self.hidden(inputs, signed)
        frames = int(inputs["state"].shape[1])
        return Paths(
            hidden=hidden,
            raw=self.head(hidden),
            signed=signed,
            ground=ground.repeat_interleave(frames, dim=0),
            prior=_law(self.prior(functional.avg_pool2d(hidden, _POOL))),
            frames=frames,
            quarters=self._factor(inputs) < POSITION,
            trust=self.trust(inputs).repeat_interleave(frames, dim=0),
        )

    def mean_path(self, paths: Paths) -> Tensor:
        """Give the depth without a draw, (B, K, H, W), m."""
        return self._depth(paths, paths.raw)

    def member(self, paths: Paths, latent: Tensor) -> Tensor:
        """Give the member of a latent grid (N, C, H / 16, W / 16), as (B, K, H, W), m."""
        lifted = functional.interpolate(
            self.lift(latent), scale_factor=float(_POOL), mode="bilinear", align_corners=False
        )
        moved = self.stray(self.mix(paths.hidden + lifted))
        gate, whole = self.gate, replace(paths, trust=torch.ones_like(paths.trust))
        raw = self._made(paths)
        try:
            self.gate = 1.0
            return self._depth(whole, raw + moved)
        finally:
            self.gate = gate

    def _made(self, paths: Paths) -> Tensor:
        """Give the part of the mean path's correction that is made, (N, 36, H / 4, W / 4).

        Members stray from that, not in that share: where the mean path is less corrected it is
        no surer.
        """
        parts = _QUARTERS if paths.quarters else 1
        volume = parted(torch.relu(paths.signed), parts).mean(dim=2)  # (N, parts, h, w)
        share = self.made_share(volume, paths.trust)
        cells = joined(share.unsqueeze(2).expand(-1, -1, _CELLS // parts, -1, -1))
        made = torch.cat([cells, cells, share.expand(-1, _QUARTERS, -1, -1)], dim=1)
        held = torch.atanh((made * torch.tanh(paths.raw)).clamp(-0.9999, 0.9999))
        return torch.where(made < 1.0, held, paths.raw)

    def _depth(self, paths: Paths, raw: Tensor) -> Tensor:
        on_processor = raw.device.type == "cpu" and paths.signed.shape[0] == paths.frames
        if on_processor and not (self.training or torch.is_grad_enabled()):
            ground = paths.ground[:1]
            return self._predicted(raw, paths.signed, ground, paths.quarters, paths.trust)
        depth = self.poured(raw, paths.signed, paths.ground, paths.quarters, paths.trust)
        return self.as_map(depth, paths.frames)

    def posterior_of(self, paths: Paths, mean: Tensor, target: Tensor) -> Gaussian:
        """Give the law of the latent grid once the truth is known.

        Parameters
        ----------
        paths : Paths
        mean, target : Tensor (B, K, H, W), m
            Of the mean path, and true.
        """
        known = to_stretched(target)
        pair = torch.stack([known, known - to_stretched(torch.relu(mean))], dim=2)
        cells = functional.pixel_unshuffle(pair.flatten(0, 1), POSITION)  # (N, 32, h, w)
        seen = functional.gelu(self.posterior_cells(cells))
        return _law(self.posterior(torch.cat([paths.hidden, seen], dim=1)))

    def latent_noise(
        self,
        members: int,
        shape: tuple[int, int],
        generator: torch.Generator,
        *,
        before: Tensor | None = None,
    ) -> Tensor:
        """Draw standard normal noise of a whole raster for the next frame.

        Parameters
        ----------
        members : int
        shape : tuple
            Rows and columns of cells, multiples of 16.
        generator : torch.Generator
        before : Tensor, optional
            Noise of the frame before, to which the new one is near.

        Returns
        -------
        Tensor (M, C, H / 16, W / 16)
        """
        rows, cols = (side // LATENT_CELLS for side in shape)
        fresh = torch.randn(members, self.channels, rows, cols, generator=generator)
        if before is None:
            return fresh
        rest = math.sqrt(1.0 - self.memory**2)
        return self.memory * before + rest * fresh

    def members(self, inputs: Mapping[str, Tensor], noise: Tensor) -> Tensor:
        """Give members drawn from the prior.

        Parameters
        ----------
        inputs : mapping
            As for :meth:`forward`.
        noise : Tensor (M, B, K, C, H / 16, W / 16)
            Standard normal.

        Returns
        -------
        Tensor (M, B, K, H, W), m
        """
        paths = self.paths(inputs)
        drawn = [paths.prior.draw(one.flatten(0, 1)) for one in noise]
        return torch.stack([self.member(paths, latent) for latent in drawn])


def _law(values: Tensor) -> Gaussian:
    mean, log_sd = values.chunk(2, dim=1)
    return Gaussian(mean, log_sd.clamp(_LEAST_LOG, _MOST_LOG))
