"""Samples of a batch that reach each other inside a model, though not in what it gives."""

from __future__ import annotations

import copy
from typing import Any

import torch
from torch import Tensor, nn

from inundate.prove.case import Batch
from inundate.prove.cause import Cause
from inundate.prove.exam import Exam
from inundate.prove.finding import Finding

__all__ = ["reached_inside"]

_MOVES = 1e-3  # of the deviation of what a module gives: rounding moves less


def reached_inside(exam: Exam, changed: Batch, sample: int) -> list[Finding]:
    """Compare what each module gives where one sample has other inputs.

    As where attention takes the batch for time, and the place that is read holds the same token
    in all samples: then nothing of the inputs is left in the output.

    Parameters
    ----------
    exam : Exam
    changed : Batch
        The first batch, with other inputs for one sample.
    sample : int
        Which one.
    """
    batch = exam.train[0]
    count = len(batch["target"])
    model = copy.deepcopy(exam.case.model).eval()
    one, two = (_given(exam, model, held) for held in (batch, changed))
    for name, before in one.items():
        after = two.get(name)
        if after is None or after.shape != before.shape or list(before.shape).count(count) != 1:
            continue
        if _second(before, count):
            before, after = before.transpose(0, 1), after.transpose(0, 1)
        if before.shape[0] != count or not bool(torch.isfinite(before).all()):
            continue
        moved = (after.double() - before.double()).abs().reshape(count, -1).amax(1)
        others = moved[torch.arange(count) != sample]
        least = _MOVES * max(float(before.double().std()), 1e-9)
        if float(others.max()) <= least or _in_other_order(before, after, least):
            continue
        text = (
            f"with other inputs for one sample of a batch, in evaluation mode, what {name} gives "
            f"for {int((others > 0).sum())} of {count - 1} others moves by up to "
            f"{float(others.max()):.3g}"
        )
        subject = "the samples of a batch reach each other, as where it is taken for time"
        return [Finding(Cause.AXES_MIXED, "fault", text, subject)]
    return []


def _second(value: Tensor, count: int) -> bool:
    """Whether samples lie along the second axis, as of what is laid out by time.

    Not where the first one may hold a few parts of each sample, and the second one places.
    """
    return value.ndim == 3 and value.shape[1] == count and value.shape[0] % count != 0


def _in_other_order(before: Tensor, after: Tensor, least: float) -> bool:
    """Whether samples are the same but for one, in another order, as where they are sorted."""
    one, two = (value.double().reshape(len(value), -1) for value in (before, after))
    away = torch.cdist(two, one, p=float("inf")).min(1).values
    return int((away > least).sum()) <= 1


def _given(exam: Exam, model: nn.Module, batch: Batch) -> dict[str, Tensor]:
    """Give the first output of each module, in the order in which they are done."""
    found: dict[str, Tensor] = {}

    def see(name: str) -> Any:
        def hook(_module: nn.Module, _inputs: Any, output: Any) -> None:
            value = output[0] if isinstance(output, tuple) and output else output
            if isinstance(value, Tensor) and value.is_floating_point() and value.ndim > 1:
                found.setdefault(name, value.detach())

        return hook

    handles = [m.register_forward_hook(see(n)) for n, m in model.named_modules() if n]
    exam.run(model, batch)
    for handle in handles:
        handle.remove()
    return found
