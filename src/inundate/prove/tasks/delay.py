"""Copy with delay: say again what came some steps ago."""

from __future__ import annotations

import numpy as np
import torch

from inundate.prove.judge import PassLine
from inundate.prove.measure import measure_skill, squared_loss
from inundate.prove.models.sequence import CausalCNN
from inundate.prove.task import Budget, Data, Part, Size, Task
from inundate.prove.tasks.fields import count, to_tensor

__all__ = ["DELAY", "STEPS", "make_task"]

STEPS, DELAY = 24, 6


def make_task() -> Task:
    """Repeat noise after a delay: needs memory, and an order of time that is right."""
    return Task(
        name="delay",
        title=f"copy a series with a delay of {DELAY} steps",
        kind="sequence",
        make_data=_make_data,
        make_model=lambda data: CausalCNN(),
        loss=squared_loss,
        measure=measure_skill,
        budget=Budget(steps=300, seconds=15, batch_size=64, learning_rate=5e-3),
        lines=(PassLine("skill", "the mean target", 0.95),),
        meaning="the model does not remember that far, or time runs backwards in the window",
    )


def _make_data(rng: np.random.Generator, size: Size) -> Data:
    train, held_out = count(size, train=2000, held_out=200)
    series = to_tensor(rng.standard_normal((train + held_out, STEPS, 1)))
    target = torch.zeros_like(series)
    target[:, DELAY:] = series[:, :-DELAY]
    return Data(Part(series[:train], target[:train]), Part(series[train:], target[train:]))
