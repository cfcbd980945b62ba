"""Modules that are put into or around a healthy model to break it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

__all__ = ["After", "Before", "Through", "replace"]


class After(nn.Module):
    """Change the output of a model."""

    def __init__(self, model: nn.Module, change: Callable[[Tensor], Tensor]) -> None:
        super().__init__()
        self.model = model
        self.change = change

    def forward(self, *inputs: Any, **named: Any) -> Tensor:
        """Run the model and change what it gives."""
        return self.change(self.model(*inputs, **named))


class Before(nn.Module):
    """Change the inputs of a model: a tensor, or the table of an emulator."""

    def __init__(self, model: nn.Module, change: Callable[[Any], Any]) -> None:
        super().__init__()
        self.model = model
        self.change = change

    def forward(self, inputs: Any) -> Tensor:
        """Change the inputs and run the model."""
        found: Tensor = self.model(self.change(inputs))
        return found


class Through(nn.Module):
    """A layer without weights in a sequence, such as one that cuts the gradient."""

    def __init__(self, change: Callable[[Tensor], Tensor]) -> None:
        super().__init__()
        self.change = change

    def forward(self, inputs: Tensor) -> Tensor:
        """Apply the change."""
        return self.change(inputs)


def replace(model: nn.Module, name: str, change: Callable[[nn.Module], nn.Module]) -> nn.Module:
    """Replace one submodule by what ``change`` makes of it; give the model."""
    parent_name, _, leaf = name.rpartition(".")
    parent = model.get_submodule(parent_name)
    setattr(parent, leaf, change(getattr(parent, leaf)))
    return model


@torch.no_grad()
def fill(model: nn.Module, name: str, value: float) -> nn.Module:
    """Set a tensor of weights to one value; give the model."""
    dict(model.named_parameters())[name].fill_(value)
    return model
