"""Settings of an emulator: which model, how large, what it is shown."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from inundate.core.config import Settings
from inundate.core.errors import ConfigError

__all__ = ["EmulatorSettings"]


class EmulatorSettings(Settings):
    """Which model of the zoo is trained, and on what pieces of the samples."""

    model: Literal["mode_h", "temporal_cnn"] = Field(
        default="mode_h", description="mode_h: hybrid + correction; temporal_cnn: rain to depth."
    )
    width: int = Field(default=48, ge=8, description="Channels at the finest level.")
    levels: int = Field(default=3, ge=1, le=5, description="Resolutions of the U-Net.")
    depth: int = Field(default=1, ge=1, le=4, description="Residual blocks on a side of a level.")
    block: int = Field(default=4, ge=1, description="Fine cells along a position of the network.")
    factor: int = Field(
        default=4, ge=2, description="mode_h: fine cells along a cell of the coarse solver."
    )
    bound_m: float = Field(
        default=3.0, gt=0, description="mode_h: largest correction in m where shallow."
    )
    bound_share: float = Field(
        default=1.0, gt=0, description="mode_h: largest correction, share of the hybrid's depth."
    )
    tail: Literal["plain", "vae"] = Field(
        default="plain", description="temporal_cnn: how depth is decoded."
    )
    rain_width: int = Field(
        default=16, ge=4, description="temporal_cnn: channels of the convolution along time."
    )
    latent_channels: int = Field(
        default=8, ge=1, description="temporal_cnn: channels of the VAE tail's latent grid."
    )
    heightmap: Literal["upright", "inverted", "none"] = Field(
        default="upright", description="temporal_cnn: terrain as it is, sign turned, or left out."
    )
    crop_cells: int = Field(
        default=96, ge=16, description="Side of the pieces cut from samples for training, cells."
    )
    frames: int = Field(default=4, ge=1, description="Frames of a sample in one training batch.")
    augment: bool = Field(default=True, description="Turn and flip the training pieces.")

    def check(self) -> None:
        """Refuse settings that the chosen model does not read.

        Raises
        ------
        ConfigError
            Every such setting at once.
        """
        other = _ONLY_CNN if self.model == "mode_h" else _ONLY_H
        defaults = EmulatorSettings()
        unread = [name for name in other if getattr(self, name) != getattr(defaults, name)]
        if unread:
            raise ConfigError(
                f"training {self.model}: it does not read {', '.join(unread)}",
                hint="leave that out, or choose the other --model",
            )
        if self.model == "mode_h" and self.align % self.factor:
            raise ConfigError(
                f"training mode_h: factor {self.factor} does not divide {self.align}, the cells "
                "that the network's coarsest level spans",
                hint="choose a factor of 2, 4 or 8",
            )
        if self.crop_cells % self.align:
            raise ConfigError(
                f"training: crop_cells {self.crop_cells} is not a multiple of {self.align}",
                hint=f"try {max(self.align, self.crop_cells // self.align * self.align)}",
            )

    @property
    def align(self) -> int:
        """Cells that the sides of a piece must be a multiple of."""
        coarsest = int(self.block * 2 ** (self.levels - 1))
        vae = self.model == "temporal_cnn" and self.tail == "vae"
        return max(coarsest, 4 * self.block) if vae else coarsest


_ONLY_H = ("factor", "bound_m", "bound_share")
_ONLY_CNN = ("tail", "rain_width", "latent_channels", "heightmap")
