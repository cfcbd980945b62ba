"""Changes of training parts that lists of faults share."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from inundate.cli.doctor_bench.parts import Parts, add, pick
from inundate.cli.doctor_bench.wrap import After, Before

__all__ = [
    "after", "before", "both", "in_another_unit", "never_cleared", "on_input", "on_target", "sgd",
    "with_loss", "with_optimiser",
]  # fmt: skip


def both(p: Parts, change: Any) -> Parts:
    """Change the samples to train on and those to validate on."""
    return pick(p, train=change(p.train), valid=change(p.valid))


def on_input(p: Parts, change: Any, name: str = "input") -> Parts:
    """Change an input in all samples."""
    return both(p, lambda s: add(s, {name: change(s.inputs[name])}))


def on_target(p: Parts, change: Any) -> Parts:
    """Change the target in all samples."""
    return both(p, lambda s: add(s, {}, change(s.target)))


def in_another_unit(p: Parts, name: str, chosen: slice, factor: float) -> Parts:
    """Give some training samples of an input in another unit."""
    values = p.train.inputs[name].clone()
    values[chosen] *= factor
    return pick(p, train=add(p.train, {name: values}))


def never_cleared(p: Parts) -> Parts:
    """Step without clearing the gradient."""
    held = p.loss
    assert held is not None

    def step(model: nn.Module, optimiser: torch.optim.Optimizer, raw: Any) -> Tensor:
        loss = held(model, raw)
        torch.autograd.backward(loss)
        optimiser.step()
        return loss

    return pick(p, step=step)


def with_optimiser(p: Parts, make: Any) -> Parts:
    """Train by another optimiser."""
    return pick(p, optimiser=make)


def sgd(rate: float, **own: Any) -> Any:
    """Give a maker of plain gradient descent."""
    return lambda model: torch.optim.SGD(model.parameters(), lr=rate, **own)


def with_loss(p: Parts, criterion: Any) -> Parts:
    """Train on another loss of output and target."""
    return pick(p, criterion=criterion)


def after(p: Parts, change: Any) -> Parts:
    """Change what the model puts out."""
    return pick(p, model=After(p.model, change))


def before(p: Parts, change: Any) -> Parts:
    """Change what the model is given."""
    return pick(p, model=Before(p.model, change))
