"""Train the toy as one of several ranks: ``python -m learn.run_ranks RUN WHAT``.

``whole`` trains; ``interrupted`` gets Ctrl-C on rank 1 in step 7, and resumes; ``nan`` meets
a bad sample. Exits with the code of the error.
"""

from __future__ import annotations

import math
import os
import signal
import sys
from collections.abc import Mapping
from typing import Any

from torch import Tensor, nn

from inundate.core.errors import InundateError
from inundate.core.run import Run
from inundate.learn.batches import TensorBatches
from inundate.learn.distributed import join_ranks
from inundate.learn.loop import resume_training, train

from . import toy


def main(path: str, what: str) -> int:
    run, samples = Run(path), toy.make_samples()
    settings = toy.make_settings(epochs=3, checkpoint_every_steps=5)
    if what == "nan":
        samples["inputs"]["rain"][40] = math.nan

    def given(loss_fn: Any) -> dict[str, Any]:
        # each rank starts from other weights, which rank 0 must overrule
        model = toy.Healthy(int(os.environ["RANK"]), dropout=0.2)
        return {
            "model": model,
            "batches": TensorBatches(samples, batch_size=16, seed=0),
            "loss_fn": loss_fn,
            "run": run,
            "settings": settings,
            "watch": toy.make_watch(),
            "progress": False,
        }

    with join_ranks("cpu") as ranks:
        try:
            if what == "interrupted":
                interrupt(given, rank=ranks.rank)
                resume_training(**given(toy.loss_fn))
            else:
                train(**given(toy.loss_fn))
        except InundateError as error:
            sys.stderr.write(str(error))
            return error.exit_code
    return 0


def interrupt(given: Any, *, rank: int) -> None:
    """Train until Ctrl-C, which only rank 1 gets."""
    made = 0

    def press(model: nn.Module, batch: Mapping[str, Any]) -> dict[str, Tensor]:
        nonlocal made
        made += model.training
        if model.training and made == 7 and rank == 1:
            signal.raise_signal(signal.SIGINT)
        return toy.loss_fn(model, batch)

    try:
        train(**given(press))
    except KeyboardInterrupt:
        return
    raise AssertionError("the interrupt did not reach this rank")


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
