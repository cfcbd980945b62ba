"""Edge: the size of the gradient of an image."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from inundate.prove.judge import PassLine
from inundate.prove.measure import measure_skill, squared_loss
from inundate.prove.models.image import ImageUNet
from inundate.prove.task import Budget, Data, Part, Size, Task
from inundate.prove.tasks.fields import blocks, count

__all__ = ["edges", "make_task"]


def make_task() -> Task:
    """Find edges: local, not linear, and not where the input is large."""
    return Task(
        name="edge",
        title="find the edges of rectangles",
        kind="image",
        make_data=_make_data,
        make_model=lambda data: ImageUNet(data.input_shape[0]),
        loss=squared_loss,
        measure=measure_skill,
        budget=Budget(steps=300, seconds=20, batch_size=32, learning_rate=3e-3),
        lines=(PassLine("skill", "the mean target", 0.95),),
        meaning="the network is linear (activations missing, or blocks that do nothing), or its "
        "features are too coarse for single cells",
    )


def edges(images: Tensor) -> Tensor:
    """Give the gradient's size (N, 1, H, W) by Sobel's operator, images continued at the sides."""
    across = torch.tensor([[-1.0, 0.0, 1.0], [-2.0, 0.0, 2.0], [-1.0, 0.0, 1.0]]) / 4
    kernels = torch.stack([across, across.T])[:, None]  # (2, 1, 3, 3)
    padded = functional.pad(images, (1, 1, 1, 1), mode="replicate")
    found: Tensor = torch.linalg.vector_norm(
        functional.conv2d(padded, kernels), dim=1, keepdim=True
    )
    return found


def _make_data(rng: np.random.Generator, size: Size) -> Data:
    train, held_out = count(size, train=1600, held_out=200)
    images = blocks(rng, train + held_out)
    target = edges(images)
    return Data(Part(images[:train], target[:train]), Part(images[train:], target[train:]))
