"""What a loss asks for, found by moving an output that no network holds."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor

from inundate.prove.case import Batch, Case, Fixed

__all__ = ["least_constant", "least_output"]

Ends = tuple[float, float] | None
_STEPS = 200
_RATE = 0.05  # of the spread of the answers
_BATCHES = 8  # over which one constant answer is sought


def least_constant(
    case: Case, batches: Sequence[Batch], start: Tensor, ends: Ends = None
) -> Tensor | None:
    """Give the one answer for all samples that has the lowest loss.

    Parameters
    ----------
    case : Case
    batches : sequence of Batch
    start : Tensor (1, …)
        Where to begin.
    ends : tuple of float, optional
        Between which it must stay.

    Returns
    -------
    Tensor (1, …) or None
        None if the loss cannot be asked without the model, or gives no gradient.
    """
    return _moved(case, batches[:_BATCHES], start, ends, alike=True)


def least_output(case: Case, batch: Batch, start: Tensor, ends: Ends = None) -> Tensor | None:
    """Give the answers (B, …), free for each sample, that have the lowest loss.

    Parameters
    ----------
    case : Case
    batch : Batch
    start : Tensor (1, …)
        Where to begin, the same for all samples.
    ends : tuple of float, optional
        Between which they must stay.

    Returns
    -------
    Tensor or None
        As :func:`least_constant`. Where the loss has no lowest point, as far as some steps go.
    """
    return _moved(case, [batch], start, ends, alike=False)


def _moved(
    case: Case, batches: Sequence[Batch], start: Tensor, ends: Ends, *, alike: bool
) -> Tensor | None:
    size = 1 if alike else len(batches[0]["target"])
    answer = start.detach().float().expand(size, *start.shape[1:]).clone().requires_grad_()
    optimiser = torch.optim.Adam([answer], lr=_RATE)
    best, least = None, float("inf")
    for number in range(_STEPS):
        batch = batches[number % len(batches)]
        rows = answer.expand(len(batch["target"]), *answer.shape[1:])
        try:
            loss = case.loss(Fixed(rows.to(start.dtype)), batch)
            (slope,) = torch.autograd.grad(loss, answer)
        except Exception:  # noqa: BLE001  the loss is the user's: any error means "cannot be asked"
            return None
        reached = float(loss.detach())
        if not math.isfinite(reached) or not bool(torch.isfinite(slope).all()):
            break
        # of one batch the lowest is known; of several the last, which all of them have drawn
        if len(batches) > 1 or reached < least:
            best, least = answer.detach().clone(), reached
        answer.grad = slope
        optimiser.step()
        if ends is not None:
            answer.data.clamp_(*ends)
    return None if best is None else best.to(start.dtype)
