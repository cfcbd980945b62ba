"""Random images by the Temporal CNN: with the VAE's decoder, and by the design that failed."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn

from inundate.learn.batches import Batch
from inundate.prove.digits import Digits
from inundate.prove.judge import PassLine
from inundate.prove.measure import as_kind, measure_nearest, squared_loss
from inundate.prove.models.lifted import LiftedTemporalCNN
from inundate.prove.models.original import OriginalDesign, binary_cross_entropy_on_classes
from inundate.prove.task import Budget, Data, Part, Size, Task
from inundate.prove.tasks.easy import answer_images, choose

__all__ = ["HISTORY", "make_control", "make_task", "rain_windows"]

HISTORY = 6


def make_task(digits: Digits) -> Task:
    """Paint one of two random images from a digit that rained down over six steps.

    Parameters
    ----------
    digits : Digits
    """
    return Task(
        name="lifted",
        title="Temporal CNN with the VAE's decoder, random images",
        kind="image",
        make_data=lambda rng, size: _make_data(digits, rng, size),
        make_model=lambda data: LiftedTemporalCNN(HISTORY, digits.side),
        loss=squared_loss,
        measure=measure_nearest,
        budget=_budget(digits),
        lines=_lines(digits),
        meaning="the rain window, the backbone or the summary loses what the decoder needs; "
        "compare easy-random, whose decoder is the same",
    )


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
