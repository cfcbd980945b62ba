"""What a loss asks of the weights themselves, beside what it asks of the answer."""

from __future__ import annotations

import copy
import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn

from inundate.prove.case import Batch, Case
from inundate.prove.cause import Cause
from inundate.prove.exam import Exam
from inundate.prove.finding import Finding

__all__ = ["answer_alone", "penalty_beside"]

_MOST = 1.0  # times the gradient of the answer, from which a penalty is most of it


def penalty_beside(exam: Exam) -> list[Finding]:
    """See whether most of the gradient is not that of the answer, but of the weights themselves."""
    try:
        times = _times(exam.case, exam.typical)
    except Exception:  # noqa: BLE001  not every loss can be cut off from what it is asked about
        return []
    if times is None or not times > _MOST:
        return []
    exam.figures |= {"penalty": times, "penalty_beside": times}
    text = (
        f"the gradient that does not come through the answer, as that of a sum of squared weights, "
        f"is {min(times, 1e6):.3g} times the one that does"
    )
    return [Finding(Cause.DECAY_TOO_STRONG, "suspect", text)]


def _times(case: Case, batch: Batch) -> float | None:
    """Give the gradient that does not come through the answer, in terms of that which does.

    None if the loss calls the model more than once, or never, or has no gradient.
    """
    model = copy.deepcopy(case.model).train()
    weights = [weight for weight in model.parameters() if weight.requires_grad]
    parts = _parts(case, model, batch)
    if parts is None:
        return None
    loss, answers, leaves = parts
    if not weights or not loss.requires_grad:
        return None
    slopes = torch.autograd.grad(loss, [*leaves, *weights], allow_unused=True)
    beside = slopes[len(leaves) :]
    asked = [(one, by) for one, by in zip(answers, slopes, strict=False) if by is not None]
    if not asked:
        return None
    through = torch.autograd.grad(
        [one for one, _ in asked], weights, [by for _, by in asked], allow_unused=True
    )
    length = _length(through)
    return _length(beside) / length if length > 0 else None


def answer_alone(case: Case, model: nn.Module, batch: Batch) -> Tensor:
    """Give the loss with the gradient that comes through the answer, and no other."""
    parts = _parts(case, model, batch)
    if parts is None:
        return case.loss(model, batch)
    loss, answers, leaves = parts
    slopes = torch.autograd.grad(loss, leaves, allow_unused=True)
    alone = loss.detach()
    for one, by in zip(answers, slopes, strict=True):
        if by is not None:
            led = (by * one).sum()
            alone = alone + led - led.detach()
    return alone


def _length(slopes: tuple[Tensor | None, ...]) -> float:
    return math.sqrt(sum(float(s.double().square().sum()) for s in slopes if s is not None))


def _parts(
    case: Case, model: nn.Module, batch: Batch
) -> tuple[Tensor, list[Tensor], list[Tensor]] | None:
    """Give the loss of an answer that is cut off, the answer, and what it was cut off to."""
    with _cut(model) as calls:
        loss = case.loss(model, batch)
    if len(calls) != 1 or not calls[0]:
        return None
    answers, leaves = zip(*calls[0], strict=True)
    return loss, list(answers), list(leaves)


@contextmanager
def _cut(model: nn.Module) -> Iterator[list[list[tuple[Tensor, Tensor]]]]:
    """Cut what a model answers off its weights, in each call."""
    calls: list[list[tuple[Tensor, Tensor]]] = []

    def off(found: Any) -> Any:
        if isinstance(found, Tensor):
            if not found.requires_grad:
                return found
            leaf = found.detach().requires_grad_()
            calls[-1].append((found, leaf))
            return leaf
        if isinstance(found, Mapping) and type(found) is dict:
            return {name: off(one) for name, one in found.items()}
        if type(found) in (tuple, list):
            return type(found)(off(one) for one in found)
        return found

    def hook(_module: nn.Module, _inputs: Any, found: Any) -> Any:
        calls.append([])
        return off(found)

    handle = model.register_forward_hook(hook)
    try:
        yield calls
    finally:
        handle.remove()
