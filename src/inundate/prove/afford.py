"""What an examination may cost: trials of a model whose steps are dear are shorter."""

from __future__ import annotations

import copy
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

from inundate.learn.random_state import isolated_random
from inundate.prove.exam import Effort, Exam

__all__ = ["affordable", "step_cost"]

_CALL, _NUMBER = 3e-6, 1e-9  # s of a usual processor, for an operation and a number that it gives
_BACK = 3.0  # times as much with the way back and the step of the optimiser
_MOST_S = 45.0  # of the trials of an examination that finds nothing at once
_TRIALS = (1, 2, 4)  # on one batch, over all, and with remedies, that it has then
_LEAST = 0.4  # of the usual steps: with less of them even sound models learn nothing


class _Count(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Counts operations, and the numbers that they give."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.calls: int = 0
        self.numbers: int = 0

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """Run an operation and count what it gives."""
        found = func(*args, **(kwargs or {}))
        self.calls += 1
        for one in found if isinstance(found, (tuple, list)) else (found,):
            self.numbers += one.numel() if isinstance(one, Tensor) else 0
        return found


def step_cost(exam: Exam) -> float:
    """Give about how long a training step takes on a usual processor, s.

    It is counted, not measured, so that the same model is examined in the same way everywhere.
    """
    model = copy.deepcopy(exam.case.model).train()
    with torch.no_grad(), isolated_random(exam.seed, "doctor", "cost"), _Count() as count:
        exam.case.loss(model, exam.typical)
    return float(_BACK * (_CALL * count.calls + _NUMBER * count.numbers))


def affordable(effort: Effort, cost: float) -> Effort:
    """Give trials that are as long as the cost of a step allows.

    Parameters
    ----------
    effort : Effort
    cost : float
        Of a step, s.

    Examples
    --------
    >>> affordable(Effort(), 1e-3) == Effort()
    True
    >>> affordable(Effort(), 0.1).all_batches
    160
    """
    one, every, remedy = _TRIALS
    steps = one * effort.one_batch + every * effort.all_batches + remedy * effort.remedy
    share = max(_MOST_S / max(steps * cost, 1e-9), _LEAST)
    if share >= 1.0:
        return effort
    return replace(
        effort,  # one batch as the user trains it decides most: that stays as it is
        all_batches=round(share * effort.all_batches),
        remedy=round(share * effort.remedy),
    )
