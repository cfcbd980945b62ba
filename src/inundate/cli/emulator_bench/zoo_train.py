"""One training of a model of the zoo, within the budget of the benchmark."""

from __future__ import annotations

import importlib
import importlib.util
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from inundate.core.config import resolve_settings
from inundate.core.errors import MissingExtraError, RunError
from inundate.core.run import Run
from inundate.dataset.samples import Samples
from inundate.emulate.loss import LossSettings
from inundate.emulate.settings import EmulatorSettings
from inundate.emulate.train import LOOK_EVERY, resume_emulator, train_emulator
from inundate.emulate.zoo import DIRECT
from inundate.learn.alarm import TrainingStopped
from inundate.learn.checkpoint import pointed
from inundate.learn.settings import TrainSettings, WatchSettings

__all__ = ["DONE", "Training", "shortened_settings", "sized_settings", "status_of", "train_once"]

_FEW_TREES = {"trees": 5, "leaves": 7, "rows": 2000}
DONE = ("finished", "stopped")
"""Statuses of a training that is not tried again, also when it diverged."""
_BATCH = 8  # largest, so that enough steps fit into the minutes
_VALIDATIONS = 8  # of a training, so that the best of some is taken


@dataclass(frozen=True)
class Training:
    """One training of one model.

    Attributes
    ----------
    name : str
        Of the configuration.
    seed : int
    config : str
        TOML file.
    dataset : str
    output : str
        Run folder.
    steps : int
        Optimiser steps at most; not read by what is fitted at once.
    minutes : float
        Of wall time at most; 0 for no such end.
    cache : str
        Folder of prepared samples that trainings share.
    tiny : bool
        Make the network as small as can be: for the small version of the benchmark.
    """

    name: str
    seed: int
    config: str
    dataset: str
    output: str
    steps: int
    minutes: float
    cache: str
    tiny: bool = False


def status_of(training: Training) -> str:
    """Give the status of its run; absent before it has begun."""
    try:
        return Run(training.output).status
    except (FileNotFoundError, RunError):
        return "absent"


def train_once(training: Training) -> str:
    """Train, or go on with a training that was stopped; give why it cannot be done, or nothing.

    Alarms are written down and do not stop it: what never learns is scored as well.
    """
    try:
        if status_of(training) != "absent" and pointed(Path(training.output), "last"):
            resume_emulator(training.output, cache=Path(training.cache), progress=False)
        else:
            _begin(training)
    except MissingExtraError as error:
        return str(error).splitlines()[0]
    except TrainingStopped:  # the run says why
        return ""
    return ""


def _begin(training: Training) -> None:
    config = Path(training.config)
    settings = resolve_settings(EmulatorSettings, toml=config, table="model")
    if settings.model in DIRECT:
        _fit(settings, training)
        return
    watching = resolve_settings(WatchSettings, toml=config, table="watch")
    shortened = shortened_settings(config, training)
    train_emulator(
        training.dataset,
        training.output,
        settings=sized_settings(settings, shortened, training),
        training=shortened,
        loss=resolve_settings(LossSettings, toml=config, table="loss"),
        watching=watching.model_copy(
            update={"stop": False, "every_steps": watching.every_steps or LOOK_EVERY}
        ),
        cache=Path(training.cache),
        overwrite=True,
        progress=False,
    )


def _fit(settings: EmulatorSettings, training: Training) -> None:
    """Fit what is no network, on one thread like the others."""
    if training.tiny and settings.model == "boosted":
        settings = settings.model_copy(update=_FEW_TREES)
    if importlib.util.find_spec("threadpoolctl") is None:  # comes with what grows trees
        limited: AbstractContextManager[Any] = nullcontext()
    else:
        limited = importlib.import_module("threadpoolctl").threadpool_limits(limits=1)
    with limited:
        train_emulator(
            training.dataset, training.output, settings=settings,
            training=TrainSettings(seed=training.seed), overwrite=True, progress=False,
        )  # fmt: skip


def shortened_settings(config: Path, training: Training) -> TrainSettings:
    """Give the settings of a configuration, ended by steps, on one thread of a processor."""
    found = resolve_settings(TrainSettings, toml=config, table="train")
    return found.model_copy(
        update={
            "epochs": 0,
            "max_steps": training.steps,
            "max_minutes": training.minutes,
            "batch_size": min(found.batch_size, _BATCH),
            "seed": training.seed,
            "warmup_steps": min(found.warmup_steps, training.steps // 10),
            # a mean over more steps than there are would be of the first ones
            "ema": min(found.ema, 1.0 - 20.0 / max(training.steps, 40)),
            "validate_every_steps": max(1, training.steps // _VALIDATIONS),
            "device": "cpu",
            "threads": 1,
        }
    )


def sized_settings(
    settings: EmulatorSettings, shortened: TrainSettings, training: Training
) -> EmulatorSettings:
    """Fit a curriculum into half of the training; make a network tiny if that is asked for."""
    changes: dict[str, Any] = {}
    if settings.curriculum_epochs:
        samples = len(Samples(training.dataset).part("train"))
        epochs = training.steps * shortened.batch_size / samples
        changes["curriculum_epochs"] = min(settings.curriculum_epochs, max(1, int(epochs / 2)))
    if training.tiny:
        changes |= {"width": 8, "levels": min(settings.levels, 2), "depth": 1}
        changes |= {"frames": min(settings.frames, 3)}
    return settings.model_copy(update=changes)
