"""Whether the inner layers of a network may run in bfloat16 here."""

from __future__ import annotations

from typing import Literal

import torch

from inundate.core.errors import ConfigError
from inundate.emulate.models.mode_h import ModeH
from inundate.emulate.zoo import Emulator

__all__ = ["Precision", "has_bfloat16", "use_precision"]

Precision = Literal["float32", "bfloat16"]


def has_bfloat16() -> bool:
    """Say whether this processor multiplies bfloat16 itself (AVX-512 BF16, AMX or the like).

    Without, PyTorch imitates it and takes longer than with float32.
    """
    asked = getattr(torch.ops.mkldnn, "_is_mkldnn_bf16_supported", None)
    return bool(asked()) if asked is not None else False


def use_precision(model: Emulator, precision: Precision, *, name: str) -> None:
    """Have a model predict with such numbers.

    Parameters
    ----------
    model : Emulator
    precision : str
        Of the inner layers; inputs, correction and pour stay float32.
    name : str
        Of the model, for messages.

    Raises
    ------
    ConfigError
        If it is no Mode H, or this processor has no bfloat16.
    """
    half = precision == "bfloat16"
    if half and not isinstance(model, ModeH):
        raise ConfigError(
            f"predicting with {name} in bfloat16: only Mode H can",
            hint="leave --precision out",
        )
    if half and not has_bfloat16():
        raise ConfigError(
            "predicting in bfloat16: this processor has no instructions for it, so that it would "
            "take longer than float32",
            hint="leave --precision out",
        )
    if isinstance(model, ModeH):
        model.inner_bfloat16 = half
