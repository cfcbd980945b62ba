"""Healthy models of texts of six more tasks, first used by the seventh list."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from inundate.cli.doctor_bench.parts import Parts
from inundate.cli.doctor_bench.scenes import begin, cut

__all__ = ["gaps", "names", "scribe", "stars", "translate", "turns"]

_WORDS = 40


class Stars(nn.Module):
    """Read a text by a GRU and weigh its places by attention."""

    def __init__(self, width: int, batch_first: bool = True) -> None:
        super().__init__()
        self.embed = nn.Embedding(_WORDS, width)
        self.read = nn.GRU(width, width, batch_first=batch_first)
        self.weigh, self.tell = nn.Linear(width, 1), nn.Linear(width, 1)

    def forward(self, tokens: Tensor) -> Tensor:
        """Map (B, L) to (B, 1)."""
        states, _ = self.read(self.embed(tokens))
        weights = self.weigh(states).softmax(1)
        found: Tensor = self.tell((weights * states).sum(1))
        return found


def stars(seed: int, *, count: int = 1200, length: int = 14, width: int = 24) -> Parts:
    """Give how many stars a text gives, less their mean: a word of denial turns the next one."""
    rng = begin(seed, "stars")
    texts = rng.integers(1, _WORDS, size=(count, length))
    worth = np.where(np.arange(_WORDS) < 14, 1.0, np.where(np.arange(_WORDS) < 26, -1.0, 0.0))
    worth[:3] = 0.0
    texts = np.where(rng.random(texts.shape) < 0.15, rng.integers(1, 3, texts.shape), texts)
    said = worth[texts]
    said[:, 1:] *= np.where(texts[:, :-1] < 3, -1.0, 1.0)
    told = said.sum(1) / 2 + 0.1 * rng.normal(size=count)
    train, valid = cut({"input": texts}, told.clip(-2, 2)[:, None])
    return Parts(
        "text", Stars(width), train, valid,
        lambda m: torch.optim.RMSprop(m.parameters(), lr=2e-3), functional.smooth_l1_loss,
    )  # fmt: skip


def _runs(rng: np.random.Generator, count: int, length: int) -> Any:
    """Make texts in which each word has one usual successor, within runs of some words."""
    after = rng.permutation(np.arange(2, _WORDS)) if count else np.zeros(0, int)
    table = np.arange(_WORDS)
    table[2:] = after
    texts = np.zeros((count, length), np.int64)
    texts[:, 0] = rng.integers(2, _WORDS, size=count)
    for place in range(1, length):
        drawn = rng.integers(2, _WORDS, size=count)
        texts[:, place] = np.where(rng.random(count) < 0.85, table[texts[:, place - 1]], drawn)
    return texts


class Gaps(nn.Module):
    """Say of each place which word it holds, by what stands around it."""

    def __init__(self, length: int, width: int) -> None:
        super().__init__()
        self.embed = nn.Embedding(_WORDS, width)
        self.around = nn.Sequential(
            nn.Conv1d(width, 2 * width, 3, padding=1), nn.GELU(), nn.Conv1d(2 * width, width, 1)
        )
        self.norm, self.tell = nn.LayerNorm(width), nn.Linear(width, _WORDS)

    def forward(self, tokens: Tensor) -> Tensor:
        """Map (B, L) to scores (B, K, L)."""
        states = self.embed(tokens)
        states = self.norm(states + self.around(states.transpose(1, 2)).transpose(1, 2))
        found: Tensor = self.tell(states).transpose(1, 2)
        return found


def gaps(seed: int, *, count: int = 1200, length: int = 12, width: int = 32) -> Parts:
    """Fill the gaps (word 1) of texts; -100 stands where nothing is asked for."""
    rng = begin(seed, "gaps")
    texts = _runs(rng, count, length)
    asked = rng.random(texts.shape) < 0.2
    asked[np.arange(count), rng.integers(length, size=count)] = True
    train, valid = cut({"input": np.where(asked, 1, texts)}, np.where(asked, texts, -100))
    return Parts(
        "text", Gaps(length, width), train, valid,
        lambda m: torch.optim.AdamW(m.parameters(), lr=8e-3, weight_decay=0.01),
        functional.cross_entropy,
    )  # fmt: skip


class Scribe(nn.Module):
    """Say the next word at each place by self-attention over those up to it."""

    def __init__(self, length: int, width: int) -> None:
        super().__init__()
        self.embed = nn.Embedding(_WORDS, width)
        self.place = nn.Parameter(0.1 * torch.randn(length, width))
        self.block = nn.TransformerEncoderLayer(
            width, 2, 2 * width, 0.0, "gelu", batch_first=True, norm_first=True
        )
        self.tell = nn.Linear(width, _WORDS)

    def mask(self, length: int) -> Tensor | None:
        """Say which places (L, L) must not be looked at."""
        return torch.ones(length, length, dtype=torch.bool).triu(1)

    def forward(self, tokens: Tensor) -> Tensor:
        """Map (B, L) to scores (B, L, K)."""
        states = self.embed(tokens) + self.place
        found: Tensor = self.tell(self.block(states, src_mask=self.mask(tokens.shape[1])))
        return found


def by_place(output: Tensor, target: Tensor) -> Tensor:
    """Give the cross-entropy of scores (B, L, K) and words (B, L)."""
    return functional.cross_entropy(output.reshape(-1, output.shape[-1]), target.reshape(-1))


def scribe(seed: int, *, count: int = 1100, length: int = 10, width: int = 32) -> Parts:
    """Go on with texts, at each of their places."""
    rng = begin(seed, "scribe")
    texts = _runs(rng, count, length + 1)
    train, valid = cut({"input": texts[:, :-1]}, texts[:, 1:].copy())
    return Parts(
        "text", Scribe(length, width), train, valid,
        lambda m: torch.optim.AdamW(m.parameters(), lr=6e-3, betas=(0.9, 0.95)), by_place,
    )  # fmt: skip


class Turns(nn.Module):
    """Read which words stand where by self-attention, and tell from the mean."""

    def __init__(self, length: int, width: int) -> None:
        super().__init__()
        self.embed = nn.Embedding(_WORDS, width)
        self.place = nn.Parameter(0.5 * torch.randn(length, width))
        self.block = nn.TransformerEncoderLayer(width, 2, 2 * width, 0.0, batch_first=True)
        self.tell = nn.Linear(width, 3)

    def placed(self, states: Tensor) -> Tensor:
        """Add to the words (B, L, E) where they stand."""
        return states + self.place

    def forward(self, tokens: Tensor) -> Tensor:
        """Map (B, L) to (B, 3)."""
        found: Tensor = self.tell(self.block(self.placed(self.embed(tokens))).mean(1))
        return found


def turns(seed: int, *, count: int = 1200, length: int = 8, width: int = 24) -> Parts:
    """Say which of three words comes first; all texts hold the same words."""
    rng = begin(seed, "turns")
    texts = np.argsort(rng.random((count, length)), 1) + 1
    first = np.argmax(np.stack([-np.argmax(texts == word, 1) for word in (1, 2, 3)], 1), 1)
    train, valid = cut({"input": texts}, first)
    return Parts(
        "text", Turns(length, width), train, valid,
        lambda m: torch.optim.NAdam(m.parameters(), lr=3e-3), functional.cross_entropy,
    )  # fmt: skip


def names(seed: int, *, count: int = 1000, length: int = 12, width: int = 20) -> Parts:
    """Tell by its letters of which of five languages a name is."""
    rng = begin(seed, "names")
    labels = rng.integers(5, size=count)
    names_ = rng.integers(1, _WORDS, size=(count, length))
    for name, label in zip(names_, labels, strict=True):
        for place in rng.choice(np.arange(0, length - 1, 2), 2, replace=False):
            name[place : place + 2] = 2 + 3 * label, 3 + 3 * label + rng.integers(2)
    model = nn.Sequential(
        nn.Embedding(_WORDS, width), Turned(), nn.Conv1d(width, 2 * width, 2, bias=False),
        nn.BatchNorm1d(2 * width), nn.ReLU(), nn.AdaptiveMaxPool1d(1), nn.Flatten(),
        nn.Linear(2 * width, 5),
    )  # fmt: skip
    train, valid = cut({"input": names_}, labels)
    return Parts(
        "text", model, train, valid, lambda m: torch.optim.Adagrad(m.parameters(), lr=0.03),
        functional.cross_entropy,
    )  # fmt: skip


class Turned(nn.Module):
    """Exchange places (B, L, E) with channels."""

    def forward(self, states: Tensor) -> Tensor:
        """Give (B, E, L)."""
        return states.transpose(1, 2)


class Translate(nn.Module):
    """Read a text by a GRU, and write another from its last state and the words before."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.embed, self.spoken = nn.Embedding(_WORDS, width), nn.Embedding(_WORDS, width)
        self.read = nn.GRU(width, 2 * width, batch_first=True)
        self.write = nn.GRU(width, 2 * width, batch_first=True)
        self.tell = nn.Linear(2 * width, _WORDS)

    def handed(self, state: Tensor) -> Tensor | None:
        """Give the writer what was read (1, B, E)."""
        return state

    def forward(self, text: Tensor, before: Tensor) -> Tensor:
        """Map (B, L) and (B, M) to scores (B, M, K)."""
        _, state = self.read(self.embed(text))
        found: Tensor = self.tell(self.write(self.spoken(before), self.handed(state))[0])
        return found


def translate(seed: int, *, count: int = 1200, length: int = 3, width: int = 24) -> Parts:
    """Write a short text in other words, word by word (0 begins)."""
    rng = begin(seed, "translate")
    table = rng.permutation(np.arange(2, 14))
    texts = rng.integers(2, 14, size=(count, length))
    wanted = table[texts - 2]
    before = np.concatenate([np.zeros((count, 1), np.int64), wanted[:, :-1]], 1)
    train, valid = cut({"text": texts, "before": before}, wanted)
    return Parts(
        "text", Translate(width), train, valid,
        lambda m: torch.optim.Adam(m.parameters(), lr=8e-3), by_place,
    )  # fmt: skip
