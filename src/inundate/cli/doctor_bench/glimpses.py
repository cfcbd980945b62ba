"""Healthy models of images of seven more tasks, first used by the ninth list."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from inundate.cli.doctor_bench.bodies import smooth_fields
from inundate.cli.doctor_bench.parts import Parts
from inundate.cli.doctor_bench.scenes import begin, cut

__all__ = ["Plates", "clouds", "crowds", "drifts", "gravel", "plates", "scans", "signs"]


def crowds(seed: int, *, count: int = 300, side: int = 16, width: int = 12) -> Parts:
    """Give the density of people, who are bright dots of two shapes among crosses."""
    rng = begin(seed, "crowds")
    images = 0.3 * rng.normal(size=(count, 1, side, side))
    density = np.zeros((count, 1, side, side))
    places = np.arange(side)
    for image, dense in zip(images[:, 0], density[:, 0], strict=True):
        for y, x in rng.integers(2, side - 2, size=(rng.integers(2, 9), 2)):
            image[y - 1 : y + 2, x] += 1.5
            image[y, x] += 1.0
            far = (places[:, None] - y) ** 2 + (places[None] - x) ** 2
            dense += np.exp(-far / 3.0)
        for y, x in rng.integers(2, side - 2, size=(3, 2)):
            image[y, x - 1 : x + 2] += 1.5
    model = nn.Sequential(
        nn.Conv2d(1, width, 5, padding=2), nn.PReLU(width),
        nn.Conv2d(width, width, 3, padding=1, groups=width), nn.Conv2d(width, 2 * width, 1),
        nn.PReLU(2 * width), nn.Conv2d(2 * width, 1, 3, padding=1),
    )  # fmt: skip
    train, valid = cut({"input": images}, density)
    return Parts(
        "image", model, train, valid, lambda m: torch.optim.Adam(m.parameters(), lr=4e-3),
        nn.functional.mse_loss, size=16,
    )  # fmt: skip


class Clouds(nn.Module):
    """Two ways of convolutions, fine and coarse, whose scores are added."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.fine = nn.Sequential(
            nn.Conv2d(4, width, 3, padding=1), nn.BatchNorm2d(width), nn.ReLU(),
            nn.Conv2d(width, 3, 3, padding=1),
        )  # fmt: skip
        self.coarse = nn.Sequential(
            nn.AvgPool2d(4), nn.Conv2d(4, width, 3, padding=1), nn.ReLU(), nn.Conv2d(width, 3, 1),
            nn.Upsample(scale_factor=4, mode="bilinear"),
        )  # fmt: skip

    def forward(self, bands: Tensor) -> Tensor:
        """Map (B, 4, H, W) to scores (B, 3, H, W)."""
        found: Tensor = self.fine(bands) + self.coarse(bands)
        return found


def clouds(seed: int, *, count: int = 260, side: int = 16, width: int = 12) -> Parts:
    """Say of each cell whether it is clear, or below thin or thick cloud, by four bands."""
    rng = begin(seed, "clouds")
    thick = smooth_fields(rng, count, side).numpy()[:, 0]
    ground = 0.7 * smooth_fields(rng, count, side).numpy()[:, 0]
    white = np.clip(thick + 0.2, 0, None)
    bands = np.stack([white + ground, white, 0.6 * white - ground, -0.8 * white], 1)
    bands = bands + 0.4 * rng.normal(size=bands.shape)
    labels = (thick > 0.0).astype(np.int64) + (thick > 0.8)
    train, valid = cut({"input": bands}, labels)
    return Parts(
        "image", Clouds(width), train, valid,
        lambda m: torch.optim.SGD(m.parameters(), lr=0.1, momentum=0.9),
        functional.cross_entropy, size=16,
    )  # fmt: skip


class Drifts(nn.Module):
    """Look at two frames by the same layers, and compare them cell by cell."""

    def __init__(self, side: int, width: int) -> None:
        super().__init__()
        self.look = nn.Sequential(nn.Conv2d(1, width, 3, padding=1), nn.ReLU())
        self.meet = nn.Sequential(
            nn.Conv2d(2 * width, width, 5, padding=2), nn.ReLU(), nn.AvgPool2d(2), nn.Flatten(),
            nn.Linear(width * side * side // 4, 32), nn.ReLU(), nn.Linear(32, 2),
        )  # fmt: skip

    def forward(self, one: Tensor, two: Tensor) -> Tensor:
        """Map twice (B, 1, H, W) to (B, 2)."""
        found: Tensor = self.meet(torch.cat([self.look(one), self.look(two)], 1))
        return found


def drifts(seed: int, *, count: int = 1000, side: int = 10, width: int = 10) -> Parts:
    """Give by how many cells a bright patch moved from one frame to the next, in two numbers."""
    rng = begin(seed, "drifts")
    moved = rng.uniform(-2.0, 2.0, size=(count, 2))
    middle = rng.uniform(3.5, side - 4.5, size=(count, 2))
    places = np.arange(side)

    def drawn(at: Any) -> Any:
        down = (places[None, :, None] - at[:, :1, None]) ** 2
        across = (places[None, None] - at[:, 1:, None]) ** 2
        clean = 3.0 * np.exp(-(down + across) / 4.0)[:, None]
        return clean + 0.2 * rng.normal(size=clean.shape)

    inputs = {"one": drawn(middle - moved / 2), "two": drawn(middle + moved / 2)}
    train, valid = cut(inputs, moved)
    return Parts(
        "image", Drifts(side, width), train, valid,
        lambda m: torch.optim.NAdam(m.parameters(), lr=2e-3), nn.functional.l1_loss,
    )  # fmt: skip


class _Aside(nn.Module):
    """Two convolutions with norms beside an open way."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv2d(width, width, 3, padding=1), nn.BatchNorm2d(width), nn.LeakyReLU(0.05),
            nn.Conv2d(width, width, 3, padding=1), nn.BatchNorm2d(width),
        )  # fmt: skip

    def forward(self, maps: Tensor) -> Tensor:
        return functional.leaky_relu(maps + self.layers(maps), 0.05)


class Plates(nn.Module):
    """Read two digits, each by the half of the map where it stands."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.into = nn.Conv2d(1, width, 3, padding=1)
        self.block, self.small = _Aside(width), nn.MaxPool2d(2)
        self.tell = nn.Linear(16 * width, 10)

    def forward(self, plates: Tensor) -> Tensor:
        """Map (B, 1, 8, 16) to scores (B, 10, 2)."""
        held = self.small(self.block(self.into(plates)))  # (B, W, 4, 8)
        halves = torch.stack([held[..., :4].flatten(1), held[..., 4:].flatten(1)], 1)
        found: Tensor = self.tell(halves).transpose(1, 2)
        return found


def plates(seed: int, *, count: int = 700, width: int = 10) -> Parts:
    """Read plates of two digits."""
    from sklearn.datasets import load_digits  # type: ignore[import-untyped]

    rng = begin(seed, "plates")
    held = load_digits()
    order = rng.permutation(len(held.target))
    at = len(order) * 3 // 4  # no digit that was seen in training is asked for again
    first = count * 3 // 4
    chosen = np.concatenate(
        [rng.integers(at, size=(first, 2)), rng.integers(at, len(order), size=(count - first, 2))]
    )
    images, digits = (held.images[order] - 4.9) / 6.0, held.target[order]
    both = np.concatenate([images[chosen[:, 0]], images[chosen[:, 1]]], 2)[:, None]
    train, valid = cut({"input": both}, digits[chosen].astype(np.int64))
    return Parts(
        "image", Plates(width), train, valid,
        lambda m: torch.optim.AdamW(m.parameters(), lr=4e-3, weight_decay=0.01),
        functional.cross_entropy,
    )  # fmt: skip


def gravel(seed: int, *, count: int = 700, side: int = 14, width: int = 12) -> Parts:
    """Give the size of the stones of a photograph of gravel."""
    rng = begin(seed, "gravel")
    size = rng.uniform(-1.0, 1.0, size=count)
    rows, columns = (np.fft.fftfreq(side)[:, None], np.fft.rfftfreq(side)[None])
    far = np.hypot(rows, columns)
    noise = np.fft.rfft2(rng.normal(size=(count, side, side)))
    images = np.fft.irfft2(noise * np.exp(-far * 6.0 * np.exp(size)[:, None, None]), (side, side))
    images = images / images.std((1, 2), keepdims=True) + 0.15 * rng.normal(size=images.shape)
    model = nn.Sequential(
        nn.Conv2d(1, width, 3, padding=1), nn.ELU(), nn.Conv2d(width, width, 3, padding=1),
        nn.ELU(), nn.Conv2d(width, 2 * width, 3, 2, 1), nn.Softplus(), nn.AdaptiveAvgPool2d(1),
        nn.Flatten(), nn.Linear(2 * width, 1),
    )  # fmt: skip
    train, valid = cut({"input": images[:, None]}, 1.7 * size[:, None])
    return Parts(
        "image", model, train, valid, lambda m: torch.optim.RMSprop(m.parameters(), lr=2e-3),
        lambda out, t: functional.huber_loss(out, t, delta=1.5),
    )  # fmt: skip


def scans(seed: int, *, count: int = 320, side: int = 12, width: int = 16) -> Parts:
    """Mend a map of which a scanner lost some lines; a second channel says which are there."""
    rng = begin(seed, "scans")
    whole = smooth_fields(rng, count, side).numpy()
    there = np.ones_like(whole) * (rng.random((count, 1, side, 1)) < 0.55)
    model = nn.Sequential(
        nn.Conv2d(2, width, 3, padding=1), nn.SiLU(), nn.Conv2d(width, width, 3, 1, 2, 2),
        nn.SiLU(), nn.Conv2d(width, width, 3, padding=1), nn.GroupNorm(4, width), nn.SiLU(),
        nn.Conv2d(width, 1, 3, padding=1),
    )  # fmt: skip
    train, valid = cut({"input": np.concatenate([whole * there, there], 1)}, whole)
    return Parts(
        "image", model, train, valid, lambda m: torch.optim.RAdam(m.parameters(), lr=8e-3),
        nn.functional.smooth_l1_loss, size=16,
    )  # fmt: skip


def _figure(kind: int, side: int) -> Any:
    """Draw a bar, a column, a box or a cross."""
    held = np.zeros((side, side))
    middle = side // 2
    if kind in (0, 3):
        held[middle] = 1.0
    if kind in (1, 3):
        held[:, middle] = 1.0
    if kind == 2:
        held[[0, -1]] = held[:, [0, -1]] = 1.0
    return held


def signs(seed: int, *, count: int = 900, side: int = 14, width: int = 14) -> Parts:
    """Say which of four signs stand in a picture; there may be none, or several."""
    rng = begin(seed, "signs")
    labels = rng.random((count, 4)) < 0.4
    images = 0.35 * rng.normal(size=(count, 1, side, side))
    corners = np.array([[0, 0], [0, side // 2], [side // 2, 0], [side // 2, side // 2]])
    for image, own in zip(images[:, 0], labels, strict=True):
        for kind, (y, x) in zip(range(4), rng.permutation(corners), strict=True):
            if own[kind]:
                y, x = y + rng.integers(2), x + rng.integers(2)
                image[y : y + 5, x : x + 5] += 1.5 * _figure(kind, 5)
    model = nn.Sequential(
        nn.Conv2d(1, width, 5, padding=2), nn.GELU(), nn.Conv2d(width, 2 * width, 3, padding=1),
        nn.GELU(), nn.AdaptiveMaxPool2d(2), nn.Flatten(), nn.Linear(8 * width, 32), nn.GELU(),
        nn.Linear(32, 4),
    )  # fmt: skip
    train, valid = cut({"input": images}, labels.astype(float))
    return Parts(
        "image", model, train, valid, lambda m: torch.optim.Adam(m.parameters(), lr=2e-3),
        functional.binary_cross_entropy_with_logits,
    )  # fmt: skip
