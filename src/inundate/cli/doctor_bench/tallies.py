"""Healthy models of tables of five more tasks, for the thirteenth list."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from inundate.cli.doctor_bench.accounts import of_counts
from inundate.cli.doctor_bench.parts import Parts
from inundate.cli.doctor_bench.scenes import begin, cut

__all__ = ["Soils", "callouts", "meadows", "refunds", "salaries", "soils"]


def callouts(seed: int, *, count: int = 2400, features: int = 6, width: int = 48) -> Parts:
    """Give how often a fire brigade is called out in a week, by columns from 0 to 1.

    The last bias starts at the logarithm of the mean.
    """
    rng = begin(seed, "callouts")
    rows = rng.random((count, features))
    rate = 2.3 + 0.9 * np.sin(5.0 * rows[:, 0]) + 1.8 * np.abs(rows[:, 1] - 0.5)
    rate = rate + 1.4 * np.maximum(rows[:, 2], rows[:, 3]) - 0.9
    last = nn.Linear(width, 1)
    nn.init.constant_(last.bias, float(np.log(np.exp(rate).mean())))
    model = nn.Sequential(
        nn.Linear(features, width), nn.ReLU(), nn.Linear(width, width), nn.ReLU(), last
    )
    train, valid = cut({"input": rows}, 1.0 * rng.poisson(np.exp(rate))[:, None])
    return Parts(
        "table", model, train, valid, lambda m: torch.optim.Adam(m.parameters(), lr=5e-3),
        of_counts, size=64,
    )  # fmt: skip


class Soils(nn.Module):
    """See how near a row is to each of some centres, and add up."""

    def __init__(self, features: int, centres: int) -> None:
        super().__init__()
        self.centres = nn.Parameter(torch.randn(centres, features))
        self.narrow = nn.Parameter(torch.full((centres,), -0.5))
        self.tell = nn.Linear(centres, 1)

    def forward(self, rows: Tensor) -> Tensor:
        """Map (B, F) to (B, 1)."""
        far = (rows[:, None] - self.centres).square().sum(2)
        found: Tensor = self.tell(torch.exp(-far * self.narrow.exp()))
        return found


def soils(seed: int, *, count: int = 1400, features: int = 3, centres: int = 60) -> Parts:
    """Give how fast water seeps into a soil, by what it is made of."""
    rng = begin(seed, "soils")
    rows = rng.normal(size=(count, features))
    seeps = np.sin(1.7 * rows[:, 0]) + 0.8 * np.abs(rows[:, 1]) - 0.5 * rows[:, 1] * rows[:, 2]
    seeps = seeps - seeps.mean() + 0.1 * rng.normal(size=count)
    train, valid = cut({"input": rows}, seeps[:, None])
    return Parts(
        "table", Soils(features, centres), train, valid,
        lambda m: torch.optim.Adam(m.parameters(), lr=3e-2), functional.mse_loss,
    )  # fmt: skip


def meadows(seed: int, *, count: int = 1300, features: int = 7, width: int = 32) -> Parts:
    """Give which share of a meadow is in flower; a sigmoid at the end keeps it from 0 to 1."""
    rng = begin(seed, "meadows")
    rows = rng.normal(size=(count, features))
    blooms = 1.5 * rows[:, 0] * np.sign(rows[:, 1]) + np.abs(rows[:, 2]) - rows[:, 3] - 0.6
    share = 1.0 / (1.0 + np.exp(-1.3 * blooms - 0.2 * rng.normal(size=count)))
    model = nn.Sequential(
        nn.Linear(features, width), nn.ELU(), nn.Linear(width, width), nn.ELU(),
        nn.Linear(width, 1), nn.Sigmoid(),
    )  # fmt: skip
    train, valid = cut({"input": rows}, share[:, None])
    return Parts(
        "table", model, train, valid, lambda m: torch.optim.RAdam(m.parameters(), lr=2e-2),
        functional.mse_loss,
    )  # fmt: skip


class _Refunds(nn.Module):
    """Join the vector of a shop with numbers."""

    def __init__(self, features: int, shops: int, width: int) -> None:
        super().__init__()
        self.shop = nn.Embedding(shops, 4)
        self.tell = nn.Sequential(
            nn.Linear(features + 4, width), nn.GELU(), nn.Dropout(0.05), nn.Linear(width, width),
            nn.GELU(), nn.Linear(width, 1),
        )  # fmt: skip

    def forward(self, rows: Tensor, shop: Tensor) -> Tensor:
        """Map (B, F) and (B,) to logits (B, 1)."""
        found: Tensor = self.tell(torch.cat([rows, self.shop(shop)], 1))
        return found


def refunds(seed: int, *, count: int = 1800, features: int = 7, width: int = 32) -> Parts:
    """Say whether the money for a thing that is sent back is refunded."""
    rng = begin(seed, "refunds")
    rows, shop = rng.normal(size=(count, features)), rng.integers(8, size=count)
    worth = rows[:, 0] * rows[:, 1] + np.abs(rows[:, 2]) - 0.8 + 0.6 * rows[:, 3]
    worth = worth + np.linspace(-1, 1, 8)[shop] + 0.5 * rng.normal(size=count)
    train, valid = cut({"rows": rows, "shop": shop}, 1.0 * (worth > 0)[:, None])
    return Parts(
        "table", _Refunds(features, 8, width), train, valid,
        lambda m: torch.optim.AdamW(m.parameters(), lr=6e-3),
        functional.binary_cross_entropy_with_logits,
    )  # fmt: skip


def salaries(seed: int, *, count: int = 1200, features: int = 8, width: int = 32) -> Parts:
    """Give what somebody earns, in standard deviations."""
    rng = begin(seed, "salaries")
    rows = rng.normal(size=(count, features))
    earns = np.tanh(1.5 * rows[:, 0]) + 0.8 * rows[:, 1] * np.sign(rows[:, 2])
    earns = earns + 0.6 * np.abs(rows[:, 3]) - 0.4 * rows[:, 4]
    earns = earns - earns.mean() + 0.12 * rng.normal(size=count)
    model = nn.Sequential(
        nn.Linear(features, width), nn.ReLU(), nn.Linear(width, width), nn.ReLU(),
        nn.Linear(width, 1),
    )  # fmt: skip
    train, valid = cut({"input": rows}, earns[:, None])
    return Parts(
        "table", model, train, valid, lambda m: torch.optim.Adam(m.parameters(), lr=8e-3),
        functional.mse_loss,
    )  # fmt: skip
