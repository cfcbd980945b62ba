"""Healthy models of images of seven more tasks, for the tenth list."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from inundate.cli.doctor_bench.bodies import smooth_fields
from inundate.cli.doctor_bench.parts import Parts
from inundate.cli.doctor_bench.scenes import begin, cut

__all__ = [
    "Joints", "Shores", "Stereos", "fires", "fruits", "joints", "kind_and_ripeness", "mosaics",
    "shores", "spirals", "stereos",
]  # fmt: skip


def spirals(seed: int, *, count: int = 900, side: int = 14, width: int = 12) -> Parts:
    """Say of a galaxy whether its arms turn to the left, not at all, or to the right."""
    rng = begin(seed, "spirals")
    labels = rng.integers(3, size=count)
    middle = (side - 1) / 2 + rng.uniform(-1.0, 1.0, size=(2, count, 1, 1))
    places = np.arange(side)
    down, across = places[None, :, None] - middle[0], places[None, None] - middle[1]
    far, angle = np.hypot(down, across), np.arctan2(down, across)
    first, winding = rng.uniform(0, 2 * np.pi, size=count), rng.uniform(0.5, 0.8, size=count)
    turn = (winding * (labels - 1))[:, None, None]
    arms = np.cos(2 * angle - 2 * turn * far + first[:, None, None])
    images = 2.0 * arms * np.exp(-far / 5.0) + 0.3 * rng.normal(size=arms.shape)
    model = nn.Sequential(
        nn.Conv2d(1, width, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(width, 2 * width, 3, padding=1), nn.ReLU(), nn.Flatten(),
        nn.Linear(2 * width * (side // 2) ** 2, 32), nn.ReLU(), nn.Linear(32, 3),
    )  # fmt: skip
    train, valid = cut({"input": images[:, None]}, labels)
    return Parts(
        "image", model, train, valid, lambda m: torch.optim.Adam(m.parameters(), lr=1.5e-3),
        functional.cross_entropy,
    )  # fmt: skip


class Shores(nn.Module):
    """Look at a map by convolutions, then at each column from top to bottom."""

    def __init__(self, rows: int, width: int) -> None:
        super().__init__()
        self.look = nn.Sequential(
            nn.Conv2d(1, width, 3, padding=1), nn.Hardswish(),
            nn.Conv2d(width, width // 2, 3, padding=1), nn.Hardswish(),
        )  # fmt: skip
        self.tell = nn.Conv1d(width // 2 * rows, rows, 1)

    def forward(self, maps: Tensor) -> Tensor:
        """Map (B, 1, H, W) to scores of the rows of each column (B, H, W)."""
        found: Tensor = self.tell(self.look(maps).flatten(1, 2))
        return found


def shores(
    seed: int, *, count: int = 320, rows: int = 12, columns: int = 14, width: int = 16
) -> Parts:
    """Say at which row of each column the water begins; 0 for columns without water."""
    rng = begin(seed, "shores")
    line = rng.uniform(2, rows - 1, size=(count, 1)) + np.cumsum(
        rng.uniform(-1.2, 1.2, size=(count, columns)), 1
    )
    first = np.clip(np.round(line), 1, rows - 1).astype(np.int64)
    first[np.repeat(rng.random((count, columns // 2)) < 0.3, 2, 1)] = 0
    wet = (np.arange(rows)[:, None] >= first[:, None]) & (first[:, None] > 0)
    maps = np.where(wet, -1.0, 1.0) + 0.5 * rng.normal(size=(count, rows, columns))
    train, valid = cut({"input": maps[:, None]}, first)
    return Parts(
        "image", Shores(rows, width), train, valid,
        lambda m: torch.optim.AdamW(m.parameters(), lr=5e-3), functional.cross_entropy, size=16,
    )  # fmt: skip


class Joints(nn.Module):
    """Shrink a picture, look at it, and grow it again beside what was seen before."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.early = nn.Sequential(nn.Conv2d(1, width, 3, padding=1), nn.ReLU())
        self.late = nn.Sequential(
            nn.Conv2d(width, 2 * width, 3, 2, 1), nn.ReLU(),
            nn.Conv2d(2 * width, 2 * width, 3, padding=1), nn.ReLU(),
        )  # fmt: skip
        self.grow = nn.ConvTranspose2d(2 * width, width, 2, 2)
        self.tell = nn.Sequential(
            nn.Conv2d(2 * width, width, 3, padding=1), nn.ReLU(), nn.Conv2d(width, 3, 3, padding=1)
        )

    def forward(self, pictures: Tensor) -> Tensor:
        """Map (B, 1, H, W) to heat maps (B, 3, H, W)."""
        early = self.early(pictures)
        found: Tensor = self.tell(torch.cat([early, self.grow(self.late(early))], 1))
        return found


def joints(seed: int, *, count: int = 400, side: int = 14, width: int = 10) -> Parts:
    """Give heat maps of shoulder, elbow and hand of an arm; the shoulder is a bright dot."""
    rng = begin(seed, "joints")
    shoulder = rng.uniform(4.5, side - 5.5, size=(count, 2))
    upper, lower = rng.uniform(0, 2 * np.pi, size=(2, count))
    elbow = shoulder + 3.0 * np.stack([np.sin(upper), np.cos(upper)], 1)
    bent = upper + rng.choice([-1.0, 1.0], size=count) * (0.9 + 0.4 * lower / np.pi)
    hand = elbow + 3.0 * np.stack([np.sin(bent), np.cos(bent)], 1)
    there = np.clip(np.stack([shoulder, elbow, hand], 1), 0, side - 1)  # (N, 3, 2)
    places = np.arange(side)

    def dots(at: Any, wide: float) -> Any:
        down = (places[None, :, None] - at[:, 0, None, None]) ** 2
        across = (places[None, None] - at[:, 1, None, None]) ** 2
        return np.exp(-(down + across) / wide)

    pictures = 1.5 * dots(there[:, 0], 1.5)
    for share in np.linspace(0.0, 1.0, 5):
        for one, two in ((0, 1), (1, 2)):
            pictures += 0.6 * dots((1 - share) * there[:, one] + share * there[:, two], 0.5)
    pictures += 0.15 * rng.normal(size=pictures.shape)
    heat = 3.0 * np.stack([dots(there[:, kind], 3.0) for kind in range(3)], 1)
    train, valid = cut({"input": pictures[:, None]}, heat)
    return Parts(
        "image", Joints(width), train, valid,
        lambda m: torch.optim.Adam(m.parameters(), lr=4e-3), nn.functional.mse_loss, size=16,
    )  # fmt: skip


def mosaics(seed: int, *, count: int = 320, side: int = 12, width: int = 20) -> Parts:
    """Give three colours of each cell, of which a sensor saw one: those of 2 x 2 in turn."""
    rng = begin(seed, "mosaics")
    grey, red, blue = (smooth_fields(rng, count, side).numpy()[:, 0] for _ in range(3))
    colours = np.stack([grey + 0.7 * red, grey, grey - 0.7 * blue], 1)
    seen = colours[:, 1].copy()
    seen[:, ::2, ::2], seen[:, 1::2, 1::2] = colours[:, 0, ::2, ::2], colours[:, 2, 1::2, 1::2]
    model = nn.Sequential(
        nn.PixelUnshuffle(2), nn.Conv2d(4, width, 3, padding=1), nn.CELU(),
        nn.Conv2d(width, width, 3, padding=1), nn.CELU(), nn.Conv2d(width, 12, 3, padding=1),
        nn.PixelShuffle(2),
    )  # fmt: skip
    train, valid = cut({"input": seen[:, None]}, colours)
    return Parts(
        "image", model, train, valid, lambda m: torch.optim.NAdam(m.parameters(), lr=4e-3),
        nn.functional.l1_loss, size=16,
    )  # fmt: skip


def kind_and_ripeness(output: Tensor, target: Tensor) -> Tensor:
    """Give the loss of three kinds (scores in front) and of the ripeness (the last number)."""
    kind = functional.cross_entropy(output[:, :3], target[:, 0].long())
    return kind + functional.mse_loss(output[:, 3], target[:, 1])


def _fruit(kind: int, down: Any, across: Any) -> Any:
    """Draw a ball, a long one or a ring."""
    if kind == 1:
        return (down / 4.5) ** 2 + (across / 1.5) ** 2 < 1
    far = np.hypot(down, across)
    return far < 3.2 if kind == 0 else (far < 4.0) & (far > 2.2)


def fruits(seed: int, *, count: int = 700, side: int = 12, width: int = 12) -> Parts:
    """Say of which of three kinds a fruit is, and by its colour how ripe."""
    rng = begin(seed, "fruits")
    kind, ripe = rng.integers(3, size=count), rng.uniform(-1.7, 1.7, size=count)
    images = 0.3 * rng.normal(size=(count, 3, side, side))
    places = np.arange(side)
    for image, own, share in zip(images, kind, ripe, strict=True):
        y, x = (side - 1) / 2 + rng.uniform(-1.5, 1.5, size=2)
        there = _fruit(own, places[:, None] - y, places[None] - x)
        paint = np.array([1.0 + 0.5 * share, 1.0 - 0.5 * share, -0.6])
        image[:, there] += rng.uniform(0.8, 1.2) * paint[:, None]
    model = nn.Sequential(
        nn.Conv2d(3, width, 3, padding=1), nn.BatchNorm2d(width), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(width, 2 * width, 3, padding=1), nn.BatchNorm2d(2 * width), nn.ReLU(),
        nn.Flatten(), nn.Linear(2 * width * (side // 2) ** 2, 4),
    )  # fmt: skip
    train, valid = cut({"input": images}, np.stack([kind, ripe], 1))
    return Parts(
        "image", model, train, valid, lambda m: torch.optim.AdamW(m.parameters(), lr=2e-3),
        kind_and_ripeness,
    )  # fmt: skip


def fires(seed: int, *, count: int = 320, side: int = 14, width: int = 16) -> Parts:
    """Say which cells burn next: most with wood, behind burning ones as the wind blows."""
    rng = begin(seed, "fires")
    wood = smooth_fields(rng, count, side).numpy()[:, 0] > -0.5
    burning = (rng.random((count, side, side)) < 0.12) & wood
    wind = rng.integers(4, size=count)
    steps = ((1, 1), (-1, 1), (1, 2), (-1, 2))  # to the south, north, east and west
    after = np.zeros_like(burning)
    for row, own in enumerate(wind):
        by, axis = steps[own]
        moved = np.roll(burning[row], by, axis - 1)
        edge = 0 if by > 0 else -1
        if axis == 1:
            moved[edge] = False
        else:
            moved[:, edge] = False
        caught = rng.random((side, side)) < 0.85
        after[row] = moved & wood[row] & ~burning[row] & caught
    ways = np.array([[1.0, 0.0], [-1.0, 0.0], [0.0, 1.0], [0.0, -1.0]])[wind]
    blown = np.broadcast_to(ways[:, :, None, None], (count, 2, side, side))
    maps = np.concatenate([2.0 * burning[:, None], 1.0 * wood[:, None], blown], 1)
    model = nn.Sequential(
        nn.Conv2d(4, width, 3, padding=1), nn.ReLU(), nn.Conv2d(width, width, 1), nn.ReLU(),
        nn.Conv2d(width, 1, 1),
    )  # fmt: skip
    train, valid = cut({"input": maps}, 1.0 * after[:, None])
    return Parts(
        "image", model, train, valid, lambda m: torch.optim.RAdam(m.parameters(), lr=1e-2),
        functional.binary_cross_entropy_with_logits, size=16,
    )  # fmt: skip


class Stereos(nn.Module):
    """Look at two views by the same layers, compare them at five shifts, and tell the shift."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.look = nn.Sequential(
            nn.Conv2d(1, width, 3, padding=1), nn.LeakyReLU(0.1),
            nn.Conv2d(width, width, 3, padding=1),
        )  # fmt: skip
        self.tell = nn.Sequential(
            nn.Conv2d(5, width, 3, padding=1), nn.LeakyReLU(0.1),
            nn.Conv2d(width, width, 3, padding=1), nn.LeakyReLU(0.1), nn.Conv2d(width, 1, 1),
        )  # fmt: skip

    def forward(self, left: Tensor, right: Tensor) -> Tensor:
        """Map twice (B, 1, H, W) to (B, 1, H, W)."""
        one, two = self.look(left), functional.pad(self.look(right), (0, 4))
        columns = one.shape[-1]
        met = [(one * two[..., by : by + columns]).mean(1) for by in range(5)]
        found: Tensor = self.tell(torch.stack(met, 1))
        return found


def stereos(seed: int, *, count: int = 320, side: int = 14, width: int = 10) -> Parts:
    """Give how far each cell moves from the left to the right view: a near box, a far ground."""
    rng = begin(seed, "stereos")
    ground = rng.normal(size=(count, side, side + 4))
    far, near = rng.integers(0, 2, size=count), rng.integers(2, 5, size=count)
    left, right = np.zeros((2, count, side, side))
    moved = np.zeros((count, side, side))
    columns = np.arange(side)
    for row in range(count):
        y, x = rng.integers(1, side - 7, size=2)
        moved[row] = far[row]
        moved[row, y : y + 6, x : x + 6] = near[row]
        right[row] = ground[row, :, :side]
        left[row] = np.take_along_axis(ground[row], columns[None] + moved[row].astype(int), 1)
    noise = 0.1 * rng.normal(size=(2, count, side, side))
    inputs = {"left": (left + noise[0])[:, None], "right": (right + noise[1])[:, None]}
    train, valid = cut(inputs, (moved - 1.2)[:, None] / 1.3)
    return Parts(
        "image", Stereos(width), train, valid,
        lambda m: torch.optim.Adam(m.parameters(), lr=1e-2), nn.functional.smooth_l1_loss, size=16,
    )  # fmt: skip
