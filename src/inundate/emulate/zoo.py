"""Names to models."""

from __future__ import annotations

from collections.abc import Callable

from inundate.emulate.inputs import RAIN_WINDOW, STATE_CHANNELS, TERRAIN_CHANNELS
from inundate.emulate.models.mode_h import ModeH, ModeHSettings
from inundate.emulate.models.temporal_cnn import TemporalCNN, TemporalCNNSettings
from inundate.emulate.settings import EmulatorSettings

__all__ = ["MODELS", "Emulator", "make_model"]

Emulator = ModeH | TemporalCNN


def make_model(settings: EmulatorSettings) -> Emulator:
    """Build the model that the settings name, with fresh weights.

    Raises
    ------
    ConfigError
        If a setting is not read by that model.
    """
    settings.check()
    return MODELS[settings.model](settings)


def _mode_h(settings: EmulatorSettings) -> ModeH:
    names = set(ModeHSettings.model_fields)
    own = ModeHSettings(**settings.model_dump(include=names))
    return ModeH(len(TERRAIN_CHANNELS), len(STATE_CHANNELS), own)


def _temporal_cnn(settings: EmulatorSettings) -> TemporalCNN:
    names = set(TemporalCNNSettings.model_fields)
    own = TemporalCNNSettings(**settings.model_dump(include=names))
    return TemporalCNN(len(TERRAIN_CHANNELS), RAIN_WINDOW, own)


MODELS: dict[str, Callable[[EmulatorSettings], Emulator]] = {
    "mode_h": _mode_h,
    "temporal_cnn": _temporal_cnn,
}
"""Every model of the zoo by name."""
