"""Networks that are too deep for what they are made of, or too narrow in one place."""

from __future__ import annotations

from typing import Any

from torch import Tensor, nn

__all__ = ["NORMED", "is_deep", "narrow_place", "normed"]

NORMED = "with batch norm behind each layer"
_DEEP = 6  # layers with weights, from which a signal may fade on its way
_LAYERS = (nn.Linear, nn.Conv1d, nn.Conv2d, nn.Conv3d)
_LEAST = 1e-6


def _layers(model: nn.Module) -> list[nn.Module]:
    return [module for module in model.modules() if isinstance(module, _LAYERS)]


def is_deep(model: nn.Module) -> bool:
    """Whether a model has many layers."""
    return len(_layers(model)) >= _DEEP


def normed(model: nn.Module) -> None:
    """Bring what each unit of all layers but the last gives to mean 0 and deviation 1, by hooks."""

    def level(module: nn.Module, _inputs: Any, output: Tensor) -> Tensor:
        units = output.ndim - 1 if isinstance(module, nn.Linear) else 1
        axes = [axis for axis in range(output.ndim) if axis != units]
        middle = output.mean(axes, keepdim=True)
        wide = (output - middle).square().mean(axes, keepdim=True)
        return (output - middle) / (wide + _LEAST**2).sqrt()

    for layer in _layers(model)[:-1]:
        layer.register_forward_hook(level)


def narrow_place(model: nn.Module) -> str:
    """Name a layer of one unit between others, where more than one number is told."""
    found = [(name, m) for name, m in model.named_modules() if isinstance(m, _LAYERS)]
    if len(found) < 2 or found[-1][1].get_parameter("weight").shape[0] < 2:
        return ""
    one = (name for name, m in found[:-1] if m.get_parameter("weight").shape[0] == 1)
    return next(one, "")
