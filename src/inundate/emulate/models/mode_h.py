"""Mode H: the hybrid's depth plus a small, bounded, zero-initialised correction."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import Field
from torch import Tensor, nn
from torch.nn import functional

from inundate.core.config import Settings
from inundate.emulate.backbone import BlockUNet, reach_cells
from inundate.emulate.heads import bounded_correction

__all__ = ["ModeH", "ModeHSettings"]


class ModeHSettings(Settings):
    """Size and reach of Mode H."""

    width: int = Field(default=48, ge=8, description="Channels at the finest level.")
    levels: int = Field(default=3, ge=1, le=5, description="Resolutions of the U-Net.")
    depth: int = Field(
        default=1, ge=1, le=4, description="Residual blocks on each side of a level."
    )
    block: int = Field(
        default=4, ge=1, description="Fine cells along a position of the finest level."
    )
    bound_m: float = Field(default=3.0, gt=0, description="Largest correction in m where shallow.")
    bound_share: float = Field(
        default=1.0, gt=0, description="Largest correction, share of the depth."
    )


class ModeH(nn.Module):
    """Correct the untrained hybrid; untrained, it equals the hybrid.

    On flat ground water soon stands, and fill-and-spill is right where the coarse solver is not;
    so the network may lean towards it cell by cell, beside its own bounded correction.

    Parameters
    ----------
    static_channels, dynamic_channels : int
        Channels of the terrain inputs and of the inputs of each frame.
    settings : ModeHSettings
    """

    input_names = ("terrain", "state", "hybrid", "standing")

    def __init__(
        self, static_channels: int, dynamic_channels: int, settings: ModeHSettings
    ) -> None:
        super().__init__()
        self.settings = settings
        self.static_channels, self.dynamic_channels = static_channels, dynamic_channels
        cells = settings.block**2
        self.terrain = nn.Conv2d(static_channels * cells, settings.width, 1)
        self.state = nn.Conv2d(dynamic_channels * cells, settings.width, 1)
        self.net = BlockUNet(settings.width, settings.levels, settings.depth)
        self.head = nn.Conv2d(settings.width, 2 * cells, 1)
        nn.init.zeros_(self.head.weight)
        nn.init.zeros_(self.head.bias)  # type: ignore[arg-type]

    @property
    def align(self) -> int:
        """Cells that a raster's sides must be a multiple of."""
        return int(self.settings.block * 2 ** (self.settings.levels - 1))

    @property
    def reach(self) -> int:
        """Cells over which an input can move an output."""
        return reach_cells(self.settings.levels, self.settings.depth, self.settings.block)

    def forward(self, inputs: Mapping[str, Tensor]) -> Tensor:
        """Give depth in m.

        Parameters
        ----------
        inputs : mapping
            ``terrain`` (B, Cs, H, W), ``state`` (B, K, Cd, H, W), ``hybrid`` and
            ``standing`` (fill-and-spill depth), (B, K, H, W) in m.

        Returns
        -------
        Tensor (B, K, H, W), m
        """
        terrain, state, hybrid = inputs["terrain"], inputs["state"], inputs["hybrid"]
        batch, frames = state.shape[:2]
        block = self.settings.block
        ground = self.terrain(functional.pixel_unshuffle(terrain, block))  # (B, w, h, w)
        moving = self.state(
            functional.pixel_unshuffle(state.flatten(0, 1), block)
        )  # (B * K, w, h, w)
        hidden = moving + ground.repeat_interleave(frames, dim=0)
        raw = functional.pixel_shuffle(self.head(self.net(hidden)), block)  # (B * K, 2, H, W)
        return bounded_correction(
            hybrid,
            inputs["standing"],
            raw.reshape(batch, frames, *raw.shape[-3:]),
            bound_m=self.settings.bound_m,
            bound_share=self.settings.bound_share,
            training=self.training,
        )
