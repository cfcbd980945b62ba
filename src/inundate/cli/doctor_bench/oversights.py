"""Faults of the tenth list in models of images and tables: what each does to a training."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from inundate.cli.doctor_bench import pictures as g
from inundate.cli.doctor_bench.parts import Parts, Samples, add, pick

__all__ = [
    "LeftTwice", "PooledColumns", "alike", "channels_mixed", "few_burn", "frozen_body",
    "in_grey_levels", "in_ounces", "likelihoods", "mirrored", "noisy_rows", "of_one_name",
    "other_right", "priors", "second_alone", "sold_thrice", "stepping", "turned_apart",
    "wards_moved", "without_dry_columns",
]  # fmt: skip

# data ---------------------------------------------------------------------------------------------


def in_ounces(p: Parts) -> Parts:
    """Take the weights of each seventh basket from scales that count in ounces, not pounds."""
    things = p.train.inputs["things"].clone()
    things[3::7, :, 0] *= 16.0
    return pick(p, train=add(p.train, {"things": things}))


def sold_thrice(p: Parts) -> Parts:
    """Weigh each basket three times, and split what was weighed, not the baskets."""
    rng = torch.Generator().manual_seed(7)
    rows = torch.arange(len(p.train)).repeat(3)
    rows = rows[torch.randperm(len(rows), generator=rng)]
    things, there = (p.train.inputs[name][rows] for name in ("things", "there"))
    things = things + 0.02 * torch.randn(things.shape, generator=rng)
    target, at = p.train.target[rows], len(rows) * 3 // 4
    return pick(
        p, train=Samples({"things": things[:at], "there": there[:at]}, target[:at]),
        valid=Samples({"things": things[at:], "there": there[at:]}, target[at:]),
    )  # fmt: skip


def wards_moved(rows: Tensor) -> Tensor:
    """Make columns of the wards anew, of data that lack the first: all move by one."""
    return torch.cat([rows[:, :5], rows[:, 5:].roll(-1, 1)], 1)


# loaders ------------------------------------------------------------------------------------------


def other_right(batch: dict[str, Any], rng: np.random.Generator) -> dict[str, Any]:
    """Take the right views from a loader with an order of its own."""
    order = torch.from_numpy(rng.permutation(len(batch["target"])))
    inputs = {**batch["inputs"], "right": batch["inputs"]["right"][order]}
    return {**batch, "inputs": inputs}


def mirrored(batch: dict[str, Any], rng: np.random.Generator) -> dict[str, Any]:
    """Mirror half of the images of a batch."""
    turned = torch.from_numpy(rng.random(len(batch["target"])) < 0.5)[:, None, None, None]
    images = batch["inputs"]["input"]
    return {**batch, "inputs": {"input": torch.where(turned, images.flip(-1), images)}}


def channels_mixed(batch: dict[str, Any], rng: np.random.Generator) -> dict[str, Any]:
    """Put the colours of each image in an order of its own, so that no colour counts."""
    images = batch["inputs"]["input"]
    order = torch.from_numpy(rng.permuted(np.tile(np.arange(3), (len(images), 1)), axis=1))
    mixed = images[torch.arange(len(images))[:, None], order]
    return {**batch, "inputs": {"input": mixed}}


def noisy_rows(batch: dict[str, Any], rng: np.random.Generator) -> dict[str, Any]:
    """Add noise with a deviation of 5, where 0.05 was meant."""
    rows = batch["inputs"]["input"]
    noise = torch.from_numpy(rng.normal(scale=5.0, size=rows.shape)).float()
    return {**batch, "inputs": {"input": rows + noise}}


def turned_apart(batch: dict[str, Any], rng: np.random.Generator) -> dict[str, Any]:
    """Turn the maps of a batch by chance, and its targets by a chance of their own."""
    one, two = (int(by) for by in rng.integers(4, size=2))
    inputs = {name: value.rot90(one, (-2, -1)) for name, value in batch["inputs"].items()}
    return {**batch, "inputs": inputs, "target": batch["target"].rot90(two, (-2, -1))}


# losses -------------------------------------------------------------------------------------------


def few_burn(output: Tensor, target: Tensor) -> Tensor:
    """Weigh burning cells by their number over that of the others, not the other way round."""
    weight = torch.tensor(0.03)
    return functional.binary_cross_entropy_with_logits(output, target, pos_weight=weight)


def in_grey_levels(output: Tensor, target: Tensor) -> Tensor:
    """Give the root of the mean square error in grey levels, in half precision."""
    error = (255.0 * (output - target)).half()
    found: Tensor = error.square().mean().sqrt().float()
    return found


def without_dry_columns(output: Tensor, target: Tensor) -> Tensor:
    """Leave out what is 0, as one does with padding: here it is a column without water."""
    return functional.cross_entropy(output, target, ignore_index=0)


def likelihoods(output: Tensor, target: Tensor) -> Tensor:
    """Give shares to a loss that wants their logarithms."""
    return functional.kl_div(output.softmax(1), target, reduction="batchmean")


# steps and optimisers -----------------------------------------------------------------------------


def stepping(p: Parts, *, clear: Callable[[Any, Any], object]) -> Parts:
    """Make a step in which something else than usual clears the gradient."""
    held = p.criterion
    assert held is not None

    def step(model: nn.Module, optimiser: torch.optim.Optimizer, raw: Any) -> Tensor:
        clear(model, optimiser)
        loss = held(model(*raw["inputs"].values()), raw["target"])
        torch.autograd.backward(loss)
        optimiser.step()
        return loss

    return pick(p, step=step)


def second_alone(p: Parts) -> Parts:
    """Go back from the loss of the kind, clear, and go back from that of the ripeness."""

    def step(model: nn.Module, optimiser: torch.optim.Optimizer, raw: Any) -> Tensor:
        output, target = model(raw["inputs"]["input"]), raw["target"]
        optimiser.zero_grad()
        kind = functional.cross_entropy(output[:, :3], target[:, 0].long())
        torch.autograd.backward(kind, retain_graph=True)
        optimiser.zero_grad()
        ripe = functional.mse_loss(output[:, 3], target[:, 1])
        torch.autograd.backward(ripe)
        optimiser.step()
        return kind + ripe

    return pick(p, step=step)


def of_one_name(model: nn.Module) -> torch.optim.Optimizer:
    """Group weights by words in their names, of which one alone is found in this model."""
    words = ("encoder", "decoder", "grow")
    held = [w for n, w in model.named_parameters() if any(word in n for word in words)]
    return torch.optim.Adam(held, lr=4e-3)


# models -------------------------------------------------------------------------------------------


@torch.no_grad()
def alike(p: Parts) -> Parts:
    """Start each weight of each layer at 0.03, and each bias at 0."""
    for weight in p.model.parameters():
        weight.fill_(0.03 if weight.ndim > 1 else 0.0)
    return p


@torch.no_grad()
def priors(p: Parts) -> Parts:
    """Start the biases of all layers, not of the last alone, at the logarithm of a small share."""
    for name, weight in p.model.named_parameters():
        if name.endswith("bias"):
            weight.fill_(-12.0)
    return p


def frozen_body(p: Parts) -> Parts:
    """Freeze all but the head of a model whose weights were drawn, not loaded."""
    for name, weight in p.model.named_parameters():
        weight.requires_grad_("classifier" in name)
    return p


class PooledColumns(g.Shores):
    """Takes the mean over the columns that are to be told apart."""

    def forward(self, maps: Tensor) -> Tensor:
        """Map (B, 1, H, W) to scores (B, H, W)."""
        seen = self.look(maps)
        mean = seen.mean(3, keepdim=True).expand_as(seen)
        found: Tensor = self.tell(mean.flatten(1, 2))
        return found


class LeftTwice(g.Stereos):
    """Reads the left view for the right one."""

    def forward(self, left: Tensor, right: Tensor) -> Tensor:
        """Map twice (B, 1, H, W) to (B, 1, H, W)."""
        del right
        return super().forward(left, left)
