"""Healthy models of further tasks and designs, first used by the third list of faults."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from inundate.cli.doctor_bench.bodies import optimiser, smooth_fields
from inundate.cli.doctor_bench.parts import Parts
from inundate.cli.doctor_bench.scenes import begin, cut

__all__ = ["bigrams", "masks", "matcher", "residual", "runoff", "spots", "tagger", "upscale"]


class _Block(nn.Module):
    """Two convolutions with group norm beside an open way."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv2d(width, width, 3, padding=1), nn.GroupNorm(2, width), nn.SiLU(),
            nn.Conv2d(width, width, 3, padding=1),
        )  # fmt: skip

    def forward(self, inputs: Tensor) -> Tensor:
        found: Tensor = inputs + self.layers(inputs)
        return found


def spots(seed: int, *, count: int = 600, side: int = 14, width: int = 12) -> Parts:
    """Count the bright spots of an image: a number from the mean over a map."""
    rng = begin(seed, "spots")
    images = 0.1 * rng.normal(size=(count, 1, side, side))
    numbers = rng.integers(0, 9, size=count)
    for image, number in zip(images, numbers, strict=True):
        places = rng.choice(side * side, size=number, replace=False)
        image[0, places // side, places % side] += 1.5
    model = nn.Sequential(
        nn.Conv2d(1, width, 3, padding=1), nn.ReLU(), nn.Conv2d(width, width, 3, padding=1),
        nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(width, 1),
    )  # fmt: skip
    train, valid = cut({"input": images}, ((numbers - 4.0) / 2.6)[:, None])
    return Parts("image", model, train, valid, optimiser(1e-2), nn.functional.mse_loss)


def residual(seed: int, *, count: int = 600, side: int = 12, width: int = 8) -> Parts:
    """Tell four textures apart by a residual network."""
    rng = begin(seed, "residual")
    labels = rng.integers(4, size=count)
    waves = np.arange(side)
    images = rng.normal(size=(count, 1, side, side))
    for image, label in zip(images, labels, strict=True):
        phase = rng.uniform(0, 2 * np.pi)
        along = (waves[:, None], waves[None], waves[:, None] + waves[None], waves[:, None] * 0)
        image[0] += 1.2 * np.sin(1.3 * along[label] + phase)
    model = nn.Sequential(
        nn.Conv2d(1, width, 3, padding=1), _Block(width), nn.ReLU(), nn.MaxPool2d(2),
        _Block(width), nn.ReLU(), nn.AdaptiveMaxPool2d(2), nn.Flatten(), nn.Linear(4 * width, 4),
    )  # fmt: skip
    train, valid = cut({"input": images}, labels)
    return Parts("image", model, train, valid, optimiser(3e-3), functional.cross_entropy)


def upscale(seed: int, *, count: int = 300, side: int = 8, width: int = 12) -> Parts:
    """Give a smooth map twice as fine."""
    rng = begin(seed, "upscale")
    fine = smooth_fields(rng, count, 2 * side)
    model = nn.Sequential(
        nn.Conv2d(1, width, 3, padding=1), nn.GELU(), nn.Conv2d(width, width, 3, padding=1),
        nn.GELU(), nn.Conv2d(width, 4, 3, padding=1), nn.PixelShuffle(2),
    )  # fmt: skip
    train, valid = cut({"input": functional.avg_pool2d(fine, 2)}, fine)
    return Parts("image", model, train, valid, optimiser(5e-3), nn.functional.l1_loss, size=16)


class _Joined(nn.Module):
    """Convolutions on a map to which a number is given in each place."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.into = nn.Conv2d(2, width, 3, padding=1)
        self.block = _Block(width)
        self.out = nn.Conv2d(width, 1, 1)

    def forward(self, ground: Tensor, level: Tensor) -> Tensor:
        """Map (B, 1, H, W) and (B, 1) to scores (B, 1, H, W)."""
        everywhere = level[:, :, None, None].expand_as(ground)
        found = functional.silu(self.into(torch.cat([ground, everywhere], 1)))
        told: Tensor = self.out(self.block(found))
        return told


def masks(seed: int, *, count: int = 300, side: int = 12, width: int = 8) -> Parts:
    """Say which places of a map lie below a level: two inputs, a logit for each place."""
    rng = begin(seed, "masks")
    ground = smooth_fields(rng, count, side)
    level = torch.from_numpy(rng.normal(scale=0.7, size=(count, 1))).float()
    target = (ground < level[:, :, None, None]).float()
    train, valid = cut({"ground": ground, "level": level}, target)
    return Parts(
        "image", _Joined(width), train, valid, optimiser(5e-3),
        functional.binary_cross_entropy_with_logits, size=16,
    )  # fmt: skip


class _Series(nn.Module):
    """Read a series by a GRU and give a value at each step."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.read = nn.GRU(2, width, batch_first=True)
        self.tell = nn.Linear(width, 1)

    def forward(self, series: Tensor) -> Tensor:
        """Map (B, T, 2) to (B, T)."""
        found: Tensor = self.tell(self.read(series)[0])[..., 0]
        return found


def runoff(seed: int, *, count: int = 500, steps: int = 20, width: int = 20) -> Parts:
    """Turn rain and melt into runoff by a store that empties slowly."""
    rng = begin(seed, "runoff")
    water = rng.gamma(0.6, 1.0, size=(count, steps, 2))
    flow, store = np.zeros((count, steps)), np.zeros(count)
    for step in range(steps):
        store = store + water[:, step, 0] + 0.4 * water[:, step, 1]
        flow[:, step] = 0.25 * store
        store = store - flow[:, step]
    train, valid = cut({"input": (water - 0.6) / 0.8}, (flow - flow.mean()) / flow.std())
    return Parts("table", _Series(width), train, valid, optimiser(1e-2), nn.functional.mse_loss)


_WORDS = 50


class _Tagger(nn.Module):
    """Give classes of each word, by what stands before and behind it."""

    def __init__(self, width: int, classes: int) -> None:
        super().__init__()
        self.embed = nn.Embedding(_WORDS, width)
        self.read = nn.GRU(width, width, batch_first=True, bidirectional=True)
        self.tell = nn.Linear(2 * width, classes)

    def forward(self, tokens: Tensor) -> Tensor:
        """Map (B, L) to scores (B, K, L)."""
        found: Tensor = self.tell(self.read(self.embed(tokens))[0]).transpose(1, 2)
        return found


def tagger(seed: int, *, count: int = 500, length: int = 14, width: int = 16) -> Parts:
    """Say of each word whether it is a name, a place behind a preposition, or neither."""
    rng = begin(seed, "tagger")
    texts = rng.integers(4, _WORDS, size=(count, length))
    texts = np.where(rng.random(texts.shape) < 0.25, rng.integers(1, 4, size=texts.shape), texts)
    tags = np.where(texts >= 38, 1, 0)
    behind = np.zeros_like(tags)
    behind[:, 1:] = (texts[:, :-1] < 4) & (texts[:, 1:] >= 4)
    train, valid = cut({"input": texts}, np.where(behind > 0, 2, tags))
    return Parts("text", _Tagger(width, 3), train, valid, optimiser(5e-3), functional.cross_entropy)


class _Grams(nn.Module):
    """Convolve embeddings, and take the largest of each channel."""

    def __init__(self, width: int, classes: int) -> None:
        super().__init__()
        self.embed = nn.Embedding(_WORDS, width)
        self.grams = nn.Conv1d(width, 2 * width, 2)
        self.tell = nn.Linear(2 * width, classes)

    def forward(self, tokens: Tensor) -> Tensor:
        """Map (B, L) to (B, K)."""
        found = functional.relu(self.grams(self.embed(tokens).transpose(1, 2))).amax(2)
        told: Tensor = self.tell(found)
        return told


def bigrams(seed: int, *, count: int = 1200, length: int = 15, width: int = 20) -> Parts:
    """Tell three classes apart by which of three pairs of words stands in the text."""
    rng = begin(seed, "bigrams")
    texts = rng.integers(1, _WORDS, size=(count, length))
    labels = rng.integers(3, size=count)
    for text, label in zip(texts, labels, strict=True):
        place = int(rng.integers(length - 1))
        text[place : place + 2] = ((5, 6), (7, 8), (9, 10))[label]
    train, valid = cut({"input": texts}, labels)
    return Parts("text", _Grams(width, 3), train, valid, optimiser(4e-3), functional.cross_entropy)


class _Pair(nn.Module):
    """Compare the mean vectors of a question and an answer."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.embed = nn.Embedding(_WORDS, width)
        self.tell = nn.Sequential(nn.Linear(3 * width, width), nn.ReLU(), nn.Linear(width, 1))

    def forward(self, question: Tensor, answer: Tensor) -> Tensor:
        """Map (B, L) and (B, M) to one logit (B, 1)."""
        one, two = self.embed(question).mean(1), self.embed(answer).mean(1)
        found: Tensor = self.tell(torch.cat([one, two, one * two], 1))
        return found


def matcher(seed: int, *, count: int = 1200, width: int = 24) -> Parts:
    """Say whether an answer is of the subject of its question: two texts, one logit."""
    rng = begin(seed, "matcher")
    subject, other = rng.integers(2, size=count), rng.integers(2, size=count)

    def text(chosen: Any, length: int) -> Any:
        own = rng.integers(1, 10, size=(count, length)) + 10 * chosen[:, None]
        rest = rng.integers(20, _WORDS, size=(count, length))
        return np.where(rng.random((count, length)) < 0.6, own, rest)

    target = (subject == other).astype(np.float32)[:, None]
    train, valid = cut({"question": text(subject, 8), "answer": text(other, 10)}, target)
    return Parts(
        "text", _Pair(width), train, valid, optimiser(5e-3),
        functional.binary_cross_entropy_with_logits,
    )  # fmt: skip
