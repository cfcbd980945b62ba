"""Healthy models of tables of five more tasks, for the twelfth list."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from inundate.cli.doctor_bench.parts import Parts
from inundate.cli.doctor_bench.scenes import begin, cut

__all__ = [
    "Orchards", "Tastes", "chosen", "hires", "of_counts", "offers", "orchards", "tastes", "wines",
]  # fmt: skip

_STATIONS = 12


class Tastes(nn.Module):
    """Give each reader and each book a vector and a level, and multiply."""

    def __init__(self, readers: int, books: int, width: int) -> None:
        super().__init__()
        self.readers, self.books = nn.Embedding(readers, width), nn.Embedding(books, width)
        self.levels = nn.ModuleList([nn.Embedding(readers, 1), nn.Embedding(books, 1)])
        for part in self.modules():
            if isinstance(part, nn.Embedding):
                nn.init.normal_(part.weight, std=0.3)

    def forward(self, reader: Tensor, book: Tensor) -> Tensor:
        """Map numbers of readers (B,) and of books (B,) to (B, 1)."""
        product = (self.readers(reader) * self.books(book)).sum(1, keepdim=True)
        found: Tensor = product + self.levels[0](reader) + self.levels[1](book)
        return found


def tastes(seed: int, *, readers: int = 50, books: int = 40, width: int = 4) -> Parts:
    """Give how much a reader likes a book; no pair is told twice."""
    rng = begin(seed, "tastes")
    every = rng.permutation(readers * books)
    reader, book = every // books, every % books
    one, two = rng.normal(size=(readers, 2)), rng.normal(size=(books, 2))
    liked = 0.7 * (one[reader] * two[book]).sum(1) + 0.5 * rng.normal(size=books)[book]
    liked = liked + 0.2 * rng.normal(size=len(every))
    train, valid = cut({"reader": reader, "book": book}, liked[:, None])
    return Parts(
        "table", Tastes(readers, books, width), train, valid,
        lambda m: torch.optim.Adam(m.parameters(), lr=2e-2), functional.mse_loss,
    )  # fmt: skip


def of_counts(output: Tensor, target: Tensor) -> Tensor:
    """Give minus the logarithm of the likelihood of counts by the logarithm of their rate."""
    return functional.poisson_nll_loss(output, target, log_input=True)


def hires(seed: int, *, days: int = 130, width: int = 32) -> Parts:
    """Give how many bicycles are hired at a station, by weather, yesterday and a week ago.

    Rows follow one another by day; the last days are for validation.
    """
    rng = begin(seed, "hires")
    warm, wet = rng.normal(size=(2, days, _STATIONS))
    every = np.zeros((days, _STATIONS))
    own = 0.5 * rng.normal(size=_STATIONS)
    week = 0.4 * np.sin(2 * np.pi * np.arange(days) / 7)[:, None]
    for day in range(days):
        held = 0.5 * every[day - 1] if day else 0.0
        every[day] = (
            held + 0.4 * np.sin(1.5 * warm[day]) - 0.4 * np.maximum(wet[day], 0) + 0.3 * own
        )
    every = every + week
    count = rng.poisson(np.exp(2.2 + every)).astype(float)
    told = (np.log1p(count) - 2.2) / 0.6
    after = slice(7, None)
    columns = [warm[after], wet[after], told[6:-1], told[:-7]]
    rows = np.stack(columns, 2).reshape(-1, 4)
    model = nn.Sequential(
        nn.Linear(4, width), nn.GELU(), nn.Linear(width, width), nn.GELU(), nn.Linear(width, 1)
    )
    train, valid = cut({"input": rows}, count[after].reshape(-1, 1))
    return Parts(
        "table", model, train, valid, lambda m: torch.optim.Adam(m.parameters(), lr=6e-3), of_counts
    )


class _Wines(nn.Module):
    """Join the vector of a vineyard with what was measured."""

    def __init__(self, features: int, vineyards: int, width: int) -> None:
        super().__init__()
        self.vineyard = nn.Embedding(vineyards, 6)
        self.tell = nn.Sequential(
            nn.Linear(features + 6, width), nn.ReLU(), nn.Linear(width, width), nn.ReLU(),
            nn.Linear(width, 4),
        )  # fmt: skip

    def forward(self, measured: Tensor, vineyard: Tensor) -> Tensor:
        """Map (B, F) and (B,) to scores (B, 4)."""
        found: Tensor = self.tell(torch.cat([measured, self.vineyard(vineyard)], 1))
        return found


def wines(seed: int, *, count: int = 3200, features: int = 6, width: int = 24) -> Parts:
    """Say which of four medals a wine gets, by six measurements and its vineyard."""
    rng = begin(seed, "wines")
    measured, vineyard = rng.normal(size=(count, features)), rng.integers(10, size=count)
    good = measured[:, 0] + np.abs(measured[:, 1]) - 0.7 * measured[:, 2] * measured[:, 3]
    good = good + np.linspace(-1.2, 1.2, 10)[vineyard] + 0.1 * rng.normal(size=count)
    medal = np.searchsorted(np.quantile(good, [0.25, 0.5, 0.75]), good)
    train, valid = cut({"measured": measured, "vineyard": vineyard}, medal)
    return Parts(
        "table", _Wines(features, 10, width), train, valid,
        lambda m: torch.optim.AdamW(m.parameters(), lr=6e-3), functional.cross_entropy,
    )  # fmt: skip


def chosen(output: Tensor, target: Tensor) -> Tensor:
    """Give how often the highest of the scores (B, 4) is that of what was bought."""
    return (output.argmax(1) == target.argmax(1)).float().mean()


class _Offers(nn.Module):
    """Give each offer a score by the same layers."""

    def __init__(self, features: int, width: int) -> None:
        super().__init__()
        self.score = nn.Sequential(
            nn.Linear(features, width), nn.SiLU(), nn.Linear(width, width), nn.SiLU(),
            nn.Linear(width, 1),
        )  # fmt: skip

    def forward(self, offers: Tensor) -> Tensor:
        """Map (B, 4, F) to scores (B, 4)."""
        found: Tensor = self.score(offers)[..., 0]
        return found


def offers(seed: int, *, count: int = 1400, features: int = 5, width: int = 28) -> Parts:
    """Say which of four offers is bought: 1 for that one, 0 for the others."""
    rng = begin(seed, "offers")
    each = rng.normal(size=(count, 4, features))
    worth = each[..., 0] - np.abs(each[..., 1]) + each[..., 2] * np.sign(each[..., 3])
    bought = (worth + 0.15 * rng.normal(size=worth.shape)).argmax(1)
    train, valid = cut({"offers": each}, np.eye(4)[bought])
    return Parts(
        "table", _Offers(features, width), train, valid,
        lambda m: torch.optim.NAdam(m.parameters(), lr=5e-3), functional.cross_entropy,
        metric=chosen,
    )  # fmt: skip


class Orchards(nn.Module):
    """Look at each tree by itself, take the mean, and tell by two layers."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.look = nn.Sequential(nn.Linear(4, width), nn.ReLU())
        self.tell = nn.Sequential(
            nn.Linear(width, width), nn.Tanh(), nn.Linear(width, width), nn.Tanh(),
            nn.Linear(width, 1),
        )  # fmt: skip

    def all_trees(self, seen: Tensor) -> Tensor:
        """Bring trees (B, N, W) together."""
        return seen.mean(1)

    def forward(self, trees: Tensor) -> Tensor:
        """Map (B, N, 4) to (B, 1)."""
        found: Tensor = self.tell(self.all_trees(self.look(trees)))
        return found


def orchards(seed: int, *, count: int = 1000, trees: int = 40, width: int = 32) -> Parts:
    """Give the harvest of an orchard by what was measured at each of its trees."""
    rng = begin(seed, "orchards")
    whole = rng.normal(size=(count, 1, 4))
    each = 0.8 * whole + 0.6 * rng.normal(size=(count, trees, 4))
    mean = whole[:, 0]
    harvest = np.sin(1.5 * mean[:, 0]) + 0.7 * mean[:, 1] * mean[:, 2] + 0.5 * np.abs(mean[:, 3])
    harvest = harvest - 0.4 + 0.1 * rng.normal(size=count)
    train, valid = cut({"input": each}, harvest[:, None])
    return Parts(
        "table", Orchards(width), train, valid,
        lambda m: torch.optim.SGD(m.parameters(), lr=0.05, momentum=0.9), functional.mse_loss,
    )  # fmt: skip
