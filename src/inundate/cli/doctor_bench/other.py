"""Healthy models of four more tasks, which no list of faults before the fourth has."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from inundate.cli.doctor_bench.bodies import optimiser, smooth_fields
from inundate.cli.doctor_bench.parts import Parts, Samples
from inundate.core.seeds import make_rng, make_seed

__all__ = ["angles", "next_words", "reports", "slopes"]

_WORDS = 48


def _begin(seed: int, name: str) -> np.random.Generator:
    torch.manual_seed(make_seed(seed, "weights", name))
    return make_rng(seed, "doctor-bench", name)


def _cut(inputs: dict[str, Tensor], target: Tensor) -> tuple[Samples, Samples]:
    """Keep the last quarter for validation."""
    cut = len(target) * 3 // 4
    return (
        Samples({name: value[:cut] for name, value in inputs.items()}, target[:cut]),
        Samples({name: value[cut:] for name, value in inputs.items()}, target[cut:]),
    )


def angles(seed: int, *, count: int = 900, width: int = 40) -> Parts:
    """Give sine and cosine of the direction in which two of six numbers point."""
    rng = _begin(seed, "angles")
    rows = rng.normal(size=(count, 6))
    length = np.hypot(rows[:, 1], rows[:, 4])
    target = np.stack([rows[:, 1] / length, rows[:, 4] / length], 1)
    model = nn.Sequential(
        nn.Linear(6, width), nn.SiLU(), nn.Linear(width, width), nn.SiLU(), nn.Linear(width, 2)
    )
    train, valid = _cut({"input": torch.from_numpy(rows).float()}, torch.from_numpy(target).float())
    return Parts("table", model, train, valid, optimiser(5e-3), functional.smooth_l1_loss)


def slopes(seed: int, *, count: int = 280, side: int = 14, width: int = 12) -> Parts:
    """Give the slope of a field along rows and columns: two channels from one."""
    rng = _begin(seed, "slopes")
    field = smooth_fields(rng, count, side)
    down = functional.pad(field[:, :, 1:] - field[:, :, :-1], (0, 0, 0, 1))
    right = functional.pad(field[..., 1:] - field[..., :-1], (0, 1))
    target = torch.cat([down, right], 1)
    model = nn.Sequential(
        nn.Conv2d(1, width, 3, padding=1), nn.LeakyReLU(0.1), nn.Conv2d(width, width, 3, padding=1),
        nn.LeakyReLU(0.1), nn.Conv2d(width, 2, 3, padding=1),
    )  # fmt: skip
    train, valid = _cut({"input": field}, target / target.std())
    return Parts("image", model, train, valid, optimiser(5e-3), nn.functional.mse_loss, size=16)


class _Speaker(nn.Module):
    """Give scores of the next word at each place, from those before it."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.embed = nn.Embedding(_WORDS, width)
        self.read = nn.GRU(width, width, batch_first=True)
        self.tell = nn.Linear(width, _WORDS)

    def forward(self, tokens: Tensor) -> Tensor:
        """Map (B, L) to scores (B, L, K)."""
        found: Tensor = self.tell(self.read(self.embed(tokens))[0])
        return found


def _by_word(output: Tensor, target: Tensor) -> Tensor:
    return functional.cross_entropy(output.reshape(-1, output.shape[-1]), target.reshape(-1))


def next_words(seed: int, *, count: int = 500, length: int = 12, width: int = 24) -> Parts:
    """Say the next word of texts in which each word has two successors, one of them likelier."""
    rng = _begin(seed, "next-words")
    likely, other = rng.permutation(_WORDS), rng.permutation(_WORDS)
    texts = np.zeros((count, length + 1), np.int64)
    texts[:, 0] = rng.integers(_WORDS, size=count)
    for place in range(length):
        now = texts[:, place]
        texts[:, place + 1] = np.where(rng.random(count) < 0.85, likely[now], other[now])
    held = torch.from_numpy(texts)
    train, valid = _cut({"input": held[:, :-1]}, held[:, 1:].clone())
    return Parts("text", _Speaker(width), train, valid, optimiser(8e-3), _by_word)


class _Report(nn.Module):
    """Join what a text says with two numbers that come with it."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.embed = nn.EmbeddingBag(_WORDS, width)
        self.beside = nn.Linear(2, width)
        self.tell = nn.Sequential(nn.Linear(2 * width, width), nn.ReLU(), nn.Linear(width, 3))

    def forward(self, tokens: Tensor, numbers: Tensor) -> Tensor:
        """Map (B, L) and (B, 2) to (B, 3)."""
        joined = torch.cat([self.embed(tokens), self.beside(numbers)], 1)
        found: Tensor = self.tell(functional.relu(joined))
        return found


def reports(seed: int, *, count: int = 1000, length: int = 14, width: int = 24) -> Parts:
    """Tell dry, damp and flooded reports apart by their words, and by a level beside them."""
    rng = _begin(seed, "reports")
    wet = rng.integers(2, size=count)
    texts: Any = rng.integers(20, _WORDS, size=(count, length))
    own = rng.integers(1, 10, size=texts.shape) + 10 * wet[:, None]
    texts = np.where(rng.random(texts.shape) < 0.4, own, texts)
    numbers = rng.normal(size=(count, 2))
    labels = np.where(wet == 0, 0, np.where(numbers[:, 0] < 0, 1, 2))
    inputs = {"tokens": torch.from_numpy(texts), "numbers": torch.from_numpy(numbers).float()}
    train, valid = _cut(inputs, torch.from_numpy(labels))
    return Parts("text", _Report(width), train, valid, optimiser(6e-3), functional.cross_entropy)
