"""Healthy models of images and maps of five more tasks, first used by the seventh list."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from inundate.cli.doctor_bench.bodies import smooth_fields
from inundate.cli.doctor_bench.parts import Parts, Samples
from inundate.core.seeds import make_rng, make_seed

__all__ = ["begin", "colours", "corners", "cut", "likeness", "painter", "radar"]


def begin(seed: int, name: str) -> np.random.Generator:
    """Start the weights of a model, and give what draws its data."""
    torch.manual_seed(make_seed(seed, "weights", name))
    return make_rng(seed, "doctor-bench", name)


def cut(inputs: dict[str, Any], target: Any) -> tuple[Samples, Samples]:
    """Keep the last quarter for validation."""
    at = len(target) * 3 // 4

    def tensor(value: Any) -> Tensor:
        found = torch.as_tensor(value)
        return found.float() if found.is_floating_point() else found

    held = {name: tensor(value) for name, value in inputs.items()}
    wanted = tensor(target)
    return (
        Samples({name: value[:at] for name, value in held.items()}, wanted[:at]),
        Samples({name: value[at:] for name, value in held.items()}, wanted[at:]),
    )


_PAINTS = np.array([[1.0, 0.1, 0.1], [0.1, 1.0, 0.1], [0.1, 0.1, 1.0], [0.9, 0.9, 0.1]])


def colours(seed: int, *, count: int = 700, side: int = 12, width: int = 10) -> Parts:
    """Say which of four colours the round spot of a colour image has."""
    rng = begin(seed, "colours")
    labels = rng.integers(4, size=count)
    places = np.arange(side)
    images = 0.45 + 0.25 * rng.normal(size=(count, 3, side, side))
    for image, label in zip(images, labels, strict=True):
        y, x = rng.uniform(3, side - 3, size=2)
        spot = (places[:, None] - y) ** 2 + (places[None] - x) ** 2 < rng.uniform(3, 8)
        paint = _PAINTS[label] + 0.2 * rng.normal(size=3)
        image[:, spot] = paint[:, None] + 0.1 * rng.normal(size=(3, int(spot.sum())))
    model = nn.Sequential(
        nn.Conv2d(3, width, 3, padding=1, bias=False), nn.BatchNorm2d(width), nn.SiLU(),
        nn.Conv2d(width, 2 * width, 3, stride=2, padding=1, bias=False),
        nn.BatchNorm2d(2 * width), nn.SiLU(), nn.AdaptiveMaxPool2d(1), nn.Flatten(),
        nn.Linear(2 * width, 4),
    )  # fmt: skip
    train, valid = cut({"input": (images - 0.45) / 0.3}, labels)
    return Parts(
        "image", model, train, valid, lambda m: torch.optim.NAdam(m.parameters(), lr=4e-3),
        lambda out, t: functional.cross_entropy(out, t, label_smoothing=0.05),
    )  # fmt: skip


def corners(seed: int, *, count: int = 700, side: int = 12, width: int = 10) -> Parts:
    """Give row and column of the brightest spot, from -1 to 1."""
    rng = begin(seed, "corners")
    where = rng.uniform(1.5, side - 2.5, size=(count, 2))
    places = np.arange(side)
    down = (places[None, :, None] - where[:, :1, None]) ** 2
    across = (places[None, None] - where[:, 1:, None]) ** 2
    images = 3.0 * np.exp(-(down + across) / 3.0)[:, None]
    images = images + 0.4 * rng.normal(size=(count, 1, side, side))
    half = side // 2
    model = nn.Sequential(
        nn.Conv2d(1, width, 3, padding=1), nn.Mish(), nn.AvgPool2d(2),
        nn.Conv2d(width, width, 3, padding=1), nn.Mish(), nn.Flatten(),
        nn.Linear(width * half * half, 24), nn.Mish(), nn.Linear(24, 2),
    )  # fmt: skip
    train, valid = cut({"input": images}, where / (side - 1) * 2 - 1)
    return Parts(
        "image", model, train, valid,
        lambda m: torch.optim.SGD(m.parameters(), lr=0.05, momentum=0.9),
        nn.functional.mse_loss,
    )  # fmt: skip


class Likeness(nn.Module):
    """Give the distance of two images after the same layers."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.tower = nn.Sequential(
            nn.Flatten(), nn.Linear(64, 2 * width), nn.LeakyReLU(0.1), nn.Linear(2 * width, width)
        )

    def forward(self, one: Tensor, two: Tensor) -> Tensor:
        """Map twice (B, 1, 8, 8) to (B, 1)."""
        apart = (self.tower(one) - self.tower(two)).square().sum(1, keepdim=True)
        return torch.sqrt(apart + 1e-6)


def contrast(output: Tensor, target: Tensor) -> Tensor:
    """Draw pairs that are alike (target 0) together, and part the others (1) by 2 at least."""
    near = (1 - target) * output.square()
    far = target * (2.0 - output).clamp(min=0).square()
    return (near + far).mean()


def likeness(seed: int, *, count: int = 1200, width: int = 24) -> Parts:
    """Say by a distance whether two 8 x 8 digits are the same (0) or not (1)."""
    from sklearn.datasets import load_digits  # type: ignore[import-untyped]

    rng = begin(seed, "likeness")
    held = load_digits()
    order = rng.permutation(len(held.target))
    images, digits = (held.images[order, None] - 4.9) / 6.0, held.target[order]
    at = len(digits) * 3 // 4  # no digit that was seen in training is asked for again
    unlike = rng.integers(2, size=count)
    one = np.concatenate(
        [rng.integers(at, size=count * 3 // 4), rng.integers(at, len(digits), size=count // 4)]
    )
    two = np.zeros_like(one)
    for place, first in enumerate(one):
        low, high = (0, at) if first < at else (at, len(digits))
        same = digits[low:high] == digits[first]
        two[place] = low + rng.choice(np.flatnonzero(same != bool(unlike[place])))
    train, valid = cut({"one": images[one], "two": images[two]}, 1.0 * unlike[:, None])
    return Parts(
        "image", Likeness(width), train, valid,
        lambda m: torch.optim.Adam(m.parameters(), lr=3e-3, weight_decay=1e-5), contrast,
    )  # fmt: skip


def radar(seed: int, *, count: int = 300, side: int = 12, width: int = 12) -> Parts:
    """Give the next frame of rain that drifts, from three frames."""
    rng = begin(seed, "radar")
    wide = smooth_fields(rng, count, side + 12).clamp(min=-0.5) + 0.5
    drift = rng.integers(-2, 3, size=(count, 2))
    frames = torch.stack(
        [
            torch.stack(
                [
                    field[0, 6 + t * dy : 6 + t * dy + side, 6 + t * dx : 6 + t * dx + side]
                    for t in (-2, -1, 0, 1)
                ]
            )
            for field, (dy, dx) in zip(wide, drift.tolist(), strict=True)
        ]
    )  # (N, 4, side, side)
    model = nn.Sequential(
        nn.Conv2d(3, 2 * width, 5, padding=2), nn.ReLU(), nn.Conv2d(2 * width, width, 3, padding=1),
        nn.InstanceNorm2d(width, affine=True), nn.ReLU(), nn.Conv2d(width, 1, 3, padding=1),
    )  # fmt: skip
    train, valid = cut({"input": frames[:, :3]}, frames[:, 3:])
    return Parts(
        "image", model, train, valid,
        lambda m: torch.optim.AdamW(m.parameters(), lr=5e-3, amsgrad=True),
        nn.functional.smooth_l1_loss, size=16,
    )  # fmt: skip


class Painter(nn.Module):
    """A variational autoencoder of digits, which says how far it is from its prior, too."""

    def __init__(self, width: int, latent: int) -> None:
        super().__init__()
        self.into = nn.Sequential(nn.Flatten(), nn.Linear(64, width), nn.GELU())
        self.mean, self.spread = nn.Linear(width, latent), nn.Linear(width, latent)
        self.out = nn.Sequential(nn.Linear(latent, width), nn.GELU(), nn.Linear(width, 64))

    def drawn(self, mean: Tensor, spread: Tensor) -> Tensor:
        """Draw in training, and give the mean in evaluation (B, Z)."""
        noise = torch.randn_like(mean) if self.training else torch.zeros_like(mean)
        return mean + noise * torch.exp(0.5 * spread)

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """Map (B, 1, 8, 8) to logits of its pixels (B, 1, 8, 8) and a divergence ()."""
        found = self.into(images)
        mean, spread = self.mean(found), self.spread(found)  # the second: log of the variance
        far = mean.square() + spread.exp() - 1 - spread
        painted = self.out(self.drawn(mean, spread)).reshape(images.shape)
        return painted, 0.5 * far.sum(1).mean()


def elbo(model: nn.Module, batch: Any) -> Tensor:
    """Give minus the bound on the likelihood of a batch, per pixel."""
    logits, apart = model(*batch["inputs"].values())
    told = functional.binary_cross_entropy_with_logits(logits, batch["target"])
    found: Tensor = told + 0.3 * apart / 64
    return found


def painter(seed: int, *, count: int = 1200, width: int = 64, latent: int = 8) -> Parts:
    """Paint 8 x 8 digits again from a few drawn numbers."""
    from sklearn.datasets import load_digits

    rng = begin(seed, "painter")
    images = load_digits().images[rng.permutation(1797)[:count], None]
    images = 1.0 * (images > 8)
    train, valid = cut({"input": images}, images)
    return Parts(
        "image", Painter(width, latent), train, valid,
        lambda m: torch.optim.Adamax(m.parameters(), lr=1e-2), loss=elbo,
    )  # fmt: skip
