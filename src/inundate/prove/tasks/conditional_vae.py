"""Conditional variational autoencoder: draw the digit that was asked for."""

from __future__ import annotations

import torch
from torch import nn

from inundate.prove.digits import Digits
from inundate.prove.judge import PassLine
from inundate.prove.measure import as_kind, image_grid
from inundate.prove.measure_samples import nearest_labels
from inundate.prove.models.vae import VAE, binarise
from inundate.prove.task import Budget, Data, Scores, Task
from inundate.prove.tasks.vae import evidence_loss, unlabelled

__all__ = ["make_task"]

_JUDGES = 5000  # real digits that a drawn one is compared with


def make_task(digits: Digits) -> Task:
    """Draw digits of a given class; the nearest real digit says whether it is one.

    Parameters
    ----------
    digits : Digits
    """
    small = digits.embedded
    return Task(
        name="conditional-vae",
        title="draw the digit that was asked for",
        kind="image",
        make_data=lambda rng, size: unlabelled(digits, rng, size),
        make_model=lambda data: VAE(
            digits.side,
            hidden=128 if small else 256,
            latent=8,  # too few to carry the class beside everything else
            classes=10,
        ),
        loss=evidence_loss,
        measure=_measure,
        budget=Budget(steps=1000, seconds=15, batch_size=64, weight_decay=0.05)
        if small
        else Budget(steps=2000, seconds=60, batch_size=100),
        lines=(
            # 8 x 8: by the rule in docs/proving-ground.md
            PassLine(
                "right_class",
                "the same images under labels in another order",
                0.98 if small else 0.85,
            ),
        ),
        meaning="the condition does not reach the decoder, or the latent carries the class already "
        "and leaves the condition unread",
    )


def _measure(model: nn.Module, data: Data) -> Scores:
    known = as_kind(model, VAE, task="conditional-vae")
    asked, labels = data.held_out.classes(), data.train.classes()
    drawn = torch.sigmoid(known.decode(torch.randn(len(asked), known.latent), asked))
    seen = nearest_labels(drawn, data.train.inputs[:_JUDGES], labels[:_JUDGES])
    real = nearest_labels(data.held_out.inputs, data.train.inputs[:_JUDGES], labels[:_JUDGES])
    likelihood, divergence = known(binarise(data.held_out.inputs), asked)
    other = asked[torch.randperm(len(asked))]
    ten = torch.sigmoid(known.decode(torch.randn(4, known.latent).repeat_interleave(10, dim=0),
                                     torch.arange(10).repeat(4)))  # fmt: skip
    return Scores(
        {"right_class": (seen == asked).double().numpy()},
        {"right_class": (seen == other).double().numpy()},
        figures={
            "elbo": float((likelihood - divergence.sum(dim=1)).mean()),
            "right_class_of_real_digits": float((real == asked).float().mean()),
        },
        pictures={"samples by class": image_grid(*ten.split(10), columns=10)},  # type: ignore[no-untyped-call]
    )
