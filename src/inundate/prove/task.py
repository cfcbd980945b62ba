"""A task with a known answer: data, a model that is known to be good, a pass line."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from torch import Tensor, nn

from inundate.core.errors import DataError
from inundate.learn.watch import LossFunction
from inundate.prove.judge import Judged, PassLine

__all__ = ["Budget", "Data", "Part", "Scores", "Size", "Task", "TaskResult"]

#: ``quick`` for tests and a first look, ``full`` for the ladder.
Size = Literal["quick", "full"]


@dataclass(frozen=True)
class Part:
    """Samples of a task.

    Parameters
    ----------
    inputs : Tensor (N, ...)
    target : Tensor (N, ...)
    labels : Tensor (N,), int, optional
        Class of each sample, where the target is an image of it.
    """

    inputs: Tensor
    target: Tensor
    labels: Tensor | None = None

    def tensors(self) -> dict[str, Tensor]:
        """Give what goes into a batch: ``inputs``, ``target`` and, if there are, ``labels``."""
        found = {"inputs": self.inputs, "target": self.target}
        return found if self.labels is None else {**found, "labels": self.labels}

    def classes(self) -> Tensor:
        """Give the labels.

        Raises
        ------
        DataError
            If the samples have none.
        """
        if self.labels is None:
            raise DataError(
                "scoring a task: its samples have no labels, which its score needs",
                hint="let make_data give Part(inputs, target, labels)",
            )
        return self.labels


@dataclass(frozen=True)
class Data:
    """Training and held-out samples of a task.

    Parameters
    ----------
    train, held_out : Part
    shown : mapping of str to Tensor
        What the score needs besides, such as the ``images`` that stand for the classes.
    """

    train: Part
    held_out: Part
    shown: Mapping[str, Tensor] = field(default_factory=dict)

    @property
    def input_shape(self) -> tuple[int, ...]:
        """Shape of one input."""
        return tuple(self.train.inputs.shape[1:])

    @property
    def target_shape(self) -> tuple[int, ...]:
        """Shape of one target."""
        return tuple(self.train.target.shape[1:])


@dataclass(frozen=True)
class Budget:
    """How long and how fast a task is trained.

    Parameters
    ----------
    steps : int
        Optimiser steps, which end the training.
    seconds : float
        Wall time that this is expected to take at most on 2 cores, s; reported, not enforced,
        so that a result does not depend on the machine.
    """

    steps: int
    seconds: float
    batch_size: int = 64
    learning_rate: float = 2e-3
    weight_decay: float = 0.01
    warmup_steps: int = 20
    ema: float = 0.0


@dataclass(frozen=True)
class Scores:
    """What was measured on held-out samples.

    Parameters
    ----------
    values, baseline : mapping of str to array (N,)
        For each score its value for each sample, higher is better, and that of the trivial
        answer on the same samples; the mean is the score.
    figures : mapping of str to float
        Further numbers to report.
    pictures : mapping of str to array (rows, columns, H, W), 0 to 1
        What a person would look at.
    """

    values: Mapping[str, NDArray[np.float64]]
    baseline: Mapping[str, NDArray[np.float64]]
    figures: Mapping[str, float] = field(default_factory=dict)
    pictures: Mapping[str, NDArray[np.float32]] = field(default_factory=dict)


@dataclass(frozen=True)
class Task:
    """A task with a known answer.

    Parameters
    ----------
    name, title : str
        Short name, and what is asked in a few words.
    kind : str
        ``"image"``, ``"sequence"`` or ``"text"``.
    make_data : callable
        ``make_data(rng, size)`` gives the samples.
    make_model : callable
        ``make_model(data)`` gives the known-good model, untrained.
    loss : callable
        ``loss(model, batch)`` gives ``"loss"`` and parts to log.
    measure : callable
        ``measure(model, data)`` scores a trained model on held-out samples.
    budget : Budget
    lines : tuple of PassLine
        All must be met; the first is the headline.
    meaning : str
        What it means when a model fails here.
    fails : bool
        The model is known to be bad: the task is a control that must not be passed.
    """

    name: str
    title: str
    kind: Literal["image", "sequence", "text"]
    make_data: Callable[[np.random.Generator, Size], Data]
    make_model: Callable[[Data], nn.Module]
    loss: LossFunction
    measure: Callable[[nn.Module, Data], Scores]
    budget: Budget
    lines: tuple[PassLine, ...]
    meaning: str
    fails: bool = False


@dataclass(frozen=True)
class TaskResult:
    """How a model did in a task.

    Parameters
    ----------
    name : str
        Of the task.
    passed : bool
        Whether every line was met; of a control that it was not.
    judged : tuple of Judged
        Each line with score, interval, baseline and test; empty if training broke down.
    seed, steps, parameters : int
    loss_first, loss_last : float
        Training loss at the first and over the last logged steps.
    seconds, cpu_seconds : float
        Wall and processor time of data, training and scoring, s.
    stopped : str
        Named cause if the training broke down; empty otherwise.
    figures, pictures : mapping
        As in :class:`Scores`.
    model : Module
        The trained model.
    """

    name: str
    passed: bool
    judged: tuple[Judged, ...]
    seed: int
    steps: int
    parameters: int
    loss_first: float
    loss_last: float
    seconds: float
    cpu_seconds: float
    stopped: str
    figures: Mapping[str, float]
    pictures: Mapping[str, NDArray[np.float32]]
    model: nn.Module

    def record(self) -> dict[str, Any]:
        """Give everything but pictures and model, fit for JSON."""
        left_out = {"judged", "pictures", "model", "figures"}
        found = {key: value for key, value in vars(self).items() if key not in left_out}
        for key in ("loss_first", "loss_last"):
            found[key] = found[key] if math.isfinite(found[key]) else None
        lines = [line.record() for line in self.judged]
        return {**found, "lines": lines, "figures": dict(self.figures)}
