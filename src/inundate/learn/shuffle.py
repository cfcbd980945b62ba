"""Does an input matter? Give it to another sample and see whether the error rises."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from inundate.learn.batches import Batch
from inundate.learn.look import Shuffled

__all__ = ["Shuffles", "shuffled_batch"]

_COMPARED = 4096  # values of a sample that are compared to choose how to shuffle


def shuffled_batch(batch: Batch, name: str) -> dict[str, Any] | None:
    """Give a batch in which one input has moved to another sample.

    Samples are rolled by the shift at which the input differs most, so that batches
    sorted by storm or terrain are shuffled too.

    Parameters
    ----------
    batch : Batch
        With a table ``inputs`` of tensors (B, …).
    name : str
        Input to shuffle.

    Returns
    -------
    dict or None
        None if the input is the same in all samples, so that shuffling means nothing.
    """
    tensor: Tensor = batch["inputs"][name]
    shift = _best_shift(tensor)
    if shift == 0:
        return None
    inputs: Mapping[str, Tensor] = {**batch["inputs"], name: tensor.roll(shift, 0)}
    return {**batch, "inputs": inputs}


def _best_shift(tensor: Tensor) -> int:
    """Give the roll along the samples that changes a tensor (B, …) most; 0 if none does."""
    samples = tensor.shape[0]
    flat = tensor.reshape(samples, -1).double().nan_to_num()
    thin = flat[:, :: max(1, flat.shape[1] // _COMPARED)]
    moved = [float((thin - thin.roll(shift, 0)).abs().mean()) for shift in range(1, samples)]
    if max(moved, default=0.0) > 0.0:
        return 1 + moved.index(max(moved))
    # what was left out may still differ
    differing = (s for s in range(1, samples) if not torch.equal(flat, flat.roll(s, 0)))
    return next(differing, 0)


class Shuffles:
    """Errors before and after shuffling, pooled over batches, by input."""

    def __init__(self) -> None:
        self._errors: dict[str, list[tuple[Tensor, Tensor]]] = {}
        self._moves: dict[str, list[Tensor]] = {}

    def add(self, name: str, before: Tensor, after: Tensor, move: Tensor) -> None:
        """Add a batch: errors (N,) with the input in place and shuffled, and the output's move."""
        self._errors.setdefault(name, []).append((before, after))
        self._moves.setdefault(name, []).append(move.double().square().mean())

    def same(self, name: str) -> None:
        """Note that in a batch the input does not differ between samples."""
        self._errors.setdefault(name, [])

    def result(self, deviation: float | None) -> dict[str, Shuffled | None]:
        """Give the rise and the move of each input; None where it never differed.

        Parameters
        ----------
        deviation : float or None
            Standard deviation of the truth across samples, which the move is measured by.
        """
        return {
            name: self._one(pairs, self._moves.get(name, []), deviation)
            for name, pairs in self._errors.items()
        }

    @staticmethod
    def _one(
        pairs: list[tuple[Tensor, Tensor]], moves: list[Tensor], deviation: float | None
    ) -> Shuffled | None:
        if not pairs:
            return None
        before, after = (
            float(torch.cat(side).double().mean()) for side in zip(*pairs, strict=True)
        )
        rise = (after - before) / max(abs(before), torch.finfo(torch.float32).tiny)
        change = math.sqrt(float(torch.stack(moves).mean()))
        return Shuffled(rise, change / deviation if deviation else math.inf)
