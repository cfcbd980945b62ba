"""Healthy models of images of four more tasks, for the twelfth list."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from inundate.cli.doctor_bench.bodies import smooth_fields
from inundate.cli.doctor_bench.parts import Parts
from inundate.cli.doctor_bench.scenes import begin, cut

__all__ = ["Hearths", "Ridges", "Storeys", "hearths", "moths", "ridges", "storeys"]


class Hearths(nn.Module):
    """Read each band by layers of its own, and add up what was found in them."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.light, self.heat = (nn.Conv2d(1, width, 3, padding=1) for _ in range(2))
        self.meet = nn.Sequential(
            nn.ReLU(), nn.Conv2d(width, 2 * width, 3, padding=1), nn.ReLU(),
            nn.Conv2d(2 * width, width, 1), nn.ReLU(),
        )  # fmt: skip
        self.tell = nn.Linear(width, 1)

    def forward(self, light: Tensor, heat: Tensor) -> Tensor:
        """Map twice (B, 1, H, W) to (B, 1)."""
        held = self.meet(self.light(light) + self.heat(heat))
        found: Tensor = self.tell(held.mean((2, 3)))
        return found


def hearths(seed: int, *, count: int = 1200, side: int = 12, width: int = 16) -> Parts:
    """Give how warm the chimneys of a photograph are in all, by a second one of their heat."""
    rng = begin(seed, "hearths")
    heat = smooth_fields(rng, count, side).numpy()
    light = 0.25 * rng.normal(size=(count, 1, side, side)) - 0.3
    total = np.zeros((count, 1))
    for image, warm, own in zip(light[:, 0], heat[:, 0], total, strict=True):
        for y, x in rng.integers(1, side - 1, size=(rng.integers(2, 7), 2)):
            image[y - 1 : y + 2, x] = image[y, x - 1 : x + 2] = 1.7 + 0.1 * rng.normal()
            own += warm[y, x]
    heat = heat + 0.1 * rng.normal(size=heat.shape)
    train, valid = cut({"light": light, "heat": heat}, total / 2.0)
    return Parts(
        "image", Hearths(width), train, valid,
        lambda m: torch.optim.Adam(m.parameters(), lr=4e-3), nn.functional.mse_loss,
    )  # fmt: skip


def moths(
    seed: int, *, count: int = 900, side: int = 14, width: int = 14, bright: float = 1.8
) -> Parts:
    """Say which of three moths sits on a wall, by where the spots of its wings lie, or none."""
    rng = begin(seed, "moths")
    labels = rng.integers(4, size=count)
    images = 0.45 * rng.normal(size=(count, 1, side, side))
    for image, label in zip(images[:, 0], labels, strict=True):
        y, x = rng.integers(4, side - 4, size=2)
        for way in (-1, 1):
            down, across = ((0, 0), (0, 2), (2, 0), (2, 2))[label]
            image[y + way * down, x + way * across] += bright * (label > 0)
            image[y + way * down, x + way * across + 1] += bright * (label > 0)
    model = nn.Sequential(
        nn.Conv2d(1, width, 3, padding=1), nn.GroupNorm(2, width), nn.SiLU(),
        nn.Conv2d(width, 2 * width, 5, padding=2), nn.SiLU(), nn.MaxPool2d(2),
        nn.Conv2d(2 * width, 2 * width, 3, padding=1), nn.SiLU(), nn.AdaptiveMaxPool2d(1),
        nn.Flatten(), nn.Linear(2 * width, 4),
    )  # fmt: skip
    train, valid = cut({"input": images / 0.5}, labels)
    return Parts(
        "image", model, train, valid,
        lambda m: torch.optim.AdamW(m.parameters(), lr=3e-3, weight_decay=0.01),
        functional.cross_entropy,
    )  # fmt: skip


class Ridges(nn.Module):
    """Lay the wind over the whole map of heights, and go down and up once."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.into = nn.Sequential(nn.Conv2d(3, width, 3, padding=1), nn.ELU())
        self.deep = nn.Sequential(
            nn.Conv2d(width, 2 * width, 3, 2, 1), nn.ELU(),
            nn.Conv2d(2 * width, width, 3, padding=1), nn.ELU(),
        )  # fmt: skip
        self.flat = nn.Sequential(nn.Conv2d(2 * width, 2 * width, 1), nn.ELU())
        self.tell = nn.Conv2d(2 * width, 1, 3, padding=1)

    def forward(self, heights: Tensor, wind: Tensor) -> Tensor:
        """Map (B, 1, H, W) and (B, 2) to (B, 1, H, W)."""
        laid = wind[:, :, None, None].expand(-1, -1, *heights.shape[-2:])
        first = self.into(torch.cat([heights, laid], 1))
        deep = functional.interpolate(self.deep(first), size=first.shape[-2:], mode="bilinear")
        found: Tensor = self.tell(self.flat(torch.cat([first, deep], 1)))
        return found


def ridges(seed: int, *, count: int = 360, side: int = 14, width: int = 12) -> Parts:
    """Give how much the ground rises along the wind, cell by cell."""
    rng = begin(seed, "ridges")
    heights = smooth_fields(rng, count, side).numpy()
    angle = rng.uniform(-np.pi, np.pi, size=(count, 1))
    wind = np.concatenate([np.sin(angle), np.cos(angle)], 1)
    down, across = np.gradient(heights[:, 0], axis=(1, 2))
    rise = wind[:, :1, None] * down + wind[:, 1:, None] * across
    target = (2.5 * rise)[:, None]
    seen = heights + 0.03 * rng.normal(size=heights.shape)
    train, valid = cut({"heights": seen, "wind": 1.4 * wind}, target)
    return Parts(
        "image", Ridges(width), train, valid,
        lambda m: torch.optim.NAdam(m.parameters(), lr=4e-3), nn.functional.mse_loss, size=16,
    )  # fmt: skip


class Storeys(nn.Module):
    """Cut a picture into patches, let them attend to each other, and take their mean."""

    def __init__(self, side: int, width: int, layers: int) -> None:
        super().__init__()
        self.patches = nn.Conv2d(1, width, 4, 4)
        self.places = nn.Parameter(0.1 * torch.randn((side // 4) ** 2, width))
        self.blocks = nn.Sequential(
            *(
                nn.TransformerEncoderLayer(
                    width, 4, 2 * width, 0.0, "gelu", batch_first=True, norm_first=True
                )
                for _ in range(layers)
            )
        )
        self.tell = nn.Sequential(nn.LayerNorm(width), nn.Linear(width, side // 4))

    def forward(self, pictures: Tensor) -> Tensor:
        """Map (B, 1, H, W) to scores (B, H / 4)."""
        words = self.patches(pictures).flatten(2).transpose(1, 2) + self.places
        found: Tensor = self.tell(self.blocks(words).mean(1))
        return found


def storeys(
    seed: int, *, count: int = 1600, side: int = 16, width: int = 24, layers: int = 2
) -> Parts:
    """Say in which storey of a house one window is lit in squares, where others are in stripes."""
    rng = begin(seed, "storeys")
    storeys = side // 4
    labels = rng.integers(storeys, size=count)
    images = 0.4 * rng.normal(size=(count, 1, side, side))
    down, across = np.mgrid[:4, :4] % 2
    for image, label in zip(images[:, 0], labels, strict=True):
        for storey in range(storeys):
            at = 4 * rng.integers(storeys)
            shown = (down ^ across) if storey == label else (down, across)[rng.integers(2)]
            image[4 * storey : 4 * storey + 4, at : at + 4] += (2.0 * shown - 1) * rng.choice(
                [-1.0, 1.0]
            )
    train, valid = cut({"input": images / 0.64}, labels)
    return Parts(
        "image", Storeys(side, width, layers), train, valid,
        lambda m: torch.optim.AdamW(m.parameters(), lr=4e-3, weight_decay=0.01),
        functional.cross_entropy,
    )  # fmt: skip
