"""Faults of the twelfth list in texts, series and tables: what each does to a training."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from inundate.cli.doctor_bench import accounts as r
from inundate.cli.doctor_bench import murmurs as y
from inundate.cli.doctor_bench import speeches
from inundate.cli.doctor_bench.change import both
from inundate.cli.doctor_bench.parts import Parts, Samples, add, pick

__all__ = [
    "Dropped", "FullRows", "Summed", "batches_shuffled", "by_file", "cleared_now_and_then",
    "drawn_twice", "focal_of_chances", "lags_without_past", "lowest_first", "no_body",
    "one_level_up", "passed_by_none", "penalised", "test_share", "thawed_late", "unknown_words",
    "unrestored", "within_the_tube",
]  # fmt: skip

# data ---------------------------------------------------------------------------------------------


def lags_without_past(p: Parts) -> Parts:
    """Keep the rows of the first days, whose day before and week before nobody knows."""
    rows = p.train.inputs["input"].clone()
    rows[:12, 2] = torch.nan
    rows[:84, 3] = torch.nan
    return pick(p, train=add(p.train, {"input": rows}))


def one_level_up(kinds: Tensor) -> Tensor:
    """Read the class from the folder above that of the class: the same one for all."""
    return torch.zeros_like(kinds)


def passed_by_none(target: Tensor) -> Tensor:
    """Ask whether a class, 0 or 1, is above 1."""
    return (target > 1).long()


def by_file(p: Parts) -> Parts:
    """Give the classes of each file of 75 rows numbers in the order in which it names them."""

    def of(held: Samples) -> Samples:
        numbered = held.target.clone()
        for start in range(0, len(numbered), 75):
            known: dict[int, int] = {}
            for row, medal in enumerate(held.target[start : start + 75].tolist(), start):
                numbered[row] = known.setdefault(medal, len(known))
        return add(held, {}, numbered)

    return both(p, of)


def _joined(p: Parts) -> Samples:
    inputs = {n: torch.cat([v, p.valid.inputs[n]]) for n, v in p.train.inputs.items()}
    return Samples(inputs, torch.cat([p.train.target, p.valid.target]))


def _rows(held: Samples, chosen: Any) -> Samples:
    at = torch.as_tensor(np.asarray(chosen))
    return Samples({n: v[at] for n, v in held.inputs.items()}, held.target[at])


def drawn_twice(p: Parts) -> Parts:
    """Draw rows to train on, and rows to validate on, each from the whole table."""
    every, train = _joined(p), len(p.train)
    first = np.random.default_rng(1).permutation(len(every))
    second = np.random.default_rng(2).permutation(len(every))
    return pick(p, train=_rows(every, first[:train]), valid=_rows(every, second[train:]))


def test_share(p: Parts) -> Parts:
    """Give the share to train on as that to test on: 36 of 1200 recordings are left to train."""
    every = _joined(p)
    many = len(every) * 3 // 100
    order = np.arange(len(every))
    return pick(p, train=_rows(every, order[:many]), valid=_rows(every, order[many:]), size=12)


def unknown_words(tokens: Tensor) -> Tensor:
    """Look words up in the vocabulary of another language: each is the unknown word."""
    return torch.ones_like(tokens)


def no_body(maps: Tensor) -> Tensor:
    """Leave NaN where a mask of the body, a disc, is empty."""
    side = maps.shape[-1]
    at = torch.arange(side) - (side - 1) / 2
    outside = at[:, None] ** 2 + at[None] ** 2 > (side / 2) ** 2
    return maps.masked_fill(outside, torch.nan)


def batches_shuffled(p: Parts) -> Parts:
    """Sort wines by medal, and shuffle batches of 32 of them, not the wines."""
    order = p.train.target.argsort(stable=True).numpy()
    whole = order[: len(order) // 32 * 32].reshape(-1, 32)

    def choose(_order: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        return whole[rng.permutation(len(whole))].reshape(-1)

    return pick(p, loader={"choose": choose})


# losses, steps and scores -------------------------------------------------------------------------


def focal_of_chances(output: Tensor, target: Tensor) -> Tensor:
    """Take what is given for chances of 0 to 1, as a focal loss out of another project does."""
    chance = output.clamp(1e-6, 1.0 - 1e-6)
    right = target * chance + (1.0 - target) * (1.0 - chance)
    return (-(1.0 - right).square() * right.log()).mean()


def within_the_tube(output: Tensor, target: Tensor) -> Tensor:
    """Count no error below 1.5 feet, of levels that are in standard deviations by now."""
    return functional.relu((output - target).abs() - 1.5).mean()


def penalised(p: Parts) -> Parts:
    """Add a penalty on the vectors of the readers and books of a batch, with a factor of 20."""
    held = p.criterion
    assert held is not None

    def loss(model: Any, raw: Any) -> Tensor:
        reader, book = raw["inputs"]["reader"], raw["inputs"]["book"]
        size = model.readers(reader).square().sum(1) + model.books(book).square().sum(1)
        found: Tensor = held(model(reader, book), raw["target"]) + 20.0 * size.mean()
        return found

    return pick(p, loss=loss)


def cleared_now_and_then(p: Parts) -> Parts:
    """Clear the gradient each fiftieth time, and step each time: half of a loop that adds up."""
    held, seen = p.criterion, [0]
    assert held is not None

    def step(model: nn.Module, optimiser: torch.optim.Optimizer, raw: Any) -> Tensor:
        loss = held(model(*raw["inputs"].values()), raw["target"])
        torch.autograd.backward(loss)
        optimiser.step()
        seen[0] += 1
        if seen[0] % 50 == 0:
            optimiser.zero_grad()
        return loss

    return pick(p, step=step)


def unrestored(p: Parts) -> Parts:
    """Move the vectors of words against the answer, train on that too, and never move them back."""
    held = p.criterion
    assert held is not None

    def step(model: Any, optimiser: torch.optim.Optimizer, raw: Any) -> Tensor:
        optimiser.zero_grad()
        loss = held(model(*raw["inputs"].values()), raw["target"])
        torch.autograd.backward(loss)
        words = model.embed.weight
        with torch.no_grad():
            words += words.grad / words.grad.norm().clamp(min=1e-12)
        torch.autograd.backward(held(model(*raw["inputs"].values()), raw["target"]))
        optimiser.step()
        return loss

    return pick(p, step=step)


def thawed_late(model: Any) -> torch.optim.Optimizer:
    """Make the optimiser of what is not frozen, which is the head, and thaw all else then."""
    for name, weight in model.named_parameters():
        weight.requires_grad_(name.startswith("tell"))
    wanted = [weight for weight in model.parameters() if weight.requires_grad]
    optimiser = torch.optim.AdamW(wanted, lr=8e-3)
    model.requires_grad_(True)
    return optimiser


def lowest_first(output: Tensor, target: Tensor) -> Tensor:
    """Sort the scores of offers from the lowest up, and take the first for the best."""
    best = output.argsort(1)[:, 0]
    return (best == target.argmax(1)).float().mean()


# models -------------------------------------------------------------------------------------------


class FullRows(y.Headlines):
    """Counts the places of a row for the words of a headline."""

    def lengths(self, tokens: Tensor) -> Tensor:
        """Give the length of the rows (B, L)."""
        return torch.full((len(tokens),), tokens.shape[1])


class Summed(r.Orchards):
    """Takes the sum over the trees, not the mean."""

    def all_trees(self, seen: Tensor) -> Tensor:
        """Bring trees (B, N, W) together."""
        return seen.sum(1)


class Dropped(speeches.Rooms):
    """Drops nine tenths of the state, as it does where nothing is asked for."""

    def forward(self, window: Tensor) -> Tensor:
        """Map (B, T, 3) to (B, 4)."""
        state = functional.dropout(self.read(window)[0][:, -1], 0.9, self.training)
        found: Tensor = self.tell(state)
        return found
