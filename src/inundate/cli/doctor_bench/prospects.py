"""Healthy models of images of five more tasks, for the thirteenth list."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from inundate.cli.doctor_bench.parts import Parts
from inundate.cli.doctor_bench.scenes import begin, cut

__all__ = ["Canopies", "badges", "buoys", "canopies", "lanes", "masonry"]

# four small marks: a cross, a slant, a corner and a bar
_MARKS = np.array([
    [[0, 1, 0], [1, 1, 1], [0, 1, 0]], [[1, 0, 0], [0, 1, 0], [0, 0, 1]],
    [[1, 1, 1], [1, 0, 0], [1, 0, 0]], [[0, 0, 0], [1, 1, 1], [0, 0, 0]],
], np.float64)  # fmt: skip


def badges(seed: int, *, count: int = 900, side: int = 14, width: int = 16) -> Parts:
    """Say of each of four marks whether it is sewn on a badge, as often as not at once."""
    rng = begin(seed, "badges")
    sewn = rng.integers(2, size=(count, 4))
    images = 0.3 * rng.normal(size=(count, 1, side, side))
    half = side // 2
    for image, held in zip(images[:, 0], sewn, strict=True):
        for corner, mark in zip(rng.permutation(4), np.flatnonzero(held), strict=False):
            y, x = rng.integers(0, half - 2, size=2)
            y, x = y + half * (corner // 2), x + half * (corner % 2)
            image[y : y + 3, x : x + 3] += 1.6 * _MARKS[mark]
    model = nn.Sequential(
        nn.Conv2d(1, width, 3, padding=1), nn.BatchNorm2d(width), nn.ReLU(),
        nn.Conv2d(width, 2 * width, 3, padding=1), nn.ReLU(), nn.AdaptiveMaxPool2d(1),
        nn.Flatten(), nn.Linear(2 * width, 4),
    )  # fmt: skip
    train, valid = cut({"input": images / 0.5}, sewn.astype(np.float64))
    return Parts(
        "image", model, train, valid, lambda m: torch.optim.Adam(m.parameters(), lr=5e-3),
        functional.binary_cross_entropy_with_logits,
    )  # fmt: skip


def lanes(seed: int, *, count: int = 800, side: int = 14, width: int = 8) -> Parts:
    """Give how far to steer, by the lane that is seen ahead."""
    rng = begin(seed, "lanes")
    bend = rng.uniform(-1.0, 1.0, size=count)
    foot = rng.uniform(0.35, 0.65, size=count) * side
    ahead = np.arange(side)[::-1] / side  # the nearest row is the last one
    middle = foot[:, None] + bend[:, None] * ahead**2 * 0.4 * side
    across = np.arange(side)[None, None] - middle[:, :, None]
    images = 1.8 * np.exp(-(across**2) / 1.5) + 0.35 * rng.normal(size=across.shape)
    model = nn.Sequential(
        nn.Conv2d(1, width, 3, 2, 1), nn.Tanh(), nn.Conv2d(width, 2 * width, 3, 2, 1), nn.Tanh(),
        nn.Flatten(), nn.Linear(2 * width * ((side + 3) // 4) ** 2, 24), nn.Tanh(),
        nn.Linear(24, 1),
    )  # fmt: skip
    train, valid = cut({"input": (images - 0.28)[:, None]}, bend[:, None] / 0.6)
    return Parts(
        "image", model, train, valid, lambda m: torch.optim.Adam(m.parameters(), lr=3e-3),
        nn.functional.mse_loss,
    )  # fmt: skip


class Canopies(nn.Module):
    """Go down once and up again by a layer that doubles the side, beside the way across."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.into = nn.Sequential(nn.Conv2d(2, width, 3, padding=1), nn.ReLU())
        self.deep = nn.Sequential(
            nn.MaxPool2d(2), nn.Conv2d(width, 2 * width, 3, padding=1), nn.ReLU(),
            nn.Conv2d(2 * width, 2 * width, 3, padding=1), nn.ReLU(),
        )  # fmt: skip
        self.lift = nn.ConvTranspose2d(2 * width, width, 2, 2)
        self.tell = nn.Sequential(
            nn.Conv2d(2 * width, width, 3, padding=1), nn.ReLU(), nn.Conv2d(width, 1, 1)
        )

    def forward(self, bands: Tensor) -> Tensor:
        """Map (B, 2, H, W) to scores (B, 1, H, W)."""
        first = self.into(bands)
        found: Tensor = self.tell(torch.cat([first, self.lift(self.deep(first))], 1))
        return found


def canopies(seed: int, *, count: int = 300, side: int = 16, width: int = 10) -> Parts:
    """Say which cells stand below a tree, where meadows are as green, by red and infrared."""
    rng = begin(seed, "canopies")
    places = np.arange(side)
    bands = np.zeros((count, 2, side, side))
    masks = np.zeros((count, 1, side, side))
    for image, mask in zip(bands, masks, strict=True):
        for tree in range(int(rng.integers(4, 8))):
            y, x = rng.uniform(0, side, size=2)
            far = np.hypot(places[:, None] - y, places[None] - x)
            here = far < rng.uniform(1.5, 3.5)
            if tree % 2:  # a meadow: green as well, and flat
                image[1] += 0.9 * here
                mask[0] *= 1 - here
                image[0] *= 1 - here
            else:
                image[1] += 0.9 * here
                image[0] = np.where(here, 1.0 - 0.3 * far, image[0])
                mask[0] = np.maximum(mask[0], here)
    bands = bands + 0.3 * rng.normal(size=bands.shape)
    train, valid = cut({"input": (bands - 0.4) / 0.6}, masks)
    return Parts(
        "image", Canopies(width), train, valid,
        lambda m: torch.optim.AdamW(m.parameters(), lr=5e-3),
        functional.binary_cross_entropy_with_logits, size=16,
    )  # fmt: skip


def buoys(seed: int, *, count: int = 800, side: int = 16, width: int = 12) -> Parts:
    """Count the buoys on the water, from one to five, among waves."""
    rng = begin(seed, "buoys")
    number = rng.integers(1, 6, size=count)
    images = 0.35 * rng.normal(size=(count, 1, side, side))
    for image, held in zip(images[:, 0], number, strict=True):
        for spot in rng.choice((side // 4) ** 2, size=held, replace=False):
            y, x = 4 * (spot // (side // 4)), 4 * (spot % (side // 4))
            y, x = y + rng.integers(2), x + rng.integers(2)
            image[y : y + 3, x : x + 3] += 1.5 * _MARKS[0]
    model = nn.Sequential(
        nn.Conv2d(1, width, 3, padding=1), nn.GELU(), nn.Conv2d(width, 2 * width, 3, padding=1),
        nn.GELU(), nn.MaxPool2d(2), nn.Conv2d(2 * width, width, 3, padding=1), nn.GELU(),
        nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(width, 1),
    )  # fmt: skip
    train, valid = cut({"input": images / 0.5}, (number[:, None] - 3.0) / 1.4)
    return Parts(
        "image", model, train, valid,
        lambda m: torch.optim.RMSprop(m.parameters(), lr=3e-3), nn.functional.smooth_l1_loss,
    )  # fmt: skip


class _Course(nn.Module):
    """Two convolutions beside an open way, half as large behind it."""

    def __init__(self, before: int, width: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv2d(before, width, 3, 2, 1, bias=False), nn.BatchNorm2d(width), nn.ReLU(),
            nn.Conv2d(width, width, 3, padding=1, bias=False), nn.BatchNorm2d(width),
        )  # fmt: skip
        self.beside = nn.Conv2d(before, width, 1, 2, bias=False)

    def forward(self, maps: Tensor) -> Tensor:
        return functional.relu(self.layers(maps) + self.beside(maps))


def masonry(seed: int, *, count: int = 800, side: int = 16, width: int = 10) -> Parts:
    """Say of which of four bonds a wall is: by how its bricks lie over each other."""
    rng = begin(seed, "masonry")
    labels = rng.integers(4, size=count)
    down, across = np.mgrid[:side, :side]
    walls = np.zeros((count, 3, side, side))
    for wall, label in zip(walls, labels, strict=True):
        y, x = down + rng.integers(6), across + rng.integers(12)
        row = y // 3
        shift = (np.zeros_like(row), 3 * (row % 2), 2 * (row % 3), 6 * (row % 2))[label]
        length = 6 if label < 3 else 12
        joint = (y % 3 == 0) | ((x + shift) % length == 0)
        paint = rng.normal(1.0, 0.2, size=3)
        wall[:] = np.where(joint, -1.0, 0.5)[None] * paint[:, None, None]
    walls += 0.4 * rng.normal(size=walls.shape)
    model = nn.Sequential(
        nn.Conv2d(3, width, 3, padding=1), nn.ReLU(), _Course(width, 2 * width),
        _Course(2 * width, 2 * width), nn.AdaptiveAvgPool2d(1), nn.Flatten(),
        nn.Linear(2 * width, 4),
    )  # fmt: skip
    train, valid = cut({"input": walls}, labels)
    return Parts(
        "image", model, train, valid,
        lambda m: torch.optim.SGD(m.parameters(), lr=0.05, momentum=0.9, nesterov=True),
        functional.cross_entropy,
    )  # fmt: skip
