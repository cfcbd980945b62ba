"""Healthy models of texts and series of seven more tasks, for the tenth list."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from inundate.cli.doctor_bench.parts import Parts
from inundate.cli.doctor_bench.scenes import begin, cut

__all__ = [
    "Dictation", "Menus", "Prices", "Senses", "Tunes", "alarms", "demands", "dictation", "menus",
    "pinball", "prices", "senses", "spoken", "tunes",
]  # fmt: skip

_WORDS = 42
_APART = (1, 2, 4)  # notes between the two that a layer of Tunes sees


class Menus(nn.Module):
    """Read an order by two transformer layers, and tell from the state of a word set before it."""

    def __init__(self, length: int, width: int) -> None:
        super().__init__()
        self.embed = nn.Embedding(_WORDS, width, padding_idx=0)
        self.place = nn.Parameter(0.3 * torch.randn(length + 1, width))
        self.blocks = nn.ModuleList(
            nn.TransformerEncoderLayer(
                width, 4, 2 * width, 0.0, "gelu", batch_first=True, norm_first=True
            )
            for _ in range(2)
        )
        self.tell = nn.Linear(width, 5)

    def empty(self, tokens: Tensor) -> Tensor:
        """Say which places (B, L) hold no word."""
        return tokens == 0

    def forward(self, tokens: Tensor) -> Tensor:
        """Map (B, L) to logits (B, 5)."""
        held = functional.pad(tokens, (1, 0), value=_WORDS - 1)
        states = self.embed(held) + self.place[: held.shape[1]]
        for block in self.blocks:
            states = block(states, src_key_padding_mask=self.empty(held))
        found: Tensor = self.tell(states[:, 0])
        return found


def menus(seed: int, *, count: int = 1400, length: int = 12, width: int = 24) -> Parts:
    """Say which of five things are ordered; what stands behind "without" is not."""
    rng = begin(seed, "menus")
    texts = np.zeros((count, length), np.int64)
    wanted = np.zeros((count, 5))
    for text, own in zip(texts, wanted, strict=True):
        many = int(rng.integers(7, length + 1))
        text[:many] = rng.integers(13, _WORDS - 1, size=many)
        kinds = rng.permutation(5)[:3]
        places = 1 + 2 * np.argsort(rng.random((many - 1) // 2))[:3]
        for kind, place in zip(kinds, places, strict=True):
            text[place] = 1 + 2 * kind + rng.integers(2)
            if rng.random() < 0.4:
                text[place - 1] = 11 + rng.integers(2)
            else:
                own[kind] = 1.0
    train, valid = cut({"tokens": texts}, wanted)
    return Parts(
        "text", Menus(length, width), train, valid,
        lambda m: torch.optim.AdamW(m.parameters(), lr=8e-3),
        functional.binary_cross_entropy_with_logits,
    )  # fmt: skip


class Tunes(nn.Module):
    """Three layers of gated convolutions that look back alone."""

    ahead = 0  # notes to come that a layer sees

    def __init__(self, width: int) -> None:
        super().__init__()
        self.embed = nn.Embedding(12, width)
        self.layers = nn.ModuleList(nn.Conv1d(width, 2 * width, 2, dilation=d) for d in _APART)
        self.tell = nn.Conv1d(width, 12, 1)

    def forward(self, notes: Tensor) -> Tensor:
        """Map (B, L) to scores of the next notes (B, 12, L)."""
        states = self.embed(notes).transpose(1, 2)
        for apart, layer in zip(_APART, self.layers, strict=True):
            filled = functional.pad(states, (apart - self.ahead, self.ahead))
            value, gate = layer(filled).chunk(2, 1)
            states = states + value.tanh() * gate.sigmoid()
        found: Tensor = self.tell(states)
        return found


def tunes(seed: int, *, count: int = 700, length: int = 14, width: int = 32) -> Parts:
    """Write on tunes of two voices in turn, each of which goes on by its own interval."""
    rng = begin(seed, "tunes")
    first, interval = rng.integers(12, size=(count, 2)), rng.integers(1, 4, size=(count, 2))
    at = np.arange(length + 1)
    notes = (first[:, at % 2] + interval[:, at % 2] * (at // 2)) % 12
    train, valid = cut({"notes": notes[:, :-1].copy()}, notes[:, 1:].copy())
    return Parts(
        "text", Tunes(width), train, valid,
        lambda m: torch.optim.Adam(m.parameters(), lr=6e-3, betas=(0.9, 0.98)),
        functional.cross_entropy,
    )  # fmt: skip


def spoken(output: Tensor, target: Tensor, frames: int | None = None) -> Tensor:
    """Give the loss of three letters, wherever they are said in the frames (B, T, 6)."""
    many = len(output)
    said = output.log_softmax(2).transpose(0, 1)
    heard = torch.full((many,), output.shape[1] if frames is None else frames)
    letters = torch.full((many,), target.shape[1])
    return functional.ctc_loss(said, target, heard, letters, zero_infinity=True)


class Dictation(nn.Module):
    """Convolve frames, read them both ways, and score five letters and none in each."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.look = nn.Sequential(nn.Conv1d(6, width, 3, padding=1), nn.ReLU())
        self.read = nn.GRU(width, width // 2, batch_first=True, bidirectional=True)
        self.tell = nn.Linear(width, 6)

    def forward(self, frames: Tensor) -> Tensor:
        """Map (B, T, 6) to scores (B, T, 6), the first of which is that of no letter."""
        states = self.look(frames.transpose(1, 2)).transpose(1, 2)
        found: Tensor = self.tell(self.read(states)[0])
        return found


def dictation(seed: int, *, count: int = 900, length: int = 14, width: int = 24) -> Parts:
    """Write down three letters that are said in fourteen frames, each as long as it takes."""
    rng = begin(seed, "dictation")
    sounds = 1.5 * rng.normal(size=(6, 6))
    sounds[0] = 0.0
    letters = rng.integers(1, 6, size=(count, 3))
    said = np.zeros((count, length), np.int64)
    for row, own in zip(said, letters, strict=True):
        at = int(rng.integers(0, 2))
        for letter in own:
            long = int(rng.integers(2, 4))
            row[at : at + long] = letter
            at += long + int(rng.integers(1, 3 if at < length - 8 else 2))
    frames = sounds[said] + 0.4 * rng.normal(size=(count, length, 6))
    train, valid = cut({"frames": frames}, letters)
    return Parts(
        "text", Dictation(width), train, valid,
        lambda m: torch.optim.Adam(m.parameters(), lr=1e-2), spoken,
    )  # fmt: skip


def pinball(output: Tensor, target: Tensor) -> Tensor:
    """Give the loss of three quantiles (B, 3) of a number (B, 1)."""
    levels = torch.tensor([0.1, 0.5, 0.9])
    error = target - output
    return torch.maximum(levels * error, (levels - 1) * error).mean()


class _Demands(nn.Module):
    """Read a series by an LSTM, and tell from its last state."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.read = nn.LSTM(2, width, batch_first=True)
        self.tell = nn.Sequential(nn.Linear(width, width), nn.ELU(), nn.Linear(width, 3))

    def forward(self, series: Tensor) -> Tensor:
        """Map (B, T, 2) to (B, 3)."""
        found: Tensor = self.tell(self.read(series)[0][:, -1])
        return found


def demands(seed: int, *, count: int = 1200, steps: int = 16, width: int = 24) -> Parts:
    """Give three quantiles of the next demand of a house, by demand and temperature so far."""
    rng = begin(seed, "demands")
    at = np.arange(steps + 1)[None]
    period, first = rng.uniform(5, 12, size=(count, 1)), rng.uniform(0, 2 * np.pi, size=(count, 1))
    warm = np.cumsum(rng.normal(size=(count, steps + 1)), 1) / 3.0
    demand = 1.3 * np.sin(2 * np.pi * at / period + first) + 0.8 * np.tanh(np.roll(warm, 1, 1))
    demand = demand + 0.1 * rng.normal(size=demand.shape)
    series = np.stack([demand[:, :-1], warm[:, :-1]], 2)
    train, valid = cut({"input": series}, demand[:, -1:])
    return Parts(
        "text", _Demands(width), train, valid,
        lambda m: torch.optim.NAdam(m.parameters(), lr=6e-3), pinball,
    )  # fmt: skip


class Senses(nn.Module):
    """Look at three words at a time, and tell from those around the place that is asked for."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.embed = nn.Embedding(_WORDS, width)
        self.look = nn.Conv1d(width, width, 3, padding=1)
        self.tell = nn.Sequential(nn.Linear(width, width), nn.Tanh(), nn.Linear(width, 4))

    def forward(self, tokens: Tensor, place: Tensor) -> Tensor:
        """Map (B, L) and (B,) to scores (B, 4)."""
        states = self.look(self.embed(tokens).transpose(1, 2)).tanh()
        found: Tensor = self.tell(states[torch.arange(len(tokens)), :, place])
        return found


def senses(seed: int, *, count: int = 1200, length: int = 10, width: int = 24) -> Parts:
    """Say in which of four senses the word at a place is meant, by the words beside it."""
    rng = begin(seed, "senses")
    sense = rng.integers(4, size=count)
    texts = rng.integers(4, _WORDS, size=(count, length))
    place = rng.integers(1, length - 1, size=count)
    texts[np.arange(count), place] = rng.integers(4, size=count)
    beside = place + rng.choice([-1, 1], size=count)
    texts[np.arange(count), 2 * place - beside] = rng.integers(24, _WORDS, size=count)
    texts[np.arange(count), beside] = 4 + 5 * sense + rng.integers(5, size=count)
    train, valid = cut({"tokens": texts, "place": place}, sense)
    return Parts(
        "text", Senses(width), train, valid, lambda m: torch.optim.RMSprop(m.parameters(), lr=4e-3),
        functional.cross_entropy,
    )  # fmt: skip


class Prices(nn.Module):
    """Read a text by a GRU up to its last word, and tell a number."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.embed = nn.Embedding(_WORDS, width, padding_idx=0)
        self.read = nn.GRU(width, width, batch_first=True)
        self.tell = nn.Linear(width, 1)

    def forward(self, tokens: Tensor) -> Tensor:
        """Map (B, L) to (B, 1)."""
        states = self.read(self.embed(tokens))[0]
        last = (tokens > 0).sum(1).clamp(min=1) - 1
        found: Tensor = self.tell(states[torch.arange(len(tokens)), last])
        return found


def prices(seed: int, *, count: int = 1400, length: int = 9, width: int = 32) -> Parts:
    """Give the price that a text names: two digits behind a mark; other digits are of no use."""
    rng = begin(seed, "prices")
    texts = np.zeros((count, length), np.int64)
    digits = rng.integers(10, size=(count, 2))
    for text, own in zip(texts, digits, strict=True):
        many = int(rng.integers(5, length + 1))
        text[:many] = rng.integers(13, _WORDS, size=many)
        at = int(rng.integers(0, many - 2))
        text[int(rng.integers(many))] = 1 + rng.integers(10)
        text[at : at + 3] = 11, 1 + own[0], 1 + own[1]
    price = (10.0 * digits[:, :1] + digits[:, 1:] - 49.5) / 29.0
    train, valid = cut({"tokens": texts}, price)
    return Parts(
        "text", Prices(width), train, valid, lambda m: torch.optim.Adam(m.parameters(), lr=1e-2),
        nn.functional.mse_loss,
    )  # fmt: skip


class _Alarms(nn.Module):
    """Read a series by a GRU, and tell at each step."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.read = nn.GRU(3, width, batch_first=True)
        self.tell = nn.Linear(width, 1)

    def forward(self, series: Tensor) -> Tensor:
        """Map (B, T, 3) to logits (B, T)."""
        found: Tensor = self.tell(self.read(series)[0])[..., 0]
        return found


def alarms(seed: int, *, count: int = 800, steps: int = 14, width: int = 32) -> Parts:
    """Say at each step whether pressure over three steps is high while the valve is shut."""
    rng = begin(seed, "alarms")
    series = rng.normal(size=(count, steps, 3))
    series[..., 1] = 2.0 * np.repeat(rng.integers(2, size=(count, steps // 2)), 2, 1) - 1.0
    before = np.pad(series[..., 0], ((0, 0), (2, 0)))
    load = before[:, 2:] + before[:, 1:-1] + before[:, :-2]
    alarm = (load > 0.6) & (series[..., 1] > 0)
    train, valid = cut({"input": series}, 1.0 * alarm)
    return Parts(
        "text", _Alarms(width), train, valid,
        lambda m: torch.optim.AdamW(m.parameters(), lr=1e-2),
        functional.binary_cross_entropy_with_logits,
    )  # fmt: skip
