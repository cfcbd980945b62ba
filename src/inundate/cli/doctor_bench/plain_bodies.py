"""Healthy trainings of twelve more kinds, in which ordinary faults are put by ``plain``."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from inundate.cli.doctor_bench.bodies import smooth_fields
from inundate.cli.doctor_bench.parts import Parts
from inundate.cli.doctor_bench.scenes import begin, cut

__all__ = [
    "crops", "engines", "forecasts", "lakes", "opinions", "parcels", "parses", "pipes", "pulses",
    "ratings", "stripes", "voters", "waves",
]  # fmt: skip

bce = functional.binary_cross_entropy_with_logits


def _adam(rate: float, kind: Any = torch.optim.Adam, **own: Any) -> Any:
    return lambda m: kind([p for p in m.parameters() if p.requires_grad], lr=rate, **own)


def stripes(seed: int, *, count: int = 600, side: int = 16) -> Parts:
    """Say in which of three ways the stripes of a colour image run."""
    rng = begin(seed, "stripes")
    labels = rng.integers(3, size=count)
    y, x = np.mgrid[:side, :side]
    along = np.stack([y, x, (y + x) / 1.4])[labels]
    phase, pace = rng.uniform(0, 6.3, (count, 1, 1)), rng.uniform(0.9, 1.4, (count, 1, 1))
    held = np.sin(along * pace + phase)[:, None] * rng.uniform(0.5, 1.5, (count, 3, 1, 1))
    model = nn.Sequential(
        nn.Conv2d(3, 12, 3, padding=1), nn.BatchNorm2d(12), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(12, 16, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(),
        nn.Dropout(0.2), nn.Linear(256, 3),
    )  # fmt: skip
    train, valid = cut({"input": held + 0.7 * rng.normal(size=(count, 3, side, side))}, labels)
    return Parts("image", model, train, valid, _adam(2e-3), functional.cross_entropy)


class Net(nn.Module):
    """A small U-Net of two levels."""

    def __init__(self, width: int, out: int = 1) -> None:
        super().__init__()
        self.into = nn.Sequential(
            nn.Conv2d(2, width, 3, padding=1), nn.GroupNorm(2, width), nn.ReLU()
        )
        self.down = nn.Sequential(nn.Conv2d(width, 2 * width, 3, 2, 1), nn.ReLU())
        self.up = nn.ConvTranspose2d(2 * width, width, 2, 2)
        self.tell = nn.Sequential(
            nn.Conv2d(2 * width, width, 3, padding=1), nn.ReLU(), nn.Conv2d(width, out, 1)
        )

    def forward(self, maps: Tensor) -> Tensor:
        """Map (B, 2, H, W) to (B, K, H, W)."""
        fine = self.into(maps)
        found: Tensor = self.tell(torch.cat([fine, self.up(self.down(fine))], 1))
        return found


def parcels(seed: int, *, count: int = 240, side: int = 16) -> Parts:
    """Draw where a field that two noisy maps show is high."""
    rng = begin(seed, "parcels")
    held = smooth_fields(rng, count, side).numpy()
    maps = np.concatenate([held, -held], 1) + 0.5 * rng.normal(size=(count, 2, side, side))
    train, valid = cut({"input": maps}, (held > 0.4).astype(float))
    return Parts("image", Net(10), train, valid, _adam(4e-3, torch.optim.AdamW), bce, size=16)


def crops(seed: int, *, count: int = 240, side: int = 16) -> Parts:
    """Give each place one of four classes, by bands of two fields."""
    rng = begin(seed, "crops")
    held = smooth_fields(rng, 2 * count, side).numpy().reshape(count, 2, side, side)
    labels = (held[:, 0] > 0).astype(int) * 2 + (held[:, 1] > 0)
    maps = held + 0.4 * rng.normal(size=held.shape)
    train, valid = cut({"input": maps}, labels)
    return Parts("image", Net(10, 4), train, valid, _adam(5e-3), functional.cross_entropy, size=16)


class Squeeze(nn.Module):
    """A variational autoencoder of rows."""

    def __init__(self) -> None:
        super().__init__()
        self.into = nn.Sequential(nn.Linear(20, 48), nn.Tanh(), nn.Linear(48, 8))
        self.out = nn.Sequential(nn.Linear(4, 48), nn.Tanh(), nn.Linear(48, 20))

    def forward(self, rows: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Give (B, 20), and mean and logarithm of the variance (B, 4)."""
        mean, spread = self.into(rows).chunk(2, 1)
        drawn = mean + torch.randn_like(mean) * (0.5 * spread).exp() if self.training else mean
        return self.out(drawn), mean, spread


def bound(weight: float) -> Any:
    """Give the loss of an autoencoder whose divergence has a weight."""

    def loss(model: nn.Module, batch: Any) -> Tensor:
        out, mean, spread = model(batch["inputs"]["input"])
        far = 0.5 * (mean.square() + spread.exp() - 1 - spread).sum(1).mean()
        told: Tensor = (out - batch["target"]).square().sum(1).mean() + weight * far
        return told

    return loss


def waves(seed: int, *, count: int = 900) -> Parts:
    """Squeeze waves of a few numbers through four drawn ones."""
    rng = begin(seed, "waves")
    t = np.linspace(0, 6.3, 20)
    rows = rng.normal(size=(count, 1)) * np.sin(t) + rng.normal(size=(count, 1)) * np.cos(2 * t)
    rows = rows + 0.1 * rng.normal(size=rows.shape)
    train, valid = cut({"input": rows}, rows.copy())
    return Parts("table", Squeeze(), train, valid, _adam(4e-3), None, loss=bound(0.1))


class Reader(nn.Module):
    """A bidirectional LSTM, the mean of what it says over the words of a text."""

    def __init__(self, out: int = 2, width: int = 20) -> None:
        super().__init__()
        self.embed = nn.Embedding(60, width, padding_idx=0)
        self.read = nn.LSTM(width, width, batch_first=True, bidirectional=True)
        self.tell = nn.Linear(2 * width, out)

    def forward(self, texts: Tensor) -> Tensor:
        """Map (B, L) to (B, K)."""
        here = (texts > 0)[..., None]
        states = self.read(self.embed(texts))[0] * here
        found: Tensor = self.tell(states.sum(1) / here.sum(1).clamp(min=1))
        return found


def opinions(seed: int, *, count: int = 900, length: int = 14) -> Parts:
    """Say whether a text of some length is for or against; a word (1) turns what follows."""
    rng = begin(seed, "opinions")
    texts = rng.integers(12, 60, size=(count, length))
    labels, turned = rng.integers(2, size=count), rng.random(count) < 0.3
    ends = rng.integers(5, length + 1, size=count)
    for text, label, turn, end in zip(texts, labels, turned, ends, strict=True):
        place = rng.integers(1, end)
        text[place] = 2 + 5 * (label ^ turn) + rng.integers(5)
        text[place - 1] = 1 if turn else text[place - 1]
        text[end:] = 0
    train, valid = cut({"input": texts}, labels)
    return Parts("text", Reader(), train, valid, _adam(6e-3), functional.cross_entropy)


class Parser(nn.Module):
    """A transformer that gives each word a tag."""

    def __init__(self, length: int, width: int = 24) -> None:
        super().__init__()
        self.embed, self.place = nn.Embedding(40, width), nn.Embedding(length, width)
        self.block = nn.TransformerEncoderLayer(width, 3, 48, 0.05, batch_first=True)
        self.tell = nn.Linear(width, 4)

    def forward(self, texts: Tensor) -> Tensor:
        """Map (B, L) to (B, L, 4)."""
        states = self.embed(texts) + self.place(torch.arange(texts.shape[1]))
        found: Tensor = self.tell(self.block(states))
        return found


def by_word(output: Tensor, target: Tensor) -> Tensor:
    """Give the cross-entropy of (B, L, K) and (B, L)."""
    return functional.cross_entropy(output.flatten(0, 1), target.flatten())


def parses(seed: int, *, count: int = 600, length: int = 9) -> Parts:
    """Tag each word by its kind, and by whether the word 7 stands in the text."""
    rng = begin(seed, "parses")
    texts = rng.integers(8, 40, size=(count, length))
    asked = rng.random(count) < 0.5
    texts[np.flatnonzero(asked), rng.integers(length, size=int(asked.sum()))] = 7
    train, valid = cut({"input": texts}, texts % 2 + 2 * asked[:, None])
    return Parts("text", Parser(length), train, valid, _adam(3e-3, torch.optim.AdamW), by_word)


def ratings(seed: int, *, count: int = 900, length: int = 8) -> Parts:
    """Give the mean worth of the words of a text, by their vectors alone."""
    rng = begin(seed, "ratings")
    worth = rng.normal(size=80)
    texts = rng.integers(80, size=(count, length))
    model = nn.Sequential(nn.EmbeddingBag(80, 16), nn.Linear(16, 16), nn.ReLU(), nn.Linear(16, 1))
    train, valid = cut({"input": texts}, 2.5 * worth[texts].mean(1, keepdims=True))
    return Parts("text", model, train, valid, _adam(0.01, torch.optim.RMSprop), functional.mse_loss)


class Pipes(nn.Module):
    """Two rounds of messages along the edges of a network."""

    def __init__(self, width: int = 20) -> None:
        super().__init__()
        self.into, self.sent = nn.Linear(3, width), nn.Linear(width, width)
        self.again, self.tell = nn.Linear(width, width), nn.Linear(width, 1)

    def forward(self, nodes: Tensor, edges: Tensor) -> Tensor:
        """Map (B, N, 3) and (B, N, N) to (B, N)."""
        states = self.into(nodes).relu()
        states = (states + edges @ self.sent(states)).relu()
        states = (states + edges @ self.again(states)).relu()
        found: Tensor = self.tell(states)[..., 0]
        return found


def pipes(seed: int, *, count: int = 500, nodes: int = 8) -> Parts:
    """Give the pressure at each node of a tree of pipes: its own, and what comes from upstream."""
    rng = begin(seed, "pipes")
    edges = np.zeros((count, nodes, nodes))
    for tree in edges:
        for node in range(1, nodes):
            tree[rng.integers(node), node] = 1.0  # from column to row
    own = rng.normal(size=(count, nodes, 3))

    target = np.tanh(own[..., 0] + (edges @ own[..., 1:2])[..., 0])
    train, valid = cut({"nodes": own, "edges": edges}, target)
    return Parts("table", Pipes(), train, valid, _adam(6e-3), functional.mse_loss)


def engines(seed: int, *, count: int = 900, features: int = 10) -> Parts:
    """Give two numbers of an engine from ten readings, by a network with batch norm."""
    rng = begin(seed, "engines")
    rows = rng.normal(size=(count, features))
    target = np.stack(
        [np.sin(rows[:, 0] + rows[:, 1]), rows[:, 2] * rows[:, 3] / 1.5 + rows[:, 4]], 1
    )
    model = nn.Sequential(
        nn.Linear(features, 40), nn.BatchNorm1d(40), nn.SiLU(), nn.Linear(40, 40), nn.SiLU(),
        nn.Linear(40, 2),
    )  # fmt: skip
    train, valid = cut({"input": rows}, target)
    return Parts(
        "table",
        model,
        train,
        valid,
        _adam(0.05, torch.optim.SGD, momentum=0.9),
        functional.mse_loss,
    )


def voters(seed: int, *, count: int = 1000) -> Parts:
    """Give five yes-or-no answers from a row."""
    rng = begin(seed, "voters")
    rows = rng.normal(size=(count, 12))
    told = rows @ rng.normal(size=(12, 5)) + 1.5 * np.abs(rows[:, :5]) - 1.8
    model = nn.Sequential(nn.Linear(12, 32), nn.ELU(), nn.Linear(32, 5))
    train, valid = cut({"input": rows}, (told > 0).astype(float))
    return Parts("table", model, train, valid, _adam(0.05, torch.optim.Adagrad), bce)


class Ahead(nn.Module):
    """Read a series by a GRU, and give what is to come in one go."""

    def __init__(self, width: int = 24) -> None:
        super().__init__()
        self.read, self.tell = nn.GRU(2, width, batch_first=True), nn.Linear(width, 5)

    def forward(self, series: Tensor) -> Tensor:
        """Map (B, T, 2) to (B, 5)."""
        found: Tensor = self.tell(self.read(series)[0][:, -1])
        return found


def forecasts(seed: int, *, count: int = 800, steps: int = 20) -> Parts:
    """Give the next five values of the first of two series that go together."""
    rng = begin(seed, "forecasts")
    t = np.arange(steps + 5)
    pace, phase = rng.uniform(0.25, 0.6, (count, 1)), rng.uniform(0, 6.3, (count, 1))
    height = rng.uniform(0.6, 1.6, (count, 1))
    one, two = (height * np.sin(pace * t + phase + lag) for lag in (0.0, 1.0))
    series = np.stack([one, two], 2) + 0.08 * rng.normal(size=(count, steps + 5, 2))
    train, valid = cut({"input": series[:, :steps]}, series[:, steps:, 0])
    return Parts("table", Ahead(), train, valid, _adam(8e-3), functional.l1_loss)


def pulses(seed: int, *, count: int = 800, steps: int = 32) -> Parts:
    """Say which of four shapes a pulse in three channels has, by convolutions over time."""
    rng = begin(seed, "pulses")
    labels = rng.integers(4, size=count)
    t = np.arange(10) / 9.0
    kinds = np.stack([t, t[::-1], np.sin(np.pi * t), np.sign(t - 0.5)])
    held = 0.35 * rng.normal(size=(count, 3, steps))
    for one, label, at in zip(held, labels, rng.integers(steps - 10, size=count), strict=True):
        one[:, at : at + 10] += 2.0 * kinds[label] * rng.uniform(0.6, 1.2, (3, 1))
    model = nn.Sequential(
        nn.Conv1d(3, 24, 7, padding=3), nn.BatchNorm1d(24), nn.ReLU(), nn.MaxPool1d(2),
        nn.Conv1d(24, 24, 5, padding=2), nn.ReLU(), nn.AdaptiveMaxPool1d(1), nn.Flatten(),
        nn.Linear(24, 4),
    )  # fmt: skip
    train, valid = cut({"input": held}, labels)
    return Parts("table", model, train, valid, _adam(4e-3), functional.cross_entropy)


class Twins(nn.Module):
    """The same layers for two rows; the difference of what they give is told from."""

    def __init__(self) -> None:
        super().__init__()
        self.tower = nn.Sequential(nn.Linear(8, 32), nn.ReLU(), nn.Linear(32, 12))
        self.tell = nn.Sequential(nn.Linear(12, 16), nn.ReLU(), nn.Linear(16, 1))

    def forward(self, one: Tensor, two: Tensor) -> Tensor:
        """Map twice (B, 8) to (B,)."""
        found: Tensor = self.tell((self.tower(one) - self.tower(two)).abs())[:, 0]
        return found


def lakes(seed: int, *, count: int = 1600) -> Parts:
    """Say whether two rows are of the same lake, each of which has a number of its own."""
    rng = begin(seed, "lakes")
    same = rng.integers(2, size=count)
    onto = rng.normal(size=(2, 8))
    own = rng.normal(size=(count, 2)) * 1.5
    other = np.where(same[:, None] == 1, own, rng.normal(size=(count, 2)) * 1.5)
    one, two = (v @ onto + 0.2 * rng.normal(size=(count, 8)) for v in (own, other))
    train, valid = cut({"one": one, "two": two}, same.astype(float))
    return Parts("table", Twins(), train, valid, _adam(4e-3), bce)
