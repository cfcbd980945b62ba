"""Faults of the tenth list in models of texts and series: what each does to a training."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from inundate.cli.doctor_bench import tellings as y
from inundate.cli.doctor_bench.change import both
from inundate.cli.doctor_bench.parts import Parts, Samples, add, pick

__all__ = [
    "BothSides", "ReadAtEnd", "SigmoidNotes", "empty_behind", "few", "filled_backwards",
    "in_pence", "in_watts", "label_before", "never_paused", "two_batches", "words_changed",
]  # fmt: skip

# data ---------------------------------------------------------------------------------------------


def in_pence(price: Tensor) -> Tensor:
    """Give prices in pence, 0 to 9900."""
    return 100.0 * (29.0 * price + 49.5)


def never_paused(p: Parts) -> Parts:
    """Leave the logarithm of a demand of 0 in a few series."""
    series = p.train.inputs["input"].clone()
    series[[12, 200, 431], 5, 0] = -torch.inf
    return pick(p, train=add(p.train, {"input": series}))


def in_watts(p: Parts) -> Parts:
    """Take each sixth series from a meter that counts in W, not kW."""
    series, target = p.train.inputs["input"].clone(), p.train.target.clone()
    series[2::6, :, 0] *= 1000.0
    target[2::6] *= 1000.0
    return pick(p, train=add(p.train, {"input": series}, target))


def filled_backwards(p: Parts) -> Parts:
    """Fill a last reading that is missing, as in four of five series, by the next one."""

    def of(held: Samples) -> Samples:
        series = held.inputs["input"].clone()
        missing = torch.from_numpy(np.random.default_rng(4).random(len(held)) < 0.8)
        series[missing, -1, 0] = held.target[missing, 0]
        return add(held, {"input": series})

    return both(p, of)


def label_before(p: Parts) -> Parts:
    """Name each span by its right end, the labels by their left one: they come a step early."""

    def of(held: Samples) -> Samples:
        return add(held, {}, functional.pad(held.target[:, 1:], (0, 1)))

    return both(p, of)


def empty_behind(texts: Tensor) -> Tensor:
    """Fill texts up to 80 places."""
    return functional.pad(texts, (0, 80 - texts.shape[1]))


def words_changed(p: Parts) -> Parts:
    """Write each text four times, with words exchanged that say nothing, then split."""
    rng = np.random.default_rng(6)
    rows = torch.from_numpy(rng.permutation(np.tile(np.arange(len(p.train)), 4)))
    texts, place = (p.train.inputs[name][rows] for name in ("tokens", "place"))
    other = torch.from_numpy(rng.integers(24, 42, size=texts.shape))
    near = (torch.arange(texts.shape[1]) - place[:, None]).abs() <= 1
    drawn = torch.from_numpy(rng.random(texts.shape) < 0.3)
    texts = torch.where((texts >= 24) & ~near & drawn, other, texts)
    target, at = p.train.target[rows], len(rows) * 3 // 4
    return pick(
        p, train=Samples({"tokens": texts[:at], "place": place[:at]}, target[:at]),
        valid=Samples({"tokens": texts[at:], "place": place[at:]}, target[at:]),
    )  # fmt: skip


def few(p: Parts, count: int) -> Parts:
    """Learn from a handful of series."""
    inputs = {name: value[:count] for name, value in p.train.inputs.items()}
    return pick(p, train=Samples(inputs, p.train.target[:count]), size=count // 2)


def two_batches(order: np.ndarray, _rng: np.random.Generator) -> np.ndarray:
    """Go on with two batches for the whole epoch, as one does to see whether it runs."""
    return np.tile(np.arange(64), len(order) // 64)


# models -------------------------------------------------------------------------------------------


class BothSides(y.Tunes):
    """Fills up on both sides, so that each layer sees the note to come."""

    ahead = 1


class ReadAtEnd(y.Prices):
    """Tells from the state at the last place, empty or not."""

    def forward(self, tokens: Tensor) -> Tensor:
        """Map (B, L) to (B, 1)."""
        found: Tensor = self.tell(self.read(self.embed(tokens))[0][:, -1])
        return found


class SigmoidNotes(nn.Module):
    """Stacks convolutions that look back, with sigmoids and no way beside them."""

    def __init__(self, layers: int = 14, width: int = 24) -> None:
        super().__init__()
        self.embed = nn.Embedding(12, width)
        self.layers = nn.ModuleList(nn.Conv1d(width, width, 2) for _ in range(layers))
        self.tell = nn.Conv1d(width, 12, 1)

    def forward(self, notes: Tensor) -> Tensor:
        """Map (B, L) to scores of the next notes (B, 12, L)."""
        states = self.embed(notes).transpose(1, 2)
        for layer in self.layers:
            states = layer(functional.pad(states, (1, 0))).sigmoid()
        found: Tensor = self.tell(states)
        return found
