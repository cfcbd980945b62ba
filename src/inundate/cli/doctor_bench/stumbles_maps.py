"""Faults of the fourteenth list in models of maps and images: what each does to a training."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from inundate.cli.doctor_bench.change import both, trained_by
from inundate.cli.doctor_bench.fault import Body, flood
from inundate.cli.doctor_bench.parts import Parts, Samples, TensorLoader, pick
from inundate.core.seeds import make_rng
from inundate.emulate.settings import EmulatorSettings
from inundate.emulate.zoo import make_model

__all__ = [
    "Apart", "by_fours", "dice_itself", "drawn_without_fan", "first_bias", "folder_by_folder",
    "layers_last", "listed_otherwise", "of_logarithms", "of_twelve_cells", "scaled_and_stepped",
    "sixteen_bit", "sized", "squashed", "two_depths_of_flood", "with_a_million",
]  # fmt: skip


# a body -------------------------------------------------------------------------------------------


def sized(name: str, kind: Any, rate: float, size: dict[str, Any], **own: Any) -> Body:
    """Make the body of an emulator of the zoo in a size and by an optimiser of its own.

    Parameters
    ----------
    name : str
        Name in the zoo.
    kind : type of Optimizer
    rate : float
    size : dict
        Settings of the network, over a small one's.
    **own
        Of the optimiser.
    """

    def make(seed: int, work: Path) -> Parts:
        held = flood(name)(seed, work)
        torch.manual_seed(seed)
        settings = {"model": name, "width": 8, "levels": 2, "crop_cells": 16, "frames": 2, **size}
        network: nn.Module = make_model(EmulatorSettings(**settings))
        return trained_by(pick(held, model=network), kind, rate, **own)

    return make


# data ---------------------------------------------------------------------------------------------


def of_twelve_cells(p: Parts) -> Parts:
    """Cut pieces of twelve cells: three positions, which cannot be halved and doubled again."""

    def corner(values: Tensor, side: int) -> Tensor:
        return values[..., : 3 * side // 4, : 3 * side // 4].contiguous()

    def of(samples: Samples) -> Samples:
        return Samples(
            {name: corner(value, value.shape[-1]) for name, value in samples.inputs.items()},
            corner(samples.target, samples.target.shape[-1]),
            {name: corner(value, value.shape[-1]) for name, value in samples.rest.items()},
        )

    return both(p, of)


def layers_last(ground: Tensor) -> Tensor:
    """Reshape layers that lie last, (B, H, W, C), to (B, C, H, W), which exchanges no axes."""
    return ground.permute(0, 2, 3, 1).reshape(ground.shape)


def sixteen_bit(ground: Tensor) -> Tensor:
    """Give layers as the raster keeps them: whole numbers of 16 bit."""
    low, high = -1.5, 1.5
    return ((ground - low) / (high - low) * 65535.0).round()


def listed_otherwise(p: Parts) -> Parts:
    """Pair inputs with targets whose files another call has listed, in another order."""
    drawn = torch.Generator().manual_seed(29)

    def of(samples: Samples) -> Samples:
        order = torch.randperm(len(samples), generator=drawn)
        return Samples(samples.inputs, samples.target[order], samples.rest)

    return both(p, of)


# loaders ------------------------------------------------------------------------------------------


class Apart(TensorLoader):
    """Shuffle inputs by one call and targets by another at the start of each epoch."""

    def __iter__(self) -> Iterator[dict[str, Any]]:
        """Give batches of inputs and of targets that were shuffled apart."""
        rng = make_rng(self.seed, "apart", self.epoch)
        held = self.samples
        order = torch.from_numpy(rng.permutation(len(held)))
        rest = {name: value[order] for name, value in held.rest.items()}
        mixed = Samples(held.inputs, held.target[order], rest)
        inner = TensorLoader(mixed, self.size, self.seed, epoch=self.epoch)
        self.epoch += 1
        yield from inner


def folder_by_folder(p: Parts) -> Parts:
    """List one folder of a class behind the other, and do not shuffle."""
    listed = np.asarray(torch.argsort(p.train.target, stable=True))
    return pick(p, loader={"choose": lambda order, rng: listed})


# losses and scores --------------------------------------------------------------------------------


def of_logarithms(model: nn.Module, batch: Any) -> Tensor:
    """Give the squared error of the logarithm of depths, the dry ones among them."""
    given, wanted = model(batch["inputs"]), batch["target"]
    error: Tensor = given.log() - wanted.log()
    return error.square().mean()


def dice_itself(scores: Tensor, wanted: Tensor) -> Tensor:
    """Give the Dice coefficient of chances, as it is."""
    chance = torch.sigmoid(scores)
    return (2 * (chance * wanted).sum() + 1) / (chance.sum() + wanted.sum() + 1)


def with_a_million(scores: Tensor, wanted: Tensor) -> Tensor:
    """Give 1 - Dice with 1e6 above and below the line, where 1e-6 was meant."""
    chance, smooth = torch.sigmoid(scores), 1e6
    return 1 - (2 * (chance * wanted).sum() + smooth) / (chance.sum() + wanted.sum() + smooth)


def two_depths_of_flood(given: Tensor, wanted: Tensor) -> Tensor:
    """Give the success index of cells given deeper than 5 cm, of those that are above 30 cm."""
    said, true = given > 0.05, wanted > 0.3
    return (said & true).float().sum() / (said | true).float().sum().clamp(min=1.0)


# steps --------------------------------------------------------------------------------------------


def by_fours(p: Parts) -> Parts:
    """Gather four batches for a step, and never clear what was gathered."""
    held, done = p.loss, 0
    assert held is not None

    def step(model: nn.Module, optimiser: torch.optim.Optimizer, raw: Any) -> Tensor:
        nonlocal done
        done += 1
        loss = held(model, raw)
        torch.autograd.backward(loss / 4)
        if done % 4 == 0:
            optimiser.step()
        return loss

    return pick(p, step=step)


def scaled_and_stepped(p: Parts) -> Parts:
    """Scale the loss by 2**16 as for half precision, and step without the scaler."""
    held = p.loss
    assert held is not None

    def step(model: nn.Module, optimiser: torch.optim.Optimizer, raw: Any) -> Tensor:
        optimiser.zero_grad()
        loss = held(model, raw)
        torch.autograd.backward(65536.0 * loss)
        optimiser.step()
        return loss

    return pick(p, step=step)


# models -------------------------------------------------------------------------------------------


@torch.no_grad()
def first_bias(p: Parts, name: str, value: float) -> Parts:
    """Fill a bias with one value."""
    dict(p.model.named_parameters())[name].fill_(value)
    return p


@torch.no_grad()
def drawn_without_fan(p: Parts) -> Parts:
    """Draw all weights with a deviation of sqrt(2), where He's is sqrt(2 / n)."""
    drawn = torch.Generator().manual_seed(31)
    for weight in p.model.parameters():
        if weight.ndim > 1:
            weight.normal_(0.0, math.sqrt(2.0), generator=drawn)
    return p


def squashed(
    classes: int, *, width: int = 16, layers: int = 12, bend: Any = nn.Sigmoid
) -> nn.Module:
    """Read images by many convolutions, a sigmoid behind each."""
    made: list[nn.Module] = [nn.Conv2d(1, width, 3, padding=1), bend(), nn.MaxPool2d(2)]
    for _ in range(layers - 1):
        made += [nn.Conv2d(width, width, 3, padding=1), bend()]
    return nn.Sequential(*made, nn.AdaptiveMaxPool2d(1), nn.Flatten(), nn.Linear(width, classes))
