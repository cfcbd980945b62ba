"""Before a long training: can the model learn one batch by heart at all."""

from __future__ import annotations

import copy
import math
from dataclasses import dataclass

import torch
from torch import nn

from inundate.core.errors import ConfigError
from inundate.learn.alarm import Alarm, Cause, TrainingStopped
from inundate.learn.batches import Batch, find_not_finite, to_device
from inundate.learn.optim import block_norms, clip_gradients
from inundate.learn.probes import describe_not_finite
from inundate.learn.random_state import isolated_random
from inundate.learn.watch import LossFunction

__all__ = ["PreflightResult", "preflight"]


@dataclass(frozen=True)
class PreflightResult:
    """How far one batch was learnt.

    Parameters
    ----------
    first, last : float
        Loss before and after.
    goal : float
        Loss that had to be reached.
    steps : int
        Steps that it took.
    """

    first: float
    last: float
    goal: float
    steps: int


def preflight(
    model: nn.Module,
    batch: Batch,
    loss_fn: LossFunction,
    *,
    steps: int = 300,
    learning_rate: float = 3e-3,
    share: float = 0.1,
    goal: float | None = None,
    seed: int = 0,
) -> PreflightResult:
    """Overfit one batch with a copy of the model, or say that it cannot be done.

    Parameters
    ----------
    model : Module
        Stays as it is; a copy is trained.
    batch : Batch
        A typical batch, with some of everything (wet and dry).
    loss_fn : callable
        The loss of the training.
    steps : int
        Steps allowed.
    learning_rate : float
        Constant rate of Adam, higher than in training since nothing must generalise.
    share : float
        Share of the first loss that must be reached; choose it for losses that do not
        end at 0.
    goal : float, optional
        Loss that must be reached, instead of ``share``.
    seed : int
        Seed of dropout.

    Returns
    -------
    PreflightResult
        As soon as the goal is reached.

    Raises
    ------
    TrainingStopped
        With cause ``cannot-overfit``, ``nan-input`` or ``nan-loss``.
    """
    if steps < 1:
        raise ConfigError(f"preflight: steps is {steps}; expected at least 1")
    found = find_not_finite(batch)
    if found is not None:
        raise _stopped(Alarm(Cause.NAN_INPUT, str(found), found.key), 0)
    pupil = copy.deepcopy(model).train()
    moved = to_device(batch, next(pupil.parameters()).device)
    optimiser = torch.optim.Adam([p for p in pupil.parameters() if p.requires_grad], learning_rate)
    first = lowest = math.inf
    with isolated_random(seed, "preflight"):
        for step in range(steps + 1):
            optimiser.zero_grad(set_to_none=True)
            loss = loss_fn(pupil, moved)["loss"]
            value = float(loss.detach())
            if not math.isfinite(value):
                evidence = describe_not_finite(pupil, {"loss": value})
                raise _stopped(Alarm(Cause.NAN_LOSS, evidence), step)
            if step == 0:
                first = value
                goal = share * first if goal is None else goal
            lowest = min(lowest, value)
            if value <= goal:  # type: ignore[operator]
                return PreflightResult(first, value, goal, step)  # type: ignore[arg-type]
            torch.autograd.backward(loss)
            clip_gradients(pupil, block_norms(pupil), 1.0)
            optimiser.step()
    evidence = (
        f"in {steps} steps on one batch the loss went from {first:.4g} to {lowest:.4g}; "
        f"expected {goal:.4g}"
    )
    raise _stopped(Alarm(Cause.CANNOT_OVERFIT, evidence), steps)


def _stopped(alarm: Alarm, step: int) -> TrainingStopped:
    return TrainingStopped.because([alarm], where=f"step {step} of the preflight")
