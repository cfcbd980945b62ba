"""Changes of training parts that lists of faults share."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from inundate.cli.doctor_bench.parts import Parts, add, pick
from inundate.cli.doctor_bench.wrap import After, Before

__all__ = [
    "after",
    "before",
    "both",
    "in_another_unit",
    "loaded",
    "never_cleared",
    "on_input",
    "on_target",
    "sgd",
    "trained_by",
    "with_loss",
    "with_optimiser",
    "with_same_weights",
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


def trained_by(p: Parts, kind: Any, rate: float, **own: Any) -> Parts:
    """Train by an optimiser of another kind."""
    return with_optimiser(p, lambda model: kind(model.parameters(), lr=rate, **own))


def with_same_weights(p: Parts, made: nn.Module) -> Parts:
    """Put a model of the same weights in the place of the healthy one."""
    made.load_state_dict(p.model.state_dict())
    return pick(p, model=made)


def loaded(p: Parts, **own: Any) -> Parts:
    """Load the training samples in another way."""
    return pick(p, loader=own)
