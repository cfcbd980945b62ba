"""Batches whose inputs have no row for each sample: taken apart where it is known how."""

from __future__ import annotations

import torch
from torch import Tensor

from inundate.prove.case import Batch

__all__ = ["is_apart", "pieces"]


def is_apart(batch: Batch) -> bool:
    """Say whether each input has a row for each target.

    None have where the words of all texts stand in one row, beside the places where texts begin,
    or where nodes stand beside edges.
    """
    count = len(batch["target"])
    return all(value.ndim > 0 and len(value) == count for value in batch["inputs"].values())


def pieces(batch: Batch) -> list[list[Tensor]] | None:
    """Give what each sample of a batch is made of.

    Known are rows, words in one row beside the places where texts begin (as ``EmbeddingBag``
    takes them), and nodes beside the number of the graph that each is of.

    Returns
    -------
    list of list of Tensor, or None
        A list for each target; None where it is not known what belongs to which.
    """
    count, inputs = len(batch["target"]), list(batch["inputs"].values())
    if is_apart(batch):
        return [[value[row] for value in inputs] for row in range(count)]
    for value in inputs:
        sizes = _sizes(value, count, inputs)
        if sizes is not None:
            return _cut(inputs, value, sizes)
    return None


def _sizes(value: Tensor, count: int, inputs: list[Tensor]) -> list[int] | None:
    """Give how long each sample is, if an input says where they begin, or which one each is of."""
    if value.ndim != 1 or value.is_floating_point() or not len(value):
        return None
    if int(value[0]) != 0 or bool((value[1:] < value[:-1]).any()):
        return None
    others = {len(one) for one in inputs if one is not value and one.ndim > 0}
    if len(value) == count:  # where each begins
        ends = [length for length in others if length != count and length >= int(value[-1])]
        return torch.diff(value, append=value.new_tensor([ends[0]])).tolist() if ends else None
    if int(value[-1]) == count - 1 and len(value) in others:  # which one each is of
        return torch.bincount(value, minlength=count).tolist()
    return None


def _cut(inputs: list[Tensor], told: Tensor, sizes: list[int]) -> list[list[Tensor]]:
    """Cut what is as long as all samples together, take the rows of what has one for each."""
    found: list[list[Tensor]] = [[] for _ in sizes]
    for value in inputs:
        if value is told or value.ndim == 0:
            continue
        if len(value) == sum(sizes):
            parts: list[Tensor] = list(torch.split(value, sizes))
        elif len(value) == len(sizes):
            parts = list(value)
        else:
            continue  # such as edges
        for own, part in zip(found, parts, strict=True):
            own.append(part)
    return found
