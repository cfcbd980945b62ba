"""Healthy models of tables of three more tasks, for the eleventh list."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from inundate.cli.doctor_bench.parts import Parts
from inundate.cli.doctor_bench.scenes import begin, cut

__all__ = ["flats", "focal", "frauds", "harvests"]


def _network(features: int, width: int, outputs: int, between: Any) -> nn.Sequential:
    """Give two hidden layers."""
    return nn.Sequential(
        nn.Linear(features, width), between(), nn.Linear(width, width), between(),
        nn.Linear(width, outputs),
    )  # fmt: skip


def flats(seed: int, *, count: int = 1600, features: int = 7, width: int = 40) -> Parts:
    """Give the rent of a flat, of which the first column is the size."""
    rng = begin(seed, "flats")
    rows = rng.normal(size=(count, features))
    rows[:, 0] = np.exp(0.35 * rows[:, 0])
    price = 1.0 + 0.6 * np.tanh(1.5 * rows[:, 1] * rows[:, 2]) + 0.4 * np.sin(2.0 * rows[:, 3])
    rent = rows[:, 0] * (price + 0.25 * rng.normal(size=count))
    train, valid = cut({"input": rows}, rent[:, None])
    return Parts(
        "table", _network(features, width, 1, nn.Mish), train, valid,
        lambda m: torch.optim.AdamW(m.parameters(), lr=8e-3), functional.huber_loss,
    )  # fmt: skip


def focal(output: Tensor, target: Tensor, share: float = 0.75) -> Tensor:
    """Give the focal loss of logits (B, 1); ``share`` is the weight of what is rare."""
    loss = functional.binary_cross_entropy_with_logits(output, target, reduction="none")
    weight = share * target + (1.0 - share) * (1.0 - target)
    return (weight * (1.0 - torch.exp(-loss)).square() * loss).mean()


def frauds(seed: int, *, count: int = 2400, features: int = 6, width: int = 40) -> Parts:
    """Say whether a payment is a fraud, as one in eight is."""
    rng = begin(seed, "frauds")
    rows = rng.normal(size=(count, features))
    odd = rows[:, 0] * rows[:, 1] + np.abs(rows[:, 2]) + 0.5 * rows[:, 3]
    fraud = odd > np.quantile(odd, 0.875)
    train, valid = cut({"input": rows}, 1.0 * fraud[:, None])
    return Parts(
        "table", _network(features, width, 1, nn.ReLU), train, valid,
        lambda m: torch.optim.Adam(m.parameters(), lr=8e-3), focal,
    )  # fmt: skip


def harvests(seed: int, *, count: int = 1200, features: int = 8, width: int = 40) -> Parts:
    """Give the harvests of wheat and of beans of a field, by soil and weather."""
    rng = begin(seed, "harvests")
    rows = rng.normal(size=(count, features))
    wheat = np.abs(rows[:, 0]) + rows[:, 1] * np.sign(rows[:, 2]) - 0.8
    beans = np.cos(1.6 * rows[:, 3]) + 0.8 * np.abs(rows[:, 4] + rows[:, 5]) - 1.2
    tons = np.stack([wheat, 1.4 * beans], 1) + 0.1 * rng.normal(size=(count, 2))
    train, valid = cut({"input": rows}, tons)
    return Parts(
        "table", _network(features, width, 2, nn.SiLU), train, valid,
        lambda m: torch.optim.SGD(m.parameters(), lr=0.08, momentum=0.9, nesterov=True),
        functional.mse_loss,
    )  # fmt: skip
