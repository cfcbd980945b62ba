"""Healthy models of images of six more tasks, first used by the eighth list."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from inundate.cli.doctor_bench.bodies import smooth_fields
from inundate.cli.doctor_bench.parts import Parts
from inundate.cli.doctor_bench.scenes import begin, cut

__all__ = ["Haze", "boxes", "clips", "cracks", "dials", "haze", "shapes"]


def _apart(width: int, out: int, stride: int = 1) -> list[nn.Module]:
    """Give a convolution by channel, and one across channels, each normed."""
    return [
        nn.Conv2d(width, width, 3, stride, 1, groups=width, bias=False), nn.BatchNorm2d(width),
        nn.Hardswish(), nn.Conv2d(width, out, 1, bias=False), nn.BatchNorm2d(out), nn.Hardswish(),
    ]  # fmt: skip


def shapes(seed: int, *, count: int = 720, side: int = 14, width: int = 12) -> Parts:
    """Tell discs, squares and crosses apart, wherever they lie."""
    rng = begin(seed, "shapes")
    labels = rng.integers(3, size=count)
    images = 0.35 * rng.normal(size=(count, 1, side, side))
    down, across = np.mgrid[:side, :side]
    for image, label in zip(images, labels, strict=True):
        y, x = rng.integers(4, side - 4, size=2)
        near_y, near_x = abs(down - y), abs(across - x)
        disc = near_y**2 + near_x**2 <= 10
        square = (np.maximum(near_y, near_x) <= 3) & (np.maximum(near_y, near_x) >= 2)
        cross = (np.maximum(near_y, near_x) <= 3) & (np.minimum(near_y, near_x) == 0)
        image[0, (disc, square, cross)[label]] += 1.5
    model = nn.Sequential(
        nn.Conv2d(1, width, 3, padding=1, bias=False), nn.BatchNorm2d(width), nn.Hardswish(),
        *_apart(width, 2 * width, 2), *_apart(2 * width, 2 * width), nn.AdaptiveAvgPool2d(1),
        nn.Flatten(), nn.Linear(2 * width, 3),
    )  # fmt: skip
    train, valid = cut({"input": images}, labels)
    return Parts(
        "image", model, train, valid,
        lambda m: torch.optim.AdamW(m.parameters(), lr=6e-3, weight_decay=0.02),
        functional.cross_entropy,
    )  # fmt: skip


def clips(seed: int, *, count: int = 640, side: int = 10, frames: int = 4, width: int = 8) -> Parts:
    """Say in which of four directions a spot moves in a clip."""
    rng = begin(seed, "clips")
    labels = rng.integers(4, size=count)
    steps = np.array([(-1, 0), (1, 0), (0, -1), (0, 1)])[labels]
    down, across = np.mgrid[:side, :side]
    found = 0.3 * rng.normal(size=(count, 1, frames, side, side))
    first = rng.uniform(3, side - 4, size=(count, 2))
    for frame in range(frames):
        y, x = (first + steps * (frame - frames / 2)).T[:, :, None, None]
        found[:, 0, frame] += 2.0 * np.exp(-((down - y) ** 2 + (across - x) ** 2) / 2.0)
    model = nn.Sequential(
        nn.Conv3d(1, width, 3, padding=1), nn.GroupNorm(2, width), nn.ReLU(),
        nn.Conv3d(width, 2 * width, 3, (1, 2, 2), 1), nn.GroupNorm(2, 2 * width), nn.ReLU(),
        nn.AdaptiveMaxPool3d(1), nn.Flatten(), nn.Linear(2 * width, 4),
    )  # fmt: skip
    train, valid = cut({"input": found}, labels)
    return Parts(
        "image", model, train, valid,
        lambda m: torch.optim.Adam(m.parameters(), lr=6e-3, betas=(0.9, 0.95)),
        functional.cross_entropy,
    )  # fmt: skip


class _Mixer(nn.Module):
    """Mix a grid of patches along places, then along channels."""

    def __init__(self, side: int, width: int) -> None:
        super().__init__()
        places = (side // 3) ** 2
        self.cut = nn.Conv2d(1, width, 3, 3)
        self.along = nn.Sequential(
            nn.LayerNorm(places), nn.Linear(places, 2 * places), nn.GELU(),
            nn.Linear(2 * places, places),
        )  # fmt: skip
        self.across = nn.Sequential(
            nn.LayerNorm(width), nn.Linear(width, 2 * width), nn.GELU(), nn.Linear(2 * width, width)
        )
        self.tell = nn.Linear(width * places, 2)

    def forward(self, images: Tensor) -> Tensor:
        """Map (B, 1, H, W) to (B, 2)."""
        held = self.cut(images).flatten(2)  # (B, E, places)
        held = held + self.along(held)
        held = held.transpose(1, 2)
        held = held + self.across(held)
        found: Tensor = self.tell(held.flatten(1))
        return found


def dials(seed: int, *, count: int = 800, side: int = 12, width: int = 16) -> Parts:
    """Read the hand of a dial: sine and cosine of its angle."""
    rng = begin(seed, "dials")
    angle = rng.uniform(-np.pi, np.pi, size=count)
    down, across = np.mgrid[:side, :side] - (side - 1) / 2
    way = np.stack([np.sin(angle), np.cos(angle)], 1)
    along = way[:, :1, None] * down + way[:, 1:, None] * across
    beside = way[:, 1:, None] * down - way[:, :1, None] * across
    hand = np.exp(-(beside**2)) * (along > -0.5) * (along < side / 2 - 1)
    images = (2.0 * hand + 0.25 * rng.normal(size=hand.shape) - 0.3)[:, None]
    train, valid = cut({"input": images}, way)
    return Parts(
        "image", _Mixer(side, width), train, valid,
        lambda m: torch.optim.Adam(m.parameters(), lr=2e-3, weight_decay=1e-6),
        nn.functional.mse_loss,
    )  # fmt: skip


def weighted_cells(output: Tensor, target: Tensor) -> Tensor:
    """Give the cross-entropy of each cell, those of a crack three times."""
    return functional.binary_cross_entropy_with_logits(output, target, pos_weight=torch.tensor(3.0))


def cracks(seed: int, *, count: int = 300, side: int = 14, width: int = 10) -> Parts:
    """Say which cells of an uneven wall belong to a thin crack."""
    rng = begin(seed, "cracks")
    wall = smooth_fields(rng, count, side).numpy() + 0.3 * rng.normal(size=(count, 1, side, side))
    masks = np.zeros_like(wall)
    rows = np.arange(side)
    for mask in masks:
        walk = rng.integers(2, side - 2) + np.cumsum(rng.integers(-1, 2, size=side))
        mask[0, rows, np.clip(walk, 0, side - 1)] = 1.0
    model = nn.Sequential(
        nn.Conv2d(1, width, 3, padding=1), nn.LeakyReLU(0.05),
        nn.Conv2d(width, width, 3, padding=2, dilation=2), nn.LeakyReLU(0.05),
        nn.Conv2d(width, width, 3, padding=1), nn.LeakyReLU(0.05), nn.Conv2d(width, 1, 1),
    )  # fmt: skip
    train, valid = cut({"input": wall - 1.8 * masks}, masks)
    return Parts(
        "image", model, train, valid,
        lambda m: torch.optim.AdamW(m.parameters(), lr=6e-3, betas=(0.9, 0.99)),
        weighted_cells, size=16,
    )  # fmt: skip


def boxes(seed: int, *, count: int = 800, side: int = 16, width: int = 10) -> Parts:
    """Give the box of the one object: its middle and its sides as shares of the image."""
    rng = begin(seed, "boxes")
    sides = rng.integers(4, 11, size=(count, 2))
    first = (rng.random((count, 2)) * (side - sides + 1)).astype(int)
    images = 0.3 * rng.normal(size=(count, 1, side, side))
    for image, (y, x), (tall, wide) in zip(images, first, sides, strict=True):
        image[0, y : y + tall, x : x + wide] += rng.uniform(0.8, 1.6)
    told = np.concatenate([first + sides / 2, sides], 1)[:, [1, 0, 3, 2]] / side  # x, y, w, h
    model = nn.Sequential(
        nn.Conv2d(1, width, 3, 2, 1), nn.ELU(), nn.Conv2d(width, 2 * width, 3, 2, 1), nn.ELU(),
        nn.Flatten(), nn.Linear(2 * width * (side // 4) ** 2, 48), nn.ELU(), nn.Linear(48, 4),
        nn.Sigmoid(),
    )  # fmt: skip
    train, valid = cut({"input": images}, told)
    return Parts(
        "image", model, train, valid, lambda m: torch.optim.RMSprop(m.parameters(), lr=1.5e-3),
        lambda out, t: functional.smooth_l1_loss(out, t, beta=0.1),
    )  # fmt: skip


class Haze(nn.Module):
    """Take the haze off: how thick it is, is read from the whole image."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.into = nn.Conv2d(3, width, 3, padding=1)
        self.whole = nn.Sequential(nn.Linear(2 * width, width), nn.PReLU(), nn.Linear(width, width))
        self.block = nn.Sequential(
            nn.Conv2d(width, 2 * width, 3, padding=1), nn.PReLU(), nn.Conv2d(2 * width, width, 1)
        )
        self.out = nn.Conv2d(width, 3, 3, padding=1)

    def added(self, states: Tensor, change: Tensor) -> Tensor:
        """Add what a block says (B, E, H, W)."""
        return states + change

    def forward(self, images: Tensor) -> Tensor:
        """Map (B, 3, H, W) to the same."""
        states = functional.relu(self.into(images))
        seen = torch.cat([states.mean((2, 3)), states.std((2, 3))], 1)
        states = states * torch.exp(self.whole(seen))[:, :, None, None]
        found: Tensor = self.out(self.added(states, self.block(states)))
        return found


def haze(seed: int, *, count: int = 360, side: int = 12, width: int = 12) -> Parts:
    """Give three channels as they were before haze of one colour lay over them."""
    rng = begin(seed, "haze")
    clear = smooth_fields(rng, count, side, 3)
    clear = 0.8 * clear + torch.tensor([0.6, 0.0, -0.6])[:, None, None]
    share = torch.from_numpy(rng.uniform(0.15, 0.75, size=(count, 1, 1, 1))).float()
    colour = torch.tensor([1.2, 1.6, 2.0])[:, None, None]
    train, valid = cut({"input": (1 - share) * clear + share * colour}, clear)
    return Parts(
        "image", Haze(width), train, valid, lambda m: torch.optim.NAdam(m.parameters(), lr=4e-3),
        lambda out, t: torch.sqrt((out - t).square() + 1e-4).mean(), size=16,
    )  # fmt: skip
