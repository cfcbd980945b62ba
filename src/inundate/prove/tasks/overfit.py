"""Overfit one batch: the first thing that any model must be able to do."""

from __future__ import annotations

import numpy as np

from inundate.prove.judge import PassLine
from inundate.prove.measure import measure_skill, squared_loss
from inundate.prove.models.image import Memoriser
from inundate.prove.task import Budget, Data, Part, Size, Task
from inundate.prove.tasks.fields import to_tensor

__all__ = ["make_task"]

_SAMPLES, _SIDE = 16, 8


def make_task() -> Task:
    """Learn sixteen images of noise by heart, each for another image of noise.

    It is scored on the very batch that it trained on: nothing else can be known here.
    """
    return Task(
        name="overfit",
        title="overfit one batch of 16 noise images",
        kind="image",
        make_data=_make_data,
        make_model=lambda data: Memoriser(data.input_shape, data.target_shape),
        loss=squared_loss,
        measure=measure_skill,
        budget=Budget(steps=300, seconds=10, batch_size=_SAMPLES, weight_decay=0.0),
        lines=(PassLine("skill", "the mean target", 0.99),),
        meaning="loss, gradients or optimiser are broken, or the output cannot take the shape "
        "of the target: no need to look at the data yet",
    )


def _make_data(rng: np.random.Generator, size: Size) -> Data:
    inputs, target = rng.standard_normal((2, _SAMPLES, 1, _SIDE, _SIDE))
    part = Part(to_tensor(inputs), to_tensor(target))
    return Data(part, part)
