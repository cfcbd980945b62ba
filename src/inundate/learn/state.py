"""Everything of a training that a checkpoint holds, and that resuming brings back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from inundate.core.errors import DataError
from inundate.learn.checkpoint import Checkpoint
from inundate.learn.metrics import StepMeans
from inundate.learn.optim import RunningMean, load_optimiser, optimiser_tensors
from inundate.learn.random_state import restore_random
from inundate.learn.watch import Watch
from inundate.learn.weights import load_weights

__all__ = ["TrainingState"]


@dataclass
class TrainingState:
    """Where a training is.

    Parameters
    ----------
    model : Module
        Being trained.
    optimiser : Optimizer
        Of its parameters.
    ema : RunningMean or None
        Running mean of its weights.
    watch : Watch or None
        Remembers faults seen so far.
    rng : numpy Generator or None
        What the loss draws from.
    step : int
        Optimiser steps made.
    best : dict or None
        ``step`` and ``loss`` of the best validation.
    scores : dict of str to float
        Last validation.
    wall_s : float
        Seconds trained in earlier sittings.
    means : StepMeans
        Numbers summed since the last line of the metrics.
    """

    model: nn.Module
    optimiser: torch.optim.Optimizer
    ema: RunningMean | None
    watch: Watch | None
    rng: np.random.Generator | None
    step: int = 0
    best: dict[str, float] | None = None
    scores: dict[str, float] = field(default_factory=dict)
    wall_s: float = 0.0
    means: StepMeans = field(default_factory=StepMeans)

    def checkpoint(
        self, *, wall_s: float, random: list[dict[str, Any]], place: Mapping[str, Any]
    ) -> Checkpoint:
        """Give a checkpoint of this state.

        Parameters
        ----------
        wall_s : float
            Seconds trained over all sittings.
        random : list of dict
            Random states by rank.
        place : mapping
            What else a resumed run must agree with, such as the settings.
        """
        tensors: dict[str, Mapping[str, Tensor]] = {
            "model": self.model.state_dict(),
            "optimiser": optimiser_tensors(self.optimiser, self.model),
        }
        if self.ema is not None:
            tensors["ema"] = self.ema.tensors
        state = {
            **place,
            "wall_s": wall_s,
            "best": self.best,
            "scores": self.scores,
            "means": self.means.state(),
            "watch": self.watch.state() if self.watch else None,
            "random": random,
        }
        return Checkpoint(self.step, tensors, state)

    def take(self, checkpoint: Checkpoint, *, rank: int = 0) -> None:
        """Go back to a checkpoint.

        Raises
        ------
        DataError
            If its tensors do not fit the model, or it holds no running mean where one is
            wanted.
        """
        state, where = checkpoint.state, str(checkpoint.path)
        load_weights(self.model, checkpoint.tensors["model"], where=where)
        load_optimiser(self.optimiser, self.model, checkpoint.tensors["optimiser"], where=where)
        if self.ema is not None:
            if "ema" not in checkpoint.tensors:
                raise DataError(f"reading {where}: no running mean, though the settings want one")
            for name, tensor in checkpoint.tensors["ema"].items():
                self.ema.tensors[name].copy_(tensor)
        if self.watch is not None and state["watch"] is not None:
            self.watch.restore(state["watch"])
        self.means.restore(state["means"])
        self.step = checkpoint.step
        self.best, self.scores, self.wall_s = state["best"], state["scores"], state["wall_s"]
        restore_random(state["random"][rank], self.rng)
