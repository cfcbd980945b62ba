"""Healthy models of images of three more tasks, for the eleventh list."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from inundate.cli.doctor_bench.parts import Parts
from inundate.cli.doctor_bench.scenes import begin, cut

__all__ = ["Shadows", "dunes", "fields", "shadows"]


def dunes(seed: int, *, count: int = 800, side: int = 14, width: int = 12) -> Parts:
    """Give the direction of dunes, as cosine and sine of twice the angle, and how far apart."""
    rng = begin(seed, "dunes")
    angle, start = rng.uniform(0, np.pi, size=count), rng.uniform(0, 2 * np.pi, size=count)
    apart = rng.uniform(-1.0, 1.0, size=count)
    places = np.arange(side)
    along = (
        places[None, :, None] * np.sin(angle)[:, None, None]
        + places[None, None] * np.cos(angle)[:, None, None]
    )
    turns = 2 * np.pi * along / (5.0 * np.exp(0.4 * apart))[:, None, None]
    images = np.sin(turns + start[:, None, None]) + 0.4 * rng.normal(size=turns.shape)
    model = nn.Sequential(
        nn.Conv2d(1, width, 5, padding=2), nn.ReLU(),
        nn.Conv2d(width, 2 * width, 3, 2, 1), nn.ReLU(),
        nn.AdaptiveAvgPool2d(1), nn.Flatten(),
        nn.Linear(2 * width, 32), nn.ReLU(), nn.Linear(32, 3),
    )  # fmt: skip
    target = np.stack([1.4 * np.cos(2 * angle), 1.4 * np.sin(2 * angle), 1.7 * apart], 1)
    train, valid = cut({"input": images[:, None]}, target)
    return Parts(
        "image", model, train, valid, lambda m: torch.optim.Adam(m.parameters(), lr=8e-3),
        nn.functional.mse_loss,
    )  # fmt: skip


def fields(seed: int, *, count: int = 320, side: int = 14, width: int = 14) -> Parts:
    """Say of each cell how its field was ploughed: not, in rows, in columns, or both ways."""
    rng = begin(seed, "fields")
    places = np.arange(side)
    rows, columns = np.meshgrid(places, places, indexing="ij")
    kinds = np.zeros((count, side, side), np.int64)
    images = np.zeros((count, side, side))
    for image, kind in zip(images, kinds, strict=True):
        middles, own = rng.uniform(0, side, size=(4, 2)), rng.permutation(4)
        far = (rows - middles[:, :1, None]) ** 2 + (columns - middles[:, 1:, None]) ** 2
        kind[:] = own[far.argmin(0)]
        down, across = (rows + rng.integers(2)) % 2, (columns + rng.integers(2)) % 2
        image[:] = np.choose(
            kind, [0 * rows, 2 * down - 1, 2 * across - 1, 2 * (down ^ across) - 1]
        )
    images += 0.3 * rng.normal(size=images.shape)
    model = nn.Sequential(
        nn.Conv2d(1, width, 3, padding=1), nn.ReLU(),
        nn.Conv2d(width, width, 3, padding=1), nn.ReLU(),
        nn.Conv2d(width, width, 3, padding=2, dilation=2), nn.ReLU(), nn.Conv2d(width, 4, 1),
    )  # fmt: skip
    train, valid = cut({"input": images[:, None]}, kinds)
    return Parts(
        "image", model, train, valid, lambda m: torch.optim.AdamW(m.parameters(), lr=6e-3),
        functional.cross_entropy, size=16,
    )  # fmt: skip


class Shadows(nn.Module):
    """Read a photograph by convolutions, then what was seen beside the height of the sun."""

    def __init__(self, side: int, width: int) -> None:
        super().__init__()
        self.look = nn.Sequential(
            nn.Conv2d(1, width, 3, padding=1), nn.Tanh(),
            nn.Conv2d(width, width, 3, 2, 1), nn.Tanh(),
            nn.Flatten(), nn.Linear(width * ((side + 1) // 2) ** 2, 16), nn.Tanh(),
        )  # fmt: skip
        self.join = nn.Sequential(nn.Linear(17, 24), nn.Tanh())
        self.tell = nn.Linear(24, 1)

    def forward(self, photographs: Tensor, sun: Tensor) -> Tensor:
        """Map (B, 1, H, W) and (B, 1) to (B, 1)."""
        found: Tensor = self.tell(self.join(torch.cat([self.look(photographs), sun], 1)))
        return found


def shadows(seed: int, *, count: int = 800, side: int = 14, width: int = 10) -> Parts:
    """Give the height of a pole by its shadow, and by how high the sun stands (0 is 45 degrees)."""
    rng = begin(seed, "shadows")
    length = rng.uniform(2.0, side - 3.0, size=count)
    sun = rng.uniform(-1.0, 1.0, size=count)  # of 20 degrees
    height = length * np.tan(np.deg2rad(45.0 + 20.0 * sun))
    foot = rng.uniform(0.5, 1.5, size=(count, 1, 1))
    row = rng.uniform(2.0, side - 3.0, size=(count, 1, 1))
    places = np.arange(side)
    down = np.abs(places[None, :, None] - row)
    along = places[None, None] - foot
    dark = (down < 1.2) & (along >= 0) & (along <= length[:, None, None])
    images = np.where(dark, -1.5, 0.5) + 0.25 * rng.normal(size=(count, side, side))
    target = (np.log(height) - 1.8) / 0.6
    train, valid = cut({"photographs": images[:, None], "sun": 1.7 * sun[:, None]}, target[:, None])
    return Parts(
        "image", Shadows(side, width), train, valid,
        lambda m: torch.optim.Adam(m.parameters(), lr=3e-3), nn.functional.mse_loss,
    )  # fmt: skip
