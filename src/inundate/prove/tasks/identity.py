"""Identity: give the input back."""

from __future__ import annotations

import numpy as np

from inundate.prove.judge import PassLine
from inundate.prove.measure import measure_skill, squared_loss
from inundate.prove.models.image import ImageUNet
from inundate.prove.task import Budget, Data, Part, Size, Task
from inundate.prove.tasks.fields import count, smooth_fields

__all__ = ["make_task"]


def make_task() -> Task:
    """Give an image back as it came, on images never seen."""
    return Task(
        name="identity",
        title="give the input back",
        kind="image",
        make_data=_make_data,
        make_model=lambda data: ImageUNet(data.input_shape[0]),
        loss=squared_loss,
        measure=measure_skill,
        budget=Budget(steps=200, seconds=15, batch_size=32),
        lines=(PassLine("skill", "the mean target", 0.98),),
        meaning="the place gets lost on the way: a bottleneck without skip connections, a "
        "clipped or squashed output, or inputs and targets in another order",
    )


def _make_data(rng: np.random.Generator, size: Size) -> Data:
    train, held_out = count(size, train=800, held_out=200)
    images = smooth_fields(rng, train + held_out)
    return Data(Part(images[:train], images[:train]), Part(images[train:], images[train:]))
