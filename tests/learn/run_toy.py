"""Train the toy in a process of its own: ``python -m learn.run_toy RUN STEP WHERE``.

It kills itself in the middle of ``STEP`` (``loss``), in the middle of its ``STEP``-th file
(``checkpoint``), or is slow enough to be killed from outside (``slow``).
"""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from inundate.core.run import Run
from inundate.learn import checkpoint as checkpoint_module
from inundate.learn.batches import TensorBatches
from inundate.learn.loop import TrainResult, resume_training, train
from inundate.learn.settings import TrainSettings
from inundate.learn.validate import validate_on

from . import toy


def noisy_job(settings: TrainSettings) -> dict[str, Any]:
    """Everything with a state: dropout, noise from a generator, running mean, best, watch."""
    rng = np.random.default_rng(3)

    def loss_fn(model: nn.Module, batch: Mapping[str, Any]) -> dict[str, Tensor]:
        if model.training:
            noise = torch.from_numpy(rng.normal(0.0, 0.1, batch["inputs"]["rain"].shape)).float()
            inputs = {**batch["inputs"], "rain": batch["inputs"]["rain"] + noise}
            return toy.loss_fn(model, {**batch, "inputs": inputs})
        return toy.loss_fn(model, batch)

    held_out = TensorBatches(toy.make_samples(32, 100), batch_size=16, seed=0, shuffle=False)
    return {
        "model": toy.Healthy(0, dropout=0.2),
        "batches": toy.make_batches(),
        "loss_fn": loss_fn,
        "settings": settings,
        "validate": validate_on(held_out, toy.loss_fn),
        "watch": toy.make_watch(every_steps=10),
        "rng": rng,
        "progress": False,
    }


def noisy_settings(**changes: Any) -> TrainSettings:
    return toy.make_settings(
        **{"max_steps": 60, "checkpoint_every_steps": 10, "ema": 0.95, **changes}
    )


def run_noisy(run: Run, kill_at: int = -1, where: str = "loss") -> TrainResult:
    """Train or resume; kill the process in the middle of step ``kill_at`` or its checkpoint."""
    job = noisy_job(noisy_settings())
    pause_s = 0.02 if where == "slow" else 0.0
    job["loss_fn"] = _killing(job["loss_fn"], kill_at if where == "loss" else -1, pause_s)
    if where == "checkpoint":
        _kill_while_writing(kill_at)
    go = resume_training if run.status == "running" else train
    return go(run=run, **job)


def _killing(loss_fn: Any, kill_at: int, pause_s: float) -> Any:
    made = 0

    def loss(model: nn.Module, batch: Mapping[str, Any]) -> dict[str, Tensor]:
        nonlocal made
        if model.training:
            if made == kill_at:
                os.kill(os.getpid(), signal.SIGKILL)
            made += 1
            time.sleep(pause_s)
        return loss_fn(model, batch)

    return loss


def _kill_while_writing(number: int) -> None:
    written = 0
    write = checkpoint_module._write

    def dying(path: Path, content: bytes) -> None:
        nonlocal written
        written += 1
        if written == number:
            write(path, content[: len(content) // 2])
            os.kill(os.getpid(), signal.SIGKILL)
        write(path, content)

    checkpoint_module._write = dying


if __name__ == "__main__":
    run_noisy(Run(sys.argv[1]), int(sys.argv[2]), sys.argv[3])
