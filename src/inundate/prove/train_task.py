"""Train a model in a task with a known answer, and judge it: :func:`run_task`.

The training is that of the package (:func:`inundate.learn.loop.train`), so that a task that
passes vouches for the loop too.
"""

from __future__ import annotations

import math
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import torch
from torch import nn

from inundate.core.run import Run
from inundate.core.seeds import make_rng
from inundate.learn.alarm import TrainingStopped
from inundate.learn.batches import TensorBatches
from inundate.learn.loop import train
from inundate.learn.random_state import isolated_random
from inundate.learn.settings import TrainSettings
from inundate.learn.weights import load_model
from inundate.prove.judge import judge
from inundate.prove.task import Budget, Data, Scores, Size, Task, TaskResult

__all__ = ["run_task"]


def run_task(
    task: Task,
    *,
    seed: int = 0,
    factory: Callable[[Data], nn.Module] | None = None,
    size: Size = "full",
    steps: int | None = None,
    progress: bool = False,
) -> TaskResult:
    """Train the known-good model of a task, or another, and judge it on held-out samples.

    Parameters
    ----------
    task : Task
    seed : int
        Of data, weights and order; the same seed gives the same result on the same machine.
    factory : callable, optional
        Makes the model from the data's shapes instead of the task's own.
    size : str
        ``"quick"`` takes fewer samples.
    steps : int, optional
        Optimiser steps instead of the budget's.
    progress : bool
        Whether to show a bar.
    """
    began, began_cpu = time.monotonic(), time.process_time()
    data = task.make_data(make_rng(seed, "prove", task.name), size)
    with isolated_random(seed, "prove", task.name, "weights"):
        model = (factory or task.make_model)(data)
    settings = _settings(task.budget, steps or task.budget.steps, seed)
    losses, stopped = _train(task, model, data, settings, progress)
    scores = Scores({}, {})
    if not stopped:
        model.eval()
        with torch.no_grad(), isolated_random(seed, "prove", task.name, "measure"):
            scores = task.measure(model, data)
    judged = tuple(
        judge(scores.values[line.score], scores.baseline[line.score], line, seed=seed)
        for line in task.lines
        if not stopped
    )
    met = bool(judged) and all(one.met for one in judged)
    return TaskResult(
        task.name,
        passed=met is not task.fails,
        judged=judged,
        seed=seed,
        steps=settings.max_steps,
        parameters=sum(p.numel() for p in model.parameters() if p.requires_grad),
        loss_first=losses[0],
        loss_last=losses[-1],
        seconds=time.monotonic() - began,
        cpu_seconds=time.process_time() - began_cpu,
        stopped=stopped,
        figures=scores.figures,
        pictures=scores.pictures,
        model=model,
    )


def _settings(budget: Budget, steps: int, seed: int) -> TrainSettings:
    return TrainSettings(
        epochs=0,
        max_steps=steps,
        batch_size=budget.batch_size,
        learning_rate=budget.learning_rate,
        weight_decay=budget.weight_decay,
        warmup_steps=budget.warmup_steps,
        ema=budget.ema,
        seed=seed,
        checkpoint_every_steps=0,
        checkpoint_every_minutes=0.0,
        log_every_steps=max(1, min(20, steps // 10)),
        device="cpu",  # the budgets are those of a CPU, and a GPU would round otherwise
    )


def _train(
    task: Task, model: nn.Module, data: Data, settings: TrainSettings, progress: bool
) -> tuple[list[float], str]:
    """Train in a run folder that is thrown away; give the losses, and the cause of a stop."""
    batches = TensorBatches(
        data.train.tensors(), batch_size=settings.batch_size, seed=settings.seed
    )
    stopped = ""
    with tempfile.TemporaryDirectory(prefix="inundate-prove-") as folder:
        config = {"task": {"name": task.name}, "train": settings.model_dump()}
        run = Run.create(Path(folder) / "run", kind="prove", config=config)
        try:
            train(model, batches, task.loss, run=run, settings=settings, progress=progress)
            load_model(model, run.path)  # of the running mean, where there is one
        except TrainingStopped as error:
            stopped = str(error.cause)
        losses = [float(line["train"]["loss"]) for line in run.read_metrics() if "train" in line]
    return losses or [math.nan], stopped
