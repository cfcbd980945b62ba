"""Outputs that stay in a range whatever the weights."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from inundate.learn.random_state import isolated_random
from inundate.prove.case import Batch, Case

__all__ = ["Held", "bounded", "ends_of", "held_parts"]

_DRAWS = 4  # of weights, the first as they are
_ROUNDED = 1e-5
_INSIDE = 1e-4  # how far from 0 and 1 free chances stay, whose logarithm may be taken
_LEAST = 0.1  # of the usual size of what is above 0, such as a deviation: the least of it
_WHOLE = 1e-3  # by which chances may add up to more or less than 1
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


@dataclass(frozen=True)
class Held:
    """What holds for one of several outputs, whatever the weights.

    Parameters
    ----------
    low, high : float
        Between which it stays.
    whole : int, optional
        Axis along which it adds up to 1.
    """

    low: float
    high: float
    whole: int | None = None


def held_parts(
    case: Case,
    parts: Callable[[nn.Module, Mapping[str, Tensor]], Sequence[Tensor]],
    batches: Sequence[Batch],
    count: int,
) -> list[Held | None]:
    """Say for each of several outputs whether it stays above 0, or is a chance, for any weights.

    Parameters
    ----------
    case : Case
    parts : callable
        ``parts(model, inputs)`` gives the outputs.
    batches : sequence of Batch
    count : int
        Of the outputs.
    """
    model, _ = case.pair()
    model.eval()
    found: list[list[Tensor]] = [[] for _ in range(count)]
    with torch.no_grad(), isolated_random(0, "doctor", "bounded"):
        for draw in range(_DRAWS):
            if draw:
                for weight in model.parameters():
                    if weight.is_floating_point():
                        weight.copy_(draw * torch.randn_like(weight))
            for batch in batches[:2]:
                for place, part in enumerate(parts(model, batch["inputs"])):
                    found[place].append(part.detach())
    return [_held(drawn) for drawn in found]


def _held(drawn: Sequence[Tensor]) -> Held | None:
    if not all(part.is_floating_point() and part.ndim > 1 for part in drawn):
        return None
    told = torch.cat([part.float().flatten() for part in drawn])
    told = told[torch.isfinite(told)]  # drawn weights may be such that numbers overflow
    if not len(told) or float(told.min()) < 0.0:
        return None
    if float(told.max()) <= 1.0 + _ROUNDED:
        sums = (
            dim
            for dim in range(1, drawn[0].ndim)
            if drawn[0].shape[dim] > 1
            and all(bool(((part.sum(dim) - 1.0).abs() < _WHOLE).all()) for part in drawn[:2])
        )
        return Held(_INSIDE, 1.0 - _INSIDE, next(sums, None))
    usual = float(drawn[0].float().mean())
    return Held(_LEAST * usual, math.inf) if math.isfinite(usual) and usual > 0.0 else None
