"""A loss for grids that are mostly dry: shallow and deep water both count, and so do edges."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import torch
from pydantic import Field
from torch import Tensor, nn
from torch.nn import functional

from inundate.core.config import Settings
from inundate.core.errors import ConfigError
from inundate.emulate.heads import to_stretched

__all__ = ["DepthLoss", "LossSettings", "hybrid_of"]

WET_M = 0.05  # cells deeper than this carry full weight
_DEEP_M = 0.3
_LEAST_LOSS = 0.1  # of the hybrid: where it is all but right, a piece must not outweigh the others


class LossSettings(Settings):
    """Weights of the parts of the loss."""

    stretched: float = Field(default=1.0, ge=0, description="Huber on asinh(depth / 0.05 m).")
    metres: float = Field(
        default=1.0, ge=0, description="Root mean square error in m on wet cells."
    )
    extent: float = Field(default=0.5, ge=0, description="1 - soft critical success index.")
    by_hybrid: bool = Field(
        default=False,
        description="Divide the loss of each piece by that of the untrained hybrid, so that "
        "ground on which it is nearly right counts as much as ground on which it is not; only "
        "for models on the hybrid.",
    )
    worse: float = Field(
        default=0.0,
        ge=0,
        description="Extent that is worse than the untrained hybrid's, once more; only for models "
        "on the hybrid.",
    )
    volume: float = Field(
        default=0.0,
        ge=0,
        description="Signed error of the volume of each frame, share of the true volume: keeps a "
        "model that is unsure where water lies from leaving it out.",
    )
    deep: float = Field(
        default=0.0,
        ge=0,
        description="Signed error of the water that stands 0.3 m or deeper, share of it: a model "
        "that is unsure where deep water lies gives too little of it.",
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
        by_sample = self._by_sample(predicted, target, valid)
        parts = {name: values.mean() for name, values in by_sample.items()}
        if self.settings.by_hybrid or self.settings.worse:
            loss = self._against_hybrid(by_sample, batch, parts)
        else:
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
        loss = loss + s.extent * parts["extent"]
        return loss + s.volume * parts["volume"] + s.deep * parts["deep"]

    def parts(self, predicted: Tensor, target: Tensor, valid: Tensor) -> dict[str, Tensor]:
        """Give the terms, each averaged over samples."""
        found = self._by_sample(predicted, target, valid)
        return {name: values.mean() for name, values in found.items()}

    def _against_hybrid(
        self, found: Mapping[str, Tensor], batch: Mapping[str, Any], parts: dict[str, Tensor]
    ) -> Tensor:
        """Weigh the terms of each sample by how well the untrained hybrid does on it."""
        with torch.no_grad():
            other = self._by_sample(hybrid_of(batch), batch["target"], batch["valid"])
        loss = self.weighted(found)
        if self.settings.by_hybrid:
            loss = loss / (self.weighted(other) + _LEAST_LOSS)
        if self.settings.worse:
            names = [name for name in found if name.startswith("extent_")]
            worse = torch.stack([torch.relu(found[name] - other[name]) for name in names]).sum(0)
            parts["worse"] = worse.mean()
            loss = loss + self.settings.worse * worse
        return loss.mean()

    def _by_sample(self, predicted: Tensor, target: Tensor, valid: Tensor) -> dict[str, Tensor]:
        """Give the terms of each sample, (B,).

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
        deep = valid * (target >= _DEEP_M)
        stands = (deep * target).sum(dim=(-2, -1))
        short = (deep * (torch.relu(predicted) - target)).sum(dim=(-2, -1)).abs()
        extent = {
            f"extent_{h:g}": self._extent(predicted, target, valid, h)
            for h in self.settings.thresholds_m
        }
        return {
            "volume": (missed / (held + floor)).clamp(max=3.0).mean(dim=-1),
            "deep": (short / (stands + floor)).clamp(max=3.0).mean(dim=-1),
            "stretched": ((weight * stretched).sum(dim=(-2, -1)) / total).mean(dim=-1),
            "metres": torch.sqrt(square / count + 1e-6),
            "extent": torch.stack(list(extent.values())).mean(0),
            **extent,
        }

    def _extent(
        self, predicted: Tensor, target: Tensor, valid: Tensor, threshold_m: float
    ) -> Tensor:
        """Compare what is flooded: least over greatest membership, 1 where all is right."""
        width = self.settings.extent_width_m * (threshold_m / 0.05) ** 0.5
        found = self._member(predicted, threshold_m, width) * valid
        wanted = self._member(target, threshold_m, width) * valid
        both = torch.minimum(found, wanted).sum(dim=(-3, -2, -1))
        either = torch.maximum(found, wanted).sum(dim=(-3, -2, -1))
        return 1 - (both + 8.0) / (either + 8.0)  # 8 cells: a floor for dry samples

    @staticmethod
    def _member(depth: Tensor, threshold_m: float, width_m: float) -> Tensor:
        """Say how far a cell is flooded: 0 where dry, so that dry ground does not count, to 1."""
        dry = 1.0 / (1.0 + math.exp(threshold_m / width_m))
        return torch.relu(torch.sigmoid((depth - threshold_m) / width_m) - dry) / (1.0 - dry)


def hybrid_of(batch: Mapping[str, Any]) -> Tensor:
    """Give the untrained hybrid's depth of a batch, (B, K, H, W), m.

    Raises
    ------
    ConfigError
        If the batch is of a model that is not shown the hybrid's water.
    """
    inputs = batch["inputs"]
    if "level" not in inputs:
        raise ConfigError(
            "training: the loss compares with the untrained hybrid, which this model is not shown",
            hint="only mode_h can have by_hybrid or worse in [loss]",
        )
    heights, level = inputs["heights"], inputs["level"]
    factor = heights.shape[-1] // level.shape[-1]
    fine = level.repeat_interleave(factor, dim=-2).repeat_interleave(factor, dim=-1)
    return torch.relu(fine - heights[:, None])
