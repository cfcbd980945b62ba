"""Healthy models of texts and series of four more tasks, for the eleventh list."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from inundate.cli.doctor_bench.parts import Parts
from inundate.cli.doctor_bench.scenes import begin, cut

__all__ = [
    "WORDS", "Complaints", "Rhymes", "Rooms", "Whistles", "complaints", "rhymes", "rooms",
    "whistles",
]  # fmt: skip

WORDS = 50
_SOUNDS = 8


class Whistles(nn.Module):
    """Convolve a recording twice, and tell from the means of its four quarters."""

    def __init__(self, steps: int, width: int) -> None:
        super().__init__()
        self.look = nn.Sequential(
            nn.Conv1d(1, width, 5, padding=2), nn.GELU(),
            nn.Conv1d(width, width, 5, stride=2, padding=2), nn.GELU(),
            nn.AvgPool1d(steps // 8), nn.Flatten(),
        )  # fmt: skip
        self.tell = nn.Linear(4 * width, 4)

    def forward(self, recordings: Tensor) -> Tensor:
        """Map (B, 1, T) to scores (B, 4)."""
        found: Tensor = self.tell(self.look(recordings))
        return found


def whistles(seed: int, *, count: int = 1000, steps: int = 32, width: int = 20) -> Parts:
    """Say whether a whistle rises, falls or stays, or whether the recorder heard nothing.

    Each recorder has a level of its own, which is all that is left where nothing was heard.
    """
    rng = begin(seed, "whistles")
    kind = rng.integers(4, size=count)
    at = np.arange(steps) - steps / 2
    pitch, first = rng.uniform(0.16, 0.2, size=count), rng.uniform(0, 2 * np.pi, size=count)
    bend = np.array([0.0, 0.004, -0.004, 0.0])[kind]
    turned = pitch[:, None] * at + 0.5 * bend[:, None] * at**2
    heard = np.sin(2 * np.pi * turned + first[:, None]) + 0.2 * rng.normal(size=(count, steps))
    heard[kind == 0] = 0.0
    level = rng.integers(-32768, 32768, size=(count, 1)) / 65536  # exact in single precision
    train, valid = cut({"input": (heard + level)[:, None]}, kind)
    return Parts(
        "text", Whistles(steps, width), train, valid,
        lambda m: torch.optim.Adam(m.parameters(), lr=6e-3), functional.cross_entropy,
    )  # fmt: skip


class Rooms(nn.Module):
    """Read a window by a GRU, and tell the next four temperatures from its last state."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.read = nn.GRU(3, width, batch_first=True)
        self.tell = nn.Linear(width, 4)

    def forward(self, window: Tensor) -> Tensor:
        """Map (B, T, 3) to (B, 4)."""
        found: Tensor = self.tell(self.read(window)[0][:, -1])
        return found


def rooms(seed: int, *, count: int = 1200, steps: int = 12, width: int = 28) -> Parts:
    """Forecast the temperature of a room with a thermostat, by room, weather and heating so far.

    All windows are of one long series; the last ones, behind a gap, are for validation.
    """
    rng = begin(seed, "rooms")
    every = 3 * count + 2 * (steps + 4)
    cold = np.sin(2 * np.pi * np.arange(every) / 24 + rng.uniform(0, 6))
    cold = cold + 0.3 * rng.normal(size=every)
    room, heating = np.zeros(every), np.zeros(every)
    for i in range(1, every):
        on = heating[i - 1] if abs(room[i - 1]) < 0.8 else float(room[i - 1] < 0)
        heating[i] = on
        pull = (2.6 if on else -1.8) + 0.6 * cold[i] - room[i - 1]
        room[i] = room[i - 1] + 0.22 * pull + 0.04 * rng.normal()
    told = np.stack([room, cold, 2.0 * heating - 1.0], 1)
    at, gap = np.arange(count)[:, None], steps + 4
    starts = 3 * at + gap * (at >= count * 3 // 4)
    windows = told[starts + np.arange(steps)]
    train, valid = cut({"input": windows}, room[starts + steps + np.arange(4)])
    return Parts(
        "text", Rooms(width), train, valid, lambda m: torch.optim.AdamW(m.parameters(), lr=6e-3),
        functional.smooth_l1_loss,
    )  # fmt: skip


class Rhymes(nn.Module):
    """Read sounds by an LSTM, and score the next one at each place."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.embed = nn.Embedding(_SOUNDS, 16)
        self.read = nn.LSTM(16, width, batch_first=True)
        self.tell = nn.Sequential(nn.Linear(width, 32), nn.ReLU(), nn.Linear(32, _SOUNDS))

    def forward(self, sounds: Tensor) -> Tensor:
        """Map (B, L) to scores of the next sounds (B, 8, L)."""
        found: Tensor = self.tell(self.read(self.embed(sounds))[0])
        return found.transpose(1, 2)


def rhymes(seed: int, *, count: int = 700, length: int = 24, width: int = 40) -> Parts:
    """Write on rhymes in which two sounds together tell the next one, but for one in six."""
    rng = begin(seed, "rhymes")
    follows = np.stack([rng.permutation(_SOUNDS) for _ in range(_SOUNDS)])
    sounds = rng.integers(_SOUNDS, size=(count, length + 1))
    free = rng.random(sounds.shape) < 1 / 6
    for i in range(2, length + 1):
        next_one = follows[sounds[:, i - 2], sounds[:, i - 1]]
        sounds[:, i] = np.where(free[:, i], sounds[:, i], next_one)
    train, valid = cut({"sounds": sounds[:, :-1].copy()}, sounds[:, 1:].copy())
    return Parts(
        "text", Rhymes(width), train, valid, lambda m: torch.optim.Adam(m.parameters(), lr=1e-2),
        functional.cross_entropy,
    )  # fmt: skip


class Complaints(nn.Module):
    """Read a text from its end to its begin by a GRU, so that what fills it up comes first."""

    def __init__(self, width: int, words: int = WORDS) -> None:
        super().__init__()
        self.embed = nn.Embedding(words, width, padding_idx=0)
        self.read = nn.GRU(width, width, batch_first=True)
        self.tell = nn.Linear(width, 4)

    def forward(self, tokens: Tensor) -> Tensor:
        """Map (B, L) to scores (B, 4)."""
        found: Tensor = self.tell(self.read(self.embed(tokens.flip(1)))[0][:, -1])
        return found


def complaints(seed: int, *, count: int = 1400, length: int = 10, width: int = 28) -> Parts:
    """Say which of four things a text complains about: the first that it names."""
    rng = begin(seed, "complaints")
    texts = np.zeros((count, length), np.int64)
    kind = rng.integers(4, size=count)
    for text, own in zip(texts, kind, strict=True):
        many = int(rng.integers(5, length + 1))
        text[:many] = rng.integers(17, WORDS, size=many)
        first, later = np.sort(rng.permutation(many)[:2])
        text[first] = 1 + 4 * own + rng.integers(4)
        text[later] = 1 + rng.integers(16)
    train, valid = cut({"tokens": texts}, kind)
    return Parts(
        "text", Complaints(width), train, valid,
        lambda m: torch.optim.Adam(m.parameters(), lr=1e-2), functional.cross_entropy,
    )  # fmt: skip
