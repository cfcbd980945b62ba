"""Batches of another scale, or with their padding at the other end."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from inundate.prove.case import Batch
from inundate.prove.exam import Exam
from inundate.prove.probe.data import channel_stats, gather
from inundate.prove.probe.padding import find_padding, move_padding

__all__ = ["Change", "moved_padding", "scaled_inputs", "scaled_target"]

#: Makes another batch of one.
Change = Callable[[Batch], Batch]


def scaled_inputs(exam: Exam) -> Change:
    """Make the function that brings each channel of a batch to mean 0 and deviation 1."""
    constants: dict[str, tuple[Tensor, Tensor]] = {}
    for name, tensor in exam.train[0]["inputs"].items():
        values = gather(exam.learnt, name)
        if values is None or not tensor.is_floating_point() or values.ndim < 2:
            continue
        mean, deviation = channel_stats(values)
        shape = (1, -1, *[1] * (values.ndim - 2))
        spread = torch.from_numpy(deviation).reshape(shape)
        constants[name] = (
            torch.from_numpy(mean).reshape(shape),
            torch.where(spread > 0, spread, 1.0),
        )

    def scale(batch: Batch) -> Batch:
        inputs = {
            name: ((value.double() - constants[name][0]) / constants[name][1]).to(value.dtype)
            if name in constants
            else value
            for name, value in batch["inputs"].items()
        }
        return {**batch, "inputs": inputs}

    return scale


def moved_padding(exam: Exam) -> Change:
    """Make the function that moves the padding of a batch to the other end."""
    padding = find_padding(exam.train)

    def move(batch: Batch) -> Batch:
        return batch if padding is None else move_padding(padding, batch)

    return move


def scaled_target(exam: Exam) -> Change:
    """Make the function that brings the targets of a batch to mean 0 and deviation 1."""
    mean, spread = float(exam.answers.prior.mean()), max(exam.answers.spread, 1e-12)

    def scale(batch: Batch) -> Batch:
        return {**batch, "target": (batch["target"] - mean) / spread}

    return scale
