"""Healthy models of tables, images and texts, small enough for seconds of one core."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from inundate.cli.doctor_bench.parts import Parts, Samples
from inundate.core.seeds import make_rng, make_seed

__all__ = [
    "autoencoder", "bag_of_words", "blur", "counter", "denoiser", "digit_cnn", "digit_mlp",
    "keyword", "optimiser", "order", "segmenter", "smooth_fields", "table_classes", "table_values",
]  # fmt: skip


def optimiser(
    rate: float = 2e-3, decay: float = 0.0
) -> Callable[[nn.Module], torch.optim.Optimizer]:
    """Make a maker of AdamW."""
    return lambda model: torch.optim.AdamW(model.parameters(), lr=rate, weight_decay=decay)


def _fresh(seed: int, name: str) -> np.random.Generator:
    torch.manual_seed(make_seed(seed, "weights", name))
    return make_rng(seed, "doctor-bench", name)


def _tensor(values: Any) -> Tensor:
    return torch.from_numpy(np.asarray(values, np.float32))


def _split(inputs: Any, target: Tensor, share: float = 0.25) -> tuple[Samples, Samples]:
    inputs = inputs if isinstance(inputs, dict) else {"input": inputs}
    cut = int(len(target) * (1 - share))
    return (
        Samples({k: v[:cut] for k, v in inputs.items()}, target[:cut]),
        Samples({k: v[cut:] for k, v in inputs.items()}, target[cut:]),
    )


def table_values(seed: int, *, count: int = 800, features: int = 8, width: int = 32) -> Parts:
    """Regress a smooth function of a few numbers."""
    rng = _fresh(seed, "values")
    rows = rng.normal(size=(count, features))
    weights = rng.normal(size=features)
    target = np.tanh(rows @ weights / 2) + 0.5 * rows[:, 0] * rows[:, 1]
    target = (target + 0.1 * rng.normal(size=count))[:, None]
    model = nn.Sequential(
        nn.Linear(features, width), nn.ReLU(), nn.Linear(width, width), nn.ReLU(),
        nn.Linear(width, 1),
    )  # fmt: skip
    train, valid = _split(_tensor(rows), _tensor(target))
    return Parts("table", model, train, valid, optimiser(5e-3), nn.functional.mse_loss)


def table_classes(seed: int, *, count: int = 800, features: int = 10, classes: int = 3) -> Parts:
    """Tell clouds of points apart."""
    rng = _fresh(seed, "classes")
    centres = 1.2 * rng.normal(size=(classes, features))
    labels = rng.integers(classes, size=count)
    rows = centres[labels] + rng.normal(size=(count, features))
    model = nn.Sequential(nn.Linear(features, 24), nn.Tanh(), nn.Linear(24, classes))
    train, valid = _split(_tensor(rows), torch.from_numpy(labels))
    return Parts("table", model, train, valid, optimiser(5e-3), functional.cross_entropy)


def _digits(seed: int, count: int) -> tuple[Tensor, Tensor]:
    from sklearn.datasets import load_digits  # type: ignore[import-untyped]

    found = load_digits()
    order = make_rng(seed, "digits").permutation(len(found.target))[:count]
    images = found.images[order, None] / 16.0
    return _tensor((images - 0.3) / 0.37), torch.from_numpy(found.target[order]).long()


def digit_mlp(seed: int, *, count: int = 1000, width: int = 48) -> Parts:
    """Read 8 x 8 digits with a plain network."""
    _fresh(seed, "digit-mlp")
    train, valid = _split(*_digits(seed, count))
    model = nn.Sequential(nn.Flatten(), nn.Linear(64, width), nn.ReLU(), nn.Linear(width, 10))
    return Parts("image", model, train, valid, optimiser(5e-3), functional.cross_entropy)


def digit_cnn(seed: int, *, count: int = 1000, width: int = 12, norm: bool = True) -> Parts:
    """Read 8 x 8 digits with convolutions, with batch norm or without."""
    _fresh(seed, "digit-cnn")
    train, valid = _split(*_digits(seed, count))
    between = (lambda: nn.BatchNorm2d(width)) if norm else (lambda: nn.Identity())
    model = nn.Sequential(
        nn.Conv2d(1, width, 3, padding=1), between(), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(width, width, 3, padding=1), between(), nn.ReLU(), nn.Flatten(),
        nn.Linear(16 * width, 10),
    )  # fmt: skip
    return Parts("image", model, train, valid, optimiser(5e-3), functional.cross_entropy)


def smooth_fields(rng: np.random.Generator, count: int, side: int, channels: int = 1) -> Tensor:
    """Make smooth random maps (N, C, side, side) of unit variance."""
    noise = _tensor(rng.normal(size=(count, channels, side + 8, side + 8)))
    smooth = functional.avg_pool2d(functional.avg_pool2d(noise, 5, 1), 5, 1)
    return smooth / smooth.std()


class Skip(nn.Module):
    """A few convolutions with one skip connection."""

    def __init__(self, channels: int, width: int, last: int = 1) -> None:
        super().__init__()
        self.inward = nn.Conv2d(channels, width, 3, padding=1)
        self.down = nn.Conv2d(width, width, 3, stride=2, padding=1)
        self.up = nn.ConvTranspose2d(width, width, 2, stride=2)
        self.out = nn.Conv2d(2 * width, last, 3, padding=1)

    def forward(self, inputs: Tensor) -> Tensor:
        """Map (B, C, H, W) to (B, K, H, W)."""
        first = functional.relu(self.inward(inputs))
        deep = functional.relu(self.down(first))
        found: Tensor = self.out(torch.cat([first, functional.relu(self.up(deep))], 1))
        return found


def denoiser(seed: int, *, count: int = 320, side: int = 16, width: int = 8) -> Parts:
    """Take the noise off a smooth map."""
    rng = _fresh(seed, "denoiser")
    clean = smooth_fields(rng, count, side)
    noisy = clean + 0.5 * _tensor(rng.normal(size=clean.shape))
    train, valid = _split(noisy, clean)
    return Parts(
        "image", Skip(1, width), train, valid, optimiser(4e-3), functional.mse_loss, size=16
    )


def blur(seed: int, *, count: int = 320, side: int = 16, width: int = 8) -> Parts:
    """Join two maps: the product of the first with the second, smoothed."""
    rng = _fresh(seed, "blur")
    maps = smooth_fields(rng, count, side, 2)
    target = functional.avg_pool2d(maps[:, :1] * (maps[:, 1:] > 0), 3, 1, 1)
    train, valid = _split(maps, target)
    return Parts(
        "image", Skip(2, width), train, valid, optimiser(4e-3), functional.mse_loss, size=16
    )


def segmenter(seed: int, *, count: int = 320, side: int = 16, width: int = 8) -> Parts:
    """Say for each cell which of three classes it is."""
    rng = _fresh(seed, "segmenter")
    maps = smooth_fields(rng, count, side, 2)
    target = (maps[:, 0] > 0.4).long() + (maps[:, 1] > 0).long()
    train, valid = _split(maps, target)
    return Parts(
        "image", Skip(2, width, 3), train, valid, optimiser(4e-3), functional.cross_entropy, size=16
    )


def autoencoder(seed: int, *, count: int = 1000, latent: int = 12) -> Parts:
    """Squeeze digits through a few numbers and paint them again."""
    _fresh(seed, "autoencoder")
    images, _ = _digits(seed, count)
    model = nn.Sequential(
        nn.Flatten(), nn.Linear(64, 48), nn.GELU(), nn.Linear(48, latent), nn.Linear(latent, 48),
        nn.GELU(), nn.Linear(48, 64), nn.Unflatten(1, (1, 8, 8)),
    )  # fmt: skip
    train, valid = _split(images, images)
    return Parts("image", model, train, valid, optimiser(4e-3), functional.mse_loss)


class Reader(nn.Module):
    """Embed tokens, read them one after the other, and tell a class."""

    def __init__(
        self, words: int, width: int, classes: int, cell: type[nn.Module] = nn.GRU
    ) -> None:
        super().__init__()
        self.embed = nn.Embedding(words, width)
        self.read: Any = cell(width, width, batch_first=True)
        self.tell = nn.Linear(width, classes)

    def forward(self, inputs: Tensor) -> Tensor:
        """Map (B, L) to (B, K)."""
        states, _ = self.read(self.embed(inputs))
        found: Tensor = self.tell(states.amax(1))
        return found


class Attention(nn.Module):
    """One transformer block over tokens and their places."""

    def __init__(self, words: int, length: int, width: int, classes: int, dropout: float) -> None:
        super().__init__()
        self.embed = nn.Embedding(words, width)
        self.place = nn.Parameter(0.3 * torch.randn(length, width))
        self.block = nn.TransformerEncoderLayer(width, 2, 2 * width, dropout, batch_first=True)
        self.tell = nn.Linear(width, classes)

    def forward(self, inputs: Tensor) -> Tensor:
        """Map (B, L) to (B, K)."""
        found: Tensor = self.tell(self.block(self.embed(inputs) + self.place).mean(1))
        return found


_WORDS, _LENGTH = 40, 12


def _text(rng: np.random.Generator, count: int) -> np.ndarray[Any, Any]:
    return rng.integers(4, _WORDS, size=(count, _LENGTH))


def keyword(seed: int, *, count: int = 1000, width: int = 24) -> Parts:
    """Say whether one of two words is in a text."""
    rng = _fresh(seed, "keyword")
    texts = _text(rng, count)
    labels = rng.integers(2, size=count)
    places = rng.integers(_LENGTH, size=count)
    chosen = np.flatnonzero(labels)
    texts[chosen, places[chosen]] = rng.integers(2, 4, size=len(chosen))
    model = Reader(_WORDS, width, 2)
    train, valid = _split(torch.from_numpy(texts), torch.from_numpy(labels))
    return Parts("text", model, train, valid, optimiser(5e-3), functional.cross_entropy)


def counter(seed: int, *, count: int = 1000, width: int = 24) -> Parts:
    """Say whether a text has more good words than bad ones."""
    rng = _fresh(seed, "counter")
    texts = _text(rng, count)
    worth = np.where(np.arange(_WORDS) < 16, 1, np.where(np.arange(_WORDS) < 28, -1, 0))
    score = worth[texts].sum(1)
    model = Reader(_WORDS, width, 2, nn.LSTM)
    train, valid = _split(torch.from_numpy(texts), torch.from_numpy((score > 0).astype(np.int64)))
    return Parts("text", model, train, valid, optimiser(5e-3), functional.cross_entropy)


def order(seed: int, *, count: int = 1200, width: int = 24, dropout: float = 0.0) -> Parts:
    """Say which of two words comes first."""
    rng = _fresh(seed, "order")
    texts = _text(rng, count)
    labels = rng.integers(2, size=count)
    for row, label in enumerate(labels):
        one, two = np.sort(rng.choice(_LENGTH, 2, replace=False))
        texts[row, one], texts[row, two] = (2, 3) if label else (3, 2)
    model = Attention(_WORDS, _LENGTH, width, 2, dropout)
    train, valid = _split(torch.from_numpy(texts), torch.from_numpy(labels))
    return Parts("text", model, train, valid, optimiser(3e-3), functional.cross_entropy)


def bag_of_words(seed: int, *, count: int = 1000, width: int = 16) -> Parts:
    """Tell four subjects apart by their words, with one logit each (binary cross-entropy)."""
    rng = _fresh(seed, "bag")
    labels = rng.integers(2, size=count)
    texts = _text(rng, count)
    half = rng.random(texts.shape) < 0.35
    texts = np.where(half, rng.integers(4, 16, size=texts.shape) + 14 * labels[:, None], texts)
    model = nn.Sequential(nn.EmbeddingBag(_WORDS, width), nn.Linear(width, 1))
    train, valid = _split(torch.from_numpy(texts), _tensor(labels[:, None]))
    return Parts(
        "text", model, train, valid, optimiser(1e-2), functional.binary_cross_entropy_with_logits
    )
