"""What the latent grid is trained with: first an evidence bound, then the CRPS of its members."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, Literal, TypeAlias

import torch
from torch import Tensor
from torch.nn import functional

from inundate.emulate.heads import to_stretched
from inundate.emulate.loss import DepthLoss, LossSettings
from inundate.emulate.models.mode_h_vae import ModeHVAE, Paths
from inundate.emulate.settings import LATENT_CELLS, ModeHVAESettings

__all__ = ["Phase", "SpreadLoss", "censored", "censored_loss", "fair_crps", "phase_of"]

Phase: TypeAlias = Literal["mean", "elbo", "crps"]

_NEAR_M = 0.01  # cells that some member has deeper than this carry full weight
_MEAN_SHARE = 0.5  # of the mean path's own loss, beside that of the members
_METRES = 4.0  # 5 cm weigh about as much in metres as in stretched depth
_PATCHES = (4, LATENT_CELLS)  # sides of the patches whose mean depth is scored
_PATCH_SHARE = 0.5
_ELBO_SHARE = 0.1  # that the evidence bound keeps while members are tuned
_LEAST_CHANCE = 1e-6


class SpreadLoss:
    """Score a batch for an emulator with a latent grid.

    Parameters
    ----------
    loss : LossSettings
        Of the mean path.
    settings : ModeHVAESettings
    """

    def __init__(self, loss: LossSettings, settings: ModeHVAESettings) -> None:
        self.settings = settings
        self.loss_settings = loss
        self.depth = DepthLoss(loss)

    def __call__(self, model: ModeHVAE, batch: Mapping[str, Any]) -> dict[str, Tensor]:
        """Run the model and give ``loss`` and its parts.

        In evaluation the loss is always the CRPS of members drawn from the prior, so that
        validations of all phases can be compared; the divergence and the members' spread are
        among the parts.

        Parameters
        ----------
        model : ModeHVAE
        batch : mapping
            ``inputs``, ``target`` (B, K, H, W) in m, ``valid`` (B, 1, H, W), ``epoch``.
        """
        phase = phase_of(self.settings, int(batch["epoch"])) if model.training else "crps"
        paths = model.paths(batch["inputs"])
        mean = model.mean_path(paths)
        mean_loss, parts = self._mean_loss(mean, batch)
        parts["mean_path"] = mean_loss
        if phase == "mean":
            return {"loss": mean_loss, **parts}
        elbo, more = self._elbo(model, paths, mean, batch)
        parts |= more
        if phase == "elbo":
            return {"loss": elbo + _MEAN_SHARE * mean_loss, **parts}
        score, more = self._crps(model, paths, mean, batch)
        parts |= more
        if not model.training:
            return {"loss": score, **parts}
        return {"loss": score + _MEAN_SHARE * mean_loss + _ELBO_SHARE * elbo, **parts}

    def _mean_loss(
        self, mean: Tensor, batch: Mapping[str, Any]
    ) -> tuple[Tensor, dict[str, Tensor]]:
        parts = self.depth.parts(mean, batch["target"], batch["valid"])
        return self.depth.weighted(parts), parts

    def _elbo(
        self, model: ModeHVAE, paths: Paths, mean: Tensor, batch: Mapping[str, Any]
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """Give the negative evidence bound of a cell, nat."""
        target, valid = batch["target"], batch["valid"]
        posterior = model.posterior_of(paths, mean.detach(), target)
        latent = posterior.draw(torch.randn_like(posterior.mean))
        rebuilt = model.member(paths, latent)
        weight = _weights(valid, [mean, rebuilt, target], self.loss_settings.dry_weight)
        unlikely = censored_loss(to_stretched(rebuilt), to_stretched(target), model.log_noise)
        rebuild = _mean_over(unlikely, weight)
        by_channel = posterior.divergence(paths.prior).mean(dim=(0, 2, 3))  # (C,), nat
        # below what is free a channel has nothing to gain from giving up
        divergence = by_channel.clamp(min=self.settings.free_nats).sum() / LATENT_CELLS**2
        beta = self._beta(int(batch["epoch"])) if model.training else 1.0
        parts = {"rebuild": rebuild, "divergence": by_channel.mean()}
        return rebuild + beta * divergence, parts

    def _beta(self, epoch: int) -> float:
        """Give the weight of the divergence, which rises while the decoder learns to listen."""
        rise = self.settings.beta_epochs
        return 1.0 if not rise else min(1.0, (epoch - self.settings.mean_epochs + 1) / rise)

    def _crps(
        self, model: ModeHVAE, paths: Paths, mean: Tensor, batch: Mapping[str, Any]
    ) -> tuple[Tensor, dict[str, Tensor]]:
        target, valid = batch["target"], batch["valid"]
        prior = paths.prior
        members = torch.stack(
            [
                censored(model.member(paths, prior.draw(torch.randn_like(prior.mean))))
                for _ in range(self.settings.draws)
            ]
        )  # (S, B, K, H, W)
        weight = _weights(valid, [mean, *members], self.loss_settings.dry_weight)
        stretched = _mean_over(fair_crps(to_stretched(members), to_stretched(target)), weight)
        metres = _mean_over(fair_crps(members, target), weight)
        score = stretched + _METRES * metres
        patches = [_patch_crps(members, target, valid, side) for side in _PATCHES]
        whole = fair_crps(_volume(members, valid), _volume(target, valid)).mean()
        for term in (*patches, whole):
            score = score + _PATCH_SHARE * term
        parts = {
            "crps": metres,
            "crps_stretched": stretched,
            "crps_patches": torch.stack(patches).mean(),
            "crps_volume": whole,
            **_spread(members.detach(), mean.detach(), target, valid),
        }
        return score, parts


def phase_of(settings: ModeHVAESettings, epoch: int) -> Phase:
    """Give what is trained in an epoch."""
    if epoch < settings.mean_epochs:
        return "mean"
    return "elbo" if epoch < settings.mean_epochs + settings.elbo_epochs else "crps"


def fair_crps(members: Tensor, target: Tensor) -> Tensor:
    """Give the fair CRPS of an ensemble.

    Parameters
    ----------
    members : Tensor (S, ...)
        At least two, equally likely.
    target : Tensor (...)

    Returns
    -------
    Tensor (...)

    Source
    ------
    Ferro (2014), doi:10.1002/qj.2270.
    """
    count = members.shape[0]
    distance = (members - target).abs().mean(dim=0)
    # with sorted members the sum over pairs is linear: member i counts (2i - S - 1) times
    ordered = members.sort(dim=0).values
    pairs = torch.zeros_like(target)
    for place in range(count):
        pairs = pairs + (2 * place + 1 - count) * ordered[place]
    return distance - pairs / (count * (count - 1))


def censored(depth: Tensor) -> Tensor:
    """Cut a leaking depth at 0, and let its gradient through: a dry member may yet get wet."""
    return depth + (torch.relu(depth) - depth).detach()


def censored_loss(middle: Tensor, target: Tensor, log_sd: Tensor) -> Tensor:
    """Give the negative log-likelihood of a normal law that is censored at 0.

    Parameters
    ----------
    middle : Tensor (...)
        Any real number; below 0 dry is likely.
    target : Tensor (...)
        0 or more; 0 says no more than "not above 0".
    log_sd : Tensor (1,)

    Source
    ------
    Tobin (1958), doi:10.2307/1907382.
    """
    sd = torch.exp(log_sd.clamp(-3.0, 1.0))
    off = (target - middle) / sd
    wet = 0.5 * off**2 + torch.log(sd) + 0.5 * math.log(2.0 * math.pi)
    dry = -torch.log(torch.special.ndtr(-middle / sd).clamp(min=_LEAST_CHANCE))
    return torch.where(target > 0, wet, dry)


def _weights(valid: Tensor, depths: list[Tensor], dry_weight: float) -> Tensor:
    """Give the weight of each cell, (B, K, H, W), without a gradient."""
    deepest = torch.stack([depth.detach() for depth in depths]).amax(dim=0)
    return valid * torch.where(deepest > _NEAR_M, 1.0, dry_weight)


def _mean_over(values: Tensor, weight: Tensor) -> Tensor:
    """Average over cells, then over samples and frames."""
    total = weight.sum(dim=(-2, -1)).clamp(min=1.0)
    return ((weight * values).sum(dim=(-2, -1)) / total).mean()


def _patch_crps(members: Tensor, target: Tensor, valid: Tensor, side: int) -> Tensor:
    """Score the mean depth of patches, so that the members' neighbourhood counts."""
    shares = functional.avg_pool2d(valid, side)  # (B, 1, h, w)
    flat = functional.avg_pool2d((members * valid).flatten(0, 2)[:, None], side)
    pooled = flat.reshape(*members.shape[:3], *shares.shape[-2:])
    truth = functional.avg_pool2d(target * valid, side)
    return _mean_over(fair_crps(to_stretched(pooled), to_stretched(truth)), shares)


def _volume(depth: Tensor, valid: Tensor) -> Tensor:
    """Give the stretched mean depth of the whole piece, (..., B, K)."""
    mean = (depth * valid).sum(dim=(-2, -1)) / valid.sum(dim=(-2, -1)).clamp(min=1.0)
    return to_stretched(mean)


def _spread(members: Tensor, mean: Tensor, target: Tensor, valid: Tensor) -> dict[str, Tensor]:
    """Give sums that say whether the spread fits: means over known cells, m2 and m."""
    count = members.shape[0]
    weight = valid.expand_as(target)
    total = weight.sum().clamp(min=1.0)
    middle = members.mean(dim=0)
    # (S + 1) / S: the truth is one more draw, the mean of S is not the mean of the law
    variance = members.var(dim=0) * (count + 1) / count
    path = torch.relu(mean)
    return {
        "member_variance": (weight * variance).sum() / total,
        "member_square": (weight * (middle - target) ** 2).sum() / total,
        "mean_gap": (weight * (middle - path).abs()).sum() / total,
        "mean_depth": (weight * path).sum() / total,
    }
