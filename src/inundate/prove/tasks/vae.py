"""Variational autoencoder: the evidence lower bound that it reaches on digits never seen."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn

from inundate.learn.batches import Batch
from inundate.prove.digits import Digits
from inundate.prove.judge import PassLine
from inundate.prove.measure import as_kind, image_grid
from inundate.prove.measure_samples import sample_quality
from inundate.prove.models.vae import VAE, binarise, log_bernoulli
from inundate.prove.task import Budget, Data, Part, Scores, Size, Task
from inundate.prove.tasks.easy import choose

__all__ = ["COLLAPSED_BELOW", "evidence_loss", "latent_walk", "make_task", "unlabelled"]

#: Latent dimensions in use, of those there are; fewer is called a collapse.
COLLAPSED_BELOW = 0.1
_ACTIVE = 0.01  # variance of the mean over the data (Burda et al. 2016, section 2)
_WEIGHTED = 500  # images whose log p is estimated by importance weighting
_DRAWN = 1000


def make_task(digits: Digits) -> Task:
    """Train a variational autoencoder with one stochastic layer on digits drawn black or white.

    Training images are binarised anew at each step. Held-out images are binarised once, by the
    task's seed, and the bound is that of one draw of the latent for each.

    Parameters
    ----------
    digits : Digits
    """
    small = digits.embedded
    return Task(
        name="vae",
        title="variational autoencoder, bound in nats",
        kind="image",
        make_data=lambda rng, size: unlabelled(digits, rng, size),
        make_model=lambda data: (
            VAE(digits.side, hidden=128, latent=8)
            if small
            else VAE(digits.side, hidden=384, latent=40)
        ),
        loss=evidence_loss,
        measure=lambda model, data: _measure(model, data, draws=50 if small else 100),
        budget=Budget(steps=1500, seconds=20, batch_size=64, weight_decay=0.05)
        if small
        else Budget(steps=6000, seconds=180, batch_size=200, warmup_steps=200),
        lines=(PassLine("elbo", "pixels independent of each other", -24.5 if small else -100.0),),
        meaning="with a Kullback-Leibler term near 0 the latent is ignored (posterior collapse); "
        "otherwise reconstruction and prior are weighed wrongly, such as a mean over pixels "
        "against a sum over latents",
    )


def unlabelled(digits: Digits, rng: np.random.Generator, size: Size) -> Data:
    """Give images that are input and target alike, with labels for what is measured."""
    parts = [
        Part(images, images, torch.from_numpy(labels))
        for images, labels in choose(digits, rng, size)
    ]
    return Data(parts[0], parts[1])


def evidence_loss(model: nn.Module, batch: Batch) -> dict[str, Tensor]:
    """Give the negative bound in nats, with its two parts, on newly binarised images."""
    known = as_kind(model, VAE, task="vae")
    told = batch["labels"] if known.classes else None
    likelihood, divergence = known(binarise(batch["inputs"]), told)
    parts = {"likelihood": likelihood.mean(), "divergence": divergence.sum(dim=1).mean()}
    return {"loss": parts["divergence"] - parts["likelihood"], **parts}


def latent_walk(model: VAE, *, steps: int = 8, dimensions: Tensor) -> Tensor:
    """Walk along latent dimensions from -2 to 2; (dimensions, steps, 1, H, W)."""
    latent = torch.zeros(len(dimensions), steps, model.latent)
    for row, dimension in zip(latent, dimensions, strict=True):
        row[:, int(dimension)] = torch.linspace(-2.0, 2.0, steps)
    images = torch.sigmoid(model.decode(latent.flatten(0, 1)))
    return images.reshape(len(dimensions), steps, *images.shape[1:])


def _measure(model: nn.Module, data: Data, *, draws: int) -> Scores:
    known = as_kind(model, VAE, task="vae")
    images = binarise(data.held_out.inputs)
    likelihood, divergence = known(images)
    bound = (likelihood - divergence.sum(dim=1)).double().numpy()
    weighted = known.importance_weighted(images[:_WEIGHTED], draws=draws)
    means, _ = known.encode(images)
    active = means.var(dim=0) > _ACTIVE  # (latent,)
    drawn = torch.sigmoid(known.decode(torch.randn(_DRAWN, known.latent)))
    labels = data.train.classes()
    quality = sample_quality(drawn, data.train.inputs, labels)
    per_dimension = divergence.mean(dim=0)
    return Scores(
        {"elbo": bound},
        {"elbo": _independent(data, images)},
        figures={
            "likelihood": float(likelihood.mean()),
            "divergence": float(divergence.sum(dim=1).mean()),
            f"log_p_of_{draws}_draws": float(weighted.mean()),
            "active_dimensions": float(active.sum()),
            "dimensions": float(known.latent),
            "collapsed": float(active.float().mean() < COLLAPSED_BELOW),
            "divergence_largest": float(per_dimension.max()),
            "divergence_smallest": float(per_dimension.min()),
            "sample_precision": float(quality.precise.mean()),
            "sample_recall": quality.recall,
            "sample_classes": float(quality.found.sum()),
        },
        pictures=_pictures(known, images, drawn, per_dimension),
    )


def _pictures(
    model: VAE, images: Tensor, drawn: Tensor, per_dimension: Tensor
) -> dict[str, np.ndarray[tuple[int, ...], np.dtype[np.float32]]]:
    means, _ = model.encode(images[:8])
    share = torch.linspace(0.0, 1.0, 8)[:, None]
    between = torch.lerp(means[:1], means[1:2], share)
    busiest = per_dimension.argsort(descending=True)[:4]
    return {
        "digits, reconstructions": image_grid(images, torch.sigmoid(model.decode(means))),
        "samples": image_grid(*drawn[:32].split(8)),  # type: ignore[no-untyped-call]
        "latent walk": image_grid(*latent_walk(model, dimensions=busiest)),
        "interpolation": image_grid(torch.sigmoid(model.decode(between))),
    }


def _independent(data: Data, images: Tensor) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    """Log likelihood of a model in which each pixel has its mean and knows no other."""
    mean = data.train.inputs.mean(dim=0, keepdim=True).clamp(0.001, 0.999)
    return log_bernoulli(torch.logit(mean).expand_as(images), images).double().numpy()
