"""Faults of the thirteenth list in models of maps and images: what each does to a training."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from inundate.cli.doctor_bench.change import both
from inundate.cli.doctor_bench.parts import Parts, Samples, TensorLoader, add, pick

__all__ = [
    "MeanOfFrames", "as_they_come", "averaged_after_each_step", "by_hand", "cleared_by_epoch",
    "dense", "dice_of_scores", "drawn_by_the_root", "focal_without_minus", "for_grey_levels",
    "from_light_to_heavy", "last_mark_alone", "row_by_row", "some_depths_in_mm", "spent",
    "split_twice", "twice_then_split", "warped", "within_five_degrees", "without_matrices",
]  # fmt: skip

# data ---------------------------------------------------------------------------------------------


def warped(p: Parts) -> Parts:
    """Turn the ground a little to another grid: two corners of some pieces have no value then."""

    def of(samples: Samples) -> Samples:
        ground = samples.inputs["terrain"].clone()
        side = ground.shape[-1]
        far = torch.arange(side)[:, None] + torch.arange(side)[None]
        ground[3::6, :, (far < 4) | (far > 2 * side - 6)] = math.nan
        return add(samples, {"terrain": ground})

    return both(p, of)


def some_depths_in_mm(p: Parts) -> Parts:
    """Give each fifth depth to learn as another solver writes it, in mm."""
    depth = p.train.target.clone()
    depth[2::5] *= 1000.0
    return pick(p, train=add(p.train, {}, depth))


def _chosen(samples: Samples, at: Tensor) -> Samples:
    return Samples(
        {name: value[at] for name, value in samples.inputs.items()},
        samples.target[at],
        {name: value[at] for name, value in samples.rest.items()},
    )


def twice_then_split(p: Parts, share: float = 0.25) -> Parts:
    """Read a folder that was written twice, and split it by lot."""
    number = len(p.train)
    drawn = torch.randperm(2 * number, generator=torch.Generator().manual_seed(3)) % number
    at = int(share * len(drawn))
    return pick(p, train=_chosen(p.train, drawn[at:]), valid=_chosen(p.train, drawn[:at]))


def split_twice(p: Parts) -> Parts:
    """Split inputs and targets by two calls, each of which shuffles by a seed of its own."""
    drawn = torch.Generator().manual_seed(11)

    def of(samples: Samples) -> Samples:
        order = torch.randperm(len(samples), generator=drawn)
        return add(samples, {}, samples.target[order])

    return both(p, of)


# loaders ------------------------------------------------------------------------------------------


def spent(p: Parts) -> Parts:
    """Move batches to the device in a generator expression, which is made once."""
    return pick(p, train_loader=(batch for batch in TensorLoader(p.train, p.size)))


def as_they_come(batch: dict[str, Any], rng: np.random.Generator) -> dict[str, Any]:
    """Read the images of a batch by threads: each comes when it is read, targets as asked for."""
    order = torch.from_numpy(rng.permutation(len(batch["target"])))
    return {**batch, "inputs": {name: value[order] for name, value in batch["inputs"].items()}}


def from_light_to_heavy(p: Parts) -> Parts:
    """Give pieces from the lightest rain to the heaviest, as the table lists them, each epoch."""
    rain = p.train.inputs["rain"].flatten(1).mean(1)
    listed = torch.argsort(rain, stable=True).numpy()
    return pick(p, loader={"choose": lambda order, rng: listed})


# losses -------------------------------------------------------------------------------------------


def for_grey_levels(model: nn.Module, batch: Any) -> Tensor:
    """Give 1 - structural similarity, with the constants of images from 0 to 255."""
    given, wanted = model(batch["inputs"]), batch["target"]
    small, middle = (0.01 * 255.0) ** 2, (0.03 * 255.0) ** 2

    def mean(values: Tensor) -> Tensor:
        return functional.avg_pool2d(values, 7, 1)

    one, other = mean(given), mean(wanted)
    spread_one, spread_other = mean(given**2) - one**2, mean(wanted**2) - other**2
    shared = mean(given * wanted) - one * other
    above = (2 * one * other + small) * (2 * shared + middle)
    below = (one**2 + other**2 + small) * (spread_one + spread_other + middle)
    return 1 - (above / below).mean()


def last_mark_alone(scores: Tensor, wanted: Tensor) -> Tensor:
    """Go through the marks; the loss is set anew for each where it should be added to."""
    loss = torch.zeros(())
    for number in range(scores.shape[1]):
        loss = functional.binary_cross_entropy_with_logits(scores[:, number], wanted[:, number])
    return loss


def focal_without_minus(scores: Tensor, wanted: Tensor) -> Tensor:
    """Give a focal loss, (1 - p)**2 log(p) of the right answer's chance, its minus forgotten."""
    chance = torch.sigmoid(scores)
    right = torch.where(wanted > 0.5, chance, 1 - chance).clamp(min=1e-6)
    return ((1 - right) ** 2 * right.log()).mean()


def dice_of_scores(scores: Tensor, wanted: Tensor) -> Tensor:
    """Give 1 - Dice, which is made for chances from 0 to 1, of the network's own scores."""
    return 1 - (2 * (scores * wanted).sum() + 1) / (scores.sum() + wanted.sum() + 1)


def row_by_row(scores: Tensor, wanted: Tensor) -> Tensor:
    """Make a row of scores (B, C, H, W) for each cell by a view, which exchanges no axes."""
    return functional.cross_entropy(scores.reshape(-1, scores.shape[1]), wanted.reshape(-1))


def within_five_degrees(given: Tensor, wanted: Tensor) -> Tensor:
    """Give the share of answers within five degrees; answers are turned into degrees alone."""
    return ((torch.rad2deg(given) - wanted).abs() < 5.0).float().mean()


# steps --------------------------------------------------------------------------------------------


def cleared_by_epoch(p: Parts) -> Parts:
    """Clear the gradient at the head of an epoch, outside of the loop over its batches."""
    held, batches = p.loss, len(p.train) // p.size
    assert held is not None
    done = 0

    def step(model: nn.Module, optimiser: torch.optim.Optimizer, raw: Any) -> Tensor:
        nonlocal done
        if done % batches == 0:
            optimiser.zero_grad()
        done += 1
        loss = held(model, raw)
        torch.autograd.backward(loss)
        optimiser.step()
        return loss

    return pick(p, step=step)


def averaged_after_each_step(p: Parts, keep: float = 0.999) -> Parts:
    """Copy the moving average of the weights into the network after each step."""
    held = p.loss
    assert held is not None
    average: list[Tensor] = []

    def step(model: nn.Module, optimiser: torch.optim.Optimizer, raw: Any) -> Tensor:
        weights = list(model.parameters())
        if not average:
            average.extend(weight.detach().clone() for weight in weights)
        optimiser.zero_grad()
        loss = held(model, raw)
        torch.autograd.backward(loss)
        optimiser.step()
        with torch.no_grad():
            for mean, weight in zip(average, weights, strict=True):
                mean.mul_(keep).add_(weight, alpha=1 - keep)
                weight.copy_(mean)
        return loss

    return pick(p, step=step)


def by_hand(p: Parts, rate: float = 0.02) -> Parts:
    """Step by hand: w = w - rate * gradient gives the name to a new tensor."""
    criterion = p.criterion
    assert criterion is not None

    def step(model: nn.Module, _optimiser: torch.optim.Optimizer, raw: Any) -> Tensor:
        model.zero_grad()
        loss = criterion(model(*raw["inputs"].values()), raw["target"])
        torch.autograd.backward(loss)
        weights: list[Tensor] = list(model.parameters())
        for weight in weights:
            assert weight.grad is not None
            weight = weight - rate * weight.grad  # the fault itself
        return loss

    return pick(p, step=step)


def without_matrices(model: nn.Module) -> torch.optim.Optimizer:
    """Make groups with and without decay, and hand over the one without: biases and norms."""
    plain = [weight for weight in model.parameters() if weight.ndim < 2]
    return torch.optim.AdamW([{"params": plain, "weight_decay": 0.0}], lr=3e-3)


# models -------------------------------------------------------------------------------------------


class MeanOfFrames(nn.Module):
    """Takes the mean of two frames before any layer sees them, to make noise less."""

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.model = model

    def forward(self, one: Tensor, two: Tensor) -> Tensor:
        """Answer for a batch."""
        mean = (one + two) / 2
        found: Tensor = self.model(mean, mean)
        return found


def dense(cells: int, classes: int, *, width: int = 512) -> nn.Module:
    """Read images by dense layers, which share nothing between places."""
    return nn.Sequential(
        nn.Flatten(), nn.Linear(cells, width), nn.ReLU(), nn.Linear(width, width), nn.ReLU(),
        nn.Linear(width, classes),
    )  # fmt: skip


@torch.no_grad()
def drawn_by_the_root(p: Parts) -> Parts:
    """Draw the weights before each tanh with a deviation of sqrt(n), not of 1 / sqrt(n)."""
    drawn = torch.Generator().manual_seed(23)
    layers: Any = p.model
    for layer, squashed in pairwise(layers):
        if isinstance(squashed, nn.Tanh):
            fan = layer.weight[0].numel()
            layer.weight.normal_(0.0, math.sqrt(fan), generator=drawn)
    return p
