"""Whether what a training step goes back from is tied to the weights."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn

__all__ = ["Reached", "watch_backward"]


@dataclass
class Reached:
    """What was seen of the ways back.

    Attributes
    ----------
    calls : int
        How often a gradient was asked for.
    names : set of str
        Weights that one came to, also where it was cleared again.
    """

    calls: int = 0
    names: set[str] = field(default_factory=set)

    @property
    def in_vain(self) -> bool:
        """Whether gradients were asked for, and none came to any weight."""
        return self.calls > 0 and not self.names


@contextmanager
def watch_backward(model: nn.Module) -> Iterator[Reached]:
    """Count calls of ``backward``, and note the weights that a gradient comes to.

    Parameters
    ----------
    model : Module
    """
    found = Reached()
    handles = [
        weight.register_hook(_noting(found, name))  # type: ignore[no-untyped-call]
        for name, weight in model.named_parameters()
        if weight.requires_grad
    ]
    own = torch.autograd.backward

    def counted(*args: Any, **kwargs: Any) -> None:
        found.calls += 1
        own(*args, **kwargs)

    torch.autograd.backward = counted
    try:
        yield found
    finally:
        torch.autograd.backward = own
        for handle in handles:
            handle.remove()


def _noting(found: Reached, name: str) -> Any:
    def note(_slope: Tensor) -> None:
        found.names.add(name)

    return note
