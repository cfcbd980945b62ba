"""Healthy models of texts and series of four more tasks, for the thirteenth list."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from inundate.cli.doctor_bench.parts import Parts
from inundate.cli.doctor_bench.scenes import begin, cut

__all__ = [
    "Heartbeats", "Recipes", "Turbines", "Verdicts", "heartbeats", "recipes", "turbines",
    "verdicts",
]  # fmt: skip

_WORDS = 44


class Heartbeats(nn.Module):
    """Take level and loudness off each recording, convolve twice, and take the largest."""

    def __init__(self, width: int, *, tracked: bool = False) -> None:
        super().__init__()
        self.alike = nn.InstanceNorm1d(1, track_running_stats=tracked)
        self.look = nn.Sequential(
            nn.Conv1d(1, width, 7, padding=3), nn.ReLU(),
            nn.Conv1d(width, width, 5, stride=2, padding=2), nn.ReLU(), nn.AdaptiveMaxPool1d(2),
            nn.Flatten(),
        )  # fmt: skip
        self.tell = nn.Linear(2 * width, 4)

    def forward(self, recordings: Tensor) -> Tensor:
        """Map (B, 1, T) to scores (B, 4)."""
        found: Tensor = self.tell(self.look(self.alike(recordings)))
        return found


def heartbeats(
    seed: int, *, count: int = 1200, steps: int = 40, width: int = 20, normal: float = 0.25
) -> Parts:
    """Say whether a beat is normal, early, broad or upside down; recorders differ in loudness."""
    rng = begin(seed, "heartbeats")
    kind = rng.choice(4, size=count, p=[normal, *([(1 - normal) / 3] * 3)])
    at = np.arange(steps)[None]
    middle = np.where(kind == 1, 0.22, 0.55) * steps + rng.uniform(-2, 2, size=count)
    broad = np.where(kind == 2, 4.0, 1.6)
    height = np.where(kind == 3, -1.0, 1.0) * rng.uniform(0.8, 1.2, size=count)
    beat = height[:, None] * np.exp(-(((at - middle[:, None]) / broad[:, None]) ** 2) / 2)
    beat = beat + 0.15 * np.sin(2 * np.pi * at / steps + rng.uniform(0, 6, size=(count, 1)))
    beat = beat + 0.12 * rng.normal(size=beat.shape)
    loud = np.exp(rng.uniform(-3.0, 3.0, size=(count, 1)))
    level = 4.0 * rng.normal(size=(count, 1))
    train, valid = cut({"input": (loud * (beat + level))[:, None]}, kind)
    return Parts(
        "text", Heartbeats(width), train, valid,
        lambda m: torch.optim.Adam(m.parameters(), lr=5e-3), functional.cross_entropy,
    )  # fmt: skip


class Recipes(nn.Module):
    """Read a recipe both ways by an LSTM, and tell from the mean over the words."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.embed = nn.Embedding(_WORDS, width, padding_idx=0)
        self.read = nn.LSTM(width, width // 2, batch_first=True, bidirectional=True)
        self.tell = nn.Linear(width, 1)

    def vectors(self, tokens: Tensor) -> Tensor:
        """Look the words (B, L) up."""
        found: Tensor = self.embed(tokens)
        return found

    def joined(self, states: Tensor, tokens: Tensor) -> Tensor:
        """Take the mean of the states (B, L, W) where there is a word."""
        there = (tokens > 0).float()[..., None]
        return (states * there).sum(1) / there.sum(1).clamp(min=1)

    def forward(self, tokens: Tensor) -> Tensor:
        """Map (B, L) to (B, 1)."""
        found: Tensor = self.tell(self.joined(self.read(self.vectors(tokens))[0], tokens))
        return found


def recipes(seed: int, *, count: int = 1400, length: int = 16, width: int = 24) -> Parts:
    """Give how long a recipe takes: each thing takes its time, twice that behind "slowly"."""
    rng = begin(seed, "recipes")
    texts = np.zeros((count, length), np.int64)
    takes = np.concatenate([[0.0, 0.0], rng.normal(size=18), np.zeros(_WORDS - 20)])
    time = np.zeros(count)
    for row, text in enumerate(texts):
        many = int(rng.integers(6, 13))
        text[:many] = rng.integers(2, _WORDS, size=many)
        slow = int(rng.integers(many - 1))
        text[slow] = 1
        told = takes[text[:many]]
        time[row] = (told.sum() + told[slow + 1]) / np.sqrt(many)
    time = (time - time.mean()) / time.std() + 0.1 * rng.normal(size=count)
    train, valid = cut({"tokens": texts}, time[:, None])
    return Parts(
        "text", Recipes(width), train, valid, lambda m: torch.optim.Adam(m.parameters(), lr=1e-2),
        functional.mse_loss,
    )  # fmt: skip


class Verdicts(nn.Module):
    """Read a text by a GRU, what fills it up first, and tell from the last state."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.embed = nn.Embedding(_WORDS, width)
        self.read = nn.GRU(width, width, batch_first=True)
        self.tell = nn.Linear(width, 4)

    def forward(self, tokens: Tensor) -> Tensor:
        """Map (B, L) to scores (B, 4)."""
        found: Tensor = self.tell(self.read(self.embed(tokens))[0][:, -1])
        return found


def verdicts(seed: int, *, count: int = 1400, length: int = 18, width: int = 28) -> Parts:
    """Say which of four verdicts is given: that behind "but" where there is one, else the only one.

    The empty places of a row stand in front of the text.
    """
    rng = begin(seed, "verdicts")
    texts = np.zeros((count, length), np.int64)
    verdict = rng.integers(4, size=count)
    for text, own in zip(texts, verdict, strict=True):
        many = int(rng.integers(5, 10))
        words = rng.integers(18, _WORDS, size=many)
        words[-int(rng.integers(1, 3))] = 2 + 4 * own + rng.integers(4)
        if rng.random() < 0.5:
            words[many // 2] = 1
            words[int(rng.integers(many // 2))] = 2 + rng.integers(16)
        text[-many:] = words
    train, valid = cut({"tokens": texts}, verdict)
    return Parts(
        "text", Verdicts(width), train, valid,
        lambda m: torch.optim.AdamW(m.parameters(), lr=8e-3), functional.cross_entropy,
    )  # fmt: skip


class Turbines(nn.Module):
    """Read wind and power by LSTMs on top of each other, and tell from the last state."""

    def __init__(self, width: int, layers: int = 1) -> None:
        super().__init__()
        self.read = nn.LSTM(3, width, layers, batch_first=True)
        self.tell = nn.Linear(width, 2)

    def forward(self, series: Tensor) -> Tensor:
        """Map (B, T, 3) to (B, 2)."""
        found: Tensor = self.tell(self.read(series)[0][:, -1])
        return found


def turbines(seed: int, *, count: int = 1200, steps: int = 14, width: int = 28) -> Parts:
    """Forecast the next two powers of a turbine by wind, its direction, and power so far."""
    rng = begin(seed, "turbines")
    every = steps + 2
    period = rng.uniform(6, 14, size=(count, 1))
    wind = np.sin(2 * np.pi * np.arange(every) / period + rng.uniform(0, 6, size=(count, 1)))
    wind = wind + 0.1 * rng.normal(size=wind.shape)
    turned = rng.normal(size=(count, 1)) + 0.1 * rng.normal(size=wind.shape)
    power = np.tanh(1.5 * np.roll(wind, 1, 1)) * np.cos(turned) + 0.3 * turned
    power = (power + 0.05 * rng.normal(size=power.shape)) / 0.7
    series = np.stack([wind, turned, power], 2)[:, :steps]
    train, valid = cut({"input": series}, power[:, steps:])
    return Parts(
        "text", Turbines(width), train, valid, lambda m: torch.optim.NAdam(m.parameters(), lr=8e-3),
        functional.smooth_l1_loss,
    )  # fmt: skip
