"""Mistakes of the eighth list in the training of models of images and tables."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from inundate.cli.doctor_bench import sights as v
from inundate.cli.doctor_bench.change import both
from inundate.cli.doctor_bench.fault import Body
from inundate.cli.doctor_bench.parts import Parts, Samples, TensorLoader, add, pick
from inundate.core.seeds import make_rng

__all__ = [
    "Faded", "box_drawn", "by_class", "by_kind", "corners_overlap", "day_and_night",
    "divided_again", "drawn_wide", "first_again", "group_means", "halved", "noise_kept",
    "of_classes", "seconds_since", "sigmoids", "slow_norms", "two_hands", "wide_first", "zeros",
]  # fmt: skip

# data ---------------------------------------------------------------------------------------------


def box_drawn(p: Parts) -> Parts:
    """Take the images from a folder in which the boxes were drawn on them."""

    def of(held: Samples) -> Samples:
        images = held.inputs["input"].clone()
        side = images.shape[-1]
        for image, (x, y, wide, tall) in zip(images, (held.target * side).tolist(), strict=True):
            top, left = round(y - tall / 2), round(x - wide / 2)
            low, right = round(y + tall / 2) - 1, round(x + wide / 2) - 1
            image[0, [top, low], left : right + 1] = 4.0
            image[0, top : low + 1, [left, right]] = 4.0
        return add(held, {"input": images})

    return both(p, of)


def two_hands(p: Parts) -> Parts:
    """Let a second annotator of each other image use two names the other way round."""

    def of(held: Samples) -> Samples:
        labels = held.target.clone()
        labels[::2] = torch.tensor([0, 2, 1])[labels[::2]]
        return add(held, {}, labels)

    return both(p, of)


def seconds_since(rows: Tensor) -> Tensor:
    """Write two of the columns as seconds since 1970."""
    found = rows.clone()
    found[:, 4:6] = 1.6e9 + 4e6 * found[:, 4:6]
    return found


def group_means(p: Parts) -> Parts:
    """Replace a branch by the mean of its loans, each of them and its own answer among these."""

    def of(held: Samples) -> Samples:
        rows = held.inputs["input"].clone()
        branch = torch.arange(len(rows)) // 2  # most branches have two loans
        sums = torch.zeros(int(branch[-1]) + 1).index_add_(0, branch, held.target[:, 0])
        rows[:, 9] = 2.0 * (sums / torch.bincount(branch))[branch] - 1.0
        return add(held, {"input": rows})

    return both(p, of)


# loaders ------------------------------------------------------------------------------------------


def by_class(p: Parts) -> Parts:
    """Read one folder behind the other, without a shuffle."""
    held = np.argsort(p.train.target.numpy(), kind="stable")
    return pick(p, loader={"choose": lambda _order, _rng: held})


def first_again(p: Parts) -> Parts:
    """Ask a new iterator for its first batch in each step, without a shuffle."""
    return pick(p, loader={"choose": lambda order, _r: np.arange(len(order)) % p.size})


def day_and_night(make: Any) -> Body:
    """Make a body of images of which each second one was taken at night."""

    def of(held: Samples) -> Samples:
        images = held.inputs["input"].clone()
        images[1::2] = 0.25 * images[1::2] - 4.0
        return add(held, {"input": images})

    return lambda seed, _work: both(make(seed), of)


def by_kind(p: Parts) -> Parts:
    """Give batches of images of the day, and batches of those of the night, in turn."""

    def choose(order: Any, _rng: Any) -> Any:
        day, night = (order[order % 2 == k] for k in (0, 1))
        count = min(len(day), len(night)) // p.size
        cut = [(day[p.size * i :][: p.size], night[p.size * i :][: p.size]) for i in range(count)]
        return np.concatenate([piece for pair in cut for piece in pair])

    return pick(p, loader={"choose": choose})


def of_classes(p: Parts) -> Parts:
    """Draw by one weight for each class: as many samples as there are weights are ever drawn."""
    count = int(p.train.target.max()) + 1
    return pick(p, loader={"choose": lambda order, rng: rng.integers(count, size=len(order))})


class _Kept(TensorLoader):
    """Adds noise to the images that it holds, and not to a copy of a batch."""

    def __iter__(self) -> Iterator[dict[str, Any]]:
        drawn = make_rng(self.seed, "kept", self.epoch)
        images = self.samples.inputs["input"]
        images += torch.from_numpy(drawn.normal(scale=0.6, size=images.shape)).float()
        return super().__iter__()


def noise_kept(p: Parts) -> Parts:
    """Disturb the images in place: what was added in an epoch stays for all later ones."""
    own = Samples({n: value.clone() for n, value in p.train.inputs.items()}, p.train.target)
    return pick(p, train_loader=_Kept(own, p.size))


# scores -------------------------------------------------------------------------------------------


def corners_overlap(output: Tensor, target: Tensor) -> Tensor:
    """Give the share that boxes have in common, their middle and sides read as two corners."""
    first, last = torch.maximum(output, target)[:, :2], torch.minimum(output, target)[:, 2:]
    shared = (last - first).clamp(min=0).prod(1)
    every = sum((b[:, 2:] - b[:, :2]).clamp(min=0).prod(1) for b in (output, target)) - shared
    return (shared / (every + 1e-6)).mean()


# models and steps ---------------------------------------------------------------------------------


@torch.no_grad()
def zeros(p: Parts) -> Parts:
    """Start weights and biases of all layers, those of norms apart, from 0."""
    for layer in p.model.modules():
        if isinstance(layer, (nn.Conv3d, nn.Linear)):
            for weight in layer.parameters():
                weight.zero_()
    return p


def slow_norms(p: Parts) -> Parts:
    """Let a batch norm keep what it has seen for a hundred thousand batches."""
    for layer in p.model.modules():
        if isinstance(layer, nn.BatchNorm2d):
            layer.momentum = 1e-5
    return p


@torch.no_grad()
def wide_first(p: Parts) -> Parts:
    """Start the first layer, before a tanh, from weights of another scale."""
    next(p.model.parameters()).mul_(60.0)
    return p


@torch.no_grad()
def drawn_wide(p: Parts) -> Parts:
    """Draw all weights with a deviation of 1, whatever the layer's width."""
    for number, weight in enumerate(p.model.parameters()):
        weight.copy_(torch.randn(weight.shape, generator=torch.Generator().manual_seed(number)))
    return p


class Faded(v.Haze):
    """Scales what a block says by a fixed millionth, and has no way beside it."""

    def added(self, states: Tensor, change: Tensor) -> Tensor:
        """Give what the block says alone."""
        return 1e-6 * change


def halved(p: Parts) -> Parts:
    """Keep weights, images and targets in half precision, with Adam as it is."""

    def of(held: Samples) -> Samples:
        return add(held, {"input": held.inputs["input"].half()}, held.target.half())

    return pick(both(p, of), model=p.model.half())


def sigmoids(p: Parts, layers: int = 14) -> Parts:
    """Stack layers with sigmoids."""
    width, held = 28, [nn.Linear(7, 28), nn.Sigmoid()]
    for _ in range(layers):
        held += [nn.Linear(width, width), nn.Sigmoid()]
    return pick(p, model=nn.Sequential(*held, nn.Linear(width, 1)))


def divided_again(p: Parts) -> Parts:
    """Divide a loss that is a mean by the number of samples of an epoch, before plain descent."""
    held = p.criterion
    assert held is not None

    def step(model: nn.Module, own: torch.optim.Optimizer, raw: Any) -> Tensor:
        own.zero_grad()
        loss = held(model(raw["inputs"]["input"]), raw["target"])
        torch.autograd.backward(loss / len(p.train))
        own.step()
        return loss

    return pick(p, step=step)
