"""Names to models: each network of the zoo and what it is built with."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Protocol, TypeAlias

from torch import Tensor, nn

from inundate.core.errors import ConfigError
from inundate.emulate.direct import Direct, Kind
from inundate.emulate.inputs import RAIN_WINDOW, SOIL_CHANNELS, TERRAIN_CHANNELS
from inundate.emulate.models.boosted import Boosted, fit_boosted
from inundate.emulate.models.convgru_unet import ConvGRUUNet
from inundate.emulate.models.deeplab import DeepLab
from inundate.emulate.models.lead_cnn import LeadCNN
from inundate.emulate.models.lookup import Lookup, fit_lookup
from inundate.emulate.models.mode_e import ModeE
from inundate.emulate.models.mode_h import ModeH
from inundate.emulate.models.mode_h_vae import ModeHVAE
from inundate.emulate.models.temporal_cnn import TemporalCNN
from inundate.emulate.models.unet import UNet
from inundate.emulate.settings import EmulatorSettings

__all__ = ["DIRECT", "NETWORKS", "STATIC_CHANNELS", "Emulator", "Network", "make_model"]

STATIC_CHANNELS = len(TERRAIN_CHANNELS) + len(SOIL_CHANNELS)
"""Channels of the input ``terrain``."""


class Network(Protocol):
    """A network of the zoo.

    Its family (:data:`inundate.emulate.scene.FAMILY_OF`) says what it is shown. Networks of the
    family ``series`` step through consecutive frames of a whole raster; the others give each
    frame by itself, piece by piece.
    """

    family: str
    align: int
    reach: int
    training: bool

    def __call__(self, inputs: Mapping[str, Tensor]) -> Tensor:
        """Give depth (B, K, H, W) in m."""

    def parameters(self) -> Any:
        """Give the weights."""

    def eval(self) -> Any:
        """Leave training mode."""


Emulator: TypeAlias = Network | Direct
"""Any trained model of the zoo."""


def make_model(settings: EmulatorSettings) -> Any:
    """Build the network that the settings name, with fresh weights.

    Raises
    ------
    ConfigError
        If a setting is not read by that model, or it is no network.
    """
    settings.check()
    if settings.model not in NETWORKS:
        raise ConfigError(
            f"building {settings.model}: it is no network; networks are {', '.join(NETWORKS)}"
        )
    return NETWORKS[settings.model](settings.own())


NETWORKS: dict[str, Callable[[Any], nn.Module]] = {
    "mode_h": lambda own: ModeH(STATIC_CHANNELS, own),
    "mode_h_vae": lambda own: ModeHVAE(STATIC_CHANNELS, own),
    "mode_e": lambda own: ModeE(STATIC_CHANNELS, own),
    "temporal_cnn": lambda own: TemporalCNN(STATIC_CHANNELS, RAIN_WINDOW, own),
    "lead_cnn": lambda own: LeadCNN(STATIC_CHANNELS, own),
    "unet": lambda own: UNet(STATIC_CHANNELS, RAIN_WINDOW, own),
    "convgru_unet": lambda own: ConvGRUUNet(STATIC_CHANNELS, own),
    "deeplab": lambda own: DeepLab(STATIC_CHANNELS, RAIN_WINDOW, own),
}
"""Every network of the zoo by name, made from its own settings."""

DIRECT: dict[str, Kind] = {
    "lookup": Kind(fit_lookup, Lookup.read),
    "boosted": Kind(fit_boosted, Boosted.read),
}
"""Every model of the zoo that is no network by name: how it is fitted and read."""
