"""Healthy models of texts and series of three more tasks, for the twelfth list."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils.rnn import pack_padded_sequence

from inundate.cli.doctor_bench.parts import Parts
from inundate.cli.doctor_bench.scenes import begin, cut

__all__ = ["Bearings", "Ferries", "Headlines", "bearings", "ferries", "headlines"]

_WORDS = 48
_SEASON = 12


class Bearings(nn.Module):
    """Convolve vibrations twice, and tell from the mean over time."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.look = nn.Sequential(
            nn.Conv1d(2, width, 9, stride=2, padding=4), nn.BatchNorm1d(width), nn.ReLU(),
            nn.Conv1d(width, width, 7, padding=3), nn.BatchNorm1d(width), nn.ReLU(),
        )  # fmt: skip
        self.tell = nn.Linear(width, 4)

    def forward(self, vibrations: Tensor) -> Tensor:
        """Map (B, 2, T) to scores (B, 4)."""
        found: Tensor = self.tell(self.look(vibrations).mean(2))
        return found


def bearings(seed: int, *, count: int = 1200, steps: int = 64, width: int = 20) -> Parts:
    """Say what is worn in a bearing, by how often it knocks: never, or each 6, 9 or 13 steps."""
    rng = begin(seed, "bearings")
    kind = rng.integers(4, size=count)
    apart = np.array([steps * 2, 6, 9, 13])[kind]
    first = np.where(kind == 0, steps * 2, (rng.random(count) * apart).astype(int))
    since = (np.arange(steps) + steps * 4 * apart[:, None] - first[:, None]) % apart[:, None]
    knock = np.exp(-since / 1.5) * np.cos(2.0 * since) * (kind > 0)[:, None]
    loud = rng.uniform(1.6, 2.6, size=(count, 1))
    heard = np.stack([loud * knock, -0.6 * loud * np.roll(knock, 1, 1)], 1)
    heard = heard + 0.7 * rng.normal(size=heard.shape)
    train, valid = cut({"input": heard}, kind)
    return Parts(
        "text", Bearings(width), train, valid, lambda m: torch.optim.Adam(m.parameters(), lr=5e-3),
        functional.cross_entropy,
    )  # fmt: skip


class Headlines(nn.Module):
    """Read the words of a headline by an LSTM that never sees what fills the row up."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.embed = nn.Embedding(_WORDS, width, padding_idx=0)
        self.read = nn.LSTM(width, width, batch_first=True)
        self.tell = nn.Linear(width, 5)

    def lengths(self, tokens: Tensor) -> Tensor:
        """Count the words of each row (B, L)."""
        return (tokens > 0).sum(1).clamp(min=1)

    def forward(self, tokens: Tensor) -> Tensor:
        """Map (B, L) to scores (B, 5)."""
        packed = pack_padded_sequence(
            self.embed(tokens), self.lengths(tokens).cpu(), batch_first=True, enforce_sorted=False
        )
        found: Tensor = self.tell(self.read(packed)[1][0][-1])
        return found


def headlines(seed: int, *, count: int = 1500, length: int = 60, width: int = 28) -> Parts:
    """Say for which of five desks a headline is: the subject behind "on" or "about" counts."""
    rng = begin(seed, "headlines")
    texts = np.zeros((count, length), np.int64)
    desk = rng.integers(5, size=count)
    for text, own in zip(texts, desk, strict=True):
        many = int(rng.integers(5, 11))
        text[:many] = rng.integers(23, _WORDS, size=many)
        text[int(rng.integers(many))] = 3 + rng.integers(20)
        at = int(rng.integers(0, many - 1))
        if at and 3 <= text[at - 1] < 23:
            text[at - 1] = rng.integers(23, _WORDS)
        text[at : at + 2] = 1 + rng.integers(2), 3 + 4 * own + rng.integers(4)
    train, valid = cut({"tokens": texts}, desk)
    return Parts(
        "text", Headlines(width), train, valid,
        lambda m: torch.optim.AdamW(m.parameters(), lr=1e-2), functional.cross_entropy,
    )  # fmt: skip


class Ferries(nn.Module):
    """Three convolutions that look back further and further, each beside an open way."""

    def __init__(self, width: int, apart: tuple[int, ...] = (1, 2, 4)) -> None:
        super().__init__()
        self.apart = apart
        self.into = nn.Conv1d(3, width, 1)
        self.layers = nn.ModuleList(nn.Conv1d(width, width, 3, dilation=d) for d in apart)
        self.tell = nn.Linear(width, 2)

    def forward(self, series: Tensor) -> Tensor:
        """Map (B, 3, T) to (B, 2)."""
        states = self.into(series)
        for apart, layer in zip(self.apart, self.layers, strict=True):
            states = states + layer(functional.pad(states, (2 * apart, 0))).relu()
        found: Tensor = self.tell(states[..., -1])
        return found


def ferries(seed: int, *, count: int = 1400, steps: int = 16, width: int = 24) -> Parts:
    """Forecast the next two counts of passengers of a line that has its own day of twelve trips."""
    rng = begin(seed, "ferries")
    day, at = rng.normal(size=(count, _SEASON)), np.arange(steps + 2)
    rain = rng.normal(size=(count, steps + 2))
    feast = 2.0 * rng.integers(2, size=(count, 1)) - 1.0
    told = day[:, at % _SEASON] - 0.6 * np.abs(np.roll(rain, 1, 1)) + 0.5 + 0.3 * feast
    told = told + 0.15 * rng.normal(size=told.shape)
    series = np.stack([told, rain, np.repeat(feast, steps + 2, 1)], 1)[..., :steps]
    train, valid = cut({"input": series}, told[:, steps:])
    return Parts(
        "text", Ferries(width), train, valid, lambda m: torch.optim.Adam(m.parameters(), lr=6e-3),
        functional.mse_loss,
    )  # fmt: skip
