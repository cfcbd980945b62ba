"""Mistakes of the eighth list in the training of emulators of floods."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from inundate.cli.doctor_bench.change import both
from inundate.cli.doctor_bench.parts import Parts, Samples, add, pick

__all__ = [
    "Ungraded", "as_chances", "broadcast", "built_anew", "few_pieces", "in_square_metres",
    "mean_of_piece", "nash_sutcliffe", "not_a_step", "other_storm", "per_wet_cell",
    "stretched_index", "whole_numbers",
]  # fmt: skip

# data ---------------------------------------------------------------------------------------------


def whole_numbers(depth: Tensor) -> Tensor:
    """Keep depths of 0 to 2 m as whole numbers of 16 bit."""
    return (depth.clamp(0.0, 2.0) / 2.0 * 65535.0).round()


def few_pieces(p: Parts, count: int = 6) -> Parts:
    """Learn from a handful of pieces."""
    at = p.train.at(torch.arange(count))
    return pick(p, train=Samples(at["inputs"], at["target"], {"valid": at["valid"]}), size=3)


def in_square_metres(p: Parts, layer: int = 8) -> Parts:
    """Give one layer of the terrain in m2, and not in km2."""

    def of(held: Samples) -> Samples:
        terrain = held.inputs["terrain"].clone()
        terrain[:, layer] *= 1e6
        return add(held, {"terrain": terrain})

    return both(p, of)


def other_storm(p: Parts) -> Parts:
    """Join the rain by a number that two storms share: in each second piece it is another's."""

    def of(held: Samples) -> Samples:
        rain = held.inputs["rain"].clone()
        rain[::2] = rain[::2].roll(7, 0)
        return add(held, {"rain": rain})

    return both(p, of)


# losses and scores --------------------------------------------------------------------------------


def nash_sutcliffe(_held: Any, model: nn.Module, batch: Any) -> Tensor:
    """Minimise the efficiency that is 1 for the right answer."""
    depth, target = model(batch["inputs"]), batch["target"]
    found: Tensor = 1.0 - (depth - target).square().sum() / (target - target.mean()).square().sum()
    return found


def broadcast(_held: Any, model: nn.Module, batch: Any) -> Tensor:
    """Compare depths (B, K, H, W) with targets (B, 1, K, H, W)."""
    found: Tensor = (model(batch["inputs"]) - batch["target"][:, None]).abs().mean()
    return found


def as_chances(_held: Any, model: nn.Module, batch: Any) -> Tensor:
    """Take the cross-entropy of depths in m, as if they were chances."""
    return functional.binary_cross_entropy_with_logits(
        model(batch["inputs"]), batch["target"].clamp(0.0, 1.0)
    )


def per_wet_cell(_held: Any, model: nn.Module, batch: Any) -> Tensor:
    """Divide the error of wet cells by their number, which may be 0 in a piece."""
    wet = (batch["target"] > 0.05).float()
    error = wet * (model(batch["inputs"]) - batch["target"]).abs()
    found: Tensor = (error.sum((1, 2, 3)) / wet.sum((1, 2, 3))).mean()
    return found


def stretched_index(output: Tensor, target: Tensor) -> Tensor:
    """Give the success index at 5 cm, of a forecast that is still stretched."""
    said, wet = torch.asinh(output / 0.05) > 0.05, target > 0.05
    return (said & wet).sum() / (said | wet).sum().clamp(min=1)


# steps, optimisers and models ---------------------------------------------------------------------


def not_a_step(p: Parts) -> Parts:
    """Go back, and leave the step in the old loop."""
    held = p.loss
    assert held is not None

    def step(model: nn.Module, optimiser: torch.optim.Optimizer, raw: Any) -> Tensor:
        optimiser.zero_grad()
        loss = held(model, raw)
        torch.autograd.backward(loss)
        return loss

    return pick(p, step=step)


def built_anew(model: nn.Module) -> torch.optim.Optimizer:
    """Make the optimiser, then build the layers again, for another number of members."""
    optimiser = torch.optim.AdamW(model.parameters(), lr=3e-3, weight_decay=0.01)
    for name, weight in list(model.named_parameters()):
        parent, _, leaf = name.rpartition(".")
        setattr(model.get_submodule(parent), leaf, nn.Parameter(weight.detach().clone()))
    return optimiser


class Ungraded(nn.Module):
    """Keeps the decorator of the function that predicts on the one that trains."""

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.model = model

    @torch.no_grad()
    def forward(self, inputs: dict[str, Tensor]) -> Tensor:
        """Answer for a batch."""
        found: Tensor = self.model(inputs)
        return found


def mean_of_piece(depth: Tensor) -> Tensor:
    """Give each cell the mean of its piece (B, K, H, W)."""
    return depth.mean((-2, -1), keepdim=True).expand_as(depth)
