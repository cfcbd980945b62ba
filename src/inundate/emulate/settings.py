"""Settings of the emulators: which model, how large, what it is shown.

Each model of the zoo has a class of its own here, without torch, so that the command line can
describe them all quickly; :class:`EmulatorSettings` is all of them together.
"""

from __future__ import annotations

from typing import Literal, Self, get_args

from pydantic import Field, PositiveInt, field_validator, model_validator

from inundate.core.config import Settings
from inundate.core.errors import ConfigError
from inundate.hydro.settings import LONGEST_MIN, SOIL_OF

__all__ = [
    "DRAWS_MEMBERS",
    "LATENT_CELLS",
    "SETTINGS_OF",
    "BoostedSettings",
    "ConvGRUSettings",
    "DeepLabSettings",
    "EmulatorSettings",
    "ForecastSettings",
    "LeadCNNSettings",
    "LookupSettings",
    "ModeESettings",
    "ModeHSettings",
    "ModeHVAESettings",
    "NetSettings",
    "TemporalCNNSettings",
    "UNetSettings",
]

FACTORS = (2, 4, 8)
"""Fine cells along a cell of the coarse solver that models know."""
ModelName = Literal[
    "mode_h", "mode_h_vae", "mode_e", "temporal_cnn", "lead_cnn", "unet", "convgru_unet",
    "deeplab", "lookup", "boosted",
]  # fmt: skip


class NetSettings(Settings):
    """Size of a network over blocks of cells."""

    width: int = Field(default=48, ge=8, description="Channels at the finest level.")
    levels: int = Field(default=3, ge=1, le=6, description="Resolutions of the network.")
    depth: int = Field(default=1, ge=1, le=6, description="Residual blocks on a side of a level.")
    block: int = Field(default=4, ge=1, description="Fine cells along a position of the network.")


class ModeHSettings(NetSettings):
    """Mode H: the untrained hybrid and a bounded correction of it."""

    factors: tuple[int, ...] = Field(
        default=(4,),
        min_length=1,
        description="Fine cells along a cell of the coarse solver, 2, 4 or 8; several are trained "
        "in turn, and the first is used unless a prediction asks for another.",
    )
    shift_m: float = Field(
        default=1.0, gt=0, description="Largest shift of a cell's height in the pour, m."
    )
    precision: Literal["float32", "bfloat16"] = Field(
        default="float32",
        description="Numbers of the network's inner layers while it is trained; weights, loss and "
        "pour stay float32. bfloat16 takes half the time on processors that have AMX or AVX-512 "
        "BF16.",
    )

    @field_validator("factors")
    @classmethod
    def _known(cls, given: tuple[int, ...]) -> tuple[int, ...]:
        if not set(given) <= set(FACTORS):
            raise ValueError(f"factors are {', '.join(map(str, given))}; expected some of 2, 4, 8")
        return given


class ModeHVAESettings(ModeHSettings):
    """Mode H with a latent grid, from which members are drawn."""

    latent_channels: int = Field(default=8, ge=1, description="Channels of a VAE's latent grid.")
    latent_memory: float = Field(
        default=0.95,
        ge=0,
        le=1,
        description="mode_h_vae: correlation of a member's latent noise from frame to frame.",
    )
    mean_epochs: int = Field(
        default=0, ge=0, description="mode_h_vae: first epochs, of the mean depth alone."
    )
    elbo_epochs: int = Field(
        default=10,
        ge=0,
        description="mode_h_vae: epochs of the evidence bound after them; all later ones draw "
        "members and lower their CRPS.",
    )
    beta_epochs: int = Field(
        default=4, ge=0, description="mode_h_vae: epochs over which the divergence gets its weight."
    )
    free_nats: float = Field(
        default=0.05, ge=0, description="mode_h_vae: divergence of a latent number that is free."
    )
    draws: int = Field(
        default=6, ge=2, le=64, description="mode_h_vae: members drawn for the CRPS in training."
    )


class TemporalCNNSettings(NetSettings):
    """Temporal CNN: a window of rain and the terrain, straight to depth."""

    rain_width: int = Field(default=16, ge=4, description="Channels of the convolution along time.")
    tail: Literal["plain", "vae"] = Field(default="plain", description="How depth is decoded.")
    latent_channels: int = Field(default=8, ge=1, description="Channels of a VAE's latent grid.")
    heightmap: Literal["upright", "inverted", "none"] = Field(
        default="upright",
        description="Terrain inputs as they are, sign turned, or left out (ablation).",
    )


class LeadCNNSettings(NetSettings):
    """Temporal CNN from a rain window and the present depth to the depth at a lead time."""

    rain_width: int = Field(default=16, ge=4, description="Channels of the convolution along time.")
    lead_frames: int = Field(
        default=2,
        ge=1,
        description="Frames from a depth to the next that the roll-out goes on from; those between "
        "are predicted from it too, each from the rain until then.",
    )


class UNetSettings(NetSettings):
    """U-Net on a rain window and the terrain."""


class DeepLabSettings(NetSettings):
    """Network with dilated convolutions side by side, after DeepLabV3+."""

    dilations: tuple[PositiveInt, ...] = Field(
        default=(1, 3, 6, 12),
        min_length=1,
        description="Dilations of the parallel convolutions, positions.",
    )


class ConvGRUSettings(NetSettings):
    """U-Net with gated recurrent memory at its coarsest levels."""

    memory_levels: int = Field(
        default=2, ge=1, description="Coarsest levels that remember earlier frames."
    )


class ModeESettings(NetSettings):
    """Mode E: a learnt time-stepper that predicts fluxes between cells."""

    substeps: int = Field(default=2, ge=1, description="Network steps in the time of a frame.")
    passes: int = Field(default=16, ge=1, description="Flux passes in a network step.")
    compiled: bool = Field(
        default=False,
        description="mode_e: train with compiled flux passes, ten times as fast once that is done, "
        "a step of training twice; needs a C++ compiler, or Triton on a GPU.",
    )
    shift_m: float = Field(
        default=1.0, gt=0, description="Largest shift of a cell's height in the pour, m."
    )
    warmup_frames: int = Field(
        default=1, ge=0, description="Most frames rolled out without gradient first (pushforward)."
    )
    state_noise: float = Field(
        default=0.02, ge=0, description="Relative noise on the depth that a training starts from."
    )


class LookupSettings(Settings):
    """A straight line for each cell and frame, for terrain that was seen in training."""


class BoostedSettings(Settings):
    """Boosted regression trees on windows of terrain and rain."""

    trees: int = Field(default=200, ge=1, description="Trees that are added up.")
    leaves: int = Field(default=31, ge=2, description="Leaves of a tree.")
    rows: int = Field(
        default=400_000, ge=1_000, description="Cells and frames drawn from the training part."
    )


class ForecastSettings(Settings):
    """Physics of a prediction that differ from those of the training simulations."""

    manning: float | None = Field(
        default=None, gt=0, le=1, description="Manning's n where no roughness raster is given."
    )
    edges: Literal["open", "closed"] | None = Field(
        default=None, description="Whether water leaves over the edge of the map."
    )
    infiltration: Literal["none", "constant", "green_ampt"] | None = Field(
        default=None, description="Loss of water into the ground."
    )
    loss_mm_h: float | None = Field(default=None, ge=0, description="Of the constant loss.")
    conductivity_mm_h: float | None = Field(default=None, ge=0, description="Of Green-Ampt.")
    suction_mm: float | None = Field(default=None, ge=0, description="Of Green-Ampt.")
    moisture_deficit: float | None = Field(default=None, ge=0, le=1, description="Of Green-Ampt.")
    drain_capacity_mm_h: float | None = Field(
        default=None, ge=0, description="What drains can take everywhere."
    )
    missing_rain: Literal["refuse", "dry"] | None = Field(
        default=None, description="Missing rain inside the terrain: stop, or take it as no rain."
    )
    run_on_min: float | None = Field(
        default=None, ge=0, le=LONGEST_MIN, description="Minutes predicted after the rain ends."
    )

    @model_validator(mode="after")
    def _soil_is_read(self) -> Self:
        given = [name for name in SOIL_OF if getattr(self, name) is not None]
        unread = [name for name in given if self.infiltration not in (None, SOIL_OF[name])]
        if unread:
            flags = ", ".join(f"--{name.replace('_', '-')}" for name in unread)
            raise ValueError(
                f"{flags} given with --infiltration {self.infiltration}, which does not read it; "
                f"expected --infiltration {SOIL_OF[unread[0]]}"
            )
        return self


SETTINGS_OF: dict[str, type[Settings]] = {
    "mode_h": ModeHSettings,
    "mode_h_vae": ModeHVAESettings,
    "mode_e": ModeESettings,
    "temporal_cnn": TemporalCNNSettings,
    "lead_cnn": LeadCNNSettings,
    "unet": UNetSettings,
    "convgru_unet": ConvGRUSettings,
    "deeplab": DeepLabSettings,
    "lookup": LookupSettings,
    "boosted": BoostedSettings,
}
"""The settings that each model reads, beside how the pieces are cut."""


class EmulatorSettings(
    ModeHVAESettings,
    TemporalCNNSettings,
    LeadCNNSettings,
    UNetSettings,
    DeepLabSettings,
    ConvGRUSettings,
    ModeESettings,
    LookupSettings,
    BoostedSettings,
):
    """Which model of the zoo is trained, and on what pieces of the samples."""

    model: ModelName = Field(default="mode_h", description="Model of the zoo.")
    crop_cells: int = Field(
        default=96, ge=16, description="Side of the pieces cut from samples for training, cells."
    )
    frames: int = Field(default=4, ge=1, description="Frames of a sample in one training batch.")
    curriculum_epochs: int = Field(
        default=0,
        ge=0,
        description="mode_e, lead_cnn: epochs over which the frames rise from 1; 0: all at once.",
    )
    augment: bool = Field(default=True, description="Turn and flip the training pieces.")

    def own(self) -> Settings:
        """Give the settings of the chosen model alone."""
        cls = SETTINGS_OF[self.model]
        return cls(**self.model_dump(include=set(cls.model_fields)))

    def check(self) -> None:
        """Refuse settings that the chosen model does not read, or that do not fit.

        Raises
        ------
        ConfigError
            Every such setting at once.
        """
        read = set(SETTINGS_OF[self.model].model_fields) | {"model"}
        if issubclass(SETTINGS_OF[self.model], NetSettings):
            read |= {"crop_cells", "frames", "augment"}
        if self.model in _ROLLED:
            read |= {"curriculum_epochs"}
        defaults = EmulatorSettings()
        unread = [
            name
            for name in EmulatorSettings.model_fields
            if name not in read and getattr(self, name) != getattr(defaults, name)
        ]
        if unread:
            raise ConfigError(
                f"training {self.model}: it does not read {', '.join(unread)}",
                hint="leave that out, or choose the other --model",
            )
        if self.model in _HYBRIDS and self.block != _POSITION:
            raise ConfigError(
                f"training {self.model}: block {self.block}, expected {_POSITION}: a position of "
                "its network is that many cells wide"
            )
        if self.model == "mode_e" and self.block < 2:
            raise ConfigError(
                f"training mode_e: block {self.block}, expected 2 or more: water is moved between "
                "blocks and poured on to their cells"
            )
        if self.crop_cells % self.align:
            raise ConfigError(
                f"training: crop_cells {self.crop_cells} is not a multiple of {self.align}",
                hint=f"try {max(self.align, self.crop_cells // self.align * self.align)}",
            )

    @property
    def align(self) -> int:
        """Cells that the sides of a piece must be a multiple of."""
        if not issubclass(SETTINGS_OF[self.model], NetSettings):
            return 1
        coarsest = int(self.block * 2 ** (self.levels - 1))
        if self.model == "temporal_cnn" and self.tail == "vae":
            return max(coarsest, 4 * self.block)
        if self.model == "mode_h_vae":
            coarsest = max(coarsest, LATENT_CELLS)
        return max(coarsest, *self.factors) if self.model in _HYBRIDS else coarsest


LATENT_CELLS = 16
"""Cells along a position of the latent grid of mode_h_vae."""
DRAWS_MEMBERS = ("mode_h_vae",)
"""Models that are trained on ensembles and give members."""
_POSITION = 4
_HYBRIDS = ("mode_h", "mode_h_vae")
_ROLLED = ("mode_e", "lead_cnn")
assert set(get_args(ModelName)) == set(SETTINGS_OF)
