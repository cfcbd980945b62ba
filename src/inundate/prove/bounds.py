"""Outputs that stay in a range whatever the weights."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from inundate.learn.random_state import isolated_random
from inundate.prove.case import Batch, Case

__all__ = ["bounded", "ends_of"]

_DRAWS = 4  # of weights, the first as they are
_ROUNDED = 1e-5
_RANGES = ((0.0, 1.0), (-1.0, 1.0))  # of sigmoids and softmax, and of tanh and likenesses


def bounded(case: Case, batches: Sequence[Batch], low: float, high: float) -> bool:
    """Say whether the output stays between two values, for larger inputs and any weights too."""
    model, _ = case.pair()
    with torch.no_grad(), isolated_random(0, "doctor", "bounded"):
        for draw in range(_DRAWS):
            if draw:  # scores of small weights may lie between 0 and 1 by themselves
                for weight in model.parameters():
                    weight.copy_(draw * torch.randn_like(weight))
            for batch in batches[:5]:
                inputs = {
                    name: value * 10.0 if value.is_floating_point() else value
                    for name, value in batch["inputs"].items()
                }
                output = case.call(model, inputs)
                if bool(((output < low) | (output > high)).any()):
                    return False
    return True


def ends_of(case: Case, batches: Sequence[Batch], output: Tensor) -> tuple[float, float] | None:
    """Give the range that outputs and targets share whatever the weights; None if there is none."""
    target = batches[0]["target"]
    for low, high in _RANGES:
        ends = low - _ROUNDED, high + _ROUNDED
        if not all(
            ends[0] <= float(t.min()) <= float(t.max()) <= ends[1] for t in (output, target)
        ):
            continue
        if bounded(case, batches, *ends):
            return low, high
    return None
