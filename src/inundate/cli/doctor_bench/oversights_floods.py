"""Faults of the tenth list in emulators: what each does to a healthy training."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from inundate.cli.doctor_bench.change import both
from inundate.cli.doctor_bench.parts import Parts, Samples, add, pick
from inundate.emulate.orient import turn_inputs, turned

__all__ = [
    "ScaledTwice", "dry_left_out", "frame_before", "in_whole_metres", "later_start", "likeness",
    "new_leaf", "root_of_none", "step_not_called", "to_decimetres", "turned_before_split",
]  # fmt: skip

# data ---------------------------------------------------------------------------------------------


def in_whole_metres(rain: Tensor) -> Tensor:
    """Keep rain in m, as whole numbers."""
    return (rain / 1000.0).long().float()


def later_start(p: Parts) -> Parts:
    """Read the depth before the step one frame too late."""

    def of(held: Samples) -> Samples:
        return add(held, {"start": held.target[:, 0].clone()})

    return both(p, of)


def turned_before_split(p: Parts) -> Parts:
    """Turn pieces by half a turn to have more of them, and split them behind that."""
    at = p.train.at(torch.arange(1, len(p.train), 2))
    inputs = turn_inputs(at["inputs"], 2, False)
    target, valid = (turned(at[name], 2, False) for name in ("target", "valid"))
    return pick(p, valid=Samples(inputs, target, {"valid": valid}))


# losses and scores --------------------------------------------------------------------------------


def root_of_none(_held: Any, model: nn.Module, batch: Any) -> Tensor:
    """Add the root mean square error of cells deeper than 3 m, of which there may be none."""
    error = model(batch["inputs"]) - batch["target"]
    deep = (batch["target"] > 3.0).float()
    found: Tensor = error.abs().mean() + (deep * error.square()).mean((1, 2, 3)).sqrt().mean()
    return found


def dry_left_out(_held: Any, model: nn.Module, batch: Any) -> Tensor:
    """Leave dry cells out, as those without a measurement."""
    there = (batch["target"] > 0.01).float()
    error = there * (model(batch["inputs"]) - batch["target"]).abs()
    found: Tensor = error.sum() / there.sum().clamp(min=1.0)
    return found


def likeness(_held: Any, model: nn.Module, batch: Any) -> Tensor:
    """Minimise the correlation of depths."""
    depth, target = model(batch["inputs"]), batch["target"]
    one, two = depth - depth.mean(), target - target.mean()
    found: Tensor = (one * two).mean() / (one.square().mean() * two.square().mean() + 1e-8).sqrt()
    return found


def frame_before(output: Tensor, target: Tensor) -> Tensor:
    """Give the success index at 5 cm of each frame against the one before it."""
    said, wet = output > 0.05, target.roll(1, 1) > 0.05
    found: Tensor = (said & wet).sum() / (said | wet).sum().clamp(min=1)
    return found


def to_decimetres(output: Tensor, target: Tensor) -> Tensor:
    """Give the efficiency of a forecast that was cut to whole decimetres."""
    error = ((10.0 * output).floor() / 10.0 - target).square().sum()
    found: Tensor = 1.0 - error / (target - target.mean()).square().sum().clamp(min=1e-6)
    return found


# steps and models ---------------------------------------------------------------------------------


def step_not_called(p: Parts) -> Parts:
    """Name the step of the optimiser, and forget to call it."""
    held = p.loss
    assert held is not None

    def step(model: nn.Module, optimiser: torch.optim.Optimizer, raw: Any) -> Tensor:
        optimiser.zero_grad()
        loss = held(model, raw)
        torch.autograd.backward(loss)
        optimiser.step  # noqa: B018  the fault itself
        return loss

    return pick(p, step=step)


def new_leaf(depth: Tensor) -> Tensor:
    """Make the depth a tensor of its own, which wants a gradient again."""
    return depth.detach().clone().requires_grad_()


class ScaledTwice(nn.Module):
    """Scales back to metres in evaluation what was in metres already."""

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.model = model

    def forward(self, inputs: dict[str, Tensor]) -> Tensor:
        """Answer for a batch."""
        depth: Tensor = self.model(inputs)
        return depth if self.training else 0.21 * depth + 0.12
