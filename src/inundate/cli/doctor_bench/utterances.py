"""Healthy models of texts of six more tasks, for the ninth list."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from inundate.cli.doctor_bench.parts import Parts
from inundate.cli.doctor_bench.scenes import begin, cut

__all__ = [
    "Choices", "Dates", "Nesting", "Reviews", "Urgency", "choices", "dates", "each_place",
    "nesting", "reviews", "urgency", "wheres",
]  # fmt: skip

_WORDS = 50


class Urgency(nn.Module):
    """Convolve two and three words, and take the largest of each filter."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.embed = nn.Embedding(_WORDS, width)
        self.looks: Any = nn.ModuleList([nn.Conv1d(width, width, wide) for wide in (1, 2, 3)])
        self.tell = nn.Linear(3 * width, 3)

    def forward(self, tokens: Tensor) -> Tensor:
        """Map (B, L) to logits of three thresholds (B, 3)."""
        states = self.embed(tokens).transpose(1, 2)
        found: Tensor = self.tell(
            torch.cat([look(states).relu().amax(2) for look in self.looks], 1)
        )
        return found


def urgency(seed: int, *, count: int = 1200, length: int = 12, width: int = 16) -> Parts:
    """Say which of three thresholds of urgency a call for help passes."""
    rng = begin(seed, "urgency")
    level = rng.integers(4, size=count)
    texts = rng.integers(20, _WORDS, size=(count, length))
    for text, own in zip(texts, level, strict=True):
        at = int(rng.integers(length - 1))
        text[at : at + 2] = 1 + 4 * own + rng.integers(4), 17 + rng.integers(3)
        other = int(rng.integers(length))  # such a word alone, without "now" behind it, says little
        if abs(other - at) > 2 and other + 1 < length:
            text[other] = 1 + rng.integers(16)
    train, valid = cut({"input": texts}, 1.0 * (level[:, None] > np.arange(3)))
    return Parts(
        "text", Urgency(width), train, valid,
        lambda m: torch.optim.Adam(m.parameters(), lr=3e-3, betas=(0.9, 0.99)),
        functional.binary_cross_entropy_with_logits,
    )  # fmt: skip


class Choices(nn.Module):
    """Read a question by a GRU, and score four answers by their product with it."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.embed = nn.Embedding(_WORDS, width)
        self.read = nn.GRU(width, width, batch_first=True)
        self.answer = nn.Sequential(nn.Linear(width, width), nn.Tanh(), nn.Linear(width, width))
        self.worth = nn.Linear(width, 1)

    def heard(self, question: Tensor) -> Tensor:
        """Give what is asked (B, E)."""
        found: Tensor = self.read(self.embed(question))[0].mean(1)
        return found

    def forward(self, question: Tensor, answers: Tensor) -> Tensor:
        """Map (B, L) and (B, 4, M) to scores (B, 4)."""
        said = self.answer(self.embed(answers).mean(2))
        met = (said * self.heard(question)[:, None]).sum(2)
        found: Tensor = met + self.worth(said)[..., 0]
        return found


def choices(seed: int, *, count: int = 1500, length: int = 8, width: int = 24) -> Parts:
    """Choose of four answers the one that fits the subject that a question is about."""
    rng = begin(seed, "choices")
    subject = rng.integers(6, size=count)
    texts = rng.integers(37, _WORDS, size=(count, length))
    own = 1 + 3 * subject[:, None] + rng.integers(3, size=(count, 2))
    places = np.argsort(rng.random((count, length)), 1)[:, :2]
    texts[np.arange(count)[:, None], places] = own
    right = rng.integers(4, size=count)
    about = (subject[:, None] + 1 + np.argsort(rng.random((count, 5)), 1)[:, :4]) % 6
    about[np.arange(count), right] = subject
    answers = 19 + 3 * about[:, :, None] + rng.integers(3, size=(count, 4, 3))
    train, valid = cut({"question": texts, "answers": answers}, right)
    return Parts(
        "text", Choices(width), train, valid, lambda m: torch.optim.AdamW(m.parameters(), lr=6e-3),
        functional.cross_entropy,
    )  # fmt: skip


class Nesting(nn.Module):
    """Tell at each place from the state of a GRU how deep it is nested."""

    def __init__(self, width: int, batch_first: bool = True) -> None:
        super().__init__()
        self.embed = nn.Embedding(12, 8)
        self.read = nn.GRU(8, width, batch_first=batch_first)
        self.tell = nn.Linear(width, 1)

    def forward(self, tokens: Tensor) -> Tensor:
        """Map (B, L) to (B, L)."""
        found: Tensor = self.tell(self.read(self.embed(tokens))[0])[..., 0]
        return found


def each_place(output: Tensor, target: Tensor) -> Tensor:
    """Give the square error of the places that hold a text; -1 stands at the others."""
    there = target >= 0
    return (output - target)[there].square().mean()


def nesting(seed: int, *, count: int = 700, length: int = 18, width: int = 24) -> Parts:
    """Say how deep each place of a text stands in brackets; the text is 8 to 18 letters long."""
    rng = begin(seed, "nesting")
    texts = np.zeros((count, length), np.int64)
    deep = np.full((count, length), -1.0)
    for text, own in zip(texts, deep, strict=True):
        now = 0
        for place in range(int(rng.integers(8, length + 1))):
            kind = rng.random()
            if kind < 0.35:
                text[place], now = 1, now + 1
            elif kind < 0.65 and now:
                text[place], now = 2, now - 1
            else:
                text[place] = rng.integers(3, 12)
            own[place] = now
    train, valid = cut({"input": texts}, deep)
    return Parts(
        "text", Nesting(width), train, valid, lambda m: torch.optim.Adam(m.parameters(), lr=8e-3),
        each_place,
    )  # fmt: skip


class _Wheres(nn.Module):
    """Weigh the words of a post, and give a place from their sum."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.embed, self.weigh = nn.Embedding(_WORDS, width), nn.Embedding(_WORDS, 1)
        self.tell = nn.Sequential(nn.Linear(width, width), nn.SiLU(), nn.Linear(width, 2))

    def forward(self, tokens: Tensor) -> Tensor:
        """Map (B, L) to a place (B, 2)."""
        weights = self.weigh(tokens).softmax(1)
        found: Tensor = self.tell((weights * self.embed(tokens)).sum(1))
        return found


def wheres(seed: int, *, count: int = 1200, length: int = 10, width: int = 24) -> Parts:
    """Give north and east of where a post was written, by the names of one or two places."""
    rng = begin(seed, "wheres")
    place = rng.uniform(-1.7, 1.7, size=(20, 2))
    texts = rng.integers(20, _WORDS, size=(count, length))
    named = rng.integers(20, size=(count, 2))
    at = np.argsort(rng.random((count, length)), 1)[:, :2]
    texts[np.arange(count)[:, None], at] = named
    target = place[named].mean(1) + 0.05 * rng.normal(size=(count, 2))
    train, valid = cut({"input": texts}, target)
    return Parts(
        "text", _Wheres(width), train, valid,
        lambda m: torch.optim.Adamax(m.parameters(), lr=2e-2), nn.functional.mse_loss,
    )  # fmt: skip


class Dates(nn.Module):
    """Read a date by a transformer, and tell from the states of all its words."""

    def __init__(self, length: int, width: int) -> None:
        super().__init__()
        self.embed = nn.Embedding(_WORDS, width)
        self.place = nn.Parameter(0.3 * torch.randn(length, width))
        self.block = nn.TransformerEncoderLayer(width, 4, 2 * width, 0.0, batch_first=True)
        self.tell = nn.Linear(length * width, 6)

    def forward(self, tokens: Tensor) -> Tensor:
        """Map (B, L) to (B, 6)."""
        found: Tensor = self.tell(self.block(self.embed(tokens) + self.place).flatten(1))
        return found


def dates(seed: int, *, count: int = 1400, width: int = 24) -> Parts:
    """Give the month (of six) of a date, which some write before the day, others behind it."""
    rng = begin(seed, "dates")
    day, month = rng.integers(6, size=(2, count))
    turned = rng.integers(2, size=count)
    one, two = np.where(turned == 0, day, month), np.where(turned == 0, month, day)
    filler = rng.integers(20, _WORDS, size=(count, 3))
    texts = np.stack([10 + turned, filler[:, 0], one, filler[:, 1], two, filler[:, 2]], 1)
    train, valid = cut({"input": texts}, month)
    return Parts(
        "text", Dates(6, width), train, valid, lambda m: torch.optim.RAdam(m.parameters(), lr=6e-3),
        functional.cross_entropy,
    )  # fmt: skip


class Reviews(nn.Module):
    """Read sentence by sentence: the mean of the words, then an LSTM over sentences."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.embed = nn.Embedding(_WORDS, width, padding_idx=0)
        self.sentence = nn.Sequential(nn.Linear(width, width), nn.Tanh())
        self.read = nn.LSTM(width, width, batch_first=True)
        self.tell = nn.Linear(width, 3)

    def sentences(self, tokens: Tensor) -> Tensor:
        """Give a vector of each sentence (B, S, E)."""
        words = (tokens > 0).sum(2).clamp(min=1)[..., None]
        found: Tensor = self.sentence(self.embed(tokens).sum(2) / words)
        return found

    def forward(self, tokens: Tensor) -> Tensor:
        """Map (B, S, L) to (B, 3)."""
        states, _ = self.read(self.sentences(tokens))
        there = (tokens > 0).any(2).sum(1).clamp(min=1) - 1  # the last sentence that says something
        found: Tensor = self.tell(states[torch.arange(len(states)), there])
        return found


def reviews(seed: int, *, count: int = 1200, most: int = 5, width: int = 24) -> Parts:
    """Tell good, middling and bad reviews of 2 to 5 sentences apart; "but" turns what was said."""
    rng = begin(seed, "reviews")
    texts = np.zeros((count, most, 5), np.int64)
    labels = np.zeros(count, np.int64)
    for row, text in enumerate(texts):
        total = 0
        for place in range(int(rng.integers(2, most + 1))):
            mood = int(rng.integers(-1, 2))
            text[place] = rng.integers(22, _WORDS, size=5)
            text[place, rng.integers(1, 5)] = 2 + 4 * (mood + 1) + rng.integers(4)
            if rng.random() < 0.3:
                text[place, 0], total = 1, -total
            total += mood
        labels[row] = 1 + np.sign(total)
    train, valid = cut({"input": texts}, labels)
    return Parts(
        "text", Reviews(width), train, valid, lambda m: torch.optim.NAdam(m.parameters(), lr=8e-3),
        functional.cross_entropy,
    )  # fmt: skip
