"""Fill the basin: the depth at which a volume of water stands on a given ground."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from inundate.prove.judge import PassLine
from inundate.prove.measure import measure_skill, squared_loss
from inundate.prove.models.image import ImageUNet
from inundate.prove.task import Budget, Data, Part, Size, Task
from inundate.prove.tasks.fields import SIDE, count, smooth_fields

__all__ = ["fill", "make_task"]

_BISECTIONS = 40


def make_task() -> Task:
    """Fill one basin with a volume of water: the smallest flood with an exact answer."""
    return Task(
        name="basin",
        title="fill a basin with a volume of water",
        kind="image",
        make_data=_make_data,
        make_model=lambda data: ImageUNet(data.input_shape[0], width=32, levels=4),
        loss=squared_loss,
        measure=measure_skill,
        budget=Budget(steps=400, seconds=40, batch_size=32, learning_rate=3e-3),
        lines=(PassLine("skill", "the mean depth", 0.9),),
        meaning="ground and water do not meet: the terrain is not read, its sign or scale is "
        "wrong, or no part of the network sees the whole basin",
    )


def fill(ground: Tensor, volume: Tensor) -> Tensor:
    """Give the depth (N, 1, H, W) of water of one level over a ground.

    Parameters
    ----------
    ground : Tensor (N, 1, H, W), any unit
    volume : Tensor (N,)
        Mean depth over all cells, in the same unit.
    """
    volume = volume[:, None, None, None]
    low = ground.amin(dim=(1, 2, 3), keepdim=True)
    high = ground.amax(dim=(1, 2, 3), keepdim=True) + volume
    for _ in range(_BISECTIONS):
        level = (low + high) / 2
        held = (level - ground).clamp(min=0.0).mean(dim=(1, 2, 3), keepdim=True)
        low, high = torch.where(held < volume, level, low), torch.where(held < volume, high, level)
    return ((low + high) / 2 - ground).clamp(min=0.0)


def _make_data(rng: np.random.Generator, size: Size) -> Data:
    train, held_out = count(size, train=2000, held_out=200)
    number = train + held_out
    along = torch.linspace(-1.0, 1.0, SIDE)
    centre = torch.from_numpy(rng.uniform(-0.6, 0.6, (number, 2, 1, 1))).float()
    bowl = (along[:, None] - centre[:, 0]) ** 2 + (along - centre[:, 1]) ** 2  # (N, H, W)
    ground = bowl[:, None] + 0.3 * smooth_fields(rng, number, cut=3.0)
    volume = torch.from_numpy(rng.uniform(0.02, 0.6, number)).float()
    depth = fill(ground, volume)
    inputs = torch.cat([ground, volume[:, None, None, None].expand_as(ground)], dim=1)
    return Data(Part(inputs[:train], depth[:train]), Part(inputs[train:], depth[train:]))
