"""Start a training, or go on with one; the loop itself is in ``training``."""

from __future__ import annotations

import contextlib
from collections.abc import Collection, Iterator, Mapping
from typing import Any

import numpy as np
from torch import nn

from inundate.core.errors import RunError
from inundate.core.interrupt import Interrupts
from inundate.core.run import Run
from inundate.learn.batches import Batches
from inundate.learn.checkpoint import checkpoint_folders
from inundate.learn.device import cpu_threads, repeatable
from inundate.learn.distributed import Ranks, join_ranks
from inundate.learn.job import Job, TrainResult, Validate
from inundate.learn.random_state import isolated_random
from inundate.learn.settings import TrainSettings, differences
from inundate.learn.training import Training, refuse_differences
from inundate.learn.watch import LossFunction, Watch

__all__ = ["TrainResult", "Validate", "resume_training", "train"]


def train(
    model: nn.Module,
    batches: Batches,
    loss_fn: LossFunction,
    *,
    run: Run,
    settings: TrainSettings,
    validate: Validate | None = None,
    watch: Watch | None = None,
    allow_nan: Collection[str] = (),
    rng: np.random.Generator | None = None,
    progress: bool = True,
) -> TrainResult:
    """Train a model from its present weights, in a run folder without checkpoints.

    Parameters
    ----------
    model : Module
        Trained in place; at the end it has the weights of the last step.
    batches : Batches
        Training data, by epoch and number.
    loss_fn : callable
        ``loss_fn(model, batch)`` gives ``"loss"``, a scalar tensor, and named parts to log.
    run : Run
        Gets checkpoints, metrics and status.
    settings : TrainSettings
        How long, how fast, where.
    validate : callable, optional
        ``validate(model)`` gives scores with a ``"loss"``, whose lowest value marks the
        best checkpoint (see :func:`~inundate.learn.validate.validate_on`); without it the last
        checkpoint is the best.
    watch : Watch, optional
        Looks beside the loss and stops a training that cannot end well.
    allow_nan : collection of str
        Keys of a batch in which NaN means "missing" and the loss knows it.
    rng : numpy Generator, optional
        Generator that the loss draws from; its state is kept in the checkpoints.
    progress : bool
        Whether to show a bar.

    Raises
    ------
    RunError
        If the run has checkpoints, is locked, or the disk is full.
    TrainingStopped
        With a named cause: NaN in a batch or the loss, an explosion, or what the watch saw.
    KeyboardInterrupt
        On Ctrl-C or SIGTERM, after a checkpoint.
    """
    if checkpoint_folders(run.path):
        raise RunError(
            f"training in {run.path}: it has checkpoints already",
            hint=f"inundate resume {run.path}, or train in a new folder",
        )
    job = Job(model, batches, loss_fn, run, settings, validate, watch, allow_nan, rng, progress)
    return _start(job, resuming=False)


def resume_training(
    model: nn.Module,
    batches: Batches,
    loss_fn: LossFunction,
    *,
    run: Run,
    settings: TrainSettings,
    config: Mapping[str, Any] | None = None,
    validate: Validate | None = None,
    watch: Watch | None = None,
    allow_nan: Collection[str] = (),
    rng: np.random.Generator | None = None,
    progress: bool = True,
) -> TrainResult:
    """Go on with a run from its newest whole checkpoint, as if it had never stopped.

    Model, batches, loss, validation and watch must be built as they were at the start; the
    weights end up the same bit for bit as those of a run that was not interrupted (on the
    same machine with as many threads; not with ``max_minutes``).

    Parameters
    ----------
    config : mapping, optional
        Whole configuration as it is now, to be compared with the run's ``config.toml``.
    model, batches, loss_fn, run, settings, validate, watch, allow_nan, rng, progress
        As for :func:`train`.

    Raises
    ------
    ConfigError
        If ``config`` or ``settings`` differ from the run's in more than the keys of
        :data:`~inundate.learn.settings.CHANGEABLE`; every difference is listed.
    RunError
        If the run is finished or locked, or its data now have another number of batches.
    DataError
        If no checkpoint can be read, or it does not fit the model.
    TrainingStopped, KeyboardInterrupt
        As for :func:`train`.
    """
    if run.status == "finished":
        raise RunError(
            f"run {run.path} is finished: step {run.manifest.get('step')}, "
            f"ended by {run.manifest.get('ended_by')}",
            hint="train a new run to go further",
        )
    if config is not None:
        refuse_differences(run, differences(run.config, dict(config)))
    job = Job(model, batches, loss_fn, run, settings, validate, watch, allow_nan, rng, progress)
    return _start(job, resuming=True)


def _start(job: Job, *, resuming: bool) -> TrainResult:
    with (
        join_ranks(job.settings.device) as ranks,
        _locked(job.run, ranks),
        cpu_threads(job.settings.threads),
        repeatable(),
        isolated_random(job.settings.seed, "train", ranks.rank),
        Interrupts() as interrupts,
    ):
        training = Training(job, ranks, interrupts)
        training.prepare(resuming=resuming)
        return training.run_to_end()


@contextlib.contextmanager
def _locked(run: Run, ranks: Ranks) -> Iterator[None]:
    """Hold the run by rank 0; if it cannot, no rank goes on."""
    with contextlib.ExitStack() as held:
        ranks.made_by_first(lambda: held.enter_context(run.lock()), lambda: None)
        yield
