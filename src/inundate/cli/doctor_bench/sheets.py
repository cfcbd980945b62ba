"""Healthy models of tables of three more tasks, for the tenth list."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from inundate.cli.doctor_bench.parts import Parts
from inundate.cli.doctor_bench.scenes import begin, cut

__all__ = ["Doses", "baskets", "blends", "doses", "likelihood", "of_shares"]


def of_shares(output: Tensor, target: Tensor) -> Tensor:
    """Give how far the shares (B, 4) of scores are from the right ones, nat."""
    return functional.kl_div(output.log_softmax(1), target, reduction="batchmean")


def blends(seed: int, *, count: int = 1200, features: int = 7, width: int = 32) -> Parts:
    """Give the shares of four sorts in a blend of coffee."""
    rng = begin(seed, "blends")
    rows = rng.normal(size=(count, features))
    scores = np.stack(
        [1.5 * rows[:, 0], rows[:, 1] * rows[:, 2], np.abs(rows[:, 3]) - 0.8, -1.5 * rows[:, 4]], 1
    )
    shares = np.exp(scores + 0.05 * rng.normal(size=scores.shape))
    model = nn.Sequential(
        nn.Linear(features, width), nn.SiLU(), nn.Linear(width, width), nn.SiLU(),
        nn.Linear(width, 4),
    )  # fmt: skip
    train, valid = cut({"input": rows}, shares / shares.sum(1, keepdims=True))
    return Parts(
        "table", model, train, valid, lambda m: torch.optim.Adam(m.parameters(), lr=8e-3), of_shares
    )


class _Baskets(nn.Module):
    """Value each thing of a basket by itself, add up, and tell."""

    def __init__(self, features: int, width: int) -> None:
        super().__init__()
        self.value = nn.Sequential(
            nn.Linear(features, width), nn.ReLU(), nn.Linear(width, width), nn.ReLU()
        )
        self.tell = nn.Linear(width, 1)

    def forward(self, things: Tensor, there: Tensor) -> Tensor:
        """Map (B, N, F) and which of them are there (B, N) to (B, 1)."""
        found: Tensor = self.tell((self.value(things) * there[..., None]).sum(1) / 3.0)
        return found


def baskets(seed: int, *, count: int = 1000, most: int = 5, width: int = 32) -> Parts:
    """Give what a basket of two to five things costs."""
    rng = begin(seed, "baskets")
    things = rng.normal(size=(count, most, 4))
    there = np.arange(most) < rng.integers(2, most + 1, size=(count, 1))
    cost = np.abs(things[..., 0]) + 0.6 * things[..., 1] * np.sign(things[..., 2])
    total = (cost * there).sum(1) - 2.5
    train, valid = cut({"things": things, "there": 1.0 * there}, total[:, None] / 1.5)
    return Parts(
        "table", _Baskets(4, width), train, valid,
        lambda m: torch.optim.SGD(m.parameters(), lr=0.05, momentum=0.9), functional.huber_loss,
    )  # fmt: skip


def likelihood(output: Tensor, target: Tensor) -> Tensor:
    """Give minus the logarithm of the likelihood of (B, 1) by mean and log-variance (B, 2)."""
    mean, spread = output[:, :1], output[:, 1:]
    return 0.5 * ((target - mean).square() * torch.exp(-spread) + spread).mean()


class Doses(nn.Module):
    """Give mean and log-variance by two layers."""

    def __init__(self, features: int, width: int) -> None:
        super().__init__()
        self.look = nn.Sequential(
            nn.Linear(features, width), nn.Tanh(), nn.Linear(width, width), nn.Tanh()
        )
        self.tell = nn.Linear(width, 2)

    def forward(self, rows: Tensor) -> Tensor:
        """Map (B, F) to (B, 2)."""
        found: Tensor = self.tell(self.look(rows))
        return found


def doses(seed: int, *, count: int = 2800, features: int = 5, width: int = 32) -> Parts:
    """Give the dose that a patient needs, and how sure that is; the last columns name the ward."""
    rng = begin(seed, "doses")
    rows, ward = rng.normal(size=(count, features)), rng.integers(5, size=count)
    mean = np.sin(1.3 * rows[:, 0]) + 0.5 * rows[:, 1] * rows[:, 2]
    mean = mean + np.array([-1.2, -0.5, 0.0, 0.6, 1.3])[ward]
    spread = 0.2 * np.exp(0.4 * rows[:, 3])
    dose = mean + spread * rng.normal(size=count)
    named = np.concatenate([rows, 2.0 * np.eye(5)[ward] - 0.4], 1)
    train, valid = cut({"input": named}, dose[:, None])
    return Parts(
        "table", Doses(features + 5, width), train, valid,
        lambda m: torch.optim.Adam(m.parameters(), lr=5e-3), likelihood,
    )  # fmt: skip
