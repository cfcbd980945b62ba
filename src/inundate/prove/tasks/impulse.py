"""Impulse response: one cell lights up, and a lopsided pattern appears around it."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from inundate.prove.judge import PassLine
from inundate.prove.measure import measure_skill, predict, skill_of, squared_loss
from inundate.prove.models.image import ImageUNet
from inundate.prove.task import Budget, Data, Part, Scores, Size, Task
from inundate.prove.tasks.fields import SIDE, count

__all__ = ["PATTERN", "make_task"]

#: The response, rows by columns: no flip and no turn leaves it as it is.
PATTERN = torch.tensor([
    [1.0, 0.0, 0.0, 0.0, 0.0],
    [1.0, 0.0, 0.0, 0.0, 0.0],
    [1.0, 0.0, 0.5, 0.0, 0.0],
    [1.0, 0.0, 0.0, 0.0, 0.0],
    [1.0, 1.0, 1.0, 0.5, 0.0],
])  # fmt: skip
_TURNS: dict[str, Callable[[Tensor], Tensor]] = {
    "upside down": lambda image: image.flip(-2),
    "mirrored": lambda image: image.flip(-1),
    "transposed": lambda image: image.transpose(-2, -1),
}


def make_task() -> Task:
    """Answer an impulse with a pattern, so that a mixed-up axis shows."""
    return Task(
        name="impulse",
        title="answer one lit cell by a lopsided pattern",
        kind="image",
        make_data=_make_data,
        make_model=lambda data: ImageUNet(data.input_shape[0]),
        loss=squared_loss,
        measure=_measure,
        budget=Budget(steps=250, seconds=20, batch_size=32, learning_rate=3e-3),
        lines=(PassLine("skill", "the mean target", 0.95),),
        meaning="the answer stands in the wrong place: an axis flipped or transposed, a shift by "
        "padding, or a reach that is too short",
    )


def _make_data(rng: np.random.Generator, size: Size) -> Data:
    train, held_out = count(size, train=1600, held_out=200)
    number = train + held_out
    inputs = torch.zeros(number, 1, SIDE, SIDE)
    rows, columns = rng.integers(0, SIDE, size=(2, number))
    inputs[torch.arange(number), 0, rows, columns] = torch.from_numpy(
        rng.uniform(0.5, 2.0, number)
    ).float()
    # a convolution of torch is a correlation: the kernel is turned, so that the pattern is not
    kernel = PATTERN.flip(0, 1)[None, None]
    target = functional.conv2d(inputs, kernel, padding=2)
    return Data(Part(inputs[:train], target[:train]), Part(inputs[train:], target[train:]))


def _measure(model: nn.Module, data: Data) -> Scores:
    """Score as usual, and against targets that are turned: a better fit there names the slip."""
    predicted, target = predict(model, data.held_out), data.held_out.target
    turned = {
        f"skill if {name}": float(
            skill_of(predicted, turn(target), data.train.target.mean(dim=0))[0].mean()
        )
        for name, turn in _TURNS.items()
    }
    return dataclasses.replace(measure_skill(model, data), figures=turned)
