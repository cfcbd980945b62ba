"""What is trained, and how it ended."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from torch import nn

from inundate.core.run import Run
from inundate.learn.alarm import Alarm
from inundate.learn.batches import Batches
from inundate.learn.settings import TrainSettings
from inundate.learn.watch import LossFunction, Watch

__all__ = ["Job", "TrainResult", "Validate"]

#: Gives named scores of a model; ``"loss"`` decides which checkpoint is the best.
Validate = Callable[[nn.Module], Mapping[str, float]]


@dataclass(frozen=True)
class TrainResult:
    """How a training ended.

    Parameters
    ----------
    step : int
        Optimiser steps made.
    epoch : float
        Passes over the data made.
    loss : float
        Mean training loss over the last logged steps.
    scores : dict of str to float
        Last validation; empty without one.
    best_step : int
        Step of the checkpoint that ``best`` points to.
    ended_by : str
        Setting that ended it: ``"epochs"``, ``"max_steps"`` or ``"max_minutes"``.
    wall_s : float
        Seconds over all sittings.
    alarms : tuple of Alarm
        Faults seen at the end that did not last long enough to stop it; empty is healthy.
    best, last : Path
        Checkpoint folders.
    """

    step: int
    epoch: float
    loss: float
    scores: Mapping[str, float]
    best_step: int
    ended_by: str
    wall_s: float
    alarms: tuple[Alarm, ...]
    best: Path
    last: Path


@dataclass(frozen=True)
class Job:
    """What is trained, on what, how and where; see :func:`~inundate.learn.loop.train`."""

    model: nn.Module
    batches: Batches
    loss_fn: LossFunction
    run: Run
    settings: TrainSettings
    validate: Validate | None = None
    watch: Watch | None = None
    allow_nan: Collection[str] = ()
    rng: np.random.Generator | None = None
    progress: bool = True
