"""Train the toy as one of several ranks: ``python -m learn.run_ranks FOLDER``."""

from __future__ import annotations

import math
import os
import signal
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from torch import Tensor, nn

from inundate.core.run import Run
from inundate.learn.alarm import TrainingStopped
from inundate.learn.batches import TensorBatches
from inundate.learn.distributed import join_ranks
from inundate.learn.loop import resume_training, train

from . import toy


def main(folder: str) -> None:
    """Train in the runs ``whole``, ``interrupted`` and ``nan`` of a folder, one after another."""
    with join_ranks("cpu") as ranks:
        train(**job(folder, "whole"))
        train(**{**job(folder, "halves"), "batches": toy.make_batches(batch_size=8)})
        train(**{**job(folder, "uneven"), "batches": toy.make_batches(124, batch_size=8)})

        with pytest.raises(KeyboardInterrupt):
            train(**{**job(folder, "interrupted"), "loss_fn": pressing(ranks.rank)})
        resume_training(**job(folder, "interrupted"))

        with pytest.raises(TrainingStopped, match="in sample 40 "):
            train(**job(folder, "nan"))


def job(folder: str, name: str) -> dict[str, Any]:
    samples = toy.make_samples()
    if name == "nan":
        samples["inputs"]["rain"][40] = math.nan
    return {
        # each rank starts from other weights, which rank 0 must overrule
        "model": toy.Healthy(
            int(os.environ["RANK"]), dropout=0.0 if name in ("halves", "uneven") else 0.2
        ),
        "batches": TensorBatches(samples, batch_size=16, seed=0),
        "loss_fn": toy.loss_fn,
        "run": Run(Path(folder) / name),
        "settings": toy.make_settings(epochs=3, checkpoint_every_steps=5),
        "watch": toy.make_watch(),
        "progress": False,
    }


def pressing(rank: int) -> Any:
    """Make a loss in whose seventh step rank 1, and only rank 1, gets Ctrl-C."""
    made = 0

    def press(model: nn.Module, batch: Mapping[str, Any]) -> dict[str, Tensor]:
        nonlocal made
        made += model.training
        if model.training and made == 7 and rank == 1:
            signal.raise_signal(signal.SIGINT)
        return toy.loss_fn(model, batch)

    return press


if __name__ == "__main__":
    main(sys.argv[1])
