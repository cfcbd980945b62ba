"""What a model keeps of its last step, such as a latent mean or a loss of its own."""

from __future__ import annotations

from typing import Any

from torch import Tensor, nn

__all__ = ["let_go"]


def let_go(model: nn.Module) -> None:
    """Cut what a model has kept of its last step off that step's graph.

    With the graph on it no copy could be made.
    """
    for module in model.modules():
        for name, held in list(vars(module).items()):
            if name not in ("_parameters", "_modules"):
                vars(module)[name] = _cut(held)


def _cut(held: Any) -> Any:
    if isinstance(held, Tensor):
        return held if held.is_leaf else held.detach()
    if type(held) in (list, tuple) and any(_tied(one) for one in held):
        return type(held)(_cut(one) for one in held)
    if type(held) is dict and any(_tied(one) for one in held.values()):
        return {name: _cut(one) for name, one in held.items()}
    return held  # the same object: others may hold it too


def _tied(held: Any) -> bool:
    """Whether a graph hangs on it, or on what it holds."""
    if isinstance(held, Tensor):
        return not held.is_leaf
    parts = held.values() if type(held) is dict else held if type(held) in (list, tuple) else ()
    return any(_tied(one) for one in parts)
