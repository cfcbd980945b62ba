"""Healthy models of tables, series and a network of rivers, first used by the seventh list."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from inundate.cli.doctor_bench.parts import Parts, Samples
from inundate.cli.doctor_bench.scenes import begin, cut
from inundate.core.seeds import make_rng

__all__ = [
    "grades", "rivers", "series", "tide_samples", "tides", "wells",
]  # fmt: skip


class Wells(nn.Module):
    """Join the vector of a place with numbers."""

    def __init__(self, places: int, width: int) -> None:
        super().__init__()
        self.place = nn.Embedding(places, width)
        self.into = nn.Linear(6, width)
        self.tell = nn.Sequential(
            nn.LayerNorm(2 * width), nn.Linear(2 * width, width), nn.GELU(), nn.Linear(width, 1)
        )

    def forward(self, place: Tensor, rows: Tensor) -> Tensor:
        """Map (B,) and (B, 6) to (B, 1)."""
        joined = torch.cat([self.place(place), functional.gelu(self.into(rows))], 1)
        found: Tensor = self.tell(joined)
        return found


def wells(seed: int, *, count: int = 1200, places: int = 12, width: int = 20) -> Parts:
    """Give the level in a well from its place and six numbers."""
    rng = begin(seed, "wells")
    place = rng.integers(places, size=count)
    rows = rng.normal(size=(count, 6))
    own = rng.normal(size=(places, 2))
    level = own[place, 0] + np.tanh(own[place, 1] * rows[:, 0]) + 0.8 * np.abs(rows[:, 1])
    level = (level + 0.15 * rng.normal(size=count))[:, None]
    train, valid = cut({"place": place, "rows": rows}, (level - level.mean()) / level.std())
    return Parts(
        "table", Wells(places, width), train, valid,
        lambda m: torch.optim.Adam(m.parameters(), lr=5e-3, betas=(0.9, 0.98)),
        lambda out, t: functional.huber_loss(out, t, delta=0.5),
    )  # fmt: skip


class _Beside(nn.Module):
    """A layer with a norm beside an open way."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.BatchNorm1d(width), nn.ReLU(), nn.Linear(width, width), nn.BatchNorm1d(width),
            nn.ReLU(), nn.Linear(width, width),
        )  # fmt: skip

    def forward(self, rows: Tensor) -> Tensor:
        found: Tensor = rows + self.layers(rows)
        return found


def grades(seed: int, *, count: int = 1800, features: int = 9, width: int = 32) -> Parts:
    """Give one of five grades of damage, which follow one another."""
    rng = begin(seed, "grades")
    rows = rng.normal(size=(count, features))
    worth = np.sin(rows[:, 0]) + 0.8 * rows[:, 1] * (rows[:, 2] > 0) + 0.5 * rows[:, 3]
    bounds = np.quantile(worth, [0.35, 0.6, 0.8, 0.93])  # the worst are few
    grade = np.digitize(worth + 0.1 * rng.normal(size=count), bounds)
    model = nn.Sequential(
        nn.Linear(features, width), _Beside(width), _Beside(width), nn.BatchNorm1d(width),
        nn.ReLU(), nn.Linear(width, 5),
    )  # fmt: skip
    train, valid = cut({"input": rows}, grade)
    return Parts(
        "table", model, train, valid,
        lambda m: torch.optim.SGD(m.parameters(), lr=0.05, momentum=0.9, weight_decay=1e-4),
        functional.cross_entropy, size=48,
    )  # fmt: skip


def series(seed: int, steps: int = 60_000) -> np.ndarray[Any, Any]:
    """Make a long series of tides, with a slow drift of the weather."""
    rng = make_rng(seed, "doctor-bench", "tides")
    times = np.arange(steps)
    found = sum(
        height * np.sin(2 * np.pi * times / period + rng.uniform(0, 6))
        for height, period in ((1.0, 12.4), (0.4, 12.0), (0.3, 25.8))
    )
    weather = np.convolve(rng.normal(size=steps + 40), np.hanning(41) / 4.5, "valid")
    told: np.ndarray[Any, Any] = found + 0.6 * weather + 0.1 * rng.normal(size=steps)
    return told / 0.95


def tide_samples(held: np.ndarray[Any, Any], starts: Any, steps: int, ahead: int) -> Samples:
    """Cut windows (N, steps) and what follows them (N, ahead)."""
    places = np.asarray(starts)[:, None] + np.arange(steps + ahead)
    found = torch.from_numpy(held[places]).float()
    return Samples({"input": found[:, :steps]}, found[:, steps:])


class Tides(nn.Module):
    """Read a series as pieces by self-attention, and add to its last value what is to come."""

    def __init__(self, steps: int, ahead: int, width: int) -> None:
        super().__init__()
        self.into = nn.Linear(4, width)
        self.place = nn.Parameter(0.1 * torch.randn(steps // 4, width))
        self.block = nn.TransformerEncoderLayer(
            width, 2, 2 * width, 0.0, "gelu", batch_first=True, norm_first=True
        )
        self.tell = nn.Linear(steps // 4 * width, ahead)

    def forward(self, held: Tensor) -> Tensor:
        """Map (B, steps) to (B, ahead)."""
        pieces = self.into(held.reshape(len(held), -1, 4)) + self.place
        found: Tensor = held[:, -1:] + self.tell(self.block(pieces).flatten(1))
        return found


def tides(seed: int, *, count: int = 900, steps: int = 24, ahead: int = 4) -> Parts:
    """Give the next levels of a tide; no window overlaps with another."""
    begin(seed, "tides")
    starts = 32 * np.arange(count)
    at = count * 3 // 4
    held = series(seed)
    return Parts(
        "table", Tides(steps, ahead, 24), tide_samples(held, starts[:at], steps, ahead),
        tide_samples(held, starts[at:], steps, ahead),
        lambda m: torch.optim.RAdam(m.parameters(), lr=4e-3), nn.functional.l1_loss,
    )  # fmt: skip


class Rivers(nn.Module):
    """Send messages downstream along the edges of a network, some rounds long."""

    def __init__(self, width: int, rounds: int) -> None:
        super().__init__()
        self.into, self.tell = nn.Linear(2, width), nn.Linear(width, 1)
        self.own = nn.ModuleList([nn.Linear(width, width) for _ in range(rounds)])
        self.sent = nn.ModuleList([nn.Linear(width, width) for _ in range(rounds)])

    def arrived(self, edges: Tensor, states: Tensor) -> Tensor:
        """Add up what arrives at each node: edges (B, N, N) are 1 from column to row."""
        return edges @ states

    def forward(self, nodes: Tensor, edges: Tensor) -> Tensor:
        """Map (B, N, 2) and (B, N, N) to (B, N)."""
        states = functional.relu(self.into(nodes))
        for own, sent in zip(self.own, self.sent, strict=True):
            arrived = self.arrived(edges, sent(states))
            states = states + functional.leaky_relu(own(states) + arrived, 0.1)
        found: Tensor = self.tell(states)[..., 0]
        return found


def rivers(seed: int, *, count: int = 500, nodes: int = 8, rounds: int = 3) -> Parts:
    """Give the flow at each node of a river from the rain and the loss at those above it."""
    rng = begin(seed, "rivers")
    edges = np.zeros((count, nodes, nodes))
    water = rng.gamma(2.0, 0.5, size=(count, nodes))
    share = rng.uniform(0.3, 0.9, size=(count, nodes))
    flow = water * share
    for net in range(count):
        for node in range(nodes - 1):  # each node flows to one that comes later
            below = int(rng.integers(node + 1, min(node + 4, nodes)))
            edges[net, below, node] = 1.0
        for node in range(nodes):
            flow[net, node] += 0.8 * edges[net, node, :node] @ flow[net, :node]
    order = np.argsort(rng.random((count, nodes)), 1)  # numbers of nodes say nothing
    take = np.arange(count)[:, None]
    edges = edges[take[..., None], order[:, :, None], order[:, None]]
    told = np.stack([(water - 1.0) / 0.7, (share - 0.6) / 0.17], 2)[take, order]
    flow = (np.log(flow) - 0.3)[take, order]
    train, valid = cut({"nodes": told, "edges": edges}, flow)
    return Parts(
        "table", Rivers(24, rounds), train, valid,
        lambda m: torch.optim.AdamW(m.parameters(), lr=5e-3, weight_decay=1e-3),
        nn.functional.mse_loss,
    )  # fmt: skip
