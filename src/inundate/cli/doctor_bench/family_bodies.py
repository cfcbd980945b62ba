"""Healthy trainings of the list of fault families, some of which look like faults."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from inundate.cli.doctor_bench.bodies import smooth_fields
from inundate.cli.doctor_bench.parts import Parts, Samples
from inundate.core.seeds import make_rng, make_seed


class Tide(nn.Module):
    """Read a series of three gauges by an LSTM and tell the level a few steps on."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.read = nn.LSTM(3, width, batch_first=True)
        self.tell = nn.Linear(width, 1)

    def forward(self, series: Tensor) -> Tensor:
        """Map (B, T, 3) to (B, 1)."""
        states, _ = self.read(series)
        found: Tensor = self.tell(states[:, -1])
        return found


def tides(seed: int, *, count: int = 700, steps: int = 18, width: int = 20) -> Parts:
    """Forecast a level from three gauges that see a wave one after the other."""
    rng = make_rng(seed, "doctor-bench", "tides")
    torch.manual_seed(make_seed(seed, "weights", "tides"))
    start, pace = rng.uniform(0, 6.3, (count, 1)), rng.uniform(0.2, 0.5, (count, 1))
    times = np.arange(steps + 4)
    waves = [np.sin(start + pace * (times - 1.5 * gauge)) for gauge in range(3)]
    series = np.stack(waves, 2) + 0.1 * rng.normal(size=(count, steps + 4, 3))
    held = torch.from_numpy(series).float()
    cut = count * 3 // 4
    train, valid = (
        Samples({"input": held[a:b, :steps]}, held[a:b, -1, :1])
        for a, b in ((0, cut), (cut, count))
    )
    return Parts(
        "table", Tide(width), train, valid,
        lambda model: torch.optim.Adam(model.parameters(), lr=8e-3), nn.functional.mse_loss,
    )  # fmt: skip


def stains(seed: int, *, count: int = 400, side: int = 12, width: int = 10) -> Parts:
    """Say in which of six wide bands of a map a stain lies, by convolutions and a flat layer."""
    rng = make_rng(seed, "doctor-bench", "stains")
    torch.manual_seed(make_seed(seed, "weights", "stains"))
    rows, columns = rng.integers(1, side - 1, (2, count))
    images = 0.2 * rng.normal(size=(count, 1, side, side))
    for image, row, column in zip(images, rows, columns, strict=True):
        image[0, row - 1 : row + 2, column - 1 : column + 2] += 1.0
    labels = (rows >= side // 2).astype(int) * 3 + columns * 3 // side
    model = nn.Sequential(
        nn.Conv2d(1, width, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(width, width, 3, padding=1), nn.ReLU(), nn.Flatten(),
        nn.Linear(width * (side // 2) ** 2, 6),
    )  # fmt: skip
    held, wanted = torch.from_numpy(images).float(), torch.from_numpy(labels)
    cut = count * 3 // 4
    train, valid = (Samples({"input": held[a:b]}, wanted[a:b]) for a, b in ((0, cut), (cut, count)))
    return Parts(
        "image", model, train, valid, lambda m: torch.optim.Adam(m.parameters(), lr=4e-3),
        functional.cross_entropy,
    )  # fmt: skip


class Dropping(nn.Module):
    """Reads texts, and drops some of what was read in training alone."""

    def __init__(self, words: int, width: int) -> None:
        super().__init__()
        self.embed = nn.Embedding(words, width)
        self.read = nn.LSTM(width, width, batch_first=True)
        self.tell = nn.Linear(width, 2)

    def forward(self, texts: Tensor) -> Tensor:
        """Map (B, L) to (B, 2)."""
        states, _ = self.read(self.embed(texts))
        found: Tensor = self.tell(functional.dropout(states.amax(1), 0.2, self.training))
        return found


class Noisy(nn.Module):
    """Adds a little noise in training."""

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.model = model

    def forward(self, rows: Tensor) -> Tensor:
        """Answer for a batch."""
        found: Tensor = self.model(rows + 0.1 * torch.randn_like(rows) if self.training else rows)
        return found


class TimeFirst(nn.Module):
    """Reads series with time as the first axis, and brings them there before."""

    def __init__(self, tide: Any) -> None:
        super().__init__()
        self.read, self.tell = nn.LSTM(3, 20), tide.tell

    def forward(self, series: Tensor) -> Tensor:
        """Map (B, T, 3) to (B, 1)."""
        states, _ = self.read(series.transpose(0, 1))
        found: Tensor = self.tell(states[-1])
        return found


def moved_fields(seed: int, *, count: int = 300, side: int = 14, width: int = 12) -> Parts:
    """Say where a field is a little later: it moves three cells to the right."""
    rng = make_rng(seed, "doctor-bench", "moved")
    torch.manual_seed(make_seed(seed, "weights", "moved"))
    wide = smooth_fields(rng, count, side + 3)[..., :side, :]
    model = nn.Sequential(
        nn.Conv2d(1, width, 5, padding=2), nn.ReLU(), nn.Conv2d(width, width, 5, padding=2),
        nn.ReLU(), nn.Conv2d(width, 1, 3, padding=1),
    )  # fmt: skip
    cut = count * 3 // 4
    train, valid = (
        Samples({"input": wide[a:b, :, :, 3:]}, wide[a:b, :, :, :-3])
        for a, b in ((0, cut), (cut, count))
    )
    return Parts(
        "image", model, train, valid, lambda m: torch.optim.Adam(m.parameters(), lr=5e-3),
        nn.functional.mse_loss, size=16,
    )  # fmt: skip


def squeezed(seed: int, *, count: int = 600) -> Parts:
    """Squeeze twelve numbers that lie on a plane through three, by two layers without a bend."""
    rng = make_rng(seed, "doctor-bench", "squeezed")
    torch.manual_seed(make_seed(seed, "weights", "squeezed"))
    rows = rng.normal(size=(count, 3)) @ rng.normal(size=(3, 12)) + 0.1 * rng.normal(
        size=(count, 12)
    )
    held = torch.from_numpy(rows).float() / 1.7
    cut = count * 3 // 4
    train, valid = (Samples({"input": held[a:b]}, held[a:b]) for a, b in ((0, cut), (cut, count)))
    model = nn.Sequential(nn.Linear(12, 3), nn.Linear(3, 12))
    return Parts(
        "table", model, train, valid, lambda m: torch.optim.Adam(m.parameters(), lr=1e-2),
        nn.functional.mse_loss,
    )  # fmt: skip


def _halves(inputs: Tensor, target: Tensor) -> tuple[Samples, Samples]:
    cut = len(target) * 3 // 4
    return Samples({"input": inputs[:cut]}, target[:cut]), Samples(
        {"input": inputs[cut:]}, target[cut:]
    )


def words_of_class(seed: int, *, count: int = 600, length: int = 12) -> Parts:
    """Say which of four words stands in a text."""
    rng = make_rng(seed, "doctor-bench", "words of class")
    torch.manual_seed(make_seed(seed, "weights", "words of class"))
    labels = rng.integers(4, size=count)
    texts = rng.integers(5, 40, size=(count, length))
    texts[np.arange(count), rng.integers(length, size=count)] = 1 + labels
    model = nn.Sequential(nn.EmbeddingBag(40, 16), nn.Linear(16, 4))
    train, valid = _halves(torch.from_numpy(texts), torch.from_numpy(labels))
    return Parts(
        "text", model, train, valid, lambda m: torch.optim.Adam(m.parameters(), lr=2e-2),
        functional.cross_entropy,
    )  # fmt: skip


def two_kinds(seed: int, *, count: int = 700) -> Parts:
    """Regress a number of rows of two kinds, which lie far apart in one column."""
    rng = make_rng(seed, "doctor-bench", "two kinds")
    torch.manual_seed(make_seed(seed, "weights", "two kinds"))
    rows = rng.normal(size=(count, 6))
    kind = rng.random(count) < 0.3
    target = np.where(kind, np.tanh(rows[:, 1]), rows[:, 2])[:, None]
    rows[:, 0] = np.where(kind, 4.0, -1.0) + 0.2 * rows[:, 0]
    model = nn.Sequential(
        nn.Linear(6, 32), nn.Tanh(), nn.Linear(32, 32), nn.Tanh(), nn.Linear(32, 1)
    )
    train, valid = _halves(torch.from_numpy(rows).float(), torch.from_numpy(target).float())
    return Parts(
        "table", model, train, valid, lambda m: torch.optim.Adam(m.parameters(), lr=5e-3),
        nn.functional.mse_loss,
    )  # fmt: skip


def through_one(seed: int, *, count: int = 300, side: int = 12) -> Parts:
    """Paint a map again that follows from four numbers, through convolutions down to one cell."""
    rng = make_rng(seed, "doctor-bench", "through one")
    torch.manual_seed(make_seed(seed, "weights", "through one"))
    shapes = smooth_fields(rng, 4, side)[:, 0]
    maps = torch.einsum(
        "nk,khw->nhw", torch.from_numpy(rng.normal(size=(count, 4))).float(), shapes
    )
    model = nn.Sequential(
        nn.Conv2d(1, 8, 3, padding=1), nn.GELU(), nn.Conv2d(8, 12, side), nn.GELU(),
        nn.ConvTranspose2d(12, 8, side), nn.GELU(), nn.Conv2d(8, 1, 3, padding=1),
    )  # fmt: skip
    train, valid = _halves(maps[:, None] / 2, maps[:, None] / 2)
    return Parts(
        "image", model, train, valid, lambda m: torch.optim.Adam(m.parameters(), lr=4e-3),
        nn.functional.mse_loss, size=16,
    )  # fmt: skip
