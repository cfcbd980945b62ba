"""A loss for grids that are mostly dry: shallow and deep water both count, and so do edges."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from pydantic import Field
from torch import Tensor, nn
from torch.nn import functional

from inundate.core.config import Settings
from inundate.emulate.heads import to_stretched

__all__ = ["DepthLoss", "LossSettings"]

WET_M = 0.05  # cells deeper than this carry full weight


class LossSettings(Settings):
    """Weights of the parts of the loss."""

    stretched: float = Field(default=1.0, ge=0, description="Huber on asinh(depth / 0.05 m).")
    metres: float = Field(
        default=1.0, ge=0, description="Root mean square error in m on wet cells."
    )
    extent: float = Field(default=0.5, ge=0, description="1 - soft critical success index.")
    volume: float = Field(
        default=0.0,
        ge=0,
        description="Signed error of the volume of each frame, share of the true volume: keeps a "
        "model that is unsure where water lies from leaving it out.",
    )
    latent: float = Field(default=1e-3, ge=0, description="Kullback-Leibler term of a VAE tail.")
    dry_weight: float = Field(default=0.1, gt=0, le=1, description="Weight of cells that stay dry.")
    thresholds_m: tuple[float, ...] = Field(
        default=(0.05, 0.3), min_length=1, description="Depths at which the extent is compared, m."
    )
    extent_width_m: float = Field(
        default=0.02, gt=0, description="Softness of the flood edge in m."
    )


class DepthLoss:
    """Score a batch of depth frames.

    Parameters
    ----------
    settings : LossSettings
    """

    def __init__(self, settings: LossSettings) -> None:
        self.settings = settings

    def __call__(self, model: nn.Module, batch: Mapping[str, Any]) -> dict[str, Tensor]:
        """Run the model and give ``loss`` and its parts.

        Parameters
        ----------
        model : Module
            Maps the batch's ``inputs`` to depth (B, K, H, W) in m.
        batch : mapping
            ``inputs``, ``target`` (B, K, H, W) in m, ``valid`` (B, 1, H, W).
        """
        predicted = model(batch["inputs"])
        target, valid = batch["target"], batch["valid"]
        parts = self.parts(predicted, target, valid)
        loss = self.weighted(parts)
        latent = getattr(model, "latent_loss", None)
        if latent is not None:
            parts["latent"] = latent
            loss = loss + self.settings.latent * latent
        return {"loss": loss, **parts}

    def weighted(self, parts: Mapping[str, Tensor]) -> Tensor:
        """Add up the parts that say how good a depth is, each with its weight."""
        s = self.settings
        loss = s.stretched * parts["stretched"] + s.metres * parts["metres"]
        return loss + s.extent * parts["extent"] + s.volume * parts["volume"]

    def parts(self, predicted: Tensor, target: Tensor, valid: Tensor) -> dict[str, Tensor]:
        """Give the terms, each averaged over samples.

        A sample is divided by its own weight, so that dry samples cannot swamp wet ones.
        """
        wet = torch.maximum(target, predicted.detach()) > WET_M / 5
        weight = valid * torch.where(wet, 1.0, self.settings.dry_weight)
        total = weight.sum(dim=(-2, -1)).clamp(min=1.0)
        stretched = functional.huber_loss(
            to_stretched(predicted), to_stretched(target), reduction="none", delta=1.0
        )
        either = valid * (torch.maximum(target, predicted.detach()) > WET_M)
        square = (either * (predicted - target) ** 2).sum(dim=(-3, -2, -1))
        count = either.sum(dim=(-3, -2, -1)).clamp(min=16.0)
        # 1 mm over the piece: the error of a dry frame must not swamp that of a flood
        floor = 1e-3 * valid.sum(dim=(-2, -1)).clamp(min=1.0)
        held = (valid * target).sum(dim=(-2, -1))
        # dry cells are slightly below zero while training
        missed = (valid * (torch.relu(predicted) - target)).sum(dim=(-2, -1)).abs()
        return {
            "volume": (missed / (held + floor)).clamp(max=3.0).mean(),
            "stretched": ((weight * stretched).sum(dim=(-2, -1)) / total).mean(),
            "metres": torch.sqrt(square / count + 1e-6).mean(),
            "extent": torch.stack(
                [self._extent(predicted, target, valid, h) for h in self.settings.thresholds_m]
            ).mean(),
        }

    def _extent(
        self, predicted: Tensor, target: Tensor, valid: Tensor, threshold_m: float
    ) -> Tensor:
        width = self.settings.extent_width_m * (threshold_m / 0.05) ** 0.5
        soft = torch.sigmoid((predicted - threshold_m) / width) * valid
        hard = (target >= threshold_m) * valid
        both = (soft * hard).sum(dim=(-3, -2, -1))
        either = (soft + hard - soft * hard).sum(dim=(-3, -2, -1))
        return (1 - (both + 8.0) / (either + 8.0)).mean()  # 8 cells: a floor for dry samples
