"""Healthy models of images of five more tasks, for the fourteenth list."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from inundate.cli.doctor_bench.bodies import smooth_fields
from inundate.cli.doctor_bench.parts import Parts
from inundate.cli.doctor_bench.scenes import begin, cut

__all__ = ["Ponds", "ferries", "flags", "lenses", "ponds", "staffs"]


class Ponds(nn.Module):
    """Look twice at half the side, and join what is seen with the picture itself."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.early = nn.Sequential(nn.Conv2d(1, width, 3, padding=1), nn.ReLU())
        self.deep = nn.Sequential(
            nn.Conv2d(width, 2 * width, 3, 2, 1), nn.ReLU(),
            nn.Conv2d(2 * width, 2 * width, 3, padding=1), nn.ReLU(),
        )  # fmt: skip
        self.up = nn.Upsample(scale_factor=2, mode="nearest")
        self.tell = nn.Sequential(
            nn.Conv2d(3 * width, width, 3, padding=1), nn.ReLU(), nn.Conv2d(width, 1, 1)
        )

    def forward(self, pictures: Tensor) -> Tensor:
        """Map (B, 1, H, W) to scores (B, 1, H, W)."""
        early = self.early(pictures)
        found: Tensor = self.tell(torch.cat([early, self.up(self.deep(early))], 1))
        return found


def ponds(seed: int, *, count: int = 320, side: int = 16, width: int = 10) -> Parts:
    """Mark the ponds of an aerial picture: dark discs, where thin dark tracks are no water."""
    rng = begin(seed, "ponds")
    places = np.arange(side)
    pictures = 0.5 * smooth_fields(rng, count, side).numpy()
    masks = np.zeros((count, 1, side, side))
    for picture, mask in zip(pictures[:, 0], masks[:, 0], strict=True):
        for _ in range(2):
            picture[rng.integers(side)] -= 1.6
            picture[:, rng.integers(side)] -= 1.6
        for _ in range(int(rng.integers(1, 4))):
            y, x = rng.uniform(1, side - 1, size=2)
            far = np.hypot(places[:, None] - y, places[None] - x)
            mask[far < rng.uniform(1.8, 3.8)] = 1
        picture[mask > 0] = -1.6
    pictures = pictures + 0.3 * rng.normal(size=pictures.shape)
    train, valid = cut({"input": (pictures + 0.6) / 0.9}, masks)
    return Parts(
        "image", Ponds(width), train, valid,
        lambda m: torch.optim.Adam(m.parameters(), lr=4e-3),
        functional.binary_cross_entropy_with_logits, size=16,
    )  # fmt: skip


def flags(seed: int, *, count: int = 900, side: int = 12, width: int = 12) -> Parts:
    """Say of which of five patterns a flag is, in any two colours."""
    rng = begin(seed, "flags")
    labels = rng.integers(5, size=count)
    down, across = np.mgrid[:side, :side]
    images = np.zeros((count, 3, side, side))
    for image, label in zip(images, labels, strict=True):
        y, x = rng.integers(4, side - 4, size=2)
        drawn = (
            (down // 2) % 2 == 0, (across // 2) % 2 == 0,
            (abs(down - y) < 2) | (abs(across - x) < 2),
            abs(down - across + y - x) < 2, np.hypot(down - y, across - x) < 3.5,
        )[label]  # fmt: skip
        ground, paint = rng.normal(size=(2, 3))
        paint = np.where(abs(paint - ground) < 0.5, ground + np.sign(paint - ground), paint)
        image[:] = np.where(drawn, paint[:, None, None], ground[:, None, None])
    images += 0.35 * rng.normal(size=images.shape)
    model = nn.Sequential(
        nn.Conv2d(3, width, 3, padding=1), nn.BatchNorm2d(width), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(width, 2 * width, 3, padding=1), nn.BatchNorm2d(2 * width), nn.ReLU(),
        nn.Conv2d(2 * width, 2 * width, 3, padding=1), nn.ReLU(), nn.AdaptiveAvgPool2d(2),
        nn.Flatten(), nn.Linear(8 * width, 5),
    )  # fmt: skip
    train, valid = cut({"input": images}, labels)
    return Parts(
        "image", model, train, valid,
        lambda m: torch.optim.SGD(m.parameters(), lr=0.05, momentum=0.9),
        functional.cross_entropy,
    )  # fmt: skip


def staffs(seed: int, *, count: int = 800, side: int = 16, width: int = 8) -> Parts:
    """Read the level of a river off a staff with stripes that stands in it."""
    rng = begin(seed, "staffs")
    level = rng.uniform(0.2, 0.9, size=count)
    foot = rng.integers(3, side - 4, size=count)
    images = 0.35 * rng.normal(size=(count, 1, side, side)) + 0.4
    for image, high, x in zip(images[:, 0], level, foot, strict=True):
        line = round(float((1 - high) * side))
        image[line:] -= 0.9 + 0.2 * rng.normal()
        image[:line, x : x + 3] = np.where(np.arange(line)[:, None] % 4 < 2, 1.5, -1.0)
    model = nn.Sequential(
        nn.Conv2d(1, width, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(width, 2 * width, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
        nn.Flatten(), nn.Linear(2 * width * (side // 4) ** 2, 32), nn.ReLU(), nn.Linear(32, 1),
    )  # fmt: skip
    train, valid = cut({"input": images}, (level[:, None] - 0.55) / 0.2)
    return Parts(
        "image", model, train, valid, lambda m: torch.optim.AdamW(m.parameters(), lr=2e-3),
        functional.mse_loss,
    )  # fmt: skip


class _Mend(nn.Module):
    """Say what is to be added to a picture, so that it is whole."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv2d(2, width, 3, padding=1), nn.LeakyReLU(0.1),
            nn.Conv2d(width, width, 3, padding=2, dilation=2), nn.LeakyReLU(0.1),
            nn.Conv2d(width, width, 3, padding=1), nn.LeakyReLU(0.1),
            nn.Conv2d(width, 1, 3, padding=1),
        )  # fmt: skip

    def forward(self, picture: Tensor, dry: Tensor) -> Tensor:
        """Map twice (B, 1, H, W) to (B, 1, H, W)."""
        found: Tensor = picture + self.layers(torch.cat([picture, dry], 1))
        return found


def lenses(seed: int, *, count: int = 360, side: int = 14, width: int = 14) -> Parts:
    """Give the picture behind the drops on a lens, by a map of where the lens is dry."""
    rng = begin(seed, "lenses")
    clear = smooth_fields(rng, count, side).numpy()
    dry = np.ones_like(clear)
    for own in dry[:, 0]:
        for y, x in rng.integers(0, side - 2, size=(10, 2)):
            own[y : y + 3, x : x + 3] = 0
    seen = np.where(dry > 0, clear + 0.1 * rng.normal(size=clear.shape), 1.5)
    train, valid = cut({"picture": seen, "dry": dry}, clear)
    return Parts(
        "image", _Mend(width), train, valid,
        lambda m: torch.optim.Adam(m.parameters(), lr=4e-3), functional.mse_loss, size=16,
    )  # fmt: skip


def ferries(seed: int, *, count: int = 1000, side: int = 12, width: int = 24) -> Parts:
    """Say to which of four sides a ferry goes: her bow is bright, her wake is long."""
    rng = begin(seed, "ferries")
    labels = rng.integers(4, size=count)
    images = 0.35 * rng.normal(size=(count, 1, side, side))
    for image, label in zip(images[:, 0], labels, strict=True):
        own = np.zeros((side, side))
        y, x = rng.integers(2, side - 2), rng.integers(4, side - 2)
        own[y - 1 : y + 2, x] = own[y, x + 1] = 1.8
        own[y, x - 4 : x] = -1.4
        image += np.rot90(own, label)
    model = nn.Sequential(
        nn.Conv2d(1, width, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(width, width, 3, padding=1), nn.ReLU(), nn.AdaptiveMaxPool2d(1), nn.Flatten(),
        nn.Linear(width, width), nn.ReLU(), nn.Linear(width, 4),
    )  # fmt: skip
    train, valid = cut({"input": images / 0.5}, labels)
    return Parts(
        "image", model, train, valid,
        lambda m: torch.optim.AdamW(m.parameters(), lr=3e-3), functional.cross_entropy,
    )  # fmt: skip
