"""How much it takes to say which of some values one is."""

from __future__ import annotations

import torch
from torch import Tensor

__all__ = ["entropy"]


def entropy(values: Tensor) -> float:
    """Give the entropy of the shares of different values, in nats."""
    _, counts = torch.unique(values, return_counts=True)
    share = counts.double() / counts.sum()
    return float(-(share * share.log()).sum())
