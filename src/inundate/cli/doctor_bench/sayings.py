"""Healthy models of texts of seven more tasks, first used by the eighth list."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from inundate.cli.doctor_bench.parts import Parts
from inundate.cli.doctor_bench.scenes import begin, cut

__all__ = [
    "Answers", "Intents", "Sums", "Tone", "answers", "authors", "claims", "entities", "intents",
    "sums", "tone",
]  # fmt: skip

_WORDS = 50


class Intents(nn.Module):
    """Read a text by self-attention from a place of its own in front; 0 fills up."""

    def __init__(self, length: int, width: int, classes: int) -> None:
        super().__init__()
        self.embed = nn.Embedding(_WORDS, width)
        self.place = nn.Parameter(0.1 * torch.randn(length + 1, width))
        self.front = nn.Parameter(0.5 * torch.randn(1, 1, width))
        self.block = nn.TransformerEncoderLayer(
            width, 4, 2 * width, 0.0, "gelu", batch_first=True, norm_first=True
        )
        self.tell = nn.Sequential(nn.LayerNorm(width), nn.Linear(width, classes))

    def hidden(self, tokens: Tensor) -> Tensor:
        """Say which places (B, L) must not be looked at."""
        return tokens == 0

    def forward(self, tokens: Tensor) -> Tensor:
        """Map (B, L) to (B, K)."""
        front = self.front.expand(len(tokens), -1, -1)
        states = torch.cat([front, self.embed(tokens)], 1) + self.place
        hidden = functional.pad(self.hidden(tokens), (1, 0))  # the place in front is seen
        found: Tensor = self.tell(self.block(states, src_key_padding_mask=hidden)[:, 0])
        return found


def intents(seed: int, *, count: int = 1100, length: int = 16, width: int = 24) -> Parts:
    """Tell by two words of 4 to 14 which of five things somebody wants."""
    rng = begin(seed, "intents")
    labels = rng.integers(5, size=count)
    texts = np.zeros((count, length), np.int64)
    for text, label in zip(texts, labels, strict=True):
        words = int(rng.integers(4, length - 1))
        text[:words] = rng.integers(26, _WORDS, size=words)
        at = rng.choice(words, 2, replace=False)
        text[at] = 1 + 5 * label + rng.integers(5, size=2)
    train, valid = cut({"input": texts}, labels)
    return Parts(
        "text", Intents(length, width, 5), train, valid,
        lambda m: torch.optim.AdamW(m.parameters(), lr=3e-3, betas=(0.9, 0.98)),
        functional.cross_entropy,
    )  # fmt: skip


class Tone(nn.Module):
    """Take the mean of the words' vectors, and give a number; 0 fills up."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.embed = nn.Embedding(_WORDS, width)
        self.tell = nn.Sequential(nn.Linear(width, 2 * width), nn.SELU(), nn.Linear(2 * width, 1))

    def forward(self, tokens: Tensor) -> Tensor:
        """Map (B, L) to (B, 1)."""
        there = (tokens > 0).float()[:, :, None]
        found: Tensor = self.tell((self.embed(tokens) * there).sum(1) / there.sum(1))
        return found


def tone(seed: int, *, count: int = 1100, length: int = 15, width: int = 20) -> Parts:
    """Give how warm a text of 5 to 15 words is."""
    rng = begin(seed, "tone")
    worth = rng.normal(size=_WORDS)
    texts = rng.integers(1, _WORDS, size=(count, length))
    words = rng.integers(5, length + 1, size=count)
    there = np.arange(length) < words[:, None]
    warmth = np.tanh(2.0 * (worth[texts] * there).sum(1) / words) + 0.05 * rng.normal(size=count)
    train, valid = cut({"input": np.where(there, texts, 0)}, (warmth / warmth.std())[:, None])
    return Parts(
        "text", Tone(width), train, valid,
        lambda m: torch.optim.SGD(m.parameters(), lr=0.05, momentum=0.9), nn.functional.mse_loss,
    )  # fmt: skip


class Answers(nn.Module):
    """Point at the place of a text that answers what is asked."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.embed, self.asked = nn.Embedding(_WORDS, width), nn.Embedding(4, width)
        self.read = nn.LSTM(width, width, batch_first=True, bidirectional=True)
        self.meet = nn.Linear(2 * width, width)

    def wanted(self, asked: Tensor) -> Tensor:
        """Give the vector (B, E) of what is asked (B,)."""
        found: Tensor = self.asked(asked)
        return found

    def forward(self, text: Tensor, asked: Tensor) -> Tensor:
        """Map (B, L) and (B,) to scores of the places (B, L)."""
        states = self.meet(self.read(self.embed(text))[0])
        found: Tensor = (states * self.wanted(asked)[:, None]).sum(2)
        return found


def answers(seed: int, *, count: int = 1200, length: int = 12, width: int = 20) -> Parts:
    """Find who, where, when or why: a text holds one word of each."""
    rng = begin(seed, "answers")
    texts = rng.integers(25, _WORDS, size=(count, length))
    asked = rng.integers(4, size=count)
    places = np.argsort(rng.random((count, length)), 1)[:, :4]
    rows = np.arange(count)
    for kind in range(4):
        texts[rows, places[:, kind]] = 1 + 6 * kind + rng.integers(6, size=count)
    train, valid = cut({"text": texts, "asked": asked}, places[rows, asked])
    return Parts(
        "text", Answers(width), train, valid,
        lambda m: torch.optim.Adam(m.parameters(), lr=5e-3), functional.cross_entropy,
    )  # fmt: skip


class Entities(nn.Module):
    """Tag each word by two layers of an LSTM."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.embed = nn.Embedding(_WORDS, width)
        self.read = nn.LSTM(width, width, 2, batch_first=True, bidirectional=True, dropout=0.1)
        self.tell = nn.Linear(2 * width, 3)

    def forward(self, tokens: Tensor) -> Tensor:
        """Map (B, L) to scores (B, 3, L)."""
        found: Tensor = self.tell(self.read(self.embed(tokens))[0]).transpose(1, 2)
        return found


def entities(seed: int, *, count: int = 600, length: int = 14, width: int = 20) -> Parts:
    """Tag names of one to three words: begin, inside, outside; -100 where 0 fills up."""
    rng = begin(seed, "entities")
    texts = np.zeros((count, length), np.int64)
    tags = np.full((count, length), -100)
    for text, tag in zip(texts, tags, strict=True):
        words = int(rng.integers(6, length + 1))
        text[:words], tag[:words] = rng.integers(1, 30, size=words), 0
        at = int(rng.integers(0, 3))
        while at < words:
            long = min(int(rng.integers(1, 4)), words - at)
            text[at : at + long] = rng.integers(24, _WORDS, size=long)  # some are words, too
            text[at] = rng.integers(38, _WORDS)
            tag[at], tag[at + 1 : at + long] = 1, 2
            if at + long < words:
                text[at + long] = rng.integers(1, 24)
            at += long + int(rng.integers(2, 5))
    train, valid = cut({"input": texts}, tags)
    return Parts(
        "text", Entities(width), train, valid,
        lambda m: torch.optim.RMSprop(m.parameters(), lr=4e-3), functional.cross_entropy,
    )  # fmt: skip


class Claims(nn.Module):
    """Look up each word of a claim in a text by attention."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.embed = nn.Embedding(_WORDS, width)
        self.look = nn.MultiheadAttention(width, 2, batch_first=True)
        self.tell = nn.Sequential(
            nn.Linear(2 * width, 2 * width), nn.ReLU(), nn.Linear(2 * width, 1)
        )

    def forward(self, text: Tensor, claim: Tensor) -> Tensor:
        """Map (B, L) and (B, M) to one logit (B, 1)."""
        held, said = self.embed(text), self.embed(claim)
        seen, _ = self.look(said, held, held, need_weights=False)
        found: Tensor = self.tell(torch.cat([said * seen, (said - seen).abs()], 2)).amin(1)
        return found


def claims(seed: int, *, count: int = 2000, length: int = 8, width: int = 24) -> Parts:
    """Say whether both words of a claim stand in a text."""
    rng = begin(seed, "claims")
    texts = np.argsort(rng.random((count, 24)), 1)  # no word twice
    true = rng.integers(2, size=count)
    said = texts[:, :2].copy()
    said[:, 1] = np.where(true == 1, said[:, 1], texts[:, length])
    texts = rng.permuted(texts[:, :length], axis=1)
    train, valid = cut({"text": texts, "claim": rng.permuted(said, axis=1)}, 1.0 * true[:, None])
    return Parts(
        "text", Claims(width), train, valid,
        lambda m: torch.optim.NAdam(m.parameters(), lr=4e-3),
        functional.binary_cross_entropy_with_logits,
    )  # fmt: skip


class Sums(nn.Module):
    """Read a text by two layers of a GRU, and give a number from what is left at its end."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.embed = nn.Embedding(_WORDS, width)
        self.read = nn.GRU(width, 2 * width, 2, batch_first=True)
        self.tell = nn.Linear(2 * width, 1)

    def forward(self, tokens: Tensor) -> Tensor:
        """Map (B, L) to (B, 1)."""
        found: Tensor = self.tell(self.read(self.embed(tokens))[0][:, -1])
        return found


def sums(seed: int, *, count: int = 1200, length: int = 10, width: int = 16) -> Parts:
    """Add up the numbers of a text; a word before a number may turn its sign."""
    rng = begin(seed, "sums")
    texts = rng.integers(12, _WORDS, size=(count, length))
    chosen = rng.random(texts.shape)
    texts = np.where(chosen < 0.4, rng.integers(1, 10, size=texts.shape), texts)
    texts = np.where(chosen > 0.85, 11, texts)  # less
    worth = np.where(texts < 10, texts, 0)
    worth[:, 1:] *= np.where(texts[:, :-1] == 11, -1, 1)
    total = worth.sum(1)[:, None]
    train, valid = cut({"input": texts}, (total - total.mean()) / total.std())
    return Parts(
        "text", Sums(width), train, valid,
        lambda m: torch.optim.AdamW(m.parameters(), lr=6e-3, weight_decay=1e-3),
        nn.functional.huber_loss,
    )  # fmt: skip


class Gated(nn.Module):
    """Convolve letters, gate them, and take the mean over a text."""

    def __init__(self, width: int, classes: int) -> None:
        super().__init__()
        self.embed = nn.Embedding(_WORDS, width)
        self.pairs = nn.Conv1d(width, 4 * width, 2)
        self.tell = nn.Linear(2 * width, classes)

    def forward(self, tokens: Tensor) -> Tensor:
        """Map (B, L) to (B, K)."""
        found: Tensor = functional.glu(self.pairs(self.embed(tokens).transpose(1, 2)), 1)
        told: Tensor = self.tell(found.mean(2))
        return told


def authors(seed: int, *, count: int = 1000, length: int = 30, width: int = 16) -> Parts:
    """Tell four writers apart by which letter follows which."""
    rng = begin(seed, "authors")
    labels = rng.integers(4, size=count)
    habit = rng.permuted(np.tile(np.arange(30), (4, 1)), axis=1)
    texts = rng.integers(30, size=(count, length))
    for place in range(1, length):
        usual = habit[labels, texts[:, place - 1]]
        texts[:, place] = np.where(rng.random(count) < 0.5, usual, texts[:, place])
    train, valid = cut({"input": texts}, labels)
    return Parts(
        "text", Gated(width, 4), train, valid,
        lambda m: torch.optim.Adamax(m.parameters(), lr=1e-2), functional.cross_entropy,
    )  # fmt: skip
