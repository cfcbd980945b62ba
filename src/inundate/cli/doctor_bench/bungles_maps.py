"""Faults of the twelfth list in models of maps and images: what each does to a training."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.utils.checkpoint import checkpoint

from inundate.cli.doctor_bench.change import both
from inundate.cli.doctor_bench.parts import Parts, Samples, TensorLoader, add, pick
from inundate.cli.doctor_bench.vistas import Hearths

__all__ = [
    "Checkpointed", "EnlargedInTest", "Halved", "Zipped", "above_the_sea", "beyond_six",
    "by_volume", "clipped_kelvin", "covered", "filled_by_deviation", "first_band_alone", "gated",
    "guard_turned", "mean_given_as_deviation", "mixed_up", "mostly_none", "of_whole_metres",
    "overlap", "own_walls", "rated", "square_error", "tiles_by_column", "with_relief",
]  # fmt: skip

# data ---------------------------------------------------------------------------------------------


def with_relief(p: Parts) -> Parts:
    """Make one more layer of the ground, how high it stands above its mean, for the old model."""

    def of(samples: Samples) -> Samples:
        ground = samples.inputs["terrain"]
        relief = ground[:, :1] - ground[:, :1].mean((-2, -1), keepdim=True)
        return add(samples, {"terrain": torch.cat([ground, relief], 1)})

    return both(p, of)


def tiles_by_column(depth: Tensor, tile: int = 4) -> Tensor:
    """Lay tiles of maps (B, K, H, W) down by column that were cut row by row."""
    kept, frames, rows, columns = depth.shape
    cut = depth.reshape(kept, frames, rows // tile, tile, columns // tile, tile)
    return cut.permute(0, 1, 4, 3, 2, 5).reshape(depth.shape)


def clipped_kelvin(heat: Tensor) -> Tensor:
    """Clip heat in kelvin to 0 and 1, as the bands of light are."""
    return (288.0 + 8.0 * heat).clamp(0.0, 1.0)


def above_the_sea(heights: Tensor) -> Tensor:
    """Give heights in m above the sea, as the file has them."""
    return 1850.0 + 40.0 * heights


def own_walls(p: Parts) -> Parts:
    """Photograph each kind on a wall of its own, one brighter than the other."""

    def of(samples: Samples) -> Samples:
        walls = 1.5 * (samples.target.float() - 1.5)
        return add(samples, {"input": samples.inputs["input"] + walls[:, None, None, None]})

    return both(p, of)


def mostly_none(p: Parts) -> Parts:
    """Keep all photographs of nothing, and one in eighty of those of something."""

    def of(samples: Samples) -> Samples:
        number = torch.arange(len(samples))
        keep = (samples.target == 0) | (number % 80 == 0)
        return Samples({n: v[keep] for n, v in samples.inputs.items()}, samples.target[keep])

    return both(p, of)


# loaders ------------------------------------------------------------------------------------------


class Zipped:
    """Gives batches beside those of another loader, and ends with the shorter one."""

    def __init__(self, samples: Samples, size: int, other: int = 1) -> None:
        self.batches, self.other = TensorLoader(samples, size), range(other)

    def __len__(self) -> int:
        return len(self.batches)

    def __iter__(self) -> Iterator[dict[str, Any]]:
        """Give the batches of one epoch."""
        for batch, _gauges in zip(self.batches, self.other, strict=False):
            yield batch


def by_volume(p: Parts) -> Parts:
    """Draw pieces by a softmax of their volumes in m3, which is all but 1 for a single one."""
    volumes = 100.0 * p.train.target[:, -1].double().sum((-2, -1))  # cells of 10 m
    share = torch.softmax(volumes, 0).numpy()

    def choose(order: Any, rng: np.random.Generator) -> Any:
        return rng.choice(len(order), size=len(order), p=share)

    return pick(p, loader={"choose": choose})


def mixed_up(batch: dict[str, Any], rng: np.random.Generator) -> dict[str, Any]:
    """Mix each piece with another one (mixup), the two shares exchanged in the target."""
    order = torch.from_numpy(rng.permutation(len(batch["target"])))
    share = rng.beta(0.2, 0.2)

    def mixed(values: Tensor, part: float) -> Tensor:
        return part * values + (1.0 - part) * values[order]

    inputs = {name: mixed(value, share) for name, value in batch["inputs"].items()}
    return {**batch, "inputs": inputs, "target": mixed(batch["target"], 1.0 - share)}


def covered(batch: dict[str, Any], rng: np.random.Generator) -> dict[str, Any]:
    """Cover a square of each image with noise, whose side is all but that of the image."""
    images = batch["inputs"]["input"].clone()
    side = images.shape[-1]
    size = side - 2
    for image in images:
        y, x = rng.integers(0, side - size + 1, size=2)
        noise = torch.from_numpy(rng.normal(size=(len(image), size, size))).float()
        image[:, y : y + size, x : x + size] = noise
    return {**batch, "inputs": {"input": images}}


# losses -------------------------------------------------------------------------------------------


def of_whole_metres(model: nn.Module, batch: Any) -> Tensor:
    """Score wet cells alone; the mask of them is made of depths cut to whole metres."""
    wet = batch["target"].int() > 0
    wrong = functional.smooth_l1_loss(
        20.0 * model(batch["inputs"]), 20.0 * batch["target"], reduction="none"
    )
    found: Tensor = (wrong * wet).sum() / wet.sum().clamp(min=1)
    return found


def overlap(model: nn.Module, batch: Any) -> Tensor:
    """Give the critical success index of the flood, which should grow."""
    given, wanted = ((d - 0.05) / 0.02 for d in (model(batch["inputs"]), batch["target"]))
    given, wanted = torch.sigmoid(given), torch.sigmoid(wanted)
    hits = (given * wanted).sum()
    return hits / (given + wanted - given * wanted).sum()


def rated(model: nn.Module, batch: Any) -> Tensor:
    """Compare depths to the power of 0.4, whose slope is infinite where a mask has left 0."""
    depth = model(batch["inputs"])
    given = (depth * (depth > 0)) ** 0.4
    return functional.mse_loss(given, batch["target"] ** 0.4)


def square_error(model: nn.Module, batch: Any) -> Tensor:
    """Give the square error in m2, over all cells."""
    return functional.mse_loss(model(batch["inputs"]), batch["target"])


# steps --------------------------------------------------------------------------------------------


def guard_turned(p: Parts) -> Parts:
    """Leave out steps whose loss is finite, where those of NaN were to be left out."""
    held = p.loss
    assert held is not None

    def step(model: nn.Module, optimiser: torch.optim.Optimizer, raw: Any) -> Tensor:
        optimiser.zero_grad()
        loss = held(model, raw)
        torch.autograd.backward(loss)
        if not torch.isfinite(loss):
            optimiser.step()
        return loss

    return pick(p, step=step)


# models -------------------------------------------------------------------------------------------


class Checkpointed(nn.Module):
    """Keeps nothing between the layers; its inputs ask for no gradient, so that none comes."""

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.model = model

    def forward(self, inputs: dict[str, Tensor]) -> Tensor:
        """Answer for a batch."""
        found: Tensor = checkpoint(self.model, inputs, use_reentrant=True)
        return found


class Halved(nn.Module):
    """Runs a model in half precision by autocast."""

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.model = model

    def forward(self, inputs: dict[str, Tensor]) -> Tensor:
        """Answer for a batch."""
        with torch.autocast("cpu", dtype=torch.float16):
            found: Tensor = self.model(inputs)
        return found.float()


class EnlargedInTest(nn.Module):
    """Enlarges images to twice their side in evaluation alone."""

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.model = model

    def forward(self, images: Tensor) -> Tensor:
        """Answer for a batch."""
        if not self.training:
            images = functional.interpolate(images, scale_factor=2.0, mode="bilinear")
        found: Tensor = self.model(images)
        return found


class _FirstBand(Hearths):
    def forward(self, light: Tensor, heat: Tensor) -> Tensor:
        """Map twice (B, 1, H, W) to (B, 1); the return stands within the loop over the bands."""
        for read, band in ((self.light, light), (self.heat, heat)):
            found: Tensor = self.tell(self.meet(read(band)).mean((2, 3)))
            return found
        raise AssertionError


def first_band_alone(width: int) -> nn.Module:
    """Give a model that returns after the first band."""
    return _FirstBand(width)


def beyond_six(model: Any) -> Any:
    """Put ``nn.Threshold(6, 0)``, which passes what is above 6, where ReLU6 was meant."""
    for number, layer in enumerate(model):
        if isinstance(layer, nn.ReLU):
            model[number] = nn.Threshold(6.0, 0.0)
    return model


def gated(channels: int, last: nn.Module, *, layers: int = 14, width: int = 12) -> nn.Module:
    """Read images by many gated convolutions, with nothing beside them."""
    made: list[nn.Module] = []
    for number in range(layers):
        before = channels if number == 0 else width
        made += [nn.Conv2d(before, 2 * width, 3, padding=1), nn.GLU(1)]
    return nn.Sequential(*made, nn.AdaptiveAvgPool2d(1), nn.Flatten(), last)


@torch.no_grad()
def filled_by_deviation(p: Parts) -> Parts:
    """Fill each layer with the deviation its weights should be drawn with, and biases with 0."""
    for weight in p.model.parameters():
        fan = weight[0].numel()
        weight.fill_(math.sqrt(2.0 / fan) if weight.ndim > 1 else 0.0)
    return p


@torch.no_grad()
def mean_given_as_deviation(p: Parts) -> Parts:
    """Draw all matrices by ``normal_(weight, 0.02)``, whose first number is the mean."""
    drawn = torch.Generator().manual_seed(17)
    for weight in p.model.parameters():
        if weight.ndim > 1:
            weight.normal_(0.02, generator=drawn)
    return p
