"""The easy task: digit below five, or five and above, answered by one of two images."""

from __future__ import annotations

from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from inundate.prove.digits import Digits
from inundate.prove.judge import PassLine
from inundate.prove.measure import measure_nearest, squared_loss
from inundate.prove.models.image import Painter
from inundate.prove.task import Budget, Data, Part, Size, Task

__all__ = ["answer_images", "budget_for", "choose", "make_task"]

#: What the two classes are answered by.
Answer = Literal["constant", "random"]


def make_task(digits: Digits, answer: Answer) -> Task:
    """Answer a digit by an image that stands for "below five" or "five and above".

    With ``constant`` the two are all black and all white, with ``random`` two images of noise
    that are drawn once: the case that told the makers of the first Temporal CNN that their
    network could not paint an image.

    Parameters
    ----------
    digits : Digits
    answer : str
    """
    return Task(
        name=f"easy-{answer}",
        title=f"digit < 5 or >= 5 to one of two {answer} images",
        kind="image",
        make_data=lambda rng, size: _make_data(digits, answer, rng, size),
        make_model=lambda data: Painter(data.input_shape[0], digits.side),
        loss=squared_loss,
        measure=measure_nearest,
        budget=budget_for(digits),
        lines=(
            # 8 x 8: by the rule in docs/proving-ground.md
            PassLine("nearest_target", "the commoner image", 0.94 if digits.embedded else 0.98),
            PassLine("skill", "the mean target", 0.8),
        ),
        meaning="inputs and targets are not of the same sample, or the network cannot classify"
        if answer == "constant"
        else "the network can classify but not paint: its output stage cannot make an image "
        "that differs from place to place (compare easy-constant)",
    )


def budget_for(digits: Digits) -> Budget:
    """Give the budget of a task that classifies digits on its way."""
    if digits.embedded:
        return Budget(steps=600, seconds=20, batch_size=64, learning_rate=3e-3, weight_decay=0.05)
    return Budget(steps=1500, seconds=60, batch_size=64, learning_rate=2e-3, weight_decay=0.05)


def answer_images(rng: np.random.Generator, side: int, answer: Answer, number: int) -> Tensor:
    """Make the images (number, 1, side, side), 0 to 1, that answer the classes."""
    if answer == "random":
        return torch.from_numpy(rng.random((number, 1, side, side), dtype=np.float32))
    levels = torch.linspace(0.0, 1.0, number)[:, None, None, None]
    return levels.expand(-1, 1, side, side).contiguous()


def choose(
    digits: Digits, rng: np.random.Generator, size: Size, *, train: int = 0, held_out: int = 0
) -> tuple[tuple[Tensor, NDArray[np.int64]], tuple[Tensor, NDArray[np.int64]]]:
    """Give training and held-out images (N, 1, H, W) with their labels (N,).

    Parameters
    ----------
    train, held_out : int
        At most so many, drawn at random; 0: all. A quick task has at most 400 and 200.
    """
    if size == "quick":
        train, held_out = min(train or 400, 400), min(held_out or 200, 200)
    parts = []
    for images, labels, most in (
        (digits.train_images, digits.train_labels, train),
        (digits.test_images, digits.test_labels, held_out),
    ):
        picked = np.sort(rng.permutation(len(labels))[: most or None])
        parts.append((torch.from_numpy(images[picked])[:, None], labels[picked]))
    return parts[0], parts[1]


def _make_data(digits: Digits, answer: Answer, rng: np.random.Generator, size: Size) -> Data:
    images = answer_images(rng, digits.side, answer, 2)
    parts = []
    for inputs, digit in choose(digits, rng, size):
        labels = torch.from_numpy((digit >= 5).astype(np.int64))
        parts.append(Part(inputs, images[labels], labels))
    return Data(parts[0], parts[1], {"images": images})
