"""What a loss asks for, found by moving an output that no network holds."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence

import torch
from torch import Tensor

from inundate.prove.answers import loss_of_fixed
from inundate.prove.case import Batch, Case, Fixed

__all__ = ["least_constant", "least_in_units", "least_of_rates", "least_output", "lowest_there"]

Ends = tuple[float, float] | None
_STEPS = 200
_RATE = 0.05  # of the spread of the answers
_BATCHES = 8  # over which one constant answer is sought
_FAR = 5.0  # size of targets, from which a search has to know their unit
_COLUMNS = 3  # numbers of an answer, of which each may be in the targets' unit or not
_SHORT = (0.5, 0.5)  # of slopes and their squares, that a step leaves of those before
_BETTER = 1e-3  # of a loss
_ASIDE = (1.0, 3.0)  # of the lowest answer for all, where it is asked whether it is lowest


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


def least_in_units(
    case: Case, batches: Sequence[Batch], start: Tensor, mean: float, spread: float
) -> tuple[Tensor, Tensor] | None:
    """Seek the one answer for all where some of its numbers are in the unit of far targets.

    As the mean in dollars, and beside it the logarithm of a variance.

    Parameters
    ----------
    case : Case
    batches : sequence of Batch
    start : Tensor (1, …)
        The answer that was found without a unit.
    mean, spread : float
        Of the targets.

    Returns
    -------
    tuple of two Tensors (1, …), or None
        The answer and the unit of each of its numbers; None if none has a lower loss.
    """
    if max(abs(mean), spread) <= _FAR or spread <= 0:
        return None
    asked = batches[:_BATCHES]
    best, least = None, _loss(case, asked, start)
    for inside in _choices(start):
        units = torch.where(inside, spread, max(1.0, math.log10(spread)))
        begin = torch.where(inside, mean, 0.0).to(start)
        answer = _moved(case, asked, begin, None, alike=True, units=units)
        reached = math.inf if answer is None else _loss(case, asked, answer)
        if answer is not None and reached < least - _BETTER * abs(least):
            best, least = (answer, units), reached
    return best


def least_of_rates(
    case: Case, batches: Sequence[Batch], answer: Tensor, mean: float
) -> Tensor | None:
    """Seek the one answer for all from the logarithm of the mean of counts on.

    From 0 on it is far, and the slopes of large counts are such that a search comes on slowly.

    Parameters
    ----------
    case : Case
    batches : sequence of Batch
    answer : Tensor (1, …)
        The best that is known.
    mean : float
        Of the targets.

    Returns
    -------
    Tensor (1, …) or None
        None if none has a lower loss, or the loss goes on to fall from it.
    """
    least = min((float(batch["target"].min()) for batch in batches), default=-1.0)
    if not least >= 0.0 or mean <= _FAR:
        return None
    asked = batches[:_BATCHES]
    begin = torch.full_like(answer, math.log(mean))
    found = _moved(case, asked, begin, None, alike=True)
    known = _loss(case, asked, answer)
    if found is None or not _loss(case, asked, found) < known - _BETTER * abs(known):
        return None
    return found if lowest_there(case, asked, found) else None


def lowest_there(case: Case, batches: Sequence[Batch], answer: Tensor) -> bool:
    """Whether one answer for all has a lower loss than those some way above and below it."""
    least = _loss(case, batches, answer)
    sides = [answer + sign * by for by in _ASIDE for sign in (-1.0, 1.0)]
    return all(least <= _loss(case, batches, other) for other in sides)


def _choices(start: Tensor) -> Iterator[Tensor]:
    """Give which numbers of an answer may be in the targets' unit: each choice, or all of them."""
    columns = start.shape[1] if start.ndim > 1 else 1
    if not 2 <= columns <= _COLUMNS:
        yield torch.ones_like(start, dtype=torch.bool)
        return
    for choice in itertools.product((True, False), repeat=columns):
        if any(choice):
            told = torch.tensor(choice, device=start.device)
            yield told.reshape(1, -1, *[1] * (start.ndim - 2)).expand(start.shape)


def _loss(case: Case, batches: Sequence[Batch], answer: Tensor) -> float:
    found = 0.0
    for batch in batches:
        rows = answer.expand(len(batch["target"]), *answer.shape[1:])
        loss = loss_of_fixed(case, batch, rows)
        found += math.inf if loss is None or math.isnan(loss) else loss
    return found / len(batches)


def least_output(
    case: Case, batch: Batch, start: Tensor, ends: Ends = None, units: Tensor | None = None
) -> Tensor | None:
    """Give the answers (B, …), free for each sample, that have the lowest loss.

    Parameters
    ----------
    case : Case
    batch : Batch
    start : Tensor (1, …)
        Where to begin, the same for all samples.
    ends : tuple of float, optional
        Between which they must stay.
    units : Tensor (1, …), optional
        Of each number of an answer.

    Returns
    -------
    Tensor or None
        As :func:`least_constant`. Where the loss has no lowest point, as far as some steps go.
    """
    return _moved(case, [batch], start, ends, alike=False, units=units)


def _moved(
    case: Case,
    batches: Sequence[Batch],
    start: Tensor,
    ends: Ends,
    *,
    alike: bool,
    units: Tensor | None = None,
) -> Tensor | None:
    size = 1 if alike else len(batches[0]["target"])
    answer = start.detach().float().expand(size, *start.shape[1:]).clone().requires_grad_()
    unit = 1.0 if units is None else units
    away = torch.zeros_like(answer)  # in units: such a search is the same in all of them
    begin = answer.detach().clone()
    # slopes of far targets fall by many orders on the way, which must not be long remembered
    memory = (0.9, 0.999) if units is None else _SHORT
    optimiser = torch.optim.Adam([away], lr=_RATE, betas=memory)
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
        away.grad = slope * unit
        optimiser.step()
        answer.data = begin + away * unit
        if ends is not None:
            answer.data.clamp_(*ends)
            away.data = (answer.data - begin) / unit
    return None if best is None else best.to(start.dtype)
