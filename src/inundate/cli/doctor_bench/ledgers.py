"""Healthy models of tables of three more tasks, first used by the ninth list."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from inundate.cli.doctor_bench.parts import Parts
from inundate.cli.doctor_bench.scenes import begin, cut

__all__ = ["deviance", "duels", "lifetimes", "tariffs"]


def lifetimes(seed: int, *, count: int = 1200, features: int = 8, width: int = 32) -> Parts:
    """Say of six years whether a pump still runs in each of them."""
    rng = begin(seed, "lifetimes")
    rows = rng.normal(size=(count, features))
    strength = 1.2 * rows[:, 0] + np.sin(2.0 * rows[:, 1]) + rows[:, 2] * (rows[:, 3] > 0)
    years = 3.0 + 1.3 * strength + 0.3 * rng.normal(size=count)
    model = nn.Sequential(
        nn.Linear(features, width), nn.Tanh(), nn.Linear(width, width), nn.Tanh(),
        nn.Linear(width, 6),
    )  # fmt: skip
    train, valid = cut({"input": rows}, 1.0 * (years[:, None] > np.arange(6)))
    return Parts(
        "table", model, train, valid, lambda m: torch.optim.Adam(m.parameters(), lr=1e-2),
        functional.binary_cross_entropy_with_logits,
    )  # fmt: skip


class Duels(nn.Module):
    """Give each of two players a strength by the same layers, and compare them."""

    def __init__(self, features: int, width: int) -> None:
        super().__init__()
        self.strength = nn.Sequential(
            nn.Linear(features, width), nn.ReLU(), nn.Linear(width, width), nn.ReLU(),
            nn.Linear(width, 1),
        )  # fmt: skip

    def forward(self, one: Tensor, two: Tensor) -> Tensor:
        """Map twice (B, F) to one logit (B, 1)."""
        found: Tensor = self.strength(one) - self.strength(two)
        return found


def duels(seed: int, *, count: int = 1200, features: int = 7, width: int = 24) -> Parts:
    """Say whether the first of two players wins."""
    rng = begin(seed, "duels")
    one, two = rng.normal(size=(2, count, features))
    strength = [np.abs(v[:, 0]) + v[:, 1] * v[:, 2] - v[:, 3] for v in (one, two)]
    won = strength[0] - strength[1] + 0.2 * rng.normal(size=count) > 0
    train, valid = cut({"one": one, "two": two}, 1.0 * won[:, None])
    return Parts(
        "table", Duels(features, width), train, valid,
        lambda m: torch.optim.SGD(m.parameters(), lr=0.1, momentum=0.9, nesterov=True),
        functional.binary_cross_entropy_with_logits,
    )  # fmt: skip


def deviance(output: Tensor, target: Tensor) -> Tensor:
    """Give the deviance of the gamma distribution whose mean is the exponential of the output."""
    return (target * torch.exp(-output) + output).mean()


def tariffs(seed: int, *, count: int = 1400, features: int = 6, width: int = 32) -> Parts:
    """Give the logarithm of the mean claim of a policy."""
    rng = begin(seed, "tariffs")
    rows = rng.normal(size=(count, features))
    mean = np.exp(0.8 * np.sin(1.5 * rows[:, 0]) + 0.5 * rows[:, 1] * np.sign(rows[:, 2]))
    claims = mean * rng.gamma(12.0, 1 / 12.0, size=count)
    model = nn.Sequential(
        nn.Linear(features, width), nn.LayerNorm(width), nn.SiLU(), nn.Linear(width, width),
        nn.SiLU(), nn.Linear(width, 1),
    )  # fmt: skip
    train, valid = cut({"input": rows}, claims[:, None])
    return Parts(
        "table", model, train, valid, lambda m: torch.optim.AdamW(m.parameters(), lr=8e-3),
        deviance,
    )  # fmt: skip
