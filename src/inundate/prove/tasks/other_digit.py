"""Digit to digit: read one digit, paint the next."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from inundate.prove.digits import Digits
from inundate.prove.judge import PassLine
from inundate.prove.measure import measure_nearest, squared_loss
from inundate.prove.models.image import Painter
from inundate.prove.task import Data, Part, Size, Task
from inundate.prove.tasks.easy import budget_for, choose

__all__ = ["make_task"]


def make_task(digits: Digits) -> Task:
    """Paint one fixed picture of the digit that follows (0 after 9).

    Parameters
    ----------
    digits : Digits
    """
    return Task(
        name="other-digit",
        title="digit to a picture of the next digit",
        kind="image",
        make_data=lambda rng, size: _make_data(digits, rng, size),
        make_model=lambda data: Painter(data.input_shape[0], digits.side),
        loss=squared_loss,
        measure=measure_nearest,
        budget=budget_for(digits),
        lines=(
            PassLine("nearest_target", "the commonest digit", 0.94 if digits.embedded else 0.97),
            PassLine("skill", "the mean target", 0.8),
        ),
        meaning="too little passes from encoder to decoder for ten pictures; with easy-random "
        "passed, look at the width between them and at the number of steps",
    )


def _make_data(digits: Digits, rng: np.random.Generator, size: Size) -> Data:
    train, held_out = choose(digits, rng, size)
    pictures = _pictures(*train, rng)
    parts = []
    for inputs, digit in (train, held_out):
        labels = torch.from_numpy((digit + 1) % 10)
        parts.append(Part(inputs, pictures[labels], labels))
    return Data(parts[0], parts[1], {"images": pictures})


def _pictures(images: Tensor, labels: NDArray[np.int64], rng: np.random.Generator) -> Tensor:
    """Pick one training image (1, H, W) for each class; a class that is missing gets noise."""
    found = torch.from_numpy(rng.random((10, *images.shape[1:]), dtype=np.float32))
    for label in np.unique(labels):
        found[int(label)] = images[int(rng.choice(np.flatnonzero(labels == label)))]
    return found
