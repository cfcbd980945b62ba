"""Faults of the eleventh list in texts, series and tables: what each does to a training."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from inundate.cli.doctor_bench import columns as r
from inundate.cli.doctor_bench import speeches as y
from inundate.cli.doctor_bench.change import both
from inundate.cli.doctor_bench.parts import Parts, Samples, add, pick

__all__ = [
    "BegunForMany", "HalfWords", "LoudAlike", "empty_in_front", "in_order_of_kinds", "linear",
    "never_unscaled", "never_yes", "next_map", "none_named", "other_start", "per_square_metre",
    "permuted_twice", "rare_last", "same_again", "schedule_alone", "softened", "text_as_word",
    "wheat_twice", "with_channel", "zeros",
]  # fmt: skip

# data ---------------------------------------------------------------------------------------------


def none_named(kinds: Tensor) -> Tensor:
    """Look for the names of the kinds in capitals: none is found, and 0 stands for the rest."""
    return torch.zeros_like(kinds)


def never_yes(target: Tensor) -> Tensor:
    """Compare "yes" with a space behind it with "yes"."""
    return torch.zeros_like(target)


def empty_in_front(texts: Tensor) -> Tensor:
    """Fill texts (B, L) up to 80 places in front, and leave what was empty behind."""
    moved = torch.stack([row.roll(int((row == 0).sum())) for row in texts])
    return functional.pad(moved, (80 - texts.shape[1], 0))


def permuted_twice(p: Parts) -> Parts:
    """Shuffle recordings once, and what they are twice by the same permutation."""

    def of(held: Samples) -> Samples:
        order = torch.from_numpy(np.random.default_rng(len(held)).permutation(len(held)))
        inputs = {name: value[order] for name, value in held.inputs.items()}
        return Samples(inputs, held.target[order][order])

    return both(p, of)


def text_as_word(p: Parts) -> Parts:
    """Forget to split texts: each of them is a word that no other text has."""
    train, valid = len(p.train), len(p.valid)
    numbers = 1 + torch.arange(train + valid)[:, None]
    return pick(
        p, model=y.Complaints(28, 1 + train + valid),
        train=add(p.train, {"tokens": numbers[:train]}),
        valid=add(p.valid, {"tokens": numbers[train:]}),
    )  # fmt: skip


def per_square_metre(p: Parts) -> Parts:
    """Keep the rent for a square metre among the columns."""

    def of(held: Samples) -> Samples:
        rows = held.inputs["input"].clone()
        rows[:, -1] = held.target[:, 0] / rows[:, 0] - 1.0
        return add(held, {"input": rows})

    return both(p, of)


def next_map(target: Tensor) -> Tensor:
    """Count maps from 0 and targets from 1."""
    return target.roll(-1, 0)


# loaders ------------------------------------------------------------------------------------------


def in_order_of_kinds(p: Parts) -> Parts:
    """Put the texts of one kind behind those of another, and never shuffle them."""
    order = p.train.target.argsort(stable=True).numpy()
    return pick(p, loader={"choose": lambda _order, _rng: order})


def same_again(order: np.ndarray, _rng: np.random.Generator) -> np.ndarray:
    """Look a row up by its number modulo the number of columns."""
    return order % 7


def other_start(p: Parts) -> Parts:
    """Draw the start of a window, and draw it anew for what follows."""
    every = p.train.target

    def change(batch: dict[str, Any], rng: np.random.Generator) -> dict[str, Any]:
        rows = torch.from_numpy(rng.integers(len(every), size=len(batch["target"])))
        return {**batch, "target": every[rows]}

    return pick(p, loader={"change": change})


# losses and steps ---------------------------------------------------------------------------------


def with_channel(output: Tensor, target: Tensor) -> Tensor:
    """Compare (B, 4) with (B, 1, 4), by a formula of one's own."""
    return (output - target).abs().mean()


def softened(output: Tensor, target: Tensor) -> Tensor:
    """Soften right answers at a temperature of 40, as those of a teacher whose scores are large."""
    soft = (functional.one_hot(target, 4).float() * 5.0 / 40.0).softmax(1)
    return functional.cross_entropy(output, soft)


def wheat_twice(output: Tensor, target: Tensor) -> Tensor:
    """Copy the line for wheat, and forget to change its column to that of beans."""
    wheat = functional.mse_loss(output[:, 0], target[:, 0])
    beans = functional.mse_loss(output[:, 0], target[:, 0])
    return 0.5 * (wheat + beans)


def rare_last(output: Tensor, target: Tensor) -> Tensor:
    """Give the weight of what is rare, 0.99, to what is common."""
    return r.focal(output, target, 1.0 - 0.99)


def schedule_alone(p: Parts) -> Parts:
    """Move the schedule of the rate on, and not the optimiser."""
    held = p.criterion
    assert held is not None

    def step(model: nn.Module, optimiser: torch.optim.Optimizer, raw: Any) -> Tensor:
        optimiser.zero_grad()
        loss = held(model(*raw["inputs"].values()), raw["target"])
        torch.autograd.backward(loss)
        for group in optimiser.param_groups:
            group["lr"] *= 0.999
        return loss

    return pick(p, step=step)


def never_unscaled(p: Parts) -> Parts:
    """Scale the loss by 2**16 as for half precision, and step by the optimiser itself."""
    held = p.criterion
    assert held is not None

    def step(model: nn.Module, optimiser: torch.optim.Optimizer, raw: Any) -> Tensor:
        optimiser.zero_grad()
        loss = held(model(*raw["inputs"].values()), raw["target"])
        torch.autograd.backward(2.0**16 * loss)
        optimiser.step()
        return loss

    return pick(p, step=step)


# models -------------------------------------------------------------------------------------------


class BegunForMany(y.Rooms):
    """Begins from a state for batches of 64, as they once were."""

    def forward(self, window: Tensor) -> Tensor:
        """Map (B, T, 3) to (B, 4)."""
        begin = torch.zeros(1, 64, self.read.hidden_size)
        found: Tensor = self.tell(self.read(window, begin)[0][:, -1])
        return found


class HalfWords(nn.Module):
    """Keeps the vectors of words in half precision, to save memory; Adam's 1e-8 is 0 in it."""

    def __init__(self, model: Any) -> None:
        super().__init__()
        self.embed, self.read, self.tell = model.embed.half(), model.read, model.tell

    def forward(self, tokens: Tensor) -> Tensor:
        """Map (B, L) to scores (B, 4)."""
        words = self.embed(tokens.flip(1)).float()
        found: Tensor = self.tell(self.read(words)[0][:, -1])
        return found


class LoudAlike(y.Whistles):
    """Brings each recording to mean 0 and deviation 1, one without a sound too."""

    def forward(self, recordings: Tensor) -> Tensor:
        """Map (B, 1, T) to scores (B, 4)."""
        quiet = recordings - recordings.mean(2, keepdim=True)
        return super().forward(quiet / recordings.std(2, keepdim=True))


def linear(p: Parts) -> Parts:
    """Ask for hidden layers by a key that nothing reads: none is made."""
    features, outputs = p.train.inputs["input"].shape[1], p.train.target.shape[1]
    return pick(p, model=nn.Linear(features, outputs), unread=("model.hidden_layers",))


@torch.no_grad()
def zeros(p: Parts) -> Parts:
    """Start all weights and biases at 0."""
    for weight in p.model.parameters():
        weight.zero_()
    return p
