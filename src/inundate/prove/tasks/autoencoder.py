"""Vanilla autoencoder: the same encoder and decoder, without noise and prior."""

from __future__ import annotations

import dataclasses

import torch
from torch import Tensor, nn
from torch.nn import functional

from inundate.learn.batches import Batch
from inundate.prove.digits import Digits
from inundate.prove.judge import PassLine
from inundate.prove.measure import as_kind, image_grid, measure_skill
from inundate.prove.measure_samples import sample_quality
from inundate.prove.models.vae import AutoEncoder
from inundate.prove.task import Budget, Data, Scores, Task
from inundate.prove.tasks.vae import unlabelled

__all__ = ["make_task"]

_DRAWN = 1000


def make_task(digits: Digits) -> Task:
    """Squeeze digits through a bottleneck and rebuild them.

    Parameters
    ----------
    digits : Digits
    """
    small = digits.embedded
    return Task(
        name="autoencoder",
        title="rebuild a digit from a bottleneck",
        kind="image",
        make_data=lambda rng, size: unlabelled(digits, rng, size),
        make_model=lambda data: AutoEncoder(
            digits.side, hidden=128 if small else 256, latent=8 if small else 16
        ),
        loss=_loss,
        measure=_measure,
        budget=Budget(steps=800, seconds=15, batch_size=64)
        if small
        else Budget(steps=1500, seconds=45, batch_size=100),
        lines=(PassLine("skill", "the mean digit", 0.7 if small else 0.8),),
        meaning="the bottleneck is too narrow or dead; where this passes and the variational "
        "autoencoder does not, noise and prior are at fault, not encoder and decoder",
    )


def _loss(model: nn.Module, batch: Batch) -> dict[str, Tensor]:
    loss = functional.binary_cross_entropy(model(batch["inputs"]), batch["target"])
    return {"loss": loss}


def _measure(model: nn.Module, data: Data) -> Scores:
    """Score reconstructions; draw from the latent's mean and variance to show why it needs a prior.

    Its own latent has no prior to draw from: an independent normal of the same mean and spread
    is the nearest thing.
    """
    known = as_kind(model, AutoEncoder, task="autoencoder")
    labels = data.train.classes()
    latent = known.encoder(data.train.inputs[:2000].flatten(1) - 0.5)
    noise = torch.randn(_DRAWN, latent.shape[1])
    drawn = torch.sigmoid(known.decoder(latent.mean(dim=0) + noise * latent.std(dim=0)))
    quality = sample_quality(drawn, data.train.inputs, labels)
    scores = measure_skill(known, data)
    return dataclasses.replace(
        scores,
        figures={
            "sample_precision": float(quality.precise.mean()),
            "sample_recall": quality.recall,
        },
        pictures={**scores.pictures, "samples": image_grid(*drawn[:32].split(8))},  # type: ignore[no-untyped-call]
    )
