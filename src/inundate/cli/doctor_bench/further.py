"""Healthy models of eight more tasks, with losses and optimisers that no earlier list has."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from inundate.cli.doctor_bench.bodies import smooth_fields
from inundate.cli.doctor_bench.parts import Parts, Samples
from inundate.core.seeds import make_rng, make_seed

__all__ = [
    "Letters", "arrivals", "dice_loss", "gauges", "letters", "level_windows", "levels",
    "outlines", "patches", "quantiles", "topics",
]  # fmt: skip

_WORDS = 50


def _begin(seed: int, name: str) -> np.random.Generator:
    torch.manual_seed(make_seed(seed, "weights", name))
    return make_rng(seed, "doctor-bench", name)


def _cut(inputs: Tensor, target: Tensor) -> tuple[Samples, Samples]:
    """Keep the last quarter for validation."""
    cut = len(target) * 3 // 4
    return Samples({"input": inputs[:cut]}, target[:cut]), Samples(
        {"input": inputs[cut:]}, target[cut:]
    )


def _plain(inputs: int, width: int, outputs: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Linear(inputs, width), nn.ELU(), nn.Linear(width, width), nn.ELU(),
        nn.Linear(width, outputs),
    )  # fmt: skip


def _pinball(output: Tensor, target: Tensor) -> Tensor:
    """Score the 10, 50 and 90 % quantiles (B, 3) of a target (B, 1)."""
    shares = torch.tensor([0.1, 0.5, 0.9])
    error = target - output
    return torch.maximum(shares * error, (shares - 1) * error).mean()


def quantiles(seed: int, *, count: int = 900, width: int = 32) -> Parts:
    """Give three quantiles of a number whose spread grows with one of its inputs."""
    rng = _begin(seed, "quantiles")
    rows = rng.normal(size=(count, 6))
    middle = rows[:, 0] - np.sin(2 * rows[:, 1])
    drawn = middle + 0.4 * np.exp(0.5 * rows[:, 2]) * rng.normal(size=count)
    train, valid = _cut(torch.from_numpy(rows).float(), torch.from_numpy(drawn).float()[:, None])
    return Parts(
        "table", _plain(6, width, 3), train, valid,
        lambda m: torch.optim.SGD(m.parameters(), lr=0.05, momentum=0.9, nesterov=True), _pinball,
    )  # fmt: skip


def arrivals(seed: int, *, count: int = 900, width: int = 24, often: float = 1.0) -> Parts:
    """Give the logarithm of the rate of a count."""
    rng = _begin(seed, "arrivals")
    rows = rng.normal(size=(count, 5))
    rate = np.exp(often + 0.7 * rows[:, 0] - 0.5 * np.abs(rows[:, 1]))
    counts = torch.from_numpy(rng.poisson(rate)).float()[:, None]
    train, valid = _cut(torch.from_numpy(rows).float(), counts)
    return Parts(
        "table", _plain(5, width, 1), train, valid,
        lambda m: torch.optim.RMSprop(m.parameters(), lr=2e-3), functional.poisson_nll_loss,
    )  # fmt: skip


def _likelihood(output: Tensor, target: Tensor) -> Tensor:
    mean, spread = output.chunk(2, 1)  # both (B, 1)
    return functional.gaussian_nll_loss(mean, target, functional.softplus(spread) + 1e-3)


def gauges(seed: int, *, count: int = 900, width: int = 32) -> Parts:
    """Give mean and variance of a level."""
    rng = _begin(seed, "gauges")
    rows = rng.normal(size=(count, 7))
    level = np.cos(rows[:, 0]) + 0.6 * rows[:, 3] + 0.2 * rng.normal(size=count)
    train, valid = _cut(torch.from_numpy(rows).float(), torch.from_numpy(level).float()[:, None])
    return Parts(
        "table", _plain(7, width, 2), train, valid,
        lambda m: torch.optim.Adam(m.parameters(), lr=5e-3), _likelihood,
    )  # fmt: skip


def level_windows(seed: int, starts: Any, *, steps: int = 24) -> Samples:
    """Cut windows of one long series (N, steps, 1), with the value after each as target (N, 1)."""
    rng = make_rng(seed, "doctor-bench", "level-windows")
    times = np.arange(60_000)
    series = np.zeros(len(times))
    for period in (11.0, 17.3, 29.7):
        series += np.sin(2 * np.pi * times / period + rng.uniform(0, 6))
    series = (series + 0.2 * rng.normal(size=len(times))) / 1.25
    places = np.asarray(starts)[:, None] + np.arange(steps + 1)
    held = torch.from_numpy(series[places]).float()
    return Samples({"input": held[:, :-1, None]}, held[:, -1:])


class _Causal(nn.Module):
    """Read a series by dilated convolutions."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.layers = nn.ModuleList(
            [nn.Conv1d(1 if i == 0 else width, width, 2, dilation=2**i) for i in range(4)]
        )
        self.tell = nn.Linear(width, 1)

    def forward(self, series: Tensor) -> Tensor:
        """Map (B, T, 1) to (B, 1)."""
        found = series.transpose(1, 2)
        for layer in self.layers:
            found = functional.leaky_relu(layer(found), 0.1)
        told: Tensor = self.tell(found[..., -1])
        return told


def levels(seed: int, *, count: int = 800, width: int = 16) -> Parts:
    """Give the next value of a series; no window overlaps with another."""
    _begin(seed, "levels")
    starts = 30 * np.arange(count)
    cut = count * 3 // 4
    return Parts(
        "table", _Causal(width), level_windows(seed, starts[:cut]),
        level_windows(seed, starts[cut:]),
        lambda m: torch.optim.Adam(m.parameters(), lr=5e-3, amsgrad=True),
        nn.functional.huber_loss,
    )  # fmt: skip


def dice_loss(output: Tensor, target: Tensor, smooth: float = 1.0) -> Tensor:
    """Give 1 - the Dice score of logits (B, 1, H, W)."""
    chance = output.sigmoid()
    hit = (chance * target).sum((1, 2, 3))
    whole = chance.sum((1, 2, 3)) + target.sum((1, 2, 3))
    return (1.0 - (2.0 * hit + smooth) / (whole + smooth)).mean()


def outlines(seed: int, *, count: int = 320, side: int = 14, width: int = 10) -> Parts:
    """Mark where one of two maps is above the other and above a bound."""
    rng = _begin(seed, "outlines")
    maps = smooth_fields(rng, count, side, 2)
    target = ((maps[:, :1] > maps[:, 1:]) & (maps[:, :1] > 0.2)).float()
    model = nn.Sequential(
        nn.Conv2d(2, width, 3, padding=1), nn.Hardswish(), nn.Conv2d(width, width, 3, padding=1),
        nn.Hardswish(), nn.Conv2d(width, 1, 1),
    )  # fmt: skip
    train, valid = _cut(maps, target)
    return Parts(
        "image", model, train, valid, lambda m: torch.optim.Adamax(m.parameters(), lr=1e-2),
        dice_loss, size=16,
    )  # fmt: skip


class _Patches(nn.Module):
    """Read an image as sixteen patches by self-attention."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.cut = nn.Conv2d(1, width, 2, stride=2)
        self.place = nn.Parameter(0.1 * torch.randn(16, width))
        self.block = nn.TransformerEncoderLayer(
            width, 4, 2 * width, 0.0, "gelu", batch_first=True, norm_first=True
        )
        self.tell = nn.Sequential(nn.LayerNorm(width), nn.Linear(width, 10))

    def forward(self, images: Tensor) -> Tensor:
        """Map (B, 1, 8, 8) to (B, 10)."""
        pieces = self.cut(images).flatten(2).transpose(1, 2) + self.place
        found: Tensor = self.tell(self.block(pieces).mean(1))
        return found


def patches(seed: int, *, count: int = 1200, width: int = 32) -> Parts:
    """Read 8 x 8 digits by a transformer."""
    from sklearn.datasets import load_digits  # type: ignore[import-untyped]

    rng = _begin(seed, "patches")
    held = load_digits()
    order = rng.permutation(len(held.target))[:count]
    images = torch.from_numpy((held.images[order, None] - 4.9) / 6.0).float()
    train, valid = _cut(images, torch.from_numpy(held.target[order]).long())
    return Parts(
        "image", _Patches(width), train, valid,
        lambda m: torch.optim.NAdam(m.parameters(), lr=3e-3), functional.cross_entropy,
    )  # fmt: skip


class _Topics(nn.Module):
    """Convolve embeddings and take the largest; one logit for each subject."""

    def __init__(self, width: int, subjects: int) -> None:
        super().__init__()
        self.embed = nn.Embedding(_WORDS, width)
        self.read = nn.Conv1d(width, 2 * width, 1)
        self.tell = nn.Linear(2 * width, subjects)

    def forward(self, tokens: Tensor) -> Tensor:
        """Map (B, L) to (B, K)."""
        found = functional.relu(self.read(self.embed(tokens).transpose(1, 2))).amax(2)
        told: Tensor = self.tell(found)
        return told


def topics(seed: int, *, count: int = 1000, length: int = 16, width: int = 20) -> Parts:
    """Say which of four subjects a text touches: several may be right."""
    rng = _begin(seed, "topics")
    touched = rng.random((count, 4)) < 0.4
    texts = rng.integers(20, _WORDS, size=(count, length))
    for text, own in zip(texts, touched, strict=True):
        for subject in np.flatnonzero(own):
            text[rng.integers(4 * subject, 4 * subject + 4)] = 1 + 4 * subject + rng.integers(4)
    train, valid = _cut(torch.from_numpy(texts), torch.from_numpy(touched).float())
    return Parts(
        "text", _Topics(width, 4), train, valid,
        lambda m: torch.optim.RAdam(m.parameters(), lr=1e-2),
        functional.binary_cross_entropy_with_logits,
    )  # fmt: skip


class Letters(nn.Module):
    """Read texts of several lengths by self-attention over what is not filled up (0)."""

    def __init__(self, width: int, classes: int) -> None:
        super().__init__()
        self.embed = nn.Embedding(_WORDS, width)
        self.block = nn.TransformerEncoderLayer(width, 2, 2 * width, 0.0, batch_first=True)
        self.tell = nn.Linear(width, classes)

    def empty(self, tokens: Tensor) -> Tensor:
        """Say which places (B, L) hold no word."""
        return tokens == 0

    def forward(self, tokens: Tensor) -> Tensor:
        """Map (B, L) to (B, K)."""
        empty = self.empty(tokens)
        states = self.block(self.embed(tokens), src_key_padding_mask=empty)  # (B, L, E)
        states = states.masked_fill(empty[:, :, None], 0.0)
        found: Tensor = self.tell(states.sum(1) / (~empty).sum(1, keepdim=True))
        return found


def letters(seed: int, *, count: int = 1000, length: int = 24, width: int = 24) -> Parts:
    """Tell three kinds of letters apart by their words; they have 4 to 12 words."""
    rng = _begin(seed, "letters")
    labels = rng.integers(3, size=count)
    texts = np.zeros((count, length), np.int64)
    for text, label in zip(texts, labels, strict=True):
        words = int(rng.integers(4, 13))
        drawn = rng.integers(25, _WORDS, size=words)
        chosen = rng.choice(words, size=max(1, words // 3), replace=False)
        drawn[chosen] = rng.integers(1 + 8 * label, 9 + 8 * label, size=len(chosen))
        text[:words] = drawn
    train, valid = _cut(torch.from_numpy(texts), torch.from_numpy(labels))
    return Parts(
        "text", Letters(width, 3), train, valid,
        lambda m: torch.optim.AdamW(m.parameters(), lr=3e-3, betas=(0.9, 0.98)),
        functional.cross_entropy,
    )  # fmt: skip
