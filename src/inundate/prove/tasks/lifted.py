"""Random images by the Temporal CNN: with the VAE's decoder, and by the design that failed."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn

from inundate.core.errors import StabilityError
from inundate.learn.batches import Batch
from inundate.prove.digits import Digits
from inundate.prove.judge import PassLine
from inundate.prove.measure import as_kind, measure_nearest, squared_loss
from inundate.prove.models.image import Decoder
from inundate.prove.models.lifted import LiftedTemporalCNN
from inundate.prove.models.original import OriginalDesign, binary_cross_entropy_on_classes
from inundate.prove.models.vae import VAE
from inundate.prove.task import Budget, Data, Part, Scores, Size, Task
from inundate.prove.tasks.easy import answer_images, choose
from inundate.prove.tasks.vae import evidence_loss
from inundate.prove.train_task import run_task

__all__ = ["HISTORY", "make_control", "make_task", "rain_windows", "trained_decoder"]

HISTORY = 6
_LATENT = 32


def make_task(digits: Digits, *, scratch: bool = False) -> Task:
    """Paint one of two random images from a digit that rained down over six steps.

    A variational autoencoder is trained on the task's own digits first, as part of the budget, and
    its decoder is where the training of the Temporal CNN's tail starts.

    Parameters
    ----------
    digits : Digits
    scratch : bool
        Start from a decoder of random weights instead: the same task, to stand beside it.
    """
    title = "a decoder from scratch" if scratch else "the VAE's trained decoder"
    return Task(
        name="lifted-scratch" if scratch else "lifted",
        title=f"Temporal CNN with {title}, random images",
        kind="image",
        make_data=lambda rng, size: _make_data(digits, rng, size),
        make_model=lambda data: LiftedTemporalCNN(
            HISTORY,
            digits.side,
            latent=_LATENT,
            decoder=None if scratch else trained_decoder(digits, data),
        ),
        loss=squared_loss,
        measure=measure_nearest,
        budget=_budget(digits),
        lines=_lines(digits),
        meaning="the rain window, the backbone or the summary loses what the decoder needs; "
        "compare easy-random, whose decoder is the same",
    )


def trained_decoder(digits: Digits, data: Data, *, steps: int | None = None) -> Decoder:
    """Train a variational autoencoder on the digits of a task and give its decoder.

    Parameters
    ----------
    digits : Digits
        Tell the size of the images and of the budget.
    data : Data
        Of the task: the mean of each rain window is a digit. Targets are not looked at.
    steps : int, optional
        Optimiser steps instead of the budget's, 500 on 8 x 8 digits and 1500 on others.
    """
    seed = int(torch.randint(2**31, ()))  # of the weights that are being drawn
    images = data.train.inputs.mean(dim=1, keepdim=True).clamp(0.0, 1.0)
    part = Part(images, images, data.train.labels)
    task = Task(
        name="lifted-vae",
        title="variational autoencoder whose decoder is lifted",
        kind="image",
        make_data=lambda rng, size: Data(part, part),
        make_model=lambda data: VAE(digits.side, latent=_LATENT),
        loss=evidence_loss,
        measure=lambda model, data: Scores({}, {}),
        budget=Budget(steps=500, seconds=5)
        if digits.embedded
        else Budget(steps=1500, seconds=40, batch_size=128),
        lines=(),
        meaning="see vae",
    )
    result = run_task(task, seed=seed, steps=steps)
    if result.stopped:
        raise StabilityError(f"lifting a decoder: training its VAE stopped, {result.stopped}")
    return as_kind(result.model, VAE, task="lifted").decoder


def make_control(digits: Digits) -> Task:
    """Give the same data and lines to a copy of the original design, which must fail.

    Parameters
    ----------
    digits : Digits
    """
    return Task(
        name="original",
        title="control: the original's failing design, same task",
        kind="image",
        make_data=lambda rng, size: _make_data(digits, rng, size),
        make_model=lambda data: OriginalDesign(HISTORY, digits.side),
        loss=_original_loss,
        measure=measure_nearest,
        budget=_budget(digits),
        lines=_lines(digits),
        meaning="if this passes, the task has become too easy to tell a good design from a bad one",
        fails=True,
    )


def rain_windows(rng: np.random.Generator, images: Tensor) -> Tensor:
    """Let images (N, 1, H, W) rain down over a window (N, L, H, W) whose mean they are.

    Each pixel falls in shares of its own, so that no single step shows the digit.
    """
    shares = rng.dirichlet(np.ones(HISTORY), size=(len(images), *images.shape[2:]))
    # times the steps: inputs of a sixth of their size are one more way not to learn
    return images * torch.from_numpy(np.moveaxis(HISTORY * shares, -1, 1).astype(np.float32))


def _budget(digits: Digits) -> Budget:
    if digits.embedded:
        return Budget(steps=500, seconds=20, batch_size=64, learning_rate=2e-3, weight_decay=0.05)
    return Budget(steps=800, seconds=90, batch_size=64, learning_rate=2e-3, weight_decay=0.05)


def _lines(digits: Digits) -> tuple[PassLine, ...]:
    return (
        PassLine("nearest_target", "the commoner image", 0.92 if digits.embedded else 0.95),
        PassLine("skill", "the mean target", 0.7),
    )


def _original_loss(model: nn.Module, batch: Batch) -> dict[str, Tensor]:
    known = as_kind(model, OriginalDesign, task="original")
    loss = binary_cross_entropy_on_classes(known, batch["inputs"], batch["target"])
    return {"loss": loss}


def _make_data(digits: Digits, rng: np.random.Generator, size: Size) -> Data:
    images = answer_images(rng, digits.side, "random", 2)
    parts = []
    for inputs, digit in choose(digits, rng, size, train=20_000, held_out=2_000):
        labels = torch.from_numpy((digit >= 5).astype(np.int64))
        parts.append(Part(rain_windows(rng, inputs), images[labels], labels))
    return Data(parts[0], parts[1], {"images": images})
