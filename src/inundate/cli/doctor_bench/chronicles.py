"""Healthy models of four tasks in texts and series and four in tables, for the fourteenth list."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils.rnn import pack_padded_sequence

from inundate.cli.doctor_bench.parts import Parts
from inundate.cli.doctor_bench.scenes import begin, cut

__all__ = [
    "Compressors", "Fevers", "Helplines", "Hotels", "alloys", "auctions", "boilers", "churners",
    "compressors", "fevers", "helplines", "hotels", "rare_counts",
]  # fmt: skip

_WORDS = 60


class Helplines(nn.Module):
    """Take the mean of the words of a text, and tell by two layers."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.embed = nn.Embedding(_WORDS, width)
        self.tell = nn.Sequential(nn.Linear(width, width), nn.ReLU(), nn.Linear(width, 6))

    def pooled(self, words: Tensor, tokens: Tensor) -> Tensor:
        """Take the mean of the words (B, L, W) where there is one."""
        there = (tokens > 0).float()[..., None]
        return (words * there).sum(1) / there.sum(1).clamp(min=1)

    def forward(self, tokens: Tensor) -> Tensor:
        """Map (B, L) to scores (B, 6)."""
        found: Tensor = self.tell(self.pooled(self.embed(tokens), tokens))
        return found


def helplines(seed: int, *, count: int = 1600, length: int = 16, width: int = 24) -> Parts:
    """Say which of six teams a message is for: the one most of its words speak of."""
    rng = begin(seed, "helplines")
    texts = np.zeros((count, length), np.int64)
    team = rng.integers(6, size=count)
    for text, own in zip(texts, team, strict=True):
        many = int(rng.integers(7, 13))
        words = rng.integers(31, _WORDS, size=many)
        words[:3] = 1 + 5 * own + rng.integers(5, size=3)
        words[3:5] = 1 + 5 * ((own + rng.choice(np.arange(1, 6), 2, replace=False)) % 6)
        words[3:5] += rng.integers(5, size=2)
        text[:many] = rng.permutation(words)
    train, valid = cut({"tokens": texts}, team)
    return Parts(
        "text", Helplines(width), train, valid,
        lambda m: torch.optim.Adam(m.parameters(), lr=8e-3), functional.cross_entropy,
    )  # fmt: skip


class Hotels(nn.Module):
    """Read a review by an LSTM up to its last word, and tell from the last state."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.embed = nn.Embedding(_WORDS, width, padding_idx=0)
        self.read = nn.LSTM(width, width, batch_first=True)
        self.tell = nn.Linear(width, 1)

    def states(self, tokens: Tensor) -> Tensor:
        """Give the last state (B, W) of texts (B, L)."""
        many = (tokens > 0).sum(1).clamp(min=1).cpu()
        packed = pack_padded_sequence(
            self.embed(tokens), many, batch_first=True, enforce_sorted=False
        )
        found: Tensor = self.read(packed)[1][0][-1]
        return found

    def forward(self, tokens: Tensor) -> Tensor:
        """Map (B, L) to (B, 1)."""
        found: Tensor = self.tell(self.states(tokens))
        return found


def hotels(seed: int, *, count: int = 1600, length: int = 14, width: int = 28) -> Parts:
    """Give the stars of a review, scaled: good and bad words, turned round behind "not"."""
    rng = begin(seed, "hotels")
    texts = np.zeros((count, length), np.int64)
    worth = np.zeros(_WORDS)
    worth[2:22] = np.linspace(-1.5, 1.5, 20)
    stars = np.zeros(count)
    for row, text in enumerate(texts):
        many = int(rng.integers(5, 12))
        text[:many] = rng.integers(2, _WORDS, size=many)
        text[rng.permutation(many - 1)[:2] + 1] = rng.integers(2, 22, size=2)
        if rng.random() < 0.6:
            text[int(rng.integers(many - 1))] = 1
        turned = np.concatenate([[1.0], np.where(text[: many - 1] == 1, -1.0, 1.0)])
        stars[row] = (worth[text[:many]] * turned).sum()
    stars = (stars - stars.mean()) / stars.std() + 0.1 * rng.normal(size=count)
    train, valid = cut({"tokens": texts}, stars[:, None])
    return Parts(
        "text", Hotels(width), train, valid, lambda m: torch.optim.Adam(m.parameters(), lr=1e-2),
        functional.mse_loss,
    )  # fmt: skip


class Fevers(nn.Module):
    """Read what was measured by a GRU, and tell the next temperature from its last state."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.read = nn.GRU(3, width, batch_first=True)
        self.tell = nn.Linear(width, 1)

    def forward(self, series: Tensor) -> Tensor:
        """Map (B, T, 3) to (B, 1)."""
        found: Tensor = self.tell(self.read(series)[0][:, -1])
        return found


def fevers(seed: int, *, count: int = 1300, steps: int = 14, width: int = 28) -> Parts:
    """Forecast the next temperature of a patient, by temperature, pulse and doses so far."""
    rng = begin(seed, "fevers")
    at = np.arange(steps + 1)[None]
    period, first = rng.uniform(4.5, 8, size=(count, 1)), rng.uniform(0, 6.28, size=(count, 1))
    dose = 1.0 * (rng.random((count, steps + 1)) < 0.3)
    warm = 1.3 * np.sin(2 * np.pi * at / period + first) - 1.2 * np.roll(dose, 1, 1) + 0.3
    warm = warm + 0.1 * rng.normal(size=warm.shape)
    pulse = 0.7 * warm + 0.3 * rng.normal(size=warm.shape)
    series = np.stack([warm, pulse, dose], 2)[:, :steps]
    train, valid = cut({"input": series}, warm[:, steps:])
    return Parts(
        "text", Fevers(width), train, valid, lambda m: torch.optim.Adam(m.parameters(), lr=8e-3),
        functional.mse_loss,
    )  # fmt: skip


def rare_counts(output: Tensor, target: Tensor) -> Tensor:
    """Give the loss of logits (B, 1) in which what fails, one in twenty, counts as the others."""
    return functional.binary_cross_entropy_with_logits(
        output, target, pos_weight=torch.tensor(19.0)
    )


class Compressors(nn.Module):
    """Convolve what was heard twice, and tell from the largest."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.look = nn.Sequential(
            nn.Conv1d(1, width, 5, padding=2), nn.ReLU(), nn.Conv1d(width, width, 5, padding=2),
            nn.ReLU(), nn.AdaptiveMaxPool1d(1), nn.Flatten(),
        )  # fmt: skip
        self.tell = nn.Linear(width, 1)

    def forward(self, heard: Tensor) -> Tensor:
        """Map (B, 1, T) to logits (B, 1)."""
        found: Tensor = self.tell(self.look(heard))
        return found


def compressors(seed: int, *, count: int = 3000, steps: int = 24, width: int = 16) -> Parts:
    """Say whether a compressor fails within the week: one in twenty, three in ten that knock."""
    rng = begin(seed, "compressors")
    knocks = rng.random(count) < 0.17
    fails = knocks & (rng.random(count) < 0.3)
    heard = 0.5 * rng.normal(size=(count, steps))
    at = np.arange(steps)[None]
    knock = np.exp(-(((at - rng.integers(4, steps - 4, size=(count, 1))) / 1.6) ** 2) / 2)
    height = np.where(knocks, 2.0, 0.3) + 0.3 * rng.normal(size=count)
    train, valid = cut({"input": (heard + height[:, None] * knock)[:, None]}, 1.0 * fails[:, None])
    return Parts(
        "text", Compressors(width), train, valid,
        lambda m: torch.optim.Adam(m.parameters(), lr=3e-3), rare_counts, size=64,
    )  # fmt: skip


def boilers(seed: int, *, count: int = 1500, features: int = 6, width: int = 36) -> Parts:
    """Give heat, loss and wear of a boiler by columns as they were read, scaled by a batch norm."""
    rng = begin(seed, "boilers")
    rows = rng.normal(size=(count, features))
    heat = np.tanh(1.5 * rows[:, 0]) + 0.6 * rows[:, 1]
    lost = np.abs(rows[:, 2]) * 1.4 - 0.7 * rows[:, 0]
    wear = rows[:, 3] * np.sign(rows[:, 4]) + 0.5 * rows[:, 1]
    told = np.stack([heat, lost, wear], 1) + 0.1 * rng.normal(size=(count, 3))
    told = (told - told.mean(0)) / told.std(0)
    model = nn.Sequential(
        nn.BatchNorm1d(features), nn.Linear(features, width), nn.ReLU(), nn.Linear(width, width),
        nn.ReLU(), nn.Linear(width, 3),
    )  # fmt: skip
    read = np.linspace(8.0, 30.0, features) + np.linspace(3.0, 9.0, features) * rows
    train, valid = cut({"input": read}, told)
    return Parts(
        "table", model, train, valid, lambda m: torch.optim.Adam(m.parameters(), lr=8e-3),
        functional.mse_loss,
    )  # fmt: skip


class _Auctions(nn.Module):
    """Join vectors of house and maker with numbers."""

    def __init__(self, features: int, width: int) -> None:
        super().__init__()
        self.house, self.maker = nn.Embedding(6, 3), nn.Embedding(15, 4)
        self.tell = nn.Sequential(
            nn.Linear(features + 7, width), nn.ReLU(), nn.Linear(width, width), nn.ReLU(),
            nn.Linear(width, 1),
        )  # fmt: skip

    def forward(self, rows: Tensor, house: Tensor, maker: Tensor) -> Tensor:
        """Map (B, F) and twice (B,) to (B, 1)."""
        found: Tensor = self.tell(torch.cat([rows, self.house(house), self.maker(maker)], 1))
        return found


def auctions(seed: int, *, count: int = 1800, features: int = 5, width: int = 36) -> Parts:
    """Give the logarithm of what a clock is sold for, scaled, by house, maker and measures."""
    rng = begin(seed, "auctions")
    rows = rng.normal(size=(count, features))
    house, maker = rng.integers(6, size=count), rng.integers(15, size=count)
    price = 0.8 * rng.normal(size=15)[maker] + 0.5 * np.linspace(-1, 1, 6)[house]
    price = price + np.abs(rows[:, 0]) + 0.7 * rows[:, 1] * (rows[:, 2] > 0) - 0.5 * rows[:, 3]
    price = (price - price.mean()) / price.std() + 0.15 * rng.normal(size=count)
    train, valid = cut({"rows": rows, "house": house, "maker": maker}, price[:, None])
    return Parts(
        "table", _Auctions(features, width), train, valid,
        lambda m: torch.optim.AdamW(m.parameters(), lr=6e-3), functional.mse_loss,
    )  # fmt: skip


def churners(seed: int, *, count: int = 1600, features: int = 8, width: int = 32) -> Parts:
    """Say whether a customer leaves within the year."""
    rng = begin(seed, "churners")
    rows = rng.normal(size=(count, features))
    leaves = rows[:, 0] * rows[:, 1] + 1.2 * np.maximum(rows[:, 2], rows[:, 3]) - rows[:, 4]
    left = leaves - np.median(leaves) + 0.3 * rng.normal(size=count) > 0
    model = nn.Sequential(
        nn.Linear(features, width), nn.ReLU(), nn.Linear(width, width), nn.ReLU(),
        nn.Linear(width, 1),
    )  # fmt: skip
    train, valid = cut({"input": rows}, 1.0 * left[:, None])
    return Parts(
        "table", model, train, valid, lambda m: torch.optim.Adam(m.parameters(), lr=6e-3),
        functional.binary_cross_entropy_with_logits,
    )  # fmt: skip


def alloys(seed: int, *, count: int = 1500, features: int = 5, width: int = 40) -> Parts:
    """Give the strength of an alloy, in which its parts work together."""
    rng = begin(seed, "alloys")
    rows = rng.normal(size=(count, features))
    strength = np.abs(rows[:, 0]) + rows[:, 1] * rows[:, 2] + np.cos(1.5 * rows[:, 3])
    strength = (strength - strength.mean()) / strength.std() + 0.1 * rng.normal(size=count)
    model = nn.Sequential(
        nn.Linear(features, width), nn.GELU(), nn.Linear(width, width), nn.GELU(),
        nn.Linear(width, 1),
    )  # fmt: skip
    train, valid = cut({"input": rows}, strength[:, None])
    return Parts(
        "table", model, train, valid, lambda m: torch.optim.AdamW(m.parameters(), lr=8e-3),
        functional.mse_loss,
    )  # fmt: skip
