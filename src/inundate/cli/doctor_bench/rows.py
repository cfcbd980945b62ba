"""Healthy models of tables of three more tasks, first used by the eighth list."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from inundate.cli.doctor_bench.parts import Parts
from inundate.cli.doctor_bench.scenes import begin, cut

__all__ = ["loans", "log_cosh", "moves", "stages"]


def loans(seed: int, *, count: int = 1400, features: int = 10, width: int = 24) -> Parts:
    """Say whether a loan is paid back, by a network with batch norm."""
    rng = begin(seed, "loans")
    rows = rng.normal(size=(count, features))
    worth = 1.6 * rows[:, 0] - 1.2 * np.abs(rows[:, 1]) + rows[:, 2] * rows[:, 3] + 0.9
    paid = (worth + 0.4 * rng.normal(size=count) > 0)[:, None] * 1.0
    model = nn.Sequential(
        nn.Linear(features, width), nn.BatchNorm1d(width), nn.LeakyReLU(0.1),
        nn.Linear(width, width), nn.BatchNorm1d(width), nn.LeakyReLU(0.1), nn.Linear(width, 1),
    )  # fmt: skip
    train, valid = cut({"input": rows}, paid)
    return Parts(
        "table", model, train, valid,
        lambda m: torch.optim.AdamW(m.parameters(), lr=4e-3, weight_decay=0.05),
        functional.binary_cross_entropy_with_logits,
    )  # fmt: skip


def moves(seed: int, *, count: int = 700, steps: int = 32, width: int = 12) -> Parts:
    """Tell standing, walking, running and falling apart by three accelerations."""
    rng = begin(seed, "moves")
    labels = rng.integers(4, size=count)
    times = np.arange(steps)
    found = 0.35 * rng.normal(size=(count, 3, steps))
    found[:, 2] += 1.0  # gravity
    for record, label in zip(found, labels, strict=True):
        phase, height = rng.uniform(0, 6), rng.uniform(0.7, 1.3)
        if label in (1, 2):
            record[2] += height * np.sin((0.5 if label == 1 else 1.1) * times + phase)
            record[0] += 0.5 * height * np.sin((0.25 if label == 1 else 0.55) * times + phase)
        if label == 3:
            at = int(rng.integers(6, steps - 8))
            record[:, at : at + 3] += 2.0 * height
            record[2, at + 3 :] -= 1.0
    model = nn.Sequential(
        nn.Conv1d(3, width, 5, padding=2), nn.SiLU(), nn.MaxPool1d(2),
        nn.Conv1d(width, 2 * width, 5, padding=2), nn.SiLU(), nn.AdaptiveAvgPool1d(4), nn.Flatten(),
        nn.Linear(8 * width, 4),
    )  # fmt: skip
    train, valid = cut({"input": found}, labels)
    return Parts(
        "table", model, train, valid, lambda m: torch.optim.Adam(m.parameters(), lr=4e-3),
        functional.cross_entropy,
    )  # fmt: skip


def log_cosh(output: Tensor, target: Tensor) -> Tensor:
    """Give the logarithm of the hyperbolic cosine of the error, safe for large ones."""
    error = output - target
    return (error + functional.softplus(-2.0 * error) - 0.6931).mean()


def stages(seed: int, *, count: int = 900, features: int = 7, width: int = 28) -> Parts:
    """Give the stage of a river from what is measured above it."""
    rng = begin(seed, "stages")
    rows = rng.normal(size=(count, features))
    stage = (
        np.log1p(np.exp(1.5 * rows[:, 0] + rows[:, 1]))
        - np.sin(1.5 * rows[:, 2])
        + rows[:, 3] ** 2 / 2
    )
    stage = (stage + 0.1 * rng.normal(size=count))[:, None]
    model = nn.Sequential(
        nn.Linear(features, width), nn.Tanh(), nn.Linear(width, width), nn.Tanh(),
        nn.Linear(width, 1),
    )  # fmt: skip
    train, valid = cut({"input": rows}, (stage - stage.mean()) / stage.std())
    return Parts(
        "table", model, train, valid,
        lambda m: torch.optim.NAdam(m.parameters(), lr=6e-3, weight_decay=1e-5), log_cosh,
    )  # fmt: skip
