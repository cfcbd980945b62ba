"""Numbers that a model reshapes where it should have exchanged axes, seen by their order alone."""

from __future__ import annotations

import copy
import itertools
from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor, nn

from inundate.prove.cause import Cause
from inundate.prove.exam import Exam
from inundate.prove.finding import Finding

__all__ = ["probe_reshaped"]

_AXES = (3, 4)
_KEPT = 6  # results of modules that are remembered


def probe_reshaped(exam: Exam) -> list[Finding]:
    """See whether what a module reads has the numbers of something before, axes exchanged, unmoved.

    A tensor (B, T, C) that is read as (B, C, T) with its numbers in the order that they had was
    reshaped: nothing that was beside each other is so now. The same holds of many coarse maps that
    are read as few fine ones, which is not what ``pixel_shuffle`` does.
    """
    model = copy.deepcopy(exam.case.model).eval()
    batch = exam.train[0]
    held: list[tuple[str, Tensor]] = [
        (f"{name!r}", value) for name, value in batch["inputs"].items() if value.ndim in _AXES
    ]
    given = len(held)
    told: list[tuple[str, str]] = []

    def read(name: str) -> Any:
        def see(_module: nn.Module, args: Any, kwargs: Any) -> None:
            for value in _tensors((args, kwargs)):
                for source, before in held:
                    if not told and (_reshaped(before, value) or _put_back(before, value)):
                        told.append((f"what {name} reads", _said(source, before, value)))

        return see

    def made(name: str) -> Any:
        def see(_module: nn.Module, _args: Any, found: Any) -> None:
            ends = [value for value in _tensors(found) if value.ndim in _AXES]
            held.extend((f"what {name} gives", value) for value in ends)
            del held[given:-_KEPT]

        return see

    for name, module in model.named_modules():
        if name:
            module.register_forward_pre_hook(read(name), with_kwargs=True)
            module.register_forward_hook(made(name))
    output = exam.run(model, batch)
    if not told:
        ends = [_said(source, before, output) for source, before in held[given:]
                if _reshaped(before, output)]  # fmt: skip
        told = [("the output", ends[0])] if ends else []
    if not told:
        return []
    subject = f"{told[0][0]} was reshaped where axes should be exchanged"
    return [Finding(Cause.AXES_MIXED, "fault", told[0][1], subject)]


def _tensors(held: Any) -> Iterator[Tensor]:
    """Give the tensors among what a module is called with, or gives."""
    if isinstance(held, Tensor):
        yield held.detach()
    elif isinstance(held, dict):
        yield from _tensors(list(held.values()))
    elif isinstance(held, (tuple, list)):
        for one in held:
            yield from _tensors(one)


def _reshaped(before: Tensor, after: Tensor) -> bool:
    """Whether a tensor has the axes of another one exchanged, and its numbers where they were."""
    if before.ndim != after.ndim or before.numel() != after.numel():
        return False
    if before.shape == after.shape:
        return False
    if _refined(before, after):
        # what is the same at all places lies right in any order
        told = float(before.flatten(2).amax(2).sub(before.flatten(2).amin(2)).max()) > 0
        return told and torch.equal(before.reshape(-1), after.reshape(-1))
    if sorted(before.shape) != sorted(after.shape):
        return False
    if not torch.equal(before.reshape(-1), after.reshape(-1)):
        return False
    orders = itertools.permutations(range(before.ndim))
    moved = (before.permute(order) for order in orders)
    return not any(one.shape == after.shape and torch.equal(one, after) for one in moved)


def _put_back(before: Tensor, after: Tensor) -> bool:
    """Whether a tensor has the shape of another one, and its numbers as with axes exchanged.

    What was turned was put back by a reshape: a view takes no axis where it was.
    """
    if before.shape != after.shape or torch.equal(before, after):
        return False
    for order in itertools.permutations(range(1, before.ndim)):
        turned = before.permute(0, *order)
        if turned.shape != before.shape and torch.equal(turned.reshape(-1), after.reshape(-1)):
            return True
    return False


def _refined(before: Tensor, after: Tensor) -> bool:
    """Whether maps (B, C, H, W) become fewer of some times as many rows and columns, or more."""
    if before.ndim != 4 or before.shape[0] != after.shape[0]:
        return False
    coarse, fine = sorted((tuple(before.shape[2:]), tuple(after.shape[2:])))
    times = fine[0] // coarse[0]
    return min(coarse) > 1 and times > 1 and fine == (times * coarse[0], times * coarse[1])


def _said(source: str, before: Tensor, after: Tensor) -> str:
    if before.shape == after.shape:
        return (
            f"{source}, {tuple(before.shape)}, is read in that shape with its numbers in the order "
            "of other axes: it was turned, and put back by a reshape"
        )
    return (
        f"{source}, {tuple(before.shape)}, is read as {tuple(after.shape)} with all numbers in the "
        "order that they had"
    )
